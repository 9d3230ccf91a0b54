"""Consents over HTTP: given at registration, given and withdrawn later, asked again, and those of children."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from services.identity.consents import consent as rules
from services.identity.consents.consent import ConsentAct, ConsentRecord, How
from services.identity.privacy_notice.notice_file import load_notices, read_notices
from shared.events.identity import ConsentsChanged
from tests.unit.identity.notices import TWO_VERSIONS
from tests.unit.identity.served import Client, served
from tests.unit.identity.test_http import post
from tests.unit.identity.world import BUDI, PUTRI, World

NOW = datetime(2026, 11, 30, 8, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _loopback_allowed(socket_enabled: None) -> None:
    """Let these tests open sockets where the unit room blocks them."""


@pytest.fixture
async def client(world: World) -> AsyncIterator[Client]:
    async with served(world) as running:
        yield running


async def register(client: Client, world: World, consents: Any = None) -> tuple[int, Any]:
    """Open an account; what the verification answered."""
    _, asked = await post(client, "/v1/registrations", {"email": "budi@example.org", "language": "id"})
    body = {"code": await world.code(asked["challenge_id"])} | ({"consents": consents} if consents else {})
    return await post(client, f"/v1/challenges/{asked['challenge_id']}/verification", body)


async def sign_up(client: Client, world: World, consents: Any = None) -> str:
    status, tokens = await register(client, world, consents)
    assert status == 200, tokens
    return str(tokens["access_token"])


async def see(client: Client, token: str) -> Any:
    async with client.get("/v1/account/consents", headers={"Authorization": f"Bearer {token}"}) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json()


async def choose(client: Client, token: str, purpose: str, **body: Any) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {token}", "Accept-Language": "en"}
    async with client.put(f"/v1/account/consents/{purpose}", json=body, headers=headers) as answer:
        return answer.status, await answer.json()


def given(seen: Any) -> dict[str, bool]:
    return {purpose["purpose"]: purpose["given"] for purpose in seen["purposes"]}


# ---- at registration ----


@pytest.mark.acceptance("Y24.consent")
async def test_an_older_client_agrees_to_what_is_needed_and_to_no_survey(client: Client, world: World) -> None:
    seen = await see(client, await sign_up(client, world))
    needed = {purpose["purpose"] for purpose in seen["purposes"] if purpose["choice"] == "needed"}
    assert {purpose for purpose, is_given in given(seen).items() if is_given} == needed | {"reminders"}
    assert {(act["purpose"], act["notice_version"], act["how"]) for act in seen["history"]} == {
        (purpose, 1, "registration") for purpose in needed
    }


async def test_what_is_ticked_at_registration_is_given_in_that_version(client: Client, world: World) -> None:
    token = await sign_up(client, world, {"notice_version": 1, "purposes": ["surveys"]})
    seen = await see(client, token)
    assert given(seen)["surveys"]
    assert [act["notice_version"] for act in seen["history"] if act["purpose"] == "surveys"] == [1]


@pytest.mark.parametrize(
    ("consents", "code"),
    [
        ({"notice_version": 2, "purposes": []}, "notice_has_changed"),
        ({"notice_version": 1, "purposes": ["selling"]}, "purpose_unknown"),
    ],
)
async def test_a_text_that_is_not_in_force_opens_no_account_and_uses_no_code(
    client: Client, world: World, consents: Any, code: str
) -> None:
    status, problem = await register(client, world, consents)
    assert (status, problem["code"]) == (409 if code == "notice_has_changed" else 404, code)
    assert problem["next_call"]["href"] == "/v1/privacy-notice"


async def test_consents_of_a_later_sign_in_change_nothing(client: Client, world: World) -> None:
    await sign_up(client, world)
    world.clock.advance(120)
    seen = await see(client, await sign_up(client, world, {"notice_version": 1, "purposes": ["surveys"]}))
    assert not given(seen)["surveys"]


# ---- later ----


async def test_a_free_purpose_is_stopped_at_once_by_an_event_and_the_history_keeps_both(
    client: Client, world: World
) -> None:
    token = await sign_up(client, world)
    status, seen = await choose(client, token, "reminders", given=False)
    assert (status, given(seen)["reminders"]) == (200, False)
    [event] = await world.said(ConsentsChanged)
    assert (event.purpose, event.is_given, event.stopped_purposes) == ("reminders", False, ("reminders", "surveys"))
    world.clock.advance(60)
    _, seen = await choose(client, token, "reminders", given=True, notice_version=1)
    assert [act["given"] for act in seen["history"] if act["purpose"] == "reminders"] == [False, True]
    assert (await world.said(ConsentsChanged))[-1].stopped_purposes == ("surveys",)


async def test_the_same_choice_again_is_no_second_line_and_no_second_event(client: Client, world: World) -> None:
    token = await sign_up(client, world)
    for _ in range(3):
        _, seen = await choose(client, token, "surveys", given=True, notice_version=1)
    assert [act["purpose"] for act in seen["history"]].count("surveys") == 1
    assert len(await world.said(ConsentsChanged)) == 1


async def test_what_is_needed_is_not_withdrawn_alone_and_the_refusal_says_what_would_end(
    client: Client, world: World
) -> None:
    token = await sign_up(client, world)
    status, problem = await choose(client, token, "account", given=False)
    assert (status, problem["code"]) == (409, "purpose_is_needed")
    assert problem["ends"].startswith("Without it your account ends") and problem["ends_id"]
    assert given(await see(client, token))["account"]


@pytest.mark.parametrize("version", [None, 2])
async def test_a_consent_is_given_for_the_text_in_force_only(client: Client, world: World, version: int | None) -> None:
    token = await sign_up(client, world)
    status, problem = await choose(client, token, "surveys", given=True, notice_version=version)
    assert (status, problem["code"], problem["notice_version"]) == (409, "notice_has_changed", 1)


async def test_an_unknown_purpose_is_refused(client: Client, world: World) -> None:
    status, problem = await choose(client, await sign_up(client, world), "selling", given=True, notice_version=1)
    assert (status, problem["code"]) == (404, "purpose_unknown")


async def test_choices_have_a_limit_of_a_day(client: Client, world: World) -> None:
    token = await sign_up(client, world)
    for turn in range(rules.MOST_CHOICES_A_DAY):
        status, _ = await choose(client, token, "surveys", given=turn % 2 == 0, notice_version=1)
        assert status == 200
    status, problem = await choose(client, token, "surveys", given=True, notice_version=1)
    assert (status, problem["code"], problem["limit"]) == (429, "too_many_choices", rules.MOST_CHOICES_A_DAY)
    account_id = await account_of(world)
    world.clock.advance(86_400)
    seen = await world.identity.consents.choose(account_id, "surveys", is_given=True, notice_version=1)
    assert seen.record.acts[-1].is_given


async def account_of(world: World) -> str:
    return str((await world.said(ConsentsChanged))[-1].account_id)


# ---- a new version ----


@pytest.mark.acceptance("Y24.consent")
async def test_a_changed_purpose_is_asked_again_and_stands_meanwhile() -> None:
    world = World(notices=read_notices(TWO_VERSIONS))
    async with served(world) as client:
        token = await sign_up(client, world)
        await choose(client, token, "reminders", given=True, notice_version=1)
        before = len(await world.said(ConsentsChanged))
        account_id = await account_of(world)
        world.clock.advance(60 * 86_400)
        after = await world.identity.consents.list_consents(account_id)
    assert after.notice.number == 2
    asked = {
        code: rules.is_asked_again(after.record, after.notices, after.notice, code)
        for code in ("account", "reminders", "statistics")
    }
    assert asked == {"account": False, "reminders": True, "statistics": True}
    assert rules.is_on(after.record, after.notice, "reminders"), "nothing that runs is stopped silently"
    assert len(await world.said(ConsentsChanged)) == before
    answered = await world.identity.consents.choose(account_id, "reminders", is_given=True, notice_version=2)
    assert not rules.is_asked_again(answered.record, answered.notices, answered.notice, "reminders")


async def test_an_account_of_the_newer_version_is_not_asked_again() -> None:
    world = World(notices=read_notices(TWO_VERSIONS))
    world.clock.advance(60 * 86_400)
    async with served(world) as client:
        seen = await see(client, await sign_up(client, world))
    assert {purpose["asked_again"] for purpose in seen["purposes"]} == {False}
    assert {purpose["what_changed"] for purpose in seen["purposes"]} == {None}


# ---- children ----


async def test_a_child_is_agreed_to_by_the_guardian_and_asked_at_17(client: Client, world: World) -> None:
    token = await sign_up(client, world)
    account_id = next(iter([envelope.data.account_id for envelope in await world.outbox()]))
    guardian = await world.confirmed(account_id)
    child = await world.confirmed(account_id, PUTRI, guardian)
    [shown] = (await see(client, token))["children"]
    assert (shown["applicant_id"], shown["guardian_applicant_id"], shown["by"]) == (child, guardian, "guardian")
    assert (shown["asked_from"], shown["to_be_asked"]) == ("2032-06-10", False)
    status, problem = await choose(client, token, "child_data", given=True, notice_version=1, applicant_id=child)
    assert (status, problem["code"], problem["asked_from"]) == (409, "child_not_asked_yet", "2032-06-10")
    consents, birthday = world.identity.consents, datetime(2032, 6, 10, 1, tzinfo=UTC)
    world.clock.advance((birthday - world.now()).total_seconds() - 86_400)
    [still] = (await consents.list_consents(account_id)).children
    assert not still.is_to_be_asked
    world.clock.advance(86_400)
    [grown] = (await consents.list_consents(account_id)).children
    assert grown.is_to_be_asked
    assert grown.act.is_given, "what runs goes on until they answer"
    answered = await consents.choose(account_id, "child_data", is_given=True, notice_version=2, applicant_id=child)
    assert (answered.children[0].act.how, answered.children[0].is_to_be_asked) == (How.GROWN_CHILD, False)


async def test_nobody_answers_for_an_adult_or_for_another_accounts_child(client: Client, world: World) -> None:
    token = await sign_up(client, world)
    account_id = next(iter([envelope.data.account_id for envelope in await world.outbox()]))
    adult = await world.confirmed(account_id, BUDI)
    for applicant_id in (adult, "another"):
        status, _ = await choose(client, token, "child_data", given=True, notice_version=1, applicant_id=applicant_id)
        assert status == 404
    status, _ = await choose(client, token, "surveys", given=True, notice_version=1, applicant_id=adult)
    assert status == 404


async def test_a_child_of_the_last_of_february_is_asked_in_time(world: World) -> None:
    account_id = await world.sign_up()
    guardian = await world.confirmed(account_id)
    born = date(2016, 2, 29)
    leap = type(PUTRI)("ANAK CONTOH", "3174016902160004", "JAKARTA", born, PUTRI.sex)
    await world.confirmed(account_id, leap, guardian)
    [shown] = (await world.identity.consents.list_consents(account_id)).children
    assert shown.asked_from == date(2033, 3, 1)


# ---- rules ----


def test_the_last_act_counts_and_older_choices_do_not() -> None:
    acts = [ConsentAct("surveys", 1, is_given, NOW, How.ACCOUNT) for is_given in (True, False)]
    record = ConsentRecord()
    for act in acts:
        record = rules.choose(record, act)
    assert record.acts == tuple(acts)
    assert not rules.is_on(record, load_notices().versions[0], "surveys")
    assert not rules.is_on(record, load_notices().versions[0], "unheard_of")


def test_the_next_choice_is_possible_when_the_oldest_of_a_day_is_a_day_old() -> None:
    times = [NOW + timedelta(minutes=minute) for minute in range(rules.MOST_CHOICES_A_DAY)]
    record = ConsentRecord(tuple(ConsentAct("surveys", 1, True, at, How.ACCOUNT) for at in times))
    assert rules.next_choice_at(record, times[-1]) == NOW + timedelta(days=1)
    assert rules.next_choice_at(record, NOW + timedelta(days=1)) is None
