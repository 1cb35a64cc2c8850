"""What is measured: each job is a kind of original, the renditions wanted of it, and the goals set for it."""

from dataclasses import dataclass
from typing import Any

#: The watermark of the default recipe.
WATERMARK: dict[str, Any] = {"width": 0.16, "gravity": "south-east", "margin": 0.025, "opacity": 0.7}


@dataclass(frozen=True)
class Output:
    """One rendition: inside a square box of `edge` pixels, never enlarged."""

    name: str
    format: str
    edge: int
    quality: int
    effort: int = 4
    watermark: bool = False


@dataclass(frozen=True)
class Job:
    """Outputs are in descending size. Goals are how many times as fast as sharp with a pipeline a size, and as the
    faster of the two ways to use libvips. `photos` and `rounds` are of a full run: dear jobs get fewer. `tried` is told
    of a goal that is missed.
    """

    name: str
    title: str
    originals: str
    outputs: tuple[Output, ...]
    goal_sharp: float
    goal_libvips: float
    photos: int
    rounds: int
    tried: str = ""


SET = (
    Output("2048", "jpeg", 2048, 80, watermark=True),
    Output("1280", "jpeg", 1280, 80),
    Output("640", "jpeg", 640, 80),
    Output("256", "webp", 256, 80),
)

WEBP = tuple(Output(each.name, "webp", each.edge, 80, watermark=each.watermark) for each in SET)

AVIF = (
    Output("1280", "avif", 1280, 50, effort=2),
    Output("640", "avif", 640, 50, effort=2),
)

JOBS = (
    Job(
        "thumb",
        "One thumb: 256 px WebP of a camera JPEG",
        "camera",
        SET[-1:],
        2.0,
        2.2,
        photos=12,
        rounds=7,
        tried="the entropy decoder with BMI2 (no gain), several skips to a load of bits (7 to 9 %, kept), skips by "
        "codes alone with smaller tables (5 to 12 %, kept), three places of the scan in turns (22 to 31 %, kept); "
        "what is left is WebP's encoder and the number of look-ups",
    ),
    Job(
        "set",
        "The set of a camera JPEG: 2048 with a watermark, 1280, 640; 256 px WebP",
        "camera",
        SET,
        7.0,
        2.75,
        photos=10,
        rounds=5,
        tried="the entropy decoder with BMI2 (1 %, within the noise), tables shared by Cb and Cr (2 to 4 %, kept), "
        "blocks found at three places first and decoded then (half as slow again); of the decode at full size: lengths "
        "looked up apart from values (7 %, kept), values of six bytes (4 %, kept), a kilobyte for DC and a loop a run "
        "(4 %, kept), the transform's stores checked once (1.5 %, kept), runs of 4 or 16 MCUs (0.5 % slower), 10 or 12 "
        "bits a look-up (1 and 4 % slower), DC's values by offset too (4 % slower), a fifth fewer instructions with "
        "lengths and values in one table (no gain); the JPEG encoder's zigzag in its transform's kernel, tokens by "
        "table, bits without branches, 16-bit quantising (40 % less of its time, kept), two rows of a resize at once "
        "(9 % less of the chain's, kept), strides off the powers of two, rows of samples and of MCUs fetched ahead, "
        "codes in words of 64 bits (within the noise), three tokens at a time (4 % slower)",
    ),
    Job("iphone", "The set of an iPhone's original: 12 MP, Display-P3, turned", "iphone", SET, 9.0, 2.7, 4, 5),
    Job(
        "24mp-jpeg",
        "The set of a 24 MP JPEG",
        "24mp-jpeg",
        SET,
        9.0,
        3.2,
        photos=4,
        rounds=5,
        tried="at half size, several skips to a load of bits and smaller tables (within the noise), all coefficients "
        "decoded instead of skipping the higher ones (1.4 %, kept), skipping behind the fortieth (2.5 % slower); with "
        "what was kept at full size the decode takes 14 % less; strips handed on to the resampler, not their rows "
        "copied into its window, two places of the scan decoded in turns, had they been known, the rows that half size "
        "does not read neither zeroed nor stored (all three within the noise), AVX-512's dot products in the resampler "
        "(3 % of the chain's time)",
    ),
    Job(
        "24mp-png",
        "The set of a 24 MP PNG",
        "24mp-png",
        SET,
        8.0,
        2.0,
        photos=2,
        rounds=3,
        tried="an inflate and an unfilter of our own (the whole job in 25 % less time than with the png crate, kept), "
        "inflating by zlib-rs (1.5 to 2.1 times as long as ours) or libdeflate (11 % less, but it holds the whole "
        "picture), reads without checks of bounds (no gain); what is left is one look-up waiting for the one before",
    ),
    Job(
        "webp",
        "All WebP: the same four sizes, method 4, of a camera JPEG",
        "camera",
        WEBP,
        1.9,
        1.45,
        5,
        3,
        tried="five of libwebp's inner functions in AVX2 (9 % of its time, the same bytes: kept), five more (0 to 5 % "
        "slower), its ten ways to predict a block at once (9 % of the job, the same bytes: kept), what their levels "
        "cost at once too (2 to 5 % slower), its C by clang, for AVX2 or tuned (3 % slower to 1 % faster), optimised "
        "when linked (2 %), method 3 (as slow), other segments, filters and noise shaping (as slow, or out of the "
        "gate)",
    ),
    Job(
        "avif",
        "AVIF: 1280 and 640 px, quality 50, effort 2, of a camera JPEG",
        "camera",
        AVIF,
        1.1,
        1.0,
        photos=10,  # three say little: two of the first three are shrunk while decoding, of all 20 there are six
        rounds=3,
        tried="the core's pixels instead of libvips' (14 and 24 % faster on two photos; at 1280 px of all 20 photos "
        "0.7 % more bytes for 0.23 points more, of the 6 that are shrunk while decoding 1.7 % for 0.48: at equal bytes "
        "0.05 points better), chroma at half size throughout (as many bytes, 2.7 points worse on a photo), "
        "quality 49 (5 % fewer bytes, a point worse)",
    ),
)

#: A worker that makes JPEG and WebP of JPEG stays under this, in megabytes (10^6 bytes), at its peak.
RSS_GOAL = 80.0
RSS_JOB = "set"
