"""Uploads that resume, that lie, that break off, and what is left of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from services.application import errors
from services.application.app import build
from services.application.applications.document import LARGEST_NUMBER_OF_DOCUMENTS, DocumentState
from services.application.applications.errors import StepComesFirst, StepIsOver
from services.application.applications.next_step import Step
from services.application.applications.repository import APPLICATION
from services.application.config import Settings
from services.application.documents import uploads as uploads_module
from services.application.documents.decisions import DocumentVerdict
from services.application.documents.errors import (
    DocumentDecided,
    DocumentsClosed,
    FileTooLarge,
    FileTypeNotTaken,
    PicturesWait,
    TooManyDocuments,
    UploadOffsetWrong,
    UploadUnderWay,
)
from services.application.documents.ports import Inspected, InspectedPage, InspectionBusy, InspectionUnavailable
from services.application.documents.uploads import WHOLE_BYTES
from services.application.requirements.errors import DocumentNotAsked
from shared.errors import NotFound, Refusal
from shared.files.port import PIECE_BYTES, FileMeta
from shared.http.bodies import BodyCut
from shared.http.body_budget import BodyBudget, NoRoomForBody
from tests.unit.application import make
from tests.unit.application.make import ADULT
from tests.unit.application.world import (
    COUNTER,
    ELSEWHERE,
    FRONT,
    INTERVIEWER,
    OWNER,
    STRANGER,
    World,
    in_pieces,
    picture,
)


async def answered(world: World) -> str:
    await world.meet()
    application_id = await world.draft()
    await world.service.drafting.answer(application_id, ADULT, OWNER)
    return application_id


async def begun(world: World, application_id: str, size_bytes: int, media_type: str = "image/jpeg") -> str:
    seen = await world.service.uploads.begin(application_id, "ktp", media_type, size_bytes, OWNER, world.command())
    return seen.document.document_id


async def test_a_picture_is_accepted_kept_encrypted_and_given_back(world: World) -> None:
    application_id = await answered(world)
    done = await world.upload(application_id, "ktp")
    document = done.document
    assert document.state is DocumentState.ACCEPTED
    assert (document.width, document.height, document.media_type) == (640, 400, "image/jpeg")
    assert document.file_id is not None
    kept, pieces = await world.service.uploads.read(application_id, document.document_id, OWNER)
    content = b"".join([piece async for piece in pieces])
    assert len(content) == kept.stored_bytes
    assert content.startswith(b"\xff\xd8")
    assert await world.file_ids() == [document.file_id]


@pytest.mark.acceptance("F6.upload_resumes")
async def test_an_upload_goes_on_where_the_line_broke(world: World) -> None:
    application_id = await answered(world)
    content = picture(2400, 1600, quality=97)
    assert len(content) > 20_000
    document_id = await begun(world, application_id, len(content))
    uploads = world.service.uploads

    async def breaking() -> AsyncIterator[bytes]:
        yield content[:7_000]
        yield content[7_000:12_000]
        raise BodyCut

    with pytest.raises(BodyCut):
        await uploads.receive(application_id, document_id, 0, breaking(), OWNER)
    stands = await uploads.offset(application_id, document_id, OWNER)
    assert stands.upload_offset == 12_000
    with pytest.raises(UploadOffsetWrong) as wrong:
        await uploads.receive(application_id, document_id, 0, in_pieces(content), OWNER)
    assert wrong.value.facts == {"upload_offset": 12_000}
    part = await uploads.receive(application_id, document_id, 12_000, in_pieces(content[12_000:20_000]), OWNER)
    assert (part.upload_offset, part.document.state) == (20_000, DocumentState.UPLOADING)
    done = await uploads.receive(application_id, document_id, 20_000, in_pieces(content[20_000:]), OWNER)
    assert done.document.state is DocumentState.ACCEPTED
    again = await uploads.receive(application_id, document_id, 0, in_pieces(content), OWNER)
    assert (again.upload_offset, again.document) == (len(content), done.document)
    assert (await uploads.offset(application_id, document_id, OWNER)).upload_offset == len(content)


async def test_bytes_at_a_wrong_place_after_a_broken_line_are_not_kept(world: World) -> None:
    application_id = await answered(world)
    document_id = await begun(world, application_id, 30_000)

    async def breaking() -> AsyncIterator[bytes]:
        yield b"x" * 1_000
        raise BodyCut

    with pytest.raises(BodyCut):
        await world.service.uploads.receive(application_id, document_id, 500, breaking(), OWNER)
    assert (await world.service.uploads.offset(application_id, document_id, OWNER)).upload_offset == 0


async def test_no_more_than_a_piece_waits_in_memory(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    application_id = await answered(world)
    pieces = WHOLE_BYTES // PIECE_BYTES + 1
    size = pieces * PIECE_BYTES + 100
    document_id = await begun(world, application_id, size)
    appended: list[int] = []
    original = world.files.append

    async def watching(file_id: str, offset: int, chunk: bytes) -> int:
        appended.append(len(chunk))
        return await original(file_id, offset, chunk)

    monkeypatch.setattr(world.files, "append", watching)
    await world.service.uploads.receive(
        application_id, document_id, 0, in_pieces(b"\xff\xd8\xff" + b"x" * (size - 3), 100_000), OWNER
    )
    assert appended == [*[PIECE_BYTES] * pieces, 100]


async def test_a_small_picture_in_one_go_is_not_stored_before_it_is_looked_at(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    application_id = await answered(world)
    content = picture()
    document_id = await begun(world, application_id, len(content))

    async def never(*_: object) -> None:
        raise AssertionError("the raw bytes were stored")

    monkeypatch.setattr(world.files, "create", never)
    done = await world.service.uploads.receive(application_id, document_id, 0, in_pieces(content), OWNER)
    assert done.document.state is DocumentState.ACCEPTED
    stored = [file_id async for file_id in world.files.older_than(world.clock.now() + timedelta(days=1))]
    assert stored == [done.document.file_id]


@pytest.mark.parametrize(
    ("content", "media_type", "reason"),
    [
        (b"<html><script>alert(1)</script></html>" * 20, "image/jpeg", "not_a_picture"),
        (picture(image_format="GIF"), "image/jpeg", "not_a_picture"),
        (picture()[:2_000], "image/jpeg", "broken_picture"),
        (picture(299, 400), "image/jpeg", "too_small"),
    ],
    ids=["html", "another type", "cut off", "too small"],
)
async def test_what_is_no_good_picture_is_refused_and_leaves_nothing(
    world: World, content: bytes, media_type: str, reason: str
) -> None:
    application_id = await answered(world)
    document_id = await begun(world, application_id, len(content), media_type)
    done = await world.service.uploads.receive(application_id, document_id, 0, in_pieces(content), OWNER)
    assert (done.document.state, done.document.reason) == (DocumentState.REFUSED, reason)
    assert done.document.file_id is None
    assert await world.file_ids() == []
    with pytest.raises(NotFound):
        await world.service.uploads.read(application_id, document_id, OWNER)


async def test_more_bytes_than_announced_are_refused_and_leave_nothing(world: World) -> None:
    application_id = await answered(world)
    document_id = await begun(world, application_id, 5_000)
    done = await world.service.uploads.receive(application_id, document_id, 0, in_pieces(picture() * 3), OWNER)
    assert (done.document.state, done.document.reason) == (DocumentState.REFUSED, "longer_than_declared")
    assert await world.file_ids() == []


class Gatekept:
    """A line that stops after its first bytes until it is let on."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self.begun, self.let_on = asyncio.Event(), asyncio.Event()

    async def pieces(self) -> AsyncIterator[bytes]:
        yield self._content[:1_000]
        self.begun.set()
        await self.let_on.wait()
        yield self._content[1_000:]


async def two_writers(world: World) -> int:
    """How many of two requests that send the same document at once are taken, the second while the first sends."""
    application_id = await answered(world)
    content = picture()
    document_id = await begun(world, application_id, len(content))
    uploads, line = world.service.uploads, Gatekept(content)
    first = asyncio.create_task(uploads.receive(application_id, document_id, 0, line.pieces(), OWNER))
    await line.begun.wait()
    taken = 1
    try:
        await uploads.receive(application_id, document_id, 0, in_pieces(content), OWNER)
        taken += 1
    except UploadUnderWay as refused:
        assert refused.retry_after_seconds == 2
    line.let_on.set()
    await first
    document = (await world.look(application_id)).application.document(document_id)
    assert document is not None and document.state is DocumentState.ACCEPTED
    return taken


async def test_a_document_has_one_writer_at_a_time(world: World) -> None:
    assert await two_writers(world) == 1
    assert not world.service.uploads._written_to


class Forgetful(set[str]):
    """A note of writers that notes nothing."""

    def add(self, _: str) -> None:
        return None


async def test_twin_without_the_note_of_writers_both_hold_the_picture(world: World) -> None:
    world.service.uploads._written_to = Forgetful()
    assert await two_writers(world) == 2


async def test_a_small_picture_goes_to_the_store_where_memory_is_short(world: World) -> None:
    application_id = await answered(world)
    content = picture()
    budget = BodyBudget(40_000)
    await budget.take(25_000)
    appended: list[int] = []
    original = world.files.append

    async def watching(file_id: str, offset: int, chunk: bytes) -> int:
        appended.append(len(chunk))
        return await original(file_id, offset, chunk)

    world.files.append = watching  # type: ignore[method-assign]
    document_id = await begun(world, application_id, len(content))
    share = budget.open_share()
    done = await world.service.uploads.receive(application_id, document_id, 0, in_pieces(content, 5_000), OWNER, share)
    assert done.document.state is DocumentState.ACCEPTED
    assert sum(appended) == len(content)
    assert budget.peak_bytes <= 25_000 + 2 * 5_000
    assert share.held_bytes == 0


async def test_without_any_room_nothing_is_half_stored_and_the_same_request_succeeds_later(world: World) -> None:
    application_id = await answered(world)
    content = picture()
    budget = BodyBudget(20_000, wait_seconds=0)
    await budget.take(20_000)
    document_id = await begun(world, application_id, len(content))
    uploads = world.service.uploads
    with pytest.raises(NoRoomForBody):
        await uploads.receive(application_id, document_id, 0, in_pieces(content), OWNER, budget.open_share())
    assert (await uploads.offset(application_id, document_id, OWNER)).upload_offset == 0
    budget.give_back(20_000)
    done = await uploads.receive(application_id, document_id, 0, in_pieces(content), OWNER, budget.open_share())
    assert done.document.state is DocumentState.ACCEPTED


async def test_a_picture_whose_turn_does_not_come_is_put_off_and_taken_later(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads_module, "LONGEST_WAIT_FOR_INSPECTION_SECONDS", 0)
    application_id = await answered(world)
    content = picture()
    uploads = world.service.uploads
    turns = world.settings.decodes_at_once + uploads_module.PICTURES_KEPT_AT_ONCE
    for _ in range(turns):
        await uploads._inspecting.acquire()
    whole = await begun(world, application_id, len(content))
    with pytest.raises(PicturesWait):
        await uploads.receive(application_id, whole, 0, in_pieces(content), OWNER)
    for _ in range(turns):
        uploads._inspecting.release()
    monkeypatch.setattr(uploads_module, "LONGEST_WAIT_FOR_INSPECTION_SECONDS", 30)
    done = await uploads.receive(application_id, whole, 0, in_pieces(content), OWNER)
    assert done.document.state is DocumentState.ACCEPTED


async def test_an_upload_that_is_never_finished_is_refused_and_leaves_nothing(world: World) -> None:
    application_id = await answered(world)
    content = picture()
    document_id = await begun(world, application_id, len(content))
    await world.upload(application_id, "family_card")
    await world.service.uploads.receive(application_id, document_id, 0, in_pieces(content[:2_000]), OWNER)
    assert len(await world.file_ids()) == 2
    await world.after(world.settings.upload_seconds - 10)
    assert len(await world.file_ids()) == 2
    await world.after(11)
    document = (await world.look(application_id)).application.document(document_id)
    assert document is not None
    assert (document.state, document.reason) == (DocumentState.REFUSED, "upload_abandoned")
    assert len(await world.file_ids()) == 1


async def test_the_announcement_is_checked_at_its_limits(world: World) -> None:
    await world.meet()
    application_id = await world.draft()
    uploads, limit = world.service.uploads, world.settings.largest_upload_bytes
    with pytest.raises(StepComesFirst) as early:
        await begun(world, application_id, 1)
    assert early.value.facts["step"] == Step.QUESTIONNAIRE
    await world.service.drafting.answer(application_id, ADULT, OWNER)
    assert await begun(world, application_id, limit)
    with pytest.raises(FileTooLarge):
        await begun(world, application_id, limit + 1)
    with pytest.raises(FileTypeNotTaken):
        await begun(world, application_id, 1, "video/mp4")
    with pytest.raises(DocumentNotAsked):
        await uploads.begin(application_id, "parents_statement", "image/jpeg", 1, OWNER, world.command())
    with pytest.raises(NotFound):
        await uploads.begin(application_id, "ktp", "image/jpeg", 1, STRANGER, world.command())
    for _ in range(LARGEST_NUMBER_OF_DOCUMENTS - 1):
        await begun(world, application_id, 1)
    with pytest.raises(TooManyDocuments):
        await begun(world, application_id, 1)


async def test_an_announcement_twice_is_one_document(world: World) -> None:
    application_id = await answered(world)
    uploads = world.service.uploads
    first = await uploads.begin(application_id, "ktp", "image/jpeg", 10, OWNER, "once")
    again = await uploads.begin(application_id, "ktp", "image/jpeg", 10, OWNER, "once")
    assert first == again
    assert first.upload_offset == 0
    with pytest.raises(NotFound):
        await uploads.offset(application_id, "no-such-document", OWNER)


async def test_a_new_picture_takes_the_place_of_the_old_one_only_when_it_is_good(world: World) -> None:
    application_id = await answered(world)
    old = (await world.upload(application_id, "ktp")).document
    bad = (await world.upload(application_id, "ktp", content=b"no picture at all" * 10)).document
    state = (await world.look(application_id)).application
    assert bad.state is DocumentState.REFUSED
    assert state.present()["ktp"].document_id == old.document_id
    new = (await world.upload(application_id, "ktp")).document
    state = (await world.look(application_id)).application
    assert state.present()["ktp"].document_id == new.document_id
    assert state.document(old.document_id).state is DocumentState.REPLACED  # type: ignore[union-attr]
    assert await world.file_ids() == [new.file_id]


async def test_a_second_announcement_ends_the_first_upload(world: World) -> None:
    application_id = await answered(world)
    content = picture()
    first = await begun(world, application_id, len(content))
    await world.service.uploads.receive(application_id, first, 0, in_pieces(content[:2_000]), OWNER)
    second = await begun(world, application_id, len(content))
    late = await world.service.uploads.receive(application_id, first, 2_000, in_pieces(content[2_000:]), OWNER)
    assert late.document.state is DocumentState.REPLACED
    done = await world.service.uploads.receive(application_id, second, 0, in_pieces(content), OWNER)
    assert done.document.state is DocumentState.ACCEPTED
    assert await world.file_ids() == [done.document.file_id]


async def test_an_upload_that_is_replaced_while_its_bytes_come_leaves_nothing(world: World) -> None:
    application_id = await answered(world)
    content = picture(2400, 1600, quality=97)
    first = await begun(world, application_id, len(content))

    async def overtaken() -> AsyncIterator[bytes]:
        yield content[:5_000]
        await begun(world, application_id, 10)
        yield content[5_000:]

    late = await world.service.uploads.receive(application_id, first, 0, overtaken(), OWNER)
    assert late.document.state is DocumentState.REPLACED
    await world.after(world.settings.sweep_grace_seconds + 1)
    await world.service.sweeper.sweep()
    assert await world.file_ids() == []


class ClosedEye:
    """An inspector that cannot look."""

    async def inspect(self, content: bytes, media_type: str, requirement: str) -> Inspected:
        raise InspectionUnavailable


@pytest.mark.acceptance("F44.detector_down")
async def test_while_the_eye_is_closed_pictures_are_flagged_not_blocked(world: World) -> None:
    world.parts = build(world.settings, world.platform, dpri=world.dpri, inspector=ClosedEye(), writer=world.writer)
    world.service = world.parts.service
    application_id = await answered(world)
    done = await world.upload(application_id, "ktp")
    assert (done.document.state, done.document.flags) == (DocumentState.FLAGGED, ("not_inspected",))


class BusyEye:
    """An inspector with too much to look at."""

    async def inspect(self, content: bytes, media_type: str, requirement: str) -> Inspected:
        raise InspectionBusy


async def test_while_the_eye_is_busy_the_upload_is_sent_again_and_nothing_is_lost(world: World) -> None:
    world.parts = build(world.settings, world.platform, dpri=world.dpri, inspector=BusyEye(), writer=world.writer)
    world.service = world.parts.service
    application_id = await answered(world)
    content = picture()
    document_id = await begun(world, application_id, len(content))
    with pytest.raises(PicturesWait):
        await world.service.uploads.receive(application_id, document_id, 0, in_pieces(content), OWNER)
    world.parts = build(world.settings, world.platform, dpri=world.dpri, writer=world.writer)
    world.service = world.parts.service
    done = await world.service.uploads.receive(application_id, document_id, 0, in_pieces(content), OWNER)
    assert done.document.state is DocumentState.ACCEPTED


class SlowEye:
    """An inspector during whose look something happens."""

    def __init__(self) -> None:
        self.looking = 0
        self.most = 0

    async def inspect(self, content: bytes, media_type: str, requirement: str) -> Inspected:
        self.looking += 1
        self.most = max(self.most, self.looking)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        self.looking -= 1
        return Inspected((InspectedPage(content, media_type, 640, 400),))


async def test_only_so_many_pictures_are_decoded_at_once(world: World) -> None:
    eye = SlowEye()
    world.parts = build(world.settings, world.platform, dpri=world.dpri, inspector=eye, writer=world.writer)
    world.service = world.parts.service
    application_id = await answered(world)
    codes = ("ktp", "family_card", "birth_proof", "supporting_document")
    await asyncio.gather(*(world.upload(application_id, code) for code in codes))
    assert eye.most == world.settings.decodes_at_once == 1


async def test_the_same_last_bytes_twice_at_once_make_one_document(world: World) -> None:
    eye = SlowEye()
    world.parts = build(make_two(world), world.platform, dpri=world.dpri, inspector=eye, writer=world.writer)
    world.service = world.parts.service
    application_id = await answered(world)
    content = picture()
    document_id = await begun(world, application_id, len(content))
    uploads = world.service.uploads
    await uploads.receive(application_id, document_id, 0, in_pieces(content[:-1]), OWNER)

    async def last() -> None:
        try:
            await uploads.receive(application_id, document_id, len(content) - 1, in_pieces(content[-1:]), OWNER)
        except Refusal as refusal:
            assert isinstance(refusal, UploadOffsetWrong | UploadUnderWay)

    async def nothing_more() -> None:
        try:
            await uploads.receive(application_id, document_id, len(content), in_pieces(b""), OWNER)
        except Refusal as refusal:
            assert isinstance(refusal, UploadOffsetWrong | UploadUnderWay)

    await asyncio.gather(last(), nothing_more(), nothing_more())
    state = (await world.look(application_id)).application
    assert state.document(document_id).state is DocumentState.ACCEPTED  # type: ignore[union-attr]
    assert len(await world.file_ids()) == 1


def make_two(world: World) -> Settings:
    return world.settings.model_copy(update={"decodes_at_once": 2})


async def test_a_byte_too_many_at_the_end_is_told_where_the_upload_stands(world: World) -> None:
    application_id = await answered(world)
    eye = SlowEye()
    world.parts = build(world.settings, world.platform, dpri=world.dpri, inspector=eye, writer=world.writer)
    content = picture()
    document_id = await begun(world, application_id, len(content))
    await world.files.create(document_id, _meta(len(content)))
    await world.files.append(document_id, 0, content)
    done = await world.service.uploads.receive(application_id, document_id, len(content), in_pieces(b""), OWNER)
    assert done.document.state is DocumentState.ACCEPTED


def _meta(size: int) -> FileMeta:
    return FileMeta("application/octet-stream", size)


async def test_the_sweeper_takes_what_nothing_refers_to_and_nothing_else(world: World) -> None:
    application_id = await answered(world)
    kept = (await world.upload(application_id, "ktp")).document
    forgotten = await world.service.applications.keep_file(b"left behind by a crash", "image/jpeg", "appl")
    sweeper = world.service.sweeper
    await world.after(world.settings.sweep_grace_seconds - 5)
    assert await sweeper.sweep() == 0
    fresh = await world.service.applications.keep_file(b"still being written", "image/jpeg", "appl")
    await world.after(10)
    assert await sweeper.sweep() == 1
    assert sorted(await world.file_ids()) == sorted([kept.file_id, fresh])
    assert forgotten not in await world.file_ids()
    await world.after(world.settings.sweep_grace_seconds)
    await world.parts.chores[0].run()
    assert await world.file_ids() == [kept.file_id]


@pytest.mark.acceptance("F46.precheck", "F46.replaceable")
async def test_an_officer_asks_for_a_new_picture_and_the_applicant_sends_it(world: World) -> None:
    application_id = await world.booked()
    await world.run_due()
    first_delivery = world.dpri.deliveries[-1]
    ktp = (await world.look(application_id)).application.present()["ktp"]
    with pytest.raises(errors.ReasonCodeMissing):
        await world.service.officer_decisions.decide(
            application_id, DocumentVerdict(ktp.document_id, False, None), FRONT, world.command()
        )
    with pytest.raises(errors.NotYourOffice):
        await world.service.officer_decisions.decide(
            application_id, DocumentVerdict(ktp.document_id, True), ELSEWHERE, world.command()
        )
    seen = await world.service.officer_decisions.decide(
        application_id, DocumentVerdict(ktp.document_id, False, "blurred"), FRONT, "once"
    )
    assert "upload it again" in seen.progress.next_action.en
    refused = seen.application.document(ktp.document_id)
    assert refused is not None
    assert (refused.state, refused.reason, refused.decided_by) == (DocumentState.REFUSED, "blurred", "front_officer")
    await world.run_due()
    hand_over = (await world.look(application_id)).application.hand_over
    assert hand_over is not None
    assert hand_over.problem == "documents_not_accepted"
    await world.upload(application_id, "ktp")
    await world.run_due()
    hand_over = (await world.look(application_id)).application.hand_over
    assert hand_over is not None
    assert hand_over.acknowledged_at is not None
    assert world.dpri.deliveries[-1] != first_delivery
    with pytest.raises(DocumentDecided):
        await world.service.officer_decisions.decide(
            application_id, DocumentVerdict(ktp.document_id, True), FRONT, world.command()
        )


@pytest.mark.acceptance("F46.replaceable")
async def test_documents_may_be_replaced_until_the_day_before_and_by_officers_after(world: World) -> None:
    application_id = await world.booked()
    evening = make.VISIT - timedelta(hours=8, seconds=1)
    await world.at(evening)
    assert (await world.upload(application_id, "ktp")).document.state is DocumentState.ACCEPTED
    await world.after(1)
    with pytest.raises(DocumentsClosed):
        await world.upload(application_id, "ktp")
    assert (await world.upload(application_id, "ktp", COUNTER)).document.state is DocumentState.ACCEPTED


async def test_after_the_approval_documents_stand(world: World) -> None:
    application_id = await world.approved()
    ktp = (await world.look(application_id)).application.present()["ktp"]
    with pytest.raises(StepIsOver):
        await world.upload(application_id, "ktp")
    with pytest.raises(StepIsOver):
        await world.service.officer_decisions.decide(
            application_id, DocumentVerdict(ktp.document_id, False, "x"), INTERVIEWER, world.command()
        )


async def test_no_file_name_and_no_identity_is_kept_in_the_open(world: World) -> None:
    application_id = await world.booked()
    await world.run_due()
    stored = str(world.store._documents[APPLICATION.name][application_id]["state"])
    assert "SARI" not in stored
    assert "3174014502900001" not in stored


async def test_pictures_of_others_are_not_to_be_seen(world: World) -> None:
    application_id = await answered(world)
    document = (await world.upload(application_id, "ktp")).document
    uploads = world.service.uploads
    for who in (STRANGER, replace(COUNTER, on_behalf_of="other")):
        with pytest.raises(NotFound):
            await uploads.read(application_id, document.document_id, who)
    with pytest.raises(errors.NotYourOffice):
        await uploads.read(application_id, document.document_id, FRONT)
