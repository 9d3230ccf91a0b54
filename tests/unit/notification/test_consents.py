"""Consents in notification: what is stopped is not sent, whatever comes late, twice or in another order."""

from __future__ import annotations

import pytest

from services.notification.contacts.repository import CARDS
from services.notification.deliveries.delivery import State
from services.notification.notices import notice_table as notices
from shared.bus.dispatch import Outcome
from shared.errors import UpstreamDown
from shared.events.billing import BillIssued, BillReminderDue
from shared.events.identity import ConsentsChanged
from tests.unit.notification.samples import event_of
from tests.unit.notification.world import ACCOUNT, World, a_card

STOPPED = ("reminders",)


@pytest.fixture
def world() -> World:
    return World()


def consents(*stopped: str) -> ConsentsChanged:
    return ConsentsChanged(
        account_id=ACCOUNT, purpose="reminders", notice_version=1, is_given=not stopped, stopped_purposes=stopped
    )


async def stopped(world: World) -> tuple[str, ...]:
    record = await world.store.get(CARDS, ACCOUNT)
    assert record is not None
    return record.state.stopped_purposes


async def templates(world: World) -> set[str]:
    return {record.state.template for record in await world.deliveries()}


async def test_reminders_are_not_sent_once_they_are_stopped_and_news_is(world: World) -> None:
    await world.hears(a_card())
    await world.hears(consents(*STOPPED))
    await world.hears(event_of(BillReminderDue, account_id=ACCOUNT))
    await world.hears(event_of(BillIssued, account_id=ACCOUNT))
    assert await templates(world) == {"bill_issued"}


async def test_they_are_sent_before_and_again_after(world: World) -> None:
    await world.hears(a_card())
    await world.hears(event_of(BillReminderDue, account_id=ACCOUNT))
    assert await templates(world) == {"bill_reminder"}
    before = len(await world.deliveries())
    await world.hears(consents(*STOPPED), version=2)
    await world.hears(event_of(BillReminderDue, account_id=ACCOUNT))
    assert len(await world.deliveries()) == before
    await world.hears(consents(), version=3)
    await world.hears(event_of(BillReminderDue, account_id=ACCOUNT))
    assert len(await world.deliveries()) > before


async def test_what_waits_for_a_channel_is_dropped_once_its_purpose_is_stopped(world: World) -> None:
    """Mail and SMS do not answer; meanwhile the person stops reminders. The bill itself still goes out."""
    await world.hears(a_card())
    world.mailer.trouble = world.gateway.trouble = UpstreamDown("smtp", "timeout")
    await world.hears(event_of(BillReminderDue, account_id=ACCOUNT))
    await world.hears(event_of(BillIssued, account_id=ACCOUNT))
    await world.works()
    await world.hears(consents(*STOPPED))
    world.mailer.trouble = world.gateway.trouble = None
    await world.hears(consents(*STOPPED), version=2)
    world.clock.advance(600)
    await world.works()
    ended = {(record.state.template, record.state.state, record.state.reason) for record in await world.deliveries()}
    assert ended == {("bill_reminder", State.DROPPED, "consent_withdrawn"), ("bill_issued", State.SENT, None)}


async def test_older_and_repeated_news_changes_nothing(world: World) -> None:
    await world.hears(a_card())
    await world.hears(consents(*STOPPED), version=5)
    await world.hears(consents(), version=4)
    await world.hears(consents(), version=5)
    assert await stopped(world) == STOPPED


async def test_it_waits_for_the_contact_card(world: World) -> None:
    assert await world.hears(consents(*STOPPED)) is Outcome.LATER
    await world.hears(a_card())
    assert await world.hears(consents(*STOPPED)) is not Outcome.LATER
    assert await stopped(world) == STOPPED


async def test_a_newer_card_keeps_what_is_stopped(world: World) -> None:
    await world.hears(a_card(), version=1)
    await world.hears(consents(*STOPPED), version=3)
    await world.hears(a_card(email="lain@example.org"), version=2)
    assert await stopped(world) == STOPPED


def test_only_messages_that_remind_can_be_stopped() -> None:
    can_be = {event.__name__ for event, rule in notices.RULES.items() if rule.purpose}
    assert can_be == {
        "BillReminderDue",
        "CollectionReminderDue",
        "DraftEnding",
        "OpeningAnnounced",
        "PassportExpiryReminderDue",
    }
