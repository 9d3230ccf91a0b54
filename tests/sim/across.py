"""Rules that join the stores of several services: I11 to I14, each a pure function of plain facts.

No service sees all of this alone, so each of them can be right while money is lost between them. Whoever has the facts
(the simulation reads all stores at one moment; a check in production asks for them) calls the same functions.
``at_rest``: no message is under way, so what one service has written the others know. Without it only what must hold at
every single moment is asked for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

CERTAIN: Final = frozenset({"confirmed", "moving", "checked_in", "used"})
"""A visit that is confirmed, is being moved, takes place or took place as a paid one."""

EXPECTED: Final = CERTAIN | {"offered", "on_proof", "used_on_proof"}
"""A visit, or an offer of one, that money must not have been refunded of."""

WAIVED: Final = "waived"


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose something is, by the ids that all services share."""

    application_id: str
    account_id: str
    person_id: str


@dataclass(frozen=True, slots=True)
class Visit:
    """Scheduling's appointment."""

    visit_id: str
    status: str
    owner: Owner
    bill_id: str | None
    seat_id: str | None


@dataclass(frozen=True, slots=True)
class Seat:
    """Scheduling's seat; ``holder`` is the appointment that has taken it."""

    seat_id: str
    holder: str | None


@dataclass(frozen=True, slots=True)
class Bill:
    """Billing's bill. ``money`` is the receipt that settles it, ``sought_for`` the one whose money asked for a seat."""

    bill_id: str
    state: str
    owner: Owner
    visit_id: str | None
    money: str | None
    sought_for: str | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """Billing's receipt. ``refunded`` rupiah were credited, or the treasury was ordered to pay them out."""

    receipt_id: str
    billing_code: str
    amount: int
    refunded: int = 0

    @property
    def is_refunded(self) -> bool:
        """Whether all of it is gone."""
        return self.refunded >= self.amount


@dataclass(frozen=True, slots=True)
class Deposit:
    """What SIMPONI itself says of a payment."""

    receipt_id: str
    billing_code: str
    amount: int


@dataclass(frozen=True, slots=True)
class Application:
    """Application's application; ``printed``: its passport is a printed book."""

    owner: Owner
    printed: bool


@dataclass(frozen=True)
class Facts:
    """What all services and SIMPONI say, by id."""

    visits: Mapping[str, Visit]
    seats: Mapping[str, Seat]
    bills: Mapping[str, Bill]
    receipts: Mapping[str, Receipt]
    deposits: Mapping[str, Deposit]
    applications: Mapping[str, Application]
    bills_of: Mapping[str, list[Bill]] = field(init=False)
    """By application."""
    visits_of: Mapping[str, list[Visit]] = field(init=False)
    """By bill."""

    def __post_init__(self) -> None:
        bills: defaultdict[str, list[Bill]] = defaultdict(list)
        visits: defaultdict[str, list[Visit]] = defaultdict(list)
        for bill in self.bills.values():
            bills[bill.owner.application_id].append(bill)
        for visit in self.visits.values():
            if visit.bill_id is not None:
                visits[visit.bill_id].append(visit)
        object.__setattr__(self, "bills_of", bills)
        object.__setattr__(self, "visits_of", visits)

    def receipt_of(self, bill: Bill) -> Receipt | None:
        """The money that a bill stands on."""
        return self.receipts.get(bill.money or "")


@dataclass(frozen=True, slots=True)
class Breach:
    """A rule that does not hold."""

    rule: str
    subject: str
    what: str

    def __str__(self) -> str:
        return f"{self.rule}: {self.what}"


def breaches(facts: Facts, *, at_rest: bool) -> Iterator[Breach]:
    """All that is wrong, by all four rules."""
    yield from find_visits_without_money(facts, at_rest=at_rest)
    yield from find_refunds_with_service(facts)
    yield from find_receipts_without_deposit(facts)
    yield from find_differing_owners(facts, at_rest=at_rest)


def find_visits_without_money(facts: Facts, *, at_rest: bool) -> Iterator[Breach]:
    """I11: a confirmed or used visit stands on exactly one receipt that is not refunded, or on a waived bill.

    Not at rest, a seat that was found for late money may be confirmed before its bill has the money.
    """
    stands: defaultdict[str, list[str]] = defaultdict(list)
    for visit in facts.visits.values():
        if visit.status not in CERTAIN:
            continue
        bill = facts.bills.get(visit.bill_id or "")
        if bill is None:
            yield Breach("I11", visit.visit_id, f"visit {visit.visit_id} is {visit.status} without a bill")
            continue
        stands[bill.bill_id].append(visit.visit_id)
        if bill.state == WAIVED:
            continue
        receipt = facts.receipts.get(bill.money or ("" if at_rest else bill.sought_for) or "")
        if receipt is None:
            what = f"visit {visit.visit_id} is {visit.status}, its bill {bill.bill_id} ({bill.state}) has no money"
            yield Breach("I11", visit.visit_id, what)
        elif receipt.is_refunded:
            what = f"visit {visit.visit_id} is {visit.status} on receipt {receipt.receipt_id}, which is refunded"
            yield Breach("I11", visit.visit_id, what)
    for bill_id, visits in stands.items():
        if len(visits) > 1:
            yield Breach("I11", bill_id, f"{len(visits)} visits stand on bill {bill_id}: {', '.join(sorted(visits))}")


def find_refunds_with_service(facts: Facts) -> Iterator[Breach]:
    """I12: a refunded receipt has no live or used visit and no printed passport, now and at every moment before."""
    for bill in facts.bills.values():
        receipt = facts.receipt_of(bill) or facts.receipts.get(bill.sought_for or "")
        if receipt is None or not receipt.is_refunded:
            continue
        for visit in facts.visits_of.get(bill.bill_id, ()):
            if visit.status in EXPECTED:
                what = f"receipt {receipt.receipt_id} is refunded and its visit {visit.visit_id} is {visit.status}"
                yield Breach("I12", receipt.receipt_id, what)
        application_id = bill.owner.application_id
        application = facts.applications.get(application_id)
        if application is not None and application.printed and not _is_paid_otherwise(facts, application_id):
            what = f"receipt {receipt.receipt_id} is refunded and the passport of {application_id} is printed"
            yield Breach("I12", receipt.receipt_id, what)


def _is_paid_otherwise(facts: Facts, application_id: str) -> bool:
    """Whether the application has a waived bill, or one whose money is not refunded."""
    for bill in facts.bills_of.get(application_id, ()):
        receipt = facts.receipt_of(bill)
        if bill.state == WAIVED or (receipt is not None and not receipt.is_refunded):
            return True
    return False


def find_receipts_without_deposit(facts: Facts) -> Iterator[Breach]:
    """I13: every receipt has SIMPONI's own word: it knows that NTPN, on that code, with that amount."""
    for receipt in facts.receipts.values():
        deposit = facts.deposits.get(receipt.receipt_id)
        if deposit is None:
            what = f"receipt {receipt.receipt_id} of {receipt.amount} is not known to SIMPONI"
        elif (deposit.billing_code, deposit.amount) != (receipt.billing_code, receipt.amount):
            said = f"{deposit.amount} on {deposit.billing_code}"
            what = f"receipt {receipt.receipt_id} is {receipt.amount} on {receipt.billing_code}, SIMPONI says {said}"
        else:
            continue
        yield Breach("I13", receipt.receipt_id, what)


def find_differing_owners(facts: Facts, *, at_rest: bool) -> Iterator[Breach]:
    """I14: seat, visit, bill and application agree on whom they belong to; at rest, on each other, too."""
    for bill in facts.bills.values():
        yield from _owner_differs("bill", bill.bill_id, bill.owner, facts)
        visit = facts.visits.get(bill.visit_id or "")
        if visit is not None and visit.owner != bill.owner:
            what = f"bill {bill.bill_id} and its visit {visit.visit_id} differ in their owner"
            yield Breach("I14", bill.bill_id, what)
    for visit in facts.visits.values():
        yield from _owner_differs("visit", visit.visit_id, visit.owner, facts)
        paying = facts.bills.get(visit.bill_id or "")
        if paying is not None and paying.owner != visit.owner:
            what = f"visit {visit.visit_id} stands on bill {paying.bill_id} of somebody else"
            yield Breach("I14", visit.visit_id, what)
        if at_rest and visit.status in CERTAIN:
            yield from _seat_and_bill_differ(visit, paying, facts)


def _owner_differs(kind: str, subject: str, owner: Owner, facts: Facts) -> Iterator[Breach]:
    application = facts.applications.get(owner.application_id)
    if application is None:
        yield Breach("I14", subject, f"{kind} {subject} belongs to no application ({owner.application_id})")
    elif application.owner != owner:
        yield Breach("I14", subject, f"{kind} {subject} and application {owner.application_id} differ in their owner")


def _seat_and_bill_differ(visit: Visit, bill: Bill | None, facts: Facts) -> Iterator[Breach]:
    if bill is not None and bill.visit_id != visit.visit_id:
        what = f"visit {visit.visit_id} stands on bill {bill.bill_id}, which knows of visit {bill.visit_id}"
        yield Breach("I14", visit.visit_id, what)
    seat = facts.seats.get(visit.seat_id or "")
    if seat is None or seat.holder != visit.visit_id:
        what = f"visit {visit.visit_id} sits on seat {visit.seat_id}, which is held by {seat.holder if seat else None}"
        yield Breach("I14", visit.visit_id, what)
