"""Logs: one JSON object per line on standard output (readable text on a terminal), with trace ids, without people."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import sys
import time
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, Final, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from shared import context
from shared.masking import mask_billing_code, mask_email, mask_nik, mask_phone, mask_text, mask_value

__all__ = [
    "configure_logs",
    "get_logger",
    "mask_billing_code",
    "mask_email",
    "mask_nik",
    "mask_phone",
    "mask_text",
    "mask_value",
]

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
_TALKATIVE = ("aiohttp.access", "aiormq", "aio_pika", "pymongo", "motor", "asyncio")

CLIENT_LIBRARIES: Final = ("aio_pika", "aiormq", "pymongo", "motor")
"""Their trouble is ours to tell, once per loss, where the connection is used; their own words are for debugging."""

REPEAT_SECONDS: Final = 60.0
"""The same words of a library are written once in so many seconds."""

MOST_REMEMBERED: Final = 200
"""Different words of libraries that are remembered; beyond it some are written once more."""

_LOSS: Final = re.compile(r"connect|\bclos|\blost|reset|broken pipe|transport|\beof|timed? ?out|not sent", re.I)


def configure_logs(
    service: str, level: str = "info", *, stream: TextIO | None = None, as_json: bool | None = None
) -> None:
    """Set up structlog and the standard library's logging for this process; call once at start.

    `level` is debug, info, warning or error. Lines are JSON unless `stream` (default: standard output) is a terminal.
    """
    target = stream if stream is not None else sys.stdout
    least = _LEVELS[level.lower()]
    render = _renderer(target, as_json)
    before = _processors(service)
    structlog.configure(
        processors=[*before, render],
        wrapper_class=structlog.make_filtering_bound_logger(least),
        logger_factory=structlog.WriteLoggerFactory(file=target),
        cache_logger_on_first_use=False,
    )
    _route_standard_logging(target, least, before, render)


def get_logger(name: str) -> Any:
    """A logger whose lines carry `module=name`; call it as `log.info("bill.issued", bill_id=...)`."""
    return structlog.get_logger(module=name)


def mask_event(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Processor: every key and value of the line masked."""
    masked: MutableMapping[str, Any] = mask_value(dict(event))
    return masked


class LibraryWords(logging.Filter):
    """Brings what client libraries say to a fitting level, without tracebacks, and not again and again.

    A lost connection is debug: the bus and the store tell of it themselves, once. Any other error of theirs is a
    warning. asyncio's lines about exceptions that were never awaited are judged by the exception; others stay errors.
    """

    def __init__(self, least: int, monotonic: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._least = least
        self._monotonic = monotonic
        self._said: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the line is written; changes its level and its words."""
        library = record.name.partition(".")[0]
        error = record.exc_info[1] if record.exc_info else None
        if library not in CLIENT_LIBRARIES and not (library == "asyncio" and _is_of_a_library(error)):
            return True
        lost = _is_a_loss(error) if error is not None else bool(_LOSS.search(record.getMessage()))
        level = logging.DEBUG if lost else min(record.levelno, logging.WARNING)
        record.levelno, record.levelname = level, logging.getLevelName(level)
        if error is not None:
            record.msg, record.args = f"{record.getMessage()} ({type(error).__name__})", ()
            record.exc_info = record.exc_text = None
        return level >= self._least and not self._was_said(record)

    def _was_said(self, record: logging.LogRecord) -> bool:
        now, words = self._monotonic(), (record.name, str(record.msg))
        if now - self._said.get(words, -REPEAT_SECONDS) < REPEAT_SECONDS:
            return True
        if len(self._said) >= MOST_REMEMBERED:
            self._said.clear()
        self._said[words] = now
        return False


def _is_of_a_library(error: BaseException | None) -> bool:
    return error is not None and type(error).__module__.partition(".")[0] in CLIENT_LIBRARIES


def _is_a_loss(error: BaseException) -> bool:
    """Whether an exception says no more than that a connection or channel is gone."""
    if isinstance(error, OSError | EOFError | asyncio.TimeoutError | asyncio.CancelledError):
        return True
    return bool(re.search(r"Connect|Channel(Invalid|Closed)|AutoReconnect|NetworkTimeout", type(error).__name__))


def _add_causation(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    causation = context.current_or_none()
    if causation is not None:
        event.setdefault("trace_id", context.trace_id())
        event.setdefault("correlation_id", causation.correlation_id)
    return event


def _processors(service: str) -> list[Processor]:
    def add_service(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event.setdefault("service", service)
        return event

    return [
        structlog.contextvars.merge_contextvars,
        add_service,
        _add_causation,
        structlog.processors.add_log_level,
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,  # text without local variables: those hold people
        mask_event,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _renderer(target: TextIO, as_json: bool | None) -> Processor:
    wants_json = as_json if as_json is not None else not target.isatty()
    if wants_json:
        return _render_json
    return structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)


def _render_json(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    # Not ASCII-escaped: an escape before digits could make a run of 16 of them.
    line = json.dumps(dict(event), ensure_ascii=False, separators=(",", ":"), default=str)
    return line.encode("utf-8", "replace").decode("utf-8")


def _route_standard_logging(target: TextIO, least: int, before: list[Processor], render: Processor) -> None:
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[_take_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *before, render],
            use_get_message=True,
        )
    )
    handler.addFilter(LibraryWords(least))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(least)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(least, logging.WARNING))


def _take_logger_name(_logger: WrappedLogger, _method: str, event: EventDict) -> Mapping[str, Any]:
    record = event.get("_record")
    if isinstance(record, logging.LogRecord):
        event["module"] = record.name
    return event
