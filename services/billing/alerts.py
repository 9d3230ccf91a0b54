"""Alerts for operators: log lines at error level that mean a bad state of the world, not a fault of the code."""

from __future__ import annotations

from typing import Any, Final

from shared.logs import get_logger

CODE_OVERDUE: Final = "billing.code_overdue"
CODE_UNKNOWN_TO_SIMPONI: Final = "billing.code_unknown_to_simponi"
CLAIM_CASE_OPEN: Final = "billing.claim_case_open"
UNSETTLED_CASE_OPEN: Final = "billing.unsettled_case_open"
LATE_MONEY_WAITS: Final = "billing.late_money_waits"
SEAT_WITHOUT_MONEY: Final = "billing.seat_without_money"
RECEIPT_DIFFERS: Final = "billing.receipt_differs"
REFUND_STEP_OVERDUE: Final = "billing.refund_step_overdue"
REFUND_MONEY_MISSING: Final = "billing.refund_money_missing"
REFUND_PAYMENT_UNKNOWN: Final = "billing.refund_payment_unknown"
MONEY_RULE_BROKEN: Final = "billing.money_rule_broken"
CASE_OVERDUE: Final = "billing.case_overdue"
SETTLEMENT_FILE_REFUSED: Final = "billing.settlement_file_refused"
SETTLEMENT_FILE_MISSING: Final = "billing.settlement_file_missing"

OPERATOR_ALERTS: Final = frozenset(
    {
        CODE_OVERDUE,
        CODE_UNKNOWN_TO_SIMPONI,
        CLAIM_CASE_OPEN,
        UNSETTLED_CASE_OPEN,
        LATE_MONEY_WAITS,
        SEAT_WITHOUT_MONEY,
        RECEIPT_DIFFERS,
        REFUND_STEP_OVERDUE,
        REFUND_MONEY_MISSING,
        REFUND_PAYMENT_UNKNOWN,
        CASE_OVERDUE,
        MONEY_RULE_BROKEN,
        SETTLEMENT_FILE_REFUSED,
        SETTLEMENT_FILE_MISSING,
    }
)
"""Every alert of billing by its event name."""

_log = get_logger(__name__)


def alert(name: str, **facts: Any) -> None:
    """Tell the operators."""
    _log.error(name, **facts)
