"""All data of a person over HTTP and all five services: collected, read by their holder, corrected by known calls."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import AsyncIterator, Iterator
from typing import Any

import jsonschema
import pytest
from pydantic import BaseModel

from services.application.endpoints import ENDPOINTS as APPLICATION
from services.application.own_data.part import ApplicationPart
from services.billing.endpoints import ENDPOINTS as BILLING
from services.billing.own_data.part import BillingPart
from services.identity.endpoints import ENDPOINTS as IDENTITY
from services.identity.exports.own_part import IdentityPart
from services.identity.exports.repository import EXPORT
from services.identity.privacy_notice.notice_file import load_notices
from services.notification.endpoints import ENDPOINTS as NOTIFICATION
from services.notification.own_data.part import NotificationPart
from services.scheduling.endpoints import ENDPOINTS as SCHEDULING
from services.scheduling.own_data.part import SchedulingPart
from shared.events.identity import DataExportAsked, ErasureOrdered, KeepExportPart
from shared.own_data.answers import EXPORT_ANSWER
from shared.own_data.part import CORRECTIONS
from shared.tokens import Role
from tests.assembled import LATER, Suite
from tests.unit.application.world import picture
from tests.unit.identity.world import BUDI, SRI
from tests.unit.world import envelope_of
from tests.walking import EMAIL, TYPED, Citizen, Officer, Reply

CALLS = {(each.method, each.path) for each in (*IDENTITY, *APPLICATION, *SCHEDULING, *BILLING, *NOTIFICATION)}
PARTS: tuple[type[BaseModel], ...] = (IdentityPart, ApplicationPart, SchedulingPart, BillingPart, NotificationPart)


@pytest.fixture(autouse=True)
def _loopback_allowed(socket_enabled: None) -> None:
    """Let these tests open sockets where they are blocked."""


@pytest.fixture
async def suite() -> AsyncIterator[Suite]:
    suite = Suite()
    await suite.start()
    async with suite.served():
        yield suite


@pytest.fixture
async def citizen(suite: Suite) -> AsyncIterator[Citizen]:
    """Somebody with two addresses and a paid visit."""
    async with Citizen(suite) as citizen:
        await citizen.until_paid()
        suite.clock.advance(3601)
        await citizen.add_phone()
        suite.clock.advance(3601)
        yield citizen


async def export(citizen: Citizen) -> str:
    """Ask, prove both addresses, wait; the id."""
    asked = (await citizen.done("identity", "POST", "/v1/account/exports"))["challenge"]
    agencies = citizen.suite.agencies
    codes = {"email": agencies.newest_code(), "sms": agencies.newest_code(by_sms=True)}
    body = {"code": codes[asked["channel"]], "old_code": codes[asked["old_code_channel"]]}
    await citizen.done("identity", "POST", f"/v1/challenges/{asked['challenge_id']}/verification", body)
    [seen] = (await citizen.done("identity", "GET", "/v1/account/exports"))["exports"]
    assert (seen["state"], seen["missing"]) == ("ready", [])
    return str(seen["export_id"])


def unpacked(reply: Reply) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(reply.raw)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.mark.acceptance("Y24.export")
async def test_everything_of_a_person_is_in_one_archive_and_their_documents_in_the_other(
    suite: Suite, citizen: Citizen
) -> None:
    export_id = await export(citizen)
    files = unpacked(await citizen.done("identity", "GET", f"/v1/account/exports/{export_id}/archive"))
    data = json.loads(files["data.json"])
    jsonschema.Draft202012Validator(json.loads(files["data.schema.json"])).validate(data)
    parts = data["parts"]
    assert parts["identity"]["account"]["email"] == EMAIL
    assert parts["identity"]["applicants"][0]["nik"] == BUDI.nik
    [application] = parts["application"]["applications"]
    assert application["application_id"] == citizen.application_id
    assert parts["application"]["identity_cards"][0]["full_name"] == BUDI.full_name
    [visit] = parts["scheduling"]["visits"]
    assert (visit["appointment_id"], visit["state"]) == (citizen.appointment_id, "confirmed")
    [bill] = parts["billing"]["bills"]
    assert (bill["state"], bill["payments"][0]["amount"]) == ("paid", bill["amount"])
    assert parts["notification"]["contact"]["email"] == EMAIL
    assert {message["template"] for message in parts["notification"]["messages"]} >= {"bill_paid", "phone_changed"}
    documents = unpacked(await citizen.done("application", "GET", f"/v1/exported-files/{export_id}"))
    named = {document["file"] for document in application["documents"] if document["file"]}
    assert set(documents) == named and named
    assert all(content.startswith(b"\xff\xd8") for content in documents.values()), "pictures"
    page = files["index.html"].decode()
    assert all(text in page for text in (BUDI.full_name, EMAIL, bill["billing_codes"][0], application["number"]))
    assert any("sudah siap" in mail.body or "Data Anda siap" in mail.subject for mail in suite.agencies.mailer.taken)


async def test_what_staff_read_and_did_is_in_it_without_the_officer(suite: Suite, citizen: Citizen) -> None:
    async with Officer(suite, Role.FRONT_OFFICER) as officer:
        await officer.done("application", "GET", f"{citizen.application}?reason=document_check")
        seat = await citizen.appointment()
        suite.clock.set(suite.clock.now().fromisoformat(seat["starts_at"]))
        await officer.done("scheduling", "POST", "/v1/check-ins", {"queue_code": seat["queue_code"]})
    export_id = await export(citizen)
    files = unpacked(await citizen.done("identity", "GET", f"/v1/account/exports/{export_id}/archive"))
    parts = json.loads(files["data.json"])["parts"]
    acts = [(name, act["act"], act["role"]) for name in parts for act in parts[name].get("staff_acts", ())]
    assert ("application", "read_application", "front_officer") in acts
    assert "front_officer-account" not in files["data.json"].decode(), "the officer is not named"
    assert not {role for _, _, role in acts} & {"applicant"}, "a person's own acts are no acts of staff"


async def test_nothing_of_a_person_travels_or_lies_in_the_open(suite: Suite, citizen: Citizen) -> None:
    await export(citizen)
    told = [each for each in suite.published if isinstance(each.data, DataExportAsked | KeepExportPart)]
    assert {each.data.service for each in told if isinstance(each.data, KeepExportPart)} == {
        *("application", "scheduling", "billing", "notification")
    }
    kept = [str(value) for name, value in (await suite.contents()).items() if "export" in name]
    for text in (BUDI.full_name, str(BUDI.nik), EMAIL):
        assert not any(text in each.to_bytes().decode() for each in told)
        assert not any(text in value for value in kept)


async def test_another_account_and_another_session_get_neither_archive(suite: Suite, citizen: Citizen) -> None:
    export_id = await export(citizen)
    paths = (
        ("identity", f"/v1/account/exports/{export_id}/archive"),
        ("application", f"/v1/exported-files/{export_id}"),
    )
    async with Citizen(suite) as stranger:
        await stranger.register("lain.contoh@example.org")
        for service, path in paths:
            reply = await stranger.call(service, "GET", path)
            assert (reply.status, reply["code"]) == (404, "export_over")
    citizen.token = suite.token(Role.APPLICANT, citizen.account_id)
    for service, path in paths:
        reply = await citizen.call(service, "GET", path)
        assert (reply.status, reply["code"]) == (403, "export_of_another_session")
        assert reply["next_call"]["href"] == "/v1/account/exports"


async def test_what_strangers_keep_for_the_same_person_is_not_in_it(suite: Suite, citizen: Citizen) -> None:
    """Another account has an applicant and a draft of its own: an export names the accounts that are asked for."""
    async with Citizen(suite) as stranger:
        await stranger.register("lain.contoh@example.org")
        changes = {"full_name": SRI.full_name, "nik": SRI.nik, "birth_date": SRI.birth_date.isoformat()}
        await stranger.become_applicant(**{**TYPED, **changes, "birth_place": SRI.birth_place, "sex": "female"})
        await stranger.begin()
        of_stranger = stranger.application_id
    export_id = await export(citizen)
    files = unpacked(await citizen.done("identity", "GET", f"/v1/account/exports/{export_id}/archive"))
    text = files["data.json"].decode()
    assert of_stranger not in text and SRI.full_name not in text


async def test_an_export_that_is_over_opens_nowhere(suite: Suite, citizen: Citizen) -> None:
    export_id = await export(citizen)
    await suite.later(7 * 86_400)
    for service, path in (
        ("identity", f"/v1/account/exports/{export_id}/archive"),
        ("application", f"/v1/exported-files/{export_id}"),
    ):
        reply = await citizen.call(service, "GET", path)
        assert (reply.status, reply["code"]) == (404, "export_over")


async def test_a_question_that_comes_twice_or_too_late_is_answered_once_or_not(suite: Suite, citizen: Citizen) -> None:
    await export(citizen)
    [asked] = [each for each in suite.published if isinstance(each.data, DataExportAsked)]
    before = len([each for each in suite.published if isinstance(each.data, KeepExportPart)])
    for service in ("application", "scheduling", "billing", "notification"):
        parts = suite.services[service].parts
        await parts.events[DataExportAsked](asked.data, asked)
        late = asked.data.model_copy(update={"export_id": "late", "ends_at": suite.clock.now()})
        await parts.events[DataExportAsked](late, asked)
        assert await suite.services[service].store.get(EXPORT_ANSWER, "late") is None
    await suite.settle()
    assert len([each for each in suite.published if isinstance(each.data, KeepExportPart)]) == before


def test_a_picture_is_a_picture() -> None:
    """What the archive of documents is compared with begins as a JPEG does."""
    assert picture().startswith(b"\xff\xd8")


# ---- labels and ways to correct ----


def fields_of(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every field of a part and of the models in it."""
    for name, model in {"": schema, **schema.get("$defs", {})}.items():
        for field, declared in model.get("properties", {}).items():
            yield f"{name}.{field}", declared


@pytest.mark.parametrize("part", PARTS)
def test_every_field_has_a_label_in_both_languages_and_a_way_to_be_corrected(part: type[BaseModel]) -> None:
    for name, field in fields_of(part.model_json_schema(mode="serialization")):
        label, correction = field.get("label", {}), field.get("correction", {})
        assert label.get("id") and label.get("en"), name
        assert correction.get("id") and correction.get("en"), name


def test_a_field_without_a_label_is_found() -> None:
    class Bare(BaseModel):
        text: str

    assert [field.get("label") for _, field in fields_of(Bare.model_json_schema())] == [None]


def test_every_call_that_corrects_or_is_a_right_exists() -> None:
    told = {text.call for text in CORRECTIONS.values() if text.call}
    told |= {right.call for notice in load_notices().versions for right in notice.rights if right.call}
    assert {call for call in told if tuple(call.split(" ")) not in CALLS} == set()


async def test_an_order_of_erasure_takes_the_export_with_it(suite: Suite, citizen: Citizen) -> None:
    await export(citizen)
    identity = suite.services["identity"]
    assert [record async for record in identity.store.scan(EXPORT)]
    assert [file_id async for file_id in identity.files.older_than(LATER)]
    order = ErasureOrdered(erasure_id="erasure-1", account_id=citizen.account_id, whole_account=True)
    suite._waiting += [("identity", envelope_of(order, suite.clock.now()))]
    await suite.settle()
    await suite.later(3600)
    assert [record async for record in identity.store.scan(EXPORT)] == []
    assert [file_id async for file_id in identity.files.older_than(LATER)] == []
