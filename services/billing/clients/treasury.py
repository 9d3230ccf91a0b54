"""The bank's account inquiry and the treasury's refund orders over HTTP, bounded in time and tries."""

from __future__ import annotations

from typing import Final

from aiohttp import encode_basic_auth
from pydantic import BaseModel, ValidationError

from services.billing.refunds.treasury import OrderState, Payee, RefundOrder
from shared.clock import Clock
from shared.errors import UpstreamDown
from shared.http.client import CircuitBreaker, ClientAnswer, JsonClient, Patience
from shared.randomness import Randomness

NAME: Final = "treasury"
PATIENCE: Final = Patience(try_seconds=5.0, tries=2)
"""Two tries of 5 s stay well within a deadline's lease of 30 s."""

NOT_FOUND: Final = 404
CONFLICT: Final = 409
REJECTED: Final = 422
_STATES: Final = {"received": OrderState.RECEIVED, "paid": OrderState.PAID, "rejected": OrderState.REJECTED}


class _Inquiry(BaseModel):
    matches: bool


class _Order(BaseModel):
    order_number: str
    state: str


class HttpTreasury:
    """The port :class:`services.billing.refunds.treasury.Treasury` over the agencies' HTTP interfaces."""

    def __init__(
        self,
        url: str,
        client_id: str,
        client_secret: str,
        clock: Clock,
        randomness: Randomness,
        *,
        patience: Patience = PATIENCE,
        breaker: CircuitBreaker | None = None,
    ) -> None:
        self._client = JsonClient(
            NAME,
            url,
            clock=clock,
            randomness=randomness,
            patience=patience,
            breaker=breaker,
            headers={"Authorization": encode_basic_auth(client_id, client_secret)},
        )

    async def matches(self, payee: Payee) -> bool:
        """See the port. An account that the bank does not know does not match."""
        answer = await self._client.call("POST", "/bank/account-inquiries", body=_payee_fields(payee), idempotent=True)
        if answer.status == NOT_FOUND:
            return False
        _refuse_fault(answer)
        try:
            return _Inquiry.model_validate_json(answer.body).matches
        except ValidationError:
            raise UpstreamDown(NAME, "unreadable") from None

    async def order(self, order: RefundOrder) -> OrderState:
        """See the port. The number makes a repeat safe; "known already" means that it arrived before."""
        body = {
            "order_number": order.order_number,
            "ntpn": order.receipt_id,
            "amount": order.amount,
            **_payee_fields(order.payee),
        }
        answer = await self._client.call("POST", "/refund-orders", body=body, idempotent=True)
        if answer.status == CONFLICT:
            return await self.order_state(order.order_number)
        if answer.status == REJECTED:
            return OrderState.REJECTED
        _refuse_fault(answer)
        return _state(answer)

    async def order_state(self, order_number: str) -> OrderState:
        """See the port."""
        answer = await self._client.call("GET", f"/refund-orders/{order_number}")
        if answer.status == NOT_FOUND:
            return OrderState.UNKNOWN
        _refuse_fault(answer)
        return _state(answer)

    async def close(self) -> None:
        """See the port."""
        await self._client.close()


def _payee_fields(payee: Payee) -> dict[str, str]:
    return {
        "bank_code": payee.bank_code,
        "account_number": payee.account_number,
        "holder_name": payee.holder_name,
    }


def _refuse_fault(answer: ClientAnswer) -> None:
    if not answer.ok:
        raise UpstreamDown(NAME, f"status_{answer.status}")


def _state(answer: ClientAnswer) -> OrderState:
    try:
        return _STATES[_Order.model_validate_json(answer.body).state]
    except (ValidationError, KeyError):
        raise UpstreamDown(NAME, "unreadable") from None
