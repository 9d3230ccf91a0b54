"""A document is one page of an item: pages stand side by side, are replaced one by one, and go as a whole."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from services.application.applications import application as domain
from services.application.applications import document as papers
from services.application.applications import pages as item_pages
from services.application.applications.application import Status
from services.application.applications.document import (
    FIRST_PAGE,
    LARGEST_NUMBER_OF_DOCUMENTS,
    LARGEST_NUMBER_OF_PAGES,
    Document,
    DocumentState,
    Picture,
)
from services.application.applications.repository import APPLICATION
from services.application.documents.decisions import DocumentVerdict
from services.application.documents.errors import DocumentReplaced
from services.application.documents.ports import Inspected, InspectedPage
from services.application.own_data.part import file_name
from shared.store.transitions import IllegalTransition
from shared.tokens import Role
from tests.unit.application import make
from tests.unit.application.browser import STREAM, Browser
from tests.unit.application.browser import browser as browser
from tests.unit.application.world import FRONT, OWNER, World, in_pieces, picture

ANSWERS = {
    "has_held_passport": False,
    "reason": "new",
    "passport_kind": "electronic",
    "validity_years": 10,
    "purpose": "tourism",
}
SUBMISSION = {"confirmed_not_refundable": True}


@pytest.fixture(autouse=True)
def _loopback_allowed(socket_enabled: None) -> None:
    """Let these tests open sockets where the unit room blocks them."""


class Folder:
    """An inspector that finds as many pages in a file as it is told."""

    def __init__(self, pages: int, flags: Sequence[tuple[str, ...]] = ()) -> None:
        self._flags = [*flags, *[()] * (pages - len(flags))]

    async def inspect(self, content: bytes, media_type: str, requirement: str) -> Inspected:
        return Inspected(
            tuple(
                InspectedPage(content + bytes([number]), "image/jpeg", 600, 800, flags)
                for number, flags in enumerate(self._flags)
            )
        )


async def begun(browser: Browser, world: World) -> str:
    """The path of a draft with answers."""
    await world.meet()
    _, view = await browser.ask("POST", "/v1/applications", json={"applicant_id": "appl"})
    path = f"/v1/applications/{view['application_id']}"
    assert (await browser.ask("PUT", f"{path}/questionnaire", json=ANSWERS))[0] == 200
    return path


async def announce(browser: Browser, path: str, requirement: str, page: Any, size_bytes: int = 10) -> tuple[int, Any]:
    body = {"requirement": requirement, "file_name": "x", "media_type": "image/jpeg", "size_bytes": size_bytes}
    return await browser.ask("POST", f"{path}/documents", json=body | {"page": page})


async def send(browser: Browser, path: str, requirement: str, page: int, content: bytes | None = None) -> Any:
    """One page from the announcement to the last byte; the document as it is shown then."""
    content = content or picture()
    status, document = await announce(browser, path, requirement, page, len(content))
    assert (status, document["page"]) == (201, page), document
    headers = {"Upload-Offset": "0", "Content-Type": STREAM}
    status, done = await browser.ask("PATCH", document["upload_url"], data=content, headers=headers)
    assert status == 200, done
    return done


async def item(browser: Browser, path: str, code: str) -> Any:
    _, view = await browser.ask("GET", path)
    return next(found for found in view["requirements"] if found["code"] == code)


async def complete(browser: Browser, path: str) -> None:
    for code in ("ktp", "family_card", "birth_proof"):
        await send(browser, path, code, 1)


async def removed(browser: Browser, path: str, document_id: str, **words: Any) -> tuple[int, Any]:
    return await browser.ask("DELETE", f"{path}/documents/{document_id}", **words)


async def test_pages_of_an_item_stand_side_by_side(browser: Browser, world: World) -> None:
    path = await begun(browser, world)
    second = await send(browser, path, "ktp", 2)
    assert (await item(browser, path, "ktp"))["missing_pages"] == [1]
    first = await send(browser, path, "ktp", 1)
    found = await item(browser, path, "ktp")
    assert (found["state"], found["document_id"], found["missing_pages"]) == ("accepted", first["document_id"], [])
    _, papers = await browser.ask("GET", f"{path}/documents")
    (paper,) = papers["papers"]
    assert [page["document_id"] for page in paper["pages"]] == [first["document_id"], second["document_id"]]
    assert [page["page"] for page in paper["pages"]] == [1, 2]
    assert len(await world.file_ids()) == 2


async def test_a_newer_picture_takes_the_place_of_the_same_page_alone_and_only_when_it_stands(
    browser: Browser, world: World
) -> None:
    path = await begun(browser, world)
    first, second = [await send(browser, path, "ktp", page) for page in (1, 2)]
    bad = await send(browser, path, "ktp", 2, b"no picture at all" * 10)
    assert (bad["state"], bad["reason"]) == ("refused", "not_a_picture")
    status, kept = await browser.ask("GET", f"{path}/documents/{second['document_id']}/content")
    assert (status, kept[:2]) == (200, b"\xff\xd8"), "the original is kept where the new one is refused"
    status, _ = await announce(browser, path, "ktp", 2)
    assert (await browser.ask("GET", f"{path}/documents/{second['document_id']}/content"))[0] == 200
    newer = await send(browser, path, "ktp", 2)
    states = {
        document["document_id"]: document["state"] for document in (await browser.ask("GET", path))[1]["documents"]
    }
    assert states[first["document_id"]] == states[newer["document_id"]] == "accepted"
    assert states[second["document_id"]] == "replaced"
    assert (await browser.ask("GET", f"{path}/documents/{second['document_id']}/content"))[0] == 404
    assert len(await world.file_ids()) == 2


async def test_an_item_has_ten_pages_at_most(browser: Browser, world: World) -> None:
    path = await begun(browser, world)
    assert (await announce(browser, path, "ktp", LARGEST_NUMBER_OF_PAGES))[0] == 201
    status, problem = await announce(browser, path, "ktp", LARGEST_NUMBER_OF_PAGES + 1)
    assert (status, problem["code"], problem["field"], problem["limit"]) == (422, "page_beyond_limit", "/page", 10)
    for page in (0, 1000, "1"):
        status, problem = await announce(browser, path, "ktp", page)
        assert (status, problem["code"], problem["errors"][0]["pointer"]) == (422, "malformed", "/page")


async def test_a_page_beyond_the_limit_is_refused_in_indonesian_too(browser: Browser, world: World) -> None:
    path = await begun(browser, world)
    body = {"requirement": "ktp", "file_name": "x", "media_type": "image/jpeg", "size_bytes": 9, "page": 11}
    _, problem = await browser.ask("POST", f"{path}/documents", json=body, headers={"Accept-Language": "id"})
    assert problem["detail"] == "Paling banyak 10 halaman."


@pytest.mark.parametrize("page", [1, 2])
async def test_an_item_with_a_gap_is_told_and_not_submitted(browser: Browser, world: World, page: int) -> None:
    path = await begun(browser, world)
    await complete(browser, path)
    third = await send(browser, path, "supporting_document", page + 1)
    missing = list(range(1, page + 1))
    assert (await item(browser, path, "supporting_document"))["missing_pages"] == missing
    _, view = await browser.ask("GET", path)
    assert view["current_step"] == "documents"
    status, problem = await browser.ask("POST", f"{path}/submission", json=SUBMISSION)
    assert (status, problem["code"]) == (422, "pages_missing")
    assert problem["missing"] == [{"code": "supporting_document", "pages": missing}]
    assert problem["next_call"] == {"method": "POST", "href": f"{path}/documents"}
    assert (await removed(browser, path, third["document_id"]))[0] == 200
    assert (await browser.ask("POST", f"{path}/submission", json=SUBMISSION))[0] == 200


async def test_a_compulsory_item_is_there_with_its_first_page(browser: Browser, world: World) -> None:
    path = await begun(browser, world)
    for code in ("ktp", "family_card"):
        await send(browser, path, code, 1)
    await send(browser, path, "birth_proof", 2)
    status, problem = await browser.ask("POST", f"{path}/submission", json=SUBMISSION)
    assert (status, problem["code"], problem["missing"][0]["code"]) == (422, "items_missing", "birth_proof")
    await send(browser, path, "birth_proof", 1)
    assert (await browser.ask("POST", f"{path}/submission", json=SUBMISSION))[0] == 200


# a file of several pages


async def test_a_file_of_several_pages_becomes_that_many_documents_in_one_write(browser: Browser, world: World) -> None:
    path = await begun(browser, world)
    old = await send(browser, path, "family_card", 3)
    world.service.uploads._inspector = Folder(3, [(), ("odd_shape",)])
    content = picture()
    _, document = await announce(browser, path, "family_card", 2, len(content))
    before = await record_of(world, path)
    headers = {"Upload-Offset": "0", "Content-Type": STREAM}
    _, done = await browser.ask("PATCH", document["upload_url"], data=content, headers=headers)
    after = await record_of(world, path)
    assert after.version == before.version + 1
    assert (done["document_id"], done["page"], done["state"]) == (document["document_id"], 2, "accepted")
    pages = after.state.pages()["family_card"]
    assert [(page.page, page.state.value) for page in pages] == [(2, "accepted"), (3, "flagged"), (4, "accepted")]
    assert len({page.document_id for page in pages}) == 3
    assert after.state.document(old["document_id"]).state is DocumentState.REPLACED
    assert sorted(await world.file_ids()) == sorted(page.file_id for page in pages)
    kept = [(await browser.ask("GET", f"{path}/documents/{page.document_id}/content"))[1] for page in pages]
    assert kept == [content + bytes([number]) for number in range(3)], "in the order of the file"
    assert (await item(browser, path, "family_card"))["missing_pages"] == [1]


async def test_an_upload_that_began_after_the_files_takes_the_place_of_its_page(browser: Browser, world: World) -> None:
    path = await begun(browser, world)
    world.service.uploads._inspector = Folder(2)
    _, file = await announce(browser, path, "family_card", 1)
    world.clock.advance(1)
    _, later = await announce(browser, path, "family_card", 2)
    headers = {"Upload-Offset": "0", "Content-Type": STREAM}
    await browser.ask("PATCH", file["upload_url"], data=b"x" * 10, headers=headers)
    world.service.uploads._inspector = Folder(1)
    await browser.ask("PATCH", later["upload_url"], data=b"y" * 10, headers=headers)
    pages = (await record_of(world, path)).state.pages()["family_card"]
    assert [page.document_id for page in pages] == [file["document_id"], later["document_id"]]


async def record_of(world: World, path: str) -> Any:
    record = await world.service.applications.repository.application(path.rsplit("/", 1)[-1])
    assert record is not None
    return record


async def test_a_file_whose_pages_go_beyond_the_limit_is_refused_as_a_whole(browser: Browser, world: World) -> None:
    path = await begun(browser, world)
    world.service.uploads._inspector = Folder(3)
    done = await send(browser, path, "family_card", 9)
    assert (done["state"], done["reason"]) == ("refused", "too_many_pages")
    assert "10 pages" in done["reason_text"] and "10 halaman" in done["reason_text_id"]
    assert await world.file_ids() == []
    assert (await send(browser, path, "family_card", 8))["state"] == "accepted"


async def test_a_file_whose_pages_are_more_documents_than_an_application_may_have_is_refused(
    browser: Browser, world: World
) -> None:
    path = await begun(browser, world)
    for _ in range(LARGEST_NUMBER_OF_DOCUMENTS - 3):
        await announce(browser, path, "ktp", 1)
    world.service.uploads._inspector = Folder(3)
    kept = await send(browser, path, "family_card", 1)
    assert kept["state"] == "accepted", "100 in all"
    status, problem = await announce(browser, path, "family_card", 1)
    assert (status, problem["code"]) == (409, "too_many_documents")


async def test_the_page_that_is_one_too_many_takes_the_whole_file_with_it(browser: Browser, world: World) -> None:
    path = await begun(browser, world)
    for _ in range(LARGEST_NUMBER_OF_DOCUMENTS - 2):
        await announce(browser, path, "ktp", 1)
    world.service.uploads._inspector = Folder(3)
    done = await send(browser, path, "family_card", 1)
    assert (done["state"], done["reason"]) == ("refused", "too_many_documents")
    assert await world.file_ids() == []


async def test_two_processes_that_take_the_same_file_make_its_pages_once(world: World) -> None:
    await world.meet()
    application_id = await world.draft()
    await world.service.drafting.answer(application_id, make.ADULT, OWNER)
    uploads = world.service.uploads
    uploads._inspector = Folder(2)
    content = picture()
    begun = await uploads.begin(application_id, "ktp", "image/jpeg", len(content), OWNER, world.command())
    document_id = begun.document.document_id
    late = [await uploads._keep_page(InspectedPage(content, "image/jpeg", 1, 1), "appl") for _ in range(2)]
    await uploads.receive(application_id, document_id, 0, in_pieces(content), OWNER)
    record = await world.service.applications.application(application_id)
    seen = await uploads._take(record, document_id, tuple(late))
    state = (await world.look(application_id)).application
    assert seen.document == state.document(document_id)
    assert [page.page for page in state.pages()["ktp"]] == [1, 2]
    assert sorted(await world.file_ids()) == sorted(state.file_ids), "what came late is not kept"


# removal


async def test_any_page_of_a_draft_may_be_removed(browser: Browser, world: World) -> None:
    path = await begun(browser, world)
    first, second = [await send(browser, path, "ktp", page) for page in (1, 2)]
    for document in (first, second):
        status, view = await removed(browser, path, document["document_id"])
        assert status == 200
        assert (await removed(browser, path, document["document_id"]))[0] == 200, "again is no error"
    assert [document["state"] for document in view["documents"]] == ["removed", "removed"]
    assert (await item(browser, path, "ktp"))["state"] == "missing"
    assert [line["what"] for line in view["timeline"]].count("document_removed") == 2
    assert await world.file_ids() == []
    _, document = await announce(browser, path, "ktp", 1)
    assert (await removed(browser, path, document["document_id"]))[0] == 200, "an upload that is under way"
    headers = {"Upload-Offset": "0", "Content-Type": STREAM}
    _, late = await browser.ask("PATCH", document["upload_url"], data=b"x" * 10, headers=headers)
    assert late["state"] == "removed"


async def test_after_the_submission_an_item_keeps_what_it_needs(browser: Browser, world: World) -> None:
    path = await begun(browser, world)
    await complete(browser, path)
    pages = [await send(browser, path, "ktp", page) for page in (1, 2, 3)]
    extra = await send(browser, path, "supporting_document", 1)
    await browser.ask("POST", f"{path}/submission", json=SUBMISSION)
    for needed in pages[:2]:
        status, problem = await removed(browser, path, needed["document_id"])
        assert (status, problem["code"]) == (409, "page_needed")
        assert problem["next_call"] == {"method": "POST", "href": f"{path}/documents"}
    for spare in (pages[2], pages[1], extra):
        assert (await removed(browser, path, spare["document_id"]))[0] == 200
    status, problem = await removed(browser, path, pages[0]["document_id"])
    assert (status, problem["code"]) == (409, "page_needed")
    assert (await item(browser, path, "ktp"))["state"] == "accepted"


async def test_a_replaced_page_and_that_of_somebody_else_are_not_removed(browser: Browser, world: World) -> None:
    path = await begun(browser, world)
    old = await send(browser, path, "ktp", 1)
    new = await send(browser, path, "ktp", 1)
    status, problem = await removed(browser, path, old["document_id"])
    assert (status, problem["code"], problem["title"]) == (409, "document_replaced", DocumentReplaced.title)
    _, problem = await removed(browser, path, old["document_id"], headers={"Accept-Language": "id"})
    assert problem["title"] == DocumentReplaced.title_id
    assert (await removed(browser, path, new["document_id"], account="stranger"))[0] == 404
    assert (await removed(browser, path, str(uuid.uuid4())))[0] == 404
    status, problem = await browser.ask("DELETE", f"{path}/documents/{new['document_id']}", Role.FRONT_OFFICER)
    assert (status, problem["code"]) == (403, "not_your_office")
    assert (await item(browser, path, "ktp"))["document_id"] == new["document_id"]


async def test_on_the_day_of_the_visit_pages_stand(browser: Browser, world: World) -> None:
    application_id = await world.booked()
    path = f"/v1/applications/{application_id}"
    extra = await send(browser, path, "ktp", 2)
    await world.at(make.VISIT - timedelta(hours=8))
    status, problem = await removed(browser, path, extra["document_id"])
    assert (status, problem["code"]) == (409, "documents_closed")
    status, problem = await removed(browser, path, extra["document_id"], role=Role.FRONT_OFFICER)
    assert (status, problem["code"]) == (403, "assistance_needed")
    await world.tell(make.checked_in(application_id=application_id), 5)
    assert (await removed(browser, path, extra["document_id"], role=Role.FRONT_OFFICER))[0] == 200


# what goes to others


async def test_an_item_is_handed_over_with_all_its_pages_or_not_at_all(world: World) -> None:
    application_id = await world.booked()
    await world.run_due()
    begun = await world.service.uploads.begin(
        application_id, "ktp", "image/jpeg", len(picture(2000, 400)), OWNER, world.command(), 2
    )
    document_id = begun.document.document_id
    await world.service.uploads.receive(application_id, document_id, 0, in_pieces(picture(2000, 400)), OWNER)
    await world.run_due()
    seen = await world.look(application_id)
    assert seen.application.hand_over is not None
    assert seen.application.hand_over.problem == "documents_not_accepted", "page 2 is flagged"
    await world.service.officer_decisions.decide(
        application_id, DocumentVerdict(document_id, True), FRONT, world.command()
    )
    await world.run_due()
    (file,) = world.dpri.files.values()
    told = [(document["requirement"], document["page"]) for document in file.content["documents"]]
    assert told == [("birth_proof", 1), ("family_card", 1), ("ktp", 1), ("ktp", 2)]


async def test_a_page_that_an_officer_asks_for_again_holds_the_file_back_until_it_is_there(
    browser: Browser, world: World
) -> None:
    application_id = await world.booked()
    path = f"/v1/applications/{application_id}"
    second = await send(browser, path, "ktp", 2)
    refusal = {"decision": "refused", "reason_code": "cut_off"}
    url = f"{path}/documents/{second['document_id']}/decision"
    status, view = await browser.ask("POST", url, Role.FRONT_OFFICER, json=refusal)
    assert status == 200
    assert view["next_action_code"] == "upload_documents"
    found = await item(browser, path, "ktp")
    assert (found["state"], found["reason"], found["missing_pages"]) == ("refused", "cut_off", [2])
    await world.run_due()
    held_back = (await world.look(application_id)).application.hand_over
    assert held_back is not None and held_back.problem == "documents_not_accepted"
    await send(browser, path, "ktp", 2)
    await world.run_due()
    done = (await world.look(application_id)).application.hand_over
    assert done is not None and done.acknowledged_at is not None


async def test_an_export_names_and_holds_every_page(browser: Browser, world: World) -> None:
    path = await begun(browser, world)
    for page in (2, 1):
        await send(browser, path, "ktp", page)
    record = await record_of(world, path)
    application = await world.own_parts()._application(record)
    named = {document.page: document.file for document in application.documents}
    archived = [entry.name async for entry in world.service.own_files._entries([record], [])]
    assert archived == [named[1], named[2]] == [file_name(record.state, page) for page in record.state.pages()["ktp"]]


async def test_documents_of_before_are_first_pages(browser: Browser, world: World) -> None:
    path = await begun(browser, world)
    document = await send(browser, path, "ktp", 1)
    stored = world.store._documents[APPLICATION.name][path.rsplit("/", 1)[-1]]["state"]
    for kept in stored["documents"]:
        del kept["page"]
    _, view = await browser.ask("GET", path)
    assert [(known["document_id"], known["page"]) for known in view["documents"]] == [(document["document_id"], 1)]


# the rules themselves


def page(number: int, state: DocumentState = DocumentState.ACCEPTED, **changes: Any) -> Document:
    return make.document(document_id=f"d-{number}-{state.value}", state=state, page=number, **changes)


ASKED_AGAIN: dict[str, Any] = {"state": DocumentState.REFUSED, "decided_by": "front_officer", "file_id": None}
BY_MACHINE = ASKED_AGAIN | {"decided_by": "machine"}


@pytest.mark.parametrize(
    ("documents", "missing"),
    [
        ([], ()),
        ([page(1)], ()),
        ([page(2)], (1,)),
        ([page(1), page(4)], (2, 3)),
        ([page(1), page(2, DocumentState.FLAGGED)], ()),
        ([page(1), page(2, DocumentState.REMOVED)], ()),
        ([page(1), page(2, DocumentState.UPLOADING)], ()),
        ([page(1), page(2, **ASKED_AGAIN)], (2,)),
        ([page(1), page(2, **BY_MACHINE)], ()),
        ([page(1), page(2), page(2, **ASKED_AGAIN)], ()),
        ([page(1, **ASKED_AGAIN)], ()),
    ],
)
def test_pages_are_missing_below_later_ones_and_where_an_officer_asked(
    documents: list[Document], missing: tuple[int, ...]
) -> None:
    assert item_pages.missing_pages([*documents, make.document("family_card", page=9)], "ktp") == missing


@pytest.mark.parametrize(
    ("documents", "told"),
    [
        ([], None),
        ([page(1, DocumentState.REPLACED), page(2, DocumentState.REMOVED)], None),
        ([page(2), page(1)], "d-1-accepted"),
        ([page(1), page(2, DocumentState.FLAGGED)], "d-2-flagged"),
        ([page(1), page(2, **ASKED_AGAIN), page(3, DocumentState.FLAGGED)], "d-2-refused"),
        ([page(1), page(2), page(2, **ASKED_AGAIN)], "d-1-accepted"),
        (
            [page(1, **BY_MACHINE), page(1, DocumentState.UPLOADING, created_at=make.NOW + timedelta(1))],
            "d-1-uploading",
        ),
    ],
)
def test_an_items_state_is_that_of_the_page_that_needs_somebody(documents: list[Document], told: str | None) -> None:
    found = item_pages.telling_page(documents, "ktp")
    assert (found.document_id if found else None) == told


@pytest.mark.parametrize(
    ("before", "after", "compulsory", "breaks"),
    [
        ([page(1)], [], True, True),
        ([page(1)], [], False, False),
        ([page(1), page(2)], [page(1)], True, False),
        ([page(1), page(2)], [page(2)], False, True),
        ([page(1), page(3)], [page(1)], True, False),
        ([], [], True, False),
    ],
)
def test_a_removal_breaks_an_item_by_a_new_gap_or_by_its_last_compulsory_page(
    before: list[Document], after: list[Document], compulsory: bool, breaks: bool
) -> None:
    assert item_pages.breaks_item(before, after, "ktp", compulsory=compulsory) is breaks


def test_an_upload_that_is_replaced_cannot_be_removed() -> None:
    with pytest.raises(IllegalTransition):
        papers.removed(page(1, DocumentState.REPLACED))
    assert papers.removed(page(1)).file_id is None


def test_the_pages_of_a_file_need_an_id_each() -> None:
    announced = page(1, DocumentState.UPLOADING, accepted_at=None)
    pictures = [Picture(f"f-{number}", "image/jpeg", "1" * 64, 900, 800, 600) for number in (1, 2)]
    keep = partial(papers.inspected, now=make.NOW)
    with pytest.raises(ValueError, match="zip"):
        item_pages.with_pages_of_file([announced], announced, pictures, (), keep)
    after, (first, second) = item_pages.with_pages_of_file([announced], announced, pictures, ["d-2"], keep)
    assert after == (first, second)
    assert (first.page, second.page, second.document_id) == (FIRST_PAGE, 2, "d-2")
    assert replace(second, document_id="", page=0, size_bytes=0, file_id="") == replace(
        first, document_id="", page=0, size_bytes=0, file_id=""
    )


def test_optional_items_with_a_gap_stay_here_and_compulsory_ones_hold_the_file_back() -> None:
    extra = [
        make.document("supporting_document", document_id="d-s1"),
        make.document("supporting_document", document_id="d-s3", page=3),
    ]
    state = domain.with_documents(make.draft(status=Status.SUBMITTED), [page(2), page(1), *extra])
    handed = domain.to_hand_over(state, ["ktp"])
    assert handed is not None
    assert [document.document_id for document in handed] == ["d-1-accepted", "d-2-accepted"]
    assert domain.to_hand_over(domain.with_documents(state, [page(1), page(3)]), ["ktp"]) is None
