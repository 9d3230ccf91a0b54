"""Alerts to operators: log lines at error level that mean a bad state of the world, not a fault of the code."""

from __future__ import annotations

from typing import Any, Final

from shared.logs import get_logger

BOOK_WITHOUT_PAYMENT: Final = "application.book_without_payment"
HAND_OVER_REFUSED: Final = "application.hand_over_refused"
APPROVAL_REFUSED: Final = "application.approval_refused"
RECALL_REFUSED: Final = "application.recall_refused"
PASSPORT_NUMBER_TAKEN: Final = "application.passport_number_taken"
LETTER_NOT_MADE: Final = "application.letter_not_made"

_log = get_logger(__name__)


def alert(name: str, **facts: Any) -> None:
    """Tell the operators."""
    _log.error(name, **facts)
