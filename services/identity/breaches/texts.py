"""The notices of a breach as operators read them before they agree: to the persons concerned, and to the agency."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from services.identity.breaches.breach import Breach
from shared.breach_notice import write_breach_notice

_TO_AGENCY: Final = {
    "id": (
        "Pemberitahuan tertulis menurut Pasal 46 UU 27/2022 tentang kegagalan pelindungan data pribadi.",
        "Nomor catatan: {breach_id}. Jumlah orang: {persons}.",
    ),
    "en": (
        "Written notice under article 46 of UU 27/2022 of a failure to protect personal data.",
        "Entry: {breach_id}. Persons: {persons}.",
    ),
}


@dataclass(frozen=True)
class NoticeTexts:
    """Both notices in one language, without the greeting and the signature."""

    to_person: str
    to_agency: str


def write_notices(breach_id: str, breach: Breach, language: str) -> NoticeTexts:
    """Return the notices of an entry. The number of persons is the found one, else the estimate."""
    facts = breach.facts
    lines = write_breach_notice(
        language,
        cause=facts.cause,
        kinds=facts.kinds,
        measures=facts.measures,
        found_at=facts.found_at,
        begun_at=facts.begun_at,
        ended_at=facts.ended_at,
    )
    was_found = breach.search is not None and breach.search.done_at is not None
    persons = breach.search.persons if breach.search is not None and was_found else facts.estimated_persons
    opening = (line.format(breach_id=breach_id, persons=persons) for line in _TO_AGENCY[language])
    return NoticeTexts("\n".join(lines), "\n".join((*opening, *lines)))
