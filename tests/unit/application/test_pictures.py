"""The eye for pictures: bombs, lies, metadata, orientation."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from PIL import Image

from services.application.pictures import (
    LEAST_SIDE_PIXELS,
    LONGEST_KEPT_SIDE_PIXELS,
    MOST_PIXELS,
    PictureInspector,
)
from services.application.service.ports import Inspected, PictureRefused
from tests.unit.application.world import picture

EYE = PictureInspector()
ORIENTATION, MAKER = 0x0112, 0x010F
ROTATED_90 = 6


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few kilobytes that unfolds to width times height pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    packer = zlib.compressobj(9)
    row = b"\x00" * (1 + (width + 7) // 8)
    data = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def refusal(content: bytes, media_type: str = "image/jpeg") -> str:
    with pytest.raises(PictureRefused) as refused:
        EYE.look_at(content, media_type)
    return refused.value.reason


def opened(found: Inspected) -> Image.Image:
    return Image.open(io.BytesIO(found.content))


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize(("width", "height"), [(30_000, 30_000), (8_000, 5_001)], ids=["far over", "just over"])
def test_a_picture_that_unfolds_too_far_is_refused_before_it_does(width: int, height: int) -> None:
    content = bomb(width, height)
    assert width * height > MOST_PIXELS
    assert len(content) < 1_000_000
    assert refusal(content, "image/png") == "too_many_pixels"


def test_a_picture_at_the_limit_is_taken_and_scaled_down() -> None:
    found = EYE.look_at(bomb(8_000, 5_000), "image/png")
    assert max(found.width, found.height) == LONGEST_KEPT_SIDE_PIXELS


@pytest.mark.parametrize("image_format", ["JPEG", "PNG"])
def test_a_good_picture_is_written_anew_as_jpeg(image_format: str) -> None:
    found = EYE.look_at(picture(image_format=image_format), f"image/{image_format.lower()}")
    assert (found.width, found.height, found.media_type, found.flags) == (640, 400, "image/jpeg", ())
    assert opened(found).format == "JPEG"


@pytest.mark.acceptance("X17")
def test_a_picture_is_turned_upright_and_loses_what_the_camera_wrote() -> None:
    exif = Image.Exif()
    exif[ORIENTATION], exif[MAKER] = ROTATED_90, "A camera with a place"
    found = EYE.look_at(picture(exif=exif), "image/jpeg")
    assert (found.width, found.height) == (400, 640)
    assert not dict(opened(found).getexif())
    assert b"camera" not in found.content


def test_what_hides_behind_a_picture_is_gone() -> None:
    found = EYE.look_at(picture() + b"<script>alert(1)</script>", "image/jpeg")
    assert b"script" not in found.content


@pytest.mark.acceptance("F44")
def test_size_and_shape_decide() -> None:
    assert EYE.look_at(picture(LEAST_SIDE_PIXELS, LEAST_SIDE_PIXELS), "image/jpeg").flags == ()
    assert refusal(picture(LEAST_SIDE_PIXELS - 1, LEAST_SIDE_PIXELS)) == "too_small"
    assert EYE.look_at(picture(1600, 400), "image/jpeg").flags == ()
    assert EYE.look_at(picture(1601, 400), "image/jpeg").flags == ("odd_shape",)


def test_lies_and_broken_pictures_are_refused() -> None:
    assert refusal(b"%PDF-1.7 " + b"x" * 500) == "not_a_picture"
    assert refusal(b"") == "not_a_picture"
    assert refusal(picture(image_format="GIF")) == "not_a_picture"
    assert refusal(picture(), "image/png") == "type_is_not_as_declared"
    assert refusal(picture()[:3_000]) == "broken_picture"
    assert refusal(b"\xff\xd8\xff\xe0" + b"\x00" * 600) == "broken_picture"
    assert refusal(picture(image_format="PNG")[:1_500], "image/png") == "broken_picture"


def test_pictures_with_transparency_are_taken() -> None:
    buffer = io.BytesIO()
    Image.new("RGBA", (400, 400), (10, 20, 30, 40)).save(buffer, "PNG")
    assert EYE.look_at(buffer.getvalue(), "image/png").width == 400


async def test_the_loop_is_not_held_up() -> None:
    assert (await EYE.inspect(picture(), "image/jpeg", "ktp")).width == 640
