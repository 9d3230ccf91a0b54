"""Refusals of SIMPONI and the bank."""

from __future__ import annotations

from simulators.errors import Refusal


class ReferenceUsedForAnotherAmount(Refusal):
    code = "reference_used_for_another_amount"
    next_action = "Use a new reference for a new bill."


class LinesDiffer(Refusal):
    status = 422
    code = "lines_differ"
    next_action = "Let the details of the code add up to its amount."


class ExpiryPassed(Refusal):
    status = 422
    code = "expiry_passed"
    next_action = "Ask for a code that expires later."


class CodeUnknown(Refusal):
    status = 404
    code = "code_unknown"
    next_action = "Check the 15 digits of the billing code."


class CodeExpired(Refusal):
    code = "code_expired"
    next_action = "Ask for a new billing code."


class CodeCancelled(Refusal):
    code = "code_cancelled"
    next_action = "Ask for a new billing code."


class AmountWrong(Refusal):
    status = 422
    code = "amount_wrong"
    next_action = "Pay exactly the amount of the bill."


class AlreadyPaid(Refusal):
    code = "already_paid"
    next_action = "Nothing is left to pay on this code."


class NothingToSettle(Refusal):
    code = "nothing_to_settle"
    next_action = "Pay the code in the mode ntb_only first."
