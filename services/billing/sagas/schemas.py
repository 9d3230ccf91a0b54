"""Sagas over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field

from services.billing.field_types import Id
from services.billing.sagas.model import TABLE, Act, Override, Position
from services.billing.sagas.service import SagaStatus, StuckStep
from shared.http.schema import Body, Path, Query, View

ReasonCode = Annotated[str, Field(min_length=2, max_length=64, pattern=r"^[a-z][a-z0-9_]*$", examples=["system_fault"])]


class SagaPath(Path):
    """Which application."""

    application_id: Id


class OverridePath(Path):
    """Which override of which application."""

    application_id: Id
    override_id: Id


class SagasQuery(Query):
    """Only what is stuck is listed."""

    stuck: Annotated[bool, Field(strict=False)]


class RetrySaga(Body):
    """Why the saga is pushed."""

    reason: ReasonCode


class ProposeOverride(Body):
    """What shall be done to which bill, and why."""

    act: Annotated[Act, Field(strict=False)]
    target: Id
    reason: ReasonCode | None = None


class DecideOverride(Body):
    """The second person's word."""

    approve: bool


class PositionView(View):
    """Where one bill, receipt or refund stands: its step, since when, until when, and what comes next."""

    step: str
    about: str
    id: str
    state: str
    since: datetime
    limit: datetime | None
    happens: str
    next: str
    if_late: str

    @classmethod
    def of(cls, position: Position) -> Self:
        """With the words of the table."""
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


class OverrideView(View):
    """An override and what became of it."""

    override_id: str
    act: str
    target: str
    reason: str
    state: str
    proposed_by: str
    proposed_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    outcome: str | None

    @classmethod
    def of(cls, override: Override) -> Self:
        """As it is shown."""
        names = ("override_id", "target", "reason", "proposed_by", "proposed_at", "decided_by", "decided_at", "outcome")
        same = {name: getattr(override, name) for name in names}
        return cls(act=override.act.value, state=override.state.value, **same)


class SagaView(View):
    """The saga of an application: what must happen first, all that is open, what is over, and overrides."""

    application_id: str
    current: PositionView | None
    positions: tuple[PositionView, ...]
    overrides: tuple[OverrideView, ...]

    @classmethod
    def of(cls, seen: SagaStatus) -> Self:
        """As it is shown."""
        current = seen.instance.current
        return cls(
            application_id=seen.instance.application_id,
            current=PositionView.of(current) if current is not None else None,
            positions=tuple(map(PositionView.of, seen.instance.positions)),
            overrides=tuple(map(OverrideView.of, seen.overrides)),
        )


class StuckView(View):
    """Something whose limit is over, and whose it is."""

    application_id: str | None
    position: PositionView

    @classmethod
    def of(cls, stuck: StuckStep) -> Self:
        """As it is shown."""
        return cls(application_id=stuck.application_id, position=PositionView.of(stuck.position))


class StuckList(View):
    """Everything that is over its limit, the longest first."""

    stuck: tuple[StuckView, ...]
