"""Formats of pictures that are taken: the media type that a caller declares, and the format that Pillow decodes.

A new one is added here. It needs a decoder in `requirements/runtime.in`, and its signature in the library `filetype`,
by which `picture_decoding` compares the bytes with the declared type.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

PICTURE_FORMATS: Final[Mapping[str, str]] = {"image/jpeg": "JPEG", "image/png": "PNG"}
