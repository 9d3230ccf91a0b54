"""Pictures of evidence through all services over HTTP: uploaded, named by a request, seen by who decides, and ended."""

from __future__ import annotations

import zipfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial
from io import BytesIO
from typing import Any, Final

import pytest

from services.application.evidence.repository import EVIDENCE
from shared.retention.erasure import LOOK_AGAIN_AFTER
from shared.tokens import Role
from tests.assembled import OFFICE, OTHER_OFFICE, Suite
from tests.contract.test_erasure import files_of, order_of, person_of, tell
from tests.contract.test_own_data import export, unpacked
from tests.unit.application.world import picture
from tests.unit.scheduling import world as scheduling_world
from tests.walking import Caller, Citizen, Officer

CONTENT: Final = picture()
REASON: Final = "?reason=document_check"
KEPT_DAYS: Final = 365
MORNING: Final = datetime(2026, 11, 24, 1, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _loopback_allowed(socket_enabled: None) -> None:
    """Services are served on loopback."""


@pytest.fixture
async def citizen() -> AsyncIterator[Citizen]:
    suite = Suite()
    await suite.start()
    async with suite.served(), Citizen(suite) as citizen:
        await citizen.until_paid()
        yield citizen
    assert suite.troubles == []


async def upload(caller: Caller, purpose: str) -> str:
    """A picture from the announcement to the last byte; its id."""
    body = {"purpose": purpose, "file_name": "surat.jpg", "media_type": "image/jpeg", "size_bytes": len(CONTENT)}
    begun = (await caller.done("application", "POST", "/v1/evidence", body)).body
    headers = {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    done = await caller.done("application", "PATCH", begun["upload_url"], raw=CONTENT, headers=headers)
    assert done["state"] == "kept"
    return str(begun["evidence_id"])


async def look(citizen: Citizen, role: Role, url: str, office_id: str = OFFICE) -> Any:
    """What a member of staff is answered who opens the picture."""
    async with Officer(citizen.suite, role, office_id) as officer:
        reply = await officer.call("application", "GET", url)
    await citizen.suite.settle()
    return reply


async def ask_refund(citizen: Citizen, evidence_id: str) -> Any:
    await citizen.bill()
    body = {"bill_id": citizen.bill_id, "reason": "agent_error", "note": "the bank took it twice"}
    return (await citizen.done("billing", "POST", "/v1/refunds", body | {"evidence_ids": [evidence_id]})).body


@pytest.mark.acceptance("Y21.refund_files", "Y21.seen_by_decider")
async def test_a_refund_is_decided_with_the_picture_in_view_and_the_payer_sees_who_looked(citizen: Citizen) -> None:
    evidence_id = await upload(citizen, "refund")
    url = f"/v1/evidence/{evidence_id}/content{REASON}"
    assert (await look(citizen, Role.TREASURER, url)).status == 404, "nobody has named it"
    case = await ask_refund(citizen, evidence_id)
    async with Officer(citizen.suite, Role.TREASURER) as treasurer:
        seen = await treasurer.done("billing", "GET", f"/v1/refunds/{case['refund_id']}?reason=payment_question")
    (named,) = seen["evidence_files"]
    reply = await look(citizen, Role.TREASURER, named["url"] + REASON)
    assert (reply.status, reply.headers["Content-Type"], reply.raw[:2]) == (200, "image/jpeg", b"\xff\xd8")
    assert (await look(citizen, Role.OFFICE_ADMIN, url)).status == 200
    assert (await look(citizen, Role.OFFICE_ADMIN, url, OTHER_OFFICE))["code"] == "not_your_office"
    assert (await look(citizen, Role.FRONT_OFFICER, url)).status == 404, "does not decide on refunds"
    shown = (await citizen.done("identity", "GET", "/v1/account/data-reads"))["data_reads"]
    reads = {(line["role"], line["kind"], line["reason"]) for line in shown if line["kind"] == "evidence"}
    assert reads == {("treasurer", "evidence", "document_check"), ("office_admin", "evidence", "document_check")}


@pytest.mark.acceptance("Y21.claim_files", "Y21.seen_by_decider")
async def test_a_claim_is_looked_into_with_the_picture_of_the_slip(citizen: Citizen) -> None:
    evidence_id = await upload(citizen, "payment_claim")
    await citizen.bill()
    body = {"ntb": "999999999999", "evidence_ids": [evidence_id]}
    await citizen.done("billing", "POST", f"/v1/bills/{citizen.bill_id}/payment-claims", body)
    url = f"/v1/evidence/{evidence_id}/content{REASON}"
    assert (await look(citizen, Role.OPERATOR, url)).status == 200
    assert (await look(citizen, Role.OFFICE_ADMIN, url)).status == 404, "does not answer payment cases"


@pytest.mark.acceptance("Y21.reschedule_files", "Y21.seen_by_decider")
async def test_a_new_date_is_decided_with_the_picture_in_view(citizen: Citizen) -> None:
    seat = await citizen.appointment()
    citizen.suite.clock.set(datetime.fromisoformat(seat["ends_at"]) + timedelta(hours=1))
    await citizen.suite.settle()
    evidence_id = await upload(citizen, "special_reschedule")
    body = {"cause": "illness", "evidence": "letter of Dr Contoh", "evidence_ids": [evidence_id]}
    await citizen.done("scheduling", "POST", f"/v1/appointments/{citizen.appointment_id}/special-requests", body)
    async with Officer(citizen.suite, Role.FRONT_OFFICER) as officer:
        listed = await officer.done("scheduling", "GET", f"/v1/offices/{OFFICE}/special-requests")
        ((named,),) = [request["evidence_files"] for request in listed["requests"]]
        assert (await officer.call("application", "GET", named["url"] + REASON)).status == 200
    assert (await look(citizen, Role.FRONT_OFFICER, named["url"] + REASON, OTHER_OFFICE)).status == 403


@pytest.mark.acceptance("Y21.seen_by_decider")
async def test_the_head_looks_at_the_paper_of_an_urgent_visitor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduling_world, "plan", partial(scheduling_world.plan, walk_in=2))
    suite = Suite()
    await suite.start()
    suite.clock.set(MORNING)
    async with suite.served(), Officer(suite, Role.FRONT_OFFICER) as front, Officer(suite, Role.OFFICE_ADMIN) as head:
        evidence_id = await upload(front, "walk_in")
        url = f"/v1/evidence/{evidence_id}/content{REASON}"
        assert (await head.call("application", "GET", url)).status == 404, "nobody has named it"
        body = {"reason": "urgent", "evidence": "funeral abroad", "evidence_ids": [evidence_id]}
        visit = (await front.done("scheduling", "POST", f"/v1/offices/{OFFICE}/walk-ins", body)).body
        seen = await head.done("scheduling", "GET", f"/v1/appointments/{visit['appointment_id']}")
        assert [named["evidence_id"] for named in seen["evidence_files"]] == [evidence_id]
        assert (await head.call("application", "GET", url)).status == 200
        async with Officer(suite, Role.OFFICE_ADMIN, OTHER_OFFICE) as other:
            assert (await other.call("application", "GET", url))["code"] == "not_your_office"


async def test_a_stranger_who_names_anothers_picture_shows_it_to_nobody(citizen: Citizen) -> None:
    evidence_id = await upload(citizen, "refund")
    suite = citizen.suite
    async with Caller(suite, suite.token(Role.APPLICANT, "stranger")) as stranger:
        for method, path in (("GET", ""), ("HEAD", "/content"), ("GET", "/content")):
            assert (await stranger.call("application", method, f"/v1/evidence/{evidence_id}{path}")).status == 404
    mine = await upload_by_stranger(suite)
    case = await ask_refund(citizen, mine)
    assert [named["evidence_id"] for named in case["evidence_files"]] == [mine], "the case shows what was named"
    reply = await look(citizen, Role.OPERATOR, f"/v1/evidence/{mine}/content{REASON}")
    assert (reply.status, reply["code"]) == (404, "not_found")


async def upload_by_stranger(suite: Suite) -> str:
    async with Caller(suite, suite.token(Role.APPLICANT, "stranger")) as stranger:
        return await upload(stranger, "refund")


async def test_it_is_in_the_export_of_its_account(citizen: Citizen) -> None:
    evidence_id = await upload(citizen, "refund")
    case = await ask_refund(citizen, evidence_id)
    citizen.suite.clock.advance(3601)
    await citizen.add_phone()
    citizen.suite.clock.advance(3601)
    export_id = await export(citizen)
    files = unpacked(await citizen.done("application", "GET", f"/v1/exported-files/{export_id}"))
    name = f"evidence/refund-{evidence_id[-8:]}.jpg"
    assert files[name].startswith(b"\xff\xd8")
    archive = await citizen.done("identity", "GET", f"/v1/account/exports/{export_id}/archive")
    with zipfile.ZipFile(BytesIO(archive.raw)) as zipped:
        texts = "".join(zipped.read(each).decode() for each in zipped.namelist() if each.endswith(".json"))
    assert name in texts and case["refund_id"] in texts


async def test_it_is_erased_with_its_account_and_a_late_request_brings_nothing_back(citizen: Citizen) -> None:
    suite = citizen.suite
    evidence_id = await upload(citizen, "refund")
    other = await upload_by_stranger(suite)
    store = suite.services["application"].store
    file_id = (await store.get(EVIDENCE, evidence_id)).state.file_id
    await tell(suite, order_of(citizen, await person_of(suite, citizen)), ("application",))
    await suite.later(LOOK_AGAIN_AFTER.total_seconds())
    assert await store.get(EVIDENCE, evidence_id) is None
    assert file_id not in await files_of(suite, "application")
    assert await store.get(EVIDENCE, other) is not None
    await ask_refund(citizen, evidence_id)
    assert await store.get(EVIDENCE, evidence_id) is None


@pytest.mark.parametrize(("days", "left"), [(KEPT_DAYS - 1, True), (KEPT_DAYS + 1, False)])
async def test_it_ends_by_its_time_after_it_was_named(citizen: Citizen, days: int, left: bool) -> None:
    suite = citizen.suite
    evidence_id = await upload(citizen, "refund")
    await ask_refund(citizen, evidence_id)
    service = suite.services["application"]
    named_at = (await service.store.get(EVIDENCE, evidence_id)).state.case.named_at
    suite.clock.set(named_at + timedelta(days=days))
    await service.parts.service.retention.sweeping.begin()
    await suite.settle()
    assert (await service.store.get(EVIDENCE, evidence_id) is not None) is left
