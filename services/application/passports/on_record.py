"""Whether our own records hold a passport of a person."""

from __future__ import annotations

from services.application.applications.service import Applications
from services.application.passports.repository import PassportRepository


async def has_held_passport(applications: Applications, person_id: str) -> bool:
    """Return whether a passport was ever handed out to this person: by our records of books, imported and read ones
    too, or by an application that ended with one.
    """
    if await PassportRepository(applications.context).has_held(person_id):
        return True
    return await applications.repository.has_passport_on_record(person_id)
