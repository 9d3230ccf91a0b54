"""Second factors of staff over HTTP: enrolled, shown at a sign-in, wrong, used, lost, and who may take them away."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pyotp
import pytest

from services.identity.second_factors import factors as rules
from services.identity.second_factors.repository import SECOND_FACTORS
from shared.audit import AUDIT
from shared.ids import derived_id
from shared.tokens import Role
from tests.unit.identity.browsers import Answered, Browser, Browsers, running
from tests.unit.identity.soft_authenticator import USER_PRESENT, SoftAuthenticator, with_changed_signature
from tests.unit.identity.world import STAFF_PASSWORD, World

SITE = "http://127.0.0.1:8100"
FACTORS = "/v1/staff/second-factors"
MINUTE = 60.0


@dataclass
class Member:
    """A member of staff at a browser, with an authenticator application."""

    browser: Browser
    username: str
    secret: str = ""
    recovery_codes: tuple[str, ...] = ()

    @property
    def world(self) -> World:
        return self.browser.world

    @property
    def staff_id(self) -> str:
        return derived_id("staff", self.username)

    async def log_in(self) -> Answered:
        return await self.browser.log_in_staff(self.username, STAFF_PASSWORD)

    def code(self, steps: int = 0) -> str:
        """The code that the authenticator shows so many steps from now."""
        totp = pyotp.TOTP(self.secret)
        return totp.generate_otp(totp.timecode(self.world.clock.now()) + steps)

    def wrong_code(self) -> str:
        shown = {self.code(steps) for steps in (-1, 0, 1)}
        return next(code for code in (f"{number:06d}" for number in range(9)) if code not in shown)

    async def answer(self, login_token: str, **factor: Any) -> Answered:
        body = {"login_token": login_token, **factor}
        if self.browser.device_token:
            body["device_token"] = self.browser.device_token
        status, answer = await self.browser.post("/v1/staff/logins/second-step", body)
        if status == 200:
            self.browser.token, self.browser.device_token = answer["access_token"], answer["device_token"]
        return status, answer

    async def finish(self, **factor: Any) -> Answered:
        """Password, then this factor."""
        status, step = await self.log_in()
        assert status == 202, step
        return await self.answer(step["login_token"], **factor)

    async def sign_in(self) -> Any:
        """Password and the code of the next time step."""
        self.world.clock.advance(30)
        status, answer = await self.finish(code=self.code())
        assert status == 200, answer
        return answer

    async def enrol_totp(self, name: str = "telephone") -> Any:
        status, offered = await self.browser.post("/v1/staff/totps", {"name": name})
        assert status == 201, offered
        self.secret = offered["secret"]
        path = f"/v1/staff/totps/{offered['factor_id']}/confirmation"
        status, enrolled = await self.browser.post(path, {"code": self.code()})
        assert status == 200, enrolled
        self.recovery_codes = tuple(enrolled["recovery_codes"]) or self.recovery_codes
        return enrolled

    async def offer_passkey(self) -> Any:
        status, offered = await self.browser.post("/v1/staff/passkeys", {"name": "security key"})
        assert status == 201, offered
        return offered

    async def confirm_passkey(self, offered: Any, credential: dict[str, Any]) -> Answered:
        path = f"/v1/staff/passkeys/{offered['factor_id']}/confirmation"
        return await self.browser.post(path, {"credential": credential})

    async def enrol_passkey(self, device: SoftAuthenticator) -> Any:
        offered = await self.offer_passkey()
        status, enrolled = await self.confirm_passkey(offered, device.create(offered["options"]))
        assert status == 200, enrolled
        return enrolled


@pytest.fixture
async def browsers(socket_enabled: None) -> AsyncIterator[Browsers]:
    world = World(second_factor_needed=True)
    async with running(world) as browsers:
        await world.identity.staff.hire("operator2", STAFF_PASSWORD, Role.OPERATOR, None)
        await world.identity.staff.hire("operator3", STAFF_PASSWORD, Role.OPERATOR, None)
        yield browsers


def member(browsers: Browsers, username: str, address: str = "10.0.0.1") -> Member:
    return Member(browsers.at(address), username)


async def enrolled(browsers: Browsers, username: str, address: str = "10.0.0.1") -> Member:
    """A member with an authenticator, signed in with it."""
    who = member(browsers, username, address)
    assert (await who.log_in())[0] == 200
    await who.enrol_totp()
    await who.sign_in()
    return who


async def audit(world: World, act: str) -> list[str]:
    lines = [record.state async for record in world.store.scan(AUDIT)]
    return [line.detail or line.outcome for line in lines if line.act == act]


# Who needs one


@pytest.mark.acceptance("Y8.second_factor")
@pytest.mark.parametrize("username", ["treasurer", "operator"])
async def test_powerful_roles_without_a_factor_can_do_nothing_but_enrol_one(browsers: Browsers, username: str) -> None:
    who = member(browsers, username)
    status, tokens = await who.log_in()
    assert (status, tokens["role"]) == (200, "enrolling")
    for method, path in (("GET", "/v1/staff/members"), ("GET", "/v1/audit/identity"), ("POST", "/v1/staff/members")):
        status, problem = await who.browser.call(method, path, {} if method == "POST" else None)
        assert (status, problem["code"]) == (403, "not_allowed")
        assert problem["next_call"] == {"method": "POST", "href": "/v1/staff/totps"}
        assert problem["next_action"] == "Add a second factor, then sign in with it."
    status, me = await who.browser.get("/v1/staff/me")
    assert (status, me["needs_second_factor"], me["factors"]) == (200, True, [])
    enrolled = await who.enrol_totp()
    assert len(set(enrolled["recovery_codes"])) == 10
    assert (await who.browser.get("/v1/staff/members"))[0] == 403, "the session itself gains no power"
    answer = await who.sign_in()
    assert answer["role"] == username
    _, seen = await who.browser.get("/v1/staff/me")
    assert [session["proven_by"] for session in seen["sessions"]] == ["", "totp"]


async def test_a_session_that_can_only_enrol_keeps_that_role_when_it_is_refreshed_and_is_short(
    browsers: Browsers,
) -> None:
    who = member(browsers, "treasurer")
    _, tokens = await who.log_in()
    status, again = await who.browser.post("/v1/tokens/refresh", {"refresh_token": tokens["refresh_token"]})
    assert (status, again["role"]) == (200, "enrolling")
    who.world.clock.advance(15 * MINUTE)
    status, problem = await who.browser.post("/v1/tokens/refresh", {"refresh_token": again["refresh_token"]})
    assert (status, problem["code"]) == (401, "session_ended")


async def test_a_session_that_can_only_enrol_adds_no_second_one(browsers: Browsers) -> None:
    """A thief of the password who signed in before the owner enrolled gets nothing once the owner has."""
    thief, owner = member(browsers, "treasurer", "10.9.0.1"), member(browsers, "treasurer")
    await thief.log_in()
    _, offered = await thief.browser.post("/v1/staff/totps", {"name": "mine"})
    await owner.log_in()
    await owner.enrol_totp()
    code = pyotp.TOTP(offered["secret"]).at(owner.world.clock.now())
    for path, body in (
        ("/v1/staff/totps", {"name": "mine"}),
        ("/v1/staff/passkeys", {"name": "mine"}),
        (f"/v1/staff/totps/{offered['factor_id']}/confirmation", {"code": code}),
    ):
        status, problem = await thief.browser.post(path, body)
        assert (status, problem["code"]) == (403, "second_factor_needs_itself")
    assert (await thief.browser.call("DELETE", f"{FACTORS}/x"))[0] == 403


async def test_the_device_of_a_password_alone_is_not_known(browsers: Browsers) -> None:
    thief = member(browsers, "treasurer", "10.9.0.1")
    await thief.log_in()
    assert thief.browser.device_token
    for _ in range(5):
        await browsers.at("10.9.0.2").log_in_staff("treasurer", "wrong")
    assert (await thief.log_in())[0] == 423


async def test_counters_choose_and_a_setting_makes_all_need_one(browsers: Browsers) -> None:
    _, tokens = await member(browsers, "front_officer").log_in()
    assert tokens["role"] == "front_officer"
    world = World(second_factor_needed=True, second_factor_for_all=True)
    async with running(world) as others:
        _, tokens = await member(others, "front_officer").log_in()
        assert tokens["role"] == "enrolling"


# Authenticators


async def test_an_authenticator_is_shown_as_text_and_qr_code_and_counts_once_confirmed(browsers: Browsers) -> None:
    who = member(browsers, "front_officer")
    await who.log_in()
    status, offered = await who.browser.post("/v1/staff/totps", {"name": "telephone"})
    read = pyotp.parse_uri(offered["otpauth_uri"])
    assert isinstance(read, pyotp.TOTP)
    assert (status, read.secret, read.name, read.issuer) == (201, offered["secret"], "front_officer", "Paspor")
    assert offered["qr_svg"].startswith("<svg") and "<path" in offered["qr_svg"]
    assert (await who.log_in())[0] == 200, "what is not confirmed is not asked for"
    who.secret = offered["secret"]
    path = f"/v1/staff/totps/{offered['factor_id']}/confirmation"
    status, problem = await who.browser.post(path, {"code": who.wrong_code()})
    assert (status, problem["code"], problem["field"]) == (422, "enrolment_code_wrong", "/code")
    status, first = await who.browser.post(path, {"code": who.code()})
    assert (status, first["factor"]["name"], len(first["recovery_codes"])) == (200, "telephone", 10)
    status, again = await who.browser.post(path, {"code": who.code()})
    assert (status, again["factor"], again["recovery_codes"]) == (200, first["factor"], []), "codes are shown once"
    assert (await who.log_in())[0] == 202


async def test_what_is_offered_lasts_ten_minutes_and_the_newest_offer_counts(browsers: Browsers) -> None:
    who = member(browsers, "front_officer")
    await who.log_in()
    _, old = await who.browser.post("/v1/staff/totps", {"name": "old"})
    _, offered = await who.browser.post("/v1/staff/totps", {"name": "new"})
    for offer, seconds in ((old, 0), (offered, 600)):
        who.world.clock.advance(seconds)
        await who.log_in()
        code = pyotp.TOTP(offer["secret"]).at(who.world.clock.now())
        status, problem = await who.browser.post(f"/v1/staff/totps/{offer['factor_id']}/confirmation", {"code": code})
        assert (status, problem["code"]) == (409, "second_factor_offer_over")


async def test_secrets_and_names_are_sealed_and_recovery_codes_hashed(browsers: Browsers) -> None:
    who = await enrolled(browsers, "front_officer")
    record = await who.world.store.get(SECOND_FACTORS, who.staff_id)
    assert record is not None
    kept = str([vars(part) if hasattr(part, "__dict__") else part for part in (record.state, *record.state.totps)])
    for plain in (
        who.secret,
        "telephone",
        *who.recovery_codes,
        *(code.replace("-", "") for code in who.recovery_codes),
    ):
        assert plain not in kept
    assert len(record.state.recovery_codes) == 10


@pytest.mark.parametrize(("steps", "counts"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
async def test_one_time_step_before_and_after_counts(browsers: Browsers, steps: int, counts: bool) -> None:
    who = member(browsers, "front_officer")
    await who.log_in()
    await who.enrol_totp()
    who.world.clock.advance(10 * MINUTE)
    status, answer = await who.finish(code=who.code(steps))
    assert (status == 200) is counts
    assert counts or answer["code"] == "second_factor_wrong"


@pytest.mark.acceptance("Y8.second_factor")
async def test_a_code_counts_once(browsers: Browsers) -> None:
    who = await enrolled(browsers, "front_officer")
    used = who.code()
    status, problem = await who.finish(code=used)
    assert (status, problem["code"]) == (401, "second_code_used")
    who.world.clock.advance(30)
    assert (await who.finish(code=used))[1]["code"] == "second_code_used", "its window is open still"
    assert (await who.finish(code=who.code(1)))[0] == 200
    assert (await who.finish(code=who.code()))[1]["code"] == "second_code_used", "an older step counts no more"
    assert await audit(who.world, "sign_in_refused") == ["used_second_factor"] * 3


async def test_the_confirming_code_does_not_sign_in(browsers: Browsers) -> None:
    who = member(browsers, "front_officer")
    await who.log_in()
    await who.enrol_totp()
    assert (await who.finish(code=who.code()))[1]["code"] == "second_code_used"


async def sessions_opened_by_one_code(browsers: Browsers) -> int:
    """One code is shown at four sign-ins at the same moment."""
    who = await enrolled(browsers, "front_officer")
    who.world.clock.advance(30)
    tokens = [(await who.log_in())[1]["login_token"] for _ in range(4)]
    answers = await asyncio.gather(*(who.answer(token, code=who.code()) for token in tokens))
    return sum(status == 200 for status, _ in answers)


async def test_one_code_sent_four_times_at_the_same_moment_opens_one_session(browsers: Browsers) -> None:
    assert await sessions_opened_by_one_code(browsers) == 1


async def test_without_the_remembered_time_step_one_code_opens_four_sessions(
    browsers: Browsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin: a code that was used is not remembered."""
    monkeypatch.setattr(rules, "use_totp", lambda factors, *_used: factors)
    assert await sessions_opened_by_one_code(browsers) == 4


async def sessions_opened_by_one_login(browsers: Browsers) -> int:
    """One sign-in is answered by four right factors at the same moment."""
    who = await enrolled(browsers, "front_officer")
    who.world.clock.advance(30)
    _, step = await who.log_in()
    token = step["login_token"]
    answers = await asyncio.gather(
        who.answer(token, code=who.code()), *(who.answer(token, recovery_code=code) for code in who.recovery_codes[:3])
    )
    return sum(status == 200 for status, _ in answers)


async def test_one_sign_in_answered_four_times_at_the_same_moment_opens_one_session(browsers: Browsers) -> None:
    assert await sessions_opened_by_one_login(browsers) == 1


async def test_a_sign_in_that_is_not_closed_by_its_answer_opens_four_sessions(
    browsers: Browsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The twin: the answer leaves the sign-in open."""
    monkeypatch.setattr(rules, "close_login", lambda factors, _login_id: factors)
    assert await sessions_opened_by_one_login(browsers) == 4


async def test_the_code_of_another_member_is_wrong(browsers: Browsers) -> None:
    who, other = await enrolled(browsers, "front_officer"), await enrolled(browsers, "interviewer")
    other.world.clock.advance(30)
    status, problem = await who.finish(code=other.code())
    assert (status, problem["code"]) == (401, "second_factor_wrong")
    assert (await who.finish(recovery_code=other.recovery_codes[0]))[1]["code"] == "second_factor_wrong"


# The step between


async def test_a_step_is_answered_once_and_within_five_minutes(browsers: Browsers) -> None:
    who = await enrolled(browsers, "front_officer")
    who.world.clock.advance(30)
    _, step = await who.log_in()
    assert (step["ways"], step["passkey_options"]) == (["totp", "recovery_code"], None)
    assert (await who.answer(step["login_token"], code=who.code()))[0] == 200
    status, problem = await who.answer(step["login_token"], recovery_code=who.recovery_codes[0])
    assert (status, problem["code"]) == (401, "second_step_over")
    assert problem["next_call"] == {"method": "POST", "href": "/v1/staff/logins"}
    _, step = await who.log_in()
    who.world.clock.advance(5 * MINUTE - 0.001)
    assert (await who.answer(step["login_token"], code=who.wrong_code()))[1]["code"] == "second_factor_wrong"
    who.world.clock.advance(0.001)
    assert (await who.answer(step["login_token"], code=who.code()))[1]["code"] == "second_step_over"


@pytest.mark.parametrize("token", ["pl1.a.b.c", "nothing", "pl1.x"])
async def test_a_made_up_step_is_over(browsers: Browsers, token: str) -> None:
    who = await enrolled(browsers, "front_officer")
    assert (await who.answer(token, code=who.code()))[1]["code"] == "second_step_over"


async def test_a_step_dies_with_the_password_that_began_it(browsers: Browsers) -> None:
    who = await enrolled(browsers, "front_officer")
    _, step = await who.log_in()
    own = {"username": who.username, "password": STAFF_PASSWORD, "new_password": "four words nobody joins"}
    assert (await who.browser.call("PUT", "/v1/staff/password", own))[0] == 204
    who.world.clock.advance(30)
    assert (await who.answer(step["login_token"], code=who.code()))[1]["code"] == "second_step_over"


async def test_a_locked_member_is_told_so_at_the_second_step(browsers: Browsers) -> None:
    who = await enrolled(browsers, "front_officer")
    head = member(browsers, "office_admin", "10.0.0.2")
    await head.log_in()
    who.world.clock.advance(30)
    _, step = await who.log_in()
    place = f"/v1/staff/members/{who.staff_id}/lock"
    assert (await head.browser.post(place, {"reason": "suspected_misuse"}))[0] == 200
    assert (await who.answer(step["login_token"], code=who.code()))[1]["code"] == "staff_suspended"


@pytest.mark.parametrize("factors", [{}, {"code": "123456", "recovery_code": "a"}])
async def test_exactly_one_factor_is_shown(browsers: Browsers, factors: dict[str, str]) -> None:
    who = member(browsers, "front_officer")
    status, problem = await who.answer("pl1.a.b.c", **factors)
    assert (status, problem["code"]) == (422, "malformed")


# Wrong ones


async def test_wrong_codes_lock_where_they_come_from_and_a_right_password_buys_none(browsers: Browsers) -> None:
    owner = await enrolled(browsers, "front_officer")
    thief = member(browsers, "front_officer", "10.9.0.1")
    thief.secret = owner.secret
    codes = [(await thief.finish(code=thief.wrong_code()))[1]["code"] for _ in range(5)]
    assert codes == ["second_factor_wrong"] * 4 + ["account_locked"]
    assert (await thief.log_in())[1]["code"] == "account_locked"
    assert (await owner.sign_in())["role"] == "front_officer", "a known device is not locked out"
    assert await audit(owner.world, "sign_in_refused") == ["wrong_second_factor"] * 5


async def test_right_passwords_without_a_second_factor_lock_nothing(browsers: Browsers) -> None:
    who = await enrolled(browsers, "front_officer")
    stranger = member(browsers, "front_officer", "10.9.0.1")
    assert [(await stranger.log_in())[0] for _ in range(7)] == [202] * 7
    await who.sign_in()


async def test_wrong_codes_of_a_day_stop_codes_from_unknown_devices_alone(browsers: Browsers) -> None:
    owner = await enrolled(browsers, "front_officer")
    key = SoftAuthenticator(SITE)
    await owner.enrol_passkey(key)
    thief = member(browsers, "front_officer", "10.9.0.1")
    thief.secret = owner.secret
    for _ in range(30):
        owner.world.clock.advance(4 * MINUTE)
        answer = await thief.finish(code=thief.wrong_code())
        if answer[1]["code"] == "account_locked":
            owner.world.clock.advance(16 * MINUTE)
    status, problem = await thief.finish(code=owner.code())
    assert (status, problem["code"]) == (423, "second_codes_locked"), "even the right code does not count"
    owner.world.clock.advance(16 * MINUTE)
    new = member(browsers, "front_officer", "10.9.0.2")
    _, step = await new.log_in()
    assert (await new.answer(step["login_token"], passkey=key.get(step["passkey_options"])))[0] == 200
    other = member(browsers, "front_officer", "10.9.0.3")
    assert (await other.finish(recovery_code=owner.recovery_codes[0]))[0] == 200
    await owner.sign_in()
    _, me = await owner.browser.get("/v1/staff/me")
    assert me["wrong_codes"] == 30
    owner.world.clock.advance(24 * 60 * MINUTE)
    third = member(browsers, "front_officer", "10.9.0.4")
    assert (await third.finish(code=owner.code()))[0] == 200


# Passkeys


@pytest.mark.acceptance("Y8.second_factor")
async def test_a_passkey_is_enrolled_and_signs_in(browsers: Browsers) -> None:
    who, key = member(browsers, "treasurer"), SoftAuthenticator(SITE)
    await who.log_in()
    offered = await who.offer_passkey()
    options = offered["options"]
    assert options["rp"] == {"name": "Paspor", "id": "127.0.0.1"}
    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert options["attestation"] == "none"
    status, made = await who.confirm_passkey(offered, key.create(options))
    assert (status, made["factor"]["kind"], len(made["recovery_codes"])) == (200, "passkey", 10)
    assert (await who.confirm_passkey(offered, key.create(options)))[1]["recovery_codes"] == []
    status, step = await who.log_in()
    assert (status, step["ways"]) == (202, ["passkey", "recovery_code"])
    status, tokens = await who.answer(step["login_token"], passkey=key.get(step["passkey_options"]))
    assert (status, tokens["role"]) == (200, "treasurer")
    _, listed = await who.browser.get(FACTORS)
    assert [(factor["kind"], factor["used_at"] is not None) for factor in listed["factors"]] == [("passkey", True)]


WRONG_MADE = {
    "other origin": SoftAuthenticator("https://paspor.example"),
    "other site": SoftAuthenticator(SITE, domain="paspor.example"),
    "no PIN": SoftAuthenticator(SITE, flags=USER_PRESENT),
}


@pytest.mark.parametrize("wrong", WRONG_MADE)
async def test_a_passkey_of_another_page_or_without_a_pin_is_not_enrolled(browsers: Browsers, wrong: str) -> None:
    who = member(browsers, "treasurer")
    await who.log_in()
    offered = await who.offer_passkey()
    status, problem = await who.confirm_passkey(offered, WRONG_MADE[wrong].create(offered["options"]))
    assert (status, problem["code"], problem["field"]) == (422, "passkey_not_usable", "/credential")
    right = SoftAuthenticator(SITE).create(offered["options"])
    status, problem = await who.confirm_passkey(offered, right)
    assert (status, problem["code"]) == (409, "second_factor_offer_over"), "its challenge is used up"
    assert (await who.log_in())[0] == 200, "none is enrolled"


async def test_an_old_challenge_enrols_no_passkey(browsers: Browsers) -> None:
    who, key = member(browsers, "treasurer"), SoftAuthenticator(SITE)
    await who.log_in()
    old = await who.offer_passkey()
    offered = await who.offer_passkey()
    assert (await who.confirm_passkey(old, key.create(old["options"])))[1]["code"] == "second_factor_offer_over"
    assert (await who.confirm_passkey(offered, key.create(old["options"])))[1]["code"] == "passkey_not_usable"


async def test_one_passkey_is_not_enrolled_twice(browsers: Browsers) -> None:
    who, key = member(browsers, "treasurer"), SoftAuthenticator(SITE)
    await who.log_in()
    await who.enrol_passkey(key)
    _, step = await who.log_in()
    await who.answer(step["login_token"], passkey=key.get(step["passkey_options"]))
    offered = await who.offer_passkey()
    assert [known["id"] for known in offered["options"]["excludeCredentials"]] == ["cGFzc2tleS0x"]
    status, problem = await who.confirm_passkey(offered, key.create(offered["options"]))
    assert (status, problem["code"]) == (422, "passkey_not_usable")


async def with_passkey(browsers: Browsers, key: SoftAuthenticator, username: str = "treasurer") -> Member:
    """A member with this passkey, signed in with it once."""
    who = member(browsers, username)
    await who.log_in()
    await who.enrol_passkey(key)
    _, step = await who.log_in()
    status, answer = await who.answer(step["login_token"], passkey=key.get(step["passkey_options"]))
    assert status == 200, answer
    return who


async def refused_passkey(who: Member, credential: dict[str, Any], step: Any) -> None:
    """The answer is refused in words, and its challenge is used up even for a right one."""
    status, problem = await who.answer(step["login_token"], passkey=credential)
    assert (status, problem["code"], problem["field"]) == (401, "second_factor_wrong", "/passkey")
    assert problem["detail"] or problem["title"]
    assert (await who.answer(step["login_token"], passkey=credential))[1]["code"] == "second_step_over"


@pytest.mark.acceptance("Y8.second_factor")
async def test_a_replayed_answer_of_a_passkey_is_refused(browsers: Browsers) -> None:
    key = SoftAuthenticator(SITE, step=0)
    who = await with_passkey(browsers, key)
    _, first = await who.log_in()
    answer = key.get(first["passkey_options"])
    assert (await who.answer(first["login_token"], passkey=answer))[0] == 200
    assert (await who.answer(first["login_token"], passkey=answer))[1]["code"] == "second_step_over"
    _, second = await who.log_in()
    await refused_passkey(who, answer, second)


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": "https://paspor.example"},
        {"domain": "paspor.example"},
        {"flags": USER_PRESENT},
        {"counter": 0, "step": 0},
        {"counter": 0},
    ],
    ids=["other origin", "other site", "no PIN", "counter back to 0", "counter as before"],
)
async def test_an_answer_of_another_page_without_a_pin_or_with_an_old_counter_is_refused(
    browsers: Browsers, wrong: dict[str, Any]
) -> None:
    key = SoftAuthenticator(SITE)
    who = await with_passkey(browsers, key)
    _, step = await who.log_in()
    for name, value in wrong.items():
        setattr(key, name, value)
    await refused_passkey(who, key.get(step["passkey_options"]), step)


async def test_a_synced_passkey_counts_nothing_and_signs_in_again(browsers: Browsers) -> None:
    key = SoftAuthenticator(SITE, step=0)
    who = await with_passkey(browsers, key)
    _, step = await who.log_in()
    assert (await who.answer(step["login_token"], passkey=key.get(step["passkey_options"])))[0] == 200


async def test_the_passkey_of_another_member_and_a_changed_signature_are_refused(browsers: Browsers) -> None:
    key, other = SoftAuthenticator(SITE), SoftAuthenticator(SITE, name=b"passkey-2")
    who = await with_passkey(browsers, key)
    await with_passkey(browsers, other, "operator")
    _, step = await who.log_in()
    await refused_passkey(who, other.get(step["passkey_options"]), step)
    _, step = await who.log_in()
    stranger = SoftAuthenticator(SITE, counter=10)
    await refused_passkey(who, stranger.get(step["passkey_options"]), step)
    _, step = await who.log_in()
    await refused_passkey(who, with_changed_signature(key.get(step["passkey_options"])), step)


async def test_bytes_that_are_no_answer_are_refused(browsers: Browsers) -> None:
    key = SoftAuthenticator(SITE)
    who = await with_passkey(browsers, key)
    _, step = await who.log_in()
    answer = key.get(step["passkey_options"])
    await refused_passkey(who, {**answer, "response": dict.fromkeys(answer["response"], "AAAA")}, step)
    offered = await who.offer_passkey()
    made = key.create(offered["options"])
    status, problem = await who.confirm_passkey(offered, {**made, "response": dict.fromkeys(made["response"], "AAAA")})
    assert (status, problem["code"]) == (422, "passkey_not_usable")


# Recovery codes


async def test_a_recovery_code_counts_once_however_it_is_typed(browsers: Browsers) -> None:
    who = await enrolled(browsers, "treasurer")
    code = who.recovery_codes[3]
    assert (await who.finish(recovery_code=code.upper().replace("-", " ")))[0] == 200
    status, problem = await who.finish(recovery_code=code)
    assert (status, problem["code"], problem["field"]) == (401, "second_factor_wrong", "/recovery_code")
    _, me = await who.browser.get("/v1/staff/me")
    assert (me["recovery_codes_left"], me["sessions"][-1]["proven_by"]) == (9, "recovery_code")


async def test_new_recovery_codes_end_the_old_ones(browsers: Browsers) -> None:
    who = await enrolled(browsers, "treasurer")
    status, made = await who.browser.post("/v1/staff/recovery-codes")
    assert (status, len(made["recovery_codes"])) == (201, 10)
    assert (await who.finish(recovery_code=who.recovery_codes[0]))[1]["code"] == "second_factor_wrong"
    assert (await who.finish(recovery_code=made["recovery_codes"][0]))[0] == 200


async def test_recovery_codes_stand_in_for_a_factor_only(browsers: Browsers) -> None:
    who = member(browsers, "front_officer")
    await who.log_in()
    status, problem = await who.browser.post("/v1/staff/recovery-codes")
    assert (status, problem["code"]) == (409, "no_second_factor")


# Changing one's own


async def test_factors_are_named_listed_and_removed_but_the_last_one_stays_where_it_is_needed(
    browsers: Browsers,
) -> None:
    who = await enrolled(browsers, "treasurer")
    await who.enrol_passkey(SoftAuthenticator(SITE))
    _, listed = await who.browser.get(FACTORS)
    totp, passkey = listed["factors"]
    assert [(totp["kind"], totp["name"]), (passkey["kind"], passkey["name"])] == [
        ("totp", "telephone"),
        ("passkey", "security key"),
    ]
    assert (await who.browser.call("DELETE", f"{FACTORS}/{totp['factor_id']}"))[0] == 204
    status, problem = await who.browser.call("DELETE", f"{FACTORS}/{passkey['factor_id']}")
    assert (status, problem["code"]) == (409, "last_second_factor_stays")
    status, problem = await who.browser.call("DELETE", f"{FACTORS}/{totp['factor_id']}")
    assert (status, problem["code"]) == (404, "second_factor_unknown")
    _, step = await who.log_in()
    assert step["ways"] == ["passkey", "recovery_code"]


async def test_who_needs_none_removes_the_last_one_and_its_recovery_codes(browsers: Browsers) -> None:
    who = await enrolled(browsers, "front_officer")
    _, step = await who.log_in()
    _, listed = await who.browser.get(FACTORS)
    assert (await who.browser.call("DELETE", f"{FACTORS}/{listed['factors'][0]['factor_id']}"))[0] == 204
    assert (await who.answer(step["login_token"], recovery_code=who.recovery_codes[0]))[1]["code"] == "second_step_over"
    assert (await who.log_in())[0] == 200
    assert (await who.browser.get("/v1/staff/me"))[1]["recovery_codes_left"] == 0


async def test_ten_are_the_most(browsers: Browsers) -> None:
    who = await enrolled(browsers, "front_officer")
    for number in range(2, 11):
        await who.enrol_totp(f"telephone {number}")
    status, problem = await who.browser.post("/v1/staff/passkeys", {"name": "one more"})
    assert (status, problem["code"]) == (409, "too_many_second_factors")


async def test_a_token_that_is_stolen_later_changes_no_factor(browsers: Browsers) -> None:
    who = await enrolled(browsers, "treasurer")
    tokens = await who.sign_in()
    _, offered = await who.browser.post("/v1/staff/totps", {"name": "in time"})
    _, listed = await who.browser.get(FACTORS)
    who.world.clock.advance(15 * MINUTE - 0.001)
    _, refreshed = await who.browser.post("/v1/tokens/refresh", {"refresh_token": tokens["refresh_token"]})
    who.browser.token = refreshed["access_token"]
    assert (await who.browser.post("/v1/staff/recovery-codes"))[0] == 201
    who.world.clock.advance(0.001)
    answers = [
        await who.browser.post("/v1/staff/totps", {"name": "mine"}),
        await who.browser.post("/v1/staff/passkeys", {"name": "mine"}),
        await who.browser.post(f"/v1/staff/totps/{offered['factor_id']}/confirmation", {"code": "123456"}),
        await who.browser.post("/v1/staff/recovery-codes"),
        await who.browser.call("DELETE", f"{FACTORS}/{listed['factors'][0]['factor_id']}"),
    ]
    assert {(status, problem["code"]) for status, problem in answers} == {(403, "fresh_sign_in_needed")}


async def test_a_session_from_before_the_factor_changes_nothing_of_it(browsers: Browsers) -> None:
    """Somebody who knows the password is signed in while its owner enrols: they get no recovery codes and no factor."""
    thief, owner = member(browsers, "front_officer", "10.9.0.1"), member(browsers, "front_officer")
    assert (await thief.log_in())[0] == (await owner.log_in())[0] == 200
    _, offered = await thief.browser.post("/v1/staff/totps", {"name": "mine"})
    enrolled_factor = (await owner.enrol_totp())["factor"]
    mine = pyotp.TOTP(offered["secret"]).at(owner.world.clock.now())
    answers = [
        await thief.browser.post("/v1/staff/recovery-codes"),
        await thief.browser.post("/v1/staff/totps", {"name": "mine"}),
        await thief.browser.post(f"/v1/staff/totps/{offered['factor_id']}/confirmation", {"code": mine}),
        await thief.browser.post("/v1/staff/passkeys", {"name": "mine"}),
        await thief.browser.call("DELETE", f"{FACTORS}/{enrolled_factor['factor_id']}"),
    ]
    assert {(status, problem["code"]) for status, problem in answers} == {(403, "second_factor_needs_itself")}
    await owner.sign_in()
    assert (await owner.browser.post("/v1/staff/recovery-codes"))[0] == 201


@pytest.mark.parametrize("place", ["office", "elsewhere", "device"])
async def test_wrong_codes_of_a_day_add_up_over_all_addresses_of_a_kind(socket_enabled: None, place: str) -> None:
    """Each address of an office, and each known device, has tries of its own before it locks: together they have 30."""
    world = World(second_factor_needed=True, office_networks="10.8.0.0/16")
    async with running(world) as browsers:
        owner = await enrolled(browsers, "front_officer")
        network = "10.9.0" if place == "elsewhere" else "10.8.0"
        for number in range(30):
            thief = member(browsers, "front_officer", f"{network}.{number // 3 + 1}")
            thief.secret = owner.secret
            if place == "device":
                thief.browser.device_token = owner.browser.device_token
            world.clock.advance(1 * MINUTE)
            if (await thief.finish(code=thief.wrong_code()))[1]["code"] == "account_locked":
                assert place != "office", "each of its addresses had three"
                world.clock.advance(16 * MINUTE)
        last = member(browsers, "front_officer", f"{network}.99")
        if place == "device":
            last.browser.device_token = owner.browser.device_token
        assert (await last.finish(code=owner.code()))[1]["code"] == "second_codes_locked"
        assert (await last.finish(recovery_code=owner.recovery_codes[0]))[0] == 200
        others = {"office": "10.9.0.77", "elsewhere": "10.8.0.77", "device": "10.8.0.77"}
        free = member(browsers, "front_officer", others[place])
        world.clock.advance(30)
        assert (await free.finish(code=owner.code()))[0] == 200, "another kind of place goes on"


async def test_whoever_knows_the_password_pushes_out_no_sign_in_of_a_known_device(browsers: Browsers) -> None:
    owner = await enrolled(browsers, "front_officer")
    owner.world.clock.advance(30)
    _, step = await owner.log_in()
    thief = member(browsers, "front_officer", "10.9.0.1")
    assert [(await thief.log_in())[0] for _ in range(11)] == [202] * 11
    assert (await owner.answer(step["login_token"], code=owner.code()))[0] == 200
