"""Safelight itself, through the one call that its Lambda makes: BLAKE3 and ThumbHash are made as well."""

import platform
from collections.abc import Callable
from pathlib import Path

from bench.imaging.workers.serve import Made, Output, Work, serve
from imaging.engine import engine
from imaging.pipeline import render
from imaging.recipe import ImageWatermark, Recipe, Rendition, Resize


def prepare(work: Work) -> Callable[[], Made]:
    """The job as a recipe: only boxes are given, sizes are the pipeline's own affair."""
    recipe = Recipe("bench", tuple(rendition(output, work) for output in work.outputs))

    def run() -> Made:
        rendered = render(work.original, recipe)
        bodies = {image.name: image.body for image in rendered.images}
        return bodies, {"path": rendered.path, "why": rendered.why, "stages": rendered.milliseconds}

    return run


def rendition(output: Output, work: Work) -> Rendition:
    """One output as a recipe says it."""
    edge = max(output.width, output.height)
    return Rendition(
        name=output.name,
        format=output.format,
        quality=output.quality,
        effort=output.effort if output.format != "jpeg" else None,
        resize=Resize(edge, edge),
        watermark=watermark(work) if output.mark else None,
    )


def watermark(work: Work) -> ImageWatermark:
    """The watermark's own file, to be scaled by the pipeline."""
    described = dict(work.watermark)
    return ImageWatermark(image=Path(described.pop("path")).read_bytes(), **described)


if __name__ == "__main__":
    serve({"safelight": engine(), "Python": platform.python_version()}, prepare)
