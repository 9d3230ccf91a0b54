"""Uploads of all kinds over HTTP: what phones and scanners write is kept as it looks, the rest is refused with a reason
that helps."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any, Final

import numpy as np
import pytest
from PIL import Image

from services.application.picture_formats import MEDIA_TYPES, PIXELS_TAKEN, FileFormat
from tests.unit.application import odd_files
from tests.unit.application.browser import STREAM, Browser
from tests.unit.application.browser import browser as browser
from tests.unit.application.drawn_pictures import (
    COLOUR,
    COLOUR_ALPHA,
    GREY,
    GREY_ALPHA,
    PALETTE,
    SMALL,
    Drawn,
    Form,
    lost_lines,
    png_form,
    saved,
    write_png,
)
from tests.unit.application.test_http import ANSWERS
from tests.unit.application.world import World

PATH: Final = "/v1/applications"
BYTES: Final = "application/octet-stream"


@pytest.fixture(autouse=True)
def _loopback_allowed(socket_enabled: None) -> None:
    """Let these tests open sockets where the unit room blocks them."""


@pytest.fixture
async def documents(browser: Browser, world: World) -> str:
    """Where a citizen with an answered draft announces documents."""
    await world.meet()
    _, draft = await browser.ask("POST", PATH, json={"applicant_id": "appl"})
    path = f"{PATH}/{draft['application_id']}"
    assert (await browser.ask("PUT", f"{path}/questionnaire", json=ANSWERS))[0] == 200
    return f"{path}/documents"


async def announce(browser: Browser, documents: str, size_bytes: int, media_type: str = BYTES) -> tuple[int, Any]:
    body = {"requirement": "ktp", "file_name": "budi", "media_type": media_type, "size_bytes": size_bytes}
    return await browser.ask("POST", documents, json=body)


async def send(browser: Browser, url: str, content: bytes) -> tuple[int, Any]:
    headers = {"Upload-Offset": "0", "Content-Type": STREAM}
    return await browser.ask("PATCH", url, data=content, headers=headers)


async def upload(browser: Browser, documents: str, content: bytes, media_type: str = BYTES) -> Any:
    status, begun = await announce(browser, documents, len(content), media_type)
    assert status == 201, begun
    status, done = await send(browser, begun["upload_url"], content)
    assert status == 200, done
    return done


async def kept(browser: Browser, documents: str, content: bytes, media_type: str = BYTES) -> Any:
    """The picture that is kept of an upload, which must be accepted."""
    done = await upload(browser, documents, content, media_type)
    assert (done["state"], done["reason"], done["flags"]) == ("accepted", None, [])
    status, picture = await browser.ask("GET", done["upload_url"])
    assert status == 200
    return np.asarray(Image.open(io.BytesIO(picture)))


def mif1() -> bytes:
    """A HEIC that names neither phone nor camera format, only the general brand."""
    content = bytearray(Form("HEIF").drawn().content)
    ends = int.from_bytes(content[:4], "big")
    for at in (8, *range(16, ends, 4)):
        if content[at : at + 4] in (b"heic", b"heix"):
            content[at : at + 4] = b"mif1"
    return bytes(content)


KEPT: Final[dict[str, Callable[[], Drawn]]] = {
    "clear paper, RGBA": lambda: png_form(COLOUR_ALPHA, 8, "alpha"),
    "clear paper, RGBA of 16 bits": lambda: png_form(COLOUR_ALPHA, 16, "alpha"),
    "clear paper, LA": lambda: png_form(GREY_ALPHA, 8, "alpha"),
    "clear paper, palette": lambda: png_form(PALETTE, 8, "shades"),
    "clear paper, RGB by a colour": lambda: png_form(COLOUR, 8, "key"),
    "clear paper, RGB of 16 bits by a colour": lambda: png_form(COLOUR, 16, "key"),
    "clear paper, grey of 2 bits by a shade": lambda: png_form(GREY, 2, "key"),
    "16-bit grey": lambda: png_form(GREY, 16, ""),
    "1 bit": lambda: png_form(GREY, 1, ""),
    "HEIC": lambda: Form("HEIF").drawn(),
    "HEIC of ten bits": lambda: Form("HEIF", words=(("depth", 10),)).drawn(),
    "HEIF by its general brand": lambda: Drawn(mif1(), Form("HEIF").drawn().look),
    "AVIF": lambda: Form("AVIF", words=(("speed", 10), ("subsampling", "4:4:4"), ("quality", 92))).drawn(),
    "WebP": lambda: Form("WEBP", words=(("quality", 92), ("method", 0))).drawn(),
    "TIFF, group 4": lambda: Form("TIFF", "1", words=(("compression", "group4"),)).drawn(),
    "PDF": lambda: Form("PDF", words=(("resolution", 300),)).drawn(),
    "Display P3": lambda: Form("JPEG", "RGB", "p3", words=(("quality", 92),)).drawn(),
    "CMYK with a profile": lambda: Form("JPEG", "CMYK", "inks").drawn(),
    "CMYK without one": lambda: Form("JPEG", "CMYK").drawn(),
    "turned, with odd entries of EXIF": lambda: Drawn(
        saved(
            Image.fromarray(Form("JPEG").drawn().look).transpose(Image.Transpose.ROTATE_90),
            "JPEG",
            quality=92,
            exif=odd_files.odd_exif(6),
        ),
        Form("JPEG").drawn().look,
    ),
    "JPEG without its last two bytes": lambda: Drawn(odd_files.jpeg()[:-2], Form("JPEG").drawn().look),
    "animated PNG": lambda: Drawn(odd_files.animated_png(), Form("PNG").drawn().look),
    "PNG with a long text": lambda: Drawn(odd_files.png_with_long_text(), Form("PNG").drawn().look),
}


@pytest.mark.acceptance("Y26.kept_as_it_looks")
@pytest.mark.parametrize("kind", KEPT)
async def test_a_valid_picture_is_kept_as_it_looks(kind: str, browser: Browser, documents: str) -> None:
    drawn = KEPT[kind]()
    seen = await kept(browser, documents, drawn.content)
    assert seen.shape == drawn.look.shape
    assert np.abs(seen.astype(float) - drawn.look).mean() <= 3
    assert lost_lines(seen) == 0


@pytest.mark.acceptance("Y26.kept_as_it_looks")
async def test_all_hairlines_of_a_page_scanned_in_one_bit_are_kept(browser: Browser, documents: str) -> None:
    page = np.ones((7016, 4960), np.uint8)
    page[200:6800, 80:4880:16] = 0  # 300 lines of one pixel at 600 dots per inch
    content = write_png(page[:, :, None], 1, GREY)
    seen = await kept(browser, documents, content, "image/png")
    assert max(seen.shape) == 3000
    row = seen[1000:1010].mean(axis=(0, 2))
    dark = (row[1:-1] < row[:-2]) & (row[1:-1] <= row[2:]) & (row[1:-1] < 200)
    assert dark.sum() == 300


@pytest.mark.acceptance("Y26.kept_as_it_looks")
async def test_a_jpeg_of_50_megapixels_is_kept(browser: Browser, documents: str) -> None:
    content = saved(odd_files.drawing(mode="L").resize((8160, 6120)), "JPEG")
    seen = await kept(browser, documents, content, "image/jpeg")
    assert seen.shape == (2250, 3000, 3)


@pytest.mark.acceptance("Y26.kept_as_it_looks")
@pytest.mark.parametrize(
    "media_type", ["image/jpg", "IMAGE/JPEG", BYTES, "", "image/png", "application/pdf", "image/tif"]
)
async def test_the_bytes_say_what_a_file_is(media_type: str, browser: Browser, documents: str) -> None:
    await kept(browser, documents, odd_files.jpeg(), media_type)


@pytest.mark.acceptance("Y26.or_refused")
@pytest.mark.parametrize("media_type", ["video/mp4", "text/html", "image/svg+xml", "application/zip", "x" * 90])
async def test_another_type_is_refused_before_a_byte_is_sent(media_type: str, browser: Browser, documents: str) -> None:
    status, problem = await announce(browser, documents, 1000, media_type)
    assert (status, problem["code"], problem["field"]) == (415, "file_type_not_taken", "/media_type")
    assert problem["accepted"] == list(MEDIA_TYPES)


@pytest.mark.acceptance("Y26.or_refused")
@pytest.mark.parametrize("size_bytes", [300_000, 9_000_000], ids=["in memory", "stored"])
async def test_another_file_is_refused_by_its_first_piece(
    size_bytes: int, browser: Browser, documents: str, world: World
) -> None:
    _, begun = await announce(browser, documents, size_bytes, "image/jpeg")
    status, done = await send(browser, begun["upload_url"], b"<html><p>no picture at all</p>" * 50)
    assert (status, done["state"], done["reason"]) == (200, "refused", "not_a_picture")
    assert await world.file_ids() == []
    status, done = await send(browser, begun["upload_url"], odd_files.jpeg())
    assert (status, done["state"]) == (200, "refused")


async def test_a_first_piece_that_is_too_short_to_tell_waits_for_the_next(browser: Browser, documents: str) -> None:
    content = odd_files.vector_pdf(300, 400)
    _, begun = await announce(browser, documents, len(content), "application/pdf")
    _, part = await send(browser, begun["upload_url"], content[:3])
    assert (part["state"], part["upload_offset"]) == ("uploading", 3)
    headers = {"Upload-Offset": "3", "Content-Type": STREAM}
    _, done = await browser.ask("PATCH", begun["upload_url"], data=content[3:], headers=headers)
    assert done["state"] == "accepted"


def half(content: bytes) -> bytes:
    return content[: len(content) // 2]


REFUSED: Final[dict[str, tuple[Callable[[], bytes], str]]] = {
    "a white page": (lambda: odd_files.plain(255), "one_tone"),
    "a black page": (lambda: odd_files.plain(0), "one_tone"),
    "a grey cover before the lens": (lambda: odd_files.plain(93), "one_tone"),
    "a clear page": (lambda: saved(Image.new("RGBA", SMALL), "PNG"), "one_tone"),
    "a PDF of white pages": (lambda: odd_files.pdf(*[b"/MediaBox [0 0 300 400]"] * 2), "one_tone"),
    "a locked PDF": (odd_files.locked_pdf, "encrypted_pdf"),
    "a PDF of eleven pages": (lambda: odd_files.pdf(*[b"/MediaBox [0 0 300 400]"] * 11), "too_many_pages"),
    "a PDF without pages": (odd_files.pdf, "broken_picture"),
    "a TIFF of eleven pages": (lambda: odd_files.pages("TIFF", 11), "too_many_pages"),
    "a JPEG that breaks off": (lambda: odd_files.cut(odd_files.jpeg(), 0.6), "broken_picture"),
    "a PNG that breaks off": (lambda: half(Form("PNG").drawn().content), "broken_picture"),
    "a HEIC that breaks off": (lambda: half(Form("HEIF").drawn().content), "broken_picture"),
    "a WebP that breaks off": (lambda: half(Form("WEBP").drawn().content), "broken_picture"),
    "a WebP that is only a head": (lambda: b"RIFF\x10\0\0\0WEBPVP8 ", "broken_picture"),
    "an AVIF that breaks off": (lambda: half(Form("AVIF", words=(("speed", 10),)).drawn().content), "broken_picture"),
    "a TIFF that breaks off": (lambda: half(Form("TIFF").drawn().content), "broken_picture"),
    "the head of a PDF": (lambda: b"%PDF-1.7\n" + bytes(3000), "broken_picture"),
    "a stamp": (lambda: odd_files.jpeg((120, 80)), "too_small"),
    "a strip of a page": (lambda: odd_files.vector_pdf(2000, 50), "too_small"),
    "a page whose picture claims to be huge": (lambda: odd_files.pdf_with_picture((60_000, 60_000)), "too_much_memory"),
    "an empty file": (lambda: b"\0", "not_a_picture"),
    "a film": (lambda: b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(3000), "not_a_picture"),
}


@pytest.mark.acceptance("Y26.or_refused")
@pytest.mark.parametrize("kind", REFUSED)
async def test_what_is_not_kept_is_refused_with_a_reason_that_helps(
    kind: str, browser: Browser, documents: str, world: World
) -> None:
    make, reason = REFUSED[kind]
    done = await upload(browser, documents, make())
    assert (done["state"], done["reason"]) == ("refused", reason)
    assert done["reason_text"].endswith(".") and done["reason_text"] != reason.replace("_", " ")
    assert done["reason_text_id"].endswith(".") and done["reason_text_id"] != done["reason_text"]
    assert await world.file_ids() == []


async def test_a_jpeg_that_breaks_off_before_its_end_mark_is_flagged(browser: Browser, documents: str) -> None:
    done = await upload(browser, documents, odd_files.cut(odd_files.jpeg(), 0.6) + odd_files.END_MARK)
    assert (done["state"], done["flags"]) == ("flagged", ["rest_is_missing"])


@pytest.mark.acceptance("X17.size_told", "X17.formats_told")
async def test_formats_and_limits_are_told_before(browser: Browser) -> None:
    status, told = await browser.ask("GET", "/v1/requirements")
    assert status == 200
    assert told["media_types"] == [
        "image/jpeg",
        "image/png",
        "image/heic",
        "image/heif",
        "image/avif",
        "image/webp",
        "image/tiff",
        "application/pdf",
    ]
    assert (told["largest_upload_bytes"], told["least_side_pixels"], told["most_pages"]) == (10 * 1024 * 1024, 300, 10)
    assert told["pixels_taken"]["image/jpeg"] == 200_000_000
    assert told["pixels_taken"]["image/heic"] == PIXELS_TAKEN[FileFormat.HEIF]
    assert set(told["pixels_taken"]) == set(told["media_types"])
