"""The feed of an account: numbers that only rise, what is kept, and where a reader goes on."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.notification.account_feeds import feed, feed_table
from services.notification.account_feeds.feed import Feed, MustReadAgain, Resumed, ThingKind, Told
from services.notification.notices.notice_table import RULES as NOTICES
from services.notification.rules import FeedRules
from shared.events.identity import AccountJoined, ErasureOrdered, LegalHoldLifted, LegalHoldPlaced
from shared.events.notification import WebhookTested
from shared.events.scheduling import OfficeOpened
from shared.events.subscriptions import SUBSCRIBERS, events_for
from tests.conftest import START
from tests.unit.notification.samples import event_of

RULES = FeedRules(keep_seconds=1000, most_entries=3)
NOW_MS = int(START.timestamp() * 1000)


def told(thing_id: str = "bill-1", kind: ThingKind = ThingKind.BILL) -> Told:
    return Told(kind, thing_id, "paid", 3, START)


def fed(*message_ids: str) -> Feed:
    kept = feed.begun(START, RULES)
    for message_id in message_ids:
        kept = feed.note(kept, message_id, told(), START, RULES)
    return kept


def numbers(kept: Feed) -> list[int]:
    return [entry.number for entry in kept.entries]


def test_numbers_rise_while_the_clock_stands_still_and_when_it_goes_back() -> None:
    kept = feed.note(fed("m1", "m2"), "m3", told(), START - timedelta(seconds=5), RULES)
    assert numbers(kept) == [NOW_MS + 1, NOW_MS + 2, NOW_MS + 3]
    later = feed.note(kept, "m4", told(), START + timedelta(seconds=9), RULES)
    assert numbers(later)[-1] == later.last_number == NOW_MS + 9000


def test_a_repeated_message_changes_nothing() -> None:
    assert feed.note(fed("m1"), "m1", told(), START + timedelta(seconds=5), RULES) == fed("m1")


def test_so_many_entries_are_kept_and_one_more_drops_the_oldest() -> None:
    full = fed("m1", "m2", "m3")
    assert (len(full.entries), full.lost_until) == (RULES.most_entries, NOW_MS)
    more = feed.note(full, "m4", told(), START, RULES)
    assert [entry.message_id for entry in more.entries] == ["m2", "m3", "m4"]
    assert more.lost_until == NOW_MS + 1


def test_an_entry_is_kept_for_its_time_and_no_longer() -> None:
    kept = feed.note(fed("m1"), "m2", told(), START + timedelta(seconds=1000, milliseconds=1), RULES)
    assert [entry.message_id for entry in kept.entries] == ["m1", "m2"]
    over = feed.note(fed("m1"), "m2", told(), START + timedelta(seconds=1000, milliseconds=2), RULES)
    assert [entry.message_id for entry in over.entries] == ["m2"]
    assert over.lost_until == NOW_MS + 1


def test_a_feed_is_kept_as_long_as_its_newest_entry() -> None:
    kept = feed.note(fed(), "m1", told(), START + timedelta(seconds=10), RULES)
    assert kept.kept_until == START + timedelta(seconds=1010)
    assert feed.note(kept, "m2", told(), START, RULES).kept_until == kept.kept_until


def test_an_opened_feed_is_kept_longer_once_half_of_its_time_is_over() -> None:
    at_half = START + timedelta(seconds=500)
    assert feed.kept_longer(fed(), at_half, RULES) == fed()
    later = at_half + timedelta(milliseconds=1)
    assert feed.kept_longer(fed(), later, RULES).kept_until == later + timedelta(seconds=1000)


def test_a_reader_without_an_id_begins_now() -> None:
    kept = fed("m1", "m2")
    assert feed.resumed(kept, "account-1", None) == Resumed(kept.last_number)
    assert feed.entries_after(kept, kept.last_number) == ()


def test_a_reader_goes_on_after_the_last_id() -> None:
    kept = fed("m1", "m2", "m3")
    at = feed.resumed(kept, "account-1", feed.id_of("account-1", NOW_MS + 1))
    assert at == Resumed(NOW_MS + 1)
    assert [entry.message_id for entry in feed.entries_after(kept, at.number)] == ["m2", "m3"]


def test_an_id_is_too_old_once_something_after_it_is_lost() -> None:
    kept = feed.note(fed("m1", "m2", "m3"), "m4", told(), START, RULES)
    last_number = kept.last_number
    assert feed.resumed(kept, "a", feed.id_of("a", NOW_MS + 1)) == Resumed(NOW_MS + 1), "m1 was read"
    assert feed.resumed(kept, "a", feed.id_of("a", NOW_MS)) == Resumed(last_number, MustReadAgain.TOO_OLD)


def test_ids_of_a_feed_that_is_gone_are_too_old_in_the_next_one() -> None:
    before = fed("m1")
    after = feed.begun(START + timedelta(days=1), RULES)
    wanted = feed.id_of("a", before.last_number)
    assert feed.resumed(after, "a", wanted).must_read_again is MustReadAgain.TOO_OLD


@pytest.mark.parametrize(
    "said",
    ["", "7", "-", "abc", "1-zzzzzzzz", f"{NOW_MS}-0123456", feed.id_of("another", NOW_MS), "9" * 16 + "-00000000"],
)
def test_what_is_no_id_of_this_account_is_unknown(said: str) -> None:
    kept = fed("m1")
    assert feed.resumed(kept, "a", said) == Resumed(kept.last_number, MustReadAgain.UNKNOWN)


def test_an_id_of_the_future_is_unknown() -> None:
    kept = fed("m1")
    assert feed.resumed(kept, "a", feed.id_of("a", kept.last_number)) == Resumed(kept.last_number)
    future = feed.id_of("a", kept.last_number + 1)
    assert feed.resumed(kept, "a", future).must_read_again is MustReadAgain.UNKNOWN


def test_a_joined_account_has_no_entries_and_takes_none() -> None:
    joined = feed.join_into(fed("m1"), "account-2", START)
    assert (joined.entries, joined.joined_into, joined.lost_until) == ((), "account-2", NOW_MS + 1)
    assert feed.note(joined, "m2", told(), START, RULES) == joined
    assert feed.join_into(joined, "account-3", START) == joined
    assert joined.kept_until > START + timedelta(days=36_000), "others may name the account at any time"


def test_the_end_of_a_session_is_known_of_that_session_alone() -> None:
    ended = feed.note(fed(), "m1", told("s1", ThingKind.SESSION), START, RULES)
    assert feed.session_is_over(ended, "s1") and not feed.session_is_over(ended, "s2")
    assert not feed.session_is_over(fed("m1"), "bill-1")


def test_notification_hears_each_event_of_the_table() -> None:
    assert {event.__name__ for event in feed_table.ROWS if "notification" not in SUBSCRIBERS[event]} == set()


def test_what_notification_hears_of_an_account_is_in_its_feed() -> None:
    """But the orders of retention, joined accounts (a rule of their own), and what is not of one of its things."""
    apart = {ErasureOrdered, LegalHoldPlaced, LegalHoldLifted, AccountJoined, WebhookTested, OfficeOpened}
    not_things = {
        "HandOverOverdue",
        "PrintOverdue",
        "OpeningAnnounced",
        "PaymentCaseOpened",
        "PaymentCaseClosed",
        "WebhookDisabled",
    }
    heard = {event.__name__ for event in events_for("notification") if event not in apart}
    assert heard - {event.__name__ for event in feed_table.ROWS} == not_things
    assert not_things <= {event.__name__ for event in NOTICES}


@pytest.mark.parametrize("kind", feed_table.ROWS, ids=lambda kind: kind.__name__)
def test_an_event_tells_its_thing_and_where_it_is_read_and_nothing_else(kind: type) -> None:
    event = event_of(kind)
    said = feed_table.told_by(event, 4, START)
    assert said.thing_id == getattr(event, feed_table.ROWS[kind].id_field)
    assert said.fact and said.version == 4 and said.at == START
    href = feed_table.href_of(said)
    assert href.startswith("/v1/") and "None" not in href
    assert set(vars(said)) == {"kind", "thing_id", "fact", "version", "at", "application_id"}


def test_a_fact_is_the_events_word_or_the_code_that_it_carries() -> None:
    words = {kind.__name__: feed_table.told_by(event_of(kind), 1, START).fact for kind in feed_table.ROWS}
    assert (words["BillPaid"], words["SeatHeld"], words["LetterReady"]) == ("paid", "held", "ready")
    moved = event_of(next(kind for kind in feed_table.ROWS if kind.__name__ == "RefundMoved"), state="paid")
    assert feed_table.told_by(moved, 1, START).fact == "paid"
