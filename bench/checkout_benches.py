"""Benches that this build drives against any checkout: attacks on its suite, and how much work lies in it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from bench import (
    attack_addresses,
    attack_half_sent,
    attack_pictures,
    attack_streams,
    journey_cpu,
    journey_requests,
    pay_and_cancel,
    work,
)
from bench.checkout import this_build
from bench.figures import Table

Drive = Callable[..., Awaitable[Table]]
"""Takes a ``bench.checkout.Checkout`` and settings by name, and returns the figures of that checkout."""


@dataclass(frozen=True)
class CheckoutBench:
    """The driver, and the settings that ``--with`` may change, with their defaults."""

    drive: Drive
    settings: Mapping[str, float] = field(default_factory=dict)


CHECKOUT_BENCHES: Final[dict[str, CheckoutBench]] = {
    "attacks.half_sent": CheckoutBench(
        attack_half_sent.drive, {"heads": attack_half_sent.HEADS, "seconds": attack_half_sent.SECONDS}
    ),
    "attacks.pieces": CheckoutBench(
        attack_pictures.drive_pieces, {"pieces": attack_pictures.PIECES, "applicants": attack_pictures.APPLICANTS}
    ),
    "attacks.picture": CheckoutBench(
        attack_pictures.drive_picture, {"repeats": attack_pictures.REPEATS, "at_once": attack_pictures.AT_ONCE}
    ),
    "attacks.streams": CheckoutBench(
        attack_streams.drive, {"streams": attack_streams.STREAMS, "visitors": attack_streams.VISITORS}
    ),
    "attacks.pay_and_cancel": CheckoutBench(
        pay_and_cancel.drive, {"races": pay_and_cancel.RACES, "at_once": pay_and_cancel.AT_ONCE, "seed": 1}
    ),
    "journey.cpu": CheckoutBench(journey_cpu.drive, {"users": journey_cpu.USERS, "journeys": journey_cpu.JOURNEYS}),
    "journey.requests": CheckoutBench(journey_requests.drive, {"journeys": journey_requests.JOURNEYS}),
    "otp.addresses": CheckoutBench(attack_addresses.drive, {"addresses": attack_addresses.ADDRESSES}),
    "work.files": CheckoutBench(work.count_files, {"holds": work.HOLDS}),
    "work.statements": CheckoutBench(work.count_statements),
}


def measure_here(name: str) -> Callable[[], Awaitable[Table]]:
    """The bench on this build, with its default settings."""

    async def measure() -> Table:
        return await CHECKOUT_BENCHES[name].drive(this_build())

    return measure
