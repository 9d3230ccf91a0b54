"""Field types that the bodies and queries of all rooms share."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import AfterValidator, Field

from shared.fields.telephone import MAX_TELEPHONE_CHARS, NotATelephoneNumber, read_telephone_number
from shared.http.validation import wrong_value

EXAMPLE_TELEPHONE: Final = "021-5550100"


def _read_telephone(text: str) -> str:
    try:
        return read_telephone_number(text)
    except NotATelephoneNumber:
        raise wrong_value(
            "office_telephone",
            f"Write a telephone number with its area code, such as {EXAMPLE_TELEPHONE}.",
            f"Tuliskan nomor telepon dengan kode area, misalnya {EXAMPLE_TELEPHONE}.",
            example=EXAMPLE_TELEPHONE,
        ) from None


Id = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._~:-]+$")]
OfficeTelephone = Annotated[
    str,
    Field(min_length=3, max_length=MAX_TELEPHONE_CHARS, examples=[EXAMPLE_TELEPHONE]),
    AfterValidator(_read_telephone),
]
