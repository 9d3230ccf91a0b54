"""What is looked for in text that must tell of no person."""

from __future__ import annotations

import re

SIXTEEN_DIGITS = re.compile(r"(?<![0-9a-f])\d{16}(?![0-9a-f])")
AN_EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[a-z]{2,}")
A_PHONE = re.compile(r"(?<![\w-])(?:\+?62|0)8\d{7,12}(?!\w)")

_TRACEPARENT = re.compile(r"\b00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}\b")


def without_traces(text: str) -> str:
    """The text without its trace parents: one parent id in 1,800 is random digits only, as a NIK is."""
    return _TRACEPARENT.sub("trace", text)
