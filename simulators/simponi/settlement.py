"""The settlement file of one WIB day: what the treasury booked, for the biller's client to reconcile against.

``GET /simponi/settlements/{YYYY-MM-DD}`` streams UTF-8 CSV, comma-separated, lines ending in LF, nothing quoted:

    settlement_date,sequence,billing_code,ntpn,ntb,amount,paid_at,settled_at,bank,channel
    2026-11-21,1,822611210123456,A1B2C3D4E5F60718,123456789012,350000,2026-11-21T03:04:05Z,...,bank_contoh,teller
    ...
    TOTAL,<number of lines>,<sum of amounts>,<SHA-256 in hex of every byte before this line>

- one line per NTPN, in the order of booking; ``sequence`` counts from 1 without gaps;
- a payment is in the file of the WIB day on which it was settled, which may be later than the day it was paid;
- times are UTC in whole seconds, amounts whole rupiah;
- a file without its TOTAL line broke off; one whose TOTAL does not fit its lines was changed: it must be read again.

``GET /simponi/settlements/{day}/signature`` gives SIMPONI's signature of that file: a detached JWS (ES256) over the
words ``settlement.<day>.<number of lines>.<sum of amounts>.<the SHA-256 of TOTAL>``; ``GET /simponi/settlement-keys``
gives the public keys as a JWK set. Who carries the file by hand brings the signature along.

Control may spoil a file to bring about differences: leave lines out, change amounts, repeat lines, add invented ones.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

HEADER = "settlement_date,sequence,billing_code,ntpn,ntb,amount,paid_at,settled_at,bank,channel\n"
MAX_EXTRA_LINES = 1_000_000
EXTRA_AMOUNT = 350_000
BANK = "bank_contoh"
"""The one bank of this simulator."""


@dataclass(frozen=True, slots=True)
class Booked:
    """One settled payment as the file shows it."""

    billing_code: str
    ntpn: str
    ntb: str
    amount: int
    paid_at: datetime
    settled_at: datetime
    channel: str


@dataclass(frozen=True, slots=True)
class Spoiling:
    """How to spoil a day's file: by NTPN, plus a number of lines for payments that were never made."""

    leave_out: frozenset[str] = frozenset()
    repeat: frozenset[str] = frozenset()
    amounts: dict[str, int] = field(default_factory=dict)
    extra_lines: int = 0


UNSPOILT = Spoiling()


def settlement_lines(day: date, booked: Iterable[Booked], spoiling: Spoiling = UNSPOILT) -> Iterator[str]:
    """Yield the file line by line in constant memory; TOTAL counts the lines as written, spoilt ones included."""
    count = total = 0
    digest = hashlib.sha256(HEADER.encode())
    yield HEADER
    for line in spoil(day, booked, spoiling):
        count += 1
        total += line.amount
        text = (
            f"{day},{count},{line.billing_code},{line.ntpn},{line.ntb},{line.amount},"
            f"{_stamp(line.paid_at)},{_stamp(line.settled_at)},{BANK},{line.channel}\n"
        )
        digest.update(text.encode())
        yield text
    yield f"TOTAL,{count},{total},{digest.hexdigest()}\n"


def signed_words(day: date, lines: Iterable[str]) -> bytes:
    """Return what is signed of a file: its day, and what its last line says of it."""
    total = ""
    for line in lines:
        total = line
    _, count, amount, digest = total.strip().split(",")
    return f"settlement.{day}.{count}.{amount}.{digest}".encode()


def spoil(day: date, booked: Iterable[Booked], spoiling: Spoiling) -> Iterator[Booked]:
    """Yield what the file will show."""
    for line in booked:
        if line.ntpn in spoiling.leave_out:
            continue
        amount = spoiling.amounts.get(line.ntpn, line.amount)
        shown = Booked(line.billing_code, line.ntpn, line.ntb, amount, line.paid_at, line.settled_at, line.channel)
        yield shown
        if line.ntpn in spoiling.repeat:
            yield shown
    for number in range(spoiling.extra_lines):
        yield extra_line(day, number)


def extra_line(day: date, number: int) -> Booked:
    """Return an invented line; the same day and number always give the same."""
    noon = datetime(day.year, day.month, day.day, 5, tzinfo=UTC)
    return Booked(
        billing_code=f"89{day:%y%m%d}{number:07d}",
        ntpn=f"X{day:%y%m%d}{number:09d}",
        ntb=f"9{number:011d}",
        amount=EXTRA_AMOUNT,
        paid_at=noon,
        settled_at=noon,
        channel="teller",
    )


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
