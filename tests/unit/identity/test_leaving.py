"""Leaving inside identity: the rules of its document, silence, what a crash leaves, and a NIK that others have."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.identity.accounts import account as accounts
from services.identity.accounts.account import ENDED_LEAVINGS, Account, Address, JoinedInto, OpenLeaving, Place
from services.identity.accounts.channel import Channel
from services.identity.accounts.errors import AccountLeaving
from services.identity.accounts.repository import ACCOUNT
from services.identity.applicants.repository import APPLICANT, PERSON
from services.identity.leaving import leaving as rules
from services.identity.leaving.leaving import (
    ANSWERING,
    ERASING,
    Erased,
    Leaving,
    LeavingAnswer,
    LeavingKind,
    LeavingState,
    Wish,
)
from services.identity.leaving.repository import LEAVING
from services.identity.rules import SILENCE_REMINDER_SECONDS, SILENT_SECONDS
from services.identity.sessions.session import Session
from services.identity.sign_in.errors import ChallengeNotFound
from shared.audit import AUDIT
from shared.errors import NotFound
from shared.events import application, billing
from shared.events.identity import AccountSilent, ErasureOrdered, LeavingAsked, LeavingEnded
from shared.events.notification import TellOfLeaving
from shared.store.memory import MemoryStore
from shared.store.port import StoreUnavailable
from tests.unit.identity.world import BUDI, SRI, World

NOW = datetime(2026, 11, 30, 8, tzinfo=UTC)
DAY = timedelta(days=1)
WHOLE = Wish(LeavingKind.ACCOUNT)
ANSWERS = (application.ApplicationLeavingAnswered, billing.BillingLeavingAnswered)


def an_answer(service: str, *objections: str, stays: tuple[str, ...] = ()) -> LeavingAnswer:
    return LeavingAnswer(service, objections, stays)


def asked(wish: Wish = WHOLE) -> Leaving:
    return rules.ask_services("leaving-1", rules.open_leaving("account-1", wish, NOW), Erased(("a-1",)), ()).state


# ---- the rules ----


def test_the_first_asking_names_everybody_and_waits_for_both_services() -> None:
    decision = rules.ask_services(
        "leaving-1", rules.open_leaving("account-1", WHOLE, NOW), Erased(("a",), ("p",)), ("j",)
    )
    assert decision.events == (
        LeavingAsked(
            leaving_id="leaving-1",
            account_id="account-1",
            applicant_ids=("a",),
            person_ids=("p",),
            whole_account=True,
            joined_account_ids=("j",),
            asking=1,
        ),
    )
    assert decision.state.waits_for == ANSWERING
    assert rules.deadlines(decision.state) == {}


def test_answers_are_counted_once_for_each_service_and_asking() -> None:
    one = rules.note_answer(asked(), an_answer("billing", "money_under_way", stays=("payment_record",)), 1)
    assert one.waits_for == ("application",)
    assert rules.note_answer(one, an_answer("billing"), 1) == one, "a repeat"
    assert rules.note_answer(one, an_answer("application"), 0) == one, "an earlier asking"
    both = rules.note_answer(one, an_answer("application", "live_application", "money_under_way"), 1)
    assert both.waits_for == ()
    assert rules.objections_of(both) == ("money_under_way", "live_application")
    assert both.stays == ("payment_record",)
    objected = rules.object_to("leaving-1", both, rules.objections_of(both), NOW)
    assert rules.note_answer(objected.state, an_answer("application"), 1) == objected.state
    [event] = objected.events
    assert isinstance(event, LeavingEnded)
    assert (event.end, event.by_silence) == ("objected", False)
    assert rules.deadlines(objected.state) == {"work": NOW}
    assert rules.rest(objected.state).work_at is None


def test_the_grace_time_is_a_deadline_until_it_is_over() -> None:
    until = NOW + 14 * DAY
    grace = rules.begin_grace(asked(), until, ()).state
    assert rules.deadlines(grace) == {"grace": until}
    assert grace.can_be_undone
    again = rules.end_grace(grace)
    assert (again.state, rules.deadlines(again)) == (LeavingState.ASKED_AGAIN, {})


def ordered(wish: Wish = WHOLE) -> Leaving:
    again = rules.end_grace(rules.begin_grace(asked(wish), NOW, ()).state)
    return rules.order("leaving-1", again, NOW).state


def test_one_order_names_joined_accounts_and_whom_another_account_speaks_for() -> None:
    again = rules.end_grace(rules.begin_grace(asked(), NOW, ()).state)
    people = Erased(("a-1", "a-2"), ("p-1", "p-2"))
    joined = replace(again, joined_account_ids=("j-1", "j-2"), people=people)
    decision = rules.order("leaving-1", joined, NOW, shared_person_ids=("p-2",))
    [order] = decision.events
    assert isinstance(order, ErasureOrdered)
    assert (order.erasure_id, order.account_id, order.joined_account_ids) == ("leaving-1", "account-1", ("j-1", "j-2"))
    assert (order.person_ids, order.shared_person_ids) == (("p-1",), ("p-2",))
    assert decision.state.people == people, "whichever account is the last to erase removes the person"


def test_it_is_over_when_every_service_has_erased() -> None:
    leaving = ordered()
    assert not leaving.can_be_undone
    for service in ERASING:
        assert leaving.state is LeavingState.ORDERED
        assert leaving.waits_for[0] == service
        leaving = rules.note_erasure(leaving, service, NOW + DAY)
        assert rules.note_erasure(leaving, service, NOW + 2 * DAY) == leaving, "a repeat"
    assert (leaving.state, leaving.ended_at, leaving.work_at) == (LeavingState.ERASED, NOW + DAY, None)
    assert leaving.waits_for == ()


def test_an_address_is_identitys_alone() -> None:
    wish = Wish(LeavingKind.ADDRESS, channel=Channel.SMS)
    leaving = ordered(wish)
    assert leaving.waits_for == ("identity",)
    assert rules.note_erasure(leaving, "identity", NOW).state is LeavingState.ERASED
    assert not wish.whole_account


# ---- the account ----


def an_account(**more: Any) -> Account:
    email, phone = Address("e", ("k:e",)), Address("p", ("k:p",))
    return replace(accounts.register("id", NOW, email=email, phone=phone), **more)


def test_silence_counts_from_the_last_sign_in_and_never_where_nothing_can_be_told() -> None:
    account = an_account()
    silent = timedelta(seconds=SILENT_SECONDS)
    assert accounts.silence_due_at(account) == NOW + silent
    assert accounts.silence_due_at(replace(account, seen_at=NOW + DAY)) == NOW + DAY + silent
    reminded = accounts.remind_of_silence(account, NOW + silent)
    month = timedelta(seconds=SILENCE_REMINDER_SECONDS)
    assert accounts.silence_due_at(reminded) == NOW + silent + month
    assert accounts.silence_ends_at(account, NOW) == NOW + 3 * month
    assert accounts.silence_ends_at(reminded, NOW) == NOW + 2 * month
    assert accounts.silence_ends_at(accounts.remind_of_silence(reminded, NOW), NOW) == NOW + month
    for without in (
        replace(account, email=None, phone=None),
        replace(account, joined_into=JoinedInto("other", NOW, None)),
        replace(account, leaving=OpenLeaving("l", whole_account=True)),
    ):
        assert accounts.silence_due_at(without) is None


def test_a_session_ends_the_silence_and_an_old_one_does_not_begin_it_again() -> None:
    account = accounts.remind_of_silence(an_account(), NOW)
    session = Session("s", "salt", NOW + DAY, NOW + 90 * DAY)
    seen, _ = accounts.settle_sessions(account, replace(account, sessions=(session,)), NOW + DAY)
    assert (seen.seen_at, seen.silence) == (NOW + DAY, None)
    rotated = replace(seen, sessions=(replace(session, rotated_at=NOW + 2 * DAY),))
    assert accounts.settle_sessions(seen, rotated, NOW + 2 * DAY)[0].seen_at == NOW + 2 * DAY
    reminded = accounts.remind_of_silence(seen, NOW + 3 * DAY)
    assert accounts.settle_sessions(reminded, reminded, NOW)[0] == reminded


def test_the_end_of_another_leaving_changes_nothing() -> None:
    account = accounts.begin_leaving(an_account(), OpenLeaving("leaving-1", whole_account=True))
    assert accounts.end_leaving(account, "leaving-2", NOW).leaving == account.leaving
    assert accounts.end_leaving(account, "leaving-1", NOW).leaving is None
    silent = accounts.end_leaving(accounts.remind_of_silence(account, NOW), "leaving-1", NOW + DAY)
    assert silent.silence == accounts.Silence(0, NOW + DAY)
    assert accounts.silence_due_at(silent) == NOW + DAY + timedelta(seconds=SILENT_SECONDS)


def test_a_leaving_that_ended_marks_the_account_no_more() -> None:
    late, other = OpenLeaving("leaving-1", whole_account=True), OpenLeaving("leaving-2", whole_account=True)
    ended = accounts.end_leaving(an_account(), "leaving-1", NOW)
    assert accounts.begin_leaving(ended, late) == ended
    assert accounts.begin_leaving(ended, other).leaving == other
    assert accounts.erase(ended, "account-1", NOW).ended_leavings == ("leaving-1",)


def test_the_last_ended_leavings_are_remembered() -> None:
    account = an_account()
    for number in range(ENDED_LEAVINGS + 1):
        account = accounts.end_leaving(account, f"leaving-{number}", NOW)
        account = accounts.end_leaving(account, f"leaving-{number}", NOW)
    assert account.ended_leavings == tuple(f"leaving-{number}" for number in range(1, ENDED_LEAVINGS + 1))


def test_an_address_goes_with_its_fingerprints() -> None:
    without_phone = accounts.remove_address(an_account(), Channel.SMS)
    assert (without_phone.phone, without_phone.fingerprints) == (None, ("k:e",))
    without_email = accounts.remove_address(an_account(), Channel.EMAIL)
    assert (without_email.email, without_email.fingerprints) == (None, ("k:p",))
    placed = an_account(places=(Place("a", NOW), Place("b", NOW)))
    assert accounts.remove_places(placed, ("a",)).places == (Place("b", NOW),)


# ---- the use cases ----


async def account(world: World, account_id: str) -> Account:
    record = await world.store.get(ACCOUNT, account_id)
    assert record is not None
    return record.state


async def leaving_of(world: World) -> tuple[str, Leaving]:
    [record] = [record async for record in world.store.scan(LEAVING)]
    return record.id, record.state


async def begin(world: World, account_id: str, wish: Wish = WHOLE) -> str:
    """Ask and prove; the leaving's id."""
    world.clock.advance(3601)
    caller = await world.caller(account_id)
    start = await world.identity.leavings.ask(caller, wish, "id", world.command())
    assert start.challenge is not None
    challenge = start.challenge
    code = await world.code(challenge.challenge_id)
    proof = challenge.challenge.proof
    assert proof is not None
    old_code = (await world.codes_of(challenge.challenge_id))[1] if proof.fingerprint is not None else None
    await world.identity.signing_in.verify(challenge.challenge_id, code, world.command(), old_code=old_code)
    return start.leaving_id


async def answer(world: World, leaving_id: str, *, asking: int = 1, objections: tuple[str, ...] = ()) -> None:
    for kind in ANSWERS:
        event = kind(leaving_id=leaving_id, account_id="a", asking=asking, objections=objections, stays=())
        await world.identity.leavings.note_answer(event, kind.TYPE.split(".")[1])


async def spoken(world: World) -> None:
    """Everything said so far has been sent."""
    for kind in world.parts.kinds:
        if not kind.bare:
            waiting = await world.store.outbox_waiting(kind, before=world.now().replace(year=2100), limit=1000)
            await world.store.mark_published(kind, waiting, now=world.now())


async def until_ordered(world: World, account_id: str, wish: Wish = WHOLE) -> str:
    leaving_id = await begin(world, account_id, wish)
    await answer(world, leaving_id)
    world.clock.advance(14 * 86400)
    await world.worker.run_due()
    await answer(world, leaving_id, asking=2)
    return leaving_id


async def test_the_setting_of_the_grace_time_counts() -> None:
    world = World(leaving_grace_seconds=8 * 86400)
    account_id = await world.sign_up()
    leaving_id = await begin(world, account_id)
    await answer(world, leaving_id)
    seen = await world.identity.leavings.get_leaving(account_id, leaving_id)
    assert seen.leaving.grace_until == world.now() + timedelta(days=8)


async def test_every_address_is_told_those_too_that_a_change_gave_up_some_days_ago(world: World) -> None:
    """A thief who swapped an address first does not keep the news from its owner."""
    account_id = await world.sign_up()
    await world.change_address(account_id, phone="+6281234567890")
    world.clock.advance(3601)
    await world.change_address(account_id, phone="+6281234567899")
    leaving_id = await begin(world, account_id)
    await answer(world, leaving_id)
    told = await world.said(TellOfLeaving)
    boxes = [world._unsealer.open_json(command.sealed, command.notice_id) for command in told]
    assert {box["address"] for box in boxes} == {"budi@example.org", "+6281234567890", "+6281234567899"}
    assert len({command.notice_id for command in told}) == 3
    assert len({box["url"] for box in boxes}) == 1


async def test_the_audit_has_a_line_of_a_proven_leaving(world: World) -> None:
    account_id = await world.sign_up()
    leaving_id = await begin(world, account_id)
    lines = [record.state async for record in world.store.scan(AUDIT)]
    found = {(line.outcome, line.act, line.actor_id, line.subject) for line in lines}
    assert found == {(word, "leaving_proven", account_id, leaving_id) for word in ("begun", "done")}


async def test_an_address_that_was_added_since_has_to_agree_too(world: World) -> None:
    account_id = await world.sign_up()
    world.clock.advance(3601)
    caller = await world.caller(account_id)
    start = await world.identity.leavings.ask(caller, WHOLE, "id", world.command())
    assert start.challenge is not None
    code = await world.code(start.challenge.challenge_id)
    await world.change_address(account_id, phone="+6281234567890")
    with pytest.raises(ChallengeNotFound):
        await world.identity.signing_in.verify(start.challenge.challenge_id, code, world.command())
    assert [record.id async for record in world.store.scan(LEAVING)] == []


async def test_an_applicant_who_became_a_guardian_since_does_not_go_alone(world: World) -> None:
    account_id = await world.sign_up()
    guardian = await world.confirmed(account_id)
    world.clock.advance(3601)
    wish = Wish(LeavingKind.APPLICANT, (guardian,))
    start = await world.identity.leavings.ask(await world.caller(account_id), wish, "id", world.command())
    assert start.challenge is not None
    record = await world.store.get(APPLICANT, await world.confirmed(account_id, SRI))
    assert record is not None
    ward = replace(record.state, guardian_applicant_id=guardian)
    await world.store.save(APPLICANT, record, ward, now=world.now())
    code = await world.code(start.challenge.challenge_id)
    with pytest.raises(ChallengeNotFound):
        await world.identity.signing_in.verify(start.challenge.challenge_id, code, world.command())


async def test_another_leaving_that_was_proven_first_stands(world: World) -> None:
    account_id = await world.sign_up()
    await world.change_address(account_id, phone="+6281234567890")
    world.clock.advance(3601)
    wish = Wish(LeavingKind.ADDRESS, channel=Channel.SMS)
    late = await world.identity.leavings.ask(await world.caller(account_id), wish, "id", world.command())
    assert late.challenge is not None
    await world.identity.leavings._begin("leaving-1", rules.open_leaving(account_id, WHOLE, world.now()))
    code = await world.code(late.challenge.challenge_id)
    with pytest.raises(AccountLeaving):
        await world.identity.signing_in.verify(late.challenge.challenge_id, code, world.command())
    assert (await leaving_of(world))[0] == "leaving-1"


async def test_messages_about_unknown_leavings_are_passed_over(world: World) -> None:
    await answer(world, "unknown")
    await world.identity.leavings.note_erasure("unknown", "billing")
    assert [record.id async for record in world.store.scan(LEAVING)] == []


async def test_whoever_has_no_account_any_more_asks_for_nothing(world: World) -> None:
    account_id = await world.sign_up()
    caller = replace(await world.caller(account_id), account_id="gone")
    with pytest.raises(NotFound):
        await world.identity.leavings.ask(caller, WHOLE, "id", world.command())


async def test_what_is_not_sent_yet_is_erased_a_little_later(world: World) -> None:
    """An applicant's own messages go first; until then their document stays."""
    account_id = await world.sign_up()
    applicant_id = await world.confirmed(account_id)
    leaving_id = await until_ordered(world, account_id)
    assert (await leaving_of(world))[1].waits_for[0] == "identity"
    assert await world.store.get(APPLICANT, applicant_id) is not None
    await spoken(world)
    world.clock.advance(31)
    await world.worker.run_due()
    assert await world.store.get(APPLICANT, applicant_id) is None
    leaving = (await leaving_of(world))[1]
    assert leaving.waits_for == ("application", "billing", "scheduling", "notification")
    assert [event.erasure_id for event in await world.said(ErasureOrdered)] in ([], [leaving_id])


async def test_a_person_who_is_confirmed_again_meanwhile_stays(world: World) -> None:
    """Between the mark and the removal somebody else proves the same NIK: the person is theirs, and is not removed."""
    account_id = await world.sign_up()
    applicant_id = await world.confirmed(account_id)
    record = await world.store.get(APPLICANT, applicant_id)
    assert record is not None
    person_id = str(record.state.person_id)
    removal = world.identity.leavings._erasure._persons
    look = removal.others_speak_for

    async def confirmed_meanwhile(person: Any, applicant_ids: tuple[str, ...]) -> bool:
        found = await look(person, (applicant_id,))
        assert await world.identity.applicants._confirmations.find_person(person.state.nik_fingerprints) == person_id
        return found

    removal.others_speak_for = confirmed_meanwhile  # type: ignore[method-assign]
    await removal.remove_person(person_id)
    kept = await world.store.get(PERSON, person_id)
    assert kept is not None, "a confirmed person is gone"
    assert not kept.state.leaving


async def test_twin_without_taking_the_mark_away_a_confirmed_person_is_gone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def keep_nothing(_self: Any, _known: Any) -> None:
        return None

    monkeypatch.setattr("services.identity.applicants.confirmation.Confirmations._keep", keep_nothing)
    with pytest.raises(AssertionError, match="a confirmed person is gone"):
        await test_a_person_who_is_confirmed_again_meanwhile_stays(world)


async def test_a_person_for_whom_another_account_speaks_stays(world: World) -> None:
    account_id = await world.sign_up()
    await world.confirmed(account_id)
    other_id = await world.sign_up("sri@example.org")
    await world.confirmed(other_id)
    await spoken(world)
    await until_ordered(world, account_id, Wish(LeavingKind.ACCOUNT))
    [order] = await world.said(ErasureOrdered)
    assert order.person_ids == ()
    assert [record.id async for record in world.store.scan(PERSON)]


async def test_an_address_that_a_hold_keeps_back_goes_within_a_day_of_its_end(world: World) -> None:
    """No service tells when a hold on it ends, since none was ordered to erase it."""
    account_id = await world.sign_up()
    await world.change_address(account_id, phone="+6281234567890")
    held = {account_id}

    async def are_held(subjects: Any) -> bool:
        return not held.isdisjoint(subjects)

    world.identity.leavings.keep_held(are_held)
    leaving_id = await begin(world, account_id, Wish(LeavingKind.ADDRESS, channel=Channel.SMS))
    await answer(world, leaving_id)
    for _ in range(2):
        world.clock.advance(14 * 86400)
        await world.worker.run_due()
        record = await world.store.get(ACCOUNT, account_id)
        assert record is not None and record.state.phone is not None
        assert (await leaving_of(world))[1].state is LeavingState.ORDERED
    held.clear()
    world.clock.advance(86400)
    await world.worker.run_due()
    record = await world.store.get(ACCOUNT, account_id)
    assert record is not None and record.state.phone is None
    assert (await leaving_of(world))[1].state is LeavingState.ERASED


async def test_the_last_address_is_not_removed_at_the_end_either(world: World) -> None:
    account_id = await world.sign_up()
    await world.change_address(account_id, phone="+6281234567890")
    leaving_id = await begin(world, account_id, Wish(LeavingKind.ADDRESS, channel=Channel.SMS))
    record = await world.store.get(ACCOUNT, account_id)
    assert record is not None
    left = accounts.without_address(record.state, "taker", Channel.EMAIL, world.now())
    await world.store.save(ACCOUNT, record, replace(left, leaving=record.state.leaving), now=world.now())
    world.clock.advance(14 * 86400)
    await world.worker.run_due()
    leaving = (await leaving_of(world))[1]
    assert (leaving.state, leaving.objections) == (LeavingState.OBJECTED, ("last_address",))
    after = await account(world, account_id)
    assert (after.phone is not None, after.leaving) == (True, None)
    assert (await world.said(LeavingEnded))[-1].leaving_id == leaving_id


async def test_an_account_that_was_joined_at_that_moment_does_not_leave(world: World) -> None:
    account_id = await world.sign_up()
    record = await world.store.get(ACCOUNT, account_id)
    assert record is not None
    joined = replace(record.state, joined_into=JoinedInto("other", world.now(), None))
    await world.store.save(ACCOUNT, record, joined, now=world.now())
    leaving = rules.open_leaving(account_id, WHOLE, world.now())
    await world.identity.leavings._begin("leaving-1", leaving)
    assert (await leaving_of(world))[1].state is LeavingState.UNDONE
    assert await world.said(LeavingAsked) == []


async def test_a_second_leaving_of_the_same_is_met_and_another_one_is_refused(world: World) -> None:
    account_id = await world.sign_up()
    leaving_id = await begin(world, account_id)
    again = rules.open_leaving(account_id, WHOLE, world.now())
    await world.identity.leavings._begin("leaving-2", again)
    other = rules.open_leaving(account_id, Wish(LeavingKind.APPLICANT, ("a",)), world.now())
    with pytest.raises(AccountLeaving) as refused:
        await world.identity.leavings._begin("leaving-3", other)
    assert refused.value.facts == {"leaving_id": leaving_id}
    assert (await leaving_of(world))[0] == leaving_id
    await world.identity.leavings._begin(leaving_id, again)
    assert len(await world.said(LeavingAsked)) == 1


async def test_a_silence_that_is_over_reminds_nobody(world: World) -> None:
    account_id = await world.sign_up()
    record = await world.store.get(ACCOUNT, account_id)
    assert record is not None
    await world.identity.leavings.look_at_silence(record)
    assert await world.said(AccountSilent) == []


# ---- a crash in the middle ----


class Dying(MemoryStore):
    """A store whose writes fail from a chosen one on, until it is mended."""

    def __init__(self, source: str) -> None:
        super().__init__(source)
        self.left: int | None = None

    def _count(self) -> None:
        if self.left is not None:
            if self.left == 0:
                raise StoreUnavailable("the process died")
            self.left -= 1

    async def save(self, kind: Any, record: Any, state: Any, **more: Any) -> Any:
        if kind in (ACCOUNT, LEAVING, PERSON):
            self._count()
        return await super().save(kind, record, state, **more)

    async def insert(self, kind: Any, record_id: str, state: Any, **more: Any) -> Any:
        if kind is LEAVING:
            self._count()
        return await super().insert(kind, record_id, state, **more)

    async def remove(self, kind: Any, record: Any) -> bool:
        if kind in (APPLICANT, PERSON):
            self._count()
        return await super().remove(kind, record)


async def mended(world: World, store: Dying) -> None:
    store.left = None
    for _ in range(3):
        world.clock.advance(31)
        await world.worker.run_due()


@pytest.mark.parametrize("writes", range(1, 4))
async def test_a_leaving_that_died_while_it_began_goes_on(writes: int) -> None:
    store = Dying("identity")
    world = World(store=store)
    account_id = await world.sign_up()
    leaving = rules.open_leaving(account_id, WHOLE, world.now())
    store.left = writes
    try:
        await world.identity.leavings._begin("leaving-1", leaving)
    except StoreUnavailable:
        assert writes < 3
    await mended(world, store)
    assert (await account(world, account_id)).leaving == OpenLeaving("leaving-1", whole_account=True)
    assert [event.leaving_id for event in await world.said(LeavingAsked)] == ["leaving-1"]


async def begins_late(world: World) -> str:
    """A leaving is undone, and a worker that read it before goes on only then; the account's id."""
    account_id = await world.sign_up()
    leaving = rules.open_leaving(account_id, WHOLE, world.now())
    leavings = world.identity.leavings
    read = await leavings._leavings.insert_leaving("leaving-1", leaving)
    await leavings.undo(account_id, "leaving-1")
    await leavings.work(read)
    return account_id


async def test_a_worker_that_comes_late_does_not_mark_the_account_for_good(world: World) -> None:
    account_id = await begins_late(world)
    assert (await account(world, account_id)).leaving is None
    assert not await world.said(LeavingAsked)


async def test_twin_where_ended_leavings_do_not_count_the_account_stays_marked(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "begin_leaving", lambda account, mark: replace(account, leaving=mark))
    account_id = await begins_late(world)
    assert (await account(world, account_id)).leaving is not None


async def test_twin_without_its_deadline_a_leaving_that_died_asks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    store = Dying("identity")
    world = World(store=store)

    async def forgets(_record: Any, _name: str) -> None:
        return None

    handlers: Any = world.parts.deadlines
    monkeypatch.setitem(handlers, ("leaving", "work"), forgets)
    account_id = await world.sign_up()
    store.left = 1
    with pytest.raises(StoreUnavailable):
        await world.identity.leavings._begin("leaving-1", rules.open_leaving(account_id, WHOLE, world.now()))
    await mended(world, store)
    with pytest.raises(AssertionError, match="nobody was asked"):
        assert await world.said(LeavingAsked), "nobody was asked"


@pytest.mark.parametrize("writes", range(6))
async def test_an_erasure_that_died_between_two_writes_is_finished(writes: int) -> None:
    store = Dying("identity")
    world = World(store=store)
    account_id = await world.sign_up()
    await world.confirmed(account_id)
    await spoken(world)
    leaving_id = await begin(world, account_id)
    await answer(world, leaving_id)
    world.clock.advance(14 * 86400)
    await world.worker.run_due()
    await spoken(world)
    store.left = writes
    try:
        await answer(world, leaving_id, asking=2)
    except StoreUnavailable:
        await mended(world, store)
        await answer(world, leaving_id, asking=2)
    await spoken(world)
    await mended(world, store)
    assert "identity" not in (await leaving_of(world))[1].waits_for
    gone = await account(world, account_id)
    assert (gone.email, gone.places, gone.sessions) == (None, (), ())
    assert [record.id async for record in store.scan(APPLICANT)] == []
    assert [record.id async for record in store.scan(PERSON)] == []
    assert str(BUDI.nik) not in str(await world.outbox())
