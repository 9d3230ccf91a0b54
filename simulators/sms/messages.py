"""The gateway's messages: accepted once per key, delivered or failed later. Plain data; the time is an argument."""

from __future__ import annotations

import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from simulators.errors import Refusal

MAX_MESSAGES = 20_000


class IdempotencyKeyReused(Refusal):
    code = "idempotency_key_reused"
    next_action = "Use a new Idempotency-Key for another message."


class NumberRejected(Refusal):
    status = 422
    code = "number_rejected"
    next_action = "Do not try this number again."


@dataclass(frozen=True, slots=True)
class Message:
    """A message that was accepted; ``outcome`` is known to the receiver of the receipt from ``outcome_at``."""

    message_id: str
    idempotency_key: str
    to: str
    text: str
    reference: str
    accepted_at: datetime
    outcome: str
    outcome_at: datetime

    def status(self, now: datetime) -> str:
        """Return accepted, then delivered or failed."""
        return self.outcome if now >= self.outcome_at else "accepted"

    def receipt(self, receipt_id: str) -> dict[str, object]:
        """Return the body of its delivery receipt."""
        return {
            "receipt_id": receipt_id,
            "message_id": self.message_id,
            "reference": self.reference,
            "status": self.outcome,
            "at": self.outcome_at.isoformat().replace("+00:00", "Z"),
        }


class Messages:
    """The latest MAX_MESSAGES messages; older ones are forgotten."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._by_key: dict[str, Message] = {}

    def accept(
        self, key: str, to: str, text: str, reference: str, now: datetime, *, outcome: str, after_seconds: float
    ) -> tuple[Message, bool]:
        """Return the message of a key and whether it is new. The same key with another content is refused."""
        known = self._by_key.get(key)
        if known is not None:
            if (known.to, known.text, known.reference) != (to, text, reference):
                raise IdempotencyKeyReused("This key stands for another message.", field="Idempotency-Key")
            return known, False
        outcome_at = now + timedelta(seconds=after_seconds)
        message = Message(self.new_id(), key, to, text, reference, now, outcome, outcome_at)
        if len(self._by_key) >= MAX_MESSAGES:
            del self._by_key[next(iter(self._by_key))]
        self._by_key[key] = message
        return message, True

    def sent_to(self, to: str | None) -> list[Message]:
        """Return messages to a number, or all, oldest first."""
        return [message for message in self._by_key.values() if to is None or message.to == to]

    def take_up(self, messages: Sequence[Message]) -> None:
        """Know the messages of before a restart, oldest first."""
        self._by_key.update({message.idempotency_key: message for message in messages})

    def new_id(self) -> str:
        """Draw an identifier."""
        return str(uuid.UUID(int=self._rng.getrandbits(128), version=4))
