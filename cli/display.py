"""The talk while it runs, to stderr: a live display on a terminal, a line now and then where there is none."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from cli.text import counted, duration, size
from cli.watch import Progress
from jobs.source import State

COLOURS = {
    State.QUEUED: "dim",
    State.PROCESSING: "yellow",
    State.DONE: "green",
    State.REJECTED: "magenta",
    State.DEAD: "red",
}
"""The states that are counted, in the order they are shown."""

WORRYING = 20.0
"""Seconds of no change that are worth a word."""

SELDOM = 5.0
"""Seconds between two lines where there is no terminal."""


class Terminal(Console):
    """Rich's, which shows words as they are. A reader that went away is cli/main.py's: Rich would exit with 1."""

    def __init__(self, *, stderr: bool = False) -> None:
        super().__init__(stderr=stderr, highlight=False, emoji=False)

    def on_broken_pipe(self) -> None:
        """Called where a BrokenPipeError was caught: raises it again."""
        raise


talk = Terminal(stderr=True)


@contextmanager
def counting(label: str) -> Iterator[Callable[[int, int], None]]:
    """Yields what is to be called with how many of how many; until then it shows nothing."""
    with showing() as show:
        yield lambda number, of: show(Text(f"{label}: {number:,} of {of:,}"), number == of)


@contextmanager
def following() -> Iterator[Callable[[Progress], None]]:
    """Shows the run; yields what is to be called with every moment of it."""
    with showing() as show:
        yield lambda progress: show(
            _panel(progress) if talk.is_terminal else _line(progress), progress.settled == progress.total
        )


@contextmanager
def showing() -> Iterator[Callable[[RenderableType, bool], None]]:
    """Yields what is to be called with each moment, and whether it is the last."""
    if not talk.is_terminal:
        yield _seldom()
        return
    live = Live(console=talk, refresh_per_second=8)

    def show(shown: RenderableType, _is_last: bool) -> None:
        live.update(shown)
        live.start()

    try:
        yield show
    finally:
        live.stop()


def _seldom() -> Callable[[RenderableType, bool], None]:
    last = 0.0

    def show(shown: RenderableType, is_last: bool) -> None:
        nonlocal last
        if is_last or time.monotonic() - last > SELDOM:
            last = time.monotonic()
            talk.print(shown, soft_wrap=True)

    return show


def _line(progress: Progress) -> Text:
    """The moment in one line, for a log."""
    return Text("  ").join([Text(f"{progress.settled:,} of {progress.total:,}"), _states(progress), _speed(progress)])


def _panel(progress: Progress) -> Group:
    bar = Table.grid(padding=(0, 1))
    bar.add_row(
        ProgressBar(progress.total, progress.settled, width=44, complete_style="red", finished_style="green"),
        Text(f"{progress.settled:,} of {progress.total:,}", style="bold"),
    )
    return Group(bar, _states(progress), _speed(progress))


def _states(progress: Progress) -> Text:
    waiting = progress.total - progress.uploaded
    parts = [Text(f"{waiting:,} to upload", style="dim")] if waiting else []
    parts += [_state(state, progress.states.get(state, 0)) for state in COLOURS]
    if progress.handed_back:
        parts.append(Text(f"{counted(progress.handed_back, 'message')} to try again", style="yellow"))
    return Text("  ").join(parts)


def _state(state: State, count: int) -> Text:
    return Text(f"{count:,} {state}", style=COLOURS[state] if count else "dim")


def _speed(progress: Progress) -> Text:
    if progress.still > WORRYING:
        return Text(f"nothing has moved for {duration(progress.still)}", style="yellow")
    left = progress.seconds_left
    remaining = "" if left is None or progress.settled == progress.total else f"  about {duration(left)} left"
    speed = f"{progress.images_per_second:.1f} images/s  {size(progress.bytes_per_second)}/s"
    return Text(speed + remaining, style="dim")
