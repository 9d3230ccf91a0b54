"""SIMPONI over HTTP: bounded in time and tries, given up on for a while when it keeps failing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from aiohttp import encode_basic_auth
from pydantic import BaseModel, ValidationError

from services.billing.payment import Payment
from services.billing.rules import whole_seconds
from services.billing.simponi import SimponiBilling, SimponiLine, SimponiRefused
from shared.clock import Clock
from shared.errors import UpstreamDown
from shared.http.client import CircuitBreaker, ClientAnswer, JsonClient, Patience
from shared.http.schema import IsoMoment
from shared.randomness import Randomness

NAME: Final = "simponi"
UNIT: Final = "Direktorat Jenderal Imigrasi"
PATIENCE: Final = Patience(try_seconds=5.0, tries=2)
"""Two tries of 5 s stay well within a deadline's lease of 30 s."""

LARGEST_FILE_BYTES: Final = 64 * 1024 * 1024
"""Of a settlement file: about 450,000 lines."""

NOT_FOUND: Final = 404
FIRST_SERVER_ERROR: Final = 500


class _Payment(BaseModel):
    ntpn: str | None
    ntb: str
    amount: int
    paid_at: IsoMoment
    channel: str = ""


class _Billing(BaseModel):
    billing_code: str
    reference: str
    amount: int
    expires_at: IsoMoment
    payments: list[_Payment] = []


class _Billings(BaseModel):
    billings: list[_Billing]


class HttpSimponi:
    """The port :class:`services.billing.simponi.Simponi` over SIMPONI's HTTP interface."""

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
        credentials = encode_basic_auth(client_id, client_secret)
        self._client = JsonClient(
            NAME,
            url,
            clock=clock,
            randomness=randomness,
            patience=patience,
            breaker=breaker,
            headers={"Authorization": credentials},
        )

    async def issue(
        self,
        reference: str,
        amount: int,
        expires_at: datetime,
        description: str,
        lines: Sequence[SimponiLine] = (),
    ) -> SimponiBilling:
        """See the port. The reference makes a repeat safe, so a lost answer is asked for again."""
        order: dict[str, object] = {
            "reference": reference,
            "amount": amount,
            "expires_at": expires_at.isoformat(),
            "description": description[:500],
            "unit": UNIT,
        }
        if lines:
            order["lines"] = [{**vars(line), "description": line.description[:500]} for line in lines]
        answer = await self._client.call("POST", "/simponi/billings", body=order, idempotent=True)
        if not answer.ok:
            raise SimponiRefused(_refusal(answer))
        return _billing(answer)

    async def cancel(self, billing_code: str) -> None:
        """See the port. A cancelled code stays cancelled, so a lost answer is asked for again."""
        answer = await self._client.call("DELETE", f"/simponi/billings/{billing_code}", idempotent=True)
        if not answer.ok:
            raise SimponiRefused(_refusal(answer))

    async def status(self, billing_code: str) -> SimponiBilling | None:
        """See the port."""
        answer = await self._client.call("GET", f"/simponi/billings/{billing_code}")
        if answer.status == NOT_FOUND:
            return None
        if not answer.ok:
            raise UpstreamDown(NAME, _refusal(answer))
        return _billing(answer)

    async def statuses(self, billing_codes: Sequence[str]) -> Mapping[str, SimponiBilling]:
        """See the port. It changes nothing there, so a lost answer is asked for again."""
        order = {"codes": list(billing_codes)}
        answer = await self._client.call("POST", "/simponi/billings/status", body=order, idempotent=True)
        if not answer.ok:
            raise UpstreamDown(NAME, _refusal(answer))
        try:
            reply = _Billings.model_validate_json(answer.body)
        except ValidationError:
            raise UpstreamDown(NAME, "unreadable") from None
        return {billing.billing_code: _known(billing) for billing in reply.billings}

    def settlement(self, day: date) -> AsyncIterator[bytes]:
        """See the port."""
        return self._client.stream(
            f"/simponi/settlements/{day.isoformat()}", limit_bytes=LARGEST_FILE_BYTES, idle_seconds=PATIENCE.try_seconds
        )

    async def close(self) -> None:
        """See the port."""
        await self._client.close()


def _refusal(answer: ClientAnswer) -> str:
    """Return the stable code of a no. A fault of SIMPONI's own is no answer at all."""
    if answer.status >= FIRST_SERVER_ERROR:
        raise UpstreamDown(NAME, f"status_{answer.status}")
    try:
        reply: Any = answer.json()
    except ValueError:
        reply = None
    code = reply.get("code") if isinstance(reply, dict) else None
    return code if isinstance(code, str) and code.isidentifier() else f"http_{answer.status}"


def _billing(answer: ClientAnswer) -> SimponiBilling:
    try:
        reply = _Billing.model_validate_json(answer.body)
    except ValidationError:
        raise UpstreamDown(NAME, "unreadable") from None
    return _known(reply)


def _known(reply: _Billing) -> SimponiBilling:
    payments = tuple(_payment(reply.billing_code, payment) for payment in reply.payments)
    return SimponiBilling(reply.billing_code, reply.reference, reply.amount, whole_seconds(reply.expires_at), payments)


def _payment(billing_code: str, reply: _Payment) -> Payment:
    return Payment(billing_code, reply.ntpn, reply.ntb, reply.amount, whole_seconds(reply.paid_at), reply.channel)
