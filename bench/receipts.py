"""Receipts: from a payment's notice until its PDF can be fetched, and until its mail is with the mail server."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from datetime import UTC, datetime
from typing import Any, Final

import aiohttp

from bench import stage
from bench.figures import Figure, Table
from bench.holders import Holders, introduce, until
from bench.load import Tally
from bench.seats import HOT, open_session, timed
from local_suite.suite import Suite
from shared.crypto.sealed import SealedBox
from shared.events.notification import KeepContactCard
from shared.store.driver import connect, database, disconnect
from simulators.signing import signed_headers

CALLERS: Final = 16
RATE: Final = 50
"""Payments a second, as the target says."""

PAYMENTS: Final = 300
"""Six seconds of them; the hot session has 960 seats."""

LEAST_PAYMENTS: Final = 60
PATIENCE_SECONDS: Final = 60.0
LOOK_SECONDS: Final = 0.05
"""Between two calls of a payer for the receipt."""

COMMANDS: Final = "notification.commands"
"""The queue of commands, as `stage.put_on_bus` names it."""


async def measure(scale: float = 1.0) -> Table:
    """Issue codes, pay them at a steady rate, and time each receipt on both of its ways."""
    count = max(LEAST_PAYMENTS, round(PAYMENTS * scale))
    async with stage.suite(without=("application",)) as running:
        client = connect(running.mongo_url)
        try:
            holders = await introduce(running, count, ("scheduling", "billing"))
            await _give_addresses(running, client, holders)
            fetched, mailed = await _pay(running, client, holders)
        finally:
            await disconnect(client)
    return Table(
        title="Receipts",
        method=(
            f"{count} citizens with an email address hold seats and have codes; then as many signed notices of "
            f"payments come at {RATE}/s. Each payer asks for the receipt every {LOOK_SECONDS * 1000:.0f} ms until it "
            "is there and fetches its PDF; a change stream of notification's deliveries shows when the mail server "
            f"has taken the mail that carries it. {mailed.outcomes['mailed']} mails were taken. Everything shares the "
            "cores."
        ),
        figures=(
            Figure("receipts.fetched_p50", fetched.share_ms(0.5) / 1000, "s"),
            Figure("receipts.fetched_p99", fetched.share_ms(0.99) / 1000, "s", target=2.0, less_is_better=True),
            Figure("receipts.mailed_p50", mailed.share_ms(0.5) / 1000, "s"),
            Figure("receipts.mailed_p99", mailed.share_ms(0.99) / 1000, "s", target=2.0, less_is_better=True),
            Figure(
                "receipts.not_mailed",
                float(count - mailed.outcomes["mailed"]),
                "mails",
                target=0.5,
                less_is_better=True,
            ),
        ),
    )


async def _give_addresses(running: Suite, client: Any, holders: Holders) -> None:
    box = SealedBox.for_recipient(running.secrets["notification_key_pair"].split()[1])
    cards = [contact_card(box, number, person.account_id) for number, person in enumerate(holders.people)]
    kept = database(client, "paspor_notification").contact_card
    before = await kept.estimated_document_count()
    await stage.put_on_bus(running, COMMANDS, cards, subject="account_id")
    await until(kept.estimated_document_count, before + len(cards))


def contact_card(box: SealedBox, number: int, account_id: str) -> KeepContactCard:
    """Return how a payer is reached: by email alone."""
    content = {"email": f"payer-{number}@contoh.example", "phone": None, "name": f"PEMBAYAR {number}"}
    return KeepContactCard(account_id=account_id, language="id", sealed=box.seal(content, account_id))


def notice_of(number: int, bill: dict[str, Any]) -> dict[str, Any]:
    """Return SIMPONI's notice of the payment of a bill."""
    return {
        "notice_id": str(uuid.uuid4()),
        "billing_code": bill["state"]["billing_code"],
        "ntpn": f"N{number:015d}",
        "ntb": f"{number:012d}",
        "amount": bill["state"]["price"]["total"],
        "paid_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "channel": "mobile_banking",
    }


async def _pay(running: Suite, client: Any, holders: Holders) -> tuple[Tally, Tally]:
    """The time of each receipt until it was fetched, and until it was mailed."""
    session_id = await open_session(running, "jakarta-selatan", HOT)
    url = f"{running.url('scheduling')}/v1/appointments"
    issued = database(client, "paspor_billing").bill
    wanted = {"state.state": "issued"}
    numbers = {person.account_id: number for number, person in enumerate(holders.people)}
    fetched, mailed, sent = Tally(), Tally(), dict[str, float]()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        await timed(CALLERS, len(numbers), lambda number: holders.win(session, url, number, session_id))
        await until(lambda: issued.count_documents(wanted), len(numbers))
        bills = [bill async for bill in issued.find(wanted)]
        watcher = asyncio.create_task(_watch(client, sent, mailed))
        await asyncio.sleep(1.0)
        started = time.perf_counter()
        async with asyncio.TaskGroup() as tasks:
            for number, bill in enumerate(bills):
                await asyncio.sleep(max(0.0, started + number / RATE - time.perf_counter()))
                account_id = bill["state"]["payer"]["account_id"]
                sent[account_id] = time.perf_counter()
                headers = holders.headers(numbers[account_id])
                tasks.create_task(_receive(running, session, number, bill, headers, fetched))
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        while mailed.outcomes["mailed"] < len(bills) and time.monotonic() < give_up_at:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        watcher.cancel()
        await asyncio.gather(watcher, return_exceptions=True)
    return fetched, mailed


async def _receive(
    running: Suite,
    session: aiohttp.ClientSession,
    number: int,
    bill: dict[str, Any],
    headers: dict[str, str],
    fetched: Tally,
) -> None:
    """Pay a bill and fetch its receipt."""
    body = json.dumps(notice_of(number, bill)).encode()
    signed = signed_headers("X-Simponi", "k1", running.secrets["simponi_callback_secret"], int(time.time()), body)
    base, begun = running.url("billing"), time.perf_counter()
    to = {**signed, "Content-Type": "application/json"}
    async with session.post(f"{base}/v1/payment-notices", data=body, headers=to) as answer:
        answer.raise_for_status()
    receipt = json.loads(await _fetch(session, f"{base}/v1/bills/{bill['_id']}/receipt", headers))
    await _fetch(session, f"{base}{receipt['pdf']}", headers)
    fetched.took("fetched", time.perf_counter() - begun)


async def _fetch(session: aiohttp.ClientSession, url: str, headers: dict[str, str]) -> bytes:
    """Return what is there, asking again while it is not, or while the typesetter is busy."""
    give_up_at = time.perf_counter() + PATIENCE_SECONDS
    while True:
        async with session.get(url, headers=headers) as answer:
            content = await answer.read()
        if answer.ok:
            return content
        if time.perf_counter() > give_up_at:
            raise RuntimeError(f"{url}: {answer.status}")
        await asyncio.sleep(LOOK_SECONDS)


async def _watch(client: Any, sent: dict[str, float], tally: Tally) -> None:
    taken = {"operationType": "update", "fullDocument.state.template": "bill_paid", "fullDocument.state.state": "sent"}
    deliveries = client["paspor_notification"]["delivery"]
    async with deliveries.watch([{"$match": taken}], full_document="updateLookup") as changes:
        async for change in changes:
            at = sent.pop(change["fullDocument"]["state"]["account_id"], None)
            if at is not None:
                tally.took("mailed", time.perf_counter() - at)
                tally.outcomes["mailed"] += 1
