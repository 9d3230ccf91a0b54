"""One line for each answer, written the short way.

Through every processor such a line costs nearly as much as the rest of a request (measured: 230 of 520 us). Its members
are all made here (a known method, a route's template, numbers, our codes, hex), so there is nothing to mask: it goes
straight to the renderer and the place that `configure_logs` chose. All other lines take the usual way.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any

import structlog

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING}


class AccessLog:
    """Writes the access lines of one application."""

    def __init__(self, service_name: str) -> None:
        self._service = service_name
        self._factory: Any = None
        self._logger: Any = None

    def write(self, level: str, event: str, **members: object) -> None:
        """Write one line of `level` (debug, info, warning), if that level is written at all."""
        chosen = structlog.get_config()
        enabled = getattr(chosen["wrapper_class"], "is_enabled_for", None)
        if enabled is not None and not enabled(None, _LEVELS[level]):
            return
        line: dict[str, object] = {
            "event": event,
            "service": self._service,
            "level": level,
            "timestamp": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
            **members,
        }
        if chosen["logger_factory"] is not self._factory:
            self._factory = chosen["logger_factory"]
            self._logger = self._factory()
        try:
            rendered = chosen["processors"][-1](self._logger, level, line)
        except structlog.DropEvent:
            return
        self._logger.msg(rendered)
