"""Limits and durations as plain numbers, and the pure functions that turn them into times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from shared.calendar.national import NATIONAL_CALENDAR
from shared.calendar.working_days import JAKARTA, Calendar


@dataclass(frozen=True)
class BillPolicy:
    """Durations of a bill, in seconds; the defaults are the real ones."""

    validity_seconds: int = 7200
    grace_seconds: int = 1200
    """From the code's end to the last question: SIMPONI's notices come up to 15 minutes late (at least 20 min)."""
    tell_delay_seconds: int = 120
    alert_seconds: int = 900
    issue_limit_seconds: int = 21_600
    """How long a code is asked for before the bill fails; the session's start ends it earlier."""
    ask_least_seconds: int = 2
    ask_most_seconds: int = 60
    refusals_limit: int = 3
    poll_least_seconds: int = 20
    poll_most_seconds: int = 270
    """Every open or recently ended code is looked at every 5 minutes at least; the rest is for waiting in line."""
    unconfirmed_retry_seconds: int = 60
    unconfirmed_limit_seconds: int = 86_400
    watch_ended_seconds: int = 86_400
    claim_case_seconds: int = 3600
    renewal_retry_seconds: int = 60
    same_day_pay_until: str = "12:00"
    """In Jakarta, in every zone: the surcharge for the same day is paid before this."""
    expected_wait_seconds: int = 900
    """People are told to expect a code within this time (15 minutes)."""
    year_end_cutoff: str = "12-31T23:00"
    """Month, day and time in Asia/Jakarta after which no code of the year can be paid."""


@dataclass(frozen=True)
class CallPolicy:
    """How much SIMPONI is asked; per process, so a further replica takes its share off the setting."""

    per_minute: int = 600
    codes_each: int = 200


@dataclass(frozen=True)
class ReceiptPolicy:
    """Durations of a receipt's way to its outcome, in seconds."""

    drive_seconds: int = 5
    """After a crash between two writes, the receipt goes on after this long."""
    drive_most_seconds: int = 300
    unknown_code_seconds: int = 3600
    """How long a code that belongs to no bill is looked for before the money becomes a refund case."""
    late_answer_seconds: int = 60
    late_answer_most_seconds: int = 600
    late_gives_up_seconds: int = 14_400
    """How long late money waits for scheduling's answer before it becomes a refund case."""


JOINT_BILL_MOST_MEMBERS: Final = 10
"""Bills of one joint bill: as many as an account has people."""


JOINT_BILL_LEAST_SHARE: Final = 8
"""Each bill of a joint bill has an eighth of a code's life left, 15 minutes of two hours: a family has time to pay."""

JOINT_BILL_ISSUE_LIMIT_SECONDS: Final = 900
"""How long a joint code is asked for before its bills go back to codes of their own."""


@dataclass(frozen=True)
class Validity:
    """Until when a code can be paid, and why not longer."""

    expires_at: datetime
    shortened_by_year_end: bool = False


@dataclass(frozen=True)
class YearClosed:
    """No code can be had until then: the treasury's year is closed."""

    opens_at: datetime


def seconds(count: float) -> timedelta:
    """Return the duration of so many seconds."""
    return timedelta(seconds=count)


def due_without(due: Mapping[str, datetime], name: str) -> dict[str, datetime]:
    """Return the deadlines without the one of that name."""
    return {known: at for known, at in due.items() if known != name}


def whole_seconds(moment: datetime) -> datetime:
    """Return the moment in UTC without its fraction: banks and SIMPONI keep whole seconds."""
    return moment.astimezone(UTC).replace(microsecond=0)


def validity(now: datetime, starts_at: datetime | None, policy: BillPolicy) -> Validity | YearClosed:
    """Return until when a code asked for now can be paid: never past the year's cut-off or the session's start."""
    cutoff = _cutoff(now, policy)
    if now >= cutoff:
        local = now.astimezone(JAKARTA)
        return YearClosed(datetime(local.year + 1, 1, 1, tzinfo=JAKARTA).astimezone(UTC))
    wanted = now + seconds(policy.validity_seconds)
    if starts_at is not None:
        wanted = min(wanted, starts_at)
    return Validity(whole_seconds(min(wanted, cutoff)), shortened_by_year_end=wanted > cutoff)


def _cutoff(now: datetime, policy: BillPolicy) -> datetime:
    year = now.astimezone(JAKARTA).year
    return datetime.fromisoformat(f"{year:04d}-{policy.year_end_cutoff}:00").replace(tzinfo=JAKARTA).astimezone(UTC)


def cut_off(day: date, clock: str) -> datetime:
    """Return the moment at which it is that time in Jakarta on that day."""
    return datetime.combine(day, time.fromisoformat(clock), JAKARTA).astimezone(UTC)


def backoff(attempt: int, least_seconds: float, most_seconds: float) -> timedelta:
    """Return the wait after the given attempt (the first is 1): doubling, within its limits."""
    return seconds(min(least_seconds * 2 ** min(attempt - 1, 20), most_seconds))


@dataclass(frozen=True)
class CasePolicy:
    """Durations of a case, in seconds."""

    due_seconds: int = 86_400
    """A case older than a day is on the operators' list."""
    look_seconds: int = 300
    look_most_seconds: int = 3600


@dataclass(frozen=True)
class SettlementPolicy:
    """Times of fetching the settlement file of a day, and until when a receipt must be in one, in seconds."""

    ready_seconds: int = 10_800
    """After the day's end in Jakarta: the treasury has written the file by then (assumed)."""
    retry_seconds: int = 600
    missing_seconds: int = 259_200
    """Three days: agents hand money over twice a day, and the treasury works on working days."""
    days_back: int = 7


CLAIM_DAYS: Final = 5 * 365 + 1
"""UU 9/2018 art. 63: a refund is asked for within five years of the payment."""


@dataclass(frozen=True)
class RefundPolicy:
    """Durations; ``_days`` are working days unless the name says otherwise.

    The seven days for papers, the three months for an objection and the six for its decision are the law's; the others
    are this project's assumption, since no published rule names them.
    """

    completeness_days: int = 3
    papers_days: int = 7
    """PMK 206/PMK.02/2021: the payer answers a request for data in seven working days."""
    research_days: int = 5
    recommend_days: int = 3
    decide_days: int = 5
    release_days: int = 1
    order_days: int = 2
    payment_days: int = 10
    escalate_days: int = 1
    """A step that is overdue is told of again after this."""
    object_calendar_days: int = 91
    """PMK 206/PMK.02/2021: three months."""
    objection_calendar_days: int = 182
    """PMK 206/PMK.02/2021: six months; silence grants it."""
    seat_answer_seconds: int = 60
    seat_answer_most_seconds: int = 3600
    bank_retry_seconds: int = 30
    bank_retry_most_seconds: int = 1800
    track_seconds: int = 60
    track_most_seconds: int = 3600
    book_seconds: int = 5
    """A case left midway between two writes goes on after this long."""
    calendar: Calendar = NATIONAL_CALENDAR

    def escalate_at(self, now: datetime) -> datetime:
        """Return the time of the next escalation of an overdue step."""
        return self.calendar.after(now, self.escalate_days)

    def object_until(self, now: datetime) -> datetime:
        """Return until when a refusal can be objected to."""
        return now + timedelta(days=self.object_calendar_days)


@dataclass(frozen=True)
class Policies:
    """All of them together."""

    bill: BillPolicy = field(default_factory=BillPolicy)
    calls: CallPolicy = field(default_factory=CallPolicy)
    receipt: ReceiptPolicy = field(default_factory=ReceiptPolicy)
    case: CasePolicy = field(default_factory=CasePolicy)
    settlement: SettlementPolicy = field(default_factory=SettlementPolicy)
    refund: RefundPolicy = field(default_factory=RefundPolicy)
