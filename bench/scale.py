"""The figures and plots of docs/scale.md, from the forecast and the simulation: nothing is measured here.

python -m bench.scale        writes docs/scale-*.svg and prints the tables
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from cli.simulation import Load, Machine, curve
from jobs.forecast import MEMORIES, Assumed, Image, Limits, Setting, forecast

ROOT = Path(__file__).parent.parent
METERED: Sequence[float] = json.loads((ROOT / "tests" / "cli" / "metered.json").read_text())["default"]
PHOTO = Image(sum(METERED) / len(METERED), puts=4)
MANY = 100_000_000
WIDTHS = (50, 100, 200, 400, 1000)

RAISED = Limits(account=10_000, table_writes=40_000, prefix_puts=14_000, prefix_gets=22_000)
"""A table warmed to ten times, S3 split in four, an account allowed ten thousand."""

WIDE, HIGH, LEFT, TOP, ROOM = 640, 300, 70, 56, 40
INK, FAINT, COLOURS = "#1e293b", "#e2e8f0", ("#c2410c", "#0f766e", "#475569")


@dataclass(frozen=True)
class Line:
    """A named line of a plot."""

    name: str
    points: Sequence[tuple[float, float]]


def main() -> None:
    """Writes the plots, prints the tables."""
    lines = [
        Line("as a new account is", [(width, _hours(width, Limits())) for width in WIDTHS]),
        Line("with its quotas raised", [(width, _hours(width, RAISED)) for width in WIDTHS]),
    ]
    _write("scale-hours", "Hours for 100 million images, by MaximumConcurrency", lines)
    _write("scale-dollars", "Dollars for a million, by the worker's memory in MB", list(_dollars()))
    _write("scale-drain", "20,000 images at 50 batches at once: done after so many seconds", list(_drain()))
    for width in WIDTHS:
        as_new, raised = (
            forecast(MANY, PHOTO, Setting(concurrency=width), limits=limits) for limits in (Limits(), RAISED)
        )
        print(
            f"{width:5} wide: {as_new.seconds / 3600:6.1f} h ({as_new.bottleneck}), {raised.seconds / 3600:6.1f} h"
            f" ({raised.bottleneck}), ${as_new.total:,.0f}, ${as_new.without_puts:,.0f} without PUTs"
        )
    for memory in MEMORIES:
        answer = forecast(MANY, PHOTO, Setting(memory=memory))
        print(f"{memory:6} MB: ${answer.total:,.0f}, {answer.per_second:,.0f} images/s")
    for name, part in forecast(MANY, PHOTO, Setting()).dollars.items():
        print(f"{name:28} ${part:9,.2f}")


def _hours(width: int, limits: Limits) -> float:
    return forecast(MANY, PHOTO, Setting(concurrency=width), limits=limits).seconds / 3600


def _dollars() -> Iterable[Line]:
    for architecture in ("x86_64", "arm64"):
        setting = Setting(architecture=architecture)
        tried = [forecast(1_000_000, PHOTO, replace(setting, memory=memory)) for memory in MEMORIES]
        yield Line(architecture, [(one.setting.memory, one.total) for one in tried])


def _drain() -> Iterable[Line]:
    assumed, images = Assumed(), 20_000
    machine = Machine(slower=assumed.slower, edge=assumed.edge, cold=assumed.cold)
    settled = curve(Load(images, METERED, Setting().concurrency, limits=Limits()), machine)
    yield Line("simulated", [(settled[number], number + 1) for number in range(0, images, 200)])
    steps = range(1000, images + 1, 1000)
    yield Line("by the formula", [(forecast(number, PHOTO, Setting()).seconds, number) for number in steps])


def _write(name: str, title: str, lines: Sequence[Line]) -> None:
    (ROOT / "docs" / f"{name}.svg").write_text(_svg(title, lines), encoding="utf-8")


def _svg(title: str, lines: Sequence[Line]) -> str:
    """Lines over two axes that begin at 0."""
    widest = max(x for line in lines for x, _ in line.points)
    highest = max(y for line in lines for _, y in line.points) * 1.05

    def place(x: float, y: float) -> tuple[float, float]:
        return LEFT + x / widest * (WIDE - LEFT - ROOM), HIGH - ROOM - y / highest * (HIGH - ROOM - TOP)

    parts = [_text(LEFT, 20, title, weight="bold")]
    for step in range(5):
        x, y = place(widest * step / 4, highest * step / 4)
        parts.append(f'<line x1="{LEFT}" x2="{WIDE - ROOM}" y1="{y:.1f}" y2="{y:.1f}" stroke="{FAINT}"/>')
        parts.append(_text(LEFT - 8, y + 4, f"{highest * step / 4:,.0f}", anchor="end"))
        parts.append(_text(x, HIGH - ROOM + 18, f"{widest * step / 4:,.0f}", anchor="middle"))
    for number, (line, colour) in enumerate(zip(lines, COLOURS, strict=False)):
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in (place(*point) for point in line.points))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts.append(_text(LEFT + 200 * number, 40, line.name, colour=colour))
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {HIGH}" font-family="sans-serif" font-size="12">'
    )
    return "\n".join([head, f'<rect width="{WIDE}" height="{HIGH}" fill="white"/>', *parts, "</svg>\n"])


def _text(x: float, y: float, said: str, *, anchor: str = "start", weight: str = "normal", colour: str = INK) -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text {place} font-weight="{weight}" fill="{colour}">{said}</text>'


if __name__ == "__main__":
    main()
