"""The endpoints of tariffs and their changes."""

from __future__ import annotations

from typing import Final

from services.billing.errors import NotYourOffice, SecondPersonNeeded
from services.billing.http import BILLING, TREASURY
from services.billing.tariffs.errors import (
    NoTariffThatDay,
    TariffChangeDecided,
    TariffChangeUnknown,
    TariffDayIsTaken,
    TariffIncomplete,
    TariffReachesBack,
)
from services.billing.tariffs.schemas import (
    ChangePath,
    ProposedTariff,
    TariffChangeList,
    TariffChangeRefusal,
    TariffChangeView,
    TariffQuery,
    TariffView,
)
from services.billing.tariffs.service import TariffService
from shared.errors import SomeoneElseChangedIt
from shared.http.call import Call
from shared.http.endpoint import PUBLIC, ROLES, Endpoints
from shared.tokens import Role

LARGEST_TARIFF_BYTES: Final = 32 * 1024
"""Above any tariff: a handful of fees and grounds with their titles in two languages."""

api = Endpoints("billing")


@api.get(
    "/v1/tariffs",
    summary="The tariff of a day, with penalties, the same-day surcharge and zero tariffs",
    access=PUBLIC,
    query=TariffQuery,
    answers={200: TariffView},
    refusals=(NoTariffThatDay,),
)
async def show_tariff(call: Call[None, TariffQuery]) -> TariffView:
    """Show the tariff in force."""
    return TariffView.from_tariff(*await call.app[BILLING].find(TariffService).tariff(call.query.on))


@api.get(
    "/v1/tariff-changes",
    summary="Every change of the tariff that was proposed, newest first",
    access=ROLES(Role.TREASURER, Role.OPERATOR, Role.HQ_POLICY),
    answers={200: TariffChangeList},
    pages_by="change_id",
)
async def list_tariff_changes(call: Call) -> TariffChangeList:
    """List every change with its day, its proposer and the person who decided."""
    found = await call.app[BILLING].find(TariffService).tariff_changes()
    return TariffChangeList(changes=tuple(TariffChangeView.from_change(change) for change in found))


@api.post(
    "/v1/tariff-changes",
    summary="Propose a tariff for a coming day",
    access=ROLES(Role.TREASURER, Role.HQ_POLICY),
    body=ProposedTariff,
    max_body_bytes=LARGEST_TARIFF_BYTES,
    answers={201: TariffChangeView},
    location="/v1/tariff-changes",
    idempotent=True,
    refusals=(NotYourOffice, TariffReachesBack, TariffDayIsTaken, TariffIncomplete),
)
async def propose_tariff(call: Call[ProposedTariff]) -> TariffChangeView:
    """Propose a tariff; another person must approve it before its day begins."""
    asked = call.body
    change = (
        await call.app[BILLING]
        .find(TariffService)
        .propose_tariff(call.caller, asked.tariff(), asked.grounds(), asked.reason, call.command_id)
    )
    return TariffChangeView.from_change(change)


@api.post(
    "/v1/tariff-changes/{change_id}/approval",
    summary="Approve a change that another person proposed",
    access=TREASURY,
    path_model=ChangePath,
    answers={200: TariffChangeView},
    idempotent=True,
    refusals=(
        NotYourOffice,
        TariffChangeUnknown,
        SecondPersonNeeded,
        TariffChangeDecided,
        TariffReachesBack,
        TariffDayIsTaken,
        TariffIncomplete,
        SomeoneElseChangedIt,
    ),
)
async def approve_tariff(call: Call[None, None, ChangePath]) -> TariffChangeView:
    """Approve a change; it is in force from its first day on and prices no bill of an earlier day."""
    change = (
        await call.app[BILLING].find(TariffService).approve_tariff(call.caller, call.path.change_id, call.command_id)
    )
    return TariffChangeView.from_change(change)


@api.post(
    "/v1/tariff-changes/{change_id}/refusal",
    summary="Refuse a change that another person proposed",
    access=TREASURY,
    path_model=ChangePath,
    body=TariffChangeRefusal,
    answers={200: TariffChangeView},
    idempotent=True,
    refusals=(NotYourOffice, TariffChangeUnknown, SecondPersonNeeded, TariffChangeDecided, SomeoneElseChangedIt),
)
async def refuse_tariff(call: Call[TariffChangeRefusal, None, ChangePath]) -> TariffChangeView:
    """Refuse a change, with the reason."""
    service = call.app[BILLING].find(TariffService)
    change = await service.refuse_tariff(call.caller, call.path.change_id, call.body.reason, call.command_id)
    return TariffChangeView.from_change(change)
