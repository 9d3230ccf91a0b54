"""What every desk has at hand."""

from __future__ import annotations

from services.billing.access import Offices
from services.billing.bills.model import Bill
from services.billing.errors import BillUnknown
from services.billing.repositories import Repository
from services.billing.rules import Policies
from services.billing.tariffs.book import Tariffs
from shared.clock import Clock
from shared.store.kinds import Record
from shared.tokens import Caller, Role


class Counter:
    """The repository, the clock and the policies of a desk."""

    def __init__(self, repository: Repository, clock: Clock, policies: Policies, tariffs: Tariffs) -> None:
        self._repository = repository
        self._clock = clock
        self._policy = policies.bill
        self._tariffs = tariffs
        self._offices = Offices(repository)

    async def _own_bill(self, caller: Caller, bill_id: str) -> Record[Bill]:
        record = await self._repository.bill(bill_id)
        if record is None or not may_see(caller, record.state.payer.account_id):
            raise BillUnknown
        await self._offices.refuse_other(caller, record.state)
        return record


def may_see(caller: Caller, account_id: str | None) -> bool:
    """Whether it is the caller's own account's; for staff the office decides, not this."""
    return caller.role != Role.APPLICANT or caller.account_id == account_id
