"""The endpoint of explanations: every fact that led to where money is."""

from __future__ import annotations

from services.billing.errors import NotYourOffice
from services.billing.http import BILLING, TREASURY
from services.billing.sagas.errors import NothingToExplain
from services.billing.sagas.explainer import Explainer
from services.billing.sagas.explanation_schemas import ExplanationView, ReferencePath
from shared.http.call import Call
from shared.http.endpoint import Endpoints

api = Endpoints("ledger")


@api.get(
    "/v1/ledger/explanations/{reference}",
    summary="Explain a bill, a receipt or a refund: every fact that led to its present state",
    access=TREASURY,
    path_model=ReferencePath,
    answers={200: ExplanationView},
    refusals=(NothingToExplain, NotYourOffice),
)
async def explain(call: Call[None, None, ReferencePath]) -> ExplanationView:
    """Explain money by billing code, NTPN, or the id of a bill or refund case."""
    return ExplanationView.model_validate(
        await call.app[BILLING].find(Explainer).explain(call.caller, call.path.reference)
    )
