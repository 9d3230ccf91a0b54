"""Every staff act over HTTP is audited, whoever wrote its endpoint: a line before it and one with its outcome."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from functools import wraps
from typing import Any, Final

from pydantic import BaseModel

from shared.audit.entries import Audit
from shared.http.endpoint import Door, Endpoint, Handler, Result
from shared.tokens import Role

ACTING: Final = frozenset({"POST", "PUT", "DELETE"})
"""What decides or changes; a PATCH is a piece of an upload, and reading is no act."""

_STAFF: Final = frozenset(Role) - {Role.APPLICANT, Role.SERVICE}
_NAMING: Final = ("appointment_id", "application_id", "bill_id", "person_id", "session_id")
"""Fields of a body that say what it is about, where the path does not."""


def audited(
    endpoints: Iterable[Endpoint], audit_of: Callable[[Any], Audit], *, by_themselves: Collection[str] = ()
) -> tuple[Endpoint, ...]:
    """The same endpoints; those by which staff act write the audit. ``by_themselves`` name those that do it already.

    An applicant's calls pass untouched. A reason is taken from the body's ``reason_code`` or ``reason``.
    """
    return tuple(
        _audited(each, audit_of) if may_act(each) and each.name not in by_themselves else each for each in endpoints
    )


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
            reason=_reason(body),
            command_id=call.command_id if endpoint.idempotent else None,
        ):
            return await handler(call)

    return replace(endpoint, handler=acting, operation=endpoint.name)


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
