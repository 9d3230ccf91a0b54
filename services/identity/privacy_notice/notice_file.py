"""Reads the versions of the privacy notice from their data file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import datetime
from importlib import resources
from typing import Any, Final

from services.identity.privacy_notice.notice import Choice, DataPurpose, Notice, Notices, NoticeText, Right, mistakes_in

FILE: Final = "privacy_notice.toml"


def load_notices() -> Notices:
    """Return the versions that are shipped with this build."""
    return read_notices(resources.files("services.identity").joinpath("data", FILE).read_text(encoding="utf-8"))


def read_notices(text: str) -> Notices:
    """Return the versions in a TOML text.

    Raises:
        ValueError: they are not notices; it says why.
    """
    versions = tuple(_notice(table) for table in tomllib.loads(text)["versions"])
    mistakes = mistakes_in(versions)
    if mistakes:
        raise ValueError("; ".join(mistakes))
    return Notices(versions)


def _notice(table: Mapping[str, Any]) -> Notice:
    from_at: datetime = table["from_at"]
    return Notice(
        number=table["number"],
        from_at=from_at,
        summary=_words(table["summary"]),
        purposes=tuple(_purpose(purpose) for purpose in table["purposes"]),
        rights=tuple(Right(right["code"], _words(right["text"]), right.get("call")) for right in table["rights"]),
    )


def _purpose(table: Mapping[str, Any]) -> DataPurpose:
    names = ("name", "text", "data", "kept", "recipients", "ground")
    ends = _words(table["ends"]) if "ends" in table else None
    words = {name: _words(table[name]) for name in names}
    return DataPurpose(code=table["code"], choice=Choice(table["choice"]), ends=ends, **words)


def _words(table: Mapping[str, str]) -> NoticeText:
    return NoticeText(id=table["id"], en=table["en"])
