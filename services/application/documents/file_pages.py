"""The pages of a file: a picture is one, of an animation the first frame; a TIFF and a PDF have up to ten.

A page is not decoded yet when it is handed out, but for those of a PDF: its head says what decoding would take. Each
is used up before the next is asked for, so that one lies in memory.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from PIL import AvifImagePlugin, Image, ImageChops, JpegImagePlugin
from PIL.ImageFile import ImageFile

from services.application.documents import jpeg_structure, png_structure
from services.application.documents.pdf_pages import rendered_pages
from services.application.documents.picture_colours import PLAIN, Values
from services.application.documents.picture_memory import (
    DECODER_BYTES,
    LARGEST_PIXEL_BYTES,
    refuse_large,
    webp_size,
)
from services.application.documents.unusable import BROKEN, NOT_A_PICTURE, TOO_MANY_PAGES, Unusable
from services.application.picture_formats import MOST_PAGES, FileFormat

_NEW_SUBFILE_TYPE: Final = 254
_REDUCED_OR_MASK: Final = 0b101
"""Bits of a TIFF's page that is a small copy of another one, or its mask (TIFF 6.0, section 8)."""

_PHOTOMETRIC: Final = 262
_WHITE_IS_ZERO: Final = 0
_LOW_BYTES: Final = "RGB;16L"
"""Unpacks of values that are written high byte first the low bytes."""

AvifImagePlugin.DEFAULT_MAX_THREADS = 1  # each has a stack that counts as memory of the process


@dataclass
class FilePage:
    """One page and what decoding it has to know."""

    picture: Image.Image
    orientation: int = 1
    values: Values = PLAIN
    lacks_end: bool = False
    """A JPEG that broke off: usable only if its last rows are there."""

    lacks_scans: bool = False


def open_pages(content: bytes, file_format: FileFormat | None) -> Iterator[FilePage]:
    """Yield the pages of a file; refuses with `Unusable`. Decoders raise whatever they like. Nothing here refers to the
    picture of a page that was handed out: who decodes it can give it back."""
    if file_format is None:
        raise Unusable(NOT_A_PICTURE)
    yield from _OPENERS[file_format](content)


def _jpeg(content: bytes) -> Iterable[FilePage]:
    # the class itself: `Image.open` makes another format of a JPEG with more pictures behind the first (MPO)
    picture = JpegImagePlugin.JpegImageFile(io.BytesIO(jpeg_structure.bare_jpeg(content)))
    page = FilePage(
        picture,
        jpeg_structure.read_orientation(content),
        lacks_end=not jpeg_structure.has_end(content),
        lacks_scans=jpeg_structure.lacks_scans(content),
    )
    return (page,)


def _png(content: bytes) -> Iterable[FilePage]:
    bare = png_structure.bare_png(content)
    picture = _opened(bare, FileFormat.PNG)
    depth = png_structure.value_depth(bare)
    values = Values(depth=depth, gamma=png_structure.gamma_to_apply(content))
    clear = picture.info.get("transparency")
    if depth == 16 and isinstance(clear, tuple):
        refuse_large(picture.width, picture.height, 2 * LARGEST_PIXEL_BYTES + 1)
        picture.putalpha(_opaque_of_16_bits(bare, clear))
    return (FilePage(picture, jpeg_structure.orientation_in(png_structure.exif_of(content)), values),)


def _opaque_of_16_bits(content: bytes, clear: tuple[int, ...]) -> Image.Image:
    """Where a picture in 16-bit colours is not clear. Pillow keeps the high bytes only, which many colours share."""
    opaque: Image.Image | None = None
    for shift in (0, 8):
        picture = _opened(content, FileFormat.PNG)
        if shift == 0:
            picture.tile = [tile._replace(args=_LOW_BYTES) for tile in picture.tile]
        for number, value in enumerate(clear):
            wanted = value >> shift & 0xFF
            differs = picture.getchannel(number).point([0 if byte == wanted else 255 for byte in range(256)])
            opaque = differs if opaque is None else ImageChops.lighter(opaque, differs)
        picture.close()
    assert opaque is not None  # noqa: S101 - a colour has three values
    return opaque


def _heif(content: bytes) -> Iterable[FilePage]:
    import pillow_heif

    # threads have stacks that count as memory; without the small copies `draft` never takes one for the picture
    pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=1)
    # libheif lays the picture as its own boxes say: EXIF counts no more
    return (FilePage(_opened(content, FileFormat.HEIF)),)


def _avif(content: bytes) -> Iterable[FilePage]:
    picture = _opened(content, FileFormat.AVIF)
    return (FilePage(picture, _orientation(picture)),)


def _webp(content: bytes) -> Iterable[FilePage]:
    size = webp_size(content)
    if size is None:
        raise Unusable(BROKEN)
    refuse_large(*size, DECODER_BYTES[FileFormat.WEBP] + LARGEST_PIXEL_BYTES)
    picture = _opened(content, FileFormat.WEBP)
    return (FilePage(picture, _orientation(picture)),)


def _tiff(content: bytes) -> Iterable[FilePage]:
    numbers = _page_numbers(content)
    if not numbers:
        raise Unusable(BROKEN)
    return (_tiff_page(content, number) for number in numbers)


def _tiff_page(content: bytes, number: int) -> FilePage:
    picture = _opened(content, FileFormat.TIFF)
    picture.seek(number)
    # Pillow turns a TIFF by its orientation when it is loaded
    return FilePage(picture, values=Values(white_is_zero=_tag(picture, _PHOTOMETRIC, 1) == _WHITE_IS_ZERO))


def _page_numbers(content: bytes) -> list[int]:
    """Which images of a TIFF are pages; refuses with `Unusable` as soon as there are too many."""
    numbers: list[int] = []
    picture = _opened(content, FileFormat.TIFF)
    for number in range(2 * MOST_PAGES + 1):
        try:
            picture.seek(number)
        except EOFError:
            return numbers
        if not _tag(picture, _NEW_SUBFILE_TYPE, 0) & _REDUCED_OR_MASK:
            numbers.append(number)
        if len(numbers) > MOST_PAGES:
            break
    raise Unusable(TOO_MANY_PAGES)


def _tag(picture: Image.Image, tag: int, default: int) -> int:
    found = getattr(picture, "tag_v2", {}).get(tag, default)
    return found if isinstance(found, int) else default


def _pdf(content: bytes) -> Iterable[FilePage]:
    return (FilePage(picture) for picture in rendered_pages(content))


def _opened(content: bytes, file_format: FileFormat) -> ImageFile:
    opened = Image.open(io.BytesIO(content), formats=(file_format.value,))
    assert isinstance(opened, ImageFile)  # noqa: S101 - all formats are read from files
    return opened


def _orientation(picture: Image.Image) -> int:
    return jpeg_structure.orientation_in(picture.info.get("exif", b""))


_OPENERS: Final[Mapping[FileFormat, Callable[[bytes], Iterable[FilePage]]]] = {
    FileFormat.JPEG: _jpeg,
    FileFormat.PNG: _png,
    FileFormat.HEIF: _heif,
    FileFormat.AVIF: _avif,
    FileFormat.WEBP: _webp,
    FileFormat.TIFF: _tiff,
    FileFormat.PDF: _pdf,
}
