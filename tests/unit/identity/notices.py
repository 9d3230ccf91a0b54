"""Invented versions of the privacy notice."""

from __future__ import annotations

FIRST_AT, SECOND_AT = "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"


def purpose_text(code: str, choice: str, text: str = "satu", *, ends: bool = True) -> str:
    """A purpose as TOML."""
    words = {name: f'{{ id = "{text}", en = "{text} in English" }}' for name in ("name", "text", "data", "kept")}
    more = {name: '{ id = "sama", en = "the same" }' for name in ("recipients", "ground")}
    if ends and choice == "needed":
        more["ends"] = '{ id = "Akun berakhir.", en = "The account ends." }'
    lines = "\n".join(f"{name} = {value}" for name, value in {**words, **more}.items())
    return f'[[versions.purposes]]\ncode = "{code}"\nchoice = "{choice}"\n{lines}\n'


def notice_text(number: int, from_at: str = FIRST_AT, *, twice: bool = False, ends: bool = True) -> str:
    """A version as TOML, with one purpose that is needed, or the same one twice."""
    account = purpose_text("account", "needed", ends=ends)
    return _version(number, from_at, account * (2 if twice else 1))


def _version(number: int, from_at: str, purposes: str) -> str:
    summary = 'summary = { id = "Ringkas", en = "In short" }'
    right = '[[versions.rights]]\ncode = "access"\ntext = { id = "Lihat", en = "See" }\n'
    return f"[[versions]]\nnumber = {number}\nfrom_at = {from_at}\n{summary}\n{purposes}{right}\n"


_KEPT = purpose_text("account", "needed") + purpose_text("child_data", "needed")

TWO_VERSIONS = _version(
    1,
    FIRST_AT,
    _KEPT + purpose_text("reminders", "on_until_withdrawn") + purpose_text("surveys", "off_until_given"),
) + _version(
    2,
    SECOND_AT,
    _KEPT + purpose_text("reminders", "on_until_withdrawn", "dua") + purpose_text("statistics", "off_until_given"),
)
"""The second one changes reminders, adds statistics and takes surveys away."""
