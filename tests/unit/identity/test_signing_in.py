"""Codes: asked for, sent, typed, refused (F16, F17, F18)."""

from __future__ import annotations

import asyncio
import json

import pytest

from services.identity.accounts.channel import Channel
from services.identity.accounts.errors import AddressTaken, AddressUnusable, EmailUnusable, PhoneUnusable
from services.identity.accounts.repository import ACCOUNT
from services.identity.sessions.devices import NO_VISITOR, Visitor
from services.identity.sign_in.challenge import Delivery
from services.identity.sign_in.errors import (
    ChallengeNotFound,
    CodeExpired,
    CodeSentJustNow,
    CodeSuperseded,
    CodeUsed,
    CodeWrong,
    TooManyCodes,
    TooManyTries,
)
from services.identity.sign_in.record_cache import RecordCache
from services.identity.sign_in.repository import CHALLENGE
from services.identity.sign_in.schemas import ChallengeView
from shared.errors import NotFound, Refusal
from shared.events.envelope import Envelope
from shared.events.identity import AccountRegistered
from shared.events.notification import DeliveryFailed, DeliverySent, SendOtp
from shared.events.subscriptions import commands_for, events_for
from shared.store.kinds import Record
from shared.tokens import Caller, Role
from tests.searching import SIXTEEN_DIGITS, without_traces
from tests.unit.identity.world import World, key

WEEK_SECONDS = 7 * 86400


async def test_an_unknown_address_is_registered_by_its_code(world: World) -> None:
    seen = await world.identity.signing_in.register(" Budi@Example.ORG ", "id", "ask-1")
    assert seen.sent_to == "b***@example.org"
    (sent,) = await world.codes()
    assert (sent["address"], sent["channel"]) == ("budi@example.org", "email")
    credentials = await world.identity.signing_in.verify(seen.challenge_id, sent["code"], "verify-1")
    (told,) = await world.said(AccountRegistered)
    assert (told.account_id, told.language) == (credentials.account_id, "id")
    assert await world.cards() == [{"email": "budi@example.org", "phone": None, "name": None}]
    account = await world.identity.accounts.get_account(credentials.account_id)
    assert (account.email, account.phone, account.sessions) == ("b***@example.org", None, 1)


@pytest.mark.acceptance("F17.email_compare")
async def test_case_and_spaces_of_an_email_do_not_count(world: World) -> None:
    account_id = await world.sign_up("budi@example.org")
    world.clock.advance(60)
    assert await world.sign_up("  BUDI @ example.org ") == account_id


@pytest.mark.acceptance("F18.e164")
@pytest.mark.parametrize("number", ["081234567890", "6281234567890", "+62 812-3456-7890", "0812 3456 7890"])
async def test_a_number_is_one_number_however_it_is_written(world: World, number: str) -> None:
    first = await world.identity.signing_in.log_in("+6281234567890", "id", "ask-1")
    world.clock.advance(60)
    again = await world.identity.signing_in.log_in(number, "id", "ask-2")
    assert again.challenge_id == first.challenge_id
    assert {sent["address"] for sent in await world.codes()} == {"+6281234567890"}


@pytest.mark.parametrize("text", ["0217654321", "08123", "not a number", "+999123", ""])
async def test_a_number_that_takes_no_sms_is_refused(world: World, text: str) -> None:
    account_id = await world.sign_up()
    with pytest.raises(PhoneUnusable) as refused:
        await world.identity.address_changes.change_phone(await world.caller(account_id), text, "id", None)
    assert refused.value.field == "/phone"
    with pytest.raises(AddressUnusable):
        await world.identity.signing_in.log_in(text, "id", "ask-9")


@pytest.mark.parametrize("text", ["budi", "budi@", "@example.org", "budi@localhost", "a@b@c.org", ""])
async def test_what_is_no_email_address_is_refused(world: World, text: str) -> None:
    with pytest.raises(EmailUnusable):
        await world.identity.signing_in.register(text, "id", "ask-1")


@pytest.mark.acceptance("F5.account_hidden")
async def test_login_answers_alike_for_known_and_unknown_addresses(world: World) -> None:
    await world.sign_up("known@example.org")
    world.clock.advance(60)
    known = await world.identity.signing_in.log_in("known@example.org", "id", "ask-2")
    unknown = await world.identity.signing_in.log_in("unknown@example.org", "id", "ask-3")
    assert (known.sent_to, unknown.sent_to) == ("k***@example.org", "u***@example.org")
    assert known.challenge.code.expires_at == unknown.challenge.code.expires_at
    assert known.challenge.code.tries_left == unknown.challenge.code.tries_left


async def test_a_returning_address_signs_in_on_its_account(world: World) -> None:
    account_id = await world.sign_up()
    for _ in range(3):
        world.clock.advance(1200)
        seen = await world.identity.signing_in.log_in("budi@example.org", "en", world.command())
        credentials = await world.identity.signing_in.verify(
            seen.challenge_id, await world.code(seen.challenge_id), world.command()
        )
        assert credentials.account_id == account_id
    assert len(await world.said(AccountRegistered)) == 1
    assert (await world.identity.accounts.get_account(account_id)).sessions == 4


@pytest.mark.acceptance("F17.wrong", "F17.expired", "F17.superseded")
@pytest.mark.acceptance("F17.used", "F17.too_many_tries", "F17.tries_left")
async def test_each_wrong_code_is_told_apart_with_tries_left(world: World) -> None:
    verify, resend = world.identity.signing_in.verify, world.identity.signing_in.resend
    seen = await world.identity.signing_in.register("budi@example.org", "id", "ask-1")
    first = await world.code()
    for left in (4, 3, 2, 1, 0):
        with pytest.raises(CodeWrong) as wrong:
            await verify(seen.challenge_id, _other(first), world.command())
        assert wrong.value.facts["tries_left"] == left
    with pytest.raises(TooManyTries):
        await verify(seen.challenge_id, first, world.command())
    world.clock.advance(60)
    await resend(seen.challenge_id, None, "ask-2")
    second = await world.code()
    with pytest.raises(CodeSuperseded) as superseded:
        await verify(seen.challenge_id, first, world.command())
    assert superseded.value.facts["tries_left"] == 5
    world.clock.advance(630.001)
    with pytest.raises(CodeExpired):
        await verify(seen.challenge_id, second, world.command())
    await resend(seen.challenge_id, None, "ask-3")
    third = await world.code()
    world.clock.advance(630)
    await verify(seen.challenge_id, third, "verify-3")
    with pytest.raises(CodeUsed):
        await verify(seen.challenge_id, third, "verify-4")


@pytest.mark.acceptance("F17.too_many_tries")
async def test_parallel_guesses_get_no_more_than_five_tries(world: World) -> None:
    seen = await world.identity.signing_in.register("budi@example.org", "id", "ask-1")
    wrong = _other(await world.code())

    async def guess(number: int) -> str:
        try:
            await world.identity.signing_in.verify(seen.challenge_id, wrong, f"guess-{number}")
        except Refusal as refused:
            return refused.code
        return "in"

    answers = await asyncio.gather(*(guess(number) for number in range(12)))
    assert answers.count("code_wrong") <= 5
    assert "in" not in answers


@pytest.mark.acceptance("F16.resend_after_60s", "F16.five_an_hour")
async def test_resend_after_a_minute_and_five_times_an_hour(world: World) -> None:
    signing_in = world.identity.signing_in
    seen = await signing_in.register("budi@example.org", "id", "ask-1")
    world.clock.advance(59.999)
    with pytest.raises(CodeSentJustNow) as soon:
        await signing_in.resend(seen.challenge_id, None, "ask-2")
    assert soon.value.facts["challenge_id"] == seen.challenge_id
    assert soon.value.retry_after_seconds == 1
    for number in range(4):
        world.clock.advance(60)
        await signing_in.resend(seen.challenge_id, None, f"again-{number}")
    world.clock.advance(60)
    with pytest.raises(TooManyCodes) as many:
        await signing_in.log_in("budi@example.org", "id", "ask-9")
    assert many.value.retry_after_seconds is not None
    world.clock.advance(3600)
    await signing_in.log_in("budi@example.org", "id", "ask-10")
    assert len(await world.codes()) == 6


async def test_the_same_command_asks_once(world: World) -> None:
    first = await world.identity.signing_in.register("budi@example.org", "id", "ask-1")
    again = await world.identity.signing_in.register("budi@example.org", "id", "ask-1")
    assert first.challenge_id == again.challenge_id
    assert len(await world.codes()) == 1


async def test_two_asking_at_once_get_one_code(world: World) -> None:
    asked = [world.identity.signing_in.log_in("budi@example.org", "id", f"ask-{number}") for number in range(5)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(isinstance(answer, CodeSentJustNow) for answer in answers) == 4
    assert len(await world.codes()) == 1


async def test_a_proof_whose_answer_was_lost_may_be_repeated(world: World) -> None:
    seen = await world.identity.signing_in.register("budi@example.org", "id", "ask-1")
    code = await world.code()
    first = await world.identity.signing_in.verify(seen.challenge_id, code, "verify-1")
    again = await world.identity.signing_in.verify(seen.challenge_id, code, "verify-1")
    assert (again.account_id, again.refresh_token) == (first.account_id, first.refresh_token)
    await world.identity.sessions.refresh(first.refresh_token)
    with pytest.raises(CodeUsed):
        await world.identity.signing_in.verify(seen.challenge_id, code, "verify-1")


async def test_a_crash_between_code_and_account_is_made_good_by_the_repeat(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = await world.identity.signing_in.register("budi@example.org", "id", "ask-1")
    code, insert = await world.code(seen.challenge_id), world.store.insert

    async def crash(kind: object, *args: object, **words: object) -> object:
        if kind is ACCOUNT:
            raise RuntimeError("the process died here")
        return await insert(kind, *args, **words)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(world.store, "insert", crash)
        with pytest.raises(RuntimeError):
            await world.identity.signing_in.verify(seen.challenge_id, code, "verify-1")
    credentials = await world.identity.signing_in.verify(seen.challenge_id, code, "verify-1")
    (told,) = await world.said(AccountRegistered)
    assert told.account_id == credentials.account_id


async def test_an_address_that_moved_to_another_account_signs_in_there(world: World) -> None:
    by_phone = await _sign_in(world, "081234567890")
    world.clock.advance(3600)
    await world.change_address(by_phone, phone="081234567891")
    world.clock.advance(WEEK_SECONDS)
    await world.worker.run_due()
    newcomer = await _sign_in(world, "081234567890")
    assert newcomer != by_phone
    world.clock.advance(3600)
    assert await _sign_in(world, "081234567890") == newcomer
    world.clock.advance(3600)
    assert await _sign_in(world, "081234567891") == by_phone


@pytest.mark.acceptance("F18.login_by_either", "F18.verified_on_new")
async def test_a_phone_is_changed_once_its_code_is_proven_and_then_signs_in(world: World) -> None:
    account_id = await world.sign_up()
    caller = await world.caller(account_id)
    seen = await world.identity.address_changes.change_phone(caller, "0812 3456 7890", "id", None)
    assert seen.sent_to == "+62********890"
    assert (await world.identity.accounts.get_account(account_id)).phone is None
    code, old_code = await world.codes_of(seen.challenge_id)
    await world.identity.signing_in.verify(seen.challenge_id, code, "verify-2", old_code=old_code)
    card = (await world.cards())[-1]
    assert (card["email"], card["phone"], card["name"]) == ("budi@example.org", "+6281234567890", None)
    assert (await world.identity.accounts.get_account(account_id)).phone == "+62********890"
    world.clock.advance(3600)
    device = world.device(account_id)
    assert await _sign_in(world, "6281234567890", device) == account_id
    assert await _sign_in(world, "budi@example.org", device) == account_id


@pytest.mark.acceptance("F18.verified_on_new")
async def test_an_email_is_changed_alike(world: World) -> None:
    account_id = await world.sign_up()
    caller = await world.caller(account_id)
    seen = await world.identity.address_changes.change_email(caller, "new@example.org", "en", "change-1")
    code, old_code = await world.codes_of(seen.challenge_id)
    for _ in range(2):
        again = await world.identity.signing_in.verify(seen.challenge_id, code, "verify-2", old_code=old_code)
        assert again.account_id == account_id
    assert (await world.cards())[-1]["email"] == "new@example.org"
    assert len(await world.cards()) == 2


async def test_a_number_of_another_account_with_an_applicant_is_not_taken_over(world: World) -> None:
    await world.confirmed(await _sign_in(world, "081234567890"))
    account_id = await world.sign_up()
    with pytest.raises(AddressTaken):
        await world.change_address(account_id, phone="081234567890")
    assert (await world.identity.accounts.get_account(account_id)).phone is None


@pytest.mark.acceptance("F16.after_60s")
async def test_without_word_of_the_email_another_code_goes_by_sms(world: World) -> None:
    account_id = await world.sign_up()
    await world.change_address(account_id, phone="081234567890")
    world.clock.advance(3600)
    seen = await world.identity.signing_in.log_in("budi@example.org", "id", "ask-2")
    by_email = await world.code()
    world.clock.advance(59.999)
    await world.worker.run_due()
    assert await world.code() == by_email
    world.clock.advance(0.001)
    await world.worker.run_due()
    sent = (await world.codes())[-1]
    assert (sent["channel"], sent["address"]) == ("sms", "+6281234567890")
    assert sent["code"] != by_email
    look = await world.identity.signing_in.get_challenge(seen.challenge_id)
    assert (look.challenge.address_channel, look.sent_to) == (Channel.EMAIL, "b***@example.org")
    verify, device = world.identity.signing_in.verify, world.device(account_id)
    assert (await verify(seen.challenge_id, sent["code"], "v", visitor=device)).account_id == account_id
    with pytest.raises(CodeUsed):
        await world.identity.signing_in.verify(seen.challenge_id, by_email, "verify-8")


@pytest.mark.acceptance("F16.on_request")
async def test_on_request_the_code_goes_by_sms_too_and_without_a_number_by_email_alone(world: World) -> None:
    account_id = await world.sign_up()
    await world.change_address(account_id, phone="081234567890")
    world.clock.advance(3600)
    seen = await world.identity.signing_in.log_in("budi@example.org", "id", "ask-2")
    world.clock.advance(60)
    await world.identity.signing_in.resend(seen.challenge_id, Channel.SMS, "ask-3")
    by_email, by_sms = (await world.codes())[-2:]
    assert (by_email["channel"], by_sms["channel"], by_sms["address"]) == ("email", "sms", "+6281234567890")
    assert by_email["code"] == by_sms["code"] == await world.code(seen.challenge_id)
    before = len(await world.codes())
    other = await world.identity.signing_in.log_in("unknown@example.org", "id", "ask-4")
    world.clock.advance(60)
    await world.identity.signing_in.resend(other.challenge_id, Channel.SMS, "ask-5")
    assert [each["channel"] for each in (await world.codes())[before:]] == ["email", "email"]


@pytest.mark.acceptance("F16.after_60s")
async def test_delivery_is_told_and_failure_goes_to_the_second_channel_at_once(world: World) -> None:
    account_id = await world.sign_up()
    await world.change_address(account_id, phone="081234567890")
    world.clock.advance(3600)
    seen = await world.identity.signing_in.log_in("budi@example.org", "id", "ask-2")
    assert await _delivery(world, seen.challenge_id) is Delivery.PENDING
    await _hear(world, _failed(seen.challenge_id, account_id))
    assert await _delivery(world, seen.challenge_id) is Delivery.FAILED
    await world.worker.run_due()
    assert (await world.codes())[-1]["channel"] == "sms"
    assert await _delivery(world, seen.challenge_id) is Delivery.FAILED
    for _ in range(2):
        await _hear(world, _sent(seen.challenge_id, account_id))
    assert await _delivery(world, seen.challenge_id) is Delivery.SENT


async def test_a_change_of_an_account_that_is_gone_finds_nothing(world: World) -> None:
    with pytest.raises(NotFound):
        gone = Caller("gone", Role.APPLICANT, "session-1")
        await world.identity.address_changes.change_phone(gone, "081234567890", "id", None)


async def test_with_no_number_there_is_no_second_channel(world: World) -> None:
    seen = await world.identity.signing_in.register("budi@example.org", "id", "ask-1")
    world.clock.advance(60)
    await world.worker.run_due()
    assert len(await world.codes()) == 1
    assert (await world.identity.signing_in.get_challenge(seen.challenge_id)).challenge.second_channel_at is None


async def test_news_of_other_deliveries_changes_nothing(world: World) -> None:
    await _hear(world, _sent("no-challenge", "account"))
    await _hear(world, _failed("no-challenge", "account"))
    other = DeliverySent(delivery_id="d", account_id="a", template="letter", channel="email", application_id="x")
    await _hear(world, other)
    await _hear(world, DeliveryFailed(**other.model_dump(), reason="full"))
    assert await world.outbox() == []


async def test_an_address_is_forgotten_after_a_day(world: World) -> None:
    seen = await world.identity.signing_in.register("budi@example.org", "id", "ask-1")
    await world.store.mark_published(CHALLENGE, await world.outbox(), now=world.now())
    world.clock.advance(86400)
    await world.worker.run_due()
    await world.worker.run_due()
    for use in (
        world.identity.signing_in.get_challenge(seen.challenge_id),
        world.identity.signing_in.resend(seen.challenge_id, None, "x"),
        world.identity.signing_in.verify(seen.challenge_id, "000000", "x"),
    ):
        with pytest.raises(ChallengeNotFound):
            await use


@pytest.mark.acceptance("F24.nik_encrypted", "F24.events_masked")
async def test_nothing_that_goes_out_or_is_kept_shows_a_person(world: World) -> None:
    account_id = await world.sign_up()
    await world.change_address(account_id, phone="081234567890")
    await world.confirmed(account_id)
    wire = b"\n".join(envelope.to_bytes() for envelope in await world.outbox()).decode()
    kept = repr(world.store._documents)
    for text in (without_traces(wire), without_traces(kept)):
        assert "budi@" not in text
        assert "81234567890" not in text
        assert "SANTOSO" not in text
        assert not SIXTEEN_DIGITS.search(text)
    sent = [each for each in await world.outbox() if isinstance(each.data, SendOtp)]
    assert len(sent) == 3
    codes = [each["code"] for each in await world.codes()]
    for envelope, code in zip(sent, codes, strict=True):
        fields = {name: value for name, value in envelope.to_fields()["data"].items() if name != "sealed"}
        assert code not in json.dumps(fields)


async def test_keys_turn_and_the_account_is_found_again() -> None:
    before = World()
    account_id = await before.sign_up()
    after = World(
        store=before.store,
        clock=before.clock,
        master_keys=f"{key('k2', 3)},{key('k1', 1)}",
        fingerprint_keys=f"{key('k2', 4)},{key('k1', 2)}",
    )
    assert await _sign_in(after, "budi@example.org") == account_id


def test_identity_hears_exactly_what_is_addressed_to_it(world: World) -> None:
    assert set(world.parts.events) == set(events_for("identity"))
    assert set(world.parts.commands) == set(commands_for("identity"))


def _other(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06d}"


async def _sign_in(world: World, identifier: str, visitor: Visitor = NO_VISITOR) -> str:
    seen = await world.identity.signing_in.log_in(identifier, "id", world.command())
    code, verify = await world.code(seen.challenge_id), world.identity.signing_in.verify
    return (await verify(seen.challenge_id, code, world.command(), visitor=visitor)).account_id


async def _delivery(world: World, challenge_id: str) -> Delivery:
    return (await world.identity.signing_in.get_challenge(challenge_id)).challenge.delivery


def _sent(cause_id: str, account_id: str) -> DeliverySent:
    return DeliverySent(delivery_id="d", account_id=account_id, template="otp", channel="email", cause_id=cause_id)


def _failed(cause_id: str, account_id: str) -> DeliveryFailed:
    return DeliveryFailed(
        delivery_id="d", account_id=account_id, template="otp", channel="email", reason="refused", cause_id=cause_id
    )


async def _hear(world: World, event: DeliverySent | DeliveryFailed) -> None:
    envelope = Envelope(
        id="e",
        source="/paspor/notification",
        subject="d",
        time=world.now(),
        correlation_id="c",
        causation_id="c",
        traceparent="",
        aggregate_version=1,
        data=event,
    )
    await world.parts.events[type(event)](event, envelope)


@pytest.mark.acceptance("F17.superseded", "F17.too_many_tries")
async def test_what_a_replica_remembers_never_outweighs_the_store() -> None:
    here = World()
    there = World(store=here.store, clock=here.clock, seed=8)
    seen = await here.identity.signing_in.register("budi@example.org", "id", "ask-1")
    first = await here.code(seen.challenge_id)
    here.clock.advance(60)
    await there.identity.signing_in.resend(seen.challenge_id, None, "ask-2")
    with pytest.raises(CodeSuperseded):
        await here.identity.signing_in.verify(seen.challenge_id, first, "verify-1")
    second = await here.code(seen.challenge_id)
    for world in (there, here, there, here, there):
        with pytest.raises(CodeWrong):
            await world.identity.signing_in.verify(seen.challenge_id, _other(second), world.command())
    with pytest.raises(TooManyTries):
        await here.identity.signing_in.verify(seen.challenge_id, second, "verify-2")


async def test_a_remembered_code_that_was_used_elsewhere_is_used(world: World) -> None:
    other = World(store=world.store, clock=world.clock, seed=8)
    seen = await world.identity.signing_in.register("budi@example.org", "id", "ask-1")
    code = await world.code(seen.challenge_id)
    await other.identity.signing_in.verify(seen.challenge_id, code, "verify-1")
    with pytest.raises(CodeUsed):
        await world.identity.signing_in.verify(seen.challenge_id, code, "verify-2")


def test_no_more_records_are_remembered_than_agreed() -> None:
    recent: RecordCache[str] = RecordCache(2)
    for name in ("a", "b", "c"):
        recent.put(Record(name, 1, name))
    assert len(recent) == 2
    assert recent.take("a") is None
    assert recent.take("c") == Record("c", 1, "c")
    assert recent.take("c") is None


async def _watch(world: World, email: str) -> list[object]:
    """Everything that whoever has only the address sees of a sign-in with a wish for SMS and a mail that fails."""
    signing_in, shown = world.identity.signing_in, []

    def note(seen: object) -> None:
        view = ChallengeView.from_seen(seen).model_dump()  # type: ignore[arg-type]
        shown.append({name: value for name, value in view.items() if name not in ("challenge_id", "asker_token")})

    seen = await signing_in.log_in(email, "id", world.command())
    note(seen)
    world.clock.advance(60)
    note(await signing_in.resend(seen.challenge_id, Channel.SMS, world.command()))
    await _hear(world, _failed(seen.challenge_id, "account"))
    await world.worker.run_due()
    note(await signing_in.get_challenge(seen.challenge_id))
    for _ in range(4):
        world.clock.advance(60)
        try:
            note(await signing_in.resend(seen.challenge_id, Channel.SMS, world.command()))
        except Refusal as refused:
            shown.append((refused.code, refused.retry_after_seconds))
    return shown


@pytest.mark.acceptance("F5.account_hidden")
async def test_codes_by_sms_tell_nobody_who_has_an_account_or_a_number() -> None:
    with_number, with_account, without = World(), World(), World()
    account_id = await with_number.sign_up("xudi@example.org")
    await with_number.change_address(account_id, phone="081234567890")
    await with_account.sign_up("xudi@example.org")
    for world in (with_number, with_account, without):
        world.clock.advance(3600)
    seen = [await _watch(world, "xudi@example.org") for world in (with_number, with_account, without)]
    assert seen[0] == seen[1] == seen[2]
    by_sms = [each for each in await with_number.codes() if each["channel"] == "sms"]
    assert len(by_sms) > 1, "the code did go by SMS where there is a number"


async def test_as_much_is_sealed_where_there_is_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same work is done for both, so that the time tells as little as the answer."""
    worlds = [World(), World()]
    account_id = await worlds[0].sign_up()
    await worlds[0].change_address(account_id, phone="081234567890")
    counts = []
    for world in worlds:
        world.clock.advance(3600)
        seen = await world.identity.signing_in.log_in("budi@example.org", "id", world.command())
        world.clock.advance(60)
        sealed, box = [], world.identity.context.seals.notification
        seal = type(box).seal
        with monkeypatch.context() as patched:
            patched.setattr(
                type(box),
                "seal",
                lambda self, content, aad, seal=seal, sealed=sealed: (
                    sealed.append(len(str(content))),
                    seal(self, content, aad),
                )[1],
            )
            await world.identity.signing_in.resend(seen.challenge_id, Channel.SMS, world.command())
        counts.append(sealed)
    assert counts[0] == counts[1]
    assert len(counts[0]) == 2
