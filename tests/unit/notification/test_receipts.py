"""Receipts that go with mails."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from structlog.testing import capture_logs

from services.notification.deliveries.delivery import State
from services.notification.deliveries.receipt_papers import BUSY, NOT_TYPESET
from shared.bus.dispatch import Outcome
from shared.events import billing
from shared.events.codes import BillPurpose, RefundStep
from shared.receipts.paper import PaymentReceipt, payment_job
from shared.typesetting.typesetter import Typesetter, typeset
from shared.workers.limits import JobAnswer
from shared.workers.port import JobFailed, WorkersBusy
from tests.conftest import START
from tests.unit.notification.samples import event_of
from tests.unit.notification.world import World, a_card
from tests.unit.shared_receipts.reading import words_of
from tests.unit.shared_workers.failing import Failing

NTPN = "A1B2C3D4E5F60718"


@pytest.fixture
async def reachable() -> World:
    world = World()
    world.service.sender._receipts._typesetter = Typesetter()
    assert await world.hears(a_card()) is Outcome.DONE
    return world


def a_payment(purpose: BillPurpose = BillPurpose.FEE, **changes: Any) -> billing.BillPaid:
    facts = {
        "purpose": purpose,
        "receipt_id": NTPN,
        "ntb": "123456789012",
        "paid_code": "826112300000001",
        "channel": "teller",
        "legal_basis": "PP 45/2024",
        "paid_at": START,
    }
    paid = event_of(billing.BillPaid, **{**facts, **changes})
    assert isinstance(paid, billing.BillPaid)
    return paid


def a_payout(**changes: Any) -> billing.RefundMoved:
    facts = {"state": RefundStep.PAID, "receipt_id": NTPN, "order_number": "refund-1.1", "paid_at": START}
    paid = event_of(billing.RefundMoved, **{**facts, **changes})
    assert isinstance(paid, billing.RefundMoved)
    return paid


@pytest.mark.acceptance("Y20.receipt_by_mail", "Y20.ntpn")
@pytest.mark.parametrize("purpose", list(BillPurpose))
async def test_after_each_kind_of_payment_one_mail_carries_the_receipt(reachable: World, purpose: BillPurpose) -> None:
    await reachable.hears(a_payment(purpose))
    await reachable.works()
    [mail] = reachable.mails
    assert NTPN in mail.body
    assert mail.attachment is not None
    assert (mail.attachment.file_name, mail.attachment.media_type) == (
        f"bukti-pembayaran-{NTPN}.pdf",
        "application/pdf",
    )
    printed = words_of(mail.attachment.content)
    for text in (NTPN, "123456789012", "Rp1.350.000", "satu juta tiga ratus lima puluh ribu rupiah", "PP 45/2024"):
        assert text in printed


async def test_a_repeat_of_the_message_mails_nothing_more(reachable: World) -> None:
    envelope = reachable.envelope(a_payment())
    for _ in range(3):
        await reachable.hears(envelope)
        await reachable.works()
    assert len(reachable.mails) == 1


async def test_the_mailed_receipt_is_the_one_that_billing_serves(reachable: World) -> None:
    paid = a_payment()
    await reachable.hears(paid)
    await reachable.works()
    served = PaymentReceipt(
        ntpn=NTPN,
        amount=paid.amount,
        paid_at=paid.paid_at,
        purpose=paid.purpose,
        ntb=paid.ntb,
        billing_code=paid.paid_code,
        channel=paid.channel,
        legal_basis=paid.legal_basis,
        bill_id=paid.bill_id,
        application_id=paid.application_id,
    )
    attachment = reachable.mails[0].attachment
    assert attachment is not None
    assert attachment.content == typeset(payment_job(served, "https://paspor.example.go.id"))


@pytest.mark.acceptance("Y20.receipt_by_mail")
async def test_after_a_refund_the_mail_carries_its_receipt_without_the_account(reachable: World) -> None:
    await reachable.hears(a_payout(), version=3)
    await reachable.works()
    mail = reachable.mails[0]
    assert mail.attachment is not None
    assert mail.attachment.file_name.startswith("bukti-pengembalian-")
    printed = words_of(mail.attachment.content)
    assert "refund-1.1" in printed and "Rekening yang Anda sebutkan" in printed
    assert len(reachable.texts) == 1 and "surel" in reachable.texts[0].text


async def test_other_steps_of_a_refund_and_events_of_older_builds_carry_nothing(reachable: World) -> None:
    await reachable.hears(a_payout(state=RefundStep.ORDERED))
    await reachable.hears(a_payout(order_number=None))
    await reachable.hears(a_payment(receipt_id=None))
    await reachable.works()
    assert [mail.attachment for mail in reachable.mails] == [None] * 3
    assert all("terlampir" not in mail.body for mail in reachable.mails)


async def test_an_account_without_email_is_told_by_text_where_the_receipt_is() -> None:
    world = World()
    await world.hears(a_card(email=None))
    await world.hears(a_payment())
    await world.works()
    assert world.mails == []
    assert [NTPN in sms.text and "Bukti pembayaran" in sms.text for sms in world.texts] == [True]


class Large(Failing):
    async def ask(self, head: Any, content: bytes = b"") -> JobAnswer:
        return JobAnswer(blobs=(b"%PDF-" + b"x" * 200_000,))


class Broken(Failing):
    async def ask(self, head: Any, content: bytes = b"") -> JobAnswer:
        raise JobFailed("TypstError")


@pytest.mark.parametrize(
    ("workers", "reason"),
    [(Failing(WorkersBusy), BUSY), (Broken(Exception), NOT_TYPESET), (Large(Exception), NOT_TYPESET)],
)
async def test_a_mail_waits_for_its_receipt_and_goes_once(reachable: World, workers: Failing, reason: str) -> None:
    receipts = reachable.service.sender._receipts
    receipts._typesetter = Typesetter(workers)
    await reachable.hears(a_payment())
    await reachable.works()
    assert reachable.mails == []
    [waiting] = await reachable.deliveries()
    assert (waiting.state.state, waiting.state.reason) == (State.QUEUED, reason)
    receipts._typesetter = Typesetter()
    await reachable.passes(60)
    assert [mail.attachment is not None for mail in reachable.mails] == [True]


async def test_a_receipt_is_kept_nowhere_and_logged_nowhere(reachable: World) -> None:
    with capture_logs() as logged:
        await reachable.hears(a_payment())
        await reachable.works()
    attachment = reachable.mails[0].attachment
    assert attachment is not None
    everything = repr((reachable.store._documents, logged))
    assert "%PDF" not in everything
    assert base64.b64encode(attachment.content[:60]).decode() not in everything
    assert NTPN not in repr(logged)
    [sent] = await reachable.deliveries()
    assert (sent.state.attachment_id, sent.state.sealed) == (None, None)
