"""Settings, the wiring of the process, and running rules that must see what is wrong."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from services.billing.app import assemble
from services.billing.bills.application_facts import LostSeat
from services.billing.bills.application_repository import ApplicationRepository
from services.billing.bills.model import Bill, BillOutcome
from services.billing.bills.repository import BILLS
from services.billing.bills.states import BillState
from services.billing.bills.texts import guidance
from services.billing.clients.simponi import HttpSimponi
from services.billing.clients.treasury import HttpTreasury
from services.billing.config import Settings, read_secrets
from services.billing.invariants.money_checks import MOST_NAMED
from services.billing.receipts.model import Receipt
from services.billing.receipts.repository import RECEIPTS
from services.billing.receipts.states import ReceiptState
from services.billing.refunds.model import Refund
from services.billing.refunds.repository import REFUNDS
from services.billing.rules import (
    BillPolicy,
    CallPolicy,
    CasePolicy,
    Policies,
    ReceiptPolicy,
    RefundPolicy,
    SettlementPolicy,
)
from services.billing.store_part import Aggregates, Missing
from shared.settings import SettingsWrong
from shared.store.decision import Decision
from shared.store.kinds import Kind
from shared.store.memory import MemoryStore
from tests.unit.billing.make import in_state
from tests.unit.billing.world import World, make_world, some_settings
from tests.unit.world import seeded_platform


def test_the_defaults_are_the_real_durations() -> None:
    policies = some_settings().policies()
    assert (policies.bill.validity_seconds, policies.bill.grace_seconds) == (7200, 1200)
    assert (policies.bill.tell_delay_seconds, policies.bill.alert_seconds) == (120, 900)
    assert policies.bill.poll_most_seconds == 270
    assert policies.bill.year_end_cutoff == "12-31T23:00"


def test_callback_secrets_turn_and_a_bare_one_is_enough() -> None:
    assert read_secrets("k2:new, k1:old") == {"k2": "new", "k1": "old"}
    assert read_secrets("just-one") == {"k1": "just-one"}
    assert some_settings().callback_secrets() == {"k1": "callback-secret"}


def test_the_secret_is_found_under_both_names(monkeypatch: pytest.MonkeyPatch) -> None:
    from services.billing.config import Settings

    given = some_settings().model_dump(exclude={"simponi_callback_secrets"})
    for name in ("PASPOR_SIMPONI_CALLBACK_SECRETS", "PASPOR_SIMPONI_CALLBACK_SECRET"):
        monkeypatch.setenv(name, "k1:from-the-environment")
        assert Settings(**given).callback_secrets() == {"k1": "from-the-environment"}
        monkeypatch.delenv(name)


@pytest.mark.parametrize(
    "wrong",
    [
        {"simponi_callback_secrets": ""},
        {"simponi_callback_secrets": "k1:a,k2:b,k3:c"},
        {"simponi_callback_secrets": "k1:,k2:b"},
        {"bill_poll_most_seconds": 301},
        {"bill_validity_seconds": 0},
        {"bill_year_end_cutoff": "02-30T23:00"},
        {"bill_year_end_cutoff": "midnight"},
    ],
)
def test_wrong_settings_are_refused_with_a_sentence(wrong: dict[str, object]) -> None:
    with pytest.raises(SettingsWrong):
        some_settings(**wrong)


RULES: Mapping[str, Any] = {
    "bill": BillPolicy(),
    "receipt": ReceiptPolicy(),
    "case": CasePolicy(),
    "settlement": SettlementPolicy(),
    "refund": RefundPolicy(),
}
WITHOUT_SETTING = {
    "refund_calendar",
    "refund_release_days",
    "refund_order_days",
    "refund_escalate_days",
    "refund_object_calendar_days",
    "refund_objection_calendar_days",
    "refund_seat_answer_seconds",
    "refund_seat_answer_most_seconds",
    "refund_bank_retry_most_seconds",
    "refund_track_most_seconds",
}
"""Rules without a setting: those of the law, and the pace of repeats."""


def rules_by_setting() -> dict[str, Any]:
    """The number of each rule, by the setting that may change it."""
    found = {
        f"{room}_{name}": getattr(policy, name)
        for room, policy in RULES.items()
        for name in policy.__dataclass_fields__
        if f"{room}_{name}" not in WITHOUT_SETTING
    }
    calls = CallPolicy()
    return {**found, "simponi_calls_per_minute": calls.per_minute, "simponi_codes_per_call": calls.codes_each}


@pytest.mark.parametrize(("setting", "number"), rules_by_setting().items())
def test_the_default_of_a_setting_is_the_number_of_its_rule(setting: str, number: object) -> None:
    assert Settings.model_fields[setting].default == number


def test_settings_that_nobody_changed_are_the_rules() -> None:
    assert some_settings().policies() == Policies()


def test_the_number_of_a_rule_is_written_once() -> None:
    """As in `Field(_BILL.validity_seconds, ...)`: a change of the rule changes the product."""
    tree = ast.parse(inspect.getsource(Settings))
    defaults = {
        node.target.id: node.value.args[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
        if isinstance(node.value, ast.Call) and node.value.args
    }
    written_again = {name for name in rules_by_setting() if not isinstance(defaults[name], ast.Attribute)}
    assert written_again == set()


async def test_the_process_is_wired_with_simponi_over_http(world: World) -> None:
    platform = seeded_platform(world.store, world.clock, some_settings().master_keyring())
    parts = assemble(some_settings(), platform)
    assert parts.name == "billing"
    assert parts.close is not None
    assert isinstance(parts.service.code_requests._simponi, HttpSimponi)
    assert isinstance(parts.service.refund_processing._treasury, HttpTreasury)
    await parts.close()


@pytest.mark.parametrize("state", list(BillState))
def test_every_state_tells_what_to_do_in_both_languages(state: BillState) -> None:
    told = guidance(in_state(state))
    assert told.current_step
    assert told.next_action.endswith((".", "refunds."))
    assert told.next_action_id.endswith(".")


# -- the store behind the use cases ----------------------------------------------------------------------------------


async def test_a_missing_aggregate_cannot_be_changed(world: World) -> None:
    aggregates = Aggregates(world.store, world.clock)
    with pytest.raises(Missing):
        await aggregates.change(BILLS, "bill-unknown", lambda bill: Decision(bill))


async def test_two_first_words_on_one_application_both_count(world: World) -> None:
    repository = ApplicationRepository(world.store, world.clock)
    store = world.store
    get, late = store.get, []

    async def get_before_the_other_writes(kind, record_id):
        found = await get(kind, record_id)
        if not late:
            late.append(True)
            await repository.keep_lost_seat(LostSeat("appointment-1", 2, "cancelled"))
        return found

    store.get = get_before_the_other_writes  # type: ignore[method-assign]
    await repository.keep_lost_seat(LostSeat("appointment-1", 3, "hold_lapsed"))
    kept = await repository.lost_seat("appointment-1")
    assert kept is not None
    assert kept.version == 3


# -- running rules ---------------------------------------------------------------------------------------------------


async def spoil(world: World, kind: Kind[object], record_id: str, **changes: object) -> None:
    """Change what is stored behind the service's back."""
    record = await world.store.get(kind, record_id)
    assert record is not None
    await world.store.save(kind, record, replace(record.state, **changes), now=world.clock.now())  # type: ignore[type-var]


async def broken(world: World, rule: str) -> bool:
    return not (await world.parts.invariants[rule]()).holds


async def paid(world: World) -> tuple[Bill, Receipt]:
    bill = await world.issued_bill()
    payment = await world.pay(bill)
    await world.rules_hold()
    return world.bill(), world.receipt(payment.ntpn)


async def refunded(world: World) -> tuple[Bill, Receipt, Refund]:
    bill, _ = await paid(world)
    second = await world.pay(bill)
    await world.rules_hold()
    return bill, world.receipt(second.ntpn), world.refunds()[0]


async def test_i3_sees_a_receipt_whose_bill_denies_it(world: World) -> None:
    bill, _ = await paid(world)
    await spoil(world, BILLS, bill.bill_id, settled_by="somebody-else")
    assert await broken(world, "I3")


async def test_i3_sees_a_changed_ledger(world: World) -> None:
    _, receipt = await paid(world)
    await spoil(world, RECEIPTS, receipt.ntpn, amount=receipt.amount + 1)
    assert await broken(world, "I3")


async def test_i3_sees_money_in_refund_without_a_case(world: World) -> None:
    _, receipt, _ = await refunded(world)
    await spoil(world, RECEIPTS, receipt.ntpn, refund_id="nowhere")
    assert await broken(world, "I3")


@pytest.mark.parametrize(
    "changes",
    [
        {"standing": None},
        {"standing": BillOutcome.SEAT_SOUGHT},
        {"standing": BillOutcome.REFUND},
        {"standing": BillOutcome.CLOSED},
        {"settled_by": None},
        {"seat": None},
    ],
)
async def test_i4_sees_a_paid_bill_that_leads_nowhere(world: World, changes: dict[str, object]) -> None:
    bill, _ = await paid(world)
    await spoil(world, BILLS, bill.bill_id, **changes)
    assert await broken(world, "I4")


@pytest.mark.parametrize(
    "changes", [{"settles_bill_id": "another-bill"}, {"state": ReceiptState.IN_REFUND, "refund_recorded": True}]
)
async def test_i4_sees_a_paid_bill_whose_money_is_elsewhere(world: World, changes: dict[str, object]) -> None:
    _, receipt = await paid(world)
    await spoil(world, RECEIPTS, receipt.ntpn, **changes)
    assert await broken(world, "I4")


@pytest.mark.parametrize("changes", [{"amount": 650_001}, {"amount": 0}, {"receipt_id": "nowhere"}])
async def test_i5_sees_a_refund_that_exceeds_its_receipt(world: World, changes: dict[str, object]) -> None:
    _, _, refund = await refunded(world)
    await spoil(world, REFUNDS, refund.refund_id, **changes)
    assert await broken(world, "I5")


async def test_a_report_names_a_hundred_at_most() -> None:
    world = make_world(MemoryStore("billing"))
    bill, _ = await paid(world)
    for number in range(MOST_NAMED + 1):
        extra = replace(bill, bill_id=f"bill-{number}", standing=None)
        await world.store.insert(BILLS, extra.bill_id, extra, now=world.clock.now())
    report = await world.parts.invariants["I4"]()
    assert (report.checked, len(report.broken)) == (MOST_NAMED + 2, MOST_NAMED)
