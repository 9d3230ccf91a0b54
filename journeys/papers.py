"""Right papers for an invented applicant: drawn with the applicant's own name, NIK and birth data."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Final

from journeys.people import Person, picture
from paper_samples.holder import Holder
from paper_samples.kinds import PaperKind
from paper_samples.tuning_half import draw_paper

KINDS_OF_ITEMS: Final[Mapping[str, PaperKind]] = {
    "ktp": PaperKind.KTP,
    "parent_ktp": PaperKind.KTP,
    "family_card": PaperKind.FAMILY_CARD,
    "child_family_card": PaperKind.FAMILY_CARD,
    "birth_proof": PaperKind.BIRTH_CERTIFICATE,
    "child_birth_certificate": PaperKind.BIRTH_CERTIFICATE,
    "parents_marriage_certificate": PaperKind.MARRIAGE_CERTIFICATE,
    "old_passport": PaperKind.OLD_PASSPORT,
    "child_old_passport": PaperKind.OLD_PASSPORT,
    "parent_passport": PaperKind.OLD_PASSPORT,
    "parents_statement": PaperKind.PARENTS_STATEMENT,
    "name_change_decision": PaperKind.NAME_CHANGE_DECISION,
    "photo": PaperKind.PHOTO,
}
"""Items of the requirements, and the paper that is sent for each."""


def draw_paper_for(requirement: str, person: Person) -> bytes:
    """Return a picture of the paper that this item asks for, the same at every call; of an item without a known paper
    the usual placeholder.

    For an item of a parent (``parent_ktp``) the person is the parent.
    """
    kind = KINDS_OF_ITEMS.get(requirement)
    return picture(requirement) if kind is None else draw_paper(kind, holder_of(person), int(person.nik))


def holder_of(person: Person) -> Holder:
    """Return the person as the holder of papers; a passport's number is invented."""
    return Holder(
        full_name=person.full_name.upper(),
        nik=person.nik,
        birth_place=person.birth_place.upper(),
        birth_date=person.birth_date,
        sex=person.sex,
        family_card_number=person.family_card_number,
        passport_number=f"C{random.Random(person.nik).randint(1_000_000, 9_999_999)}",
    )
