"""Joint bills in the store."""

from __future__ import annotations

from typing import Any, Final

from services.billing.joint_bills.model import JointBill
from services.billing.store_part import StorePart
from shared.store.kinds import Index, Kind, Record

JOINT_BILLS: Final[Kind[JointBill]] = Kind(
    "joint_bill",
    JointBill,
    indexes=(Index("code", ("state.billing_code",)), Index("account", ("state.account_id", "state.requested_at"))),
    deadlines=lambda joint: joint.due,
)
KINDS: Final[tuple[Kind[Any], ...]] = (JOINT_BILLS,)

MOST_OF_ONE_ACCOUNT: Final = 1000
"""Joint bills of one account that are looked at for an export."""


class JointBillRepository(StorePart):
    """The queries of joint bills."""

    async def joint_bill(self, joint_bill_id: str) -> Record[JointBill] | None:
        """Return the joint bill with this id, or None."""
        return await self._store.get(JOINT_BILLS, joint_bill_id)

    async def joint_bill_of_code(self, billing_code: str) -> Record[JointBill] | None:
        """Return the joint bill that a code belongs to, or None."""
        found = await self._store.find(JOINT_BILLS, "code", {"state.billing_code": billing_code}, limit=1)
        return found[0] if found else None

    async def joint_bills_of(self, account_id: str) -> list[Record[JointBill]]:
        """Return the joint bills of an account, oldest first."""
        wanted = {"state.account_id": account_id}
        return await self._store.find(JOINT_BILLS, "account", wanted, limit=MOST_OF_ONE_ACCOUNT)
