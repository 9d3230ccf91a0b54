"""People an account applies for, as pages show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from portal.web.forms import DATE_PARTS, Form, read_whole_number

Applicant = Mapping[str, Any]
"""An applicant as identity answers it."""

TICKED: Final = "yes"
"""Value of a box that is ticked."""

_CASES: Final = {"pending": "pending", "passed": "passed", "failed": "failed", "upstream_down": "down"}
COLOURS: Final = {
    "pending": "blue",
    "passed": "green",
    "differs": "yellow",
    "failed": "red",
    "not_found": "red",
    "down": "yellow",
    "grown": "grey",
}
"""Of the tag that tells a case; its words tell it too."""

_NOT_FOUND: Final = ["nik_not_found"]


def case_of(applicant: Applicant) -> str:
    """Return which case of the identity check the page tells of.

    One of ``pending``, ``passed``, ``differs`` (the registry writes something differently and the person decides),
    ``failed``, ``not_found``, ``down`` and ``grown`` (added as a child, and grown up since).
    """
    identity = applicant["identity"]
    if applicant["came_of_age"]:
        return "grown"
    if identity["shown_back"]:
        return "differs"
    if identity["state"] == "failed" and identity["causes"] == _NOT_FOUND:
        return "not_found"
    return _CASES[identity["state"]]


def list_guardians(applicants: Sequence[Applicant], but: str = "") -> list[tuple[str, str]]:
    """Return id and name of the adults who can apply for a child, ``but`` one: the child."""
    return [
        (applicant["applicant_id"], applicant["full_name"])
        for applicant in applicants
        if case_of(applicant) == "passed" and not applicant["minor"] and applicant["applicant_id"] != but
    ]


def read_particulars(form: Form) -> dict[str, Any]:
    """Return the body of a new or corrected applicant; of a birth date that is not whole the year alone."""
    day, month, year = (form.text(f"birth_date-{part}") for part in DATE_PARTS)
    only_year = None if day or month else read_whole_number(year)
    given = {
        "full_name": form.optional("full_name"),
        "nik": form.optional("nik"),
        "birth_place": form.optional("birth_place"),
        "birth_date": form.date("birth_date") if only_year is None else None,
        "birth_year": only_year,
        "sex": form.optional("sex"),
        "family_card_number": form.optional("family_card_number"),
        "guardian_applicant_id": form.optional("guardian_applicant_id"),
    }
    boxes = {name: TICKED in form.chosen(name) for name in ("married", "born_abroad")}
    return {name: value for name, value in given.items() if value is not None} | boxes


def list_gaps(form: Form, *, has_family_card: bool = False) -> list[str]:
    """Return the fields, in their order, that must be filled and are not; a birth date is a day of the calendar."""
    particulars = read_particulars(form)
    is_missing = {
        "full_name": "full_name" not in particulars,
        "nik": "nik" not in particulars and not particulars["born_abroad"],
        "birth_place": "birth_place" not in particulars,
        "birth_date": "birth_year" not in particulars and not _is_day(particulars.get("birth_date", "")),
        "sex": "sex" not in particulars,
        "family_card_number": has_family_card and "family_card_number" not in particulars,
    }
    return [name for name, missing in is_missing.items() if missing]


def _is_day(written: str) -> bool:
    try:
        date.fromisoformat(written)
    except ValueError:
        return False
    return True
