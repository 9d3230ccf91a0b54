"""Cases over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field

from services.billing.cases.model import Case, CaseState
from services.billing.field_types import Id, StateView
from shared.events.codes import PaymentCaseKind, PaymentCaseOutcome
from shared.evidence_files import EvidenceFileView, view_evidence_files
from shared.http.codes import OneOf
from shared.http.paging import DEPRECATED, ListView, MomentCursor
from shared.http.schema import Body, IsoMoment, Path, Query, View

MOST_CASES = 100
Text = Annotated[str, Field(min_length=3, max_length=1000)]


class CasePath(Path):
    """The case in the path."""

    case_id: Id


class CaseQuery(Query):
    """The wanted cases: those of an application, else those without an answer, by due time.

    ``from_due`` is the due time of the last one of the page before; cases of that very moment are shown again.
    """

    application_id: Id | None = None
    overdue: Annotated[bool, Field(strict=False)] = False
    after: MomentCursor | None = Field(None, description="`next` of the page before")
    from_due: IsoMoment | None = Field(None, description="`after` shows no case twice", json_schema_extra=DEPRECATED)
    limit: Annotated[int, Field(strict=False)] = Field(50, ge=1, le=MOST_CASES)


class NewCaseNote(Body):
    """A note about a finding or an act."""

    text: Text


class CaseClosure(Body):
    """The outcome of a case, with its reason."""

    outcome: Annotated[PaymentCaseOutcome, Field(strict=False)]
    reason: Text


class CaseNoteView(StateView):
    """One thing that was done about a case."""

    at: datetime
    by: str
    act: str
    text: str


class CaseView(View):
    """A case with its owner, its due time and everything that was done."""

    case_id: str
    kind: Annotated[str, OneOf(PaymentCaseKind)]
    state: Annotated[str, OneOf(CaseState)]
    owner: str
    opened_at: datetime
    due_at: datetime
    escalated_at: datetime | None
    closed_at: datetime | None
    outcome: Annotated[str, OneOf(PaymentCaseOutcome)] | None
    proposed_outcome: Annotated[str, OneOf(PaymentCaseOutcome)] | None
    bill_id: str | None
    application_id: str | None
    appointment_id: str | None
    billing_code: str | None
    ntpn: str | None
    ntb: str | None
    amount_here: int | None
    amount_there: int | None
    settlement_id: str | None
    line: int | None
    next_check_at: datetime | None
    notes: tuple[CaseNoteView, ...]
    evidence_files: list[EvidenceFileView]
    """Pictures that the payer names in their claims."""

    @classmethod
    def from_case(cls, case: Case, evidence_ids: tuple[str, ...]) -> Self:
        """Return the view of a case, for staff."""
        proposed = case.proposal.outcome if case.proposal else None
        evidence_files = view_evidence_files(evidence_ids)
        more = {
            "proposed_outcome": proposed,
            "next_check_at": case.due.get("look"),
            "evidence_files": evidence_files,
        }
        return cls.model_validate({**vars(case.subject), **vars(case), **more})


class CaseList(ListView):
    """Cases, the most urgent first."""

    cases: tuple[CaseView, ...]
