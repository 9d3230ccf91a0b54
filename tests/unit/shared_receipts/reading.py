"""Reads a receipt as PDF: its words and its QR codes."""

from __future__ import annotations

import pypdfium2
import zxingcpp


def pages_of(pdf: bytes) -> int:
    """How many pages it has."""
    return len(pypdfium2.PdfDocument(pdf))


def words_of(pdf: bytes) -> str:
    """Everything that is printed on the first page, its lines joined by a space."""
    return " ".join(pypdfium2.PdfDocument(pdf)[0].get_textpage().get_text_bounded().split())


def codes_of(pdf: bytes) -> list[str]:
    """The texts of the QR codes on the first page."""
    picture = pypdfium2.PdfDocument(pdf)[0].render(scale=2).to_pil()
    return [code.text for code in zxingcpp.read_barcodes(picture)]
