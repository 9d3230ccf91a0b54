"""The ways in which identity says no."""

from __future__ import annotations

from services.identity.assistances.errors import (
    AddressHasNoAccount,
    AssistanceHasEnded,
    AssistanceUnknown,
    OfficeAskedTooOften,
    SeveralAccounts,
)
from services.identity.staff.errors import (
    FirstOperatorSecretUsed,
    FirstOperatorSecretWrong,
    LastOperatorStays,
    NothingToDecide,
    NotOnYourself,
    NotYourOffice,
    OfficeNeeded,
    OfficeNotWanted,
    OneTimePasswordExpired,
    OwnPasswordNeeded,
    PasswordIsTheOldOne,
    PasswordIsTheUserName,
    PasswordTooShort,
    RoleNotYours,
    SecondOperatorNeeded,
    StaffMatterPending,
    StaffNotInService,
    StaffStateForbids,
    StaffSuspended,
    StaffUnknown,
    UserNameTaken,
)
from shared.errors import NotAuthenticated, NotFound, Refusal, TooManyRequests

__all__ = [
    "AddressHasNoAccount",
    "AddressReserved",
    "AddressTaken",
    "AddressUnusable",
    "ApplicantAlreadyAdded",
    "AssistanceHasEnded",
    "AssistanceUnknown",
    "BirthDateImpossible",
    "ChallengeNotFound",
    "CodeExpired",
    "CodeSentJustNow",
    "CodeSuperseded",
    "CodeUsed",
    "CodeWrong",
    "EmailUnusable",
    "FirstOperatorSecretUsed",
    "FirstOperatorSecretWrong",
    "GuardianNeeded",
    "GuardianUnusable",
    "IdentityAlreadyConfirmed",
    "LastOperatorStays",
    "NikNotSixteenDigits",
    "NikStructureWrong",
    "NotOnYourself",
    "NotYourOffice",
    "NothingToDecide",
    "OfficeAskedTooOften",
    "OfficeNeeded",
    "OfficeNotWanted",
    "OldCodeNeeded",
    "OneTimePasswordExpired",
    "OwnPasswordNeeded",
    "PasswordIsTheOldOne",
    "PasswordIsTheUserName",
    "PasswordTooShort",
    "PersonNotKnown",
    "PhoneUnusable",
    "RefreshTokenInvalid",
    "Refusal",
    "RoleNotYours",
    "SecondOperatorNeeded",
    "SessionEnded",
    "SeveralAccounts",
    "StaffCredentialsWrong",
    "StaffLocked",
    "StaffMatterPending",
    "StaffNotInService",
    "StaffStateForbids",
    "StaffSuspended",
    "StaffUnknown",
    "TooManyAddressChanges",
    "TooManyApplicants",
    "TooManyCodes",
    "TooManyIdentityTries",
    "TooManyTries",
    "UserNameTaken",
]


class AddressUnusable(Refusal):
    """The text is no email address and no telephone number."""

    status = 422
    code = "address_unusable"
    title = "This is neither an email address nor a telephone number."
    title_id = "Ini bukan alamat email maupun nomor telepon."
    next_action = "Write an email address, or an Indonesian mobile number such as 0812 3456 7890."
    next_action_id = "Tuliskan alamat email, atau nomor ponsel seperti 0812 3456 7890."


class EmailUnusable(AddressUnusable):
    """The text is no email address."""

    code = "email_unusable"
    title = "This is not a complete email address."
    title_id = "Alamat email ini tidak lengkap."
    next_action = "Check the address; it looks like name@example.org."
    next_action_id = "Periksa alamatnya; bentuknya seperti nama@contoh.id."


class PhoneUnusable(AddressUnusable):
    """The text is no telephone number that can receive an SMS."""

    code = "phone_unusable"
    title = "This is not a mobile number that can receive an SMS."
    title_id = "Ini bukan nomor ponsel yang dapat menerima SMS."
    next_action = "Write a mobile number such as 0812 3456 7890."
    next_action_id = "Tuliskan nomor ponsel seperti 0812 3456 7890."


class AddressTaken(Refusal):
    """The proven address belongs to another account."""

    status = 409
    code = "address_taken"
    title = "This address belongs to another account."
    title_id = "Alamat ini sudah dipakai akun lain."
    next_action = "Sign in with this address to use that account, or give another one."
    next_action_id = "Masuk dengan alamat ini untuk memakai akun tersebut, atau gunakan alamat lain."


class AddressReserved(Refusal):
    """An account gave this address up some days ago and can still take it back."""

    status = 409
    code = "address_reserved"
    title = "An account changed away from this address a few days ago and can still take it back."
    title_id = "Sebuah akun baru saja mengganti alamat ini dan masih dapat memakainya kembali."
    next_action = "If that was your account and not your wish, use the link in the message about it; else give another."
    next_action_id = (
        "Bila itu akun Anda dan bukan keinginan Anda, gunakan tautan di pesannya; bila bukan, pakai yang lain."
    )


class TooManyAddressChanges(TooManyRequests):
    """The account has had as many changes of address as can be undone."""

    code = "too_many_address_changes"
    title = "The addresses of this account were changed as often as some days allow."
    title_id = "Alamat akun ini sudah diganti sebanyak batas beberapa hari."
    next_action = "Use the addresses that the account has, and change again after the time given."
    next_action_id = "Gunakan alamat yang ada, dan ganti lagi setelah waktu yang disebutkan."


class OldCodeNeeded(Refusal):
    """An address of before has to agree to the change."""

    status = 422
    code = "old_code_needed"
    title = "Changing an address takes two codes: the one sent to the new address and the one sent to an old one."
    title_id = "Mengganti alamat memerlukan dua kode: yang dikirim ke alamat baru dan yang dikirim ke alamat lama."
    next_action = "Send the code from the old address as old_code, for example 042317."
    next_action_id = "Kirim kode dari alamat lama sebagai old_code, misalnya 042317."


class ChallengeNotFound(NotFound):
    """No such challenge, or it is too old."""

    code = "challenge_not_found"
    title = "There is no open code request of this name."
    title_id = "Tidak ada permintaan kode dengan nama ini."
    next_action = "Start again with your email address or telephone number."
    next_action_id = "Mulai lagi dengan alamat email atau nomor telepon Anda."


class CodeSentJustNow(TooManyRequests):
    """A code was sent a moment ago; a further one has to wait."""

    code = "code_sent_just_now"
    title = "A code was sent a moment ago."
    title_id = "Kode baru saja dikirim."
    next_action = "Type the newest code, or ask for another one after the waiting time."
    next_action_id = "Masukkan kode terbaru, atau minta kode lain setelah waktu tunggu."


class TooManyCodes(TooManyRequests):
    """The address had all the codes of an hour."""

    code = "too_many_codes"
    title = "This address has had as many codes as an hour allows."
    title_id = "Alamat ini sudah menerima kode sebanyak batas satu jam."
    next_action = "Type the newest code, or ask again after the time given."
    next_action_id = "Masukkan kode terbaru, atau minta lagi setelah waktu yang disebutkan."


class CodeWrong(Refusal):
    """Not the code that was sent."""

    status = 422
    code = "code_wrong"
    title = "This is not the code that was sent."
    title_id = "Kode ini tidak sama dengan yang dikirim."
    next_action = "Read the newest message again and type its six digits."
    next_action_id = "Baca lagi pesan terbaru dan masukkan enam angkanya."


class CodeExpired(Refusal):
    """The newest code is too old."""

    status = 410
    code = "code_expired"
    title = "The code has expired."
    title_id = "Kode sudah kedaluwarsa."
    next_action = "Ask for a new code."
    next_action_id = "Minta kode baru."


class CodeSuperseded(Refusal):
    """A newer code was sent after this one."""

    status = 409
    code = "code_superseded"
    title = "A newer code has been sent; only the newest one counts."
    title_id = "Kode yang lebih baru sudah dikirim; hanya yang terbaru berlaku."
    next_action = "Type the code of the newest message."
    next_action_id = "Masukkan kode dari pesan terbaru."


class CodeUsed(Refusal):
    """The code has done its work."""

    status = 409
    code = "code_used"
    title = "This code has been used."
    title_id = "Kode ini sudah dipakai."
    next_action = "Ask for a new code to sign in again."
    next_action_id = "Minta kode baru untuk masuk lagi."


class TooManyTries(TooManyRequests):
    """Every try of this code is used up; it does not count any more, right or wrong."""

    code = "too_many_tries"
    title = "The code was typed wrong too often and does not count any more."
    title_id = "Kode salah dimasukkan terlalu sering dan tidak berlaku lagi."
    next_action = "Ask for a new code."
    next_action_id = "Minta kode baru."


class RefreshTokenInvalid(NotAuthenticated):
    """Not a refresh token that was issued here."""

    code = "refresh_token_invalid"
    title = "This refresh token was not issued here."
    title_id = "Refresh token ini tidak diterbitkan di sini."
    next_action = "Sign in again."
    next_action_id = "Masuk kembali."


class SessionEnded(NotAuthenticated):
    """The session is over: expired, signed out, or ended because an old token was used again."""

    code = "session_ended"
    title = "This session has ended."
    title_id = "Sesi ini sudah berakhir."
    next_action = "Sign in again."
    next_action_id = "Masuk kembali."


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
    """Nobody alive was born on that day."""

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


class StaffCredentialsWrong(NotAuthenticated):
    """User name and password do not fit; which of the two is not said."""

    code = "credentials_wrong"
    title = "User name or password is wrong."
    title_id = "Nama pengguna atau kata sandi salah."
    next_action = "Check both; after five wrong tries the account is locked for a while."
    next_action_id = "Periksa keduanya; setelah lima kali salah akun dikunci sementara."


class StaffLocked(Refusal):
    """Too many wrong passwords; `locked_until` says when one is looked at again."""

    status = 423
    code = "account_locked"
    title = "This account is locked after too many wrong passwords."
    title_id = "Akun dikunci karena terlalu banyak kata sandi salah."
    next_action = "Wait until the time given, or ask the operator."
    next_action_id = "Tunggu sampai waktu yang disebutkan, atau hubungi operator."


class PersonNotKnown(NotFound):
    """No account has proven this NIK here."""

    code = "person_not_known"
    title = "Nobody with this NIK has been confirmed here."
    title_id = "Belum ada orang dengan NIK ini yang dikonfirmasi di sini."
    next_action = "Compare the number with the identity card."
    next_action_id = "Cocokkan nomornya dengan KTP."
