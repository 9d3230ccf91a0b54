"""An approved refund asks for the seat back: once, and never for a visit that took place."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.scheduling.domain.appointments import Status
from services.scheduling.service.visits import Visitor
from shared.events import scheduling as said
from shared.events.billing import SeatReleaseRequested
from shared.service import NotYet
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
    await world.service.visits.check_in(Visitor(appointment_id=paid.id), FRONT, "check-in")
    await world.hear(asks(paid.id), "m1")
    (event,) = await world.said(said.ReleaseRefused)
    assert isinstance(event, said.ReleaseRefused) and event.reason == "already_used"
    assert (await world.appointment(paid.id)).state.status is Status.CHECKED_IN


async def test_what_is_not_known_or_moves_is_asked_again(world: World) -> None:
    with pytest.raises(NotYet):
        await world.hear(asks("unknown"))
    paid = await world.paid()
    repository = world.service.desk.repository
    from services.scheduling.domain.appointments import Decision

    await repository.save(paid, Decision(replace(paid.state, status=Status.MOVING)), START)
    with pytest.raises(NotYet):
        await world.hear(asks(paid.id))
