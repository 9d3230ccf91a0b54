"""SIMPONI's books without any server: codes, payments at the edge of time, forces, numbers."""

from __future__ import annotations

import random
import re
from datetime import timedelta

import pytest

from simulators.errors import Refusal, SimulatorFull
from simulators.simponi import books as books_module
from simulators.simponi import errors
from simulators.simponi.books import FORCES, Billing, Books

from .conftest import START

AMOUNT = 350_000
EXPIRES_AT = START + timedelta(hours=2)


@pytest.fixture
def books() -> Books:
    return Books(random.Random(7))


def issue(books: Books, reference: str = "r-1", amount: int = AMOUNT) -> Billing:
    return books.issue(reference, amount, EXPIRES_AT, START)[0]


def test_the_same_reference_has_the_same_code(books: Books) -> None:
    first, new = books.issue("r-1", AMOUNT, EXPIRES_AT, START)
    again, new_again = books.issue("r-1", AMOUNT, EXPIRES_AT + timedelta(hours=1), EXPIRES_AT + timedelta(minutes=1))
    assert (new, new_again) == (True, False)
    assert again is first
    assert re.fullmatch(r"82261121[0-9]{7}", first.code)


def test_the_same_reference_for_another_amount_is_refused(books: Books) -> None:
    issue(books)
    with pytest.raises(errors.ReferenceUsedForAnotherAmount):
        issue(books, amount=AMOUNT + 1)


def test_an_expiry_may_be_now_but_not_past(books: Books) -> None:
    assert books.issue("r-1", AMOUNT, START, START + timedelta(milliseconds=900))[1]
    with pytest.raises(errors.ExpiryPassed):
        books.issue("r-2", AMOUNT, START, START + timedelta(seconds=1))


def test_numbers_have_their_forms_and_are_unique(books: Books) -> None:
    payments = [books.pay(issue(books, f"r-{n}").code, AMOUNT, "atm", START) for n in range(300)]
    assert all(re.fullmatch(r"[0-9]{12}", payment.ntb) for payment in payments)
    assert all(re.fullmatch(r"[A-Z][A-Z0-9]{15}", payment.ntpn or "") for payment in payments)
    assert len({payment.ntpn for payment in payments}) == len({payment.ntb for payment in payments}) == 300


@pytest.mark.parametrize(("late_seconds", "accepted"), [(0, True), (0.999, True), (1, False)])
def test_the_second_of_the_expiry_is_in_time(books: Books, late_seconds: float, accepted: bool) -> None:
    code, now = issue(books).code, EXPIRES_AT + timedelta(seconds=late_seconds)
    assert books.billing(code).status(now) == ("unpaid" if accepted else "expired")
    if accepted:
        assert books.pay(code, AMOUNT, "atm", now).paid_at == EXPIRES_AT
    else:
        with pytest.raises(errors.CodeExpired):
            books.pay(code, AMOUNT, "atm", now)


def test_a_backdated_payment_counts_by_its_pay_time(books: Books) -> None:
    code = issue(books).code
    late = EXPIRES_AT + timedelta(minutes=15)
    payment = books.pay(code, AMOUNT, "atm", late, paid_at=EXPIRES_AT)
    assert (payment.paid_at, payment.settled_at) == (EXPIRES_AT, late)
    assert books.billing(code).status(late) == "paid"


def refuse_without(books: Books, code: str, force: str, refusal: type[Refusal], amount: int = AMOUNT) -> None:
    """Pay with every force but one, which is refused, and then with that one alone, which is not."""
    now = books.find(code).expires_at + timedelta(days=1) if force == "allow_expired" else START  # type: ignore[union-attr]
    with pytest.raises(refusal):
        books.pay(code, amount, "atm", now, force=FORCES - {force})
    assert books.pay(code, amount, "atm", now, force=frozenset({force})).amount == amount


def test_each_refusal_of_the_bank_yields_to_its_own_force_only(books: Books) -> None:
    refuse_without(books, issue(books, "late").code, "allow_expired", errors.CodeExpired)
    refuse_without(books, issue(books, "wrong").code, "allow_wrong_amount", errors.AmountWrong, amount=1)
    refuse_without(books, "820000000000000", "allow_unknown", errors.CodeUnknown)
    paid = issue(books, "double").code
    books.pay(paid, AMOUNT, "atm", START)
    refuse_without(books, paid, "allow_double", errors.AlreadyPaid)
    assert len(books.billing(paid).payments) == 2
    cancelled = issue(books, "cancelled").code
    books.cancel(cancelled, START)
    refuse_without(books, cancelled, "allow_cancelled", errors.CodeCancelled)


def test_an_ntb_alone_leaves_the_code_unpaid_until_it_is_settled(books: Books) -> None:
    code = issue(books).code
    payment = books.pay(code, AMOUNT, "atm", START, ntb_only=True)
    assert (payment.ntpn, payment.settled) == (None, False)
    assert books.billing(code).status(START) == "unpaid"
    with pytest.raises(errors.AlreadyPaid):
        books.pay(code, AMOUNT, "atm", START)
    assert books.settle(code, START) == [payment]
    assert payment.settled
    assert books.billing(code).status(START) == "paid"
    with pytest.raises(errors.NothingToSettle):
        books.settle(code, START)


def test_a_payment_on_an_unknown_code_can_be_settled_too(books: Books) -> None:
    code = "820000000000000"
    books.pay(code, AMOUNT, "atm", START, force=frozenset({"allow_unknown"}), ntb_only=True)
    assert books.settle(code, START)[0].settled
    assert books.find(code) is None


def test_a_cancel_is_repeatable_and_spares_paid_codes(books: Books) -> None:
    code = issue(books).code
    books.cancel(code, START)
    assert books.cancel(code, START + timedelta(minutes=1)).cancelled_at == START
    assert books.billing(code).status(START) == "cancelled"
    paid = issue(books, "r-2").code
    books.pay(paid, AMOUNT, "atm", START)
    with pytest.raises(errors.AlreadyPaid):
        books.cancel(paid, START)


def test_a_payment_is_booked_on_the_wib_day_it_is_settled(books: Books) -> None:
    code = issue(books).code
    before_midnight = START.replace(hour=16, minute=59, second=59)
    books.pay(code, AMOUNT, "atm", before_midnight, force=frozenset({"allow_expired"}))
    other = books.pay(issue(books, "r-2").code, AMOUNT, "atm", before_midnight + timedelta(seconds=1), paid_at=START)
    assert len(list(books.settled_on(START.date()))) == 1
    assert list(books.settled_on(START.date() + timedelta(days=1))) == [other]


def test_full_books_refuse(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(books_module, "MAX_BILLINGS", 1)
    monkeypatch.setattr(books_module, "MAX_PAYMENTS", 1)
    code = issue(books).code
    issue(books)
    with pytest.raises(SimulatorFull):
        issue(books, "r-2")
    books.pay(code, AMOUNT, "atm", START)
    with pytest.raises(SimulatorFull):
        books.pay(code, AMOUNT, "atm", START, force=FORCES)
