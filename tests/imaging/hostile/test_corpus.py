"""Every hostile original is refused, for a good reason and soon and in little memory, or is rendered whole."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from imaging.errors import ChildDied, ChildLost, ImagingError, Rejected
from imaging.recipe import Rendition
from imaging.rendered import Rendered
from imaging.sandbox import Sandbox
from tests.imaging.hostile.corpus import FAMILIES
from tests.imaging.hostile.judge import ALIKE, nearest
from tests.imaging.hostile.sample import Sample
from tests.imaging.recipes import box, several

RECIPE = several(Rendition("shown", "png", resize=box(256)), Rendition("small", "jpeg", resize=box(64)))

#: Seconds of a processor, and bytes at the peak: a child's own, whatever else the machine does.
SOON = 2.0
LITTLE = 512 * 2**20


class Watched:
    """A sandbox of one child, and what that child has cost so far."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.meet()

    def meet(self) -> None:
        """Ask the child who it is."""
        with pytest.raises(Rejected) as told:
            self.sandbox.render(b"pid", RECIPE)
        self.pid = int(told.value.detail.removeprefix("done: "))

    def renew(self) -> None:
        """Let another child take its place, for a peak hides all lower ones."""
        with pytest.raises(ChildDied):
            self.sandbox.render(b"leave", RECIPE)
        self.meet()

    def seconds(self) -> float:
        """Of a processor."""
        return time.clock_gettime(~self.pid << 3 | 2)

    def peak(self) -> int:
        """The most bytes that it ever held."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) * 1024


def complaints(sample: Sample, watched: Watched) -> Iterator[str]:
    """What is wrong with what became of a sample."""
    original, before = sample.draw(), watched.seconds()
    try:
        rendered: Rendered | Rejected = watched.sandbox.render(original, RECIPE)
    except Rejected as rejected:
        rendered = rejected
    except ImagingError as error:
        if isinstance(error, ChildLost):
            watched.meet()
        yield f"{type(error).__name__}: {error}"
        return
    peak = watched.peak()
    if isinstance(rendered, Rejected):
        if peak > LITTLE:
            yield f"refused after {peak / 2**20:.0f} MiB"
        if (spent := watched.seconds() - before) > SOON:
            yield f"refused after {spent:.1f} s"
        if rendered.reason not in sample.reasons:
            yield f"refused as {rendered}"
    elif sample.never:
        yield "rendered"
    elif (far := nearest(sample, original, rendered.images[0].body)) > ALIKE:
        yield f"shows something else, {far:.1f} grey levels away"
    if peak > LITTLE / 2:
        watched.renew()


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("family", FAMILIES)
def test_each_is_refused_or_rendered_whole(family: str) -> None:
    with Sandbox(1, entry="tests.imaging.probing", timeout=30) as sandbox:
        watched = Watched(sandbox)
        samples = list(FAMILIES[family]())
        wrong = {sample.name: list(complaints(sample, watched)) for sample in samples}
    assert not {name: said for name, said in wrong.items() if said}
    print(f"\nhostile {family}: {len(samples)} originals, none got through")
