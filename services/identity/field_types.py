"""Types of fields that several rooms take over HTTP."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

MAX_EMAIL_CHARS = 254  # RFC 5321, section 4.5.3.1.3
MAX_PHONE_CHARS = 32
MAX_TOKEN_CHARS = 512
MAX_PASSWORD_CHARS = 256

Identifier = Annotated[str, StringConstraints(min_length=3, max_length=MAX_EMAIL_CHARS)]
Id = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9-]+$")]
Code = Annotated[str, StringConstraints(strip_whitespace=True, min_length=6, max_length=6, pattern=r"^[0-9]{6}$")]
PhoneText = Annotated[str, StringConstraints(min_length=3, max_length=MAX_PHONE_CHARS)]
LongCode = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, min_length=12, max_length=14, pattern=r"^[0-9A-Za-z]{4}(-?[0-9A-Za-z]{4}){2}$"
    ),
]
DeviceToken = Annotated[str, StringConstraints(min_length=1, max_length=MAX_TOKEN_CHARS)]
ReasonCode = Annotated[str, StringConstraints(min_length=2, max_length=64, pattern=r"^[a-z][a-z0-9_]{1,63}$")]
NikText = Annotated[str, StringConstraints(min_length=1, max_length=32)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
