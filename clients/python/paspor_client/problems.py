"""Refusals (RFC 9457) as one exception with the members that every service sends."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar

T_co = TypeVar("T_co", covariant=True)

REFUSED_FROM: Final = 400
"""The first status that refuses."""


@dataclass(frozen=True)
class FieldError:
    """One member of the request that cannot be taken."""

    pointer: str
    """JSON Pointer (RFC 6901) into the body, or the name of the parameter."""

    rule: str
    detail: str
    example: str | None = None


@dataclass(frozen=True)
class NextCall:
    """The call that helps."""

    method: str
    href: str


class Refused(Exception):
    """A service said no. `code` is for programs, `str(refused)` for people, in the language that was asked for."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status = status
        self.problem = problem
        self.code = str(problem.get("code", status))
        self.detail = str(problem.get("detail") or problem.get("title") or "")
        self.next_action = str(problem.get("next_action", ""))
        self.trace_id = str(problem.get("trace_id", ""))
        super().__init__(f"{status} {self.code}: {self.detail} {self.next_action}".strip())

    @property
    def field_errors(self) -> Sequence[FieldError]:
        """What is wrong with which member; empty where it is not about members."""
        return [
            FieldError(item["pointer"], item["rule"], item["detail"], item.get("example"))
            for item in self.problem.get("errors", [])
        ]

    @property
    def next_call(self) -> NextCall | None:
        """The call that leads on, where there is one; ids that the service does not know stay in braces."""
        found = self.problem.get("next_call")
        return NextCall(found["method"], found["href"]) if found else None


class Response(Protocol[T_co]):
    """What each generated call returns from `sync_detailed`."""

    @property
    def status_code(self) -> int: ...
    @property
    def content(self) -> bytes: ...
    @property
    def parsed(self) -> T_co: ...


def answer_of(response: Response[Any]) -> Any:
    """Return the typed answer of a generated call.

    Raises:
        Refused: it is a refusal.
    """
    if response.status_code >= REFUSED_FROM:
        raise refusal(int(response.status_code), response.content)
    return response.parsed


def refusal(status: int, content: bytes) -> Refused:
    """The exception for an answer; a body that is no problem (of something between us and the service) has no code."""
    try:
        problem = json.loads(content)
    except ValueError:
        problem = {}
    return Refused(status, problem if isinstance(problem, dict) else {})
