"""Media types as programs write them: small letters, without parameters, other names of one type made one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from shared.fields.folding import without_invisible

MAX_MEDIA_TYPE_CHARS: Final = 100

OTHER_NAMES: Final[Mapping[str, str]] = {
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "image/x-png": "image/png",
    "image/apng": "image/png",
    "image/vnd.mozilla.apng": "image/png",
    "image/heic-sequence": "image/heic",
    "image/heif-sequence": "image/heif",
    "image/avif-sequence": "image/avif",
    "image/tif": "image/tiff",
    "image/x-tiff": "image/tiff",
    "application/x-pdf": "application/pdf",
    "binary/octet-stream": "application/octet-stream",
    "": "application/octet-stream",
}
"""Names that phones and old browsers give to registered types (IANA); none is what a browser says of a file that it
does not know."""


def read_media_type(text: str) -> str:
    """Return the registered name of a media type: `Image/JPG; q=1` is `image/jpeg`. Unknown types stay as they are."""
    name = without_invisible(text).partition(";")[0].strip().lower()
    return OTHER_NAMES.get(name, name)


MediaType = Annotated[
    str, Field(max_length=MAX_MEDIA_TYPE_CHARS, examples=["image/jpeg"]), AfterValidator(read_media_type)
]
