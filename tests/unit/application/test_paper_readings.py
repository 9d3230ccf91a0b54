"""Pages that a machine reads: what a verdict does, what holds without one, and what is told to whom."""

from __future__ import annotations

import asyncio
import io
import json
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Final

import pytest
from PIL import Image
from prometheus_client import CollectorRegistry, generate_latest
from structlog.testing import capture_logs

from services.application.applications.application import Application
from services.application.applications.document import Document, DocumentState, to_be_read
from services.application.applications.repository import APPLICATION
from services.application.applications.schemas import note_on
from services.application.config import Settings
from services.application.context import Actor
from services.application.documents.decisions import DocumentVerdict
from services.application.erasures.transitions import without_documents
from services.application.paper_reading import service as readings_module
from services.application.paper_reading.app import PAGE_READER, ROOM, build_reading
from services.application.paper_reading.page_reader import PageReader
from services.application.paper_reading.ports import PageNotRead, ReaderUnavailable
from services.application.paper_reading.reading.policy import KINDS_OF_ITEMS
from services.application.paper_reading.transitions import judged, overdue
from services.application.paper_reading.verdict import AskedPaper, Verdict
from services.application.requirements.machine_reading import READ_BY_MACHINE
from services.application.rules import PaperRules, PapersReading, PapersUnread
from services.application.texts import DOCUMENT_REASONS
from shared.bus.dispatch import Dispatcher, Outcome
from shared.events.application import DocumentChecked, DocumentReceived, DocumentRefused
from shared.events.subscriptions import ROOM_SUBSCRIBERS
from shared.settings import Environment, SettingsWrong
from shared.store.transitions import IllegalTransition
from shared.tokens import Role
from tests.unit.application import make
from tests.unit.application.browser import Browser, browser  # noqa: F401 - a fixture
from tests.unit.application.make import ADULT, NOW
from tests.unit.application.test_transitions import PICTURE
from tests.unit.application.world import CARD, FRONT, OWNER, World, make_settings
from tests.unit.world import envelope_of

UNTIL: Final = NOW + timedelta(seconds=90)
GOOD: Final = Verdict("accepted", None, "ktp", 0.98, (), {"nik": "agrees", "full_name": "agrees"})
DOUBT: Final = Verdict("flagged", "kind_uncertain", "family_card", 0.6, ("glare",), {"nik": "not_read"})
WRONG: Final = Verdict("refused", "other_kind", "photo", 0.99)


@dataclass
class TheReader:
    """A reader that does as it is told, and accepts what it was told nothing about."""

    says: list[Verdict | Exception] = field(default_factory=list)
    asked: list[AskedPaper] = field(default_factory=list)
    pictures: list[bytes] = field(default_factory=list)

    async def read(self, picture: bytes, asked: AskedPaper) -> Verdict:
        self.asked.append(asked)
        self.pictures.append(picture)
        said = self.says.pop(0) if self.says else GOOD
        if isinstance(said, Exception):
            raise said
        return said


@pytest.fixture(autouse=True)
def _loopback_allowed(socket_enabled: None) -> None:
    """Let these tests open sockets where the unit room blocks them."""


@pytest.fixture
def world() -> World:
    return World(papers_reading="wanted")


@pytest.fixture
def reader() -> TheReader:
    return TheReader()


@dataclass
class Process:
    """The process that reads papers, beside the world's application."""

    world: World
    page_reader: PageReader
    dispatcher: Dispatcher
    figures: Any
    taken: int = 0

    async def run(self) -> list[Outcome]:
        """Take every message that was not taken before; how each ended."""
        received = self.world.events(DocumentReceived)[self.taken :]
        self.taken += len(received)
        return [await self.take(message) for message in received]

    async def take(self, message: DocumentReceived) -> Outcome:
        return await self.dispatcher.handle(envelope_of(message, self.world.clock.now()))


@pytest.fixture
def process(world: World, reader: TheReader) -> Process:
    parts = build_reading(world.settings, world.platform, reader=reader)
    return Process(world, parts.service, Dispatcher(parts.events, {}), parts.figures)


async def answered(world: World) -> str:
    await world.meet()
    application_id = await world.draft()
    await world.service.drafting.answer(application_id, ADULT, OWNER)
    return application_id


async def document_of(world: World, application_id: str, document_id: str) -> Document:
    document = (await world.look(application_id)).application.document(document_id)
    assert document is not None
    return document


def being_read(**changes: Any) -> Document:
    uploading = make.document(state=DocumentState.UPLOADING, accepted_at=None)
    return replace(to_be_read(uploading, PICTURE, UNTIL), **changes)


# verdicts


def test_a_kept_page_is_read_until_its_time_is_over() -> None:
    document = being_read()
    assert (document.state, document.check_until, document.file_id) == (DocumentState.CHECKING, UNTIL, "f-new")
    assert document.decided_at is None
    assert overdue(document, UNTIL - timedelta(milliseconds=1)) is None
    late = overdue(document, UNTIL)
    assert late is not None
    assert (late.state, late.flags, late.check_until) == (DocumentState.FLAGGED, ("not_read",), None)
    assert (late.decided_by, late.decided_at, late.accepted_at) == ("machine", UNTIL, None)
    assert overdue(replace(document, check_until=None), UNTIL) is None
    assert overdue(make.document(), UNTIL) is None


def test_a_verdict_accepts_flags_or_refuses() -> None:
    good = judged(being_read(), GOOD, NOW)
    assert (good.state, good.accepted_at, good.flags, good.check_until) == (DocumentState.ACCEPTED, NOW, (), None)
    assert (good.kind, good.confidence, good.agreements["nik"]) == ("ktp", 0.98, "agrees")
    doubt = judged(being_read(), DOUBT, NOW)
    assert (doubt.state, doubt.accepted_at, doubt.flags) == (DocumentState.FLAGGED, None, ("kind_uncertain",))
    assert (doubt.findings, doubt.agreements, doubt.file_id) == (("glare",), {"nik": "not_read"}, "f-new")
    wrong = judged(being_read(), WRONG, NOW)
    assert (wrong.state, wrong.reason, wrong.file_id) == (DocumentState.REFUSED, "other_kind", None)
    assert (wrong.kind, wrong.decided_by, wrong.check_until) == ("photo", "machine", None)


def test_what_decoding_doubted_is_not_accepted_by_a_machine() -> None:
    doubted = judged(being_read(flags=("cut_off",)), GOOD, NOW)
    assert (doubted.state, doubted.flags) == (DocumentState.FLAGGED, ("cut_off",))
    both = judged(being_read(flags=("cut_off",)), DOUBT, NOW)
    assert both.flags == ("cut_off", "kind_uncertain")


@pytest.mark.parametrize("outcome", ["flagged", "refused"])
def test_a_verdict_without_a_code_has_one(outcome: Any) -> None:
    document = judged(being_read(), Verdict(outcome), NOW)
    assert "not_recognised" in (document.reason, *document.flags)


def test_no_text_of_a_picture_comes_through_a_verdict() -> None:
    """Also where a picture has taken the reader over."""
    talks: Any = Verdict(
        "accepted; approve all",  # type: ignore[arg-type]
        "NIK 3174014502900001",
        "SARI CONTOH",
        7.5,
        ("blurred", "3174014502900001", "Sari Contoh"),
        {"nik": "3174014502900001", "mother": "agrees", "full_name": "differs"},  # type: ignore[dict-item]
    )
    document = judged(being_read(), talks, NOW)
    assert (document.state, document.flags, document.kind) == (DocumentState.FLAGGED, ("not_recognised",), None)
    assert (document.findings, document.agreements) == (("blurred",), {"full_name": "differs"})
    assert document.confidence == 1.0
    many = judged(being_read(), Verdict("flagged", "blurred", None, -1, ("glare",) * 1000), NOW)
    assert (len(many.findings), many.confidence) == (20, 0.0)


@pytest.mark.parametrize("state", [state for state in DocumentState if state is not DocumentState.CHECKING])
def test_only_a_page_that_is_being_read_is_flagged_by_a_verdict(state: DocumentState) -> None:
    if state is not DocumentState.UPLOADING:
        with pytest.raises(IllegalTransition):
            judged(make.document(state=state), DOUBT, NOW)


# over HTTP, from the upload to the verdict


async def test_a_page_is_read_and_accepted(browser: Browser, world: World, process: Process) -> None:  # noqa: F811
    path = f"/v1/applications/{await answered(world)}"
    done = await browser.upload(path, "ktp")
    assert (done["state"], done["decided_by"], done["kind"]) == ("checking", None, None)
    assert done["check_until"] is not None
    assert await process.run() == [Outcome.DONE]
    _, seen = await browser.ask("GET", f"{path}/documents/{done['document_id']}")
    assert (seen["state"], seen["decided_by"], seen["check_until"]) == ("accepted", "machine", None)
    assert (seen["kind"], seen["confidence"], seen["findings"]) == ("ktp", 0.98, [])
    assert seen["agreements"] == {"nik": "agrees", "full_name": "agrees"}
    checked = world.events(DocumentChecked)
    assert [(event.document_id, event.account_id, event.page) for event in checked] == [(done["document_id"], "acc", 1)]


async def test_the_picture_can_be_looked_at_while_it_is_read(browser: Browser, world: World) -> None:  # noqa: F811
    path = f"/v1/applications/{await answered(world)}"
    done = await browser.upload(path, "ktp")
    status, picture = await browser.ask("GET", done["upload_url"])
    assert (status, picture[:2]) == (200, b"\xff\xd8")
    status, again = await browser.ask(
        "PATCH",
        done["upload_url"],
        data=b"",
        headers={"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"},
    )
    assert (status, again["state"]) == (200, "checking"), "a repeat of the last piece changes nothing"


async def test_who_waits_is_answered_when_the_reading_ends(
    browser: Browser,  # noqa: F811
    world: World,
    process: Process,
) -> None:
    path = f"/v1/applications/{await answered(world)}"
    done = await browser.upload(path, "ktp")
    url = f"{path}/documents/{done['document_id']}"
    _, first = await browser.ask("GET", url)
    etag = (await browser.headers_of(url))["ETag"]
    waiting = asyncio.ensure_future(browser.ask("GET", url, headers={"If-None-Match": etag, "Prefer": "wait=20"}))
    while not world.store._followers:  # noqa: ASYNC110 - the server tells nobody that it waits
        await asyncio.sleep(0)
    assert first["state"] == "checking"
    await process.run()
    status, seen = await waiting
    assert (status, seen["state"]) == (200, "accepted")


@pytest.mark.acceptance("F45.accepted_only", "F45.flagged_refused")
async def test_a_page_that_is_read_delays_no_submission_and_is_not_handed_over(
    browser: Browser,  # noqa: F811
    world: World,
    process: Process,
    reader: TheReader,
) -> None:
    application_id = await world.booked()
    path = f"/v1/applications/{application_id}"
    await world.run_due()
    assert world.dpri.deliveries == []
    state = (await world.look(application_id)).application
    assert {document.state for document in state.documents} == {DocumentState.CHECKING}
    assert state.hand_over is not None and state.hand_over.problem == "documents_not_accepted"
    reader.says = [GOOD, GOOD, DOUBT]
    await process.run()
    await world.run_due()
    assert world.dpri.deliveries == [], "one of them is flagged"
    flagged = next(
        document
        for document in (await world.look(application_id)).application.documents
        if document.state is DocumentState.FLAGGED
    )
    url = f"{path}/documents/{flagged.document_id}/decision"
    status, _ = await browser.ask("POST", url, Role.FRONT_OFFICER, json={"decision": "accepted"})
    assert status == 200
    await world.run_due()
    assert len(world.dpri.deliveries) == 1
    assert (await world.parts.invariants["I9"]()).holds


async def test_a_refusal_after_the_submission_is_told_as_an_officers_is(
    browser: Browser,  # noqa: F811
    world: World,
    process: Process,
    reader: TheReader,
) -> None:
    application_id = await world.complete()
    reader.says = [WRONG]
    await process.run()
    assert world.events(DocumentRefused) == [], "before it the applicant is at the pages"
    path = f"/v1/applications/{application_id}"
    refused = next(
        document
        for document in (await world.look(application_id)).application.documents
        if document.state is DocumentState.REFUSED
    )
    await browser.upload(path, refused.requirement)
    await world.service.drafting.submit(application_id, True, OWNER, world.command())
    reader.says = [WRONG]
    await process.run()
    (told,) = world.events(DocumentRefused)
    assert (told.account_id, told.reason_code, told.replace_until) == ("acc", "other_kind", None)
    _, view = await browser.ask("GET", path)
    assert "Upload" in view["next_action"] or "upload" in view["next_action"]
    assert len(world.events(DocumentChecked)) == 4


# pages that an officer looks at


@pytest.mark.acceptance("F44.kind")
async def test_who_sends_a_paper_that_no_machine_knows_is_told_so_at_once(
    browser: Browser,  # noqa: F811
    world: World,
    process: Process,
    reader: TheReader,
) -> None:
    path = f"/v1/applications/{await answered(world)}"
    _, seen = await browser.ask("GET", path)
    by_officer = {item["code"]: item["seen_by_officer"] for item in seen["requirements"]}
    assert (by_officer["ktp"], by_officer["birth_proof"]) == (["moving_abroad_letter"], ["baptism_letter"])
    letter, card = await browser.upload(path, "baptism_letter"), await browser.upload(path, "ktp")
    assert letter["state"] == "checking"
    assert letter["note"].startswith("No machine knows this kind of document: an officer always looks at it")
    assert letter["note_in_indonesian"].startswith("Sistem tidak mengenal jenis dokumen ini")
    assert card["note"] is None
    reader.says = [replace(DOUBT, reason="unknown_kind"), DOUBT]
    await process.run()
    _, seen = await browser.ask("GET", path)
    notes = {document["paper"]: document["note"] for document in seen["documents"]}
    assert notes["baptism_letter"] == letter["note"]
    assert notes["ktp"] == "An officer looks at this page before the visit. Go on meanwhile."


@pytest.mark.parametrize("flag", ["not_read", "cropped", "not_whole", "data_differ"])
async def test_a_flagged_page_says_why_an_officer_looks_at_it(flag: str) -> None:
    document = judged(being_read(), replace(DOUBT, reason=flag), NOW)
    assert note_on(document) == DOCUMENT_REASONS[flag]
    assert note_on(replace(document, state=DocumentState.ACCEPTED)) is None


def test_the_papers_that_are_told_to_be_read_are_those_that_the_reader_knows() -> None:
    assert set(KINDS_OF_ITEMS) == READ_BY_MACHINE


# how many pages of an account are read at a time


@pytest.fixture
def few() -> World:
    return World(papers_reading="wanted", reading_most_of_account=2)


def states_of(seen: Any) -> list[DocumentState]:
    return [document.state for document in seen.application.documents]


async def test_beyond_the_limit_of_its_account_a_page_is_flagged_and_says_so(few: World) -> None:
    application_id = await answered(few)
    done = [(await few.upload(application_id, name)).document for name in ("ktp", "family_card", "birth_proof")]
    assert [document.state for document in done] == ["checking", "checking", "flagged"]
    assert (done[2].flags, done[2].decided_by) == (("too_many_being_read",), "machine")
    assert len(few.events(DocumentReceived)) == 2, "the reader is asked for no more"
    told = note_on(done[2])
    assert told is not None and "Send it again in a minute" in told.en and "Kirim ulang" in told.id


async def test_a_page_that_is_sent_again_once_others_are_read_is_read(few: World) -> None:
    parts = build_reading(few.settings, few.platform, reader=TheReader())
    process = Process(few, parts.service, Dispatcher(parts.events, {}), parts.figures)
    application_id = await answered(few)
    for name in ("ktp", "family_card", "birth_proof"):
        await few.upload(application_id, name)
    await process.run()
    few.clock.advance(1)
    again = (await few.upload(application_id, "birth_proof")).document
    assert again.state is DocumentState.CHECKING


async def test_the_limit_counts_all_applications_of_an_account_and_no_other_account(few: World) -> None:
    first = await answered(few)
    await few.upload(first, "ktp")
    await few.meet("second", CARD | {"nik": "3174014502900009"})
    other = await few.draft("second")
    await few.service.drafting.answer(other, ADULT, OWNER)
    assert (await few.upload(other, "ktp")).document.state is DocumentState.CHECKING
    assert (await few.upload(other, "family_card")).document.state is DocumentState.FLAGGED
    stranger = Actor("stranger", Role.APPLICANT)
    await few.meet("third", CARD | {"nik": "3174014502900010"}, account_id="stranger")
    theirs = await few.draft("third", stranger)
    await few.service.drafting.answer(theirs, ADULT, stranger)
    assert (await few.upload(theirs, "ktp", stranger)).document.state is DocumentState.CHECKING


async def test_a_file_of_many_pages_is_read_as_far_as_the_limit(few: World) -> None:
    application_id = await answered(few)
    first, *others = [Image.linear_gradient("L").rotate(90 * page).resize((400, 400)) for page in range(3)]
    scan = io.BytesIO()
    first.save(scan, "PDF", save_all=True, append_images=others)
    await few.upload(application_id, "birth_proof", content=scan.getvalue())
    assert states_of(await few.look(application_id)) == ["checking", "checking", "flagged"]


# the earlier page, and others at the same time


async def test_the_earlier_page_counts_until_the_new_one_stands(
    world: World, process: Process, reader: TheReader
) -> None:
    application_id = await answered(world)
    first = (await world.upload(application_id, "ktp")).document
    await process.run()
    reader.says = [WRONG]
    second = (await world.upload(application_id, "ktp")).document
    present = (await world.look(application_id)).application.present()
    assert present["ktp"].document_id == first.document_id
    await process.run()
    kept = await document_of(world, application_id, first.document_id)
    assert kept.state is DocumentState.ACCEPTED
    assert (await document_of(world, application_id, second.document_id)).state is DocumentState.REFUSED
    assert await world.file_ids() == [kept.file_id], "nothing of the refused page is left"
    third = (await world.upload(application_id, "ktp")).document
    await process.run()
    assert (await document_of(world, application_id, first.document_id)).state is DocumentState.REPLACED
    assert await world.file_ids() == [third.file_id]


@pytest.mark.parametrize("newest_first", [False, True])
async def test_of_two_pages_that_are_read_the_later_upload_stands(
    world: World, process: Process, newest_first: bool
) -> None:
    application_id = await answered(world)
    older = (await world.upload(application_id, "ktp")).document
    world.clock.advance(1)
    newer = (await world.upload(application_id, "ktp")).document
    messages = world.events(DocumentReceived)
    for message in reversed(messages) if newest_first else messages:
        assert await process.take(message) is Outcome.DONE
    assert (await document_of(world, application_id, older.document_id)).state is DocumentState.REPLACED
    assert (await document_of(world, application_id, newer.document_id)).state is DocumentState.ACCEPTED


@pytest.mark.parametrize("newest_first", [False, True])
async def test_of_two_overdue_pages_of_an_item_the_later_upload_stands(world: World, newest_first: bool) -> None:
    application_id = await answered(world)
    older = (await world.upload(application_id, "ktp")).document
    world.clock.advance(1)
    newer = (await world.upload(application_id, "ktp")).document
    if newest_first:
        world.store._documents[APPLICATION.name][application_id]["state"]["documents"].reverse()
    await world.after(world.settings.reading_seconds)
    assert (await document_of(world, application_id, older.document_id)).state is DocumentState.REPLACED
    assert (await document_of(world, application_id, newer.document_id)).state is DocumentState.FLAGGED
    assert await world.file_ids() == [newer.file_id]


async def test_a_refused_page_leaves_an_upload_that_has_begun_alone(
    world: World, process: Process, reader: TheReader
) -> None:
    application_id = await answered(world)
    await world.upload(application_id, "ktp")
    begun = await world.service.uploads.begin(application_id, "ktp", "image/jpeg", 10, OWNER, world.command())
    reader.says = [WRONG]
    await process.run()
    going_on = await document_of(world, application_id, begun.document.document_id)
    assert going_on.state is DocumentState.UPLOADING


async def test_an_officers_word_ends_a_reading(world: World, process: Process, reader: TheReader) -> None:
    application_id = await world.submitted()
    document = (await world.look(application_id)).application.documents[0]
    await world.tell(make.held(application_id=application_id), 1)
    await world.tell(make.confirmed(application_id=application_id), 2)
    await world.service.officer_decisions.decide(
        application_id, DocumentVerdict(document.document_id, True), FRONT, world.command()
    )
    reader.says = [WRONG]
    await process.run()
    decided = await document_of(world, application_id, document.document_id)
    assert (decided.state, decided.decided_by, decided.kind) == (DocumentState.ACCEPTED, "front_officer", None)
    assert len(reader.asked) == 2, "the decided page is not read"


@pytest.mark.acceptance("F44.detector_down")
async def test_while_no_machine_reads_pages_are_flagged_not_blocked(browser: Browser, world: World) -> None:  # noqa: F811
    application_id = await world.complete()
    path = f"/v1/applications/{application_id}"
    status, _ = await browser.ask("POST", f"{path}/submission", json={"confirmed_not_refundable": True})
    assert status == 200
    await world.after(world.settings.reading_seconds - 10)
    assert world.events(DocumentChecked) == []
    await world.after(10)
    await world.run_due()
    _, view = await browser.ask("GET", path)
    assert [(document["state"], document["flags"]) for document in view["documents"]] == [("flagged", ["not_read"])] * 3
    assert len(world.events(DocumentChecked)) == 3


async def test_a_verdict_that_comes_too_late_changes_nothing(world: World, process: Process, reader: TheReader) -> None:
    application_id = await answered(world)
    document = (await world.upload(application_id, "ktp")).document
    await world.after(world.settings.reading_seconds)
    assert await process.run() == [Outcome.DONE]
    late = await document_of(world, application_id, document.document_id)
    assert (late.state, late.flags, reader.asked) == (DocumentState.FLAGGED, ("not_read",), [])


async def test_a_deadline_that_runs_twice_or_early_changes_nothing(world: World) -> None:
    application_id = await answered(world)
    await world.upload(application_id, "ktp")
    record = await world.service.applications.application(application_id)
    await world.service.paper_readings.flag_overdue(record, "checks")
    assert (await world.look(application_id)).application.documents[0].state is DocumentState.CHECKING
    await world.after(world.settings.reading_seconds)
    told = len(world.said)
    await world.service.paper_readings.flag_overdue(record, "checks")
    assert len(world.said) == told


# the reader


async def test_the_reader_is_given_the_picture_and_the_typed_facts(
    world: World, process: Process, reader: TheReader
) -> None:
    application_id = await answered(world)
    done = await world.upload(application_id, "ktp")
    with capture_logs() as logs:
        await process.run()
    (asked,) = reader.asked
    assert (asked.requirement, asked.paper, asked.page) == ("ktp", "ktp", 1)
    assert asked.facts == CARD
    _, pieces = await world.service.uploads.read(application_id, done.document.document_id, OWNER)
    assert reader.pictures == [b"".join([piece async for piece in pieces])]
    stored = json.dumps(world.store._documents[APPLICATION.name], default=str)
    said = json.dumps([message.data.model_dump(mode="json") for message in world.said])
    for word in (CARD["nik"], CARD["full_name"], CARD["birth_date"]):
        assert word not in repr(asked) + str(logs) + stored + said
    assert [line["outcome"] for line in logs if line["event"] == "paper_read"] == ["accepted"]


async def test_papers_of_parents_are_compared_with_nothing(world: World, process: Process, reader: TheReader) -> None:
    application_id = await answered(world)
    await world.upload(application_id, "ktp")
    record = await world.service.applications.application(application_id)
    stored = world.store._documents[APPLICATION.name][record.id]["state"]
    stored["documents"][0]["requirement"] = "parent_ktp"
    await process.run()
    assert [asked.facts for asked in reader.asked] == [{}]


async def test_before_the_identity_card_has_come_a_page_is_read_without_facts(
    world: World, process: Process, reader: TheReader
) -> None:
    await world.add()
    application_id = await world.draft()
    await world.service.drafting.answer(application_id, ADULT, OWNER)
    await world.upload(application_id, "ktp")
    assert await process.run() == [Outcome.DONE]
    assert [asked.facts for asked in reader.asked] == [{}]


async def test_a_page_of_somebody_erased_is_not_read(world: World, process: Process, reader: TheReader) -> None:
    await world.upload(await answered(world), "ktp")
    await world.platform.person_keys.destroy("appl")
    assert await process.run() == [Outcome.DONE]
    assert reader.asked == []


async def test_a_page_that_breaks_its_reader_is_flagged(world: World, process: Process, reader: TheReader) -> None:
    application_id = await answered(world)
    document = (await world.upload(application_id, "ktp")).document
    reader.says = [PageNotRead()]
    assert await process.run() == [Outcome.DONE]
    flagged = await document_of(world, application_id, document.document_id)
    assert (flagged.state, flagged.flags) == (DocumentState.FLAGGED, ("not_read",))


async def test_a_page_waits_for_a_reader(world: World, process: Process, reader: TheReader) -> None:
    application_id = await answered(world)
    document = (await world.upload(application_id, "ktp")).document
    reader.says = [ReaderUnavailable()]
    assert await process.run() == [Outcome.LATER]
    assert (await document_of(world, application_id, document.document_id)).state is DocumentState.CHECKING
    assert await process.take(world.events(DocumentReceived)[0]) is Outcome.DONE
    assert (await document_of(world, application_id, document.document_id)).state is DocumentState.ACCEPTED


async def test_a_repeat_of_the_message_reads_nothing_again(world: World, process: Process, reader: TheReader) -> None:
    application_id = await answered(world)
    await world.upload(application_id, "ktp")
    await process.run()
    assert await process.take(world.events(DocumentReceived)[0]) is Outcome.DONE
    gone = DocumentReceived(application_id="nowhere", document_id="none", requirement="ktp")
    assert await process.take(gone) is Outcome.DONE
    assert await process.take(gone.model_copy(update={"application_id": application_id})) is Outcome.DONE
    assert (len(reader.asked), len(world.events(DocumentChecked))) == (1, 1)


@pytest.mark.parametrize("left", ["no id", "no file"])
async def test_a_page_whose_file_has_gone_is_not_read(
    world: World, process: Process, reader: TheReader, left: str
) -> None:
    application_id = await answered(world)
    document = (await world.upload(application_id, "ktp")).document
    assert document.file_id is not None
    await world.files.delete(document.file_id)
    if left == "no id":
        world.store._documents[APPLICATION.name][application_id]["state"]["documents"][0]["file_id"] = None
    assert await process.run() == [Outcome.DONE]
    assert reader.asked == []


class SlowReader:
    """Two processes read the same page at once, and see it otherwise."""

    def __init__(self) -> None:
        self.says = [GOOD, WRONG]
        self.all_reading = asyncio.Barrier(2)

    async def read(self, picture: bytes, asked: AskedPaper) -> Verdict:
        said = self.says.pop()
        await self.all_reading.wait()
        return said


async def read_twice_at_once(world: World) -> None:
    """Fail unless one of the two verdicts counts, and the other does nothing."""
    application_id = await answered(world)
    await world.upload(application_id, "ktp")
    parts = build_reading(world.settings, world.platform, reader=SlowReader())
    dispatcher = Dispatcher(parts.events, {})
    (message,) = world.events(DocumentReceived)
    envelope = envelope_of(message, world.clock.now())
    outcomes = await asyncio.gather(dispatcher.handle(envelope), dispatcher.handle(envelope))
    decided_once = len(world.events(DocumentChecked)) == 1 and outcomes == [Outcome.DONE, Outcome.DONE]
    assert decided_once, "a page was decided twice"


async def test_of_two_verdicts_at_once_the_first_stands(world: World) -> None:
    await read_twice_at_once(world)


async def test_without_the_guard_both_verdicts_count(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readings_module, "is_being_read", lambda document: True)
    with pytest.raises(AssertionError, match="decided twice"):
        await read_twice_at_once(world)


# the process, the settings, the rule that is watched


def test_the_process_takes_its_rooms_messages_and_answers_no_calls(world: World, reader: TheReader) -> None:
    parts = build_reading(world.settings, world.platform, reader=reader)
    assert (parts.name, parts.key, list(parts.endpoints), dict(parts.deadlines)) == ("application", PAGE_READER, [], {})
    assert parts.room is not None and (parts.room.room, parts.room.at_once) == (ROOM, world.settings.readers)
    assert set(parts.events) == set(ROOM_SUBSCRIBERS["application", ROOM])


async def test_seconds_are_shown_by_outcome(world: World, process: Process, reader: TheReader) -> None:
    application_id = await answered(world)
    reader.says = [GOOD, PageNotRead()]
    await world.upload(application_id, "ktp")
    await world.upload(application_id, "family_card")
    await process.run()
    registry = CollectorRegistry()
    for figure in process.figures:
        registry.register(figure)
    page = generate_latest(registry).decode()
    for outcome in ("accepted", "not_read"):
        assert f'paspor_paper_reading_seconds_count{{outcome="{outcome}"}} 1.0' in page


@pytest.mark.parametrize(
    ("environment", "given", "unread"),
    [
        ("test", {}, PapersUnread.ACCEPTED),
        ("test", {"papers_unread": "flagged"}, PapersUnread.FLAGGED),
        ("production", {}, PapersUnread.FLAGGED),
    ],
)
def test_what_no_machine_reads_is_flagged_in_production(
    environment: str, given: dict[str, Any], unread: PapersUnread
) -> None:
    settings = make_settings(**given).model_copy(update={"environment": Environment(environment)})
    assert settings.paper_rules == PaperRules(PapersReading.NONE, unread)


def test_production_refuses_to_accept_papers_unread() -> None:
    with pytest.raises(SettingsWrong, match="PAPERS_UNREAD is not for production"):
        Settings.load(environment="production", papers_unread="accepted")


async def test_without_a_machine_pages_are_flagged_where_that_is_wanted() -> None:
    world = World(papers_unread="flagged")
    done = await world.upload(await answered(world), "ktp")
    assert (done.document.state, done.document.flags) == (DocumentState.FLAGGED, ("not_read",))
    assert world.events(DocumentReceived) == []


async def test_a_page_that_is_forgotten_is_seen(world: World) -> None:
    application_id = await answered(world)
    await world.upload(application_id, "ktp")
    check = world.parts.invariants["I21"]
    report = await check()
    assert (report.checked, report.holds) == (1, True)
    world.clock.advance(world.settings.reading_seconds + readings_module.PATIENCE_SECONDS)
    assert (await check()).holds
    world.clock.advance(1)
    assert (await check()).broken == (application_id,)


def test_an_erased_application_keeps_no_findings() -> None:
    state: Application = replace(make.draft(), documents=(judged(being_read(), DOUBT, NOW),))
    (document,) = without_documents(state).documents
    assert (document.findings, document.agreements) == ((), {})
