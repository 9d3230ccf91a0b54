"""The SMS gateway over HTTP: signed messages in, signed delivery receipts out."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Annotated, ClassVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, SecretStr, TypeAdapter

from simulators.behaviour import HTTP_MODES
from simulators.config import Settings
from simulators.control import Clock, Knobs, Simulator, behaviour_of, parse, stamp, utc_now
from simulators.courier import Address, Courier
from simulators.errors import CallerUnknown, RequestMalformed
from simulators.outbox import Delivery, Outbox
from simulators.signing import signature_holds
from simulators.sms.messages import Message, Messages, NumberRejected
from simulators.state_file import application_of

HEADER_PREFIX = "X-Sms"
MAX_TEXT_CHARACTERS = 918  # six parts of 153
MAX_KEY_CHARACTERS = 200
MESSAGES_LISTED = 1_000


class SmsKnobs(Knobs):
    """Where receipts go and how long a message takes to arrive."""

    receipt_url: str | None = None
    receipt_key_id: str = Field(default="k1", min_length=1, max_length=40)
    receipt_secret: SecretStr = SecretStr("")
    receipt_seconds: float = Field(default=0.2, ge=0)
    receipt_retry_seconds: list[Annotated[float, Field(ge=0)]] = Field(default=[0.5, 2.0, 5.0], max_length=10)


class MessageOrder(BaseModel):
    """Body of ``POST /sms/messages``."""

    model_config = ConfigDict(extra="forbid")
    to: str = Field(pattern=r"^\+[1-9][0-9]{7,14}$")
    text: str = Field(min_length=1, max_length=MAX_TEXT_CHARACTERS)
    reference: str = Field(min_length=1, max_length=100)


class KeptSms(BaseModel):
    """The gateway as a restart must not lose it."""

    messages: list[Message]
    receipts: list[Delivery]


class SmsGateway(Simulator[SmsKnobs]):
    """A gateway with one operator behind it."""

    name = "sms"
    operations: ClassVar = {
        "send": HTTP_MODES | {"reject"},
        "receipt": frozenset({"ok", "fail", "lose", "delay", "repeat", "reorder"}),
    }
    kept: ClassVar = TypeAdapter(KeptSms)
    messages: Messages
    outbox: Outbox

    def __init__(self, settings: Settings, clock: Clock = utc_now) -> None:
        self._client_secret = settings.sms_client_secret
        knobs = SmsKnobs(
            receipt_url=settings.sms_receipt_url,
            receipt_key_id=settings.sms_receipt_key_id,
            receipt_secret=settings.sms_receipt_secret,
            receipt_seconds=settings.sms_receipt_seconds,
        )
        super().__init__(knobs, settings.seed, clock)
        self.courier = Courier(lambda: self.outbox, self._address, self.clock)

    def restart(self, rng: random.Random) -> None:
        """Forget all messages and receipts."""
        self.messages = Messages(rng)
        self.outbox = Outbox()

    def state(self) -> KeptSms:
        """Return the messages and the receipts that are still to be sent."""
        return KeptSms(messages=self.messages.sent_to(None), receipts=self.outbox.waiting())

    def take_up(self, state: KeptSms) -> None:
        """Go on with the messages and receipts of before."""
        self.messages.take_up(state.messages)
        self.outbox.take_up(state.receipts)

    def application(self) -> web.Application:
        """Wire the application with the courier of receipts."""
        app = super().application()
        app.cleanup_ctx.append(self.courier.run)
        return app

    def figures(self) -> dict[str, object]:
        """Return the receipts and whether they were delivered."""
        return {"receipts": {**self.outbox.counts, "pending": len(self.outbox)}}

    def routes(self) -> Sequence[web.RouteDef]:
        """Return the gateway's interface and the list of messages."""
        return [
            web.post("/sms/messages", self._send, name="send"),
            web.get("/control/messages", self._list),
        ]

    async def _send(self, request: web.Request) -> web.Response:
        body = await request.read()
        self._check_caller(request, body)
        order = parse(MessageOrder, body)
        if behaviour_of(request).mode == "reject":
            raise NumberRejected("The operator does not deliver to this number.", field="to")
        message = self._accept(idempotency_key_of(request), order)
        return web.json_response({"message_id": message.message_id}, status=202)

    def _accept(self, key: str, order: MessageOrder) -> Message:
        receipt = self.behaviours.current("receipt")
        message, new = self.messages.accept(
            key,
            order.to,
            order.text,
            order.reference,
            self.clock(),
            outcome="failed" if receipt.mode == "fail" else "delivered",
            after_seconds=self.knobs.receipt_seconds,
        )
        if new:
            body = message.receipt(self.messages.new_id())
            self.outbox.plan(body, self.behaviours.take("receipt"), message.outcome_at)
            self.courier.wake()
        return message

    async def _list(self, request: web.Request) -> web.Response:
        listed = self.messages.sent_to(request.query.get("to"))
        latest = [self._view(message) for message in listed[-MESSAGES_LISTED:]]
        return web.json_response({"total": len(listed), "messages": latest})

    def _view(self, message: Message) -> dict[str, object]:
        return {
            "message_id": message.message_id,
            "to": message.to,
            "text": message.text,
            "reference": message.reference,
            "accepted_at": stamp(message.accepted_at),
            "status": message.status(self.clock()),
        }

    def _check_caller(self, request: web.Request, body: bytes) -> None:
        secret, seconds = self._client_secret.get_secret_value(), int(self.clock().timestamp())
        if not signature_holds(HEADER_PREFIX, request.headers, secret, seconds, body):
            raise CallerUnknown("The signature is missing, wrong or too old.", field=f"{HEADER_PREFIX}-Signature")

    def _address(self) -> Address | None:
        knobs = self.knobs
        if knobs.receipt_url is None:
            return None
        secret = knobs.receipt_secret.get_secret_value()
        return Address(
            knobs.receipt_url, HEADER_PREFIX, knobs.receipt_key_id, secret, tuple(knobs.receipt_retry_seconds)
        )


def idempotency_key_of(request: web.Request) -> str:
    """Return the required Idempotency-Key."""
    key = request.headers.get("Idempotency-Key", "")
    if not 1 <= len(key) <= MAX_KEY_CHARACTERS:
        raise RequestMalformed(f"Send 1 to {MAX_KEY_CHARACTERS} characters.", field="Idempotency-Key")
    return key


def create_app(settings: Settings, clock: Clock = utc_now) -> web.Application:
    """Return the simulator as an application."""
    return application_of(SmsGateway(settings, clock), settings.state_folder)
