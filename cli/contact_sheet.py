"""The contact sheet: one HTML page that needs nothing but itself and the files saved beside it.

No script, and a policy that lets nothing in from elsewhere. Every word that was not written here is escaped, and
controls and direction marks in names are spelled out: a key is whatever someone uploaded.
"""

import base64
from collections.abc import Iterable
from html import escape
from itertools import groupby
from pathlib import Path
from string import Template
from urllib.parse import quote

from cli import thumbhash
from cli.shown import Figures, Photo, Picture, Refusal, Shown
from cli.text import counted, duration, size, visible

PAGE = Template(Path(__file__).with_suffix(".html").read_text(encoding="utf-8"))

CONTENT_TYPES = {"jpeg": "image/jpeg", "webp": "image/webp", "avif": "image/avif", "png": "image/png"}

TIMES = Template("""\
<figure class="times" role="img" aria-label="$label">
<div>$lines</div>
<figcaption>$ends</figcaption>
</figure>""")

PHOTO = Template("""\
<li style="--ratio:$ratio;--place:$place">
<a class="frame" href="$address">$placeholder
<img class="$where" src="$source" width="$width" height="$height" alt="$name" loading="lazy"></a>
<p class="name"><b>$number</b> <span title="$key">$folder$name</span></p>
<p class="facts"><span>$format $pixels,</span> <span>$bytes</span><br><span>$milliseconds ms,</span> $made_by</p>
<details><summary>$renditions, $bytes_out</summary><ul>$pictures</ul></details>
</li>""")

LAST_PLACE = 60
"""Photographs appear one after the other; from this one on they need not wait any longer."""

NARROWEST, WIDEST = 0.5, 2.4
"""Shapes beyond these are cropped on the sheet, so that no frame is a sliver."""


def page(shown: Shown) -> str:
    """The whole page."""
    return PAGE.substitute(
        title=text(shown.title),
        when=text(shown.when),
        recipe=text(shown.recipe),
        engine=text(shown.engine),
        figures=_figures(shown.figures),
        times=_times(shown.photos),
        photos="\n".join(_photo(number, photo) for number, photo in enumerate(shown.photos, start=1)),
        problems=_problems(shown.problems),
        refusals=_refusals(shown.refusals),
    )


def text(words: str) -> str:
    """Words as HTML text or attribute."""
    return escape(visible(words))


def _figures(figures: Figures) -> str:
    rows = (
        ("Photographs", f"{figures.images:,}", f"{counted(figures.renditions, 'rendition')}, each decoded again"),
        ("Speed", f"{figures.images_per_second:.1f}<small>/s</small>", f"all of them in {duration(figures.seconds)}"),
        ("Bytes in", _split(figures.bytes_in), f"{size(figures.bytes_per_second)}/s"),
        ("Bytes out", _split(figures.bytes_out), f"{_share(figures)} of what came in"),
        ("One image", f"{figures.p50:,}<small> ms</small>", f"median; 99th percentile {figures.p99:,} ms"),
        ("Refused", f"{sum(figures.refused.values()):,}", "with a reason each" if figures.refused else "none"),
    )
    return "\n".join(f"<div><dt>{name}</dt><dd>{value}</dd><dd>{note}</dd></div>" for name, value, note in rows)


def _split(count: int) -> str:
    number, unit = size(count).split(" ")
    return f"{number}<small> {unit}</small>"


def _share(figures: Figures) -> str:
    return f"{figures.bytes_out / figures.bytes_in:.0%}" if figures.bytes_in else "0%"


def _times(photos: Iterable[Photo]) -> str:
    """One thin line an image, where its time lies between nothing and the slowest."""
    times = [(photo.milliseconds, photo.made_by) for photo in photos]
    if not times:
        return ""
    longest = max(1, *(milliseconds for milliseconds, _ in times))
    lines = "".join(
        f'<i class="{"fused" if made_by == "fused" else "other"}" style="left:{milliseconds / longest:.2%}"></i>'
        for milliseconds, made_by in sorted(times)
    )
    label = f"Time of each image, from 0 to {longest:,} ms"
    ends = f"<span>0 ms</span><span>one line an image</span><span>{longest:,} ms</span>"
    return TIMES.substitute(label=label, lines=lines, ends=ends)


def _photo(number: int, photo: Photo) -> str:
    folder, _, name = photo.key.rpartition("/")
    smallest, largest = photo.pictures[-1], photo.pictures[0]
    return PHOTO.substitute(
        ratio=f"{min(max(smallest.width / smallest.height, NARROWEST), WIDEST):.3f}",
        number=number,
        place=min(number, LAST_PLACE),
        address=_address(largest),
        placeholder=_placeholder(photo),
        source=_source(smallest),
        width=smallest.width,
        height=smallest.height,
        where="inside" if smallest.body else "beside",
        key=text(photo.key),
        folder=f"<small>{text(folder)}/</small>" if folder else "",
        name=text(name),
        format=text(photo.format.upper()),
        pixels=_pixels(photo),
        bytes=size(photo.bytes),
        milliseconds=f"{photo.milliseconds:,}",
        made_by=_made_by(photo),
        renditions=counted(len(photo.pictures), "rendition"),
        bytes_out=size(sum(picture.bytes for picture in photo.pictures)),
        pictures="".join(_picture(picture) for picture in photo.pictures),
    )


def _pixels(image: Photo | Picture) -> str:
    return f"{image.width}&hairsp;×&hairsp;{image.height}"


def _made_by(photo: Photo) -> str:
    return text(photo.made_by) + (f" <i>({text(photo.why)})</i>" if photo.why else "")


def _picture(picture: Picture) -> str:
    facts = f"{text(picture.format.upper())} {_pixels(picture)}"
    link = f'<a href="{_address(picture)}">{text(picture.name)}</a>'
    return f"<li>{link} <span>{facts}</span> <span>{size(picture.bytes)}</span></li>"


def _address(picture: Picture) -> str:
    return escape(quote(picture.path))


def _source(picture: Picture) -> str:
    return _data(CONTENT_TYPES[picture.format], picture.body) if picture.body else _address(picture)


def _placeholder(photo: Photo) -> str:
    decoded = thumbhash.decode(photo.thumbhash)
    return f'<img class="hash" src="{_data("image/png", decoded.png())}" alt="">' if decoded else ""


def _data(content_type: str, body: bytes) -> str:
    return f"data:{content_type};base64,{base64.b64encode(body).decode()}"


def _problems(problems: Iterable[str]) -> str:
    lines = "".join(f"<li>{text(problem)}</li>" for problem in problems)
    return f'<section class="problems"><h2>Not accounted for</h2><ul>{lines}</ul></section>' if lines else ""


def _refusals(refusals: Iterable[Refusal]) -> str:
    ordered = sorted(refusals, key=lambda refusal: (refusal.reason, refusal.key))
    groups = [(reason, list(those)) for reason, those in groupby(ordered, key=lambda refusal: refusal.reason)]
    if not groups:
        return ""
    return f'<section class="refused"><h2>Refused</h2>{"".join(_group(*group) for group in groups)}</section>'


def _group(reason: str, refusals: list[Refusal]) -> str:
    return f"<h3>{text(reason)} <small>{len(refusals):,}</small></h3><ul>{''.join(map(_refusal, refusals))}</ul>"


def _refusal(refusal: Refusal) -> str:
    letter = "in the dead-letter queue, with this reason" if refusal.letter else "no letter was found"
    detail = f"{text(refusal.detail)}; " if refusal.detail else ""
    return f"<li><b>{text(refusal.key)}</b> <span>{detail}{letter}</span></li>"
