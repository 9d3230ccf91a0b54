"""A member's email address is proven by a code before a message goes there; nobody is locked out by it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from services.identity.staff.repository import STAFF
from services.identity.staff.vault import StaffVault
from shared.events.notification import SendOtp, TellOfSignIn
from shared.tokens import Caller, Role
from tests.unit.identity.browsers import Answered, Browsers, other_code, running
from tests.unit.identity.test_second_factors import Member, member
from tests.unit.identity.world import STAFF_PASSWORD, World

EMAIL, PROOF = "/v1/staff/me/email", "/v1/staff/me/email-proof"
ADDRESS = "dewi.contoh@example.org"


@pytest.fixture
async def browsers(socket_enabled: None) -> AsyncIterator[Browsers]:
    world = World(second_factor_needed=True)
    async with running(world) as browsers:
        await world.identity.staff.hire("officer2", STAFF_PASSWORD, Role.FRONT_OFFICER, "jakarta-selatan")
        yield browsers


async def signed_in(browsers: Browsers, username: str = "front_officer", address: str = "10.0.0.1") -> Member:
    who = member(browsers, username, address)
    assert (await who.log_in())[0] == 200
    return who


async def name(who: Member, email: str | None = ADDRESS) -> Answered:
    return await who.browser.call("PUT", EMAIL, {"email": email})


async def prove(who: Member, code: str) -> Answered:
    return await who.browser.post(PROOF, {"code": code})


async def told(browsers: Browsers) -> list[str]:
    """The addresses that sign-ins were told to, after one on a new device."""
    who = member(browsers, "front_officer", "10.9.0.1")
    assert (await who.log_in())[0] in (200, 202)
    world = browsers.world
    sent = await world.said(TellOfSignIn)
    return [str(world._unsealer.open_json(message.sealed, message.notice_id)["address"]) for message in sent]


async def me(who: Member) -> Any:
    status, seen = await who.browser.get("/v1/staff/me")
    assert status == 200, seen
    return seen


async def caller_of(who: Member) -> Caller:
    record = await who.world.store.get(STAFF, who.staff_id)
    assert record is not None
    return Caller(who.staff_id, Role.FRONT_OFFICER, record.state.sessions[-1].id, record.state.office_id)


async def test_nothing_is_sent_to_an_address_until_its_code_is_typed(browsers: Browsers) -> None:
    who = await signed_in(browsers)
    assert await name(who, "Dewi.Contoh@example.org") == (204, "")
    assert await told(browsers) == []
    seen = await me(who)
    assert (seen["email_masked"], seen["waiting_email_masked"]) == (None, "d***@example.org")
    [sent] = await browsers.world.said(SendOtp)
    assert (sent.purpose, sent.account_id, sent.language) == ("staff_email", who.staff_id, "id")
    assert (await browsers.world.codes())[-1]["address"] == ADDRESS
    assert (await prove(who, await browsers.world.code()))[0] == 204
    assert await told(browsers) == [ADDRESS]
    seen = await me(who)
    assert (seen["email_masked"], seen["waiting_email_masked"], seen["owes_email_proof"]) == (
        "d***@example.org",
        None,
        False,
    )


async def test_the_proven_address_stays_until_another_one_is_proven(browsers: Browsers) -> None:
    who = await signed_in(browsers)
    await name(who)
    assert (await prove(who, await browsers.world.code()))[0] == 204
    assert (await name(who, "thief@example.com"))[0] == 204
    assert await told(browsers) == [ADDRESS]
    assert (await prove(who, other_code(await browsers.world.code())))[1]["code"] == "code_wrong"
    assert (await told(browsers))[-1] == ADDRESS
    assert (await name(who, None))[0] == 204
    count = len(await told(browsers))
    assert len(await told(browsers)) == count, "without an address nothing is sent"
    assert (await prove(who, await browsers.world.code()))[1]["code"] == "email_code_over"


async def test_a_code_is_guessed_five_times_and_counts_once_and_for_ten_minutes(browsers: Browsers) -> None:
    who, world = await signed_in(browsers), browsers.world
    assert (await prove(who, "123456"))[1]["code"] == "email_code_over", "none was asked for"
    await name(who)
    code = await world.code()
    tries = [(await prove(who, other_code(code)))[1] for _ in range(5)]
    assert [problem["tries_left"] for problem in tries] == [4, 3, 2, 1, 0]
    status, problem = await prove(who, code)
    assert (status, problem["code"], problem["next_call"]["href"]) == (409, "email_code_over", EMAIL)
    assert (await name(who))[1]["code"] == "code_sent_just_now"
    world.clock.advance(61)
    await name(who)
    assert (await prove(who, code))[1]["code"] in ("email_code_over", "code_wrong"), "an older code"
    world.clock.advance(631)
    assert (await who.log_in())[0] == 200
    assert (await prove(who, await world.code()))[1]["code"] == "email_code_over"
    assert (await me(who))["email_masked"] is None


async def test_a_repeat_of_the_proof_finds_it_done(browsers: Browsers) -> None:
    who, world = await signed_in(browsers), browsers.world
    await name(who)
    code, accounts = await world.code(), world.identity.own_accounts
    caller = await caller_of(who)
    for _ in range(2):
        await accounts.prove_email(caller, code, "command-1")
    assert (await prove(who, code))[1]["code"] == "email_code_over", "another command finds nothing to prove"


async def test_a_crash_between_code_and_member_is_made_good_by_the_repeat(
    browsers: Browsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    who, world = await signed_in(browsers), browsers.world
    await name(who)
    code, accounts = await world.code(), world.identity.own_accounts
    caller = await caller_of(who)

    async def die(*_: Any) -> None:
        raise RuntimeError("killed after the code was used up")

    with monkeypatch.context() as patched:
        patched.setattr(accounts, "_save", die)
        with pytest.raises(RuntimeError):
            await accounts.prove_email(caller, code, "command-1")
    await accounts.prove_email(caller, code, "command-1")
    assert (await me(who))["email_masked"] == "d***@example.org"


async def test_the_code_of_one_member_proves_nothing_for_another(browsers: Browsers) -> None:
    who, other = await signed_in(browsers), await signed_in(browsers, "officer2", "10.0.0.2")
    await name(who)
    code = await browsers.world.code()
    await name(other, "officer2@example.org")
    assert (await prove(other, code))[1]["code"] == "code_wrong"
    assert (await prove(who, code))[0] == 204


async def test_strangers_who_know_the_challenge_can_do_nothing_with_it(browsers: Browsers) -> None:
    who = await signed_in(browsers)
    await name(who)
    record = await browsers.world.store.get(STAFF, who.staff_id)
    assert record is not None and record.state.email_proof is not None
    path, stranger = f"/v1/challenges/{record.state.email_proof.challenge_id}", browsers.at("10.9.0.9")
    code = await browsers.world.code()
    for answer in (
        await stranger.get(path),
        await stranger.post(f"{path}/resend", {}),
        await stranger.post(f"{path}/verification", {"code": code}),
    ):
        assert (answer[0], answer[1]["code"]) == (404, "challenge_not_found")
    assert (await prove(who, code))[0] == 204


async def test_an_address_from_before_gets_nothing_and_its_member_is_asked_and_not_locked_out(
    browsers: Browsers,
) -> None:
    world = browsers.world
    who = member(browsers, "front_officer")
    record = await world.store.get(STAFF, who.staff_id)
    assert record is not None
    sealed = StaffVault(world.identity.context.seals).seal_email(ADDRESS, who.staff_id)
    await world.store.save(STAFF, record, replace(record.state, email=sealed), now=world.now())
    status, tokens = await who.log_in()
    assert (status, tokens["owes_email_proof"], tokens["role"]) == (200, True, "front_officer")
    assert await told(browsers) == []
    seen = await me(who)
    assert (seen["email_masked"], seen["owes_email_proof"]) == ("d***@example.org", True)
    await name(who)
    assert (await prove(who, await world.code()))[0] == 204
    assert (await who.log_in())[1]["owes_email_proof"] is False
    assert await told(browsers) == [ADDRESS]


async def test_a_token_that_is_stolen_later_takes_no_messages_to_itself(browsers: Browsers) -> None:
    who = await signed_in(browsers)
    who.world.clock.advance(15 * 60)
    _, tokens = await who.log_in()
    who.browser.token = tokens["access_token"]
    assert (await name(who))[0] == 204
    who.world.clock.advance(15 * 60)
    refreshed = await who.browser.post("/v1/tokens/refresh", {"refresh_token": tokens["refresh_token"]})
    who.browser.token = refreshed[1]["access_token"]
    for email in (None, "thief@example.com"):
        assert (await name(who, email))[1]["code"] == "fresh_sign_in_needed"


async def test_a_session_from_before_the_second_factor_takes_no_messages_to_itself(browsers: Browsers) -> None:
    thief, who = await signed_in(browsers, address="10.9.0.1"), await signed_in(browsers)
    await who.enrol_totp()
    assert (await name(thief, "thief@example.com"))[1]["code"] == "second_factor_needs_itself"
    await who.sign_in()
    assert (await name(who))[0] == 204


async def test_addresses_that_wait_are_sealed_and_turned_with_the_key(browsers: Browsers) -> None:
    who, world = await signed_in(browsers), browsers.world
    await name(who)
    record = await world.store.get(STAFF, who.staff_id)
    assert record is not None and record.state.email_proof is not None and "dewi" not in repr(record.state)
    vault = StaffVault(world.identity.context.seals)
    turned = await vault.turned(who.staff_id, record.state)
    assert turned.email_proof is not None and turned.email_proof.email != record.state.email_proof.email
    assert vault.open_email(turned.email_proof.email, who.staff_id) == ADDRESS
    assert vault.is_current(turned)
