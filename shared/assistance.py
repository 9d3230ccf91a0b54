"""Assistance: a member of staff acts for a person, with that person's consent, at one office and for some hours.

Identity takes the consent and publishes it; every service in which somebody can be acted for keeps this copy of it and
asks the copy at each call. So no call waits for identity, and an assistance that is over is over everywhere: by its
time at once, by an early end as soon as the event of it arrives.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from shared.clock import Clock
from shared.errors import NotAllowed, NotKnownYet, fact_types
from shared.events.envelope import Envelope
from shared.events.identity import AssistanceBegun, AssistanceEnded
from shared.events.message import Event
from shared.projections import wait_until_known
from shared.service import DeadlineHandler, MessageHandler
from shared.store.kinds import Kind, Record
from shared.store.port import AlreadyExists, Store, VersionConflict
from shared.store.retry import again
from shared.tokens import Caller, Role

DOOR: Final = "/v1/assistances"
"""Where an assistance begins; refusals name it."""

KEPT_AFTER: Final = timedelta(days=8)
"""How long a copy is kept after its end: a day longer than a late message is repeated, so that none revives it."""


class AssistanceNeeded(NotAllowed):
    """A member of staff wants to act for somebody and named no assistance; `door` says where one begins."""

    code = "assistance_needed"
    facts_told = fact_types(door=str)
    title = "Acting for somebody begins with their consent."
    title_id = "Bertindak atas nama orang lain dimulai dengan persetujuannya."
    next_action = (
        "Begin an assistance at POST /v1/assistances with a code to the person's telephone, at POST "
        "/v1/letter-assistances with the QR on their letter, or at POST /v1/original-assistances with their identity "
        "card seen; then repeat with on_behalf_of and assistance."
    )
    next_action_id = (
        "Mulai pendampingan di POST /v1/assistances dengan kode ke telepon pemohon, di POST /v1/letter-assistances "
        "dengan QR pada suratnya, atau di POST /v1/original-assistances setelah melihat KTP asli; lalu ulangi dengan "
        "on_behalf_of dan assistance."
    )

    def __init__(self) -> None:
        super().__init__(field="/assistance", door=DOOR)


class AssistanceOver(NotAllowed):
    """The assistance has ended, by its time or earlier; `expires_at` is its end by time, null where it is not known."""

    code = "assistance_over"
    facts_told = fact_types(door=str, expires_at=datetime)
    title = "This assistance is over."
    title_id = "Pendampingan ini sudah berakhir."
    next_action = "Ask the person again: begin a new assistance at POST /v1/assistances."
    next_action_id = "Minta persetujuan lagi: mulai pendampingan baru di POST /v1/assistances."

    def __init__(self, expires_at: datetime | None) -> None:
        by_time = expires_at.isoformat() if expires_at is not None else None
        super().__init__(field="/assistance", door=DOOR, expires_at=by_time)


class AssistanceOfAnother(NotAllowed):
    """The assistance is another officer's, another office's or another person's."""

    code = "assistance_of_another"
    facts_told = fact_types(door=str)
    title = "This assistance is not yours, not of your office, or not of this person."
    title_id = "Pendampingan ini bukan milik Anda, bukan kantor Anda, atau bukan untuk orang ini."
    next_action = "Begin an assistance of your own with this person's consent at POST /v1/assistances."
    next_action_id = "Mulai pendampingan sendiri dengan persetujuan orang ini di POST /v1/assistances."

    def __init__(self) -> None:
        super().__init__(field="/assistance", door=DOOR)


ASSISTANCE_REFUSALS: Final = (AssistanceNeeded, AssistanceOver, AssistanceOfAnother, NotKnownYet)
"""Refusals that :meth:`Assistances.require` raises."""


@dataclass(frozen=True)
class AssistanceCopy:
    """A service's copy of an assistance. All but ``ended`` is empty if the end arrived first."""

    account_id: str = ""
    officer_id: str = ""
    office_id: str = ""
    person_ids: tuple[str, ...] = ()
    """Whom it covers; empty: everybody whom the account speaks for."""
    expires_at: datetime | None = None
    ended: bool = False
    forget_at: datetime | None = None
    joined_account_ids: tuple[str, ...] = ()
    """Accounts that were joined into this one: the assistance is for theirs as well."""

    @property
    def account_ids(self) -> tuple[str, ...]:
        """The account and those that were joined into it."""
        return (self.account_id, *self.joined_account_ids)

    def covers(self, person_id: str) -> bool:
        """Whether this person's matters may be dealt with."""
        return not self.person_ids or person_id in self.person_ids


@dataclass(frozen=True)
class Assistance:
    """A live assistance that was just checked, for the length of one call."""

    assistance_id: str
    copy: AssistanceCopy

    def refuse_uncovered(self, person_id: str) -> None:
        """Nothing for a person whom the assistance covers; else ``AssistanceOfAnother``."""
        if not self.copy.covers(person_id):
            raise AssistanceOfAnother


def _deadlines(copy: AssistanceCopy) -> Mapping[str, datetime]:
    return {"forget": copy.forget_at} if copy.forget_at is not None else {}


ASSISTANCE_COPY: Final[Kind[AssistanceCopy]] = Kind("assistance_copy", AssistanceCopy, deadlines=_deadlines, bare=True)


class Assistances:
    """A service's copy of the assistances, and the one place where a call is held against them."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def require(self, caller: Caller, account_id: str, assistance_id: str | None) -> Assistance:
        """The caller's live assistance for this account.

        Waits up to a second for one whose event is on its way. The officer and the office of the token must be those
        of the assistance, so a moved officer's is of no use from their next token on (five minutes at most).

        Raises:
            AssistanceNeeded: the call names none, or the caller is no front officer.
            AssistanceOver: its time is over, or it was ended.
            AssistanceOfAnother: another officer's, office's or account's.
            NotKnownYet: no event has told of it.
        """
        if assistance_id is None or caller.role is not Role.FRONT_OFFICER:
            raise AssistanceNeeded
        copy = await wait_until_known(lambda: self._known(assistance_id), self._clock)
        if copy is None:
            raise NotKnownYet(
                "The consent for this assistance is not known here yet.",
                detail_id="Persetujuan pendampingan ini belum diketahui di sini.",
            )
        by_caller = (copy.officer_id, copy.office_id) == (caller.account_id, caller.office_id)
        ours = by_caller and account_id in copy.account_ids
        if not ours and copy.officer_id:
            raise AssistanceOfAnother
        if copy.ended or copy.expires_at is None or self._clock.now() >= copy.expires_at:
            raise AssistanceOver(copy.expires_at if ours else None)
        return Assistance(assistance_id, copy)

    async def begun(self, event: AssistanceBegun, _envelope: Envelope) -> None:
        """Keep it; one whose end was heard of first stays ended."""

        def begin(known: AssistanceCopy) -> AssistanceCopy:
            return AssistanceCopy(
                account_id=event.account_id,
                officer_id=event.officer_id,
                office_id=event.office_id,
                person_ids=event.person_ids,
                expires_at=event.expires_at,
                ended=known.ended,
                forget_at=event.expires_at + KEPT_AFTER,
                joined_account_ids=event.joined_account_ids,
            )

        await self._change(event.assistance_id, begin)

    async def ended(self, event: AssistanceEnded, _envelope: Envelope) -> None:
        """It counts no more."""

        def end(known: AssistanceCopy) -> AssistanceCopy:
            return replace(known, ended=True, forget_at=known.forget_at or self._clock.now() + KEPT_AFTER)

        await self._change(event.assistance_id, end)

    async def forget(self, record: Record[AssistanceCopy], _name: str) -> None:
        """Remove a copy whose end is long past."""
        await self._store.remove(ASSISTANCE_COPY, record)

    def events(self) -> Mapping[type[Event], MessageHandler]:
        """Return the event handlers of a service that keeps the copy."""
        return {AssistanceBegun: self.begun, AssistanceEnded: self.ended}

    def deadlines(self) -> Mapping[tuple[str, str], DeadlineHandler]:
        """Return the deadline handlers of the copy."""
        return {(ASSISTANCE_COPY.name, "forget"): self.forget}

    async def _known(self, assistance_id: str) -> AssistanceCopy | None:
        record = await self._store.get(ASSISTANCE_COPY, assistance_id)
        return record.state if record is not None else None

    async def _change(self, assistance_id: str, change: Callable[[AssistanceCopy], AssistanceCopy]) -> None:
        async def attempt() -> None:
            record = await self._store.get(ASSISTANCE_COPY, assistance_id)
            state, now = change(record.state if record is not None else AssistanceCopy()), self._clock.now()
            if record is None:
                try:
                    await self._store.insert(ASSISTANCE_COPY, assistance_id, state, now=now)
                except AlreadyExists as taken:
                    raise VersionConflict(str(taken)) from taken
            elif state != record.state:
                await self._store.save(ASSISTANCE_COPY, record, state, now=now)

        await again(attempt)
