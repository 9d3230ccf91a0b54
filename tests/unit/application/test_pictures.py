"""The eye for pictures: bombs, lies, metadata, orientation."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from PIL import Image

from services.application.documents import picture_decoding, picture_memory, picture_worker
from services.application.documents.picture_memory import WHOLE_PIXELS, jpeg_scale, memory_needed
from services.application.documents.pictures import (
    LEAST_SIDE_PIXELS,
    LONGEST_KEPT_SIDE_PIXELS,
    MOST_PIXELS,
    PictureInspector,
    picture_pool,
)
from services.application.documents.ports import InspectedPage, InspectionBusy, InspectionUnavailable, PictureRefused
from shared.workers.limits import WorkerLimits
from shared.workers.pool import WorkerFigures, WorkerPool
from shared.workers.port import WorkerLost, WorkerNotStarted, WorkersBusy
from tests.unit.application.world import picture
from tests.unit.shared_workers.failing import Failing


class Eye:
    """Looks at the first page."""

    def look_at(self, content: bytes, media_type: str) -> InspectedPage:
        return PictureInspector().look_at(content, media_type).pages[0]


EYE = Eye()
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


def opened(found: InspectedPage) -> Image.Image:
    return Image.open(io.BytesIO(found.content))


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize(("width", "height"), [(30_000, 30_000), (20_000, 10_001)], ids=["far over", "just over"])
def test_a_picture_that_unfolds_too_far_is_refused_before_it_does(width: int, height: int) -> None:
    content = bomb(width, height)
    assert width * height > MOST_PIXELS
    assert len(content) < 1_000_000
    assert refusal(content, "image/png") == "too_many_pixels"


def test_a_picture_at_the_limit_is_taken_and_one_pixel_more_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture_decoding, "MOST_PIXELS", 640 * 400)
    assert EYE.look_at(picture(640, 400), "image/jpeg").width == 640
    assert refusal(picture(641, 400)) == "too_many_pixels"


def test_a_large_picture_is_scaled_down() -> None:
    assert EYE.look_at(picture(4_000, 1_500), "image/jpeg").width == LONGEST_KEPT_SIDE_PIXELS


@pytest.mark.parametrize("image_format", ["JPEG", "PNG"])
def test_a_good_picture_is_written_anew_as_jpeg(image_format: str) -> None:
    found = EYE.look_at(picture(image_format=image_format), f"image/{image_format.lower()}")
    assert (found.width, found.height, found.media_type, found.flags) == (640, 400, "image/jpeg", ())
    assert opened(found).format == "JPEG"


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


@pytest.mark.acceptance("F44.too_small")
def test_size_and_shape_decide() -> None:
    assert EYE.look_at(picture(LEAST_SIDE_PIXELS, LEAST_SIDE_PIXELS), "image/jpeg").flags == ()
    assert refusal(picture(LEAST_SIDE_PIXELS - 1, LEAST_SIDE_PIXELS)) == "too_small"
    assert EYE.look_at(picture(1600, 400), "image/jpeg").flags == ()
    assert EYE.look_at(picture(1601, 400), "image/jpeg").flags == ("odd_shape",)


def test_lies_and_broken_pictures_are_refused() -> None:
    assert refusal(b"%PDF-1.7 " + b"x" * 500) == "broken_picture"
    assert refusal(b"") == "not_a_picture"
    assert refusal(picture(image_format="GIF")) == "not_a_picture"
    assert refusal(picture()[:3_000]) == "broken_picture"
    assert refusal(b"\xff\xd8\xff\xe0" + b"\x00" * 600) == "broken_picture"
    assert refusal(picture(image_format="PNG")[:1_500], "image/png") == "broken_picture"


async def test_the_loop_is_not_held_up() -> None:
    [page] = (await PictureInspector().inspect(picture(), "image/jpeg", "ktp")).pages
    assert page.width == 640


# what it takes


def megapixels(count: float, image_format: str = "JPEG", mode: str = "RGB", **words: Any) -> bytes:
    height = int((count * 1_000_000 * 3 / 4) ** 0.5)
    written = io.BytesIO()
    Image.linear_gradient("L").resize((height * 4 // 3, height)).convert(mode).save(written, image_format, **words)
    return written.getvalue()


@pytest.mark.parametrize(
    ("size", "scale"),
    [((4000, 3000), 1), ((4100, 3100), 2), ((7303, 5477), 2), ((5999, 5999), 2), ((12_000, 3_000), 4), ((600, 400), 1)],
    ids=str,
)
def test_a_jpeg_is_divided_while_it_is_decoded(size: tuple[int, int], scale: int) -> None:
    assert jpeg_scale(*size) == scale
    assert (size[0] // scale) * (size[1] // scale) <= WHOLE_PIXELS


def test_what_a_picture_needs_is_told_from_its_header() -> None:
    def needs(content: bytes, scale: int = 1) -> int:
        return memory_needed(Image.open(io.BytesIO(content)), content, scale)

    pixels = 1154 * 866
    assert needs(megapixels(1)) == pytest.approx(4 * pixels, rel=0.01)
    assert needs(megapixels(1, mode="L")) == pytest.approx(pixels, rel=0.01)
    assert needs(megapixels(1), 2) == pytest.approx(pixels, rel=0.01)
    assert needs(megapixels(1, progressive=True)) == pytest.approx((4 + 3) * pixels, rel=0.01)
    assert needs(megapixels(1, "PNG")) == pytest.approx(4 * pixels, rel=0.01)


@pytest.mark.parametrize("image_format", ["JPEG", "PNG"])
def test_a_picture_that_needs_too_much_memory_is_refused_before_it_is_decoded(
    image_format: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = megapixels(1, image_format)
    needed = memory_needed(Image.open(io.BytesIO(content)), content, 1)
    monkeypatch.setattr(picture_memory, "LARGEST_DECODED_BYTES", needed)
    assert EYE.look_at(content, f"image/{image_format.lower()}").width > 1000
    monkeypatch.setattr(picture_memory, "LARGEST_DECODED_BYTES", needed - 1)
    assert refusal(content, f"image/{image_format.lower()}") == "too_much_memory"


def test_broken_metadata_does_no_harm() -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = ROTATED_90
    content = (
        picture(exif=exif).replace(b"Exif\x00\x00MM", b"Exif\x00\x00XX").replace(b"Exif\x00\x00II", b"Exif\x00\x00XX")
    )
    assert EYE.look_at(content, "image/jpeg").width == 640


# the processes


@pytest.fixture
async def eye() -> AsyncIterator[PictureInspector]:
    """Looks by a process of its own."""
    pool = picture_pool(1, WorkerFigures())
    yield PictureInspector(pool)
    await pool.close()


async def test_a_process_of_its_own_decodes_one_picture_after_another(eye: PictureInspector) -> None:
    assert (await eye.inspect(picture(), "image/jpeg", "ktp")).pages[0].width == 640
    with pytest.raises(PictureRefused, match="not_a_picture"):
        await eye.inspect(b"x" * 600, "image/jpeg", "ktp")
    found = await eye.inspect(picture(image_format="PNG"), "image/png", "ktp")
    assert found == PictureInspector().look_at(picture(image_format="PNG"), "image/png")


async def test_memory_that_is_not_there_is_a_refusal_and_the_next_picture_passes() -> None:
    pool = WorkerPool("pictures", picture_worker.__name__, WorkerLimits(memory_bytes=64 * 1024 * 1024))
    small = PictureInspector(pool)
    with pytest.raises(PictureRefused, match="too_much_memory"):
        await small.inspect(megapixels(12), "image/jpeg", "ktp")
    assert (await small.inspect(picture(), "image/jpeg", "ktp")).pages[0].width == 640
    await pool.close()


def test_memory_that_is_refused_in_the_middle_is_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def beyond(*_given: Any) -> None:
        raise MemoryError

    monkeypatch.setattr(picture_worker, "decode_pages", beyond)
    assert refusal(picture()) == "too_much_memory"


async def test_what_a_decoder_breaks_on_is_a_broken_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    def surprising(*_given: Any) -> None:
        raise struct.error("a place")

    monkeypatch.setattr(picture_worker, "decode_pages", surprising)
    with pytest.raises(PictureRefused, match="broken_picture"):
        await PictureInspector().inspect(picture(), "image/jpeg", "ktp")


@pytest.mark.parametrize(
    ("error", "told"),
    [(WorkerLost, PictureRefused), (WorkerNotStarted, InspectionUnavailable), (WorkersBusy, InspectionBusy)],
)
async def test_workers_that_do_not_answer_are_told_apart(error: type[Exception], told: type[Exception]) -> None:
    with pytest.raises(told) as ended:
        await PictureInspector(Failing(error)).inspect(picture(), "image/jpeg", "ktp")
    assert str(ended.value) == ("not_decoded" if told is PictureRefused else "")
