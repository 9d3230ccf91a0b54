"""Settlement files: whole or not at all, compared both ways, resumed where a crash left them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from services.billing.cases.model import CaseState
from services.billing.cases.repository import CASES
from services.billing.receipts.repository import RECEIPTS
from services.billing.receipts.settled_lines import SETTLED_LINES
from services.billing.receipts.states import ReceiptState
from services.billing.rules import SettlementPolicy
from services.billing.settlement import model as settlements
from services.billing.settlement import reconciliation as settling_module
from services.billing.settlement.model import (
    HEADER,
    FileRefused,
    FileTampered,
    FileTruncated,
    FileUnreadable,
    SettlementSource,
    Verifier,
    read_line,
)
from services.billing.settlement.repository import SETTLEMENT_DAYS, SETTLEMENTS
from shared.events.codes import PaymentCaseKind, PaymentCaseOutcome
from shared.store.port import StoreUnavailable
from shared.store.transitions import IllegalTransition
from simulators.simponi.settlement import Booked, Spoiling, settlement_lines
from tests.unit.billing.faulty_stores import DyingStore
from tests.unit.billing.make import T0
from tests.unit.billing.world import World, make_world

DAY = date(2026, 11, 23)
NEXT = date(2026, 11, 24)


def booked(payments: Sequence[object], day: date = DAY, spoiling: Spoiling | None = None) -> bytes:
    """The file that the simulator writes for these payments."""
    lines = [
        Booked(paid.billing_code, paid.ntpn, paid.ntb, paid.amount, paid.paid_at, paid.paid_at, paid.channel)  # type: ignore[attr-defined]
        for paid in payments
    ]
    return "".join(settlement_lines(day, lines, spoiling or Spoiling())).encode()


async def pieces(content: bytes, size: int = 100) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


async def brought(world: World, content: bytes, source: SettlementSource = SettlementSource.FETCHED):
    """A file comes, as SIMPONI's word unless told else, and its lines are compared."""
    taken = await world.billing.reconciliation.take_file(pieces(content), "treasurer-1", source=source)
    await world.work()
    return next(settlement for settlement in world.all(SETTLEMENTS) if settlement.settlement_id == taken.settlement_id)


def counts(file) -> dict[str, int]:
    return {name: count for name, count in vars(file.counts).items() if count}


def kinds(world: World) -> list[str]:
    return sorted(case.kind.value for case in world.all(CASES))


async def world_with_payment() -> tuple[World, object]:
    world = make_world()
    bill = await world.issued_bill()
    return world, await world.pay(bill)


# -- the form --------------------------------------------------------------------------------------------------------


def whole(lines: int = 3) -> bytes:
    return "".join(settlement_lines(DAY, [], Spoiling(extra_lines=lines))).encode()


def verified(content: bytes, day: date | None = None, size: int = 7):
    verifier = Verifier()
    for start in range(0, len(content), size):
        verifier.feed(content[start : start + size])
    return verifier.finish(day)


def test_a_whole_file_says_what_it_holds() -> None:
    summary = verified(whole())
    assert (summary.day, summary.lines, summary.total) == (DAY, 3, 3 * 350_000)
    assert summary.size_bytes == len(whole())
    assert verified(whole(0), DAY).lines == 0


SPOILT: dict[str, tuple[bytes, type[FileRefused], int]] = {
    "no end": (whole().rpartition(b"TOTAL")[0], FileTruncated, 4),
    "half an end": (whole()[:-1], FileTruncated, 4),
    "an end cut short": (whole()[:-9] + b"\n", FileTruncated, 4),
    "nothing": (b"", FileTruncated, 1),
    "another amount": (whole().replace(b",350000,", b",350001,", 1), FileTampered, 4),
    "another code, same sums": (whole().replace(b",892611230000001,", b",892611230000009,", 1), FileTampered, 4),
    "a line less": (whole().replace(whole().split(b"\n")[3] + b"\n", b""), FileTampered, 3),
    "a gap": (whole().replace(whole().split(b"\n")[2] + b"\n", b""), FileUnreadable, 2),
    "another header": (whole().replace(b"ntpn", b"ntpm", 1), FileUnreadable, 0),
    "another day": (whole().replace(b"2026-11-23,2,", b"2026-11-24,2,"), FileUnreadable, 2),
    "no day": (whole().replace(b"2026-11-23,1,", b"2026-19-23,1,"), FileUnreadable, 1),
    "no moment": (whole().replace(b"T05:00", b"T25:00", 1), FileUnreadable, 1),
    "more after the end": (whole() + b"x\n", FileUnreadable, 4),
    "no line ends": (HEADER + b"\n" + b"x" * 300, FileUnreadable, 1),
    "no payments and no day": (whole(0), FileUnreadable, 1),
}


@pytest.mark.parametrize("name", SPOILT)
def test_a_file_that_is_not_whole_is_refused_with_the_line(name: str) -> None:
    content, error, line = SPOILT[name]
    with pytest.raises(error) as refused:
        verified(content)
    assert refused.value.line == line


def test_the_file_of_another_day_is_not_the_one_that_is_owed() -> None:
    with pytest.raises(FileUnreadable):
        verified(whole(), NEXT)


def test_no_file_is_longer_than_agreed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settlements, "MOST_LINES", 3)
    assert verified(whole(3)).lines == 3
    with pytest.raises(FileUnreadable):
        verified(whole(4))


def test_a_line_is_read_as_the_payment_that_it_is() -> None:
    line = read_line(whole().split(b"\n")[1], 1, DAY.isoformat())
    assert (line.payment().ntpn, line.amount, line.paid_at) == (
        "X261123000000000",
        350_000,
        datetime(2026, 11, 23, 5, tzinfo=UTC),
    )


def test_a_compared_file_is_not_compared_again() -> None:
    taken = settlements.take_in(verified(whole(0), DAY), "file-1", "simponi", T0).state
    ended = settlements.advance(taken, settlements.Counts(), 10, T0).state
    assert (ended.state, ended.due) == (settlements.SettlementState.COMPARED, {})
    with pytest.raises(IllegalTransition):
        settlements.advance(ended, settlements.Counts(), 10, T0)


def test_a_claim_that_an_older_build_compared_becomes_simponis_word_too() -> None:
    taken = settlements.take_in(verified(whole(0), DAY), "file-1", "account-9", T0).state
    old = replace(taken, source=None, state=settlements.SettlementState.COMPARED, due={})
    assert old.is_claim
    vouched = settlements.vouch(old, settlements.SettlementSource.SIGNED, T0).state
    assert (vouched.state, vouched.is_claim) == (settlements.SettlementState.COMPARING, False)


# -- the lines -------------------------------------------------------------------------------------------------------


async def test_a_file_that_agrees_opens_nothing() -> None:
    world, payment = await world_with_payment()
    file = await brought(world, booked([payment]))
    assert (file.state.value, counts(file), kinds(world)) == ("compared", {"known": 1}, [])
    again = await world.billing.reconciliation.take_file(pieces(booked([payment])), "treasurer-2")
    assert again.source is SettlementSource.FETCHED, "the same content, brought later, makes no claim of it"
    assert again == file
    assert len(world.all(SETTLEMENTS)) == 1


@pytest.mark.acceptance("F57.daily_reconciliation", "X5.found")
async def test_money_that_neither_notice_nor_poll_told_of_is_learnt_from_the_file() -> None:
    world = make_world()
    bill = await world.issued_bill()
    payment = world.payment(bill)
    file = await brought(world, booked([payment]))
    assert counts(file) == {"learnt": 1}
    assert world.receipt(payment.ntpn).learnt_by == "settlement"
    assert await world.outcome(payment.ntpn) == ("settles_bill", "paid", world.bill().standing)
    await world.rules_hold()


@pytest.mark.acceptance("X3.refund_case")
async def test_a_second_payment_after_the_last_look_is_found_by_the_file() -> None:
    world, first = await world_with_payment()
    await world.pass_time(3 * 7200, step=600)
    second = world.payment(world.bill())
    file = await brought(world, booked([first, second]))
    assert counts(file) == {"known": 1, "learnt": 1}
    assert world.receipt(second.ntpn).state == ReceiptState.IN_REFUND
    assert world.names().count("BillPaid") == 1
    await world.rules_hold()


@pytest.mark.acceptance("F57.nothing_silent", "F57.daily_reconciliation")
async def test_money_on_a_code_of_nobody_becomes_a_case_and_then_goes_back() -> None:
    world = make_world()
    file = await brought(world, booked([], spoiling=Spoiling(extra_lines=1)))
    assert (counts(file), kinds(world)) == (
        {"unknown": 1},
        [
            "settled_unknown_here",
        ],
    )
    await world.pass_time(2 * 3600, step=300)
    cases = {case.kind: case for case in world.all(CASES)}
    assert cases[PaymentCaseKind.SETTLED_UNKNOWN_HERE].outcome == PaymentCaseOutcome.REFUNDED
    assert cases[PaymentCaseKind.UNKNOWN_CODE].outcome == PaymentCaseOutcome.REFUNDED
    await world.rules_hold()


@pytest.mark.acceptance("F57.nothing_silent", "F57.daily_reconciliation")
async def test_an_amount_that_differs_is_a_case_until_a_corrected_file_comes() -> None:
    world, payment = await world_with_payment()
    file = await brought(world, booked([payment], spoiling=Spoiling(amounts={payment.ntpn: 1})))
    assert (counts(file), kinds(world)) == ({"differing": 1}, ["amount_differs"])
    case = world.all(CASES)[0]
    assert (case.owner, case.subject.amount_here, case.subject.amount_there) == ("treasurer", payment.amount, 1)
    await world.pass_time(600, step=300)
    assert world.all(CASES)[0].state == CaseState.OPEN
    await brought(world, booked([payment]))
    await world.pass_time(3600, step=300)
    assert world.all(CASES)[0].outcome == PaymentCaseOutcome.CORRECTED
    assert world.receipt(payment.ntpn).amount == payment.amount


@pytest.mark.acceptance("F57.nothing_silent")
async def test_a_line_shown_twice_is_a_case_and_no_second_receipt() -> None:
    world, payment = await world_with_payment()
    file = await brought(world, booked([payment], spoiling=Spoiling(repeat=frozenset({payment.ntpn}))))
    assert (counts(file), kinds(world)) == ({"known": 1, "doubled": 1}, ["double_line"])
    later = await brought(world, booked([payment], NEXT))
    assert (counts(later), kinds(world)) == ({"doubled": 1}, ["double_line", "double_line"])
    assert len(world.all(RECEIPTS)) == 1


async def test_lines_far_apart_in_one_file_are_seen_to_be_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settling_module, "LINES_PER_BATCH", 1)
    world, payment = await world_with_payment()
    file = await brought(world, booked([payment], spoiling=Spoiling(repeat=frozenset({payment.ntpn}))))
    assert counts(file) == {"known": 1, "doubled": 1}


async def test_a_refused_file_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    world, payment = await world_with_payment()
    for content, error, _ in SPOILT.values():
        with pytest.raises(error):
            await world.billing.reconciliation.take_file(pieces(content), "treasurer-1")
    assert [world.all(kind) for kind in (SETTLEMENTS, SETTLEMENT_DAYS, SETTLED_LINES, CASES)] == [[], [], [], []]
    assert [file_id async for file_id in world.files.older_than(world.clock.now() + timedelta(days=1))] == []
    assert payment.ntpn


@pytest.mark.acceptance("F57.daily_reconciliation")
async def test_a_crash_around_any_write_of_the_comparison_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is taken up where its progress was written; no line takes effect twice."""
    monkeypatch.setattr(settling_module, "LINES_PER_BATCH", 2)
    monkeypatch.setattr(settling_module, "LINES_PER_RUN", 2)

    async def story(store: DyingStore) -> World:
        world = make_world(store)
        bill = await world.issued_bill()
        payments = [world.payment(bill), world.payment(bill)]
        content = booked(payments, spoiling=Spoiling(repeat=frozenset({payments[1].ntpn}), extra_lines=2))
        store.armed = True
        for _ in range(2):
            try:
                await world.billing.reconciliation.take_file(
                    pieces(content), "simponi", source=SettlementSource.FETCHED
                )
                break
            except StoreUnavailable:
                continue
        for _ in range(5):
            try:
                await world.pass_time(40, step=20)
            except StoreUnavailable:
                continue
        return world

    calm = ArmedStore()
    expected = summed(await story(calm))
    assert expected == (
        5,
        ["awaits_outcome"] * 2 + ["in_refund", "settles_bill"],
        ["double_line", *["settled_unknown_here"] * 2],
    )
    for dies_at in range(1, calm.writes + 1):
        for after in (False, True):
            store = ArmedStore()
            store.dies_at, store.after = dies_at, after
            assert summed(await story(store)) == expected, (dies_at, after)


class ArmedStore(DyingStore):
    """Counts writes only once it is armed."""

    armed = False

    def _before(self) -> None:
        if self.armed:
            super()._before()

    def _after(self) -> None:
        if self.armed:
            super()._after()


def summed(world: World) -> tuple[int, list[str], list[str]]:
    file = world.all(SETTLEMENTS)[0]
    receipts = sorted(receipt.state.value for receipt in world.all(RECEIPTS))
    return file.counts.lines, receipts, kinds(world)


async def test_many_lines_that_are_new_here_are_learnt_run_by_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settling_module, "LINES_PER_BATCH", 2)
    monkeypatch.setattr(settling_module, "LEARNT_PER_RUN", 2)
    world = make_world()
    file = await brought(world, booked([], spoiling=Spoiling(extra_lines=5)))
    assert (counts(file), len(world.all(RECEIPTS))) == ({"unknown": 5}, 5)


# -- the days --------------------------------------------------------------------------------------------------------


@pytest.mark.acceptance("F57.nothing_silent", "F57.daily_reconciliation")
async def test_each_day_that_has_ended_is_fetched_and_what_no_file_shows_becomes_a_case() -> None:
    world, payment = await world_with_payment()
    for day in (DAY + timedelta(days=back) for back in range(-8, 5)):
        world.simponi.files[day] = booked([], day)
    await daily(world, 5)
    assert kinds(world) == ["paid_here_unsettled"]
    case = world.all(CASES)[0]
    assert (case.subject.ntpn, case.owner, case.state) == (payment.ntpn, "treasurer", CaseState.OPEN)
    assert {settlement.day for settlement in world.all(SETTLEMENTS)} >= {DAY, NEXT}
    await brought(world, booked([payment], DAY + timedelta(days=4)))
    await world.pass_time(7200, step=600)
    assert world.all(CASES)[0].outcome == PaymentCaseOutcome.SETTLED


async def daily(world: World, days: int) -> None:
    """Let days pass as the process does: the chore now and then, deadlines when due."""
    for _ in range(days * 4):
        await world.billing.reconciliation.owe_days()
        await world.pass_time(6 * 3600, step=3 * 3600)


@pytest.mark.acceptance("F57.daily_reconciliation")
async def test_a_file_that_cannot_be_had_or_is_broken_is_asked_for_until_it_is_whole(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world, payment = await world_with_payment()
    await daily(world, 5)
    assert kinds(world) == [], "without the files nothing is known to be missing"
    content = booked([payment])
    world.simponi.files[DAY] = content[:-20]
    await world.pass_time(1200, step=600)
    assert world.all(SETTLEMENTS) == []
    world.simponi.files[DAY] = content
    await world.pass_time(1200, step=600)
    assert [counts(settlement) for settlement in world.all(SETTLEMENTS)] == [{"known": 1}]
    owed = next(owed for owed in world.all(SETTLEMENT_DAYS) if owed.day == DAY)
    assert owed.settlement_id == world.all(SETTLEMENTS)[0].settlement_id
    assert "fetch" not in owed.due


async def test_a_file_left_behind_by_a_crash_is_swept_and_a_kept_one_stays() -> None:
    world, payment = await world_with_payment()
    await brought(world, booked([payment]))
    await world.files.create("settlement-left-behind", settling_module.FileMeta("text/csv"))
    await world.files.create("another", settling_module.FileMeta("text/csv"))
    world.clock.advance(36 * 3600)
    await world.billing.reconciliation.owe_days()
    left = [file_id async for file_id in world.files.older_than(world.clock.now())]
    assert sorted(left) == sorted(["another", world.all(SETTLEMENTS)[0].file_id])


def test_the_days_are_those_of_jakarta() -> None:
    policy = SettlementPolicy(days_back=2)
    evening = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)  # midnight in Jakarta
    assert list(settlements.owed_days(evening, policy)) == [DAY, date(2026, 11, 22)]
    assert next(settlements.owed_days(evening - timedelta(seconds=1), policy)) == date(2026, 11, 22)
    owed = settlements.owe(DAY, policy).state
    assert owed.due["fetch"] == evening + timedelta(hours=3)
    assert replace(owed, due={}) == replace(
        settlements.receipts_checked(settlements.file_received(owed, "x").state).state,
        settlement_id=None,
        looked_for=False,
    )
