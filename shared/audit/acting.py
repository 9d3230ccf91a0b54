"""Every staff act over HTTP is audited, whoever wrote its endpoint: a line before it and one with its outcome.

So is every read of personal data by staff: one line with its outcome, before the answer is given. If the line cannot be
written, the answer is not given.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from functools import wraps
from typing import Any, Final

from pydantic import BaseModel

from shared.audit.entries import DONE, REFUSED, Audit
from shared.errors import Refusal
from shared.http.endpoint import Door, Endpoint, Handler, Result
from shared.tokens import Role

ACTING: Final = frozenset({"POST", "PUT", "DELETE"})
"""Methods that decide or change something; a PATCH is a piece of an upload, and reading is not an act."""

_STAFF: Final = frozenset(Role) - {Role.APPLICANT, Role.SERVICE}
_NAMING: Final = ("appointment_id", "application_id", "bill_id", "person_id", "session_id")
"""Fields of a body that say what it is about, where the path does not."""

_ASKING: Final = ("application_id", "on_behalf_of", "bill_id", "number")
"""Fields of a query that say whose data are read, where the path does not."""

UNSTATED: Final = "unstated"
"""The reason of a read for which neither an assistance, nor a reason, nor a step at hand was known."""


def audited(
    endpoints: Iterable[Endpoint], audit_of: Callable[[Any], Audit], *, by_themselves: Collection[str] = ()
) -> tuple[Endpoint, ...]:
    """The same endpoints; those by which staff act or read personal data write the audit.

    ``by_themselves`` name those that do it already. An applicant's calls pass untouched. The reason of an act is the
    body's ``reason_code`` or ``reason``, else the assistance; of a read the assistance, the query's ``reason`` or the
    step at hand.
    """
    return tuple(
        endpoint if endpoint.name in by_themselves else _with_audit(endpoint, audit_of) for endpoint in endpoints
    )


def _with_audit(endpoint: Endpoint, audit_of: Callable[[Any], Audit]) -> Endpoint:
    if may_act(endpoint):
        return _audited(endpoint, audit_of)
    return _reading(endpoint, audit_of) if endpoint.reads is not None else endpoint


def may_act(endpoint: Endpoint) -> bool:
    """Whether staff can change something with it."""
    access = endpoint.access
    allowed = access.roles or frozenset(Role)
    return endpoint.method in ACTING and access.door is Door.BEARER and not _STAFF.isdisjoint(allowed)


def _audited(endpoint: Endpoint, audit_of: Callable[[Any], Audit]) -> Endpoint:
    handler: Handler = endpoint.handler

    @wraps(handler)
    async def acting(call: Any) -> Result:
        if call.caller.role not in _STAFF:
            return await handler(call)
        path, body = _fields(call.path), _fields(call.body)
        async with audit_of(call).doing(
            call.caller,
            endpoint.name,
            subject=_subject(endpoint, path, body),
            office_id=call.caller.office_id or path.get("office_id"),
            reason=_reason(body) or _assistance(_fields(call.query)),
            command_id=call.command_id if endpoint.idempotent else None,
        ):
            return await handler(call)

    return replace(endpoint, handler=acting, operation=endpoint.name)


def _reading(endpoint: Endpoint, audit_of: Callable[[Any], Audit]) -> Endpoint:
    handler: Handler = endpoint.handler

    @wraps(handler)
    async def reading(call: Any) -> Result:
        if call.caller.role not in _STAFF:
            return await handler(call)
        try:
            answer = await handler(call)
        except Refusal as refused:
            await _note_read(endpoint, audit_of, call, REFUSED, refused.code)
            raise
        await _note_read(endpoint, audit_of, call, DONE, None)
        return answer

    return replace(endpoint, handler=reading, operation=endpoint.name)


async def _note_read(
    endpoint: Endpoint, audit_of: Callable[[Any], Audit], call: Any, outcome: str, detail: str | None
) -> None:
    path, query = _fields(call.path), _fields(call.query)
    places = [str(path[name]) for name in endpoint.places if path.get(name) is not None]
    asked = [str(query[name]) for name in _ASKING if query.get(name) is not None]
    await audit_of(call).note(
        call.caller,
        f"read_{endpoint.reads}",
        subject=(places or asked or [endpoint.name])[-1 if places else 0],
        reason=call.read_for or _assistance(query) or _reason(query) or UNSTATED,
        outcome=outcome,
        detail=detail or endpoint.name,
    )


def _assistance(query: Mapping[str, Any]) -> str | None:
    assistance_id = query.get("assistance")
    return f"assistance:{assistance_id}" if assistance_id is not None else None


def _fields(part: Any) -> Mapping[str, Any]:
    if isinstance(part, BaseModel):
        return {name: getattr(part, name) for name in type(part).model_fields}
    return part if isinstance(part, Mapping) else {}


def _subject(endpoint: Endpoint, path: Mapping[str, Any], body: Mapping[str, Any]) -> str:
    places = [str(path[name]) for name in endpoint.places if path.get(name) is not None]
    named = [str(body[name]) for name in _NAMING if body.get(name) is not None]
    return places[-1] if places else named[0] if named else endpoint.name


def _reason(body: Mapping[str, Any]) -> str | None:
    """A code only: what somebody wrote in their own words stays where it is kept sealed."""
    for name in ("reason_code", "reason"):
        given = body.get(name)
        if given is not None and str(given).replace("_", "").isalnum() and str(given).islower():
            return str(given)[:64]
    return None
