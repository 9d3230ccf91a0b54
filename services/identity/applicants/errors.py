"""Refusals about applicants and their NIK."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from services.identity.applicants.correction import CorrectionState
from services.identity.applicants.nik import NikFault
from shared.errors import NotFound, Refusal, TooManyRequests, fact_types


class NikNotSixteenDigits(Refusal):
    """A NIK has 16 digits."""

    status = 422
    code = "nik_not_16_digits"
    title = "A NIK has exactly 16 digits."
    title_id = "NIK terdiri atas tepat 16 angka."
    next_action = "Copy the 16 digits from the identity card or the family card, such as 3174 0112 0388 0002."
    next_action_id = "Salin 16 angka dari KTP atau kartu keluarga, seperti 3174 0112 0388 0002."


class NikStructureWrong(Refusal):
    """Sixteen digits that cannot be a NIK; `part` says which of them."""

    status = 422
    code = "nik_structure"
    facts_told = fact_types(part=NikFault)
    title = "These 16 digits cannot be a NIK."
    title_id = "Enam belas angka ini tidak mungkin sebuah NIK."
    next_action = "Compare digit by digit with the identity card; if it says the same, ask the civil registry office."
    next_action_id = "Cocokkan angka demi angka dengan KTP; bila sama, hubungi kantor Dukcapil."


class NikNeeded(Refusal):
    """Without NIK goes only a child born abroad, with a guardian."""

    status = 422
    code = "nik_needed"
    title = "A NIK is needed; only a child born abroad, with a parent or guardian, may be without one."
    title_id = (
        "NIK diperlukan; hanya anak yang lahir di luar negeri, bersama orang tua atau wali, boleh belum memilikinya."
    )
    next_action = "Copy the NIK from the family card, or say born_abroad and name the guardian."
    next_action_id = "Salin NIK dari kartu keluarga, atau isi born_abroad dan sebutkan wali."


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
    facts_told = fact_types(limit=int)
    title = "An account can speak for at most five applicants."
    title_id = "Satu akun dapat mendaftarkan paling banyak lima pemohon."
    next_action = "Use an applicant that exists already, or let the person make an account of their own."
    next_action_id = "Gunakan pemohon yang sudah ada, atau mintalah orang tersebut membuat akun sendiri."


class TooManyChildren(Refusal):
    """All lines of the family card are taken."""

    status = 409
    code = "too_many_children"
    facts_told = fact_types(limit=int)
    title = "An account can speak for at most ten children on the family card."
    title_id = "Satu akun dapat mendaftarkan paling banyak sepuluh anak dalam kartu keluarga."
    next_action = "Use an applicant that exists already, or let the other parent add the child."
    next_action_id = "Gunakan pemohon yang sudah ada, atau mintalah orang tua lainnya mendaftarkan anak itu."


class ApplicantAlreadyAdded(Refusal):
    """The account has an applicant with this NIK."""

    status = 409
    code = "applicant_already_added"
    facts_told = fact_types(applicant_id=str)
    title = "This person is already among your applicants."
    title_id = "Orang ini sudah ada di antara pemohon Anda."
    next_action = "Continue with the applicant that exists, or correct it."
    next_action_id = "Lanjutkan dengan pemohon yang sudah ada, atau perbaiki datanya."


class GuardianNeeded(Refusal):
    """Somebody under 17 and unmarried applies through a parent or guardian."""

    status = 422
    code = "guardian_needed"
    facts_told = fact_types(age_limit=int)
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
    """The registry has confirmed this person: there is nothing to ask, and another NIK is another person."""

    status = 409
    code = "identity_already_confirmed"
    facts_told = fact_types(step=Literal["another_nik"])
    title = "The civil registry has confirmed this person; nothing is left to check."
    title_id = "Identitas sudah dikonfirmasi Dukcapil; tidak ada lagi yang perlu diperiksa."
    next_action = "Go on with the application. Typing errors, not the NIK, can be corrected until it is submitted."
    next_action_id = "Lanjutkan permohonan. Salah ketik, kecuali NIK, dapat diperbaiki sampai permohonan dikirim."


class DataFixedBySubmission(Refusal):
    """An application was submitted with the confirmed data: only an officer corrects them."""

    status = 409
    code = "data_fixed_by_submission"
    title = "An application was submitted with these data; an officer corrects them now."
    title_id = "Permohonan sudah dikirim dengan data ini; perbaikan kini dilakukan petugas."
    next_action = "Show the original (identity card, family card or birth certificate) at the immigration office."
    next_action_id = "Tunjukkan dokumen asli (KTP, kartu keluarga atau akta lahir) di kantor imigrasi."


class ChildCameOfAgeAlready(Refusal):
    """Somebody who was added as a child is 17 or married: their guardian does not act for them any more."""

    status = 409
    code = "child_came_of_age"
    title = "This person was added as a child and is grown up now: they act for themselves."
    title_id = "Orang ini didaftarkan sebagai anak dan kini sudah dewasa: ia mengurusnya sendiri."
    next_action = "Let them open an account of their own, with their own email address, for example sari@example.org."
    next_action_id = "Mintalah ia membuat akun sendiri dengan alamat surelnya, misalnya sari@contoh.id."


class NothingShownBack(Refusal):
    """There is no difference that the applicant could decide about."""

    status = 409
    code = "nothing_shown_back"
    title = "The civil registry has shown no difference to decide about."
    title_id = "Tidak ada perbedaan data Dukcapil yang perlu dipastikan."
    next_action = "Read the applicant: its next_action says what comes now."
    next_action_id = "Lihat data pemohon: next_action menyebutkan langkah berikutnya."


class IdentityNotConfirmed(Refusal):
    """The applicant is not confirmed: they correct the data themselves."""

    status = 409
    code = "identity_not_confirmed"
    facts_told = fact_types(applicant_id=str)
    title = "The civil registry has not confirmed this applicant; the applicant corrects the data themselves."
    title_id = "Pemohon ini belum dikonfirmasi Dukcapil; pemohon memperbaiki datanya sendiri."
    next_action = "Let the applicant correct the data and wait for the check."
    next_action_id = "Minta pemohon memperbaiki datanya dan menunggu pemeriksaan."


class PaperOfAnotherPerson(Refusal):
    """The NIK on the shown paper is not the applicant's."""

    status = 409
    code = "paper_of_another_person"
    title = "The NIK on this paper is not the applicant's."
    title_id = "NIK pada dokumen ini bukan NIK pemohon."
    next_action = "Compare the applicant with the paper; type the NIK as it stands here today."
    next_action_id = "Cocokkan pemohon dengan dokumennya; tuliskan NIK sebagaimana tercatat di sini saat ini."


class NothingToCorrect(Refusal):
    """The data are here as on the paper."""

    status = 409
    code = "nothing_to_correct"
    title = "The data are here as they stand on the paper."
    title_id = "Data di sini sudah sama dengan dokumen."
    next_action = "Read the applicant; send only the members that are wrong."
    next_action_id = "Lihat data pemohon; kirim hanya isian yang keliru."


class CorrectionUnknown(NotFound):
    """There is no such correction, or it is another office's."""

    code = "correction_unknown"
    title = "There is no such correction at this office."
    title_id = "Perbaikan ini tidak ada di kantor ini."
    next_action = "Ask the officer who proposed it for its link."
    next_action_id = "Tanyakan tautannya kepada petugas yang mengusulkannya."


class CorrectionDecided(Refusal):
    """A correction is decided once."""

    status = 409
    code = "correction_decided"
    facts_told = fact_types(state=CorrectionState)
    title = "This correction was decided already, has lapsed, or its data were changed since."
    title_id = "Perbaikan ini sudah diputuskan, sudah lewat waktunya, atau datanya sudah berubah."
    next_action = "Read the applicant; propose what is still wrong."
    next_action_id = "Lihat data pemohon; usulkan lagi yang masih keliru."


class SecondOfficerNeeded(Refusal):
    """A correction that changes who somebody is needs another officer than the proposer."""

    status = 409
    code = "second_officer_needed"
    title = "This correction changes who somebody is: another officer of the office decides."
    title_id = "Perbaikan ini mengubah jati diri seseorang: petugas lain di kantor ini yang memutuskan."
    next_action = "Show the original to a second officer, who decides with their own login."
    next_action_id = "Tunjukkan dokumen asli kepada petugas kedua, yang memutuskan dengan loginnya sendiri."


class NikOfAnotherPerson(Refusal):
    """Somebody else was confirmed with this NIK."""

    status = 409
    code = "nik_of_another_person"
    title = "Another person was confirmed with this NIK."
    title_id = "NIK ini sudah dikonfirmasi atas nama orang lain."
    next_action = "Compare the digits with the paper; if they are right, the civil registry office settles whose it is."
    next_action_id = "Cocokkan angkanya dengan dokumen; bila benar, kantor Dukcapil menetapkan pemiliknya."


class TooManyIdentityTries(TooManyRequests):
    """As many checks failed as a day allows."""

    code = "too_many_identity_tries"
    facts_told = fact_types(next_try_at=datetime)
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
