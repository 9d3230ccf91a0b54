"""Use cases of settlement files that the treasurer starts."""

from __future__ import annotations

from collections.abc import AsyncIterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Final

from services.billing.access import refuse_unless_serves_all
from services.billing.settlement.errors import (
    SettlementFileBrokeOff,
    SettlementFileDoesNotAddUp,
    SettlementFileHasWrongLine,
    SettlementSignatureWrong,
    SettlementUnknown,
)
from services.billing.settlement.model import (
    FileNotSigned,
    FileRefused,
    FileTampered,
    FileTruncated,
    FileUnreadable,
    Settlement,
)
from services.billing.settlement.reconciliation import Reconciliation
from services.billing.settlement.repository import SettlementRepository
from services.billing.store_part import states
from shared.errors import Refusal
from shared.store.kinds import Range
from shared.tokens import Caller

_REFUSALS: Final[Mapping[type[FileRefused], type[Refusal]]] = {
    FileTruncated: SettlementFileBrokeOff,
    FileTampered: SettlementFileDoesNotAddUp,
    FileUnreadable: SettlementFileHasWrongLine,
}

MOST_FILES: Final = 100
"""Settlement files in one answer."""


class SettlementService:
    """The use cases of settlement files that a person starts."""

    def __init__(self, settlements: SettlementRepository, reconciliation: Reconciliation) -> None:
        self._settlements = settlements
        self._reconciliation = reconciliation

    async def upload(self, caller: Caller, pieces: AsyncIterable[bytes], signature: str | None) -> Settlement:
        """Take a settlement file that a treasurer brings; the same content again meets the first. With SIMPONI's
        signature it is SIMPONI's word, else a claim: SIMPONI is asked about each payment that is new here.

        Raises:
            NotYourOffice: a file shows the money of every office.
            SettlementFileBrokeOff, SettlementFileDoesNotAddUp, SettlementFileHasWrongLine, SettlementSignatureWrong:
                nothing of it counts.
        """
        refuse_unless_serves_all(caller)
        try:
            return await self._reconciliation.take_file(pieces, caller.account_id, signature=signature)
        except FileNotSigned:
            raise SettlementSignatureWrong from None
        except FileRefused as broken:
            raise _REFUSALS[type(broken)](line=broken.line) from None

    async def settlements(self, caller: Caller, since: date | None, until: date | None) -> Sequence[Settlement]:
        """Return the settlement files of some days, newest first.

        Raises:
            NotYourOffice: a file shows the money of every office.
        """
        refuse_unless_serves_all(caller)
        high = until + timedelta(days=1) if until is not None else None
        return states(await self._settlements.settlements_of(Range(since, high), MOST_FILES))

    async def settlement(self, caller: Caller, settlement_id: str) -> Settlement:
        """Return one settlement file.

        Raises:
            SettlementUnknown. NotYourOffice: a file shows the money of every office.
        """
        refuse_unless_serves_all(caller)
        record = await self._settlements.settlement(settlement_id)
        if record is None:
            raise SettlementUnknown
        return record.state
