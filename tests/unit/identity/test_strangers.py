"""Strangers who ask for codes and try them keep the owner out of nothing (F5, F17)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.identity.rules import CodeRules
from services.identity.sign_in import challenge as rules
from services.identity.sign_in.challenge import Trier, Trying
from tests.unit.identity.browsers import Browser, Browsers, other_code, running
from tests.unit.identity.test_new_devices import PHONE, home_of_two_addresses, second_code
from tests.unit.identity.world import STAFF_PASSWORD, World

EMAIL = "budi@example.org"
HOUR_SECONDS = 3600


@pytest.fixture(autouse=True)
def _loopback_allowed(socket_enabled: None) -> None:
    """Let these tests open sockets where the unit room blocks them."""


@pytest.fixture
async def browsers(world: World) -> AsyncIterator[Browsers]:
    async with running(world) as ready:
        yield ready


async def guess(stranger: Browser, challenge: Any, code: str, times: int = 6) -> list[str]:
    """Try wrong codes; the codes of the refusals."""
    found = []
    for _ in range(times):
        status, problem = await stranger.prove({"challenge_id": challenge["challenge_id"]}, other_code(code))
        found.append(problem["code"])
        assert status in (422, 429)
    return found


async def test_a_strangers_wrong_codes_take_nothing_from_the_one_who_asked(browsers: Browsers, world: World) -> None:
    owner, stranger = browsers.at("10.0.0.1"), browsers.at("10.0.0.2")
    _, challenge = await owner.ask(EMAIL)
    status, refused = await stranger.ask(EMAIL)
    assert (status, refused["code"], refused["challenge_id"]) == (429, "code_sent_just_now", challenge["challenge_id"])
    assert "asker_token" not in refused
    code = await world.code()
    assert (await guess(stranger, refused, code))[-2:] == ["code_wrong", "too_many_tries"]
    assert (await owner.get(f"/v1/challenges/{challenge['challenge_id']}"))[1]["tries_left"] == 5
    assert (await stranger.get(f"/v1/challenges/{challenge['challenge_id']}"))[1]["tries_left"] == 0
    assert (await owner.prove(challenge, code))[0] == 200


async def test_a_challenge_that_strangers_try_takes_no_memory_between_tries(browsers: Browsers, world: World) -> None:
    """Each address that tried is kept in it: a thousand challenges with a hundred each would fill the process."""
    owner, stranger = browsers.at("10.0.0.1"), browsers.at("10.0.0.2")
    recent = world.identity.signing_in._recent
    _, challenge = await owner.ask(EMAIL)
    assert len(recent) == 1
    await guess(stranger, challenge, await world.code(), times=1)
    assert len(recent) == 0


async def test_twin_with_one_count_for_all_the_stranger_locks_the_owner_out(
    browsers: Browsers, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(world.identity.signing_in), "_trier", lambda *_: Trier(Trying.ASKER))
    owner, stranger = browsers.at("10.0.0.1"), browsers.at("10.0.0.2")
    _, challenge = await owner.ask(EMAIL)
    code = await world.code()
    await guess(stranger, challenge, code)
    assert (await owner.prove(challenge, code))[1]["code"] == "too_many_tries"


async def test_each_network_has_tries_of_its_own_and_ipv6_is_one_network_by_64_bits(
    browsers: Browsers, world: World
) -> None:
    _, challenge = await browsers.at("10.0.0.1").ask(EMAIL)
    code, same = await world.code(), {"challenge_id": challenge["challenge_id"]}
    for number in range(5):
        await guess(browsers.at(f"2001:db8:1:1::{number + 1}"), challenge, code, times=1)
    assert (await browsers.at("2001:db8:1:1::9").prove(same, code))[1]["code"] == "too_many_tries"
    assert (await browsers.at("2001:db8:1:2::1").prove(same, code))[0] == 200


async def test_a_known_device_gets_a_code_and_its_tries_whatever_strangers_have_used_up(
    browsers: Browsers, world: World
) -> None:
    owner, stranger = browsers.at("10.0.0.1"), browsers.at("10.0.0.2")
    account_id = await owner.sign_in(EMAIL)
    world.clock.advance(HOUR_SECONDS)
    for _ in range(5):
        assert (await stranger.ask(EMAIL))[0] == 202
        world.clock.advance(60)
    status, refused = await browsers.at("10.0.0.1").ask(EMAIL)
    assert (status, refused["code"]) == (429, "too_many_codes")
    status, challenge = await owner.ask(EMAIL)
    assert status == 202, challenge
    code = await world.code()
    for number in range(60):
        await guess(browsers.at(f"10.1.0.{number}"), challenge, code, times=5)
    blocked = await browsers.at("10.2.0.1").prove({"challenge_id": challenge["challenge_id"]}, code)
    assert blocked[1]["code"] == "too_many_tries"
    assert "long code" in blocked[1]["next_action"]
    status, tokens = await owner.prove({"challenge_id": challenge["challenge_id"]}, code)
    assert (status, tokens["account_id"]) == (200, account_id)


async def test_a_known_device_asks_five_times_an_hour_and_a_minute_apart(browsers: Browsers, world: World) -> None:
    owner = browsers.at("10.0.0.1")
    await owner.sign_in(EMAIL)
    answers = []
    for pause_seconds in (0, 59.999, 0.001, 60, 60, 60, 60):
        world.clock.advance(pause_seconds)
        status, answer = await owner.ask(EMAIL)
        answers.append(answer["code"] if status == 429 else status)
    assert answers == [202, "code_sent_just_now", 202, 202, 202, 202, "too_many_codes"]


async def test_the_device_of_another_account_is_a_stranger(browsers: Browsers, world: World) -> None:
    other = browsers.at("10.0.0.2")
    await other.sign_in("lain@example.org")
    _, challenge = await browsers.at("10.0.0.1").ask(EMAIL)
    assert (await other.ask(EMAIL))[1]["code"] == "code_sent_just_now"
    await guess(other, challenge, await world.code())
    assert (await other.prove({"challenge_id": challenge["challenge_id"]}, await world.code()))[0] == 429


async def test_the_long_code_of_the_message_opens_after_every_other_try_is_used_up(
    browsers: Browsers, world: World
) -> None:
    owner, stranger = browsers.at("10.0.0.1"), browsers.at("10.0.0.2")
    for _ in range(5):
        _, challenge = await stranger.ask(EMAIL)
        world.clock.advance(60)
    message = (await world.codes())[-1]
    same = {"challenge_id": challenge["challenge_id"]}
    await guess(owner, challenge, message["code"])
    assert (await owner.prove(same, "2222-2222-2222"))[1]["code"] == "too_many_tries"
    world.clock.advance(HOUR_SECONDS - 60 - 0.001)
    assert (await browsers.at("10.0.0.3").prove(same, message["code"]))[1]["code"] == "code_expired"
    assert (await owner.prove(same, message["long_code"].lower().replace("-", "")))[0] == 200


async def spend_guesses(browsers: Browsers, world: World, challenge: Any) -> None:
    """Type wrong codes from sixty network addresses, until the address had its guesses of the day."""
    code = await world.code(challenge["challenge_id"])
    for number in range(60):
        await guess(browsers.at(f"10.1.{number}.1"), challenge, code, times=5)


async def test_strangers_do_not_lock_the_owner_of_two_addresses_out(browsers: Browsers, world: World) -> None:
    await home_of_two_addresses(browsers)
    owner = browsers.at("10.0.0.2")
    _, challenge = await owner.ask(EMAIL)
    await spend_guesses(browsers, world, challenge)
    _, problem = await owner.prove(challenge, await world.code())
    assert (problem["code"], "long code" in problem["next_action"]) == ("too_many_tries", True)
    long_code = (await world.codes())[-1]["long_code"]
    _, problem = await owner.prove(challenge, long_code)
    assert (problem["code"], problem["tries_left"]) == ("second_code_needed", 5)
    second = await second_code(world, challenge)
    _, problem = await owner.prove(challenge, long_code, second_code=other_code(second))
    assert (problem["code"], problem["tries_left"]) == ("code_wrong", 4)
    assert (await owner.prove(challenge, long_code, second_code=second))[0] == 200


async def test_a_wrong_first_code_takes_no_try_of_the_second(browsers: Browsers, world: World) -> None:
    await home_of_two_addresses(browsers)
    owner, stranger = browsers.at("10.0.0.2"), browsers.at("10.0.0.3")
    _, challenge = await owner.ask(EMAIL)
    code = await world.code()
    await owner.prove(challenge, code)
    second = await second_code(world, challenge)
    same = {"challenge_id": challenge["challenge_id"]}
    for left in (4, 3, 2, 1, 0):
        _, problem = await stranger.prove(same, other_code(code), second_code=second)
        assert (problem["code"], problem["tries_left"]) == ("code_wrong", left)
    long_code = (await world.codes())[-2]["long_code"]
    assert (await stranger.prove(same, long_code))[1]["tries_left"] == 5
    assert (await stranger.prove(same, long_code, second_code=second))[0] == 200


async def test_tries_of_a_second_code_count_as_long_as_the_long_code_does(browsers: Browsers, world: World) -> None:
    await home_of_two_addresses(browsers)
    thief = browsers.at("10.0.0.2")
    _, challenge = await thief.ask(PHONE)
    long_code = (await world.codes())[-1]["long_code"]
    await thief.prove(challenge, long_code)
    wrong = other_code(await second_code(world, challenge))
    world.clock.advance(HOUR_SECONDS - 60)
    answers = [(await thief.prove(challenge, long_code, second_code=wrong))[1] for _ in range(6)]
    assert [problem["code"] for problem in answers] == ["code_wrong"] * 5 + ["too_many_tries"]
    assert not any("long code" in problem["next_action"] for problem in answers), "it is not what was refused"


def test_second_codes_have_a_count_of_a_day_of_their_own() -> None:
    now, limits, day = World().now(), CodeRules(), timedelta(days=1)
    first = rules.FreshCode("first", rules.Channel.EMAIL, "ask")
    state = rules.open_challenge(rules.Purpose.SIGN_IN, "sealed", first, limits, now, language="id")

    def ask_second(at: datetime) -> None:
        nonlocal state
        state = rules.with_second_code(state, "second", rules.Channel.SMS, limits, at)

    def guess_second(network: int, at: datetime) -> rules.Verdict:
        nonlocal state
        trier = Trier(Trying.NETWORK, str(network))
        verdict, state = rules.judge(state, lambda hashed: hashed == "first", "try", limits, at, trier=trier)
        return verdict

    ask_second(now)
    verdicts = {guess_second(number // limits.tries, now) for number in range(limits.second_guesses_per_day)}
    assert (verdicts, state.guesses) == ({rules.Verdict.SECOND_WRONG}, 0)
    later = now + day - timedelta(seconds=1)
    ask_second(later)
    assert guess_second(999, later) is rules.Verdict.TOO_MANY_SECOND_TRIES
    assert guess_second(999, now + day) is rules.Verdict.SECOND_WRONG


async def test_the_long_code_counts_for_an_hour_and_only_of_the_newest_message(
    browsers: Browsers, world: World
) -> None:
    owner = browsers.at("10.0.0.1")
    _, challenge = await owner.ask(EMAIL)
    first = (await world.codes())[-1]["long_code"]
    world.clock.advance(60)
    await owner.ask(EMAIL)
    newest = (await world.codes())[-1]["long_code"]
    assert (await owner.prove(challenge, first))[1]["code"] == "code_wrong"
    world.clock.advance(HOUR_SECONDS)
    assert (await owner.prove(challenge, newest))[1]["code"] == "code_expired"


async def test_an_older_askers_secret_is_none_for_a_newer_code(browsers: Browsers, world: World) -> None:
    stranger, owner = browsers.at("10.0.0.2"), browsers.at("10.0.0.1")
    _, earlier = await stranger.ask(EMAIL)
    world.clock.advance(60)
    await owner.ask(EMAIL)
    code = await world.code()
    for _ in range(5):
        await stranger.prove(earlier, other_code(code))
    assert (await stranger.prove(earlier, code))[1]["code"] == "too_many_tries"
    assert (await owner.get(f"/v1/challenges/{earlier['challenge_id']}"))[1]["tries_left"] == 5


def test_an_address_has_three_hundred_guesses_a_day_and_a_known_device_is_not_counted() -> None:
    now, limits = World().now(), CodeRules()
    state = rules.open_challenge(
        rules.Purpose.SIGN_IN,
        "sealed",
        rules.FreshCode("right", rules.Channel.EMAIL, "ask"),
        limits,
        now,
        language="id",
    )
    for number in range(60):
        for _ in range(5):
            trier = Trier(Trying.NETWORK, str(number))
            verdict, state = rules.judge(state, lambda _: False, "try", limits, now, trier=trier)
            assert verdict is rules.Verdict.WRONG
    fresh, device = Trier(Trying.NETWORK, "fresh"), Trier(Trying.DEVICE, "owner's")
    assert rules.tries_left(state, limits, now, fresh) == rules.tries_left(state, limits, now, Trier(Trying.ASKER)) == 0
    assert rules.tries_left(state, limits, now, device) == 5
    guesses = state.guesses
    _, state = rules.judge(state, lambda _: False, "try", limits, now, trier=device)
    assert (rules.tries_left(state, limits, now, device), state.guesses) == (4, guesses)
    day = timedelta(days=1)
    assert rules.tries_left(state, limits, now + day - timedelta(milliseconds=1), fresh) == 0
    assert rules.tries_left(state, limits, now + day, fresh) == 5
    _, state = rules.judge(state, lambda _: False, "try", limits, now + day, trier=fresh)
    assert (state.guesses, state.guessed_since) == (300, state.guessed_since)


# Staff


async def lock(stranger: Browser, username: str = "front_officer") -> None:
    answers = [(await stranger.log_in_staff(username, "wrong"))[1]["code"] for _ in range(5)]
    assert answers == ["credentials_wrong"] * 4 + ["account_locked"]


@pytest.mark.parametrize("username", ["front_officer", "tidak.ada"])
async def test_wrong_passwords_from_elsewhere_lock_no_office_network(username: str) -> None:
    world = World(office_networks="10.9.0.0/24, 2001:db8:9::/48")
    async with running(world) as browsers:
        await lock(browsers.at("10.0.0.2"), username)
        assert (await browsers.at("10.0.0.3").log_in_staff(username, STAFF_PASSWORD))[1]["code"] == "account_locked"
        for address in ("10.9.0.7", "2001:db8:9:1::7"):
            inside = browsers.at(address)
            if username == "front_officer":
                assert (await inside.log_in_staff(username, STAFF_PASSWORD))[0] == 200
            await lock(inside, username)


async def test_one_colleagues_address_locks_itself_alone() -> None:
    world = World(office_networks="10.9.0.0/24")
    async with running(world) as browsers:
        await lock(browsers.at("10.9.0.7"))
        assert (await browsers.at("10.9.0.7").log_in_staff("front_officer", STAFF_PASSWORD))[0] == 423
        assert (await browsers.at("10.9.0.8").log_in_staff("front_officer", STAFF_PASSWORD))[0] == 200
        assert (await browsers.at("10.0.0.2").log_in_staff("front_officer", STAFF_PASSWORD))[0] == 200


async def test_a_known_device_of_an_officer_is_not_locked_from_elsewhere(browsers: Browsers, world: World) -> None:
    home, stranger = browsers.at("10.0.0.1"), browsers.at("10.0.0.2")
    assert (await home.log_in_staff("front_officer", STAFF_PASSWORD))[0] == 200
    await lock(stranger)
    assert (await home.log_in_staff("front_officer", STAFF_PASSWORD))[0] == 200
    assert (await browsers.at("10.0.0.1").log_in_staff("front_officer", STAFF_PASSWORD))[0] == 423
    await lock(home)
    world.clock.advance(900)
    assert (await home.log_in_staff("front_officer", STAFF_PASSWORD))[0] == 200


async def test_the_device_of_a_colleague_is_none_of_the_officer(browsers: Browsers) -> None:
    colleague = browsers.at("10.0.0.2")
    await colleague.log_in_staff("interviewer", STAFF_PASSWORD)
    await lock(browsers.at("10.0.0.3"))
    assert (await colleague.log_in_staff("front_officer", STAFF_PASSWORD))[0] == 423


async def test_a_device_is_unknown_after_sixty_days_without_a_sign_in_or_refresh(
    browsers: Browsers, world: World
) -> None:
    home, sixty_days = browsers.at("10.0.0.1"), 60 * 86400
    await home.log_in_staff("front_officer", STAFF_PASSWORD)
    world.clock.advance(sixty_days - 1)
    await lock(browsers.at("10.0.0.2"))
    assert (await home.log_in_staff("front_officer", STAFF_PASSWORD))[0] == 200
    world.clock.advance(sixty_days)
    await lock(browsers.at("10.0.0.2"))
    assert (await home.log_in_staff("front_officer", STAFF_PASSWORD))[0] == 423


@pytest.mark.parametrize("token", ["pd1", "pd1.s.x.y.1.wrong", "pd2.a.b.c.1.d", "nonsense"])
async def test_a_device_token_that_was_not_signed_here_is_none(browsers: Browsers, world: World, token: str) -> None:
    stranger = browsers.at("10.0.0.2")
    stranger.device_token = token
    await lock(stranger)
    assert (await stranger.ask(EMAIL))[0] == 202
    assert (await stranger.ask(EMAIL))[0] == 429
