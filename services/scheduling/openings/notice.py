"""Opening notices: which accounts are told of an office's openings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from services.scheduling.office import Office
from services.scheduling.offices.release_rule import OpeningRule, ReleaseInstant, RuleKind
from shared.events.scheduling import OpeningAnnounced


@dataclass(frozen=True)
class Announcement:
    """One opening of an office by its rule, to be announced to the accounts that asked for notices."""

    office_id: str
    opens_at: datetime
    first: date
    last: date
    tell_at: datetime | None
    """When telling begins or goes on; None: all accounts were told, or the rule was changed."""
    told_to: str = ""
    """All accounts up to this one were told."""


@dataclass(frozen=True)
class OpeningNotice:
    """The wish of an account to hear of an office's openings."""

    office_id: str
    account_id: str
    asked_at: datetime
    live: bool = True
    told_of: str | None = None
    """The last opening that the account was told of."""


def announcement_deadlines(announcement: Announcement) -> Mapping[str, datetime]:
    """Return when the next accounts are told."""
    return {} if announcement.tell_at is None else {"tell": announcement.tell_at}


def announcement_of(office_id: str, opening: ReleaseInstant, rule: OpeningRule, now: datetime) -> Announcement:
    """Return the announcement of an opening: as early as its sessions can be seen, but not before now."""
    tell_at = max(now, opening.at - timedelta(days=rule.announced_days))
    return Announcement(office_id, opening.at, opening.first, opening.last, tell_at)


def is_told_daily(rule: OpeningRule | None) -> bool:
    """Return whether a new day opens every day, so that there is nothing to announce."""
    return rule is None or rule.kind is RuleKind.ROLLING


def told(notice: OpeningNotice, opening_id: str) -> OpeningNotice:
    """Return the notice after its account was told of this opening."""
    return replace(notice, told_of=opening_id)


def word_of(announcement: Announcement, opening_id: str, office: Office, account_id: str) -> OpeningAnnounced:
    """Return the event that tells one account."""
    return OpeningAnnounced(
        opening_id=opening_id,
        account_id=account_id,
        office_id=office.office_id,
        office_name=office.name,
        office_timezone=office.timezone,
        opens_at=announcement.opens_at,
    )
