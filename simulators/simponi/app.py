"""SIMPONI and the bank over HTTP: billing codes, payments, signed notices, the settlement file."""

from __future__ import annotations

import base64
import binascii
import hmac
import random
import uuid
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Annotated, ClassVar, Literal

from aiohttp import web
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, SecretStr, TypeAdapter

from shared.crypto.detached import DetachedSigner
from shared.tokens import new_signing_key_pem
from simulators.behaviour import HTTP_MODES
from simulators.config import Settings
from simulators.control import Clock, Knobs, Simulator, behaviour_of, read, stamp, utc_now
from simulators.courier import Address, Courier
from simulators.errors import CallerUnknown, RequestMalformed
from simulators.outbox import Delivery, Outbox
from simulators.simponi.books import Billing, Books, KeptBooks, Line, Payment
from simulators.simponi.settlement import (
    MAX_EXTRA_LINES,
    UNSPOILT,
    Booked,
    Spoiling,
    settlement_lines,
    signed_words,
)
from simulators.simponi.treasury import Order, OrderKnown, OrderRejected, Treasury
from simulators.state_file import application_of

MAX_CODES_PER_CALL = 500
MAX_LINES_PER_CODE = 50
MAX_RUPIAH = 10**12
LINES_PER_WRITE = 500
NOTICE_MODES = frozenset({"ok", "lose", "delay", "repeat", "reorder"})

BillingCode = Annotated[str, Field(pattern=r"^[0-9]{15}$")]
Rupiah = Annotated[int, Field(gt=0, le=MAX_RUPIAH)]
Force = Literal["allow_unknown", "allow_wrong_amount", "allow_expired", "allow_cancelled", "allow_double"]


class SimponiKnobs(Knobs):
    """Where notices go, and how far SIMPONI's clock is off."""

    callback_url: str | None = None
    callback_key_id: str = Field(default="k1", min_length=1, max_length=40)
    callback_secret: SecretStr = SecretStr("")
    callback_retry_seconds: list[Annotated[float, Field(ge=0)]] = Field(default=[0.5, 2.0, 5.0], max_length=10)
    refund_pay_seconds: float = Field(default=0.0, ge=0, le=86_400 * 366)
    skew_seconds: float = Field(default=0.0, ge=-86_400 * 366, le=86_400 * 366)


class DetailLine(BaseModel):
    """One detail of a code for several bills."""

    reference: str = Field(min_length=1, max_length=100)
    amount: Rupiah
    description: str = Field(default="", max_length=500)


class IssueOrder(BaseModel):
    """Body of ``POST /simponi/billings``. Further fields are accepted and not kept."""

    reference: str = Field(min_length=1, max_length=100)
    amount: Rupiah
    expires_at: AwareDatetime
    description: str = Field(default="", max_length=500)
    unit: str = Field(default="", max_length=200)
    lines: list[DetailLine] = Field(default=[], max_length=MAX_LINES_PER_CODE)


class StatusOrder(BaseModel):
    """Body of ``POST /simponi/billings/status``."""

    model_config = ConfigDict(extra="forbid")
    codes: list[BillingCode] = Field(max_length=MAX_CODES_PER_CALL)


class PaymentOrder(BaseModel):
    """Body of ``POST /bank/payments``."""

    model_config = ConfigDict(extra="forbid")
    billing_code: BillingCode
    amount: Rupiah
    channel: str = Field(default="teller", pattern=r"^[a-z0-9_]{1,40}$")
    paid_at: AwareDatetime | None = None
    force: list[Force] = Field(default=[], max_length=5)


class AccountInquiry(BaseModel):
    """Body of ``POST /bank/account-inquiries``."""

    model_config = ConfigDict(extra="forbid")
    bank_code: str = Field(pattern=r"^[0-9]{3}$")
    account_number: str = Field(pattern=r"^[0-9]{6,20}$")
    holder_name: str = Field(min_length=2, max_length=100)


class RefundOrder(AccountInquiry):
    """Body of ``POST /refund-orders``."""

    order_number: str = Field(min_length=1, max_length=100)
    ntpn: str = Field(pattern=r"^[A-Z0-9]{16}$")
    amount: Rupiah


class SpoilOrder(BaseModel):
    """Body of ``PUT /control/settlements/{day}``."""

    model_config = ConfigDict(extra="forbid")
    leave_out: frozenset[str] = frozenset()
    repeat: frozenset[str] = frozenset()
    amounts: dict[str, Rupiah] = Field(default_factory=dict)
    extra_lines: int = Field(default=0, ge=0, le=MAX_EXTRA_LINES)


class KeptSimponi(BaseModel):
    """SIMPONI and the bank as a restart must not lose them."""

    books: KeptBooks
    orders: list[Order]
    notices: list[Delivery]
    settlement_key: str
    """Files that were fetched before are still signed with it."""


class Simponi(Simulator[SimponiKnobs]):
    """The biller with its notices, and the bank at its side."""

    name = "simponi"
    operations: ClassVar = {
        "issue": HTTP_MODES | {"pay_before_answer"},
        "status": HTTP_MODES,
        "status_batch": HTTP_MODES,
        "find": HTTP_MODES,
        "cancel": HTTP_MODES,
        "settlement": HTTP_MODES | {"truncate", "tamper"},
        "signature": HTTP_MODES,
        "settlement_keys": HTTP_MODES,
        "pay": HTTP_MODES | {"ntb_only"},
        "notice": NOTICE_MODES,
        "account_inquiry": HTTP_MODES | {"mismatch"},
        "refund_order": HTTP_MODES | {"reject", "reject_later", "duplicate"},
        "refund_status": HTTP_MODES,
    }
    kept: ClassVar = TypeAdapter(KeptSimponi)
    books: Books
    outbox: Outbox

    def __init__(self, settings: Settings, clock: Clock = utc_now) -> None:
        self._credentials = f"{settings.simponi_client_id}:{settings.simponi_client_secret.get_secret_value()}"
        knobs = SimponiKnobs(
            callback_url=settings.simponi_callback_url,
            callback_key_id=settings.simponi_callback_key_id,
            callback_secret=settings.simponi_callback_secret,
        )
        key = settings.simponi_settlement_key
        self._settlement_key = key.get_secret_value() if key is not None else new_signing_key_pem()
        self._is_own_key = key is not None
        self._signer = DetachedSigner(self._settlement_key)
        super().__init__(knobs, settings.seed, clock)
        self.courier = Courier(lambda: self.outbox, self._address, self.clock)

    def restart(self, rng: random.Random) -> None:
        """Begin with empty books and nothing to send."""
        self.rng = rng
        self.books = Books(rng)
        self.outbox = Outbox()
        self.treasury = Treasury()
        self._spoilings: dict[date, Spoiling] = {}

    def state(self) -> KeptSimponi:
        """Return the books, the refund orders, the notices that are still to be sent and the key of the files."""
        return KeptSimponi(
            books=self.books.state(),
            orders=self.treasury.all(),
            notices=self.outbox.waiting(),
            settlement_key=self._settlement_key,
        )

    def take_up(self, state: KeptSimponi) -> None:
        """Go on with the books of before; a key that the settings name comes before the kept one."""
        self.books.take_up(state.books)
        self.treasury.take_up(state.orders)
        self.outbox.take_up(state.notices)
        if not self._is_own_key:
            self._settlement_key = state.settlement_key
            self._signer = DetachedSigner(self._settlement_key)

    def now(self) -> datetime:
        """Return the time by SIMPONI's own clock."""
        return self.clock() + timedelta(seconds=self.knobs.skew_seconds)

    def application(self) -> web.Application:
        """Wire the application with the courier of notices."""
        app = super().application()
        app.cleanup_ctx.append(self.courier.run)
        return app

    def figures(self) -> dict[str, object]:
        """Return the notices and whether they were delivered."""
        return {"notices": {**self.outbox.counts, "pending": len(self.outbox)}, "refunds": self.treasury.totals()}

    def routes(self) -> Sequence[web.RouteDef]:
        """Return SIMPONI's interface, the bank's, and the controls of both."""
        return [
            web.post("/simponi/billings", self._issue, name="issue"),
            web.get("/simponi/billings", self._find, name="find", allow_head=False),
            web.post("/simponi/billings/status", self._status_batch, name="status_batch"),
            web.get("/simponi/billings/{code}", self._status, name="status", allow_head=False),
            web.delete("/simponi/billings/{code}", self._cancel, name="cancel"),
            web.get("/simponi/settlements/{day}", self._settlement, name="settlement", allow_head=False),
            web.get("/simponi/settlements/{day}/signature", self._signature, name="signature", allow_head=False),
            web.get("/simponi/settlement-keys", self._settlement_keys, name="settlement_keys", allow_head=False),
            web.post("/bank/payments", self._pay, name="pay"),
            web.post("/bank/account-inquiries", self._inquire, name="account_inquiry"),
            web.post("/refund-orders", self._refund, name="refund_order"),
            web.get("/refund-orders/{number}", self._refund_status, name="refund_status", allow_head=False),
            web.post("/control/settle/{code}", self._settle),
            web.put("/control/settlements/{day}", self._spoil),
        ]

    def notify(self, payment: Payment) -> None:
        """Plan the notice of a payment as the operation ``notice`` is told to behave."""
        self.outbox.plan(notice_of(payment, self._new_id()), self.behaviours.take("notice"), self.clock())
        self.courier.wake()

    async def _issue(self, request: web.Request) -> web.Response:
        self._check_caller(request)
        order = await read(request, IssueOrder)
        billing, new = self.books.issue(
            order.reference,
            order.amount,
            order.expires_at,
            self.now(),
            description=order.description,
            unit=order.unit,
            lines=[Line(line.reference, line.amount, line.description) for line in order.lines],
        )
        if behaviour_of(request).mode == "pay_before_answer" and not billing.payments:
            self.notify(self.books.pay(billing.code, billing.amount, "internet_banking", self.now()))
            await self.courier.flush()
        return web.json_response(self._view(billing), status=201 if new else 200)

    async def _status(self, request: web.Request) -> web.Response:
        self._check_caller(request)
        return web.json_response(self._view(self.books.billing(request.match_info["code"])))

    async def _status_batch(self, request: web.Request) -> web.Response:
        self._check_caller(request)
        codes = (await read(request, StatusOrder)).codes
        known = [billing for code in codes if (billing := self.books.find(code)) is not None]
        unknown = [code for code in codes if self.books.find(code) is None]
        return web.json_response({"billings": [self._view(billing) for billing in known], "unknown": unknown})

    async def _find(self, request: web.Request) -> web.Response:
        self._check_caller(request)
        reference = request.query.get("reference")
        if not reference:
            raise RequestMalformed("Name the reference to look for.", field="reference")
        billing = self.books.by_reference(reference)
        return web.json_response({"billings": [] if billing is None else [self._view(billing)]})

    async def _cancel(self, request: web.Request) -> web.Response:
        self._check_caller(request)
        return web.json_response(self._view(self.books.cancel(request.match_info["code"], self.now())))

    async def _pay(self, request: web.Request) -> web.Response:
        order = await read(request, PaymentOrder)
        payment = self.books.pay(
            order.billing_code,
            order.amount,
            order.channel,
            self.now(),
            paid_at=order.paid_at,
            force=frozenset(order.force),
            ntb_only=behaviour_of(request).mode == "ntb_only",
        )
        self.notify(payment)
        return web.json_response(payment_view(payment), status=201)

    async def _inquire(self, request: web.Request) -> web.Response:
        self._check_caller(request)
        inquiry = await read(request, AccountInquiry)
        self.treasury.inquire(inquiry.account_number)
        return web.json_response({"matches": behaviour_of(request).mode != "mismatch"})

    async def _refund(self, request: web.Request) -> web.Response:
        self._check_caller(request)
        order = await read(request, RefundOrder)
        mode = behaviour_of(request).mode
        if mode == "reject":
            raise OrderRejected("The bank cannot book on this account.", field="account_number")
        taken, new = self.treasury.take(
            Order(
                order.order_number,
                order.ntpn,
                order.amount,
                order.bank_code,
                order.account_number,
                order.holder_name,
                self.now(),
            )
        )
        if mode == "reject_later":
            taken = self.treasury.reject(taken.number)
        if mode == "duplicate" and not new:
            raise OrderKnown("This order came before.", field="order_number")
        return web.json_response(self._order_view(taken), status=201 if new else 200)

    async def _refund_status(self, request: web.Request) -> web.Response:
        self._check_caller(request)
        return web.json_response(self._order_view(self.treasury.order(request.match_info["number"])))

    def _order_view(self, order: Order) -> dict[str, object]:
        state = order.state(self.now(), self.knobs.refund_pay_seconds)
        return {"order_number": order.number, "amount": order.amount, "state": state}

    async def _settle(self, request: web.Request) -> web.Response:
        payments = self.books.settle(request.match_info["code"], self.now())
        for payment in payments:
            self.notify(payment)
        return web.json_response({"payments": [payment_view(payment) for payment in payments]})

    async def _spoil(self, request: web.Request) -> web.Response:
        day = day_of(request)
        order = await read(request, SpoilOrder)
        self._spoilings[day] = Spoiling(order.leave_out, order.repeat, order.amounts, order.extra_lines)
        return web.json_response({"day": day.isoformat()})

    async def _settlement(self, request: web.Request) -> web.StreamResponse:
        self._check_caller(request)
        day = day_of(request)
        lines = settlement_lines(day, booked(self.books, day), self._spoilings.get(day, UNSPOILT))
        answer = web.StreamResponse(headers={"Content-Type": "text/csv; charset=utf-8"})
        await answer.prepare(request)
        mode = behaviour_of(request).mode
        if mode == "tamper":
            lines = tampered(lines)
        for chunk in chunks(lines, "TOTAL" if mode == "truncate" else None):
            await answer.write(chunk)
        await answer.write_eof()
        return answer

    async def _signature(self, request: web.Request) -> web.Response:
        self._check_caller(request)
        day = day_of(request)
        lines = settlement_lines(day, booked(self.books, day), self._spoilings.get(day, UNSPOILT))
        return web.json_response({"day": day.isoformat(), "signature": self._signer.sign(signed_words(day, lines))})

    async def _settlement_keys(self, _request: web.Request) -> web.Response:
        return web.json_response(self._signer.jwks())

    def _view(self, billing: Billing) -> dict[str, object]:
        return {
            "billing_code": billing.code,
            "reference": billing.reference,
            "amount": billing.amount,
            "status": billing.status(self.now()),
            "issued_at": stamp(billing.issued_at),
            "expires_at": stamp(billing.expires_at),
            "payments": [payment_view(payment) for payment in billing.payments],
            "lines": [
                {"reference": line.reference, "amount": line.amount, "description": line.description}
                for line in billing.lines
            ],
        }

    def _check_caller(self, request: web.Request) -> None:
        scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
        try:
            stated = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            stated = b""
        if scheme.lower() != "basic" or not hmac.compare_digest(stated, self._credentials.encode()):
            raise CallerUnknown("The basic credentials are not those of a client.", field="Authorization")

    def _address(self) -> Address | None:
        knobs = self.knobs
        if knobs.callback_url is None:
            return None
        secret = knobs.callback_secret.get_secret_value()
        return Address(
            knobs.callback_url, "X-Simponi", knobs.callback_key_id, secret, tuple(knobs.callback_retry_seconds)
        )

    def _new_id(self) -> str:
        return str(uuid.UUID(int=self.rng.getrandbits(128), version=4))


def notice_of(payment: Payment, notice_id: str) -> dict[str, object]:
    """Return the body of a payment notice; ``ntpn`` is null until the payment is settled."""
    return {
        "notice_id": notice_id,
        "billing_code": payment.billing_code,
        "ntpn": payment.ntpn,
        "ntb": payment.ntb,
        "amount": payment.amount,
        "paid_at": stamp(payment.paid_at),
        "channel": payment.channel,
    }


def payment_view(payment: Payment) -> dict[str, object]:
    """Return a payment as status answers and the bank show it."""
    return {
        "ntpn": payment.ntpn,
        "ntb": payment.ntb,
        "amount": payment.amount,
        "paid_at": stamp(payment.paid_at),
        "channel": payment.channel,
        "settled": payment.settled,
    }


def booked(books: Books, day: date) -> Iterator[Booked]:
    """Yield a day's settled payments as the file shows them."""
    for payment in books.settled_on(day):
        assert payment.ntpn is not None and payment.settled_at is not None  # noqa: S101 - settled means both are known
        yield Booked(
            payment.billing_code,
            payment.ntpn,
            payment.ntb,
            payment.amount,
            payment.paid_at,
            payment.settled_at,
            payment.channel,
        )


def chunks(lines: Iterator[str], held_back: str | None) -> Iterator[bytes]:
    """Join lines for writing; ``held_back`` names the line before which the file breaks off."""
    pending: list[str] = []
    for line in lines:
        if held_back is not None and line.startswith(held_back):
            break
        pending.append(line)
        if len(pending) == LINES_PER_WRITE:
            yield "".join(pending).encode()
            pending.clear()
    if pending:
        yield "".join(pending).encode()


def tampered(lines: Iterator[str]) -> Iterator[str]:
    """Give every first payment a longer amount, and leave the last line as it was."""
    for line in lines:
        parts = line.split(",")
        yield line if parts[1] != "1" or parts[0] == "TOTAL" else ",".join((*parts[:5], f"{parts[5]}0", *parts[6:]))


def day_of(request: web.Request) -> date:
    """Read the day in the path."""
    try:
        return date.fromisoformat(request.match_info["day"])
    except ValueError:
        raise RequestMalformed("Write the day as YYYY-MM-DD.", field="day") from None


def create_app(settings: Settings, clock: Clock = utc_now) -> web.Application:
    """Return the simulator as an application."""
    return application_of(Simponi(settings, clock), settings.state_folder)
