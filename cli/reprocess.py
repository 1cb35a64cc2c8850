"""`safelight recipes plan|apply|rollback`: what a change of recipes touches and costs, and the delta rendered again.

folder ─▶ what changed ─▶ scan: whom it touches ─▶ dollars, minutes ─▶ released ─▶ the touched, to the bulk lane
"""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.backfill import USUAL, deployed_setting
from cli.deployed import SAFELIGHT, Deployed, Endpoint, Region, Stack, deployed
from cli.display import showing, talk
from cli.driving import agreed, driven, me
from cli.recipes import FOLDER, read_folder
from cli.text import counted, duration
from imaging import recipe as recipes
from imaging.recipe import Recipe
from jobs import reprocess as jobs
from jobs import runs
from jobs.book import Book
from jobs.catalog import Catalog, RecipeBook
from jobs.forecast import Forecast, Image, forecast
from jobs.prices import PRICES
from jobs.release import Change, Rollback, after, release, same
from jobs.reprocess import Touched
from jobs.runs import Run

KIND = "reprocess"

PER_UNIT = 4
"""Records of some 1 KB that a scan reads for one read unit."""

Folder = Annotated[Path, typer.Argument(metavar="[FOLDER]", help="Recipes and their routes.toml.")]
AsJson = Annotated[bool, typer.Option("--json", help="The figures as JSON on standard output.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Slowly = Annotated[float, typer.Option("--per-second", min=0, help="Look at no more sources a second; 0 is no limit.")]
Budget = Annotated[float | None, typer.Option(min=0, help="Dollars after which it pauses.")]


@dataclass(frozen=True)
class Plan:
    """What a change would do. `changes` says it rendition by rendition; `cost` is that of the touched images."""

    current: Catalog
    wanted: Catalog
    changes: tuple[str, ...]
    touched: Touched
    cost: Forecast | None

    @property
    def dollars(self) -> float:
        """Rendering, and one look at every record to find whom it touches."""
        return (self.cost.total if self.cost else 0.0) + self.touched.seen / PER_UNIT * PRICES.dynamodb_read


def plan(
    folder: Folder = FOLDER, stack: Stack = SAFELIGHT, region: Region = None, endpoint: Endpoint = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Say what a folder of recipes would change on a deployment: renditions, images, dollars and minutes."""
    there = deployed(stack, endpoint, region)
    planned = planning(there, read_folder(folder))
    if as_json:
        typer.echo(json.dumps(figures(planned), indent=2))
    else:
        typer.echo("\n".join(f"{name}: {said}" for name, said in _told(planned).items()))


def apply(
    folder: Folder = FOLDER, stack: Stack = SAFELIGHT, region: Region = None, endpoint: Endpoint = None,
    per_second: Slowly = 0, budget: Budget = None, yes: Yes = False, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Release a folder of recipes, and render again what they touch, and nothing else.

    Stopped by whatever means, the same command goes on where it stood. What rests under its recipe is not sent; of the
    rest, a rendition whose definition did not change is neither encoded nor put.
    """
    _change(deployed(stack, endpoint, region), read_folder(folder), per_second, budget, yes=yes, as_json=as_json)


def rollback(
    to: Annotated[int | None, typer.Option(help="The revision to go back to. Left out: the one before.")] = None,
    stack: Stack = SAFELIGHT, region: Region = None, endpoint: Endpoint = None,
    per_second: Slowly = 0, budget: Budget = None, yes: Yes = False, as_json: AsJson = False,
) -> None:  # fmt: skip
    """Release again what was current at an earlier revision, and render again what that touches."""
    there = deployed(stack, endpoint, region)
    revision = there.aws.catalog.current().revision - 1 if to is None else to
    _change(there, Rollback(revision), per_second, budget, yes=yes, as_json=as_json)


def gone_on(there: Deployed, run: Run, *, as_json: bool) -> None:
    """A run that was begun, driven on."""
    step = partial(jobs.advance, store=there.aws.catalog, ledger=there.aws.ledger, queue=there.aws.bulk)
    driven(there, runs.begun(there.aws.runs, run), step, as_json=as_json)


def _change(
    there: Deployed, change: Change, per_second: float, budget: float | None, *, yes: bool, as_json: bool
) -> None:
    planned = planning(there, change)
    agreed(_told(planned), yes=yes)
    catalog = release(there.aws.catalog, change, expected=planned.current.revision)
    talk.print(f"revision {catalog.revision} is current")
    id = runs.named(KIND, "catalog")
    run = there.aws.runs.read(id)
    if run is None or run.phase in runs.OVER:
        each = planned.cost.total / planned.touched.images if planned.cost else 0.0
        run = Run(id, KIND, "catalog", total=planned.touched.seen, each=each, began=time.time(), by=me())
    gone_on(there, replace(run, per_second=per_second, budget=budget), as_json=as_json)


def planning(there: Deployed, change: Change) -> Plan:
    """What a change would do to the catalog as it is now. Raises CatalogInvalid, Retryable."""
    store = there.aws.catalog
    current = store.current()
    wanted = after(store, current, change)
    kept = RecipeBook(store)
    new = {recipes.digest(one): one for one in change.recipes} if isinstance(change, Book) else {}

    def recipe(digest: str) -> Recipe:
        return new.get(digest) or kept.recipe(digest)

    changes = () if same(current, wanted) else tuple(_changes(current, wanted, recipe))
    touched = _touched(there, wanted, recipe)
    return Plan(current, wanted, changes, touched, _cost(there, touched))


def figures(planned: Plan) -> dict[str, Any]:
    """The plan as data."""
    return {
        "revision": planned.current.revision,
        "changes": list(planned.changes),
        "sources": planned.touched.seen,
        "images": planned.touched.images,
        "puts": planned.touched.puts,
        "kept": planned.touched.kept,
        "dollars": round(planned.dollars, 4),
        "minutes": round(planned.cost.seconds / 60, 2) if planned.cost else 0.0,
    }


def _touched(there: Deployed, wanted: Catalog, recipe: Callable[[str], Recipe]) -> Touched:
    page = there.aws.ledger.scan()
    whole = jobs.touched(page.records, wanted, recipe)
    with showing() as show:
        while page.next:
            page = there.aws.ledger.scan(page.next)
            whole += jobs.touched(page.records, wanted, recipe)
            show(f"looked at {whole.seen:,}, touched {whole.images:,}", page.next is None)
    return whole


def _cost(there: Deployed, touched: Touched) -> Forecast | None:
    """By the time that the touched took when they were last made whole, so at most."""
    if not touched.images:
        return None
    image = Image(touched.milliseconds / touched.images or USUAL, 1, uploaded=False)
    whole = forecast(touched.images, image, deployed_setting(there))
    return replace(whole, dollars={**whole.dollars, "renditions, S3 PUT": touched.puts * PRICES.s3_put})


def _changes(current: Catalog, wanted: Catalog, recipe: Callable[[str], Recipe]) -> Iterator[str]:
    """Recipe by recipe, and rendition by rendition."""
    for name in sorted({*current.recipes, *wanted.recipes}):
        before, now = current.recipes.get(name), wanted.recipes.get(name)
        if before == now:
            continue
        old = _definitions(recipe(before)) if before else {}
        new = _definitions(recipe(now)) if now else {}
        for rendition in sorted({*old, *new}):
            if old.get(rendition) != new.get(rendition):
                yield f"{name}/{rendition} {_verb(rendition in old, rendition in new)}"
    if current.routes != wanted.routes:
        yield "routes changed"


def _definitions(recipe: Recipe) -> dict[str, str]:
    return {rendition.name: rendition.definition for rendition in recipe.renditions}


def _verb(was: bool, will: bool) -> str:
    return "changed" if was and will else "new" if will else "gone"


def _told(planned: Plan) -> dict[str, str]:
    touched = planned.touched
    return {
        "changes": ", ".join(planned.changes) or "none: the catalog says so already",
        "touches": f"{counted(touched.images, 'image')} of {touched.seen:,}",
        "puts": f"{counted(touched.puts, 'rendition')}; {touched.kept:,} stay as they are",
        "costs": f"${planned.dollars:,.2f} at most",
        "takes": duration(planned.cost.seconds) if planned.cost else "no time",
    }
