"""The steps of a refund case, each with its actor, its deadline and its notice. Pure functions on one aggregate.

What a state means for the money is written on the receipt, which guards it (I5): a state that changes that meaning is
``booked=False`` until the receipt shows it. An approval is therefore told of only when the money is held for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from services.billing.bills import model as bills
from services.billing.bills.model import Bill, BillOutcome, Seat
from services.billing.bills.states import BillState
from services.billing.ledger.model import Account
from services.billing.refunds.model import (
    AccountState,
    BankAccount,
    Confirmation,
    ConfirmationState,
    Paper,
    Refund,
    RefundStep,
    opened_event,
)
from services.billing.refunds.states import MONEY_HELD, OPEN_REFUNDS, REFUND_TRANSITIONS, RefundCommand, RefundState
from services.billing.refunds.step_limits import step_due
from services.billing.rules import RefundPolicy, backoff, due_without, seconds
from shared.events import billing as events
from shared.events.codes import BillPurpose, RefundNeed
from shared.events.message import Event
from shared.store.decision import Decision
from shared.store.transitions import IllegalTransition

PAPERS_NOT_GIVEN: Final = "papers_not_given"
NOTHING_LEFT: Final = "nothing_left"
SEAT_USED: Final = "seat_already_used"
NOT_IN_TABLE: Final = "not_in_table"
CLAIM_LAPSED: Final = "claim_lapsed"
SILENCE: Final = "silence_grants"
TAKEN_BACK: Final = "request_taken_back"
REFUND_REFUSED: Final = "refund_refused"
"""Reason of closing a bill after its refund was refused."""

FEE_OFFICER: Final = "fee_officer"
OFFICE_HEAD: Final = "office_head"
DECIDERS: Final[Mapping[str, frozenset[str]]] = {
    FEE_OFFICER: frozenset({"operator", "treasurer"}),
    OFFICE_HEAD: frozenset({"office_admin", "administration_section_head"}),
}
"""Roles of a token that may act as the decider that a reason names."""

_TREASURER: Final = frozenset({"treasurer"})
_HEADQUARTERS: Final = frozenset({"operator"})


ASKS_SIMPONI: Final = frozenset({RefundCommand.RESEARCH, RefundCommand.APPROVE, RefundCommand.GRANT})
"""Steps that count once SIMPONI, asked again, knows the payment with its amount."""

SEEN_AFTER: Final = timedelta(days=1)
"""How long after a step of theirs staff look at a case that has ended: SIMPONI and the bank answer within it."""

DENIAL_HOLDS_SECONDS: Final = 300
"""Time after SIMPONI's refusal until the step may be taken, and asked about, again."""

FIRST_QUESTION_AGAIN_SECONDS: Final = 20
LAST_QUESTION_AGAIN_SECONDS: Final = 600
"""Pauses between two questions to SIMPONI while it does not answer."""


class SimponiSaidNo(Exception):
    """SIMPONI does not know the payment as paid with this amount."""


class FourEyesNeeded(Exception):
    """The requester or recommender cannot approve; the approver cannot credit instead; the person who
    refused cannot judge the objection; and two people must agree before an objection frees money.
    """


class StepNotYours(Exception):
    """The role does not take this step."""


class AccountMissing(Exception):
    """Without the payer's bank account a case is not complete."""


class OpenedByBilling(Exception):
    """Billing opened the case by itself, so it cannot be taken back: its money has no other use."""


class NotTheirRequest(Exception):
    """The request is another person's."""


class TooLate(Exception):
    """The time for an objection is over."""


@dataclass(frozen=True)
class StepActor:
    """The person who takes a step: the role of the token, the account, and those that were joined into it."""

    role: str
    account_id: str
    joined: tuple[str, ...] = ()


SYSTEM: Final = StepActor("billing", "billing")


def roles_for(command: RefundCommand, refund: Refund) -> frozenset[str]:
    """Return the roles that may give a command to this case."""
    deciders = DECIDERS[refund.decided_by]
    by_head = refund.decided_by == OFFICE_HEAD
    return {
        RefundCommand.FIND_COMPLETE: _TREASURER,
        RefundCommand.ASK_PAPERS: _TREASURER,
        RefundCommand.RESEARCH: _TREASURER,
        RefundCommand.RECOMMEND: _TREASURER if by_head else DECIDERS[OFFICE_HEAD],
        RefundCommand.APPROVE: deciders,
        RefundCommand.REFUSE: deciders,
        RefundCommand.CREDIT: DECIDERS[FEE_OFFICER],
        RefundCommand.GRANT: _HEADQUARTERS,
        RefundCommand.UPHOLD: _HEADQUARTERS,
    }.get(command, frozenset())


def is_in_hands_of(refund: Refund, actor: StepActor, now: datetime) -> bool:
    """Return whether reading the case is part of this actor's work: it is open and their role takes steps in cases of
    its kind, or they took one within a day and see how it ended.
    """
    roles = frozenset[str]().union(*(roles_for(command, refund) for command in RefundCommand))
    if refund.state in OPEN_REFUNDS and actor.role in roles:
        return True
    return any(step.actor_id == actor.account_id and now - step.at < SEEN_AFTER for step in refund.steps)


def check_actor(refund: Refund, command: RefundCommand, actor: StepActor) -> None:
    """Refuse a wrong role, and one person where four eyes are needed.

    Raises:
        StepNotYours, FourEyesNeeded.
    """
    if actor.role not in roles_for(command, refund):
        raise StepNotYours(command.value)
    before = {
        RefundCommand.APPROVE: {refund.requested_by, refund.recommended_by},
        RefundCommand.GRANT: {refund.requested_by, refund.refused_by},
        RefundCommand.UPHOLD: {refund.requested_by, refund.refused_by},
        RefundCommand.CREDIT: {refund.requested_by, approved_by(refund)},
    }.get(command, set())
    if actor.account_id in before:
        raise FourEyesNeeded(command.value)


def approved_by(refund: Refund) -> str | None:
    """Return the account that approved the case last."""
    approvals = [step.actor_id for step in refund.steps if step.state == RefundState.APPROVED]
    return approvals[-1] if approvals else None


def needs_second_grant(refund: Refund, actor: StepActor) -> bool:
    """Return whether only the actor has agreed to the refund so far: granting its objection is then a proposal."""
    yes = {refund.recommended_by, refund.grant_proposed_by} - {None, actor.account_id}
    return actor != SYSTEM and not yes


def moved_event(refund: Refund, *, needs: RefundNeed | None = None) -> events.RefundMoved:
    """Return the event of the case's present state."""
    paid_out = refund.state == RefundState.PAID
    return events.RefundMoved(
        refund_id=refund.refund_id,
        receipt_id=refund.receipt_id,
        amount=refund.amount,
        reason=refund.reason,
        state=refund.state.value,
        rule=refund.rule,
        needs=needs,
        due_at=refund.step_due_at,
        application_id=refund.application_id,
        account_id=refund.account_id,
        order_number=refund.order_number if paid_out else None,
        paid_at=refund.ended_at if paid_out else None,
    )


def _enter(
    refund: Refund,
    command: RefundCommand,
    actor: StepActor,
    now: datetime,
    policy: RefundPolicy,
    note: str,
    **changes: Any,
) -> Refund:
    """Return the case after a command, with the deadline of its next step; deadlines at the bank stay."""
    state = REFUND_TRANSITIONS.after(refund.state, command)
    until = step_due(policy, state, now)
    due = {name: at for name, at in refund.due.items() if name == "verify"}
    if until is not None:
        due["step"] = until
    step = RefundStep(now, state, actor.role, note, actor.account_id)
    entered = replace(refund, confirmation=None, grant_proposed_by=None)
    return replace(
        entered, state=state, steps=(*refund.steps, step), step_due_at=until, escalations=0, due=due, **changes
    )


def _unbooked(refund: Refund, now: datetime, policy: RefundPolicy) -> Refund:
    due = {**refund.due, "book": now + seconds(policy.book_seconds)}
    return replace(refund, booked=False, due=due)


def _tell(refund: Refund, *, needs: RefundNeed | None = None) -> Decision[Refund]:
    return Decision(refund, (moved_event(refund, needs=needs),))


# the request, and what is asked of the applicant


def request(refund: Refund, now: datetime, policy: RefundPolicy) -> Decision[Refund]:
    """Begin a requested case; its completeness is checked next."""
    until = step_due(policy, refund.state, now)
    begun = replace(refund, step_due_at=until, due={"step": until} if until else {})
    return Decision(_unbooked(begun, now, policy), (opened_event(begun),))


def request_refused(refund: Refund, rule: str, now: datetime, policy: RefundPolicy) -> Decision[Refund]:
    """Refuse a request that no rule allows, with the rule named."""
    refused = refuse(refund, rule, SYSTEM, now, policy)
    return Decision(refused.state, (opened_event(refund), *refused.events))


def ask_papers(
    refund: Refund, papers: tuple[str, ...], actor: StepActor, now: datetime, policy: RefundPolicy
) -> Decision[Refund]:
    """Ask the applicant for missing papers, due within some working days."""
    check_actor(refund, RefundCommand.ASK_PAPERS, actor)
    asked = _enter(refund, RefundCommand.ASK_PAPERS, actor, now, policy, ",".join(papers), papers_asked=papers)
    return _tell(asked, needs=RefundNeed.PAPERS)


def answer(refund: Refund, note_sealed: str, actor: StepActor, now: datetime, policy: RefundPolicy) -> Decision[Refund]:
    """Take the applicant's answer to a request for papers."""
    papers = (*refund.papers, Paper(now, note_sealed))
    return _tell(_enter(refund, RefundCommand.ANSWER, actor, now, policy, "answered", papers=papers))


def resubmit(
    refund: Refund, note_sealed: str, actor: StepActor, now: datetime, policy: RefundPolicy
) -> Decision[Refund]:
    """Reopen a refused case with new proof (PP 59/2020 art. 47)."""
    papers = (*refund.papers, Paper(now, note_sealed))
    again = _enter(
        refund, RefundCommand.RESUBMIT, actor, now, policy, "new proof", papers=papers, rule=None, ended_at=None
    )
    again = replace(again, recommended_by=None, refused_by=None, object_until=None, approved_at=None)
    return _tell(_unbooked(again, now, policy))


def object_to(
    refund: Refund, note_sealed: str, actor: StepActor, now: datetime, policy: RefundPolicy
) -> Decision[Refund]:
    """Object to a refusal; silence until the deadline grants the objection.

    Raises:
        TooLate: the months for it are over.
    """
    if refund.object_until is not None and now > refund.object_until:
        raise TooLate
    papers = (*refund.papers, Paper(now, note_sealed))
    objected = _enter(refund, RefundCommand.OBJECT, actor, now, policy, "objection", papers=papers, ended_at=None)
    return _tell(_unbooked(objected, now, policy))


def take_back(refund: Refund, actor: StepActor, now: datetime, policy: RefundPolicy) -> Decision[Refund]:
    """Take back a request that is not decided, by its requester or the payer. The payment stays as it was;
    the bank account that was given for it is deleted. A repeat changes nothing.

    Raises:
        OpenedByBilling: it is not a request.
        NotTheirRequest: it is neither theirs nor for them.
        IllegalTransition: it is decided.
    """
    if refund.automatic:
        raise OpenedByBilling
    if {actor.account_id, *actor.joined}.isdisjoint({refund.account_id, refund.requested_by}):
        raise NotTheirRequest
    if refund.state == RefundState.WITHDRAWN:
        return Decision(refund)
    back = _enter(refund, RefundCommand.WITHDRAW, actor, now, policy, TAKEN_BACK, ended_at=now, account=None)
    return _tell(_unbooked(replace(back, due={}), now, policy))


# the office and headquarters


def find_complete(refund: Refund, actor: StepActor, now: datetime, policy: RefundPolicy) -> Decision[Refund]:
    """Find the case complete.

    Raises:
        AccountMissing: the payer's bank account is not.
    """
    check_actor(refund, RefundCommand.FIND_COMPLETE, actor)
    if refund.account is None:
        raise AccountMissing
    return _tell(_enter(refund, RefundCommand.FIND_COMPLETE, actor, now, policy, "complete"))


def research(refund: Refund, actor: StepActor, now: datetime, policy: RefundPolicy) -> Decision[Refund]:
    """Record that the receipt and the facts were researched."""
    check_actor(refund, RefundCommand.RESEARCH, actor)
    return _tell(_enter(refund, RefundCommand.RESEARCH, actor, now, policy, "researched"))


def recommend(refund: Refund, actor: StepActor, now: datetime, policy: RefundPolicy) -> Decision[Refund]:
    """Recommend the refund, by the office."""
    check_actor(refund, RefundCommand.RECOMMEND, actor)
    recommended = _enter(refund, RefundCommand.RECOMMEND, actor, now, policy, "recommended")
    return _tell(replace(recommended, recommended_by=actor.account_id))


def approve(refund: Refund, actor: StepActor, now: datetime, policy: RefundPolicy) -> Decision[Refund]:
    """Approve provisionally: no event is sent before the receipt holds the money."""
    check_actor(refund, RefundCommand.APPROVE, actor)
    approved = _enter(refund, RefundCommand.APPROVE, actor, now, policy, "approved", approved_at=now)
    return Decision(_unbooked(approved, now, policy))


def decide_to_refuse(
    refund: Refund, rule: str, actor: StepActor, now: datetime, policy: RefundPolicy
) -> Decision[Refund]:
    """Refuse by the decider, with the rule named."""
    check_actor(refund, RefundCommand.REFUSE, actor)
    return refuse(refund, rule, actor, now, policy)


def refuse(refund: Refund, rule: str, actor: StepActor, now: datetime, policy: RefundPolicy) -> Decision[Refund]:
    """Refuse the case with the rule named; new proof and an objection remain possible."""
    refused = _enter(refund, RefundCommand.REFUSE, actor, now, policy, rule, rule=rule, ended_at=now)
    refused = replace(
        refused, refused_by=actor.account_id, object_until=policy.object_until(now), approved_at=None, due={}
    )
    return _tell(_unbooked(refused, now, policy))


def grant(refund: Refund, actor: StepActor, now: datetime, policy: RefundPolicy) -> Decision[Refund]:
    """Grant the objection: the case is approved."""
    if actor != SYSTEM:
        check_actor(refund, RefundCommand.GRANT, actor)
    note = SILENCE if actor == SYSTEM else "objection granted"
    granted = _enter(refund, RefundCommand.GRANT, actor, now, policy, note, approved_at=now, rule=None)
    return Decision(_unbooked(granted, now, policy))


def uphold(refund: Refund, rule: str, actor: StepActor, now: datetime, policy: RefundPolicy) -> Decision[Refund]:
    """Uphold the refusal against the objection, with the rule named."""
    check_actor(refund, RefundCommand.UPHOLD, actor)
    upheld = _enter(refund, RefundCommand.UPHOLD, actor, now, policy, rule, rule=rule, ended_at=now)
    return _tell(_unbooked(replace(upheld, refused_by=actor.account_id), now, policy))


def credit(refund: Refund, actor: StepActor, now: datetime, policy: RefundPolicy) -> Decision[Refund]:
    """Credit the money to a coming fee instead of paying it out (PP 59/2020 art. 40)."""
    check_actor(refund, RefundCommand.CREDIT, actor)
    return _credit(refund, actor, now, policy)


def choose_credit(refund: Refund, actor: StepActor, now: datetime, policy: RefundPolicy) -> Decision[Refund]:
    """Keep the money as a credit, as its payer wishes. A repeat changes nothing.

    Raises:
        IllegalTransition: it is not approved, or the treasury may have the order to pay it out.
    """
    return Decision(refund) if refund.state == RefundState.CREDITED else _credit(refund, actor, now, policy)


def _credit(refund: Refund, actor: StepActor, now: datetime, policy: RefundPolicy) -> Decision[Refund]:
    """Credit the money to a payer that is known, unless an order to pay it out may be on its way."""
    if refund.account_id is None or refund.order_sent == refund.order_number:
        raise IllegalTransition(refund.state, RefundCommand.CREDIT)
    credited = _enter(refund, RefundCommand.CREDIT, actor, now, policy, "credited", ended_at=now)
    return _tell(_unbooked(replace(credited, due={}), now, policy))


# SIMPONI is asked once more before a step that frees money


def hold(
    refund: Refund, command: RefundCommand, actor: StepActor, now: datetime, policy: RefundPolicy
) -> Decision[Refund]:
    """Hold a step until SIMPONI confirms the payment: SIMPONI is asked, and the case stays in its state.

    Raises:
        StepNotYours, FourEyesNeeded, IllegalTransition: as the step itself.
        SimponiSaidNo: SIMPONI has just said that it does not know the payment.
    """
    REFUND_TRANSITIONS.after(refund.state, command)
    if actor != SYSTEM:
        check_actor(refund, command, actor)
    asked = refund.confirmation
    if asked is not None and asked.state is ConfirmationState.DENIED:
        if now < (asked.answered_at or asked.asked_at) + seconds(DENIAL_HOLDS_SECONDS):
            if actor == SYSTEM:
                again = (asked.answered_at or asked.asked_at) + seconds(DENIAL_HOLDS_SECONDS)
                return Decision(replace(refund, due={**refund.due, "step": again}))
            raise SimponiSaidNo(command.value)
    elif asked is not None and (asked.command, asked.account_id) == (command, actor.account_id):
        due = {**refund.due, "step": policy.escalate_at(now)} if actor == SYSTEM else refund.due
        return Decision(replace(refund, due=due))
    question = Confirmation(command, actor.role, actor.account_id, now)
    due = {**refund.due, "confirm": now}
    if actor == SYSTEM:
        due["step"] = policy.escalate_at(now)
    return Decision(replace(refund, confirmation=question, due=due))


def propose_grant(refund: Refund, actor: StepActor) -> Decision[Refund]:
    """Propose to grant the objection, as the first of two people.

    Raises:
        StepNotYours, FourEyesNeeded: also where the same person said so before.
        IllegalTransition: there is no objection.
    """
    REFUND_TRANSITIONS.after(refund.state, RefundCommand.GRANT)
    check_actor(refund, RefundCommand.GRANT, actor)
    if refund.grant_proposed_by == actor.account_id:
        raise FourEyesNeeded(RefundCommand.GRANT.value)
    return Decision(replace(refund, grant_proposed_by=actor.account_id))


def confirmed(refund: Refund, asked: Confirmation, now: datetime, policy: RefundPolicy) -> Decision[Refund]:
    """Take the step that waited for SIMPONI's confirmation, in the name of the person who asked for it."""
    if refund.confirmation != asked:
        return Decision(refund)
    step = {RefundCommand.RESEARCH: research, RefundCommand.APPROVE: approve, RefundCommand.GRANT: grant}[asked.command]
    known = replace(refund, confirmed_at=now)
    return step(known, StepActor(asked.role, asked.account_id), now, policy)


def denied(refund: Refund, asked: Confirmation, now: datetime) -> Decision[Refund]:
    """Drop the step: SIMPONI does not know the payment with this amount. The case stays in its state."""
    if refund.confirmation != asked:
        return Decision(refund)
    due = due_without(refund.due, "confirm")
    no = replace(asked, state=ConfirmationState.DENIED, answered_at=now)
    return Decision(replace(refund, confirmation=no, due=due))


def unanswered(refund: Refund, asked: Confirmation, now: datetime) -> Decision[Refund]:
    """Ask SIMPONI again, with growing intervals; the step still waits."""
    if refund.confirmation != asked:
        return Decision(refund)
    tries = asked.tries + 1
    again = now + backoff(tries, FIRST_QUESTION_AGAIN_SECONDS, LAST_QUESTION_AGAIN_SECONDS)
    waits = replace(asked, state=ConfirmationState.UNANSWERED, tries=tries)
    return Decision(replace(refund, confirmation=waits, due={**refund.due, "confirm": again}))


# the money and the seat


def account_for(refund: Refund) -> Account | None:
    """Return the ledger account that must hold this case's money; None if it stays with the rest of the receipt."""
    if refund.state == RefundState.PAID:
        return Account.REFUNDED
    if refund.state == RefundState.CREDITED:
        return Account.CREDITED
    held = MONEY_HELD | (OPEN_REFUNDS if refund.automatic else frozenset())
    return Account.REFUND_DUE if refund.state in held else None


def asks_for_all(refund: Refund) -> bool:
    """Return whether it asks for all that is left of the money: all requests do, and automatic cases but for parts.

    Requests of older builds stored otherwise if a part had been refunded before.
    """
    return refund.whole or not refund.automatic


def concerns(refund: Refund, bill: Bill) -> bool:
    """Return whether the case decides on the bill: it asks for all of the money that pays it."""
    return asks_for_all(refund) and bill.state == BillState.PAID and bill.settled_by == refund.receipt_id


def standing_of(refund: Refund, bill: Bill) -> Decision[Bill]:
    """Return what the bill stands on by this case: a live visit or right to a new date is kept until its seat is back.

    A refused case leaves a bill that stood on it closed, with the reason; one that was taken back, as it was closed
    before.
    """
    if not concerns(refund, bill):
        return Decision(bill)
    if refund.state in OPEN_REFUNDS - {RefundState.RELEASED, RefundState.ORDERED}:
        return _stands_on(refund, bill) if bill.standing == BillOutcome.CLOSED else Decision(bill)
    if refund.state in (RefundState.REFUSED, RefundState.WITHDRAWN):
        why = bill.closed_reason if refund.state == RefundState.WITHDRAWN else None
        return bills.close(bill, why or REFUND_REFUSED) if bill.standing == BillOutcome.REFUND else Decision(bill)
    return _stands_on(refund, bills.without_visit(bill) if refund.appointment_id is not None else bill)


def _stands_on(refund: Refund, bill: Bill) -> Decision[Bill]:
    return bills.stands_on_refund(bill, refund.entry or None)


def seat_to_release(refund: Refund, bill: Bill | None) -> Seat | None:
    """Return the seat that scheduling must release before the money is refunded; None if no visit can rest on it.

    Asked whatever the bill shows: a visit that is not known here yet may stand on this money. Money that pays no
    fee, a part of it, and a second payment of a bill that other money has paid, never won a visit.
    """
    if bill is None or bill.purpose != BillPurpose.FEE or not asks_for_all(refund):
        return None
    return bill.seat if refund.receipt_id in (bill.settled_by, bill.late_receipt_id) else None


def booked(refund: Refund, bill: Bill | None, now: datetime, policy: RefundPolicy) -> Decision[Refund]:
    """Mark the case as booked. An approval is told now, and the release of a seat is asked for if there is one."""
    due = due_without(refund.due, "book")
    done = replace(refund, booked=True, due=due)
    if refund.state != RefundState.APPROVED:
        return Decision(_orderable(done, now))
    seat = seat_to_release(refund, bill)
    if seat is None:
        back = release(done, SYSTEM, now, policy)
        return Decision(back.state, (moved_event(done), *back.events))
    waiting = replace(done, appointment_id=seat.appointment_id, bill_id=bill.bill_id if bill else done.bill_id)
    return _ask_seat(waiting, now, policy, first=(moved_event(waiting),))


def ask_seat_again(refund: Refund, now: datetime, policy: RefundPolicy) -> Decision[Refund]:
    """Ask scheduling again for the release of the seat."""
    return _ask_seat(refund, now, policy)


def _ask_seat(refund: Refund, now: datetime, policy: RefundPolicy, first: tuple[Event, ...] = ()) -> Decision[Refund]:
    questions = refund.seat_questions + 1
    again = now + backoff(questions, policy.seat_answer_seconds, policy.seat_answer_most_seconds)
    question = events.SeatReleaseRequested(
        refund_id=refund.refund_id,
        appointment_id=refund.appointment_id or "",
        application_id=refund.application_id or "",
        bill_id=refund.bill_id,
        receipt_id=refund.receipt_id,
    )
    asked = replace(refund, seat_questions=questions, due={**refund.due, "seat": again})
    return Decision(asked, (*first, question))


def waits_for_seat(refund: Refund) -> bool:
    """Return whether the case waits for scheduling to release its seat."""
    return refund.state == RefundState.APPROVED and refund.booked and refund.appointment_id is not None


def release(refund: Refund, actor: StepActor, now: datetime, policy: RefundPolicy) -> Decision[Refund]:
    """Release the case: no seat is held, so it is paid once the bank has verified the account."""
    back = _unbooked(_enter(refund, RefundCommand.RELEASE, actor, now, policy, "no seat is held"), now, policy)
    return _tell(back, needs=_account_need(back))


def _orderable(refund: Refund, now: datetime) -> Refund:
    """Return the case with its order due, once the receipt shows the release: an earlier order would find nothing."""
    verified = refund.account is not None and refund.account.state == AccountState.VERIFIED
    ready = refund.state == RefundState.RELEASED and refund.booked and verified
    return replace(refund, due={**refund.due, "order": now}) if ready else refund


def _account_need(refund: Refund) -> RefundNeed | None:
    if refund.account is None:
        return RefundNeed.BANK_ACCOUNT
    differs = refund.account.state in (AccountState.DIFFERS, AccountState.REJECTED)
    return RefundNeed.ANOTHER_BANK_ACCOUNT if differs else None


# the bank and the treasury


def takes_account(refund: Refund) -> bool:
    """Return whether another account can be given: not once the treasury was ordered to pay, nor after the end."""
    return refund.state in OPEN_REFUNDS - {RefundState.ORDERED}


def give_account(refund: Refund, account: BankAccount, now: datetime) -> Decision[Refund]:
    """Store the payer's account; the bank is asked to verify it at once."""
    due = due_without(refund.due, "order")
    return Decision(replace(refund, account=account, due={**due, "verify": now}))


def account_answered(refund: Refund, given_at: datetime, matches: bool, now: datetime) -> Decision[Refund]:
    """Take the bank's answer about an account; an answer about a replaced one changes nothing."""
    account = refund.account
    if account is None or account.given_at != given_at or account.state != AccountState.GIVEN:
        return Decision(refund)
    due = due_without(refund.due, "verify")
    state = AccountState.VERIFIED if matches else AccountState.DIFFERS
    known = replace(refund, account=replace(account, state=state), due=due)
    if matches:
        return Decision(_orderable(known, now))
    return _tell(known, needs=RefundNeed.ANOTHER_BANK_ACCOUNT)


def bank_silent(refund: Refund, given_at: datetime, now: datetime, policy: RefundPolicy) -> Decision[Refund]:
    """Ask the bank again, with growing intervals."""
    account = refund.account
    if account is None or account.given_at != given_at or "verify" not in refund.due:
        return Decision(refund)
    attempts = account.attempts + 1
    again = now + backoff(attempts, policy.bank_retry_seconds, policy.bank_retry_most_seconds)
    return Decision(replace(refund, account=replace(account, attempts=attempts), due={**refund.due, "verify": again}))


def send_order(refund: Refund) -> Decision[Refund]:
    """Note the order before it is sent: from here on the treasury may pay it.

    Raises:
        IllegalTransition: the case was credited, or is not released any more.
    """
    REFUND_TRANSITIONS.after(refund.state, RefundCommand.ORDER)
    return Decision(replace(refund, order_sent=refund.order_number))


def order_unanswered(refund: Refund, now: datetime, policy: RefundPolicy) -> Decision[Refund]:
    """Send the same order again, under the same number: the treasury did not answer."""
    if refund.state != RefundState.RELEASED:
        return Decision(refund)
    return Decision(replace(refund, due={**refund.due, "order": now + seconds(policy.bank_retry_seconds)}))


def ordered(refund: Refund, order_number: str, now: datetime, policy: RefundPolicy) -> Decision[Refund]:
    """Record that the treasury accepted the order."""
    if refund.state != RefundState.RELEASED or refund.order_number != order_number:
        return Decision(refund)
    out = _enter(refund, RefundCommand.ORDER, SYSTEM, now, policy, order_number)
    return _tell(replace(out, due={**out.due, "track": now + seconds(policy.track_seconds)}))


def track_later(refund: Refund, now: datetime, policy: RefundPolicy) -> Decision[Refund]:
    """Ask the treasury again later: it has not paid yet, or did not answer."""
    if refund.state != RefundState.ORDERED:
        return Decision(refund)
    since = now - refund.steps[-1].at
    wait = min(max(since.total_seconds() / 4, policy.track_seconds), policy.track_most_seconds)
    return Decision(replace(refund, due={**refund.due, "track": now + seconds(wait)}))


def order_rejected(refund: Refund, order_number: str, now: datetime, policy: RefundPolicy) -> Decision[Refund]:
    """Return to a released case that needs another account: the treasury rejected the order. The next order has a new
    number.
    """
    account = replace(refund.account, state=AccountState.REJECTED) if refund.account else None
    if refund.order_number != order_number:
        return Decision(refund)
    if refund.state == RefundState.RELEASED:
        due = due_without(refund.due, "order")
        again = replace(refund, orders=refund.orders + 1, account=account, due=due)
        return _tell(again, needs=RefundNeed.ANOTHER_BANK_ACCOUNT)
    back = _enter(refund, RefundCommand.REJECT_ORDER, SYSTEM, now, policy, "order_rejected", account=account)
    return _tell(replace(back, orders=refund.orders + 1), needs=RefundNeed.ANOTHER_BANK_ACCOUNT)


def paid(refund: Refund, order_number: str, now: datetime, policy: RefundPolicy) -> Decision[Refund]:
    """End the case: the treasury paid."""
    if refund.state != RefundState.ORDERED or refund.order_number != order_number:
        return Decision(refund)
    over = _enter(refund, RefundCommand.PAY, SYSTEM, now, policy, order_number, ended_at=now)
    return _tell(_unbooked(replace(over, due={}), now, policy))


# deadlines of people


def step_overdue(refund: Refund, now: datetime, policy: RefundPolicy) -> Decision[Refund]:
    """Handle an overdue step. Missing papers end a request, silence grants an objection, anything
    else is escalated again and again until somebody acts.
    """
    if refund.state == RefundState.INCOMPLETE and not refund.automatic:
        return refuse(refund, PAPERS_NOT_GIVEN, SYSTEM, now, policy)
    if refund.state == RefundState.OBJECTED:
        return hold(refund, RefundCommand.GRANT, SYSTEM, now, policy)
    due = {**refund.due, "step": policy.escalate_at(now)}
    return Decision(replace(refund, escalations=refund.escalations + 1, due=due))
