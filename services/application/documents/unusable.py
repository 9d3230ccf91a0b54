"""Reasons for which a file is refused when it is decoded, and flags with which an officer looks at it."""

from __future__ import annotations

from typing import Final

NOT_A_PICTURE: Final = "not_a_picture"
TOO_MANY_PIXELS: Final = "too_many_pixels"
TOO_MUCH_MEMORY: Final = "too_much_memory"
TOO_SMALL: Final = "too_small"
TOO_MANY_PAGES: Final = "too_many_pages"
ONE_PAGE_ONLY: Final = "one_page_only"
"""Evidence is a page each; a file of several is sent page by page."""

ENCRYPTED_PDF: Final = "encrypted_pdf"
ONE_TONE: Final = "one_tone"
"""Also the flag of a page without anything on it, in a file with other pages."""

BROKEN: Final = "broken_picture"

ODD_SHAPE: Final = "odd_shape"
REST_IS_MISSING: Final = "rest_is_missing"
NOT_INSPECTED: Final = "not_inspected"
"""No decoder was there: the bytes are kept as they came."""

FLAGS_OF_DECODING: Final = frozenset({ONE_TONE, ODD_SHAPE, REST_IS_MISSING, NOT_INSPECTED})
"""Flags that a picture itself gives cause for; all other flags are about the person whose paper it is."""


class Unusable(Exception):
    """The upload is no usable picture, for the coded reason."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
