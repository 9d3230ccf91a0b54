"""Application over HTTP on loopback: the whole form of requests, answers and refusals."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from services.application.documents.pictures import PictureInspector
from services.application.endpoints import ENDPOINTS
from services.application.requirements.rule_set import load_rules
from services.application.requirements.schemas import Questionnaire, QuestionnaireView
from shared.tokens import Role
from shared.workers.limits import WorkerLimits
from shared.workers.pool import WorkerFigures, WorkerPool
from tests.contract.openapi_rules import assert_sound
from tests.unit.application import make
from tests.unit.application.browser import STREAM, Browser
from tests.unit.application.browser import browser as browser
from tests.unit.application.world import World, picture
from tests.unit.shared_workers import odd_worker
from tests.unit.shared_workers.test_pool import counted

ANSWERS = {
    "has_held_passport": False,
    "reason": "new",
    "passport_kind": "electronic",
    "validity_years": 10,
    "purpose": "tourism",
}


@pytest.fixture(autouse=True)
def _loopback_allowed(socket_enabled: None) -> None:
    """Let these tests open sockets where the unit room blocks them."""


async def test_a_picture_is_taken_by_any_name_of_its_type(browser: Browser, world: World) -> None:
    await world.meet()
    _, draft = await browser.ask("POST", "/v1/applications", json={"applicant_id": "appl"})
    path = f"/v1/applications/{draft['application_id']}"
    assert (await browser.ask("PUT", f"{path}/questionnaire", json=ANSWERS))[0] == 200
    body = {"requirement": "ktp", "file_name": "budi.jpg", "media_type": "image/jpg", "size_bytes": 1000}
    status, begun = await browser.ask("POST", f"{path}/documents", json=body)
    assert (status, begun["media_type"]) == (201, "image/jpeg")
    status, problem = await browser.ask("POST", f"{path}/documents", json={**body, "media_type": "video/mp4"})
    assert (status, problem["code"]) == (415, "file_type_not_taken")
    assert "image/jpeg or image/png" in problem["next_action"]


def test_the_endpoints_keep_the_house_rules() -> None:
    assert_sound(ENDPOINTS, "application")


def test_the_questions_are_the_fields_of_the_form() -> None:
    shown = QuestionnaireView.from_rules(load_rules())
    assert {question.name for question in shown.questions} == set(Questionnaire.model_fields)
    compulsory = {question.name for question in shown.questions if question.compulsory}
    needed = {name for name, field in Questionnaire.model_fields.items() if field.is_required()}
    assert compulsory == needed | {"purpose"}


async def test_the_rules_are_public(browser: Browser) -> None:
    async with browser.client.get("/v1/questionnaire") as response:
        assert response.status == 200
        assert (await response.json())["questions"][0]["name"] == "has_held_passport"
    async with browser.client.get("/v1/requirements?minor=true") as response:
        child = await response.json()
    statement = next(item for item in child["requirements"] if item["code"] == "parents_statement")
    assert statement["form_url"] == "/v1/forms/parents_statement"
    async with browser.client.get(statement["form_url"]) as response:
        assert response.content_type == "application/pdf"
    assert child["largest_upload_bytes"] == 10 * 1024 * 1024


async def test_a_picture_shows_how_each_paper_should_look(browser: Browser) -> None:
    async with browser.client.get("/v1/requirements?reason=expired") as response:
        urls = {item["example_url"] for item in (await response.json())["requirements"]} - {None}
    assert "/v1/paper-examples/ktp" in urls
    for url in urls:
        async with browser.client.get(url) as response:
            assert (response.status, response.content_type) == (200, "image/svg+xml")
            drawing = (await response.text()).lower()
            assert drawing.startswith("<svg") and "<title>" in drawing
            assert not any(word in drawing for word in ("<script", "href", "onload", "foreignobject"))
    status, problem = await browser.ask("GET", "/v1/paper-examples/passwd")
    assert (status, problem["code"]) == (404, "not_found")


@pytest.mark.acceptance("F26.hajj_letter", "F32.requirements")
@pytest.mark.parametrize(("day", "listed"), [("2023-02-21", True), ("2023-02-22", False)])
async def test_the_hajj_letter_over_http_on_both_days(browser: Browser, day: str, listed: bool) -> None:
    async with browser.client.get(f"/v1/requirements?reason=new&purpose=hajj&on={day}") as response:
        items = (await response.json())["requirements"]
    found = [item for item in items if item["code"] == "hajj_recommendation"]
    assert bool(found) is listed
    if found:
        assert found[0]["effective_to"] == "2023-02-21"
        assert found[0]["compulsory"]


@pytest.mark.acceptance("F3.officer_applies", "F3.officer_letter", "F6.draft_saved")
@pytest.mark.parametrize(
    ("role", "query"),
    [(Role.APPLICANT, ""), (Role.FRONT_OFFICER, "?on_behalf_of=acc&assistance=assistance-1")],
    ids=["by the applicant", "by an officer"],
)
async def test_the_whole_way(browser: Browser, world: World, role: Role, query: str) -> None:
    await world.meet()
    await world.consent()
    status, view = await browser.ask("POST", f"/v1/applications{query}", role, json={"applicant_id": "appl"})
    assert status == 201, view
    application_id = view["application_id"]
    path = f"/v1/applications/{application_id}"
    status, view = await browser.ask("PUT", f"{path}/questionnaire{query}", role, json=ANSWERS)
    assert (status, view["current_step"]) == (200, "documents")
    for item in view["requirements"]:
        if item["need"] == "required" and item["state"] == "missing":
            done = await browser.upload(path, item["code"], role, query)
            assert done["state"] == "accepted"
    submission = {"confirmed_not_refundable": True}
    status, view = await browser.ask("POST", f"{path}/submission{query}", role, json=submission)
    assert (status, view["state"], view["current_step"]) == (200, "submitted", "choose_seat")
    await world.tell(make.held(application_id=application_id), 1)
    await world.tell(make.bill_issued(application_id=application_id), 2)
    await world.tell(make.confirmed(application_id=application_id), 2)
    await world.run_due()
    status, view = await browser.ask("GET", f"{path}{query}", role)
    assert view["appointment"]["queue_number"] == "R-001"
    assert view["bill"]["billing_code"] == "820261123000001"
    assert view["deadline"] == make.VISIT.isoformat().replace("+00:00", "Z")
    status, letter = await browser.ask("GET", f"{path}/letter{query}", role)
    assert (status, letter[:4]) == (200, b"%PDF")
    await world.tell(make.checked_in(application_id=application_id), 3)
    seen = [item["code"] for item in view["requirements"] if item["document_id"]]
    status, _ = await browser.ask("POST", f"{path}/originals", Role.INTERVIEWER, json={"requirements": seen})
    assert status == 200
    status, view = await browser.ask("POST", f"{path}/interview", Role.INTERVIEWER, json={"outcome": "approved"})
    assert (status, view["current_step"]) == (200, "print")
    world.dpri.printed = True
    await world.run_due()
    await world.after(world.settings.print_poll_seconds)
    book = {"collected_by": "self"}
    status, view = await browser.ask("POST", f"{path}/collection", Role.FRONT_OFFICER, json=book)
    assert (status, view["state"], view["current_step"], view["remaining_steps"]) == (
        200,
        "collected",
        "finished",
        [],
    )
    assert all(line["text"] and line["text_id"] and line["who"] for line in view["timeline"])
    assert view["timeline"][-1]["by"] == "staff-front_officer"


async def begun(browser: Browser, world: World) -> str:
    await world.meet()
    _, view = await browser.ask("POST", "/v1/applications", json={"applicant_id": "appl"})
    path = f"/v1/applications/{view['application_id']}"
    await browser.ask("PUT", f"{path}/questionnaire", json=ANSWERS)
    return path


@pytest.mark.acceptance("F6.upload_separate", "F6.upload_resumes")
async def test_an_upload_resumes_by_the_offset_that_head_tells(browser: Browser, world: World) -> None:
    path = await begun(browser, world)
    content = picture()
    body = {"requirement": "ktp", "file_name": "x.jpg", "media_type": "image/jpeg", "size_bytes": len(content)}
    _, document = await browser.ask("POST", f"{path}/documents", json=body)
    url = document["upload_url"]
    first = {"Upload-Offset": "0", "Content-Type": STREAM}
    status, part = await browser.ask("PATCH", url, data=content[:1000], headers=first)
    assert (status, part["upload_offset"], part["state"]) == (200, 1000, "uploading")
    status, wrong = await browser.ask("PATCH", url, data=content[:1000], headers=first)
    assert (status, wrong["code"], wrong["upload_offset"]) == (409, "wrong_offset", 1000)
    status, headers = await browser.ask("HEAD", url)
    assert (status, headers["Upload-Offset"], headers["Upload-Length"]) == (200, "1000", str(len(content)))
    rest = {"Upload-Offset": headers["Upload-Offset"], "Content-Type": STREAM}
    status, done = await browser.ask("PATCH", url, data=content[1000:], headers=rest)
    assert (status, done["state"]) == (200, "accepted")
    status, kept = await browser.ask("GET", url)
    assert (status, kept[:2]) == (200, b"\xff\xd8")
    status, kept = await browser.ask("GET", url, Role.FRONT_OFFICER)
    assert status == 403


async def test_a_document_tells_where_it_stands_and_is_not_sent_twice(browser: Browser, world: World) -> None:
    path = await begun(browser, world)
    body = {"requirement": "ktp", "file_name": "x.jpg", "media_type": "image/jpeg", "size_bytes": len(picture())}
    _, document = await browser.ask("POST", f"{path}/documents", json=body)
    own = f"{path}/documents/{document['document_id']}"
    status, seen = await browser.ask("GET", own)
    assert (status, seen["state"], seen["upload_offset"]) == (200, "uploading", 0)
    first = {"Upload-Offset": "0", "Content-Type": STREAM}
    await browser.ask("PATCH", document["upload_url"], data=picture(), headers=first)
    status, seen = await browser.ask("GET", own)
    assert (status, seen["state"]) == (200, "accepted")
    assert (await browser.ask("GET", own, account="stranger"))[0] == 404
    for address in (own, document["upload_url"]):
        assert (await browser.ask("GET", address, headers={"If-None-Match": '"of another"'}))[0] == 200
        assert await browser.ask("GET", address, headers={"If-None-Match": "*"}) == (304, b"")


async def test_a_picture_on_which_its_worker_breaks_is_refused_told_by_class_and_counted(
    browser: Browser, world: World
) -> None:
    """Never a 500, and never an upload that hangs."""
    figures = WorkerFigures()
    pool = WorkerPool("pictures", odd_worker.__name__, WorkerLimits(memory_bytes=256 * 1024 * 1024), figures=figures)
    world.service.uploads._inspector = PictureInspector(pool)
    path = await begun(browser, world)
    with capture_logs() as lines:
        done = await browser.upload(path, "ktp")
    await pool.close()
    assert (done["state"], done["reason"]) == ("refused", "broken_picture")
    assert [line["error"] for line in lines if line["event"] == "worker_job_failed"] == ["KeyError"]
    assert counted(figures) == {"failed": 1}
    assert await world.file_ids() == []


@pytest.mark.parametrize("offset", [None, "-1", "one", "9" * 10, "１"])
async def test_an_offset_that_is_none_is_named(browser: Browser, world: World, offset: str | None) -> None:
    path = await begun(browser, world)
    body = {"requirement": "ktp", "file_name": "x.jpg", "media_type": "image/jpeg", "size_bytes": 10}
    _, document = await browser.ask("POST", f"{path}/documents", json=body)
    headers = {"Content-Type": STREAM, **({"Upload-Offset": offset} if offset is not None else {})}
    status, problem = await browser.ask("PATCH", document["upload_url"], data=b"x", headers=headers)
    assert (status, problem["errors"][0]["source"]) == (422, "header")


@pytest.mark.acceptance("F33.field")
@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"reason": "bored"}, "/reason"),
        ({"validity_years": 7}, "/validity_years"),
        ({"has_held_passport": "no"}, "/has_held_passport"),
        ({"has_held_passport": True}, "/reason"),
    ],
)
async def test_wrong_answers_are_named_with_field_and_sentence(
    browser: Browser, world: World, change: dict[str, Any], field: str
) -> None:
    path = await begun(browser, world)
    status, problem = await browser.ask("PUT", f"{path}/questionnaire", json=ANSWERS | change)
    assert status == 422
    assert problem["field"] == field
    assert problem["detail"] or problem["errors"][0]["detail"]
    assert problem["next_action"]
    assert problem["trace_id"]


async def test_refusals_have_their_codes(browser: Browser, world: World) -> None:
    path = await begun(browser, world)

    async def code(method: str, where: str, role: Role = Role.APPLICANT, **words: Any) -> tuple[int, str]:
        status, problem = await browser.ask(method, where, role, **words)
        return status, problem["code"]

    assert await code("GET", f"{path}/letter") == (409, "step_comes_first")
    _, view = await browser.ask("GET", path)
    assert (view["next_action_code"], view["next_call"]) == (
        "upload_documents",
        {"method": "POST", "href": f"{path}/documents"},
    )
    _, problem = await browser.ask("GET", f"{path}/letter")
    assert problem["next_call"] == {"method": "POST", "href": f"{path}/documents"}
    assert await code("GET", path, account="stranger") == (404, "not_found")
    assert await code("GET", path, Role.INTERVIEWER) == (403, "not_your_office")
    assert await code("GET", path, Role.TREASURER) == (403, "not_allowed")
    submission = {"confirmed_not_refundable": True}
    assert await code("POST", f"{path}/submission", json=submission) == (422, "items_missing")
    assert await code("POST", f"{path}/interview", json={"outcome": "approved"}) == (403, "not_allowed")
    body = {"requirement": "ktp", "file_name": "x", "media_type": "image/jpeg", "size_bytes": 10 * 1024 * 1024 + 1}
    assert await code("POST", f"{path}/documents", json=body) == (413, "file_too_large")
    assert await code("POST", f"{path}/documents", json=body | {"size_bytes": 0}) == (422, "malformed")
    film = body | {"size_bytes": 10, "media_type": "video/mp4"}
    assert await code("POST", f"{path}/documents", json=film) == (415, "file_type_not_taken")
    unknown = {"applicant_id": "nobody"}
    assert await code("POST", "/v1/applications", json=unknown) == (409, "not_known_yet")
    assert await code("POST", "/v1/applications", json={"applicant_id": "appl"}) == (409, "application_already_open")
    assert await code("POST", "/v1/applications", Role.FRONT_OFFICER, json=unknown) == (422, "account_not_named")
    assert await code("GET", "/v1/offices/medan/applications", Role.FRONT_OFFICER) == (403, "not_your_office")
    assert await code("POST", f"{path}/hand-over", Role.OFFICE_ADMIN) == (403, "not_your_office")
    assert await code("GET", "/v1/forms/ktp") == (404, "not_found")


async def test_the_office_sees_flagged_documents_and_overdue_files_of_its_day(browser: Browser, world: World) -> None:
    application_id = await world.submitted()
    await world.upload(application_id, "ktp", content=picture(2000, 400))
    await world.tell(make.held(application_id=application_id), 1)
    await world.tell(make.confirmed(application_id=application_id), 2)
    await world.at(make.VISIT - timedelta(hours=14))
    await world.run_due()
    day = f"/v1/offices/{make.OFFICE}/applications?date={make.VISIT.date()}"
    status, seen = await browser.ask("GET", day, Role.OFFICE_ADMIN)
    assert (status, seen["hand_overs_overdue"]) == (200, 1)
    assert seen["visits"][0]["documents_flagged"] == 1
    assert seen["visits"][0]["hand_over"]["problem"] == "documents_not_accepted"
    path = f"/v1/applications/{application_id}"
    _, problem = await browser.ask("GET", path, Role.FRONT_OFFICER)
    assert problem["code"] == "read_reason_needed"  # the day before
    _, view = await browser.ask("GET", f"{path}?reason=document_check", Role.FRONT_OFFICER)
    flagged = next(document for document in view["documents"] if document["state"] == "flagged")
    decision = {"decision": "accepted"}
    url = f"{path}/documents/{flagged['document_id']}/decision"
    status, view = await browser.ask("POST", url, Role.FRONT_OFFICER, json=decision)
    assert status == 200
    status, view = await browser.ask("POST", f"{path}/hand-over", Role.FRONT_OFFICER)
    assert status == 202
    await world.run_due()
    _, view = await browser.ask("GET", path)
    assert view["hand_over"]["state"] == "acknowledged"
    assert all(line["by"] is None for line in view["timeline"])
    status, _ = await browser.ask("POST", f"{path}/withdrawal", json={})
    assert status == 200
    status, own = await browser.ask("GET", "/v1/applications")
    assert [application["state"] for application in own["applications"]] == ["withdrawn"]


async def test_a_refused_picture_says_why_in_words(browser: Browser, world: World) -> None:
    path = await begun(browser, world)
    body = {"requirement": "ktp", "file_name": "x.jpg", "media_type": "image/jpeg", "size_bytes": 20}
    _, document = await browser.ask("POST", f"{path}/documents", json=body)
    headers = {"Upload-Offset": "0", "Content-Type": STREAM}
    status, done = await browser.ask("PATCH", document["upload_url"], data=b"x" * 20, headers=headers)
    assert (status, done["state"], done["reason"]) == (200, "refused", "not_a_picture")
    assert "JPEG, PNG, HEIC or PDF" in done["reason_text"]
    _, view = await browser.ask("GET", path)
    ktp = next(item for item in view["requirements"] if item["code"] == "ktp")
    assert (ktp["state"], ktp["reason"]) == ("refused", "not_a_picture")
