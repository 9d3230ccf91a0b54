"""Alerts to operators: log lines at error level that mean a bad state of the world, not a fault of the code."""

from __future__ import annotations

from typing import Any, Final

from shared.logs import get_logger

UNUSUAL_READING: Final = "identity.unusual_reading"
BREACH_NOTICE_DUE: Final = "identity.breach_notice_due"

_log = get_logger(__name__)


def alert(name: str, **facts: Any) -> None:
    """Tell the operators."""
    _log.error(name, **facts)
