"""Draws the pictures of the installed site, in static/icons/, from static/favicon.svg: run it when that has changed.

Understands what stands in that file and no more: a square with round corners, and lines from left to right.
"""

import re
import xml.etree.ElementTree as ET
from pathlib import Path

from PIL import Image, ImageDraw

STATIC = Path(__file__).resolve().parent.parent / "static"
SVG = "{http://www.w3.org/2000/svg}"
LINE = re.compile(r"M([\d.]+) ([\d.]+)h([\d.]+)")
# Drawn so many times as large, and then made smaller, for smooth edges.
FINE = 8
# What a system cuts into a shape of its own has no corners; all that matters lies in a circle of 80 % of its size
# (https://www.w3.org/TR/appmanifest/#icon-masks).
PICTURES = {"192": (192, True), "512": (512, True), "maskable-512": (512, False), "apple-180": (180, False)}


def draw(size: int, *, round_corners: bool) -> Image.Image:
    """Return the picture in `size` times `size` pixels."""
    svg = ET.parse(STATIC / "favicon.svg").getroot()  # noqa: S314 -- our own file
    scale = size * FINE / float(svg.attrib["viewBox"].split()[2])
    picture = Image.new("RGBA", (size * FINE, size * FINE))
    canvas = ImageDraw.Draw(picture)
    for part in svg:
        if part.tag == f"{SVG}rect":
            radius = float(part.attrib["rx"]) * scale if round_corners else 0
            canvas.rounded_rectangle((0, 0, size * FINE, size * FINE), radius, fill=part.attrib["fill"])
        else:
            _draw_lines(canvas, part.attrib, scale)
    return picture.resize((size, size), Image.Resampling.LANCZOS)


def _draw_lines(canvas: ImageDraw.ImageDraw, path: dict[str, str], scale: float) -> None:
    half = float(path["stroke-width"]) * scale / 2
    for found in LINE.finditer(path["d"]):
        left, y, length = (float(figure) * scale for figure in found.groups())
        ends = (left - half, y - half, left + length + half, y + half)
        canvas.rounded_rectangle(ends, half, fill=path["stroke"])


def main() -> None:
    """Write all of them."""
    for name, (size, round_corners) in PICTURES.items():
        draw(size, round_corners=round_corners).save(STATIC / "icons" / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
