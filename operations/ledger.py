"""`./paspor ledger`: verify an export of seats, ledger or audit with nothing but itself; explain where money is."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, Final

from local_suite.errors import CommandError
from operations.source import SourceUnreadable, open_source
from shared.chain.verify import LONGEST_LINE_BYTES, ExportWrong, read_roots, verify
from shared.clock import SystemClock
from shared.errors import NotFound
from shared.store.driver import connect, database, disconnect
from shared.store.mongo import MongoStore
from shared.store.port import StoreUnavailable
from shared.tokens import Caller, Role

HOLDS, DOES_NOT_HOLD = 0, 1
"""Exit statuses; 2 is the command line's own."""

TOKEN_VARIABLE: Final = "PASPOR_TOKEN"  # noqa: S105 - the name of a variable
BILLING_DATABASE: Final = "paspor_billing"
AT_THE_MACHINE: Final = Caller("operator", Role.OPERATOR, "command line")
"""With the right to read the database comes the right to read of every office."""


class ExportUnreadable(SourceUnreadable):
    """The export cannot be read at all."""

    kind = "export"


class NothingOfThatNumber(CommandError):
    """No bill, receipt or refund case has it."""

    def __init__(self, reference: str) -> None:
        super().__init__(
            f"Nothing has the number {reference}: give a billing code, an NTPN, or the id of a bill or refund case."
        )


def verify_export(source: str, say: Callable[[str], None], *, roots: str | None) -> int:
    """Re-compute an export and say in sentences what it holds, or which line is the first wrong one."""
    try:
        published = _read(roots, read_roots) if roots is not None else None
        found = _read(source, lambda lines: verify(lines, roots=published))
    except ExportWrong as wrong:
        say(f"This does not hold. {wrong}")
        return DOES_NOT_HOLD
    say(f"The {found.kind} export holds: {found.links} links on {len(found.chains)} chains, none changed or missing.")
    for remark in found.remarks:
        say(remark)
    for name, (seq, digest) in found.chains.items():
        say(f"{name} ends at link {seq}, hash {digest}")
    if published is None:
        say("Published roots were not compared; --roots does that, and then an export made anew is found too.")
    return HOLDS


def _read(source: str, work: Callable[[Iterator[bytes]], Any]) -> Any:
    try:
        with open_source(source, "application/x-ndjson", token=os.environ.get(TOKEN_VARIABLE)) as stream:
            return work(_lines(stream))
    except OSError as trouble:
        raise ExportUnreadable(source, trouble) from None


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    """A line at a time, none read further than is looked at: an export may be larger than the memory."""
    while line := stream.readline(LONGEST_LINE_BYTES + 2):
        yield line.rstrip(b"\r\n")


async def explain(reference: str, mongo_url: str, say: Callable[[str], None]) -> int:
    """Say everything that led to where a bill, a receipt or a refund case stands; read from billing's database.

    Raises:
        NothingOfThatNumber
        CommandError: the database does not answer.
    """
    bills = importlib.import_module("services.billing.bills.repository")
    offices = importlib.import_module("services.billing.bills.offices")
    receipts = importlib.import_module("services.billing.receipts.repository")
    refunds = importlib.import_module("services.billing.refunds.repository")
    service = importlib.import_module("services.billing.sagas.explainer")
    words = importlib.import_module("services.billing.sagas.explanation")
    client = connect(mongo_url)
    try:
        store = MongoStore(database(client, BILLING_DATABASE), "billing")
        clock = SystemClock()
        known_bills = bills.BillRepository(store, clock)
        explainer = service.Explainer(
            known_bills,
            receipts.ReceiptRepository(store, clock),
            refunds.RefundRepository(store, clock),
            offices.BillOffices(known_bills),
        )
        explanation = await explainer.explain(AT_THE_MACHINE, reference)
    except NotFound:
        raise NothingOfThatNumber(reference) from None
    except StoreUnavailable as trouble:
        raise CommandError(f"{trouble}.") from None
    finally:
        await disconnect(client)
    for line in words.in_words(explanation):
        say(line)
    return HOLDS
