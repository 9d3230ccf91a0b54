"""The endpoints of the ledger: balances, the journal of a day and roots."""

from __future__ import annotations

from collections.abc import AsyncIterator

from services.billing.access import refuse_unless_serves_all
from services.billing.errors import NotYourOffice
from services.billing.http import BILLING, TREASURY
from services.billing.ledger.book import LedgerBook
from services.billing.ledger.schemas import BalancesView, DayQuery
from shared.chain import MEDIA_TYPE
from shared.chain.lines import JournalLine, RootsLine
from shared.http.call import Call
from shared.http.endpoint import Endpoints

api = Endpoints("ledger")


@api.get(
    "/v1/ledger/balances",
    summary="What lies on each account",
    access=TREASURY,
    answers={200: BalancesView},
    refusals=(NotYourOffice,),
    description="A projection of the postings, some seconds behind them: `as_of` says until when they are counted.",
)
async def show_balances(call: Call) -> BalancesView:
    """Show every account that is not at zero; of all offices together, so for those who serve all."""
    refuse_unless_serves_all(call.caller)
    return BalancesView.from_balances(await call.app[BILLING].find(LedgerBook).balances())


@api.get(
    "/v1/ledger/journal",
    summary="Export the postings of a day, chained",
    access=TREASURY,
    query=DayQuery,
    answers={200: MEDIA_TYPE},
    line=JournalLine,
    refusals=(NotYourOffice,),
    description="JSON lines, each with the hash of the one before; `paspor ledger verify` re-computes and adds up.",
)
async def export_journal(call: Call[None, DayQuery]) -> AsyncIterator[bytes]:
    """Export postings in the order of their chain; of all offices, for those who serve all."""
    refuse_unless_serves_all(call.caller)
    return call.app[BILLING].find(LedgerBook).journal(call.query.date)


@api.get(
    "/v1/ledger/roots",
    summary="The roots of the ledger that were published on a day",
    access=TREASURY,
    query=DayQuery,
    answers={200: MEDIA_TYPE},
    line=RootsLine,
    refusals=(NotYourOffice,),
)
async def list_ledger_roots(call: Call[None, DayQuery]) -> AsyncIterator[bytes]:
    """List a line per chain that had grown; for those who serve all offices."""
    refuse_unless_serves_all(call.caller)
    return call.app[BILLING].find(LedgerBook).roots(call.query.date)
