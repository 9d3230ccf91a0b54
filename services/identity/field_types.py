"""Types of fields that several rooms take over HTTP."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

from shared.fields.email import MAX_EMAIL_CHARS
from shared.fields.folding import fold_number
from shared.fields.numbers import LONG_CODE, MOST_TYPED_CHARS
from shared.fields.telephone import MAX_TELEPHONE_CHARS

MAX_TOKEN_CHARS = 512
MAX_PASSWORD_CHARS = 256

_LIKE_A_NIK = re.compile(r"\d{16}")


def _refuse_nik(reference: str) -> str:
    if _LIKE_A_NIK.search(reference):
        raise ValueError("a reference of a case or letter holds no NIK")
    return reference


NamesNobody = AfterValidator(_refuse_nik)
"""Of an authority's reference, which is shown and exported: a NIK has no place in it."""

Identifier = Annotated[str, StringConstraints(min_length=3, max_length=MAX_EMAIL_CHARS)]
Id = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9-]+$")]
PhoneText = Annotated[str, StringConstraints(min_length=3, max_length=MAX_TELEPHONE_CHARS)]
LongCode = Annotated[str, LONG_CODE]
DeviceToken = Annotated[str, StringConstraints(min_length=1, max_length=MAX_TOKEN_CHARS)]
ReasonCode = Annotated[str, StringConstraints(min_length=2, max_length=64, pattern=r"^[a-z][a-z0-9_]{1,63}$")]
NikText = Annotated[str, StringConstraints(min_length=1, max_length=MOST_TYPED_CHARS), AfterValidator(fold_number)]
"""A NIK without what grouped it; the domain checks its digits and names what is wrong with them."""
