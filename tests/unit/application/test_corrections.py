"""Corrections at the counter: told to billing, followed here, and no approval while money is owed (X2)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from services.application import errors
from services.application.applications import correction_transitions as correcting
from services.application.applications.application import Status
from services.application.applications.correction import Corrected, Correction
from services.application.applications.errors import StepComesFirst, StepIsOver
from services.application.applications.visit import BillState
from services.application.context import Actor
from services.application.corrections.errors import NothingCorrected, PaymentOwed, PriceNotKnownYet, ProofNotSeen
from services.application.corrections.service import Why
from services.application.documents.decisions import DocumentVerdict
from services.application.requirements.errors import AnswersContradict
from shared.errors import NotFound
from shared.events import billing
from shared.events.application import DocumentRefused, KindCorrected, PenaltyFound
from shared.events.codes import ApplicationReason, PassportKind, PenaltyGround
from shared.service import NotYet
from shared.store.decision import Decision
from tests.unit.application import make
from tests.unit.application.world import ELSEWHERE, FRONT, INTERVIEWER, OWNER, World

TEN_YEARS_ORDINARY = Corrected("ordinary", 10, ApplicationReason.EXPIRED)
MORE = "e0000000-0000-4000-8000-000000000009"


def why(world: World, who: Actor = FRONT, note: str | None = "said so at the counter") -> Why:
    return Why(who, "held_passport_before", note, world.command())


async def ready(world: World) -> str:
    """At the counter, every original seen."""
    application_id = await world.at_the_counter()
    seen = await world.look(application_id)
    codes = tuple(item.code for item in seen.items if item.compulsory)
    await world.service.counter.see_originals(application_id, codes, INTERVIEWER, world.command())
    return application_id


async def approve(world: World, application_id: str) -> Any:
    return await world.service.counter.record_interview(
        application_id, "approved", None, None, INTERVIEWER, world.command()
    )


async def penalty(world: World, application_id: str, **words: Any) -> Any:
    given = {"force_majeure": False, "proof_seen": False} | words
    return await world.service.corrections.find_penalty(
        application_id, PenaltyGround.DAMAGED, why(world, INTERVIEWER), **given
    )


async def told_price(world: World, application_id: str, difference: int, *bill_ids: str) -> None:
    said = [*world.events(KindCorrected), *world.events(PenaltyFound)][-1]
    await world.tell(
        billing.CorrectionPriced(
            correction_id=said.correction_id,
            application_id=application_id,
            account_id="acc",
            difference=difference,
            bill_ids=bill_ids,
        )
    )


def of_bill(fact: Any, application_id: str, purpose: str = "penalty", **rest: Any) -> Any:
    return fact(
        bill_id=MORE, application_id=application_id, account_id="acc", appointment_id=None, purpose=purpose, **rest
    )


@pytest.mark.acceptance("X2.corrected_at_equal_fee")
async def test_the_kind_is_corrected_without_a_new_application() -> None:
    world = World()
    application_id = await world.booked()
    await world.run_due()
    seen = await world.service.corrections.correct_kind(application_id, TEN_YEARS_ORDINARY, why(world))
    answers = seen.application.answers
    assert answers is not None
    assert (answers.passport_kind, answers.reason, answers.has_held_passport) == (
        PassportKind.ORDINARY,
        ApplicationReason.EXPIRED,
        True,
    )
    (said,) = world.events(KindCorrected)
    assert (said.passport_kind, said.validity_years, said.reason) == ("ordinary", 10, "expired")
    kept = seen.application.corrections[0]
    assert (kept.reason_code, kept.by, kept.note_sealed is not None) == ("held_passport_before", FRONT.account_id, True)
    assert seen.application.timeline[-1].what == "kind_corrected"
    assert seen.application.visits.seat is not None
    assert seen.application.hand_over is not None
    assert seen.application.hand_over.acknowledged_at is None, "the file with the new kind goes again"
    await told_price(world, application_id, 0)
    assert (await world.look(application_id)).application.corrections[0].difference == 0


async def test_a_repeat_of_the_command_corrects_once() -> None:
    world = World()
    application_id = await world.booked()
    same = why(world, note=None)
    for _ in range(2):
        await world.service.corrections.correct_kind(application_id, TEN_YEARS_ORDINARY, same)
    assert len(world.events(KindCorrected)) == 1


async def test_what_is_refused_about_corrections() -> None:
    world = World()
    desk = world.service.corrections
    early = await world.submitted()
    with pytest.raises(errors.NotYourOffice):
        await desk.correct_kind(early, TEN_YEARS_ORDINARY, why(world))
    with pytest.raises(NotFound):
        await desk.correct_kind("nothing", TEN_YEARS_ORDINARY, why(world))
    other = World()
    booked = await other.booked()
    with pytest.raises(errors.NotYourOffice):
        await other.service.corrections.correct_kind(booked, TEN_YEARS_ORDINARY, why(other, ELSEWHERE))
    with pytest.raises(NothingCorrected):
        await other.service.corrections.correct_kind(
            booked, Corrected("electronic", 10, ApplicationReason.NEW), why(other)
        )
    with pytest.raises(StepComesFirst):
        await penalty(other, booked)
    with pytest.raises(ProofNotSeen):
        await penalty(other, booked, force_majeure=True)


async def test_a_child_gets_no_ten_years_by_correction() -> None:
    world = World()
    application_id = await world.booked()
    await world.service.applications.change(application_id, lambda state: Decision(replace(state, minor=True)))
    with pytest.raises(AnswersContradict):
        await world.service.corrections.correct_kind(application_id, TEN_YEARS_ORDINARY, why(world))


async def test_after_the_outcome_nothing_is_corrected() -> None:
    world = World()
    application_id = await world.approved()
    with pytest.raises(StepIsOver):
        await world.service.corrections.correct_kind(application_id, TEN_YEARS_ORDINARY, why(world))


async def test_no_approval_before_the_price_is_known_and_paid() -> None:
    world = World()
    application_id = await ready(world)
    await penalty(world, application_id)
    with pytest.raises(PriceNotKnownYet):
        await approve(world, application_id)
    await told_price(world, application_id, 500_000, MORE)
    with pytest.raises(PriceNotKnownYet):  # the bill itself has not been heard of
        await approve(world, application_id)
    await world.tell(of_bill(billing.BillRequested, application_id, amount=500_000, legal_basis="PP 45/2024"), 1)
    with pytest.raises(PaymentOwed) as refused:
        await approve(world, application_id)
    assert refused.value.facts["bills"] == [{"bill_id": MORE, "purpose": "penalty", "amount": 500_000}]
    await world.tell(of_bill(billing.BillPaid, application_id, amount=500_000, paid_at=world.clock.now()), 3)
    assert (await approve(world, application_id)).application.status is Status.APPROVED


async def test_force_majeure_with_its_proof_costs_nothing() -> None:
    world = World()
    application_id = await ready(world)
    await penalty(world, application_id, force_majeure=True, proof_seen=True)
    assert world.events(PenaltyFound)[0].force_majeure
    await told_price(world, application_id, 0, MORE)
    await world.tell(of_bill(billing.BillWaived, application_id, legal_basis="PMK 51/PMK.02/2020"), 1)
    assert (await approve(world, application_id)).application.status is Status.APPROVED


@pytest.mark.parametrize("purpose", ["top_up", "penalty", "same_day"])
async def test_bills_of_other_purposes_disturb_no_step(purpose: str) -> None:
    world = World()
    application_id = await ready(world)
    before = await world.look(application_id)
    facts = [
        of_bill(billing.BillRequested, application_id, purpose, amount=300_000, legal_basis="PP 45/2024"),
        of_bill(billing.BillFailed, application_id, purpose, cause="simponi_unreachable"),
        of_bill(billing.BillExpired, application_id, purpose),
    ]
    for version, fact in enumerate(facts, start=1):
        await world.tell(fact, version)
    after = await world.look(application_id)
    assert after.progress.remaining == before.progress.remaining
    assert after.application.visits.bill == before.application.visits.bill
    assert after.application.visits.seat == before.application.visits.seat


async def test_the_applicant_is_told_what_is_owed() -> None:
    world = World()
    application_id = await ready(world)
    code = {"billing_code": "820261123000009", "amount": 300_000, "issued_at": make.NOW, "expires_at": make.VISIT}
    await world.tell(of_bill(billing.BillIssued, application_id, "top_up", **code), 2)
    told = (await world.look(application_id)).progress.next_action
    assert told.en.startswith("Pay Rp300.000 with billing code 820261123000009")
    assert told.deadline == make.VISIT
    await world.tell(of_bill(billing.BillExpired, application_id, "top_up"), 3)
    assert "ask for a new one" in (await world.look(application_id)).progress.next_action.en
    await world.tell(of_bill(billing.BillSuperseded, application_id, "top_up", settled_by_bill_id="x"), 4)
    assert "billing code" not in (await world.look(application_id)).progress.next_action.en


async def test_a_bill_that_waits_for_its_code_is_owed_and_says_nothing_yet() -> None:
    world = World()
    application_id = await ready(world)
    before = (await world.look(application_id)).progress.next_action
    await world.tell(of_bill(billing.BillRequested, application_id, "top_up", amount=1, legal_basis="PP 45/2024"), 1)
    after = await world.look(application_id)
    assert after.progress.next_action == before
    assert [bill.state for bill in correcting.owed(after.application)] == [BillState.REQUESTED]


async def test_a_price_for_an_unknown_application_waits() -> None:
    world = World()
    said = billing.CorrectionPriced(correction_id="c", application_id="nothing", account_id="acc", difference=0)
    with pytest.raises(NotYet):
        await world.tell(said)


def test_a_price_changes_only_its_own_correction() -> None:
    one, two = (Correction(name, make.NOW, "officer", "why") for name in ("one", "two"))
    state = correcting.priced(make.draft(corrections=(one, two)), "two", 5, ("b",))
    assert [correction.difference for correction in state.corrections] == [None, 5]
    assert correcting.being_priced(state)


@pytest.mark.acceptance("F46.precheck", "F46.history")
async def test_a_document_that_an_officer_refuses_is_told_with_reason_and_last_day() -> None:
    world = World()
    application_id = await world.booked()
    ktp = next(
        document
        for document in (await world.look(application_id)).application.documents
        if document.requirement == "ktp"
    )
    await world.service.officer_decisions.decide(
        application_id, DocumentVerdict(ktp.document_id, False, "unreadable"), FRONT, world.command()
    )
    (said,) = world.events(DocumentRefused)
    assert (said.requirement, said.reason_code, said.document_id) == ("ktp", "unreadable", ktp.document_id)
    assert said.replace_until is not None
    assert said.replace_until < make.VISIT
    await world.upload(application_id, "ktp")
    history = [
        document.state
        for document in (await world.look(application_id)).application.documents
        if document.requirement == "ktp"
    ]
    assert len(history) == 2, "the refused one is kept beside the new one"
    accepted = next(
        document
        for document in (await world.look(application_id)).application.present().values()
        if document.requirement != "ktp"
    )
    await world.service.officer_decisions.decide(
        application_id, DocumentVerdict(accepted.document_id, True), FRONT, world.command()
    )
    assert len(world.events(DocumentRefused)) == 1


async def test_without_a_certain_visit_a_refused_document_has_no_last_day() -> None:
    world = World()
    application_id = await world.at_the_counter()
    await world.service.counter.record_interview(
        application_id, "incomplete", "papers_missing", None, INTERVIEWER, world.command(), missing=("ktp",)
    )
    ktp = next(
        document
        for document in (await world.look(application_id)).application.documents
        if document.requirement == "ktp"
    )
    await world.service.officer_decisions.decide(
        application_id, DocumentVerdict(ktp.document_id, False, "unreadable"), FRONT, world.command()
    )
    assert world.events(DocumentRefused)[0].replace_until is None
    assert (await world.look(application_id, OWNER)).application.status is Status.INCOMPLETE
