"""A paper of one family member is used for another by reference: copied under the other's key, checked again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from services.application.documents.decisions import DocumentVerdict
from services.application.documents.errors import PaperNotShared
from services.application.requirements.rule_set import RulesWrong, load_rules, read_rules
from shared.deadlines import DeadlineWorker
from shared.events.application import ApplicationErasureDone
from shared.events.identity import ErasureOrdered
from shared.person_keys.errors import PersonErased
from shared.retention.erasing import ERASURE
from shared.retention.erasure import LOOK_AGAIN_AFTER
from shared.tokens import Role
from tests.unit.application import make
from tests.unit.application.browser import Browser
from tests.unit.application.browser import browser as browser
from tests.unit.application.test_pages import ANSWERS, Folder, announce, record_of, removed, send
from tests.unit.application.world import CHILD, FRONT, OWNER, World, picture

SPOUSE = {"full_name": "BUDI CONTOH LATIHAN", "nik": "3174010502880004", "birth_date": "1988-02-05", "sex": "male"}


@pytest.fixture(autouse=True)
def _loopback_allowed(socket_enabled: None) -> None:
    """Let these tests open sockets where the unit room blocks them."""


async def drafts(browser: Browser, world: World) -> tuple[str, str, str]:
    """Drafts of two spouses and their child, all of one account."""
    await world.meet("wife")
    await world.meet("husband", {"birth_place": "JAKARTA", **SPOUSE})
    await world.meet("child", CHILD)
    paths = []
    for applicant in ("wife", "husband", "child"):
        _, view = await browser.ask("POST", "/v1/applications", json={"applicant_id": applicant})
        path = f"/v1/applications/{view['application_id']}"
        answers = ANSWERS | ({"validity_years": 5} if applicant == "child" else {})
        assert (await browser.ask("PUT", f"{path}/questionnaire", json=answers))[0] == 200
        paths.append(path)
    return paths[0], paths[1], paths[2]


async def reuse(
    browser: Browser, path: str, requirement: str, source: str, document: Any, role: Role = Role.APPLICANT, **words: Any
) -> tuple[int, Any]:
    same_as = {"application_id": source.rsplit("/", 1)[-1], "document_id": document["document_id"]}
    body = {"requirement": requirement, "same_as": same_as, **words.pop("more", {})}
    query = words.pop("query", "")
    return await browser.ask("POST", f"{path}/documents{query}", role, json=body, **words)


async def content(browser: Browser, path: str, document: Any) -> tuple[int, Any]:
    return await browser.ask("GET", f"{path}/documents/{document['document_id']}/content")


async def erase(world: World, applicant_id: str) -> None:
    """Identity orders that this person of the account is erased; all is done on return."""
    order = ErasureOrdered(
        erasure_id="erasure",
        account_id="acc",
        applicant_ids=(applicant_id,),
        person_ids=(f"person-{applicant_id}",),
        whole_account=False,
    )
    await world.tell(order)
    worker = DeadlineWorker(world.store, [ERASURE], world.parts.deadlines, world.clock, "test")
    for _ in range(3):  # a look that erased something is followed by another
        await worker.run_due()
        world.clock.advance(LOOK_AGAIN_AFTER.total_seconds())
    assert [event.kept for event in world.events(ApplicationErasureDone)] == [()]
    with pytest.raises(PersonErased):
        await world.platform.person_keys.cipher(applicant_id)


async def test_the_family_card_of_one_is_used_for_another_without_a_second_upload(
    browser: Browser, world: World
) -> None:
    wife, husband, child = await drafts(browser, world)
    card = await send(browser, wife, "family_card", 1)
    for path, code in ((husband, "family_card"), (child, "child_family_card")):
        status, copy = await reuse(browser, path, code, wife, card)
        assert (status, copy["state"], copy["requirement"], copy["page"]) == (201, "accepted", code, 1)
        assert copy["upload_offset"] == copy["size_bytes"]
        assert copy["document_id"] != card["document_id"]
        assert (await content(browser, path, copy))[1] == (await content(browser, wife, card))[1]
    _, view = await browser.ask("GET", husband)
    found = next(item for item in view["requirements"] if item["code"] == "family_card")
    assert (found["state"], found["shared_in_family"]) == ("accepted", ["family_card"])
    assert "picture_reused" in [line["what"] for line in view["timeline"]]


async def test_the_copy_lies_under_the_key_of_its_own_person_and_outlives_the_other(
    browser: Browser, world: World
) -> None:
    wife, husband, _ = await drafts(browser, world)
    card = await send(browser, wife, "family_card", 1)
    _, copy = await reuse(browser, husband, "family_card", wife, card)
    given, own = [(await record_of(world, path)).state.present()["family_card"] for path in (wife, husband)]
    assert given.file_id != own.file_id
    assert [(await world.files.describe(file)).meta.subject_id for file in (given.file_id, own.file_id)] == [
        "wife",
        "husband",
    ]
    before = (await content(browser, husband, copy))[1]
    await erase(world, "wife")
    assert await world.file_ids() == [own.file_id]
    assert await content(browser, husband, copy) == (200, before)
    assert (await content(browser, wife, card))[0] == 404
    status, problem = await reuse(browser, husband, "family_card", wife, card)
    assert (status, problem["code"]) == (409, "document_not_there"), "what is erased is not copied"


async def test_the_other_person_can_be_erased_first_too(browser: Browser, world: World) -> None:
    wife, husband, _ = await drafts(browser, world)
    card = await send(browser, wife, "family_card", 1)
    await reuse(browser, husband, "family_card", wife, card)
    before = await content(browser, wife, card)
    await erase(world, "husband")
    assert await content(browser, wife, card) == before
    assert await world.file_ids() == [(await record_of(world, wife)).state.present()["family_card"].file_id]


async def test_a_key_that_is_destroyed_before_the_file_is_gone_copies_nothing(browser: Browser, world: World) -> None:
    wife, husband, _ = await drafts(browser, world)
    card = await send(browser, wife, "family_card", 1)
    await world.platform.person_keys.destroy("wife")
    with pytest.raises(PersonErased):
        await world.platform.person_keys.cipher("wife")
    status, problem = await reuse(browser, husband, "family_card", wife, card)
    assert (status, problem["code"]) == (409, "document_not_there")
    assert (await record_of(world, husband)).state.documents == ()


async def test_an_officers_word_on_one_persons_paper_is_none_on_anothers(browser: Browser, world: World) -> None:
    application_id = await world.submitted()
    path = f"/v1/applications/{application_id}"
    await world.tell(make.held(application_id=application_id), 1)
    card = await send(browser, path, "family_card", 1, picture(2000, 400))
    assert card["state"] == "flagged"
    await world.service.officer_decisions.decide(
        application_id, DocumentVerdict(card["document_id"], True), FRONT, world.command()
    )
    await world.meet("husband", {"birth_place": "JAKARTA", **SPOUSE})
    _, view = await browser.ask("POST", "/v1/applications", json={"applicant_id": "husband"})
    husband = f"/v1/applications/{view['application_id']}"
    await browser.ask("PUT", f"{husband}/questionnaire", json=ANSWERS)
    _, copy = await reuse(browser, husband, "family_card", path, card)
    assert (copy["state"], copy["flags"], copy["decided_by"]) == ("flagged", ["odd_shape"], "machine")


async def test_pages_are_copied_one_by_one_and_stand_in_for_earlier_ones(browser: Browser, world: World) -> None:
    wife, husband, _ = await drafts(browser, world)
    own = await send(browser, husband, "family_card", 2)
    world.service.uploads._inspector = Folder(2)
    await send(browser, wife, "family_card", 1)
    pages = (await record_of(world, wife)).state.pages()["family_card"]
    for page in pages:
        named = {"document_id": page.document_id}
        status, copy = await reuse(browser, husband, "family_card", wife, named, more={"page": page.page})
        assert (status, copy["page"]) == (201, page.page)
    state = (await record_of(world, husband)).state
    assert [page.page for page in state.pages()["family_card"]] == [1, 2]
    assert state.document(own["document_id"]).state.value == "replaced"
    assert sorted(state.file_ids) == sorted(page.file_id for page in state.pages()["family_card"])
    status, problem = await reuse(
        browser, husband, "family_card", wife, {"document_id": pages[0].document_id}, more={"page": 11}
    )
    assert (status, problem["code"]) == (422, "page_beyond_limit")


async def test_the_same_request_again_makes_one_copy(browser: Browser, world: World) -> None:
    wife, husband, _ = await drafts(browser, world)
    card = await send(browser, wife, "family_card", 1)
    service, husbands = world.service.document_reuse, husband.rsplit("/", 1)[-1]
    asked = (husbands, "family_card", 1, (wife.rsplit("/", 1)[-1], card["document_id"]), OWNER, "once")
    first = await service.reuse(*asked)
    assert await service.reuse(*asked) == first
    late = await service._copy((await record_of(world, wife)).state.documents[0], "husband")
    record = await world.service.applications.application(husbands)
    raced = await service._add(record, first.document.document_id, "family_card", 1, late, OWNER)
    assert raced == first, "another process was faster"
    state = (await record_of(world, husband)).state
    assert [document.document_id for document in state.documents] == [first.document.document_id]
    assert late.file_id not in await world.file_ids()


@pytest.mark.parametrize(
    ("given", "wanted"),
    [("ktp", "ktp"), ("ktp", "family_card"), ("family_card", "ktp"), ("birth_proof", "birth_proof")],
)
async def test_papers_of_one_person_are_not_shared(browser: Browser, world: World, given: str, wanted: str) -> None:
    wife, husband, _ = await drafts(browser, world)
    document = await send(browser, wife, given, 1)
    status, problem = await reuse(browser, husband, wanted, wife, document)
    assert (status, problem["code"], problem["field"]) == (422, "paper_not_shared", "/requirement")
    _, problem = await reuse(browser, husband, wanted, wife, document, headers={"Accept-Language": "id"})
    assert problem["title"] == PaperNotShared.title_id
    assert (await record_of(world, husband)).state.documents == ()


async def test_the_marriage_book_serves_both_spouses_and_the_child(browser: Browser, world: World) -> None:
    wife, husband, child = await drafts(browser, world)
    book = await send(browser, wife, "marriage_certificate", 1)
    assert book["requirement"] == "birth_proof"
    assert (await reuse(browser, husband, "marriage_certificate", wife, book))[1]["requirement"] == "birth_proof"
    _, copy = await reuse(browser, child, "marriage_certificate", wife, book)
    assert copy["requirement"] == "parents_marriage_certificate"
    status, problem = await reuse(browser, husband, "birth_certificate", wife, book)
    assert (status, problem["code"]) == (422, "paper_not_shared"), "a marriage book is no birth certificate"


async def test_strangers_and_other_accounts_find_nothing(browser: Browser, world: World) -> None:
    wife, husband, _ = await drafts(browser, world)
    card = await send(browser, wife, "family_card", 1)
    await world.meet("other", account_id="stranger", person_id="person-other")
    _, view = await browser.ask("POST", "/v1/applications", account="stranger", json={"applicant_id": "other"})
    theirs = f"/v1/applications/{view['application_id']}"
    await browser.ask("PUT", f"{theirs}/questionnaire", account="stranger", json=ANSWERS)
    assert (await reuse(browser, theirs, "family_card", wife, card, account="stranger"))[0] == 404
    assert (await reuse(browser, husband, "family_card", wife, card, account="stranger"))[0] == 404
    assert (await reuse(browser, husband, "family_card", theirs, card))[0] == 404
    assert (await reuse(browser, husband, "family_card", husband, card))[0] == 404, "of another application"
    assert (await reuse(browser, husband, "family_card", wife, {"document_id": "none"}))[0] == 404


async def test_an_officer_copies_within_the_account_that_consented_and_nowhere_else(
    browser: Browser, world: World
) -> None:
    wife, husband, _ = await drafts(browser, world)
    card = await send(browser, wife, "family_card", 1)
    assert (await reuse(browser, husband, "family_card", wife, card, Role.FRONT_OFFICER))[0] == 403
    await world.consent()
    query = "?on_behalf_of=acc&assistance=assistance-1"
    status, copy = await reuse(browser, husband, "family_card", wife, card, Role.FRONT_OFFICER, query=query)
    assert (status, copy["state"]) == (201, "accepted")


async def test_an_officer_at_the_counter_does_not_carry_papers_between_accounts(browser: Browser, world: World) -> None:
    application_id = await world.at_the_counter()
    path = f"/v1/applications/{application_id}"
    _, view = await browser.ask("GET", path)
    card = next(document for document in view["documents"] if document["requirement"] == "family_card")
    await world.meet("other", account_id="stranger", person_id="person-other")
    _, view = await browser.ask("POST", "/v1/applications", account="stranger", json={"applicant_id": "other"})
    theirs = f"/v1/applications/{view['application_id']}"
    await browser.ask("PUT", f"{theirs}/questionnaire", account="stranger", json=ANSWERS)
    seat = {"account_id": "stranger", "person_id": "person-other", "appointment_id": "another-appointment"}
    await world.tell(make.held(application_id=view["application_id"], **seat), 1)
    await world.tell(make.confirmed(application_id=view["application_id"], **seat), 2)
    await world.tell(make.checked_in(application_id=view["application_id"], **seat), 3)
    own = await browser.ask("GET", theirs, Role.FRONT_OFFICER)
    assert own[0] == 200, "the officer sees both"
    status, problem = await reuse(browser, theirs, "family_card", path, card, Role.FRONT_OFFICER)
    assert (status, problem["code"]) == (404, "not_found")


async def test_what_has_no_picture_is_not_copied(browser: Browser, world: World) -> None:
    wife, husband, _ = await drafts(browser, world)
    old = await send(browser, wife, "family_card", 1)
    new = await send(browser, wife, "family_card", 1)
    status, problem = await reuse(browser, husband, "family_card", wife, old)
    assert (status, problem["code"]) == (409, "document_replaced")
    await removed(browser, wife, new["document_id"])
    refused = await send(browser, wife, "family_card", 1, b"no picture" * 20)
    _, begun = await announce(browser, wife, "family_card", 2)
    for document, state in ((new, "removed"), (refused, "refused"), (begun, "uploading")):
        status, problem = await reuse(browser, husband, "family_card", wife, document)
        assert (status, problem["code"], problem["state"]) == (409, "document_not_there", state)
        assert problem["next_call"] == {"method": "POST", "href": f"{husband}/documents"}


@pytest.mark.parametrize(
    "body",
    [
        {"requirement": "family_card"},
        {"requirement": "family_card", "file_name": "x", "media_type": "image/jpeg"},
        {
            "requirement": "family_card",
            "size_bytes": 10,
            "same_as": {"application_id": "a", "document_id": "b"},
        },
    ],
    ids=json.dumps,
)
async def test_a_request_has_a_file_or_a_reference(browser: Browser, world: World, body: dict[str, Any]) -> None:
    wife, _, _ = await drafts(browser, world)
    status, problem = await browser.ask("POST", f"{wife}/documents", json=body)
    assert (status, problem["code"], problem["errors"][0]["rule"]) == (422, "malformed", "file_or_same_as")


def test_shared_papers_are_names_of_their_item() -> None:
    shared = {rule.code: dict(rule.shared_in_family) for rule in load_rules().requirements if rule.shared_in_family}
    assert shared == {
        "family_card": {"family_card": "family_card"},
        "birth_proof": {"marriage_certificate": "marriage_certificate"},
        "parent_ktp": {"parent_ktp": "parent_ktp"},
        "child_family_card": {"child_family_card": "family_card", "family_card": "family_card"},
        "parents_marriage_certificate": {
            "parents_marriage_certificate": "marriage_certificate",
            "marriage_certificate": "marriage_certificate",
        },
        "parents_statement": {"parents_statement": "parents_statement"},
    }
    wrong = """
version = "1"
[not_refundable]
en = "x"
id = "x"
legal_basis = "x"
[[question]]
name = "reason"
en = "x"
id = "x"
[[requirement]]
code = "ktp"
en = "x"
id = "x"
need = "required"
legal_basis = "x"
effective_from = 2014-01-01
help_en = "x"
help_id = "x"
shared_in_family = { kk = "family_card" }
"""
    with pytest.raises(RulesWrong, match="kk"):
        read_rules(wrong)
