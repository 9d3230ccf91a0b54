"""Refusals about applicants and their NIK."""

from __future__ import annotations

from shared.errors import NotFound, Refusal, TooManyRequests


class NikNotSixteenDigits(Refusal):
    """A NIK has 16 digits."""

    status = 422
    code = "nik_not_16_digits"
    title = "A NIK has exactly 16 digits."
    title_id = "NIK terdiri atas tepat 16 angka."
    next_action = "Copy the 16 digits from the identity card or the family card."
    next_action_id = "Salin 16 angka dari KTP atau kartu keluarga."


class NikStructureWrong(Refusal):
    """Sixteen digits that cannot be a NIK; `part` says which of them."""

    status = 422
    code = "nik_structure"
    title = "These 16 digits cannot be a NIK."
    title_id = "Enam belas angka ini tidak mungkin sebuah NIK."
    next_action = "Compare digit by digit with the identity card; if it says the same, ask the civil registry office."
    next_action_id = "Cocokkan angka demi angka dengan KTP; bila sama, hubungi kantor Dukcapil."


class BirthDateImpossible(Refusal):
    """A day in the future, or before 1900."""

    status = 422
    code = "birth_date_impossible"
    title = "This cannot be a date of birth."
    title_id = "Tanggal ini tidak mungkin tanggal lahir."
    next_action = "Write the day as on the identity card or birth certificate."
    next_action_id = "Tuliskan tanggal seperti pada KTP atau akta lahir."


class TooManyApplicants(Refusal):
    """All five places of the account are taken."""

    status = 409
    code = "too_many_applicants"
    title = "An account can speak for at most five applicants."
    title_id = "Satu akun dapat mendaftarkan paling banyak lima pemohon."
    next_action = "Use an applicant that exists already, or let the person make an account of their own."
    next_action_id = "Gunakan pemohon yang sudah ada, atau mintalah orang tersebut membuat akun sendiri."


class ApplicantAlreadyAdded(Refusal):
    """The account has an applicant with this NIK."""

    status = 409
    code = "applicant_already_added"
    title = "This person is already among your applicants."
    title_id = "Orang ini sudah ada di antara pemohon Anda."
    next_action = "Continue with the applicant that exists, or correct it."
    next_action_id = "Lanjutkan dengan pemohon yang sudah ada, atau perbaiki datanya."


class GuardianNeeded(Refusal):
    """Somebody under 17 and unmarried applies through a parent or guardian."""

    status = 422
    code = "guardian_needed"
    title = "Somebody under 17 who is not married needs a parent or guardian."
    title_id = "Pemohon di bawah 17 tahun yang belum menikah memerlukan orang tua atau wali."
    next_action = "Add the parent or guardian as an applicant first, then name them here."
    next_action_id = "Tambahkan dahulu orang tua atau wali sebagai pemohon, lalu sebutkan di sini."


class GuardianUnusable(Refusal):
    """The named guardian is not a confirmed adult applicant of this account."""

    status = 409
    code = "guardian_unusable"
    title = "The named guardian is not a confirmed adult applicant of this account."
    title_id = "Wali yang disebut bukan pemohon dewasa yang terkonfirmasi pada akun ini."
    next_action = "Wait until the guardian's own identity check has passed, or name another applicant."
    next_action_id = "Tunggu sampai pemeriksaan identitas wali lulus, atau sebutkan pemohon lain."


class IdentityAlreadyConfirmed(Refusal):
    """The registry has confirmed these data; they are not typed over."""

    status = 409
    code = "identity_already_confirmed"
    title = "The civil registry has confirmed this person; nothing is left to check or to correct."
    title_id = "Identitas sudah dikonfirmasi Dukcapil; tidak ada lagi yang perlu diperiksa atau diperbaiki."
    next_action = "Go on with the application; a change of data is made at the civil registry office."
    next_action_id = "Lanjutkan permohonan; perubahan data dilakukan di kantor Dukcapil."


class TooManyIdentityTries(TooManyRequests):
    """As many checks failed as a day allows."""

    code = "too_many_identity_tries"
    title = "As many identity checks have failed as a day allows."
    title_id = "Pemeriksaan identitas sudah gagal sebanyak batas satu hari."
    next_action = "Compare the data with your identity card, and try again after the time given."
    next_action_id = "Cocokkan data dengan KTP, lalu coba lagi setelah waktu yang disebutkan."


class PersonNotKnown(NotFound):
    """No account has proven this NIK here."""

    code = "person_not_known"
    title = "Nobody with this NIK has been confirmed here."
    title_id = "Belum ada orang dengan NIK ini yang dikonfirmasi di sini."
    next_action = "Compare the number with the identity card."
    next_action_id = "Cocokkan nomornya dengan KTP."
