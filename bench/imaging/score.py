"""SSIMULACRA2 of what the contenders made. Scores are kept by content: what was scored once is not scored again."""

import hashlib
import io
import json
import os
import subprocess
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy
from PIL import Image

from bench.imaging import reference
from bench.imaging.hand import cores
from bench.imaging.jobs import WATERMARK, Job
from bench.imaging.measure import Measured
from bench.imaging.photos import Original
from bench.imaging.places import CACHE, SSIMULACRA2
from bench.imaging.places import WATERMARK as WATERMARK_FILE
from imaging.geometry import placement
from imaging.marks import prepare
from imaging.recipe import ImageWatermark, Resize

#: Changes when the reference, or what computes the score, does: scores kept under another name are not used.
JUDGE = "fast-ssim2 0.9.1, reference 1"

#: See `check_judge`.
KNOWN = (100.0, 96.557, 85.236)

#: Contender, photo, output.
Scores = dict[tuple[str, str, str], float]


@dataclass(frozen=True)
class Sheet:
    """All candidates for one photo of one job: files by (contender, output)."""

    job: Job
    original: Original
    candidates: dict[tuple[str, str], Path]


def score(measured: Measured, outputs: Path) -> Scores:
    """How near everything came to the reference."""
    names = [name for name, track in measured.tracks.items() if track.unable is None]
    sheets = [
        Sheet(
            measured.job,
            original,
            {
                (name, output.name): outputs / name / original.name / output.name
                for name in names
                for output in measured.job.outputs
            },
        )
        for original in measured.originals
    ]
    scores: Scores = {}
    with ProcessPoolExecutor(len(cores())) as pool:
        for sheet, found in zip(sheets, pool.map(judge, sheets), strict=True):
            scores |= {(name, sheet.original.name, output): value for (name, output), value in found.items()}
    return scores


def judge(sheet: Sheet) -> dict[tuple[str, str], float]:
    """The scores of one sheet."""
    seen = hashlib.sha256(JUDGE.encode() + WATERMARK_FILE.read_bytes() + sheet.original.path.read_bytes()).hexdigest()
    with kept(CACHE / "scores" / f"{seen[:24]}.json") as known:
        keys = {which: key(sheet.job, which[1], path) for which, path in sheet.candidates.items()}
        unknown = {which: path for which, path in sheet.candidates.items() if keys[which] not in known}
        for which, value in computed(sheet, unknown):
            known[keys[which]] = value
        return {which: known[key] for which, key in keys.items()}


@contextmanager
def kept(path: Path) -> Iterator[dict[str, float]]:
    """Scores by key, read from a file and written back."""
    known: dict[str, float] = json.loads(path.read_text()) if path.exists() else {}
    yield known
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_suffix(f".{os.getpid()}")  # two photos may be the same, and a run may be stopped
    half.write_text(json.dumps(known))
    half.replace(path)


def key(job: Job, output: str, path: Path) -> str:
    """Names a candidate and its reference, which depends on the output's edge and watermark."""
    wanted = next(each for each in job.outputs if each.name == output)
    body = hashlib.sha256(path.read_bytes()).hexdigest()[:24]
    return f"{wanted.edge}{' marked' if wanted.watermark else ''} {body}"


def computed(sheet: Sheet, candidates: dict[tuple[str, str], Path]) -> Iterator[tuple[tuple[str, str], float]]:
    """The scores of some candidates, output by output, as they come."""
    if not candidates:
        return
    pixels = reference.full(sheet.original.path)
    for output in sheet.job.outputs:
        size = placement(Resize(output.edge, output.edge), sheet.original.width, sheet.original.height)
        perfect = reference.resized(pixels, size.width, size.height)
        if output.watermark:
            mark = prepare(ImageWatermark(image=WATERMARK_FILE.read_bytes(), **WATERMARK), size.width, size.height)
            perfect = reference.marked(perfect, mark)
        with Judge(perfect) as judge:
            for which, path in candidates.items():
                if which[1] == output.name:
                    yield which, judge.score(decoded(path.read_bytes()))


def check_judge() -> None:
    """Ask the judge what is known beforehand. Raises ValueError if it cannot be believed.

    Identity is 100; the other two are what rust-av's ssimulacra2 0.5.1, another implementation, says of them.
    """
    y, x = numpy.mgrid[0:96, 0:128]
    image = numpy.stack([(7 * x + 3 * y) % 256, (x * y) % 256, (x * x // 16 + y) % 256], -1).astype(numpy.uint8)
    coarse = (image // 16 * 16 + 8).astype(numpy.uint8)
    with Judge(image.astype(numpy.float32) / 255) as judge:
        told = [judge.score(candidate) for candidate in (image, numpy.maximum(image, 8), coarse)]
    if numpy.abs(numpy.array(told) - KNOWN).max() > 0.1:
        raise ValueError(f"SSIMULACRA2 of known pairs is {told}, it should be {KNOWN}")


def decoded(body: bytes) -> numpy.ndarray:
    """A candidate as everyone will see it: height x width x 3 bytes."""
    return numpy.asarray(Image.open(io.BytesIO(body)).convert("RGB"))


class Judge:
    """A process that knows one reference: floats, height x width x 3, sRGB's curve, 0 to 1."""

    def __init__(self, reference: numpy.ndarray) -> None:
        self.shape = reference.shape
        self.process = subprocess.Popen([SSIMULACRA2], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        height, width, _ = reference.shape
        self.ask(f"reference {width} {height}\n".encode() + reference.astype("<f4").tobytes())

    def score(self, candidate: numpy.ndarray) -> float:
        """100 for the reference itself; raises ValueError for another size."""
        if candidate.shape != self.shape:
            raise ValueError(f"the candidate is {candidate.shape}, the reference {self.shape}")
        return float(self.ask(b"candidate\n" + candidate.astype(numpy.uint8).tobytes()))

    def ask(self, message: bytes) -> str:
        """One answer."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(message)
        self.process.stdin.flush()
        return self.process.stdout.readline().decode()

    def __enter__(self) -> "Judge":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                pipe.close()
