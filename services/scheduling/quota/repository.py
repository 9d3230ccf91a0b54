"""How quota is kept: facts and templates of offices, changes, offline quota, announcements and who asked for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Final

from services.scheduling.booking.seats.repository import SEAT, SEAT_FREE
from services.scheduling.booking.seats.seat import SeatStatus
from services.scheduling.office import Office
from services.scheduling.offices.facts import OfficeFacts
from services.scheduling.offices.office_repository import MOST_OFFICES, OFFICE
from services.scheduling.offices.repository import MOST_SESSIONS, SESSION
from services.scheduling.offices.session import Session
from services.scheduling.offices.weekly_template import OfficeTemplate
from services.scheduling.openings.notice import Announcement, OpeningNotice, announcement_deadlines
from services.scheduling.quota.change import ChangeState, OfflineQuota, QuotaChange, change_deadlines
from services.scheduling.store_part import OnStore
from shared.events.message import Event
from shared.ids import derived_id
from shared.store.kinds import Index, Kind, Range, Record
from shared.store.port import AlreadyExists

MOST_CHANGES: Final = 200
"""Changes of one answer, the newest first."""

NOTICES_AT_ONCE: Final = 500
"""Who asked to be told, read and told at once."""

MOST_NOTICES: Final = 200
"""Offices that one account may follow."""

OFFICE_FACTS: Final = Kind(
    name="office_facts", state=OfficeFacts, bare=True, indexes=(Index("office", ("state.office_id",)),)
)
OFFICE_TEMPLATE: Final = Kind(
    name="office_template", state=OfficeTemplate, bare=True, indexes=(Index("office", ("state.office_id",)),)
)
QUOTA_CHANGE: Final = Kind(
    name="quota_change",
    state=QuotaChange,
    bare=True,
    deadlines=change_deadlines,
    indexes=(
        Index("office", ("state.office_id", "state.made_at")),
        Index("subject", ("state.subject_id", "state.made_at")),
        Index(
            "proposed",
            ("state.office_id", "state.made_at"),
            where={"state.state": ChangeState.PROPOSED},
        ),
    ),
)
OFFLINE_QUOTA: Final = Kind(
    name="offline_quota",
    state=OfflineQuota,
    bare=True,
    indexes=(Index("office_day", ("state.office_id", "state.date")),),
)
OPENING_ANNOUNCEMENT: Final = Kind(
    name="opening_announcement", state=Announcement, bare=True, deadlines=announcement_deadlines
)
OPENING_NOTICE: Final = Kind(
    name="opening_notice",
    state=OpeningNotice,
    indexes=(
        Index("office", ("state.office_id", "state.account_id")),
        Index("account", ("state.account_id", "state.office_id")),
    ),
)

QUOTA_KINDS: Final = (
    OFFICE_FACTS,
    OFFICE_TEMPLATE,
    QUOTA_CHANGE,
    OFFLINE_QUOTA,
    OPENING_ANNOUNCEMENT,
    OPENING_NOTICE,
)


def offline_quota_id(office_id: str, day: date) -> str:
    """The one id of the offline quota of an office and a day."""
    return derived_id("offline_quota", office_id, day.isoformat())


class Quota(OnStore):
    """What offices are, what they plan, and every change of it."""

    async def seed_facts(self, facts: Iterable[OfficeFacts], now: datetime) -> None:
        """Write the facts of offices that have none yet."""
        await self._store.insert_missing(OFFICE_FACTS, [(each.office_id, each) for each in facts], now=now)

    async def every_facts(self) -> list[Record[OfficeFacts]]:
        """The facts of every office."""
        return await self._store.find(OFFICE_FACTS, "office", limit=MOST_OFFICES)

    async def facts(self, office_id: str) -> Record[OfficeFacts] | None:
        """The facts of an office, or none."""
        return await self._store.get(OFFICE_FACTS, office_id)

    async def save_facts(self, record: Record[OfficeFacts], facts: OfficeFacts, now: datetime) -> Record[OfficeFacts]:
        """Replace the facts of an office if nobody else did."""
        return await self._store.save(OFFICE_FACTS, record, facts, now=now)

    async def begin_office(self, office: Office, facts: OfficeFacts, now: datetime) -> None:
        """Write an office that comes with facts of its own; a repeat changes nothing."""
        await self._store.insert_missing(OFFICE_FACTS, [(office.office_id, facts)], now=now)
        await self._store.insert_missing(OFFICE, [(office.office_id, office)], now=now)

    async def every_template(self) -> list[Record[OfficeTemplate]]:
        """The templates that offices keep themselves."""
        return await self._store.find(OFFICE_TEMPLATE, "office", limit=MOST_OFFICES)

    async def template(self, office_id: str) -> Record[OfficeTemplate] | None:
        """The template that an office keeps itself, or none."""
        return await self._store.get(OFFICE_TEMPLATE, office_id)

    async def begin_template(self, template: OfficeTemplate, now: datetime) -> Record[OfficeTemplate]:
        """Write the first template of an office."""
        return await self._store.insert(OFFICE_TEMPLATE, template.office_id, template, now=now)

    async def save_template(
        self, record: Record[OfficeTemplate], template: OfficeTemplate, now: datetime
    ) -> Record[OfficeTemplate]:
        """Replace a template if nobody else did."""
        return await self._store.save(OFFICE_TEMPLATE, record, template, now=now)

    async def change(self, change_id: str) -> Record[QuotaChange] | None:
        """The change, or none."""
        return await self._store.get(QUOTA_CHANGE, change_id)

    async def begin_change(self, change_id: str, change: QuotaChange, now: datetime) -> Record[QuotaChange] | None:
        """Write a new change; none if it was written before."""
        try:
            return await self._store.insert(QUOTA_CHANGE, change_id, change, now=now)
        except AlreadyExists:
            return None

    async def save_change(self, record: Record[QuotaChange], change: QuotaChange, now: datetime) -> Record[QuotaChange]:
        """Replace a change's state if nobody else did."""
        return await self._store.save(QUOTA_CHANGE, record, change, now=now)

    async def changes_of_office(self, office_id: str, *, proposed: bool) -> list[Record[QuotaChange]]:
        """The newest changes of an office, the newest first; only those that wait for a second person, if so asked."""
        index = "proposed" if proposed else "office"
        equals = {"state.office_id": office_id}
        return await self._store.find(QUOTA_CHANGE, index, equals, limit=MOST_CHANGES, descending=True)

    async def changes_of_subject(self, subject_id: str) -> list[Record[QuotaChange]]:
        """The newest changes of one thing, the newest first."""
        equals = {"state.subject_id": subject_id}
        return await self._store.find(QUOTA_CHANGE, "subject", equals, limit=MOST_CHANGES, descending=True)

    async def offline_quota(self, office_id: str, day: date) -> Record[OfflineQuota] | None:
        """The offline quota of an office and a day, or none."""
        return await self._store.get(OFFLINE_QUOTA, offline_quota_id(office_id, day))

    async def begin_offline_quota(self, quota: OfflineQuota, now: datetime) -> Record[OfflineQuota]:
        """Write the first offline quota of an office and a day."""
        quota_id = offline_quota_id(quota.office_id, quota.date)
        return await self._store.insert(OFFLINE_QUOTA, quota_id, quota, now=now)

    async def save_offline_quota(
        self, record: Record[OfflineQuota], quota: OfflineQuota, now: datetime
    ) -> Record[OfflineQuota]:
        """Replace an offline quota if nobody else did."""
        return await self._store.save(OFFLINE_QUOTA, record, quota, now=now)

    async def offline_quotas(self, office_id: str, since: date, until: date) -> list[Record[OfflineQuota]]:
        """The offline quotas of an office for these days, both inclusive."""
        after = date.fromordinal(until.toordinal() + 1)
        within = {"state.date": Range(since, after)}
        return await self._store.find(OFFLINE_QUOTA, "office_day", {"state.office_id": office_id}, within=within)

    async def every_session_of(self, office_id: str, since: datetime, until: datetime) -> list[Record[Session]]:
        """Sessions of one office that start in that time, those that are still being opened left out."""
        within = {"state.starts_at": Range(since, until)}
        found = await self._store.find(
            SESSION, "office_time", {"state.office_id": office_id}, within=within, limit=MOST_SESSIONS
        )
        return [each for each in found if each.state.opening_until is None]

    async def withdraw_one(self, session_id: str, pool: str, change_id: str, now: datetime) -> bool:
        """Take one free seat of the pool away, in one conditional write; false if none is free.

        It does what :func:`~services.scheduling.booking.seats.seat.withdrawn` says, on whichever free seat is met.
        """
        change = {"state.status": SeatStatus.WITHDRAWN, "state.withdrawn_by": change_id}
        equals = {"state.session_id": session_id, "state.pool": pool}
        return await self._store.claim_one(SEAT, SEAT_FREE, equals, change, now=now) is not None

    async def begin_announcement(self, announcement_id: str, announcement: Announcement, now: datetime) -> None:
        """Write that an opening will be announced; a repeat changes nothing."""
        await self._store.insert_missing(OPENING_ANNOUNCEMENT, [(announcement_id, announcement)], now=now)

    async def save_announcement(
        self, record: Record[Announcement], announcement: Announcement, now: datetime
    ) -> Record[Announcement]:
        """Replace an announcement if nobody else did."""
        return await self._store.save(OPENING_ANNOUNCEMENT, record, announcement, now=now)

    async def notice(self, notice_id: str) -> Record[OpeningNotice] | None:
        """The wish to be told, or none."""
        return await self._store.get(OPENING_NOTICE, notice_id)

    async def begin_notice(self, notice_id: str, notice: OpeningNotice, now: datetime) -> Record[OpeningNotice]:
        """Write the wish to be told of an office's openings."""
        return await self._store.insert(OPENING_NOTICE, notice_id, notice, now=now)

    async def save_notice(
        self,
        record: Record[OpeningNotice],
        notice: OpeningNotice,
        now: datetime,
        events: Sequence[Event] = (),
    ) -> Record[OpeningNotice]:
        """Replace a wish if nobody else did, with what is said to who had it."""
        return await self._store.save(OPENING_NOTICE, record, notice, now=now, events=events)

    async def notices_of_office(self, office_id: str, after_account: str) -> list[Record[OpeningNotice]]:
        """Who wants to be told of an office's openings, by account, a page after that account."""
        within = {"state.account_id": Range(low=f"{after_account}\x00")} if after_account else None
        equals = {"state.office_id": office_id}
        return await self._store.find(OPENING_NOTICE, "office", equals, within=within, limit=NOTICES_AT_ONCE)

    async def notices_of_account(self, account_id: str) -> list[Record[OpeningNotice]]:
        """What an account wants to be told of."""
        equals = {"state.account_id": account_id}
        return await self._store.find(OPENING_NOTICE, "account", equals, limit=MOST_NOTICES)
