"""A settlement file that a person brings is a claim: no money without SIMPONI's own word (I13)."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.billing.bills.states import BillState
from services.billing.cases.repository import CASES
from services.billing.receipts.model import SimponiWord
from services.billing.receipts.repository import RECEIPTS
from services.billing.settlement import reconciliation as settling_module
from services.billing.settlement.model import FileNotSigned, Settlement, SettlementSource, signed_words
from services.billing.settlement.repository import SETTLEMENT_DAYS, SETTLEMENTS
from shared.crypto.detached import DetachedSigner
from shared.events.codes import PaymentCaseKind, PaymentCaseOutcome
from shared.store.port import StoreUnavailable
from shared.tokens import Role, new_signing_key_pem
from simulators.simponi.settlement import Spoiling
from tests.unit.billing.conftest import Ask
from tests.unit.billing.test_settlement import DAY, ArmedStore, booked, brought, counts, kinds, pieces, verified
from tests.unit.billing.world import World, make_world

CSV = {"Content-Type": "text/csv"}
TUTI = {"role": Role.TREASURER, "account": "tuti"}
TONO = {"role": Role.TREASURER, "account": "tono"}
OLGA = {"role": Role.OPERATOR, "account": "olga"}
SIGNER = DetachedSigner(new_signing_key_pem())
CLAIMED = SettlementSource.CLAIMED


async def upload(ask: Ask, content: bytes, signature: str | None = None, **who: Any) -> tuple[int, Any]:
    headers = {**CSV, **({"X-Simponi-File-Signature": signature} if signature is not None else {})}
    return await ask("POST", "/v1/settlement-files", content, headers=headers, **(who or TUTI))


async def i13(world: World) -> bool:
    report = await world.parts.invariants["I13"]()
    return bool(report.holds)


def signature_of(content: bytes) -> str:
    return SIGNER.sign(signed_words(verified(content)))


# -- one treasurer alone ---------------------------------------------------------------------------------------------


@pytest.mark.acceptance("F57.nothing_silent")
async def test_a_self_made_file_turns_no_unpaid_bill_into_a_paid_one(world: World, ask: Ask) -> None:
    bill = await world.issued_bill()
    invented = world.payment(bill)
    status, taken = await upload(ask, booked([invented]))
    assert (status, taken["word"]) == (202, "claimed")
    await world.work()
    _, seen = await ask("GET", f"/v1/settlement-files/{taken['settlement_id']}", **OLGA)
    assert (seen["state"], seen["counts"]["unconfirmed"], seen["counts"]["learnt"]) == ("compared", 1, 0)
    assert world.all(RECEIPTS) == []
    assert (world.bill().state, world.heard("BillPaid")) == (BillState.ISSUED, [])
    (case,) = world.all(CASES)
    assert (case.kind, case.subject.brought_by, case.owner) == (PaymentCaseKind.CLAIMED_BY_FILE, "tuti", "treasurer")
    await world.pass_time(7200, step=600)
    assert world.all(RECEIPTS) == [], "asked again and again, SIMPONI still does not know it"
    await world.rules_hold()


async def test_twin_if_a_brought_file_counted_as_simponis_word_one_treasurer_would_create_money(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Settlement, "is_claim", property(lambda _file: False))
    world = make_world()
    bill = await world.issued_bill()
    await brought(world, booked([world.payment(bill)]), CLAIMED)
    assert (world.bill().state, len(world.heard("BillPaid"))) == (BillState.PAID, 1)


async def test_a_payment_that_simponi_knows_is_booked_as_simponi_tells_it() -> None:
    world = make_world()
    bill = await world.issued_bill()
    payment = world.payment(bill)
    world.simponi.add(payment)
    shown = replace(payment, channel="elsewhere", ntb="999999999999")
    file = await brought(world, booked([shown]), CLAIMED)
    receipt = world.receipt(payment.ntpn)
    assert (counts(file), receipt.word) == ({"learnt": 1}, SimponiWord.CONFIRMED_CLAIM)
    assert (receipt.channel, receipt.ntb) == (payment.channel, payment.ntb)
    assert world.bill().state == BillState.PAID
    await world.rules_hold()


async def test_an_amount_that_the_file_claims_and_simponi_does_not_is_a_case_and_simponis_is_booked() -> None:
    world = make_world()
    bill = await world.issued_bill()
    little = world.payment(bill, amount=1000)
    world.simponi.add(little)
    file = await brought(world, booked([replace(little, amount=bill.amount)]), CLAIMED)
    assert (counts(file), kinds(world)) == ({"differing": 1}, ["amount_differs"])
    assert (world.receipt(little.ntpn).amount, world.bill().state) == (1000, BillState.ISSUED)
    await world.rules_hold()


async def test_a_number_of_another_code_confirms_nothing() -> None:
    world = make_world()
    bill = await world.issued_bill()
    payment = world.payment(bill)
    world.simponi.add(payment)
    file = await brought(world, booked([replace(payment, billing_code="829999999999999")]), CLAIMED)
    assert (counts(file), world.all(RECEIPTS)) == ({"unconfirmed": 1}, [])


async def test_what_simponi_knows_later_closes_the_case_by_itself() -> None:
    world = make_world()
    bill = await world.issued_bill()
    payment = world.payment(bill)
    await brought(world, booked([payment]), CLAIMED)
    world.simponi.add(payment)
    await world.pass_time(900, step=100)
    (case,) = world.all(CASES)
    assert (case.outcome, world.bill().state) == (PaymentCaseOutcome.CONFIRMED, BillState.PAID)
    assert world.receipt(payment.ntpn).word == SimponiWord.POLL


# -- who releases a difference ---------------------------------------------------------------------------------------


async def test_two_others_answer_what_a_file_left_open_never_who_brought_it(world: World, ask: Ask) -> None:
    await upload(ask, booked([world.payment(await world.issued_bill())]))
    await world.work()
    (case,) = world.all(CASES)
    path, answer = f"/v1/cases/{case.case_id}/closure", {"outcome": "not_paid", "reason": "SIMPONI knows nothing"}
    status, said = await ask("POST", path, answer, key="a", **TUTI)
    assert (status, said["code"]) == (403, "own_file_not_yours")
    status, said = await ask("POST", path, answer, key="b", **TONO)
    assert (status, said["state"]) == (200, "proposed")
    for who, key, code in ((TUTI, "c", "own_file_not_yours"), (TONO, "d", "second_person_must_agree")):
        status, said = await ask("POST", path, answer, key=key, **who)
        assert said["code"] == code
    status, said = await ask("POST", path, answer, key="e", **OLGA)
    assert (status, said["state"], said["outcome"]) == (200, "closed", "not_paid")
    assert world.all(RECEIPTS) == [], "an answer books nothing"


async def test_twin_without_the_name_on_the_case_who_brought_the_file_answers(
    world: World, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    about = settling_module._about
    monkeypatch.setattr(
        settling_module, "_about", lambda *words, **more: replace(about(*words, **more), brought_by=None)
    )
    await upload(ask, booked([world.payment(await world.issued_bill())]))
    await world.work()
    (case,) = world.all(CASES)
    path, answer = f"/v1/cases/{case.case_id}/closure", {"outcome": "not_paid", "reason": "nothing"}
    await ask("POST", path, answer, key="a", **TUTI)
    assert (await ask("POST", path, answer, key="b", **OLGA))[1]["state"] == "closed"


# -- SIMPONI away, a crash, the budget -------------------------------------------------------------------------------


async def test_while_simponi_is_away_a_claim_waits_and_says_so(world: World, ask: Ask) -> None:
    bill = await world.issued_bill()
    payment = world.payment(bill)
    world.simponi.add(payment)
    world.simponi.down = True
    _, taken = await upload(ask, booked([payment]))
    path = f"/v1/settlement-files/{taken['settlement_id']}"
    await world.work()
    _, seen = await ask("GET", path, **OLGA)
    assert (seen["state"], seen["lines_compared"]) == ("comparing", 0)
    assert seen["unanswered_since"] is not None
    (file,) = world.all(SETTLEMENTS)
    assert (file.due["compare"] - world.clock.now()).total_seconds() == 20
    assert world.all(RECEIPTS) == world.all(CASES) == []
    world.simponi.down = False
    await world.pass_time(20)
    _, seen = await ask("GET", path, **OLGA)
    assert (seen["state"], seen["counts"]["learnt"], seen["unanswered_since"]) == ("compared", 1, None)


async def test_what_was_answered_before_simponi_went_away_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settling_module, "LINES_PER_BATCH", 1)
    world = make_world()
    bill = await world.issued_bill()
    payments = [world.payment(bill), world.payment(bill)]
    for payment in payments:
        world.simponi.add(payment)
    ask, calls = world.simponi.status, [0]

    async def once(code: str) -> Any:
        calls[0] += 1
        world.simponi.down = calls[0] == 2
        return await ask(code)

    monkeypatch.setattr(world.simponi, "status", once)
    file = await brought(world, booked(payments), CLAIMED)
    assert (file.state.value, file.counts.lines, file.unanswered) == ("comparing", 1, 1)
    await world.pass_time(20)
    (file,) = world.all(SETTLEMENTS)
    assert (file.state.value, file.counts.lines, file.unanswered) == ("claim_compared", 2, 0)


async def test_a_crash_around_any_write_of_a_claim_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settling_module, "LINES_PER_BATCH", 2)
    monkeypatch.setattr(settling_module, "LINES_PER_RUN", 2)

    async def story(store: ArmedStore) -> tuple[Any, ...]:
        world = make_world(store)
        bill = await world.issued_bill()
        known, claimed = world.payment(bill), world.payment(bill)
        world.simponi.add(known)
        store.armed = True
        content = booked([known, claimed], spoiling=Spoiling(extra_lines=1))
        for _ in range(2):
            try:
                await world.billing.reconciliation.take_file(pieces(content), "treasurer-1")
                break
            except StoreUnavailable:
                continue
        for _ in range(4):
            try:
                await world.pass_time(40, step=20)
            except StoreUnavailable:
                continue
        store.armed = False
        assert await i13(world)
        words = [(receipt.ntpn, receipt.state.value, receipt.word) for receipt in world.all(RECEIPTS)]
        return world.all(SETTLEMENTS)[0].counts.lines, words, kinds(world), len(world.heard("BillPaid"))

    calm = ArmedStore()
    expected = await story(calm)
    assert (expected[0], len(expected[1]), expected[2:]) == (3, 1, (["claimed_by_file"] * 2, 1))
    assert expected[1][0][2] == SimponiWord.CONFIRMED_CLAIM
    for dies_at in range(1, calm.writes + 1):
        for after in (False, True):
            store = ArmedStore()
            store.dies_at, store.after = dies_at, after
            assert await story(store) == expected, (dies_at, after)


async def test_many_claims_are_asked_about_in_few_calls() -> None:
    world = make_world()
    file = await brought(world, booked([], spoiling=Spoiling(extra_lines=450)), CLAIMED)
    assert counts(file) == {"unconfirmed": 450}
    assert world.simponi.batches == [200, 200, 50]


# -- signed ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def world(request: pytest.FixtureRequest) -> World:
    """A billing that knows SIMPONI's key."""
    return make_world(simponi_settlement_keys=json.dumps(SIGNER.jwks()))


@pytest.mark.acceptance("F57.daily_reconciliation")
async def test_a_file_that_simponi_signed_is_simponis_word_whoever_brings_it(world: World, ask: Ask) -> None:
    payment = world.payment(await world.issued_bill())
    content = booked([payment])
    status, taken = await upload(ask, content, signature_of(content))
    assert (status, taken["word"], taken["received_from"]) == (202, "signed", "tuti")
    await world.work()
    assert world.receipt(payment.ntpn).word == SimponiWord.SIGNED_SETTLEMENT
    assert world.bill().state == BillState.PAID
    (day,) = world.all(SETTLEMENT_DAYS)
    assert day.settlement_id == taken["settlement_id"], "it is the file that the day owes"
    _, listed = await ask("GET", f"/v1/receipts?bill_id={world.bill().bill_id}", **OLGA)
    assert listed["receipts"][0]["simponi_word"] == "signed_settlement"
    await world.rules_hold()


async def test_a_signature_of_other_content_refuses_the_file_and_keeps_nothing(world: World, ask: Ask) -> None:
    bill = await world.issued_bill()
    content, other = booked([world.payment(bill)]), booked([world.payment(bill)])
    stranger = DetachedSigner(new_signing_key_pem()).sign(signed_words(verified(content)))
    for wrong in (signature_of(other), stranger, "nonsense"):
        status, said = await upload(ask, content, wrong)
        assert (status, said["code"]) == (422, "settlement_signature_wrong")
    assert world.all(SETTLEMENTS) == world.all(SETTLEMENT_DAYS) == []
    assert [file_id async for file_id in world.files.older_than(world.clock.now() + timedelta(days=1))] == []


async def test_without_simponis_key_in_the_settings_no_signature_counts() -> None:
    world = make_world()
    content = booked([world.payment(await world.issued_bill())])
    with pytest.raises(FileNotSigned):
        await world.billing.reconciliation.take_file(pieces(content), "tuti", signature=signature_of(content))


@pytest.mark.parametrize("how", ["signed", "fetched"])
async def test_a_claim_becomes_simponis_word_when_the_same_content_comes_from_simponi(how: str) -> None:
    world = make_world(simponi_settlement_keys=json.dumps(SIGNER.jwks()))
    payment = world.payment(await world.issued_bill())
    content = booked([payment])
    await brought(world, content, CLAIMED)
    assert (world.all(RECEIPTS), world.all(SETTLEMENT_DAYS)) == ([], [])
    if how == "signed":
        await world.billing.reconciliation.take_file(pieces(content), "tono", signature=signature_of(content))
    else:
        await brought(world, content)
    await world.pass_time(900, step=100)
    (file,) = world.all(SETTLEMENTS)
    assert (counts(file), file.source.value) == ({"learnt": 1}, how)
    assert world.receipt(payment.ntpn).word == SimponiWord(f"{how}_settlement")
    assert [case.outcome for case in world.all(CASES)] == [PaymentCaseOutcome.CONFIRMED]


# -- a claim does not stand in for SIMPONI's own file ----------------------------------------------------------------


@pytest.mark.acceptance("F57.nothing_silent", "F57.daily_reconciliation")
async def test_a_brought_file_neither_replaces_the_days_own_nor_settles_what_no_file_shows() -> None:
    world = make_world()
    payment = await world.pay(await world.issued_bill())
    await brought(world, booked([payment]), CLAIMED)
    for day in (DAY + timedelta(days=back) for back in range(-8, 6)):
        world.simponi.files[day] = booked([], day)
    for _ in range(20):
        await world.billing.reconciliation.owe_days()
        await world.pass_time(6 * 3600, step=3 * 3600)
    assert kinds(world) == ["paid_here_unsettled"], "SIMPONI's own file of the day does not show it"
    own = [settlement for settlement in world.all(SETTLEMENTS) if settlement.day == DAY and not settlement.is_claim]
    assert [settlement.received_from for settlement in own] == ["simponi"]


async def test_twin_a_brought_file_that_counted_as_the_days_own_would_hide_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Settlement, "is_claim", property(lambda _file: False))
    world = make_world()
    payment = await world.pay(await world.issued_bill())
    await brought(world, booked([payment]), CLAIMED)
    for day in (DAY + timedelta(days=back) for back in range(-8, 6)):
        world.simponi.files[day] = booked([], day)
    for _ in range(20):
        await world.billing.reconciliation.owe_days()
        await world.pass_time(6 * 3600, step=3 * 3600)
    assert kinds(world) == []


# -- I13 -------------------------------------------------------------------------------------------------------------


async def older(world: World, *, known: bool) -> str:
    """A receipt from before words were recorded, of which a settlement file told."""
    payment = world.payment(await world.issued_bill())
    if known:
        world.simponi.add(payment)
    await world.billing.payments.take(payment, "settlement")
    assert payment.ntpn is not None
    return payment.ntpn


@pytest.mark.parametrize("known", [True, False])
async def test_an_older_receipt_without_a_word_breaks_the_rule_until_simponi_gives_it(known: bool) -> None:
    world = make_world()
    ntpn = await older(world, known=known)
    assert not await i13(world)
    world.clock.advance(17 * 3600)  # two o'clock in Jakarta
    world.simponi.down = True
    await world.billing.checks.nightly()
    assert (await i13(world), kinds(world)) == (False, [])
    world.simponi.down = False
    await world.billing.checks.nightly()
    assert await i13(world) is known
    assert kinds(world) == ([] if known else ["receipt_unconfirmed"])
    assert world.receipt(ntpn).word == (SimponiWord.CONFIRMED_CLAIM if known else SimponiWord.UNRECORDED)


async def test_every_way_of_simponis_own_is_a_word() -> None:
    world = make_world()
    bill = await world.issued_bill()
    pushed = await world.pay(bill)
    assert world.receipt(pushed.ntpn).word == SimponiWord.NOTICE
    record = await world.store.get(RECEIPTS, pushed.ntpn or "")
    assert record is not None
    await world.store.save(RECEIPTS, record, replace(record.state, word=SimponiWord.UNRECORDED), now=world.clock.now())
    assert world.receipt(pushed.ntpn).simponi_word == SimponiWord.NOTICE, "an older one is known by how it was learnt"
    assert await i13(world)


async def test_a_word_that_comes_later_is_given_to_an_older_receipt() -> None:
    world = make_world()
    ntpn = await older(world, known=False)
    again = world.payment(world.bill(), ntpn=ntpn)
    await world.push(replace(again, ntb=world.receipt(ntpn).ntb))
    assert world.receipt(ntpn).word == SimponiWord.NOTICE
    assert await i13(world)
