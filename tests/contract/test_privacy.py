"""No person in any message, log line or stored document: a whole journey is walked and everything written is searched.

Things go wrong on the way, too, because it is errors that tell too much.
"""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import structlog

from services.identity.applicants.registry_match import Field, FieldAnswer
from services.notification.deliveries.ports import MessageRefused
from shared.errors import UpstreamDown
from shared.logs import configure_logs
from tests.assembled import Suite
from tests.searching import A_PHONE, AN_EMAIL, SIXTEEN_DIGITS, without_traces
from tests.unit.identity.world import BUDI, SRI, STAFF_PASSWORD, all_match
from tests.walking import DAY_SECONDS, EMAIL, PHONE, TYPED, Citizen, serve_visitor


@dataclass
class Walked:
    """What a journey left behind."""

    suite: Suite
    messages: list[str]
    sealed: list[str]
    lines: list[dict[str, Any]]
    raw_lines: list[str]
    codes: list[str]


@contextmanager
def written_logs() -> Iterator[io.StringIO]:
    """Everything that is logged, down to debug, as production writes it."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    stream = io.StringIO()
    configure_logs("suite", "debug", stream=stream, as_json=True)
    try:
        yield stream
    finally:
        root.handlers[:] = before
        root.setLevel(level)
        structlog.reset_defaults()


async def walk(suite: Suite) -> list[str]:
    """A whole journey with trouble at every agency; gives the one-time codes that were sent."""
    agencies = suite.agencies
    async with Citizen(suite) as citizen, Citizen(suite) as other:
        await _mistyped(citizen)
        agencies.mailer.trouble = MessageRefused("smtp_550")
        await citizen.call("identity", "POST", "/v1/registrations", {"email": "lain.contoh@example.org"})
        await suite.settle()
        agencies.mailer.trouble = None
        await citizen.register()
        agencies.sms.trouble = UpstreamDown("sms", "timeout")
        await citizen.call("identity", "PUT", "/v1/account/phone", {"phone": PHONE})
        await suite.settle()
        agencies.sms.trouble = None
        await suite.later(120)
        await citizen.add_phone()
        await _identity_with_trouble(citizen)
        await citizen.begin()
        await citizen.answer()
        await citizen.upload_everything()
        await citizen.submit()
        await citizen.hold()
        await citizen.pay()
        agencies.dpri.says = [RuntimeError(f"no such file: {BUDI.nik} {EMAIL} {PHONE}")]
        await suite.later(DAY_SECONDS / 24)
        await serve_visitor(citizen)
        await _staff_mistypes(other)
        return [*citizen.codes, *other.codes]


async def _mistyped(citizen: Citizen) -> None:
    """What people type into the wrong places."""
    call = citizen.call
    assert (await call("identity", "POST", "/v1/registrations", {"email": BUDI.nik})).status == 422
    assert (await call("identity", "POST", "/v1/logins", {"identifier": f"{EMAIL} {PHONE}"})).status == 422
    assert (await call("identity", "GET", f"/v1/challenges/{BUDI.nik}")).status == 404
    assert (await call("identity", "GET", f"/v1/account?email={EMAIL}")).status in (401, 422)
    assert (await call("scheduling", "GET", f"/v1/offices?q={BUDI.nik}")).status == 200
    assert (await call("billing", "GET", f"/v1/nothing/{BUDI.nik}")).status == 404
    assert (await call("application", "GET", f"/v1/forms/{EMAIL}")).status == 404


async def _identity_with_trouble(citizen: Citizen) -> None:
    suite = citizen.suite
    suite.agencies.registry.says = UpstreamDown("dukcapil", "timeout")
    await citizen.become_applicant()
    suite.agencies.registry.says = all_match(birth_date=FieldAnswer(False))
    await suite.later(600)
    suite.agencies.registry.says = all_match(**{Field.BIRTH_PLACE.value: FieldAnswer(False)})
    path = f"/v1/applicants/{citizen.applicant_id}/identity-checks"
    await citizen.done("identity", "POST", path)
    await citizen.done("identity", "POST", f"/v1/applicants/{citizen.applicant_id}/confirmation")
    view = await citizen.done("identity", "GET", f"/v1/applicants/{citizen.applicant_id}")
    assert view["identity"]["state"] == "passed", view.body


async def _staff_mistypes(citizen: Citizen) -> None:
    for password in ("a wrong word", STAFF_PASSWORD):
        body = {"username": "front_officer", "password": password}
        await citizen.call("identity", "POST", "/v1/staff/logins", body)


@pytest.fixture(scope="module")
async def walked() -> AsyncIterator[Walked]:
    suite = Suite()
    suite.due_names = set()
    with written_logs() as stream:
        await suite.start()
        async with suite.served():
            codes = await walk(suite)
    raw_lines = without_traces(stream.getvalue()).splitlines()
    messages, sealed = [], []
    for envelope in suite.published:
        fields = envelope.to_fields()
        sealed.append(fields["data"].pop("sealed", ""))
        messages.append(without_traces(json.dumps(fields, ensure_ascii=False)))
    yield Walked(
        suite, messages, [each for each in sealed if each], [json.loads(each) for each in raw_lines], raw_lines, codes
    )


APPLICATION_NUMBER = re.compile(r'(?<="application_number": ")\d{16}(?=")')
"""A number of sixteen digits that is no NIK: it is printed on the letter, and the office finds the visitor by it."""


def known_of(codes: list[str]) -> list[str]:
    """What is known of the people who walked, in every way it may be written."""
    digits = re.sub(r"\D", "", PHONE).lstrip("0")
    names = [BUDI.full_name, BUDI.full_name.title(), SRI.full_name]
    return [BUDI.nik, EMAIL, PHONE, digits, TYPED["family_card_number"], STAFF_PASSWORD, *names, *codes]


@pytest.mark.acceptance("F24.events_masked")
def test_no_message_tells_of_a_person(walked: Walked) -> None:
    assert len(walked.messages) > 30
    assert {envelope.type.split(".")[1] for envelope in walked.suite.published} == set(walked.suite.services)
    for message in (APPLICATION_NUMBER.sub("", message) for message in walked.messages):
        for pattern in (SIXTEEN_DIGITS, AN_EMAIL, A_PHONE):
            assert not pattern.search(message), message
        for known in known_of([]):
            assert known not in message, message
        for code in walked.codes:
            assert not re.search(rf"(?<![0-9a-f.]){code}(?![0-9a-f])", message), message


@pytest.mark.acceptance("F24.events_masked")
def test_what_crosses_services_about_a_person_is_sealed(walked: Walked) -> None:
    assert len(walked.sealed) >= 4
    for text in walked.sealed:
        assert not any(known in text for known in known_of([]))


@pytest.mark.acceptance("F24.logs_masked")
def test_no_log_line_tells_of_a_person(walked: Walked) -> None:
    told = {str(line["event"]) for line in walked.lines}
    assert {"http.answered", "http.refused"} <= told
    assert len(walked.lines) > 50
    for raw, line in zip(walked.raw_lines, walked.lines, strict=True):
        for pattern in (SIXTEEN_DIGITS, AN_EMAIL, A_PHONE):
            assert not pattern.search(raw), raw
        said = json.dumps({key: value for key, value in line.items() if key != "timestamp"}, ensure_ascii=False)
        for known in known_of([]):
            assert known not in said, raw
        for code in walked.codes:
            assert not re.search(rf"(?<![0-9a-f]){code}(?![0-9a-f])", said), raw


def test_the_search_would_have_found_something(walked: Walked) -> None:
    """The troubles on the way did speak of people, and the logs show where that was taken out."""
    assert any("[nik]" in line and "[email]" in line for line in walked.raw_lines)
    assert SIXTEEN_DIGITS.search(BUDI.nik)
    assert AN_EMAIL.search(EMAIL)
    assert A_PHONE.search(PHONE.replace(" ", ""))


@pytest.mark.acceptance("F24.otp_hashed", "F24.nik_encrypted", "F24.kk_encrypted")
def test_nothing_of_a_person_lies_in_the_open(walked: Walked) -> None:
    """OTPs and passwords hashed; NIK, family card, addresses, names and the interviewer's note encrypted at rest."""
    for name, service in walked.suite.services.items():
        for kind, documents in service.store._documents.items():
            for document in documents.values():
                text = json.dumps(document, default=str, ensure_ascii=False)
                for known in [*known_of([]), "Berkas lengkap"]:
                    assert known not in text, f"{name}/{kind}: {known}"
                for code in walked.codes:
                    assert f'"{code}"' not in text, f"{name}/{kind}: a one-time code"


@pytest.mark.acceptance("F24.files_encrypted")
def test_no_picture_or_letter_lies_in_the_open(walked: Walked) -> None:
    files = walked.suite.services["application"].files
    chunks = [chunk for each in files._table.stored.values() for chunk in each.values()]  # type: ignore[attr-defined]
    assert len(chunks) >= 4
    for chunk in chunks:
        assert not chunk.data.startswith((b"\xff\xd8\xff", b"%PDF"))
        assert b"JFIF" not in chunk.data and b"PDF-1" not in chunk.data


@pytest.mark.acceptance("F15.in_every_log")
def test_one_trace_runs_from_the_call_through_every_service(walked: Walked) -> None:
    """What one request began carries its trace in every message that follows and in every service's lines."""
    submitted = next(each for each in walked.suite.published if each.type.endswith("application.submitted.v1"))
    trace = submitted.traceparent.split("-")[1]
    followers = [each for each in walked.suite.published if each.correlation_id == submitted.correlation_id]
    assert {each.traceparent.split("-")[1] for each in followers} == {trace}
    held = next(each for each in walked.suite.published if each.type.endswith("seat.held.v1"))
    trace = held.traceparent.split("-")[1]
    requested = next(each for each in walked.suite.published if each.type.endswith("bill.requested.v1"))
    assert requested.traceparent.split("-")[1] == trace
    assert any(line.get("trace_id") == trace for line in walked.lines)


def test_the_walk_went_well(walked: Walked) -> None:
    assert walked.suite.troubles == []
    declared = {
        (name, kind, due) for name, service in walked.suite.services.items() for kind, due in service.parts.deadlines
    }
    found = walked.suite.due_names or set()
    assert found <= declared
    assert len({name for name, _, _ in found}) == 5
