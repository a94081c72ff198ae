"""Pictures: read with care, made smaller, and written anew.

What is kept is always an encoding of our own, without whatever else the file held: places and names of cameras, a
second file behind the first, the trap for another program. Pillow reads the five formats named here and no other.
"""

import contextlib
import io
import re
import threading
from collections.abc import Iterator
from itertools import islice
from typing import IO, NamedTuple

from PIL import ExifTags, Image

# Pixels on the long side. Models that see scale a picture down to a square of some hundreds, or cut it into a few.
MAX_SIDE = 2048
# A screen of "8K" has 33 million, a telephone's camera 50. A JPEG is decoded at a part of its size, but one that is
# progressive holds two bytes for each pixel and channel; Pillow's reader of WebP holds a picture four times.
MAX_PIXELS = {"JPEG": 51_000_000, "WEBP": 20_000_000, "PNG": 34_000_000, "GIF": 34_000_000, "BMP": 34_000_000}
# Of a picture as it is kept and sent.
MAX_BYTES = 2 * 1024 * 1024
_JPEG_QUALITY = 88
_LOSSLESS = frozenset({"PNG", "GIF", "BMP"})
_MEDIA_TYPES = {"PNG": "image/png", "JPEG": "image/jpeg"}
_PATIENCE_SECONDS = 20
# Pillow's name for a JPEG that others follow in the same file, as cameras and telephones write them.
_SEVERAL_JPEGS = "MPO"
# A progressive JPEG is written in ten scans or so, each of which costs as much time as the whole picture: a file of
# ten megabytes has room for so many that they took more than an hour.
_MAX_SCANS = 64
# Many more than a photo with its profiles and preview has; they are counted in Python.
_MAX_SEGMENTS = 4096
# What may end the pixels of a scan, and is followed by its length but at the two ends of a picture.
_MARKER = re.compile(rb"\xff([\xc0-\xcf\xd8-\xfe])")
_START, _END, _SCAN = 0xD8, 0xD9, 0xDA
# By what a camera that was turned says of it.
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

_reading = threading.Lock()


class PictureError(Exception):
    """Why a picture is not taken."""


class DamagedPicture(PictureError):
    """It begins like a picture, but cannot be read to its end."""


class HugePicture(PictureError):
    """It has more pixels than `limit`."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self.limit = limit


class TooManyPictures(PictureError):
    """Others are being read, and it did not come to its turn."""


class Picture(NamedTuple):
    """A picture as it is kept; width and height in pixels."""

    content: bytes
    media_type: str
    width: int
    height: int


def read(file: IO[bytes], *, keeps_own: bool = False) -> Picture | None:
    """Return the picture that `file` holds, None where it holds none. Raises PictureError.

    `keeps_own`: a JPEG as this module writes them stays as it is, for each writing costs some of the picture.
    """
    with _turn():
        image = _opened(file)
        if image is None:
            return None
        with image:
            kind = _kind(image)
            limit = MAX_PIXELS[kind]
            if image.width * image.height > limit:
                raise HugePicture(limit)
            if kind == "JPEG":
                _refuse_endless(file)
                if keeps_own and is_own(content := _whole(file), image):
                    return Picture(content, "image/jpeg", image.width, image.height)
            return _written_anew(image)


def _whole(file: IO[bytes]) -> bytes:
    """Return the bytes of a file, which is left where it was."""
    place = file.tell()
    file.seek(0)
    content = file.read()
    file.seek(place)
    return content


def _kind(image: Image.Image) -> str:
    """Return which of the formats a picture has that was opened."""
    return "JPEG" if image.format == _SEVERAL_JPEGS else image.format or ""


def _refuse_endless(file: IO[bytes]) -> None:
    """Refuse a JPEG with more scans than anybody writes; the file is left where it was. Raises DamagedPicture."""
    markers = list(islice(_markers(_whole(file)), _MAX_SEGMENTS + 1))
    if len(markers) > _MAX_SEGMENTS or markers.count(_SCAN) > _MAX_SCANS:
        raise DamagedPicture


def _markers(content: bytes) -> Iterator[int]:
    """Yield the markers of a JPEG up to its end, behind which other pictures and films may follow."""
    place = 0
    while (found := _MARKER.search(content, place)) and (kind := found[1][0]) != _END:
        yield kind
        place = found.end()
        if kind != _START:
            place += max(2, int.from_bytes(content[place : place + 2]))


@contextlib.contextmanager
def _turn() -> Iterator[None]:
    """Read one picture at a time: several at once would need the memory of several."""
    if not _reading.acquire(timeout=_PATIENCE_SECONDS):
        raise TooManyPictures
    try:
        yield
    finally:
        _reading.release()


def _opened(file: IO[bytes]) -> Image.Image | None:
    """Read the head of a file; nothing of the picture itself is decoded yet."""
    try:
        return Image.open(file, formats=list(MAX_PIXELS))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise HugePicture(max(MAX_PIXELS.values())) from error
    except Exception:  # noqa: BLE001 -- a text may begin like a picture, and each format fails in ways of its own
        return None


def _written_anew(image: Image.Image) -> Picture:
    try:
        # A large JPEG is decoded at half its size, or less, at once.
        image.draft(None, (MAX_SIDE, MAX_SIDE))
        plain = _plain(image)
        plain.thumbnail((MAX_SIDE, MAX_SIDE))
        plain = _upright(plain)
        plain.info.clear()
        return _encoded(plain, is_lossless=_kind(image) in _LOSSLESS)
    except Exception as error:  # as above
        raise DamagedPicture from error


def _upright(image: Image.Image) -> Image.Image:
    """Turn a picture as its camera says it was held; what cannot be read of that spoils no pixel."""
    try:
        turn = _UPRIGHT.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # noqa: BLE001 -- as above
        return image
    return image if turn is None else image.transpose(turn)


def _plain(image: Image.Image) -> Image.Image:
    """Return the first frame in grey or in colours, with transparency where some of it is transparent."""
    if image.mode.startswith("I"):
        # 16 bits of grey: the lower ones are cut off, not the brighter half of the picture.
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    if image.mode in {"1", "L"} and "transparency" not in image.info:
        return _as(image, "L")
    if image.has_transparency_data:
        clear = _as(image, "RGBA")
        opaque = clear.getchannel("A").histogram()[255]
        return clear if opaque < image.width * image.height else clear.convert("RGB")
    return _as(image, "RGB")


def _as(image: Image.Image, mode: str) -> Image.Image:
    """Return an image in this mode, itself where it has it already: a copy would take as much memory again."""
    return image if image.mode == mode else image.convert(mode)


def _encoded(image: Image.Image, *, is_lossless: bool) -> Picture:
    """Return it as it was, if small enough so, else as a JPEG, else at half its size, and so on."""
    kinds = ["PNG"] if image.mode == "RGBA" else ["PNG", "JPEG"] if is_lossless else ["JPEG"]
    while True:
        for kind in kinds:
            content = _bytes(image, kind)
            if len(content) <= MAX_BYTES:
                return Picture(content, _MEDIA_TYPES[kind], image.width, image.height)
        image = image.reduce(2)


def _bytes(image: Image.Image, kind: str) -> bytes:
    target = io.BytesIO()
    image.save(target, kind, quality=_JPEG_QUALITY)
    return target.getvalue()


# --- A JPEG of our own

# What a JPEG written here consists of: JFIF's mark, two kinds of tables, the frame and one scan.
_OWN_SEGMENTS = {_START, 0xE0, 0xDB, 0xC0, 0xC4, _SCAN}
# Behind it come the pixels alone; ours have 623 bytes at most.
_OWN_HEAD = 640


def is_own(content: bytes, image: Image.Image) -> bool:
    """Tell whether a JPEG, just opened as `image`, is like one written here in all but its pixels.

    It has such segments alone and such tables, is small enough, can be decoded, and nothing stands behind it.
    """
    markers = list(_markers(content))
    scan = content.find(b"\xff\xda")
    is_plain = set(markers) <= _OWN_SEGMENTS and markers.count(_SCAN) == 1 and 0 < scan < _OWN_HEAD
    if not is_plain or content.find(b"\xff\xd9", scan) != len(content) - 2:
        return False
    if max(image.size) > MAX_SIDE or len(content) > MAX_BYTES or image.mode not in {"L", "RGB"}:
        return False
    own = Image.open(io.BytesIO(_bytes(Image.new(image.mode, (16, 16)), "JPEG")))
    try:
        image.load()
    except Exception:  # noqa: BLE001 -- as above; what cannot be decoded is told of where it is written anew
        return False
    return bool(image.quantization == own.quantization)  # type: ignore[attr-defined] # a JPEG has them
