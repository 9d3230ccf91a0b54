"""The rules of deliveries, contact cards and notices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.notification.contacts import contact
from services.notification.contacts.contact import Announcement, ContactCard, Preferences
from services.notification.deliveries import delivery, delivery_texts
from services.notification.deliveries.delivery import (
    FINAL,
    TRANSITIONS,
    Command,
    Delivery,
    State,
)
from services.notification.deliveries.recipient import Reach
from services.notification.notices import notice_table as notices
from services.notification.rules import RetryRules
from shared.events import application, billing, identity, scheduling
from shared.events.codes import DeliveryChannel
from shared.events.identity import (
    AccountJoined,
    ConsentsChanged,
    DataExportAsked,
    ErasureOrdered,
    LegalHoldLifted,
    LegalHoldPlaced,
    SessionEnded,
)
from shared.events.notification import DeliveryFailed, DeliverySent, WebhookTested
from shared.events.subscriptions import events_for
from shared.store.transitions import IllegalTransition

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
RULES = RetryRules(pauses_seconds=(5, 30, 120), urgent_pauses_seconds=(2, 10))


def a_delivery(**changes: object) -> Delivery:
    wanted = Delivery(
        account_id="account-1",
        template="bill_issued",
        channel=DeliveryChannel.SMS,
        language="id",
        cause_id="event-1",
        application_id="application-1",
        sent_to="+62*******678",
        sealed="k1.sealed",
        created_at=NOW,
        send_by=NOW + timedelta(hours=1),
    )
    return replace(wanted, **changes)  # type: ignore[arg-type]


def test_a_new_message_is_due_at_once() -> None:
    decision = delivery.queue(a_delivery(), "d-1", NOW)
    assert decision.state.state is State.QUEUED
    assert delivery.due(decision.state) == {"send": NOW}
    assert decision.events == ()


@pytest.mark.parametrize(("seconds_left", "state"), [(0, State.DROPPED), (1, State.QUEUED)])
def test_a_message_whose_time_is_up_is_dropped_and_that_is_told(seconds_left: int, state: State) -> None:
    wanted = a_delivery(send_by=NOW + timedelta(seconds=seconds_left))
    assert delivery.is_over(wanted, NOW) is (state is State.DROPPED)
    decision = delivery.queue(wanted, "d-1", NOW)
    assert decision.state.state is state
    if state is State.DROPPED:
        [told] = decision.events
        assert isinstance(told, DeliveryFailed)
        assert told.reason == "expired"
        assert decision.state.sealed is None


def test_a_message_without_an_address_fails_with_that_name() -> None:
    decision = delivery.queue(a_delivery(sealed=None), "d-1", NOW)
    assert (decision.state.state, decision.state.reason) == (State.FAILED, "no_address")
    assert isinstance(decision.events[0], DeliveryFailed)


def test_acceptance_ends_the_sending_forgets_the_text_and_is_told_with_its_cause() -> None:
    decision = delivery.accept(a_delivery(next_try_at=NOW, reason="timeout", tries=1), "d-1", NOW)
    sent = decision.state
    assert (sent.state, sent.tries, sent.reason, sent.sealed) == (State.SENT, 2, None, None)
    assert (sent.sent_at, sent.ended_at, delivery.due(sent)) == (NOW, NOW, {})
    [told] = decision.events
    assert told == DeliverySent(
        delivery_id="d-1",
        account_id="account-1",
        template="bill_issued",
        channel="sms",
        application_id="application-1",
        cause_id="event-1",
    )


def test_tries_are_spaced_by_the_rules_and_the_last_pause_repeats() -> None:
    waiting = a_delivery()
    pauses = []
    for _ in range(5):
        waiting = delivery.put_off(waiting, "d-1", "timeout", RULES, NOW).state
        assert waiting.next_try_at is not None
        pauses.append((waiting.next_try_at - NOW).total_seconds())
    assert pauses == [5, 30, 120, 120, 120]
    assert (waiting.state, waiting.tries, waiting.reason, waiting.sealed) == (State.QUEUED, 5, "timeout", "k1.sealed")


@pytest.mark.parametrize(("seconds_left", "state"), [(2, State.FAILED), (3, State.QUEUED)])
def test_it_is_given_up_when_the_next_try_would_be_too_late(seconds_left: int, state: State) -> None:
    urgent = a_delivery(urgent=True, send_by=NOW + timedelta(seconds=seconds_left))
    decision = delivery.put_off(urgent, "d-1", "timeout", RULES, NOW)
    assert decision.state.state is state
    if state is State.FAILED:
        [told] = decision.events
        assert isinstance(told, DeliveryFailed)
        assert told.reason == "timeout"


def test_a_receipt_confirms_what_was_sent_without_telling_it_again() -> None:
    sent = delivery.accept(a_delivery(), "d-1", NOW).state
    decision = delivery.confirm(sent, "d-1", NOW + timedelta(seconds=3))
    assert (decision.state.state, decision.state.sent_at, decision.events) == (State.DELIVERED, NOW, ())


def test_a_receipt_may_come_before_the_note_of_the_acceptance() -> None:
    decision = delivery.confirm(a_delivery(next_try_at=NOW), "d-1", NOW)
    assert (decision.state.state, decision.state.sent_at) == (State.DELIVERED, NOW)
    assert isinstance(decision.events[0], DeliverySent)
    assert delivery.due(decision.state) == {}


def test_a_receipt_of_failure_is_told() -> None:
    sent = delivery.accept(a_delivery(), "d-1", NOW).state
    decision = delivery.give_back(sent, "d-1", NOW)
    assert (decision.state.state, decision.state.reason) == (State.FAILED, "not_delivered")
    assert isinstance(decision.events[0], DeliveryFailed)


def test_every_other_change_is_refused() -> None:
    changes: dict[Command, Callable[[Delivery], object]] = {
        Command.ACCEPT: lambda message: delivery.accept(message, "d", NOW),
        Command.PUT_OFF: lambda message: delivery.put_off(message, "d", "r", RULES, NOW),
        Command.GIVE_UP: lambda message: delivery.give_up(message, "d", "r", NOW),
        Command.DROP: lambda message: delivery.drop(message, "d", NOW),
        Command.CONFIRM: lambda message: delivery.confirm(message, "d", NOW),
        Command.RETURN: lambda message: delivery.give_back(message, "d", NOW),
    }
    for state in State:
        for command, change in changes.items():
            if (state, command) in TRANSITIONS:
                change(a_delivery(state=state))
                continue
            with pytest.raises(IllegalTransition) as refused:
                change(a_delivery(state=state))
            assert (refused.value.state, refused.value.command) == (state, command)


def test_every_state_is_final_or_can_be_left() -> None:
    left = {state for state, _ in TRANSITIONS}
    assert left | FINAL == set(State)
    assert not left & FINAL


def test_the_real_pauses_grow_to_an_hour() -> None:
    rules = RetryRules()
    assert rules.pause(1, urgent=False) == timedelta(seconds=5)
    assert rules.pause(99, urgent=False) == timedelta(hours=1)
    assert rules.pause(99, urgent=True) == timedelta(seconds=30)


# ---- contact cards ----

CARD = ContactCard(language="en", email="e", phone="p", name=None, source_version=3)


def test_language_is_the_chosen_one_else_the_accounts_else_indonesian() -> None:
    assert contact.language_of(CARD) == "en"
    assert contact.language_of(replace(CARD, preferences=Preferences("id", (DeliveryChannel.SMS,)))) == "id"
    assert contact.language_of(replace(CARD, language="fr")) == "id"


def test_whoever_chose_nothing_is_told_on_every_channel() -> None:
    assert contact.preferences_of(CARD) == Preferences("en", (DeliveryChannel.EMAIL, DeliveryChannel.SMS))
    chosen = Preferences("id", (DeliveryChannel.SMS,))
    assert contact.preferences_of(replace(CARD, preferences=chosen)) == chosen


@pytest.mark.parametrize(("version", "older"), [(2, True), (3, True), (4, False)])
def test_older_or_repeated_news_never_replaces_a_card(version: int, older: bool) -> None:
    assert contact.is_older(CARD, version) is older


BOTH = (DeliveryChannel.EMAIL, DeliveryChannel.SMS)


@pytest.mark.parametrize(
    ("usual", "wanted", "reach", "used"),
    [
        (BOTH, BOTH, Reach("a@example.org", "+628"), BOTH),
        (BOTH, BOTH, Reach("a@example.org"), (DeliveryChannel.EMAIL,)),
        (BOTH, (DeliveryChannel.SMS,), Reach("a@example.org", "+628"), (DeliveryChannel.SMS,)),
        ((DeliveryChannel.EMAIL,), (DeliveryChannel.SMS,), Reach("a@example.org", "+628"), (DeliveryChannel.SMS,)),
        ((DeliveryChannel.EMAIL,), (DeliveryChannel.SMS,), Reach("a@example.org"), (DeliveryChannel.EMAIL,)),
        (BOTH, BOTH, Reach(), ()),
    ],
)
def test_channels_are_the_usual_ones_that_are_wanted_and_reachable_and_never_silence(
    usual: tuple[DeliveryChannel, ...],
    wanted: tuple[DeliveryChannel, ...],
    reach: Reach,
    used: tuple[DeliveryChannel, ...],
) -> None:
    assert contact.channels_for(usual, wanted, reach) == used


@pytest.mark.acceptance("F18.announced_to_old")
@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (Reach("a@x.id", "+1"), Reach("a@x.id", "+1"), ()),
        (
            Reach("a@x.id", "+1"),
            Reach("b@x.id", "+1"),
            (
                Announcement(DeliveryChannel.EMAIL, "a@x.id", DeliveryChannel.EMAIL),
                Announcement(DeliveryChannel.SMS, "+1", DeliveryChannel.EMAIL),
                Announcement(DeliveryChannel.EMAIL, "b@x.id", DeliveryChannel.EMAIL, is_new=True),
            ),
        ),
        (
            Reach("a@x.id", "+1"),
            Reach("a@x.id", "+2"),
            (
                Announcement(DeliveryChannel.SMS, "+1", DeliveryChannel.SMS),
                Announcement(DeliveryChannel.EMAIL, "a@x.id", DeliveryChannel.SMS),
                Announcement(DeliveryChannel.SMS, "+2", DeliveryChannel.SMS, is_new=True),
            ),
        ),
        (
            Reach("a@x.id"),
            Reach("a@x.id", "+2"),
            (
                Announcement(DeliveryChannel.EMAIL, "a@x.id", DeliveryChannel.SMS),
                Announcement(DeliveryChannel.SMS, "+2", DeliveryChannel.SMS, is_new=True),
            ),
        ),
        (
            Reach("a@x.id", "+1"),
            Reach("a@x.id"),
            (
                Announcement(DeliveryChannel.SMS, "+1", DeliveryChannel.SMS),
                Announcement(DeliveryChannel.EMAIL, "a@x.id", DeliveryChannel.SMS),
            ),
        ),
    ],
)
def test_a_change_is_announced_to_every_address_of_before_and_now(
    before: Reach, after: Reach, told: tuple[Announcement, ...]
) -> None:
    assert contact.announcements(before, after) == told


# ---- notices ----


def test_every_event_that_is_heard_has_a_rule_and_no_other_has() -> None:
    """But the end of a session and what retention hears, which is no news, joined accounts, whose contact cards tell,
    what the account's holder has just done, a test of a webhook, an outreach, and what the stream alone tells.
    """
    of_retention = {ErasureOrdered, LegalHoldPlaced, LegalHoldLifted}
    quiet = {SessionEnded, AccountJoined, ConsentsChanged, DataExportAsked, WebhookTested, *of_retention}
    quiet.add(scheduling.OfficeOpened)
    told_in_stream = {
        *(identity.ApplicantAdded, identity.ApplicantReopened),
        *(application.ApplicationDrafted, application.SubmissionAwaitsIdentity, application.ApplicationWithdrawn),
        *(application.LetterReady, application.ApprovalHandedOver, application.DocumentChecked),
        *(scheduling.SeatHeld, scheduling.VisitorCheckedIn, scheduling.VisitVoided, scheduling.WaitingOfferEnded),
        *(billing.BillRequested, billing.BillWaived, billing.BillSuperseded, billing.BillCancelled),
    }
    assert set(notices.RULES) == set(events_for("notification")) - quiet - told_in_stream


def an_offer_end(reason: str) -> scheduling.OfferEnded:
    return scheduling.OfferEnded(
        appointment_id="a",
        application_id="b",
        account_id="c",
        person_id="p",
        office_id="o",
        bill_id="b",
        reason=reason,
    )


def a_release(reason: str, *, closed_for_person: bool = False) -> scheduling.AppointmentReleased:
    return scheduling.AppointmentReleased(
        appointment_id="a",
        application_id="b",
        account_id="c",
        person_id="p",
        office_id="o",
        session_id="s",
        reason=reason,
        closed_for_person=closed_for_person,
    )


def test_a_rule_may_choose_by_a_field_be_quiet_or_meet_something_new() -> None:
    assert notices.notice_for(an_offer_end("lapsed")) == notices.Notice("offer_lapsed")
    assert notices.notice_for(a_release("bill_expired")) is None
    assert notices.notice_for(an_offer_end("invented")) == notices.CHANGED


def test_a_seat_of_an_application_that_an_officer_closed_is_not_told_as_cancelled_by_the_applicant() -> None:
    assert notices.notice_for(a_release("withdrawn")) == notices.Notice("appointment_cancelled")
    assert notices.notice_for(a_release("withdrawn", closed_for_person=True)) is None
    offer = an_offer_end("declined").model_copy(update={"closed_for_person": True})
    assert notices.notice_for(offer) is None


def a_bill(expires_at: datetime) -> billing.BillIssued:
    return billing.BillIssued(
        bill_id="b",
        application_id="a",
        account_id="c",
        appointment_id=None,
        purpose="fee",
        billing_code="820261123000001",
        amount=350000,
        issued_at=NOW,
        expires_at=expires_at,
    )


@pytest.mark.acceptance("F53.emailed", "F53.texted")
def test_a_code_is_sent_by_email_and_sms_and_not_after_its_end() -> None:
    bill = a_bill(NOW + timedelta(hours=2))
    assert notices.notice_for(bill) == notices.Notice("bill_issued", BOTH)
    assert notices.useful_until(bill, NOW, timedelta(days=3)) == bill.expires_at
    assert notices.useful_until(bill, NOW, timedelta(hours=1)) == NOW + timedelta(hours=1)


def test_news_without_an_end_is_told_for_a_while() -> None:
    assert notices.useful_until(an_offer_end("lapsed"), NOW, timedelta(days=3)) == NOW + timedelta(days=3)


def test_every_template_is_listed() -> None:
    assert {"otp", "letter", "email_changed", "phone_changed", "bill_issued"} <= notices.templates()


# ---- sentences for the person that a message was sent to ----


@pytest.mark.parametrize(
    ("channel", "changes", "text"),
    [
        (DeliveryChannel.EMAIL, {"state": State.QUEUED}, delivery_texts.WAITS),
        (DeliveryChannel.EMAIL, {"state": State.QUEUED, "tries": 1}, delivery_texts.TRIED_AGAIN),
        (DeliveryChannel.EMAIL, {"state": State.SENT}, delivery_texts.SENT[DeliveryChannel.EMAIL]),
        (DeliveryChannel.SMS, {"state": State.SENT}, delivery_texts.SENT[DeliveryChannel.SMS]),
        (DeliveryChannel.SMS, {"state": State.DELIVERED}, delivery_texts.ARRIVED),
        (DeliveryChannel.SMS, {"state": State.DROPPED, "reason": "expired"}, delivery_texts.TOO_LATE),
        (DeliveryChannel.SMS, {"state": State.FAILED, "reason": "no_address"}, delivery_texts.NO_ADDRESS_HERE),
        (DeliveryChannel.SMS, {"state": State.FAILED, "reason": "not_delivered"}, delivery_texts.NOT_DELIVERED),
        (DeliveryChannel.SMS, {"state": State.FAILED, "reason": "sms_422"}, delivery_texts.ADDRESS_REFUSED),
        (DeliveryChannel.EMAIL, {"state": State.FAILED, "reason": "smtp_550"}, delivery_texts.ADDRESS_REFUSED),
        (DeliveryChannel.EMAIL, {"state": State.FAILED, "reason": "address_malformed"}, delivery_texts.ADDRESS_REFUSED),
        (DeliveryChannel.EMAIL, {"state": State.FAILED, "reason": "smtp_451"}, delivery_texts.NO_ANSWER),
        (DeliveryChannel.SMS, {"state": State.FAILED, "reason": "status_503"}, delivery_texts.NO_ANSWER),
        (DeliveryChannel.EMAIL, {"state": State.FAILED, "reason": "content_unreadable"}, delivery_texts.OUR_FAULT),
        (DeliveryChannel.EMAIL, {"state": State.FAILED, "reason": "template_broken"}, delivery_texts.OUR_FAULT),
        (DeliveryChannel.EMAIL, {"state": State.FAILED, "reason": "attachment_gone"}, delivery_texts.OUR_FAULT),
    ],
)
def test_each_state_and_cause_has_its_sentences(
    channel: DeliveryChannel, changes: dict[str, object], text: delivery_texts.DeliveryText
) -> None:
    assert delivery_texts.text_of(a_delivery(channel=channel, **changes)) == text
    assert all(sentence.endswith(".") for sentence in vars(text).values())
    assert len(set(vars(text).values())) == 4, "each language has a sentence of its own"
