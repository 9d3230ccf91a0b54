"""The ledger: postings chained off the write path, balances and journal as projections, every state explained."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.billing.bills.model import BillOutcome, Claim, Renewal, RenewalState, Special, SpecialState
from services.billing.bills.states import BillState
from services.billing.ledger.journal import amounts_of, posting_fact, sum_amounts
from services.billing.ledger.model import Account, Movement, Posting, balances, posted
from services.billing.receipts.repository import RECEIPTS
from services.billing.receipts.states import ReceiptState
from services.billing.refunds.states import RefundState
from services.billing.sagas import explanation as explaining
from services.billing.sagas.errors import NothingToExplain
from shared.chain.lines import JournalLine, RootsLine
from shared.chain.verify import ExportWrong, read_roots, verify
from shared.tokens import Caller, Role
from tests.unit.billing.conftest import Ask
from tests.unit.billing.make import T0
from tests.unit.billing.world import World, make_world
from tests.unit.shared_chain.described import assert_described

OPERATOR = Caller("operator-1", Role.OPERATOR, "s")


async def lines_of(stream: AsyncIterator[bytes]) -> list[bytes]:
    return b"".join([lines async for lines in stream]).splitlines()


def day_of(world: World) -> date:
    return (world.clock.now() + timedelta(hours=7)).date()


async def chained(world: World) -> None:
    world.clock.advance(6)
    await world.billing.ledger.kept.drain()


async def paid_twice(world: World) -> None:
    """One payment settles the bill, a second one goes back."""
    bill = await world.issued_bill()
    await world.pay(bill)
    await world.pay(bill)


async def test_balances_follow_the_postings_and_sum_to_zero() -> None:
    world = make_world()
    await paid_twice(world)
    assert (await world.billing.ledger.balances()).accounts == {}
    await chained(world)
    found = await world.billing.ledger.balances()
    amount = world.bill().amount
    assert found.accounts == {"refund_due": -amount, "revenue": -amount, "treasury": 2 * amount}
    assert sum(found.accounts.values()) == 0
    assert found.postings == 4
    await world.rules_hold()


async def test_the_journal_of_a_day_verifies_and_names_its_receipts_beside() -> None:
    world = make_world()
    await paid_twice(world)
    await chained(world)
    lines = await lines_of(world.billing.ledger.journal(day_of(world)))
    found = verify(lines)
    assert (found.kind, found.links) == ("ledger", 4)
    assert_described(lines, JournalLine)
    told = [json.loads(line) for line in lines[1:-1]]
    assert {fact["receipt_id"] for fact in told} == {receipt.ntpn for receipt in world.all(RECEIPTS)}
    hashed = [{name: fact[name] for name in fact if name != "receipt_id"} for fact in told]
    assert not [receipt.ntpn for receipt in world.all(RECEIPTS) if receipt.ntpn in json.dumps(hashed)]
    assert verify(await lines_of(world.billing.ledger.journal(date(2020, 1, 1)))).links == 0


@pytest.mark.parametrize(
    ("old", "new"), [(b"350000", b"350001"), (b'"received"', b'"relieved"'), (b"awaiting_outcome", b"awaiting_income")]
)
async def test_a_tampered_ledger_is_refused(old: bytes, new: bytes) -> None:
    world = make_world()
    await paid_twice(world)
    await chained(world)
    lines = await lines_of(world.billing.ledger.journal(day_of(world)))
    amount = str(world.bill().amount).encode()
    tampered = [line.replace(amount if old == b"350000" else old, new, 1) for line in lines]
    with pytest.raises(ExportWrong, match="Line 2 is wrong"):
        verify(tampered)


async def test_a_posting_that_was_changed_in_the_receipt_shows_on_the_chain() -> None:
    """The chain is made of copies: who changes a receipt later does not change what was chained."""
    world = make_world()
    await paid_twice(world)
    await chained(world)
    document = next(iter(world.store._documents["receipt"].values()))
    document["state"]["postings"][0]["hash"] = "0" * 64
    verify(await lines_of(world.billing.ledger.journal(day_of(world))))
    world.clock.advance(3700)
    await world.billing.ledger.kept.look_again()
    with pytest.raises(ExportWrong, match="the posting was changed"):
        verify(await lines_of(world.billing.ledger.journal(day_of(world))))


async def test_roots_are_published_each_day() -> None:
    world = make_world()
    await paid_twice(world)
    await chained(world)
    day = day_of(world)
    world.clock.advance(86_400)
    await world.billing.ledger.kept.publish_roots()
    published = await lines_of(world.billing.ledger.roots(day))
    assert_described(published, RootsLine)
    roots = read_roots(published)
    assert [list(root) for root in roots.values()] == [[4]]
    verify(await lines_of(world.billing.ledger.journal(day)), roots=roots)


MOVES = st.lists(
    st.tuples(st.sampled_from(list(Account)), st.sampled_from(list(Account)), st.integers(1, 10**12)), max_size=12
)


@given(MOVES)
@settings(max_examples=60, deadline=None)
def test_every_posting_balances_in_whole_rupiah_and_balances_add_up(moves: list[tuple[Account, Account, int]]) -> None:
    postings: tuple[Posting, ...] = ()
    for source, to, amount in moves:
        postings = posted(postings, Movement(source, to, amount, "m", T0), "genesis")
    told = [posting_fact(posting) for posting in postings]
    for fact in told:
        assert sum(amount for _, amount in fact["entries"]) == 0
        assert all(type(amount) is int for _, amount in fact["entries"])
    found = sum_amounts([amounts_of(fact) for fact in told])
    assert found == {account.value: amount for account, amount in balances(postings).items()}
    assert sum(found.values()) == 0


async def test_by_code_ntpn_or_refund_everything_that_led_there_is_told_in_order() -> None:
    world = make_world()
    await paid_twice(world)
    bill, refund = world.bill(), world.refunds()[0]
    for reference in (
        bill.billing_code or "",
        bill.bill_id,
        *(receipt.ntpn for receipt in world.all(RECEIPTS)),
        refund.refund_id,
    ):
        found = await world.billing.explainer.explain(OPERATOR, reference)
        assert [told.at for told in found.facts] == sorted(told.at for told in found.facts)
        assert any("Bill" in line for line in found.standing)
        for told in found.facts:
            if told.what == "posted":
                assert told.amounts and sum(told.amounts.values()) == 0
    assert {told.about.split()[0] for told in found.facts} == {"bill", "receipt", "refund"}
    words = "\n".join(explaining.in_words(found))
    assert "duplicate_payment" in words and "rule: " in words and f"treasury Rp{bill.amount}" in words
    with pytest.raises(NothingToExplain):
        await world.billing.explainer.explain(OPERATOR, "820000000000000")


async def test_every_state_there_is_can_be_said() -> None:
    world = make_world()
    await paid_twice(world)
    bill, receipt, refund = world.bill(), world.all(RECEIPTS)[0], world.refunds()[0]
    for state in BillState:
        for standing in (None, *BillOutcome):
            changed = replace(bill, state=state, standing=standing, cause="c", closed_reason="r")
            assert explaining.bill_standing(changed).endswith(".")
            assert explaining.bill_facts(changed)
    for place in ReceiptState:
        assert explaining.receipt_standing(replace(receipt, state=place)).endswith(".")
    for one in RefundState:
        case = replace(refund, state=one, rule="some_rule")
        assert explaining.refund_standing(case).endswith(".")
        assert explaining.refund_facts(case)


async def test_claims_bank_numbers_renewals_and_special_dates_are_told() -> None:
    world = make_world()
    bill = await world.issued_bill()
    await world.push(world.payment(bill, ntpn=None))
    words = "\n".join(explaining.in_words(await world.billing.explainer.explain(OPERATOR, bill.bill_id)))
    assert "bank number" in words and "awaited and the seat kept" in words
    lost = make_world()
    ended = await lost.expired_bill()
    await lost.pay(ended)
    told = "\n".join(explaining.in_words(await lost.billing.explainer.explain(OPERATOR, ended.bill_id)))
    assert "a seat was asked for" in told and "ended unpaid" in told


async def test_over_http_for_the_treasurer_only(world: World, ask: Ask) -> None:
    await paid_twice(world)
    await chained(world)
    code = world.bill().billing_code
    assert code is not None
    grouped = "-".join((code[:4], code[4:8], code[8:12], code[12:]))
    for path in ("/v1/ledger/balances", *(f"/v1/ledger/explanations/{each}" for each in (code, grouped))):
        assert (await ask("GET", path, role=Role.TREASURER))[0] == 200
        assert (await ask("GET", path))[0] == 403
    status, found = await ask("GET", "/v1/ledger/balances", role=Role.TREASURER)
    assert {account["account"] for account in found["accounts"]} == {"refund_due", "revenue", "treasury"}
    status, problem = await ask("GET", "/v1/ledger/explanations/none", role=Role.TREASURER)
    assert (status, problem["code"]) == (404, "nothing_to_explain")
    assert (await ask("GET", "/v1/audit/billing?from=2026-11-21&to=2026-11-20", role=Role.OPERATOR))[0] == 422
    assert (await ask("GET", "/v1/audit/billing/overrides", role=Role.OPERATOR))[0] == 422
    assert (await ask("GET", "/v1/audit/billing/overrides?office_id=office-1", role=Role.OPERATOR))[0] == 200
    assert (await ask("GET", "/v1/audit/billing/overrides", role=Role.TREASURER))[0] == 403


async def test_every_part_of_a_bill_is_told() -> None:
    world = make_world()
    bill = await world.issued_bill()
    claim = Claim("c", T0, None, "123456789012")
    renewal = Renewal(RenewalState.REFUSED, T0, reason="sold_out")
    special = Special("appointment-1", 3, SpecialState.OPEN, "system_fault", T0 + timedelta(days=9))
    full = replace(bill, claims=(claim,), renewal=renewal, special=special, replaces_bill_id="bill-0")
    words = "\n".join(told.what for told in explaining.bill_facts(full))
    assert "payment claimed with 123456789012" in words
    assert "new code asked; refused" in words
    assert "a new date may be chosen; open" in words
    codeless = replace(bill, issued_at=None, special=replace(special, until=None))
    assert [told.what for told in explaining.bill_facts(codeless)] == ["priced and requested for fee"]
