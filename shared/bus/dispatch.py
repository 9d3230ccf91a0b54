"""Dispatches a message to its handler and decides by the result: done, retry later, or dead letter."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import structlog

from shared import context
from shared.errors import Refusal
from shared.events.envelope import Envelope
from shared.events.message import Command, Event
from shared.person_keys.errors import PersonErased
from shared.service import MessageHandler, NotYet
from shared.store.port import InboxFull, StoreUnavailable, VersionConflict

log = structlog.get_logger()

CONFLICT_TRIES: Final = 5
"""Immediate tries after version conflicts, before the message waits on a retry rung."""


class Outcome(StrEnum):
    """The result of handling a message."""

    DONE = "done"
    LATER = "later"
    POISON = "poison"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of a message and, unless it is done, the name of the exception that caused it."""

    outcome: Outcome
    because: str = ""


class Dispatcher:
    """Runs the handler for a message inside the message's own trace.

    ``handle`` never raises an error of a handler: a temporary error is LATER, every other POISON. A refusal with a time
    to try again (not known yet, upstream down, lost race) is temporary.
    """

    def __init__(
        self, events: Mapping[type[Event], MessageHandler], commands: Mapping[type[Command], MessageHandler]
    ) -> None:
        self._handlers: dict[type[Any], MessageHandler] = {**events, **commands}

    async def handle(self, envelope: Envelope) -> Outcome:
        """Run the handler of the message and return the outcome."""
        return (await self.judge(envelope)).outcome

    async def judge(self, envelope: Envelope) -> Verdict:
        """Run the handler as :meth:`handle` does and return the outcome with its reason, which a dead letter keeps."""
        causation = context.Causation(
            correlation_id=envelope.correlation_id,
            causation_id=envelope.id,
            traceparent=context.child_traceparent(envelope.traceparent),
        )
        with context.bound(causation):
            handler = self._handlers.get(type(envelope.data))
            if handler is None:
                log.error("message_without_handler", message_type=envelope.type, message_id=envelope.id)
                return Verdict(Outcome.POISON, "NoHandler")
            return await self._run(handler, envelope)

    async def _run(self, handler: MessageHandler, envelope: Envelope) -> Verdict:
        for _ in range(CONFLICT_TRIES):
            try:
                await handler(envelope.data, envelope)
            except VersionConflict:
                continue
            except (NotYet, StoreUnavailable, InboxFull) as reason:
                self._note(envelope, reason)
                return Verdict(Outcome.LATER, type(reason).__name__)
            except Refusal as refusal:
                if refusal.retry_after_seconds is not None:
                    self._note(envelope, refusal)
                    return Verdict(Outcome.LATER, type(refusal).__name__)
                log.error("message_refused", message_type=envelope.type, message_id=envelope.id, refusal=refusal.code)
                return Verdict(Outcome.POISON, type(refusal).__name__)
            except PersonErased:
                # Whatever it was to write, nothing of this person is kept any more.
                log.info("message_of_erased_person", message_type=envelope.type, message_id=envelope.id)
                return Verdict(Outcome.DONE)
            except Exception as trouble:
                log.exception("message_failed", message_type=envelope.type, message_id=envelope.id)
                return Verdict(Outcome.POISON, type(trouble).__name__)
            return Verdict(Outcome.DONE)
        return Verdict(Outcome.LATER, VersionConflict.__name__)

    @staticmethod
    def _note(envelope: Envelope, reason: Exception) -> None:
        log.log(
            logging.ERROR if isinstance(reason, InboxFull) else logging.INFO,
            "message_waits",
            message_type=envelope.type,
            message_id=envelope.id,
            reason=type(reason).__name__,
        )
