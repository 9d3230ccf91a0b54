"""The matrix of roles and operations, derived from the endpoint declarations of all services."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from shared.duties import DUTIES
from shared.http.endpoint import Door, Endpoint
from shared.tokens import Role

Operations = Sequence[tuple[str, Endpoint]]
"""Endpoints, each with the service that has it."""

INTRODUCTION: Final = """Each operation names the roles that it lets in, and this page is derived from those names.
Whose data a role sees there is narrowed further by its offices. `shared/duties.py` has the duties; a contract test
refuses a role that reads personal data which its duties do not name. Applicants, and calls that need no token, are in
[interfaces](openapi/README.md)."""

HEAD: Final = "| service | call | what | reads |"


def may_call(role: Role, endpoint: Endpoint) -> bool:
    """Return whether a token of this role opens the endpoint."""
    access = endpoint.access
    return access.door is Door.BEARER and (not access.roles or role in access.roles)


def operations_of(role: Role, operations: Operations) -> list[tuple[str, Endpoint]]:
    """Return what the role may call."""
    return [(service, endpoint) for service, endpoint in operations if may_call(role, endpoint)]


def roles_page(operations: Operations, written_by: str) -> str:
    """Return the page: duties, the matrix, and the operations of each role."""
    lines = ["# Roles of staff", "", written_by, INTRODUCTION, ""]
    lines += [*_duties(), "", "## Matrix", "", *_matrix(operations)]
    for role in DUTIES:
        lines += ["", f"## {role.value}", "", HEAD, "|---|---|---|---|"]
        lines += [
            f"| {service} | `{endpoint.method} {endpoint.path}` | {endpoint.summary} | {endpoint.reads or ''} |"
            for service, endpoint in operations_of(role, operations)
        ]
    return "\n".join(lines) + "\n"


def _duties() -> Iterator[str]:
    yield "| role | title | Indonesian | works for | work | personal data |"
    yield "|---|---|---|---|---|---|"
    for role, duty in DUTIES.items():
        read = ", ".join(sorted(duty.reads)) or "none"
        yield f"| `{role.value}` | {duty.title} | {duty.title_id} | {duty.reach.value} | {duty.work} | {read} |"


def _matrix(operations: Operations) -> Iterator[str]:
    yield f"| call | {' | '.join(role.value.replace('_', ' ') for role in DUTIES)} |"
    yield "|---|" + ":-:|" * len(DUTIES)
    for _service, endpoint in operations:
        marks = ["x" if may_call(role, endpoint) else "" for role in DUTIES]
        if any(marks):
            yield f"| `{endpoint.method} {endpoint.path}` | {' | '.join(marks)} |"
