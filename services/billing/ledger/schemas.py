"""The ledger and sagas over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Self

from pydantic import Field

from services.billing.field_types import Id
from services.billing.ledger.book import Balances
from services.billing.sagas.explanation import Explanation, Told
from services.billing.sagas.model import TABLE, Act, Override, Position
from services.billing.sagas.service import Seen, Stuck
from shared.http.schema import Body, IsoDate, Path, Query, View

ReasonCode = Annotated[str, Field(min_length=2, max_length=64, pattern=r"^[a-z][a-z0-9_]*$", examples=["system_fault"])]


class DayQuery(Query):
    """Which day, in the capital."""

    date: IsoDate


class ReferencePath(Path):
    """A billing code, an NTPN, or the id of a bill or refund case."""

    reference: Id


class BalanceView(View):
    """What lies on an account: debits positive, credits negative."""

    account: str
    balance: int


class BalancesView(View):
    """Every account that is not at zero. All of them sum to zero."""

    as_of: datetime
    currency: str = "IDR"
    postings: int
    accounts: tuple[BalanceView, ...]

    @classmethod
    def of(cls, balances: Balances) -> Self:
        """As the treasurer reads them."""
        accounts = tuple(BalanceView(account=name, balance=sum_) for name, sum_ in balances.accounts.items())
        return cls(as_of=balances.as_of, postings=balances.postings, accounts=accounts)


class ToldView(View):
    """One fact."""

    at: datetime
    about: str
    what: str
    cause: str | None
    rule: str | None
    amounts: Mapping[str, int] | None

    @classmethod
    def of(cls, told: Told) -> Self:
        """As it is shown."""
        names = ("at", "about", "what", "cause", "rule", "amounts")
        return cls(**{name: getattr(told, name) for name in names})


class ExplanationView(View):
    """Where something stands, and everything that led there, in the order of time."""

    reference: str
    standing: tuple[str, ...]
    facts: tuple[ToldView, ...]

    @classmethod
    def of(cls, explanation: Explanation) -> Self:
        """As it is shown."""
        facts = tuple(map(ToldView.of, explanation.facts))
        return cls(reference=explanation.reference, standing=explanation.standing, facts=facts)


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
    def of(cls, seen: Seen) -> Self:
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
    def of(cls, stuck: Stuck) -> Self:
        """As it is shown."""
        return cls(application_id=stuck.application_id, position=PositionView.of(stuck.position))


class StuckList(View):
    """Everything that is over its limit, the longest first."""

    stuck: tuple[StuckView, ...]
