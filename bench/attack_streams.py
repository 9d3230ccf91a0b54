"""Display streams of one address: 256 anonymous ones are held; can others, and a ticket's holder, still open one?"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

from bench import stage
from bench.checkout import Checkout
from bench.figures import Figure, Table
from bench.holders import Holders, introduce
from bench.openings import Hall, announce
from bench.seats import HOT, open_session
from bench.target import Target, start_target

STREAMS: Final = 256
"""Of one address: as many as a process of eff84d8 has in all."""

MANY_ADDRESSES: Final = 64
VISITORS: Final = 10
"""Others who each try once, from an address of their own; and as many holders of tickets."""

OPEN_SECONDS: Final = 10.0
DOORS_SECONDS: Final = 600.0
GONE_SECONDS: Final = 17.0
"""A service sees that a watcher has gone when it next sends something: a heartbeat each 15 s."""

OFFICE: Final = "jakarta-selatan"
DISPLAY: Final = f"/v1/offices/{OFFICE}/display/events"
ATTACKER: Final = "127.0.2.1"
RESTING: Final = ("application", "billing", "notification", "simulators", "mail")
SETTINGS: Final = {
    "*": {**stage.OPEN_LIMITS, "PASPOR_TRUSTED_PROXIES": "127.0.0.1/32"},
    "scheduling": {
        **stage.OPEN_LIMITS,
        "PASPOR_TRUSTED_PROXIES": "127.0.0.1/32",
        "PASPOR_OPENING_DOORS_SHORTEST_SECONDS": "5",
        "PASPOR_OPENING_SETTLE_SECONDS": "2",
        "PASPOR_OPENING_REVEAL_SECONDS": "2",
    },
}


@dataclass
class Held:
    """Streams that are held open, and what their opening was answered."""

    answers: Counter[str] = field(default_factory=Counter)
    writers: list[asyncio.StreamWriter] = field(default_factory=list)


async def drive(checkout: Checkout, streams: int = STREAMS, visitors: int = VISITORS) -> Table:
    """One address holds its streams; then the same from many addresses. Each time others try."""
    many = tuple(f"127.0.2.{number}" for number in range(1, MANY_ADDRESSES + 1))
    async with start_target(checkout, settings=SETTINGS, without=RESTING) as target:
        hall, visiting, ticket_ids = await _open_hall(target, visitors)
        rows, opened = [], {}
        for name, addresses, count in (("one address", (ATTACKER,), streams), ("many addresses", many, 2 * streams)):
            async with _held_open(target, addresses, count) as held:
                others = await _all_open(target, [DISPLAY] * visitors, [None] * visitors, third=3)
                paths = [f"/v1/openings/{hall.opening_id}/tickets/{item}/events" for item in ticket_ids]
                holders = await _all_open(target, paths, visiting.tokens, third=4)
            opened[name] = (others["200"] / visitors, holders["200"] / visitors)
            rows.append((name, _said(held.answers), _said(others), _said(holders)))
    return Table(
        title="Streams",
        method=(
            f"{streams} anonymous streams of an office's display are opened from one loopback address and held; then "
            f"{2 * streams} from {MANY_ADDRESSES}. Meanwhile {visitors} others, each from an address of their own, "
            f"open the display once, and {visitors} holders of a ticket of an opening follow it. Counted: the "
            "share that was let in."
        ),
        figures=(
            Figure("streams.other_address", opened["one address"][0], "share", target=1.0),
            Figure("streams.ticket_holder", opened["one address"][1], "share", target=1.0),
            Figure("streams.ticket_holder_many", opened["many addresses"][1], "share", target=1.0),
            Figure("streams.other_address_many", opened["many addresses"][0], "share"),
        ),
        columns=("streams of", "answers to them", "others", "holders of tickets"),
        rows=tuple(rows),
    )


async def _open_hall(target: Target, visitors: int) -> tuple[Hall, Holders, list[str]]:
    """An opening whose doors are open, visitors, and the id of each one's ticket."""
    holders = await introduce(target, visitors)
    session_id = await open_session(target, OFFICE, HOT)
    hall = await announce(target, [target.url("scheduling")], [session_id], DOORS_SECONDS)
    await asyncio.sleep(max(0.0, (hall.doors_at - datetime.now(UTC)).total_seconds()) + 1)
    url = f"{target.url('scheduling')}/v1/openings/{hall.opening_id}/tickets"
    tickets = [
        await stage.post(url, token, {"application_id": person.application_id})
        for token, person in zip(holders.tokens, holders.people, strict=True)
    ]
    return hall, holders, [ticket["ticket_id"] for ticket in tickets]


@asynccontextmanager
async def _held_open(target: Target, addresses: Sequence[str], count: int) -> AsyncIterator[Held]:
    """So many streams of the display, from these addresses in turn; closed afterwards."""
    held = Held()
    try:
        for number in range(count):
            status, writer = await _open(target, DISPLAY, addresses[number % len(addresses)], None)
            held.answers[status] += 1
            if writer is not None:
                held.writers.append(writer)
        yield held
    finally:
        for writer in held.writers:
            writer.close()
        await asyncio.sleep(GONE_SECONDS)


async def _all_open(target: Target, paths: Sequence[str], tokens: Sequence[str | None], *, third: int) -> Counter[str]:
    """Open each path once, each from an address of its own, and close it again; answers by status."""
    answers: Counter[str] = Counter()
    for number, (path, token) in enumerate(zip(paths, tokens, strict=True)):
        status, writer = await _open(target, path, f"127.0.{third}.{number + 1}", token)
        answers[status] += 1
        if writer is not None:
            writer.close()
    return answers


async def _open(target: Target, path: str, address: str, token: str | None) -> tuple[str, asyncio.StreamWriter | None]:
    """Ask for a stream; its status, and the connection where it was opened."""
    parts = urlsplit(target.url("scheduling"))
    bearer = f"Authorization: Bearer {token}\r\n" if token else ""
    head = f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nAccept: text/event-stream\r\n{bearer}\r\n"
    try:
        async with asyncio.timeout(OPEN_SECONDS):
            reading, writing = await asyncio.open_connection(parts.hostname, parts.port, local_addr=(address, 0))
            writing.write(head.encode())
            status = (await reading.readline())[9:12].decode("ascii", "replace")
    except (OSError, TimeoutError):
        return "no answer", None
    if status != "200":
        writing.close()
        return status or "closed", None
    return status, writing


def _said(answers: Counter[str]) -> str:
    return ", ".join(f"{count} x {status}" for status, count in sorted(answers.items()))
