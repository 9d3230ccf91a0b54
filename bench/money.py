"""Money: codes issued, notices to confirmed seats, a hundred thousand bills due at once, a day's settlement file."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import aiohttp

from bench import stage
from bench.figures import Figure, Table
from bench.holders import introduce
from bench.load import Tally
from bench.machine import resident_mib
from bench.seats import HOT, open_session, timed
from local_suite.suite import Suite
from shared.crypto.detached import DetachedSigner
from shared.store.driver import connect, database, disconnect
from shared.tokens import Role, new_signing_key_pem
from simulators.signing import signed_headers
from simulators.simponi.settlement import Booked, Spoiling, settlement_lines, signed_words

CALLERS: Final = 16
RATE: Final = 50
"""Notices a second, as the target says."""

NOTICES: Final = 900
"""Eighteen seconds of them; the hot session has 960 seats."""

DUE_AT_ONCE: Final = 100_000
LINES: Final = 100_000
UNKNOWN_LINES: Final = 50
"""Lines of a file for unknown payments: each makes a receipt and a case."""

AT_A_TIME: Final = 5_000
PATIENCE_SECONDS: Final = 1_800.0
CODES: Final = "/simponi/billings"


async def measure(scale: float = 1.0) -> Table:
    """All of it on one suite; ``scale`` shrinks what is many, and the figures say so by their own counts."""
    due, lines = max(100, round(DUE_AT_ONCE * scale)), max(1_000, round(LINES * scale))
    notices = max(60, round(NOTICES * min(1.0, scale * 5)))
    signer = DetachedSigner(new_signing_key_pem())
    extra = {"billing": {"PASPOR_SIMPONI_SETTLEMENT_KEYS": json.dumps(signer.jwks())}}
    async with stage.suite(extra=extra, without=("application", "notification", "mail")) as running:
        client = connect(running.mongo_url)
        try:
            data = database(client, "paspor_billing")
            issued, tally, confirmed = await _notices(running, client, notices)
            bill = await data.bill.find_one({"state.state": "paid"})
            receipt = await data.receipt.find_one({})
            reconciled, peak = await _reconcile(running, data, receipt, lines, signer)
            expired, drained, said, twice = await _expire(running, data, bill, due)
        finally:
            await disconnect(client)
    return Table(
        title="Money",
        method=(
            f"{notices} seats are held by {CALLERS} callers, their codes issued; then {notices} signed notices come "
            f"at {RATE}/s, each timed from its sending until a change stream shows the seat confirmed ({confirmed} of "
            f"them). A settlement file of {lines} lines ({UNKNOWN_LINES} of them unknown) is brought, signed by "
            f"SIMPONI, and compared; the time runs from first byte to last line. {due} bills fall due while billing is "
            "down; the time runs from its start until each is expired and committed, after one last question; "
            f"{said} endings were published, {twice} of them twice. SIMPONI, broker and database share the cores."
        ),
        figures=(
            Figure("money.issued", issued, "1/s", why="from the first hold to the last code"),
            Figure("money.confirm_p50", tally.share_ms(0.5) / 1000, "s"),
            Figure("money.confirm_p99", tally.share_ms(0.99) / 1000, "s", target=1.0, less_is_better=True),
            Figure(
                "money.expiry_100k", expired * DUE_AT_ONCE / due, "s", target=300.0, less_is_better=True, why=_why(due)
            ),
            Figure("money.expiry_drain", drained, "s", why="further until the last ending had left its outbox"),
            Figure("money.expired_twice", float(twice), "bills", target=0.5, less_is_better=True),
            Figure("money.reconcile", reconciled, "lines/s", target=5_000.0),
            Figure("money.reconcile_memory", peak, "MiB", target=200.0, less_is_better=True),
        ),
    )


def _why(due: int) -> str:
    return "" if due == DUE_AT_ONCE else f"reckoned from {due} bills; the real figure is that of a whole run"


# -- codes and notices -----------------------------------------------------------------------------------------------


async def _notices(running: Suite, client: Any, count: int) -> tuple[float, Tally, int]:
    """Codes a second, the time of each notice to its confirmed seat, and how many were confirmed."""
    holders = await introduce(running, count, ("scheduling", "billing"))
    session_id = await open_session(running, "jakarta-selatan", HOT)
    url = f"{running.url('scheduling')}/v1/appointments"
    bills = database(client, "paspor_billing").bill
    begun = time.perf_counter()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CALLERS)) as session:
        await timed(CALLERS, count, lambda number: holders.win(session, url, number, session_id))
        await _reach(lambda: bills.count_documents({"state.state": "issued"}), count)
        issued = count / (time.perf_counter() - begun)
        tally = Tally()
        confirmed = await _pay(running, client, session, tally)
    return issued, tally, confirmed


async def _pay(running: Suite, client: Any, session: aiohttp.ClientSession, tally: Tally) -> int:
    bills = [bill async for bill in database(client, "paspor_billing").bill.find({"state.state": "issued"})]
    sent: dict[str, float] = {}
    watcher = asyncio.create_task(_watch(client, sent, tally))
    await asyncio.sleep(1.0)
    secret = running.secrets["simponi_callback_secret"]
    url = f"{running.url('billing')}/v1/payment-notices"

    async def tell(number: int, bill: dict[str, Any]) -> None:
        body = json.dumps(_notice(number, bill)).encode()
        headers = signed_headers("X-Simponi", "k1", secret, int(time.time()), body)
        sent[bill["state"]["seat"]["appointment_id"]] = time.perf_counter()
        async with session.post(url, data=body, headers={**headers, "Content-Type": "application/json"}) as answer:
            if answer.status >= 400:
                raise RuntimeError(f"notice {number}: {answer.status} {await answer.text()}")

    started = time.perf_counter()
    async with asyncio.TaskGroup() as tasks:
        for number, bill in enumerate(bills):
            delay = started + number / RATE - time.perf_counter()
            if delay > 0:
                await asyncio.sleep(delay)
            tasks.create_task(tell(number, bill))
    give_up_at = time.monotonic() + 60
    while tally.outcomes["confirmed"] < len(bills) and time.monotonic() < give_up_at:  # noqa: ASYNC110
        await asyncio.sleep(0.1)
    watcher.cancel()
    await asyncio.gather(watcher, return_exceptions=True)
    return tally.outcomes["confirmed"]


def _notice(number: int, bill: dict[str, Any]) -> dict[str, Any]:
    return {
        "notice_id": str(uuid.uuid4()),
        "billing_code": bill["state"]["billing_code"],
        "ntpn": f"N{number:015d}",
        "ntb": f"{number:012d}",
        "amount": bill["state"]["price"]["total"],
        "paid_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "channel": "teller",
    }


async def _watch(client: Any, sent: dict[str, float], tally: Tally) -> None:
    confirmed = [{"$match": {"operationType": "update", "fullDocument.state.status": "confirmed"}}]
    async with client["paspor_scheduling"]["appointment"].watch(confirmed, full_document="updateLookup") as changes:
        async for change in changes:
            at = sent.pop(str(change["documentKey"]["_id"]), None)
            if at is not None:
                tally.took("confirmed", time.perf_counter() - at)
                tally.outcomes["confirmed"] += 1


# -- the settlement file ---------------------------------------------------------------------------------------------


async def _reconcile(
    running: Suite, data: Any, receipt: dict[str, Any], lines: int, signer: DetachedSigner
) -> tuple[float, float]:
    """Lines a second, and the most memory that billing held meanwhile."""
    await _multiply(data.receipt, lines, lambda number: _receipt(receipt, number))
    await running.restart("billing")
    state = receipt["state"]
    day, at = datetime.now(UTC).date() - timedelta(days=1), datetime.now(UTC)

    def booked() -> Iterator[Booked]:
        for number in range(lines - UNKNOWN_LINES):
            yield Booked(
                state["billing_code"], f"R{number:015d}", state["ntb"], state["amount"], at, at, state["channel"]
            )

    def shown() -> Iterator[str]:
        return settlement_lines(day, booked(), Spoiling(extra_lines=UNKNOWN_LINES))

    async def content() -> AsyncIterator[bytes]:
        waiting: list[str] = []
        for line in shown():
            waiting.append(line)
            if len(waiting) == 1_000:
                yield "".join(waiting).encode()
                waiting.clear()
        yield "".join(waiting).encode()

    token = stage.staff_token(running, Role.TREASURER, "jakarta-selatan")
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "text/csv"}
    headers["X-Simponi-File-Signature"] = signer.sign(signed_words(day, shown()))
    watched = asyncio.create_task(_most_memory(_pid(running, "billing")))
    begun = time.perf_counter()
    url = f"{running.url('billing')}/v1/settlement-files"
    async with aiohttp.ClientSession() as session, session.post(url, data=content(), headers=headers) as answer:
        taken = await answer.json()
        if answer.status >= 400:
            raise RuntimeError(f"the file was refused: {taken}")
    wanted = {"_id": taken["settlement_id"], "state.state": "compared"}
    await _reach(lambda: data.settlement.count_documents(wanted), 1)
    seconds = time.perf_counter() - begun
    watched.cancel()
    peak = (await asyncio.gather(watched, return_exceptions=True))[0]
    return lines / seconds, peak if isinstance(peak, float) else 0.0


def _receipt(template: dict[str, Any], number: int) -> dict[str, Any]:
    ntpn = f"R{number:015d}"
    # posted a day ago and one after the other: the ledger's chain has read on since, as for any day's receipts
    posted_at = datetime.now(UTC) - timedelta(days=1, milliseconds=number)
    changes = {"ntpn": ntpn, "bill_id": f"bench-{number}", "due": {}, "posted_at": posted_at}
    state = {**template["state"], **changes}
    return {**template, "_id": ntpn, "state": state, "outbox": [], "inbox": []}


def _pid(running: Suite, name: str) -> int:
    return next(part.pid for part in running.status() if part.name == name and part.pid is not None)


async def _most_memory(pid: int) -> float:
    most = 0.0
    try:
        while True:
            most = max(most, resident_mib(pid))
            await asyncio.sleep(0.25)
    except asyncio.CancelledError:
        return most


# -- everything due at once ------------------------------------------------------------------------------------------


async def _expire(running: Suite, data: Any, bill: dict[str, Any], count: int) -> tuple[float, float, int, int]:
    """Seconds until all are expired, further seconds until all is published, endings said, and how many said twice."""
    await running.stop_part("scheduling")  # it would only say that it knows none of these seats
    await running.stop_part("billing")
    codes = await _codes(running, count)
    past = datetime.now(UTC) - timedelta(minutes=1)
    await _multiply(data.bill, count, lambda number: _due_bill(bill, number, codes[number], past))
    before = await data.sent_events.count_documents({"message.type": _EXPIRED})
    begun = time.perf_counter()
    restarting = asyncio.create_task(running.restart("billing"))
    # most of the wait through an index: to count the ended ones is to read all of them, on the cores that are measured
    await _reach(lambda: _no_longer_issued(data, count), count, pause_seconds=1.0)
    await _reach(lambda: data.bill.count_documents({"state.state": "expired"}), count, pause_seconds=1.0)
    seconds = time.perf_counter() - begun
    await restarting
    await _reach(lambda: _published(data), 1)
    drained = time.perf_counter() - begun - seconds
    said = await data.sent_events.count_documents({"message.type": _EXPIRED}) - before
    rows = data.sent_events.aggregate(
        [{"$match": {"message.type": _EXPIRED}}, {"$group": {"_id": "$message.subject", "times": {"$sum": 1}}}]
    )
    twice = sum(1 for row in await rows.to_list(None) if row["times"] > 1)
    return seconds, drained, said, twice


_EXPIRED: Final = "paspor.billing.bill.expired.v1"


async def _no_longer_issued(data: Any, count: int) -> int:
    return count - int(await data.bill.count_documents({"state.state": "issued"}, hint="live_requested"))


async def _published(data: Any) -> int:
    return 0 if await data.bill.find_one({"outbox.0": {"$exists": True}}) else 1


def _due_bill(template: dict[str, Any], number: int, code: str, past: datetime) -> dict[str, Any]:
    bill_id = f"bench-{number}"
    due = {"expire": past}
    unpaid: dict[str, Any] = {"settled_by": None, "paid_at": None, "standing": None, "ended_at": None}
    seat = {**template["state"]["seat"], "appointment_id": bill_id}
    state = {**template["state"], **unpaid, "bill_id": bill_id, "state": "issued", "seat": seat, "due": due}
    state |= {"billing_code": code, "codes": [code], "expires_at": past - timedelta(hours=1)}
    state["payer"] = {**state["payer"], "application_id": bill_id}
    return {**template, "_id": bill_id, "state": state, "due": due, "next_due_at": past, "outbox": [], "inbox": []}


async def _codes(running: Suite, count: int) -> list[str]:
    """Codes that SIMPONI knows, unpaid."""
    codes: list[str] = [""] * count
    expires = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    auth = aiohttp.BasicAuth("paspor", running.secrets["simponi_client_secret"])
    url = f"{running.url('simponi')}{CODES}"
    async with aiohttp.ClientSession(auth=auth, connector=aiohttp.TCPConnector(limit=CALLERS)) as session:

        async def issue(number: int) -> None:
            order = {"reference": f"bench-{number}", "amount": 350_000, "expires_at": expires}
            async with session.post(url, json=order) as answer:
                codes[number] = (await answer.json())["billing_code"]

        await timed(CALLERS, count, issue)
    return codes


async def _multiply(collection: Any, count: int, made: Callable[[int], dict[str, Any]]) -> None:
    for start in range(0, count, AT_A_TIME):
        await collection.insert_many([made(number) for number in range(start, min(start + AT_A_TIME, count))])


async def _reach(look: Callable[[], Awaitable[int]], count: int, pause_seconds: float = 0.1) -> None:
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while (seen := await look()) < count:
        if time.monotonic() > give_up_at:
            raise RuntimeError(f"only {seen} of {count} after {PATIENCE_SECONDS:.0f} s")
        await asyncio.sleep(pause_seconds)
