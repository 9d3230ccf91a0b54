"""Drafts hold no person, end by themselves after a warning, and an officer settles whose application counts."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.application.applications.application import (
    Application,
    Entry,
    Status,
    deadlines,
    draft_deadlines,
    draft_ends_at,
    draft_touched_at,
)
from services.application.applications.errors import ApplicationEnded, PersonAppliesElsewhere
from services.application.context import Actor
from services.application.drafts.expiry_transitions import draft_expired, draft_warned
from shared.audit.entries import AUDIT
from shared.events.application import (
    ApplicationClosedForPerson,
    ApplicationWithdrawn,
    DraftEnding,
    DraftExpired,
    SubmissionFreed,
)
from shared.store.memory import MemoryStore
from shared.store.port import AlreadyExists
from shared.tokens import Role
from tests.unit.application import make
from tests.unit.application.browser import Browser
from tests.unit.application.browser import browser as browser
from tests.unit.application.make import NOW
from tests.unit.application.world import OWNER, World

DAY = timedelta(days=1)
OTHER = Actor("acc-2", Role.APPLICANT)
PERSON = "person-appl"


@pytest.fixture(autouse=True)
def _loopback_allowed(socket_enabled: None) -> None:
    """Let these tests open sockets where the unit room blocks them."""


async def ready_to_submit(world: World, applicant_id: str = "appl-2", who: Actor = OTHER) -> str:
    """A complete draft of another account for the same person; its id."""
    await world.meet(applicant_id, account_id=who.account_id, person_id=PERSON)
    application_id = await world.draft(applicant_id, who)
    seen = await world.service.drafting.answer(application_id, make.ADULT, who)
    for item in seen.items:
        if item.compulsory:
            await world.upload(application_id, item.code, who)
    return application_id


async def submit(world: World, application_id: str, who: Actor) -> str:
    seen = await world.service.drafting.submit(application_id, True, who, world.command())
    return seen.application.status.value


# The end of a draft


def draft(**changes: Any) -> Application:
    return make.draft(**changes)


def test_work_on_a_draft_keeps_it_and_messages_do_not() -> None:
    lines = (
        Entry("1", NOW + DAY, "questionnaire_answered", "applicant"),
        Entry("2", NOW + 2 * DAY, "upload_begun", "front_officer"),
        Entry("3", NOW + 9 * DAY, "delivery_sent", "notification"),
    )
    assert draft_touched_at(draft(timeline=lines)) == NOW + 2 * DAY
    document = make.document(created_at=NOW + 3 * DAY)
    assert draft_touched_at(draft(timeline=lines, documents=(document,))) == NOW + 3 * DAY


def test_a_draft_is_warned_on_day_23_and_ends_on_day_30() -> None:
    fresh = draft()
    assert draft_deadlines(fresh) == {"draft_warning": NOW + 23 * DAY}
    warned = draft_warned("a", fresh, NOW + 23 * DAY)
    (event,) = warned.events
    assert isinstance(event, DraftEnding) and event.ends_at == NOW + 30 * DAY
    assert draft_deadlines(warned.state) == {"draft_end": NOW + 30 * DAY}
    late = draft_warned("a", fresh, NOW + 40 * DAY).state
    assert draft_ends_at(late) == NOW + 47 * DAY
    assert draft_ends_at(fresh) == NOW + 30 * DAY
    kept = replace(warned.state, timeline=(Entry("1", NOW + 24 * DAY, "x", "applicant"),))
    assert draft_deadlines(kept) == {"draft_warning": NOW + 47 * DAY}
    ended = draft_expired("a", warned.state, NOW + 30 * DAY).state
    assert (ended.status, draft_deadlines(ended)) == (Status.CLOSED, {})
    assert "draft_warning" in deadlines(fresh)


@pytest.mark.acceptance("Y25.draft_blocks_nobody")
async def test_a_draft_that_is_left_alone_ends_after_a_warning(world: World) -> None:
    await world.meet()
    application_id = await world.draft()
    begun = world.clock.now()
    await world.at(begun + 23 * DAY - timedelta(milliseconds=1))
    assert world.events(DraftEnding) == []
    await world.at(begun + 23 * DAY)
    await world.after(60)
    (warning,) = world.events(DraftEnding)
    assert (warning.account_id, warning.ends_at) == ("acc", begun + 30 * DAY)
    await world.at(begun + 30 * DAY - timedelta(milliseconds=1))
    assert (await world.look(application_id)).application.status is Status.DRAFT
    await world.at(begun + 30 * DAY)
    seen = await world.look(application_id)
    assert (seen.application.status, len(world.events(DraftExpired))) == (Status.CLOSED, 1)
    assert "time limit" in seen.progress.next_action.en
    await world.draft()


async def test_a_step_after_the_warning_keeps_the_draft(world: World) -> None:
    await world.meet()
    application_id = await world.draft()
    begun = world.clock.now()
    await world.at(begun + 29 * DAY)
    await world.service.drafting.answer(application_id, make.ADULT, OWNER)
    await world.at(begun + 31 * DAY)
    assert (await world.look(application_id)).application.status is Status.DRAFT
    await world.at(begun + (29 + 23) * DAY)
    assert len(world.events(DraftEnding)) == 2


async def test_what_is_due_is_decided_on_the_newest_state(world: World) -> None:
    await world.meet()
    application_id = await world.draft()
    record = await world.service.applications.application(application_id)
    await world.service.draft_expiry.end(record, "draft_end")
    await world.service.draft_expiry.warn(record, "draft_warning")
    assert world.events(DraftEnding) == world.events(DraftExpired) == []


# Whose application counts


@pytest.mark.acceptance("Y25.draft_blocks_nobody")
async def test_a_strangers_draft_blocks_no_other_account(world: World) -> None:
    await world.meet("stranger", account_id="acc-9", person_id=PERSON)
    await world.draft("stranger", Actor("acc-9", Role.APPLICANT))
    own = await world.complete()
    assert await submit(world, own, OWNER) == "submitted"


async def race(world: World) -> list[object]:
    own, others = await world.complete(), await ready_to_submit(world)
    return list(await asyncio.gather(submit(world, own, OWNER), submit(world, others, OTHER), return_exceptions=True))


async def test_of_two_accounts_that_submit_at_once_one_is_refused(world: World) -> None:
    answers = await race(world)
    assert sorted(type(answer).__name__ for answer in answers) == ["PersonAppliesElsewhere", "str"]


async def test_without_the_index_both_submit(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: two live applications of one person."""
    monkeypatch.setattr(MemoryStore, "_refuse_duplicates", lambda *_: None)
    assert await race(world) == ["submitted", "submitted"]
    assert len(await world.service.settlement.find_by_person(PERSON)) == 2


async def test_another_unique_value_is_no_word_about_the_person(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.meet()
    application_id = await world.draft()

    async def taken(*_: object, **__: object) -> object:
        raise AlreadyExists("application", "number")

    monkeypatch.setattr(world.store, "save", taken)
    with pytest.raises(AlreadyExists):
        await world.service.drafting.answer(application_id, make.ADULT, OWNER)


@pytest.mark.acceptance("Y25.found_by_person")
async def test_an_officer_finds_and_closes_a_strangers_application(browser: Browser, world: World) -> None:
    strangers = await world.submitted()
    own = await ready_to_submit(world)
    path = f"/v1/applications/{own}/submission"
    confirmed = {"confirmed_not_refundable": True}
    status, problem = await browser.ask("POST", path, account="acc-2", json=confirmed)
    assert (status, problem["code"]) == (409, "person_applies_elsewhere")
    assert "office" in problem["next_action"]
    search = {"person_id": PERSON, "reason": "person_at_counter"}
    status, found = await browser.ask("POST", "/v1/application-searches", Role.FRONT_OFFICER, json=search)
    assert status == 200
    assert {(each["application_id"], each["state"], each["can_close"]) for each in found["applications"]} == {
        (strangers, "submitted", True),
        (own, "draft", True),
    }
    assert (await browser.ask("POST", "/v1/application-searches", json=search))[0] == 403
    assert (await browser.ask("POST", "/v1/application-searches", Role.TREASURER, json=search))[0] == 403
    body = {"person_id": PERSON, "reason_code": "not_known_to_person"}
    closing = f"/v1/applications/{strangers}/closing"
    status, problem = await browser.ask("POST", closing, Role.FRONT_OFFICER, json=body | {"person_id": "another"})
    assert (status, problem["code"]) == (409, "another_persons_application")
    headers = {"Idempotency-Key": "closing-0001"}
    for _ in range(2):
        status, closed = await browser.ask("POST", closing, Role.FRONT_OFFICER, json=body, headers=headers)
        assert (status, closed["state"]) == (200, "withdrawn")
        assert closed["next_action"].startswith("An officer closed this application")
    status, again = await browser.ask("POST", closing, Role.FRONT_OFFICER, json=body)
    assert (status, again["state"]) == (200, "withdrawn"), "with another key too"
    (told,) = world.events(ApplicationClosedForPerson)
    assert (told.account_id, told.office_id, told.reason_code) == ("acc", make.OFFICE, "not_known_to_person")
    (freed,) = world.events(SubmissionFreed)
    assert (freed.account_id, freed.application_id) == ("acc-2", own)
    assert len(world.events(ApplicationWithdrawn)) == 1
    assert "closed_for_person" in [entry.what for entry in (await world.look(strangers)).application.timeline]
    status, view = await browser.ask("POST", path, account="acc-2", json=confirmed)
    assert (status, view["state"]) == (200, "submitted")
    lines = [record.state async for record in world.store.scan(AUDIT)]
    acts = {(line.act, line.subject, line.reason, line.outcome) for line in lines}
    assert ("read_application", PERSON, "person_at_counter", "done") in acts
    assert ("close_for_person", strangers, "not_known_to_person", "done") in acts


@pytest.mark.acceptance("Y25.found_by_person")
async def test_only_the_office_of_the_visit_closes_and_only_before_it(browser: Browser, world: World) -> None:
    application_id = await world.booked()
    search = {"person_id": PERSON, "reason": "complaint"}
    closing = f"/v1/applications/{application_id}/closing"
    body = {"person_id": PERSON, "reason_code": "not_known_to_person"}
    words: dict[str, Any] = {"json": search, "office": "medan"}
    _, found = await browser.ask("POST", "/v1/application-searches", Role.OFFICE_ADMIN, **words)
    assert [(each["office_id"], each["can_close"]) for each in found["applications"]] == [(make.OFFICE, False)]
    status, problem = await browser.ask("POST", closing, Role.OFFICE_ADMIN, json=body, office="medan")
    assert (status, problem["code"]) == (403, "not_your_office")
    await world.run_due()
    world.clock.set(make.VISIT)
    await world.tell(make.checked_in(application_id=application_id), 5)
    status, problem = await browser.ask("POST", closing, Role.OFFICE_ADMIN, json=body)
    assert (status, problem["code"]) == (409, "too_late_to_withdraw")
    assert (await browser.ask("POST", closing, Role.INTERVIEWER, json=body))[0] == 403
    assert (await browser.ask("POST", "/v1/applications/unknown/closing", Role.OFFICE_ADMIN, json=body))[0] == 404


async def test_an_application_that_its_account_withdrew_is_not_closed(world: World) -> None:
    application_id = await world.submitted()
    await world.service.drafting.withdraw(application_id, OWNER, world.command())
    officer = Actor("staff-1", Role.FRONT_OFFICER, make.OFFICE)
    with pytest.raises(ApplicationEnded):
        await world.service.settlement.close_for_person(
            application_id, PERSON, "not_known_to_person", officer, world.command()
        )
    assert world.events(ApplicationClosedForPerson) == []


async def test_a_closed_draft_frees_no_submission(world: World) -> None:
    own = await world.submitted()
    draft_id = await ready_to_submit(world)
    officer = Actor("staff-1", Role.FRONT_OFFICER, make.OFFICE)
    close = world.service.settlement.close_for_person
    await close(draft_id, PERSON, "not_known_to_person", officer, world.command())
    assert world.events(SubmissionFreed) == []
    assert (await world.look(own)).application.status is Status.SUBMITTED


async def test_the_refusal_is_the_persons_and_not_the_accounts(world: World) -> None:
    await world.submitted()
    others = await ready_to_submit(world)
    with pytest.raises(PersonAppliesElsewhere) as refused:
        await submit(world, others, OTHER)
    assert refused.value.facts == {}
