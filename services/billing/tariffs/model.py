"""The price of a passport on a given day: tariffs as dated data, and the one function that prices an order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from itertools import pairwise
from typing import Any, Final

SAME_DAY_POOL: Final = "same_day"
"""The pool whose seats carry the surcharge for a passport on the same day."""


class NoTariffInForce(Exception):
    """No tariff covers that day, kind and validity: the order cannot be priced, which is a fault of the data."""


class LineCode(StrEnum):
    """The purpose of a line of a bill."""

    PASSPORT = "passport"
    PENALTY = "penalty"
    SAME_DAY = "same_day"
    TOP_UP = "top_up"


FORCE_MAJEURE: Final = "force_majeure"
"""The ground on which no penalty is asked for (PMK 51/PMK.02/2020)."""


@dataclass(frozen=True)
class Order:
    """The order to price."""

    passport_kind: str
    """``ordinary`` or ``electronic``."""
    validity_years: int
    reason: str
    zero_tariff: str | None = None
    same_day: bool = False


@dataclass(frozen=True)
class PriceLine:
    """One line of a price, in whole rupiah."""

    code: str
    title: str
    title_id: str
    amount: int
    legal_basis: str


@dataclass(frozen=True)
class Price:
    """The price of an order by the tariff in force on a day; frozen into the bill."""

    lines: tuple[PriceLine, ...]
    total: int
    legal_basis: str
    tariff_id: str


@dataclass(frozen=True)
class Fee:
    """The fee of one kind of book."""

    passport_kind: str
    validity_years: int
    amount: int
    title: str
    title_id: str


@dataclass(frozen=True)
class Penalty:
    """The penalty for a lost or damaged passport, on top of the new one."""

    reason: str
    amount: int
    title: str
    title_id: str


@dataclass(frozen=True)
class Tariff:
    """A government regulation's fees, in force from a day to the day before ``effective_to``."""

    tariff_id: str
    legal_basis: str
    effective_from: date
    effective_to: date | None
    fees: tuple[Fee, ...]
    penalties: tuple[Penalty, ...]
    same_day_amount: int

    def covers(self, on: date) -> bool:
        """Return whether it is in force on that day."""
        return self.effective_from <= on and (self.effective_to is None or on < self.effective_to)


@dataclass(frozen=True)
class ZeroTariff:
    """A ground on which the fee or the penalty is not asked for, with the proof it needs."""

    code: str
    waives: str
    """``fee`` or ``penalty``."""
    passport_kinds: tuple[str, ...]
    legal_basis: str
    effective_from: date
    title: str
    title_id: str
    proof: str
    proof_id: str
    effective_to: date | None = None
    """The first day on which it no longer counts."""

    def counts_on(self, on: date) -> bool:
        """Return whether it may be claimed on that day."""
        return self.effective_from <= on and (self.effective_to is None or on < self.effective_to)

    def frees(self, what: str, order: Order, on: date) -> bool:
        """Return whether it frees this order from the fee or the penalty on that day."""
        asked_for = self.code == order.zero_tariff and self.waives == what
        return asked_for and order.passport_kind in self.passport_kinds and self.counts_on(on)


@dataclass(frozen=True)
class TariffBook:
    """Every tariff and zero tariff that is known, past and present."""

    tariffs: tuple[Tariff, ...]
    zero_tariffs: tuple[ZeroTariff, ...] = ()

    def in_force(self, on: date) -> Tariff:
        """Return the tariff of that day.

        Raises:
            NoTariffInForce: the day lies before the first one.
        """
        for tariff in self.tariffs:
            if tariff.covers(on):
                return tariff
        raise NoTariffInForce(f"no tariff is in force on {on.isoformat()}")

    def zero_tariffs_on(self, on: date) -> list[ZeroTariff]:
        """Return the grounds of a zero tariff that count on that day."""
        return [zero for zero in self.zero_tariffs if zero.counts_on(on)]

    def with_change(self, tariff: Tariff, zero_tariffs: Sequence[ZeroTariff] = ()) -> TariffBook:
        """Return the book with a further tariff: the one in force on its first day ends there, and later ones stay.

        A zero tariff of a known code replaces that one from its own first day on.

        Raises:
            ValueError: another tariff begins on the same day.
            NoTariffInForce: the day lies before the first tariff.
        """
        before = self.in_force(tariff.effective_from)
        if before.effective_from == tariff.effective_from:
            raise ValueError(f"{before.tariff_id} begins on the same day")
        ended = replace(before, effective_to=tariff.effective_from)
        begun = replace(tariff, effective_to=before.effective_to)
        others = [known for known in self.tariffs if known is not before]
        tariffs = tuple(sorted((*others, ended, begun), key=lambda tariff: tariff.effective_from))
        return TariffBook(tariffs, _with_zero_tariffs(self.zero_tariffs, zero_tariffs))


def _with_zero_tariffs(known: Sequence[ZeroTariff], new: Sequence[ZeroTariff]) -> tuple[ZeroTariff, ...]:
    starts = {ground.code: ground.effective_from for ground in new}
    kept = [
        replace(ground, effective_to=starts[ground.code])
        if ground.code in starts and ground.effective_to is None
        else ground
        for ground in known
    ]
    return (*kept, *new)


def price(book: TariffBook, order: Order, on: date) -> Price:
    """Return the price of the order by the tariff in force on that day (in Asia/Jakarta).

    A ground of a zero tariff that is unknown or does not fit frees from nothing.

    Raises:
        NoTariffInForce: there is no fee for that day, kind and validity.
    """
    tariff = book.in_force(on)
    owed = [penalty for penalty in tariff.penalties if penalty.reason == order.reason]
    lines = [_fee_line(book, tariff, order, on)]
    lines += [_penalty_line(book, tariff, penalty, order, on) for penalty in owed]
    if order.same_day:
        lines.append(_same_day_line(tariff))
    return _sum(tariff, lines)


def same_day_price(book: TariffBook, on: date) -> Price:
    """Return the price of the surcharge alone, where the fee is paid already."""
    tariff = book.in_force(on)
    return _sum(tariff, [_same_day_line(tariff)])


def penalty_price(book: TariffBook, order: Order, on: date) -> Price | None:
    """Return the price of the penalty alone, zero under force majeure; None if the order's reason carries none."""
    tariff = book.in_force(on)
    owed = [penalty for penalty in tariff.penalties if penalty.reason == order.reason]
    return _sum(tariff, [_penalty_line(book, tariff, penalty, order, on) for penalty in owed]) if owed else None


def fee_price(book: TariffBook, order: Order, on: date) -> Price:
    """Return the price of the book alone."""
    tariff = book.in_force(on)
    return _sum(tariff, [_fee_line(book, tariff, order, on)])


def difference_price(fee: Price, amount: int) -> Price:
    """Return the price of the difference of a corrected order."""
    line = fee.lines[0]
    more = PriceLine(
        LineCode.TOP_UP.value, f"Difference to: {line.title}", f"Selisih ke: {line.title_id}", amount, line.legal_basis
    )
    return Price((more,), amount, line.legal_basis, fee.tariff_id)


def _sum(tariff: Tariff, lines: Sequence[PriceLine]) -> Price:
    return Price(tuple(lines), sum(line.amount for line in lines), _bases(lines), tariff.tariff_id)


def _same_day_line(tariff: Tariff) -> PriceLine:
    return PriceLine(
        LineCode.SAME_DAY.value,
        "Passport on the same day",
        "Percepatan paspor selesai pada hari yang sama",
        tariff.same_day_amount,
        tariff.legal_basis,
    )


def _fee_line(book: TariffBook, tariff: Tariff, order: Order, on: date) -> PriceLine:
    fee = _fee_for(tariff, order)
    zero = _waiver(book, "fee", order, on)
    if zero is not None:
        return PriceLine(LineCode.PASSPORT.value, zero.title, zero.title_id, 0, zero.legal_basis)
    return PriceLine(LineCode.PASSPORT.value, fee.title, fee.title_id, fee.amount, tariff.legal_basis)


def _penalty_line(book: TariffBook, tariff: Tariff, penalty: Penalty, order: Order, on: date) -> PriceLine:
    zero = _waiver(book, "penalty", order, on)
    if zero is not None:
        return PriceLine(LineCode.PENALTY.value, zero.title, zero.title_id, 0, zero.legal_basis)
    return PriceLine(LineCode.PENALTY.value, penalty.title, penalty.title_id, penalty.amount, tariff.legal_basis)


def _fee_for(tariff: Tariff, order: Order) -> Fee:
    for fee in tariff.fees:
        if (fee.passport_kind, fee.validity_years) == (order.passport_kind, order.validity_years):
            return fee
    raise NoTariffInForce(f"{tariff.tariff_id} has no fee for {order.passport_kind}, {order.validity_years} years")


def _waiver(book: TariffBook, what: str, order: Order, on: date) -> ZeroTariff | None:
    return next((zero for zero in book.zero_tariffs if zero.frees(what, order, on)), None)


def _bases(lines: Iterable[PriceLine]) -> str:
    return "; ".join(dict.fromkeys(line.legal_basis for line in lines))


def book_of(data: Mapping[str, Any]) -> TariffBook:
    """Return the book that a parsed ``tariffs.toml`` holds.

    Raises:
        ValueError: two tariffs are in force on one day, or a day between them has none.
    """
    tariffs = tuple(sorted((_tariff(row) for row in data["tariff"]), key=lambda tariff: tariff.effective_from))
    _refuse_gaps(tariffs)
    return TariffBook(tariffs, tuple(_zero_tariff(row) for row in data.get("zero_tariff", ())))


def _refuse_gaps(tariffs: Sequence[Tariff]) -> None:
    for earlier, later in pairwise(tariffs):
        if earlier.effective_to != later.effective_from:
            raise ValueError(f"{earlier.tariff_id} must end on the day on which {later.tariff_id} begins")


def _tariff(data: Mapping[str, Any]) -> Tariff:
    return Tariff(
        tariff_id=data["id"],
        legal_basis=data["legal_basis"],
        effective_from=data["effective_from"],
        effective_to=data.get("effective_to"),
        fees=tuple(Fee(**fee) for fee in data["fees"]),
        penalties=tuple(Penalty(**penalty) for penalty in data["penalties"]),
        same_day_amount=data["same_day_amount"],
    )


def _zero_tariff(data: Mapping[str, Any]) -> ZeroTariff:
    return ZeroTariff(**{**data, "passport_kinds": tuple(data["passport_kinds"])})
