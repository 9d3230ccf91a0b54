"""After a provider that proves no second factor a member shows one of their own, as after a password."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pyotp
import pytest

from services.identity.second_factors.repository import SECOND_FACTORS
from shared.ids import derived_id
from shared.tokens import Role
from tests.unit.identity.office_counter import Counter, OfficeBrowser, at_work
from tests.unit.identity.served import served
from tests.unit.identity.world import STAFF_PASSWORD, World

STEP = "/v1/staff/logins/second-step"
FOR_ALL: dict[str, Any] = {"second_factor_needed": True, "second_factor_for_all": True}
OFFICER = derived_id("staff", "front_officer")


@pytest.fixture(autouse=True)
def _loopback_allowed(socket_enabled: None) -> None:
    """Let these tests open sockets where the unit room blocks them."""


@pytest.fixture
async def counter(world: World) -> AsyncIterator[Counter]:
    async with at_work(world) as ready:
        await ready.link()
        ready.provider.claims["amr"] = ["pwd"]
        yield ready


async def enrol(counter: Counter) -> tuple[pyotp.TOTP, list[str]]:
    """The authenticator and the recovery codes of the officer."""
    browser = await counter.signed_in("front_officer")
    offered = await browser.done("POST", "/v1/staff/totps", {"name": "telephone"})
    totp = pyotp.TOTP(offered["secret"])
    path = f"/v1/staff/totps/{offered['factor_id']}/confirmation"
    enrolled = await browser.done("POST", path, {"code": totp.at(counter.world.now())})
    counter.world.clock.advance(60)
    return totp, enrolled["recovery_codes"]


async def challenged(counter: Counter) -> tuple[OfficeBrowser, dict[str, Any]]:
    """A browser that has come back from the provider, and the step that is due."""
    browser = counter.browser()
    page = await counter.come_back(browser, counter.provider.authorize(await counter.begin(browser)))
    assert "Go back to the program" in page, page
    status, step = await counter.claim(browser)
    assert status == 202, step
    return browser, step


async def answer(browser: OfficeBrowser, step: dict[str, Any], **factor: Any) -> tuple[int, Any]:
    return await browser.call("POST", STEP, {"login_token": step["login_token"], **factor})


async def test_an_own_factor_stands_in_for_the_provider_s(counter: Counter) -> None:
    totp, recovery_codes = await enrol(counter)
    browser, step = await challenged(counter)
    assert step["ways"] == ["totp", "recovery_code"]
    status, tokens = await answer(browser, step, code=totp.at(counter.world.now()))
    assert (status, tokens["role"]) == (200, "front_officer")
    browser.token = tokens["access_token"]
    me = await browser.done("GET", "/v1/staff/me")
    assert [own["proven_by"] for own in me["sessions"] if own["is_this_one"]] == ["totp"]
    assert ("signed_in", "done", f"office_provider:{counter.provider_id}") in await counter.audited()
    browser, step = await challenged(counter)
    assert (await answer(browser, step, recovery_code=recovery_codes[0]))[0] == 200


async def test_without_a_factor_of_either_nobody_is_let_in(counter: Counter) -> None:
    assert (await counter.sign_in(counter.browser()))[1]["code"] == "second_factor_not_proved"


async def test_where_the_provider_proves_one_the_own_is_not_asked_for(counter: Counter) -> None:
    await enrol(counter)
    counter.provider.claims["amr"] = ["pwd", "mfa"]
    assert (await counter.sign_in(counter.browser()))[0] == 200


async def test_a_factor_that_is_gone_before_the_tokens_are_taken_lets_nobody_in(counter: Counter) -> None:
    await enrol(counter)
    browser = counter.browser()
    await counter.come_back(browser, counter.provider.authorize(await counter.begin(browser)))
    record = await counter.world.store.get(SECOND_FACTORS, OFFICER)
    assert record is not None
    await counter.world.store.remove(SECOND_FACTORS, record)
    assert (await counter.claim(browser))[1]["code"] == "second_factor_not_proved"


async def test_a_step_is_answered_once_and_a_code_counts_once(counter: Counter) -> None:
    totp, _ = await enrol(counter)
    browser, step = await challenged(counter)
    code = totp.at(counter.world.now())
    assert (await answer(browser, step, code=code))[0] == 200
    assert (await answer(browser, step, code=code))[1]["code"] == "second_step_over"
    browser, step = await challenged(counter)
    assert (await answer(browser, step, code=code))[1]["code"] == "second_code_used"


async def test_wrong_codes_lock_as_after_a_password_and_right_ones_lock_nothing(counter: Counter) -> None:
    totp, _ = await enrol(counter)
    for _ in range(7):
        browser, step = await challenged(counter)
        assert (await answer(browser, step, code=totp.at(counter.world.now())))[0] == 200
        counter.world.clock.advance(30)
    browser, step = await challenged(counter)
    shown = {totp.generate_otp(totp.timecode(counter.world.now()) + steps) for steps in (-1, 0, 1)}
    wrong = next(code for code in (f"{number:06d}" for number in range(9)) if code not in shown)
    codes = [(await answer(browser, step, code=wrong))[1]["code"] for _ in range(5)]
    assert codes == ["second_factor_wrong"] * 4 + ["account_locked"]


async def test_where_passwords_are_not_allowed_the_own_factor_still_is(counter: Counter) -> None:
    totp, _ = await enrol(counter)
    await counter.change(allows_passwords=False)
    browser, step = await challenged(counter)
    assert (await answer(browser, step, code=totp.at(counter.world.now())))[0] == 200
    assert (await browser.log_in("front_officer"))[1]["code"] == "password_not_allowed"


@pytest.mark.parametrize("change", ["logged out", "locked", "link ended", "moved", "provider stopped"])
async def test_what_changes_between_the_two_steps_counts(counter: Counter, change: str) -> None:
    totp, _ = await enrol(counter)
    browser, step = await challenged(counter)
    counter.world.clock.advance(1)
    operator = await counter.signed_in("operator")
    member, reason = f"/v1/staff/members/{OFFICER}", {"reason": "suspected_misuse"}
    match change:
        case "logged out":
            now = int(counter.world.now().timestamp())
            event = {"http://schemas.openid.net/event/backchannel-logout": {}}
            claims = {"iss": counter.provider.issuer, "aud": "paspor", "iat": now, "exp": now + 60, "jti": "j"}
            token = counter.provider.signed({**claims, "events": event, "sub": counter.provider.subject})
            path = f"/v1/staff/office-sign-in/{counter.provider_id}/back-channel-logout"
            async with counter.client.post(path, data={"logout_token": token}) as said:
                assert said.status == 200
        case "locked":
            await operator.done("POST", f"{member}/lock", reason)
        case "link ended":
            listed = await operator.done("GET", "/v1/staff/office-links?state=linked")
            await counter.decide(listed["links"][0]["link_id"], "end")
        case "moved":
            body = {"role": "front_officer", "office_id": "jakarta-utara", "reason": "transfer"}
            await operator.done("POST", f"{member}/reassignment", body)
        case "provider stopped":
            await operator.done("POST", f"/v1/staff/office-providers/{counter.provider_id}/stop", reason)
    status, problem = await answer(browser, step, code=totp.at(counter.world.now()))
    assert (status, problem["code"]) == (401, "second_step_over")
    assert all(session.by_office is None for session in (await counter.staff("front_officer")).sessions)


async def test_a_setting_that_all_need_a_factor_holds_for_offices_too() -> None:
    async with at_work(World()) as counter:
        await counter.link()
        counter.provider.claims["amr"] = ["pwd"]
        strict = World(store=counter.world.store, clock=counter.world.clock, seed=8, **FOR_ALL)
        async with served(strict) as client:
            counter.client = client
            assert (await counter.sign_in(counter.browser()))[1]["code"] == "second_factor_not_proved"
            assert (await counter.browser().log_in("front_officer"))[1]["role"] == "enrolling"


async def test_a_member_hired_under_the_name_that_the_token_has_needs_the_provider_s_factor(counter: Counter) -> None:
    await counter.change(links_by_user_name=True)
    counter.provider.subject = "subject-2"
    counter.provider.claims["preferred_username"] = "interviewer"
    assert (await counter.sign_in(counter.browser()))[1]["code"] == "second_factor_not_proved"


async def test_a_letter_that_only_looks_like_one_links_nobody(counter: Counter) -> None:
    """The Kelvin sign is another letter, which ``lower()`` makes a k."""
    await counter.world.identity.staff.hire("koko.contoh", STAFF_PASSWORD, Role.FRONT_OFFICER, "jakarta-selatan")
    await counter.change(links_by_user_name=True)
    counter.provider.claims["amr"] = ["mfa"]
    counter.provider.subject, counter.provider.claims["preferred_username"] = "subject-2", "\u212aoko.contoh"
    assert (await counter.sign_in(counter.browser()))[1]["code"] == "office_user_not_linked"
    counter.provider.claims["preferred_username"] = "Koko.contoh"
    assert (await counter.sign_in(counter.browser()))[0] == 200


async def test_a_sign_in_through_the_office_on_a_new_device_is_shown_and_told(counter: Counter) -> None:
    """Whoever runs the office's directory can sign in as its people: they are told as of any other new device."""
    counter.provider.claims["amr"] = ["mfa"]
    status, tokens = await counter.sign_in(counter.browser())
    assert (status, tokens["new_devices"]) == (200, [])
    status, tokens = await counter.sign_in(counter.browser())
    assert (status, len(tokens["new_devices"])) == (200, 1)


async def test_a_member_who_was_moved_is_linked_at_the_new_office(counter: Counter) -> None:
    operator, old_office = await counter.signed_in("operator"), counter.provider_id
    counter.world.clock.advance(1)
    body = {"role": "front_officer", "office_id": "jakarta-utara", "reason": "transfer"}
    await operator.done("POST", f"/v1/staff/members/{OFFICER}/reassignment", body)
    proposed = await counter.propose(name="Kanim Contoh Utara", offices=["jakarta-utara"])
    counter.provider_id = (await counter.approve(proposed))["provider_id"]
    link_id = await counter.ask_link()
    await counter.decide(link_id, "approval", by="office_admin2")
    counter.provider.claims["amr"] = ["mfa"]
    assert (await counter.sign_in(counter.browser()))[0] == 200
    counter.provider_id = old_office
    assert (await counter.sign_in(counter.browser()))[1]["code"] == "office_user_not_linked"
