"""Renditions as HTML that can be pasted: a <picture> with a source per format, and a srcset alone.

Only renditions of the same shape are alternatives of each other: a square thumbnail is no smaller version of a
landscape. The shape that most renditions have is taken, and in it the widest is the <img>.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from imaging import formats
from jobs.source import Stored

SAME_SHAPE = 0.02
"""How far apart two aspect ratios may be: a pixel of rounding at 100 pixels."""

BEST_FIRST = ("avif", "webp", "jpeg", "png")
"""A browser takes the first source that it can show."""


@dataclass(frozen=True)
class Html:
    """Ready to be pasted. `srcset` is of one format: what every browser shows, if there is any of that."""

    picture: str
    srcset: str


def html(renditions: Sequence[Stored], urls: Mapping[str, str]) -> Html | None:
    """`urls` by rendition's name. None where there is nothing to show."""
    if not renditions:
        return None
    by_format: dict[str, list[Stored]] = defaultdict(list)
    for stored in sorted(_same_shape(renditions), key=lambda stored: stored.width):
        by_format[stored.format].append(stored)
    ranked = sorted(by_format, key=BEST_FIRST.index)
    fallback = by_format[ranked[-1]]
    sources = "".join(_source(name, by_format[name], urls) for name in ranked[:-1])
    widest = fallback[-1]
    image = (
        f'<img src="{escape(urls[widest.name])}" srcset="{escape(_srcset(fallback, urls))}" sizes="100vw"'
        f' width="{widest.width}" height="{widest.height}" alt="" loading="lazy">'
    )
    return Html(f"<picture>{sources}{image}</picture>", _srcset(fallback, urls))


def _same_shape(renditions: Sequence[Stored]) -> Sequence[Stored]:
    """The renditions of the shape that most of them have; of two such shapes, the one with the widest."""
    groups = [[other for other in renditions if _alike(one, other)] for one in renditions]
    return max(groups, key=lambda group: (len(group), max(stored.width for stored in group)))


def _alike(one: Stored, other: Stored) -> bool:
    return abs(one.width * other.height / (one.height * other.width) - 1) <= SAME_SHAPE


def _source(name: str, stored: Iterable[Stored], urls: Mapping[str, str]) -> str:
    kind = formats.BY_NAME[name].content_type
    return f'<source type="{kind}" srcset="{escape(_srcset(stored, urls))}" sizes="100vw">'


def _srcset(stored: Iterable[Stored], urls: Mapping[str, str]) -> str:
    return ", ".join(f"{urls[each.name]} {each.width}w" for each in stored)
