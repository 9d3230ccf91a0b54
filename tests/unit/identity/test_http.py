"""The way in over HTTP: forms, access, problems, keys; and the registry's client against its simulator."""

from __future__ import annotations

import io
import logging
import re
import uuid
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
import structlog
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from services.identity.applicants.particulars import Particulars
from services.identity.applicants.registry_match import Cause, Field, FieldAnswer
from services.identity.applicants.repository import PERSON
from services.identity.clients import Dukcapil, read_answer
from services.identity.endpoints import ENDPOINTS
from shared.audit import AUDIT
from shared.clock import SystemClock
from shared.errors import UpstreamDown
from shared.http.schema import unbounded_fields
from shared.logs import configure_logs
from shared.randomness import SeededRandomness
from shared.settings import LogLevel, SettingsWrong
from simulators.config import Settings as SimulatorSettings
from simulators.dukcapil.app import create_app
from simulators.dukcapil.people import UNKNOWN_NIK
from tests.unit.identity.served import served
from tests.unit.identity.world import BUDI, SRI, STAFF_PASSWORD, World, all_match, make_settings

Client = TestClient[web.Request, web.Application]


@pytest.fixture(autouse=True)
def _loopback_allowed(socket_enabled: None) -> None:
    """Let these tests open sockets where the unit room blocks them."""


@pytest.fixture
async def client(world: World) -> AsyncIterator[Client]:
    """A client of a running identity."""
    await world.identity.staff.seed_demo()
    async with served(world) as running:
        yield running


async def post(client: Client, path: str, body: Mapping[str, Any] | None = None, token: str = "") -> tuple[int, Any]:
    headers = {"Idempotency-Key": str(uuid.uuid4()), "Accept-Language": "en"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    async with client.post(path, json=body or {}, headers=headers) as answer:
        return answer.status, await answer.json() if answer.content_length else None


async def get(client: Client, path: str, token: str = "") -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with client.get(path, headers=headers) as answer:
        return answer.status, await answer.json()


async def sign_up(client: Client, world: World, email: str = "budi@example.org") -> Any:
    _, challenge = await post(client, "/v1/registrations", {"email": email, "language": "id"})
    code = await world.code(challenge["challenge_id"])
    status, tokens = await post(client, f"/v1/challenges/{challenge['challenge_id']}/verification", {"code": code})
    assert status == 200
    return tokens


FORM: Mapping[str, Any] = {
    "full_name": BUDI.full_name,
    "nik": BUDI.nik,
    "birth_place": BUDI.birth_place,
    "birth_date": BUDI.birth_date.isoformat(),
    "sex": "male",
    "family_card_number": "3174010101150001",
}


async def test_the_way_from_registration_to_a_confirmed_applicant(client: Client, world: World) -> None:
    status, challenge = await post(client, "/v1/registrations", {"email": "Budi@example.org", "language": "id"})
    assert status == 202
    assert (challenge["channel"], challenge["sent_to"], challenge["tries_left"]) == ("email", "b***@example.org", 5)
    status, look = await get(client, f"/v1/challenges/{challenge['challenge_id']}")
    assert (status, look["delivery"]["state"]) == (200, "pending")
    code = await world.code()
    status, tokens = await post(client, f"/v1/challenges/{challenge['challenge_id']}/verification", {"code": code})
    assert (status, tokens["token_type"], tokens["role"]) == (200, "Bearer", "applicant")
    token = tokens["access_token"]
    status, account = await get(client, "/v1/account", token)
    assert (status, account["account_id"]) == (200, tokens["account_id"])
    status, added = await post(client, "/v1/applicants", FORM, token)
    assert (status, added["identity"]["state"]) == (201, "pending")
    await world.worker.run_due()
    _, shown = await get(client, f"/v1/applicants/{added['applicant_id']}", token)
    assert (shown["identity"]["state"], shown["nik"]) == ("passed", "************0002")
    assert shown["person_id"]
    _, listed = await get(client, "/v1/applicants", token)
    assert ([each["applicant_id"] for each in listed["applicants"]], listed["places_left"]) == (
        [added["applicant_id"]],
        4,
    )
    status, problem = await post(client, f"/v1/applicants/{added['applicant_id']}/identity-checks", {}, token)
    assert (status, problem["code"]) == (409, "identity_already_confirmed")
    assert problem["next_call"] == {"method": "POST", "href": "/v1/applications"}


async def test_another_nik_for_a_confirmed_applicant_is_another_person_who_is_added(
    client: Client, world: World
) -> None:
    token = (await sign_up(client, world, "budi@example.org"))["access_token"]
    _, added = await post(client, "/v1/applicants", FORM, token)
    await world.worker.run_due()
    typed = {**FORM, "full_name": SRI.full_name, "nik": SRI.nik}
    headers = {"Authorization": f"Bearer {token}", "Accept-Language": "en"}
    async with client.put(f"/v1/applicants/{added['applicant_id']}", json=typed, headers=headers) as answer:
        status, problem = answer.status, await answer.json()
    assert (status, problem["code"], problem["field"]) == (409, "identity_already_confirmed", "/nik")
    assert problem["next_call"] == {"method": "POST", "href": "/v1/applicants"}
    assert problem["next_action"].startswith("Add the other person")


async def test_one_address_in_two_spellings_is_one_account_in_the_form_that_is_delivered(
    client: Client, world: World
) -> None:
    first = await sign_up(client, world, "budi@b\u00fccher.example.org")
    world.clock.advance(61)
    again = await sign_up(client, world, "Budi@xn--bcher-kva.example.org")
    assert first["account_id"] == again["account_id"]
    _, account = await get(client, "/v1/account", again["access_token"])
    assert account["email"] == "b***@xn--bcher-kva.example.org"


@pytest.mark.parametrize(("path", "field"), [("/v1/registrations", "email"), ("/v1/logins", "identifier")])
async def test_letters_that_no_mail_is_addressed_with_are_refused_in_words(
    client: Client, path: str, field: str
) -> None:
    body = {field: "b\u00fcdi@example.org", "language": "id"} if field == "email" else {field: "b\u00fcdi@example.org"}
    status, problem = await post(client, path, body)
    assert (status, problem["code"], problem["field"]) == (422, "email_not_ascii", f"/{field}")
    assert "plain letters" in problem["next_action"]


async def test_a_code_is_taken_in_groups_and_refused_with_an_example(client: Client, world: World) -> None:
    _, challenge = await post(client, "/v1/registrations", {"email": "budi@example.org", "language": "id"})
    path = f"/v1/challenges/{challenge['challenge_id']}/verification"
    status, problem = await post(client, path, {"code": "12 34"})
    wrong = problem["errors"][0]
    assert (status, wrong["pointer"], wrong["rule"], wrong["example"]) == (422, "/code", "one_time_code", "042317")
    assert wrong["detail"] == "Write the six digits of the code."
    code = await world.code(challenge["challenge_id"])
    status, _ = await post(client, path, {"code": f"\u200e{code[:3]} {code[3:]}"})
    assert status == 200


async def test_a_number_abroad_is_taken_with_its_prefix(client: Client, world: World) -> None:
    token = (await sign_up(client, world))["access_token"]
    headers = {"Authorization": f"Bearer {token}", "Accept-Language": "en"}
    for typed, status in (("0065 9123 4567", 202), ("0812 3456 7890 12", 422)):
        key = {"Idempotency-Key": str(uuid.uuid4())}
        async with client.put("/v1/account/phone", json={"phone": typed}, headers=headers | key) as answer:
            body = await answer.json()
            assert answer.status == status, body
    assert body["code"] == "phone_unusable" and "+65 9123 4567" in body["next_action"]


@pytest.mark.parametrize(
    ("field", "typed", "rule", "said"),
    [
        ("full_name", "BUDI\u0000CONTOH", "person_name_sign", "Sign 5 (U+0000) cannot be used here."),
        ("full_name", "BUDI \u6797", "person_name_sign", "Sign 6 (\u6797 U+6797) cannot be used here."),
        ("full_name", "   ", "person_name_letters", "Write the name as on the identity card"),
        ("birth_place", "BAN\nDUNG", "place_name_sign", "Sign 4 (U+000A) cannot be used here."),
        ("family_card_number", "3174", "family_card_number", "Write the 16 digits of the family card (KK)."),
    ],
)
async def test_what_cannot_be_printed_or_is_no_number_is_refused_at_the_door(
    client: Client, world: World, field: str, typed: str, rule: str, said: str
) -> None:
    token = (await sign_up(client, world))["access_token"]
    status, problem = await post(client, "/v1/applicants", {**FORM, field: typed}, token)
    wrong = problem["errors"][0]
    assert (status, wrong["pointer"], wrong["rule"]) == (422, f"/{field}", rule)
    assert wrong["detail"].startswith(said) and wrong["example"]


async def test_particulars_are_taken_as_people_type_them(client: Client, world: World) -> None:
    token = (await sign_up(client, world))["access_token"]
    typed = {
        **FORM,
        "full_name": " Nur\u2019aini  Jose\u0301 ",
        "nik": "\u200e3174.0112.0388.0002",
        "family_card_number": "3174 0101 0115 0001",
    }
    status, added = await post(client, "/v1/applicants", typed, token)
    assert (status, added["full_name"], added["nik"]) == (201, "Nur'aini Jos\u00e9", "************0002")
    assert added["family_card_number"] == "************0001"
    status, problem = await post(client, "/v1/applicants", {**FORM, "nik": "3174-0112"}, token)
    assert (status, problem["code"]) == (422, "nik_not_16_digits")
    assert "3174 0112 0388 0002" in problem["next_action"]


async def test_login_resend_phone_refresh_and_sign_out(client: Client, world: World) -> None:
    tokens = await sign_up(client, world)
    bearer = {"Authorization": f"Bearer {tokens['access_token']}", "Idempotency-Key": "phone-change-1"}
    for _ in range(2):
        async with client.put("/v1/account/phone", json={"phone": "0812 3456 7890"}, headers=bearer) as answer:
            challenge = await answer.json()
            assert (answer.status, challenge["channel"]) == (202, "sms")
    assert challenge["old_code_channel"] == "email"
    code, old_code = await world.codes_of(challenge["challenge_id"])
    proof = f"/v1/challenges/{challenge['challenge_id']}/verification"
    status, problem = await post(client, proof, {"code": code})
    assert (status, problem["code"], problem["field"]) == (422, "old_code_needed", "/old_code")
    assert (await post(client, proof, {"code": code, "old_code": old_code}))[0] == 200
    async with client.put("/v1/account/email", json={"email": "nonsense"}, headers=bearer) as answer:
        assert (answer.status, (await answer.json())["code"]) == (422, "email_unusable")
    async with client.put("/v1/account/email", json={"email": "x@example.org"}, headers=bearer) as answer:
        assert answer.status == 202
    world.clock.advance(61)
    status, challenge = await post(client, "/v1/logins", {"identifier": "+6281234567890"})
    assert (status, challenge["channel"]) == (202, "sms")
    status, problem = await post(client, f"/v1/challenges/{challenge['challenge_id']}/resend")
    assert (status, problem["code"], problem["challenge_id"]) == (
        429,
        "code_sent_just_now",
        challenge["challenge_id"],
    )
    world.clock.advance(61)
    assert (await post(client, f"/v1/challenges/{challenge['challenge_id']}/resend?channel=sms"))[0] == 202
    status, renewed = await post(client, "/v1/tokens/refresh", {"refresh_token": tokens["refresh_token"]})
    assert status == 200
    assert (await post(client, "/v1/tokens/revoke", {"refresh_token": renewed["refresh_token"]}))[0] == 204
    status, problem = await post(client, "/v1/tokens/refresh", {"refresh_token": renewed["refresh_token"]})
    assert (status, problem["code"]) == (401, "session_ended")


@pytest.mark.acceptance("F17.wrong", "F17.tries_left")
async def test_a_refused_code_is_a_problem_with_code_and_tries_left(client: Client, world: World) -> None:
    _, challenge = await post(client, "/v1/registrations", {"email": "budi@example.org", "language": "id"})
    wrong = f"{(int(await world.code()) + 1) % 1_000_000:06d}"
    status, problem = await post(client, f"/v1/challenges/{challenge['challenge_id']}/verification", {"code": wrong})
    assert (status, problem["code"], problem["tries_left"]) == (422, "code_wrong", 4)
    assert problem["next_action"]
    assert wrong not in str({**problem, "trace_id": None})


@pytest.mark.acceptance("F22.not_16_digits", "F22.structure")
async def test_a_wrong_nik_is_a_problem_that_names_field_and_remedy(client: Client, world: World) -> None:
    token = (await sign_up(client, world))["access_token"]
    for nik, code in (("123", "nik_not_16_digits"), ("3174013203880002", "nik_structure")):
        status, problem = await post(client, "/v1/applicants", {**FORM, "nik": nik}, token)
        assert (status, problem["code"], problem["field"]) == (422, code, "/nik")
        assert nik not in str({**problem, "trace_id": None})


async def test_a_failed_applicant_is_corrected_over_http(client: Client, world: World) -> None:
    token = (await sign_up(client, world))["access_token"]
    _, added = await post(client, "/v1/applicants", {**FORM, "birth_date": "1988-03-13"}, token)
    assert [note["code"] for note in added["identity"]["warnings"]] == ["nik_birth_date_differs"]
    bearer = {"Authorization": f"Bearer {token}"}
    async with client.put(f"/v1/applicants/{added['applicant_id']}", json=dict(FORM), headers=bearer) as answer:
        corrected = await answer.json()
    assert (answer.status, corrected["identity"]["warnings"]) == (200, [])


async def test_throw_away_accounts_never_lock_the_owner_out_of_their_nik(client: Client, world: World) -> None:
    world.registry.says = all_match(full_name=FieldAnswer(False))
    for number in range(4):
        token = (await sign_up(client, world, f"throwaway{number}@example.org"))["access_token"]
        _, added = await post(client, "/v1/applicants", {**FORM, "full_name": f"GUESS {'ABCD'[number]}"}, token)
        await world.worker.run_due()
        for _ in range(4):
            assert (await post(client, f"/v1/applicants/{added['applicant_id']}/identity-checks", {}, token))[0] == 202
            await world.worker.run_due()
    token = (await sign_up(client, world, "throwaway9@example.org"))["access_token"]
    status, added = await post(client, "/v1/applicants", {**FORM, "full_name": "GUESS J"}, token)
    assert status == 201
    await world.worker.run_due()
    status, problem = await post(client, f"/v1/applicants/{added['applicant_id']}/identity-checks", {}, token)
    assert (status, problem["code"]) == (429, "too_many_identity_tries")
    world.registry.says = all_match()
    token = (await sign_up(client, world, "owner@example.org"))["access_token"]
    status, own = await post(client, "/v1/applicants", FORM, token)
    assert status == 201
    await world.worker.run_due()
    assert (await get(client, f"/v1/applicants/{own['applicant_id']}", token))[1]["identity"]["state"] == "passed"


@pytest.mark.acceptance("F24.limit_per_address")
async def test_checks_from_one_address_have_a_limit_over_all_accounts(client: Client, world: World) -> None:
    answers: list[int] = []
    for number in range(11):
        token = (await sign_up(client, world, f"guesser{number}@example.org"))["access_token"]
        body = {**FORM, "nik": "123"}
        answers += [(await post(client, "/v1/applicants", body, token))[0] for _ in range(30)]
    assert (answers[:300], answers[300:]) == ([422] * 300, [429] * 30)


@pytest.mark.acceptance("F82.audit")
async def test_a_look_up_is_a_line_with_its_reason_found_or_not(client: Client, world: World) -> None:
    token = (await sign_up(client, world))["access_token"]
    await post(client, "/v1/applicants", FORM, token)
    await world.worker.run_due()
    _, officer = await post(client, "/v1/staff/logins", {"username": "front_officer", "password": STAFF_PASSWORD})
    for nik, reason in ((BUDI.nik, "complaint"), (SRI.nik, "complaint"), (BUDI.nik, None)):
        await post(client, "/v1/persons/lookup", {"nik": nik, "reason": reason}, officer["access_token"])
    lines = [record.state async for record in world.store.scan(AUDIT)]
    (person,) = [record.id async for record in world.store.scan(PERSON)]
    assert sorted((each.reason, each.outcome, each.subject) for each in lines if each.act == "read_nik") == [
        ("complaint", "done", person),
        ("complaint", "refused", "look_up_person"),
        ("unstated", "refused", "look_up_person"),
    ]
    assert BUDI.nik not in repr(lines)


async def test_staff_sign_in_and_look_up(client: Client, world: World) -> None:
    token = (await sign_up(client, world))["access_token"]
    _, added = await post(client, "/v1/applicants", FORM, token)
    await world.worker.run_due()
    status, officer = await post(client, "/v1/staff/logins", {"username": "front_officer", "password": STAFF_PASSWORD})
    assert (status, officer["role"]) == (200, "front_officer")
    lookup = {"nik": BUDI.nik, "reason": "person_at_counter"}
    status, found = await post(client, "/v1/persons/lookup", lookup, officer["access_token"])
    _, shown = await get(client, f"/v1/applicants/{added['applicant_id']}", token)
    assert (status, found["person_id"]) == (200, shown["person_id"])
    status, problem = await post(client, "/v1/persons/lookup", lookup, token)
    assert (status, problem["code"]) == (403, "not_allowed")
    _, treasurer = await post(client, "/v1/staff/logins", {"username": "treasurer", "password": STAFF_PASSWORD})
    assert (await post(client, "/v1/persons/lookup", lookup, treasurer["access_token"]))[0] == 403
    assert (await get(client, "/v1/account", officer["access_token"]))[0] == 403


async def test_keys_are_public_and_hold_no_secret(client: Client) -> None:
    status, keys = await get(client, "/v1/.well-known/jwks.json")
    assert status == 200
    assert [sorted(each) for each in keys["keys"]] == [["alg", "crv", "kid", "kty", "use", "x", "y"]] * 2


@pytest.mark.acceptance("F24.limit_per_address")
async def test_one_address_cannot_ask_for_codes_without_end(client: Client) -> None:
    answers = [
        (await post(client, "/v1/registrations", {"email": f"budi{number}@example.org"}))[0] for number in range(31)
    ]
    assert answers[:20] == [202] * 20
    assert answers[-1] == 429


@pytest.mark.acceptance("F24.logs_masked")
async def test_logs_show_no_person(client: Client, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    monkeypatch.setattr(logging.root, "handlers", [])
    configure_logs("identity", LogLevel.DEBUG, stream=written)
    try:
        token = (await sign_up(client, world))["access_token"]
        _, added = await post(client, "/v1/applicants", FORM, token)
        world.registry.says = UpstreamDown("dukcapil", "timeout")
        await world.worker.run_due()
        await post(client, "/v1/applicants", {**FORM, "nik": "3174013203880002"}, token)
        await get(client, f"/v1/applicants/{added['applicant_id']}", token)
        await post(client, "/v1/staff/logins", {"username": "front_officer", "password": "wrong password"})
        code = await world.code()
    finally:
        structlog.reset_defaults()
    logs = written.getvalue()
    assert "http.answered" in logs and "registry_silent" in logs
    assert not re.search(r"(?<![0-9a-f])\d{16}(?![0-9a-f])", logs)
    for secret in ("budi@", BUDI.full_name, BUDI.nik, "wrong password", token, f'"{code}"'):
        assert secret not in logs


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/registrations", {"email": "x" * 255}),
        ("/v1/registrations", {"email": "budi@example.org", "language": "fr"}),
        ("/v1/logins", {}),
        ("/v1/challenges/unknown/verification", {"code": "12345"}),
        ("/v1/challenges/unknown/verification", {"code": "12345a"}),
        ("/v1/challenges/unknown/verification", {}),
        ("/v1/challenges/unknown/verification", {"long_code": "ABCD-EFGH"}),
        ("/v1/tokens/refresh", {"refresh_token": ""}),
        ("/v1/staff/logins", {"username": "x", "password": "y" * 257}),
    ],
)
async def test_a_form_that_breaks_a_rule_is_refused(client: Client, path: str, body: dict[str, Any]) -> None:
    status, problem = await post(client, path, body)
    assert (status, problem["code"]) == (422, "malformed")


def test_everything_that_comes_in_has_a_limit() -> None:
    for endpoint in ENDPOINTS:
        for model in (endpoint.body, endpoint.query):
            assert model is None or unbounded_fields(model) == []


# The registry's client


@pytest.fixture
async def registry() -> AsyncIterator[tuple[Dukcapil, Client]]:
    """The client and the simulator that it speaks to."""
    async with TestClient(TestServer(create_app(SimulatorSettings()))) as simulator:
        settings = make_settings(
            dukcapil_url=str(simulator.make_url("/")),
            dukcapil_password="simulated-dukcapil",
            dukcapil_try_seconds=0.5,
        )
        client = Dukcapil(settings, SystemClock(), SeededRandomness(1))
        yield client, simulator
        await client.close()


async def behave(simulator: Client, mode: str, **more: Any) -> None:
    body = {"operation": "verify", "mode": mode, **more}
    async with simulator.put("/control/behaviour", json=body) as answer:
        assert answer.status == 200


def person(nik: str) -> Particulars:
    return Particulars("SIAPA CONTOH", nik, "BANDUNG", BUDI.birth_date, BUDI.sex)


@pytest.mark.acceptance("F23.every_response_code")
async def test_the_registry_answers_field_by_field(registry: tuple[Dukcapil, Client]) -> None:
    client, _ = registry
    answer = await client.compare(SRI, 90)
    assert answer.fields is not None and answer.fields[Field.FULL_NAME] == FieldAnswer(True, 100)
    assert Field.FAMILY_CARD_NUMBER not in answer.fields
    other = await client.compare(person(BUDI.nik), 90)
    assert other.fields is not None
    assert (other.fields[Field.FULL_NAME].matches, other.fields[Field.BIRTH_DATE].matches) == (False, True)
    assert client.quota_left is not None


@pytest.mark.acceptance("F22.not_found", "F22.inactive", "F22.deceased", "F22.duplicate", "F23.every_response_code")
@pytest.mark.parametrize(
    ("nik", "cause"),
    [
        ("3273010107550001", Cause.DECEASED),
        ("3578010909920001", Cause.DUPLICATE),
        (UNKNOWN_NIK, Cause.NOT_FOUND),
        ("1271015512950001", Cause.INACTIVE),
        ("3174013213990001", Cause.MALFORMED),
    ],
)
async def test_every_response_code_has_its_cause(registry: tuple[Dukcapil, Client], nik: str, cause: Cause) -> None:
    assert (await registry[0].compare(person(nik), 90)).refusal is cause


@pytest.mark.acceptance("F23.timeout")
@pytest.mark.parametrize(
    ("mode", "reason"),
    [
        ("down", "connection_lost"),
        ("unavailable", "status_503"),
        ("error", "status_500"),
        ("bad_request", "status_400"),
        ("malformed", "unreadable"),
        ("timeout", "timeout"),
        ("quota_used_up", "quota_used_up"),
    ],
)
async def test_every_failure_is_the_registry_being_down(
    registry: tuple[Dukcapil, Client], mode: str, reason: str
) -> None:
    client, simulator = registry
    await behave(simulator, mode, delay_seconds=2 if mode == "timeout" else 0)
    with pytest.raises(UpstreamDown) as down:
        await client.compare(SRI, 90)
    assert down.value.reason == reason


@pytest.mark.acceptance("F23.retry")
async def test_one_lost_call_is_repeated(registry: tuple[Dukcapil, Client]) -> None:
    client, simulator = registry
    await behave(simulator, "unavailable", next_calls=1)
    assert (await client.compare(SRI, 90)).fields is not None


@pytest.mark.acceptance("F23.breaker", "F23.quota_count")
async def test_the_breaker_opens_and_little_quota_is_noted(registry: tuple[Dukcapil, Client]) -> None:
    client, simulator = registry
    async with simulator.put("/control/settings", json={"quota_per_day": 10}) as answer:
        assert answer.status == 200
    await client.compare(SRI, 90)
    assert client.quota_left == 9
    await behave(simulator, "unavailable")
    for _ in range(3):
        with pytest.raises(UpstreamDown):
            await client.compare(SRI, 90)
    with pytest.raises(UpstreamDown) as down:
        await client.compare(replace(SRI, family_card_number="3174010101150001"), 90)
    assert down.value.reason == "circuit_open"


@pytest.mark.parametrize("changed", [{"token_signing_keys": "no pem"}, {"notification_sealing_public_key": "x"}])
def test_settings_without_usable_keys_are_refused(changed: dict[str, str]) -> None:
    with pytest.raises(SettingsWrong):
        make_settings(**changed)


@pytest.mark.parametrize("content", [{"RESPONSE_CODE": "99"}, {"NIK": "Mungkin"}, {"NIK": 1}])
def test_words_that_are_not_known_are_no_answer(content: dict[str, Any]) -> None:
    with pytest.raises(UpstreamDown):
        read_answer(content)


async def _staff_token(client: Client, username: str, password: str = STAFF_PASSWORD) -> str:
    status, tokens = await post(client, "/v1/staff/logins", {"username": username, "password": password})
    assert status == 200
    return str(tokens["access_token"])


async def test_somebody_is_hired_signs_in_is_locked_and_leaves(client: Client) -> None:
    head = await _staff_token(client, "office_admin")
    form = {"username": "dewi.contoh", "full_name": "DEWI CONTOH", "role": "front_officer", "reason": "new_post"}
    status, hired = await post(client, "/v1/staff/members", {**form, "office_id": "jakarta-selatan"}, head)
    assert (status, hired["state"], hired["full_name"]) == (201, "invited", "DEWI CONTOH")
    given, own = hired["one_time_password"], "four words nobody joins"
    status, problem = await post(client, "/v1/staff/logins", {"username": "dewi.contoh", "password": given})
    assert (status, problem["code"]) == (403, "own_password_needed")
    change = {"username": "dewi.contoh", "password": given, "new_password": own}
    async with client.put("/v1/staff/password", json=change) as answer:
        assert answer.status == 204
    dewi = await _staff_token(client, "dewi.contoh", own)
    status, problem = await post(client, "/v1/staff/members", {**form, "username": "sri.contoh"}, dewi)
    assert (status, problem["code"]) == (403, "not_allowed")
    place = f"/v1/staff/members/{hired['staff_id']}"
    status, shown = await get(client, place, head)
    assert (status, shown["state"], shown["one_time_password"]) == (200, "active", None)
    status, listed = await get(client, "/v1/staff/members?limit=1", head)
    assert (status, [each["username"] for each in listed["staff"]], listed["next"]) == (
        200,
        ["dewi.contoh"],
        "front_officer",
    )
    reason = {"reason": "suspected_misuse"}
    other = {"role": "interviewer", "office_id": "jakarta-selatan", **reason}
    status, moved = await post(client, f"{place}/reassignment", other, head)
    assert (status, moved["role"]) == (200, "interviewer")
    for act, state in (("lock", "locked"), ("unlock", "invited"), ("password-reset", "invited"), ("departure", "left")):
        status, seen = await post(client, f"{place}/{act}", reason, head)
        assert (status, seen["state"]) == (200, state)
        assert bool(seen["one_time_password"]) == (state == "invited")
    status, problem = await post(client, f"{place}/lock", {"reason": "because I say so"}, head)
    assert (status, problem["field"]) == (422, "/reason")


async def test_operators_decide_by_two_over_http(client: Client) -> None:
    operator = await _staff_token(client, "operator")
    form = {"username": "tono.contoh", "full_name": "TONO CONTOH", "role": "treasurer", "reason": "replacement"}
    status, proposed = await post(client, "/v1/staff/members", form, operator)
    assert (status, proposed["state"], proposed["pending"]["act"]) == (201, "proposed", "approve")
    place = f"/v1/staff/members/{proposed['staff_id']}"
    status, problem = await post(client, f"{place}/approval", {"reason": "replacement"}, operator)
    assert (status, problem["code"]) == (403, "second_operator_needed")
    status, seen = await post(client, f"{place}/refusal", {"reason": "correction"}, operator)
    assert (status, seen["state"]) == (200, "refused")
    founder = {"secret": "x" * 43, "username": "ratna", "full_name": "RATNA", "password": "four words nobody joins"}
    status, problem = await post(client, "/v1/staff/first-operators", founder)
    assert (status, problem["code"]) == (403, "first_operator_secret_wrong")


async def test_an_operator_is_made_by_a_secret_over_http() -> None:
    secret = "y" * 43
    world = World(demo_staff_password=None, first_operator_secrets=secret)
    founder = {"secret": secret, "username": "ratna", "full_name": "RATNA", "password": "four words nobody joins"}
    async with served(world) as client:
        status, made = await post(client, "/v1/staff/first-operators", founder)
        assert (status, made["role"], made["state"], made["full_name"]) == (201, "operator", "active", "RATNA")
        status, problem = await post(client, "/v1/staff/first-operators", {**founder, "username": "sari"})
        assert (status, problem["code"]) == (409, "first_operator_secret_used")


async def test_discovery_says_what_exists(client: Client, world: World) -> None:
    status, found = await get(client, "/v1/.well-known/oauth-authorization-server")
    assert status == 200
    assert found["issuer"] == world.settings.token_issuer
    assert found["jwks_uri"] == "http://127.0.0.1:8100/v1/.well-known/jwks.json"
    assert (found["response_types_supported"], found["grant_types_supported"]) == ([], [])
    assert found["access_token_signing_alg_values_supported"] == ["ES256"]
    assert "token_endpoint" not in found and "authorization_endpoint" not in found


async def test_a_change_of_address_is_undone_by_a_page_without_scripts(client: Client, world: World) -> None:
    tokens = await sign_up(client, world)
    await world.change_address(tokens["account_id"], email="pencuri@example.org")
    place = "/v1/address-undo/" + str((await world.cards())[-1]["undo_url"]).rpartition("/")[2]
    for language, button in (("id", "Batalkan perubahan"), ("en", "Undo the change")):
        async with client.get(f"{place}?language={language}") as answer:
            page = await answer.text()
            assert (answer.status, answer.content_type) == (200, "text/html")
        assert f'<form method="post" action="?language={language}">' in page
        assert button in page and "b***@example.org" in page
        assert "<script" not in page and "http" not in page.replace("http-equiv", "")
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "form-action 'self'" in answer.headers["Content-Security-Policy"]
    status, _ = await get(client, "/v1/account", tokens["access_token"])
    assert status == 200
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for _ in range(2):
        async with client.post(f"{place}?language=en", data=b"", headers=form) as answer:
            assert answer.status == 200
            assert "is undone" in await answer.text()
    assert (await world.cards())[-1]["email"] == "budi@example.org"
    status, problem = await post(client, "/v1/applicants", FORM, tokens["access_token"])
    assert (status, problem["code"]) == (401, "session_over")
    async with client.get("/v1/address-undo/nothing.at-all?language=en") as answer:
        assert (answer.status, "does not work any more" in await answer.text()) == (200, True)


async def test_after_signing_out_the_access_token_changes_nothing_and_no_kept_answer_is_given(
    client: Client, world: World
) -> None:
    tokens = await sign_up(client, world)
    headers = {"Authorization": f"Bearer {tokens['access_token']}", "Idempotency-Key": "applicant-1"}
    async with client.post("/v1/applicants", json=FORM, headers=headers) as answer:
        assert answer.status == 201
    assert (await post(client, "/v1/tokens/revoke", {"refresh_token": tokens["refresh_token"]}))[0] == 204
    async with client.post("/v1/applicants", json=FORM, headers=headers) as answer:
        assert (answer.status, (await answer.json())["code"]) == (401, "session_over")
    for path, body in (
        ("/v1/account/email", {"email": "x@example.org"}),
        ("/v1/account/phone", {"phone": "081234567890"}),
    ):
        async with client.put(path, json=body, headers=headers) as answer:
            assert (answer.status, (await answer.json())["code"]) == (401, "session_over")


async def test_twin_without_the_check_a_signed_out_token_still_adds_applicants(world: World) -> None:
    """As it was: the token is believed for its fifteen minutes."""

    class Nobody:
        async def refuse_ended(self, _caller: object) -> None:
            return None

    async with served(world, sessions=Nobody()) as client:
        tokens = await sign_up(client, world)
        await post(client, "/v1/tokens/revoke", {"refresh_token": tokens["refresh_token"]})
        assert (await post(client, "/v1/applicants", FORM, tokens["access_token"]))[0] == 201
