"""Applications of people whom the civil registry has not confirmed yet: they go on, and nothing is held or priced."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from services.application.applications.application import Application, Status, deadlines
from services.application.applications.errors import PersonAppliesElsewhere, StepComesFirst
from services.application.applications.next_step import Step, application_progress
from services.application.applications.schemas import ApplicationView
from services.application.drafts import service as drafts_service
from services.application.drafts.errors import (
    AnotherPersonsApplication,
    ApplicationAlreadyOpen,
    IdentityNotConfirmed,
    ItemsMissing,
)
from services.application.drafts.identities import Identities
from services.application.drafts.person_facts import PersonFacts
from services.application.drafts.transitions import IDENTITY_PAUSE
from services.application.requirements.errors import AnswersContradict
from shared.crypto.sealed import SealedBox
from shared.errors import NotFound, NotKnownYet, SomeoneElseChangedIt
from shared.events.application import (
    ApplicationClosedForPerson,
    ApplicationDrafted,
    ApplicationSubmitted,
    ApplicationWithdrawn,
    KeepIdentityCard,
    SubmissionAwaitsIdentity,
    SubmissionAwaitsOther,
    SubmissionFreed,
    SubmissionReturned,
)
from shared.events.identity import ApplicantConfirmed, ApplicantRefused, ApplicantReopened
from shared.store.kinds import Record
from shared.tokens import Role
from tests.unit.application import make
from tests.unit.application.world import CARD, CHILD, FRONT, OURS, OWNER, STRANGER, Actor, World

REFUSED = ApplicantRefused(account_id="acc", applicant_id="appl", causes=("nik_not_found",))
OTHER_CARD = CARD | {"full_name": "RATNA CONTOH LATIHAN", "nik": "3174014502500009", "birth_date": "1950-02-05"}


async def pending_draft(world: World, answers: Any = make.ADULT, **added: Any) -> str:
    """A draft with everything that is asked for, of an applicant whom the registry has not confirmed."""
    await world.add(**added)
    application_id = await world.draft()
    seen = await world.service.drafting.answer(application_id, answers, OWNER)
    for item in seen.items:
        if item.compulsory:
            await world.upload(application_id, item.code)
    return application_id


async def submit(world: World, application_id: str) -> Any:
    return await world.service.drafting.submit(application_id, True, OWNER, world.command())


async def pending_submission(world: World, **added: Any) -> str:
    application_id = await pending_draft(world, **added)
    await submit(world, application_id)
    return application_id


async def state_of(world: World, application_id: str) -> Application:
    return (await world.look(application_id)).application


@pytest.mark.acceptance("F23.identity_pending")
async def test_draft_papers_and_submission_go_on_and_nothing_is_published(world: World) -> None:
    application_id = await pending_submission(world)
    seen = await world.look(application_id)
    assert (seen.application.status, seen.progress.current_step) == (Status.IDENTITY_PENDING, Step.IDENTITY)
    assert seen.progress.remaining[1] is Step.CHOOSE_SEAT
    view = ApplicationView.from_seen(seen, world.service.applications.rules)
    assert (view.state, view.identity_state, view.current_step) == ("identity_pending", "pending", "identity")
    assert "civil registry" in view.next_action and "Dukcapil" in view.next_action_id
    assert [event.person_id for event in world.events(ApplicationDrafted)] == ["appl"]
    assert [event.application_id for event in world.events(SubmissionAwaitsIdentity)] == [application_id]
    assert world.events(ApplicationSubmitted) == []
    again = await submit(world, application_id)
    assert again.application == seen.application
    with pytest.raises(StepComesFirst) as refused:
        world.service.applications.refuse_early(seen.application, Step.COME)
    assert refused.value.facts == {"step": "identity"}


@pytest.mark.acceptance("F23.rechecked")
@pytest.mark.parametrize("card_first", [True, False])
async def test_the_confirmation_publishes_the_submission_once(world: World, card_first: bool) -> None:
    application_id = await pending_submission(world)
    submitted_at = (await state_of(world, application_id)).submitted_at
    world.clock.advance(3600)
    ids = {"account_id": "acc", "applicant_id": "appl", "person_id": "p"}
    sealed = SealedBox.for_recipient(OURS.public_key_b64).seal(CARD, "appl")
    messages = [KeepIdentityCard(**ids, sealed=sealed), ApplicantConfirmed(**ids)]
    first, second = messages if card_first else messages[::-1]
    await world.tell(first)
    assert world.events(ApplicationSubmitted) == []
    for message in (second, second, first):
        await world.tell(message)
    await world.run_due()
    [event] = world.events(ApplicationSubmitted)
    assert (event.person_id, event.age_band, event.submitted_at) == ("p", "17-60", submitted_at)
    state = await state_of(world, application_id)
    assert (state.status, state.person_id, state.identity_confirmed) == (Status.SUBMITTED, "p", True)
    assert "identity" not in deadlines(state)
    assert [line.what for line in state.timeline][-1] == "identity_confirmed"
    view = ApplicationView.from_seen(await world.look(application_id), world.service.applications.rules)
    assert view.identity_state == "confirmed"


async def test_a_draft_that_is_confirmed_is_submitted_as_any_other(world: World) -> None:
    application_id = await pending_draft(world)
    await world.meet()
    state = await state_of(world, application_id)
    assert (state.status, state.person_id) == (Status.DRAFT, "person-appl")
    seen = await submit(world, application_id)
    assert seen.application.status is Status.SUBMITTED
    assert len(world.events(ApplicationSubmitted)) == 1 and world.events(SubmissionAwaitsIdentity) == []


async def test_a_draft_without_answers_is_confirmed_too(world: World) -> None:
    await world.add()
    application_id = await world.draft()
    await world.meet()
    state = await state_of(world, application_id)
    assert (state.status, state.answers, state.identity_confirmed) == (Status.DRAFT, None, True)


async def test_a_confirmed_person_whom_the_papers_do_not_fit_gets_the_draft_back(world: World) -> None:
    """Typed in as an adult, and a child by the confirmed birth date: other papers are asked for."""
    five_years = replace(make.ADULT, validity_years=5)
    application_id = await pending_draft(world, five_years)
    await submit(world, application_id)
    await world.meet(card=CHILD)
    state = await state_of(world, application_id)
    assert (state.status, state.submitted_at, state.minor) == (Status.DRAFT, None, True)
    assert [line.what for line in state.timeline][-1] == "returned_to_draft"
    assert world.events(ApplicationSubmitted) == []
    (told,) = world.events(SubmissionReturned)
    assert (told.application_id, told.account_id, told.reason) == (application_id, "acc", "does_not_fit")
    with pytest.raises(ItemsMissing):
        await submit(world, application_id)


async def test_answers_that_the_confirmed_person_contradicts_come_back(world: World) -> None:
    application_id = await pending_submission(world)
    await world.meet(card=CHILD)
    assert (await state_of(world, application_id)).status is Status.DRAFT
    with pytest.raises(AnswersContradict):
        await submit(world, application_id)


async def test_a_child_is_known_by_its_guardian_until_the_birth_date_is_confirmed(world: World) -> None:
    await world.add(guardian_applicant_id="parent")
    application_id = await world.draft()
    five_years = replace(make.ADULT, validity_years=5)
    seen = await world.service.drafting.answer(application_id, five_years, OWNER)
    assert seen.application.minor
    seen = await world.service.drafting.answer(application_id, replace(five_years, married=True), OWNER)
    assert not seen.application.minor
    with pytest.raises(AnswersContradict):
        await world.service.drafting.answer(application_id, make.ADULT, OWNER)


async def test_a_person_with_another_open_application_waits_for_its_end(world: World) -> None:
    other, other_owner = await another_submission(world)
    application_id = await pending_submission(world)
    await world.meet()
    seen = await world.look(application_id)
    assert (seen.application.status, seen.application.another_open) == (Status.IDENTITY_PENDING, True)
    assert "immigration office" in seen.progress.next_action.en and "kantor imigrasi" in seen.progress.next_action.id
    view = ApplicationView.from_seen(seen, world.service.applications.rules)
    assert view.identity_state == "another_open"
    assert view.next_call is None, "it is done at an office"
    await world.after(IDENTITY_PAUSE.total_seconds())
    assert (await state_of(world, application_id)).status is Status.IDENTITY_PENDING
    await world.service.drafting.withdraw(other, other_owner, world.command())
    await world.after(IDENTITY_PAUSE.total_seconds() - 1)
    assert [event.application_id for event in world.events(ApplicationSubmitted)] == [other]
    await world.after(1)
    assert [event.application_id for event in world.events(ApplicationSubmitted)] == [other, application_id]
    state = await state_of(world, application_id)
    assert [line.what for line in state.timeline].count("another_application_open") == 1
    assert not state.another_open
    (told,) = world.events(SubmissionAwaitsOther)
    assert (told.application_id, told.account_id, told.applicant_id) == (application_id, "acc", "appl")


@pytest.mark.acceptance("Y25.found_by_person")
async def test_an_officer_finds_what_waits_and_closing_the_other_one_lets_it_go_on_at_once(world: World) -> None:
    other, _ = await another_submission(world)
    application_id = await pending_submission(world)
    await world.meet()
    settlement = world.service.settlement
    assert {record.id for record in await settlement.find_by_person("person-appl")} == {other, application_id}
    for _ in range(2):
        closed = await settlement.close_for_person(other, "person-appl", "not_known_to_person", FRONT, world.command())
        assert closed.application.status is Status.WITHDRAWN
    assert [event.application_id for event in world.events(ApplicationSubmitted)] == [other, application_id]
    assert len(world.events(ApplicationClosedForPerson)) == 1
    assert world.events(SubmissionFreed) == [], "it was submitted already, and goes on by itself"
    assert {record.id for record in await settlement.find_by_person("person-appl")} == {application_id}


async def test_a_crash_between_the_closing_and_what_waited_for_it_is_made_good(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, _ = await another_submission(world)
    application_id = await pending_submission(world)
    await world.meet()

    async def crash(*_: object) -> None:
        raise ConnectionError

    closing = (other, "person-appl", "not_known_to_person", FRONT, world.command())
    with monkeypatch.context() as patched:
        patched.setattr(world.service.identities, "confirm", crash)
        with pytest.raises(ConnectionError):
            await world.service.settlement.close_for_person(*closing)
    assert (await state_of(world, application_id)).another_open
    await world.service.settlement.close_for_person(*closing)
    assert (await state_of(world, application_id)).status is Status.SUBMITTED


async def test_an_officer_closes_what_waits_too_and_that_frees_no_submission(world: World) -> None:
    other, _ = await another_submission(world)
    application_id = await pending_submission(world)
    await world.meet()
    close = world.service.settlement.close_for_person
    with pytest.raises(AnotherPersonsApplication):
        await close(application_id, "somebody-else", "not_known_to_person", FRONT, world.command())
    closed = await close(application_id, "person-appl", "not_known_to_person", FRONT, world.command())
    assert (closed.application.status, world.events(SubmissionFreed)) == (Status.WITHDRAWN, [])
    found = await world.service.settlement.find_by_person("person-appl")
    assert [record.id for record in found] == [other]


async def test_an_identity_that_is_refused_meanwhile_waits_for_no_other_application(world: World) -> None:
    await another_submission(world)
    application_id = await pending_submission(world)
    await world.meet(version=2)
    await world.tell(REFUSED, 3)
    state = await state_of(world, application_id)
    assert (state.status, state.another_open) == (Status.DRAFT, False)


async def _sees_nothing(_: Identities, __: Record[Application]) -> bool:
    return False


async def another_submission(world: World) -> tuple[str, Actor]:
    """An application that another account has submitted for the same person; its id, and its owner."""
    owner = Actor("acc-2", Role.APPLICANT)
    await world.meet("other", account_id=owner.account_id, person_id="person-appl")
    other = await world.draft("other", owner)
    seen = await world.service.drafting.answer(other, make.ADULT, owner)
    for item in seen.items:
        if item.compulsory:
            await world.upload(other, item.code, owner)
    await world.service.drafting.submit(other, True, owner, world.command())
    return other, owner


async def begin_while_confirmed(world: World, monkeypatch: pytest.MonkeyPatch) -> str:
    """Begin a draft while the confirmation arrives between the look for it and the write of the draft; its id."""
    await world.add()
    repository = world.service.applications.repository
    read = repository.applicant

    async def not_yet(_: str) -> None:
        return None

    with monkeypatch.context() as patched:

        async def read_then_confirm(applicant_id: str) -> Any:
            found = await read(applicant_id)
            patched.setattr(repository, "applicant", read)
            await world.meet(applicant_id)
            return found

        patched.setattr(world.service.drafting, "_confirmed", not_yet)
        patched.setattr(repository, "applicant", read_then_confirm)
        application_id = await world.draft()
    assert not (await state_of(world, application_id)).identity_confirmed
    return application_id


async def test_a_confirmation_that_comes_between_look_and_draft_is_found(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    application_id = await begin_while_confirmed(world, monkeypatch)
    await world.run_due()
    assert (await state_of(world, application_id)).person_id == "person-appl"


async def test_twin_without_the_look_it_waits_for_ever(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    application_id = await begin_while_confirmed(world, monkeypatch)
    monkeypatch.setattr(Identities, "_confirm", _sees_nothing)
    await world.after(10 * IDENTITY_PAUSE.total_seconds())
    with pytest.raises(AssertionError, match="identity is never confirmed"):
        assert (await state_of(world, application_id)).identity_confirmed, "the identity is never confirmed"


async def test_a_crash_between_the_two_writes_of_a_confirmation_is_made_good_by_its_repeat(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    application_id = await pending_submission(world)
    ids = {"account_id": "acc", "applicant_id": "appl", "person_id": "p"}
    await world.tell(KeepIdentityCard(**ids, sealed=SealedBox.for_recipient(OURS.public_key_b64).seal(CARD, "appl")))

    async def crash(*_: object) -> None:
        raise ConnectionError

    with monkeypatch.context() as patched:
        patched.setattr(world.service.identities, "confirm", crash)
        with pytest.raises(ConnectionError):
            await world.tell(ApplicantConfirmed(**ids), message_id="once")
    assert world.events(ApplicationSubmitted) == []
    await world.tell(ApplicantConfirmed(**ids), message_id="once")
    assert [event.application_id for event in world.events(ApplicationSubmitted)] == [application_id]


async def test_while_the_registry_is_silent_it_is_looked_for_in_pauses(world: World) -> None:
    application_id = await pending_submission(world)
    before = await state_of(world, application_id)
    assert deadlines(before)["identity"] == before.started_at
    await world.run_due()
    after = await state_of(world, application_id)
    assert after.identity_look_at == world.clock.now() + IDENTITY_PAUSE
    assert (after.status, after.another_open) == (Status.IDENTITY_PENDING, False)


async def test_a_look_that_runs_late_or_twice_changes_nothing(world: World) -> None:
    application_id = await pending_submission(world)
    record = await world.service.applications.repository.application(application_id)
    assert record is not None
    await world.service.identities.look_due(record, "identity")
    await world.meet()
    confirmed = await state_of(world, application_id)
    await world.service.identities.look_due(record, "identity")
    assert await state_of(world, application_id) == confirmed
    await world.service.drafting.withdraw(application_id, OWNER, world.command())


async def test_a_confirmation_that_comes_during_the_look_is_not_put_off(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    application_id = await pending_submission(world)
    confirm = Identities._confirm

    async def look_before_it_comes(self: Identities, record: Record[Application]) -> bool:
        found = await confirm(self, record)
        await world.meet()
        return found

    record = await world.service.applications.repository.application(application_id)
    assert record is not None
    with monkeypatch.context() as patched:
        patched.setattr(world.service.identities, "_confirm", look_before_it_comes.__get__(world.service.identities))
        patched.setattr(world.service.identities, "confirm", lambda _: confirm(world.service.identities, record))
        await world.service.identities.look_due(record, "identity")
    state = await state_of(world, application_id)
    assert (state.status, state.identity_look_at) == (Status.SUBMITTED, None)


async def test_an_application_that_is_withdrawn_while_another_one_is_in_its_way_stays_withdrawn(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await another_submission(world)
    application_id = await pending_submission(world)
    applications = world.service.applications
    change = applications.change

    async def change_then_withdraw(*given: Any, **words: Any) -> Record[Application]:
        try:
            return await change(*given, **words)
        except PersonAppliesElsewhere:
            monkeypatch.setattr(applications, "change", change)
            await world.service.drafting.withdraw(application_id, OWNER, world.command())
            raise

    monkeypatch.setattr(applications, "change", change_then_withdraw)
    await world.meet()
    state = await state_of(world, application_id)
    assert (state.status, state.another_open, deadlines(state)) == (Status.WITHDRAWN, False, {})


async def test_an_applicant_whom_the_registry_refused_begins_no_draft(world: World) -> None:
    await world.add()
    await world.tell(ApplicantRefused(account_id="acc", applicant_id="appl", causes=("name_differs",)))
    with pytest.raises(IdentityNotConfirmed) as refused:
        await world.draft()
    assert refused.value.facts == {"applicant_id": "appl"}
    await world.meet(version=2)
    assert await world.draft()


async def test_a_refusal_that_comes_before_the_addition_counts(world: World) -> None:
    await world.tell(ApplicantRefused(account_id="acc", applicant_id="appl", causes=("name_differs",)))
    await world.add(guardian_applicant_id="parent")
    with pytest.raises(IdentityNotConfirmed):
        await world.draft()
    with pytest.raises(NotFound):
        await world.draft(who=STRANGER)
    with pytest.raises(NotKnownYet):
        await world.draft("never-added")


async def test_an_applicant_has_one_pending_application_before_and_after_the_confirmation(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    application_id = await begin_while_confirmed(world, monkeypatch)
    with pytest.raises(ApplicationAlreadyOpen) as refused:
        await world.draft()
    assert refused.value.facts == {"application_id": application_id}
    await world.add("second")
    first = await world.draft("second")
    with pytest.raises(ApplicationAlreadyOpen) as refused:
        await world.draft("second")
    assert refused.value.facts == {"application_id": first}


async def test_a_repeat_of_the_same_command_meets_the_pending_draft(world: World) -> None:
    await world.add()
    begun = await world.service.drafting.begin("appl", OWNER, "command")
    assert (await world.service.drafting.begin("appl", OWNER, "command")).application_id == begun.application_id


async def test_a_pending_application_can_be_withdrawn_and_waits_no_more(world: World) -> None:
    application_id = await pending_submission(world)
    await world.service.drafting.withdraw(application_id, OWNER, world.command())
    state = await state_of(world, application_id)
    assert (state.status, deadlines(state)) == (Status.WITHDRAWN, {})
    assert len(world.events(ApplicationWithdrawn)) == 1
    await world.meet()
    assert await state_of(world, application_id) == state
    assert application_progress(state, documents_complete=True).current_step == "finished"


async def submit_while_confirmed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Submit while the confirmation arrives between the read of the person's facts and the write."""
    application_id = await pending_draft(world)
    load = drafts_service.load_person_facts

    async def load_then_confirm(*given: Any, **words: Any) -> PersonFacts:
        facts = await load(*given, **words)
        await world.meet()
        return facts

    monkeypatch.setattr(drafts_service, "load_person_facts", load_then_confirm)
    await submit(world, application_id)


async def test_a_submission_is_never_decided_on_what_was_known_before_the_confirmation(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SomeoneElseChangedIt):
        await submit_while_confirmed(world, monkeypatch)
    assert world.events(ApplicationSubmitted) == []


async def test_twin_without_the_check_of_what_was_read_a_confirmed_identity_waits_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PersonFacts, "refuse_outdated", lambda *_: None)
    await submit_while_confirmed(world, monkeypatch)
    with pytest.raises(AssertionError, match="a confirmed identity waits again"):
        assert world.events(ApplicationSubmitted), "a confirmed identity waits again"


async def test_a_submission_for_an_applicant_whom_the_registry_refused_is_refused(world: World) -> None:
    application_id = await pending_draft(world)
    await world.tell(REFUSED, 2)
    with pytest.raises(IdentityNotConfirmed) as refused:
        await submit(world, application_id)
    assert refused.value.facts == {"applicant_id": "appl"}
    await world.tell(ApplicantReopened(account_id="acc", applicant_id="appl"), 3)
    assert (await submit(world, application_id)).application.status is Status.IDENTITY_PENDING


async def test_a_waiting_submission_of_a_refused_identity_is_a_draft_again_and_ends_as_any_other(world: World) -> None:
    application_id = await pending_submission(world)
    for _ in range(2):
        await world.tell(REFUSED, 2)
    state = await state_of(world, application_id)
    assert (state.status, state.submitted_at) == (Status.DRAFT, None)
    assert "draft_warning" in deadlines(state)
    assert [line.what for line in state.timeline].count("identity_refused") == 1
    (told,) = world.events(SubmissionReturned)
    assert (told.application_id, told.account_id, told.applicant_id) == (application_id, "acc", "appl")
    assert told.reason == "identity_refused"
    await world.tell(ApplicantReopened(account_id="acc", applicant_id="appl"), 3)
    await submit(world, application_id)
    await world.meet(version=4)
    assert (await state_of(world, application_id)).status is Status.SUBMITTED


async def test_a_refusal_without_an_application_changes_nothing(world: World) -> None:
    await world.add()
    await world.tell(REFUSED, 2)
    assert world.events(SubmissionReturned) == []


async def refuse_before_the_submission_is_written(world: World, monkeypatch: pytest.MonkeyPatch) -> str:
    """Submit while the refusal arrives between the read of the applicant and the write; the application's id."""
    application_id = await pending_draft(world)
    load = drafts_service.load_person_facts

    async def load_then_refuse(*given: Any, **words: Any) -> PersonFacts:
        facts = await load(*given, **words)
        await world.tell(REFUSED, 2)
        return facts

    with monkeypatch.context() as patched:
        patched.setattr(drafts_service, "load_person_facts", load_then_refuse)
        await submit(world, application_id)
    assert (await state_of(world, application_id)).status is Status.IDENTITY_PENDING
    return application_id


async def test_a_refusal_that_comes_while_the_submission_is_written_is_found(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    application_id = await refuse_before_the_submission_is_written(world, monkeypatch)
    await world.run_due()
    assert (await state_of(world, application_id)).status is Status.DRAFT


async def test_twin_without_the_look_for_a_refusal_the_submission_waits_for_ever(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Identities, "_return_refused", _sees_nothing)
    application_id = await refuse_before_the_submission_is_written(world, monkeypatch)
    await world.after(10 * IDENTITY_PAUSE.total_seconds())
    with pytest.raises(AssertionError, match="it waits for ever"):
        assert (await state_of(world, application_id)).status is Status.DRAFT, "it waits for ever"


async def confirm_another_person(world: World, version: int) -> None:
    """The applicant is corrected and confirmed as somebody else; the draft has not been told."""
    await world.tell(ApplicantReopened(account_id="acc", applicant_id="appl"), version)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(world.service.identities, "confirm", _hears_nothing)
        await world.meet(card=OTHER_CARD, version=version + 1, person_id="person-other")


async def _hears_nothing(_: str) -> None:
    return None


async def test_a_submission_is_for_the_person_who_is_confirmed_now(world: World) -> None:
    application_id = await world.complete()
    await confirm_another_person(world, 2)
    assert (await state_of(world, application_id)).person_id == "person-appl"
    await submit(world, application_id)
    (event,) = world.events(ApplicationSubmitted)
    assert (event.person_id, event.age_band) == ("person-other", "61+")
    assert (await state_of(world, application_id)).person_id == "person-other"


async def submit_while_another_person_is_confirmed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Submit while another person is confirmed between the read of the person's facts and the write."""
    application_id = await world.complete()
    load = drafts_service.load_person_facts

    async def load_then_confirm(*given: Any, **words: Any) -> PersonFacts:
        facts = await load(*given, **words)
        await world.tell(ApplicantReopened(account_id="acc", applicant_id="appl"), 2)
        await world.meet(card=OTHER_CARD, version=3, person_id="person-other")
        return facts

    with monkeypatch.context() as patched:
        patched.setattr(drafts_service, "load_person_facts", load_then_confirm)
        await submit(world, application_id)


async def test_a_submission_is_not_decided_on_the_facts_of_another_person(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(SomeoneElseChangedIt):
        await submit_while_another_person_is_confirmed(world, monkeypatch)
    assert world.events(ApplicationSubmitted) == []


async def test_twin_without_the_check_the_submission_is_for_the_person_of_before(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PersonFacts, "refuse_outdated", lambda *_: None)
    await submit_while_another_person_is_confirmed(world, monkeypatch)
    with pytest.raises(AssertionError, match="the person of before"):
        assert world.events(ApplicationSubmitted)[0].person_id == "person-other", "the person of before"


async def test_a_draft_follows_its_applicant_to_another_person(world: World) -> None:
    application_id = await world.complete()
    await world.tell(ApplicantReopened(account_id="acc", applicant_id="appl"), 2)
    await world.meet(card=OTHER_CARD, version=3, person_id="person-other")
    assert (await state_of(world, application_id)).person_id == "person-other"


async def test_a_submission_waits_for_the_card_of_the_newest_confirmation(world: World) -> None:
    application_id = await world.complete()
    await world.tell(ApplicantReopened(account_id="acc", applicant_id="appl"), 2)
    ids = {"account_id": "acc", "applicant_id": "appl", "person_id": "person-appl"}
    await world.tell(ApplicantConfirmed(**ids), 3)
    await submit(world, application_id)
    assert world.events(ApplicationSubmitted) == [], "its band would be that of the replaced card"
    sealed = SealedBox.for_recipient(OURS.public_key_b64).seal(OTHER_CARD, "appl")
    await world.tell(KeepIdentityCard(**ids, sealed=sealed), 3)
    (event,) = world.events(ApplicationSubmitted)
    assert event.age_band == "61+"
