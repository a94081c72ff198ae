"""Files as people, and others, send them."""

import io
import os
import struct
import zlib
from typing import Any

from PIL import Image

RED = (200, 30, 20)


def picture(
    kind: str = "PNG", size: tuple[int, int] = (40, 20), mode: str = "RGB", color: Any = None, **more: Any
) -> bytes:
    """Return a picture of one colour, red where there are colours."""
    target = io.BytesIO()
    fill = color if color is not None else RED if mode == "RGB" else 0
    Image.new(mode, size, fill).save(target, kind, **more)
    return target.getvalue()


def photo() -> bytes:
    """Return a photo that was taken with the camera turned, with the place in it: 40 × 20, red left and blue right."""
    image = Image.new("RGB", (40, 20), RED)
    image.paste((20, 30, 200), (20, 0, 40, 20))
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "SecretCam"
    exif[0x8825] = {1: "N", 2: (48.0, 8.0, 14.0), 3: "E", 4: (11.0, 34.0, 31.0)}
    target = io.BytesIO()
    image.save(target, "JPEG", quality=95, exif=exif.tobytes(), comment=b"SecretNote")
    return target.getvalue()


def bomb(width: int, height: int) -> bytes:
    """Return a PNG that says it is so large, and unpacks to zeros for as long."""
    packed = zlib.compressobj(9)
    rows = b"".join(packed.compress(b"\0" * 1_000_000) for _ in range(100)) + packed.flush()
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", rows) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def noise(side: int, mode: str = "RGB") -> bytes:
    """Return a square PNG as large as its pixels: nothing in it repeats."""
    target = io.BytesIO()
    content = os.urandom(side * side * len(mode))
    Image.frombytes(mode, (side, side), content).save(target, "PNG", compress_level=1)
    return target.getvalue()


def animation(kind: str) -> bytes:
    """Return a moving picture: red first, then blue."""
    frames = [Image.new("RGB", (8, 8), color) for color in (RED, (20, 30, 200))]
    target = io.BytesIO()
    frames[0].save(target, kind, save_all=True, append_images=frames[1:], duration=100, loop=0)
    return target.getvalue()


def several(*colors: tuple[int, int, int]) -> bytes:
    """Return JPEGs of these colours in one file, as cameras write them: the first one is the picture."""
    first, *others = [Image.new("RGB", (40, 20), color) for color in colors]
    target = io.BytesIO()
    first.save(target, "MPO", save_all=True, append_images=others)
    return target.getvalue()


def opened(content: bytes) -> Image.Image:
    """Return a picture with all that its file holds."""
    image = Image.open(io.BytesIO(content))
    image.load()
    return image
