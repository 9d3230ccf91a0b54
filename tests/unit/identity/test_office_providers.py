"""Providers and links administered: by two operators, by the head of the office, over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.identity.office_sign_in import links as office_links
from services.identity.office_sign_in import repository
from services.identity.office_sign_in.admin_schemas import NewProvider
from services.identity.office_sign_in.repository import OFFICE_LINK, PROVIDER
from shared.audit import AUDIT
from shared.ids import derived_id
from shared.tokens import Caller, Role
from tests.unit.identity.office_counter import LIST, TERMS, Counter, at_work
from tests.unit.identity.office_provider import CLIENT_SECRET
from tests.unit.identity.world import STAFF_PASSWORD, World

PROVIDERS = "/v1/staff/office-providers"
LINKS = "/v1/staff/office-links"
ANOTHER = {"client_secret": CLIENT_SECRET + " of today"}


@pytest.fixture(autouse=True)
def _loopback_allowed(socket_enabled: None) -> None:
    """Let these tests open sockets where the unit room blocks them."""


@pytest.fixture
async def counter(world: World) -> AsyncIterator[Counter]:
    async with at_work(world) as ready:
        yield ready


def decision(view: Any) -> dict[str, str]:
    return {"proposal_id": view["proposal"]["proposal_id"], "reason": "correction"}


# Two operators


async def test_a_provider_signs_nobody_in_until_another_operator_has_approved_it(counter: Counter) -> None:
    proposed = await counter.propose(name="Kanim Baru")
    path = f"{PROVIDERS}/{proposed['provider_id']}"
    assert (proposed["state"], proposed["terms"]) == ("proposed", None)
    assert proposed["redirect_uri"].endswith(f"{LIST}/{proposed['provider_id']}/callback")
    operator, second = await counter.signed_in("operator"), await counter.signed_in("operator2")
    assert "There is no such office sign-in" in (await operator.call("GET", f"{LIST}/{proposed['provider_id']}"))[1]
    status, problem = await operator.call("POST", f"{path}/approval", decision(proposed))
    assert (status, problem["code"]) == (403, "second_operator_needed")
    status, problem = await operator.call("POST", f"{path}/stop", {"reason": "correction"})
    assert (status, problem["code"], problem["state"]) == (409, "provider_state_forbids", "proposed")
    approved = await counter.approve(proposed)
    assert (approved["state"], approved["terms"]["name"], approved["proposal"]) == ("active", "Kanim Baru", None)
    status, problem = await second.call("POST", f"{path}/approval", decision(proposed))
    assert (status, problem["code"]) == (409, "no_such_proposal")
    assert problem["next_call"] == {"method": "GET", "href": path}
    assert (await second.done("GET", path)) == approved
    assert approved in (await second.done("GET", PROVIDERS))["providers"]


async def test_the_client_secret_is_sealed_and_never_shown(counter: Counter) -> None:
    proposed = await counter.propose()
    stored = [record async for record in counter.world.store.scan(PROVIDER)]
    lines = [record async for record in counter.world.store.scan(AUDIT)]
    assert CLIENT_SECRET not in f"{proposed}{stored}{lines}" and "client_secret" not in str(proposed)
    assert all(CLIENT_SECRET not in str(record.state.proposal or record.state.terms) for record in stored)
    sealed = [record.state.proposal.terms.client_secret for record in stored if record.state.proposal]
    assert sealed and all(secret.startswith("k1.") for secret in sealed)


async def test_a_refused_provider_is_refused_for_good(counter: Counter) -> None:
    proposed = await counter.propose()
    path = f"{PROVIDERS}/{proposed['provider_id']}"
    operator = await counter.signed_in("operator")
    refused = await operator.done("POST", f"{path}/refusal", decision(proposed))
    assert (refused["state"], refused["proposal"]) == ("refused", None)
    status, problem = await operator.call("POST", f"{path}/changes", dict(TERMS))
    assert (status, problem["code"]) == (409, "provider_state_forbids")


async def test_a_change_waits_for_the_operator_who_has_read_it(counter: Counter) -> None:
    path = f"{PROVIDERS}/{counter.provider_id}"
    operator, second = await counter.signed_in("operator"), await counter.signed_in("operator2")
    first = await operator.done("POST", f"{path}/changes", {**TERMS, "offices": ["jakarta-utara"]})
    assert (first["terms"]["offices"], first["proposal"]["terms"]["offices"]) == (
        ["jakarta-selatan"],
        ["jakarta-utara"],
    )
    assert first["proposal"]["changes_secret"] is False
    status, problem = await second.call("POST", f"{path}/changes", dict(TERMS))
    assert (status, problem["code"]) == (409, "provider_matter_pending")
    await operator.done("POST", f"{path}/refusal", decision(first))
    other = await operator.done("POST", f"{path}/changes", {**TERMS, **ANOTHER})
    assert other["proposal"]["changes_secret"] is True
    status, problem = await second.call("POST", f"{path}/approval", decision(first))
    assert (status, problem["code"]) == (409, "no_such_proposal"), "exchanged under the eyes of the second"
    assert (await second.done("POST", f"{path}/approval", decision(other)))["terms"]["offices"] == ["jakarta-selatan"]


async def test_a_repeat_of_a_command_does_nothing_twice(counter: Counter) -> None:
    proposed = await counter.propose()
    admin = counter.world.identity.provider_admin
    provider_id, proposal_id = proposed["provider_id"], proposed["proposal"]["proposal_id"]
    second = Caller(derived_id("staff", "operator2"), Role.OPERATOR, "session")
    for _ in range(2):
        assert (await admin.approve(second, provider_id, proposal_id, "command-a")).version == 2
    for _ in range(2):
        assert (await admin.stop(second, provider_id, "command-b")).version == 3
    wanted = NewProvider(**TERMS, issuer=counter.provider.issuer, client_secret=CLIENT_SECRET).wanted()
    made = [await admin.propose(second, counter.provider.issuer, wanted, "command-c") for _ in range(2)]
    assert made[0] == made[1]


async def test_of_two_operators_who_approve_at_once_the_terms_are_taken_once(counter: Counter) -> None:
    proposed = await counter.propose()
    path = f"{PROVIDERS}/{proposed['provider_id']}/approval"
    await counter.world.identity.staff.hire("operator3", STAFF_PASSWORD, Role.OPERATOR, None)
    browsers = [await counter.signed_in(name) for name in ("operator2", "operator3")]
    answers = await asyncio.gather(*(browser.call("POST", path, decision(proposed)) for browser in browsers))
    assert sorted(status for status, _ in answers) == [200, 409]


async def test_an_unknown_provider_is_unknown_everywhere(counter: Counter) -> None:
    operator, officer = await counter.signed_in("operator"), await counter.signed_in("front_officer")
    for status, problem in (
        await operator.call("GET", f"{PROVIDERS}/no-such-provider"),
        await operator.call("POST", f"{PROVIDERS}/no-such-provider/stop", {"reason": "correction"}),
        await officer.call("POST", LINKS, {"provider_id": "no-such-provider"}),
    ):
        assert (status, problem["code"]) == (404, "office_provider_unknown")
        assert problem["next_call"] == {"method": "GET", "href": LIST}


@pytest.mark.parametrize(
    ("issuer", "reason"),
    [
        ("http://masuk.example.org", "not_https"),
        ("https://10.0.0.1", "inside"),
        ("https://169.254.169.254/latest", "inside"),
        ("https://masuk.example.org/?a=b", "more_than_an_address"),
        ("https://user@masuk.example.org", "more_than_an_address"),
        ("file:///etc/passwd", "unreadable"),
    ],
)
async def test_an_issuer_that_is_not_outside_is_not_taken(counter: Counter, issuer: str, reason: str) -> None:
    body = {**TERMS, "issuer": issuer, "client_secret": CLIENT_SECRET}
    status, problem = await (await counter.signed_in("operator")).call("POST", PROVIDERS, body)
    assert (status, problem["code"], problem["reason"]) == (422, "provider_address_not_taken", reason)


@pytest.mark.parametrize("algorithms", [["none"], ["HS256"], []])
async def test_no_algorithm_without_a_public_key_can_be_allowed(counter: Counter, algorithms: list[str]) -> None:
    body = {**TERMS, "issuer": counter.provider.issuer, "client_secret": CLIENT_SECRET, "algorithms": algorithms}
    status, problem = await (await counter.signed_in("operator")).call("POST", PROVIDERS, body)
    assert (status, problem["code"]) == (422, "malformed")


@pytest.mark.parametrize("username", ["office_admin", "front_officer", "treasurer"])
async def test_only_operators_look_after_providers(counter: Counter, username: str) -> None:
    browser = await counter.signed_in(username)
    assert (await browser.call("GET", PROVIDERS))[0] == 403
    assert (await browser.call("POST", f"{PROVIDERS}/{counter.provider_id}/stop", {"reason": "correction"}))[0] == 403


async def test_an_operator_who_is_locked_approves_nothing_with_the_last_token(counter: Counter) -> None:
    proposed = await counter.propose()
    second = await counter.signed_in("operator2")
    operator = await counter.signed_in("operator")
    member = next(
        member
        for member in (await operator.done("GET", "/v1/staff/members"))["staff"]
        if member["username"] == "operator2"
    )
    await operator.done("POST", f"/v1/staff/members/{member['staff_id']}/lock", {"reason": "suspected_misuse"})
    status, problem = await second.call("POST", f"{PROVIDERS}/{proposed['provider_id']}/approval", decision(proposed))
    assert (status, problem["code"]) in ((403, "staff_not_in_service"), (401, "session_over"))


async def test_what_an_operator_proposed_who_is_locked_is_not_approved(counter: Counter) -> None:
    await counter.world.identity.staff.hire("operator3", STAFF_PASSWORD, Role.OPERATOR, None)
    proposed = await counter.propose(name="Kanim Contoh Lain")
    operator2 = await counter.signed_in("operator2")
    asked_by = proposed["proposal"]["asked_by"]
    await operator2.done("POST", f"/v1/staff/members/{asked_by}/lock", {"reason": "suspected_misuse"})
    path = f"/v1/staff/office-providers/{proposed['provider_id']}/approval"
    body = {"proposal_id": proposed["proposal"]["proposal_id"], "reason": "new_post"}
    assert (await operator2.call("POST", path, body))[1]["code"] == "asker_gone"


async def test_stopping_ends_the_sessions_of_all_who_are_linked_there(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repository, "MOST_LINKS", 1)
    await counter.link("front_officer")
    counter.provider.subject = "subject-2"
    await counter.link("interviewer")
    assert (await counter.sign_in(counter.browser()))[0] == 200
    waiting = counter.browser()
    await counter.come_back(waiting, counter.provider.authorize(await counter.begin(waiting)))
    operator = await counter.signed_in("operator")
    stopped = await operator.done("POST", f"{PROVIDERS}/{counter.provider_id}/stop", {"reason": "suspected_misuse"})
    assert stopped["state"] == "stopped"
    assert [(await counter.staff(name)).sessions for name in ("front_officer", "interviewer")] == [(), ()]
    assert (await counter.staff("office_admin")).sessions != ()
    assert (await counter.claim(waiting))[1]["code"] == "office_provider_unknown"
    assert (await counter.browser().log_in("front_officer"))[0] == 200
    await counter.change()
    assert (await counter.sign_in(counter.browser()))[0] == 200, "two operators have agreed to it again"


async def test_a_crash_while_sessions_end_is_made_good_by_the_repeat(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    link_id = await counter.link()
    head = await counter.signed_in("office_admin")

    async def die(*_: Any) -> None:
        raise SystemError("the process dies here")

    with monkeypatch.context() as dying:
        dying.setattr(office_links, "end_sessions", die)
        status, _ = await head.call(
            "POST", f"{LINKS}/{link_id}/end", {"reason": "suspected_misuse"}, key="a-key-of-mine"
        )
        assert status == 500
    assert (await counter.staff("front_officer")).sessions != ()
    status, ended = await head.call(
        "POST", f"{LINKS}/{link_id}/end", {"reason": "suspected_misuse"}, key="a-key-of-mine"
    )
    assert (status, ended["state"]) == (200, "ended")
    assert (await counter.staff("front_officer")).sessions == ()


# The head of the office


async def test_a_link_counts_once_the_head_of_that_office_has_agreed(counter: Counter) -> None:
    link_id = await counter.ask_link()
    assert (await counter.sign_in(counter.browser()))[1]["code"] == "office_link_awaits_approval"
    stranger = await counter.signed_in("office_admin2")
    assert (await stranger.done("GET", LINKS))["links"] == []
    path = f"{LINKS}/{link_id}/approval"
    status, problem = await stranger.call("POST", path, {"reason": "new_post"})
    assert (status, problem["code"]) in ((403, "not_your_office"), (403, "staff_not_in_service"))
    head = await counter.signed_in("office_admin")
    assert [link["link_id"] for link in (await head.done("GET", LINKS))["links"]] == [link_id]
    linked = await head.done("POST", path, {"reason": "new_post"})
    assert (linked["state"], "subject" in str(linked)) == ("linked", False)
    status, problem = await head.call("POST", path, {"reason": "new_post"})
    assert (status, problem["code"], problem["state"]) == (409, "office_link_state_forbids", "linked")
    assert (await counter.sign_in(counter.browser()))[0] == 200
    assert (await head.done("GET", f"{LINKS}?state=linked"))["links"][0]["decided_by"] == linked["decided_by"]
    status, problem = await head.call("POST", f"{LINKS}/no-such-link/end", {"reason": "new_post"})
    assert (status, problem["code"]) == (404, "office_link_unknown")


async def test_a_head_agrees_to_no_link_of_their_own_and_an_operator_does(counter: Counter) -> None:
    link_id = await counter.ask_link("office_admin")
    head = await counter.signed_in("office_admin")
    status, problem = await head.call("POST", f"{LINKS}/{link_id}/approval", {"reason": "new_post"})
    assert (status, problem["code"]) == (403, "not_on_yourself")
    await counter.world.identity.staff.hire("office_admin3", STAFF_PASSWORD, Role.OFFICE_ADMIN, "jakarta-selatan")
    colleague = await counter.signed_in("office_admin3")
    status, problem = await colleague.call("POST", f"{LINKS}/{link_id}/approval", {"reason": "new_post"})
    assert (status, problem["code"]) == (403, "role_not_yours")
    await counter.decide(link_id, "approval", "operator")
    assert (await counter.sign_in(counter.browser()))[1]["role"] == "office_admin"


async def test_a_user_and_a_member_have_one_link_each(counter: Counter) -> None:
    await counter.link()
    browser = await counter.signed_in("front_officer")
    status, problem = await browser.call("POST", LINKS, {"provider_id": counter.provider_id})
    assert (status, problem["code"]) == (409, "office_user_linked_already")
    other = await counter.signed_in("interviewer")
    begun = await other.done("POST", LINKS, {"provider_id": counter.provider_id})
    page = await counter.come_back(other, counter.provider.authorize(begun["authorization_url"]))
    assert "is linked already" in page, "the same user at the office"


async def test_of_two_links_asked_for_at_once_one_is_made(counter: Counter) -> None:
    begun = []
    for username in ("front_officer", "interviewer"):
        browser = await counter.signed_in(username)
        answer = await browser.done("POST", LINKS, {"provider_id": counter.provider_id})
        begun.append((browser, counter.provider.authorize(answer["authorization_url"])))
    pages = await asyncio.gather(*(counter.come_back(browser, sent) for browser, sent in begun))
    assert sorted("The link is asked for" in page for page in pages) == [False, True]
    assert len([record async for record in counter.world.store.scan(OFFICE_LINK)]) == 1


async def test_a_link_is_asked_for_by_somebody_who_has_just_authenticated_there(counter: Counter) -> None:
    browser = await counter.signed_in("front_officer")
    begun = await browser.done("POST", LINKS, {"provider_id": counter.provider_id})
    assert "prompt=login" in begun["authorization_url"] and "max_age=600" in begun["authorization_url"]
    counter.provider.claims["auth_time"] = int(counter.world.now().timestamp()) - 631
    page = await counter.come_back(browser, counter.provider.authorize(begun["authorization_url"]))
    assert "cannot be trusted" in page, "a colleague's session at the provider, left open"
    assert (await counter.claim(browser))[1]["code"] == "office_sign_in_over", "a link gives no tokens"
    assert [record async for record in counter.world.store.scan(OFFICE_LINK)] == []


async def test_the_way_to_a_link_is_the_member_s_own_browser_s(counter: Counter) -> None:
    """A thief with the member's token, or a member with a colleague's address, gets no link by another's browser."""
    member, victim = await counter.signed_in("front_officer"), counter.browser()
    begun = await member.done("POST", LINKS, {"provider_id": counter.provider_id})
    sent = counter.provider.authorize(begun["authorization_url"])
    assert "began in another browser" in await counter.come_back(victim, sent)
    assert [record async for record in counter.world.store.scan(OFFICE_LINK)] == []


@pytest.mark.parametrize(("username", "status"), [("office_admin2", 403), ("operator", 403), ("treasurer", 403)])
async def test_whom_the_provider_does_not_speak_for_asks_for_no_link(
    counter: Counter, username: str, status: int
) -> None:
    browser = await counter.signed_in(username)
    assert (await browser.call("POST", LINKS, {"provider_id": counter.provider_id}))[0] == status


@pytest.mark.parametrize(
    ("act", "body", "said"),
    [
        ("lock", {}, "not in service"),
        ("reassignment", {"role": "front_officer", "office_id": "jakarta-utara"}, "does not speak for"),
    ],
)
async def test_a_member_who_is_locked_or_moved_meanwhile_is_not_linked(
    counter: Counter, act: str, body: dict[str, str], said: str
) -> None:
    browser, operator = await counter.signed_in("front_officer"), await counter.signed_in("operator")
    begun = await browser.done("POST", LINKS, {"provider_id": counter.provider_id})
    sent = counter.provider.authorize(begun["authorization_url"])
    staff_id = (await operator.done("GET", "/v1/staff/members?office_id=jakarta-selatan&from=front"))["staff"][0]
    await operator.done("POST", f"/v1/staff/members/{staff_id['staff_id']}/{act}", {**body, "reason": "transfer"})
    assert said in await counter.come_back(browser, sent)


async def test_an_ended_link_can_be_asked_for_again(counter: Counter) -> None:
    await counter.decide(await counter.link(), "end")
    assert (await counter.sign_in(counter.browser()))[1]["code"] == "office_user_not_linked"
    assert (await counter.staff("front_officer")).sessions == ()
    await counter.link()
    assert (await counter.sign_in(counter.browser()))[0] == 200
    acts = {act for act, _, _ in await counter.audited()}
    assert acts >= {"ask_office_link", "approve_office_link", "end_office_link", "office_link_asked"}
    assert acts >= {"propose_office_provider", "approve_office_provider"}
