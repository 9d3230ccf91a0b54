"""Refusals about credits."""

from __future__ import annotations

from services.billing.bills.states import BillState
from services.billing.credits.states import CreditState
from shared.errors import NotFound, Refusal, fact_types


class CreditUnknown(NotFound):
    """No credit of that id, or it is somebody else's."""

    code = "credit_unknown"
    title = "There is no such credit."
    title_id = "Saldo pengembalian tidak ditemukan."
    next_action = "List your credits and use an id from there."
    next_action_id = "Buka daftar saldo pengembalian Anda dan gunakan id dari sana."


class CreditIsUsedUp(Refusal):
    """Bills have used all of it, or its rest is being paid out."""

    status = 409
    code = "credit_is_used_up"
    facts_told = fact_types(state=CreditState)
    title = "Nothing is left of this credit."
    title_id = "Saldo pengembalian ini sudah habis."
    next_action = "Look at the credit: it names the bills that it has paid, or the refund that pays it out."
    next_action_id = "Lihat saldo ini: tertera tagihan yang dilunasinya, atau pengembalian yang membayarkannya."


class CreditTooSmall(Refusal):
    """The bill costs more than is left: a bill is paid by one credit, or by its code."""

    status = 409
    code = "credit_too_small"
    facts_told = fact_types(rest=int, amount=int)
    title = "The bill costs more than is left of this credit."
    title_id = "Jumlah tagihan melebihi sisa saldo pengembalian ini."
    next_action = "Pay the bill with its code, and keep the credit for a smaller one or have it paid out."
    next_action_id = "Bayar tagihan dengan kodenya; simpan saldo untuk tagihan lebih kecil atau minta dibayarkan."


class BillNotForCredit(Refusal):
    """The bill is paid, has ended, or is being paid with a joint code."""

    status = 409
    code = "bill_not_for_credit"
    facts_told = fact_types(state=BillState, joint_bill_id=str)
    title = "This bill cannot be paid with a credit now."
    title_id = "Tagihan ini saat ini tidak dapat dibayar dengan saldo pengembalian."
    next_action = "Choose a bill that is unpaid and in no joint bill."
    next_action_id = "Pilih tagihan yang belum dibayar dan tidak berada dalam tagihan gabungan."
