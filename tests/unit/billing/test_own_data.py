"""Billing's part of an export: bills with payments, refunds with the account in the open, and nothing of others."""

from __future__ import annotations

from services.billing.own_data.part import BillingPart, BillingParts
from shared.events.identity import DataExportAsked
from tests.unit.billing.make import T0
from tests.unit.billing.refund_driver import PAYEE, RefundDriver, make_driver
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
