"""The price of a passport by day, and the rule of each price."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from services.billing.data.reference import refund_reasons, tariff_book
from services.billing.receipts.refund_subject import RefundCause
from services.billing.refunds.model import RefundReasonUnknown
from services.billing.tariffs.model import NoTariffInForce, Order, book_of, price

BOOK = tariff_book()
PP_28 = date(2019, 5, 3)
PP_45 = date(2024, 12, 17)
LAST_DAY_OF_PP_28 = PP_45 - timedelta(days=1)


@pytest.mark.acceptance("X9.fee_of_the_day")
@pytest.mark.parametrize(
    ("kind", "years", "before", "after"),
    [
        ("ordinary", 5, 350_000, 350_000),
        ("ordinary", 10, 350_000, 650_000),
        ("electronic", 5, 650_000, 650_000),
        ("electronic", 10, 650_000, 950_000),
    ],
)
def test_the_fee_is_that_of_the_day(kind: str, years: int, before: int, after: int) -> None:
    order = Order(kind, years, "new")
    assert price(BOOK, order, PP_28).total == before
    assert price(BOOK, order, LAST_DAY_OF_PP_28).total == before
    assert price(BOOK, order, PP_45).total == after
    assert price(BOOK, order, LAST_DAY_OF_PP_28).legal_basis == "PP 28/2019"
    assert price(BOOK, order, PP_45).legal_basis == "PP 45/2024"
    assert price(BOOK, order, PP_45).tariff_id == "pp-45-2024"


def test_no_tariff_covers_the_day_before_the_first_one() -> None:
    with pytest.raises(NoTariffInForce):
        price(BOOK, Order("ordinary", 5, "new"), PP_28 - timedelta(days=1))


def test_a_kind_that_no_tariff_knows_has_no_price() -> None:
    with pytest.raises(NoTariffInForce):
        price(BOOK, Order("diplomatic", 5, "new"), PP_45)


@pytest.mark.parametrize(("reason", "penalty"), [("lost", 1_000_000), ("damaged", 500_000)])
@pytest.mark.parametrize("on", [PP_28, PP_45])
def test_a_lost_or_damaged_book_adds_its_penalty(reason: str, penalty: int, on: date) -> None:
    priced = price(BOOK, Order("ordinary", 5, reason), on)
    assert [(line.code, line.amount) for line in priced.lines] == [("passport", 350_000), ("penalty", penalty)]
    assert priced.total == 350_000 + penalty


def test_the_same_day_costs_a_surcharge() -> None:
    priced = price(BOOK, Order("ordinary", 5, "expired", same_day=True), PP_45)
    assert [line.code for line in priced.lines] == ["passport", "same_day"]
    assert priced.total == 1_350_000


@pytest.mark.parametrize("ground", ["migrant_worker_first", "citizen_in_need_abroad", "government_scholarship"])
def test_a_zero_tariff_frees_from_the_fee_and_names_its_rule(ground: str) -> None:
    order = Order("ordinary", 5, "new", zero_tariff=ground)
    assert price(BOOK, order, PP_45).total == 0
    assert price(BOOK, order, PP_45).legal_basis == "PP 45/2024 art. 5(1)"
    assert price(BOOK, order, LAST_DAY_OF_PP_28).total == 350_000
    electronic = Order("electronic", 5, "new", zero_tariff=ground)
    assert price(BOOK, electronic, PP_45).total == 650_000


def test_force_majeure_frees_from_the_penalty_only() -> None:
    priced = price(BOOK, Order("ordinary", 5, "lost", zero_tariff="force_majeure"), PP_45)
    assert [line.amount for line in priced.lines] == [350_000, 0]
    assert priced.legal_basis == "PP 45/2024; PMK 51/PMK.02/2020"


def test_an_unknown_ground_frees_from_nothing() -> None:
    assert price(BOOK, Order("ordinary", 5, "new", zero_tariff="friend_of_the_head"), PP_45).total == 350_000


def test_the_grounds_of_a_day_can_be_listed() -> None:
    assert [zero.code for zero in BOOK.zero_tariffs_on(LAST_DAY_OF_PP_28)] == ["force_majeure"]
    assert len(BOOK.zero_tariffs_on(PP_45)) == 4


def test_a_gap_between_tariffs_is_refused() -> None:
    tariff = {"legal_basis": "x", "same_day_amount": 0, "fees": [], "penalties": []}
    first = {**tariff, "id": "a", "effective_from": PP_28, "effective_to": LAST_DAY_OF_PP_28}
    with pytest.raises(ValueError, match="must end on the day"):
        book_of({"tariff": [first, {**tariff, "id": "b", "effective_from": PP_45}]})


def test_every_cause_that_billing_opens_a_case_for_is_in_the_table() -> None:
    for cause in RefundCause:
        assert refund_reasons().reason(cause.value, PP_45).automatic


def test_a_reason_outside_the_table_or_its_days_is_refused() -> None:
    with pytest.raises(RefundReasonUnknown):
        refund_reasons().reason("changed_my_mind", PP_45)
    with pytest.raises(RefundReasonUnknown):
        refund_reasons().reason("zero_tariff_entitled", LAST_DAY_OF_PP_28)
