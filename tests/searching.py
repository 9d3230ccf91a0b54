"""What is looked for in text and bytes that must tell of no person."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Mapping

SIXTEEN_DIGITS = re.compile(r"(?<![0-9a-f])\d{16}(?![0-9a-f])")
AN_EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[a-z]{2,}")
A_PHONE = re.compile(r"(?<![\w-])(?:\+?62|0)8\d{7,12}(?!\w)")

_TRACEPARENT = re.compile(r"\b00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}\b")


def without_traces(text: str) -> str:
    """The text without its trace parents: one parent id in 1,800 is random digits only, as a NIK is."""
    return _TRACEPARENT.sub("trace", text)


def written_forms(values: Iterable[str | bytes]) -> dict[bytes, str]:
    """Each value in the forms in which it may stand among bytes, to how it is told: a text in small letters, and all in
    hexadecimal digits and inside base64, wherever it begins there.
    """
    forms: dict[bytes, str] = {}
    for value in values:
        raw = value.encode() if isinstance(value, str) else value
        told = value if isinstance(value, str) else f"{len(value)} bytes {value[:8].hex()}"
        forms[raw.lower() if isinstance(value, str) else raw] = told
        forms[raw.hex().encode()] = f"{told}, hexadecimal"
        for shift in range(3):
            begun = base64.b64encode(bytes(shift) + raw).rstrip(b"=")
            whole = begun[(0, 2, 3)[shift] :] if (shift + len(raw)) % 3 == 0 else begun[(0, 2, 3)[shift] : -1]
            forms[whole] = f"{told}, base64"
    return forms


def found_in(content: bytes, forms: Mapping[bytes, str]) -> set[str]:
    """The values that the content holds."""
    small = content.lower()
    return {told for form, told in forms.items() if form in content or form in small}
