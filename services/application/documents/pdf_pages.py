"""The pages of a PDF as pictures, as a scanner or a phone made them. No script, form or attachment is looked at."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from PIL import Image

from services.application.documents.picture_memory import LARGEST_DECODED_BYTES, LONGEST_KEPT_SIDE_PIXELS
from services.application.documents.unusable import (
    BROKEN,
    ENCRYPTED_PDF,
    TOO_MANY_PAGES,
    TOO_MUCH_MEMORY,
    Unusable,
)
from services.application.picture_formats import MOST_PAGES

if TYPE_CHECKING:
    import pypdfium2

POINTS_PER_INCH: Final = 72
USUAL_PIXELS_PER_INCH: Final = 300
"""Of a page that is more than one picture."""

LEAST_COVERED: Final = 0.8
"""Of the page: its only picture is the page then, and keeps its own pixels."""

LOCK: Final = b"/Encrypt"
"""Stands in the open where a PDF is locked: in its trailer, or beside its table of objects."""

MOST_OBJECTS: Final = 20_000
"""Of one page. Pages of text have some thousands; each is looked at."""

_BYTES_OF_FILTER: Final = {"CCITTFaxDecode": 1, "JBIG2Decode": 1, "JPXDecode": 12}
"""For a pixel of a picture in this coding, while it is decoded; four in others."""

_USUAL_BYTES: Final = 4
_HAIR: Final = 1e-5
"""Taken from the scale, so that a rounded-up side has no pixel too many."""


def rendered_pages(content: bytes) -> Iterator[Image.Image]:
    """Yield each page on white paper in RGB, its longest side at most `LONGEST_KEPT_SIDE_PIXELS`.

    Raises:
        Unusable: it is locked by a password, has no page or too many, or a picture in it needs too much memory.
    """
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as trouble:
        # the code may be that of a file before: pdfium keeps its last error where opening sets none
        is_locked = trouble.err_code == pypdfium2.raw.FPDF_ERR_PASSWORD and LOCK in content
        raise Unusable(ENCRYPTED_PDF if is_locked else BROKEN) from None
    with document:
        if len(document) == 0:
            raise Unusable(BROKEN)
        if len(document) > MOST_PAGES:
            raise Unusable(TOO_MANY_PAGES)
        for number in range(len(document)):
            page = document[number]
            yield _rendered(page)
            page.close()


def _rendered(page: pypdfium2.PdfPage) -> Image.Image:
    import pypdfium2

    pictures, objects = [], 0
    for item in page.get_objects():
        objects += 1
        if objects > MOST_OBJECTS:
            raise Unusable(TOO_MUCH_MEMORY)
        if isinstance(item, pypdfium2.PdfImage):
            pictures.append(item)
    if sum(_decoded_bytes(picture) for picture in pictures) > LARGEST_DECODED_BYTES:
        raise Unusable(TOO_MUCH_MEMORY)
    longest = max(page.get_size())
    if not longest > 0:
        raise Unusable(BROKEN)
    if objects == len(pictures) == 1 and _is_whole_scan(page, pictures[0]):
        # its own pixels: rendering blurs lines of one pixel even where the scale is exact (pypdfium2 5.15.2)
        scanned: Image.Image = pictures[0].get_bitmap().to_pil().convert("RGB")
        return scanned
    scale = min(_scale(page, pictures), LONGEST_KEPT_SIDE_PIXELS / longest) * (1 - _HAIR)
    bitmap = page.render(scale=scale, rev_byteorder=True, prefer_bgrx=True, limit_image_cache=True)
    rendered: Image.Image = bitmap.to_pil().convert("RGB")
    bitmap.close()
    return rendered


def _is_whole_scan(page: pypdfium2.PdfPage, picture: Any) -> bool:
    """Return whether a page shows one upright JPEG from edge to edge, and nothing of it is clear."""
    import pypdfium2

    matrix, bounds = picture.get_matrix(), picture.get_bounds()
    is_upright = matrix.b == matrix.c == 0 and matrix.a > 0 and matrix.d > 0 and page.get_rotation() == 0
    covers = all(abs(side - edge) < 1 for side, edge in zip(bounds, (0, 0, *page.get_size()), strict=True))
    is_plain = picture.get_filters() == ["DCTDecode"] and not pypdfium2.raw.FPDFPageObj_HasTransparency(picture)
    return is_upright and covers and is_plain and max(picture.get_px_size()) <= LONGEST_KEPT_SIDE_PIXELS


def _scale(page: pypdfium2.PdfPage, pictures: Sequence[Any]) -> float:
    """Pixels for a point: those of the page's only picture, else what scanners are set to."""
    usual = USUAL_PIXELS_PER_INCH / POINTS_PER_INCH
    if len(pictures) != 1:
        return usual
    left, bottom, right, top = pictures[0].get_bounds()
    width, height = page.get_size()
    if (right - left) * (top - bottom) < LEAST_COVERED * width * height:
        return usual
    matrix = pictures[0].get_matrix()
    across, down = pictures[0].get_px_size()
    return float(max(across / math.hypot(matrix.a, matrix.b), down / math.hypot(matrix.c, matrix.d)))


def _decoded_bytes(picture: Any) -> int:
    width, height = picture.get_px_size()
    filters = picture.get_filters()
    return int(width * height * max((_BYTES_OF_FILTER.get(name, _USUAL_BYTES) for name in filters[-1:]), default=4))
