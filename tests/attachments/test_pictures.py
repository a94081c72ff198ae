"""What becomes of pictures, good and bad."""

import io

import pytest
from PIL import Image

from conversations.attachments import pictures
from conversations.attachments.pictures import DamagedPicture, HugePicture, Picture

from . import samples

START, SCAN, END = b"\xff\xd8", b"\xff\xda", b"\xff\xd9"


def read(content: bytes) -> Picture | None:
    """Read a picture."""
    return pictures.read(io.BytesIO(content))


def kept(content: bytes) -> Image.Image:
    """Return the picture that is kept of `content`."""
    picture = read(content)
    assert picture
    image = samples.opened(picture.content)
    assert image.size == (picture.width, picture.height)
    assert {"image/png": "PNG", "image/jpeg": "JPEG"}[picture.media_type] == image.format
    return image


def kept_bytes(content: bytes) -> bytes:
    """Return what is kept of `content`, as it lies on the disk."""
    picture = read(content)
    assert picture
    return picture.content


def is_close(color: object, wanted: tuple[int, ...]) -> bool:
    """Tell whether two colours look the same."""
    assert isinstance(color, tuple)
    return all(abs(one - other) < 12 for one, other in zip(color, wanted, strict=True))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP"])
def test_every_kind_is_written_anew_with_its_colour(kind):
    image = kept(samples.picture(kind))
    assert is_close(image.convert("RGB").getpixel((20, 10)), samples.RED)


@pytest.mark.parametrize(
    ("mode", "color", "seen"),
    [
        ("CMYK", (0, 255, 255, 0), (254, 0, 0)),
        ("L", 130, (130, 130, 130)),
        ("1", 1, (255, 255, 255)),
        ("P", 0, (0, 0, 0)),
        ("I;16", 0x8000, (128, 128, 128)),
        ("LA", (90, 255), (90, 90, 90)),
    ],
)
def test_every_way_to_write_colours_is_seen_as_it_is(mode, color, seen):
    kind = "JPEG" if mode == "CMYK" else "PNG"
    image = kept(samples.picture(kind, mode=mode, color=color))
    assert is_close(image.convert("RGB").getpixel((3, 3)), seen)


def test_what_is_transparent_stays_so_and_what_is_not_takes_no_room_for_it():
    assert kept(samples.picture(mode="RGBA", color=(1, 2, 3, 100))).getpixel((3, 3)) == (1, 2, 3, 100)
    assert kept(samples.picture("WEBP", mode="RGBA", color=(1, 2, 3, 100))).mode == "RGBA"
    assert kept(samples.picture(mode="RGBA", color=(1, 2, 3, 255))).mode == "RGB"


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_a_moving_picture_stands_still(kind):
    image = kept(samples.animation(kind))
    assert getattr(image, "n_frames", 1) == 1
    assert is_close(image.convert("RGB").getpixel((4, 4)), samples.RED)


def test_a_photo_stands_upright_and_tells_no_place():
    content = samples.photo()
    assert b"SecretCam" in content
    assert b"SecretNote" in content
    image = kept(content)
    assert image.size == (20, 40)
    assert is_close(image.getpixel((10, 5)), samples.RED)
    assert not image.getexif()
    assert not {"exif", "comment", "icc_profile"} & set(image.info)
    assert b"Secret" not in kept_bytes(content)


def test_of_several_photos_in_a_file_the_first_one_is_seen():
    photos = samples.several(samples.RED, (20, 30, 200))
    assert samples.opened(photos).format == "MPO"
    image = kept(photos)
    assert (image.format, image.size) == ("JPEG", (40, 20))
    assert is_close(image.getpixel((20, 10)), samples.RED)
    assert kept_bytes(photos).count(SCAN) == 1


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "JPEG"])
def test_what_a_camera_says_in_a_broken_way_spoils_no_picture(kind):
    assert kept(samples.picture(kind, exif=b"Exif\0\0broken")).size == (40, 20)


def test_a_photo_stands_upright_whatever_else_its_camera_says():
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Cam"
    # Its name where the width should be: read at leisure, but never written again.
    odd = exif.tobytes().replace(b"\x01\x0f", b"\x01\x00")
    assert kept(samples.picture("JPEG", exif=odd)).size == (20, 40)


def test_words_in_a_picture_file_are_gone():
    profile = b"x" * 200 + b"Secret"
    assert b"Secret" not in kept_bytes(samples.picture(icc_profile=profile))
    assert b"<script>" not in kept_bytes(samples.picture("GIF") + b"<script>alert(1)</script>")


def test_a_large_picture_becomes_as_large_as_models_look_at():
    assert kept(samples.picture("JPEG", size=(5000, 2500))).size == (2048, 1024)
    assert kept(samples.picture(size=(3, 9000))).size == (1, 2048)


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_picture_of_noise_is_made_small_enough(mode):
    noise = samples.noise(1500, mode)
    assert len(noise) > pictures.MAX_BYTES
    assert len(kept_bytes(noise)) <= pictures.MAX_BYTES


@pytest.mark.parametrize("size", [(30_000, 30_000), (10_000, 3_401), (2**31 - 1, 1)])
def test_a_picture_that_would_fill_the_memory_is_refused_before_it_is_unpacked(size):
    with pytest.raises(HugePicture):
        read(samples.bomb(*size))


def test_a_picture_with_more_or_less_behind_its_head_than_it_says():
    assert kept(samples.bomb(100, 100)).size == (100, 100)
    with pytest.raises(DamagedPicture):
        read(samples.bomb(10_000, 3_000)[:5_000])


def many_scans(photo: bytes) -> bytes:
    """Return a photo whose last scan comes once more for so many times that nobody waits for its end."""
    end = photo.rindex(END)
    return photo[:end] + photo[photo.rindex(SCAN) : end] * 64 + photo[end:]


def test_a_photo_that_would_take_an_hour_to_unpack_is_refused_before_it_is():
    photo = samples.picture("JPEG", size=(600, 400), progressive=True)
    assert kept(photo).size == (600, 400)
    with pytest.raises(DamagedPicture):
        read(many_scans(photo))


def test_no_end_of_another_picture_inside_hides_what_a_photo_is_made_of():
    photo = samples.picture("JPEG", size=(600, 400), progressive=True, exif=b"Exif\0\0" + START + END)
    assert kept(photo).size == (600, 400)
    with pytest.raises(DamagedPicture):
        read(many_scans(photo))


def test_a_photo_of_nothing_but_small_pieces_is_refused_before_they_are_counted():
    photo = samples.picture("JPEG")
    end = photo.rindex(END)
    with pytest.raises(DamagedPicture):
        read(photo[:end] + b"\xff\xfe\0\2" * 100_000 + photo[end:])


def test_the_film_behind_a_photo_is_not_taken_for_a_part_of_it():
    preview = samples.picture("JPEG", size=(16, 16))
    photo = samples.picture("JPEG", size=(300, 200), exif=b"Exif\0\0" + preview)
    assert kept(photo + (b"film" + SCAN) * 1000).size == (300, 200)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "BMP"])
def test_a_picture_that_is_cut_off_is_refused(kind):
    content = samples.picture(kind, size=(300, 300))
    for end in (len(content) // 2, len(content) - 30):
        try:
            assert read(content[:end]) is None
        except DamagedPicture:
            continue


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"BM is how this text begins",
        b"GIF89a",
        b"\x89PNG\r\n\x1a\n" + b"\0" * 100,
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"%!PS-Adobe-3.0 EPSF-3.0\n",
        b"II*\0" + b"\0" * 100,
        b"\0\0\0\x1cftypavif" + b"\0" * 100,
    ],
)
def test_what_is_none_of_the_five_kinds_is_no_picture(content):
    assert read(content) is None
