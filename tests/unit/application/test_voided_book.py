"""A visit on a proof of payment that is not valid: nothing is printed for it, and what is printed stays (X6)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from services.application.alerts import BOOK_WITHOUT_PAYMENT
from services.application.applications.application import Application, Status, deadlines
from services.application.voided_book.errors import FeeNotPaid
from services.application.voided_book.voided_book import BOOK_GONE, BOOK_KEPT, HELD_BACK, RECALL_ASKED, consequence
from shared.events import scheduling
from tests.unit.application import make
from tests.unit.application.world import FRONT, INTERVIEWER, World

CODES = ("ktp", "family_card", "birth_proof")


async def state_of(world: World, application_id: str) -> Application:
    return (await world.service.applications.application(application_id)).state


def lines_of(application: Application) -> list[str]:
    known = {HELD_BACK, RECALL_ASKED, BOOK_KEPT, BOOK_GONE}
    return [entry.what for entry in application.timeline if entry.what in known]


async def on_proof(world: World) -> str:
    """Somebody whose payment does not show was let in and has passed the interview; the application's id."""
    application_id = await world.submitted()
    await world.tell(make.held(application_id=application_id), 1)
    world.clock.set(make.VISIT)
    await world.tell(make.checked_in(application_id=application_id), 5)
    await approve(world, application_id)
    return application_id


async def approve(world: World, application_id: str) -> None:
    counter = world.service.counter
    await counter.see_originals(application_id, CODES, INTERVIEWER, world.command())
    await counter.record_interview(application_id, "approved", None, None, INTERVIEWER, world.command())


async def void(world: World, application_id: str, version: int = 7) -> list[Any]:
    """Billing's word: it was never paid. What the operators are told."""
    with capture_logs() as logs:
        said = scheduling.VisitVoided(**make.untimed(application_id=application_id), took_place=True)
        await world.tell(said, version)
    return [line for line in logs if line["log_level"] == "error"]


async def money(world: World, application_id: str, version: int = 9) -> None:
    """It shows up after all."""
    await world.tell(make.confirmed(application_id=application_id), version)
    await world.tell(make.checked_in(application_id=application_id), version)


async def print_it(world: World) -> None:
    world.dpri.printed = True
    await world.run_due()
    await world.after(world.settings.print_poll_seconds)


async def test_an_approval_that_was_not_handed_over_is_not_and_goes_once_the_fee_is_there(world: World) -> None:
    application_id = await on_proof(world)
    assert await void(world, application_id) == []
    state = await state_of(world, application_id)
    assert (lines_of(state), "approval" in deadlines(state)) == ([HELD_BACK], False)
    for _ in range(5):
        await world.after(world.settings.hand_over_longest_retry_seconds)
    assert world.dpri.approvals == []
    record = await world.service.applications.application(application_id)
    await world.service.issuance.approve_due(record, "approval")
    assert world.dpri.approvals == [], "nor by one who read it before"
    seen = await world.look(application_id)
    assert "waits for the fee" in seen.progress.next_action.en and "menunggu" in seen.progress.next_action.id
    await money(world, application_id)
    assert "was passed" in (await world.look(application_id)).progress.next_action.en
    for _ in range(3):
        await world.after(world.settings.hand_over_longest_retry_seconds)
    assert len(world.dpri.approvals) == 1
    await print_it(world)
    await world.service.counter.hand_out(application_id, "self", FRONT, world.command())


async def test_an_approval_that_could_not_be_handed_over_yet_is_not_tried_again(world: World) -> None:
    application_id = await world.approved()
    world.dpri.down()
    await world.run_due()
    assert await void(world, application_id) == []
    await world.after(world.settings.hand_over_longest_retry_seconds)
    assert world.dpri.approvals == []
    await money(world, application_id)
    await world.run_due()
    assert len(world.dpri.approvals) == 1


async def test_a_book_that_was_printed_stays_at_the_office_until_the_fee_is_paid(world: World) -> None:
    application_id = await world.approved()
    await world.run_due()
    assert len(world.dpri.approvals) == 1
    await print_it(world)
    (alert,) = await void(world, application_id)
    assert (alert["event"], alert["detail"]) == (BOOK_WITHOUT_PAYMENT, BOOK_KEPT)
    assert (alert["application_id"], alert["office_id"]) == (application_id, make.OFFICE)
    seen = await world.look(application_id)
    assert seen.application.status is Status.PRINTED
    assert "waits for the fee" in seen.progress.next_action.en
    with pytest.raises(FeeNotPaid) as refused:
        await world.service.counter.hand_out(application_id, "self", FRONT, world.command())
    assert "Keep the book" in str(refused.value.next_action)
    assert lines_of(seen.application) == [BOOK_KEPT]
    await money(world, application_id)
    done = await world.service.counter.hand_out(application_id, "self", FRONT, world.command())
    assert done.application.status is Status.COLLECTED


async def test_a_book_that_was_handed_out_is_told_of(world: World) -> None:
    application_id = await world.approved()
    await print_it(world)
    await world.service.counter.hand_out(application_id, "self", FRONT, world.command())
    (alert,) = await void(world, application_id)
    assert alert["detail"] == BOOK_GONE
    assert lines_of(await state_of(world, application_id)) == [BOOK_GONE]


async def test_a_word_that_comes_while_the_approval_is_handed_over_is_told_with_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    application_id = await world.approved()
    real, alerts = world.dpri.approve, list[Any]()

    async def meanwhile(number: str, approval: Any) -> None:
        await real(number, approval)
        alerts.extend(await void(world, application_id))

    monkeypatch.setattr(world.dpri, "approve", meanwhile)
    record = await world.service.applications.application(application_id)
    await world.service.issuance.approve_due(record, "approval")
    assert alerts == [], "not known there yet"
    state = await state_of(world, application_id)
    assert lines_of(state) == [HELD_BACK, RECALL_ASKED]
    assert state.approval is not None and state.approval.acknowledged_at is not None
    assert "recall" in deadlines(state)


async def test_missing_papers_that_come_after_the_word_lead_to_an_approval_that_waits(world: World) -> None:
    application_id = await world.at_the_counter()
    counter = world.service.counter
    await counter.record_interview(
        application_id, "incomplete", "papers_missing", None, INTERVIEWER, world.command(), missing=("ktp",)
    )
    assert await void(world, application_id) == []
    assert lines_of(await state_of(world, application_id)) == []
    await approve(world, application_id)
    assert lines_of(await state_of(world, application_id)) == [HELD_BACK]
    await world.run_due()
    assert world.dpri.approvals == []


def test_another_visit_that_is_paid_pays_the_book() -> None:
    told = scheduling.VisitVoided(**make.untimed(), took_place=True)
    approved = replace(make.with_seats(make.draft(), told), status=Status.APPROVED)
    assert consequence(approved) == HELD_BACK
    booked = make.with_seats(make.draft(), told, make.held(appointment_id="another"))
    assert consequence(replace(booked, status=Status.APPROVED)) == HELD_BACK, "not by holding a seat"
    paid = make.with_seats(make.draft(), told, make.confirmed(appointment_id="another"))
    assert consequence(replace(paid, status=Status.APPROVED)) is None


async def test_a_surcharge_without_its_place_is_told_in_words_of_its_own(world: World) -> None:
    application_id = await world.booked()
    fact = scheduling.SeatUnavailable(
        application_id=application_id, account_id="acc", bill_id="b", asked_for="same_day", reason="moved_by_office"
    )
    await world.tell(fact, 6)
    lines = [(entry.what, entry.detail) for entry in (await state_of(world, application_id)).timeline]
    assert ("same_day_place_gone", "moved_by_office") in lines
