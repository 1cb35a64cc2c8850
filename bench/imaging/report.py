"""The results as a page: what machine, every job's tables, the goals, and the count of those met as the last line."""

from collections import Counter
from datetime import UTC, datetime
from statistics import fmean

from bench.imaging.contenders import BASELINE, OURS_NAME
from bench.imaging.measure import Measured, Track
from bench.imaging.score import JUDGE, Scores
from bench.imaging.verdict import (
    LARGER,
    LOWER,
    Goal,
    Spread,
    gate,
    mean_score,
    ratio,
    spread,
    stages,
    told,
    total_bytes,
)

HEADER = f"""# The imaging core against its peers

Made by `make bench`. All contenders of a job run interleaved (A B C A B C ...), each a long-lived process pinned to
one core, so neither starting up nor a busy moment favours anyone; then in turns with a process on every core.
Milliseconds are processor time, of all threads of the process: what else the machine does counts little. They are the
median over the rounds of a photo; the table gives their median and quartiles over the photos. On all cores, and of our
stages, it is time by the clock.
A ratio is taken photo by photo, then its median and quartiles. Ours includes BLAKE3 and ThumbHash, the others do not.
MB is the peak of resident memory since the process was ready, in 10^6 bytes.

Quality is SSIMULACRA2 ({JUDGE}) against the uncompressed reference: full decode, upright, sRGB by
LittleCMS in 16 bits, Lanczos3 in floating point, watermark blended in floating point. **The gate** compares with
"{BASELINE}", one libvips decode and a pyramid at the same settings: at every size the mean may be at most {LOWER}
lower and the bytes at most {LARGER - 1:.0%} more; what fails it is named by size, points of SSIMULACRA2 unless it
says bytes. A speed goal counts only behind the gate.
"""


def report(
    everything: list[tuple[Measured, Scores]], facts: dict[str, str], found: list[Goal], left_out: dict[str, str]
) -> str:
    """The whole page."""
    versions: dict[str, str] = {}
    for measured, _ in everything:
        versions |= measured.versions
    parts = [
        HEADER,
        "![Times as fast as each peer](results.svg)\n",
        table([["What", ""], *([name, value] for name, value in (facts | versions).items())]),
        absent(everything),
        unfit(left_out),
        *(section(measured, scores) for measured, scores in everything),
        goal_table(found),
        f"goals met: {sum(goal.met for goal in found)} of {len(found)}",
    ]
    return "\n".join(part for part in parts if part) + "\n"


def section(measured: Measured, scores: Scores) -> str:
    """One job."""
    able = {name: track for name, track in measured.tracks.items() if track.unable is None}
    outputs = [output.name for output in measured.job.outputs]
    speed = [["Contender", "ms", "images/s", "images/s, all cores", "MB", "kB out", "ours is × as fast", "gate"]]
    quality = [["Contender", *(f"{name} px: kB" for name in outputs), *(f"{name} px: SSIMULACRA2" for name in outputs)]]
    for name, track in able.items():
        kilobytes = [total_bytes(measured, name, output) / len(track.ms) / 1000 for output in outputs]
        faults = gate(measured, scores, name)
        speed.append(
            [
                f"**{name}**" if name == OURS_NAME else name,
                milliseconds(spread(track.per_photo.values())),
                f"{1000 / fmean(track.per_photo.values()):.1f}",
                f"{fmean(track.everywhere):.1f}" if track.everywhere else "–",
                f"{track.peak:.0f}",
                f"{sum(kilobytes):.0f}",
                "" if name == OURS_NAME else versus(measured, name),
                "; ".join(faults) or "passed",
            ]
        )
        quality.append(
            [
                name,
                *(f"{each:.1f}" for each in kilobytes),
                *(f"{mean_score(measured, scores, name, output):.2f}" for output in outputs),
            ]
        )
    rounds = max((len(each) for track in able.values() for each in track.ms.values()), default=0)
    return "\n".join(
        [
            f"## {measured.job.title}\n",
            f"`{measured.job.name}`: {len(measured.originals)} originals, {rounds} rounds.{served(measured)}\n",
            table(speed),
            table(quality),
            stage_table(measured),
        ]
    )


def versus(measured: Measured, name: str) -> str:
    """The ratio, where there are both."""
    found = ratio(measured, name) if measured.tracks[OURS_NAME].ms else None
    return told(found) if found else "–"


def milliseconds(value: Spread) -> str:
    """A cell."""
    return f"{value.median:.1f} ({value.low:.1f}–{value.high:.1f})"


def served(measured: Measured) -> str:
    """Which of our paths served the originals."""
    counted = Counter(measured.tracks[OURS_NAME].paths.values())
    return "".join(f" Served by our {path} path: {count}." for path, count in counted.most_common())


def stage_table(measured: Measured) -> str:
    """Where our own time goes."""
    found = stages(measured)
    if not found:
        return ""
    return table([["Our stages", *found], ["ms", *(f"{value:.2f}" for value in found.values())]])


def absent(everything: list[tuple[Measured, Scores]]) -> str:
    """Who took no part in what, and why: nobody is left out in silence."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for measured, _ in everything:
        for name, track in measured.tracks.items():
            if track.unable is not None:
                reasons.setdefault((name, track.unable), []).append(measured.job.name)
    if not reasons:
        return "Every contender took part in every job.\n"
    rows = [[name, ", ".join(jobs), why] for (name, why), jobs in reasons.items()]
    return "## Who took no part\n\n" + table([["Contender", "Jobs", "Why"], *rows])


def unfit(left_out: dict[str, str]) -> str:
    """Which photos were looked at and not measured, and why."""
    rows = [[name, why] for name, why in left_out.items()]
    return "## Photos left out\n\n" + table([["Photo", "Why"], *rows]) if rows else ""


def goal_table(found: list[Goal]) -> str:
    """The verdicts, narrow enough for a terminal; before them, why those that were missed were."""
    missed = "".join(f"- {goal.name}: {goal.why}\n" for goal in found if goal.why)
    rows = [[goal.name, goal.asked, goal.reached, "met" if goal.met else "**missed**"] for goal in found]
    verdicts = table([["Goal", "asked", "reached (quartiles)", "verdict"], *rows])
    return "## Goals\n\n" + (f"{missed}\n" if missed else "") + verdicts


def table(rows: list[list[str]]) -> str:
    """A Markdown table that is as good to read unrendered; the first row heads it."""
    rows = [[cell.replace("|", "/") for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines) + "\n"


def today() -> str:
    """The date, in UTC."""
    return datetime.now(UTC).strftime("%Y-%m-%d")


def drawn(everything: list[tuple[Measured, Scores]]) -> list[dict[str, object]]:
    """What the plot shows, as plain data: for each job the contenders' milliseconds and their quartiles."""
    return [
        {
            "title": measured.job.title,
            "bars": [
                {"name": name, **vars_of(track)} for name, track in measured.tracks.items() if track.unable is None
            ],
        }
        for measured, _ in everything
    ]


def vars_of(track: Track) -> dict[str, float]:
    """One bar."""
    value = spread(track.per_photo.values())
    return {"median": value.median, "low": value.low, "high": value.high}
