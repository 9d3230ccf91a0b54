"""Citizens who pay and give up within a tenth of a second, and the end of each of their bills, explained.

Every citizen registers, applies and holds a seat over HTTP, then pays at the simulated bank and cancels the seat (or
withdraws the application) in either order, some milliseconds apart. Refund cases that open are taken to their end by
officers. When everything rests, the end of each bill is told by ``ledger explain`` and compared with what scheduling
says of the visit.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

from bench import stage
from bench.checkout import Checkout
from bench.figures import Figure, Table, percentile
from bench.seats import HOT, open_session
from bench.target import RunBroken, Target, start_target
from journeys.api_client import GaveUp, Refused
from journeys.citizen import Citizen
from journeys.reporter import Reporter, WayBroken
from journeys.ways import Ways
from local_suite import demo
from shared.store.driver import connect, database, disconnect

RACES: Final = 500
AT_ONCE: Final = 12
"""Citizens on their way at the same time: more only wait for each other on two cores."""

LONGEST_DELAY_MS: Final = 100
REFUNDS_AT_ONCE: Final = 6
GIVE_UP_SECONDS: Final = 20
"""Billing's own wait for a seat for late money, shortened from four hours, so that its end is seen too."""

REST_SECONDS: Final = 240.0
"""How long everything may take to come to rest after the last race."""

QUIET_LOOKS: Final = 4
LOOK_SECONDS: Final = 2.0
SESSION_SHARE: Final = 400
"""Races per opened session of 960 seats: a race takes its seat, and late money may take one or two more."""

OFFICE: Final = "jakarta-selatan"
SESSIONS: Final = (HOT, replace(HOT, start=HOT.end, end="22:00"))
"""Morning and afternoon of the office whose staff the trial knows."""

SETTINGS: Final[dict[str, dict[str, str]]] = {
    **{name: dict(values) for name, values in demo.SETTINGS.items()},
    "*": stage.OPEN_LIMITS,
    "billing": {
        **demo.SETTINGS["billing"],
        "PASPOR_BILL_VALIDITY_SECONDS": "900",
        "PASPOR_RECEIPT_LATE_GIVES_UP_SECONDS": str(GIVE_UP_SECONDS),
        "PASPOR_RECEIPT_LATE_ANSWER_MOST_SECONDS": "5",
    },
}
"""The demo's short durations, but codes that live as long as the run."""

WAYS_TO_GIVE_UP: Final = ("cancel", "withdraw")
ORDERS: Final = ("pay first", "give up first")

RESTING_BILLS: Final = frozenset({"failed", "waived", "paid", "expired", "superseded", "cancelled"})
LIVE_VISITS: Final = frozenset({"confirmed", "moving", "checked_in", "on_proof", "used", "used_on_proof"})
RESTING_REFUNDS: Final = frozenset({"paid", "credited", "refused", "withdrawn"})
MONEY_GOES_BACK: Final = frozenset({"ordered", "paid"})


@dataclass(frozen=True)
class Script:
    """Script of one citizen: which way to give up, in which order, how far apart, whether a paid fee is let go."""

    number: int
    give_up: str
    order: str
    delay_ms: float
    fee_is_let_go: bool


def plans(races: int, seed: int) -> list[Script]:
    """As many plans as races, each kind equally often, with delays drawn from the seed; the same for the same seed."""
    chance = random.Random(seed)
    kinds = [(give_up, order, let_go) for give_up in WAYS_TO_GIVE_UP for order in ORDERS for let_go in (False, True)]
    made = []
    for number in range(races):
        give_up, order, let_go = kinds[number % len(kinds)]
        made.append(Script(number, give_up, order, chance.uniform(0, LONGEST_DELAY_MS), let_go))
    return made


@dataclass
class Race:
    """How one race went, from the citizen's side."""

    plan: Script
    application_id: str = ""
    bill_id: str = ""
    billing_code: str = ""
    paid: str = ""
    """``paid``, or the bank's or the service's reason."""

    gave_up: str = ""
    refund_trouble: str = ""


@dataclass(frozen=True)
class End:
    """Where the bills, refund cases and visits of one application stand."""

    bills: tuple[Mapping[str, Any], ...] = ()
    refunds: tuple[Mapping[str, Any], ...] = ()
    visits: tuple[Mapping[str, Any], ...] = ()


@dataclass
class Verdict:
    """Return the name of an end, and its contradictions."""

    named: str
    contradictions: tuple[str, ...] = ()
    explained: tuple[str, ...] = field(default=())


def judge_end(end: End) -> Verdict:
    """Name the end of one application and list what contradicts itself across services.

    Money that is ordered or paid back must have no live visit; a bill whose seat is still sought must have no
    confirmed one; a visit must stand on a paid bill; a paid bill that claims a visit must have one.
    """
    live = [visit for visit in end.visits if visit["status"] in LIVE_VISITS]
    back = [case for case in end.refunds if case["state"] in MONEY_GOES_BACK]
    open_cases = [case for case in end.refunds if case["state"] not in RESTING_REFUNDS]
    paid = [bill for bill in end.bills if bill["state"] == "paid"]
    sought = [bill for bill in end.bills if bill["standing"] == "seat_sought"]
    claimed = [bill for bill in paid if bill["standing"] == "appointment"]
    wrong = []
    if back and live:
        wrong.append("the money goes back and the visit stays")
    if sought and live:
        wrong.append("a seat is sought for a bill whose visit is confirmed")
    if live and not claimed and not (back or sought):
        wrong.append("a visit stands on no paid bill")
    if claimed and not live:
        wrong.append("a paid bill claims a visit that is not there")
    if len(live) > 1:
        wrong.append("two live visits of one application")
    named = _name_end(end, live=bool(live), back=bool(back), open_cases=bool(open_cases), paid=bool(paid or sought))
    return Verdict(named, tuple(wrong))


def _name_end(end: End, *, live: bool, back: bool, open_cases: bool, paid: bool) -> str:
    offered = any(visit["status"] == "offered" for visit in end.visits)
    if not end.bills:
        return "no bill"
    if back:
        return f"refunded, {'with' if live else 'without'} visit"
    if open_cases:
        return f"refund case open, {'with' if live else 'without'} visit"
    if live:
        return "paid, with visit"
    if offered:
        return "paid, another seat offered"
    if paid:
        closed = any(bill["standing"] == "closed" for bill in end.bills)
        return "paid, given up without refund" if closed else "paid, without visit"
    if all(bill["state"] in RESTING_BILLS for bill in end.bills):
        return "unpaid, without visit"
    return "not at rest"


# -- the races -------------------------------------------------------------------------------------------------------


@dataclass
class _Run:
    """State that the races of one run share."""

    target: Target
    ways: Ways
    sessions: Sequence[str]
    begun: float
    troubles: Counter[str] = field(default_factory=Counter)
    setup_seconds: list[float] = field(default_factory=list)


async def drive(
    checkout: Checkout, races: int = RACES, at_once: int = AT_ONCE, seed: int = 1, quiet: bool = True
) -> Table:
    """Run the races on a new suite of this checkout and judge every end; some minutes for 500 on two cores."""
    async with start_target(checkout, settings=SETTINGS) as target:
        begun = time.perf_counter()
        run = _Run(target, Ways(stage.addresses(target), Reporter(quiet=True)), [], begun)
        try:
            run.sessions = [await open_session(target, OFFICE, plan) for plan in SESSIONS[: -(-races // SESSION_SHARE)]]
            done = await _race_all(run, plans(races, seed), at_once, quiet=quiet)
            raced = time.perf_counter() - begun
            ends = await _come_to_rest(run, done, quiet=quiet)
        finally:
            await run.ways.close()
        verdicts = await _explain_all(target, done, ends)
        seconds = time.perf_counter() - begun
    kept = _keep(checkout, seed, done, ends, verdicts)
    return _table(run, done, verdicts, seed=seed, raced=raced, seconds=seconds, kept=kept)


async def _race_all(run: _Run, wanted: Sequence[Script], at_once: int, *, quiet: bool) -> list[tuple[Race, Citizen]]:
    left = iter(wanted)
    done: list[tuple[Race, Citizen]] = []

    async def citizen() -> None:
        for plan in left:
            try:
                raced = await _race(run, plan)
            except (WayBroken, GaveUp, Refused) as trouble:
                run.troubles[f"before the race: {trouble}"[:160]] += 1
                continue
            done.append(raced)
            if not quiet and len(done) % 25 == 0:
                sys.stderr.write(f"  {len(done)} of {len(wanted)} races\n")

    await asyncio.gather(*(citizen() for _ in range(at_once)))
    return done


async def _race(run: _Run, plan: Script) -> tuple[Race, Citizen]:
    begun = time.perf_counter()
    way = run.ways.reporter.way("pay and cancel", "")
    citizen = await run.ways.newcomer(f"10.8.{plan.number // 250}.{plan.number % 250 + 1}")
    await way.step("register by email", "identity", citizen.register)
    await run.ways.apply(way, citizen)
    await citizen.hold_in(run.sessions[plan.number % len(run.sessions)])
    bill = await citizen.bill("issued")
    run.setup_seconds.append(time.perf_counter() - begun)
    race = Race(plan, citizen.application_id, bill["bill_id"], bill["billing_code"])

    async def pay() -> None:
        race.paid = await _told(lambda: citizen.outside.pay(bill["billing_code"], bill["amount"]), "paid")

    async def give_up() -> None:
        race.gave_up = await _told(lambda: _give_up(citizen, plan), "given up")

    first, second = (pay, give_up) if plan.order == "pay first" else (give_up, pay)

    async def later() -> None:
        await asyncio.sleep(plan.delay_ms / 1000)
        await second()

    await asyncio.gather(first(), later())
    return race, citizen


async def _give_up(citizen: Citizen, plan: Script) -> None:
    if plan.give_up == "withdraw":
        await citizen.withdraw()
        return
    url = f"{citizen.at.scheduling}/v1/appointments/{citizen.appointment_id}/cancellation"
    await citizen.api.post(url + ("?confirmed_not_refundable=true" if plan.fee_is_let_go else ""))


async def _told(work: Callable[[], Awaitable[Any]], well: str) -> str:
    try:
        await work()
    except Refused as refused:
        return refused.code
    except GaveUp as trouble:
        return f"gave up: {trouble}"[:160]
    return well


# -- until everything rests ------------------------------------------------------------------------------------------


async def _come_to_rest(run: _Run, done: Sequence[tuple[Race, Citizen]], *, quiet: bool) -> dict[str, End]:
    """Take refund cases to their end and look until nothing changes any more; ends by application.

    A state that rests only because nothing changes it any more is left as it is: it is judged.
    """
    client = connect(run.target.mongo_url)
    taken: dict[str, asyncio.Task[None]] = {}
    citizens = {race.application_id: (race, citizen) for race, citizen in done}
    free = asyncio.Semaphore(REFUNDS_AT_ONCE)
    give_up_at = time.monotonic() + REST_SECONDS
    not_before = time.monotonic() + GIVE_UP_SECONDS + 3 * LOOK_SECONDS
    quiet_looks, before = 0, ""
    try:
        while True:
            ends = await _ends(client, list(citizens))
            for application_id, end in ends.items():
                for case in end.refunds:
                    if case["state"] == "opened" and case["refund_id"] not in taken:
                        work = _take_to_its_end(run, *citizens[application_id], case["refund_id"], free)
                        taken[case["refund_id"]] = asyncio.create_task(work)
            seen = json.dumps([asdict(end) for end in ends.values()], default=str, sort_keys=True)
            busy = any(not task.done() for task in taken.values())
            quiet_looks = quiet_looks + 1 if seen == before and not busy else 0
            before = seen
            if quiet_looks >= QUIET_LOOKS and time.monotonic() > not_before:
                return ends
            if time.monotonic() > give_up_at:
                run.troubles[f"not at rest after {REST_SECONDS:g} s"] += 1
                return ends
            if not quiet:
                sys.stderr.write(f"  coming to rest: {len(taken)} refund cases\n")
            await asyncio.sleep(LOOK_SECONDS)
    finally:
        for task in taken.values():
            task.cancel()
        await asyncio.gather(*taken.values(), return_exceptions=True)
        await disconnect(client)


async def _take_to_its_end(run: _Run, race: Race, citizen: Citizen, refund_id: str, free: asyncio.Semaphore) -> None:
    """The citizen names an account, officers take the case up to the payment; a refusal on the way is noted."""
    async with free:
        with suppress(asyncio.CancelledError):
            try:
                await citizen.give_bank_account(refund_id)
                for step, username in (
                    ("find_complete", "treasurer"),
                    ("research", "treasurer"),
                    ("recommend", "office_admin"),
                    ("approve", "operator"),
                ):
                    await run.ways.officer(username).refund_step(refund_id, step)
                await citizen.refund("paid", "refused", "withdrawn", "credited")
            except (Refused, GaveUp) as trouble:
                race.refund_trouble = str(trouble)[:200]


async def _ends(client: Any, application_ids: Sequence[str]) -> dict[str, End]:
    """Return the stored state of these applications in billing and scheduling."""
    wanted = {"$in": list(application_ids)}
    billing, scheduling = database(client, "paspor_billing"), database(client, "paspor_scheduling")
    bills = await _grouped(
        billing.bill, {"state.payer.application_id": wanted}, lambda row: row["state"]["payer"]["application_id"], _bill
    )
    refunds = await _grouped(
        billing.refund, {"state.application_id": wanted}, lambda row: row["state"]["application_id"], _refund
    )
    visits = await _grouped(
        scheduling.appointment, {"state.application_id": wanted}, lambda row: row["state"]["application_id"], _visit
    )
    return {
        item: End(tuple(bills.get(item, ())), tuple(refunds.get(item, ())), tuple(visits.get(item, ())))
        for item in application_ids
    }


async def _grouped(
    collection: Any,
    wanted: Mapping[str, Any],
    key: Callable[[Mapping[str, Any]], str],
    shown: Callable[[Mapping[str, Any]], Mapping[str, Any]],
) -> dict[str, list[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    async for row in collection.find(wanted).sort("_id", 1):
        found.setdefault(key(row), []).append(shown(row))
    return found


def _bill(row: Mapping[str, Any]) -> Mapping[str, Any]:
    state = row["state"]
    return {name: state.get(name) for name in ("bill_id", "state", "standing", "closed_reason", "settled_by", "cause")}


def _refund(row: Mapping[str, Any]) -> Mapping[str, Any]:
    state = row["state"]
    return {name: state.get(name) for name in ("refund_id", "state", "reason", "bill_id", "appointment_id")}


def _visit(row: Mapping[str, Any]) -> Mapping[str, Any]:
    state = row["state"]
    seen = {name: state.get(name) for name in ("status", "live", "bill_id", "receipt_id", "released_for", "refund_id")}
    return {"appointment_id": row["_id"], **seen}


# -- what is told ----------------------------------------------------------------------------------------------------


async def _explain_all(
    target: Target, done: Sequence[tuple[Race, Citizen]], ends: Mapping[str, End]
) -> dict[str, Verdict]:
    """Judge each end, and let ``ledger explain`` tell of each of its bills; one that is not told is a contradiction."""
    verdicts = {}
    for race, _ in done:
        end = ends[race.application_id]
        verdict = judge_end(end)
        lines: list[str] = []
        for bill in end.bills:
            try:
                lines += await target.explain(bill["bill_id"])
            except RunBroken as trouble:
                verdict.contradictions += (f"ledger explain does not tell of bill: {trouble}",)
        verdict.explained = tuple(lines)
        verdicts[race.application_id] = verdict
    return verdicts


def _keep(
    checkout: Checkout,
    seed: int,
    done: Sequence[tuple[Race, Citizen]],
    ends: Mapping[str, End],
    verdicts: Mapping[str, Verdict],
) -> str:
    """Keep every race with its end and explanation as lines of JSON; return the file's name below PASPOR_HOME."""
    lines = [
        json.dumps(
            {**asdict(race), "end": asdict(ends[race.application_id]), **asdict(verdicts[race.application_id])},
            default=str,
        )
        for race, _ in done
    ]
    name = f"pay-and-cancel-{checkout.name.replace(' ', '-')}-{seed}.jsonl"
    stage.keep(name, ("\n".join(lines) + "\n").encode())
    return f"bench/{name}"


def _table(
    run: _Run,
    done: Sequence[tuple[Race, Citizen]],
    verdicts: Mapping[str, Verdict],
    *,
    seed: int,
    raced: float,
    seconds: float,
    kept: str,
) -> Table:
    named = Counter(verdict.named for verdict in verdicts.values())
    wrong = Counter(text for verdict in verdicts.values() for text in verdict.contradictions)
    contradicted = sum(1 for verdict in verdicts.values() if verdict.contradictions)
    explained = sum(1 for verdict in verdicts.values() if verdict.explained)
    troubles = "; ".join(f"{count} x {what}" for what, count in run.troubles.items())
    stuck = Counter(race.refund_trouble for race, _ in done if race.refund_trouble)
    orders = Counter((race.plan.give_up, race.plan.order, race.paid, race.gave_up) for race, _ in done)
    rows = [("end", what, str(count)) for what, count in named.most_common()]
    rows += [("contradiction", what, str(count)) for what, count in wrong.most_common()]
    rows += [("race", ", ".join(what), str(count)) for what, count in sorted(orders.items())]
    rows += [("refund case stopped", what, str(count)) for what, count in stuck.most_common()]
    return Table(
        title="Pay and cancel",
        method=(
            f"{len(done)} citizens (seed {seed}) pay and give up, 0 to {LONGEST_DELAY_MS} ms apart: each way to "
            f"give up ({', '.join(WAYS_TO_GIVE_UP)}) in both orders, over HTTP on all services, {GIVE_UP_SECONDS} s to "
            "billing's give-up on a seat. Officers take every refund case to its end. Then every bill is explained by "
            f"`ledger explain` and held against its visit. The races took {raced:.0f} s, everything {seconds:.0f} s; "
            f"half of the citizens were ready after {percentile(sorted(run.setup_seconds), 0.5):.1f} s. "
            f"Each race is in PASPOR_HOME/{kept}. " + (f"Troubles: {troubles}." if troubles else "No troubles.")
        ),
        figures=(
            Figure("pay_and_cancel.contradictions", float(contradicted), "bills", target=0.0, less_is_better=True),
            Figure(
                "pay_and_cancel.unexplained", float(len(done) - explained), "bills", target=0.0, less_is_better=True
            ),
            Figure(
                "pay_and_cancel.not_at_rest",
                float(named["not at rest"] + sum(run.troubles.values())),
                "races",
                target=0.0,
                less_is_better=True,
            ),
            Figure("pay_and_cancel.races", float(len(done)), "races"),
        ),
        columns=("what", "which", "count"),
        rows=tuple(rows),
    )
