"""The endpoint of tariffs."""

from __future__ import annotations

from services.billing.errors import NoTariffThatDay
from services.billing.routes.common import BILLING
from services.billing.schemas import TariffQuery, TariffView
from shared.http.call import Call
from shared.http.endpoint import PUBLIC, Endpoints

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
    """The tariff in force."""
    return TariffView.of(*call.app[BILLING].desk.tariff(call.query.on))
