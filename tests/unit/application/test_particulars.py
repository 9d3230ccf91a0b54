"""Corrected particulars reach letter and file, and the state of identity's check is known here."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services.application.applications.applicant import IdentityProgress
from services.application.corrections.transitions import particulars_corrected
from services.application.issuance import service as issuance
from services.application.issuance.ports import DpriFile, DpriState
from services.application.letters import service as letters
from services.application.letters.ports import LetterContent
from shared.crypto.sealed import SealedBox
from shared.events.application import KeepIdentityCard
from shared.events.identity import (
    ApplicantAdded,
    ApplicantConfirmed,
    ApplicantRefused,
    ApplicantReopened,
    ApplicantShownBack,
    ChildCameOfAge,
)
from shared.events.notification import SendLetter
from shared.service import NotYet
from tests.unit.application import make
from tests.unit.application.make import NOW, PACE
from tests.unit.application.world import CARD, OURS, OWNER, World

IDS = {"account_id": "acc", "applicant_id": "appl", "person_id": "person-appl"}
CORRECTED = CARD | {"full_name": "SARI CONTOH LATIHAAN"}
NEWS: dict[str, Any] = {"account_id": "acc", "applicant_id": "appl"}


def card(content: dict[str, str] = CORRECTED) -> KeepIdentityCard:
    sealed = SealedBox.for_recipient(OURS.public_key_b64).seal(content, "appl")
    return KeepIdentityCard(**IDS, sealed=sealed)


def handed_name(world: World) -> list[str]:
    return [file.content["applicant"]["full_name"] for file in world.dpri.files.values()]


async def lines(world: World, application_id: str) -> list[str]:
    return [entry.what for entry in (await world.look(application_id)).application.timeline]


async def test_a_correction_after_the_letter_makes_letter_and_file_again(world: World) -> None:
    application_id = await world.booked()
    await world.run_due()
    assert (handed_name(world), len(world.writer.written)) == ([CARD["full_name"]], 1)
    await world.tell(card(), 2)
    await world.after(1)
    assert handed_name(world) == [CORRECTED["full_name"]]
    assert [content.full_name for content in world.writer.written] == [CARD["full_name"], CORRECTED["full_name"]]
    assert len(world.events(SendLetter)) == 2
    assert "particulars_corrected" in await lines(world, application_id)
    assert len(await world.file_ids()) == len((await world.look(application_id)).application.file_ids)


async def test_the_same_card_again_makes_nothing_again(world: World) -> None:
    application_id = await world.booked()
    await world.run_due()
    for _ in range(3):
        await world.tell(card(), 2)
        await world.forget_inbox(application_id)
        await world.after(1)
    await world.tell(card(CARD), 1)
    await world.after(1)
    assert (len(world.writer.written), len(world.dpri.deliveries)) == (2, 2)
    assert (await lines(world, application_id)).count("particulars_corrected") == 1


async def test_a_crash_between_card_and_papers_is_made_good_by_the_repeat(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.booked()
    await world.run_due()
    change = world.service.applications.change

    async def crash(*_: object, **__: object) -> object:
        raise RuntimeError("the process died here")

    with monkeypatch.context() as patched:
        patched.setattr(world.service.applications, "change", crash)
        with pytest.raises(RuntimeError):
            await world.tell(card(), 2, message_id="card-2")
    assert world.service.applications.change == change
    await world.tell(card(), 2, message_id="card-2")
    await world.after(1)
    assert handed_name(world) == [CORRECTED["full_name"]]


async def test_a_draft_only_notes_the_correction(world: World) -> None:
    await world.meet()
    application_id = await world.draft()
    await world.tell(card(), 2)
    await world.run_due()
    assert "particulars_corrected" in await lines(world, application_id)
    assert (world.writer.written, world.dpri.deliveries) == ([], [])
    await world.service.drafting.withdraw(application_id, OWNER, world.command())
    await world.tell(card(), 3)
    assert (await lines(world, application_id)).count("particulars_corrected") == 1


async def test_a_correction_after_the_approval_comes_too_late_for_the_book(world: World) -> None:
    application_id = await world.approved()
    await world.run_due()
    deliveries = len(world.dpri.deliveries)
    await world.tell(card(), 2)
    await world.after(1)
    assert "particulars_corrected_late" in await lines(world, application_id)
    assert (len(world.dpri.deliveries), len(world.writer.written)) == (deliveries, 1)


async def test_a_correction_before_the_approval_is_handed_over_reaches_the_file(world: World) -> None:
    application_id = await world.at_the_counter()
    await world.tell(card(), 2)
    await world.run_due()
    assert (handed_name(world), len(world.writer.written)) == ([CORRECTED["full_name"]], 2)
    assert "particulars_corrected" in await lines(world, application_id)


def test_the_same_line_changes_nothing() -> None:
    decision = particulars_corrected(make.draft(), "particulars:appl:2", PACE, NOW)
    assert decision is not None
    assert particulars_corrected(decision.state, "particulars:appl:2", PACE, NOW + timedelta(seconds=1)) is None


@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "twin"])
async def test_a_file_under_way_does_not_swallow_a_correction(
    world: World, monkeypatch: pytest.MonkeyPatch, guarded: bool
) -> None:
    """The twin hands over as if nothing had been asked meanwhile, and the issuance system keeps the wrong name."""
    await world.booked()
    give, corrected = world.dpri.hand_over, []

    async def slowly(number: str, file: DpriFile) -> DpriState:
        answer = await give(number, file)
        if not corrected:
            corrected.append(number)
            world.clock.advance(1)
            await world.tell(card(), 2)
        return answer

    if not guarded:
        monkeypatch.setattr(issuance, "was_asked_again", lambda *_: False)

    monkeypatch.setattr(world.dpri, "hand_over", slowly)
    await world.run_due()
    await world.after(60)
    await world.after(60)
    wanted = CORRECTED["full_name"] if guarded else CARD["full_name"]
    assert handed_name(world) == [wanted]


@pytest.mark.parametrize("guarded", [True, False], ids=["guarded", "twin"])
async def test_a_letter_under_way_does_not_swallow_a_correction(
    world: World, monkeypatch: pytest.MonkeyPatch, guarded: bool
) -> None:
    """The twin keeps the letter with the wrong name, and no other is written."""
    application_id = await world.booked()
    write, corrected = world.writer.letter, []

    async def slowly(content: LetterContent) -> bytes:
        pdf = await write(content)
        if not corrected:
            corrected.append(content.number)
            world.clock.advance(1)
            before = (await world.look(application_id)).application
            assert before.letter is None
            await world.tell(card(), 2)
        return pdf

    if not guarded:
        monkeypatch.setattr(letters, "was_asked_again", lambda *_: False)
    monkeypatch.setattr(world.writer, "letter", slowly)
    await world.run_due()
    await world.after(60)
    await world.after(60)
    wanted = CORRECTED["full_name"] if guarded else CARD["full_name"]
    assert world.writer.written[-1].full_name == wanted


async def identity_of(world: World) -> IdentityProgress:
    record = await world.service.applications.repository.applicant("appl")
    assert record is not None
    return record.state.identity


async def unsettled(world: World) -> bool:
    record = await world.service.applications.repository.applicant("appl")
    return record is not None and record.state.unsettled


async def test_the_state_of_the_check_is_known_in_whatever_order_it_comes(world: World) -> None:
    await world.tell(ApplicantRefused(**NEWS, causes=("nik_not_found",)), 3)
    await world.tell(ApplicantAdded(**NEWS), 1)
    assert await identity_of(world) is IdentityProgress.FAILED
    assert not await unsettled(world)
    await world.tell(ApplicantShownBack(**NEWS, differences=("birth_place_differs",)), 5)
    assert await identity_of(world) is IdentityProgress.SHOWN_BACK
    assert await unsettled(world)
    await world.tell(ApplicantConfirmed(**IDS), 6)
    await world.tell(card(CARD), 6)
    assert await identity_of(world) is IdentityProgress.PASSED
    await world.draft()


async def test_an_applicant_is_known_before_the_registry_has_answered(world: World) -> None:
    await world.tell(ApplicantAdded(**NEWS, guardian_applicant_id="parent"), 1)
    record = await world.service.applications.repository.applicant("appl")
    assert record is not None
    state = record.state
    assert (state.account_id, state.person_id, state.guardian_applicant_id) == ("acc", "", "parent")
    assert (state.unsettled, state.complete) == (True, False)


async def test_a_draft_waits_while_confirmed_data_are_corrected(world: World) -> None:
    await world.tell(ApplicantReopened(**NEWS), 4)
    await world.tell(ApplicantConfirmed(**IDS), 3)
    await world.tell(card(CARD), 3)
    assert await identity_of(world) is IdentityProgress.PENDING
    application_id = await world.draft()
    assert not (await world.look(application_id)).application.identity_confirmed
    await world.tell(ApplicantConfirmed(**IDS), 6)
    await world.tell(card(), 6)
    assert (await world.look(application_id)).application.person_id == "person-appl"


async def test_a_child_who_came_of_age_waits_until_they_are_known_and_is_noted_once(world: World) -> None:
    with pytest.raises(NotYet):
        await world.tell(ChildCameOfAge(**NEWS), 7)
    await world.tell(ApplicantAdded(**NEWS, guardian_applicant_id="parent"), 1)
    for version in (7, 8):
        await world.tell(ChildCameOfAge(**NEWS), version)
    record = await world.service.applications.repository.applicant("appl")
    assert record is not None
    assert record.state.came_of_age and record.version == 2, "a repeat writes nothing"
