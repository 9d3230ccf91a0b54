"""Sagas over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field

from services.billing.field_types import Id, StateView
from services.billing.sagas.model import TABLE, Act, OverrideState, Position, StepName
from services.billing.sagas.service import SagaStatus, StuckStep
from shared.http.codes import OneOf
from shared.http.paging import ListView
from shared.http.schema import Body, Path, Query, View

ReasonCode = Annotated[str, Field(min_length=2, max_length=64, pattern=r"^[a-z][a-z0-9_]*$", examples=["system_fault"])]


class SagaPath(Path):
    """The application in the path."""

    application_id: Id


class OverridePath(Path):
    """The application and its override in the path."""

    application_id: Id
    override_id: Id


class SagasQuery(Query):
    """Only what is stuck is listed."""

    stuck: Annotated[bool, Field(strict=False)]


class RetrySaga(Body):
    """The reason of a retry."""

    reason: ReasonCode


class ProposeOverride(Body):
    """The act, the bill that it is done to, and the reason."""

    act: Annotated[Act, Field(strict=False)]
    target: Id
    reason: ReasonCode | None = None


class DecideOverride(Body):
    """The second person's decision."""

    approve: bool


class PositionView(View):
    """Where one bill, receipt or refund stands: its step, since when, until when, and what comes next."""

    step: Annotated[str, OneOf(StepName)]
    about: str
    id: str
    state: str
    since: datetime
    limit: datetime | None
    happens: str
    next: str
    if_late: str

    @classmethod
    def from_position(cls, position: Position) -> Self:
        """Return the view of a position, with the sentences of the table."""
        row = TABLE[position.step]
        return cls(
            step=position.step.value,
            about=position.about,
            id=position.id,
            state=position.detail,
            since=position.since,
            limit=position.limit,
            happens=row.happens,
            next=row.next,
            if_late=row.compensation,
        )


class SagaOverrideView(StateView):
    """An override and its outcome."""

    override_id: str
    act: Annotated[str, OneOf(Act)]
    target: str
    reason: str
    state: Annotated[str, OneOf(OverrideState)]
    proposed_by: str
    proposed_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    outcome: str | None


class SagaView(View):
    """The saga of an application: what must happen first, all that is open, what is over, and overrides."""

    application_id: str
    current: PositionView | None
    positions: tuple[PositionView, ...]
    overrides: tuple[SagaOverrideView, ...]

    @classmethod
    def from_status(cls, status: SagaStatus) -> Self:
        """Return the view of a saga with its overrides."""
        current = status.instance.current
        return cls(
            application_id=status.instance.application_id,
            current=PositionView.from_position(current) if current is not None else None,
            positions=tuple(map(PositionView.from_position, status.instance.positions)),
            overrides=tuple(map(SagaOverrideView.model_validate, status.overrides)),
        )


class StuckView(View):
    """A step past its time limit, with its application."""

    application_id: str | None
    position: PositionView

    @classmethod
    def from_step(cls, stuck: StuckStep) -> Self:
        """Return the view of a stuck step."""
        return cls(application_id=stuck.application_id, position=PositionView.from_position(stuck.position))


class StuckList(ListView):
    """Everything that is over its limit, the longest first."""

    stuck: tuple[StuckView, ...]
