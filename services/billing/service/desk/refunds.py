"""What people ask about refund cases."""

from __future__ import annotations

from services.billing.domain.refund import Refund
from services.billing.errors import RefundUnknown
from services.billing.repository import states
from services.billing.service.desk.common import Counter, may_see
from shared.tokens import Caller


class RefundDesk(Counter):
    """The use cases of refund cases that a person starts."""

    async def refund(self, caller: Caller, refund_id: str) -> Refund:
        """One refund case.

        Raises:
            RefundUnknown: there is none, or it is another account's.
        """
        record = await self._repository.refund(refund_id)
        if record is None or not may_see(caller, record.state.account_id):
            raise RefundUnknown
        return record.state

    async def refunds(self, caller: Caller, application_id: str) -> list[Refund]:
        """The refund cases of an application that the caller may see, oldest first."""
        found = states(await self._repository.refunds_of(application_id))
        return [case for case in found if may_see(caller, case.account_id)]
