"""Codes on a page, such as QR codes: counted, never opened. What a code says is no value and no command here."""

from __future__ import annotations

import zxingcpp

from services.application.paper_reading.reading.page import Pixels


def count_codes(grey: Pixels) -> int:
    """Return how many codes are on the page."""
    return len(zxingcpp.read_barcodes(grey))
