"""Writing the audit. A line is written **before** its act: what is not in the audit was not done.

``await audit.note(...)`` and then act; or ``async with audit.doing(...):`` around the act, which adds a second line
with the outcome. A crash between the two leaves a line ``begun`` without an end, which is true: somebody began it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from shared.audit.reads import DATA_READ, record_of
from shared.clock import Clock
from shared.errors import Refusal
from shared.events.data_reads import DataRead
from shared.ids import Ids, derived_id
from shared.store.kinds import Index, Kind, Range, Record
from shared.store.port import AlreadyExists, Store

BEGUN: Final = "begun"
DONE: Final = "done"
FAILED: Final = "failed"
REFUSED: Final = "refused"

LONGEST_WORDS: Final = 2000
"""Characters of a free text that goes with an act: a page."""

_CODE: Final = re.compile(r"[a-z][a-z0-9_]{1,63}\Z")


class OverrideNeedsReason(Refusal):
    """An override was asked for without a coded reason: nothing was done (F21)."""

    status = 422
    code = "override_needs_reason"
    title = "An override needs a reason."
    title_id = "Tindakan pengecualian harus disertai alasan."
    next_action = "Send the request again with a reason code, such as system_fault."
    next_action_id = "Kirim ulang dengan kode alasan, misalnya system_fault."

    def __init__(self) -> None:
        super().__init__(field="/reason")


class Actor(Protocol):
    """The actor: a ``Caller``, or a service's own class made of one."""

    @property
    def account_id(self) -> str:
        """Their account."""
        ...

    @property
    def role(self) -> str:
        """Their role, as a token names it."""
        ...

    @property
    def office_id(self) -> str | None:
        """Their office, if they belong to one."""
        ...


@dataclass(frozen=True)
class AuditLine:
    """One line: who did what to what, when, why and with which outcome. Ids and codes only, never free text."""

    at: datetime
    actor_id: str
    role: str
    office_id: str | None
    """The office that the act concerns."""
    act: str
    """A stable name such as ``visit.let_in_on_proof``."""
    subject: str
    """The id of what it was done to."""
    outcome: str
    """``begun``, ``done``, ``failed`` or ``refused``; see :func:`Audit.doing`."""
    reason: str | None = None
    override: bool = False
    of: str | None = None
    """The line that began what this one ends."""
    detail: str | None = None
    """The code of a refusal, or whatever stable code says more."""
    words: str | None = None
    """Salted hash of the free text that was given; text and salt lie apart and can be erased."""


@dataclass(frozen=True)
class AuditWords:
    """A free text that somebody gave with an act, and its salt: erasable without touching the line."""

    text: str
    salt: str


AUDIT: Final[Kind[AuditLine]] = Kind(
    "audit",
    AuditLine,
    indexes=(
        Index("order", ("state.at", "_id")),
        Index("office", ("state.office_id", "state.at")),
        Index("overrides", ("state.office_id", "state.at"), where={"state.override": True}),
        Index("subject", ("state.subject", "state.at")),
    ),
    bare=True,
)
"""Only ever inserted: nothing changes or removes a line."""

AUDIT_WORDS: Final[Kind[AuditWords]] = Kind("audit_words", AuditWords, bare=True)

AUDIT_KINDS: Final[tuple[Kind[Any], ...]] = (AUDIT, AUDIT_WORDS, DATA_READ)
"""Kinds that a service with an audit adds to its own."""


@dataclass
class Doing:
    """An act that is under way; its user may say more about how it ended."""

    line_id: str
    detail: str | None = None


class Audit:
    """Writes and reads one service's audit."""

    def __init__(self, store: Store, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._clock = clock
        self._ids = ids

    async def note(
        self,
        actor: Actor,
        act: str,
        *,
        subject: str,
        office_id: str | None = None,
        reason: str | None = None,
        override: bool = False,
        words: str | None = None,
        outcome: str = DONE,
        detail: str | None = None,
        command_id: str | None = None,
    ) -> str:
        """Write one line, before the act; its id. With a ``command_id`` a repeat of the command adds no second line.

        ``office_id`` is the office concerned, by default the actor's own. ``reason`` is a code.

        Raises:
            OverrideNeedsReason: it is an override and no reason, or none that is a code, was given.
        """
        if override and (reason is None or not _CODE.match(reason)):
            raise OverrideNeedsReason
        line_id = self._line_id(command_id, act, outcome)
        line = AuditLine(
            at=self._clock.now(),
            actor_id=actor.account_id,
            role=str(actor.role),
            office_id=office_id or actor.office_id,
            act=act,
            subject=subject,
            outcome=outcome,
            reason=reason,
            override=override,
            detail=detail,
            words=await self._keep_words(line_id, words) if words else None,
        )
        await self._add(line_id, line)
        return line_id

    @asynccontextmanager
    async def doing(
        self,
        actor: Actor,
        act: str,
        *,
        subject: str,
        office_id: str | None = None,
        reason: str | None = None,
        override: bool = False,
        words: str | None = None,
        command_id: str | None = None,
    ) -> AsyncIterator[Doing]:
        """A line before the act and one after it: ``done``, ``refused`` with the refusal's code, or ``failed``."""
        line_id = await self.note(
            actor,
            act,
            subject=subject,
            office_id=office_id,
            reason=reason,
            override=override,
            words=words,
            outcome=BEGUN,
            command_id=command_id,
        )
        doing = Doing(line_id)
        try:
            yield doing
        except Refusal as refused:
            await self._end(line_id, REFUSED, refused.code, command_id)
            raise
        except Exception as failed:
            await self._end(line_id, FAILED, type(failed).__name__, command_id)
            raise
        await self._end(line_id, DONE, doing.detail, command_id)

    async def tell_of_read(self, event: DataRead) -> None:
        """Tell identity of a read of personal data, once for its id: event and record are one write."""
        with suppress(AlreadyExists):  # a repeat of the same command
            await self._store.insert(DATA_READ, event.read_id, record_of(event), now=event.read_at, events=[event])

    def now(self) -> datetime:
        """Return the present moment, which lines are written with."""
        return self._clock.now()

    async def between(
        self, since: datetime, before: datetime, *, office_id: str | None = None, limit: int = 1000
    ) -> list[Record[AuditLine]]:
        """Lines of that time, oldest first; of one office, or of all."""
        within = {"state.at": Range(since, before)}
        if office_id is None:
            return await self._store.find(AUDIT, "order", within=within, limit=limit)
        return await self._store.find(AUDIT, "office", {"state.office_id": office_id}, within=within, limit=limit)

    async def overrides(
        self, office_id: str, since: datetime, before: datetime, *, limit: int = 1000
    ) -> list[Record[AuditLine]]:
        """The overrides of an office in that time, each once: what its head looks at every day (F21)."""
        within = {"state.at": Range(since, before)}
        equals = {"state.office_id": office_id}
        found = await self._store.find(AUDIT, "overrides", equals, within=within, limit=limit)
        return [record for record in found if record.state.of is None]

    async def words_of(self, line_ids: Sequence[str]) -> dict[str, str]:
        """The free texts of these lines, as far as they were given and not erased."""
        found = [(line_id, await self._store.get(AUDIT_WORDS, line_id)) for line_id in line_ids]
        return {line_id: record.state.text for line_id, record in found if record is not None}

    async def erase_words(self, line_id: str) -> bool:
        """Forget the free text of a line; the line stays and its hash says nothing any more."""
        record = await self._store.get(AUDIT_WORDS, line_id)
        return record is not None and await self._store.remove(AUDIT_WORDS, record)

    async def _end(self, begun_id: str, outcome: str, detail: str | None, command_id: str | None) -> None:
        begun = await self._store.get(AUDIT, begun_id)
        if begun is None:
            raise LookupError(f"no line {begun_id} was begun")
        state = begun.state
        line = AuditLine(
            at=self._clock.now(),
            actor_id=state.actor_id,
            role=state.role,
            office_id=state.office_id,
            act=state.act,
            subject=state.subject,
            outcome=outcome,
            reason=state.reason,
            override=state.override,
            of=begun_id,
            detail=detail,
        )
        await self._add(self._line_id(command_id, state.act, f"{outcome}:{detail or ''}"), line)

    def _line_id(self, command_id: str | None, act: str, outcome: str) -> str:
        return self._ids.new() if command_id is None else derived_id("audit", command_id, act, outcome)

    async def _add(self, line_id: str, line: AuditLine) -> None:
        try:
            await self._store.insert(AUDIT, line_id, line, now=line.at)
        except AlreadyExists:
            return  # a repeat of the same command

    async def _keep_words(self, line_id: str, words: str) -> str:
        """Text and salt are written before the line that speaks of them."""
        kept = AuditWords(words[:LONGEST_WORDS], self._ids.new() + self._ids.new())
        try:
            await self._store.insert(AUDIT_WORDS, line_id, kept, now=self._clock.now())
        except AlreadyExists:
            known = await self._store.get(AUDIT_WORDS, line_id)
            kept = known.state if known is not None else kept
        return hashlib.sha256(f"{kept.salt}|{kept.text}".encode()).hexdigest()
