"""Rules of identity that are looked at while it runs: the same code in tests and in production."""

from __future__ import annotations

from collections import Counter
from typing import Final

from services.identity.accounts.account import MOST_APPLICANTS
from services.identity.applicants.applicant import IdentityState
from services.identity.context import Tools
from services.identity.repository import APPLICANT, PERSON, STAFF
from services.identity.staff.powers import Post
from services.identity.staff.states import StaffState
from shared.service import InvariantReport

MOST_NAMED: Final = 100


class Invariants:
    """Checks over everything that identity keeps."""

    def __init__(self, tools: Tools) -> None:
        self._store = tools.repository.store

    async def five_applicants(self) -> InvariantReport:
        """No account speaks for more than five applicants (F75)."""
        counts: Counter[str] = Counter()
        async for record in self._store.scan(APPLICANT):
            counts[record.state.account_id] += 1
        broken = sorted(account_id for account_id, count in counts.items() if count > MOST_APPLICANTS)
        return InvariantReport(len(counts), tuple(broken[:MOST_NAMED]))

    async def confirmed_persons(self) -> InvariantReport:
        """Whoever is confirmed is linked to the person of the same NIK, and nobody else is linked to anybody."""
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

    async def an_operator_remains(self) -> InvariantReport:
        """Once there was an operator there is one who can act."""
        were = {StaffState.ACTIVE, StaffState.LOCKED, StaffState.LEFT}
        states = [each.state.state async for each in self._store.scan(STAFF) if each.state.role == Post.OPERATOR]
        broken = were.intersection(states) and StaffState.ACTIVE not in states
        return InvariantReport(len(states), ("operator",) if broken else ())
