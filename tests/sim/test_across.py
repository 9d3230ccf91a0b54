"""The rules across services on facts made by hand: each finds what breaks it and nothing in what keeps it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.sim import across
from tests.sim.across import Application, Bill, Deposit, Facts, Owner, Receipt, Seat, Visit

OWNER = Owner("application-1", "account-1", "person-1")
OTHER = Owner("application-2", "account-2", "person-2")
VISIT = Visit("visit-1", "confirmed", OWNER, "bill-1", "seat-1")
BILL = Bill("bill-1", "paid", OWNER, "visit-1", "NTPN1")
RECEIPT = Receipt("NTPN1", "code-1", 650_000)
REFUNDED = replace(RECEIPT, refunded=650_000)


def facts(
    *,
    visits: tuple[Visit, ...] = (VISIT,),
    bills: tuple[Bill, ...] = (BILL,),
    receipts: tuple[Receipt, ...] = (RECEIPT,),
    deposits: tuple[Deposit, ...] = (Deposit("NTPN1", "code-1", 650_000),),
    printed: bool = False,
    holder: str | None = "visit-1",
) -> Facts:
    applications = (Application(OWNER, printed), Application(OTHER, printed=False))
    return Facts(
        visits={each.visit_id: each for each in visits},
        seats={"seat-1": Seat("seat-1", holder)},
        bills={each.bill_id: each for each in bills},
        receipts={each.receipt_id: each for each in receipts},
        deposits={each.receipt_id: each for each in deposits},
        applications={each.owner.application_id: each for each in applications},
    )


def rules(given: Facts, *, at_rest: bool = True) -> set[str]:
    return {breach.rule for breach in across.breaches(given, at_rest=at_rest)}


@pytest.mark.parametrize("status", sorted(across.CERTAIN))
def test_a_visit_on_its_money_keeps_all_rules(status: str) -> None:
    assert not rules(facts(visits=(replace(VISIT, status=status),), printed=True))


@pytest.mark.parametrize("status", sorted(across.CERTAIN))
def test_a_certain_visit_on_a_refunded_receipt_breaks_two_rules(status: str) -> None:
    given = facts(visits=(replace(VISIT, status=status),), receipts=(REFUNDED,))
    assert rules(given) == rules(given, at_rest=False) == {"I11", "I12"}


def test_a_part_that_went_back_leaves_the_visit_on_its_receipt() -> None:
    assert not rules(facts(receipts=(replace(RECEIPT, refunded=649_999),)))


def test_a_released_visit_may_have_its_money_back() -> None:
    assert not rules(facts(visits=(replace(VISIT, status="released"),), receipts=(REFUNDED,), holder=None))


def test_an_offer_on_refunded_money_breaks_i12() -> None:
    sought = replace(BILL, state="expired", money=None, sought_for="NTPN1")
    given = facts(visits=(replace(VISIT, status="offered"),), bills=(sought,), receipts=(REFUNDED,))
    assert rules(given) == {"I12"}


def test_a_printed_passport_on_refunded_money_breaks_i12() -> None:
    given = facts(visits=(replace(VISIT, status="released"),), receipts=(REFUNDED,), printed=True, holder=None)
    assert rules(given) == {"I12"}


def test_a_printed_passport_on_another_receipt_of_its_application_is_paid() -> None:
    second = Receipt("NTPN2", "code-2", 650_000)
    given = facts(
        visits=(replace(VISIT, bill_id="bill-2"),),
        bills=(BILL, replace(BILL, bill_id="bill-2", money="NTPN2")),
        receipts=(REFUNDED, second),
        deposits=(Deposit("NTPN1", "code-1", 650_000), Deposit("NTPN2", "code-2", 650_000)),
        printed=True,
    )
    assert not rules(given)


def test_a_waived_bill_needs_no_money() -> None:
    assert not rules(facts(bills=(replace(BILL, state="waived", money=None),), receipts=(), deposits=()))


def test_a_visit_without_bill_or_money_breaks_i11() -> None:
    assert rules(facts(visits=(replace(VISIT, bill_id=None),))) == {"I11"}
    assert rules(facts(bills=(replace(BILL, money=None),))) == {"I11"}


def test_late_money_may_still_be_on_its_way_to_the_bill_of_a_confirmed_seat() -> None:
    late = facts(bills=(replace(BILL, state="expired", money=None, sought_for="NTPN1"),))
    assert not rules(late, at_rest=False)
    assert rules(late) == {"I11"}


def test_two_visits_on_one_bill_break_i11() -> None:
    second = replace(VISIT, visit_id="visit-2", status="used")
    assert "I11" in rules(facts(visits=(VISIT, second)), at_rest=False)


def test_a_receipt_that_simponi_does_not_know_breaks_i13() -> None:
    assert rules(facts(deposits=())) == {"I13"}
    for wrong in (Deposit("NTPN1", "code-1", 350_000), Deposit("NTPN1", "code-2", 650_000)):
        assert rules(facts(deposits=(wrong,))) == {"I13"}


@pytest.mark.parametrize("strange", [OTHER, replace(OWNER, account_id="account-2"), replace(OWNER, person_id="p")])
def test_what_belongs_to_somebody_else_breaks_i14(strange: Owner) -> None:
    assert rules(facts(bills=(replace(BILL, owner=strange),)), at_rest=False) == {"I14"}
    assert rules(facts(visits=(replace(VISIT, owner=strange),)), at_rest=False) == {"I14"}


def test_an_owner_whom_nobody_knows_breaks_i14() -> None:
    unknown = replace(OWNER, application_id="application-9")
    assert rules(facts(visits=(replace(VISIT, owner=unknown),), bills=(replace(BILL, owner=unknown),))) == {"I14"}


def test_seat_and_bill_know_the_same_visit_once_all_is_at_rest() -> None:
    for given in (facts(holder=None), facts(holder="visit-9"), facts(bills=(replace(BILL, visit_id="visit-9"),))):
        assert not rules(given, at_rest=False)
        assert rules(given) == {"I14"}
