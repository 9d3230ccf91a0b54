"""Where a billing code can be paid: the channels as data, and which of them take a bill. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

CODE_PLACE: Final = "{billing_code}"
ANY_CODE: Final = "of your bill, 15 digits"
ANY_CODE_ID: Final = "billing pada tagihan Anda, 15 angka"
"""In the place of the code where no bill is named."""


@dataclass(frozen=True)
class PaymentChannel:
    """One way to pay, in English and Indonesian."""

    code: str
    title: str
    title_id: str
    hours: str
    hours_id: str
    limit: str
    limit_id: str
    steps: tuple[str, ...]
    steps_id: tuple[str, ...]
    most_amount: int | None = None
    """The largest bill that it takes, in rupiah; None for one without a limit."""

    def takes(self, amount: int) -> bool:
        """Return whether a bill of this amount can be paid there."""
        return self.most_amount is None or amount <= self.most_amount

    def for_code(self, english: str, indonesian: str) -> PaymentChannel:
        """Return the channel with these words in the place of the code."""
        return replace(
            self,
            steps=tuple(step.replace(CODE_PLACE, english) for step in self.steps),
            steps_id=tuple(step.replace(CODE_PLACE, indonesian) for step in self.steps_id),
        )


def channels_of(data: Mapping[str, Any]) -> tuple[PaymentChannel, ...]:
    """Return the channels that a parsed ``payment_channels.toml`` holds."""
    return tuple(
        PaymentChannel(**{**row, "steps": tuple(row["steps"]), "steps_id": tuple(row["steps_id"])})
        for row in data["channel"]
    )


def channels_for(channels: Sequence[PaymentChannel], billing_code: str, amount: int) -> tuple[PaymentChannel, ...]:
    """Return the channels that take a bill, with its code in their steps."""
    return tuple(channel.for_code(billing_code, billing_code) for channel in channels if channel.takes(amount))


def channels_in_general(channels: Sequence[PaymentChannel]) -> tuple[PaymentChannel, ...]:
    """Return all channels, for no bill in particular."""
    return tuple(channel.for_code(ANY_CODE, ANY_CODE_ID) for channel in channels)
