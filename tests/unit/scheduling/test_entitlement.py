"""Each paid visit is in exactly one place: coming, over, a new date until a time, or closed with a reason (F63)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from services.scheduling.booking.appointments.appointment import Appointment, Status
from services.scheduling.booking.appointments.entitlement import OVERDUE, EntitlementState, entitlement_of, is_certain
from services.scheduling.booking.appointments.special_reschedule_right import Special, SpecialState
from services.scheduling.rules import Rules
from shared.events.codes import ReleaseReason, SpecialCause
from shared.store.decision import Decision
from tests.unit.scheduling.world import START, World

UNTIL = START + timedelta(days=30)
RULES = Rules()


def special(state: SpecialState, **changes: object) -> Special:
    return replace(Special(state, SpecialCause.ILLNESS, until=UNTIL), **changes)  # type: ignore[arg-type]


async def visit(world: World) -> Appointment:
    return (await world.paid()).state


@pytest.mark.acceptance("F63.exactly_one", "F63.rebookable", "F63.special_reschedule")
async def test_every_state_of_a_paid_visit_has_one_place(world: World) -> None:
    paid = await visit(world)
    asks = paid.seat.ends_at + timedelta(seconds=RULES.special_ask_seconds)
    cases: list[tuple[Appointment, EntitlementState, object]] = [
        (paid, EntitlementState.COMING, paid.miss_at),
        (replace(paid, status=Status.MOVING), EntitlementState.COMING, None),
        (replace(paid, status=Status.CHECKED_IN), EntitlementState.AT_THE_OFFICE, None),
        (replace(paid, status=Status.USED), EntitlementState.TOOK_PLACE, None),
        (replace(paid, status=Status.NO_SHOW), EntitlementState.REBOOKABLE, asks),
        (
            replace(paid, status=Status.SPECIAL_OPEN, special=special(SpecialState.OPEN)),
            EntitlementState.SPECIAL_OPEN,
            UNTIL,
        ),
        (
            replace(paid, status=Status.SPECIAL_MOVING, special=special(SpecialState.OPEN)),
            EntitlementState.SPECIAL_OPEN,
            UNTIL,
        ),
    ]
    for state, place, until in cases:
        found = entitlement_of(state, now=START, rules=RULES)
        assert found is not None and (found.place, found.until) == (place, until), state.status


@pytest.mark.acceptance("F63.closed")
async def test_what_is_closed_says_why(world: World) -> None:
    paid = await visit(world)
    missed = replace(paid, status=Status.NO_SHOW)
    late = paid.seat.ends_at + timedelta(seconds=RULES.special_ask_seconds, milliseconds=1)
    refused = special(SpecialState.REFUSED, reason="evidence_missing")
    cases = [
        (replace(paid, status=Status.RELEASED, released_for=ReleaseReason.REFUND_APPROVED), "refund_approved"),
        (replace(paid, status=Status.SPECIAL_ENDED), "special_ended"),
        (missed, "missed"),
        (replace(missed, special=refused), "evidence_missing"),
    ]
    for state, reason in cases:
        found = entitlement_of(state, now=late, rules=RULES)
        assert found is not None and (found.place, found.reason) == (EntitlementState.CLOSED, reason)
    waiting = entitlement_of(replace(missed, special=special(SpecialState.ASKED)), now=late, rules=RULES)
    assert waiting is not None and waiting.place is EntitlementState.REBOOKABLE, "a request that waits keeps the right"


async def test_what_is_in_no_place_breaks_the_rule(world: World) -> None:
    paid = await visit(world)
    assert entitlement_of(replace(paid, cause=None), now=START, rules=RULES) is None
    assert is_certain(replace(paid, cause=None), now=START, rules=RULES)
    broken = [
        replace(paid, status=Status.SPECIAL_OPEN),
        replace(paid, status=Status.SPECIAL_OPEN, special=special(SpecialState.USED)),
        replace(paid, status=Status.SPECIAL_OPEN, special=special(SpecialState.OPEN, until=None)),
        replace(paid, status=Status.RELEASED),
        replace(paid, status=Status.UNAVAILABLE),
    ]
    assert not any(is_certain(state, now=START, rules=RULES) for state in broken)
    assert paid.miss_at is not None
    assert is_certain(paid, now=paid.miss_at + OVERDUE, rules=RULES)
    assert not is_certain(paid, now=paid.miss_at + OVERDUE + timedelta(seconds=1), rules=RULES)


@pytest.mark.acceptance("F63.exactly_one")
async def test_the_running_service_finds_a_paid_visit_without_a_place(world: World) -> None:
    paid = await world.paid()
    report = await world.service.paid_visits.each_is_in_one_place()
    assert report.holds and report.checked == 1
    lost = Decision(replace(paid.state, status=Status.SPECIAL_OPEN))
    await world.service.repositories.appointments.save(paid, lost, world.clock.now())
    assert (await world.service.paid_visits.each_is_in_one_place()).broken == (paid.id,)


async def test_one_that_was_caught_in_between_is_looked_at_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    paid = await world.paid()
    repository = world.service.repositories
    lost = await repository.appointments.save(
        paid, Decision(replace(paid.state, status=Status.SPECIAL_OPEN)), world.clock.now()
    )

    async def as_it_was(_: str) -> object:
        return paid

    monkeypatch.setattr(repository.appointments, "appointment", as_it_was)
    assert lost.version > paid.version
    assert (await world.service.paid_visits.each_is_in_one_place()).holds
