"""A new device needs both addresses of an account that has two, is told of, and can be disowned (F5, F16)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from services.identity.accounts.repository import ACCOUNT
from shared.crypto.sealed import Unsealer
from shared.events.notification import TellOfSignIn
from shared.ids import derived_id
from shared.store.port import StoreUnavailable
from tests.unit.identity.browsers import Browser, Browsers, other_code, running
from tests.unit.identity.test_address_changes import link_of
from tests.unit.identity.world import NOTIFICATION, STAFF_PASSWORD, World

EMAIL, PHONE = "budi@example.org", "+6281234567890"
DAY_SECONDS = 86_400


@pytest.fixture(autouse=True)
def _loopback_allowed(socket_enabled: None) -> None:
    """Let these tests open sockets where the unit room blocks them."""


@pytest.fixture
async def browsers(world: World) -> AsyncIterator[Browsers]:
    async with running(world) as ready:
        yield ready


async def home_of_two_addresses(browsers: Browsers) -> tuple[Browser, str]:
    """A browser that is signed in to an account with email and telephone number."""
    home = browsers.at("10.0.0.1")
    account_id = await home.sign_in(EMAIL)
    await browsers.world.change_address(account_id, phone=PHONE)
    browsers.world.clock.advance(3600)
    return home, account_id


async def news(world: World) -> list[dict[str, Any]]:
    """What addresses were told of sign-ins on new devices."""
    unsealer = Unsealer([NOTIFICATION.private_key_b64])
    return [
        {**unsealer.open_json(told.sealed, told.notice_id), "opens_at": told.opens_at}
        for told in await world.said(TellOfSignIn)
    ]


async def second_code(world: World, challenge: Any) -> str:
    return await world.code(derived_id("old address", challenge["challenge_id"]))


def path_of(told: dict[str, Any]) -> str:
    return str(told["url"]).partition(":8100")[2]


# A new device


@pytest.mark.parametrize(("identifier", "other"), [(PHONE, "email"), (EMAIL, "sms")])
async def test_a_recycled_number_or_mailbox_alone_opens_no_account_on_a_new_device(
    browsers: Browsers, world: World, identifier: str, other: str
) -> None:
    _, account_id = await home_of_two_addresses(browsers)
    new = browsers.at("10.0.0.2")
    _, challenge = await new.ask(identifier)
    code = await world.code(challenge["challenge_id"])
    for _ in range(2):
        status, problem = await new.prove(challenge, code)
        assert (status, problem["code"], problem["field"]) == (422, "second_code_needed", "/second_code")
        assert (problem["cause"], problem["second_code_channel"]) == ("not_verified", other)
    second = await second_code(world, challenge)
    assert len(await world.codes()) == 5, "a repeat sends no further code"
    status, problem = await new.prove(challenge, code, second_code=other_code(second))
    assert (status, problem["code"], problem["tries_left"]) == (422, "code_wrong", 4)
    status, tokens = await new.prove(challenge, code, second_code=second)
    assert (status, tokens["account_id"]) == (200, account_id)


async def test_a_known_device_needs_one_address_and_is_told_to_nobody(browsers: Browsers, world: World) -> None:
    home, account_id = await home_of_two_addresses(browsers)
    for identifier in (PHONE, EMAIL):
        assert await home.sign_in(identifier) == account_id
    assert await news(world) == []
    stranger = browsers.at("10.0.0.2")
    world.clock.advance(3600)
    _, challenge = await stranger.ask(PHONE)
    code = await world.code(challenge["challenge_id"])
    await stranger.prove(challenge, code)
    assert (await home.prove(challenge, code))[0] == 200, "though a second code was asked for by somebody else"


async def test_after_sixty_silent_days_the_device_is_new(browsers: Browsers, world: World) -> None:
    home, _ = await home_of_two_addresses(browsers)
    world.clock.advance(60 * DAY_SECONDS)
    _, challenge = await home.ask(PHONE)
    status, problem = await home.prove(challenge, await world.code(challenge["challenge_id"]))
    assert (status, problem["code"]) == (422, "second_code_needed")


async def test_a_refreshed_session_keeps_its_device_known(browsers: Browsers, world: World) -> None:
    home = browsers.at("10.0.0.1")
    status, challenge = await home.ask(EMAIL)
    _, tokens = await home.prove(challenge, await world.code())
    await world.change_address(tokens["account_id"], phone=PHONE)
    world.clock.advance(59 * DAY_SECONDS)
    _, renewed = await home.post("/v1/tokens/refresh", {"refresh_token": tokens["refresh_token"]})
    home.device_token = renewed["device_token"]
    world.clock.advance(59 * DAY_SECONDS)
    assert await home.sign_in(PHONE) == tokens["account_id"]
    assert status == 202


async def test_one_address_is_enough_for_an_account_that_has_one_and_it_is_told(
    browsers: Browsers, world: World
) -> None:
    await browsers.at("10.0.0.1").sign_in(EMAIL)
    assert await news(world) == []
    world.clock.advance(3600)
    await browsers.at("10.0.0.2").sign_in(EMAIL)
    (told,) = await news(world)
    assert (told["address"], told["channel"], told["opens_at"]) == (EMAIL, "email", None)


async def test_a_second_code_is_guessed_no_faster_with_the_long_code(browsers: Browsers, world: World) -> None:
    await home_of_two_addresses(browsers)
    thief = browsers.at("10.0.0.2")
    _, challenge = await thief.ask(PHONE)
    sent = (await world.codes())[-1]
    await thief.prove(challenge, sent["long_code"])
    wrong = other_code(await second_code(world, challenge))
    answers = [(await thief.prove(challenge, sent["long_code"], second_code=wrong))[1]["code"] for _ in range(6)]
    assert answers == ["code_wrong"] * 5 + ["too_many_tries"]


# This was not me


async def test_the_other_address_disowns_a_sign_in_and_both_addresses_are_asked_again(
    browsers: Browsers, world: World
) -> None:
    home, account_id = await home_of_two_addresses(browsers)
    thief = browsers.at("10.0.0.2")
    _, challenge = await thief.ask(PHONE)
    code = await world.code(challenge["challenge_id"])
    await thief.prove(challenge, code)
    assert (await thief.prove(challenge, code, second_code=await second_code(world, challenge)))[0] == 200
    (told,) = await news(world)
    assert (told["address"], told["channel"]) == (EMAIL, "email")
    owner = browsers.at("10.0.0.3")
    for _ in range(2):
        status, page = await owner.get(path_of(told))
        assert (status, "<form" in page) == (200, True)
    assert (await thief.get("/v1/account"))[1]["sessions"] == 2
    world.clock.advance(1)
    status, page = await owner.post(path_of(told))
    assert (status, "<form" in page) == (200, False)
    record = await world.store.get(ACCOUNT, account_id)
    assert record is not None and record.state.sessions == ()
    for browser in (thief, home):
        world.clock.advance(3600)
        _, challenge = await browser.ask(PHONE)
        code = await world.code(challenge["challenge_id"])
        assert (await browser.prove(challenge, code))[1]["code"] == "second_code_needed"


async def test_undoing_a_change_of_address_makes_the_device_of_whoever_changed_it_unknown(
    browsers: Browsers, world: World
) -> None:
    _, account_id = await home_of_two_addresses(browsers)
    thief = browsers.at("10.0.0.9")
    _, challenge = await thief.ask(EMAIL)
    code = await world.code(challenge["challenge_id"])
    await thief.prove(challenge, code)
    assert (await thief.prove(challenge, code, second_code=await second_code(world, challenge)))[0] == 200
    world.clock.advance(3600)
    assert await thief.sign_in(EMAIL) == account_id, "its device is known"
    world.clock.advance(1)
    await world.change_address(account_id, phone="+6281234567899")
    await world.identity.address_changes.undo(await link_of(world))
    world.clock.advance(3600)
    _, challenge = await thief.ask(EMAIL)
    status, problem = await thief.prove(challenge, await world.code(challenge["challenge_id"]))
    assert (status, problem["code"]) == (422, "second_code_needed")


async def test_a_used_link_ends_no_later_session_and_an_old_one_is_over(browsers: Browsers, world: World) -> None:
    await browsers.at("10.0.0.1").sign_in(EMAIL)
    world.clock.advance(3600)
    await browsers.at("10.0.0.2").sign_in(EMAIL)
    (told,) = await news(world)
    owner = browsers.at("10.0.0.3")
    world.clock.advance(3600)
    await owner.post(path_of(told))
    await owner.sign_in(EMAIL)
    status, page = await owner.post(path_of(told))
    assert (status, "<form" in page, (await owner.get("/v1/account"))[1]["sessions"]) == (200, False, 1)
    assert "<form" not in (await owner.get(path_of(told)))[1]
    newest = (await news(world))[-1]
    world.clock.advance(7 * DAY_SECONDS - 3600)
    world.clock.advance(3600)
    for call in (owner.get, owner.post):
        assert "does not work any more" in (await call(path_of(newest)))[1]
    assert (await owner.get("/v1/account"))[0] == 401, "its token is over; nothing else was ended"


@pytest.mark.parametrize("link", ["nonsense", "pn1.a.1.9999999999.x"])
async def test_a_link_that_was_not_made_here_does_nothing(browsers: Browsers, link: str) -> None:
    for call in (browsers.at("10.0.0.3").get, browsers.at("10.0.0.3").post):
        status, page = await call(f"/v1/logins/{link}/disown")
        assert (status, "does not work any more" in page) == (200, True)


async def test_the_link_of_an_account_that_is_gone_is_over(world: World) -> None:
    link = world.identity.signing_in._disown_links.make("gone", world.now(), world.now().replace(year=2099))
    assert await world.identity.disowning.look_at(link) == await world.identity.disowning.disown(link) == "over"


# Recovery


async def recover(browsers: Browsers, world: World, identifier: str) -> tuple[int, Any]:
    """Sign in on a new device, without the other address."""
    new = browsers.at("10.0.0.9")
    world.clock.advance(61)
    _, challenge = await new.ask(identifier)
    return await new.prove(challenge, await world.code(challenge["challenge_id"]), second_lost=True)


@pytest.mark.parametrize(
    "identifier",
    [
        pytest.param(EMAIL, marks=pytest.mark.acceptance("F5.recovery_by_email"), id="by_email"),
        pytest.param(PHONE, marks=pytest.mark.acceptance("F5.recovery_by_phone"), id="by_phone"),
    ],
)
async def test_an_account_is_recovered_by_one_address_after_the_other_had_three_days_to_object(
    browsers: Browsers, world: World, identifier: str
) -> None:
    _, account_id = await home_of_two_addresses(browsers)
    status, problem = await recover(browsers, world, identifier)
    begun = world.now()
    assert (status, problem["code"], problem["cause"]) == (409, "recovery_waits", "not_verified")
    (told,) = await news(world)
    assert told["address"] == (PHONE if identifier == EMAIL else EMAIL)
    assert told["opens_at"] is not None
    world.clock.advance(3 * DAY_SECONDS - 62)
    status, again = await recover(browsers, world, identifier)
    assert (status, again["recover_at"]) == (409, problem["recover_at"]), "waiting again does not begin again"
    assert len(await news(world)) == 1
    world.clock.advance((begun - world.now()).total_seconds() + 3 * DAY_SECONDS)
    status, tokens = await recover(browsers, world, identifier)
    assert (status, tokens["account_id"]) == (200, account_id)
    assert len(await news(world)) == 2
    assert (await recover(browsers, world, identifier))[1]["code"] == "recovery_waits", "it opened once"


async def test_whoever_objects_stops_a_recovery(browsers: Browsers, world: World) -> None:
    await home_of_two_addresses(browsers)
    await recover(browsers, world, PHONE)
    (told,) = await news(world)
    world.clock.advance(DAY_SECONDS)
    await browsers.at("10.0.0.3").post(path_of(told))
    world.clock.advance(2 * DAY_SECONDS)
    assert (await recover(browsers, world, PHONE))[1]["code"] == "recovery_waits"


async def object_between(browsers: Browsers, world: World, monkeypatch: pytest.MonkeyPatch) -> tuple[int, Any]:
    """Finish a recovery while the other address objects, after the account was read and before it is written."""
    await home_of_two_addresses(browsers)
    await recover(browsers, world, PHONE)
    (told,) = await news(world)
    world.clock.advance(3 * DAY_SECONDS)
    signing_in = type(world.identity.signing_in)
    check = signing_in._check_new_device

    async def overtaken(self: Any, *words: Any) -> Any:
        found = await check(self, *words)
        await browsers.at("10.0.0.3").post(path_of(told))
        return found

    monkeypatch.setattr(signing_in, "_check_new_device", overtaken)
    return await recover(browsers, world, PHONE)


async def test_an_objection_at_the_last_moment_counts(
    browsers: Browsers, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    status, problem = await object_between(browsers, world, monkeypatch)
    assert (status, problem["code"]) == (409, "recovery_waits")


async def test_twin_deciding_on_what_was_read_before_opens_the_account(
    browsers: Browsers, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    signing_in = type(world.identity.signing_in)
    add = signing_in._add_session
    monkeypatch.setattr(signing_in, "_add_session", lambda self, *words: add(self, *words[:-1], None))
    assert (await object_between(browsers, world, monkeypatch))[0] == 200


async def test_an_owner_who_signs_in_stops_a_recovery(browsers: Browsers, world: World) -> None:
    home, _ = await home_of_two_addresses(browsers)
    await recover(browsers, world, PHONE)
    await home.sign_in(EMAIL)
    world.clock.advance(3 * DAY_SECONDS)
    assert (await recover(browsers, world, PHONE))[1]["code"] == "recovery_waits"


async def test_a_recovery_that_is_not_finished_in_three_more_days_begins_again(
    browsers: Browsers, world: World
) -> None:
    await home_of_two_addresses(browsers)
    await recover(browsers, world, PHONE)
    world.clock.advance(6 * DAY_SECONDS)
    assert (await recover(browsers, world, PHONE))[1]["code"] == "recovery_waits"
    assert len(await news(world)) == 2


async def test_a_recovery_by_the_other_address_does_not_count(browsers: Browsers, world: World) -> None:
    await home_of_two_addresses(browsers)
    await recover(browsers, world, PHONE)
    world.clock.advance(3 * DAY_SECONDS)
    assert (await recover(browsers, world, EMAIL))[1]["code"] == "recovery_waits"


async def test_a_recovery_is_not_overwritten_by_the_other_address(browsers: Browsers, world: World) -> None:
    _, account_id = await home_of_two_addresses(browsers)
    await recover(browsers, world, EMAIL)
    begun = world.now()
    world.clock.advance(2 * DAY_SECONDS)
    _, problem = await recover(browsers, world, PHONE)
    in_six_days = (begun + timedelta(days=6)).isoformat().replace("+00:00", "Z")
    assert (problem["code"], problem["recover_at"]) == ("recovery_waits", in_six_days)
    assert len(await news(world)) == 1
    world.clock.advance(DAY_SECONDS)
    status, tokens = await recover(browsers, world, EMAIL)
    assert (status, tokens["account_id"]) == (200, account_id)


async def test_the_other_address_begins_its_recovery_once_the_first_one_is_over(
    browsers: Browsers, world: World
) -> None:
    await home_of_two_addresses(browsers)
    await recover(browsers, world, EMAIL)
    world.clock.advance(6 * DAY_SECONDS)
    await recover(browsers, world, PHONE)
    world.clock.advance(3 * DAY_SECONDS)
    assert (await recover(browsers, world, PHONE))[0] == 200


# Causes

OF_ONE_CALL = ("trace_id", "instance", "next_call")


@pytest.mark.acceptance("F5.not_verified")
async def test_a_refused_sign_in_says_that_an_address_is_not_verified_and_nothing_of_accounts(
    browsers: Browsers, world: World
) -> None:
    await home_of_two_addresses(browsers)
    answers = []
    for identifier in (EMAIL, "lain@example.org"):
        stranger = browsers.at("10.0.0.2")
        _, challenge = await stranger.ask(identifier)
        code = await world.code(challenge["challenge_id"])
        _, problem = await stranger.prove(challenge, other_code(code), second_code="000000")
        own = problem.pop("next_call")["href"].replace(challenge["challenge_id"], "")
        answers.append(
            {name: value for name, value in problem.items() if name not in ("trace_id", "instance")} | {"href": own}
        )
    assert answers[0] == answers[1], "whoever has not proven the address learns of no second one"
    _, challenge = await browsers.at("10.0.0.2").ask(PHONE)
    code = await world.code(challenge["challenge_id"])
    status, problem = await browsers.at("10.0.0.2").prove(challenge, code)
    assert (status, problem["cause"], problem["code"]) == (422, "not_verified", "second_code_needed")
    assert problem["next_action"]


@pytest.mark.acceptance("F5.service_down")
async def test_a_sign_in_that_fails_because_we_are_down_says_so_for_known_and_unknown_alike(
    browsers: Browsers, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, _ = await home_of_two_addresses(browsers)
    await home.log_in_staff("front_officer", STAFF_PASSWORD)

    async def away(*_: object, **__: object) -> None:
        raise StoreUnavailable("no primary")

    for call in ("get", "find", "insert", "save", "count_up"):
        monkeypatch.setattr(world.store, call, away)
    answers = []
    for path, body in (
        ("/v1/logins", {"identifier": EMAIL}),
        ("/v1/logins", {"identifier": "lain@example.org"}),
        ("/v1/registrations", {"email": EMAIL}),
        ("/v1/challenges/any/verification", {"code": "123456"}),
        ("/v1/staff/logins", {"username": "front_officer", "password": STAFF_PASSWORD}),
        ("/v1/staff/logins", {"username": "tidak.ada", "password": STAFF_PASSWORD}),
    ):
        status, problem = await browsers.at("10.0.0.2").post(path, body)
        answers.append((status, problem["code"], problem["title"], problem["next_action"]))
    assert {answer[:2] for answer in answers} == {(503, "unavailable")}
    assert len(set(answers)) == 1
    assert answers[0][3]


# A number at registration


@pytest.mark.acceptance("F16.on_request")
async def test_by_sms_after_a_registration_without_a_number_is_refused_in_words(
    browsers: Browsers, world: World
) -> None:
    known = await browsers.at("10.0.0.1").sign_in(EMAIL)
    await world.change_address(known, phone=PHONE)
    world.clock.advance(3600)
    answers = []
    for email in (EMAIL, "baru@example.org"):
        browser = browsers.at("10.0.0.2")
        _, challenge = await browser.post("/v1/registrations", {"email": email})
        world.clock.advance(60)
        status, problem = await browser.post(f"/v1/challenges/{challenge['challenge_id']}/resend?channel=sms")
        answers.append((status, problem["code"], problem["next_action"]))
        assert (await browser.post(f"/v1/challenges/{challenge['challenge_id']}/resend"))[0] == 202
    assert answers[0] == answers[1]
    assert answers[0][:2] == (409, "number_needed")


@pytest.mark.acceptance("F16.on_request")
async def test_a_number_given_at_registration_gets_a_code_of_its_own_on_request(
    browsers: Browsers, world: World
) -> None:
    browser = browsers.at("10.0.0.1")
    _, challenge = await browser.post("/v1/registrations", {"email": EMAIL, "phone": "0812 3456 7890"})
    assert [sent["channel"] for sent in await world.codes()] == ["email"]
    world.clock.advance(60)
    status, answer = await browser.post(f"/v1/challenges/{challenge['challenge_id']}/resend?channel=sms")
    assert (status, answer["sms_challenge_id"]) == (202, challenge["sms_challenge_id"])
    by_email, by_sms = (await world.codes())[-2:]
    assert (by_email["channel"], by_sms["channel"], by_sms["address"]) == ("email", "sms", PHONE)
    wrong = await browser.prove(challenge, by_sms["code"])
    assert by_sms["code"] == by_email["code"] or wrong[1]["code"] == "code_wrong"
    status, _ = await browser.prove({"challenge_id": answer["sms_challenge_id"]}, by_sms["code"])
    assert status == 200
    _, account = await browser.get("/v1/account")
    assert (account["email"], account["phone"]) == (None, "+62********890"), "what is not proven is not taken"


@pytest.mark.acceptance("F16.after_60s")
async def test_a_number_given_at_registration_gets_a_code_when_email_takes_too_long(
    browsers: Browsers, world: World
) -> None:
    await browsers.at("10.0.0.1").post("/v1/registrations", {"email": EMAIL, "phone": PHONE})
    world.clock.advance(59.999)
    await world.worker.run_due()
    assert len(await world.codes()) == 1
    world.clock.advance(0.001)
    await world.worker.run_due()
    assert [sent["address"] for sent in await world.codes()] == [EMAIL, PHONE]
    assert PHONE[-9:] not in repr(world.store._documents)
