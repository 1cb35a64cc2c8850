"""`safelight render`: one photograph, without AWS: its renditions, and where the time went."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from cli import recipes
from cli.complaint import Complaint
from cli.display import Terminal
from cli.text import size, visible
from imaging import formats
from imaging.errors import Rejected
from imaging.limits import Limits
from imaging.pipeline import render as make
from imaging.rendered import Rendered


def render(
    photo: Annotated[Path, typer.Argument(metavar="PHOTO", help="The original.")],
    recipe: Annotated[str, typer.Option(metavar="NAME|FILE", help="What to make of it.")] = "default",
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where the renditions go.")] = Path("out/render"),
    as_json: Annotated[bool, typer.Option("--json", help="The figures as JSON on standard output.")] = False,
) -> None:
    """Render one photograph without AWS, and say which path served it and how long each stage took.

    Exits with 1 if the photograph is rejected, with the reason.
    """
    chosen = recipes.named(recipe).recipes[0]
    try:
        rendered = make(_read(photo), chosen)
    except Rejected as fault:
        typer.echo(f"{photo}: {fault}", err=True)
        if as_json:
            typer.echo(json.dumps({"rejected": fault.reason, "detail": fault.detail}, indent=2))
        raise typer.Exit(1) from None
    files = _write(rendered, photo.stem, out)
    if as_json:
        typer.echo(json.dumps(_figures(rendered, files), indent=2))
    else:
        _print(rendered, files)


def _read(photo: Path) -> bytes:
    """Of what is no file, such as a pipe, no more than shows that it is too large: it need not have an end."""
    try:
        with photo.open("rb") as file:
            return file.read(-1 if photo.is_file() else Limits().bytes + 1)
    except OSError as error:
        raise Complaint(f"{photo} cannot be read: {error.strerror}") from None


def _write(rendered: Rendered, stem: str, out: Path) -> dict[str, Path]:
    files = {
        image.name: out / f"{stem}-{image.name}{formats.BY_NAME[image.format].suffix}" for image in rendered.images
    }
    try:
        out.mkdir(parents=True, exist_ok=True)
        for image in rendered.images:
            files[image.name].write_bytes(image.body)
    except OSError as error:
        raise Complaint(f"cannot write to {out}: {error.strerror}; name another folder with --out") from None
    return files


def _figures(rendered: Rendered, files: dict[str, Path]) -> dict[str, object]:
    original = rendered.original
    return {
        "original": {"format": original.format, "width": original.width, "height": original.height,
                     "bytes": original.bytes, "blake3": original.blake3, "thumbhash": original.thumbhash},
        "path": rendered.path,
        "why": rendered.why,
        "milliseconds": {stage: round(spent, 2) for stage, spent in rendered.milliseconds.items()},
        "renditions": [
            {"name": image.name, "format": image.format, "width": image.width, "height": image.height,
             "bytes": len(image.body), "file": str(files[image.name]), "found": image.found and asdict(image.found)}
            for image in rendered.images
        ],
    }  # fmt: skip


def _print(rendered: Rendered, files: dict[str, Path]) -> None:
    original, console = rendered.original, Terminal()
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_row("original", f"{original.format}, {original.width} × {original.height}", size(original.bytes))
    for image in rendered.images:
        table.add_row(
            image.name,
            f"{image.format}, {image.width} × {image.height}",
            size(len(image.body)),
            visible(str(files[image.name])),
        )
    console.print(table)
    for image in rendered.images:
        if image.found:
            console.print(f"{image.name}: quality {image.found.quality} scores {image.found.score:.1f}")
    stages = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    stages.add_column()
    stages.add_column(justify="right")
    for stage, spent in rendered.milliseconds.items():
        stages.add_row(stage, f"{spent:,.1f} ms")
    stages.add_row("all of it", f"{sum(rendered.milliseconds.values()):,.1f} ms", style="bold")
    console.print(stages)
    console.print(f"served by the {rendered.path} path" + (f": {rendered.why}" if rendered.why else ""))
