"""Children who come of age: it is looked at once a month, and told to the account of their guardian."""

from __future__ import annotations

from services.identity.applicants import applicant as rules
from services.identity.applicants.applicant import Applicant
from services.identity.applicants.particulars_check import WIB
from services.identity.applicants.repository import APPLICANT
from services.identity.applicants.vault import ApplicantVault
from services.identity.context import UseCaseContext
from shared.events.identity import ChildCameOfAge
from shared.store.kinds import Record


class ComingOfAge:
    """Looks whether somebody who was added as a child needs a guardian still. The birth date is opened for it alone."""

    def __init__(self, context: UseCaseContext) -> None:
        self._context = context
        self._vault = ApplicantVault(context.seals)

    async def look_at_age(self, record: Record[Applicant], _name: str) -> None:
        """Tell that somebody has come of age, or look again next month.

        Raises:
            VersionConflict: the applicant was changed meanwhile; it is looked again.
        """
        now = self._context.now()
        particulars = await self._vault.particulars(record.state.particulars, record.id)
        if rules.needs_guardian(particulars.birth_date, particulars.married, now.astimezone(WIB).date()):
            await self._context.store.save(APPLICANT, record, rules.watch_age(record.state, record.id, now), now=now)
            return
        told = ChildCameOfAge(account_id=record.state.account_id, applicant_id=record.id)
        await self._context.store.save(APPLICANT, record, rules.come_of_age(record.state), now=now, events=[told])
