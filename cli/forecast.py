"""`safelight forecast`: what N images cost on AWS and how long they take, before one of them is uploaded."""

import json
from dataclasses import asdict
from typing import Annotated, Any, Literal

import typer
from rich.table import Table

from cli import recipes
from cli.display import Terminal, counting, talk
from cli.metering import SAMPLES, Metered, metered
from cli.text import counted, duration
from imaging.recipe import Recipe
from jobs.forecast import Assumed, Forecast, Image, Setting, cheapest
from jobs.forecast import forecast as foretold
from jobs.prices import AS_OF, REGION

Architecture = Literal["x86_64", "arm64"]
"""As the template's parameter has it."""


def forecast(
    images: Annotated[int, typer.Argument(metavar="N", min=1, max=10**12, help="How many images.")],
    recipe: Annotated[str, typer.Option(metavar="NAME|FILE", help="What is made of each.")] = "default",
    milliseconds: Annotated[
        float | None,
        typer.Option(min=0.1, max=900_000, help="Of a processor for one image. Left out: measured here, on samples."),
    ] = None,
    samples: Annotated[int, typer.Option(min=8, max=1000, help="How many samples to measure.")] = SAMPLES,
    memory: Annotated[int, typer.Option(min=1769, max=10240, help="Of the worker, in MB.")] = 3538,
    architecture: Annotated[Architecture, typer.Option(help="Of the worker; arm64 is cheaper.")] = "x86_64",
    concurrency: Annotated[int, typer.Option(min=2, max=1000, help="MaximumConcurrency of the lane.")] = 50,
    slower: Annotated[
        float, typer.Option(min=0.1, max=1000, help="How many times as long a vCPU of Lambda's takes as one here.")
    ] = Assumed().slower,
    as_json: Annotated[bool, typer.Option("--json", help="The figures as JSON on standard output.")] = False,
) -> None:
    """Say what N images cost on AWS, how long they take, and what would have to be raised to be sooner.

    From the time that one image takes: measured here on drawn samples unless you give it. Prices are AWS's list prices,
    as of a date that is said; what is assumed is said too. Nothing is called, no account is needed.
    """
    chosen = recipes.named(recipe).recipes[0]
    taken = Metered((milliseconds,)) if milliseconds else _measured(chosen, samples)
    image = Image(taken.milliseconds, len(chosen.renditions), analyses=chosen.analysis.calls if chosen.analysis else 0)
    setting, assumed = Setting(memory, architecture, concurrency), Assumed(slower=slower)
    answer = foretold(images, image, setting, assumed=assumed)
    best = cheapest(images, image, setting, assumed=assumed)
    if as_json:
        typer.echo(json.dumps({**figures(answer, best, image, assumed, chosen.name), **_samples(taken)}, indent=2))
    else:
        _print(answer, best, image, assumed)


def _measured(recipe: Recipe, samples: int) -> Metered:
    with counting("samples") as told:
        taken = metered(recipe, told, samples)
    talk.print(f"{counted(len(taken.samples), 'sample')}, {taken.milliseconds:.0f} ms each of a processor here")
    return taken


def _samples(taken: Metered) -> dict[str, list[float]]:
    """What tests/cli/metered.json keeps."""
    return {"samples": [round(one, 1) for one in taken.samples]}


def figures(answer: Forecast, best: Forecast, image: Image, assumed: Assumed, recipe: str) -> dict[str, Any]:
    """The forecast as data. `dollars` is the whole of it."""
    return {
        "images": answer.images,
        "recipe": recipe,
        "milliseconds": round(image.milliseconds, 1),
        "renditions": image.puts,
        "dollars": round(answer.total, 2),
        "dollars_without_puts": round(answer.without_puts, 2),
        "dollars_by": {name: round(part, 4) for name, part in answer.dollars.items()},
        "hours": round(answer.seconds / 3600, 3),
        "images_per_second": round(answer.per_second, 1),
        "batch_seconds": round(answer.batch_seconds, 3),
        "bottleneck": answer.bottleneck,
        "limits": {name: round(limit, 1) for name, limit in answer.limits.items()},
        "setting": asdict(answer.setting),
        "cheapest": {"memory": best.setting.memory, "dollars": round(best.total, 2), "hours": _hours(best)},
        "assumed": asdict(assumed),
        "prices": {"region": REGION, "as_of": AS_OF.isoformat()},
    }


def _hours(answer: Forecast) -> float:
    return round(answer.seconds / 3600, 3)


def _print(answer: Forecast, best: Forecast, image: Image, assumed: Assumed) -> None:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column()
    table.add_column(justify="right")
    for name, part in answer.dollars.items():
        table.add_row(name, f"${part:,.2f}")
    table.add_row("all of it", f"${answer.total:,.2f}", style="bold")
    table.add_row("without the renditions' PUTs", f"${answer.without_puts:,.2f}")
    console, setting = Terminal(), answer.setting
    console.print(table)
    console.print(
        f"{counted(answer.images, 'image')} in {duration(answer.seconds)}: {answer.per_second:,.0f} images/s at full"
        f" width, {setting.concurrency} batches of {setting.batch} at once, {answer.batch_seconds:.2f} s each"
    )
    console.print(f"met first: {answer.bottleneck}. The others, in images/s: {_others(answer)}")
    console.print(
        f"cheapest memory size: {best.setting.memory:,} MB, ${best.total:,.2f} in {duration(best.seconds)};"
        f" as deployed: {setting.memory:,} MB, {setting.architecture}"
    )
    talk.print(
        f"assumed: a vCPU of Lambda's takes {assumed.slower:g} times the {image.milliseconds:.0f} ms, a batch waits"
        f" {assumed.edge:g} s for what is not pixels, an environment starts in {assumed.cold:g} s;"
        f" list prices of {REGION} as of {AS_OF}",
        soft_wrap=True,
    )


def _others(answer: Forecast) -> str:
    rest = {name: limit for name, limit in answer.limits.items() if name != answer.bottleneck}
    return ", ".join(f"{name} {limit:,.0f}" for name, limit in sorted(rest.items(), key=lambda one: one[1]))
