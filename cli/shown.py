"""What is shown of a run, apart from where it came from: page and table are made of these, and of nothing else."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Body = bytes


@dataclass(frozen=True)
class Picture:
    """One rendition: where its file lies beside the page, and its bytes where they are small enough to go into it."""

    name: str
    format: str
    width: int
    height: int
    bytes: int
    path: str
    body: Body | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Photo:
    """One original that was published. Width and height are as it is seen, upright; `pictures` from large to small."""

    key: str
    format: str
    width: int
    height: int
    bytes: int
    thumbhash: str
    milliseconds: int
    made_by: str
    why: str
    pictures: tuple[Picture, ...]


@dataclass(frozen=True)
class Refusal:
    """One original that was not published. `letter`: it lies in the dead-letter queue, with this reason."""

    key: str
    reason: str
    detail: str
    letter: bool


@dataclass(frozen=True)
class Figures:
    """A run in numbers; every one of them comes from the ledger. Times of single images are milliseconds."""

    images: int
    renditions: int
    bytes_in: int
    bytes_out: int
    seconds: float
    """From the first upload to the last image settled."""
    p50: int
    p99: int
    made_by: Mapping[str, int]
    declined: Mapping[str, int]
    """Why libvips made what the fused path did not: reason to number of images."""
    refused: Mapping[str, int]

    @property
    def images_per_second(self) -> float:
        return self.images / self.seconds if self.seconds else 0.0

    @property
    def bytes_per_second(self) -> float:
        return self.bytes_in / self.seconds if self.seconds else 0.0


@dataclass(frozen=True)
class Shown:
    """A whole run. `problems` is empty when everything is accounted for."""

    title: str
    recipe: str
    engine: str
    when: str
    figures: Figures
    photos: tuple[Photo, ...]
    refusals: tuple[Refusal, ...]
    problems: tuple[str, ...]


def figures(photos: Sequence[Photo], refusals: Sequence[Refusal], seconds: float) -> Figures:
    """What the photographs add up to."""
    times = sorted(photo.milliseconds for photo in photos)
    return Figures(
        images=len(photos),
        renditions=sum(len(photo.pictures) for photo in photos),
        bytes_in=sum(photo.bytes for photo in photos),
        bytes_out=sum(picture.bytes for photo in photos for picture in photo.pictures),
        seconds=seconds,
        p50=percentile(times, 50),
        p99=percentile(times, 99),
        made_by=dict(Counter(photo.made_by for photo in photos)),
        declined=dict(Counter(photo.why for photo in photos if photo.why)),
        refused=dict(Counter(refusal.reason for refusal in refusals)),
    )


def percentile(ordered: Sequence[int], percent: int) -> int:
    """The nearest rank: the smallest value that at least `percent` of all do not exceed. 0 of nothing."""
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)] if ordered else 0
