"""Changes of address: proven at both ends, within a session that lives, told, and undone by a link (F18)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import pytest

from services.identity.accounts import account as accounts
from services.identity.accounts.channel import Channel
from services.identity.accounts.errors import AddressTaken, TooManyAddressChanges
from services.identity.accounts.repository import ACCOUNT
from services.identity.accounts.vault import AccountVault
from services.identity.address_changes import service as address_changes
from services.identity.sign_in.errors import (
    AddressReserved,
    ChallengeNotFound,
    CodeSuperseded,
    CodeUsed,
    CodeWrong,
    OldCodeNeeded,
    TooManyCodes,
    TooManyTries,
)
from shared.errors import NotFound
from shared.events.identity import SessionEnded
from shared.sessions import SessionOver
from shared.store.kinds import Record
from shared.tokens import Caller
from tests.unit.identity.browsers import other_code
from tests.unit.identity.world import World

WEEK_SECONDS = 7 * 86400
NEW = "baru@example.org"
THIEF = "pencuri@example.org"


async def account(world: World, account_id: str) -> accounts.Account:
    record = await world.store.get(ACCOUNT, account_id)
    assert record is not None
    return record.state


async def link_of(world: World, number: int = -1) -> str:
    """The link in the newest contact card."""
    url: str = (await world.cards())[number]["undo_url"]
    assert url.startswith("http://127.0.0.1:8100/v1/address-undo/")
    return url.rpartition("/")[2]


async def ask_email(world: World, caller: Caller, email: str = NEW, **more: Any) -> str:
    seen = await world.identity.address_changes.change_email(caller, email, "id", world.command(), **more)
    return seen.challenge_id


async def sign_in(world: World, identifier: str) -> str:
    world.clock.advance(61)
    seen = await world.identity.signing_in.log_in(identifier, "id", world.command())
    code = await world.code(seen.challenge_id)
    return (await world.identity.signing_in.verify(seen.challenge_id, code, world.command())).account_id


async def sign_out(world: World, credentials: Any) -> None:
    await world.identity.sessions.revoke(credentials.refresh_token)


async def entered(world: World, email: str = "budi@example.org") -> Any:
    seen = await world.identity.signing_in.register(email, "id", world.command())
    code = await world.code(seen.challenge_id)
    return await world.identity.signing_in.verify(seen.challenge_id, code, world.command())


# ---- two codes ----


async def test_without_the_code_of_the_old_address_nothing_changes(world: World) -> None:
    account_id = await world.sign_up()
    challenge_id = await ask_email(world, await world.caller(account_id))
    code, old_code = await world.codes_of(challenge_id)
    verify = world.identity.signing_in.verify
    with pytest.raises(OldCodeNeeded) as needed:
        await verify(challenge_id, code, "v-1")
    assert needed.value.facts == {"tries_left": 5}
    for wrong in ((code, code), (old_code, old_code), (old_code, code)):
        with pytest.raises(CodeWrong):
            await verify(challenge_id, wrong[0], "v-2", old_code=wrong[1])
    assert (await account(world, account_id)).changes == ()
    await verify(challenge_id, code, "v-3", old_code=old_code)
    assert (await world.identity.accounts.get_account(account_id)).email == "b***@example.org"
    assert (await world.cards())[-1]["email"] == NEW


async def test_twin_without_the_question_to_the_old_address_the_new_code_alone_changes_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it was: whoever holds a token and any mailbox of their own takes the account."""
    signing_in = type(world.identity.signing_in)
    fresh = signing_in._fresh_codes
    monkeypatch.setattr(
        signing_in,
        "_fresh_codes",
        lambda self, place, channel, command, _asked: fresh(self, place, channel, command, None),
    )
    account_id = await world.sign_up()
    challenge_id = await ask_email(world, await world.caller(account_id), THIEF)
    await world.identity.signing_in.verify(challenge_id, await world.code(challenge_id), "v-1")
    assert (await world.cards())[-1]["email"] == THIEF


@pytest.mark.parametrize(
    ("prove_by", "asked"),
    [(None, "budi@example.org"), (Channel.EMAIL, "budi@example.org"), (Channel.SMS, "+6281234567890")],
)
async def test_which_old_address_agrees_can_be_chosen(world: World, prove_by: Channel | None, asked: str) -> None:
    account_id = await world.sign_up()
    await world.change_address(account_id, phone="081234567890")
    world.clock.advance(61)
    await ask_email(world, await world.caller(account_id), prove_by=prove_by)
    new, old = (await world.codes())[-2:]
    assert (new["address"], old["address"]) == (NEW, asked)
    assert new["code"] != old["code"]


async def test_a_choice_without_an_address_falls_to_the_one_there_is(world: World) -> None:
    account_id = await world.sign_up()
    await ask_email(world, await world.caller(account_id), prove_by=Channel.SMS)
    assert (await world.codes())[-1]["address"] == "budi@example.org"


async def test_new_codes_go_to_both_again(world: World) -> None:
    account_id = await world.sign_up()
    challenge_id = await ask_email(world, await world.caller(account_id))
    first = await world.codes_of(challenge_id)
    world.clock.advance(60)
    await world.identity.signing_in.resend(challenge_id, Channel.SMS, "again")
    assert [each["address"] for each in (await world.codes())[-2:]] == [NEW, "budi@example.org"]
    with pytest.raises(CodeSuperseded):
        await world.identity.signing_in.verify(challenge_id, first[0], "v-1", old_code=first[1])
    code, old_code = await world.codes_of(challenge_id)
    await world.identity.signing_in.verify(challenge_id, code, "v-2", old_code=old_code)


async def test_an_old_address_that_is_old_no_longer_does_not_agree(world: World) -> None:
    account_id = await world.sign_up()
    caller = await world.caller(account_id)
    challenge_id = await ask_email(world, caller, "x@example.org")
    code, old_code = await world.codes_of(challenge_id)
    await world.change_address(account_id, email=NEW)
    with pytest.raises(ChallengeNotFound):
        await world.identity.signing_in.verify(challenge_id, code, "v-1", old_code=old_code)


async def test_a_challenge_of_the_build_before_is_asked_for_anew(world: World) -> None:
    """It names no session and no old address."""
    account_id = await world.sign_up()
    challenge_id = await ask_email(world, await world.caller(account_id))
    code, _ = await world.codes_of(challenge_id)
    document = world.store._documents["challenge"][challenge_id]["state"]
    document["code"].pop("old_hashed")
    document.pop("proof")
    World(store=world.store, clock=world.clock)
    world.identity.signing_in._recent.take(challenge_id)
    with pytest.raises(ChallengeNotFound):
        await world.identity.signing_in.verify(challenge_id, code, "v-1")


# ---- the session that asked ----


async def test_after_signing_out_a_change_is_neither_asked_for_nor_made_nor_repeated(world: World) -> None:
    owner = await entered(world)
    caller = await world.caller(owner.account_id)
    challenge_id = await ask_email(world, caller)
    code, old_code = await world.codes_of(challenge_id)
    await sign_out(world, owner)
    with pytest.raises(SessionOver):
        await world.identity.signing_in.verify(challenge_id, code, "v-1", old_code=old_code)
    with pytest.raises(SessionOver):
        await ask_email(world, caller, "x@example.org")
    world.clock.advance(60)
    with pytest.raises(ChallengeNotFound):
        await world.identity.signing_in.resend(challenge_id, None, "again")
    assert (await world.identity.accounts.get_account(owner.account_id)).sessions == 0


async def test_a_change_goes_on_with_its_session_and_begins_none(world: World) -> None:
    owner = await entered(world)
    until = (await account(world, owner.account_id)).sessions[0].ends_at
    world.clock.advance(3600)
    changed = await world.change_address(owner.account_id, email=NEW)
    assert (changed.session_ends_at, changed.refresh_token) == (until, owner.refresh_token)
    assert (await world.identity.accounts.get_account(owner.account_id)).sessions == 1


async def test_the_repeat_of_a_proof_after_signing_out_signs_nobody_in(world: World) -> None:
    seen = await world.identity.signing_in.register("budi@example.org", "id", "ask-1")
    code = await world.code(seen.challenge_id)
    owner = await world.identity.signing_in.verify(seen.challenge_id, code, "v-1")
    await sign_out(world, owner)
    with pytest.raises(CodeUsed):
        await world.identity.signing_in.verify(seen.challenge_id, code, "v-1")
    assert (await world.identity.accounts.get_account(owner.account_id)).sessions == 0


async def test_twin_an_account_that_forgets_ended_sessions_begins_one_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "has_ended", lambda *_: False)
    seen = await world.identity.signing_in.register("budi@example.org", "id", "ask-1")
    code = await world.code(seen.challenge_id)
    owner = await world.identity.signing_in.verify(seen.challenge_id, code, "v-1")
    await sign_out(world, owner)
    await world.identity.signing_in.verify(seen.challenge_id, code, "v-1")
    assert (await world.identity.accounts.get_account(owner.account_id)).sessions == 1


# ---- the way back ----


async def test_the_link_brings_the_old_address_back_and_signs_everybody_out(world: World) -> None:
    account_id = await world.sign_up()
    await world.change_address(account_id, email=THIEF)
    link, changes = await link_of(world), world.identity.address_changes
    looked = await changes.look_at_undo(link)
    assert (looked.is_done, looked.addresses) == (False, ("b***@example.org",))
    assert (await world.identity.accounts.get_account(account_id)).sessions == 1, "looking changes nothing"
    for _ in range(2):
        await changes.undo(link)
    assert (await changes.look_at_undo(link)).is_done
    assert (await world.cards())[-1]["email"] == "budi@example.org"
    assert "undo_url" not in (await world.cards())[-1]
    assert len(await world.said(SessionEnded)) == 1
    assert await sign_in(world, "budi@example.org") == account_id
    assert await sign_in(world, THIEF) != account_id


async def test_the_thiefs_proof_does_not_work_a_second_time_after_the_undo(world: World) -> None:
    account_id = await world.sign_up()
    challenge_id = await ask_email(world, await world.caller(account_id), THIEF)
    code, old_code = await world.codes_of(challenge_id)
    await world.identity.signing_in.verify(challenge_id, code, "v-1", old_code=old_code)
    await world.identity.address_changes.undo(await link_of(world))
    with pytest.raises(SessionOver):
        await world.identity.signing_in.verify(challenge_id, code, "v-1", old_code=old_code)
    assert (await world.cards())[-1]["email"] == "budi@example.org"


async def test_the_first_link_undoes_what_came_after_it_too(world: World) -> None:
    account_id = await world.sign_up()
    await world.change_address(account_id, email=THIEF)
    first = await link_of(world)
    world.clock.advance(60)
    await world.change_address(account_id, phone="081234567890")
    second = await link_of(world)
    await world.identity.address_changes.undo(first)
    state = await account(world, account_id)
    assert (state.phone, len(state.changes)) == (None, 1)
    with pytest.raises(NotFound):
        await world.identity.address_changes.undo(second)
    assert await sign_in(world, "081234567890") != account_id


async def test_the_second_link_leaves_the_first_change_to_be_undone(world: World) -> None:
    account_id = await world.sign_up()
    await world.change_address(account_id, email=NEW)
    first = await link_of(world)
    world.clock.advance(60)
    await world.change_address(account_id, email="lagi@example.org")
    await world.identity.address_changes.undo(await link_of(world))
    assert (await world.cards())[-1]["email"] == NEW
    await world.identity.address_changes.undo(first)
    assert (await world.cards())[-1]["email"] == "budi@example.org"


async def test_the_link_ends_after_a_week_and_nothing_of_the_old_address_is_kept(world: World) -> None:
    account_id = await world.sign_up()
    await world.change_address(account_id, email=NEW)
    link = await link_of(world)
    world.clock.advance(WEEK_SECONDS - 0.001)
    await world.identity.address_changes.look_at_undo(link)
    world.clock.advance(0.001)
    for use in (world.identity.address_changes.look_at_undo, world.identity.address_changes.undo):
        with pytest.raises(NotFound):
            await use(link)
    await world.worker.run_due()
    state = await account(world, account_id)
    assert (state.changes, len(state.fingerprints)) == ((), 1)
    assert await sign_in(world, "budi@example.org") != account_id


async def test_while_it_can_come_back_nobody_else_gets_the_address_nor_signs_in_by_it(world: World) -> None:
    account_id = await world.sign_up()
    await world.change_address(account_id, email=NEW)
    world.clock.advance(61)
    with pytest.raises(AddressReserved):
        await sign_in(world, "budi@example.org")
    other = await world.sign_up("sri@example.org")
    with pytest.raises(AddressTaken):
        await world.change_address(other, email="budi@example.org")
    await world.identity.address_changes.undo(await link_of(world, -2))
    assert await sign_in(world, "budi@example.org") == account_id


async def test_the_secret_of_the_link_is_nowhere_in_the_open(world: World) -> None:
    account_id = await world.sign_up()
    await world.change_address(account_id, email=NEW)
    secret = (await link_of(world)).partition(".")[2]
    assert len(secret) == 22
    assert secret not in repr(world.store._documents)
    assert secret not in repr(await account(world, account_id))


@pytest.mark.parametrize(
    "link", ["", ".", "x", "x.y", "{account}", "{account}.", "{account}.wrong", "{account}.{secret}x"]
)
async def test_a_link_that_is_not_ours_finds_nothing(world: World, link: str) -> None:
    account_id = await world.sign_up()
    await world.change_address(account_id, email=NEW)
    secret = (await link_of(world)).partition(".")[2]
    with pytest.raises(NotFound):
        await world.identity.address_changes.undo(link.format(account=account_id, secret=secret))


async def test_three_changes_can_be_undone_and_a_fourth_waits(world: World) -> None:
    account_id = await world.sign_up()
    for number in range(accounts.MOST_ADDRESS_CHANGES):
        await world.change_address(account_id, email=f"baru{number}@example.org")
        world.clock.advance(100)
    with pytest.raises(TooManyAddressChanges) as refused:
        await world.change_address(account_id, email=NEW)
    assert refused.value.retry_after_seconds == WEEK_SECONDS - 300
    world.clock.advance(WEEK_SECONDS - 300)
    await world.change_address(account_id, email=NEW)


async def test_the_limit_holds_for_changes_that_were_asked_for_before_it_was_reached(world: World) -> None:
    account_id = await world.sign_up()
    caller = await world.caller(account_id)
    await world.change_address(account_id, phone="081234567890")
    waiting = [await ask_email(world, caller, f"baru{number}@example.org", prove_by=Channel.SMS) for number in range(4)]
    proofs = [await world.codes_of(each) for each in waiting]
    verify = world.identity.signing_in.verify
    for number in range(2):
        await verify(waiting[number], proofs[number][0], f"v-{number}", old_code=proofs[number][1])
    with pytest.raises(TooManyAddressChanges):
        await verify(waiting[2], proofs[2][0], "v-2", old_code=proofs[2][1])


async def test_an_undo_and_a_change_at_once_leave_no_thief(world: World) -> None:
    account_id = await world.sign_up()
    await world.change_address(account_id, email=THIEF)
    link = await link_of(world)
    world.clock.advance(61)
    challenge_id = await ask_email(world, await world.caller(account_id), "lain@example.org")
    code, old_code = await world.codes_of(challenge_id)
    await asyncio.gather(
        world.identity.signing_in.verify(challenge_id, code, "v-9", old_code=old_code),
        world.identity.address_changes.undo(link),
        return_exceptions=True,
    )
    state = await account(world, account_id)
    unlocked = await AccountVault(world.identity.context.seals).unlock(account_id)
    email = unlocked.address_of(state, Channel.EMAIL)
    assert email is not None
    assert (email.text, state.sessions) == ("budi@example.org", ())


async def test_the_new_holder_of_a_freed_address_signs_in_with_the_first_code(world: World) -> None:
    old_account_id = await world.sign_up("lama@example.org")
    await world.change_address(old_account_id, email=NEW)
    for _ in range(8):
        world.clock.advance(86_400)
        await world.worker.run_due()
    assert await world.sign_up("lama@example.org") != old_account_id


async def test_a_change_of_address_that_is_tried_too_often_speaks_of_no_long_code(world: World) -> None:
    account_id = await world.sign_up()
    challenge_id = await ask_email(world, await world.caller(account_id))
    code, old_code = await world.codes_of(challenge_id)
    told = []
    for _ in range(6):
        with pytest.raises((CodeWrong, TooManyTries)) as refused:
            await world.identity.signing_in.verify(challenge_id, other_code(code), world.command(), old_code=old_code)
        told.append((refused.value.code, refused.value.next_action))
    ask_for_new = "Ask for a new code, and read it from the newest message."
    assert told[-2:] == [("code_wrong", ask_for_new), ("too_many_tries", ask_for_new)]


def test_an_old_account_document_still_loads(world: World) -> None:
    from shared.store.codec import decode, encode

    state = encode(ACCOUNT, accounts.register("id", world.now(), email=None, phone=None))
    for name in ("changes", "ended"):
        state.pop(name)
    loaded: Record[Mapping[str, Any]] = decode(ACCOUNT, {"_id": "a", "version": 1, "state": state})  # type: ignore[assignment]
    assert loaded.state.changes == loaded.state.ended == ()  # type: ignore[attr-defined]


def test_the_path_of_the_link_is_the_route() -> None:
    from services.identity.endpoints import ENDPOINTS

    assert f"{address_changes.UNDO_PATH}{{link}}" in {each.path for each in ENDPOINTS}


async def test_codes_to_the_address_of_before_are_bounded_over_all_new_ones(world: World) -> None:
    """Each new address is a challenge of its own; the old one would be flooded, and its code guessed, over many."""
    caller = await world.caller(await world.sign_up())
    before = len(await world.codes())
    for number in range(50):
        with suppress(TooManyCodes):
            await world.identity.address_changes.change_email(caller, f"t{number}@example.org", "id", world.command())
    old = [code for code in (await world.codes())[before:] if code["address"] == "budi@example.org"]
    assert len(old) == world.settings.codes_per_hour


async def test_codes_to_one_new_address_are_bounded_over_all_accounts(world: World) -> None:
    accounts = [await world.sign_up(f"p{number}@example.org") for number in range(8)]
    before = len(await world.codes())
    for account in accounts:
        with suppress(TooManyCodes):
            caller = await world.caller(account)
            await world.identity.address_changes.change_phone(caller, "081234567890", "id", world.command())
    sent = [code for code in (await world.codes())[before:] if code["address"] == "+6281234567890"]
    assert len(sent) == world.settings.codes_per_hour
