"""The endpoints of the ledger: balances, the journal of a day, roots and explanations."""

from __future__ import annotations

from collections.abc import AsyncIterator

from services.billing.access import refuse_unless_serves_all
from services.billing.errors import NothingToExplain, NotYourOffice
from services.billing.http import BILLING, TREASURY
from services.billing.ledger.schemas import BalancesView, DayQuery, ExplanationView, ReferencePath
from shared.audit.routes import audit_endpoints
from shared.chain import MEDIA_TYPE
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
    """Every account that is not at zero; of all offices together, so for those who serve all."""
    refuse_unless_serves_all(call.caller)
    return BalancesView.of(await call.app[BILLING].ledger.balances())


@api.get(
    "/v1/ledger/journal",
    summary="Export the postings of a day, chained",
    access=TREASURY,
    query=DayQuery,
    answers={200: MEDIA_TYPE},
    refusals=(NotYourOffice,),
    description="JSON lines, each with the hash of the one before; `paspor ledger verify` re-computes and adds up.",
)
async def export_journal(call: Call[None, DayQuery]) -> AsyncIterator[bytes]:
    """In the order in which they were chained; of all offices, for those who serve all."""
    refuse_unless_serves_all(call.caller)
    return call.app[BILLING].ledger.journal(call.query.date)


@api.get(
    "/v1/ledger/roots",
    summary="The roots of the ledger that were published on a day",
    access=TREASURY,
    query=DayQuery,
    answers={200: MEDIA_TYPE},
    refusals=(NotYourOffice,),
)
async def list_ledger_roots(call: Call[None, DayQuery]) -> AsyncIterator[bytes]:
    """A line per chain that had grown; for those who serve all offices."""
    refuse_unless_serves_all(call.caller)
    return call.app[BILLING].ledger.roots(call.query.date)


@api.get(
    "/v1/ledger/explanations/{reference}",
    summary="Explain a bill, a receipt or a refund: every fact that led to its present state",
    access=TREASURY,
    path_model=ReferencePath,
    answers={200: ExplanationView},
    refusals=(NothingToExplain, NotYourOffice),
)
async def explain(call: Call[None, None, ReferencePath]) -> ExplanationView:
    """By billing code, NTPN, or the id of a bill or refund case."""
    return ExplanationView.of(await call.app[BILLING].sagas.explain(call.caller, call.path.reference))


audit = audit_endpoints("billing", lambda call: call.app[BILLING].audit_book)
