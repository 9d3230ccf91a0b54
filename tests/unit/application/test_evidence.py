"""Evidence over HTTP: uploaded as documents are, seen by its owner, and by who decides once a request names it."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from services.application.applications.document import Picture
from services.application.evidence import evidence as rules
from services.application.evidence.evidence import (
    FINAL_EVIDENCE_STATES,
    MOST_FILES_A_DAY,
    NAMED_WITHIN,
    Evidence,
    EvidenceCase,
    EvidenceCommand,
    EvidenceState,
)
from services.application.evidence.repository import EVIDENCE, EvidenceRepository
from services.application.evidence.service import NewEvidence
from shared.audit import AUDIT
from shared.events.application import ApplicationDataRead
from shared.events.billing import BillingEvidenceNamed
from shared.events.codes import EvidencePurpose
from shared.events.scheduling import SchedulingEvidenceNamed
from shared.person_keys.errors import PersonErased
from shared.store.memory import MemoryStore
from shared.store.transitions import IllegalTransition
from shared.tokens import Caller, Role
from tests.conftest import START
from tests.unit.application import make
from tests.unit.application.browser import STREAM, Browser
from tests.unit.application.browser import browser as browser
from tests.unit.application.world import World, in_pieces, picture

OWNER = Caller("acc", Role.APPLICANT, "s")
ELSEWHERE = "medan"


@pytest.fixture(autouse=True)
def _loopback_allowed(socket_enabled: None) -> None:
    """Let these tests open sockets where the unit room blocks them."""


def announced(purpose: str = "refund", size_bytes: int = 1000, **changes: Any) -> dict[str, Any]:
    body = {"purpose": purpose, "file_name": "surat.jpg", "media_type": "image/jpeg", "size_bytes": size_bytes}
    return body | changes


async def send(browser: Browser, path: str, content: bytes, offset: int = 0, **words: Any) -> tuple[int, Any]:
    headers = {"Upload-Offset": str(offset), "Content-Type": STREAM}
    return await browser.ask("PATCH", path, data=content, headers=headers, **words)


async def uploaded(browser: Browser, purpose: str = "refund", content: bytes | None = None, **words: Any) -> Any:
    content = content if content is not None else picture()
    status, begun = await browser.ask("POST", "/v1/evidence", json=announced(purpose, len(content)), **words)
    assert status == 201, begun
    status, done = await send(browser, begun["upload_url"], content, **words)
    assert status == 200, done
    return done


def named(evidence_id: str, purpose: str = "refund", account: str = "acc", **changes: Any) -> Any:
    office = changes.pop("office_id", make.OFFICE)
    event = BillingEvidenceNamed if purpose in ("refund", "payment_claim") else SchedulingEvidenceNamed
    accounts = (account,) if account else ()
    told = event(purpose=purpose, case_id="case-1", evidence_ids=(evidence_id,), account_ids=accounts, office_id=office)
    return told.model_copy(update=changes)


async def state_of(world: World, evidence_id: str) -> Evidence:
    record = await world.store.get(EVIDENCE, evidence_id)
    assert record is not None
    return record.state


@pytest.mark.acceptance("Y21.refund_files", "Y21.reschedule_files", "Y21.claim_files")
@pytest.mark.parametrize("purpose", ["refund", "special_reschedule", "payment_claim"])
async def test_a_picture_is_uploaded_in_pieces_looked_at_and_given_back(browser: Browser, purpose: str) -> None:
    content = picture()
    status, begun = await browser.ask("POST", "/v1/evidence", json=announced(purpose, len(content)))
    assert (status, begun["state"], begun["upload_offset"]) == (201, "uploading", 0)
    assert begun["next_call"] == {"method": "PATCH", "href": begun["upload_url"]}
    status, part = await send(browser, begun["upload_url"], content[:1000])
    assert (status, part["state"], part["upload_offset"]) == (200, "uploading", 1000)
    status, headers = await browser.ask("HEAD", begun["upload_url"])
    assert (status, headers["Upload-Offset"], headers["Upload-Length"]) == (200, "1000", str(len(content)))
    status, wrong = await send(browser, begun["upload_url"], content)
    assert (status, wrong["code"], wrong["upload_offset"]) == (409, "wrong_offset", 1000)
    status, done = await send(browser, begun["upload_url"], content[1000:], 1000)
    assert (status, done["state"], done["case_id"]) == (200, "kept", None)
    assert done["next_call"]["method"] == "POST", "the request that takes it"
    status, kept = await browser.ask("GET", begun["upload_url"])
    assert (status, kept[:2]) == (200, b"\xff\xd8")
    status, again = await send(browser, begun["upload_url"], content)
    assert (status, again["state"], again["upload_offset"]) == (200, "kept", len(content))


async def test_the_bytes_lie_once_and_under_the_key_of_the_account(browser: Browser, world: World) -> None:
    done = await uploaded(browser)
    evidence = await state_of(world, done["evidence_id"])
    assert await world.file_ids() == [evidence.file_id]
    assert (await world.files.describe(evidence.file_id or "")).meta.subject_id == "acc"


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"media_type": "application/zip"}, 415, "file_type_not_taken"),
        ({"size_bytes": 10 * 1024 * 1024 + 1}, 413, "file_too_large"),
        ({"purpose": "walk_in"}, 403, "evidence_of_others"),
        ({"purpose": "curiosity"}, 422, "malformed"),
    ],
)
async def test_what_is_not_taken_is_refused_before_any_byte(
    browser: Browser, world: World, changes: dict[str, Any], status: int, code: str
) -> None:
    found, problem = await browser.ask("POST", "/v1/evidence", json=announced(**changes))
    assert (found, problem["code"]) == (status, code)
    assert await world.file_ids() == []


@pytest.mark.parametrize(
    ("content", "declared", "reason"),
    [
        (b"GIF89a no picture at all".ljust(2000), 2000, "not_a_picture"),
        (picture(200, 200), len(picture(200, 200)), "too_small"),
        (picture(), 1000, "longer_than_declared"),
    ],
)
async def test_what_is_no_usable_picture_is_refused_with_its_reason_and_nothing_stays(
    browser: Browser, world: World, content: bytes, declared: int, reason: str
) -> None:
    _, begun = await browser.ask("POST", "/v1/evidence", json=announced(size_bytes=declared))
    status, done = await send(browser, begun["upload_url"], content)
    assert (status, done["state"], done["reason"]) == (200, "refused", reason)
    assert done["reason_text"] and done["reason_text_in_indonesian"]
    assert done["next_call"] == {"method": "POST", "href": "/v1/evidence"}
    assert await world.file_ids() == []
    assert (await browser.ask("GET", begun["upload_url"]))[0] == 404


async def test_a_file_of_no_known_format_is_refused_with_its_first_piece(browser: Browser, world: World) -> None:
    _, begun = await browser.ask("POST", "/v1/evidence", json=announced(size_bytes=100_000))
    status, done = await send(browser, begun["upload_url"], b"GIF89a no picture at all".ljust(2000))
    assert (status, done["state"], done["reason"]) == (200, "refused", "not_a_picture")
    assert await world.file_ids() == []


async def test_the_same_announcement_again_meets_the_same_evidence(browser: Browser) -> None:
    headers = {"Idempotency-Key": "one-key-for-both"}
    first = await browser.ask("POST", "/v1/evidence", json=announced(), headers=headers)
    second = await browser.ask("POST", "/v1/evidence", json=announced(), headers=headers)
    assert first[1]["evidence_id"] == second[1]["evidence_id"]


# Who sees it


@pytest.mark.parametrize("role", [Role.APPLICANT, Role.TREASURER, Role.OPERATOR, Role.OFFICE_ADMIN, Role.FRONT_OFFICER])
async def test_before_a_request_names_it_only_the_owner_sees_it(browser: Browser, role: Role) -> None:
    done = await uploaded(browser)
    path = f"/v1/evidence/{done['evidence_id']}"
    for method, address in (("GET", path), ("GET", f"{path}/content?reason=payment_question")):
        status, problem = await browser.ask(method, address, role, account="another")
        assert (status, problem["code"]) == (404, "not_found")
    if role in (Role.APPLICANT, Role.FRONT_OFFICER):
        assert (await browser.ask("HEAD", f"{path}/content", role, account="another"))[0] == 404
        assert (await send(browser, f"{path}/content", b"x", role=role, account="another"))[0] == 404


DECIDERS = {
    "refund": {Role.OFFICE_ADMIN, Role.ADMINISTRATION_SECTION_HEAD, Role.OPERATOR},
    "payment_claim": {Role.OPERATOR},
    "special_reschedule": {Role.OFFICE_ADMIN, Role.FRONT_OFFICER, Role.DOCUMENTS_SECTION_HEAD},
}


@pytest.mark.acceptance("Y21.seen_by_decider")
@pytest.mark.parametrize("purpose", DECIDERS)
async def test_those_who_decide_see_it_with_a_reason_and_it_is_told(
    browser: Browser, world: World, purpose: str
) -> None:
    done = await uploaded(browser, purpose)
    await world.tell(named(done["evidence_id"], purpose))
    path = f"{done['upload_url']}?reason=document_check"
    roles = frozenset().union(*DECIDERS.values())
    seen = {role for role in roles if (await browser.ask("GET", path, role))[0] == 200}
    assert seen == DECIDERS[purpose]
    told = world.events(ApplicationDataRead)
    assert {event.role for event in told} == {role.value for role in seen}
    assert {(event.kind, event.reason, event.account_ids) for event in told} == {
        ("evidence", "document_check", ("acc",))
    }
    lines = [record.state async for record in world.store.scan(AUDIT)]
    reads = {(line.actor_id, line.subject) for line in lines if line.act == "read_evidence" and line.outcome == "done"}
    assert reads == {(f"staff-{role}", done["evidence_id"]) for role in seen}


async def test_without_a_reason_the_picture_is_not_shown(browser: Browser, world: World) -> None:
    done = await uploaded(browser)
    await world.tell(named(done["evidence_id"]))
    status, problem = await browser.ask("GET", done["upload_url"], Role.OPERATOR)
    assert (status, problem["code"]) == (422, "read_reason_needed")
    assert world.events(ApplicationDataRead) == []


async def test_another_office_is_refused_and_a_request_of_no_office_is_for_headquarters(
    browser: Browser, world: World
) -> None:
    done = await uploaded(browser)
    path = f"{done['upload_url']}?reason=payment_question"
    await world.tell(named(done["evidence_id"]))
    status, problem = await browser.ask("GET", path, Role.OFFICE_ADMIN, office=ELSEWHERE)
    assert (status, problem["code"]) == (403, "not_your_office")
    other = await uploaded(browser)
    await world.tell(named(other["evidence_id"], office_id=None))
    path = f"{other['upload_url']}?reason=payment_question"
    assert (await browser.ask("GET", path, Role.OFFICE_ADMIN))[0] == 403
    assert (await browser.ask("GET", path, Role.OPERATOR))[0] == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"account_ids": ("stranger",)},
        {"account_ids": ()},
        {"purpose": "payment_claim"},
        {"evidence_ids": ("nowhere",)},
    ],
    ids=["of a stranger", "of nobody", "for another purpose", "an unknown id"],
)
async def test_an_id_that_does_not_belong_to_the_request_changes_nothing(
    browser: Browser, world: World, changes: dict[str, Any]
) -> None:
    done = await uploaded(browser)
    await world.tell(named(done["evidence_id"], **changes))
    assert (await state_of(world, done["evidence_id"])).case is None
    status, _ = await browser.ask("GET", f"{done['upload_url']}?reason=payment_question", Role.OPERATOR)
    assert status == 404


async def test_the_first_request_keeps_it_and_a_repeat_changes_nothing(browser: Browser, world: World) -> None:
    done = await uploaded(browser)
    await world.tell(named(done["evidence_id"]))
    first = await state_of(world, done["evidence_id"])
    await world.tell(named(done["evidence_id"]))
    await world.tell(named(done["evidence_id"], case_id="case-2", office_id=ELSEWHERE))
    assert await state_of(world, done["evidence_id"]) == first
    status, view = await browser.ask("GET", f"/v1/evidence/{done['evidence_id']}")
    assert (status, view["case_id"], view["next_call"]) == (200, "case-1", None)


async def test_evidence_of_a_joined_account_belongs_to_its_request(browser: Browser, world: World) -> None:
    done = await uploaded(browser)
    await world.tell(named(done["evidence_id"], account_ids=("newer", "acc")))
    assert (await state_of(world, done["evidence_id"])).case is not None


async def test_what_is_named_while_it_is_uploaded_is_seen_once_it_is_kept(browser: Browser, world: World) -> None:
    content = picture()
    _, begun = await browser.ask("POST", "/v1/evidence", json=announced(size_bytes=len(content)))
    await world.tell(named(begun["evidence_id"]))
    path = f"{begun['upload_url']}?reason=payment_question"
    assert (await browser.ask("GET", path, Role.OPERATOR))[0] == 404
    assert (await browser.ask("GET", f"/v1/evidence/{begun['evidence_id']}", Role.OPERATOR))[1]["state"] == "uploading"
    await send(browser, begun["upload_url"], content)
    assert (await browser.ask("GET", path, Role.OPERATOR))[0] == 200
    await world.after(NAMED_WITHIN.total_seconds() + 1)
    assert (await state_of(world, begun["evidence_id"])).state is EvidenceState.KEPT


@pytest.mark.acceptance("Y21.seen_by_decider")
async def test_an_officer_uploads_the_paper_of_a_visitor_who_has_no_account(browser: Browser, world: World) -> None:
    front: dict[str, Any] = {"role": Role.FRONT_OFFICER}
    status, problem = await browser.ask("POST", "/v1/evidence", json=announced("refund"), **front)
    assert (status, problem["code"], problem["purposes"]) == (403, "evidence_of_others", ["walk_in"])
    done = await uploaded(browser, "walk_in", **front)
    evidence_id, path = done["evidence_id"], done["upload_url"]
    assert (await browser.ask("GET", path, Role.FRONT_OFFICER))[0] == 200, "no reason for what one has just uploaded"
    reasoned = f"{path}?reason=supervision"
    assert (await browser.ask("GET", reasoned, Role.OFFICE_ADMIN))[0] == 404
    await world.tell(named(evidence_id, "walk_in", account="", office_id=ELSEWHERE))
    assert (await state_of(world, evidence_id)).case is None, "the visit is another office's"
    await world.tell(named(evidence_id, "walk_in", account=""))
    assert (await browser.ask("GET", reasoned, Role.OFFICE_ADMIN))[0] == 200
    assert (await browser.ask("GET", reasoned, Role.OFFICE_ADMIN, office=ELSEWHERE))[0] == 403
    assert (await browser.ask("GET", path, Role.FRONT_OFFICER, account="colleague"))[0] == 422
    file_id = (await state_of(world, evidence_id)).file_id or ""
    assert (await world.files.describe(file_id)).meta.subject_id == evidence_id
    assert await world.service.evidence.erase(evidence_id)
    with pytest.raises(PersonErased):
        await world.platform.person_keys.cipher(evidence_id)


# Limits, deadlines and what a crash leaves


@pytest.mark.acceptance("Y21.refund_files")
async def test_a_caller_begins_so_many_uploads_of_a_purpose_a_day_and_no_more(browser: Browser, world: World) -> None:
    for _ in range(MOST_FILES_A_DAY):
        assert (await browser.ask("POST", "/v1/evidence", json=announced()))[0] == 201
    status, problem = await browser.ask("POST", "/v1/evidence", json=announced())
    assert (status, problem["code"], problem["limit"]) == (429, "too_many_evidence_files", MOST_FILES_A_DAY)
    assert (await browser.ask("POST", "/v1/evidence", json=announced("payment_claim")))[0] == 201
    assert (await browser.ask("POST", "/v1/evidence", json=announced(), account="another"))[0] == 201
    world.clock.set(datetime.fromisoformat(problem["until"]))
    assert (await browser.ask("POST", "/v1/evidence", json=announced()))[0] == 201


async def last_place_twice(world: World) -> int:
    """Two uploads are begun at once where one is left; returns how many were."""
    begin, new = world.service.evidence.begin, NewEvidence(EvidencePurpose.REFUND, "image/jpeg", 1000)
    for number in range(MOST_FILES_A_DAY - 1):
        await begin(OWNER, new, f"c-{number}")
    both = await asyncio.gather(begin(OWNER, new, "x"), begin(OWNER, new, "y"), return_exceptions=True)
    return sum(not isinstance(seen, Exception) for seen in both)


async def test_two_at_once_do_not_pass_the_limit(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    meet(monkeypatch)
    assert await last_place_twice(world) == 1


async def test_twin_without_the_unique_number_both_pass(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    meet(monkeypatch)
    monkeypatch.setattr(MemoryStore, "_refuse_duplicates", lambda *_: None)
    assert await last_place_twice(world) == 2


def meet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let everybody who counts wait a moment before they write, so that others count too."""
    original = EvidenceRepository.numbers_of_day

    async def slowly(self: EvidenceRepository, *asked: Any) -> set[int]:
        found = await original(self, *asked)
        await asyncio.sleep(0)
        return found

    monkeypatch.setattr(EvidenceRepository, "numbers_of_day", slowly)


async def test_evidence_that_no_request_names_is_removed_at_its_time(browser: Browser, world: World) -> None:
    done = await uploaded(browser)
    kept_at = (await state_of(world, done["evidence_id"])).kept_at
    assert kept_at is not None
    await world.at(kept_at + NAMED_WITHIN - timedelta(seconds=1))
    assert (await browser.ask("GET", done["upload_url"]))[0] == 200
    await world.at(kept_at + NAMED_WITHIN)
    status, view = await browser.ask("GET", f"/v1/evidence/{done['evidence_id']}")
    assert (status, view["state"], view["reason"]) == (200, "removed", "never_named")
    assert view["next_call"] == {"method": "POST", "href": "/v1/evidence"}
    assert (await browser.ask("GET", done["upload_url"]))[0] == 404
    assert await world.file_ids() == []
    await world.tell(named(done["evidence_id"]))
    assert (await state_of(world, done["evidence_id"])).case is None, "what is removed comes too late for a request"


async def test_a_request_that_names_it_at_the_last_moment_keeps_it(browser: Browser, world: World) -> None:
    done = await uploaded(browser)
    record = await world.store.get(EVIDENCE, done["evidence_id"])
    assert record is not None
    world.clock.advance(NAMED_WITHIN.total_seconds() + 1)
    await world.tell(named(done["evidence_id"]))
    await world.service.evidence.remove_unnamed(record, "naming")
    assert (await state_of(world, done["evidence_id"])).state is EvidenceState.KEPT


async def test_an_upload_that_is_not_finished_in_time_is_refused(browser: Browser, world: World) -> None:
    content = picture()
    _, begun = await browser.ask("POST", "/v1/evidence", json=announced(size_bytes=len(content)))
    await send(browser, begun["upload_url"], content[:1000])
    await world.after(world.settings.upload_seconds + 1)
    status, view = await browser.ask("GET", f"/v1/evidence/{begun['evidence_id']}")
    assert (status, view["state"], view["reason"]) == (200, "refused", "upload_abandoned")
    assert await world.file_ids() == []
    record = await world.store.get(EVIDENCE, begun["evidence_id"])
    assert record is not None
    await world.service.evidence.abandon_upload(record, "upload")
    assert (await state_of(world, begun["evidence_id"])) == record.state


async def test_the_sweeper_leaves_the_picture_and_removes_what_a_crash_left(browser: Browser, world: World) -> None:
    done = await uploaded(browser)
    kept = (await state_of(world, done["evidence_id"])).file_id
    await world.service.applications.keep_file(b"left by a crash", "image/jpeg", "acc")
    world.clock.advance(world.settings.sweep_grace_seconds + 1)
    assert await world.service.sweeper.sweep() == 1
    assert await world.file_ids() == [kept]


async def test_the_last_piece_again_after_a_crash_before_the_picture_was_kept(
    browser: Browser, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = picture()
    _, begun = await browser.ask("POST", "/v1/evidence", json=announced(size_bytes=len(content)))
    monkeypatch.setattr(type(world.service.uploads), "keep_pictures", _killed)
    with pytest.raises(RuntimeError, match="killed"):
        await world.service.evidence.receive(OWNER, begun["evidence_id"], 0, in_pieces(content))
    monkeypatch.undo()
    assert (await state_of(world, begun["evidence_id"])).state is EvidenceState.UPLOADING
    for offset in (0, len(content)):
        status, done = await send(browser, begun["upload_url"], content[offset:] or b"", offset)
        assert (status, done["state"]) == (200, "kept")
    assert await world.file_ids() == [(await state_of(world, begun["evidence_id"])).file_id]


async def _killed(*_: object, **_words: object) -> None:
    raise RuntimeError("killed")


async def test_one_request_sends_at_a_time_and_a_second_process_that_was_faster_is_believed(
    browser: Browser, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = picture()
    _, begun = await browser.ask("POST", "/v1/evidence", json=announced(size_bytes=len(content)))
    evidence_id, service = begun["evidence_id"], world.service.evidence
    service._written_to.add(evidence_id)
    status, problem = await send(browser, begun["upload_url"], content)
    assert (status, problem["code"]) == (409, "evidence_under_way")
    service._written_to.clear()
    original = world.service.uploads.keep_pictures

    async def slower(_uploads: Any, *asked: Any, **words: Any) -> tuple[Picture, ...]:
        """Another process looks at the same bytes, and writes first."""
        (faster,), mine = await original(*asked, **words), await original(*asked, **words)
        await service._keep(evidence_id, faster)
        return mine

    monkeypatch.setattr(type(world.service.uploads), "keep_pictures", slower)
    seen = await service.receive(OWNER, evidence_id, 0, in_pieces(content))
    assert seen.evidence.state is EvidenceState.KEPT
    assert await world.file_ids() == [seen.evidence.file_id], "the picture of the slower one is gone"


async def test_bytes_for_a_file_that_another_process_has_removed_tell_how_it_stands(
    browser: Browser, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = picture()
    _, begun = await browser.ask("POST", "/v1/evidence", json=announced(size_bytes=len(content)))

    async def gone(*_: object) -> None:
        return None

    monkeypatch.setattr(world.files, "create", gone)
    seen = await world.service.evidence.receive(OWNER, begun["evidence_id"], 0, in_pieces(content))
    assert (seen.evidence.state, seen.upload_offset) == (EvidenceState.UPLOADING, 0)


async def test_erasing_what_is_gone_or_changes_meanwhile(
    browser: Browser, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = await uploaded(browser)
    evidence, tries = world.service.evidence, []
    original = EvidenceRepository.remove

    async def busy(self: EvidenceRepository, record: Any) -> bool:
        tries.append(record.id)
        return len(tries) > 1 and await original(self, record)

    monkeypatch.setattr(EvidenceRepository, "remove", busy)
    assert await evidence.erase(done["evidence_id"])
    assert len(tries) == 2
    assert not await evidence.erase(done["evidence_id"])
    assert await world.file_ids() == []


# The table


def some(**changes: Any) -> Evidence:
    given: dict[str, Any] = {
        "purpose": EvidencePurpose.REFUND,
        "account_id": "acc",
        "uploaded_by": "acc",
        "office_id": None,
        "day": "2026-11-23",
        "number": 0,
        "media_type": "image/jpeg",
        "size_bytes": 1,
        "created_at": START,
        "upload_until": START + timedelta(days=1),
        "file_id": "file",
    }
    return Evidence(**(given | changes))


@pytest.mark.parametrize("state", sorted(FINAL_EVIDENCE_STATES))
def test_what_has_ended_stays_so(state: EvidenceState) -> None:
    over = some(state=state, file_id=None)
    for command in EvidenceCommand:
        with pytest.raises(IllegalTransition):
            rules.EVIDENCE_TRANSITIONS.after(state, command)
    assert rules.named(over, EvidenceCase("case", None, START)) is over
    assert rules.deadlines(over) == {}
    assert rules.next_step(over) == state.value


def test_evidence_of_a_visitor_is_of_one_office_and_no_account() -> None:
    of_visitor = some(account_id=None, office_id="jaksel")
    assert rules.is_of(of_visitor, (), "jaksel")
    assert not rules.is_of(of_visitor, (), None)
    assert not rules.is_of(of_visitor, (), "medan")
    assert not rules.is_of(of_visitor, ("acc",), "jaksel")
    assert rules.key_subject("evidence-1", of_visitor) == "evidence-1"
