"""Tariffs over HTTP."""

from __future__ import annotations

from datetime import date
from typing import Self

from services.billing.domain.tariff import Tariff, ZeroTariff
from shared.http.schema import IsoDate, Query, View


class TariffQuery(Query):
    """Which day's tariff; today in Jakarta without it."""

    on: IsoDate | None = None


class FeeView(View):
    """One fee of a tariff, in rupiah."""

    passport_kind: str
    validity_years: int
    amount: int
    title: str
    title_id: str


class PenaltyView(View):
    """What a lost or damaged book adds, in rupiah."""

    reason: str
    amount: int
    title: str
    title_id: str


class ZeroTariffView(View):
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
    def of(cls, on: date, tariff: Tariff, zero_tariffs: list[ZeroTariff]) -> Self:
        """The tariff as it is shown."""
        return cls.model_validate(
            {
                **{name: getattr(tariff, name) for name in ("tariff_id", "legal_basis", "same_day_amount")},
                "on": on,
                "effective_from": tariff.effective_from,
                "effective_to": tariff.effective_to,
                "fees": [vars(fee) for fee in tariff.fees],
                "penalties": [vars(penalty) for penalty in tariff.penalties],
                "zero_tariffs": [vars(zero) for zero in zero_tariffs],
            }
        )
