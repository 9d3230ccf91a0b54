"""Settlement files over HTTP."""

from __future__ import annotations

from datetime import date, datetime
from typing import Self

from pydantic import Field

from services.billing.field_types import Id
from services.billing.settlement.model import Settlement, SettlementSource, SettlementState
from shared.http.schema import IsoDate, Path, Query, View


class SettlementPath(Path):
    """Which settlement file."""

    settlement_id: Id


class SettlementQuery(Query):
    """Which days, both inclusive; either may be left open."""

    since: IsoDate | None = None
    until: IsoDate | None = None


class CountsView(View):
    """What the compared lines turned out to be; each is in exactly one of these."""

    known: int
    learnt: int
    unknown: int
    differing: int
    doubled: int
    unconfirmed: int = Field(0, description="Claimed, and not known to SIMPONI: each is a case, and nothing is booked.")


class SettlementView(View):
    """A whole settlement file: ``comparing`` until every line was compared, then ``compared``."""

    settlement_id: str
    day: date
    state: str
    sha256: str
    size_bytes: int
    lines: int
    total: int
    currency: str = "IDR"
    received_at: datetime
    received_from: str
    lines_compared: int
    counts: CountsView
    compared_at: datetime | None
    word: str = Field("", description="Whose word it is: fetched or signed (SIMPONI's), or claimed by who brought it.")
    unanswered_since: datetime | None = Field(
        None, description="SIMPONI does not answer about the next lines and is asked again; nothing is lost."
    )

    @classmethod
    def of(cls, settlement: Settlement) -> Self:
        """The file as it is shown to the treasurer."""
        same = ("settlement_id", "day", "sha256", "size_bytes", "lines", "total", "received_at", "received_from")
        counts = settlement.counts
        return cls(
            **{name: getattr(settlement, name) for name in same},
            state=shown_state(settlement).value,
            lines_compared=counts.lines,
            counts=CountsView(**{name: getattr(counts, name) for name in CountsView.model_fields}),
            compared_at=settlement.compared_at,
            word=word_of(settlement).value,
            unanswered_since=settlement.unanswered_since,
        )


def word_of(settlement: Settlement) -> SettlementSource:
    """Whose word a file is; of those from before it was recorded, by who it was received from."""
    if settlement.source is not None:
        return settlement.source
    return SettlementSource.CLAIMED if settlement.is_claim else SettlementSource.FETCHED


def shown_state(settlement: Settlement) -> SettlementState:
    """``comparing`` or ``compared``; whose word it is stands in ``word``."""
    comparing = settlement.state is SettlementState.COMPARING
    return SettlementState.COMPARING if comparing else SettlementState.COMPARED


class SettlementList(View):
    """Settlement files, newest day first."""

    settlements: tuple[SettlementView, ...]
