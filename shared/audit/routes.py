"""The audit over HTTP: the same two addresses in every service that keeps one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Final, Self

from pydantic import Field

from shared.audit.chaining import AuditBook
from shared.audit.entries import AuditLine
from shared.chain import MEDIA_TYPE
from shared.chain.lines import AuditExportLine
from shared.errors import Malformed, NotAllowed
from shared.http.call import Call
from shared.http.codes import OneOf
from shared.http.endpoint import STAFF, Endpoints
from shared.http.paging import ListView
from shared.http.schema import IsoDate, Query, View
from shared.store.kinds import Record
from shared.tokens import Caller, Role

MOST_DAYS: Final = 366
OFFICE_ID: Final = r"^[a-z0-9][a-z0-9-]*$"

READERS: Final = STAFF(Role.OPERATOR, Role.OFFICE_ADMIN)
"""Operators read all; the head of an office what concerns their own office."""

OVERRIDE_READERS: Final = STAFF(Role.OPERATOR, Role.OFFICE_ADMIN, Role.REGIONAL_OFFICER)
"""Also regional officers, for the offices of their region."""


class AuditSpan(Query):
    """Which days, both included; operators may ask for one office."""

    first: IsoDate = Field(alias="from", examples=["2026-11-21"])
    last: IsoDate = Field(alias="to", examples=["2026-11-22"])
    office_id: str | None = Field(None, max_length=64, pattern=OFFICE_ID)


class OverridesQuery(Query):
    """Which day, today unless said; operators and regional officers name the office."""

    date: IsoDate | None = None
    office_id: str | None = Field(None, max_length=64, pattern=OFFICE_ID)


class OverrideView(View):
    """One override: who made an exception for whom, when and why."""

    line_id: str
    at: datetime
    actor_id: str
    role: Annotated[str, OneOf(Role)]
    act: str
    subject: str
    reason: str | None
    outcome: str

    @classmethod
    def from_record(cls, record: Record[AuditLine]) -> Self:
        """As the head of the office reads it."""
        line = record.state
        return cls(
            line_id=record.id,
            at=line.at,
            actor_id=line.actor_id,
            role=line.role,
            act=line.act,
            subject=line.subject,
            reason=line.reason,
            outcome=line.outcome,
        )


class OverridesView(ListView):
    """The overrides of an office on a day."""

    office_id: str
    date: date
    overrides: tuple[OverrideView, ...]


def audit_endpoints(service: str, book_of: Callable[[Call[Any, Any, Any]], AuditBook]) -> Endpoints:
    """The endpoints of a service's audit; ``book_of`` finds its book in the running application."""
    api = Endpoints("audit")

    @api.get(
        f"/v1/audit/{service}",
        operation=f"export_audit_of_{service}",
        summary="Export the audit of some days, chained",
        access=READERS,
        query=AuditSpan,
        answers={200: MEDIA_TYPE},
        line=AuditExportLine,
        refusals=(NotAllowed, Malformed),
        description="JSON lines that `paspor ledger verify` re-computes. An office's head gets their own office's.",
    )
    async def export_audit(call: Call[None, AuditSpan]) -> AsyncIterator[bytes]:
        """Every line of these days."""
        asked = call.query
        if not timedelta(0) <= asked.last - asked.first < timedelta(days=MOST_DAYS):
            raise Malformed(f"from must not be after to, nor more than {MOST_DAYS} days before it.", field="/from")
        return book_of(call).export(asked.first, asked.last, _office_of(call.caller, asked.office_id))

    @api.get(
        f"/v1/audit/{service}/overrides",
        operation=f"list_overrides_of_{service}",
        summary="The overrides of an office on a day: its head's daily list",
        access=OVERRIDE_READERS,
        query=OverridesQuery,
        answers={200: OverridesView},
        pages_by="line_id",
        refusals=(NotAllowed, Malformed),
    )
    async def list_overrides(call: Call[None, OverridesQuery]) -> OverridesView:
        """Each override once, oldest first (F21)."""
        book = book_of(call)
        office_id = _office_of(call.caller, call.query.office_id)
        if office_id is None:
            raise Malformed("Operators and regional officers name the office.", field="/office_id")
        day = call.query.date or book.today()
        found = await book.overrides(office_id, day)
        return OverridesView(office_id=office_id, date=day, overrides=tuple(map(OverrideView.from_record, found)))

    return api


def _office_of(caller: Caller, asked: str | None) -> str | None:
    """Return the office whose audit is read: an operator's choice, or a regional officer's among those of the region;
    for the head of an office always their own.
    """
    if caller.role is Role.OPERATOR:
        return asked
    if caller.role is Role.REGIONAL_OFFICER:
        if asked is not None and not caller.serves(asked):
            raise NotAllowed
        return asked
    if caller.office_id is None or asked not in (None, caller.office_id):
        raise NotAllowed
    return caller.office_id
