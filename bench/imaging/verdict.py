"""From measurements to verdicts: ratios with their spread, the quality gate, the goals."""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean, median, quantiles

from bench.imaging.contenders import BASELINE, LIBVIPS, OURS_NAME, SHARP
from bench.imaging.jobs import RSS_GOAL, RSS_JOB
from bench.imaging.measure import Measured
from bench.imaging.score import Scores

#: The gate: at every size the mean SSIMULACRA2 may be this much lower than the baseline's, the bytes this much more.
LOWER = 0.3
LARGER = 1.01


@dataclass(frozen=True)
class Spread:
    """A median and the quartiles around it."""

    median: float
    low: float
    high: float


@dataclass(frozen=True)
class Goal:
    """What was asked and what was reached; `faults` are the gate's, `why` is told of a goal that was missed."""

    name: str
    asked: str
    reached: str
    met: bool
    why: str = ""


def spread(values: Iterable[float]) -> Spread:
    """Of at least one value."""
    values = list(values)
    if len(values) == 1:
        return Spread(values[0], values[0], values[0])
    low, middle, high = quantiles(values, n=4, method="inclusive")
    return Spread(middle, low, high)


def ratio(measured: Measured, name: str) -> Spread | None:
    """How many times as fast as `name` ours is: the ratio photo by photo, then the spread over photos."""
    ours, other = (measured.tracks[each].per_photo for each in (OURS_NAME, name))
    ratios = [other[photo] / ours[photo] for photo in ours if photo in other]
    return spread(ratios) if ratios else None


def mean_score(measured: Measured, scores: Scores, name: str, output: str) -> float:
    """Over the photos."""
    return fmean(scores[name, original.name, output] for original in measured.originals)


def total_bytes(measured: Measured, name: str, output: str) -> int:
    """Over the photos."""
    return sum(sizes[output] for sizes in measured.tracks[name].bytes.values())


def gate(measured: Measured, scores: Scores, name: str) -> list[str]:
    """Where a contender is worse than the baseline; nothing if it passes."""
    if measured.tracks[BASELINE].unable is not None:
        return [f"nothing to compare with: {BASELINE} took no part"]
    faults = []
    for output in (each.name for each in measured.job.outputs):
        lower = mean_score(measured, scores, BASELINE, output) - mean_score(measured, scores, name, output)
        larger = total_bytes(measured, name, output) / total_bytes(measured, BASELINE, output)
        if lower > LOWER:
            faults.append(f"{output}: {-lower:+.2f}")
        if larger > LARGER:
            faults.append(f"{output}: bytes {larger - 1:+.1%}")
    return faults


def goals(everything: list[tuple[Measured, Scores]]) -> list[Goal]:
    """Two a job, and one of memory."""
    found = []
    for measured, scores in everything:
        faults = gate(measured, scores, OURS_NAME) if measured.tracks[OURS_NAME].unable is None else []
        for name, asked in ((SHARP, measured.job.goal_sharp), (fastest_libvips(measured), measured.job.goal_libvips)):
            found.append(speed(measured, name, asked, faults))
        if measured.job.name == RSS_JOB:
            found.append(memory(measured))
    return found


def fastest_libvips(measured: Measured) -> str:
    """The better of the two ways, by its median over the photos."""
    able = [name for name in LIBVIPS if measured.tracks[name].ms]
    return min(able, key=lambda name: median(measured.tracks[name].per_photo.values()), default=BASELINE)


def speed(measured: Measured, name: str, asked: float, faults: list[str]) -> Goal:
    """So many times as fast, with pixels as good: a ratio counts only behind the gate."""
    title = f"{measured.job.name}: × {name}"
    for each in (OURS_NAME, name):
        if (unable := measured.tracks[each].unable) is not None:
            return Goal(title, f"{asked:.2f}", "–", False, f"{each} took no part: {unable}")
    reached = ratio(measured, name)
    assert reached is not None
    fast = round(reached.median, 2) >= asked
    met = fast and not faults
    why = [f"gate: {fault}" for fault in faults] + ([] if fast else [costs(measured)])
    if not met and measured.job.tried:
        why.append(f"tried: {measured.job.tried}")
    return Goal(title, f"{asked:.2f}", told(reached), met, "; ".join(why))


def memory(measured: Measured) -> Goal:
    """The peak of a worker that makes JPEG and WebP of JPEG."""
    track = measured.tracks[OURS_NAME]
    met = 0 < track.peak < RSS_GOAL
    why = "" if met else track.unable or f"the most with {track.heaviest}"
    return Goal("peak RSS of a worker, MB", f"< {RSS_GOAL:.0f}", f"{track.peak:.0f}", met, why)


def costs(measured: Measured) -> str:
    """The stages of ours that cost most."""
    dearest = sorted(stages(measured).items(), key=lambda stage: -stage[1])[:3]
    return "most went into " + ", ".join(f"{name} {ms:.1f} ms" for name, ms in dearest)


def stages(measured: Measured) -> dict[str, float]:
    """Milliseconds per stage of ours: the median over photos and rounds."""
    timed = measured.tracks[OURS_NAME].stages
    return {name: median(each.get(name, 0.0) for each in timed) for name in (timed[0] if timed else {})}


def told(spread: Spread) -> str:
    """A median and its quartiles, in a cell."""
    return f"{spread.median:.2f} ({spread.low:.2f}–{spread.high:.2f})"
