"""The attacks as benches: what each is called, what it yields, with which settings it can be made shorter."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from bench import attack_half_sent, attack_pictures, attack_streams, pay_and_cancel
from bench.checkout import this_build
from bench.figures import Table

Drive = Callable[..., Awaitable[Table]]
"""Takes a ``bench.checkout.Checkout`` and settings by name, attacks a suite of that checkout, returns the figures."""

PREFIX: Final = "attacks."


@dataclass(frozen=True)
class AttackBench:
    """One attack: the driver, and the settings that ``--with`` may change, with their defaults."""

    drive: Drive
    settings: Mapping[str, float]
    figures: str
    """Prefix of the names of its figures."""


ATTACKS: Final[dict[str, AttackBench]] = {
    "attacks.half_sent": AttackBench(
        attack_half_sent.drive,
        {"heads": attack_half_sent.HEADS, "seconds": attack_half_sent.SECONDS},
        "half_sent.",
    ),
    "attacks.pieces": AttackBench(
        attack_pictures.drive_pieces,
        {"pieces": attack_pictures.PIECES, "applicants": attack_pictures.APPLICANTS},
        "pieces.",
    ),
    "attacks.picture": AttackBench(
        attack_pictures.drive_picture,
        {"repeats": attack_pictures.REPEATS, "at_once": attack_pictures.AT_ONCE},
        "picture.",
    ),
    "attacks.streams": AttackBench(
        attack_streams.drive,
        {"streams": attack_streams.STREAMS, "visitors": attack_streams.VISITORS},
        "streams.",
    ),
    "attacks.pay_and_cancel": AttackBench(
        pay_and_cancel.drive,
        {"races": pay_and_cancel.RACES, "at_once": pay_and_cancel.AT_ONCE, "seed": 1},
        "pay_and_cancel.",
    ),
}


def measure_here(name: str) -> Callable[[], Awaitable[Table]]:
    """The attack on a suite of this build, with its default settings."""

    async def measure() -> Table:
        return await ATTACKS[name].drive(this_build())

    return measure
