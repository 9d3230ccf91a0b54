"""Use cases and handlers of notification, message by message."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from services.notification.contacts.contact import Preferences
from services.notification.contacts.repository import CARDS
from services.notification.contacts.vault import ContactVault
from services.notification.deliveries.delivery import State
from services.notification.deliveries.ports import MessageRefused
from services.notification.deliveries.repository import DELIVERIES
from services.notification.errors import ChannelHasNoAddress
from services.notification.handlers import Handlers
from services.notification.rules import RetryRules, Rules
from shared.bus.dispatch import Outcome
from shared.clock import ManualClock
from shared.errors import NotFound, NotKnownYet, UpstreamDown
from shared.events import application, billing
from shared.events.codes import DeliveryChannel
from shared.events.identity import AccountJoined, ErasureOrdered, SessionEnded
from shared.events.notification import DeliveryFailed, DeliverySent, KeepContactCard
from shared.events.scheduling import AppointmentConfirmed, AppointmentReleased
from shared.events.subscriptions import commands_for, events_for
from shared.retention.sweep import Sweep
from shared.retention.sweeping import SWEEP
from shared.store.kinds import Record
from tests.conftest import START
from tests.unit.notification.samples import event_of
from tests.unit.notification.samples import events as every_event
from tests.unit.notification.world import (
    ACCOUNT,
    DISOWN_URL,
    EMAIL,
    LEAVING_URL,
    PHONE,
    World,
    a_card,
    a_leaving,
    a_letter,
    a_sign_in,
    an_otp,
)

EXPIRES = START + timedelta(minutes=10)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def reachable(world: World) -> World:
    assert await world.hears(a_card()) is Outcome.DONE
    return world


def a_bill() -> billing.BillIssued:
    bill = event_of(billing.BillIssued, application_id="application-1", expires_at=START + timedelta(hours=2))
    assert isinstance(bill, billing.BillIssued)
    return bill


def test_the_handlers_cover_what_notification_hears_and_nothing_else(world: World) -> None:
    heard = {*Handlers(world.service).events(), *world.retention.events()}
    assert heard == set(events_for("notification")) - {SessionEnded}
    assert set(Handlers(world.service).commands()) == set(commands_for("notification"))


# ---- events ----


@pytest.mark.acceptance("F53.emailed", "F53.texted")
async def test_a_code_is_emailed_and_texted_with_amount_and_end(reachable: World) -> None:
    assert await reachable.hears(a_bill()) is Outcome.DONE
    assert await reachable.works() == 2
    [mail], [text] = reachable.mails, reachable.texts
    assert (mail.to, text.to) == (EMAIL, PHONE)
    for words in (mail.body, text.text):
        assert "820261123000001" in words
        assert "Rp1.350.000" in words
        assert "11.00 WIB" in words
    assert {record.state.state for record in await reachable.deliveries()} == {State.SENT}


async def test_an_appointment_is_told_with_date_place_and_queue_number_in_the_offices_time(reachable: World) -> None:
    confirmed = event_of(AppointmentConfirmed, starts_at=START + timedelta(days=9))
    await reachable.hears(confirmed)
    await reachable.works()
    for words in (reachable.mails[0].body, reachable.texts[0].text):
        assert "Rabu, 2 Desember 2026 10.00 WITA" in words
        assert confirmed.office_name in words
        assert confirmed.queue_number in words


async def test_every_event_takes_effect_in_every_case(reachable: World) -> None:
    for event in every_event():
        assert await reachable.hears(event) is Outcome.DONE, type(event)
    await reachable.works()
    told = await reachable.deliveries()
    assert {record.state.state for record in told} <= {State.SENT, State.FAILED}
    failed = {record.state.template for record in told if record.state.state is State.FAILED}
    to_offices = {"hand_over_overdue", "print_overdue", "appeal_lodged", "webhook_disabled"}
    assert failed == to_offices, "offices and operators have no contact card"


async def test_an_event_waits_for_the_contact_card(world: World) -> None:
    envelope = world.envelope(a_bill())
    assert await world.hears(envelope) is Outcome.LATER
    assert await world.hears(a_letter(b"%PDF")) is Outcome.LATER
    await world.hears(a_card())
    assert await world.hears(envelope) is Outcome.DONE
    assert len(await world.deliveries()) == 2


async def test_the_same_event_twice_is_told_once(reachable: World) -> None:
    envelope = reachable.envelope(a_bill())
    for _ in range(3):
        assert await reachable.hears(envelope) is Outcome.DONE
    await reachable.works()
    await reachable.hears(envelope)
    await reachable.works()
    assert (len(reachable.mails), len(reachable.texts)) == (1, 1)


async def test_what_another_event_tells_is_not_told_twice(reachable: World) -> None:
    assert await reachable.hears(event_of(AppointmentReleased, reason="bill_expired")) is Outcome.DONE
    assert await reachable.deliveries() == []


async def test_an_event_about_nobody_is_let_go(reachable: World) -> None:
    assert await reachable.hears(event_of(billing.RefundOpened, account_id=None)) is Outcome.DONE
    assert await reachable.deliveries() == []


async def test_a_reminder_is_not_sent_after_the_codes_end(reachable: World) -> None:
    reachable.mailer.trouble = reachable.gateway.trouble = UpstreamDown("smtp", "timeout")
    await reachable.hears(event_of(billing.BillReminderDue, expires_at=START + timedelta(seconds=60)))
    for _ in range(60):
        await reachable.passes(1)
    assert {delivery.state.state for delivery in await reachable.deliveries()} == {State.FAILED}
    late = event_of(billing.BillReminderDue, expires_at=START + timedelta(seconds=60))
    await reachable.hears(late)
    assert {delivery.state.state for delivery in await reachable.deliveries()} == {State.FAILED, State.DROPPED}


async def test_the_wanted_language_and_channels_are_used(reachable: World) -> None:
    await reachable.service.contacts.choose(ACCOUNT, Preferences("en", (DeliveryChannel.SMS,)))
    await reachable.hears(a_bill())
    await reachable.hears(event_of(billing.BillPaid))
    await reachable.works()
    assert reachable.mails == []
    assert sorted(text.text.split()[0] for text in reachable.texts) == ["Passport:", "Passport:"]


@pytest.mark.acceptance("F47.alert_by_18")
@pytest.mark.parametrize(
    ("rules", "to"),
    [
        (Rules(office_emails={"o-1": "o-1@example.go.id"}, operator_email="op@example.go.id"), "o-1@example.go.id"),
        (Rules(operator_email="op@example.go.id"), "op@example.go.id"),
    ],
)
async def test_an_overdue_hand_over_is_told_to_the_office_and_not_to_the_applicant(rules: Rules, to: str) -> None:
    world = World(rules)
    await world.hears(event_of(application.HandOverOverdue, office_id="o-1", application_id="application-1"))
    await world.works()
    assert [mail.to for mail in world.mails] == [to]
    assert "application-1" in world.mails[0].body
    [record] = await world.deliveries()
    assert (record.state.account_id, record.state.application_id) == ("office:o-1", None)


async def test_an_incomplete_interview_names_papers_and_time(reachable: World) -> None:
    until = START + timedelta(days=7)
    event = event_of(
        application.InterviewRecorded,
        outcome="incomplete",
        missing=("family_card", "a_new_paper"),
        complete_until=until,
    )
    await reachable.hears(event)
    await reachable.works()
    [mail] = reachable.mails
    assert "Kartu keluarga (KK)" in mail.body and "30 November 2026" in mail.body
    assert "30 November 2026" in reachable.texts[0].text


async def test_an_incomplete_interview_of_an_older_version_is_told_too(reachable: World) -> None:
    event = event_of(application.InterviewRecorded, outcome="incomplete", missing=(), reason_code="papers_missing")
    await reachable.hears(event.model_copy(update={"complete_until": None}))
    await reachable.works()
    assert "Ada berkas asli yang belum dibawa." in reachable.mails[0].body


@pytest.mark.acceptance("X14.written")
async def test_a_refusal_is_written_to_the_applicant_with_reason_rule_and_redress(reachable: World) -> None:
    await reachable.hears(event_of(application.ApplicationRefused, reason_code="identity_not_proven"))
    letter = a_letter(b"%PDF-1.7 refusal").model_copy(update={"kind": "refusal"})
    await reachable.hears(letter)
    await reachable.works()
    mails = {mail.subject: mail for mail in reachable.mails}
    words = mails["Permohonan paspor tidak dapat disetujui"].body
    for part in ("Identitas tidak terbukti", "8/2014", "UU 30/2014 pasal 77", "pasal 78", "Ombudsman"):
        assert part in words, part
    assert mails["Surat penolakan permohonan Anda"].attachment is not None


async def test_an_office_without_an_address_leaves_a_named_failure(world: World) -> None:
    await world.hears(event_of(application.HandOverOverdue))
    [record] = await world.deliveries()
    assert (record.state.state, record.state.reason) == (State.FAILED, "no_address")


# ---- one-time codes ----


@pytest.mark.acceptance("F16.adapter")
@pytest.mark.parametrize(("channel", "address"), [("email", EMAIL), ("sms", PHONE)])
async def test_a_code_is_sent_at_once_and_its_challenge_is_told(world: World, channel: str, address: str) -> None:
    assert await world.hears(an_otp(EXPIRES, channel=channel, address=address)) is Outcome.DONE
    await world.works()
    [(to, words)] = [(mail.to, mail.body) for mail in world.mails] + [(text.to, text.text) for text in world.texts]
    assert to == address
    assert "012345" in words
    [told] = await world.said()
    assert isinstance(told, DeliverySent)
    assert (told.cause_id, told.channel, told.template) == ("challenge-1", channel, "otp")


@pytest.mark.parametrize(("channel", "address"), [("email", EMAIL), ("sms", PHONE)])
@pytest.mark.parametrize("opens_at", [None, START + timedelta(days=3)])
async def test_a_sign_in_on_a_new_device_is_told_with_the_link_that_disowns_it(
    world: World, channel: str, address: str, opens_at: datetime | None
) -> None:
    assert await world.hears(a_sign_in(START + timedelta(days=7), channel, address, opens_at)) is Outcome.DONE
    await world.works()
    [(to, words)] = [(mail.to, mail.body) for mail in world.mails] + [(text.to, text.text) for text in world.texts]
    assert to == address
    assert DISOWN_URL in words
    assert ("26 November 2026" in words) == (opens_at is not None)


async def test_a_member_of_staff_is_told_to_set_a_new_password(world: World) -> None:
    await world.hears(a_sign_in(START + timedelta(days=7), "email", EMAIL, None, for_staff=True))
    await world.works()
    [mail] = world.mails
    assert "buat kata sandi baru" in mail.body and "kedua alamat" not in mail.body


@pytest.mark.parametrize(("channel", "address"), [("email", EMAIL), ("sms", PHONE)])
@pytest.mark.parametrize(("what", "words"), [("account", "ditutup"), ("applicant", "orang"), ("address", "alamat")])
async def test_a_leaving_is_told_with_the_link_that_undoes_it(
    world: World, channel: str, address: str, what: str, words: str
) -> None:
    assert await world.hears(a_leaving(START + timedelta(days=14), channel, address, what)) is Outcome.DONE
    await world.works()
    [(to, text)] = [(mail.to, mail.body) for mail in world.mails] + [(sms.to, sms.text) for sms in world.texts]
    assert to == address
    assert LEAVING_URL in text
    assert words in text
    assert "7 Desember 2026" in text


@pytest.mark.parametrize(("late_seconds", "state"), [(-1, State.QUEUED), (0, State.DROPPED)])
async def test_a_code_that_is_over_is_dropped_on_arrival(world: World, late_seconds: int, state: State) -> None:
    world.clock.set(EXPIRES + timedelta(seconds=late_seconds))
    await world.hears(an_otp(EXPIRES))
    [record] = await world.deliveries()
    assert record.state.state is state
    if state is State.DROPPED:
        assert await world.works() == 0
        [told] = await world.said()
        assert isinstance(told, DeliveryFailed)
        assert (told.reason, told.cause_id) == ("expired", "challenge-1")


async def test_a_code_that_is_over_when_its_turn_comes_is_not_sent(world: World) -> None:
    await world.hears(an_otp(EXPIRES))
    await world.passes(600)
    assert world.mailer.calls == 0
    [record] = await world.deliveries()
    assert (record.state.state, record.state.sealed) == (State.DROPPED, None)


async def test_a_code_is_tried_again_soon_and_given_up_before_its_end(world: World) -> None:
    world.mailer.trouble = UpstreamDown("smtp", "connection_refused")
    await world.hears(an_otp(START + timedelta(seconds=60)))
    await world.works()
    for _ in range(60):
        await world.passes(1)
    assert world.mailer.calls == 5  # at 0, 2, 7, 17 and 37 s; the next would be too late
    [told] = await world.said()
    assert isinstance(told, DeliveryFailed)
    assert told.reason == "connection_refused"


async def test_a_box_that_is_not_ours_is_poison_and_queues_nothing(world: World) -> None:
    stranger = an_otp(EXPIRES).model_copy(update={"challenge_id": "challenge-2"})
    assert await world.hears(stranger) is Outcome.POISON
    assert await world.deliveries() == []


async def test_nothing_personal_lies_open_and_nothing_at_all_after_the_end(reachable: World) -> None:
    await reachable.hears(an_otp(EXPIRES))
    await reachable.hears(a_bill())
    before = str(reachable.store.__dict__)
    for secret in (EMAIL, PHONE, "CONTOH", "012345"):
        assert secret not in before
    await reachable.works()
    assert {delivery.state.sealed for delivery in await reachable.deliveries()} == {None}
    said = str(await reachable.said())
    assert all(secret not in said for secret in (EMAIL, PHONE, "CONTOH", "012345"))


# ---- contact cards ----


@pytest.mark.acceptance("F18.announced_to_old")
async def test_a_changed_address_is_announced_to_the_old_one_and_the_new(reachable: World) -> None:
    await reachable.hears(a_card(email="baru@example.org", phone="+6281200000999"), version=2)
    await reachable.works()
    assert sorted(mail.to for mail in reachable.mails) == sorted([EMAIL, "baru@example.org"])
    assert sorted(text.to for text in reachable.texts) == sorted([PHONE, "+6281200000999"])
    assert "b***@example.org" in reachable.mails[0].body
    assert all("baru@example.org" not in mail.body for mail in reachable.mails)
    await reachable.hears(a_bill())
    await reachable.works()
    assert reachable.mails[-1].to == "baru@example.org"


async def test_a_first_phone_number_is_announced_by_email_and_to_itself(world: World) -> None:
    await world.hears(a_card(phone=None))
    await world.hears(a_card(), version=2)
    await world.works()
    assert [mail.to for mail in world.mails] == [EMAIL]
    assert [text.to for text in world.texts] == [PHONE]
    assert "+62********678" in world.mails[0].body
    assert PHONE not in world.mails[0].body


async def test_an_older_card_or_the_same_again_changes_nothing(reachable: World) -> None:
    newer = reachable.envelope(a_card(email="baru@example.org"), version=3)
    for _ in range(2):
        await reachable.hears(newer)
    await reachable.hears(a_card(email="lama@example.org"), version=2)
    await reachable.works()
    assert [len(reachable.mails), len(reachable.texts)] == [2, 1]
    record = await reachable.store.get(CARDS, ACCOUNT)
    assert record is not None
    assert (await ContactVault(reachable.seals).open_reach(ACCOUNT, record.state)).email == "baru@example.org"


async def test_two_first_cards_at_once_end_with_the_newer(world: World) -> None:
    first, second = world.envelope(a_card(), version=1), world.envelope(a_card(email="baru@example.org"), version=2)

    async def nothing_yet(_account_id: str) -> None:
        world.service.contacts._contacts.card = reading  # type: ignore[method-assign]
        await world.hears(first)

    reading = world.service.contacts._contacts.card
    world.service.contacts._contacts.card = nothing_yet  # type: ignore[method-assign,assignment]
    assert await world.hears(second) is Outcome.DONE
    record = await world.store.get(CARDS, ACCOUNT)
    assert record is not None
    assert record.state.source_version == 2


async def test_preferences_outlive_a_new_card(reachable: World) -> None:
    await reachable.service.contacts.choose(ACCOUNT, Preferences("en", (DeliveryChannel.EMAIL,)))
    await reachable.hears(a_card(email="baru@example.org"), version=2)
    view = await reachable.service.contacts.preferences(ACCOUNT)
    assert (view.language, view.channels) == ("en", (DeliveryChannel.EMAIL,))
    assert (view.email, view.phone[-3:]) == ("b***@example.org", "678")


async def test_an_unknown_language_becomes_indonesian(world: World) -> None:
    await world.hears(a_card(language="fr"))
    assert (await world.service.contacts.preferences(ACCOUNT)).language == "id"


async def test_a_channel_without_an_address_cannot_be_chosen(world: World) -> None:
    await world.hears(a_card(phone=None))
    with pytest.raises(ChannelHasNoAddress) as refused:
        await world.service.contacts.choose(ACCOUNT, Preferences("id", (DeliveryChannel.EMAIL, DeliveryChannel.SMS)))
    assert (refused.value.field, refused.value.facts) == ("/channels", {"channel": "sms"})
    assert (await world.service.contacts.preferences(ACCOUNT)).phone is None


async def test_the_same_choice_again_writes_nothing(reachable: World) -> None:
    wanted = Preferences("en", (DeliveryChannel.EMAIL,))
    await reachable.service.contacts.choose(ACCOUNT, wanted)
    first = await reachable.store.get(CARDS, ACCOUNT)
    await reachable.service.contacts.choose(ACCOUNT, wanted)
    assert await reachable.store.get(CARDS, ACCOUNT) == first


class RunningClock(ManualClock):
    """A clock on which sleeping is what moves it."""

    async def sleep(self, seconds: float) -> None:
        self.advance(seconds)


async def test_preferences_wait_a_second_for_the_card_then_say_not_known_yet(world: World) -> None:
    clock = RunningClock(START)
    world.service.contacts._context = replace(world.service.context, clock=clock)
    with pytest.raises(NotKnownYet):
        await world.service.contacts.preferences(ACCOUNT)
    assert timedelta(seconds=1) <= clock.now() - START <= timedelta(seconds=1.1)


# ---- letters ----


@pytest.mark.acceptance("F73.emailed")
@pytest.mark.parametrize("size", [1, 256 * 1024, 600_000])
async def test_the_letter_goes_out_as_an_attachment_and_is_not_kept(reachable: World, size: int) -> None:
    content = os.urandom(size)
    envelope = reachable.envelope(a_letter(content))
    for _ in range(2):
        assert await reachable.hears(envelope) is Outcome.DONE
    await reachable.works()
    await reachable.hears(envelope)
    [mail] = reachable.mails
    assert mail.attachment is not None
    assert (mail.attachment.file_name, mail.attachment.media_type) == ("surat.pdf", "application/pdf")
    assert mail.attachment.content == content
    assert [file_id async for file_id in reachable.files.older_than(START + timedelta(days=1))] == []


async def test_a_letter_is_emailed_even_to_who_prefers_sms(reachable: World) -> None:
    await reachable.service.contacts.choose(ACCOUNT, Preferences("id", (DeliveryChannel.SMS,)))
    await reachable.hears(a_letter(b"%PDF"))
    await reachable.works()
    assert [mail.to for mail in reachable.mails] == [EMAIL]


async def test_a_letter_without_an_email_address_fails_with_that_name(world: World) -> None:
    await world.hears(a_card(email=None))
    await world.hears(a_letter(b"%PDF"))
    [record] = await world.deliveries()
    assert (record.state.state, record.state.reason) == (State.FAILED, "no_address")


async def test_a_letter_whose_file_is_gone_fails_with_that_name(reachable: World) -> None:
    await reachable.hears(a_letter(b"%PDF"))
    [record] = await reachable.deliveries()
    await reachable.files.delete(str(record.state.attachment_id))
    await reachable.works()
    [record] = await reachable.deliveries()
    assert (record.state.state, record.state.reason) == (State.FAILED, "attachment_gone")


# ---- tries ----


async def test_news_are_tried_again_by_the_rules_then_told_as_failed() -> None:
    world = World(Rules(retry=RetryRules(pauses_seconds=(5, 30)), useful_seconds=100))
    await world.hears(a_card(phone=None))
    world.mailer.trouble = UpstreamDown("smtp", "timeout")
    await world.hears(event_of(billing.BillPaid))
    await world.works()
    for _ in range(100):
        await world.passes(1)
    assert world.mailer.calls == 5  # at 0, 5, 35, 65 and 95 s
    [told] = await world.said()
    assert isinstance(told, DeliveryFailed)
    assert told.reason == "timeout"


async def test_a_try_that_succeeds_ends_the_trying(reachable: World) -> None:
    reachable.mailer.trouble = UpstreamDown("smtp", "timeout")
    await reachable.hears(event_of(billing.BillPaid))
    await reachable.works()
    reachable.mailer.trouble = None
    await reachable.passes(5)
    [record] = await reachable.deliveries()
    assert (record.state.state, record.state.tries, record.state.reason) == (State.SENT, 2, None)


async def test_what_the_channel_refuses_for_good_is_not_tried_again(reachable: World) -> None:
    reachable.gateway.trouble = MessageRefused("number_rejected")
    await reachable.hears(an_otp(EXPIRES, channel="sms", address=PHONE))
    await reachable.works()
    await reachable.passes(60)
    assert reachable.gateway.calls == 1
    [told] = await reachable.said()
    assert isinstance(told, DeliveryFailed)
    assert told.reason == "number_rejected"


async def test_a_message_that_cannot_be_opened_or_written_fails_with_that_name(reachable: World) -> None:
    await reachable.hears(a_bill())
    for record in await reachable.deliveries():
        state = record.state
        if state.channel is DeliveryChannel.EMAIL:
            broken = state.__class__(**{**state.__dict__, "sealed": "k1.AAAA"})
        else:
            broken = state.__class__(**{**state.__dict__, "template": "invented"})
        await reachable.store.save(DELIVERIES, record, broken, now=START)
    await reachable.works()
    assert [delivery.state.reason for delivery in await reachable.deliveries()] == [
        "content_unreadable",
        "template_broken",
    ]


async def test_a_leased_message_that_ended_meanwhile_is_left_alone(reachable: World) -> None:
    await reachable.hears(event_of(billing.BillPaid))
    await reachable.works()
    [record] = await reachable.deliveries()
    await reachable.service.sender.send(record)
    assert len(reachable.mails) == 1


# ---- receipts ----


async def sent_text(world: World) -> str:
    await world.hears(an_otp(EXPIRES, channel="sms", address=PHONE))
    await world.works()
    return world.texts[0].delivery_id


async def test_a_receipt_ends_a_text_and_its_repeat_or_a_late_word_changes_nothing(world: World) -> None:
    delivery_id = await sent_text(world)
    for delivered in (True, True, False):
        await world.service.deliveries.take_receipt(delivery_id, delivered=delivered)
    [record] = await world.deliveries()
    assert record.state.state is State.DELIVERED
    assert [type(event) for event in await world.said()] == [DeliverySent]


async def test_a_receipt_of_failure_is_told(world: World) -> None:
    await world.service.deliveries.take_receipt(await sent_text(world), delivered=False)
    assert [type(event) for event in await world.said()] == [DeliverySent, DeliveryFailed]


async def test_a_receipt_that_overtakes_the_answer_counts_and_nothing_is_sent_again(world: World) -> None:
    await world.hears(an_otp(EXPIRES, channel="sms", address=PHONE))

    async def receipt_first(message: object) -> None:
        world.gateway.calls += 1
        [record] = await world.deliveries()
        await world.service.deliveries.take_receipt(record.id, delivered=True)

    world.gateway.send = receipt_first  # type: ignore[method-assign]
    await world.works()
    await world.passes(60)
    assert world.gateway.calls == 1
    [record] = await world.deliveries()
    assert record.state.state is State.DELIVERED
    assert [type(event) for event in await world.said()] == [DeliverySent]


async def test_a_receipt_for_what_was_never_texted_is_refused(reachable: World) -> None:
    await reachable.hears(event_of(billing.BillPaid))
    [mail] = await reachable.deliveries()
    for delivery_id in ("unknown", mail.id):
        with pytest.raises(NotFound):
            await reachable.service.deliveries.take_receipt(delivery_id, delivered=True)


# ---- keeping and forgetting ----


async def test_deliveries_of_an_application_are_its_owners_and_the_latest_comes_first(reachable: World) -> None:
    await reachable.hears(a_bill())
    reachable.clock.advance(1)
    await reachable.hears(event_of(billing.BillPaid, application_id="application-1"))
    await reachable.hears(event_of(billing.BillPaid, application_id="application-2"))
    mine = await reachable.service.deliveries.deliveries((ACCOUNT,), "application-1")
    assert [delivery.state.template for delivery in mine] == ["bill_paid", "bill_issued", "bill_issued"]
    assert await reachable.service.deliveries.deliveries(("account-2",), "application-1") == []


@pytest.mark.parametrize(("age_seconds", "kept"), [(90 * 86400, 1), (90 * 86400 + 1, 0)])
async def test_ended_deliveries_are_forgotten_after_ninety_days(reachable: World, age_seconds: int, kept: int) -> None:
    await reachable.hears(event_of(billing.BillPaid))
    await reachable.works()
    waiting = await reachable.store.outbox_waiting(DELIVERIES, before=START + timedelta(days=1), limit=9)
    await reachable.store.mark_published(DELIVERIES, waiting, now=START)
    await reachable.retention.sweeping.begin()
    await reachable.passes(age_seconds)
    assert len(await reachable.deliveries()) == kept


async def test_what_is_still_queued_or_still_to_be_told_is_never_forgotten(reachable: World) -> None:
    reachable.mailer.trouble = UpstreamDown("smtp", "timeout")
    await reachable.hears(event_of(billing.BillPaid))
    await reachable.hears(an_otp(EXPIRES, channel="sms", address=PHONE))
    await reachable.works()
    await reachable.retention.sweeping.begin()
    await reachable.retention.sweeping.run_due(await swept(reachable, after_days=91), "run")
    assert len(await reachable.deliveries()) == 2


async def swept(world: World, *, after_days: int) -> Record[Sweep]:
    """The job on deliveries so much later; nothing else has run."""
    world.clock.advance(after_days * 86400)
    record = await world.store.get(SWEEP, "deliveries")
    assert record is not None
    return record


async def test_files_that_nothing_can_need_are_removed(world: World) -> None:
    await world.hears(a_card(email=None))
    await world.hears(a_letter(b"%PDF"))
    everything = START + timedelta(days=99)
    assert [file_id async for file_id in world.files.older_than(everything)] != []
    world.clock.advance(6 * 86400 + 1)
    await world.service.deliveries.remove_unneeded_files()
    assert [file_id async for file_id in world.files.older_than(everything)] == []


def test_a_box_is_bound_to_its_account(world: World) -> None:
    other = KeepContactCard(account_id="account-2", language="id", sealed=a_card().sealed)
    with pytest.raises(Exception, match="bound to"):
        ContactVault(world.seals).contact(other)


@pytest.mark.acceptance("F18.announced_to_old")
async def test_whoever_is_told_of_a_change_gets_the_link_that_undoes_it(reachable: World) -> None:
    url = "https://paspor.example.go.id/v1/address-undo/an-account.a-secret"
    until = reachable.clock.now() + timedelta(days=7)
    await reachable.hears(a_card(email="baru@example.org", undo_url=url, undo_until=until.isoformat()), version=2)
    waiting = [delivery.state.sealed for delivery in await reachable.deliveries()]
    assert all(sealed and "a-secret" not in sealed for sealed in waiting)
    await reachable.works()
    assert len(reachable.mails) == 2 and len(reachable.texts) == 1
    assert all(url in mail.body for mail in reachable.mails)
    assert all(url in text.text for text in reachable.texts)
    assert "a-secret" not in str(await reachable.said())


# ---- joined accounts ----


async def test_newer_messages_of_a_joined_account_are_not_hidden_by_many_of_the_other(
    reachable: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.notification.deliveries.repository.MOST_READ", 2)
    for _ in range(5):
        await reachable.hears(event_of(billing.BillPaid))
        reachable.clock.advance(1)
    await reachable.hears(an_otp(EXPIRES).model_copy(update={"account_id": "account-2"}))
    found = await reachable.service.deliveries.deliveries((ACCOUNT, "account-2"))
    assert [record.state.account_id for record in found] == ["account-2", ACCOUNT]


async def test_news_of_a_closed_account_goes_to_the_one_that_stays_and_late_cards_change_nothing(
    reachable: World,
) -> None:
    await reachable.hears(a_card(account_id="account-2", email="lain@example.org", phone=None), version=1)
    await reachable.hears(AccountJoined(from_account_id=ACCOUNT, into_account_id="account-2", applicant_ids=()))
    told = [(record.state.template, record.state.account_id) for record in await reachable.deliveries()]
    assert {account for _, account in told} == {ACCOUNT, "account-2"}
    await reachable.hears(a_card(account_id=ACCOUNT, email="spaet@example.org", phone=None), version=99)
    card = await reachable.store.get(CARDS, ACCOUNT)
    assert card is not None
    assert (card.state.email, card.state.phone, card.state.joined_into) == (None, None, "account-2")
    await reachable.hears(event_of(billing.BillPaid))
    found = [record.state for record in await reachable.deliveries()]
    assert {state.account_id for state in found if state.template == "bill_paid"} == {"account-2"}


def erase_account(erasure_id: str = "erasure-1") -> ErasureOrdered:
    return ErasureOrdered(
        erasure_id=erasure_id, account_id=ACCOUNT, applicant_ids=(), person_ids=(), whole_account=True
    )


async def test_an_order_drops_what_is_not_sent_and_forgets_what_was(reachable: World) -> None:
    await reachable.hears(event_of(billing.BillPaid))
    await reachable.works()
    reachable.mailer.trouble = UpstreamDown("smtp", "timeout")
    await reachable.hears(a_letter(b"%PDF letter"))
    await reachable.works()
    assert {record.state.state for record in await reachable.deliveries()} == {State.SENT, State.QUEUED}
    await reachable.hears(erase_account())
    await reachable.works()
    left = [record.state for record in await reachable.deliveries()]
    assert [(state.sent_to, state.sealed, state.attachment_id) for state in left] == [("", None, None)] * len(left)
    assert {state.reason for state in left if state.state is State.DROPPED} == {"erased"}
    assert [file_id async for file_id in reachable.files.older_than(START + timedelta(days=99))] == []
    assert await reachable.store.get(CARDS, ACCOUNT) is None


async def test_after_an_order_no_news_is_queued_and_no_message_waits_for_a_card(reachable: World) -> None:
    await reachable.hears(erase_account())
    await reachable.works()
    assert await reachable.hears(event_of(billing.BillPaid)) is Outcome.DONE
    assert await reachable.hears(a_card(), version=9) is Outcome.DONE
    assert await reachable.deliveries() == [] and await reachable.store.get(CARDS, ACCOUNT) is None


async def test_the_erasure_of_an_applicant_alone_leaves_the_account_its_news(reachable: World) -> None:
    order = erase_account().model_copy(update={"whole_account": False, "applicant_ids": ("applicant-1",)})
    await reachable.hears(order)
    await reachable.works()
    assert await reachable.store.get(CARDS, ACCOUNT) is not None
