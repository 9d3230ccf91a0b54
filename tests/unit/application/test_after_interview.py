"""After the interview, over HTTP: missing papers are named, printing has stages, a refusal comes in writing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services.application.appeals.transitions import NoteGround, lodged, object_until, with_note_withheld
from services.application.applications.appeal_texts import grounds
from services.application.applications.application import Status, deadlines, print_alert_at
from services.application.applications.hand_over import Approval, PrintStage, issue_due, print_stage
from services.application.applications.next_step import application_progress
from services.application.context import Actor
from services.application.erasures.transitions import has_notes, without_documents, without_notes
from services.application.issuance.ports import DpriState
from services.application.printing.transitions import print_overdue, queued
from shared.audit.entries import AUDIT
from shared.events.application import (
    AppealLodged,
    ApplicationDataRead,
    InterviewRecorded,
    PassportQueued,
    PrintOverdue,
)
from shared.events.notification import SendLetter
from shared.store.decision import Decision
from shared.tokens import Role
from tests.unit.application import make
from tests.unit.application.browser import Browser
from tests.unit.application.browser import browser as browser
from tests.unit.application.world import INTERVIEWER, World

NOTE = "Jawaban tentang tujuan perjalanan tidak konsisten."
TEXT = "Surat undangan saya asli; mohon diperiksa kembali."
REFUSED = {"outcome": "refused", "reason_code": "purpose_not_proven", "note": NOTE}
LACKING = {"outcome": "incomplete", "reason_code": "papers_missing"}
FAR_OFFICE = "medan"
HEAD = Actor("staff-9", Role.OFFICE_ADMIN, make.OFFICE)


@pytest.fixture(autouse=True)
def _loopback_allowed(socket_enabled: None) -> None:
    """Let these tests open sockets where the unit room blocks them."""


async def interview(browser: Browser, path: str, body: dict[str, Any]) -> tuple[int, Any]:
    return await browser.ask("POST", f"{path}/interview", Role.INTERVIEWER, json=body)


# missing papers


async def test_an_incomplete_interview_names_the_papers_and_what_is_to_bring(browser: Browser, world: World) -> None:
    path = f"/v1/applications/{await world.at_the_counter()}"
    lacking = {"outcome": "incomplete", "reason_code": "papers_missing", "missing": ["family_card", "ktp", "ktp"]}
    status, view = await interview(browser, path, lacking)
    assert (status, view["state"]) == (200, "incomplete")
    status, view = await browser.ask("GET", path)
    missing = view["missing_papers"]
    assert [paper["code"] for paper in missing["papers"]] == ["ktp", "family_card"]
    assert all(paper["title"] and paper["title_in_indonesian"] and paper["help"] for paper in missing["papers"])
    assert missing["until"] == view["deadline"]
    assert "Family card (KK)" in view["next_action"] and "same office" in view["next_action"]
    assert "Kartu keluarga (KK)" in view["next_action_in_indonesian"]
    [event] = world.events(InterviewRecorded)
    assert event.missing == ("family_card", "ktp")
    assert event.complete_until.isoformat()[:19] == missing["until"][:19]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"outcome": "incomplete", "reason_code": "papers_missing"}, "missing_papers_not_named"),
        ({"outcome": "incomplete", "reason_code": "papers_missing", "missing": []}, "missing_papers_not_named"),
        (
            {"outcome": "incomplete", "reason_code": "papers_missing", "missing": ["police_report"]},
            "document_not_asked",
        ),
        (
            {"outcome": "incomplete", "reason_code": "papers_missing", "missing": ["ktp", "supporting_document"]},
            "papers_not_needed",
        ),
        ({"outcome": "incomplete", "reason_code": "papers_missing", "missing": ["Not a code"]}, "malformed"),
        ({"outcome": "refused", "reason_code": "other", "missing": ["ktp"]}, "nothing_is_missing"),
    ],
)
async def test_papers_that_cannot_be_missing_are_refused(
    browser: Browser, world: World, body: dict[str, Any], code: str
) -> None:
    application_id = await world.at_the_counter()
    before = (await world.look(application_id)).application
    status, problem = await interview(browser, f"/v1/applications/{application_id}", body)
    assert (status, problem["code"]) == (422, code)
    assert problem.get("field", "/missing").startswith("/missing") or code == "malformed"
    assert (await world.look(application_id)).application == before


async def test_a_paper_that_was_handed_in_can_be_the_wrong_one(browser: Browser, world: World) -> None:
    application_id = await world.at_the_counter()
    await world.upload(application_id, "supporting_document", INTERVIEWER)
    lacking = {"outcome": "incomplete", "reason_code": "papers_missing", "missing": ["supporting_document"]}
    status, view = await interview(browser, f"/v1/applications/{application_id}", lacking)
    assert (status, view["missing_papers"]["papers"][0]["code"]) == (200, "supporting_document")


async def test_a_refusal_for_a_reason_without_words_is_not_recorded(browser: Browser, world: World) -> None:
    application_id = await world.at_the_counter()
    path = f"/v1/applications/{application_id}"
    before = (await world.look(application_id)).application
    status, problem = await interview(browser, path, {"outcome": "refused", "reason_code": "papers_missing"})
    assert (status, problem["code"], problem["field"]) == (422, "reason_code_unknown", "/reason_code")
    assert problem["known"] == [ground.code for ground in grounds()]
    assert (await world.look(application_id)).application == before
    status, view = await interview(browser, path, {"outcome": "refused", "reason_code": problem["known"][0]})
    assert (status, view["refusal"]["reason_code"]) == (200, problem["known"][0])


async def test_a_refusal_and_an_incomplete_interview_name_their_reason(browser: Browser, world: World) -> None:
    path = f"/v1/applications/{await world.at_the_counter()}"
    for body in ({"outcome": "refused"}, {"outcome": "incomplete", "missing": ["ktp"]}):
        status, problem = await interview(browser, path, body)
        assert (status, problem["code"]) == (422, "reason_code_missing")
        assert "refusal" in problem["title"] and "incomplete" in problem["title"]


async def test_nothing_is_missing_any_more_once_the_interview_was_passed(browser: Browser, world: World) -> None:
    application_id = await world.at_the_counter()
    path = f"/v1/applications/{application_id}"
    await interview(browser, path, {"outcome": "incomplete", "reason_code": "papers_missing", "missing": ["ktp"]})
    codes = ["ktp", "family_card", "birth_proof"]
    await browser.ask("POST", f"{path}/originals", Role.INTERVIEWER, json={"requirements": codes})
    status, view = await interview(browser, path, {"outcome": "approved"})
    assert (status, view["missing_papers"]) == (200, None)


# printing


async def test_printing_has_stages_with_the_times_at_which_they_were_reached(browser: Browser, world: World) -> None:
    application_id = await world.approved()
    path = f"/v1/applications/{application_id}"
    poll = world.settings.print_poll_seconds

    async def printing() -> dict[str, Any]:
        _, view = await browser.ask("GET", path)
        assert view["deadline"] == view["printing"]["due_at"] or view["printing"]["stage"] == "printed"
        return dict(view["printing"], next_action=view["next_action"])

    first = await printing()
    assert (first["stage"], first["adjudication_at"], first["queued_at"]) == ("approved", None, None)
    assert "on its way" in first["next_action"]
    await world.run_due()
    second = await printing()
    assert second["stage"] == "adjudication" and second["adjudication_at"] and "adjudication" in second["next_action"]
    world.dpri.says.append(DpriState("acknowledged"))
    await world.after(poll)
    assert (await printing())["stage"] == "adjudication"
    world.dpri.says.append(DpriState("a_word_of_next_year"))
    await world.after(poll)
    assert (await printing())["stage"] == "adjudication"
    await world.after(poll)
    third = await printing()
    assert third["stage"] == "queued" and third["queued_at"] > third["adjudication_at"]
    assert "queued" in third["next_action"]
    await world.after(poll)
    assert (await printing())["queued_at"] == third["queued_at"]
    [told] = world.events(PassportQueued)
    assert told.issue_due == issue_due((await state_of(world, application_id)).approval.approved_at)
    world.dpri.printed = True
    await world.after(poll)
    last = await printing()
    assert last["stage"] == "printed" and last["printed_at"] and not last["overdue"]
    _, view = await browser.ask("GET", path)
    lines = [line["what"] for line in view["timeline"]]
    assert lines.index("approval_handed_over") < lines.index("passport_queued") < lines.index("passport_printed")


async def state_of(world: World, application_id: str) -> Any:
    return (await world.service.applications.application(application_id)).state


async def test_a_book_that_is_late_is_an_alert_and_stands_in_the_offices_list(browser: Browser, world: World) -> None:
    application_id = await world.approved()
    due = issue_due((await state_of(world, application_id)).approval.approved_at)
    assert due - make.VISIT == timedelta(days=4), "four working days after a Monday"
    await world.run_due()
    await world.at(due - timedelta(seconds=1))
    assert world.events(PrintOverdue) == []
    await world.at(due)
    await world.run_due()
    [alert] = world.events(PrintOverdue)
    assert (alert.application_id, alert.office_id, alert.issue_due) == (application_id, make.OFFICE, due)
    day = f"/v1/offices/{make.OFFICE}/applications?date={make.VISIT:%Y-%m-%d}"
    status, listed = await browser.ask("GET", day, Role.OFFICE_ADMIN)
    assert (status, listed["prints_overdue"], listed["visits"][0]["printing"]["overdue"]) == (200, 1, True)
    _, view = await browser.ask("GET", f"/v1/applications/{application_id}")
    assert "alerted" in view["next_action"] and "terlambat" in view["next_action_in_indonesian"]
    record = await world.service.applications.application(application_id)
    await world.service.printing.alert_due(record, "print_alert")
    assert len(world.events(PrintOverdue)) == 1, "told once"
    world.dpri.printed = True
    await world.after(world.settings.print_poll_seconds)
    _, listed = await browser.ask("GET", day, Role.OFFICE_ADMIN)
    assert listed["prints_overdue"] == 0


async def test_a_book_that_is_printed_in_time_is_no_alert(world: World) -> None:
    application_id = await world.approved()
    record = await world.service.applications.application(application_id)
    world.dpri.printed = True
    await world.run_due()
    await world.after(world.settings.print_poll_seconds)
    await world.at(issue_due(record.state.approval.approved_at))  # type: ignore[union-attr]
    await world.service.printing.alert_due(record, "print_alert")
    assert world.events(PrintOverdue) == []


def test_stages_and_alerts_are_decided_once() -> None:
    bare = make.draft()
    assert (queued("a", bare, make.NOW).events, print_overdue("a", bare, make.NOW).events) == ((), ())
    assert print_alert_at(bare) is None
    approval = Approval(make.NOW, None)
    assert print_stage(approval) is PrintStage.APPROVED
    waiting = make.draft(approval=approval)
    once = queued("a", waiting, make.NOW).state
    assert queued("a", once, make.VISIT).events == ()
    late = print_overdue("a", once, make.NOW).state
    assert print_overdue("a", late, make.VISIT).events == ()
    assert "print_alert" not in deadlines(late)


def test_a_print_step_without_an_approval_says_so() -> None:
    state = make.draft(status=Status.APPROVED, answers=make.ADULT, submitted_at=make.NOW)
    assert "ordered" in application_progress(state, documents_complete=True).next_action.en


# the refusal in writing


async def refused(browser: Browser, world: World, body: dict[str, Any] = REFUSED) -> str:
    """A refused application whose letter was made; its path."""
    application_id = await world.at_the_counter()
    path = f"/v1/applications/{application_id}"
    status, view = await interview(browser, path, body)
    assert (status, view["state"], view["refusal_letter_url"]) == (200, "refused", None)
    return path


@pytest.mark.acceptance("X14.written", "X14.reason", "X14.rule", "X14.redress")
async def test_a_refusal_comes_in_writing_with_reason_rule_and_ways_of_redress(browser: Browser, world: World) -> None:
    path = await refused(browser, world)
    status, problem = await browser.ask("GET", f"{path}/refusal-letter")
    assert (status, problem["code"]) == (409, "not_known_yet")
    await world.run_due()
    await world.run_due()
    [written] = world.writer.refused
    assert written.full_name == "SARI CONTOH LATIHAN"
    assert "tujuan" in written.reason[0].lower() and "8/2014" in written.rule
    assert [rule for _, _, rule in written.redress][:3] == ["UU 30/2014 art. 77", "UU 30/2014 art. 78", "UU 37/2008"]
    assert written.object_until == object_until(make.VISIT) > make.VISIT + timedelta(days=28)
    _, view = await browser.ask("GET", path)
    assert view["refusal_letter_url"] == f"{path}/refusal-letter"
    status, pdf = await browser.ask("GET", view["refusal_letter_url"])
    assert (status, pdf[:4]) == (200, b"%PDF")
    application_id = path.rsplit("/", 1)[1]
    [sent] = [letter for letter in world.events(SendLetter) if letter.kind == "refusal"]
    box = world.open_letter(sent.sealed, application_id)
    assert box["file_name"].startswith("surat-penolakan-")
    assert NOTE not in str(view) and NOTE not in str(world.said)
    status, _ = await browser.ask("GET", f"{path}/refusal-letter", account="stranger")
    assert status == 404
    status, problem = await browser.ask("GET", f"{path}/refusal-letter", Role.FRONT_OFFICER)
    assert (status, problem["code"]) == (403, "assistance_needed")
    await world.consent()
    assisted = f"{path}/refusal-letter?on_behalf_of=acc&assistance=assistance-1"
    assert (await browser.ask("GET", assisted, Role.FRONT_OFFICER))[0] == 200


async def test_the_head_of_the_office_reads_the_letter_with_a_reason(browser: Browser, world: World) -> None:
    letter = f"{await refused(browser, world)}/refusal-letter"
    await world.run_due()
    world.clock.advance(timedelta(days=2).total_seconds())
    status, problem = await browser.ask("GET", letter, Role.OFFICE_ADMIN)
    assert (status, problem["code"]) == (422, "read_reason_needed")
    status, pdf = await browser.ask("GET", f"{letter}?reason=complaint", Role.OFFICE_ADMIN)
    assert (status, pdf[:4]) == (200, b"%PDF")
    read = world.events(ApplicationDataRead)[-1]
    assert (read.kind, read.reason, read.reader_id) == ("letter", "complaint", "staff-office_admin")
    status, problem = await browser.ask("GET", f"{letter}?reason=complaint", Role.OFFICE_ADMIN, office=FAR_OFFICE)
    assert (status, problem["code"]) == (403, "not_your_office")


async def test_a_letter_of_refusal_that_fails_stays_due_and_is_written_once(browser: Browser, world: World) -> None:
    path = await refused(browser, world)
    application_id = path.rsplit("/", 1)[1]
    first = await world.service.applications.application(application_id)
    writer = world.writer

    async def broken(content: Any) -> bytes:
        raise RuntimeError("out of order")

    real, writer.refusal = writer.refusal, broken  # type: ignore[method-assign]
    await world.run_due()
    assert "refusal_letter" in deadlines(await state_of(world, application_id))
    writer.refusal = real  # type: ignore[method-assign]
    await world.after(60)
    kept = (await state_of(world, application_id)).refusal_letter
    assert kept is not None
    before = set(await world.file_ids())
    await world.service.refusal_letters.write_due(first, "refusal_letter")
    assert (await state_of(world, application_id)).refusal_letter == kept
    assert set(await world.file_ids()) == before, "a second one is not kept"
    assert len([letter for letter in world.events(SendLetter) if letter.kind == "refusal"]) == 1


async def test_an_application_that_was_not_refused_has_no_such_letter(browser: Browser, world: World) -> None:
    path = f"/v1/applications/{await world.at_the_counter()}"
    for method, address, body in (
        ("GET", f"{path}/refusal-letter", None),
        ("POST", f"{path}/appeal", {"text": TEXT}),
    ):
        status, problem = await browser.ask(method, address, json=body)
        assert (status, problem["code"]) == (409, "application_not_refused")


# the interviewer's note and the objection


async def test_the_head_opens_the_note_with_a_reason_and_the_read_is_audited(browser: Browser, world: World) -> None:
    path = await refused(browser, world)
    note = f"{path}/interview-note"
    status, problem = await browser.ask("GET", note, Role.OFFICE_ADMIN)
    assert (status, problem["code"]) == (422, "read_reason_needed")
    status, opened = await browser.ask("GET", f"{note}?reason=complaint", Role.OFFICE_ADMIN)
    assert (status, opened["interview_note"], opened["appeal_text"]) == (200, NOTE, None)
    [read] = world.events(ApplicationDataRead)[-1:]
    assert (read.reason, read.account_ids, read.reader_id) == ("complaint", ("acc",), "staff-office_admin")
    status, problem = await browser.ask("GET", f"{note}?reason=complaint", Role.OFFICE_ADMIN, office=FAR_OFFICE)
    assert (status, problem["code"]) == (403, "not_your_office")
    for role in (Role.INTERVIEWER, Role.FRONT_OFFICER, Role.ADJUDICATOR, Role.OPERATOR):
        assert (await browser.ask("GET", f"{note}?reason=complaint", role))[0] == 403
    lines = [line async for line in audit_lines(world)]
    assert {("read_application", "done"), ("read_application", "refused")} <= set(lines)


async def audit_lines(world: World) -> Any:
    for document in world.store._documents[AUDIT.name].values():
        yield document["state"]["act"], document["state"]["outcome"]


async def test_in_an_appeal_the_applicant_and_the_office_above_get_the_note(browser: Browser, world: World) -> None:
    path = await refused(browser, world)
    note, region = f"{path}/interview-note", {"offices": (make.OFFICE,)}
    for role in (Role.APPLICANT, Role.REGIONAL_OFFICER):
        status, problem = await browser.ask("GET", f"{note}?reason=complaint", role, **region)
        assert (status, problem["code"]) == (409, "appeal_comes_first"), role
    status, view = await browser.ask("POST", f"{path}/appeal", json={"text": TEXT})
    assert (status, view["appeal"]["lodged_at"] is not None) == (200, True)
    assert TEXT not in str(view) and TEXT not in str(world.said)
    status, again = await browser.ask("POST", f"{path}/appeal", json={"text": TEXT})
    assert (status, again["appeal"]) == (200, view["appeal"])
    status, problem = await browser.ask("POST", f"{path}/appeal", json={"text": "Another text of an objection."})
    assert (status, problem["code"], problem["field"]) == (409, "appeal_lodged_already", "/text")
    assert problem["next_call"] == {"method": "GET", "href": note}
    [told] = world.events(AppealLodged)
    assert (told.office_id, told.account_id) == (make.OFFICE, "acc")
    status, opened = await browser.ask("GET", note)
    assert (status, opened["interview_note"], opened["appeal_text"]) == (200, NOTE, TEXT)
    status, opened = await browser.ask("GET", f"{note}?reason=complaint", Role.REGIONAL_OFFICER, **region)
    assert (status, opened["interview_note"]) == (200, NOTE)
    status, problem = await browser.ask("GET", f"{note}?reason=complaint", Role.REGIONAL_OFFICER, offices=("medan",))
    assert (status, problem["code"]) == (403, "not_your_office")
    assert (await browser.ask("GET", note, account="stranger"))[0] == 404


async def test_an_objection_is_read_also_where_no_note_was_written(browser: Browser, world: World) -> None:
    path = await refused(browser, world, {"outcome": "refused", "reason_code": "other"})
    note = f"{path}/interview-note"
    status, problem = await browser.ask("GET", f"{note}?reason=complaint", Role.OFFICE_ADMIN)
    assert (status, problem["code"]) == (404, "no_note_written")
    await browser.ask("POST", f"{path}/appeal", json={"text": TEXT})
    for role, words in (
        (Role.OFFICE_ADMIN, {}),
        (Role.REGIONAL_OFFICER, {"offices": (make.OFFICE,)}),
        (Role.APPLICANT, {}),
    ):
        status, opened = await browser.ask("GET", f"{note}?reason=complaint", role, **words)
        assert (status, opened["interview_note"], opened["appeal_text"]) == (200, None, TEXT), role
    assert (opened["outcome"], opened["reason_code"]) == ("refused", "other")
    application_id = path.rsplit("/", 1)[1]
    await world.service.applications.change(application_id, lambda known: Decision(without_notes(known)))
    assert (await browser.ask("GET", note))[1]["code"] == "no_note_written"
    assert (await browser.ask("POST", f"{path}/appeal", json={"text": "Another text of an objection."}))[0] == 200


async def test_a_note_that_is_withheld_is_told_with_its_ground(browser: Browser, world: World) -> None:
    path = await refused(browser, world)
    keep = f"{path}/interview-note/withholding"
    await browser.ask("POST", f"{path}/appeal", json={"text": TEXT})
    status, problem = await browser.ask("POST", keep, Role.OFFICE_ADMIN, json={"ground": "we_are_shy"})
    assert (status, problem["code"]) == (422, "malformed")
    status, problem = await browser.ask("POST", keep, Role.OFFICE_ADMIN, json={"ground": None}, office=FAR_OFFICE)
    assert (status, problem["code"]) == (403, "not_your_office")
    for _ in range(2):
        status, _view = await browser.ask("POST", keep, Role.OFFICE_ADMIN, json={"ground": "third_person"})
        assert status == 200
    status, problem = await browser.ask("GET", f"{path}/interview-note")
    assert (status, problem["code"], problem["ground"]) == (409, "note_withheld", "third_person")
    assert "14/2008" in problem["detail"] and "Information Commission" in problem["next_action"]
    _, view = await browser.ask("GET", path)
    assert view["refusal"]["reason"] and view["refusal"]["rule"], "the ground of the refusal is never withheld"
    assert [line["what"] for line in view["timeline"]].count("note_withheld") == 1
    status, opened = await browser.ask("GET", f"{path}/interview-note?reason=complaint", Role.OFFICE_ADMIN)
    assert (status, opened["withheld"]) == (200, "third_person")
    await browser.ask("POST", keep, Role.OFFICE_ADMIN, json={"ground": None})
    assert (await browser.ask("GET", f"{path}/interview-note"))[0] == 200


async def test_without_a_note_there_is_none_to_open(browser: Browser, world: World) -> None:
    path = await refused(browser, world, {"outcome": "refused", "reason_code": "other"})
    note = f"{path}/interview-note"
    status, problem = await browser.ask("GET", f"{note}?reason=complaint", Role.OFFICE_ADMIN)
    assert (status, problem["code"]) == (404, "no_note_written")
    status, problem = await browser.ask(
        "POST", f"{note}/withholding", Role.OFFICE_ADMIN, json={"ground": "law_enforcement"}
    )
    assert (status, problem["code"]) == (404, "no_note_written")


async def test_the_time_for_an_objection_ends_after_21_working_days(browser: Browser, world: World) -> None:
    path = await refused(browser, world)
    until = object_until(make.VISIT)
    world.clock.set(until)
    status, problem = await browser.ask("POST", f"{path}/appeal", json={"text": TEXT})
    assert (status, problem["code"], problem["until"][:10]) == (409, "appeal_too_late", until.isoformat()[:10])
    world.clock.set(until - timedelta(seconds=1))
    assert (await browser.ask("POST", f"{path}/appeal", json={"text": TEXT}))[0] == 200


@pytest.mark.parametrize("text", ["", "too short", "x" * 4001])
async def test_an_objection_has_some_words(browser: Browser, world: World, text: str) -> None:
    path = await refused(browser, world)
    status, problem = await browser.ask("POST", f"{path}/appeal", json={"text": text})
    assert (status, problem["code"]) == (422, "malformed")
    assert world.events(AppealLodged) == []


async def test_an_objection_is_kept_and_goes_like_the_notes(browser: Browser, world: World) -> None:
    path = await refused(browser, world)
    await world.run_due()
    await browser.ask("POST", f"{path}/appeal", json={"text": TEXT})
    application_id = path.rsplit("/", 1)[1]
    vault, state = world.service.applications.vault, await state_of(world, application_id)
    turned = await vault.application_turned(application_id, state)
    assert await vault.appeal_text(application_id, turned) == TEXT
    bare = without_notes(state)
    assert has_notes(state) and not has_notes(bare)
    assert await vault.appeal_text(application_id, bare) is None
    assert without_documents(state).refusal_letter is None
    part = await world.own_parts()._application(await world.service.applications.application(application_id))
    assert (part.appeal_text, part.interview_note) == (TEXT, NOTE)
    await world.service.appeals.withhold_note(application_id, NoteGround.THIRD_PERSON, HEAD, world.command())
    record = await world.service.applications.application(application_id)
    part = await world.own_parts()._application(record)
    assert (part.appeal_text, part.interview_note) == (TEXT, None)


def test_only_an_interview_has_a_note_to_withhold() -> None:
    bare = make.draft()
    assert with_note_withheld(bare, NoteGround.LAW_ENFORCEMENT) == bare
    decision = lodged("a", bare, "acc", "sealed", make.NOW)
    assert decision.state.appeal is not None and decision.state.appeal.answer_due > make.NOW
