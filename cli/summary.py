"""The end of a run: as a table to read, or as JSON for a program."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.shown import Figures, Refusal, Shown
from cli.text import counted, duration, size, visible


def as_json(shown: Shown, page: Path) -> str:
    """One object: the figures, whatever was refused, whatever is not accounted for, and where the page is."""
    figures = shown.figures
    document: dict[str, Any] = {
        **asdict(figures),
        "images_per_second": round(figures.images_per_second, 2),
        "recipe": shown.recipe,
        "engine": shown.engine,
        "rejected": [asdict(refusal) for refusal in shown.refusals],
        "problems": list(shown.problems),
        "page": str(page),
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def show(console: Console, shown: Shown) -> None:
    """The figures, then the refusals, then whatever does not add up."""
    console.print()
    console.print(_figures(shown.figures))
    if shown.refusals:
        console.print()
        console.print(_refusals(shown.refusals))
    console.print()
    for problem in shown.problems:
        console.print(Text(f"not accounted for: {visible(problem)}", style="bold red"))


def _figures(figures: Figures) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim")
    table.add_column(justify="right", style="bold")
    table.add_column(style="dim")
    speed = f"{size(figures.bytes_per_second)}/s, all of them in {duration(figures.seconds)}"
    share = f"{figures.bytes_out / figures.bytes_in:.0%} of what came in" if figures.bytes_in else ""
    table.add_row("published", f"{figures.images:,}", f"{figures.images_per_second:.1f} images/s")
    table.add_row("renditions", f"{figures.renditions:,}", "each fetched and decoded again")
    table.add_row("bytes in", size(figures.bytes_in), speed)
    table.add_row("bytes out", size(figures.bytes_out), share)
    table.add_row("one image", f"{figures.p50:,} ms", f"median; p99 {figures.p99:,} ms")
    for path, count in sorted(figures.made_by.items()):
        table.add_row(path, f"{count:,}", _declined(figures) if path != "fused" else "")
    if figures.refused:
        table.add_row("rejected", f"{sum(figures.refused.values()):,}", "")
    return table


def _declined(figures: Figures) -> str:
    ordered = sorted(figures.declined.items(), key=lambda reason: (-reason[1], reason[0]))
    return ", ".join(f"{count:,} {visible(reason)}" for reason, count in ordered)


def _refusals(refusals: tuple[Refusal, ...]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", title=None)
    table.add_column(counted(len(refusals), "rejected original"), overflow="fold")
    table.add_column("reason", style="magenta", no_wrap=True)
    table.add_column("letter")
    table.add_column("detail", style="dim", overflow="fold")
    for refusal in sorted(refusals, key=lambda refusal: (refusal.reason, refusal.key)):
        letter = Text("in the DLQ", style="green") if refusal.letter else Text("none", style="bold red")
        table.add_row(Text(visible(refusal.key)), Text(refusal.reason), letter, Text(visible(refusal.detail)))
    return table
