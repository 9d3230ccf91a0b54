"""Tariffs over HTTP."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal, Self

from pydantic import Field

from services.billing.field_types import MAX_RUPIAH, Id, StateView
from services.billing.tariffs.change import TariffChange
from services.billing.tariffs.model import Fee, Penalty, Tariff, ZeroTariff
from shared.http.schema import Body, IsoDate, Path, Query, View

Rupiah = Annotated[int, Field(ge=0, le=MAX_RUPIAH)]
Title = Annotated[str, Field(min_length=1, max_length=200)]
Basis = Annotated[str, Field(min_length=3, max_length=200, examples=["PP 45/2024"])]
Reason = Annotated[str, Field(min_length=3, max_length=500, examples=["New government regulation"])]
Kind = Literal["ordinary", "electronic"]


class TariffQuery(Query):
    """The day of the tariff; today in Jakarta without it."""

    on: IsoDate | None = None


class FeeView(StateView):
    """One fee of a tariff, in rupiah."""

    passport_kind: str
    validity_years: int
    amount: int
    title: str
    title_id: str


class PenaltyView(StateView):
    """The penalty for a lost or damaged book, in rupiah."""

    reason: str
    amount: int
    title: str
    title_id: str


class ZeroTariffView(StateView):
    """A ground on which nothing is asked for, and its proof."""

    code: str
    waives: str
    passport_kinds: tuple[str, ...]
    legal_basis: str
    title: str
    title_id: str
    proof: str
    proof_id: str


class TariffView(View):
    """The tariff of a day."""

    on: date
    tariff_id: str
    legal_basis: str
    effective_from: date
    effective_to: date | None
    fees: tuple[FeeView, ...]
    penalties: tuple[PenaltyView, ...]
    same_day_amount: int
    zero_tariffs: tuple[ZeroTariffView, ...]

    @classmethod
    def from_tariff(cls, on: date, tariff: Tariff, zero_tariffs: list[ZeroTariff]) -> Self:
        """Return the view of the tariff of a day."""
        return cls.model_validate({**vars(tariff), "on": on, "zero_tariffs": zero_tariffs})


class ChangePath(Path):
    """The change in the path."""

    change_id: Id


class ProposedFee(Body):
    """The fee of one kind of book, in rupiah."""

    passport_kind: Kind
    validity_years: Literal[5, 10]
    amount: Rupiah
    title: Title
    title_id: Title


class ProposedPenalty(Body):
    """The penalty for a lost or damaged book, in rupiah."""

    reason: Literal["lost", "damaged"]
    amount: Rupiah
    title: Title
    title_id: Title


class ProposedZeroTariff(Body):
    """A ground on which nothing is asked for, and its proof; one of a known code replaces that one."""

    code: Annotated[str, Field(max_length=60, pattern=r"^[a-z][a-z0-9_]{2,59}$", examples=["government_scholarship"])]
    waives: Literal["fee", "penalty"]
    passport_kinds: Annotated[list[Kind], Field(min_length=1, max_length=2)]
    legal_basis: Basis
    title: Title
    title_id: Title
    proof: Title
    proof_id: Title


class ProposedTariff(Body):
    """A tariff for a coming day, with its legal basis; every kind of book that has a fee today must have one."""

    tariff_id: Annotated[str, Field(max_length=40, pattern=r"^[a-z0-9][a-z0-9-]{2,39}$", examples=["pp-1-2027"])]
    legal_basis: Basis
    effective_from: IsoDate
    fees: Annotated[list[ProposedFee], Field(min_length=1, max_length=10)]
    penalties: Annotated[list[ProposedPenalty], Field(max_length=2)]
    same_day_amount: Rupiah
    zero_tariffs: Annotated[list[ProposedZeroTariff], Field(default_factory=list, max_length=20)]
    reason: Reason

    def tariff(self) -> Tariff:
        """Return the tariff that is proposed."""
        return Tariff(
            tariff_id=self.tariff_id,
            legal_basis=self.legal_basis,
            effective_from=self.effective_from,
            effective_to=None,
            fees=tuple(Fee(**fee.model_dump()) for fee in self.fees),
            penalties=tuple(Penalty(**penalty.model_dump()) for penalty in self.penalties),
            same_day_amount=self.same_day_amount,
        )

    def grounds(self) -> tuple[ZeroTariff, ...]:
        """Return the zero tariffs that begin with it."""
        return tuple(
            ZeroTariff(
                **{**zero.model_dump(), "passport_kinds": tuple(zero.passport_kinds)},
                effective_from=self.effective_from,
            )
            for zero in self.zero_tariffs
        )


class TariffChangeRefusal(Body):
    """The reason of refusing a proposed change."""

    reason: Reason


class TariffChangeView(View):
    """A change of the tariff: ``proposed``, ``approved`` or ``refused``, by whom, and what it would make of its day."""

    change_id: str
    state: str
    reason: str
    proposed_by: str
    proposed_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    refused_because: str | None
    tariff: TariffView

    @classmethod
    def from_change(cls, change: TariffChange) -> Self:
        """Return the view of a change."""
        tariff = TariffView.from_tariff(change.tariff.effective_from, change.tariff, list(change.zero_tariffs))
        return cls.model_validate({**vars(change), "tariff": tariff})


class TariffChangeList(View):
    """Changes of the tariff, newest first."""

    changes: tuple[TariffChangeView, ...]
