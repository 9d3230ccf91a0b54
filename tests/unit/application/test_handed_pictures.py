"""The accepted pictures go with the file: hashed, each acknowledged for itself, and sent again only where they lack."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.application.applications.application import Application
from services.application.applications.document import DocumentState
from services.application.applications.hand_over import (
    MOST_REFUSALS,
    PICTURE_REFUSED,
    PICTURES_UNDER_WAY,
    Handed,
    HandOver,
    with_known_pictures,
)
from services.application.applications.schemas import ApplicationView
from services.application.applications.visit import Bill, BillState, Visits
from services.application.config import SIMULATORS_DPRI_KEY
from services.application.documents.decisions import DocumentVerdict
from services.application.issuance import service as issuance
from services.application.issuance.file_content import is_same_day
from services.application.issuance.pictures import PICTURE_UNREADABLE, PICTURES_FOR
from services.application.issuance.ports import DpriRefuses
from services.application.issuance.transitions import pictures_wait
from shared.crypto.sealed import SealedBox, Unsealer
from shared.errors import UpstreamDown
from shared.events.application import FileHandedOver, HandOverOverdue, KeepIdentityCard
from shared.events.identity import ApplicantConfirmed
from simulators.config import Settings as SimulatorSettings
from tests.unit.application import make
from tests.unit.application.world import CARD, CHILD, FRONT, OURS, OWNER, World

ITEMS = {"ktp", "family_card", "birth_proof"}


async def state_of(world: World, application_id: str) -> Application:
    return (await world.look(application_id)).application


async def hand_over_of(world: World, application_id: str) -> HandOver:
    hand_over = (await state_of(world, application_id)).hand_over
    assert hand_over is not None
    return hand_over


def sent(world: World) -> list[str]:
    return [picture.document_id for picture in world.dpri.sent_pictures]


async def next_try(world: World, application_id: str) -> None:
    at = (await hand_over_of(world, application_id)).next_try_at
    assert at is not None
    await world.at(max(at, world.clock.now()))


@pytest.mark.acceptance("Y6.pictures", "Y6.hashes", "Y6.acknowledged")
async def test_the_accepted_pictures_go_with_the_file_and_each_is_acknowledged(world: World) -> None:
    application_id = await world.booked()
    await world.run_due()
    state = await state_of(world, application_id)
    named = {
        document["document_id"]: document["sha256"] for document in world.dpri.files[state.number].content["documents"]
    }
    assert {state.document(document_id).requirement for document_id in named} == ITEMS  # type: ignore[union-attr]
    came = {document_id: sha256 for (_, document_id), sha256 in world.dpri.pictures.items()}
    assert came == named, "byte for byte what was accepted"
    hand_over = await hand_over_of(world, application_id)
    assert all(document.acknowledged_at for document in hand_over.documents)
    assert hand_over.acknowledged_at is not None
    view = ApplicationView.from_seen(await world.look(application_id), world.service.applications.rules)
    assert view.hand_over is not None
    assert {(picture.requirement, picture.state) for picture in view.hand_over.pictures} == {
        (item, "acknowledged") for item in ITEMS
    }


@pytest.mark.acceptance("Y6.acknowledged", "Y6.resend_idempotent")
async def test_a_file_is_acknowledged_with_its_last_picture_and_only_what_lacks_is_sent_again(world: World) -> None:
    world.dpri.says_of_pictures += ["acknowledged", UpstreamDown("dpri", "timeout")]
    application_id = await world.booked()
    await world.run_due()
    hand_over = await hand_over_of(world, application_id)
    assert len(sent(world)) == 2, "once it does not answer the rest waits"
    assert [bool(document.acknowledged_at) for document in hand_over.documents] == [True, False, False]
    assert (hand_over.problem, hand_over.acknowledged_at) == ("upstream_down", None)
    assert world.events(FileHandedOver) == []
    await next_try(world, application_id)
    assert (await hand_over_of(world, application_id)).acknowledged_at is not None
    first, *others = [document.document_id for document in hand_over.documents]
    assert sent(world) == [first, others[0], *others]
    assert len(world.events(FileHandedOver)) == 1
    assert len({picture.delivery_id for picture in world.dpri.sent_pictures}) == 1


@pytest.mark.acceptance("F47.office_resends", "F47.resend_idempotent", "Y6.resend_idempotent")
async def test_a_resend_sends_no_picture_that_is_there_and_each_that_was_lost(world: World) -> None:
    application_id = await world.booked()
    await world.run_due()
    assert len(sent(world)) == len(ITEMS)
    await world.service.issuance.resend(application_id, FRONT, "again")
    await world.run_due()
    assert len(sent(world)) == len(ITEMS)
    lost = (await hand_over_of(world, application_id)).documents[1].document_id
    state = await state_of(world, application_id)
    del world.dpri.pictures[state.number, lost]
    await world.service.issuance.resend(application_id, FRONT, "once more")
    await world.run_due()
    assert sent(world)[len(ITEMS) :] == [lost]
    assert (await hand_over_of(world, application_id)).acknowledged_at is not None


async def test_a_picture_that_is_another_one_there_is_sent_again(world: World) -> None:
    application_id = await world.booked()
    await world.run_due()
    number = (await state_of(world, application_id)).number
    spoilt = (await hand_over_of(world, application_id)).documents[0].document_id
    world.dpri.pictures[number, spoilt] = "0" * 64
    await world.service.issuance.resend(application_id, FRONT, "again")
    await world.run_due()
    assert sent(world)[len(ITEMS) :] == [spoilt]


async def test_pictures_that_were_lost_there_come_before_the_approval(world: World) -> None:
    application_id = await world.approved()
    number = (await state_of(world, application_id)).number
    lost = (await hand_over_of(world, application_id)).documents[0].document_id
    del world.dpri.pictures[number, lost]
    world.dpri.refuse("pictures_missing")
    await world.run_due()
    assert world.dpri.approvals == []
    await world.after(world.settings.hand_over_retry_seconds)
    assert sent(world)[len(ITEMS) :] == [lost]
    assert len(world.dpri.approvals) == 1


async def refused_for_good(world: World) -> str:
    application_id = await world.booked()
    for _ in range(MOST_REFUSALS):
        world.dpri.says_of_pictures += [DpriRefuses("picture_refused")]
        await next_try(world, application_id)
    return application_id


@pytest.mark.acceptance("Y6.acknowledged")
async def test_a_picture_that_is_refused_again_and_again_waits_for_a_person_and_is_named(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    application_id = await refused_for_good(world)
    hand_over = await hand_over_of(world, application_id)
    refused, *others = hand_over.documents
    assert (hand_over.problem, hand_over.next_try_at, refused.problem) == (PICTURE_REFUSED, None, "picture_refused")
    assert all(document.acknowledged_at for document in others), "the others go on"
    assert capsys.readouterr().out.count("application.hand_over_refused") == 1
    seen = await world.look(application_id, FRONT)
    item = seen.application.document(refused.document_id).requirement  # type: ignore[union-attr]
    lines = [entry.detail for entry in seen.application.timeline if entry.what == PICTURE_REFUSED]
    assert lines == [item]
    view = ApplicationView.from_seen(seen, world.service.applications.rules).hand_over
    assert view is not None and view.problem == PICTURE_REFUSED
    assert [(picture.requirement, picture.problem) for picture in view.pictures if picture.state == "refused"] == [
        (item, "picture_refused")
    ]
    await world.run_due()
    assert len(world.events(HandOverOverdue)) == 1, "the office hears of it at once"
    assert len(world.dpri.sent_pictures) == MOST_REFUSALS + len(others)


async def test_the_office_has_a_refused_picture_sent_again(world: World) -> None:
    application_id = await refused_for_good(world)
    await world.service.issuance.resend(application_id, FRONT, "again")
    await world.run_due()
    hand_over = await hand_over_of(world, application_id)
    assert (hand_over.problem, hand_over.acknowledged_at is None) == (None, False)


async def test_another_picture_in_place_of_a_refused_one_goes(world: World) -> None:
    application_id = await refused_for_good(world)
    refused = next(document for document in (await hand_over_of(world, application_id)).documents if document.refused)
    item = (await state_of(world, application_id)).document(refused.document_id).requirement  # type: ignore[union-attr]
    verdict = DocumentVerdict(refused.document_id, False, "unreadable")
    await world.service.officer_decisions.decide(application_id, verdict, FRONT, world.command())
    await world.run_due()
    assert (await hand_over_of(world, application_id)).problem == "documents_not_accepted"
    await world.upload(application_id, item)
    await world.run_due()
    hand_over = await hand_over_of(world, application_id)
    assert hand_over.acknowledged_at is not None
    assert refused.document_id not in {document.document_id for document in hand_over.documents}


@pytest.mark.parametrize("code", ["status_401", "too_many_requests", "picture_not_wanted"])
async def test_a_no_that_says_nothing_of_the_picture_is_tried_on(world: World, code: str) -> None:
    application_id = await world.booked()
    for _ in range(MOST_REFUSALS + 1):
        world.dpri.says_of_pictures += [DpriRefuses(code)] * len(ITEMS)
        await next_try(world, application_id)
    await next_try(world, application_id)
    assert (await hand_over_of(world, application_id)).acknowledged_at is not None


async def test_a_picture_whose_acknowledgement_comes_late_is_asked_for_again(world: World) -> None:
    world.dpri.says_of_pictures += ["received"]
    application_id = await world.booked()
    await world.run_due()
    hand_over = await hand_over_of(world, application_id)
    assert (hand_over.problem, hand_over.documents[0].problem) == ("received", "received")
    document = hand_over.documents[0]
    world.dpri.pictures[(await state_of(world, application_id)).number, document.document_id] = document.sha256
    await next_try(world, application_id)
    assert len(sent(world)) == len(ITEMS)
    assert (await hand_over_of(world, application_id)).acknowledged_at is not None


async def test_a_picture_of_ours_that_does_not_open_is_nothing_that_dpri_refused(world: World) -> None:
    application_id = await world.booked()
    document = (await state_of(world, application_id)).documents[0]
    assert document.file_id is not None
    await world.files.delete(document.file_id)
    await world.run_due()
    problems = {handed.document_id: handed.problem for handed in (await hand_over_of(world, application_id)).documents}
    assert problems[document.document_id] == PICTURE_UNREADABLE
    assert list(problems.values()).count(None) == len(ITEMS) - 1


async def test_one_try_has_its_time_and_the_rest_follows_at_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    real = world.dpri.hand_over_picture

    async def slowly(*given: Any) -> str:
        world.clock.advance(PICTURES_FOR.total_seconds() + 1)
        return await real(*given)

    monkeypatch.setattr(world.dpri, "hand_over_picture", slowly)
    application_id = await world.booked()
    record = await world.service.applications.application(application_id)
    await world.service.issuance.hand_over_due(record, "hand_over")
    hand_over = await hand_over_of(world, application_id)
    assert (len(sent(world)), hand_over.problem, hand_over.tries) == (1, PICTURES_UNDER_WAY, 0)
    assert hand_over.next_try_at == world.clock.now()
    await world.run_due()
    assert (await hand_over_of(world, application_id)).acknowledged_at is not None
    assert len(sent(world)) == len(ITEMS)


async def asked_while_pictures_go(world: World, monkeypatch: pytest.MonkeyPatch) -> HandOver:
    """The office has the file sent again while its first picture is on its way and the rest gets lost."""
    application_id = await world.booked()
    real, asked = world.dpri.hand_over_picture, list[str]()

    async def meanwhile(*given: Any) -> str:
        if not asked:
            asked.append("once")
            await world.service.issuance.resend(application_id, FRONT, "once")
        return await real(*given)

    monkeypatch.setattr(world.dpri, "hand_over_picture", meanwhile)
    record = await world.service.applications.application(application_id)
    world.clock.advance(1)
    await world.service.issuance.hand_over_due(record, "hand_over")
    return await hand_over_of(world, application_id)


async def test_a_file_that_is_asked_for_while_its_pictures_go_is_tried_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    hand_over = await asked_while_pictures_go(world, monkeypatch)
    assert (hand_over.acknowledged_at, hand_over.next_try_at) == (None, world.clock.now())
    await world.run_due()
    assert len(sent(world)) == len(ITEMS), "what is there is not sent again"


async def test_twin_without_the_guard_a_request_is_lost_behind_the_pictures(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(issuance, "was_asked_again", lambda *_: False)
    hand_over = await asked_while_pictures_go(world, monkeypatch)
    assert hand_over.next_try_at is None


async def test_no_more_pictures_are_on_their_way_than_there_are_places(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(dpri_pictures_at_once=1)
    under_way, most = 0, 0
    real = world.dpri.hand_over_picture

    async def counting(*given: Any) -> str:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        under_way -= 1
        return await real(*given)

    monkeypatch.setattr(world.dpri, "hand_over_picture", counting)
    application_id = await world.booked()
    record = await world.service.applications.application(application_id)
    give = world.service.issuance._pictures.give
    documents = tuple(Handed(document.document_id, document.sha256 or "") for document in record.state.documents)
    await asyncio.gather(*(give(record.state, "delivery", documents, {}) for _ in range(4)))
    assert most == 1


def test_the_pictures_that_are_known_are_those_of_the_same_content() -> None:
    known = Handed("d-ktp", "a" * 64, acknowledged_at=make.NOW)
    again, other = Handed("d-ktp", "a" * 64), Handed("d-ktp", "b" * 64)
    assert with_known_pictures((again, other), (known,)) == (known, other)


def test_a_file_waits_for_the_pictures_that_are_not_refused() -> None:
    refused = Handed("d-ktp", "0" * 64, problem="picture_refused", refusals=MOST_REFUSALS)
    under_way = Handed("d-family_card", "1" * 64)
    visit = HandOver("v", make.VISIT, make.NOW)
    state = make.draft(hand_over=visit)
    given: dict[str, Any] = {"delivery_id": "x", "pace": make.PACE, "now": make.NOW}
    both = pictures_wait(state, documents=(refused, under_way), **given).state.hand_over
    assert both is not None
    assert (both.problem, both.alert_at, both.next_try_at) == (
        PICTURE_REFUSED,
        make.NOW,
        make.NOW + timedelta(seconds=make.PACE.first_retry_seconds),
    )
    rest = pictures_wait(state, documents=(under_way,), has_more=True, **given).state.hand_over
    assert rest is not None
    assert (rest.problem, rest.alert_at, rest.next_try_at, rest.tries) == (
        PICTURES_UNDER_WAY,
        make.VISIT,
        make.NOW,
        0,
    )


# ---- what the file says ----


async def content_of(world: World, application_id: str) -> Any:
    await world.run_due()
    return world.dpri.files[(await state_of(world, application_id)).number].content


async def test_the_file_says_purpose_family_card_and_whether_it_is_for_the_same_day(world: World) -> None:
    application_id = await world.submitted()
    sealed = SealedBox.for_recipient(OURS.public_key_b64).seal(
        CARD | {"family_card_number": "3174010101150001"}, "appl"
    )
    ids = {"account_id": "acc", "applicant_id": "appl", "person_id": "person-appl"}
    await world.tell(KeepIdentityCard(**ids, sealed=sealed), 2)
    await world.tell(make.held(application_id=application_id, pool="same_day"), 1)
    await world.tell(make.confirmed(application_id=application_id, pool="same_day"), 3)
    content = await content_of(world, application_id)
    assert (content["purpose"], content["same_day"], content["guardian"]) == ("tourism", True, None)
    assert content["applicant"]["family_card_number"] == "3174010101150001"


async def test_the_file_of_an_adult_with_an_older_card_names_neither(world: World) -> None:
    content = await content_of(world, await world.booked())
    assert (content["same_day"], content["applicant"]["family_card_number"]) == (False, None)


async def childs(world: World) -> str:
    """A child's application with a certain visit; the guardian is the account's first applicant."""
    await world.meet()
    await world.meet("child", CHILD, guardian_applicant_id="appl", guardian_person_id="person-appl")
    application_id = await world.draft("child")
    answers = replace(make.ADULT, validity_years=5)
    seen = await world.service.drafting.answer(application_id, answers, OWNER)
    for item in seen.items:
        if item.compulsory:
            await world.upload(application_id, item.code)
    await world.service.drafting.submit(application_id, True, OWNER, world.command())
    await world.tell(make.held(application_id=application_id), 1)
    await world.tell(make.confirmed(application_id=application_id), 3)
    return application_id


async def test_the_file_of_a_child_names_the_guardian(world: World) -> None:
    content = await content_of(world, await childs(world))
    assert content["guardian"] == {"full_name": CARD["full_name"], "nik": CARD["nik"]}
    assert content["minor"] is True


async def test_a_guardian_whose_card_is_not_here_is_not_named(world: World) -> None:
    application_id = await childs(world)
    told = ApplicantConfirmed(
        account_id="acc",
        applicant_id="child",
        person_id="person-child",
        guardian_applicant_id="gone",
        guardian_person_id="person-gone",
    )
    await world.tell(told, 5)
    assert (await content_of(world, application_id))["guardian"] is None


def test_a_paid_surcharge_makes_a_visit_one_of_the_same_day() -> None:
    state = make.with_seats(make.draft(), make.held(), make.confirmed())
    assert not is_same_day(state.visits)
    surcharge = Bill("bill", 1, make.NOW, BillState.PAID, purpose="same_day")
    assert is_same_day(replace(state.visits, bills=(surcharge,)))
    assert not is_same_day(replace(state.visits, bills=(replace(surcharge, state=BillState.ISSUED),)))
    assert not is_same_day(Visits())


def test_the_key_of_trials_is_the_simulators() -> None:
    assert Unsealer.parse(SimulatorSettings().dpri_private_key).public_key_b64 == SIMULATORS_DPRI_KEY


async def test_the_hash_is_that_of_the_stored_picture(world: World) -> None:
    application_id = await world.booked()
    document = (await state_of(world, application_id)).documents[0]
    assert document.state is DocumentState.ACCEPTED and document.file_id is not None
    content = b"".join([piece async for piece in world.files.read(document.file_id)])
    assert hashlib.sha256(content).hexdigest() == document.sha256
