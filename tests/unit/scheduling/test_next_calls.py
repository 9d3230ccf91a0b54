"""The call that does the next action of an appointment."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.scheduling.booking.appointments.appointment import Status
from services.scheduling.booking.appointments.next_step import call_code_of, step_of
from shared.events.codes import ReleaseReason
from tests.unit.scheduling.test_seats_and_appointments import held


@pytest.mark.parametrize("reason", [ReleaseReason.OFFER_DECLINED, ReleaseReason.OFFER_LAPSED])
def test_after_an_offer_the_refunds_are_looked_at_and_no_seat_is_held(reason: ReleaseReason) -> None:
    ended = replace(held(), status=Status.RELEASED, released_for=reason)
    assert (call_code_of(ended), step_of(ended).current_step) == ("offer_ended", "refund")


def test_else_the_state_says_it() -> None:
    assert call_code_of(held()) == "held"
