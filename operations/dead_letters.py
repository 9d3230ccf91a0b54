"""`./paspor dead`: messages that a service could not take.

Events hold no personal data, and a body that cannot be read is never shown, so nothing here needs hiding. A dropped
event stands whole in the audit log, if it was readable.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Any, Final

from local_suite.errors import CommandError
from operations.audit_log import AuditLog
from operations.errors import RequestMakesNoSense
from operations.output import Say, age_of
from shared.bus.dead_letters import DeadLetter, DeadLetters, DeadLetterTrouble, dead_letters

LONGEST_REASON: Final = 500

Open = Callable[[str, str], AbstractAsyncContextManager[DeadLetters]]


class DeadLetterCommands:
    """An operator's work on dead letters: list, show, replay, drop."""

    def __init__(self, url: str, log: AuditLog, say: Say, *, open_at: Open = dead_letters) -> None:
        self._url = url
        self._log = log
        self._say = say
        self._open = open_at

    async def list(self, services: Sequence[str], *, as_json: bool = False) -> int:
        """Say which letters there are, the longest buried first."""
        found = 0
        for service in services:
            async with self._at(service) as letters:
                listed = await letters.list()
            found += len(listed)
            self._show(service, listed, as_json)
        if not found and not as_json:
            self._say("No dead letters.")
        return 0

    async def show(self, service: str, message_id: str) -> int:
        """Say everything about one letter."""
        async with self._at(service) as letters:
            letter = await letters.show(message_id)
        self._say(json.dumps(letter.as_fields(), indent=2, ensure_ascii=False))
        return 0

    async def replay(self, service: str, message_id: str | None) -> int:
        """Give one letter, or all without an id, to the service again."""

        async def write_down(letter: DeadLetter) -> None:
            self._log.write("replay", service, message_id=letter.message_id, type=letter.type)

        async with self._at(service) as letters:
            if message_id is None:
                count = await letters.replay_all(write_down)
                self._say(f"{_letters(count)} of {service} given to it again.")
            else:
                letter = await letters.replay(message_id, write_down)
                self._say(f"{letter.message_id} ({letter.type}) given to {service} again.")
        return 0

    async def drop(self, service: str, message_id: str, reason: str) -> int:
        """Take one letter away for good; the audit file keeps the event and the reason."""
        reason = check_reason(reason)

        async def write_down(letter: DeadLetter) -> None:
            self._log.write("drop", service, reason=reason, letter=letter.as_fields())

        async with self._at(service) as letters:
            letter = await letters.drop(message_id, write_down)
        kept = "it" if letter.event else "its size and hash"
        self._say(f"{letter.message_id} ({letter.type}) dropped; {self._log.path} keeps {kept} and the reason.")
        return 0

    def _at(self, service: str) -> AbstractAsyncContextManager[DeadLetters]:
        return self._open(self._url, service)

    def _show(self, service: str, letters: Sequence[DeadLetter], as_json: bool) -> None:
        if as_json:
            for letter in letters:
                self._say(json.dumps({"service": service, **letter.as_fields()}, ensure_ascii=False))
        elif letters:
            self._say(f"{service}: {_letters(len(letters))}")
            for letter in letters:
                self._say("\n".join(lines_of(letter, datetime.now(UTC))))


def lines_of(letter: DeadLetter, now: datetime) -> tuple[str, str]:
    """A letter in two lines: id, age and cause; then what it says of what."""
    age = f"buried {age_of(letter.buried_at, now)} ago" if letter.buried_at else "buried some time ago"
    return f"  {letter.message_id}  {age}  {letter.because}", f"      {letter.type} of {letter.subject}"


def check_reason(reason: str) -> str:
    """Return the reason without spaces around it.

    Raises:
        RequestMakesNoSense: it says nothing or too much.
    """
    reason = reason.strip()
    if not 1 <= len(reason) <= LONGEST_REASON:
        raise RequestMakesNoSense(f"--reason needs a sentence of 1 to {LONGEST_REASON} characters, without names.")
    return reason


def _letters(count: int) -> str:
    return f"{count} dead letter{'s' if count != 1 else ''}"


async def refuse_in_sentences(work: Coroutine[Any, Any, int]) -> int:
    """Return the work's exit status.

    Raises:
        CommandError: the broker refused or did not answer.
    """
    try:
        return await work
    except DeadLetterTrouble as trouble:
        raise CommandError(str(trouble)) from trouble
