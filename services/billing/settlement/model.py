"""The settlement file of one day: its format, its completeness check, and the progress of its comparison.

UTF-8 CSV, nothing quoted, each line ending in LF:

    settlement_date,sequence,billing_code,ntpn,ntb,amount,paid_at,settled_at,bank,channel
    2026-11-21,1,826112100000001,A1B2C3D4E5F60718,123456789012,350000,2026-11-21T03:04:05Z,...,bank_contoh,teller
    TOTAL,<number of lines>,<sum of amounts>,<SHA-256 in hex of every byte before this line>

A file counts as a whole or not at all: nothing of it takes effect before its last line was checked.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Final

from services.billing.payment import Payment
from services.billing.rules import SettlementPolicy, backoff, due_without, seconds
from shared.calendar.working_days import JAKARTA, day_in_jakarta
from shared.store.decision import Decision
from shared.store.transitions import Transitions

HEADER: Final = b"settlement_date,sequence,billing_code,ntpn,ntb,amount,paid_at,settled_at,bank,channel"
LONGEST_LINE_BYTES: Final = 256
"""The longest line of the format; a file without an end of line within it is not a settlement file."""

MOST_LINES: Final = 1_000_000
LINES_PER_BATCH: Final = 1_000
"""Compared with one round trip each to receipts and lines: few trips, and little memory."""

LINES_PER_RUN: Final = 10_000
"""Compared under one lease of 30 s, then the progress is written: a crash repeats at most these."""

LEARNT_PER_RUN: Final = 500
"""Receipts that are new here take several writes each; after so many the progress is written."""

FROM_SIMPONI: Final = "simponi"
"""``received_from`` of a fetched file."""

ASK_AGAIN_SECONDS: Final = 20
"""First pause before SIMPONI is asked again about the lines of a claim."""

_TRAILER: Final = re.compile(rb"TOTAL,(\d{1,9}),(\d{1,18}),([0-9a-f]{64})\Z")
_MOMENT: Final = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
_LINE: Final = re.compile(
    rf"(\d{{4}}-\d\d-\d\d),([1-9]\d{{0,8}}),(\d{{15}}),([A-Z0-9]{{16}}),([A-Za-z0-9]{{6,20}}),([1-9]\d{{0,12}}),"
    rf"({_MOMENT}),({_MOMENT}),([a-z0-9_]{{1,40}}),([a-z0-9_]{{1,40}})\Z".encode()
)


class FileRefused(Exception):
    """The file is not complete, so none of it counts. ``line`` is the number of the first wrong line."""

    def __init__(self, line: int) -> None:
        super().__init__(f"line {line}")
        self.line = line


class FileTruncated(FileRefused):
    """It broke off: there is no last line with the totals."""


class FileTampered(FileRefused):
    """Its totals or its hash do not fit its lines."""


class FileUnreadable(FileRefused):
    """A line is not of the form, out of sequence, or of another day."""


class FileNotSigned(FileRefused):
    """It came with a signature that is not SIMPONI's over this content."""


@dataclass(frozen=True)
class SettlementLine:
    """One payment that the treasury booked, as the file shows it."""

    number: int
    billing_code: str
    ntpn: str
    ntb: str
    amount: int
    paid_at: datetime
    channel: str

    def payment(self) -> Payment:
        """Return the payment of this line."""
        return Payment(self.billing_code, self.ntpn, self.ntb, self.amount, self.paid_at, self.channel)


def read_line(raw: bytes, number: int, day: str) -> SettlementLine:
    """Parse a line of the file of that day, without its end.

    Raises:
        FileUnreadable: it is not of the form, or not the line with that number of that day.
    """
    parts = _LINE.match(raw)
    if parts is None or int(parts[2]) != number or parts[1].decode() != day:
        raise FileUnreadable(number)
    try:
        paid_at = datetime.fromisoformat(parts[7].decode())
        datetime.fromisoformat(parts[8].decode())
    except ValueError:
        raise FileUnreadable(number) from None
    code, ntpn, ntb, channel = (parts[index].decode() for index in (3, 4, 5, 10))
    return SettlementLine(number, code, ntpn, ntb, int(parts[6]), paid_at, channel)


class Splitter:
    """Cuts pieces of a file into lines without their ends; holds no more than one line."""

    def __init__(self) -> None:
        self.rest = b""

    def feed(self, piece: bytes) -> list[bytes]:
        """Return the lines that this piece completes."""
        *lines, self.rest = (self.rest + piece).split(b"\n")
        return lines


@dataclass(frozen=True)
class Summary:
    """Totals of a complete file."""

    day: date
    lines: int
    total: int
    sha256: str
    size_bytes: int


class Verifier:
    """Verifies that a file is complete, reading it once, piece by piece in constant memory."""

    def __init__(self) -> None:
        self._splitter = Splitter()
        self._hash = hashlib.sha256()
        self._day = ""
        self._lines = -1
        self._total = 0
        self._size = 0
        self._ended = False

    def feed(self, piece: bytes) -> None:
        """Check the next piece.

        Raises:
            FileRefused: it is not of the form, or its totals do not fit.
        """
        self._size += len(piece)
        for raw in self._splitter.feed(piece):
            self._check(raw)
        if len(self._splitter.rest) > LONGEST_LINE_BYTES:
            raise FileUnreadable(self._lines + 1)

    def finish(self, day: date | None = None) -> Summary:
        """Return the totals of the complete file; ``day`` is the day of an empty file.

        Raises:
            FileTruncated: its last line is missing.
            FileUnreadable: it is of another day, or of none.
        """
        if not self._ended or self._splitter.rest:
            raise FileTruncated(max(self._lines, 0) + 1)
        file_day = date.fromisoformat(self._day) if self._day else day
        if file_day is None or (day is not None and file_day != day):
            raise FileUnreadable(1)
        return Summary(file_day, self._lines, self._total, self._hash.hexdigest(), self._size)

    def _check(self, raw: bytes) -> None:
        if self._ended:
            raise FileUnreadable(self._lines + 1)
        if self._lines < 0:
            self._begin(raw)
        elif raw.startswith(b"TOTAL,"):
            self._end(raw)
            return
        else:
            self._count(raw)
        self._hash.update(raw + b"\n")

    def _begin(self, raw: bytes) -> None:
        if raw != HEADER:
            raise FileUnreadable(0)
        self._lines = 0

    def _count(self, raw: bytes) -> None:
        number = self._lines + 1
        if number > MOST_LINES:
            raise FileUnreadable(number)
        self._day = self._day or _day_of(raw, number)
        self._total += read_line(raw, number, self._day).amount
        self._lines = number

    def _end(self, raw: bytes) -> None:
        trailer = _TRAILER.match(raw)
        if trailer is None:
            raise FileTruncated(self._lines + 1)
        if (int(trailer[1]), int(trailer[2]), trailer[3].decode()) != (
            self._lines,
            self._total,
            self._hash.hexdigest(),
        ):
            raise FileTampered(self._lines + 1)
        self._ended = True


def _day_of(raw: bytes, number: int) -> str:
    day = raw[:10].decode("ascii", "replace")
    try:
        date.fromisoformat(day)
    except ValueError:
        raise FileUnreadable(number) from None
    return day


# -- how far a file was compared -------------------------------------------------------------------------------------


class SettlementState(StrEnum):
    """States of a settlement file."""

    COMPARING = "comparing"
    COMPARED = "compared"
    CLAIM_COMPARED = "claim_compared"
    """Every line of a claimed file was compared; with SIMPONI's own word the same content is compared again."""


class SettlementCommand(StrEnum):
    """Commands of a file."""

    ADVANCE = "advance"
    FINISH = "finish"
    FINISH_CLAIM = "finish_claim"
    VOUCH = "vouch"
    """SIMPONI vouches for a file that was only claimed."""


SETTLEMENT_TRANSITIONS: Final = Transitions[SettlementState, SettlementCommand](
    {
        (SettlementState.COMPARING, SettlementCommand.ADVANCE): SettlementState.COMPARING,
        (SettlementState.COMPARING, SettlementCommand.FINISH): SettlementState.COMPARED,
        (SettlementState.COMPARING, SettlementCommand.VOUCH): SettlementState.COMPARING,
        (SettlementState.COMPARING, SettlementCommand.FINISH_CLAIM): SettlementState.CLAIM_COMPARED,
        (SettlementState.CLAIM_COMPARED, SettlementCommand.VOUCH): SettlementState.COMPARING,
    }
)


class SettlementSource(StrEnum):
    """The source that vouches for a file."""

    FETCHED = "fetched"
    """SIMPONI's: billing fetched it there."""
    SIGNED = "signed"
    """SIMPONI's: a person brought it with SIMPONI's signature."""
    CLAIMED = "claimed"
    """Of the person who brought it: SIMPONI is asked about every payment that is new here."""


def signed_words(summary: Summary) -> bytes:
    """Return the bytes that SIMPONI signs: day, number of lines, sum, and SHA-256 of every byte before the end."""
    return f"settlement.{summary.day.isoformat()}.{summary.lines}.{summary.total}.{summary.sha256}".encode()


@dataclass(frozen=True)
class Counts:
    """Compared lines by result; each line counts in exactly one of these."""

    known: int = 0
    learnt: int = 0
    unknown: int = 0
    differing: int = 0
    doubled: int = 0
    unconfirmed: int = 0
    """Of a claim: SIMPONI does not know the payment, so nothing was booked."""

    def plus(self, other: Counts) -> Counts:
        """Return the sum of both."""
        names = self.__dataclass_fields__
        return Counts(**{name: getattr(self, name) + getattr(other, name) for name in names})

    @property
    def new_here(self) -> int:
        """Lines that needed more than a comparison: several writes, a case, a question to SIMPONI."""
        return self.learnt + self.unknown + self.unconfirmed

    @property
    def lines(self) -> int:
        """All compared lines."""
        return sum(getattr(self, name) for name in self.__dataclass_fields__)


@dataclass(frozen=True)
class Settlement:
    """One complete file and the progress of its comparison. Its id holds day and hash, so a repeat finds it."""

    settlement_id: str
    day: date
    state: SettlementState
    file_id: str
    sha256: str
    size_bytes: int
    lines: int
    total: int
    received_at: datetime
    received_from: str
    """``simponi``, or the account of the treasurer who brought it."""
    offset_bytes: int = 0
    """Everything before this byte of the file was compared."""
    counts: Counts = field(default_factory=Counts)
    compared_at: datetime | None = None
    due: Mapping[str, datetime] = field(default_factory=dict)
    source: SettlementSource | None = None
    """None in older documents, which did not record it."""
    unanswered: int = 0
    """Questions about the next lines that SIMPONI has left without an answer, in a row."""
    unanswered_since: datetime | None = None

    @property
    def is_claim(self) -> bool:
        """Return whether a person brought it without SIMPONI's signature."""
        if self.source is None:
            return self.received_from != FROM_SIMPONI
        return self.source is SettlementSource.CLAIMED


def settlement_id(summary: Summary) -> str:
    """Return the id of a file, from its day and its content."""
    return f"{summary.day.isoformat()}.{summary.sha256[:16]}"


def take_in(
    summary: Summary, file_id: str, received_from: str, now: datetime, source: SettlementSource | None = None
) -> Decision[Settlement]:
    """Return the state of a complete stored file; its lines are compared next."""
    return Decision(
        Settlement(
            settlement_id=settlement_id(summary),
            day=summary.day,
            state=SettlementState.COMPARING,
            file_id=file_id,
            sha256=summary.sha256,
            size_bytes=summary.size_bytes,
            lines=summary.lines,
            total=summary.total,
            received_at=now,
            received_from=received_from,
            source=source,
            offset_bytes=len(HEADER) + 1,
            due={"compare": now},
        )
    )


def advance(settlement: Settlement, counts: Counts, offset_bytes: int, now: datetime) -> Decision[Settlement]:
    """Count compared lines; the last line ends the comparison."""
    together = settlement.counts.plus(counts)
    ended = together.lines >= settlement.lines
    finish = SettlementCommand.FINISH_CLAIM if settlement.is_claim else SettlementCommand.FINISH
    command = finish if ended else SettlementCommand.ADVANCE
    return Decision(
        replace(
            settlement,
            state=SETTLEMENT_TRANSITIONS.after(settlement.state, command),
            counts=together,
            offset_bytes=offset_bytes,
            compared_at=now if ended else None,
            due={} if ended else {"compare": now},
            unanswered=0,
            unanswered_since=None,
        )
    )


def ask_again(
    settlement: Settlement, counts: Counts, offset_bytes: int, now: datetime, policy: SettlementPolicy
) -> Decision[Settlement]:
    """Ask SIMPONI again, with growing intervals, about the lines after ``offset_bytes``."""
    reached = advance(settlement, counts, offset_bytes, now).state if counts.lines else settlement
    tries = settlement.unanswered + 1
    at = now + backoff(tries, ASK_AGAIN_SECONDS, policy.retry_seconds)
    since = settlement.unanswered_since or now
    return Decision(replace(reached, unanswered=tries, unanswered_since=since, due={"compare": at}))


def vouch(settlement: Settlement, source: SettlementSource, now: datetime) -> Decision[Settlement]:
    """Let SIMPONI vouch for a claimed file: its lines are compared again, from the beginning."""
    if not settlement.is_claim or source is SettlementSource.CLAIMED:
        return Decision(settlement)
    if settlement.state is SettlementState.COMPARED:  # of a claim from before claims ended otherwise
        settlement = replace(settlement, state=SettlementState.CLAIM_COMPARED)
    state = SETTLEMENT_TRANSITIONS.after(settlement.state, SettlementCommand.VOUCH)
    return Decision(
        replace(
            settlement,
            state=state,
            source=source,
            counts=Counts(),
            offset_bytes=len(HEADER) + 1,
            compared_at=None,
            due={"compare": now},
            unanswered=0,
            unanswered_since=None,
        )
    )


# -- the days that a file is owed for --------------------------------------------------------------------------------


@dataclass(frozen=True)
class SettlementDay:
    """One day of the treasury: its settlement file, and the check that its receipts are in files."""

    day: date
    settlement_id: str | None = None
    tries: int = 0
    looked_for: bool = False
    due: Mapping[str, datetime] = field(default_factory=dict)


def day_end(day: date) -> datetime:
    """Return when a day of the treasury is over, in UTC."""
    return datetime.combine(day + timedelta(days=1), time(), tzinfo=JAKARTA).astimezone(UTC)


def owed_days(now: datetime, policy: SettlementPolicy) -> Iterator[date]:
    """Yield the ended days whose files are needed, newest first, back to the limit."""
    today = day_in_jakarta(now)
    for back in range(1, policy.days_back + 1):
        yield today - timedelta(days=back)


def owe(day: date, policy: SettlementPolicy) -> Decision[SettlementDay]:
    """Return the entry of an ended day: when to fetch its file, and until when its receipts must be in one."""
    end = day_end(day)
    due = {
        "fetch": end + seconds(policy.ready_seconds),
        "missing": end + seconds(policy.missing_seconds),
    }
    return Decision(SettlementDay(day, due=due))


def file_received(owed: SettlementDay, settlement_id: str) -> Decision[SettlementDay]:
    """Record the received file of the day."""
    due = due_without(owed.due, "fetch")
    return Decision(replace(owed, settlement_id=settlement_id, due=due))


def fetch_later(owed: SettlementDay, now: datetime, policy: SettlementPolicy) -> Decision[SettlementDay]:
    """Plan the next try to fetch the file."""
    due = {**owed.due, "fetch": now + seconds(policy.retry_seconds)}
    return Decision(replace(owed, tries=owed.tries + 1, due=due))


def check_later(owed: SettlementDay, now: datetime, policy: SettlementPolicy) -> Decision[SettlementDay]:
    """Check the receipts later: a file of these days is not here yet, so a missing receipt proves nothing."""
    return Decision(replace(owed, due={**owed.due, "missing": now + seconds(policy.retry_seconds)}))


def receipts_checked(owed: SettlementDay) -> Decision[SettlementDay]:
    """Record that every receipt of the day was checked against the files."""
    due = due_without(owed.due, "missing")
    return Decision(replace(owed, looked_for=True, due=due))
