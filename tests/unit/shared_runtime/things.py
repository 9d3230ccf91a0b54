"""A small aggregate to run the shared machinery on, and a publisher that does as it is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from shared.events.envelope import Envelope
from shared.events.scheduling import VisitorCheckedIn, VisitorMissed
from shared.store.kinds import Kind

START = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Thing:
    """Something with up to two deadlines."""

    first_at: datetime | None = None
    second_at: datetime | None = None


def _deadlines(thing: Thing) -> dict[str, datetime]:
    named = {"first": thing.first_at, "second": thing.second_at}
    return {name: at for name, at in named.items() if at is not None}


THINGS: Kind[Thing] = Kind("things", Thing, deadlines=_deadlines)
BARE: Kind[Thing] = Kind("bare_things", Thing, bare=True)


def checked_in(number: int = 1) -> VisitorCheckedIn:
    """An event."""
    return VisitorCheckedIn(
        appointment_id=f"a{number}",
        application_id="p",
        account_id="c",
        person_id="q",
        office_id="o",
        checked_in_at=START,
    )


def missed() -> VisitorMissed:
    """Another event."""
    return VisitorMissed(
        appointment_id="a", application_id="p", account_id="c", person_id="q", office_id="o", session_id="s"
    )


def envelope(number: int = 1) -> Envelope:
    """A message as it arrives."""
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    return Envelope(f"m{number}", "/paspor/scheduling", "a1", START, "corr", "cause", trace, 1, checked_in(number))


class FakePublisher:
    """Confirms all but the first ``unconfirmed`` messages; raises ``trouble`` instead, once, if there is one."""

    def __init__(self) -> None:
        self.sent: list[Envelope] = []
        self.unconfirmed = 0
        self.trouble: Exception | None = None

    async def publish(self, envelopes: Sequence[Envelope]) -> set[str]:
        if self.trouble is not None:
            trouble, self.trouble = self.trouble, None
            raise trouble
        self.sent += envelopes
        held_back, self.unconfirmed = self.unconfirmed, max(0, self.unconfirmed - len(envelopes))
        return {each.id for each in envelopes[held_back:]}
