"""Tariffs over HTTP."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, model_validator

from services.billing.field_types import MAX_RUPIAH, Id, StateView
from services.billing.tariffs.change import ChangeState, TariffChange
from services.billing.tariffs.model import Fee, Penalty, Tariff, ZeroTariff
from shared.events.codes import PassportKind, PenaltyGround
from shared.http.codes import OneOf
from shared.http.paging import DEPRECATED, ListView
from shared.http.schema import Body, IsoDate, Path, Query, View
from shared.http.validation import wrong_value

Rupiah = Annotated[int, Field(ge=0, le=MAX_RUPIAH)]
Title = Annotated[str, Field(min_length=1, max_length=200)]
Basis = Annotated[str, Field(min_length=3, max_length=200, examples=["PP 45/2024"])]
Reason = Annotated[str, Field(min_length=3, max_length=500, examples=["New government regulation"])]
Kind = Literal["ordinary", "electronic"]


class TariffQuery(Query):
    """The day of the tariff; today in Jakarta without it."""

    on: IsoDate | None = None


class FeeView(StateView, in_indonesian=("title",)):
    """One fee of a tariff, in rupiah."""

    passport_kind: Annotated[str, OneOf(PassportKind)]
    validity_years: int
    amount: int
    title: str
    title_id: str


class PenaltyView(StateView, in_indonesian=("title",)):
    """The penalty for a lost or damaged book, in rupiah."""

    reason: Annotated[str, OneOf(PenaltyGround)]
    amount: int
    title: str
    title_id: str


class ZeroTariffView(StateView, in_indonesian=("title", "proof")):
    """A ground on which nothing is asked for, and its proof."""

    code: str
    waives: str
    passport_kinds: tuple[Annotated[str, OneOf(PassportKind)], ...]
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


class _Titled(Body):
    """A title in both languages. `title_id` is the old name of `title_in_indonesian`: one of them is given."""

    title: Title
    title_in_indonesian: Title | None = None
    title_id: Title | None = Field(None, json_schema_extra=DEPRECATED)

    @model_validator(mode="after")
    def _is_in_indonesian(self) -> Self:
        if (self.title_in_indonesian is None) is (self.title_id is None):
            raise wrong_value(
                "title_in_indonesian",
                "Give title_in_indonesian; title_id is its old name.",
                "Isi title_in_indonesian; title_id adalah nama lamanya.",
            )
        return self

    def members(self) -> dict[str, Any]:
        """Return the members under the names of the domain."""
        members = self.model_dump()
        members["title_id"] = members.pop("title_in_indonesian") or members["title_id"]
        return members


class ProposedFee(_Titled):
    """The fee of one kind of book, in rupiah."""

    passport_kind: Kind
    validity_years: Literal[5, 10]
    amount: Rupiah


class ProposedPenalty(_Titled):
    """The penalty for a lost or damaged book, in rupiah."""

    reason: Literal["lost", "damaged"]
    amount: Rupiah


class ProposedZeroTariff(_Titled):
    """A ground on which nothing is asked for, and its proof; one of a known code replaces that one."""

    code: Annotated[str, Field(max_length=60, pattern=r"^[a-z][a-z0-9_]{2,59}$", examples=["government_scholarship"])]
    waives: Literal["fee", "penalty"]
    passport_kinds: Annotated[list[Kind], Field(min_length=1, max_length=2)]
    legal_basis: Basis
    proof: Title
    proof_in_indonesian: Title | None = None
    proof_id: Title | None = Field(None, json_schema_extra=DEPRECATED)

    @model_validator(mode="after")
    def _proof_is_in_indonesian(self) -> Self:
        if (self.proof_in_indonesian is None) is (self.proof_id is None):
            raise wrong_value(
                "proof_in_indonesian",
                "Give proof_in_indonesian; proof_id is its old name.",
                "Isi proof_in_indonesian; proof_id adalah nama lamanya.",
            )
        return self

    def members(self) -> dict[str, Any]:
        """Return the members under the names of the domain."""
        members = super().members()
        members["proof_id"] = members.pop("proof_in_indonesian") or members["proof_id"]
        return members


_FEES: Final = [
    {
        "passport_kind": "ordinary",
        "validity_years": 10,
        "title": "Ordinary passport, 10 years",
        "title_in_indonesian": "Paspor biasa, 10 tahun",
        "amount": 650_000,
    }
]
_PENALTIES: Final = [
    {"reason": "lost", "title": "Lost book", "title_in_indonesian": "Buku hilang", "amount": 1_000_000}
]


class ProposedTariff(Body):
    """A tariff for a coming day, with its legal basis; every kind of book that has a fee today must have one."""

    tariff_id: Annotated[str, Field(max_length=40, pattern=r"^[a-z0-9][a-z0-9-]{2,39}$", examples=["pp-1-2027"])]
    legal_basis: Basis
    effective_from: IsoDate
    fees: Annotated[list[ProposedFee], Field(min_length=1, max_length=10, examples=[_FEES])]
    penalties: Annotated[list[ProposedPenalty], Field(max_length=2, examples=[_PENALTIES])]
    same_day_amount: Rupiah
    zero_tariffs: Annotated[list[ProposedZeroTariff], Field(default_factory=list, max_length=20, examples=[[]])]
    reason: Reason

    def tariff(self) -> Tariff:
        """Return the tariff that is proposed."""
        return Tariff(
            tariff_id=self.tariff_id,
            legal_basis=self.legal_basis,
            effective_from=self.effective_from,
            effective_to=None,
            fees=tuple(Fee(**fee.members()) for fee in self.fees),
            penalties=tuple(Penalty(**penalty.members()) for penalty in self.penalties),
            same_day_amount=self.same_day_amount,
        )

    def grounds(self) -> tuple[ZeroTariff, ...]:
        """Return the zero tariffs that begin with it."""
        return tuple(
            ZeroTariff(
                **{**zero.members(), "passport_kinds": tuple(zero.passport_kinds)},
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
    state: Annotated[str, OneOf(ChangeState)]
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


class TariffChangeList(ListView):
    """Changes of the tariff, newest first."""

    changes: tuple[TariffChangeView, ...]
