"""An address that is proven now is taken from an account that has nothing, and the everyday way in works (F18)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from services.identity.accounts import account as accounts
from services.identity.accounts.errors import AddressTaken
from services.identity.accounts.repository import ACCOUNT, AccountRepository
from shared.audit import AUDIT
from shared.events.identity import SessionEnded
from tests.unit.identity.browsers import Browser, Browsers, running
from tests.unit.identity.world import World

EMAIL, PHONE = "budi@example.org", "+6281234567890"


@pytest.fixture(autouse=True)
def _loopback_allowed(socket_enabled: None) -> None:
    """Let these tests open sockets where the unit room blocks them."""


@pytest.fixture
async def browsers(world: World) -> AsyncIterator[Browsers]:
    async with running(world) as ready:
        yield ready


async def stored(world: World, account_id: str) -> accounts.Account:
    record = await world.store.get(ACCOUNT, account_id)
    assert record is not None
    return record.state


async def change(browser: Browser, name: str, address: str) -> tuple[int, Any]:
    """Change an address of the signed-in account over HTTP, proven at both ends."""
    status, challenge = await browser.call("PUT", f"/v1/account/{name}", {name: address})
    assert status == 202, challenge
    code, old_code = await browser.world.codes_of(challenge["challenge_id"])
    return await browser.prove(challenge, code, old_code=old_code)


async def test_whoever_signed_in_by_a_number_they_had_not_added_can_still_add_it(
    browsers: Browsers, world: World
) -> None:
    home, other = browsers.at("10.0.0.1"), browsers.at("10.0.0.2")
    first = await home.sign_in(EMAIL)
    await world.confirmed(first)
    second = await other.sign_in(PHONE)
    assert second != first, "a second, empty account"
    world.clock.advance(3600)
    _, tokens = await home.ask(EMAIL)
    await home.prove(tokens, await world.code(tokens["challenge_id"]))
    status, tokens = await change(home, "phone", PHONE)
    assert (status, tokens["account_id"]) == (200, first)
    assert (await home.get("/v1/account"))[1]["phone"] == "+62********890"
    left = await stored(world, second)
    assert (left.email, left.phone, left.fingerprints, left.sessions) == (None, None, accounts.unreachable(second), ())
    assert [told.account_id for told in await world.said(SessionEnded)] == [second]
    world.clock.advance(3600)
    assert await home.sign_in(PHONE) == first


async def test_the_other_account_is_told_and_the_audit_has_a_line(browsers: Browsers, world: World) -> None:
    home, other = browsers.at("10.0.0.1"), browsers.at("10.0.0.2")
    first, second = await home.sign_in(EMAIL), await other.sign_in("lain@example.org")
    world.clock.advance(61)
    assert (await change(other, "phone", PHONE))[0] == 200
    world.clock.advance(61)
    assert (await change(home, "phone", PHONE))[0] == 200
    cards = {(card["email"], card["phone"]) for card in await world.cards()}
    assert ("lain@example.org", None) in cards
    lines = [record.state async for record in world.store.scan(AUDIT)]
    assert sorted((line.outcome, line.act, line.actor_id, line.subject, line.detail) for line in lines) == [
        ("begun", "address_taken_over", first, second, None),
        ("done", "address_taken_over", first, second, "sms"),
    ]
    assert PHONE[-9:] not in repr(lines)


async def test_an_account_with_an_applicant_keeps_its_address(browsers: Browsers, world: World) -> None:
    home, other = browsers.at("10.0.0.1"), browsers.at("10.0.0.2")
    await home.sign_in(EMAIL)
    second = await other.sign_in(PHONE)
    await world.confirmed(second)
    world.clock.advance(61)
    status, problem = await change(home, "phone", PHONE)
    assert (status, problem["code"]) == (409, "address_taken")
    assert (await stored(world, second)).phone is not None


async def test_an_address_that_can_still_be_taken_back_is_not_taken_over(browsers: Browsers, world: World) -> None:
    home, other = browsers.at("10.0.0.1"), browsers.at("10.0.0.2")
    await home.sign_in(EMAIL)
    await other.sign_in(PHONE)
    world.clock.advance(61)
    assert (await change(other, "phone", "+6281234567891"))[0] == 200
    world.clock.advance(61)
    assert (await change(home, "phone", PHONE))[1]["code"] == "address_taken"


async def race(world: World, monkeypatch: pytest.MonkeyPatch) -> str:
    """Another account gets an applicant between the look at it and the take-over; that account's id."""
    first, second = await world.sign_up(EMAIL), await world.sign_up("lain@example.org")
    find, done = AccountRepository.account_holding, []

    async def overtaken(self: AccountRepository, fingerprints: Any) -> Any:
        holder = await find(self, fingerprints)
        if holder is not None and holder.id == second and not done:
            done.append(True)
            filled = accounts.take_place(holder.state, "applicant-1", world.now())
            await world.store.save(ACCOUNT, holder, filled, now=world.now())
        return holder

    monkeypatch.setattr(AccountRepository, "account_holding", overtaken)
    world.clock.advance(61)
    await world.change_address(first, email="lain@example.org")
    return second


async def test_an_applicant_added_at_the_same_moment_keeps_the_address(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(AddressTaken):
        await race(world, monkeypatch)


async def test_twin_deciding_on_what_was_read_before_takes_the_address_of_an_applicant(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    change_account = AccountRepository.change_account

    async def on_what_was_read(self: AccountRepository, account_id: str, decide: Any) -> Any:
        return await change_account(self, account_id, lambda newest: decide(replace(newest, places=())))

    monkeypatch.setattr(AccountRepository, "change_account", on_what_was_read)
    second = await race(world, monkeypatch)
    assert (await stored(world, second)).email is None


async def test_an_address_given_up_in_between_is_simply_added(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = await world.sign_up(EMAIL), await world.sign_up("lain@example.org")
    find, done = AccountRepository.account_holding, []

    async def gone(self: AccountRepository, fingerprints: Any) -> Any:
        holder = await find(self, fingerprints)
        if holder is not None and holder.id == second and not done:
            done.append(True)
            await world.store.remove(ACCOUNT, holder)
            return None
        return holder

    await world.store.mark_published(ACCOUNT, await world.outbox(), now=world.now())
    monkeypatch.setattr(AccountRepository, "account_holding", gone)
    world.clock.advance(61)
    assert (await world.change_address(first, email="lain@example.org")).account_id == first


async def test_two_accounts_may_be_left_without_any_address(browsers: Browsers, world: World) -> None:
    """The index of addresses lets no two accounts have none."""
    home = browsers.at("10.0.0.1")
    first = await home.sign_in(EMAIL)
    await world.confirmed(first)
    numbers = (PHONE, "+6281234567899")
    left = [await browsers.at("10.0.0.2").sign_in(number) for number in numbers]
    for number in numbers:
        world.clock.advance(3601)
        _, tokens = await home.ask(EMAIL)
        await home.prove(tokens, await world.code(tokens["challenge_id"]))
        assert (await change(home, "phone", number))[0] == 200
    assert [(await stored(world, account_id)).phone for account_id in left] == [None, None]
