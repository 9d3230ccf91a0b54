"""Pages of files, and what is told of a file before it is decoded."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from PIL import Image

from services.application.documents import pdf_pages, picture_decoding, picture_memory
from services.application.documents.file_pages import open_pages
from services.application.documents.jpeg_structure import has_end, has_several_scans, lacks_scans, read_orientation
from services.application.documents.pdf_pages import rendered_pages
from services.application.documents.picture_colours import PLAIN, flatten, to_srgb
from services.application.documents.picture_decoding import Decoded, decode_pages
from services.application.documents.picture_memory import (
    DECODER_BYTES,
    LARGEST_DECODED_BYTES,
    LARGEST_PIXEL_BYTES,
    memory_needed,
    reduction,
    refuse_large,
    webp_size,
)
from services.application.documents.picture_signature import sniff
from services.application.documents.picture_tones import has_one_tone
from services.application.documents.pictures import PictureInspector
from services.application.documents.ports import PictureRefused
from services.application.documents.unusable import Unusable
from services.application.picture_formats import PIXELS_TAKEN, FileFormat
from tests.unit.application import odd_files
from tests.unit.application.drawn_pictures import COLOUR_ALPHA, GREY, SMALL, Form, png_form, saved, to_values


def refusal(content: bytes) -> str:
    with pytest.raises(Unusable) as refused:
        decode_pages(content)
    return refused.value.reason


# -- what a file is ---------------------------------------------------------------------------------------------------


def brands(*names: bytes) -> bytes:
    return struct.pack(">I4s4sI", 16 + 4 * len(names[1:]), b"ftyp", names[0], 0) + b"".join(names[1:])


@pytest.mark.parametrize(
    ("first_bytes", "file_format"),
    [
        (b"\xff\xd8\xff\xe0", FileFormat.JPEG),
        (b"\x89PNG\r\n\x1a\n", FileFormat.PNG),
        (b"RIFF\1\2\3\4WEBPVP8 ", FileFormat.WEBP),
        (b"RIFF\1\2\3\4WAVEfmt ", None),
        (b"II*\0", FileFormat.TIFF),
        (b"MM\0+\0\x08", FileFormat.TIFF),
        (brands(b"heic", b"mif1"), FileFormat.HEIF),
        (brands(b"heix"), FileFormat.HEIF),
        (brands(b"mif1", b"miaf"), FileFormat.HEIF),
        (brands(b"mif1", b"miaf", b"avif"), FileFormat.AVIF),
        (brands(b"avis"), FileFormat.AVIF),
        (brands(b"isom", b"mp42"), None),
        (b"junk before " + b"%PDF-1.4", FileFormat.PDF),
        (bytes(1020) + b"%PDF-1.4", None),
        (b"GIF89a", None),
        (b"", None),
    ],
)
def test_the_first_bytes_say_what_a_file_is(first_bytes: bytes, file_format: FileFormat | None) -> None:
    assert sniff(first_bytes) is file_format


# -- several pages ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("image_format", ["TIFF", "PDF"])
def test_the_pages_of_a_file_come_in_their_order(image_format: str) -> None:
    assert [page.width for page in decode_pages(odd_files.pages(image_format, 3))] == [400, 410, 420]
    assert len(decode_pages(odd_files.pages(image_format, 10))) == 10
    assert refusal(odd_files.pages(image_format, 11)) == "too_many_pages"


def test_small_copies_and_masks_in_a_tiff_are_no_pages() -> None:
    page, copy = odd_files.drawing(), odd_files.drawing((100, 141))
    copy.encoderinfo = {"tiffinfo": {254: 1}}
    content = saved(page, "TIFF", save_all=True, append_images=[copy, page])
    assert [found.width for found in decode_pages(content)] == [400, 400]
    only_copies = saved(page, "TIFF", tiffinfo={254: 1})
    assert refusal(only_copies) == "broken_picture"


def test_the_empty_back_of_a_sheet_is_flagged_among_others() -> None:
    sheets = [odd_files.drawing(), Image.new("RGB", SMALL, "white")]
    content = saved(sheets[0], "TIFF", save_all=True, append_images=sheets[1:])
    assert [page.flags for page in decode_pages(content)] == [(), ("one_tone",)]


# -- PDF --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("resolution", [72, 150, 600])
def test_a_page_of_one_picture_keeps_its_pixels(resolution: int) -> None:
    [page] = decode_pages(saved(odd_files.drawing(), "PDF", resolution=resolution))
    assert (page.width, page.height) == SMALL


def test_a_scanned_page_keeps_the_tones_of_its_picture() -> None:
    """Of a page that is turned the picture is rendered. That lines of one pixel are kept: test_kept_pictures.py."""
    picture = odd_files.drawing()
    [own] = decode_pages(saved(picture, "JPEG", quality=92))
    content = saved(picture, "PDF", quality=92, resolution=300)
    [page] = decode_pages(content)
    assert mean_difference(page, own) < 0.5
    [turned] = decode_pages(content.replace(b"/Type /Page\n", b"/Type /Page\n/Rotate 90\n"))
    assert (turned.width, turned.height) == (page.height, page.width)


def mean_difference(page: Decoded, other: Decoded) -> float:
    first, second = (np.asarray(Image.open(io.BytesIO(one.content))).astype(float) for one in (page, other))
    return float(np.abs(first - second).mean())


def test_another_page_is_rendered_as_a_scanner_would_and_a_huge_one_is_capped() -> None:
    assert [(page.width, page.height) for page in decode_pages(odd_files.vector_pdf(300, 400))] == [(1250, 1667)]
    [page] = decode_pages(odd_files.vector_pdf(14_400, 10_000))
    assert max(page.width, page.height) == 3000


def test_a_picture_that_is_a_part_of_its_page_does_not_decide_on_it() -> None:
    part = b"/MediaBox [0 0 300 400] /Resources << /XObject << /P 5 0 R >> >> /Contents 4 0 R"
    head = f"/Type /XObject /Subtype /Image /Width {SMALL[0]} /Height {SMALL[1]} /BitsPerComponent 8 ".encode()
    picture = odd_files.stream(odd_files.jpeg(), head + b"/ColorSpace /DeviceRGB /Filter /DCTDecode")
    content = odd_files.pdf(part, objects=[odd_files.stream(b"100 0 0 140 50 50 cm /P Do"), picture])
    assert [(page.width, page.height) for page in decode_pages(content)] == [(1250, 1667)]


def test_a_page_of_too_many_things_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_pages, "MOST_OBJECTS", 1)
    bars = b"0 g " + b"0 0 100 30 re f 0 60 100 30 re f "
    content = odd_files.pdf(b"/MediaBox [0 0 300 400] /Contents 4 0 R", objects=[odd_files.stream(bars)])
    with pytest.raises(Unusable, match="too_much_memory"):
        list(rendered_pages(content))


def test_a_broken_pdf_after_a_locked_one_is_not_called_locked() -> None:
    assert refusal(odd_files.locked_pdf()) == "encrypted_pdf"
    assert refusal(odd_files.pdf()) == "broken_picture"


# -- JPEG -------------------------------------------------------------------------------------------------------------


def test_a_jpeg_is_read_from_its_segments() -> None:
    plain, several = odd_files.jpeg(), odd_files.jpeg(progressive=True)
    assert (has_several_scans(plain), has_several_scans(several)) == (False, True)
    assert (has_end(plain), has_end(plain[:-2]), has_end(b"\xff\xd8\xff")) == (True, False, False)
    assert (lacks_scans(plain), lacks_scans(several), lacks_scans(odd_files.cut(several, 0.6))) == (False, False, True)
    assert not has_several_scans(b"\xff\xd8\xff\xe0")
    assert not lacks_scans(b"\xff\xd8\xff\xe0")


def test_odd_entries_of_exif_are_not_read() -> None:
    assert read_orientation(odd_files.jpeg(exif=odd_files.odd_exif(6))) == 6
    assert read_orientation(odd_files.jpeg()) == 1
    as_text = odd_files.exif_with([(0x0112, 2, 4, b"abc\0")])
    assert read_orientation(odd_files.jpeg(exif=as_text)) == 1
    assert read_orientation(odd_files.jpeg(exif=b"Exif\0\0XX")) == 1


def test_fill_bytes_and_segments_of_cameras_are_stepped_over() -> None:
    plain = odd_files.jpeg()
    odd = plain[:2] + b"\xff\xff\xfe\0\4ab" + b"\xff\xe2\0\6MPF\0" + plain[2:]
    [page] = decode_pages(odd)
    assert (page.width, page.height, page.flags) == (*SMALL, ())


@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_that_was_cut_is_flagged_or_refused(progressive: bool) -> None:
    cut = odd_files.cut(odd_files.jpeg(progressive=progressive), 0.6)
    assert [page.flags for page in decode_pages(cut + odd_files.END_MARK)] == [("rest_is_missing",)]
    if not progressive:
        assert refusal(cut) == "broken_picture"


# -- memory -----------------------------------------------------------------------------------------------------------


def lazily(image_format: str, mode: str, size: tuple[int, int]) -> Image.Image:
    """A picture that says how large it is and holds no pixel."""
    head = Image.new(mode, (1, 1))
    head.format, head._size = image_format, size
    return head


@pytest.mark.acceptance("X17.size_told")
@pytest.mark.parametrize("file_format", [FileFormat.PNG, FileFormat.HEIF, FileFormat.AVIF, FileFormat.WEBP])
def test_so_many_pixels_as_are_told_fit_into_the_memory(file_format: FileFormat) -> None:
    pixels = PIXELS_TAKEN[file_format]
    assert memory_needed(lazily(file_format.value, "RGBA", (pixels // 2000, 2000)), b"") <= LARGEST_DECODED_BYTES
    assert memory_needed(lazily(file_format.value, "RGBA", (pixels // 1500, 2000)), b"") > LARGEST_DECODED_BYTES


def test_a_tiff_needs_its_strip_and_the_copy_that_is_turned() -> None:
    def needed(**words: object) -> int:
        content = saved(odd_files.drawing(), "TIFF", compression="tiff_lzw", **words)
        return memory_needed(Image.open(io.BytesIO(content)), content)

    pixels = SMALL[0] * SMALL[1]
    assert needed(tiffinfo={278: SMALL[1]}) == pixels * (LARGEST_PIXEL_BYTES + 3)
    assert needed(tiffinfo={274: 6, 278: SMALL[1]}) == pixels * (2 * LARGEST_PIXEL_BYTES + 3)
    assert needed(tiffinfo={278: 12}) < pixels * (LARGEST_PIXEL_BYTES + 1)


def test_large_pictures_are_divided_before_they_are_scaled(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [reduction(4000, 3000), reduction(5000, 4000), reduction(12_000, 9_000)] == [1, 2, 3]
    monkeypatch.setattr(picture_memory, "WHOLE_PIXELS", SMALL[0] * SMALL[1] // 2)
    for content in (
        png_form(GREY, 1, "").content,
        png_form(COLOUR_ALPHA, 8, "alpha").content,
        saved(odd_files.drawing(), "PNG"),
    ):
        [page] = decode_pages(content)
        assert (page.width, page.height) == (SMALL[0] // 2, SMALL[1] // 2)


@pytest.mark.parametrize("words", [{"lossless": True}, {"quality": 80}, {"quality": 80, "exif": b"Exif\0\0MM\0*"}])
def test_the_size_of_a_webp_is_read_from_its_head(words: dict[str, object]) -> None:
    assert webp_size(saved(odd_files.drawing(), "WEBP", **words)) == SMALL


def test_a_webp_that_needs_too_much_is_refused_before_it_is_opened() -> None:
    assert webp_size(b"RIFF") is None
    assert webp_size(b"RIFF\0\0\0\0WEBPXXXX" + bytes(20)) is None
    huge = b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0" + bytes(4) + b"\xff\x3f\0\xff\x3f\0" + bytes(10)
    assert refusal(huge) == "too_much_memory"
    refuse_large(1000, 1000, DECODER_BYTES["WEBP"])


@pytest.mark.parametrize(
    ("raised", "reason"),
    [
        (AttributeError("odd"), "broken_picture"),
        (struct.error("odd"), "broken_picture"),
        (SyntaxError("odd"), "broken_picture"),
        (RuntimeError("Memory allocation error"), "too_much_memory"),
        (MemoryError(), "too_much_memory"),
        (Image.DecompressionBombError(), "too_many_pixels"),
    ],
    ids=str,
)
async def test_whatever_a_decoder_raises_is_a_refusal(
    raised: Exception, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object) -> None:
        raise raised

    monkeypatch.setattr(picture_decoding, "open_pages", failing)
    with pytest.raises(PictureRefused, match=reason):
        await PictureInspector().inspect(odd_files.jpeg(), "image/jpeg", "ktp")


def test_no_format_has_no_pages() -> None:
    with pytest.raises(Unusable, match="not_a_picture"):
        list(open_pages(b"", None))


# -- colours and tones ------------------------------------------------------------------------------------------------


def test_values_of_another_gamma_are_turned() -> None:
    """Values that are the light itself look much lighter on a screen."""
    [page] = decode_pages(odd_files.png_with_gamma(1.0))
    seen = np.asarray(Image.open(io.BytesIO(page.content)))[:, 200].mean(axis=1)
    ramp = np.asarray(Image.linear_gradient("L").resize(SMALL))[:, 200] / 255
    assert np.abs(seen - 255 * to_values(ramp)).mean() <= 3
    [usual] = decode_pages(odd_files.png_with_gamma(0.45455))
    assert np.abs(np.asarray(Image.open(io.BytesIO(usual.content)))[:, 200].mean(axis=1) - 255 * ramp).mean() <= 3


def test_a_profile_that_cannot_be_used_is_ignored() -> None:
    plain = odd_files.drawing()
    assert to_srgb(plain, b"no profile", PLAIN) is plain
    assert to_srgb(plain.convert("L"), b"no profile", PLAIN).mode == "RGB"


def test_16_bits_with_white_as_zero_are_turned_round() -> None:
    look = Form("TIFF", "I;16").drawn().look
    negative = Image.fromarray((65_535 - look[:, :, 0].astype(np.uint16) * 257).astype(np.uint16))
    content = saved(negative, "TIFF")
    black_is_zero, white_is_zero = (struct.pack("<HHIHH", 262, 3, 1, value, 0) for value in (1, 0))
    assert black_is_zero in content
    [page] = decode_pages(content.replace(black_is_zero, white_is_zero))
    seen = np.asarray(Image.open(io.BytesIO(page.content))).astype(float)
    assert np.abs(seen - look).mean() <= 3


@pytest.mark.acceptance("Y26.or_refused")
def test_little_text_on_a_page_is_something_and_noise_is_not() -> None:
    chance = np.random.default_rng(1)
    page = np.full((1500, 1060), 245.0)
    page += chance.normal(0, 4, page.shape)
    assert has_one_tone(Image.fromarray(page.clip(0, 255).astype(np.uint8)))
    page[700:712, 300:420:3] = 60  # one word
    assert not has_one_tone(Image.fromarray(page.clip(0, 255).astype(np.uint8)))
    noise = chance.integers(0, 256, (1500, 1060), dtype=np.uint8)
    assert has_one_tone(Image.fromarray(noise))


def test_modes_of_other_programs_become_rgb_or_grey() -> None:
    white = to_srgb(Image.new("LAB", (4, 4), (255, 128, 128)), None, PLAIN)
    assert white.mode == "RGB" and min(np.asarray(white).ravel()) >= 250
    drawing = odd_files.drawing()
    assert flatten(drawing.convert("YCbCr"), PLAIN).mode == "RGB"
    premultiplied = flatten(drawing.convert("LA").convert("La"), PLAIN)
    assert premultiplied.mode == "L"
    assert np.abs(np.asarray(premultiplied).astype(float) - np.asarray(drawing.convert("L"))).mean() <= 1
