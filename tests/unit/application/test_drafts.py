"""From the confirmed applicant to the submitted application."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.application import errors
from services.application.applications.applicant import Applicant
from services.application.applications.application import Status
from services.application.applications.document import DocumentState
from services.application.applications.errors import ApplicationEnded, StepComesFirst, StepIsOver
from services.application.applications.next_step import Step
from services.application.context import Actor
from services.application.drafts.errors import (
    AccountNotNamed,
    ApplicationAlreadyOpen,
    ConfirmationMissing,
    ItemsMissing,
    TooLateToWithdraw,
)
from services.application.requirements.errors import AnswersContradict
from shared.assistance import AssistanceNeeded
from shared.crypto.errors import CannotDecrypt
from shared.crypto.sealed import SealedBox
from shared.errors import NotFound, NotKnownYet, Unavailable
from shared.events.application import ApplicationDrafted, ApplicationSubmitted, ApplicationWithdrawn, KeepIdentityCard
from shared.events.codes import ApplicationReason, PassportKind
from shared.events.identity import ApplicantConfirmed
from shared.store.port import VersionConflict
from shared.tokens import Caller, Role
from tests.unit.application import make
from tests.unit.application.make import ADULT
from tests.unit.application.world import (
    CARD,
    CHILD,
    COUNTER,
    ELSEWHERE,
    FRONT,
    INTERVIEWER,
    OURS,
    OWNER,
    STRANGER,
    World,
    picture,
)


async def test_a_draft_is_begun_for_a_confirmed_applicant_and_a_repeat_meets_it(world: World) -> None:
    await world.meet()
    first = await world.service.drafting.begin("appl", OWNER, "once")
    again = await world.service.drafting.begin("appl", OWNER, "once")
    assert first.application_id == again.application_id
    assert first.progress.current_step == Step.QUESTIONNAIRE
    assert len(first.application.number) == 16
    assert first.application.number.startswith("2026")
    assert len(world.events(ApplicationDrafted)) == 1


async def test_the_number_is_said_to_others_once_it_may_be_printed_on_a_letter(world: World) -> None:
    application_id = await world.booked()
    number = (await world.look(application_id)).application.number
    await world.run_due()
    said = [envelope for envelope in world.said if number in str(envelope.to_fields())]
    assert {type(envelope.data) for envelope in said} == {ApplicationSubmitted}


async def test_confirmation_and_card_may_come_in_any_order_and_twice(world: World) -> None:
    ids = {"account_id": "acc", "applicant_id": "appl", "person_id": "p"}
    with pytest.raises(NotKnownYet):
        await world.draft()
    card = KeepIdentityCard(**ids, sealed=SealedBox.for_recipient(OURS.public_key_b64).seal(CARD, "appl"))
    await world.tell(card, 2)
    await world.tell(ApplicantConfirmed(**ids), 2)
    await world.tell(ApplicantConfirmed(**(ids | {"person_id": "older"})), 1)
    await world.tell(card, 2)
    application_id = await world.draft()
    assert (await world.look(application_id)).application.person_id == "p"
    record = await world.service.applications.repository.applicant("appl")
    assert record is not None
    assert CARD["nik"] not in str(record.state)
    opened = await world.service.applications.vault.card("appl", record.state)
    assert (opened.nik, opened.full_name) == (CARD["nik"], CARD["full_name"])
    assert CARD["nik"] not in repr(opened)
    with pytest.raises(CannotDecrypt):
        await world.service.applications.vault.card("another", record.state)
    with pytest.raises(NotFound):
        await world.service.applications.vault.card("appl", replace(record.state, card_sealed=None))
    with pytest.raises(NotFound):
        await world.service.applications.card("nobody")


async def test_nobody_drafts_for_anothers_applicant(world: World) -> None:
    await world.meet()
    with pytest.raises(NotFound):
        await world.draft(who=STRANGER)
    unassisted = replace(COUNTER, assistance=None)
    with pytest.raises(AssistanceNeeded):
        await world.draft(who=unassisted)
    assert Actor.from_caller(Caller("staff", Role.FRONT_OFFICER, "s", make.OFFICE)).on_behalf_of is None


async def test_one_live_application_per_applicant(world: World) -> None:
    await world.meet()
    first = await world.draft()
    with pytest.raises(ApplicationAlreadyOpen) as own:
        await world.draft()
    assert own.value.facts == {"application_id": first}
    await world.service.drafting.withdraw(first, OWNER, world.command())
    assert await world.draft() != first


async def test_a_number_that_is_taken_is_not_given_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.meet()
    await world.meet("appl-2")
    taken = (await world.look(await world.draft())).application.number
    numbers = iter([taken, "2026000000000042"])
    monkeypatch.setattr("services.application.drafts.service.application_number", lambda *_: next(numbers))
    second = await world.look(await world.draft("appl-2"))
    assert second.application.number == "2026000000000042"
    await world.meet("appl-3")
    monkeypatch.setattr("services.application.drafts.service.application_number", lambda *_: taken)
    with pytest.raises(Unavailable):
        await world.draft("appl-3")


@pytest.mark.acceptance("X2.asked_before_billing", "F60.wrong_kind")
async def test_a_wrong_kind_is_named_before_any_money(world: World) -> None:
    await world.meet()
    application_id = await world.draft()
    wrong = replace(ADULT, has_held_passport=True)
    with pytest.raises(AnswersContradict) as refused:
        await world.service.drafting.answer(application_id, wrong, OWNER)
    assert refused.value.field == "/reason"
    assert "held a passport" in refused.value.detail
    assert (await world.look(application_id)).application.answers is None


@pytest.mark.acceptance("X2.own_records", "F60.wrong_kind")
async def test_our_own_records_are_asked_whether_there_was_a_passport(world: World) -> None:
    earlier = await world.approved()
    world.dpri.printed = True
    await world.run_due()
    await world.after(world.settings.print_poll_seconds)
    await world.service.counter.hand_out(earlier, "self", FRONT, world.command())
    application_id = await world.draft()
    with pytest.raises(AnswersContradict) as refused:
        await world.service.drafting.answer(application_id, ADULT, OWNER)
    assert refused.value.facts["contradiction"] == "new_but_recorded"
    replacement = replace(ADULT, has_held_passport=True, reason=ApplicationReason.EXPIRED)
    seen = await world.service.drafting.answer(application_id, replacement, OWNER)
    assert seen.progress.current_step == Step.DOCUMENTS


async def test_answers_may_change_until_submission_and_the_list_follows(world: World) -> None:
    await world.meet()
    application_id = await world.draft()
    first = await world.service.drafting.answer(application_id, ADULT, OWNER)
    assert {item.code for item in first.items if item.compulsory} == {"ktp", "family_card", "birth_proof"}
    renamed = await world.service.drafting.answer(application_id, replace(ADULT, name_changed=True), OWNER)
    assert "name_change_decision" in {item.code for item in renamed.items if item.compulsory}
    lines = len(renamed.application.timeline)
    same = await world.service.drafting.answer(application_id, replace(ADULT, name_changed=True), OWNER)
    assert len(same.application.timeline) == lines


async def test_a_childs_list_is_a_childs(world: World) -> None:
    await world.meet(card=CHILD)
    application_id = await world.draft()
    with pytest.raises(AnswersContradict):
        await world.service.drafting.answer(application_id, ADULT, OWNER)
    seen = await world.service.drafting.answer(application_id, replace(ADULT, validity_years=5), OWNER)
    assert seen.application.minor
    assert "parents_statement" in {item.code for item in seen.items if item.compulsory}


@pytest.mark.acceptance("F27.one_rule_set", "F60.statement_confirmed", "F60.missing_items")
async def test_a_submission_names_every_missing_item_and_succeeds_once_they_are_there(world: World) -> None:
    await world.meet()
    application_id = await world.draft()
    drafting = world.service.drafting
    with pytest.raises(StepComesFirst) as first:
        await drafting.submit(application_id, True, OWNER, world.command())
    assert first.value.facts["step"] == "questionnaire"
    await drafting.answer(application_id, ADULT, OWNER)
    await world.upload(application_id, "ktp")
    with pytest.raises(ItemsMissing) as lacking:
        await drafting.submit(application_id, True, OWNER, world.command())
    missing = lacking.value.facts["missing"]
    assert isinstance(missing, list)
    assert [item["code"] for item in missing] == ["family_card", "birth_proof"]
    assert "Family card" in lacking.value.detail
    await world.upload(application_id, "family_card")
    await world.upload(application_id, "diploma")
    with pytest.raises(ConfirmationMissing) as unread:
        await drafting.submit(application_id, False, OWNER, world.command())
    assert "not paid back" in unread.value.detail
    seen = await drafting.submit(application_id, True, OWNER, "once")
    assert seen.progress.current_step == Step.CHOOSE_SEAT
    assert seen.application.status is Status.SUBMITTED


@pytest.mark.acceptance("F6.submit_idempotent")
async def test_submitting_again_changes_and_says_nothing_more(world: World) -> None:
    application_id = await world.complete()
    first = await world.service.drafting.submit(application_id, True, OWNER, "once")
    again = await world.service.drafting.submit(application_id, True, OWNER, "once")
    await world.forget_inbox(application_id)
    other_key = await world.service.drafting.submit(application_id, True, OWNER, "twice")
    assert first.application == again.application == other_key.application
    said = world.events(ApplicationSubmitted)
    assert len(said) == 1
    assert (said[0].passport_kind, said[0].reason, said[0].minor) == (PassportKind.ELECTRONIC, "new", False)
    assert said[0].age_band == "17-60"
    with pytest.raises(StepIsOver):
        await world.service.drafting.answer(application_id, ADULT, OWNER)


async def test_answers_that_became_wrong_are_refused_at_the_submission(world: World) -> None:
    application_id = await world.complete()
    await world.meet(card=CHILD)
    record = await world.service.applications.repository.applicant("appl")
    assert record is not None
    sealed = SealedBox.for_recipient(OURS.public_key_b64).seal(CHILD, "appl")
    corrected = KeepIdentityCard(account_id="acc", applicant_id="appl", person_id="person-appl", sealed=sealed)
    await world.tell(corrected, 9)
    with pytest.raises(AnswersContradict):
        await world.service.drafting.submit(application_id, True, OWNER, world.command())


async def test_a_flagged_document_holds_nobody_up(world: World) -> None:
    await world.meet()
    application_id = await world.draft()
    await world.service.drafting.answer(application_id, ADULT, OWNER)
    for code in ("ktp", "family_card"):
        await world.upload(application_id, code)
    long = await world.upload(application_id, "birth_proof", content=picture(2000, 400))
    assert long.document.state is DocumentState.FLAGGED
    seen = await world.service.drafting.submit(application_id, True, OWNER, world.command())
    assert seen.application.status is Status.SUBMITTED


async def test_withdrawing_before_the_visit(world: World) -> None:
    application_id = await world.submitted()
    drafting = world.service.drafting
    seen = await drafting.withdraw(application_id, OWNER, "once")
    assert seen.progress.current_step == "finished"
    assert (await drafting.withdraw(application_id, OWNER, "twice")).application == seen.application
    assert len(world.events(ApplicationWithdrawn)) == 1
    with pytest.raises(ApplicationEnded):
        await drafting.answer(application_id, ADULT, OWNER)
    with pytest.raises(ApplicationEnded):
        await drafting.submit(application_id, True, OWNER, world.command())


async def test_withdrawing_is_too_late_once_the_visit_has_begun(world: World) -> None:
    application_id = await world.at_the_counter()
    with pytest.raises(TooLateToWithdraw):
        await world.service.drafting.withdraw(application_id, OWNER, world.command())
    other = World()
    approved = await other.approved()
    with pytest.raises(TooLateToWithdraw):
        await other.service.drafting.withdraw(approved, OWNER, other.command())
    await other.service.counter._lapse(approved, Status.PRINTED, "not_collected")
    assert (await other.look(approved)).application.live


async def test_an_ended_application_cannot_be_withdrawn(world: World) -> None:
    application_id = await world.at_the_counter()
    await world.service.counter.record_interview(
        application_id, "refused", "documents_not_genuine", None, INTERVIEWER, world.command()
    )
    with pytest.raises(ApplicationEnded):
        await world.service.drafting.withdraw(application_id, OWNER, world.command())


@pytest.mark.acceptance("F3.officer_applies")
@pytest.mark.parametrize("who", [OWNER, COUNTER], ids=["by the applicant", "by an officer at the counter"])
async def test_the_same_steps_can_be_walked_alone_or_with_an_officer(world: World, who: Actor) -> None:
    application_id = await world.submitted(who)
    seen = await world.look(application_id, who)
    assert seen.application.status is Status.SUBMITTED
    assert seen.application.account_id == "acc"
    done_by = {entry.who for entry in seen.application.timeline if entry.what in {"drafted", "submitted"}}
    assert done_by == {who.role.value}
    by = {entry.by for entry in seen.application.timeline if entry.what == "submitted"}
    assert by == {who.account_id}
    own = await world.service.drafting.list_own(who)
    assert [application.application_id for application in own] == [application_id]


async def test_an_officer_says_for_whom_and_sees_no_other(world: World) -> None:
    await world.meet()
    with pytest.raises(AccountNotNamed):
        await world.draft(who=FRONT)
    application_id = await world.draft(who=COUNTER)
    assert (await world.look(application_id, FRONT)).for_staff
    for who in (ELSEWHERE, replace(FRONT, role=Role.TREASURER)):
        with pytest.raises(errors.NotYourOffice):
            await world.look(application_id, who)
    with pytest.raises(NotFound):
        await world.look(application_id, replace(COUNTER, on_behalf_of="somebody"))
    with pytest.raises(NotFound):
        await world.look(application_id, STRANGER)
    with pytest.raises(NotFound):
        await world.look("nothing", OWNER)
    alone = World()
    await alone.meet()
    with pytest.raises(errors.NotYourOffice):
        await alone.look(await alone.draft(), FRONT)


async def test_two_messages_about_a_new_applicant_at_once_lose_nothing(world: World) -> None:
    repository = world.service.applications.repository
    state = Applicant("acc", "p", confirmed_version=1)
    await repository.keep_applicant("appl", None, state, world.clock.now(), "m1")
    with pytest.raises(VersionConflict):
        await repository.keep_applicant("appl", None, state, world.clock.now(), "m2")
