"""The end of a race has a name, and what contradicts itself across services is found."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from bench.pay_and_cancel import End, judge_end, plans

GOES_BACK_AND_STAYS = "the money goes back and the visit stays"
SOUGHT_AND_CONFIRMED = "a seat is sought for a bill whose visit is confirmed"


def bill(state: str = "paid", standing: str | None = "appointment") -> dict[str, Any]:
    return {"bill_id": "b", "state": state, "standing": standing}


def visit(status: str = "confirmed") -> dict[str, Any]:
    return {"appointment_id": "a", "status": status}


def refund(state: str = "paid") -> dict[str, Any]:
    return {"refund_id": "r", "state": state}


@pytest.mark.parametrize(
    ("end", "named"),
    [
        (End((bill(),), (), (visit("released"), visit())), "paid, with visit"),
        (End((bill(standing="refund"),), (refund(),), (visit("released"),)), "refunded, without visit"),
        (End((bill("cancelled", "refund"),), (refund("credited"),), (visit("released"),)), "unpaid, without visit"),
        (End((bill("cancelled", None),), (), (visit("released"),)), "unpaid, without visit"),
        (End((bill(standing="closed"),), (), (visit("released"),)), "paid, given up without refund"),
        (End((bill("expired", "seat_sought"),), (), (visit("offered"),)), "paid, another seat offered"),
        (End((bill(standing="refund"),), (refund("opened"),), ()), "refund case open, without visit"),
        (End((bill("issued", None),), (), ()), "not at rest"),
        (End(), "no bill"),
    ],
)
def test_an_end_without_contradiction_has_a_name(end: End, named: str) -> None:
    verdict = judge_end(end)
    assert verdict.named == named
    assert verdict.contradictions == ()


@pytest.mark.parametrize("state", ["ordered", "paid"])
@pytest.mark.parametrize("status", ["confirmed", "checked_in", "used", "moving"])
def test_money_that_goes_back_has_no_live_visit(state: str, status: str) -> None:
    verdict = judge_end(End((bill(standing="refund"),), (refund(state),), (visit(status),)))
    assert verdict.contradictions == (GOES_BACK_AND_STAYS,)
    assert verdict.named == "refunded, with visit"


@pytest.mark.parametrize("state", ["opened", "approved", "released", "refused", "withdrawn"])
def test_a_case_that_has_not_ordered_money_is_no_contradiction(state: str) -> None:
    assert GOES_BACK_AND_STAYS not in judge_end(End((bill(),), (refund(state),), (visit(),))).contradictions


def test_a_seat_is_not_sought_for_a_confirmed_visit() -> None:
    assert judge_end(End((bill("paid", "seat_sought"),), (), (visit(),))).contradictions == (SOUGHT_AND_CONFIRMED,)


def test_a_visit_stands_on_a_paid_bill_and_a_bill_that_claims_one_has_it() -> None:
    assert judge_end(End((bill("cancelled", None),), (), (visit(),))).contradictions
    assert judge_end(End((bill(),), (), (visit("released"),))).contradictions
    assert judge_end(End((bill(),), (), (visit(), visit()))).contradictions == ("two live visits of one application",)


def test_the_same_seed_gives_the_same_races() -> None:
    assert plans(40, 7) == plans(40, 7)
    assert plans(40, 7) != plans(40, 8)


def test_every_kind_of_race_is_run_equally_often_within_a_tenth_of_a_second() -> None:
    made = plans(80, 1)
    kinds = Counter((plan.give_up, plan.order, plan.fee_is_let_go) for plan in made)
    assert set(kinds.values()) == {10}
    assert len(kinds) == 8
    assert all(0 <= plan.delay_ms <= 100 for plan in made)
