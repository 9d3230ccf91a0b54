"""Changes of quota: written before they take effect, agreed on by two where they are large, applied exactly once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Final

import structlog

from services.scheduling.context import Actor, UseCaseContext
from services.scheduling.offices.facts_cache import OfficeFactsCache
from services.scheduling.quota import change as quota_changes
from services.scheduling.quota.change import ChangeState, ChangeSubject, QuotaChange
from services.scheduling.quota.errors import ChangeDecided, ChangeFailed, ChangeNotFound, SecondPersonNeeded
from services.scheduling.quota.repository import QuotaChangeRepository
from shared.audit import Audit
from shared.errors import NotKnownYet, Refusal, SomeoneElseChangedIt, Unavailable
from shared.store.decision import Decision
from shared.store.kinds import Record

log = structlog.get_logger()

ABOVE_CAPACITY: Final = "above_capacity"
"""The coded reason of an override: more seats than booths and staff can serve, signed by the head."""

_PASSING: Final = (SomeoneElseChangedIt, NotKnownYet, Unavailable)
"""Refusals that are not the change's own: it is tried again."""


Applier = Callable[[Record[QuotaChange]], Awaitable[bool]]
"""Applies a change once, however often it is called. Returns True when it is done, False while it is under way and
must be called again; raises a refusal if it cannot be done."""


class Changes:
    """Propose, approve and apply quota changes. Each kind registers its own applier."""

    def __init__(
        self, context: UseCaseContext, quota_changes: QuotaChangeRepository, facts_cache: OfficeFactsCache, audit: Audit
    ) -> None:
        self._context = context
        self._audit = audit
        self._quota_changes = quota_changes
        self._facts_cache = facts_cache
        self._appliers: dict[ChangeSubject, Applier] = {}

    def register(self, appliers: Mapping[ChangeSubject, Applier]) -> None:
        """Register the appliers of these subjects."""
        self._appliers.update(appliers)

    async def submit(
        self, change_id: str, change: QuotaChange, actor: Actor, *, second_needed: bool = False
    ) -> Record[QuotaChange]:
        """Write a change and apply it, or leave it waiting for a second administrator.

        A repeat meets the change of the first time. Refuses as its applier does, and then the change is kept as failed.
        """
        await self._note(actor, change.subject.value, change.subject_id, change, change_id)
        begun = quota_changes.begun(change, second_needed=second_needed)
        record = await self._quota_changes.begin_quota_change(change_id, begun, self._context.now())
        return await self._drive(record or await self._known(change_id))

    async def approve(self, change_id: str, actor: Actor, reason: str | None) -> Record[QuotaChange]:
        """Agree to a change: it takes effect now.

        Refuses with ``ChangeNotFound``, ``NotYourOffice``, ``SecondPersonNeeded`` (the author), ``ChangeDecided`` and
        as its applier does.
        """
        return await self._drive(await self._decide(change_id, actor, reason, agrees=True))

    async def reject(self, change_id: str, actor: Actor, reason: str | None) -> Record[QuotaChange]:
        """Disagree with a change: it never takes effect. Refuses like :meth:`approve`."""
        return await self._decide(change_id, actor, reason, agrees=False)

    async def read(self, change_id: str, actor: Actor) -> Record[QuotaChange]:
        """Return a change of an office that the actor sees; refuses with ``ChangeNotFound`` and ``NotYourOffice``."""
        record = await self._known(change_id)
        self._facts_cache.refuse_unless_seen(record.state.office_id, actor)
        return record

    async def find_by_office(self, office_id: str, actor: Actor, *, proposed: bool) -> list[Record[QuotaChange]]:
        """Return the newest changes of an office; refuses with ``OfficeNotFound`` and ``NotYourOffice``."""
        self._facts_cache.refuse_unless_seen(office_id, actor)
        return await self._quota_changes.changes_of_office(office_id, proposed=proposed)

    async def find_by_subject(self, office_id: str, subject_id: str, actor: Actor) -> list[Record[QuotaChange]]:
        """Return the newest changes of one subject of an office."""
        self._facts_cache.refuse_unless_seen(office_id, actor)
        return await self._quota_changes.changes_of_subject(subject_id)

    async def run(self, record: Record[QuotaChange]) -> None:
        """Go on with a change that was left under way."""
        try:
            await self._drive(record)
        except Refusal as refused:
            log.info("quota_change_refused", change_id=record.id, reason=refused.code)

    async def _drive(self, record: Record[QuotaChange]) -> Record[QuotaChange]:
        state = record.state
        if state.state is ChangeState.FAILED:
            raise ChangeFailed(change_id=record.id, failure=state.failure)
        if state.state is not ChangeState.APPROVED:
            return record
        try:
            done = await self._appliers[state.subject](record)
        except _PASSING:
            raise
        except Refusal as refused:
            await self._settle(record, partial(quota_changes.failed, why=refused.code))
            raise
        postponed = partial(quota_changes.postponed, now=self._context.now())
        return await self._settle(record, quota_changes.applied if done else postponed)

    async def _settle(
        self, record: Record[QuotaChange], settled: Callable[[QuotaChange], QuotaChange]
    ) -> Record[QuotaChange]:
        """Write how far the change came, unless a deadline was faster with the same change."""

        def decide(change: QuotaChange) -> Decision[QuotaChange] | None:
            if change.state is not ChangeState.APPROVED:
                return None
            after = settled(change)
            return Decision(after, quota_changes.events_of(after))

        return await self._quota_changes.change_quota_change(record, decide, self._context.clock)

    async def _decide(
        self,
        change_id: str,
        actor: Actor,
        reason: str | None,
        *,
        agrees: bool,
    ) -> Record[QuotaChange]:
        decided = quota_changes.approved if agrees else quota_changes.rejected

        def decide(change: QuotaChange) -> Decision[QuotaChange] | None:
            if change.author == actor.account_id:
                raise SecondPersonNeeded
            if change.state is ChangeState.PROPOSED:
                return Decision(decided(change, actor.account_id, self._context.now(), reason))
            if change.decided_by == actor.account_id and agrees is (change.state is not ChangeState.REJECTED):
                return None
            raise ChangeDecided(state=change.state.value)

        record = await self._known(change_id)
        self._facts_cache.refuse_other_office(record.state.office_id, actor)
        if decide(record.state) is not None:
            act = "approved" if agrees else "rejected"
            await self._note(actor, act, change_id, replace(record.state, reason=reason or ""), f"{change_id}:{act}")
        return await self._quota_changes.change_quota_change(record, decide, self._context.clock)

    async def _note(self, actor: Actor, act: str, subject: str, change: QuotaChange, command_id: str) -> None:
        await self._audit.note(
            actor,
            f"quota.{act}",
            subject=subject,
            office_id=change.office_id,
            reason=ABOVE_CAPACITY if change.override else None,
            override=change.override,
            words=change.reason or None,
            command_id=command_id,
        )

    async def _known(self, change_id: str) -> Record[QuotaChange]:
        record = await self._quota_changes.quota_change(change_id)
        if record is None:
            raise ChangeNotFound
        return record
