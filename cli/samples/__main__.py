"""Draws the samples that are not there yet, on all cores. Prints one line per file drawn: its number, and how many."""

import argparse
import os
import sys
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from functools import partial
from pathlib import Path

from cli.samples.draw import draw
from cli.samples.plan import PLANTED, Sample, plan
from cli.samples.spoiled import SPOILED


def main() -> int:
    options = _options()
    samples = plan(options.count, options.seed)
    missing = [sample for sample in samples if not (options.directory / sample.name).is_file()]
    spoiled = [planted.name for planted in PLANTED if not (options.directory / planted.name).is_file()]
    with ProcessPoolExecutor(max_workers=os.cpu_count()) as pool:
        drawn = [pool.submit(_draw_into, options.directory, sample) for sample in missing]
        if spoiled:
            drawn.append(pool.submit(partial(_spoil_into, options.directory, spoiled, options.seed)))
        for number, one in enumerate(as_completed(drawn), start=1):
            one.result()
            print(f"{number}/{len(drawn)}", flush=True)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m cli.samples", description=__doc__)
    parser.add_argument("directory", type=Path, metavar="DIR")
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def _draw_into(directory: Path, sample: Sample) -> None:
    _write(directory / sample.name, draw(sample))


def _spoil_into(directory: Path, names: list[str], seed: int) -> None:
    jpeg = draw(replace(plan(1, seed)[0], style="jpeg", width=2400, height=1600))
    for name in names:
        _write(directory / name, SPOILED[name](jpeg))


def _write(path: Path, body: bytes) -> None:
    """Whole or not at all: a run that is interrupted leaves no half file for the next one to trust."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    unfinished.write_bytes(body)
    unfinished.replace(path)


if __name__ == "__main__":
    sys.exit(main())
