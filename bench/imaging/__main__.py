"""`make bench`: install the peers, make the originals, measure, judge, and write bench/RESULTS.md with its plot.

python -m bench.imaging              all of it, under half an hour on two cores
python -m bench.imaging --quick      three photos, three rounds; the page goes to bench/.cache
python -m bench.imaging --jobs set,thumb --photos FOLDER
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from bench.imaging.contenders import CONTENDERS, Contender
from bench.imaging.inputs import originals
from bench.imaging.install import install
from bench.imaging.jobs import JOBS, Job
from bench.imaging.machine import load, machine
from bench.imaging.measure import Measured, Track, measure
from bench.imaging.photos import Photos
from bench.imaging.places import CACHE, PEERS, PHOTOS, PLOT, RESULTS, SSIMULACRA2
from bench.imaging.report import drawn, report, today
from bench.imaging.score import Scores, check_judge, score
from bench.imaging.verdict import goals

#: Of a quick run, for working on the benchmark or the core: photos and rounds of each job.
QUICK = 3

#: Turns a contender has on all cores; in a quick run one.
TURNS = 2


def main(arguments: Sequence[str]) -> int:
    """The whole run. Only a full run of every job overwrites the page that is kept."""
    asked = parser().parse_args(arguments)
    photos = Photos(asked.photos.expanduser())
    if not photos.choose(1):
        print("\n".join(missing(photos)), file=sys.stderr)
        return 2
    began = time.monotonic()
    kind = f"{'quick' if asked.quick else 'full'}, load {load():.1f} before it began"
    unavailable = install()
    if SSIMULACRA2 in unavailable:
        print(f"no judge of quality: {unavailable[SSIMULACRA2]}", file=sys.stderr)
        return 1
    check_judge()
    CACHE.mkdir(exist_ok=True)
    everything: list[tuple[Measured, Scores]] = []
    for job in asked.jobs:
        everything.append(run(quick(job) if asked.quick else job, photos, 1 if asked.quick else TURNS, unavailable))
        facts = machine() | {"Date": today(), "Run": f"{kind}, {(time.monotonic() - began) / 60:.0f} minutes"}
        facts |= {"Photos": f"{len(photos.files)} JPEGs, {len(photos.left_out)} of them left out"}
        page = report(everything, facts, goals(everything), photos.left_out)
        (CACHE / RESULTS.name).write_text(page)  # so that what was measured is not lost with what comes next
    kept = not asked.quick and asked.jobs == JOBS
    if kept:
        RESULTS.write_text(page)
    draw(everything, PLOT if kept else CACHE / PLOT.name)
    print(page, end="")
    return 0


def missing(photos: Photos) -> Iterator[str]:
    """What there is to say when there is nothing to measure with."""
    yield from (f"{name}: {why}" for name, why in photos.left_out.items())
    yield f"no JPEG to measure with in {photos.folder}: name a folder of camera originals (make bench PHOTOS=folder)"


def run(job: Job, photos: Photos, turns: int, unavailable: dict[Path, str]) -> tuple[Measured, Scores]:
    """One job: measured, then judged."""
    say(f"{job.name}: originals")
    found = originals(job.originals, photos, CACHE, job.photos)
    outputs = CACHE / "outputs" / job.name
    shutil.rmtree(outputs, ignore_errors=True)
    outputs.mkdir(parents=True)
    present = [contender for contender in CONTENDERS if contender.place not in unavailable]
    say(f"{job.name}: {len(found)} originals × {len(present)} contenders × {job.rounds} rounds")
    measured = measure(job, found, present, job.rounds, turns, outputs)
    measured.tracks |= {each.name: absent(each, unavailable) for each in CONTENDERS if each not in present}
    say(f"{job.name}: quality")
    return measured, score(measured, outputs)


def absent(contender: Contender, unavailable: dict[Path, str]) -> Track:
    """A peer that could not be installed is in every table's company, with the reason."""
    return Track(unable=f"not installed: {unavailable[contender.place]}")


def quick(job: Job) -> Job:
    """Less of it."""
    return replace(job, photos=min(job.photos, QUICK), rounds=min(job.rounds, QUICK))


def draw(everything: list[tuple[Measured, Scores]], path: Path) -> None:
    """The plot. Without one the table is as good, and another run's does not stay beside it."""
    path.unlink(missing_ok=True)
    bars = json.dumps(drawn(everything))
    try:
        drawing = [PEERS, "-m", "bench.imaging.draw", str(path)]
        subprocess.run(drawing, input=bars, text=True, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        say(f"no plot: {(getattr(error, 'stderr', None) or str(error)).strip().splitlines()[-1]}")


def say(what: str) -> None:
    """Progress, with the time of day, apart from the result."""
    print(f"bench {time.strftime('%H:%M:%S')}: {what}", file=sys.stderr, flush=True)


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(prog="make bench", description="The imaging core against its peers.")
    made.add_argument("--quick", action="store_true", help="three photos, three rounds")
    made.add_argument("--jobs", type=named, default=JOBS, help=f"some of {', '.join(job.name for job in JOBS)}")
    made.add_argument("--photos", type=Path, default=PHOTOS, help="a folder of camera originals")
    return made


def named(names: str) -> tuple[Job, ...]:
    """Jobs by their names."""
    by_name = {job.name: job for job in JOBS}
    try:
        return tuple(by_name[name] for name in names.split(","))
    except KeyError as unknown:
        raise argparse.ArgumentTypeError(f"no job is called {unknown}") from None


if __name__ == "__main__":
    os.chdir(RESULTS.parents[1])
    sys.exit(main(sys.argv[1:]))
