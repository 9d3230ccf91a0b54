"""Two accounts of one person are joined: what is asked for, what moves, what is refused, and what a crash leaves."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.identity.accounts import account as accounts
from services.identity.accounts.account import Account, JoinedAccount, JoinedInto, Place
from services.identity.accounts.errors import NoAccountToJoin, NoRoomToJoin, OtherAddressNeeded
from services.identity.accounts.repository import ACCOUNT
from services.identity.applicants.repository import APPLICANT
from services.identity.sessions.credentials import Credentials
from services.identity.sign_in.errors import CodeWrong, OldCodeNeeded
from services.identity.sign_in.service import ChallengeSeen
from services.identity.tokens.errors import SessionEnded as SessionGone
from shared.audit import AUDIT
from shared.errors import NotFound, SomeoneElseChangedIt
from shared.events.identity import AccountJoined, SessionEnded
from shared.sessions import SessionOver
from shared.tokens import StaticKeys, TokenVerifier
from tests.unit.identity.world import BUDI, SRI, World

EMAIL, PHONE, NEW = "budi@example.org", "+6281234567890", "baru@example.org"
NOW = datetime(2026, 11, 30, 8, tzinfo=UTC)


async def account(world: World, account_id: str) -> Account:
    record = await world.store.get(ACCOUNT, account_id)
    assert record is not None
    return record.state


async def enter(world: World, identifier: str) -> Credentials:
    """Sign in with the newest code."""
    seen = await world.identity.signing_in.log_in(identifier, "id", world.command())
    code = await world.code(seen.challenge_id)
    return await world.identity.signing_in.verify(seen.challenge_id, code, world.command())


async def ask(world: World, account_id: str, identifier: str = PHONE) -> ChallengeSeen:
    caller = await world.caller(account_id)
    return await world.identity.joins.ask(caller, identifier, "id", world.command())


async def prove(world: World, seen: ChallengeSeen, command: str = "") -> Credentials:
    code, old_code = await world.codes_of(seen.challenge_id)
    verify = world.identity.signing_in.verify
    return await verify(seen.challenge_id, code, command or world.command(), old_code=old_code)


async def join(world: World, account_id: str, identifier: str = PHONE) -> Credentials:
    world.clock.advance(3601)
    return await prove(world, await ask(world, account_id, identifier))


async def owners(world: World) -> dict[str, str]:
    return {record.id: record.state.account_id async for record in world.store.scan(APPLICANT)}


async def two_accounts(world: World) -> tuple[str, str, str]:
    """An account by email, one by number with an applicant, and that applicant."""
    kept, other = await world.sign_up(EMAIL), (await enter(world, PHONE)).account_id
    return kept, other, await world.confirmed(other)


# ---- what a join does ----


async def test_applicants_places_and_the_number_are_the_other_ones_and_the_account_is_closed(world: World) -> None:
    kept, other, applicant_id = await two_accounts(world)
    tokens = await join(world, kept)
    assert tokens.account_id == kept
    stays, closed = await account(world, kept), await account(world, other)
    assert [place.applicant_id for place in stays.places] == [applicant_id]
    assert await owners(world) == {applicant_id: kept}
    assert accounts.joined_ids(stays) == (other,)
    assert (closed.email, closed.phone, closed.places, closed.sessions) == (None, None, (), ())
    assert closed.fingerprints == accounts.unreachable(other)
    assert (await world.identity.accounts.get_account(kept)).phone == "+62********890"
    assert (await world.cards())[-1]["phone"] == PHONE
    [told] = await world.said(AccountJoined)
    assert told == AccountJoined(from_account_id=other, into_account_id=kept, applicant_ids=(applicant_id,))
    assert [event.account_id for event in await world.said(SessionEnded)] == [other]
    [listed] = await world.identity.applicants.list_applicants(kept)
    assert listed.particulars == BUDI


async def test_the_tokens_of_the_closed_account_are_refused_and_the_audit_has_a_line(world: World) -> None:
    kept = await world.sign_up(EMAIL)
    tokens = await enter(world, PHONE)
    caller = await world.caller(tokens.account_id)
    await join(world, kept)
    with pytest.raises(SessionGone):
        await world.identity.sessions.refresh(tokens.refresh_token)
    with pytest.raises(SessionOver):
        await world.identity.live_sessions.refuse_ended(caller)
    with pytest.raises(NotFound):
        await world.identity.applicants.add(tokens.account_id, SRI, None, world.command())
    lines = [record.state async for record in world.store.scan(AUDIT)]
    found = {(line.outcome, line.act, line.actor_id, line.subject) for line in lines}
    assert found == {(word, "account_joined", kept, tokens.account_id) for word in ("begun", "done")}


async def test_an_address_of_a_channel_that_the_account_has_is_let_go(world: World) -> None:
    kept, other = await world.sign_up(EMAIL), await world.sign_up(NEW)
    await join(world, kept, NEW)
    assert (await account(world, kept)).phone is None
    assert (await world.identity.accounts.get_account(kept)).email == "b***@example.org"
    world.clock.advance(3601)
    assert await world.sign_up(NEW) not in (kept, other), "it is free"


async def test_refreshed_tokens_name_the_joined_account_too(world: World) -> None:
    kept, other, _ = await two_accounts(world)
    tokens = await join(world, kept)
    again = await world.identity.sessions.refresh(tokens.refresh_token)
    for token in (tokens.access_token, again.access_token):
        verifier = TokenVerifier(StaticKeys(world.identity.issuer.jwks()), world.clock)
        assert (await verifier.verify(token)).account_ids == (kept, other)


async def test_a_repeat_of_the_command_gives_the_tokens_again(world: World) -> None:
    kept, other, _ = await two_accounts(world)
    world.clock.advance(3601)
    seen = await ask(world, kept)
    for _ in range(2):
        assert (await prove(world, seen, "v-1")).account_id == kept
    assert accounts.joined_ids(await account(world, kept)) == (other,)
    assert len(await world.said(AccountJoined)) == 1


async def test_an_end_of_an_application_of_the_closed_account_reaches_its_applicant(world: World) -> None:
    kept, other, applicant_id = await two_accounts(world)
    await join(world, kept)
    known = await world.store.get(APPLICANT, applicant_id)
    assert known is not None
    held = replace(known.state, applications=("application-1",))
    await world.store.save(APPLICANT, known, held, now=world.now())
    await world.identity.applicants.note_end(other, str(held.person_id), "application-1")
    after = await world.store.get(APPLICANT, applicant_id)
    assert after is not None
    assert after.state.applications == ()
    await world.identity.applicants.note_end("unknown", str(held.person_id), "application-1")


async def test_an_account_with_joined_ones_can_be_joined_itself(world: World) -> None:
    kept, other, applicant_id = await two_accounts(world)
    await join(world, kept)
    last = await world.sign_up(NEW)
    world.clock.advance(3601)
    with pytest.raises(OtherAddressNeeded) as needed:
        await prove(world, await ask(world, last, EMAIL))
    assert needed.value.facts == {"channel": "sms"}
    world.clock.advance(61)
    await prove(world, await ask(world, last, PHONE))
    assert accounts.joined_ids(await account(world, last)) == (kept, other)
    assert await owners(world) == {applicant_id: last}
    holder = await world.identity.joins._accounts.open_account(other)
    assert holder is not None
    assert holder.id == last


# ---- what is asked for and refused ----


async def test_the_answer_does_not_tell_whether_the_address_has_an_account(world: World) -> None:
    kept, _, _ = await two_accounts(world)
    world.clock.advance(3601)
    known = await ask(world, kept)
    unknown = await ask(world, kept, "+6281299999999")
    for name in ("tries_left", "is_only_for_known", "sms_challenge_id"):
        assert getattr(known, name) == getattr(unknown, name)
    assert known.challenge.proof is not None
    assert known.challenge.proof == unknown.challenge.proof
    assert len(await world.codes_of(unknown.challenge_id)) == 2


@pytest.mark.parametrize("identifier", ["+6281299999999", EMAIL])
async def test_an_address_of_no_other_account_joins_nothing(world: World, identifier: str) -> None:
    kept, other, applicant_id = await two_accounts(world)
    with pytest.raises(NoAccountToJoin):
        await join(world, kept, identifier)
    assert await owners(world) == {applicant_id: other}
    assert accounts.joined_ids(await account(world, kept)) == ()


async def test_both_sides_have_to_agree(world: World) -> None:
    kept, other, applicant_id = await two_accounts(world)
    world.clock.advance(3601)
    seen = await ask(world, kept)
    code, old_code = await world.codes_of(seen.challenge_id)
    verify = world.identity.signing_in.verify
    with pytest.raises(OldCodeNeeded):
        await verify(seen.challenge_id, code, world.command())
    for wrong, old in ((old_code, old_code), (code, code)):
        with pytest.raises(CodeWrong):
            await verify(seen.challenge_id, wrong, world.command(), old_code=old)
    assert await owners(world) == {applicant_id: other}


async def test_whoever_has_signed_out_joins_nothing(world: World) -> None:
    kept = await enter(world, EMAIL)
    caller = await world.caller(kept.account_id)
    await enter(world, PHONE)
    world.clock.advance(3601)
    seen = await ask(world, kept.account_id)
    await world.identity.sessions.revoke(kept.refresh_token)
    with pytest.raises(SessionOver):
        await prove(world, seen)
    with pytest.raises(SessionOver):
        await world.identity.joins.ask(caller, PHONE, "id", world.command())


async def with_both(world: World) -> tuple[str, str]:
    """An account, and another one with two addresses."""
    other = await world.sign_up(NEW)
    await world.change_address(other, phone=PHONE)
    return await world.sign_up(EMAIL), other


@pytest.mark.parametrize(("seconds", "counts"), [(1799, True), (1800, False)])
async def test_of_an_account_with_two_addresses_both_are_proven_within_half_an_hour(
    world: World, seconds: int, counts: bool
) -> None:
    """A silent number that was given to another person does not bring the account along."""
    kept, other = await with_both(world)
    with pytest.raises(OtherAddressNeeded):
        await join(world, kept, PHONE)
    assert (await account(world, other)).joined_into is None
    world.clock.advance(seconds - 600)
    seen = await ask(world, kept, NEW)
    world.clock.advance(600)
    if counts:
        await prove(world, seen)
        assert accounts.joined_ids(await account(world, kept)) == (other,)
        return
    with pytest.raises(OtherAddressNeeded):
        await prove(world, seen)


async def test_what_another_session_proved_does_not_count(world: World) -> None:
    kept, _ = await with_both(world)
    with pytest.raises(OtherAddressNeeded):
        await join(world, kept, PHONE)
    world.clock.advance(61)
    await enter(world, EMAIL)
    with pytest.raises(OtherAddressNeeded):
        await prove(world, await ask(world, kept, NEW))


# ---- room ----


def with_places(adults: int, children: int = 0, joined: int = 0) -> Account:
    places = [Place(f"adult-{number}", NOW) for number in range(adults)]
    places += [Place(f"child-{number}", NOW, child=True) for number in range(children)]
    known = tuple(JoinedAccount(f"account-{number}", NOW) for number in range(joined))
    return replace(accounts.register("id", NOW, email=None, phone=None), places=tuple(places), joined=known)


@pytest.mark.parametrize(
    ("into", "other", "lacking"),
    [
        ((3, 4), (2, 6), None),
        ((4, 0), (2, 0), ("applicants", 5)),
        ((0, 5), (0, 6), ("children", 10)),
        ((0, 0, 1), (0, 0, 2), None),
        ((0, 0, 2), (0, 0, 2), ("accounts", 4)),
        ((0, 0, 4), (0, 0, 0), ("accounts", 4)),
    ],
)
def test_the_limits_of_places_hold(
    into: tuple[int, ...], other: tuple[int, ...], lacking: tuple[str, int] | None
) -> None:
    assert accounts.lacks_room(with_places(*into), with_places(*other)) == lacking


async def fill(world: World, account_id: str) -> None:
    record = await world.store.get(ACCOUNT, account_id)
    assert record is not None
    full = replace(record.state, places=with_places(5).places)
    await world.store.save(ACCOUNT, record, full, now=world.now())


async def test_without_room_the_other_account_stays_as_it_is(world: World) -> None:
    kept, other, applicant_id = await two_accounts(world)
    await fill(world, kept)
    before = await account(world, other)
    with pytest.raises(NoRoomToJoin) as refused:
        await join(world, kept)
    assert refused.value.facts == {"lacking": "applicants", "limit": 5}
    assert await account(world, other) == before
    assert await owners(world) == {applicant_id: other}


@pytest.mark.parametrize("late", [False, True])
async def test_a_join_whose_room_was_taken_meanwhile_is_called_off(
    world: World, monkeypatch: pytest.MonkeyPatch, late: bool
) -> None:
    kept, other, applicant_id = await two_accounts(world)
    begin = world.identity.joins._begin

    async def begin_and_fill(other_id: str, into_id: str) -> Any:
        closing = await begin(other_id, into_id)
        await fill(world, into_id)
        if late:
            raise asyncio.CancelledError
        return closing

    monkeypatch.setattr(world.identity.joins, "_begin", begin_and_fill)
    with pytest.raises(asyncio.CancelledError if late else NoRoomToJoin):
        await join(world, kept)
    world.clock.advance(accounts.JOIN_GRACE_SECONDS)
    await world.worker.run_due()
    reopened = await account(world, other)
    assert (reopened.joined_into, [place.applicant_id for place in reopened.places]) == (None, [applicant_id])
    world.clock.advance(3601)
    assert (await enter(world, PHONE)).account_id == other
    assert await owners(world) == {applicant_id: other}


# ---- others at the same moment ----


async def stopped(world: World, monkeypatch: pytest.MonkeyPatch, kept: str, step: str) -> None:
    """A join whose process dies before that step."""

    async def die(*_: object) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as patch:
        patch.setattr(world.identity.joins, step, die)
        with pytest.raises(asyncio.CancelledError):
            await join(world, kept)


async def finish(world: World) -> None:
    world.clock.advance(accounts.JOIN_GRACE_SECONDS)
    await world.worker.run_due()


async def test_no_session_begins_in_an_account_that_is_being_joined(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, other, _ = await two_accounts(world)
    await stopped(world, monkeypatch, kept, "_take_places")
    with pytest.raises(SomeoneElseChangedIt):
        await enter(world, PHONE)
    with pytest.raises(NotFound):
        await world.identity.applicants.add(other, SRI, None, world.command())
    await finish(world)
    assert (await account(world, other)).sessions == ()


async def test_an_address_that_somebody_registered_with_in_between_is_theirs(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, _, applicant_id = await two_accounts(world)
    await stopped(world, monkeypatch, kept, "_take_addresses")
    world.clock.advance(61)
    fresh = (await enter(world, PHONE)).account_id
    await finish(world)
    assert (await account(world, kept)).phone is None
    assert (await account(world, fresh)).phone is not None
    assert await owners(world) == {applicant_id: kept}


async def test_another_join_of_the_same_account_has_to_wait(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    kept, other, _ = await two_accounts(world)
    third = await world.sign_up(NEW)
    await stopped(world, monkeypatch, kept, "_take_places")
    with pytest.raises(SomeoneElseChangedIt):
        await join(world, third)
    assert (await account(world, other)).joined_into is not None


async def test_asked_again_a_join_that_had_stopped_goes_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    kept, _, applicant_id = await two_accounts(world)
    await stopped(world, monkeypatch, kept, "_take_places")
    await join(world, kept)
    assert await owners(world) == {applicant_id: kept}
    record = await world.store.get(ACCOUNT, kept)
    assert record is not None
    await world.identity.joins.finish_late(record)
    assert await account(world, kept) == record.state, "nothing is left of an account that is not being joined"


async def test_of_two_accounts_that_are_joined_into_each_other_at_once_one_stays(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, other, _ = await two_accounts(world)
    await stopped(world, monkeypatch, kept, "_take_places")
    record = await world.store.get(ACCOUNT, kept)
    assert record is not None
    await world.store.save(ACCOUNT, record, accounts.join_into(record.state, other, world.now()), now=world.now())
    assert await world.identity.joins._accounts.open_account(kept) is not None
    await finish(world)
    joined = [(await account(world, account_id)).joined_into for account_id in (kept, other)]
    assert None in joined


async def test_an_account_that_was_joined_itself_meanwhile_takes_none(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, other, applicant_id = await two_accounts(world)
    third = await world.sign_up(NEW)
    await stopped(world, monkeypatch, kept, "_take_places")
    record = await world.store.get(ACCOUNT, kept)
    assert record is not None
    await world.store.save(ACCOUNT, record, accounts.join_into(record.state, third, world.now()), now=world.now())
    await finish(world)
    assert (await account(world, other)).joined_into is None
    assert await owners(world) == {applicant_id: other}


async def late_applicant(world: World, other: str, applicant_id: str) -> None:
    """An applicant whose writer had taken the place before the join, and writes after it."""
    known = await world.store.get(APPLICANT, applicant_id)
    assert known is not None
    late = replace(known.state, account_id=other, person_id=None)
    await world.store.insert(APPLICANT, "late", late, now=world.now())


async def test_an_applicant_that_was_being_written_follows(world: World) -> None:
    kept, other, applicant_id = await two_accounts(world)
    await join(world, kept)
    await late_applicant(world, other, applicant_id)
    world.clock.advance(accounts.PLACE_GRACE_SECONDS)
    await world.worker.run_due()
    assert set((await owners(world)).values()) == {kept}
    assert (await account(world, other)).joined_into == JoinedInto(
        kept, (await account(world, kept)).joined[0].at, None
    )


async def test_twin_without_a_second_look_that_applicant_is_of_a_closed_account(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "PLACE_GRACE_SECONDS", 0)
    kept, other, applicant_id = await two_accounts(world)
    await join(world, kept)
    await late_applicant(world, other, applicant_id)
    world.clock.advance(3600)
    await world.worker.run_due()
    with pytest.raises(AssertionError, match="left behind"):
        assert set((await owners(world)).values()) == {kept}, "left behind"


def test_an_account_that_is_not_being_joined_is_not_closed() -> None:
    known = with_places(1)
    assert accounts.close_joined(known, NOW) == known
    assert accounts.call_join_off(accounts.join_into(known, "account-2", NOW)) == replace(known, devices_from=NOW)
    assert accounts.deadlines(accounts.join_into(known, "account-2", NOW)) == {"join": NOW + timedelta(seconds=60)}
