"""Refund cases over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Final, Literal, Self

from pydantic import Field

from services.billing.field_types import Id, Ntpn
from services.billing.refunds.model import ConfirmationState, Refund, RefundReason, RefundReasons, RefundRule
from services.billing.refunds.states import RefundState
from services.billing.refunds.statistics import RefundStatistics
from services.billing.refunds.step_limits import working_days_of
from services.billing.refunds.texts import HOW, HOW_ID, STAGES, stage_of
from services.billing.refunds.treasury import Payee
from services.billing.rules import RefundPolicy
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


class RefundQuery(Query):
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
    """A wish for one's money back."""

    bill_id: Id
    reason: Reason
    note: Statement
    receipt_id: Ntpn | None = None


class AccountGiven(Body):
    """The payer's bank account."""

    bank_code: Annotated[str, Field(min_length=3, max_length=3, pattern=r"^[0-9]{3}$", examples=["002"])]
    account_number: Annotated[str, Field(min_length=6, max_length=20, pattern=r"^[0-9]+$", examples=["1234567890"])]
    holder_name: Annotated[str, Field(min_length=2, max_length=100, pattern=r"^[^\x00-\x1f]+$")]

    def payee(self) -> Payee:
        """The account as the bank is asked about it."""
        return Payee(self.bank_code, self.account_number, self.holder_name)


class RefundAnswer(Body):
    """What an applicant sends to a case."""

    note: Statement


class StepTaken(Body):
    """A step of staff; a refusal names its rule, a request for papers names the papers."""

    step: StepName
    rule: Reason | None = None
    papers: Annotated[list[Reason], Field(max_length=MOST_PAPERS, default_factory=list)]
    note: Annotated[str, Field(min_length=1, max_length=2000)] | None = None


class RefundStepView(View):
    """One thing that happened to a refund case."""

    at: datetime
    state: str
    by: str
    note: str


class AccountView(View):
    """The payer's account, masked."""

    bank_code: str
    number_masked: str
    state: str


class RuleView(View):
    """A rule that a refusal names."""

    code: str
    legal_basis: str
    text: str
    text_id: str

    @classmethod
    def of(cls, rule: RefundRule) -> Self:
        """The rule as it is shown."""
        return cls(code=rule.code, legal_basis=rule.legal_basis, text=rule.text, text_id=rule.text_id)


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


class ConfirmationView(View):
    """A step that waits for SIMPONI's word on the payment, or got a no."""

    step: str
    state: str
    asked_at: datetime
    next_question_at: datetime | None
    says: str
    says_id: str

    @classmethod
    def of(cls, refund: Refund) -> Self | None:
        """The view of it; None where no step waits."""
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


class RefundView(View):
    """A refund case with its reason, the rule, who decides, who acts next and until when."""

    refund_id: str
    application_id: str | None
    bill_id: str | None
    amount: int
    currency: str = "IDR"
    state: str
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
    papers_asked: tuple[str, ...]
    bank_account: AccountView | None
    refused_by_rule: RuleView | None
    object_until: datetime | None
    statements: tuple[str, ...]
    steps: tuple[RefundStepView, ...]
    confirmation: ConfirmationView | None = None
    confirmed_at: datetime | None = Field(None, description="When SIMPONI last said that it knows the payment.")
    grant_proposed: bool = Field(False, description="One person has said yes to the objection; a second one must.")
    guide: str = GUIDE_PATH

    @classmethod
    def of(cls, refund: Refund, table: RefundReasons, masked: str | None, statements: tuple[str, ...]) -> Self:
        """The case as it is shown."""
        stage = stage_of(refund)
        account = refund.account
        shown = (
            AccountView(bank_code=account.bank_code, number_masked=masked or "", state=account.state.value)
            if (account)
            else None
        )
        steps = tuple(
            RefundStepView(at=step.at, state=step.state.value, by=step.by, note=step.note) for step in refund.steps
        )
        return cls(
            refund_id=refund.refund_id,
            application_id=refund.application_id,
            bill_id=refund.bill_id,
            amount=refund.amount,
            state=refund.state.value,
            reason=refund.reason,
            legal_basis=refund.legal_basis,
            decided_by=refund.decided_by,
            automatic=refund.automatic,
            opened_at=refund.opened_at,
            next_actor=stage.actor if stage.actor != "decider" else refund.decided_by,
            next_action=stage.next_action,
            next_action_id=stage.next_action_id,
            next_call=view_next_call(
                "refund", refund.state, refund_id=refund.refund_id, application_id=refund.application_id
            ),
            deadline=refund.step_due_at,
            papers_asked=refund.papers_asked,
            bank_account=shown,
            refused_by_rule=RuleView.of(table.rule(refund.rule)) if refund.rule else None,
            object_until=refund.object_until,
            statements=statements,
            steps=steps,
            confirmation=ConfirmationView.of(refund),
            confirmed_at=refund.confirmed_at,
            grant_proposed=refund.grant_proposed_by is not None,
        )


class RefundList(View):
    """Refund cases, oldest first; overdue ones by how long they are."""

    refunds: tuple[RefundView, ...]


class ReasonView(View):
    """A reason for a refund."""

    code: str
    title: str
    title_id: str
    legal_basis: str
    decided_by: str
    automatic: bool

    @classmethod
    def of(cls, reason: RefundReason) -> Self:
        """The reason as it is shown."""
        return cls(
            code=reason.code,
            title=reason.title,
            title_id=reason.title_id,
            legal_basis=reason.legal_basis,
            decided_by=reason.decided_by,
            automatic=reason.automatic,
        )


class StageView(View):
    """A stage of a case: who acts in it, and for how many working days."""

    state: str
    actor: str
    title: str
    title_id: str
    working_days: int | None


class RefundGuideView(View):
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
    def of(cls, table: RefundReasons, policy: RefundPolicy, on: date) -> Self:
        """The guide of a day."""
        days = working_days_of(policy)
        return cls(
            on=on,
            how=HOW,
            how_id=HOW_ID,
            reasons=tuple(ReasonView.of(reason) for reason in table.reasons_on(on)),
            stages=tuple(
                StageView(
                    state=state.value,
                    actor=stage.actor,
                    title=stage.title,
                    title_id=stage.title_id,
                    working_days=days.get(state),
                )
                for state, stage in STAGES.items()
            ),
            rules=tuple(RuleView.of(rule) for rule in table.rules),
            papers_working_days=policy.papers_days,
            object_within_days=policy.object_calendar_days,
            objection_decided_within_days=policy.objection_calendar_days,
        )


class RefundStatisticsView(View):
    """The report on the refund cases that were opened in a period (F64)."""

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
    def of(cls, since: date, until: date, figures: RefundStatistics) -> Self:
        """The report as it is shown."""
        names = RefundStatistics.__dataclass_fields__
        return cls(since=since, until=until, **{name: getattr(figures, name) for name in names})
