"""Reference data of billing, shipped with the code: tariffs, reasons of a refund, ways to pay."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any, Final

from services.billing.payment_channels.model import PaymentChannel, channels_of
from services.billing.refunds.model import RefundReasons, reasons_of
from services.billing.tariffs.model import TariffBook, book_of

_FOLDER: Final = Path(__file__).parent


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((_FOLDER / name).read_text(encoding="utf-8"))


@cache
def tariff_book() -> TariffBook:
    """Return the tariffs of ``tariffs.toml``."""
    return book_of(_read("tariffs.toml"))


@cache
def refund_reasons() -> RefundReasons:
    """Return the reasons of ``refund_reasons.toml``."""
    return reasons_of(_read("refund_reasons.toml"))


@cache
def payment_channels() -> tuple[PaymentChannel, ...]:
    """Return the ways to pay of ``payment_channels.toml``."""
    return channels_of(_read("payment_channels.toml"))
