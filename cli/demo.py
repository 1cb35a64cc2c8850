"""`safelight demo`: the main job from end to end, on this machine, and every image of it accounted for.

originals ──▶ bucket ──▶ queue ──▶ workers ──▶ renditions, ledger      watched in the ledger
                                                    │
contact sheet, table ◀── accounted for ◀── fetched and decoded again
"""

import shutil
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from cli import accounting, contact_sheet, originals, recipes, summary
from cli.attached import attached
from cli.complaint import Complaint
from cli.deployed import address
from cli.deployment import Deployment, Letter
from cli.display import Terminal, counting, following, talk
from cli.embedded import embedded
from cli.folders import named, writable
from cli.originals import Original
from cli.shown import Refusal, Shown, figures
from cli.text import counted, size
from cli.verification import FOLDER, Verified, verify
from cli.watch import uploading, watch
from imaging.recipe import digest
from jobs.book import Book
from jobs.catalog import Catalog
from jobs.source import Record, Source, State

PAGE = "contact-sheet.html"
LOG = "worker.log"
SEED = 1


@dataclass(frozen=True)
class Outcome:
    """What became of a run. `seconds` from the first upload to the last image settled."""

    originals: Mapping[Source, Original]
    failed: Mapping[Source, str]
    records: Mapping[Source, Record]
    letters: tuple[Letter, ...]
    verified: Mapping[Source, Verified]
    seconds: float


def demo(
    directory: Annotated[
        Path | None,
        typer.Argument(metavar="[DIR]", parser=named, help="Your photographs. Left out: samples are drawn."),
    ] = None,
    samples: Annotated[int, typer.Option(min=1, max=10_000, help="How many samples to draw.")] = 60,
    recipe: Annotated[
        str | None, typer.Option(metavar="NAME|FILE", help="What to make of each photograph. Left out: by the routes.")
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=1024, max=65535, help="Of the embedded AWS. Left out: a free one.")
    ] = None,
    concurrency: Annotated[
        int | None, typer.Option(min=1, max=64, help="Workers at once. Left out: as this machine has processors.")
    ] = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the contact sheet goes.")] = Path("out/demo"),
    endpoint: Annotated[
        str | None,
        typer.Option(
            metavar="URL", callback=address, help="Of an AWS where Safelight runs already, as by docker compose."
        ),
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Leave everything running until Ctrl-C.")] = False,
    json: Annotated[bool, typer.Option("--json", help="The figures as JSON on standard output.")] = False,
) -> None:
    """Run the main job on this machine: upload, render, publish, and check every image.

    Starts an AWS of its own on loopback, creates the stack from template.yaml, uploads photographs, and lets them flow
    through topic, queue and workers. No account is needed, and nothing leaves this machine.

    With --endpoint it starts nothing: photographs go to the stack that is there, under a prefix of their own.

    Every figure comes from the ledger; every rendition is fetched and decoded again before it is counted. Exits with
    1 if a single image is not accounted for.
    """
    asked = recipes.named(recipe)
    _clear(out)
    yours = originals.of_folder(directory) if directory else ()
    prefix = f"{datetime.now(UTC):%Y-%m-%d-%H%M%S}/" if endpoint else ""
    with attached(endpoint, prefix) if endpoint else embedded(port=port, concurrency=concurrency) as deployment:
        chosen = originals.below(prefix, yours or _samples(samples))
        talk.print(f"{counted(len(chosen), 'original')}, {size(sum(original.bytes for original in chosen))}")
        catalog = deployment.release(asked.recipes, asked.routes)
        outcome = run(deployment, chosen, out)
        shown = told(outcome, asked, catalog, "Your photographs" if directory else "Drawn for this demo")
        _write(shown, deployment.log, out)
        _print(shown, out / PAGE, json)
        if keep:
            _keep(deployment)
    if shown.problems:
        raise typer.Exit(1)


def run(deployment: Deployment, chosen: tuple[Original, ...], out: Path) -> Outcome:
    """Uploads, waits until nothing is left to happen, and checks what came out; renditions are saved below `out`."""
    by_source = {Source(deployment.bucket, original.key): original for original in chosen}
    began = datetime.now(UTC).timestamp()
    with uploading(deployment, by_source) as uploads, following() as show:
        records = watch(deployment, by_source, uploads, show)
        failed = uploads.failed
    with counting("fetched and decoded again") as checked:
        verified = verify(deployment, records, out, checked)
    last = max((record.updated for record in records.values()), default=0) / 1000
    return Outcome(by_source, failed, records, deployment.letters(), verified, max(0.0, last - began))


def told(outcome: Outcome, book: Book, catalog: Catalog, title: str) -> Shown:
    """The run as it is shown, in the order of the originals; with everything that is not accounted for."""
    reasons = accounting.letter_reasons(outcome.letters)
    verified = [outcome.verified[source] for source in outcome.originals if source in outcome.verified]
    photos = tuple(one.photo for one in verified if one.photo)
    refusals = tuple(
        Refusal(source.key, record.reason, record.detail, record.reason in reasons.get(source, frozenset()))
        for source in outcome.originals
        if (record := outcome.records.get(source)) and record.state in (State.REJECTED, State.DEAD)
    )
    wanted = {digest(recipe): len(recipe.renditions) for recipe in book.recipes}
    problems = (
        *accounting.problems(outcome.originals, outcome.failed, outcome.records, outcome.letters),
        *accounting.incomplete(outcome.records.values(), catalog, wanted),
        *(problem for one in verified for problem in one.problems),
    )
    engines = {record.published.engine for record in outcome.records.values() if record.published}
    used = {catalog.digest_for(source.key) for source in outcome.originals}
    return Shown(
        title=title,
        recipe=", ".join(name for name, made_by in sorted(catalog.recipes.items()) if made_by in used),
        engine=", ".join(sorted(engines)) or "none",
        when=datetime.now().astimezone().strftime("%-d %B %Y, %H:%M"),
        figures=figures(photos, refusals, outcome.seconds),
        photos=photos,
        refusals=refusals,
        problems=problems,
    )


def _samples(count: int) -> tuple[Original, ...]:
    with counting("samples drawn") as drawn:
        return originals.of_samples(count, SEED, drawn)


def _clear(out: Path) -> None:
    """Makes room for this run's files where the last run's were, and nowhere else. Raises Complaint."""
    writable(out, "--out")
    if any(out.iterdir()) and not (out / PAGE).is_file():
        raise Complaint(f"{out} holds other files: name an empty folder with --out")
    (out / PAGE).write_text("")
    shutil.rmtree(out / FOLDER, ignore_errors=True)
    (out / LOG).unlink(missing_ok=True)


def _write(shown: Shown, log: Path | None, out: Path) -> None:
    (out / PAGE).write_text(contact_sheet.page(shown), encoding="utf-8")
    if log and log.is_file():
        shutil.copyfile(log, out / LOG)


def _print(shown: Shown, page: Path, json: bool) -> None:
    if json:
        typer.echo(summary.as_json(shown, page))
    else:
        summary.show(Terminal(), shown)
    if shown.problems:
        log = page.parent / LOG
        where = f"; what the workers said is in {log}" if log.is_file() else ""
        talk.print(f"[red]{counted(len(shown.problems), 'problem')}[/]{where}")
    talk.print(f"contact sheet: {page.resolve().as_uri()}")


def _keep(deployment: Deployment) -> None:
    talk.print("\nStill running, until Ctrl-C. To look around from another terminal:\n")
    for name, value in sorted(deployment.variables.items()):
        if name.startswith("AWS_"):
            talk.print(f"  export {name}={value}", soft_wrap=True, markup=False)
    talk.print(f"\n  aws s3 ls --recursive s3://{deployment.bucket}", soft_wrap=True, markup=False)
    threading.Event().wait()
