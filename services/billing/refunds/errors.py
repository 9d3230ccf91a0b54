"""Refusals about refund cases."""

from __future__ import annotations

from services.billing.receipts.states import ReceiptState
from services.billing.refunds.states import RefundCommand, RefundState
from shared.errors import NotAllowed, NotFound, Refusal, fact_types


class RefundUnknown(NotFound):
    """No refund case of that id, or it is somebody else's."""

    code = "refund_unknown"
    title = "There is no such refund case."
    title_id = "Perkara pengembalian tidak ditemukan."
    next_action = "List the refund cases of your application and use an id from there."
    next_action_id = "Buka daftar pengembalian permohonan Anda dan gunakan id dari sana."


class ApplicationMissing(Refusal):
    """An applicant must say whose cases they want to see."""

    status = 422
    code = "application_missing"
    title = "Name the application whose refund cases you want to see."
    title_id = "Sebutkan permohonan yang pengembaliannya ingin dilihat."
    next_action = "Send application_id."
    next_action_id = "Kirim application_id."


class NothingToRefund(Refusal):
    """The bill has no money that could go back: unpaid, or on its way back already."""

    status = 409
    code = "nothing_to_refund"
    facts_told = fact_types(state=ReceiptState)
    title = "No money of this bill is here that could be paid back."
    title_id = "Tidak ada uang dari tagihan ini yang dapat dikembalikan."
    next_action = "If you have paid, claim the payment with its NTPN or NTB; else look at your refund cases."
    next_action_id = "Bila sudah membayar, ajukan klaim dengan NTPN atau NTB; atau lihat daftar pengembalian Anda."


class RefundIsOpen(Refusal):
    """A case about the same money is there already."""

    status = 409
    code = "refund_is_open"
    facts_told = fact_types(refund_id=str, state=RefundState)
    title = "A refund case about this payment is there already."
    title_id = "Pengembalian untuk pembayaran ini sudah ada."
    next_action = "Follow that case; if it was refused, send new proof or object there."
    next_action_id = "Ikuti perkara tersebut; bila ditolak, kirim bukti baru atau ajukan keberatan di sana."


class RefundStepNotNow(Refusal):
    """The case stands where this step does not follow."""

    status = 409
    code = "refund_step_not_now"
    facts_told = fact_types(state=RefundState, step=RefundCommand)
    title = "This step does not follow from where the refund case stands."
    title_id = "Langkah ini tidak sesuai dengan tahap pengembalian saat ini."
    next_action = "Read the case again and take the step that is next."
    next_action_id = "Muat ulang perkara dan ambil langkah berikutnya."


class RefundIsDecided(Refusal):
    """A decided request cannot be taken back."""

    status = 409
    code = "refund_is_decided"
    facts_told = fact_types(state=RefundState)
    title = "The request was decided already, so it cannot be taken back."
    title_id = "Permohonan sudah diputuskan, sehingga tidak dapat ditarik kembali."
    next_action = "Read the case: the money is on its way, or it was refused with its rule."
    next_action_id = "Buka perkara: uang sedang diproses, atau ditolak dengan aturan yang disebutkan."


class RefundOpenedByUs(Refusal):
    """A case that billing opened is not a request."""

    status = 409
    code = "refund_opened_by_us"
    title = "Nobody asked for this refund: the money cannot be used for anything else, so it goes back."
    title_id = "Pengembalian ini tidak diajukan siapa pun: uang tidak dapat dipakai untuk hal lain, jadi dikembalikan."
    next_action = "Name the bank account that the money shall go to."
    next_action_id = "Sebutkan rekening bank tujuan pengembalian."


class RequestOfSomebodyElse(NotAllowed):
    """An officer takes back only what they asked for themselves."""

    code = "request_of_somebody_else"
    title = "This refund was asked for by somebody else."
    title_id = "Pengembalian ini diajukan oleh orang lain."
    next_action = "Ask the applicant, or whoever asked for it, to take it back."
    next_action_id = "Mintalah pemohon, atau pihak yang mengajukan, untuk menariknya."


class StepOfAnotherRole(NotAllowed):
    """The step belongs to another role."""

    code = "step_of_another_role"
    title = "This step of a refund is taken by another role."
    title_id = "Langkah pengembalian ini dilakukan oleh petugas lain."
    next_action = "Hand the case to who takes this step; the refund guide names them."
    next_action_id = "Serahkan kepada petugas yang berwenang; lihat panduan pengembalian."


class AnotherPairOfEyes(NotAllowed):
    """One person cannot both ask for or recommend a refund and approve it, nor judge an objection to their refusal."""

    code = "another_pair_of_eyes"
    title = "You took an earlier step of this refund, so somebody else must take this one."
    title_id = "Anda sudah mengambil langkah sebelumnya, sehingga langkah ini harus oleh petugas lain."
    next_action = "Ask a second officer with the role for it."
    next_action_id = "Mintalah petugas kedua yang berwenang."


class AccountIsMissing(Refusal):
    """A case is not complete without the payer's bank account."""

    status = 409
    code = "bank_account_missing"
    title = "The payer has not named a bank account yet."
    title_id = "Pembayar belum menyebutkan rekening bank."
    next_action = "Ask for it with the step ask_papers."
    next_action_id = "Mintalah melalui langkah ask_papers."


class OrderIsOut(Refusal):
    """The account cannot be changed any more."""

    status = 409
    code = "order_is_out"
    facts_told = fact_types(state=RefundState)
    title = "The account cannot be changed: the treasury was ordered to pay, or the case is over."
    title_id = "Rekening tidak dapat diubah: perintah bayar sudah dikirim atau perkara sudah selesai."
    next_action = "Wait for the treasury's answer; if the bank cannot book it, you can name another account."
    next_action_id = "Tunggu jawaban kas negara; bila bank menolak, Anda dapat menyebutkan rekening lain."


class RuleUnknown(Refusal):
    """A refusal must name a rule of the table."""

    status = 422
    code = "rule_unknown"
    facts_told = fact_types(known=list[str])
    title = "A refusal names one of the rules of the refund guide."
    title_id = "Penolakan harus menyebut salah satu aturan dalam panduan pengembalian."
    next_action = "Name one of the known rules."
    next_action_id = "Sebutkan salah satu aturan yang berlaku."


class ObjectionTooLate(Refusal):
    """The months for an objection are over."""

    status = 409
    code = "objection_too_late"
    title = "The time for an objection is over."
    title_id = "Batas waktu keberatan sudah lewat."
    next_action = "Ask again with new proof, if there is any."
    next_action_id = "Ajukan kembali dengan bukti baru, bila ada."


class PeriodTooLong(Refusal):
    """The days of a report are the wrong way round, or more than a year."""

    status = 422
    code = "period_too_long"
    facts_told = fact_types(most_days=int)
    title = "A report covers at most 366 days, the first before the last."
    title_id = "Laporan mencakup paling lama 366 hari, dari tanggal awal ke tanggal akhir."
    next_action = "Ask for a shorter period."
    next_action_id = "Pilih periode yang lebih singkat."


class PaymentUnknownToSimponi(Refusal):
    """SIMPONI, asked once more, does not know the payment as paid with this amount."""

    status = 409
    code = "payment_unknown_to_simponi"
    facts_told = fact_types(receipt_id=str)
    title = "SIMPONI does not know this payment as paid with this amount, so no money goes back by it."
    title_id = "SIMPONI tidak mengenal pembayaran ini dengan jumlah tersebut, sehingga uang tidak dikembalikan."
    next_action = "Look at the case that was opened about it; take the step again after five minutes to ask once more."
    next_action_id = "Lihat pemeriksaan yang dibuka; ulangi langkah ini setelah lima menit untuk bertanya lagi."
