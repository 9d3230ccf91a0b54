"""Refusals of services, and the lack of an answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

_FOR_PROGRAMS: Final = re.compile(r"/v1/|\b[a-z]+_[a-z]+")
"""In a next action that names a call or a member of a body: right for an app's maker, a riddle on a page."""


@dataclass(frozen=True)
class FieldProblem:
    """One wrong field of a request: its JSON pointer, and a sentence about it."""

    pointer: str
    detail: str
    example: str | None = None


@dataclass(eq=False)
class Problem(Exception):
    """A refusal of a service (RFC 9457), in the visitor's language. Not frozen: context managers note a traceback."""

    status: int
    code: str
    title: str
    detail: str = ""
    next_action: str = ""
    fields: tuple[FieldProblem, ...] = ()
    next_call: Mapping[str, Any] | None = None
    trace_id: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    """Everything that the answer says, facts of this one case among it."""
    retry_after_seconds: int | None = None


class SignedOut(Exception):
    """The visitor's session is over, or there was none."""


class ServiceDown(Exception):
    """A service does not answer, or cannot do its work at this moment."""

    def __init__(self, service: str, reason: str, retry_after_seconds: int | None = None, trace_id: str = "") -> None:
        """`service` is its name, `reason` a word for the log."""
        super().__init__(f"{service}: {reason}")
        self.service = service
        self.reason = reason
        self.retry_after_seconds = retry_after_seconds
        self.trace_id = trace_id


def read_problem(status: int, body: Any, retry_after: str | None) -> Problem:
    """Return the problem in an answer; what cannot be read is a problem with its status alone.

    Of a fault of a service (from 500) no details are told: they may be anything.
    """
    told: Mapping[str, Any] = body if isinstance(body, dict) else {}
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        told = {name: told[name] for name in ("code", "title", "next_action", "trace_id") if name in told}
    fields = tuple(
        FieldProblem(str(item.get("pointer", "")), str(item.get("detail", "")), item.get("example"))
        for item in told.get("errors") or ()
        if isinstance(item, dict)
    )
    named = told.get("field")
    if not fields and isinstance(named, str):
        words = (str(told.get(name, "")) for name in ("title", "detail"))
        fields = (FieldProblem(named, " ".join(dict.fromkeys(word for word in words if word))),)
    next_action = str(told.get("next_action", ""))
    return Problem(
        status=status,
        code=str(told.get("code", f"status_{status}")),
        title=str(told.get("title", "")),
        detail=str(told.get("detail", "")),
        next_action="" if _FOR_PROGRAMS.search(next_action) else next_action,
        fields=fields,
        next_call=told.get("next_call") if isinstance(told.get("next_call"), dict) else None,
        trace_id=str(told.get("trace_id", "")),
        facts=told,
        retry_after_seconds=int(retry_after) if retry_after and retry_after.isdigit() else None,
    )
