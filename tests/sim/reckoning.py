"""The reckoning over all services once all has settled: where each rupiah is and who sits where (I1 to I5, joined)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from shared.events.application import ApplicationWithdrawn
from shared.events.billing import BillExpired
from shared.events.scheduling import SeatHeld
from tests.sim.citizens import Citizen
from tests.sim.refunds import the_treasury_paid_once
from tests.sim.suite import Agencies
from tests.sim.world import World

SEATED = frozenset({"confirmed", "checked_in", "used", "no_show"})
UNSETTLED = frozenset({"held", "awaiting_payment", "moving"})
OPEN_BILLS = frozenset({"requested", "issued", "expiry_unconfirmed", "paid_unsettled"})

State = dict[str, Any]


def money_and_seats(world: World, agencies: Agencies, citizens: Sequence[Citizen]) -> None:
    """Everything that no service can see alone."""
    billing, scheduling = world.processes["billing"].kept, world.processes["scheduling"].kept
    bills = _states(billing.documents("bill"))
    receipts = _states(billing.documents("receipt"))
    refunds = _states(billing.documents("refund"))
    appointments = _states(scheduling.documents("appointment"))
    _every_payment_is_a_receipt(world, agencies, receipts)
    _every_receipt_has_one_end(world, receipts, bills, refunds)
    the_treasury_paid_once(world, agencies.paymaster, refunds)
    _every_paid_bill_has_one_end(world, bills, receipts, appointments)
    _nothing_is_paid_but_expired(world, agencies, bills)
    _what_is_paid_after_a_withdrawal_goes_back(world, agencies, bills, receipts, refunds)
    _nobody_sits_for_nothing(world, appointments, bills)
    _nothing_is_left_open(world, bills, appointments)
    _one_seat_each(world, appointments, _states(scheduling.documents("seat")))


def _states(documents: dict[str, Any]) -> dict[str, State]:
    return {name: document["state"] for name, document in documents.items()}


def _every_payment_is_a_receipt(world: World, agencies: Agencies, receipts: dict[str, State]) -> None:
    """I3 against the outside: what the bank took is here, once, to the rupiah; nothing else is."""
    settled = {payment.ntpn: payment for payment in agencies.treasury.paid if payment.ntpn is not None}
    for ntpn, payment in settled.items():
        receipt = receipts.get(ntpn)
        if receipt is None:
            world.violated(
                "I3", f"the bank took {payment.amount} for {payment.billing_code}; nobody here knows ({ntpn})"
            )
        elif receipt["amount"] != payment.amount:
            world.violated("I3", f"receipt {ntpn} says {receipt['amount']}, the bank took {payment.amount}")
    for ntpn in receipts.keys() - settled.keys():
        world.violated("I3", f"receipt {ntpn} stands for money that nobody paid")


def _every_receipt_has_one_end(
    world: World, receipts: dict[str, State], bills: dict[str, State], refunds: dict[str, State]
) -> None:
    """I3, I5: money settles a bill or is in a refund case, never both, never neither once all is quiet."""
    cases: defaultdict[str, list[State]] = defaultdict(list)
    for refund in refunds.values():
        if refund["state"] != "withdrawn":
            cases[refund["receipt_id"]].append(refund)
    for ntpn, receipt in receipts.items():
        settled = [name for name, bill in bills.items() if bill["settled_by"] == ntpn and bill["state"] == "paid"]
        refunded = sum(case["amount"] for case in cases[ntpn])
        if refunded > receipt["amount"] or len(cases[ntpn]) > 1:
            world.violated("I5", f"receipt {ntpn} of {receipt['amount']} has refunds of {refunded}")
        asked = [case for case in cases[ntpn] if not case["automatic"]]
        if receipt["state"] in ("awaits_outcome", "awaits_seat"):
            world.violated("I3", f"receipt {ntpn} still {receipt['state']}: paid, and nothing came of it")
        elif receipt["state"] == "settles_bill" and (len(settled) != 1 or cases[ntpn] != asked):
            world.violated("I3", f"receipt {ntpn} settles {settled} and has {len(cases[ntpn])} refund cases")
        elif receipt["state"] == "in_refund" and not cases[ntpn]:
            world.violated("I3", f"receipt {ntpn} is in refund without a case")


def _every_paid_bill_has_one_end(
    world: World, bills: dict[str, State], receipts: dict[str, State], appointments: dict[str, State]
) -> None:
    """I4, joined: a paid bill has exactly one of a visit, a refund case, or an end by its payer's own word."""
    seats: defaultdict[str, list[str]] = defaultdict(list)
    for name, appointment in appointments.items():
        if appointment["status"] in SEATED and appointment["bill_id"]:
            seats[appointment["bill_id"]].append(name)
    for bill_id, bill in bills.items():
        if bill["state"] not in ("paid", "waived"):
            if seats[bill_id]:
                world.violated("I4", f"bill {bill_id} is {bill['state']} and yet has the visit {seats[bill_id]}")
            continue
        money = receipts.get(bill["settled_by"] or "", {}).get("state")
        ends = [*seats[bill_id]]
        if money in ("in_refund", "refunded", "credited", "retained") or bill["standing"] == "refund":
            ends.append("refund")
        if bill["standing"] == "closed":
            ends.append("closed")
        if len(ends) != 1:
            world.violated("I4", f"bill {bill_id} ({bill['state']}, {bill['standing']}, money {money}) ends in {ends}")


def _nothing_is_paid_but_expired(world: World, agencies: Agencies, bills: dict[str, State]) -> None:
    """A code that was paid by the bank's clock up to its last second, inclusive, never expires (F58).

    Unless nobody could be asked until the session began: then there is no seat left to keep, and the money is late.
    """
    by_code = {bill["billing_code"]: name for name, bill in bills.items() if bill["billing_code"]}
    sent = list(world.broker.sent.values())
    starts = {each.data.appointment_id: each.data.starts_at for each in sent if isinstance(each.data, SeatHeld)}
    expired = {
        each.data.bill_id
        for each in sent
        if isinstance(each.data, BillExpired) and each.time < starts[each.data.appointment_id or ""]
    }
    for payment in agencies.treasury.paid:
        bill_id = by_code.get(payment.billing_code)
        in_time = payment.paid_at <= agencies.treasury.books.billing(payment.billing_code).expires_at
        if bill_id in expired and in_time:
            world.violated("paid but expired", f"bill {bill_id} expired although it was paid at {payment.paid_at}")


def _what_is_paid_after_a_withdrawal_goes_back(
    world: World, agencies: Agencies, bills: dict[str, State], receipts: dict[str, State], refunds: dict[str, State]
) -> None:
    """No withdrawn application keeps a rupiah that the bank took in the second of its withdrawal or later (F58, F63).

    The bank keeps whole seconds, so within that second nobody can tell which came first: the doubt is the payer's.
    """
    said = (each.data for each in world.broker.sent.values() if isinstance(each.data, ApplicationWithdrawn))
    withdrawn = {each.application_id: each.withdrawn_at for each in said}
    applications = {bill["billing_code"]: bill["payer"]["application_id"] for bill in bills.values()}
    goes_back: defaultdict[str, int] = defaultdict(int)
    for refund in refunds.values():
        if refund["state"] != "withdrawn":
            goes_back[refund["receipt_id"]] += refund["amount"]
    for payment in agencies.treasury.paid:
        withdrawn_at = withdrawn.get(applications[payment.billing_code])
        if payment.ntpn is None or withdrawn_at is None or payment.paid_at < withdrawn_at.replace(microsecond=0):
            continue
        world.counts["paid from the withdrawal on"] += 1
        kept = receipts[payment.ntpn]["amount"] - goes_back[payment.ntpn]
        if kept:
            what = f"{kept} of {payment.ntpn}, paid at {payment.paid_at}, are kept"
            world.violated("paid after withdrawal", f"{what}; the application was withdrawn at {withdrawn_at}")


def _nobody_sits_for_nothing(world: World, appointments: dict[str, State], bills: dict[str, State]) -> None:
    """A confirmed visit has a bill that is paid or waived."""
    for name, appointment in appointments.items():
        if appointment["status"] in SEATED:
            bill = bills.get(appointment["bill_id"] or "")
            if bill is None or bill["state"] not in ("paid", "waived"):
                state = bill["state"] if bill else "missing"
                world.violated(
                    "I4", f"visit {name} is {appointment['status']}, its bill {appointment['bill_id']} {state}"
                )


def _nothing_is_left_open(world: World, bills: dict[str, State], appointments: dict[str, State]) -> None:
    for name, bill in bills.items():
        if bill["state"] in OPEN_BILLS:
            world.violated("settled", f"bill {name} is still {bill['state']} of appointment {bill['seat']}")
    for name, appointment in appointments.items():
        if appointment["status"] in UNSETTLED:
            world.violated("settled", f"appointment {name} is still {appointment['status']}")


def _one_seat_each(world: World, appointments: dict[str, State], seats: dict[str, State]) -> None:
    """I1, I2, joined: every seat that is taken has one live or finished visit, every such visit one seat."""
    seated = {name: each for name, each in appointments.items() if each["status"] in SEATED | UNSETTLED | {"offered"}}
    holders: defaultdict[str, list[str]] = defaultdict(list)
    for name, appointment in seated.items():
        holders[appointment["slot"]["seat_id"]].append(name)
    for seat_id, names in holders.items():
        if len(names) > 1:
            world.violated("I1", f"seat {seat_id} has {len(names)} holders: {names}")
        if seats[seat_id]["status"] != "taken":
            world.violated("I1", f"seat {seat_id} of {names} is {seats[seat_id]['status']}")
    for seat_id, seat in seats.items():
        if seat["status"] not in ("free", "withdrawn") and not holders[seat_id]:
            world.violated("I1", f"seat {seat_id} is {seat['status']} and nobody's: {seat}")
    _one_visit_each(world, seated)


def _one_visit_each(world: World, seated: dict[str, State]) -> None:
    """I2: a person has one visit ahead at most."""
    people: defaultdict[str, list[str]] = defaultdict(list)
    for name, appointment in seated.items():
        if appointment["status"] not in ("used", "no_show"):
            people[appointment["person_id"]].append(name)
    for person_id, names in people.items():
        if len(names) > 1:
            world.violated("I2", f"person {person_id} has {len(names)} live visits: {names}")
