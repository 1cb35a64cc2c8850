"""Measuring: all contenders of a job in one interleaved run, on one core first, then on all.

    photo 1   load and render once, unmeasured    A B C ...
              round 1                             A B C ...
              round 2                             B C ... A
    photo 2   ...

Whatever else the machine does meets everyone alike, so ratios are steadier than milliseconds.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from bench.imaging.contenders import Contender
from bench.imaging.hand import Hand, Unable, cores, team
from bench.imaging.jobs import WATERMARK, Job
from bench.imaging.photos import Original
from bench.imaging.places import WATERMARK as WATERMARK_FILE
from imaging.geometry import placement, shrink_on_load
from imaging.marks import prepare
from imaging.recipe import ImageWatermark, Resize

#: On all cores, one turn of a contender lasts at least this long, in milliseconds.
TURN = 600.0


@dataclass
class Track:
    """What a contender did in one job. `ms` is per photo, per round; `bytes` per photo, per output."""

    ms: dict[str, list[float]] = field(default_factory=dict)
    bytes: dict[str, dict[str, int]] = field(default_factory=dict)
    peak: float = 0.0
    heaviest: str = ""  # the photo with which that was reached
    everywhere: list[float] = field(default_factory=list)  # images a second on all cores, per turn
    paths: dict[str, str] = field(default_factory=dict)  # per photo: which of our paths served it, and why
    stages: list[dict[str, float]] = field(default_factory=list)
    unable: str | None = None

    @property
    def per_photo(self) -> dict[str, float]:
        """Milliseconds per photo: the median of its rounds."""
        return {photo: median(rounds) for photo, rounds in self.ms.items()}


@dataclass
class Measured:
    """One job: who did what, and what the contenders are made of."""

    job: Job
    originals: list[Original]
    tracks: dict[str, Track]
    versions: dict[str, str] = field(default_factory=dict)


def measure(
    job: Job, originals: list[Original], contenders: Sequence[Contender], rounds: int, turns: int, outputs: Path
) -> Measured:
    """Every contender on every original. What was rendered is left in `outputs`/contender/photo/rendition."""
    measured = Measured(job, originals, {contender.name: Track() for contender in contenders})
    on_one_core(measured, contenders, rounds, outputs)
    on_all_cores(measured, contenders, turns, outputs)
    return measured


def on_one_core(measured: Measured, contenders: Sequence[Contender], rounds: int, outputs: Path) -> None:
    """Milliseconds, bytes and memory: everyone on the same core, one at a time."""
    with ExitStack() as stack:
        hands = [hand for each in contenders if (hand := started(each, measured)) is not None]
        for hand in hands:
            stack.enter_context(closing(hand))
        for original in measured.originals:
            hands = [hand for hand in hands if warmed(hand, original, measured, outputs)]
            for turn in range(rounds):
                failed = {hand.name for hand in rotated(hands, turn) if not rendered(hand, original, measured)}
                hands = [hand for hand in hands if hand.name not in failed]
            for hand in hands:
                weigh(hand.peak, original, measured.tracks[hand.name])


def weigh(peak: float, original: Original, track: Track) -> None:
    """Keep the most memory that was held so far, and with which photo."""
    if peak > track.peak:
        track.peak, track.heaviest = peak, original.name


def drop(name: str, original: Original, why: Unable, measured: Measured) -> None:
    """Keep of a contender only which photo it could not render, and why."""
    measured.tracks[name] = Track(unable=f"{why} ({original.name})")


def started(contender: Contender, measured: Measured) -> Hand | None:
    """The contender on the last core, for the first is busiest with the rest of the system."""
    try:
        hand = Hand(contender, cores()[-1]).ready()
    except Unable as why:
        measured.tracks[contender.name].unable = str(why)
        return None
    measured.versions |= hand.versions
    return hand


def warmed(hand: Hand, original: Original, measured: Measured, outputs: Path) -> bool:
    """One unmeasured rendering, kept for the judge of quality. Whoever is unable is out of this job."""
    folder = outputs / hand.name / original.name
    folder.mkdir(parents=True, exist_ok=True)
    try:
        hand.ask("load", **work(measured.job, original, outputs))
        hand.ask("render", times=1)
        hand.ask("keep", folder=str(folder))
    except Unable as why:
        drop(hand.name, original, why, measured)
        return False
    return True


def rendered(hand: Hand, original: Original, measured: Measured) -> bool:
    """One measured rendering. Whoever fails in the middle of it is out of this job, too."""
    try:
        note(hand, hand.ask("render", times=1), original, measured)
    except Unable as why:
        drop(hand.name, original, why, measured)
        return False
    return True


def note(hand: Hand, answer: dict[str, Any], original: Original, measured: Measured) -> None:
    """Write down one measured rendering."""
    track, notes = measured.tracks[hand.name], answer["notes"]
    track.ms.setdefault(original.name, []).extend(answer["ms"])
    track.bytes[original.name] = answer["bytes"]
    if "path" in notes:
        track.paths[original.name] = f"{notes['path']} ({notes['why']})" if notes["why"] else notes["path"]
        track.stages.append(notes["stages"])


def rotated(hands: list[Hand], by: int) -> Iterator[Hand]:
    """Everyone once, beginning with another each time."""
    for index in range(len(hands)):
        yield hands[(index + by) % len(hands)]


def on_all_cores(measured: Measured, contenders: Sequence[Contender], turns: int, outputs: Path) -> None:
    """Images a second with a process on every core, all at once; contenders take turns."""
    for turn in range(turns):
        original = measured.originals[turn % len(measured.originals)]
        for contender in (each for each in contenders if measured.tracks[each.name].unable is None):
            try:
                take_turn(contender, original, measured, outputs)
            except Unable as why:
                drop(contender.name, original, why, measured)


def take_turn(contender: Contender, original: Original, measured: Measured, outputs: Path) -> None:
    """One contender on all cores, for a while. Raises Unable."""
    track = measured.tracks[contender.name]
    times = max(1, min(32, math.ceil(TURN / track.per_photo[original.name])))
    with team(contender, cores()) as hands:
        together(hands, "load", **work(measured.job, original, outputs))
        together(hands, "render", times=1)
        track.everywhere.append(len(hands) * times / together(hands, "render", times=times))


def together(hands: list[Hand], do: str, **more: Any) -> float:
    """Seconds until the last of them is done."""
    start = perf_counter()
    for hand in hands:
        hand.send(do, **more)
    for hand in hands:
        hand.answer()
    return perf_counter() - start


def work(job: Job, original: Original, folder: Path) -> dict[str, Any]:
    """What a contender is told: exact sizes, so that nobody's rounding is measured, and the mark at its size."""
    sizes = [placement(Resize(each.edge, each.edge), original.width, original.height) for each in job.outputs]
    outputs = [
        {
            "name": each.name,
            "format": each.format,
            "quality": each.quality,
            "effort": each.effort,
            "width": size.width,
            "height": size.height,
            "mark": mark(size.width, size.height, folder) if each.watermark else None,
        }
        for each, size in zip(job.outputs, sizes, strict=True)
    ]
    jpeg = original.path.suffix.lower() in (".jpg", ".jpeg")
    return {
        "path": str(original.path),
        "outputs": outputs,
        "shrink": shrink_on_load(sizes[0].scaled, original.width, original.height) if jpeg else 1,
        "orientation": original.orientation,
        "profile": original.profile,
        "watermark": {"path": str(WATERMARK_FILE), **WATERMARK},
    }


def mark(width: int, height: int, folder: Path) -> dict[str, Any]:
    """The watermark as pixels for a rendition of this size: scaling it is not measured, it is done once a size."""
    ready = prepare(ImageWatermark(image=WATERMARK_FILE.read_bytes(), **WATERMARK), width, height)
    path = folder / f"mark-{width}x{height}.rgba"
    if not path.exists():
        path.write_bytes(ready.rgba)
    box = ready.box
    return {"path": str(path), "left": box.left, "top": box.top, "width": box.width, "height": box.height}
