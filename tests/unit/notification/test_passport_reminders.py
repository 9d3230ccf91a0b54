"""Messages about a passport that waits, was collected, or expires: each names its date, in both languages."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from services.notification.notices.notice_table import BY_BOTH, notice_for, useful_until
from services.notification.texts import Texts
from shared.events.application import (
    CollectionReminderDue,
    PassportCollected,
    PassportExpiryReminderDue,
    PassportPrinted,
    ProxyAnnounced,
)
from shared.events.codes import CollectedBy, DeliveryChannel
from tests.unit.notification.samples import event_of

TEXTS = Texts(portal_url="https://paspor.example", timezone="Asia/Jakarta")
UNTIL = datetime(2026, 12, 30, 16, 30, tzinfo=UTC)
"""The 31st in Makassar."""


def written(event: Any, language: str, channel: DeliveryChannel) -> str:
    notice = notice_for(event)
    assert notice is not None
    return TEXTS.render(notice.template, language, channel, event.model_dump(mode="json")).body


@pytest.mark.acceptance("X13.cancellation_date")
@pytest.mark.parametrize("channel", list(DeliveryChannel))
@pytest.mark.parametrize(("language", "day"), [("en", "31 December 2026"), ("id", "31 Desember 2026")])
def test_every_message_about_a_book_that_waits_names_the_date_of_its_end(
    language: str, day: str, channel: DeliveryChannel
) -> None:
    for kind in (CollectionReminderDue, PassportPrinted):
        event = event_of(kind, collect_until=UNTIL, office_timezone="Asia/Makassar", day=21)
        assert day in written(event, language, channel)


def test_a_printed_book_of_an_earlier_version_has_a_message_too() -> None:
    event = PassportPrinted(application_id="a", account_id="acc", office_id="o")
    assert "within one month" in written(event, "en", DeliveryChannel.EMAIL)


def test_a_reminder_is_of_no_use_after_the_end() -> None:
    event = event_of(CollectionReminderDue, collect_until=UNTIL, day=28)
    assert useful_until(event, UNTIL, UNTIL - datetime(2026, 1, 1, tzinfo=UTC)) == UNTIL


@pytest.mark.parametrize(
    ("by", "words"),
    [(CollectedBy.PROXY, "by a proxy"), (CollectedBy.FAMILY, "a member of your family"), (CollectedBy.SELF, "Keep it")],
)
def test_the_holder_is_told_who_came(by: CollectedBy, words: str) -> None:
    event = event_of(PassportCollected, collected_by=by.value)
    assert words in written(event, "en", DeliveryChannel.EMAIL)
    notice = notice_for(event)
    assert notice is not None and (notice.channels == BY_BOTH) is (by is not CollectedBy.SELF)


def test_a_proxy_that_was_announced_is_told_on_both_channels() -> None:
    notice = notice_for(event_of(ProxyAnnounced))
    assert notice is not None and notice.channels == BY_BOTH


@pytest.mark.acceptance("F51.reminders_go_on")
@pytest.mark.parametrize(("language", "day"), [("en", "Thursday, 4 November 2027"), ("id", "Kamis, 4 November 2027")])
def test_the_message_about_an_expiry_carries_the_one_call_to_a_replacement(language: str, day: str) -> None:
    event = event_of(PassportExpiryReminderDue, passport_id="p-1", expires_on=date(2027, 11, 4), months=6)
    mail = written(event, language, DeliveryChannel.EMAIL)
    assert day in mail and "https://paspor.example/passports/p-1/replace" in mail
    assert day in written(event, language, DeliveryChannel.SMS)
