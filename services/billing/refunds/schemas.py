"""Refund cases over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Annotated, Final, Literal, Self

from pydantic import Field

from services.billing.field_types import Id, StateView
from services.billing.refunds.model import AccountState, ConfirmationState, Refund, RefundReasons
from services.billing.refunds.states import RefundCommand, RefundState
from services.billing.refunds.statistics import RefundStatistics
from services.billing.refunds.step_limits import working_days_of
from services.billing.refunds.texts import HOW, HOW_ID, STAGES, stage_of
from services.billing.refunds.treasury import Payee
from services.billing.rules import RefundPolicy
from shared.audit.reads import ReasonQuery
from shared.calendar.national import NATIONAL_CALENDAR
from shared.calendar.working_days import JAKARTA
from shared.evidence_files import EvidenceFileView, EvidenceIds, view_evidence_files
from shared.fields.names import AccountHolder
from shared.fields.numbers import AccountNumber, BankCode, Ntpn
from shared.http.codes import OneOf
from shared.http.paging import ListView
from shared.http.schema import Body, IsoDate, NextCallView, Path, Query, View, view_next_call

GUIDE_PATH = "/v1/refund-guide"
MOST_PAPERS = 10

Reason = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[a-z][a-z0-9_]*$", examples=["agent_error"])]
Statement = Annotated[str, Field(min_length=1, max_length=2000, description="what happened, in your own words")]
"""A page: what an officer reads at once."""

StepName = Literal[
    "find_complete",
    "ask_papers",
    "research",
    "recommend",
    "approve",
    "refuse",
    "credit",
    "grant_objection",
    "uphold_refusal",
]


class RefundPath(Path):
    """The refund case in the path."""

    refund_id: Id


class RefundQuery(ReasonQuery):
    """Either an application, or (staff) a state; overdue ones only where it is asked."""

    application_id: Id | None = None
    state: RefundState | None = None
    overdue: bool = False


class PeriodQuery(Query):
    """Days of Jakarta, both included."""

    since: IsoDate
    until: IsoDate


class GuideQuery(Query):
    """The language of the page; without it, what the browser asks for."""

    language: Literal["id", "en"] | None = None


class RefundRequest(Body):
    """A request for a refund."""

    bill_id: Id
    reason: Reason
    note: Statement
    receipt_id: Ntpn | None = None
    evidence_ids: EvidenceIds


class AccountGiven(Body):
    """The payer's bank account."""

    bank_code: BankCode
    account_number: AccountNumber
    holder_name: AccountHolder

    def payee(self) -> Payee:
        """Return the account as the bank is asked about it."""
        return Payee(self.bank_code, self.account_number, self.holder_name)


class RefundAnswer(Body):
    """A statement that an applicant sends to a case."""

    note: Statement
    evidence_ids: EvidenceIds


class StepTaken(Body):
    """A step of staff; a refusal names its rule, a request for papers names the papers."""

    step: StepName
    rule: Reason | None = None
    papers: Annotated[list[Reason], Field(max_length=MOST_PAPERS, default_factory=list)]
    note: Annotated[str, Field(min_length=1, max_length=2000)] | None = None


class RefundStepView(StateView):
    """One thing that happened to a refund case."""

    at: datetime
    state: Annotated[str, OneOf(RefundState)]
    by: str
    note: str


class PayeeAccountView(View):
    """The payer's account, masked."""

    bank_code: str
    number_masked: str
    state: Annotated[str, OneOf(AccountState)]


class RuleView(StateView, in_indonesian=("text",)):
    """A rule that a refusal names."""

    code: str
    legal_basis: str
    text: str
    text_id: str


CONFIRMATION_SAYS: Final[Mapping[ConfirmationState, tuple[str, str]]] = {
    ConfirmationState.ASKED: (
        "SIMPONI is asked whether it knows the payment; the step counts with its yes.",
        "SIMPONI sedang ditanya apakah mengenal pembayaran ini; langkah berlaku setelah jawabannya.",
    ),
    ConfirmationState.UNANSWERED: (
        "SIMPONI has not answered and is asked again; nobody has to do anything.",
        "SIMPONI belum menjawab dan akan ditanya lagi; tidak perlu melakukan apa pun.",
    ),
    ConfirmationState.DENIED: (
        "SIMPONI does not know the payment as paid with this amount: the step was not taken. A case is open about it.",
        "SIMPONI tidak mengenal pembayaran ini dengan jumlah itu: langkah tidak berlaku. Pemeriksaan telah dibuka.",
    ),
}


class ConfirmationView(View, in_indonesian=("says",)):
    """A step that waits for SIMPONI's word on the payment, or got a no."""

    step: Annotated[str, OneOf(RefundCommand)]
    state: Annotated[str, OneOf(ConfirmationState)]
    asked_at: datetime
    next_question_at: datetime | None
    says: str
    says_id: str

    @classmethod
    def from_refund(cls, refund: Refund) -> Self | None:
        """Return the view of the step that waits; None where none does."""
        asked = refund.confirmation
        if asked is None:
            return None
        says, says_id = CONFIRMATION_SAYS[asked.state]
        return cls(
            step=asked.command.value,
            state=asked.state.value,
            asked_at=asked.asked_at,
            next_question_at=refund.due.get("confirm"),
            says=says,
            says_id=says_id,
        )


class RefundView(View, in_indonesian=("next_action",)):
    """A refund case with its reason, the rule, who decides, who acts next and until when."""

    refund_id: str
    application_id: str | None
    bill_id: str | None
    amount: int
    currency: str = "IDR"
    state: Annotated[str, OneOf(RefundState)]
    reason: str
    legal_basis: str
    decided_by: str
    automatic: bool
    opened_at: datetime
    next_actor: str
    next_action: str
    next_action_id: str
    next_call: NextCallView | None
    deadline: datetime | None
    deadline_provisional: bool = Field(
        False, description="No decree names the holidays of the deadline's year yet: it is counted with predicted ones."
    )
    papers_asked: tuple[str, ...]
    bank_account: PayeeAccountView | None
    refused_by_rule: RuleView | None
    object_until: datetime | None
    statements: tuple[str, ...]
    evidence_files: list[EvidenceFileView]
    steps: tuple[RefundStepView, ...]
    confirmation: ConfirmationView | None = None
    confirmed_at: datetime | None = Field(None, description="When SIMPONI last said that it knows the payment.")
    grant_proposed: bool = Field(False, description="One person has said yes to the objection; a second one must.")
    guide: str = GUIDE_PATH

    ntpn: str | None = Field(None, description="The treasury's number of the payment whose money goes back.")
    receipt: str | None = Field(None, description="The path of the receipt of the payout, once it is paid.")

    @classmethod
    def from_refund(cls, refund: Refund, table: RefundReasons, masked: str | None, statements: tuple[str, ...]) -> Self:
        """Return the view of a case; ``masked`` is the number of its bank account."""
        stage, account = stage_of(refund), refund.account
        shown = {
            "next_actor": stage.actor if stage.actor != "decider" else refund.decided_by,
            "next_action": stage.next_action,
            "next_action_id": stage.next_action_id,
            "next_call": view_next_call(
                "refund", refund.state, refund_id=refund.refund_id, application_id=refund.application_id
            ),
            "deadline": refund.step_due_at,
            "deadline_provisional": _is_provisional(refund),
            "bank_account": {**vars(account), "number_masked": masked or ""} if account else None,
            "refused_by_rule": table.rule(refund.rule) if refund.rule else None,
            "statements": statements,
            "evidence_files": view_evidence_files(refund.evidence_ids),
            "confirmation": ConfirmationView.from_refund(refund),
            "grant_proposed": refund.grant_proposed_by is not None,
            "ntpn": refund.receipt_id,
            "receipt": f"/v1/refunds/{refund.refund_id}/receipt" if refund.state is RefundState.PAID else None,
        }
        return cls.model_validate({**vars(refund), **shown})


def _is_provisional(refund: Refund) -> bool:
    due = refund.step_due_at
    if due is None or refund.state is RefundState.OBJECTED:
        return False
    last_day = (due - timedelta(milliseconds=1)).astimezone(JAKARTA).date()
    return NATIONAL_CALENDAR.is_provisional(last_day)


class RefundList(ListView):
    """Refund cases, oldest first; overdue ones by how long they are."""

    refunds: tuple[RefundView, ...]


class ReasonView(StateView, in_indonesian=("title",)):
    """A reason for a refund."""

    code: str
    title: str
    title_id: str
    legal_basis: str
    decided_by: str
    automatic: bool


class StageView(View, in_indonesian=("title",)):
    """A stage of a case: who acts in it, and for how many working days."""

    state: Annotated[str, OneOf(RefundState)]
    actor: str
    title: str
    title_id: str
    working_days: int | None


class RefundGuideView(View, in_indonesian=("how",)):
    """How money goes back: reasons, stages, deadlines and the rules that refusals name."""

    on: date
    """The day in Jakarta whose reasons these are."""
    how: tuple[str, ...]
    how_id: tuple[str, ...]
    reasons: tuple[ReasonView, ...]
    stages: tuple[StageView, ...]
    rules: tuple[RuleView, ...]
    papers_working_days: int
    object_within_days: int
    objection_decided_within_days: int

    @classmethod
    def from_table(cls, table: RefundReasons, policy: RefundPolicy, on: date) -> Self:
        """Return the guide of a day."""
        days = working_days_of(policy)
        return cls(
            on=on,
            how=HOW,
            how_id=HOW_ID,
            reasons=tuple(map(ReasonView.model_validate, table.reasons_on(on))),
            stages=tuple(
                StageView.model_validate({**vars(stage), "state": state, "working_days": days.get(state)})
                for state, stage in STAGES.items()
            ),
            rules=tuple(map(RuleView.model_validate, table.rules)),
            papers_working_days=policy.papers_days,
            object_within_days=policy.object_calendar_days,
            objection_decided_within_days=policy.objection_calendar_days,
        )


class RefundStatisticsView(View):
    """The report on the refund cases that were opened in a period."""

    since: date
    until: date
    requests: int
    automatic: int
    approved: int
    refused: int
    paid: int
    credited: int
    open: int
    open_over_30_days: int
    paid_rupiah: int
    median_days: float | None
    by_reason: Mapping[str, int]

    @classmethod
    def from_statistics(cls, since: date, until: date, figures: RefundStatistics) -> Self:
        """Return the view of the report."""
        return cls(since=since, until=until, **vars(figures))
