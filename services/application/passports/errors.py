"""Refusals about passports."""

from __future__ import annotations

from datetime import date

from services.application.passports.passport import PassportState
from shared.errors import NotAllowed, Refusal, fact_types


class PassportOfGrownChild(NotAllowed):
    """Its holder was a child when a guardian applied for it, and is 17 or older now."""

    code = "passport_of_grown_child"
    title = "The holder of this passport is 17 or older and sees it in an account of their own."
    title_id = "Pemegang paspor ini sudah berusia 17 tahun ke atas dan melihatnya di akunnya sendiri."
    next_action = "Have its holder open an account of their own, with their own email address and their NIK."
    next_action_id = "Minta pemegangnya membuat akun sendiri dengan alamat surel dan NIK-nya."


class PassportNotInHand(Refusal):
    """The passport waits at the office, was not collected in time, or a newer one has taken its place."""

    status = 409
    code = "passport_not_in_hand"
    facts_told = fact_types(state=PassportState)
    title = "This passport is not one that its holder has and can use."
    title_id = "Paspor ini bukan paspor yang dipegang dan dapat dipakai pemegangnya."
    next_action = "Look at the state of your passports: a report is about the newest one that was handed out."
    next_action_id = "Lihat keadaan paspor Anda: laporan berlaku untuk paspor terbaru yang sudah diserahkan."


class PassportNumberDiffers(Refusal):
    """A report is undone with the book in hand: the number that was typed off it is another one."""

    status = 409
    code = "passport_number_differs"
    title = "The number in the book is not the number of this passport; the report stands."
    title_id = "Nomor pada buku bukan nomor paspor ini; laporan tetap berlaku."
    next_action = "Type the number off the book in your hand again, or look for the passport that it belongs to."
    next_action_id = "Ketik lagi nomor dari buku di tangan Anda, atau cari paspor yang sesuai."


class PassportNumberOfAnother(Refusal):
    """The number is recorded for another person: one number is one passport of one person."""

    status = 409
    code = "passport_number_of_another"
    title = "This passport number is recorded for another person; nothing was changed."
    title_id = "Nomor paspor ini tercatat atas nama orang lain; tidak ada yang diubah."
    next_action = "Compare the number with the book; if it is right, tell the head of the office before going on."
    next_action_id = "Cocokkan nomor dengan bukunya; bila benar, beri tahu kepala kantor sebelum melanjutkan."


class PassportHolderDiffers(Refusal):
    """The birth date in the zone is not that of the applicant."""

    status = 409
    code = "passport_holder_differs"
    title = "The birth date in this book is not that of the applicant; nothing was recorded."
    title_id = "Tanggal lahir pada buku ini bukan tanggal lahir pemohon; tidak ada yang dicatat."
    next_action = "Take the applicant's own earlier passport, or have the particulars corrected first."
    next_action_id = "Gunakan paspor lama milik pemohon sendiri, atau perbaiki data dirinya terlebih dahulu."


class CheckDigitWrong(Refusal):
    """A check digit of the machine readable zone, or of the number, does not fit what it checks."""

    status = 422
    code = "check_digit_wrong"
    facts_told = fact_types(fields=list[str], example=str)
    title = "A check digit does not fit: something was read or typed wrongly."
    title_id = "Ada angka pemeriksa yang tidak cocok: terjadi salah baca atau salah ketik."
    next_action = "Type the named fields off the book again; letters O and I are not digits 0 and 1."
    next_action_id = "Ketik lagi bagian yang disebutkan dari buku; huruf O dan I berbeda dengan angka 0 dan 1."

    def __init__(self, fields: tuple[str, ...], field: str) -> None:
        super().__init__(field=field, fields=list(fields), example="X1234567<2")


class ZoneUnreadable(Refusal):
    """The lines are no machine readable zone of a passport book: two lines of 44 signs."""

    status = 422
    code = "zone_unreadable"
    facts_told = fact_types(example=str)
    title = "These are not the two lines at the foot of a passport's data page."
    title_id = "Ini bukan dua baris di bagian bawah halaman data paspor."
    next_action = "Type both lines as they are printed, 44 signs each, with every < in its place."
    next_action_id = "Ketik kedua baris seperti tercetak, masing-masing 44 tanda, dengan setiap < pada tempatnya."

    def __init__(self) -> None:
        super().__init__(field="/zone", example=f"{'P<IDNCONTOH<<SARI':<<44}")


class BookFactsMissing(Refusal):
    """Neither the zone was sent, nor number, check digit and expiry date."""

    status = 422
    code = "book_facts_missing"
    title = "The book is named by its zone, or by number, check digit and expiry date."
    title_id = "Buku disebutkan dengan zona bacanya, atau dengan nomor, angka pemeriksa dan tanggal habis berlaku."
    next_action = "Send zone alone, or number, check_digit and expires_on together."
    next_action_id = "Kirim zone saja, atau number, check_digit dan expires_on bersama-sama."


class ExpiryBeforeIssue(Refusal):
    """The book would expire before, or on the day, it was issued, or was issued in the future."""

    status = 422
    code = "expiry_before_issue"
    facts_told = fact_types(issued_on=date, expires_on=date)
    title = "A passport expires after it was issued, and was not issued in the future."
    title_id = "Paspor habis berlaku setelah diterbitkan, dan tidak diterbitkan di masa depan."
    next_action = "Compare both dates with the data page."
    next_action_id = "Cocokkan kedua tanggal dengan halaman data."


class ValidityTooLong(Refusal):
    """The book would be valid for more than ten years, which no passport is."""

    status = 422
    code = "validity_too_long"
    facts_told = fact_types(issued_on=date, expires_on=date)
    title = "No passport is valid for longer than ten years."
    title_id = "Tidak ada paspor yang berlaku lebih dari sepuluh tahun."
    next_action = "Compare both dates with the data page."
    next_action_id = "Cocokkan kedua tanggal dengan halaman data."


class PassportRecordedOtherwise(Refusal):
    """The number is recorded for this person with another kind, dates or office."""

    status = 409
    code = "passport_recorded_otherwise"
    title = "This passport is recorded already, with another kind, other dates or another office; nothing was changed."
    title_id = "Paspor ini sudah tercatat dengan jenis, tanggal, atau kantor lain; tidak ada yang diubah."
    next_action = "Compare what you typed with the data page; tell the head of the office if what is recorded is wrong."
    next_action_id = "Cocokkan isian dengan halaman data; laporkan kepada kepala kantor bila catatannya salah."


class ReplacementUnderWay(Refusal):
    """The holder has an application that has not ended: one at a time."""

    status = 409
    code = "replacement_under_way"
    facts_told = fact_types(application_id=str)
    title = "An application for the holder of this passport is under way; nothing was changed."
    title_id = "Permohonan untuk pemegang paspor ini sedang berjalan; tidak ada yang diubah."
    next_action = "Go on with that application, or withdraw it first."
    next_action_id = "Lanjutkan permohonan itu, atau tarik dahulu."
