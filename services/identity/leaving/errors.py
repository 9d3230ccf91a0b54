"""Refusals about leaving."""

from __future__ import annotations

from services.identity.leaving.leaving import LeavingState
from shared.errors import Refusal, fact_types


class LeavingOpen(Refusal):
    """Another leaving of this account goes on; ``leaving_id`` names it."""

    status = 409
    code = "leaving_open"
    facts_told = fact_types(leaving_id=str)
    title = "Something else of this account is being removed already."
    title_id = "Bagian lain dari akun ini sedang dihapus."
    next_action = "Look at the leaving that is open: undo it, or ask again when it is over."
    next_action_id = "Lihat penghapusan yang sedang berjalan: batalkan, atau minta lagi setelah selesai."


class LeavingOver(Refusal):
    """It cannot be undone any more, or never came to be; ``state`` says which."""

    status = 409
    code = "leaving_over"
    facts_told = fact_types(state=LeavingState, leaving_id=str)
    title = "This cannot be undone any more: its time is over, or it was refused."
    title_id = "Ini tidak dapat dibatalkan lagi: waktunya sudah habis, atau permintaannya ditolak."
    next_action = "Look at it to see what happened. What was erased can be typed again in a new account."
    next_action_id = "Lihat statusnya. Data yang sudah dihapus dapat diisi lagi di akun baru."


class GrownChildDecides(Refusal):
    """A person who was added as a child is 17 or married by now: ``applicant_ids`` name them."""

    status = 409
    code = "grown_child_decides"
    facts_told = fact_types(applicant_ids=list[str])
    title = "A person who was added as a child is grown up now, and decides about their data themselves."
    title_id = "Orang yang dahulu didaftarkan sebagai anak kini sudah dewasa dan berhak memutuskan datanya sendiri."
    next_action = (
        "Let them come to an immigration office with their identity card, for example on a working day at 9: an "
        "officer records that they agree. Then ask again."
    )
    next_action_id = (
        "Mintalah orang itu datang ke kantor imigrasi dengan KTP, misalnya pada hari kerja pukul 9: petugas mencatat "
        "persetujuannya. Setelah itu minta lagi."
    )


class NotGrownYet(Refusal):
    """The person is a child by every account: they cannot agree yet."""

    status = 409
    code = "not_grown_yet"
    title = "This person is a child: until 17 their guardian decides about their data."
    title_id = "Orang ini masih anak: sampai usia 17 tahun walinya yang memutuskan datanya."
    next_action = (
        "Let the guardian remove the child in their own account, for example now at POST /v1/account/leavings; from "
        "17 on the person agrees themselves."
    )
    next_action_id = (
        "Mintalah walinya menghapus anak itu di akunnya sendiri, misalnya sekarang di POST /v1/account/leavings; sejak "
        "usia 17 tahun orang itu menyetujuinya sendiri."
    )


class GuardianOfOthers(Refusal):
    """An applicant is the guardian of children who stay: ``applicant_ids`` name these."""

    status = 409
    code = "guardian_of_others"
    facts_told = fact_types(applicant_ids=list[str])
    title = "This applicant is the guardian of children in this account, who cannot be without one."
    title_id = "Pemohon ini adalah wali dari anak dalam akun ini, yang tidak boleh tanpa wali."
    next_action = "Name the children too, or give them another guardian first at PUT /v1/applicants/{applicant_id}."
    next_action_id = "Sebutkan juga anak-anaknya, atau ganti walinya dahulu di PUT /v1/applicants/{applicant_id}."


class LastAddressStays(Refusal):
    """The address is the only one of the account."""

    status = 409
    code = "last_address_stays"
    title = "This is the only address of the account; without it nothing could reach you."
    title_id = "Ini satu-satunya alamat akun; tanpa alamat ini Anda tidak dapat dihubungi."
    next_action = (
        "Add another address first, for example 0812 3456 7890 at PUT /v1/account/phone, or close the account."
    )
    next_action_id = (
        "Tambahkan alamat lain dahulu, misalnya 0812 3456 7890 di PUT /v1/account/phone, atau tutup akunnya."
    )


class AddressNotThere(Refusal):
    """The account has no address of this channel."""

    status = 409
    code = "address_not_there"
    title = "The account has no such address."
    title_id = "Akun ini tidak mempunyai alamat tersebut."
    next_action = "Look at the account to see its addresses, for example b***@example.org."
    next_action_id = "Lihat akun Anda untuk mengetahui alamatnya, misalnya b***@contoh.id."
