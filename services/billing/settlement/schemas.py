"""Settlement files over HTTP."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Self

from pydantic import Field

from services.billing.field_types import Id, StateView
from services.billing.settlement.model import Settlement, SettlementSource, SettlementState
from shared.http.codes import OneOf
from shared.http.paging import ListView
from shared.http.schema import IsoDate, Path, Query, View


class SettlementPath(Path):
    """The settlement file in the path."""

    settlement_id: Id


class SettlementQuery(Query):
    """The wanted days, both inclusive; either may be left open."""

    since: IsoDate | None = None
    until: IsoDate | None = None


class CountsView(StateView):
    """The compared lines by result; each counts in exactly one of these."""

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
    state: Annotated[str, OneOf(SettlementState)]
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
    word: Annotated[str, OneOf(SettlementSource)] = Field(
        "", description="Whose word it is: fetched or signed (SIMPONI's), or claimed by who brought it."
    )
    unanswered_since: datetime | None = Field(
        None, description="SIMPONI does not answer about the next lines and is asked again; nothing is lost."
    )

    @classmethod
    def from_settlement(cls, settlement: Settlement) -> Self:
        """Return the view of a file, for the treasurer."""
        shown = {
            "state": shown_state(settlement),
            "word": word_of(settlement),
            "lines_compared": settlement.counts.lines,
        }
        return cls.model_validate({**vars(settlement), **shown})


def word_of(settlement: Settlement) -> SettlementSource:
    """Return the source that vouches for a file; of older files, by the account they came from."""
    if settlement.source is not None:
        return settlement.source
    return SettlementSource.CLAIMED if settlement.is_claim else SettlementSource.FETCHED


def shown_state(settlement: Settlement) -> SettlementState:
    """Return ``comparing`` or ``compared``; ``word`` says who vouches for the file."""
    comparing = settlement.state is SettlementState.COMPARING
    return SettlementState.COMPARING if comparing else SettlementState.COMPARED


class SettlementList(ListView):
    """Settlement files, newest day first."""

    settlements: tuple[SettlementView, ...]
