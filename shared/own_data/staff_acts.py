"""The record of what staff read and did about a person, for that person (UU 27/2022, article 32).

It names the role and the office, not the officer: an officer is a person too, and the office answers for them.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from shared.audit.entries import AUDIT
from shared.own_data.part import OwnData, own
from shared.store.port import Store
from shared.tokens import Role

MOST_ACTS: Final = 1000
"""Lines about one subject in an export: an application has some dozens in all its life."""


STAFF_ACTS: Final = "staff_acts"
"""The field of every part that lists them."""


class OwnStaffAct(OwnData):
    """Something that staff read or did."""

    at: datetime = own("Pada", "At")
    act: str = own("Tindakan", "Act")
    about: str = own("Tentang", "About")
    role: str = own("Peran petugas", "Role of the member of staff")
    office_id: str | None = own("Kantor", "Office")
    reason: str | None = own("Alasan", "Reason")
    outcome: str = own("Hasil", "Outcome")


async def list_staff_acts(store: Store, subjects: Iterable[str]) -> list[OwnStaffAct]:
    """Return the lines of this service's audit about these subjects, oldest first, each act once."""
    found = []
    for subject in dict.fromkeys(subjects):
        lines = await store.find(AUDIT, "subject", {"state.subject": subject}, limit=MOST_ACTS)
        found += [line.state for line in lines if line.state.role != Role.APPLICANT and line.state.of is None]
    return [
        OwnStaffAct(
            at=line.at,
            act=line.act,
            about=line.subject,
            role=line.role,
            office_id=line.office_id,
            reason=line.reason,
            outcome=line.outcome,
        )
        for line in sorted(found, key=lambda line: line.at)
    ]
