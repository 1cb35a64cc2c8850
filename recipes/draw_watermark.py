"""Draw watermark.png: a darkroom lamp and a name, white on a soft shadow, so it reads on snow and at night.

Run it from anywhere; it needs Pillow and writes the file beside itself. The drawing is kept in the repository: this
is how it came about, and how to make another.
"""

from pathlib import Path

from PIL import Image, ImageDraw, ImageFilter, ImageFont

HERE = Path(__file__).parent
WIDTH, HEIGHT = 640, 160
OVERSAMPLING = 4
SHADOW = 1.1


def main() -> None:
    """Draw it."""
    letters = shape()
    shadow = letters.filter(ImageFilter.GaussianBlur(4)).point(lambda cover: min(255, int(cover * SHADOW)))
    mark = Image.merge("RGBA", [*Image.new("RGB", letters.size).split(), shadow])
    white = Image.merge("RGBA", [*Image.new("RGB", letters.size, "white").split(), letters])
    Image.alpha_composite(mark, white).save(HERE / "watermark.png", optimize=True)


def shape() -> Image.Image:
    """The mark's outline as coverage, drawn large and brought down for smooth edges."""
    scale = OVERSAMPLING
    canvas = Image.new("L", (WIDTH * scale, HEIGHT * scale))
    draw = ImageDraw.Draw(canvas)
    lamp(draw, scale)
    font = ImageFont.truetype(HERE / "fonts" / "Roboto-Medium.ttf", 92 * scale, layout_engine=ImageFont.Layout.BASIC)
    draw.text((160 * scale, HEIGHT * scale // 2), "safelight", fill=255, font=font, anchor="lm")
    return canvas.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)


def lamp(draw: ImageDraw.ImageDraw, scale: int) -> None:
    """A hanging lamp with its cone of light."""
    for fill, corners in (
        (255, ((76, 14), (84, 14), (84, 46), (76, 46))),
        (255, ((56, 46), (104, 46), (124, 86), (36, 86))),
        (150, ((42, 98), (118, 98), (142, 146), (18, 146))),
    ):
        draw.polygon([(x * scale, y * scale) for x, y in corners], fill=fill)


if __name__ == "__main__":
    main()
