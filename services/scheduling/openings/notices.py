"""Opening notices: each account that asked for them hears of each opening once."""

from __future__ import annotations

from dataclasses import replace

from services.scheduling.context import Actor, UseCaseContext
from services.scheduling.offices.facts_cache import OfficeFactsCache
from services.scheduling.openings.errors import OpensEveryDay, TooManyNotices
from services.scheduling.openings.notice import (
    Announcement,
    OpeningNotice,
    announcement_of,
    is_told_daily,
    told,
    word_of,
)
from services.scheduling.openings.repository import MOST_NOTICES, OpeningNoticeRepository
from services.scheduling.store_part import replacing
from shared.ids import derived_id
from shared.store.decision import Decision
from shared.store.kinds import Record
from shared.store.port import AlreadyExists


def notice_id_of(account_id: str, office_id: str) -> str:
    """Return the id of an account's notice for an office."""
    return derived_id("opening_notice", account_id, office_id)


class OpeningNotices:
    """Opening notices: asked for, stopped, and sent."""

    def __init__(
        self, context: UseCaseContext, notices: OpeningNoticeRepository, facts_cache: OfficeFactsCache
    ) -> None:
        self._context = context
        self._notices = notices
        self._facts_cache = facts_cache

    async def ask(self, office_id: str, actor: Actor) -> Record[OpeningNotice]:
        """Tell this account of the office's openings from now on; a repeat changes nothing.

        Refuses with ``OfficeNotFound``, ``OpensEveryDay`` and ``TooManyNotices``.
        """
        office = self._context.offices[office_id]
        if is_told_daily(self._facts_cache.facts(office.office_id).state.opening):
            raise OpensEveryDay
        followed = await self._notices.notices_of_accounts(actor.account_ids)
        live = [notice for notice in followed if notice.state.live and notice.state.office_id != office_id]
        if len(live) >= MOST_NOTICES:
            raise TooManyNotices(most=MOST_NOTICES)
        return await self._ask(office_id, actor.account_id)

    async def _ask(self, office_id: str, account_id: str) -> Record[OpeningNotice]:
        notice_id, now = notice_id_of(account_id, office_id), self._context.now()

        def ask(notice: OpeningNotice) -> Decision[OpeningNotice] | None:
            return None if notice.live else Decision(replace(notice, live=True, asked_at=now))

        try:
            return await self._notices.begin_notice(notice_id, OpeningNotice(office_id, account_id, now), now)
        except AlreadyExists:
            return await self._notices.change_notice(notice_id, ask, self._context.clock)

    async def stop(self, office_id: str, actor: Actor) -> None:
        """Stop the account's notices for this office; a repeat changes nothing.

        Raises:
            NotFound: the account never asked for them.
        """

        def stop(notice: OpeningNotice) -> Decision[OpeningNotice]:
            return Decision(replace(notice, live=False))

        followed = await self._notices.notices_of_accounts(actor.account_ids)
        asked = [notice.id for notice in followed if notice.state.office_id == office_id]
        for notice_id in asked or [notice_id_of(actor.account_id, office_id)]:
            await self._notices.change_notice(notice_id, stop, self._context.clock)

    async def plan(self) -> None:
        """Plan the announcement of each office's next opening."""
        now = self._context.now()
        for office in self._context.offices.all():
            rule = self._facts_cache.rule(office.office_id)
            opening = None if is_told_daily(rule) else self._facts_cache.next_opening(office, now)
            if opening is not None:
                announcement_id = derived_id("opening_announcement", office.office_id, opening.at.isoformat())
                announcement = announcement_of(office.office_id, opening, rule, now)
                await self._notices.begin_announcement(announcement_id, announcement, now)

    async def tell(self, record: Record[Announcement]) -> None:
        """Tell the next page of accounts; none if the rule has another time by now."""
        announcement = record.state
        if not self._holds(announcement):
            await self._save(record, replace(announcement, tell_at=None))
            return
        page = await self._notices.notices_of_office(announcement.office_id, announcement.told_to)
        for notice in page:
            await self._tell(notice.id, record)
        last = page[-1].state.account_id if page else announcement.told_to
        await self._save(record, replace(announcement, told_to=last, tell_at=self._context.now() if page else None))

    async def _save(self, record: Record[Announcement], after: Announcement) -> None:
        decide = replacing(record.state, Decision(after))
        await self._notices.change_announcement(record, decide, self._context.clock)

    async def _tell(self, notice_id: str, record: Record[Announcement]) -> None:
        def tell(notice: OpeningNotice) -> Decision[OpeningNotice] | None:
            if not notice.live or notice.told_of == record.id:
                return None
            office = self._context.offices[record.state.office_id]
            event = word_of(record.state, record.id, office, notice.account_id)
            return Decision(told(notice, record.id), (event,))

        await self._notices.change_notice(notice_id, tell, self._context.clock)

    def _holds(self, announcement: Announcement) -> bool:
        now, office = self._context.now(), self._context.offices[announcement.office_id]
        if announcement.opens_at <= now:
            return False
        opening = self._facts_cache.next_opening(office, now)
        return opening is not None and opening.at == announcement.opens_at
