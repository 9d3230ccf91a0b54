"""Rules of applicants that are checked while the service runs: the same code in tests and in production."""

from __future__ import annotations

from collections import Counter
from typing import Final

from services.identity.accounts.account import MOST_APPLICANTS, MOST_CHILDREN
from services.identity.applicants.applicant import IdentityState
from services.identity.applicants.repository import APPLICANT, PERSON
from services.identity.context import UseCaseContext
from shared.service import InvariantReport

MOST_NAMED: Final = 100


class ApplicantInvariants:
    """Checks over every applicant and person."""

    def __init__(self, context: UseCaseContext) -> None:
        self._store = context.store

    async def five_applicants(self) -> InvariantReport:
        """No account speaks for more than five applicants, and ten children on a family card."""
        counts: Counter[tuple[str, bool]] = Counter()
        async for record in self._store.scan(APPLICANT):
            counts[record.state.account_id, record.state.by_family_card] += 1
        most = {False: MOST_APPLICANTS, True: MOST_CHILDREN}
        broken = sorted({account_id for (account_id, child), count in counts.items() if count > most[child]})
        return InvariantReport(len({account_id for account_id, _ in counts}), tuple(broken[:MOST_NAMED]))

    async def confirmed_persons(self) -> InvariantReport:
        """Confirmed applicants, and only they, are linked to the person of the same NIK."""
        persons = {record.id: set(record.state.nik_fingerprints) async for record in self._store.scan(PERSON)}
        checked, broken = 0, []
        async for record in self._store.scan(APPLICANT):
            checked += 1
            applicant = record.state
            is_confirmed = applicant.identity.state is IdentityState.PASSED
            prints = persons.get(applicant.person_id or "", set())
            is_linked = not prints.isdisjoint(applicant.nik_fingerprints)
            if is_confirmed != is_linked:
                broken.append(record.id)
        return InvariantReport(checked, tuple(broken[:MOST_NAMED]))
