"""Lost second factors, reset by two people over HTTP; one's own account; sign-ins on new devices."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.identity.second_factors.repository import SecondFactorRepository
from services.identity.staff.administration import Act
from services.identity.staff.member import StaffReason
from services.identity.staff.repository import STAFF
from shared.events.identity import SessionEnded
from shared.events.notification import TellOfSignIn
from shared.tokens import Caller, Role
from tests.unit.identity.browsers import Answered, Browsers, running
from tests.unit.identity.test_second_factors import Member, audit, enrolled, member
from tests.unit.identity.world import STAFF_PASSWORD, World

LOST = {"reason": "replacement"}


@pytest.fixture
async def browsers(socket_enabled: None) -> AsyncIterator[Browsers]:
    world = World(second_factor_needed=True)
    async with running(world) as browsers:
        for username in ("operator2", "operator3"):
            await world.identity.staff.hire(username, STAFF_PASSWORD, Role.OPERATOR, None)
        await world.identity.staff.hire("head_north", STAFF_PASSWORD, Role.OFFICE_ADMIN, "jakarta-utara")
        yield browsers


def place(who: Member, act: str = "") -> str:
    return f"/v1/staff/members/{who.staff_id}/second-factor-reset{act}"


async def ask(by: Member, who: Member, act: str = "") -> Answered:
    return await by.browser.post(place(who, act), LOST)


@pytest.mark.acceptance("Y8.second_factor")
async def test_two_operators_reset_a_lost_factor_of_a_treasurer(browsers: Browsers) -> None:
    treasurer = await enrolled(browsers, "treasurer")
    first, second = await enrolled(browsers, "operator", "10.0.0.2"), await enrolled(browsers, "operator2", "10.0.0.3")
    status, asked = await ask(first, treasurer)
    assert (status, asked["factor_count"], asked["request"]["asked_by"]) == (200, 1, first.staff_id)
    status, problem = await ask(second, treasurer)
    assert (status, problem["code"], problem["next_call"]["href"]) == (
        409,
        "second_factor_reset_pending",
        place(treasurer),
    )
    status, problem = await ask(first, treasurer, "/agreement")
    assert (status, problem["code"]) == (403, "second_person_for_reset")
    assert (await treasurer.browser.get("/v1/staff/me"))[0] == 200
    status, done = await ask(second, treasurer, "/agreement")
    assert (status, done) == (200, {"staff_id": treasurer.staff_id, "factor_count": 0, "request": None})
    status, problem = await treasurer.browser.post("/v1/staff/recovery-codes")
    assert (status, problem["code"]) == (401, "session_over")
    status, tokens = await treasurer.log_in()
    assert (status, tokens["role"]) == (200, "enrolling"), "a password alone opens nothing but enrolment"
    assert (await second.browser.get(place(treasurer)))[1]["request"] is None
    assert (await ask(second, treasurer, "/agreement"))[1]["code"] == "no_second_factor_reset_asked"
    world = browsers.world
    assert await audit(world, "ask_second_factor_reset") and await audit(world, "agree_to_second_factor_reset")


async def test_a_head_and_an_operator_reset_the_factor_of_a_counter(browsers: Browsers) -> None:
    officer = await enrolled(browsers, "front_officer")
    head, other = member(browsers, "office_admin", "10.0.0.2"), member(browsers, "head_north", "10.0.0.4")
    await head.log_in()
    await other.log_in()
    operator = await enrolled(browsers, "operator", "10.0.0.3")
    assert (await ask(other, officer))[1]["code"] == "not_your_office"
    assert (await other.browser.get(place(officer)))[1]["code"] == "not_your_office"
    assert (await ask(head, officer))[0] == 200
    assert (await ask(head, officer, "/agreement"))[1]["code"] == "second_person_for_reset"
    assert (await ask(other, officer, "/agreement"))[1]["code"] == "not_your_office"
    assert (await ask(operator, officer, "/agreement"))[0] == 200
    assert (await officer.log_in())[0] == 200


async def test_a_reset_is_refused_or_taken_back(browsers: Browsers) -> None:
    treasurer = await enrolled(browsers, "treasurer")
    operator = await enrolled(browsers, "operator", "10.0.0.2")
    assert (await ask(operator, treasurer, "/refusal"))[1]["code"] == "no_second_factor_reset_asked"
    await ask(operator, treasurer)
    assert (await ask(operator, treasurer, "/refusal"))[1]["request"] is None
    assert (await treasurer.finish(recovery_code=treasurer.recovery_codes[0]))[0] == 200


async def test_nobody_resets_themselves_a_head_no_treasurer_and_a_counter_nobody(browsers: Browsers) -> None:
    operator, treasurer = await enrolled(browsers, "operator"), await enrolled(browsers, "treasurer", "10.0.0.4")
    await enrolled(browsers, "operator2", "10.0.0.3")
    head, officer = member(browsers, "office_admin", "10.0.0.2"), member(browsers, "front_officer", "10.0.0.5")
    await head.log_in()
    await officer.log_in()
    for act in ("", "/agreement", "/refusal"):
        assert (await ask(operator, operator, act))[1]["code"] == "not_on_yourself"
        assert (await ask(head, treasurer, act))[0] == 403
        assert (await ask(officer, treasurer, act))[1]["code"] == "not_allowed"
        assert (await ask(treasurer, officer, act))[1]["code"] == "not_allowed"
    assert (await ask(operator, officer))[1]["code"] == "no_second_factor"


@pytest.mark.parametrize("fate", ["locked", "left", "moved"])
async def test_what_somebody_asked_for_who_is_gone_takes_two_others(browsers: Browsers, fate: str) -> None:
    """Two persons agree to a reset at the moment when it is done: a head on suspicion counts as none."""
    officer = await enrolled(browsers, "front_officer")
    head = member(browsers, "office_admin", "10.0.0.2")
    await head.log_in()
    first, second = await enrolled(browsers, "operator", "10.0.0.3"), await enrolled(browsers, "operator2", "10.0.0.4")
    assert (await ask(head, officer))[0] == 200
    acts: dict[str, tuple[str, dict[str, str]]] = {
        "locked": ("lock", {"reason": "suspected_misuse"}),
        "left": ("departure", {"reason": "end_of_service"}),
        "moved": ("reassignment", {"role": "office_admin", "office_id": "jakarta-utara", "reason": "transfer"}),
    }
    act, body = acts[fate]
    assert (await first.browser.post(f"/v1/staff/members/{head.staff_id}/{act}", body))[0] == 200
    status, problem = await ask(second, officer, "/agreement")
    assert (status, problem["code"]) == (409, "asker_gone")
    assert (await officer.browser.get("/v1/staff/me"))[0] == 200, "nothing was done"
    assert (await ask(second, officer, "/refusal"))[0] == 200
    assert (await ask(second, officer))[0] == 200
    assert (await ask(first, officer, "/agreement"))[0] == 200


async def test_a_repeat_of_each_act_finds_it_done(browsers: Browsers) -> None:
    treasurer = await enrolled(browsers, "treasurer")
    first, second = await enrolled(browsers, "operator", "10.0.0.2"), await enrolled(browsers, "operator2", "10.0.0.3")
    resets = browsers.world.identity.factor_resets
    acts = [
        (resets.ask, first, "ask"),
        (resets.refuse, second, "refuse"),
        (resets.ask, first, "ask again"),
        (resets.agree, second, "agree"),
    ]
    for do, by, command in acts:
        act = await acting(by, treasurer, command)
        assert await do(act) == await do(act)


async def test_a_crash_between_sessions_and_factors_is_finished_by_the_repeat(
    browsers: Browsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    treasurer = await enrolled(browsers, "treasurer")
    first, second = await enrolled(browsers, "operator", "10.0.0.2"), await enrolled(browsers, "operator2", "10.0.0.3")
    resets = browsers.world.identity.factor_resets
    await resets.ask(await acting(first, treasurer, "ask"))
    act = await acting(second, treasurer, "agree")
    with monkeypatch.context() as patch:

        async def dies(*_args: Any) -> None:
            raise RuntimeError("the process was killed")

        patch.setattr(SecondFactorRepository, "change_of_member", dies)
        with pytest.raises(RuntimeError, match="killed"):
            await resets.agree(act)
    record = await browsers.world.store.get(STAFF, treasurer.staff_id)
    assert record is not None and record.state.sessions == (), "less power, not more"
    assert (await treasurer.log_in())[0] == 202
    assert (await resets.agree(act)).factor_count == 0


async def test_a_session_that_the_lost_factor_opens_meanwhile_ends_with_it(
    browsers: Browsers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The finder of the telephone signs in after the sessions were ended and before the factor is gone."""
    treasurer = await enrolled(browsers, "treasurer")
    first, second = await enrolled(browsers, "operator", "10.0.0.2"), await enrolled(browsers, "operator2", "10.0.0.3")
    resets = browsers.world.identity.factor_resets
    await resets.ask(await acting(first, treasurer, "ask"))
    change = SecondFactorRepository.change_of_member
    finders: list[Member] = []

    async def sign_in_first(repository: SecondFactorRepository, staff_id: str, decide: Any) -> Any:
        if not finders:
            finders.append(member(browsers, "treasurer", "10.9.0.1"))
            finders[0].secret = treasurer.secret
            await finders[0].sign_in()
        return await change(repository, staff_id, decide)

    act = await acting(second, treasurer, "agree")
    monkeypatch.setattr(SecondFactorRepository, "change_of_member", sign_in_first)
    assert (await resets.agree(act)).factor_count == 0
    assert (await finders[0].browser.get("/v1/staff/me"))[1]["code"] == "session_over"


async def acting(by: Member, who: Member, command: str) -> Act:
    caller = Caller(by.staff_id, Role.OPERATOR, "session", None)
    return Act("act", caller, who.staff_id, command, StaffReason.REPLACEMENT)


# One's own account


async def test_one_sees_name_role_office_powers_factors_sessions_and_the_age_of_the_password(
    browsers: Browsers,
) -> None:
    head = member(browsers, "office_admin")
    tokens = (await head.log_in())[1]
    form = {"username": "dewi.contoh", "full_name": "DEWI CONTOH", "role": "front_officer", "reason": "new_post"}
    _, hired = await head.browser.post("/v1/staff/members", {**form, "office_id": "jakarta-selatan"})
    own = {"username": "dewi.contoh", "password": hired["one_time_password"], "new_password": "four words nobody joins"}
    dewi = browsers.at("10.0.0.7")
    assert (await dewi.call("PUT", "/v1/staff/password", own))[0] == 204
    browsers.world.clock.advance(3 * 86_400)
    await dewi.log_in_staff("dewi.contoh", "four words nobody joins")
    status, me = await dewi.get("/v1/staff/me")
    assert status == 200
    assert (me["full_name"], me["role"], me["office_id"]) == ("DEWI CONTOH", "front_officer", "jakarta-selatan")
    assert (me["powers"], me["needs_second_factor"], me["factors"], me["email_masked"]) == ([], False, [], None)
    assert (me["password_age_days"], [session["is_this_one"] for session in me["sessions"]]) == (3, [True])
    await head.log_in()
    _, seen = await head.browser.get("/v1/staff/me")
    assert seen["powers"] == ["hire_front_officer", "hire_interviewer", "hire_printer"]
    assert (seen["full_name"], seen["password_age_days"]) == (None, None)
    assert tokens["account_id"] == seen["staff_id"]


async def test_an_ended_session_sees_nothing_and_applicants_have_no_such_account(browsers: Browsers) -> None:
    head = member(browsers, "office_admin")
    _, tokens = await head.log_in()
    await head.browser.post("/v1/tokens/revoke", {"refresh_token": tokens["refresh_token"]})
    assert (await head.browser.get("/v1/staff/me"))[1]["code"] == "session_over"


# New devices


def links_of(world: World, messages: list[TellOfSignIn]) -> list[dict[str, Any]]:
    return [world._unsealer.open_json(message.sealed, message.notice_id) for message in messages]


async def with_email(browsers: Browsers) -> Member:
    officer = member(browsers, "front_officer")
    await officer.log_in()
    status, _ = await officer.browser.call("PUT", "/v1/staff/me/email", {"email": "Dewi.Contoh@example.org"})
    assert status == 204
    code = await browsers.world.code()
    assert (await officer.browser.post("/v1/staff/me/email-proof", {"code": code}))[0] == 204
    return officer


@pytest.mark.acceptance("Y8.new_device_told")
async def test_a_sign_in_on_a_new_device_is_told_by_email_and_shown_at_the_next_sign_in(browsers: Browsers) -> None:
    officer = await with_email(browsers)
    world = browsers.world
    assert await world.said(TellOfSignIn) == [], "the first device is no news"
    await officer.log_in()
    assert await world.said(TellOfSignIn) == [], "a known device is no news"
    thief = member(browsers, "front_officer", "10.9.0.1")
    assert (await thief.log_in())[1]["new_devices"] == []
    told = links_of(world, await world.said(TellOfSignIn))
    assert [(message["address"], message["channel"]) for message in told] == [("dewi.contoh@example.org", "email")]
    _, tokens = await officer.log_in()
    assert len(tokens["new_devices"]) == 1
    _, me = await officer.browser.get("/v1/staff/me")
    assert (me["new_devices"], me["email_masked"]) == (tokens["new_devices"], "d***@example.org")
    assert (await officer.browser.post("/v1/staff/me/device-review", {"are_mine": True}))[0] == 204
    assert (await officer.log_in())[1]["new_devices"] == []


@pytest.mark.acceptance("Y8.this_was_not_me")
async def test_this_was_not_me_ends_every_session_and_makes_every_device_new(browsers: Browsers) -> None:
    officer, thief = await with_email(browsers), member(browsers, "front_officer", "10.9.0.1")
    _, stolen = await thief.log_in()
    browsers.world.clock.advance(1)
    await officer.log_in()
    assert (await officer.browser.post("/v1/staff/me/device-review", {"are_mine": False}))[0] == 204
    for who in (officer, thief):
        status, problem = await who.browser.post("/v1/staff/me/device-review", {"are_mine": True})
        assert (status, problem["code"]) == (401, "session_over")
    status, problem = await thief.browser.post("/v1/tokens/refresh", {"refresh_token": stolen["refresh_token"]})
    assert (status, problem["code"]) == (401, "session_ended")
    for _ in range(5):
        await browsers.at("10.9.0.2").log_in_staff("front_officer", "wrong")
    assert (await thief.log_in())[0] == 423, "its device token counts for nothing"
    assert len(await browsers.world.said(SessionEnded)) >= 3
    assert await audit(browsers.world, "sign_in_disowned") == ["done"]


@pytest.mark.acceptance("Y8.this_was_not_me")
async def test_the_link_of_the_message_asks_first_then_ends_every_session(browsers: Browsers) -> None:
    officer, thief = await with_email(browsers), member(browsers, "front_officer", "10.9.0.1")
    await thief.log_in()
    [told] = links_of(browsers.world, await browsers.world.said(TellOfSignIn))
    path = "/v1/logins/" + told["url"].split("/v1/logins/")[1]
    nobody = browsers.at("10.9.0.9")
    status, page = await nobody.get(f"{path}?language=en")
    assert status == 200 and "your staff account" in page and "<button>" in page
    assert (await thief.browser.get("/v1/staff/me"))[0] == 200, "looking changes nothing"
    browsers.world.clock.advance(1)
    for _ in range(2):
        status, page = await nobody.post(f"{path}?language=en")
        assert status == 200 and "Set a new password now" in page
    assert "Set a new password now" in (await nobody.get(f"{path}?language=en"))[1]
    for who in (officer, thief):
        assert (await who.browser.get("/v1/staff/me"))[1]["code"] == "session_over"
    assert await audit(browsers.world, "sign_in_disowned") == ["done"]
    browsers.world.clock.advance(8 * 86_400)
    assert "does not work any more" in (await nobody.post(f"{path}?language=en"))[1]


async def test_the_email_is_sealed_and_can_be_taken_away(browsers: Browsers) -> None:
    officer = await with_email(browsers)
    record = await browsers.world.store.get(STAFF, officer.staff_id)
    assert record is not None and record.state.email is not None and "dewi" not in record.state.email
    status, problem = await officer.browser.call("PUT", "/v1/staff/me/email", {"email": "no address"})
    assert (status, problem["code"]) == (422, "email_unusable")
    assert (await officer.browser.call("PUT", "/v1/staff/me/email", {"email": None}))[0] == 204
    await member(browsers, "front_officer", "10.9.0.1").log_in()
    assert await browsers.world.said(TellOfSignIn) == []


# Passwords


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("fourteen-chars", "password_too_short"),
        ("front_officer from the south", "password_holds_a_name"),
        ("Front Officer rides kites", "password_holds_a_name"),
        ("Jakarta Selatan rides kites", "password_holds_a_name"),
        ("password1password1", "password_is_common"),
        ("qwertyuiop123456", "password_is_common"),
        ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "password_is_common"),
        ("Password12345678!", "password_is_common"),
    ],
)
async def test_a_password_that_is_tried_first_is_refused_in_words(browsers: Browsers, password: str, code: str) -> None:
    body = {"username": "front_officer", "password": STAFF_PASSWORD, "new_password": password}
    status, problem = await browsers.at("10.0.0.1").call("PUT", "/v1/staff/password", body)
    assert (status, problem["code"], problem["field"]) == (422, code, "/new_password")
    assert problem["next_action"]


@pytest.mark.parametrize("password", ["seven green kites over water", "x9-Ravine-otter-Lamp"])
async def test_words_that_do_not_belong_together_are_taken(browsers: Browsers, password: str) -> None:
    body = {"username": "front_officer", "password": STAFF_PASSWORD, "new_password": password}
    assert (await browsers.at("10.0.0.1").call("PUT", "/v1/staff/password", body))[0] == 204
