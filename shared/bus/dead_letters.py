"""Dead letters of one service: an operator lists, replays and drops them, one operator at a time."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue
from aio_pika.exceptions import AMQPError, ChannelNotFoundEntity
from aiormq.exceptions import ChannelLockedResource

from shared.bus import topology
from shared.bus.amqp import PUBLISH_SECONDS
from shared.events.envelope import Envelope, UnreadableMessage

CONNECT_SECONDS: Final = 5.0
"""How long the broker may take to answer."""

LONGEST_LIST: Final = 10_000
"""Most dead letters of one list; they are all held in memory."""

MOST_RETURNS: Final = 15
"""A letter that was returned this often is copied: newer brokers drop one at its 20th return."""

_RETURNS: Final = "x-delivery-count"
_LONGEST_SHOWN: Final = 120


class DeadLetterTrouble(Exception):
    """Base of the errors that an operator sees; the text is a sentence."""


class BrokerUnreachable(DeadLetterTrouble):
    """The broker does not answer, or refuses the user."""


class NoDeadQueue(DeadLetterTrouble):
    """The service has never run on this broker."""


class SomebodyElseLooks(DeadLetterTrouble):
    """Another operator works on these letters."""


class NoSuchDeadLetter(DeadLetterTrouble):
    """No dead letter has this id."""


@dataclass(frozen=True)
class DeadLetter:
    """A dead letter as it is shown: events hold no personal data, an unreadable body is never shown.

    ``because`` is the name of the exception that its handler raised, or the broker's reason; ``event`` is None if the
    body is unreadable.
    """

    message_id: str
    type: str
    subject: str
    because: str
    spoken_at: datetime | None
    buried_at: datetime | None
    body_bytes: int
    body_sha256: str
    event: Mapping[str, Any] | None

    def as_fields(self) -> dict[str, Any]:
        """Return all fields in JSON's own types."""
        return {
            "message_id": self.message_id,
            "type": self.type,
            "subject": self.subject,
            "because": self.because,
            "spoken_at": self.spoken_at.isoformat() if self.spoken_at else None,
            "buried_at": self.buried_at.isoformat() if self.buried_at else None,
            "body_bytes": self.body_bytes,
            "body_sha256": self.body_sha256,
            "event": self.event,
        }


Told = Callable[[DeadLetter], Awaitable[None]]


async def _tell_nobody(_: DeadLetter) -> None:
    return None


class DeadLetters:
    """The dead queue of one service, held by one operator: see :func:`dead_letters`.

    Listed letters stay in the queue: they are returned when the operator leaves, also by a crash.
    """

    def __init__(self, service: str, channel: AbstractChannel, queue: AbstractQueue) -> None:
        self._service = service
        self._channel = channel
        self._queue = queue
        self._in_hand: list[AbstractIncomingMessage] = []

    async def list(self, limit: int = LONGEST_LIST) -> list[DeadLetter]:
        """Return the letters, the oldest first."""
        letters: list[DeadLetter] = []
        async for message in self._messages():
            self._in_hand.append(message)
            letters.append(read(message))
            if len(letters) >= limit:
                break
        return letters

    async def show(self, message_id: str) -> DeadLetter:
        """Return one letter.

        Raises:
            NoSuchDeadLetter: none has this id.
        """
        message = await self._find(message_id)
        self._in_hand.append(message)
        return read(message)

    async def replay(self, message_id: str, before: Told = _tell_nobody) -> DeadLetter:
        """Send one letter to its service's work queue again and remove it once the broker has confirmed.

        A crash in between leaves both: the service drops the second by its id. ``before`` is called first.

        Raises:
            NoSuchDeadLetter: none has this id.
        """
        message = await self._find(message_id)
        return await self._replay(message, before)

    async def replay_all(self, before: Told = _tell_nobody) -> int:
        """Replay every letter that is there now and return how many; letters that die again meanwhile are left."""
        replayed = 0
        async for message in self._messages():
            await self._replay(message, before)
            replayed += 1
        return replayed

    async def drop(self, message_id: str, before: Told = _tell_nobody) -> DeadLetter:
        """Remove one letter for good and return it; ``before`` is called first, so that it can be recorded.

        Raises:
            NoSuchDeadLetter: none has this id.
        """
        message = await self._find(message_id)
        letter = read(message)
        await before(letter)
        await message.ack()
        return letter

    async def give_back(self) -> None:
        """Return the listed letters to the queue in their old order; copy those that the broker would soon drop."""
        for message in self._in_hand:
            if int(str(message.headers.get(_RETURNS, 0))) >= MOST_RETURNS:
                headers = {name: value for name, value in message.headers.items() if name != _RETURNS}
                await self._send(message, topology.dead_queue(self._service), headers, message.timestamp)
                await message.ack()
            else:
                await message.nack(requeue=True)
        self._in_hand = []

    async def _messages(self) -> AsyncIterator[AbstractIncomingMessage]:
        waiting = self._queue.declaration_result.message_count or 0
        for _ in range(min(waiting, LONGEST_LIST)):
            message = await self._queue.get(fail=False, timeout=CONNECT_SECONDS)
            if message is None:
                return
            yield message

    async def _find(self, message_id: str) -> AbstractIncomingMessage:
        async for message in self._messages():
            if id_of(message) == message_id:
                return message
            self._in_hand.append(message)
        raise NoSuchDeadLetter(
            f"{self._service} has no dead letter {message_id}: `./paspor dead list {self._service}` names those it has."
        )

    async def _replay(self, message: AbstractIncomingMessage, before: Told) -> DeadLetter:
        letter = read(message)
        await before(letter)
        # a fresh time: the week of retries for "not yet" begins again
        await self._send(message, topology.work_queue(self._service), {}, datetime.now(UTC))
        await message.ack()
        return letter

    async def _send(
        self, message: AbstractIncomingMessage, queue: str, headers: Mapping[str, Any], at: datetime | None
    ) -> None:
        copy = aio_pika.Message(
            message.body,
            message_id=message.message_id,
            type=message.type,
            timestamp=at,
            content_type=message.content_type,
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            headers=dict(headers),
        )
        await self._channel.default_exchange.publish(copy, queue, mandatory=True, timeout=PUBLISH_SECONDS)


@asynccontextmanager
async def dead_letters(url: str, service: str) -> AsyncIterator[DeadLetters]:
    """Open the dead letters of a service on the broker at this address, for one operator at a time.

    Raises:
        BrokerUnreachable: it does not answer, refuses the user, or the connection breaks; nothing is lost then.
        NoDeadQueue: the service never ran there.
        SomebodyElseLooks: another operator has them open.
    """
    try:
        async with await aio_pika.connect(url, timeout=CONNECT_SECONDS) as connection:
            await _be_the_only_one(await connection.channel(), service)
            channel = await connection.channel(publisher_confirms=True, on_return_raises=True)
            try:
                queue = await channel.declare_queue(topology.dead_queue(service), passive=True)
            except ChannelNotFoundEntity as absent:
                raise NoDeadQueue(
                    f"This broker knows no dead letters of {service}, so it never ran here: start it, or name another "
                    "broker in AMQP_URL."
                ) from absent
            letters = DeadLetters(service, channel, queue)
            try:
                yield letters
            finally:
                if not channel.is_closed:
                    await letters.give_back()
    except (TimeoutError, AMQPError, OSError) as trouble:
        raise BrokerUnreachable(
            f"RabbitMQ does not answer as it should ({type(trouble).__name__}): is it running (`./paspor up`), and is "
            "AMQP_URL right? Nothing is lost; do the same again."
        ) from trouble


async def _be_the_only_one(channel: AbstractChannel, service: str) -> None:
    try:
        await channel.declare_queue(f"{topology.dead_queue(service)}.operator", exclusive=True, auto_delete=True)
    except ChannelLockedResource as refused:
        raise SomebodyElseLooks(
            f"Somebody else has the dead letters of {service} in hand: wait until that command has ended."
        ) from refused


def id_of(message: AbstractIncomingMessage) -> str:
    """Return the message's id; without one, a name made of its body's hash."""
    return _plain(message.message_id or f"unnamed-{hashlib.sha256(message.body).hexdigest()[:12]}")


def read(message: AbstractIncomingMessage) -> DeadLetter:
    """Return a message as a dead letter that may be shown."""
    try:
        event = Envelope.from_bytes(message.body).to_fields()
    except UnreadableMessage:
        event = None
    outside = event or _attributes(message.body)
    return DeadLetter(
        message_id=id_of(message),
        type=_plain(message.type or outside.get("type") or "unknown"),
        subject=_plain(outside.get("subject") or "unknown"),
        because=_because(message),
        spoken_at=_time(outside.get("time")),
        buried_at=_time(message.headers.get(topology.BURIED_AT)) or _died_at(message),
        body_bytes=len(message.body),
        body_sha256=hashlib.sha256(message.body).hexdigest(),
        event=event,
    )


def _attributes(body: bytes) -> Mapping[str, Any]:
    try:
        fields = json.loads(body)
    except ValueError:
        return {}
    return fields if isinstance(fields, dict) else {}


def _because(message: AbstractIncomingMessage) -> str:
    told = message.headers.get(topology.BURIED_BECAUSE)
    if told:
        return _plain(told)
    deaths = _deaths(message)
    if not deaths:
        return "unknown"
    reason = _plain(deaths[0].get("reason") or "unknown")
    return "killed its consumer too often" if reason == "delivery_limit" else reason


def _died_at(message: AbstractIncomingMessage) -> datetime | None:
    deaths = _deaths(message)
    return _time(deaths[0].get("time")) if deaths else None


def _deaths(message: AbstractIncomingMessage) -> list[Mapping[str, Any]]:
    deaths = message.headers.get("x-death")
    return [death for death in deaths if isinstance(death, Mapping)] if isinstance(deaths, list) else []


def _time(told: Any) -> datetime | None:
    if isinstance(told, datetime):
        return told if told.tzinfo else told.replace(tzinfo=UTC)
    try:
        at = datetime.fromisoformat(str(told))
    except ValueError:
        return None
    return at if at.tzinfo else None


def _plain(told: Any) -> str:
    """Return text that is safe on a terminal, whatever the message holds."""
    text = told.decode(errors="replace") if isinstance(told, bytes) else str(told)
    return "".join(sign if sign.isprintable() else "?" for sign in text[:_LONGEST_SHOWN])
