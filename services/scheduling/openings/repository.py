"""Stores openings with their line, tickets, the fixed list of the draw, late tickets, and notices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.scheduling.openings.notice import Announcement, OpeningNotice, announcement_deadlines
from services.scheduling.openings.opening import MOST_PRESENT, Opening, OpeningTicket, opening_deadlines
from services.scheduling.store_part import Decide, OnStore
from shared.clock import Clock
from shared.ids import derived_id
from shared.store.change import change
from shared.store.kinds import Index, Kind, Range, Record

MOST_LIVE: Final = 2000
"""Openings that are announced or under way at once; every office may have a dozen."""

MOST_SHOWN: Final = 100
"""Openings of one office in a listing, the newest first."""

PAGE: Final = 1000
"""Tickets read at once, and entries of one page of the fixed list: about 100 KB."""

OPENING: Final = Kind(
    name="opening",
    state=Opening,
    bare=True,
    deadlines=opening_deadlines,
    indexes=(
        Index("live_session", ("state.session_ids",), unique=True, where={"state.live": True}),
        Index("live", ("state.live", "state.opens_at"), where={"state.live": True}),
        Index("office", ("state.office_id", "state.opens_at")),
    ),
)

OPENING_TICKET: Final = Kind(
    name="opening_ticket",
    state=OpeningTicket,
    bare=True,
    batched=True,
    indexes=(
        Index("list", ("state.opening_id", "state.commitment")),
        Index("late", ("state.opening_id", "state.late_number"), where={"state.late": True}),
        Index("served", ("state.opening_id", "state.served_number"), where={"state.served": True}),
    ),
)


@dataclass(frozen=True)
class ListPage:
    """A part of a fixed list: tickets in the order of their commitments."""

    opening_id: str
    root: str
    page: int
    ticket_ids: tuple[str, ...]
    commitments: tuple[str, ...]


LATE_LIST: Final = "late"
"""The root of pages that list late tickets, in the order of their numbers."""

LIST_PAGE: Final = Kind(
    name="opening_list_page",
    state=ListPage,
    bare=True,
    indexes=(Index("page", ("state.opening_id", "state.root", "state.page")),),
)


@dataclass(frozen=True)
class LateLine:
    """Gives out the numbers of late tickets: its version counts them."""

    opening_id: str
    last_at: datetime


LATE_LINE: Final = Kind(
    name="opening_late_line", state=LateLine, bare=True, indexes=(Index("opening", ("state.opening_id",)),)
)


def ticket_id_of(opening_id: str, person_id: str) -> str:
    """Return the id of a person's ticket: the id itself refuses a second one for the same opening."""
    return derived_id("opening_ticket", opening_id, person_id)


@dataclass(frozen=True)
class ListEntry:
    """One entry of a list."""

    commitment: str
    ticket_id: str


class OpeningRepository(OnStore):
    """Openings, tickets and lists."""

    async def opening(self, opening_id: str) -> Record[Opening] | None:
        """Return the opening, or None."""
        return await self._store.get(OPENING, opening_id)

    async def live_openings(self) -> list[Record[Opening]]:
        """Return openings that are announced or under way, the next first."""
        return await self._store.find(OPENING, "live", {"state.live": True}, limit=MOST_LIVE)

    async def openings_of(self, office_id: str) -> list[Record[Opening]]:
        """Return the openings of an office, the newest first."""
        wanted = {"state.office_id": office_id}
        return await self._store.find(OPENING, "office", wanted, limit=MOST_SHOWN, descending=True)

    async def begin_opening(self, opening_id: str, opening: Opening, now: datetime) -> Record[Opening]:
        """Write a new opening, after the document that gives out its late numbers."""
        await self._store.insert_missing(LATE_LINE, [(opening_id, LateLine(opening_id, now))], now=now)
        return await self._store.insert(OPENING, opening_id, opening, now=now)

    async def change_opening(self, record: Record[Opening], decide: Decide[Opening], clock: Clock) -> Record[Opening]:
        """Decide about an opening that was read and save it, as `shared.store.change` does."""
        return await change(self._store, clock, OPENING, record.id, decide, first=record)

    async def touch_opening(self, record: Record[Opening], now: datetime) -> Record[Opening]:
        """Write the opening as it is: its deadline is handled again at once, not when the lease is over."""
        return await self._store.save(OPENING, record, record.state, now=now)

    async def ticket(self, ticket_id: str) -> Record[OpeningTicket] | None:
        """Return the ticket, or None."""
        return await self._store.get(OPENING_TICKET, ticket_id)

    async def begin_ticket(self, ticket_id: str, ticket: OpeningTicket, now: datetime) -> Record[OpeningTicket]:
        """Write a new ticket."""
        return await self._store.insert(OPENING_TICKET, ticket_id, ticket, now=now)

    async def change_ticket(
        self, ticket_id: str, decide: Decide[OpeningTicket], clock: Clock, first: Record[OpeningTicket] | None = None
    ) -> Record[OpeningTicket]:
        """Load, decide and save a ticket, as `shared.store.change` does."""
        return await change(self._store, clock, OPENING_TICKET, ticket_id, decide, first=first)

    async def next_late_number(self, opening_id: str, now: datetime) -> int:
        """Return the next late number, from 0 on; no number is given out twice."""
        line = await self._store.claim_one(
            LATE_LINE, "opening", {"state.opening_id": opening_id}, {"state.last_at": now}, now=now
        )
        if line is None:
            raise LookupError(f"opening {opening_id} has no late line")
        return line.version - 2

    async def late_numbers(self, opening_id: str) -> int:
        """Return how many late numbers were given out."""
        line = await self._store.get(LATE_LINE, opening_id)
        return line.version - 1 if line is not None else 0

    async def present_tickets(self, opening_id: str) -> list[ListEntry]:
        """Return the tickets that are drawn: all but the late ones, ordered by commitment."""
        listed: list[ListEntry] = []
        low = ""
        while len(listed) < MOST_PRESENT:
            within = {"state.commitment": Range(low=low)}
            found = await self._store.find(
                OPENING_TICKET, "list", {"state.opening_id": opening_id}, within=within, limit=PAGE
            )
            listed += [ListEntry(ticket.state.commitment, ticket.id) for ticket in found if not ticket.state.late]
            if len(found) < PAGE:
                break
            low = f"{found[-1].state.commitment}0"
        return listed[:MOST_PRESENT]

    async def write_list(self, opening_id: str, root: str, listed: Sequence[ListEntry], now: datetime) -> None:
        """Write those pages of a list that are not there yet; a list is named by its root and never changes."""
        pages = [
            ListPage(
                opening_id,
                root,
                number,
                tuple(entry.ticket_id for entry in listed[start : start + PAGE]),
                tuple(entry.commitment for entry in listed[start : start + PAGE]),
            )
            for number, start in enumerate(range(0, len(listed), PAGE))
        ]
        items = [(derived_id("opening_list", opening_id, root, str(page.page)), page) for page in pages]
        for item in items:
            await self._store.insert_missing(LIST_PAGE, [item], now=now)

    async def read_list(self, opening_id: str, root: str) -> list[ListEntry]:
        """Return the fixed list, ordered by commitment."""
        wanted = {"state.opening_id": opening_id, "state.root": root}
        pages = await self._store.find(LIST_PAGE, "page", wanted, limit=MOST_PRESENT // PAGE + 1)
        return [
            ListEntry(commitment, ticket_id)
            for page in pages
            for ticket_id, commitment in zip(page.state.ticket_ids, page.state.commitments, strict=True)
        ]

    async def late_tickets(self, opening_id: str) -> list[str]:
        """Return the commitments of late tickets, ordered by number."""
        listed: list[str] = []
        low = 0
        while len(listed) < MOST_PRESENT:
            found = await self._store.find(
                OPENING_TICKET,
                "late",
                {"state.opening_id": opening_id},
                within={"state.late_number": Range(low=low)},
                limit=PAGE,
            )
            listed += [ticket.state.commitment for ticket in found]
            if len(found) < PAGE:
                break
            low = found[-1].state.late_number + 1
        return listed

    async def keep_late_list(self, opening_id: str, now: datetime) -> None:
        """Store the list of late tickets beside the fixed list, so that the record no longer needs the tickets."""
        late = [ListEntry(commitment, "") for commitment in await self.late_tickets(opening_id)]
        await self.write_list(opening_id, LATE_LIST, late, now)

    async def kept_late_list(self, opening_id: str) -> list[str]:
        """Return the commitments that :meth:`keep_late_list` stored."""
        return [entry.commitment for entry in await self.read_list(opening_id, LATE_LIST)]

    async def remove_tickets(self, opening_id: str, most: int) -> bool:
        """Remove up to ``most`` tickets; return whether none is left. With the last one the late numbers end too."""
        found = await self._store.find(OPENING_TICKET, "list", {"state.opening_id": opening_id}, limit=most)
        gone = [await self._store.remove(OPENING_TICKET, ticket) for ticket in found]
        if len(gone) == most or not all(gone):
            return False
        line = await self._store.get(LATE_LINE, opening_id)
        if line is not None:
            await self._store.remove(LATE_LINE, line)
        return True

    async def served(self, opening_id: str, low: int, high: int | None = None) -> int:
        """Return how many holders of numbers from ``low`` to below ``high`` got a seat."""
        within = {"state.served_number": Range(low, high)}
        return await self._store.count(OPENING_TICKET, "served", {"state.opening_id": opening_id}, within=within)


NOTICES_AT_ONCE: Final = 500
"""Notices that are read and sent in one step."""

MOST_NOTICES: Final = 200
"""Offices that one account may follow."""

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


class OpeningNoticeRepository(OnStore):
    """Announcements of openings, and the accounts that asked to be told of them."""

    async def begin_announcement(self, announcement_id: str, announcement: Announcement, now: datetime) -> None:
        """Write the announcement of an opening; a repeat changes nothing."""
        await self._store.insert_missing(OPENING_ANNOUNCEMENT, [(announcement_id, announcement)], now=now)

    async def change_announcement(
        self, record: Record[Announcement], decide: Decide[Announcement], clock: Clock
    ) -> Record[Announcement]:
        """Decide about an announcement that was read and save it, as `shared.store.change` does."""
        return await change(self._store, clock, OPENING_ANNOUNCEMENT, record.id, decide, first=record)

    async def notice(self, notice_id: str) -> Record[OpeningNotice] | None:
        """Return the notice, or None."""
        return await self._store.get(OPENING_NOTICE, notice_id)

    async def begin_notice(self, notice_id: str, notice: OpeningNotice, now: datetime) -> Record[OpeningNotice]:
        """Write a new notice."""
        return await self._store.insert(OPENING_NOTICE, notice_id, notice, now=now)

    async def change_notice(self, notice_id: str, decide: Decide[OpeningNotice], clock: Clock) -> Record[OpeningNotice]:
        """Load, decide and save a notice, as `shared.store.change` does."""
        return await change(self._store, clock, OPENING_NOTICE, notice_id, decide)

    async def notices_of_office(self, office_id: str, after_account: str) -> list[Record[OpeningNotice]]:
        """Return a page of the office's notices, ordered by account, after that account."""
        within = {"state.account_id": Range(low=f"{after_account}\x00")} if after_account else None
        equals = {"state.office_id": office_id}
        return await self._store.find(OPENING_NOTICE, "office", equals, within=within, limit=NOTICES_AT_ONCE)

    async def notices_of_accounts(self, account_ids: tuple[str, ...]) -> list[Record[OpeningNotice]]:
        """Return the notices of an account and those joined into it."""
        equals = {"state.account_id": account_ids}
        return await self._store.find(OPENING_NOTICE, "account", equals, limit=MOST_NOTICES * len(account_ids))
