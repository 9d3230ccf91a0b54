"""Billing's part of an export: bills with payments, refunds with the account in the open, and nothing of others."""

from __future__ import annotations

from services.billing.own_data.part import BillingPart, BillingParts
from shared.events.identity import DataExportAsked
from tests.unit.billing.make import T0
from tests.unit.billing.refund_driver import OWNER, PAYEE, RefundDriver, make_driver
from tests.unit.billing.test_credits import another_bill, credited
from tests.unit.billing.test_joint_bills import joined, pay
from tests.unit.billing.world import ACCOUNT, APPLICATION


def asked(*account_ids: str) -> DataExportAsked:
    return DataExportAsked(
        export_id="export",
        account_id=account_ids[0],
        account_ids=account_ids,
        applicant_ids=(),
        application_ids=(APPLICATION,),
        session_id="session",
        public_key="",
        ends_at=T0,
    )


async def collected(driver: RefundDriver, *account_ids: str) -> BillingPart:
    parts: BillingParts = driver.world.billing.own_parts
    return await parts.collect(asked(*account_ids))


async def test_a_refund_has_the_bank_account_and_the_message_in_the_open() -> None:
    driver = make_driver()
    case = await driver.account(await driver.ask(await driver.paid_bill()))
    part = await collected(driver, "earlier-account", ACCOUNT)
    [refund], [bill] = part.refunds, part.bills
    assert (refund.refund_id, refund.account_number, refund.account_holder) == (
        case.refund_id,
        PAYEE.account_number,
        PAYEE.holder_name,
    )
    assert refund.message == "the bank took it twice"
    assert [payment.amount for payment in bill.payments] == [bill.amount]


async def test_what_was_not_given_is_absent_and_other_accounts_get_nothing() -> None:
    driver = make_driver()
    await driver.ask(await driver.paid_bill())
    [refund] = (await collected(driver, ACCOUNT)).refunds
    assert (refund.bank_code, refund.account_number, refund.account_holder) == (None, None, None)
    stranger = await collected(driver, "account-9")
    assert (stranger.bills, stranger.refunds) == ([], [])


async def test_a_credit_is_the_payers_and_names_the_bills_that_it_paid() -> None:
    driver = make_driver()
    credit = await credited(driver)
    bill = await another_bill(driver)
    await driver.world.billing.credits.pay_bill(OWNER, credit.credit_id, bill.bill_id, "use")
    [own] = (await collected(driver, ACCOUNT)).credits
    assert (own.credit_id, own.rest, own.bill_ids, own.state) == (credit.credit_id, 0, [bill.bill_id], "spent")
    assert (await collected(driver, "account-9")).credits == []


async def test_a_joint_bill_names_the_persons_own_bills_alone() -> None:
    driver = make_driver()
    own, other = await driver.world.issued_bill(), await another_bill(driver)
    joint = await joined(driver.world, [own, other])
    payment = await pay(driver.world, joint)
    part = await collected(driver, ACCOUNT)
    [shown] = part.joint_bills
    assert (shown.joint_bill_id, shown.bill_ids, shown.state) == (joint.joint_bill_id, [own.bill_id], "paid")
    assert [(money.ntpn, money.amount) for money in part.bills[0].payments] == [(payment.ntpn, own.amount)]
    assert (await collected(driver, "account-9")).joint_bills == []


async def test_a_joint_bill_of_others_of_the_account_is_not_the_persons() -> None:
    driver = make_driver()
    bills = [await another_bill(driver, name) for name in ("a", "b")]
    await joined(driver.world, bills)
    assert (await collected(driver, ACCOUNT)).joint_bills == []
