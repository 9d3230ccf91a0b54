"""An approved refund asks for the seat back: once, and never for a visit that took place."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from services.scheduling.booking.appointments import appointment as appointments
from services.scheduling.booking.appointments.appointment import Appointment, Status
from services.scheduling.booking.appointments.payments import TRIES, answer_id
from services.scheduling.booking.appointments.refund_release import Releases
from services.scheduling.context import Actor
from services.scheduling.visit.counter.check_in import VisitorLookup
from shared.events import scheduling as said
from shared.events.billing import SeatReleaseRequested
from shared.service import NotYet
from shared.store.decision import Decision
from shared.store.kinds import Record
from tests.unit.scheduling.world import FRONT, START, World


def asks(appointment_id: str, refund: str = "refund") -> SeatReleaseRequested:
    return SeatReleaseRequested(refund_id=refund, appointment_id=appointment_id, application_id="application-ani")


async def test_a_confirmed_seat_goes_back(world: World) -> None:
    paid = await world.paid()
    await world.hear(asks(paid.id), "m1")
    record = await world.appointment(paid.id)
    assert (record.state.status, record.state.refund_id) == (Status.RELEASED, "refund")
    (event,) = await world.said(said.AppointmentReleased)
    assert isinstance(event, said.AppointmentReleased)
    assert (event.reason, event.was_confirmed) == ("refund_approved", True)
    await world.recover()
    assert (await world.buckets())["free"] == 2
    await world.rules_hold()


async def test_a_repeat_changes_nothing_even_with_an_empty_inbox(world: World) -> None:
    paid = await world.paid()
    await world.hear(asks(paid.id), "m1")
    await world.hear(asks(paid.id), "m1")
    await world.hear(asks(paid.id), "m2")
    assert len(await world.said(said.AppointmentReleased)) == 1
    again = await world.said(said.ReleaseRefused)
    assert [each.reason for each in again] == ["already_released"], "asked again, so it is said again"  # type: ignore[attr-defined]


async def test_another_refund_finds_it_released(world: World) -> None:
    paid = await world.paid()
    await world.hear(asks(paid.id), "m1")
    await world.hear(asks(paid.id, "another"), "m2")
    (event,) = await world.said(said.ReleaseRefused)
    assert isinstance(event, said.ReleaseRefused)
    assert (event.refund_id, event.reason) == ("another", "already_released")


async def test_a_visit_that_took_place_is_used(world: World) -> None:
    paid = await world.paid()
    world.clock.set(paid.state.seat.starts_at)
    await world.service.visits.check_in(VisitorLookup(appointment_id=paid.id), FRONT, "check-in")
    await world.hear(asks(paid.id), "m1")
    (event,) = await world.said(said.ReleaseRefused)
    assert isinstance(event, said.ReleaseRefused) and event.reason == "already_used"
    assert (await world.appointment(paid.id)).state.status is Status.CHECKED_IN


async def test_what_is_not_known_or_moves_is_asked_again(world: World) -> None:
    with pytest.raises(NotYet):
        await world.hear(asks("unknown"))
    paid = await world.paid()
    repository = world.service.repositories

    await repository.appointments.save(paid, Decision(replace(paid.state, status=Status.MOVING)), START)
    with pytest.raises(NotYet):
        await world.hear(asks(paid.id))


def asks_for_money(
    held_id: str, bill_id: str, receipt: str = "receipt", refund: str = "refund"
) -> SeatReleaseRequested:
    return SeatReleaseRequested(
        refund_id=refund,
        appointment_id=held_id,
        application_id="application-ani",
        bill_id=bill_id,
        receipt_id=receipt,
    )


async def lost(world: World) -> Record[Appointment]:
    """A seat that its holder gave up in the moment in which it was paid."""
    held = await world.hold()
    await world.hear(world.requested(held))
    await world.service.holds.cancel(held.id, Actor("account-ani"), "cancel", fee_is_lost=False)
    return held


async def test_a_seat_that_the_same_money_won_under_another_id_goes_back(world: World) -> None:
    held = await lost(world)
    await world.hear(world.paid_fact(held, receipt_id="receipt"))
    (won,) = await world.said(said.AppointmentConfirmed)
    await world.hear(asks_for_money(held.id, f"bill-{held.id}"), "m1")
    released = [each for each in await world.said(said.AppointmentReleased) if each.reason == "refund_approved"]  # type: ignore[attr-defined]
    assert [(each.appointment_id, each.refund_id) for each in released] == [(won.appointment_id, "refund")]  # type: ignore[attr-defined]
    assert await world.said(said.ReleaseRefused) == []
    await world.recover()
    await world.rules_hold()


async def test_a_used_visit_of_the_same_money_refuses_the_release(world: World) -> None:
    held = await lost(world)
    await world.hear(world.paid_fact(held, receipt_id="receipt"))
    (won,) = await world.said(said.AppointmentConfirmed)
    world.clock.set(won.starts_at)  # type: ignore[attr-defined]
    await world.service.visits.check_in(VisitorLookup(appointment_id=won.appointment_id), FRONT, "check-in")  # type: ignore[attr-defined]
    await world.hear(asks_for_money(held.id, f"bill-{held.id}"), "m1")
    (event,) = await world.said(said.ReleaseRefused)
    assert (event.appointment_id, event.reason) == (won.appointment_id, "already_used")  # type: ignore[attr-defined]


async def test_money_that_goes_back_wins_no_seat_afterwards(world: World) -> None:
    held = await lost(world)
    await world.hear(asks_for_money(held.id, f"bill-{held.id}"), "m1")
    (event,) = await world.said(said.ReleaseRefused)
    assert event.reason == "already_released"  # type: ignore[attr-defined]
    await world.hear(world.paid_fact(held, receipt_id="receipt"))
    await world.hear(world.late(held, "receipt"))
    assert await world.said(said.AppointmentConfirmed) == []
    (again,) = await world.said(said.SeatAnswerRepeated)
    assert again.outcome == "unavailable"  # type: ignore[attr-defined]


async def test_twin_without_closing_the_search_the_money_that_goes_back_wins_a_seat(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def open_search(*_: object) -> None:
        return None

    monkeypatch.setattr(Releases, "_close_search", open_search)
    held = await lost(world)
    await world.hear(asks_for_money(held.id, f"bill-{held.id}"), "m1")
    await world.hear(world.paid_fact(held, receipt_id="receipt"))
    assert len(await world.said(said.AppointmentConfirmed)) == 1, "a refunded visit"


async def test_the_release_meets_the_seat_that_is_written_while_it_looks(world: World) -> None:
    held = await lost(world)
    repository = world.service.repositories
    look, paid = repository.appointments.appointments_of, []

    async def looks_while_money_arrives(application_id: str) -> Any:
        if not paid:
            paid.append(True)
            await world.hear(world.paid_fact(held, receipt_id="receipt"))
        return await look(application_id)

    repository.appointments.appointments_of = looks_while_money_arrives
    await world.hear(asks_for_money(held.id, f"bill-{held.id}"), "m1")
    live = [each for each in await look("application-ani") if each.state.live]
    assert live == []


async def test_a_visit_that_stands_on_another_bill_stays(world: World) -> None:
    paid = await world.paid()
    await world.hear(asks_for_money(paid.id, "bill-of-old"), "m1")
    (event,) = await world.said(said.ReleaseRefused)
    assert event.reason == "already_released"  # type: ignore[attr-defined]
    assert (await world.appointment(paid.id)).state.status is Status.CONFIRMED


async def test_a_hold_whose_bill_is_not_known_here_yet_goes_back(world: World) -> None:
    held = await world.hold()
    await world.hear(asks_for_money(held.id, f"bill-{held.id}"), "m1")
    assert (await world.appointment(held.id)).state.status is Status.RELEASED


async def test_one_of_the_bills_visits_that_moves_is_asked_about_again(world: World) -> None:
    paid = await world.paid()
    repository = world.service.repositories
    moving = Decision(replace(paid.state, status=Status.MOVING))
    await repository.appointments.save(paid, moving, START)
    with pytest.raises(NotYet):
        await world.hear(asks_for_money(paid.id, f"bill-{paid.id}"))


async def test_the_search_is_closed_behind_abandoned_ids(world: World) -> None:
    held = await lost(world)
    key = ("late_payment", f"bill-{held.id}", "receipt")
    repository = world.service.repositories
    for attempt in range(2):
        await repository.appointments.begin(answer_id(key, attempt), Decision(appointments.tombstone(START)), START)
    await world.hear(asks_for_money(held.id, f"bill-{held.id}"), "m1")
    await world.hear(world.paid_fact(held, receipt_id="receipt"))
    assert await world.said(said.AppointmentConfirmed) == []


async def test_a_search_that_cannot_be_closed_is_tried_again(world: World) -> None:
    held = await lost(world)
    key = ("late_payment", f"bill-{held.id}", "receipt")
    repository = world.service.repositories
    for attempt in range(TRIES):
        await repository.appointments.begin(answer_id(key, attempt), Decision(appointments.tombstone(START)), START)
    with pytest.raises(NotYet):
        await world.hear(asks_for_money(held.id, f"bill-{held.id}"), "m1")


async def test_a_question_that_comes_twice_is_answered_once_whichever_visit_carried_the_answer(world: World) -> None:
    held = await lost(world)
    await world.hear(world.paid_fact(held, receipt_id="receipt"))
    for _ in range(2):
        await world.hear(asks_for_money(held.id, f"bill-{held.id}"), "m1")
    assert await world.said(said.ReleaseRefused) == []
