"""Cases: opened by billing itself, closed when the money shows up or by people, two of them where money is lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import structlog

from services.billing.bills.claims import NewClaim
from services.billing.bills.model import BillOutcome, ClaimState
from services.billing.bills.repository import BILLS
from services.billing.bills.states import BillState
from services.billing.cases import model as cases
from services.billing.cases.model import MOST_NOTES, NEEDS_TWO, OUTCOMES, OWNERS, CaseState, Subject, outcome_of
from services.billing.cases.repository import CASES
from services.billing.receipts.states import ReceiptState
from services.billing.rules import CasePolicy
from shared.bus.dispatch import Outcome
from shared.events import scheduling
from shared.events.codes import PaymentCaseKind, PaymentCaseOutcome
from shared.store.transitions import IllegalTransition
from shared.tokens import Caller, Role
from simulators.simponi.settlement import Spoiling
from tests.unit.billing.conftest import Ask
from tests.unit.billing.make import T0, a_receipt, at
from tests.unit.billing.test_settlement import booked, brought
from tests.unit.billing.world import ACCOUNT, APPLICATION, APPOINTMENT, World, make_world

POLICY = CasePolicy()
APPLICANT = Caller(ACCOUNT, Role.APPLICANT, "session-1")


def a_case(kind: PaymentCaseKind = PaymentCaseKind.AMOUNT_DIFFERS):
    return cases.open_case("case-1", kind, Subject(bill_id="bill-1"), T0, POLICY).state


def only(world: World):
    (case,) = world.all(CASES)
    return case


# -- the rules -------------------------------------------------------------------------------------------------------


def test_every_kind_has_an_owner_and_answers() -> None:
    assert set(OWNERS) == set(OUTCOMES) == set(PaymentCaseKind)
    assert all(outcome in OUTCOMES[kind] for kind, outcome in NEEDS_TWO)


def test_a_case_opens_with_owner_due_time_and_word() -> None:
    opened = cases.open_case(
        "case-1", PaymentCaseKind.ARRIVED_ON_PROOF, Subject(application_id="a"), T0, POLICY, check_now=True
    )
    case, (told,) = opened.state, opened.events
    assert (case.owner, case.due_at) == ("operator", at(86_400))
    assert case.due == {"look": T0, "escalate": case.due_at}
    assert (told.kind, told.due_at, told.application_id) == ("arrived_on_proof", at(86_400), "a")  # type: ignore[attr-defined]


def test_looks_become_rarer_and_never_stop() -> None:
    case, pauses = a_case(), []
    for _ in range(6):
        case = cases.check_later(case, T0, POLICY).state
        pauses.append((case.due["look"] - T0).total_seconds())
    assert pauses == [300, 600, 1200, 2400, 3600, 3600]


def test_an_answer_that_gives_money_up_takes_two_people() -> None:
    proposed = cases.answer(a_case(), PaymentCaseOutcome.CORRECTED, "ani", "counted", T0)
    assert (proposed.state.state, proposed.events) == (CaseState.PROPOSED, ())
    with pytest.raises(cases.CaseNeedsSecondPerson):
        cases.answer(proposed.state, PaymentCaseOutcome.CORRECTED, "ani", "counted", T0)
    closed = cases.answer(proposed.state, PaymentCaseOutcome.CORRECTED, "budi", "agreed", T0)
    assert (closed.state.state, closed.state.live, closed.state.due) == (CaseState.CLOSED, False, {})
    assert [note.by for note in closed.state.notes] == ["billing", "ani", "budi"]
    assert closed.events[0].outcome == "corrected"  # type: ignore[attr-defined]


def test_twin_without_the_second_person_one_writes_money_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cases, "NEEDS_TWO", frozenset())
    assert cases.answer(a_case(), PaymentCaseOutcome.CORRECTED, "ani", "x", T0).state.state == CaseState.CLOSED


def test_what_is_found_out_takes_a_proposal_back() -> None:
    proposed = cases.answer(a_case(), PaymentCaseOutcome.CORRECTED, "ani", "counted", T0).state
    noted = cases.note(proposed, "budi", "the bank called", T0).state
    assert (noted.state, noted.proposal) == (CaseState.LOOKING, None)
    assert cases.note(noted, "budi", "again", T0).state.state == CaseState.LOOKING
    another = cases.answer(noted, PaymentCaseOutcome.CORRECTED, "budi", "counted again", T0).state
    assert (another.state, another.proposal) == (
        CaseState.PROPOSED,
        cases.Proposal(PaymentCaseOutcome.CORRECTED, "budi"),
    )


def test_answers_that_do_not_fit_or_come_too_late_are_refused() -> None:
    with pytest.raises(cases.OutcomeDoesNotFit):
        cases.answer(a_case(), PaymentCaseOutcome.REFUNDED, "ani", "x", T0)
    proposed = cases.answer(a_case(), PaymentCaseOutcome.SETTLED, "ani", "x", T0).state
    closed = cases.answer(proposed, PaymentCaseOutcome.SETTLED, "budi", "x", T0).state
    assert closed.state == CaseState.CLOSED
    for again in (
        lambda: cases.answer(closed, PaymentCaseOutcome.SETTLED, "cora", "x", T0),
        lambda: cases.note(closed, "ani", "x", T0),
    ):
        with pytest.raises(IllegalTransition):
            again()


@pytest.mark.parametrize(
    ("kind", "changes", "outcome"),
    [
        (PaymentCaseKind.CLAIM_UNCONFIRMED, {"state": ReceiptState.AWAITS_SEAT}, PaymentCaseOutcome.CONFIRMED),
        (PaymentCaseKind.ARRIVED_ON_PROOF, {"state": ReceiptState.IN_REFUND}, PaymentCaseOutcome.REFUNDED),
        (PaymentCaseKind.UNKNOWN_CODE, {"state": ReceiptState.SETTLES_BILL}, PaymentCaseOutcome.SETTLED),
        (PaymentCaseKind.UNKNOWN_CODE, {"state": ReceiptState.IN_REFUND}, None),
        (
            PaymentCaseKind.UNKNOWN_CODE,
            {"state": ReceiptState.IN_REFUND, "refund_recorded": True},
            PaymentCaseOutcome.REFUNDED,
        ),
        (PaymentCaseKind.UNKNOWN_CODE, {"state": ReceiptState.REFUNDED}, PaymentCaseOutcome.REFUNDED),
        (PaymentCaseKind.SETTLED_UNKNOWN_HERE, {}, None),
    ],
)
def test_what_a_receipt_answers(
    kind: PaymentCaseKind, changes: dict[str, object], outcome: PaymentCaseOutcome | None
) -> None:
    assert outcome_of(kind, replace(a_receipt(), **changes)) == outcome  # type: ignore[arg-type]


# -- opened and closed by billing itself -----------------------------------------------------------------------------


async def claimed(world: World, ntpn: str | None, ntb: str | None = None) -> None:
    await world.billing.claims.claim(APPLICANT, world.bill().bill_id, NewClaim(ntpn, ntb), f"command-{ntpn}{ntb}")


@pytest.mark.acceptance("F57.case_after_1_hour", "X5.found")
async def test_a_claim_without_confirmation_opens_a_case_after_an_hour_and_money_closes_it_days_later() -> None:
    world = make_world()
    bill = await world.issued_bill()
    payment = world.payment(bill)
    await claimed(world, payment.ntpn)
    await world.pass_time(3590, step=30)
    assert world.all(CASES) == []
    await world.pass_time(30, step=30)
    case = only(world)
    assert (case.kind, case.owner, case.subject.ntpn) == (PaymentCaseKind.CLAIM_UNCONFIRMED, "operator", payment.ntpn)
    assert world.bill().claims[0].state == ClaimState.CASE_OPEN
    (told,) = world.heard("PaymentCaseOpened")
    assert (told.application_id, told.account_id, told.due_at) == (APPLICATION, ACCOUNT, case.due_at)
    await world.pass_time(4 * 86_400, step=1800)
    assert world.bill().state == BillState.EXPIRED
    world.simponi.add(payment)  # the treasury has found it at last; no notice, and the code is watched no more
    await world.pass_time(3600, step=600)
    assert (only(world).state, only(world).outcome) == (CaseState.CLOSED, PaymentCaseOutcome.CONFIRMED)
    assert world.receipt(payment.ntpn).state == ReceiptState.AWAITS_SEAT
    assert world.heard("PaymentCaseClosed")[0].outcome == "confirmed"
    await world.rules_hold()


async def test_a_claim_that_was_confirmed_in_time_opens_nothing() -> None:
    world = make_world()
    bill = await world.issued_bill()
    payment = world.payment(bill)
    await claimed(world, payment.ntpn)
    await world.pay(bill, ntpn=payment.ntpn)
    await world.pass_time(2 * 3600, step=600)
    assert world.all(CASES) == []


@pytest.mark.acceptance("F57.case_after_1_hour", "F57.daily_reconciliation")
async def test_a_claim_by_the_banks_number_is_closed_by_the_settlement_file() -> None:
    world = make_world()
    bill = await world.expired_bill()
    payment = world.payment(bill)
    await claimed(world, None, payment.ntb)
    await world.pass_time(3700, step=100)
    assert only(world).state == CaseState.OPEN
    await brought(world, booked([payment]))
    await world.pass_time(3600, step=300)
    assert only(world).outcome == PaymentCaseOutcome.CONFIRMED


@pytest.mark.acceptance("F57.nothing_silent")
async def test_a_bank_number_without_the_treasurys_for_an_hour_opens_a_case_that_its_coming_closes() -> None:
    world = make_world()
    bill = await world.issued_bill()
    first = await world.pay(bill, ntpn=None)
    await world.pass_time(3700, step=100)
    assert (only(world).kind, only(world).subject.ntb) == (PaymentCaseKind.CLAIM_UNCONFIRMED, first.ntb)
    assert world.bill().state == BillState.PAID_UNSETTLED
    await world.pay(bill, ntb=first.ntb)
    await world.pass_time(600, step=300)
    assert only(world).outcome == PaymentCaseOutcome.CONFIRMED


async def test_a_claim_whose_money_went_back_is_answered_so() -> None:
    world = make_world()
    bill = await world.issued_bill()
    await claimed(world, f"Z{1:015d}")
    await world.pass_time(3700, step=100)
    await world.pay(bill, ntpn=f"Z{1:015d}", amount=1)
    await world.pass_time(600, step=300)
    assert only(world).outcome == PaymentCaseOutcome.REFUNDED


async def test_simponi_silent_only_delays_the_answer() -> None:
    world = make_world()
    bill = await world.expired_bill()
    await claimed(world, "Z" * 16)
    await world.pass_time(2 * 86_400, step=3600)
    payment = world.payment(bill, ntpn="Z" * 16)
    world.simponi.add(payment)
    world.simponi.down = True
    await world.pass_time(7200, step=600)
    assert only(world).state == CaseState.OPEN
    world.simponi.down = False
    await world.pass_time(3600, step=600)
    assert only(world).outcome == PaymentCaseOutcome.CONFIRMED


async def arrived(world: World, ntpn: str, message_id: str | None = None) -> Outcome:
    facts = world.visit(APPOINTMENT)
    names = ("appointment_id", "application_id", "account_id", "person_id", "office_id")
    event = scheduling.ArrivedOnProof(**{name: facts[name] for name in names}, ntpn=ntpn)
    return await world.hear(event, message_id=message_id)


@pytest.mark.acceptance("X6.case_opened", "X6.case_closed")
async def test_who_came_on_proof_has_a_case_that_reconciliation_closes() -> None:
    world = make_world()
    bill = await world.expired_bill()
    payment = world.payment(bill)
    for _ in range(2):
        assert await arrived(world, payment.ntpn or "") == Outcome.DONE
    assert (only(world).kind, only(world).subject.bill_id) == (PaymentCaseKind.ARRIVED_ON_PROOF, bill.bill_id)
    assert world.names().count("PaymentCaseOpened") == 1
    await world.pass_time(900, step=100)
    assert only(world).state == CaseState.OPEN
    await brought(world, booked([payment]))
    await world.pass_time(3600, step=300)
    assert (only(world).state, only(world).outcome) == (CaseState.CLOSED, PaymentCaseOutcome.CONFIRMED)
    assert world.heard("PaymentCaseClosed")[-1].appointment_id == APPOINTMENT


@pytest.mark.acceptance("X6.case_opened", "X6.case_closed")
async def test_who_came_on_proof_is_found_at_simponi_at_once() -> None:
    world = make_world()
    bill = await world.issued_bill()
    payment = world.payment(bill)
    world.simponi.add(payment)
    await arrived(world, payment.ntpn or "")
    await world.work()
    assert only(world).outcome == PaymentCaseOutcome.CONFIRMED
    assert world.bill().state == BillState.PAID
    await arrived(world, "Q" * 16)
    await world.work()
    assert {case.outcome for case in world.all(CASES)} == {PaymentCaseOutcome.CONFIRMED}, (
        "the bill is paid, whatever was said"
    )


async def test_who_came_on_proof_without_a_bill_has_a_case_too() -> None:
    world = make_world()
    await arrived(world, "Q" * 16)
    await world.pass_time(86_400 + 3600, step=3600)
    case = only(world)
    assert (case.subject.bill_id, case.subject.application_id, case.state) == (None, APPLICATION, CaseState.OPEN)
    assert case.escalated_at is not None


async def test_money_that_only_goes_back_confirms_nothing() -> None:
    world = make_world()
    bill = await world.expired_bill()
    await world.pay(bill)
    await world.no_seat(bill.bill_id)
    record = await world.store.get(BILLS, bill.bill_id)
    assert record is not None
    refunded = replace(record.state, settled_by="A" * 16, standing=BillOutcome.REFUND)
    await world.store.save(BILLS, record, refunded, now=world.clock.now())
    await arrived(world, "Q" * 16)
    await world.work()
    assert only(world).state == CaseState.OPEN


@pytest.mark.acceptance("F57.operator_list")
async def test_an_overdue_case_is_told_to_the_operators_once() -> None:
    world = make_world()
    await world.expired_bill()
    await claimed(world, "Z" * 16)
    with structlog.testing.capture_logs() as logs:
        await world.pass_time(3 * 86_400, step=3600)
    assert [entry["event"] for entry in logs].count("billing.case_overdue") == 1
    assert "escalate" not in only(world).due


async def test_a_case_that_a_person_answers_meanwhile_is_left_alone() -> None:
    world = make_world()
    await world.expired_bill()
    await claimed(world, "Z" * 16)
    await world.pass_time(3700, step=100)
    record = await world.store.get(CASES, only(world).case_id)
    assert record is not None
    ani = Caller("ani", Role.OPERATOR, "session-2")
    budi = Caller("budi", Role.OPERATOR, "session-3")
    await world.billing.cases.close(ani, record.id, PaymentCaseOutcome.NOT_PAID, "the bank says no", "command-1")
    await world.billing.cases.close(budi, record.id, PaymentCaseOutcome.NOT_PAID, "it says no", "command-2")
    await world.billing.case_follow_up.check_due(record)
    await world.billing.case_follow_up.escalate_due(record)
    assert only(world).outcome == PaymentCaseOutcome.NOT_PAID


# -- people ----------------------------------------------------------------------------------------------------------


@pytest.fixture
async def differing(world: World) -> World:
    """A world with a case over an amount that differs."""
    bill = await world.issued_bill()
    payment = await world.pay(bill)
    await brought(world, booked([payment], spoiling=Spoiling(amounts={payment.ntpn: 1})))
    return world


OPERATOR, TREASURER = {"role": Role.OPERATOR, "account": "olga"}, {"role": Role.TREASURER, "account": "tuti"}


@pytest.mark.acceptance("F57.operator_list")
async def test_overdue_cases_are_on_the_operators_list(differing: World, ask: Ask) -> None:
    assert (await ask("GET", "/v1/cases?overdue=true", **OPERATOR))[1]["cases"] == []
    status, said = await ask("GET", "/v1/cases", **TREASURER)
    assert (status, [case["kind"] for case in said["cases"]]) == (200, ["amount_differs"])
    differing.clock.advance(86_400)
    (overdue,) = (await ask("GET", "/v1/cases?overdue=true", **OPERATOR))[1]["cases"]
    assert overdue["owner"] == "treasurer"
    assert (await ask("GET", f"/v1/cases?from_due={overdue['due_at']}&limit=1", **OPERATOR))[1]["cases"] == [overdue]
    later = (only(differing).due_at + timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert (await ask("GET", f"/v1/cases?from_due={later}", **OPERATOR))[1]["cases"] == []
    assert (await ask("GET", "/v1/cases?application_id=nobody", **OPERATOR))[1]["cases"] == []
    for limit in (0, 101):
        assert (await ask("GET", f"/v1/cases?limit={limit}", **OPERATOR))[0] == 422
    for role in (Role.APPLICANT, Role.FRONT_OFFICER, Role.OFFICE_ADMIN):
        assert (await ask("GET", "/v1/cases", role=role))[0] == 403


async def test_two_people_write_a_difference_off(differing: World, ask: Ask) -> None:
    path = f"/v1/cases/{only(differing).case_id}"
    status, noted = await ask("POST", f"{path}/notes", {"text": "The bank was asked."}, key="n1", **OPERATOR)
    assert (status, noted["state"], noted["notes"][-1]["by"]) == (200, "looking", "olga")
    answer = {"outcome": "corrected", "reason": "The bank's slip shows the right amount."}
    for key in ("c1", "c1"):
        status, proposed = await ask("POST", f"{path}/closure", answer, key=key, **TREASURER)
        assert (status, proposed["state"], proposed["proposed_outcome"]) == (200, "proposed", "corrected")
    status, said = await ask("POST", f"{path}/closure", answer, key="c2", **TREASURER)
    assert (status, said["code"]) == (409, "second_person_must_agree")
    status, closed = await ask("POST", f"{path}/closure", answer, key="c3", **OPERATOR)
    assert (status, closed["state"], closed["outcome"], closed["next_check_at"]) == (200, "closed", "corrected", None)
    for way, body in (("closure", answer), ("notes", {"text": "more"})):
        status, said = await ask("POST", f"{path}/{way}", body, key=f"late-{way}", **OPERATOR)
        assert (status, said["code"]) == (409, "case_is_closed")
    assert (await ask("GET", path, **TREASURER))[1]["outcome"] == "corrected"
    assert (await ask("GET", "/v1/cases", **TREASURER))[1]["cases"] == []


async def test_what_is_refused_about_cases(differing: World, ask: Ask) -> None:
    path = f"/v1/cases/{only(differing).case_id}"
    assert (await ask("GET", "/v1/cases/nothing", **OPERATOR))[1]["code"] == "case_unknown"
    for way, body in (("closure", {"outcome": "settled", "reason": "xxx"}), ("notes", {"text": "xxx"})):
        assert (await ask("POST", f"/v1/cases/nothing/{way}", body, key=way, **OPERATOR))[0] == 404
    status, said = await ask("POST", f"{path}/closure", {"outcome": "refunded", "reason": "xxx"}, **OPERATOR)
    assert (status, said["code"], said["fitting"]) == (422, "answer_does_not_fit", ["corrected", "settled"])
    wrong = ({"outcome": "forgotten", "reason": "xxx"}, {"outcome": "settled", "reason": "xx"}, {"outcome": "settled"})
    for number, body in enumerate(wrong):
        assert (await ask("POST", f"{path}/closure", body, key=f"w{number}", **OPERATOR))[0] == 422
    for number in range(MOST_NOTES - 1):
        note = {"text": f"note {number}"}
        assert (await ask("POST", f"{path}/notes", note, key=f"many-{number}", **OPERATOR))[0] == 200
    status, said = await ask("POST", f"{path}/notes", {"text": "one more"}, key="one-more", **OPERATOR)
    assert (status, said["code"], said["limit"]) == (409, "too_many_case_notes", MOST_NOTES)


CSV = {"Content-Type": "text/csv"}


@pytest.mark.acceptance("F57.daily_reconciliation")
async def test_a_treasurer_brings_a_file_and_follows_it(world: World, ask: Ask) -> None:
    payment = await world.pay(await world.issued_bill())
    content = booked([payment])
    for _ in range(2):
        status, said = await ask("POST", "/v1/settlement-files", content, headers=CSV, **TREASURER)
        assert (status, said["state"], said["lines"], said["total"]) == (202, "comparing", 1, payment.amount)
    await world.work()
    path = f"/v1/settlement-files/{said['settlement_id']}"
    _, said = await ask("GET", path, **OPERATOR)
    assert (said["state"], said["lines_compared"], said["counts"]["known"]) == ("compared", 1, 1)
    listing = "/v1/settlement-files?since=2026-11-23&until=2026-11-23"
    assert (await ask("GET", listing, **TREASURER))[1]["settlements"] == [said]
    assert (await ask("GET", "/v1/settlement-files?since=2026-11-24", **TREASURER))[1]["settlements"] == []
    assert (await ask("GET", "/v1/settlement-files?until=2026-11-22", **TREASURER))[1]["settlements"] == []
    assert (await ask("GET", "/v1/settlement-files/nothing", **TREASURER))[1]["code"] == "settlement_unknown"
    assert (await ask("POST", "/v1/settlement-files", content, headers=CSV, **OPERATOR))[0] == 403


async def test_a_file_that_is_not_whole_is_refused_with_its_line(world: World, ask: Ask) -> None:
    content = booked([], spoiling=Spoiling(extra_lines=2))
    wrong = {
        "settlement_file_broke_off": content[:-5],
        "settlement_file_does_not_add_up": content.replace(b",350000,", b",350001,", 1),
        "settlement_file_has_wrong_line": content.replace(b",2,89", b",3,89", 1),
    }
    for code, body in wrong.items():
        status, said = await ask("POST", "/v1/settlement-files", body, headers=CSV, **TREASURER)
        assert (status, said["code"], said["line"] > 0) == (422, code, True)
    plain = {"Content-Type": "text/plain"}
    assert (await ask("POST", "/v1/settlement-files", content, headers=plain, **TREASURER))[0] == 415
    assert [file_id async for file_id in world.files.older_than(world.clock.now() + timedelta(days=1))] == []


# -- every night -----------------------------------------------------------------------------------------------------


@pytest.mark.acceptance("F63.nightly_check")
async def test_every_night_a_paid_application_that_leads_nowhere_is_told() -> None:
    """Rebookable, special reschedule, refund or closed with a reason: exactly one of them, checked each night."""
    world = make_world()
    bill = await world.issued_bill()
    await world.pay(bill)
    record = await world.store.get(BILLS, bill.bill_id)
    assert record is not None
    await world.store.save(BILLS, record, replace(record.state, standing=None), now=world.clock.now())
    with structlog.testing.capture_logs() as by_day:
        await world.billing.checks.nightly()
    world.clock.advance(17 * 3600)  # two o'clock in Jakarta
    with structlog.testing.capture_logs() as by_night:
        await world.billing.checks.nightly()
    assert by_day == []
    told = [(entry["rule"], entry["broken"]) for entry in by_night if entry["event"] == "billing.money_rule_broken"]
    assert told == [("I4", [bill.bill_id])]
    checked = [entry["rule"] for entry in by_night if entry["event"] == "billing.rule_checked"]
    assert checked == ["I3", "I4", "I5", "I11", "I12", "I14", "I13"]


def test_the_process_sees_to_the_days_and_the_nights(world: World) -> None:
    assert [chore.name for chore in world.parts.chores][:2] == ["settlement_days", "nightly_checks"]
