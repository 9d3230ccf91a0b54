"""Asking SIMPONI: many questions in few calls, within a budget, the urgent ones first and none left waiting (F56)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry

from services.billing.bills import model as bills
from services.billing.bills.repository import BILLS
from services.billing.bills.states import BillState
from services.billing.metrics import Metrics
from services.billing.receipts.simponi_batching import Budget, SimponiBatcher, Urgency, _Question, choose
from services.billing.simponi import SimponiBilling
from shared.clock import ManualClock
from shared.errors import UpstreamDown
from shared.events.codes import BillPurpose
from tests.unit.billing.make import POLICY, T0, at, issued
from tests.unit.billing.world import make_world


class Counting:
    """A SIMPONI that notes every call and answers when it is told to."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.trouble: Exception | None = None

    async def status(self, code: str) -> SimponiBilling | None:
        return (await self.statuses([code])).get(code)

    async def statuses(self, codes: Sequence[str]) -> Mapping[str, SimponiBilling]:
        self.calls.append(list(codes))
        await self.gate.wait()
        if self.trouble is not None:
            raise self.trouble
        return {code: SimponiBilling(code, f"bill-{code}", 1, T0) for code in codes if code != "unknown"}


def make(per_minute: int = 600, codes_each: int = 10) -> tuple[SimponiBatcher, Counting, ManualClock]:
    simponi, clock = Counting(), ManualClock(T0)
    return (
        SimponiBatcher(simponi, clock, Metrics(), calls_per_minute=per_minute, codes_per_call=codes_each),
        simponi,
        clock,
    )  # type: ignore[arg-type]


async def turns(count: int = 20) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_questions_that_come_together_go_together() -> None:
    asker, simponi, _ = make()
    answers = await asyncio.gather(*(asker.status(str(number)) for number in range(25)))
    assert [len(call) for call in simponi.calls] == [10, 10, 5]
    assert [answer.reference for answer in answers if answer] == [f"bill-{number}" for number in range(25)]


async def test_what_comes_while_a_call_is_under_way_waits_for_the_next() -> None:
    asker, simponi, _ = make()
    simponi.gate.clear()
    first = asyncio.ensure_future(asker.status("a"))
    await turns()
    others = [asyncio.ensure_future(asker.status(code)) for code in ("b", "c", "b")]
    await turns()
    simponi.gate.set()
    await asyncio.gather(first, *others)
    assert simponi.calls == [["a"], ["b", "c"]]


async def test_an_unknown_code_is_none_and_trouble_reaches_everybody() -> None:
    asker, simponi, _ = make()
    known, unknown = await asyncio.gather(asker.status("a"), asker.status("unknown"))
    assert known is not None
    assert unknown is None
    simponi.trouble = UpstreamDown("simponi", "timeout")
    found = await asyncio.gather(asker.status("a"), asker.status("b"), return_exceptions=True)
    assert [type(answer) for answer in found] == [UpstreamDown, UpstreamDown]
    simponi.trouble = None
    assert await asker.status("a") is not None


async def test_calls_keep_to_the_budget() -> None:
    asker, simponi, clock = make(per_minute=60, codes_each=1)
    waiting = asyncio.gather(*(asker.status(str(number)) for number in range(10)))
    await turns(200)
    assert len(simponi.calls) == 6, "what six seconds allow was saved up"
    for _ in range(4):
        clock.advance(1)
        await turns(50)
    assert len(simponi.calls) == 10
    await waiting


async def test_a_clock_that_goes_back_saves_nothing_up() -> None:
    clock = ManualClock(T0)
    budget = Budget(clock, 6)
    await budget.take()
    clock.set(T0 - timedelta(seconds=60))
    waiting = asyncio.ensure_future(budget.take())
    await turns()
    assert not waiting.done()
    clock.advance(10)
    await waiting


def a_question(code: str, urgency: Urgency) -> _Question:
    return _Question(code, urgency)


def test_the_urgent_go_first_and_the_patient_are_not_starved() -> None:
    old = [a_question(f"old-{number}", Urgency.ROUTINE) for number in range(10)]
    urgent = [a_question(f"urgent-{number}", Urgency.LAST_QUESTION) for number in range(20)]
    chosen = [question.code for question in choose([*old, *urgent], 10)]
    assert chosen[:2] == ["old-0", "old-1"]
    assert set(chosen[2:]) == {f"urgent-{number}" for number in range(8)}
    assert choose(old, 10) == old


async def test_an_urgent_question_about_a_code_that_waits_makes_it_urgent() -> None:
    asker, simponi, _ = make(codes_each=1)
    simponi.gate.clear()
    asked = [asyncio.ensure_future(asker.status("first"))]
    await turns()
    for code, urgency in (("a", Urgency.ROUTINE), ("b", Urgency.ROUTINE), ("b", Urgency.LAST_QUESTION)):
        asked.append(asyncio.ensure_future(asker.status(code, urgency)))
        await turns(1)
    simponi.gate.set()
    await asyncio.gather(*asked)
    assert [call[0] for call in simponi.calls] == ["first", "b", "a"]


async def test_at_the_end_nobody_waits_for_ever() -> None:
    asker, simponi, _ = make(codes_each=1)
    await asker.close()
    simponi.gate.clear()
    asked = [asyncio.ensure_future(asker.status(code)) for code in ("a", "b")]
    await turns()
    await asker.close()
    found = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(answer) for answer in found] == [asyncio.CancelledError, asyncio.CancelledError]


async def test_while_simponi_is_known_to_be_down_nobody_asks_earlier() -> None:
    down = bills.polled(issued(), at(7190), POLICY, answered=False, not_before=at(7190 + 60))
    assert down.state.due["poll"] == at(7250)
    assert bills.polled(issued(), at(7190), POLICY, not_before=at(7190)).state.due["poll"] == at(7210)
    world = make_world()
    bill = await world.issued_bill()

    async def circuit_open(_code: str) -> None:
        raise UpstreamDown("simponi", "circuit_open", retry_after_seconds=400)

    world.simponi.status = circuit_open  # type: ignore[assignment, method-assign]
    await world.pass_time(280, step=10)
    later = world.bill_by_id(bill.bill_id)
    assert later.state == BillState.ISSUED
    assert later.due["poll"] >= T0 + timedelta(seconds=270 + 400)


async def test_a_thousand_codes_that_end_together_need_few_calls() -> None:
    world = make_world(simponi_codes_per_call=200)
    made = {}
    for number in range(1000):
        code = f"8261123{number:08d}"
        bill = issued(f"bill-{number}", code=code)
        made[code] = SimponiBilling(code, bill.bill_id, bill.amount, bill.expires_at or T0)
        await world.store.insert(BILLS, bill.bill_id, bill, now=T0)
    world.simponi.codes = made
    world.clock.set(at(7200 + POLICY.grace_seconds))
    records = [bill async for bill in world.store.scan(BILLS)]
    await asyncio.gather(*(world.billing.polling.expire_due(record) for record in records))
    assert {bill.state for bill in world.all(BILLS)} == {BillState.EXPIRED}
    assert world.names().count("BillExpired") == 1000, "each once"
    assert world.billing.questions.calls <= 6


async def test_a_difference_is_asked_about_like_any_code() -> None:
    world = make_world()
    bill = issued(purpose=BillPurpose.TOP_UP)
    await world.store.insert(BILLS, bill.bill_id, bill, now=T0)
    world.simponi.codes[bill.billing_code or ""] = SimponiBilling(bill.billing_code or "", "bill-1", bill.amount, T0)
    await world.pass_time(7200 + 1200 + 20, step=300)
    assert world.bill_by_id(bill.bill_id).state == BillState.EXPIRED


@pytest.mark.acceptance("F54.measured")
async def test_the_time_from_request_to_issue_is_a_metric() -> None:
    world = make_world()
    world.simponi.down = True
    await world.submitted()
    await world.seat_held()
    await world.work()
    await world.pass_time(180)
    world.simponi.down = False
    await world.pass_time(60)
    registry = CollectorRegistry()
    for figure in world.parts.figures:
        registry.register(figure)
    page = {
        (sample.name, sample.labels.get("le")): sample.value
        for metric in registry.collect()
        for sample in metric.samples
    }
    assert page["paspor_billing_code_wait_seconds_count", None] == 1
    assert page["paspor_billing_code_wait_seconds_bucket", "120.0"] == 0
    assert page["paspor_billing_code_wait_seconds_bucket", "300.0"] == 1
