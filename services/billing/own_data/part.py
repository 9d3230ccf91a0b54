"""Billing's part of an export: bills, payments and refunds."""

from __future__ import annotations

from datetime import datetime

from services.billing.bills.model import Bill
from services.billing.bills.repository import BillRepository
from services.billing.credits.model import Credit
from services.billing.credits.repository import CreditRepository
from services.billing.joint_bills.model import JointBill
from services.billing.joint_bills.repository import JointBillRepository
from services.billing.receipts.model import Receipt
from services.billing.receipts.repository import ReceiptRepository
from services.billing.refunds.model import Refund
from services.billing.refunds.repository import RefundRepository
from services.billing.refunds.vault import Vault
from shared.events.identity import DataExportAsked
from shared.own_data.part import Correction, OwnData, own
from shared.own_data.staff_acts import OwnStaffAct, list_staff_acts
from shared.store.kinds import Record
from shared.store.port import Store


class OwnPayment(OwnData):
    """A payment that arrived."""

    ntpn: str = own("NTPN", "The treasury's number (NTPN)")
    ntb: str = own("NTB", "The bank's number (NTB)")
    billing_code: str = own("Kode billing", "Billing code")
    amount: int = own("Jumlah, rupiah", "Amount, rupiah")
    paid_at: datetime = own("Dibayar pada", "Paid at")
    channel: str = own("Saluran", "Channel")
    state: str = own("Keadaan", "State")


class OwnBill(OwnData):
    """A bill with its payments."""

    bill_id: str = own("Nomor tagihan", "Bill number")
    application_id: str = own("Permohonan", "Application")
    purpose: str = own("Untuk", "Purpose")
    state: str = own("Keadaan", "State")
    amount: int = own("Jumlah, rupiah", "Amount, rupiah")
    billing_codes: list[str] = own("Kode billing", "Billing codes")
    requested_at: datetime = own("Diminta pada", "Requested at")
    expires_at: datetime | None = own("Berlaku sampai", "Expires at")
    paid_at: datetime | None = own("Dibayar pada", "Paid at")
    payments: list[OwnPayment] = own("Pembayaran", "Payments")


class OwnRefund(OwnData):
    """A refund case."""

    refund_id: str = own("Nomor pengembalian", "Refund number")
    application_id: str | None = own("Permohonan", "Application")
    amount: int = own("Jumlah, rupiah", "Amount, rupiah")
    state: str = own("Keadaan", "State")
    reason: str = own("Alasan", "Reason")
    legal_basis: str = own("Dasar hukum", "Legal basis")
    opened_at: datetime = own("Dibuka pada", "Opened at")
    ended_at: datetime | None = own("Berakhir pada", "Ended at")
    bank_code: str | None = own("Bank", "Bank", Correction.BANK_ACCOUNT)
    account_number: str | None = own("Nomor rekening", "Account number", Correction.BANK_ACCOUNT)
    account_holder: str | None = own("Nama pemilik rekening", "Account holder", Correction.BANK_ACCOUNT)
    message: str | None = own("Pesan Anda", "Your message", Correction.OFFICE)


class OwnJointBill(OwnData):
    """One code for several bills."""

    joint_bill_id: str = own("Nomor tagihan gabungan", "Joint bill number")
    bill_ids: list[str] = own("Tagihan", "Bills")
    state: str = own("Keadaan", "State")
    amount: int = own("Jumlah, rupiah", "Amount, rupiah")
    billing_code: str | None = own("Kode billing", "Billing code")
    requested_at: datetime = own("Diminta pada", "Requested at")
    paid_at: datetime | None = own("Dibayar pada", "Paid at")


class OwnCredit(OwnData):
    """Money of a refund that was kept as a credit."""

    credit_id: str = own("Nomor saldo", "Credit number")
    refund_id: str = own("Nomor pengembalian", "Refund number")
    state: str = own("Keadaan", "State")
    amount: int = own("Jumlah, rupiah", "Amount, rupiah")
    rest: int = own("Sisa, rupiah", "Left, rupiah")
    opened_at: datetime = own("Dibuka pada", "Opened at")
    bill_ids: list[str] = own("Tagihan yang dilunasi", "Bills that it paid")


class BillingPart(OwnData):
    """All that billing keeps of a person."""

    bills: list[OwnBill] = own("Tagihan", "Bills")
    joint_bills: list[OwnJointBill] = own("Tagihan gabungan", "Joint bills")
    refunds: list[OwnRefund] = own("Pengembalian", "Refunds")
    credits: list[OwnCredit] = own("Saldo pengembalian", "Credits")
    staff_acts: list[OwnStaffAct] = own("Dibaca dan dikerjakan petugas", "Read and done by staff")


class BillingParts:
    """Collects billing's part."""

    def __init__(
        self,
        store: Store,
        bills: BillRepository,
        receipts: ReceiptRepository,
        refunds: RefundRepository,
        vault: Vault,
        stored_credits: CreditRepository,
        joint_bills: JointBillRepository,
    ) -> None:
        self._store = store
        self._bills = bills
        self._receipts = receipts
        self._refunds = refunds
        self._vault = vault
        self._credits = stored_credits
        self._joint_bills = joint_bills

    async def collect(self, asked: DataExportAsked) -> BillingPart:
        """Return the bills and refunds of these applications, as far as they are of these accounts."""
        bills: list[OwnBill] = []
        refunds: list[OwnRefund] = []
        for application_id in asked.application_ids:
            found = await self._bills.bills_of(application_id)
            mine = [record.state for record in found if record.state.payer.account_id in asked.account_ids]
            bills += [await self._bill(bill) for bill in mine]
            cases = await self._refunds.refunds_of(application_id)
            refunds += [await self._refund(record) for record in cases if record.state.account_id in asked.account_ids]
        kept = (*(bill.bill_id for bill in bills), *(refund.refund_id for refund in refunds))
        acts = await list_staff_acts(self._store, (*asked.application_ids, *kept))
        return BillingPart(
            bills=bills,
            joint_bills=await self._list_joint_bills(asked),
            refunds=refunds,
            credits=await self._list_credits(asked),
            staff_acts=acts,
        )

    async def _list_joint_bills(self, asked: DataExportAsked) -> list[OwnJointBill]:
        """Return the joint bills of these accounts that are for one of these applications."""
        found = [record.state for account_id in asked.account_ids for record in await self._of_account(account_id)]
        wanted = set(asked.application_ids)
        return [_joint_bill(joint, wanted) for joint in found if joint.is_for_any(wanted)]

    async def _of_account(self, account_id: str) -> list[Record[JointBill]]:
        return await self._joint_bills.joint_bills_of(account_id)

    async def _list_credits(self, asked: DataExportAsked) -> list[OwnCredit]:
        found = [record.state for record in await self._credits.credits_of(tuple(asked.account_ids))]
        return [_credit(credit) for credit in found if credit.application_id in asked.application_ids]

    async def _bill(self, bill: Bill) -> OwnBill:
        receipts = await self._receipts.receipts_of(bill.bill_id)
        return OwnBill(
            bill_id=bill.bill_id,
            application_id=bill.payer.application_id,
            purpose=bill.purpose.value,
            state=bill.state.value,
            amount=bill.amount,
            billing_codes=list(bill.codes),
            requested_at=bill.requested_at,
            expires_at=bill.expires_at,
            paid_at=bill.paid_at,
            payments=[_payment(record.state) for record in receipts],
        )

    async def _refund(self, record: Record[Refund]) -> OwnRefund:
        refund = record.state
        payee = await self._vault.payee(refund, refund.account) if refund.account is not None else None
        notes = await self._vault.notes(refund)
        return OwnRefund(
            refund_id=record.id,
            application_id=refund.application_id,
            amount=refund.amount,
            state=refund.state.value,
            reason=refund.reason,
            legal_basis=refund.legal_basis,
            opened_at=refund.opened_at,
            ended_at=refund.ended_at,
            bank_code=payee.bank_code if payee is not None else None,
            account_number=payee.account_number if payee is not None else None,
            account_holder=payee.holder_name if payee is not None else None,
            message=notes[0] if refund.note_sealed is not None else None,
        )


def _joint_bill(joint: JointBill, application_ids: set[str]) -> OwnJointBill:
    """Return the joint bill with those of its bills that are the person's."""
    return OwnJointBill(
        joint_bill_id=joint.joint_bill_id,
        bill_ids=[member.bill_id for member in joint.members if member.application_id in application_ids],
        state=joint.state.value,
        amount=joint.amount,
        billing_code=joint.billing_code,
        requested_at=joint.requested_at,
        paid_at=joint.paid_at,
    )


def _credit(credit: Credit) -> OwnCredit:
    return OwnCredit(
        credit_id=credit.credit_id,
        refund_id=credit.refund_id,
        state=credit.state.value,
        amount=credit.amount,
        rest=credit.rest,
        opened_at=credit.opened_at,
        bill_ids=[draw.bill_id for draw in credit.draws if draw.bill_id is not None],
    )


def _payment(receipt: Receipt) -> OwnPayment:
    return OwnPayment(
        ntpn=receipt.treasury_ntpn,
        ntb=receipt.ntb,
        billing_code=receipt.billing_code,
        amount=receipt.amount,
        paid_at=receipt.paid_at,
        channel=receipt.channel,
        state=receipt.state.value,
    )
