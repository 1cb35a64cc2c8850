"""The plot: one panel a job, one bar a contender. Runs in the peers' environment, which has matplotlib.

python -m bench.imaging.draw FILE < bars.json
"""

import json
import sys
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot
from matplotlib.axes import Axes

OURS, OTHERS, INK, FAINT = "#c2410c", "#94a3b8", "#1e293b", "#e2e8f0"


def draw(jobs: list[dict[str, Any]], path: str) -> None:
    """All panels, one above the other, to a file whose suffix says its format."""
    mpl.rcParams.update({"svg.hashsalt": "safelight", "svg.fonttype": "none", "font.size": 9})
    mpl.rcParams.update({"text.color": INK, "axes.edgecolor": FAINT})
    heights = [len(job["bars"]) + 1.5 for job in jobs]
    figure, panels = pyplot.subplots(
        len(jobs),
        1,
        figsize=(9, 0.27 * sum(heights)),
        height_ratios=heights,
        squeeze=False,
        layout="constrained",
        facecolor="white",
    )
    for job, panel in zip(jobs, panels[:, 0], strict=True):
        bars(job, panel)
    figure.supxlabel("milliseconds of processor time an image, median over photos; the line spans the quartiles")
    figure.savefig(path, metadata={"Date": None} if path.endswith("svg") else None)


def bars(job: dict[str, Any], panel: Axes) -> None:
    """One panel: the fastest on top, each with its number and how many times ours that is."""
    rows = sorted(job["bars"], key=lambda bar: bar["median"])
    ours = next((bar["median"] for bar in rows if bar["name"] == "Safelight"), None)
    for row, bar in enumerate(rows):
        is_ours = bar["name"] == "Safelight"
        panel.barh(row, bar["median"], height=0.7, color=OURS if is_ours else OTHERS)
        panel.plot([bar["low"], bar["high"]], [row, row], color=INK, linewidth=1)
        times = "" if ours is None or is_ours else f"   {bar['median'] / ours:.1f} ×"
        panel.annotate(
            f"{bar['median']:.0f}{times}",
            (max(bar["median"], bar["high"]), row),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            color=OURS if is_ours else INK,
        )
    panel.set_yticks(range(len(rows)), [bar["name"] for bar in rows])
    panel.set_title(job["title"], loc="left", fontsize=10, fontweight="bold")
    panel.set_xlim(0, 1.18 * max(bar["high"] for bar in rows))
    panel.invert_yaxis()
    panel.tick_params(length=0, colors=INK)
    panel.grid(axis="x", color=FAINT)
    panel.set_axisbelow(True)
    panel.spines[["top", "right", "bottom"]].set_visible(False)


if __name__ == "__main__":
    draw(json.load(sys.stdin), sys.argv[1])
