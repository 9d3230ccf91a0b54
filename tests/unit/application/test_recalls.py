"""An order whose visit does not count is recalled, in time or too late, and ordered again once the fee is paid."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from services.application.alerts import BOOK_WITHOUT_PAYMENT, RECALL_REFUSED
from services.application.applications.application import Application, Status, deadlines
from services.application.applications.hand_over import MOST_REFUSALS, Approval, Recall, RecallState
from services.application.applications.schemas import ApplicationView
from services.application.issuance import transitions
from services.application.issuance.ports import DpriRefuses
from services.application.voided_book.errors import FeeNotPaid
from services.application.voided_book.voided_book import settle_order
from shared.errors import UpstreamDown
from shared.events.application import PassportPrinted, PrintingRecalled, RecallCameTooLate
from shared.store.transitions import IllegalTransition
from tests.unit.application import make
from tests.unit.application.test_voided_book import approve, money, print_it, void
from tests.unit.application.world import FRONT, World

TOO_LATE = DpriRefuses("already_printed")


async def state_of(world: World, application_id: str) -> Application:
    return (await world.service.applications.application(application_id)).state


async def approval_of(world: World, application_id: str) -> Approval:
    approval = (await state_of(world, application_id)).approval
    assert approval is not None
    return approval


async def recall_of(world: World, application_id: str) -> Recall:
    recall = (await approval_of(world, application_id)).recall
    assert recall is not None
    return recall


async def lines(world: World, application_id: str) -> list[str]:
    known = {"printing_recall_asked", "printing_recalled", "approval_held_back", "recall_too_late", "book_kept_back"}
    return [entry.what for entry in (await state_of(world, application_id)).timeline if entry.what in known]


async def ordered(world: World) -> str:
    """An application whose book was ordered at the issuance system; its id."""
    application_id = await world.approved()
    await world.run_due()
    assert len(world.dpri.approvals) == 1
    return application_id


async def test_an_order_whose_visit_does_not_count_is_recalled_and_ordered_again_once_paid(world: World) -> None:
    application_id = await ordered(world)
    assert await void(world, application_id) == []
    view = ApplicationView.from_seen(await world.look(application_id, FRONT), world.service.applications.rules)
    assert view.recall is not None and view.recall.state == "asked"
    await world.run_due()
    assert [recall["order_id"] for recall in world.dpri.recalls] == [world.dpri.approvals[0]["order_id"]]
    assert [event.office_id for event in world.events(PrintingRecalled)] == [make.OFFICE]
    assert await lines(world, application_id) == ["printing_recall_asked", "printing_recalled", "approval_held_back"]
    state = await state_of(world, application_id)
    assert {"approval", "recall", "printing"}.isdisjoint(deadlines(state)), "nothing is printed or looked for"
    await money(world, application_id)
    await world.run_due()
    first, second = world.dpri.approvals
    assert first["order_id"] != second["order_id"]
    assert len(world.dpri.recalls) == 1
    await print_it(world)
    await world.service.counter.hand_out(application_id, "self", FRONT, world.command())


async def test_a_visitor_with_a_proof_has_their_file_at_the_counter_and_its_order_is_recalled_with_the_proof(
    world: World,
) -> None:
    application_id = await world.submitted()
    await world.tell(make.held(application_id=application_id), 1)
    await world.run_due()
    assert world.dpri.files == {}, "a seat that is held is no visit"
    world.clock.set(make.VISIT)
    await world.tell(make.checked_in(application_id=application_id), 5)
    await world.run_due()
    number = (await state_of(world, application_id)).number
    assert world.dpri.files[number].content["appointment_id"] == make.APPOINTMENT
    assert world.writer.written == [], "the letter waits for the money"
    await approve(world, application_id)
    await world.run_due()
    assert len(world.dpri.approvals) == 1
    await void(world, application_id)
    await world.run_due()
    assert (await recall_of(world, application_id)).state is RecallState.RECALLED
    await money(world, application_id)
    await world.run_due()
    assert len(world.dpri.approvals) == 2


async def test_money_for_a_proof_hands_the_same_file_over_once_more_and_no_picture(world: World) -> None:
    application_id = await world.submitted()
    await world.tell(make.held(application_id=application_id), 1)
    await world.tell(make.checked_in(application_id=application_id), 5)
    await world.run_due()
    pictures = len(world.dpri.sent_pictures)
    await money(world, application_id)
    await world.run_due()
    assert len(set(world.dpri.deliveries)) == 1
    assert len(world.dpri.sent_pictures) == pictures


async def test_a_recall_is_tried_again_until_the_issuance_system_answers(world: World) -> None:
    application_id = await ordered(world)
    await void(world, application_id)
    world.dpri.says_of_recalls += [UpstreamDown("dpri", "timeout")] * 3
    await world.run_due()
    recall = await recall_of(world, application_id)
    assert (recall.state, recall.problem, recall.tries) == (RecallState.ASKED, "upstream_down", 1)
    for _ in range(6):
        await world.after(world.settings.hand_over_longest_retry_seconds)
    assert (await recall_of(world, application_id)).state is RecallState.RECALLED
    assert len({recall["order_id"] for recall in world.dpri.recalls}) == 1
    assert len(world.events(PrintingRecalled)) == 1


async def test_a_recall_that_comes_too_late_keeps_the_book_at_the_office_until_the_fee_is_paid(world: World) -> None:
    application_id = await ordered(world)
    await void(world, application_id)
    world.dpri.says_of_recalls.append(TOO_LATE)
    with capture_logs() as logs:
        await world.run_due()
    assert [line["detail"] for line in logs if line["event"] == BOOK_WITHOUT_PAYMENT] == ["book_kept_back"]
    assert [event.application_id for event in world.events(RecallCameTooLate)] == [application_id]
    assert await lines(world, application_id) == ["printing_recall_asked", "recall_too_late", "book_kept_back"]
    await print_it(world)
    seen = await world.look(application_id, FRONT)
    assert seen.application.status is Status.PRINTED
    view = ApplicationView.from_seen(seen, world.service.applications.rules)
    assert view.recall is not None and view.recall.state == "too_late" and view.recall.ended_at is not None
    assert "waits for the fee" in view.next_action
    with pytest.raises(FeeNotPaid):
        await world.service.counter.hand_out(application_id, "self", FRONT, world.command())
    assert len(world.events(RecallCameTooLate)) == 1
    await money(world, application_id)
    done = await world.service.counter.hand_out(application_id, "self", FRONT, world.command())
    assert done.application.status is Status.COLLECTED
    assert len(world.dpri.approvals) == 1


async def test_a_print_that_is_seen_first_ends_the_recall(world: World) -> None:
    application_id = await ordered(world)
    await void(world, application_id)
    world.dpri.says_of_recalls += [UpstreamDown("dpri", "timeout")] * 100
    world.dpri.printed = True
    with capture_logs() as logs:
        for _ in range(3):
            await world.after(world.settings.print_poll_seconds)
    assert "book_kept_back" in [line.get("detail") for line in logs if line["event"] == BOOK_WITHOUT_PAYMENT]
    state = await state_of(world, application_id)
    assert (state.status, (await recall_of(world, application_id)).state) == (Status.PRINTED, RecallState.TOO_LATE)
    assert "recall" not in deadlines(state)
    assert (len(world.events(RecallCameTooLate)), len(world.events(PassportPrinted))) == (1, 1)


async def test_an_order_whose_acknowledgement_was_lost_is_recalled_and_its_print_is_found(world: World) -> None:
    """The order may have arrived all the same: nothing is taken for granted."""
    application_id = await world.approved()
    world.dpri.down()
    await world.run_due()
    await void(world, application_id)
    world.dpri.says_of_recalls.append(TOO_LATE)
    await world.run_due()
    assert (await approval_of(world, application_id)).acknowledged_at is not None
    await print_it(world)
    assert (await state_of(world, application_id)).status is Status.PRINTED


async def test_a_file_that_is_not_known_there_has_nothing_to_recall(world: World) -> None:
    application_id = await ordered(world)
    await void(world, application_id)
    world.dpri.says_of_recalls.append(DpriRefuses("file_unknown"))
    await world.run_due()
    assert (await recall_of(world, application_id)).state is RecallState.RECALLED


async def test_a_recall_that_is_refused_alerts_the_operators_once_and_goes_on(world: World) -> None:
    application_id = await ordered(world)
    await void(world, application_id)
    world.dpri.says_of_recalls += [DpriRefuses("malformed")] * (MOST_REFUSALS + 2)
    with capture_logs() as logs:
        for _ in range(MOST_REFUSALS + 4):
            await world.after(world.settings.hand_over_longest_retry_seconds)
    (alert,) = [line for line in logs if line["event"] == RECALL_REFUSED]
    assert (alert["problem"], alert["application_id"]) == ("malformed", application_id)
    assert (await recall_of(world, application_id)).state is RecallState.RECALLED


async def test_money_that_comes_before_the_recall_has_ended_orders_again_after_it(world: World) -> None:
    application_id = await ordered(world)
    await void(world, application_id)
    await money(world, application_id)
    assert "approval" not in deadlines(await state_of(world, application_id))
    await world.run_due()
    await world.run_due()
    assert len(world.dpri.recalls) == 1
    assert len({approval["order_id"] for approval in world.dpri.approvals}) == 2


# ---- one overtakes the other ----


async def meeting(
    world: World, monkeypatch: pytest.MonkeyPatch, verb: str, meanwhile: Callable[[], Awaitable[Any]]
) -> None:
    """Let something happen after the issuance system has done its part and before its answer is noted, once."""
    real = getattr(world.dpri, verb)

    async def overtaken(*given: Any) -> Any:
        answer = await real(*given)
        monkeypatch.setattr(world.dpri, verb, real)
        await meanwhile()
        return answer

    monkeypatch.setattr(world.dpri, verb, overtaken)


async def test_a_recall_that_ends_while_the_order_is_given_is_not_undone_by_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    application_id = await world.approved()
    record = await world.service.applications.application(application_id)

    async def voided_and_recalled() -> None:
        await void(world, application_id)
        newest = await world.service.applications.application(application_id)
        await world.service.recalls.recall_due(newest, "recall")

    await meeting(world, monkeypatch, "approve", voided_and_recalled)
    await world.service.issuance.approve_due(record, "approval")
    approval = await approval_of(world, application_id)
    assert (approval.acknowledged_at, approval.next_poll_at) == (None, None)
    assert (await recall_of(world, application_id)).state is RecallState.RECALLED


async def late_answer_of_an_earlier_order(world: World, monkeypatch: pytest.MonkeyPatch) -> Approval:
    """The first order's answer comes when it was recalled, paid for, and ordered again."""
    application_id = await world.approved()
    record = await world.service.applications.application(application_id)

    async def recalled_and_paid() -> None:
        await void(world, application_id)
        newest = await world.service.applications.application(application_id)
        await world.service.recalls.recall_due(newest, "recall")
        await money(world, application_id)

    await meeting(world, monkeypatch, "approve", recalled_and_paid)
    await world.service.issuance.approve_due(record, "approval")
    return await approval_of(world, application_id)


async def test_the_answer_to_an_earlier_order_says_nothing_of_the_newest(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    approval = await late_answer_of_an_earlier_order(world, monkeypatch)
    assert (approval.order, approval.acknowledged_at) == (2, None)
    await world.run_due()
    assert len({approval["order_id"] for approval in world.dpri.approvals}) == 2


async def test_twin_orders_that_are_not_told_apart_leave_the_newest_unprinted(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.application.voided_book.voided_book.Approval", _same_order)
    approval = await late_answer_of_an_earlier_order(world, monkeypatch)
    assert approval.acknowledged_at is not None, "taken for ordered, though that order was recalled"


def _same_order(approved_at: Any, *, next_try_at: Any, order: int) -> Approval:
    return Approval(approved_at, next_try_at=next_try_at, order=order - 1)


async def test_a_look_for_the_book_that_is_overtaken_by_the_recall_looks_no_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    application_id = await ordered(world)
    await void(world, application_id)
    record = await world.service.applications.application(application_id)
    await meeting(world, monkeypatch, "get_state", lambda: world.service.recalls.recall_due(record, "recall"))
    await world.service.issuance.look_for_book(record, "printing")
    assert "printing" not in deadlines(await state_of(world, application_id))


async def test_a_recall_that_two_replicas_try_is_one(world: World) -> None:
    application_id = await ordered(world)
    await void(world, application_id)
    record = await world.service.applications.application(application_id)
    for _ in range(2):
        await world.service.recalls.recall_due(record, "recall")
    assert (await recall_of(world, application_id)).tries == 1
    assert len(world.events(PrintingRecalled)) == 1
    newest = await world.service.applications.application(application_id)
    await world.service.recalls.recall_due(newest, "recall")
    assert len(world.dpri.recalls) == 2, "one that has ended is not tried"


def test_only_an_approved_book_is_recalled_or_ordered_again() -> None:
    assert settle_order(make.draft(), make.NOW) == make.draft()
    approved = make.draft(status=Status.APPROVED, approval=Approval(make.NOW, None))
    assert settle_order(approved, make.NOW) == approved
    recalled = Recall(make.NOW, None, state=RecallState.RECALLED)
    again = settle_order(replace(approved, approval=Approval(make.NOW, None, recall=recalled)), make.NOW)
    assert again.approval == Approval(make.NOW, make.NOW, order=2)


def test_what_was_not_asked_for_is_not_recalled() -> None:
    approved = make.draft(status=Status.APPROVED, approval=Approval(make.NOW, None))
    with pytest.raises(IllegalTransition):
        transitions.recall_confirmed(make.APPLICATION, approved, make.NOW)
    assert transitions.recall_too_late(make.APPLICATION, approved, make.NOW).events == ()
