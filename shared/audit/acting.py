"""Every staff act over HTTP is audited, whoever wrote its endpoint: a line before it and one with its outcome.

So is every read of personal data by staff: one line with its outcome, before the answer is given. If the line cannot be
written, the answer is not given. A read that is not part of the step at hand (`call.reading`) needs a stated reason; of
each one that shows persons identity is told, which shows it to them (docs/adr/0057). An act whose answer shows a person
is told in the same way, with the act as its step.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import wraps
from typing import Any, Final

from pydantic import BaseModel

from shared.audit.entries import DONE, REFUSED, Audit
from shared.audit.reads import ReadReasonNeeded, refuse_without_reason, stated_reason
from shared.errors import Refusal
from shared.events.codes import PersonalData
from shared.events.data_reads import DataRead
from shared.http.endpoint import Door, Endpoint, Handler, Result
from shared.http.reading import Reading
from shared.ids import derived_id
from shared.tokens import Role

ACTING: Final = frozenset({"POST", "PUT", "DELETE"})
"""Methods that decide or change something; a PATCH is a piece of an upload, and reading is not an act."""

_STAFF: Final = frozenset(Role) - {Role.APPLICANT, Role.SERVICE}
_NAMING: Final = ("appointment_id", "application_id", "bill_id", "person_id", "session_id")
"""Fields of a body that say what it is about, where the path does not."""

_ASKING: Final = ("application_id", "on_behalf_of", "bill_id", "number")
"""Fields of a query that say whose data are read, where the path does not."""

UNSTATED: Final = "unstated"
"""The reason of a read for which neither an assistance, nor a reason, nor a step at hand was known: a refused one."""

OF_PERSONS: Final = frozenset(PersonalData) - {PersonalData.STAFF_NAME}
"""Data of citizens: reads of them need a reason and are told. Names of staff are read by those who administer them."""


def audited(
    endpoints: Iterable[Endpoint],
    audit_of: Callable[[Any], Audit],
    read_event: type[DataRead],
    *,
    by_themselves: Collection[str] = (),
) -> tuple[Endpoint, ...]:
    """The same endpoints; those by which staff act or read personal data write the audit.

    ``by_themselves`` name those that do it already. An applicant's calls pass untouched. The reason of an act is the
    body's ``reason_code`` or ``reason``, else the assistance; of a read the assistance, the stated reason or the step
    at hand. ``read_event`` is the service's event of a read.
    """
    return tuple(
        endpoint if endpoint.name in by_themselves else _with_audit(endpoint, audit_of, read_event)
        for endpoint in endpoints
    )


def _with_audit(endpoint: Endpoint, audit_of: Callable[[Any], Audit], read_event: type[DataRead]) -> Endpoint:
    if endpoint.reads is not None:
        return _reading(endpoint, endpoint.reads, audit_of, read_event)
    return _audited(endpoint, audit_of, read_event) if may_act(endpoint) else endpoint


def may_act(endpoint: Endpoint) -> bool:
    """Whether staff can change something with it."""
    access = endpoint.access
    allowed = access.roles or frozenset(Role)
    return endpoint.method in ACTING and access.door is Door.BEARER and not _STAFF.isdisjoint(allowed)


def _audited(endpoint: Endpoint, audit_of: Callable[[Any], Audit], read_event: type[DataRead]) -> Endpoint:
    handler: Handler = endpoint.handler

    @wraps(handler)
    async def acting(call: Any) -> Result:
        if call.caller.role not in _STAFF:
            return await handler(call)
        path, body, audit = _fields(call.path), _fields(call.body), audit_of(call)
        async with audit.doing(
            call.caller,
            endpoint.name,
            subject=_subject(endpoint, path, body),
            office_id=call.caller.office_id or path.get("office_id"),
            reason=_reason(body) or _assistance(_fields(call.query)),
            command_id=call.command_id if endpoint.idempotent else None,
        ) as doing:
            answer = await handler(call)
            reading: Reading = call.reading
            if reading.kind is not None and reading.subjects:  # what its answer shows is a read too
                call.reading = replace(reading, step=endpoint.name)
                read_id = derived_id("shown", doing.line_id)
                await audit.tell_of_read(read_event(**_facts_of_read(call, read_id, reading.kind, audit.now())))
            return answer

    return replace(endpoint, handler=acting, operation=endpoint.name)


def _reading(
    endpoint: Endpoint, kind: PersonalData, audit_of: Callable[[Any], Audit], read_event: type[DataRead]
) -> Endpoint:
    handler: Handler = endpoint.handler

    @wraps(handler)
    async def reading(call: Any) -> Result:
        if call.caller.role not in _STAFF:
            return await handler(call)
        audit = audit_of(call)
        try:
            answer = await handler(call)
            if kind in OF_PERSONS:
                refuse_without_reason(call)
        except Refusal as refused:
            await _note_read(endpoint, audit, call, REFUSED, refused.code)
            raise
        read_id = await _note_read(endpoint, audit, call, DONE, None)
        if call.reading.subjects:
            await audit.tell_of_read(read_event(**_facts_of_read(call, read_id, kind, audit.now())))
        return answer

    refusals = (*endpoint.refusals, ReadReasonNeeded) if kind in OF_PERSONS else endpoint.refusals
    return replace(endpoint, handler=reading, operation=endpoint.name, refusals=refusals)


async def _note_read(endpoint: Endpoint, audit: Audit, call: Any, outcome: str, detail: str | None) -> str:
    path, query = _fields(call.path), _fields(call.query)
    places = [str(path[name]) for name in endpoint.places if path.get(name) is not None]
    asked = [str(query[name]) for name in _ASKING if query.get(name) is not None]
    reading, reason = call.reading, stated_reason(call)
    by_assistance = f"assistance:{reading.assistance_id}" if reading.assistance_id is not None else None
    return await audit.note(
        call.caller,
        f"read_{endpoint.reads}",
        subject=reading.about or (places or asked or [endpoint.name])[-1 if places else 0],
        reason=by_assistance or reason or reading.step or _assistance(query) or UNSTATED,
        outcome=outcome,
        detail=detail or endpoint.name,
    )


def _facts_of_read(call: Any, read_id: str, kind: PersonalData, read_at: datetime) -> dict[str, Any]:
    caller, reading, reason = call.caller, call.reading, stated_reason(call)
    with_office = (subject for subject in reading.subjects if subject.office_id is not None)
    elsewhere = (subject.account_id for subject in with_office if not caller.serves(subject.office_id))
    return {
        "read_id": read_id,
        "reader_id": caller.account_id,
        "role": str(caller.role),
        "office_id": caller.office_id,
        "kind": kind.value,
        "reason": reason.value if reason is not None else None,
        "step": reading.step,
        "assistance_id": reading.assistance_id,
        "account_ids": tuple(dict.fromkeys(subject.account_id for subject in reading.subjects)),
        "elsewhere": tuple(dict.fromkeys(elsewhere)),
        "read_at": read_at,
    }


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
