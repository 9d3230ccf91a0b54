"""Refusals about members of staff: hiring, moving, locking, passwords and sign-in."""

from __future__ import annotations

from datetime import datetime

from services.identity.staff.states import StaffState
from shared.errors import NotAllowed, NotAuthenticated, NotFound, Refusal, fact_types


class OwnPasswordNeeded(NotAllowed):
    """The one-time password is right, and opens nothing but the way to an own one."""

    code = "own_password_needed"
    title = "This password counts once: set your own first."
    title_id = "Kata sandi ini hanya sekali pakai: buat kata sandi sendiri dahulu."
    next_action = "Set your own password at PUT /v1/staff/password, then sign in with it."
    next_action_id = "Buat kata sandi sendiri di PUT /v1/staff/password, lalu masuk dengannya."


class OneTimePasswordExpired(NotAllowed):
    """The one-time password was right and is too old."""

    code = "one_time_password_expired"
    title = "This one-time password has expired."
    title_id = "Kata sandi sekali pakai ini sudah kedaluwarsa."
    next_action = "Ask whoever gave it to you for a new one."
    next_action_id = "Mintalah yang baru kepada yang memberikannya."


class StaffSuspended(NotAllowed):
    """Somebody has locked this staff account."""

    code = "staff_suspended"
    title = "This staff account has been locked."
    title_id = "Akun petugas ini telah dikunci."
    next_action = "Ask the head of your office or an operator."
    next_action_id = "Hubungi kepala kantor Anda atau operator."


class StaffNotInService(NotAllowed):
    """The token is still good, but whom it was given to is not in that role any more."""

    code = "staff_not_in_service"
    title = "Your staff account is not in service in this role any more."
    title_id = "Akun petugas Anda tidak lagi bertugas dalam peran ini."
    next_action = "Sign in again; if that is refused, ask the head of your office or an operator."
    next_action_id = "Masuk kembali; bila ditolak, hubungi kepala kantor Anda atau operator."


class PasswordTooShort(Refusal):
    """An own password is longer; `at_least` says how long."""

    status = 422
    code = "password_too_short"
    title = "The password is too short."
    title_id = "Kata sandi terlalu pendek."
    next_action = "Choose at least 15 characters; a few words that nobody would guess together are good."
    next_action_id = "Pilih paling sedikit 15 karakter; beberapa kata yang tidak mudah ditebak sudah baik."


class PasswordIsTheOldOne(Refusal):
    """The new password is the one that was just typed."""

    status = 422
    code = "password_is_the_old_one"
    title = "The new password is the old one."
    title_id = "Kata sandi baru sama dengan yang lama."
    next_action = "Choose another password than the one you were given or had."
    next_action_id = "Pilih kata sandi lain dari yang diberikan atau yang lama."


class PasswordIsTheUserName(Refusal):
    """The new password is the user name."""

    status = 422
    code = "password_is_the_user_name"
    title = "The user name cannot be the password."
    title_id = "Nama pengguna tidak boleh menjadi kata sandi."
    next_action = "Choose a password that nobody would guess."
    next_action_id = "Pilih kata sandi yang tidak mudah ditebak."


class PasswordHoldsAName(Refusal):
    """The new password holds the user name or the office, which colleagues and strangers try first."""

    status = 422
    code = "password_holds_a_name"
    title = "The password holds your user name or your office."
    title_id = "Kata sandi memuat nama pengguna atau kantor Anda."
    next_action = "Choose a few words that have nothing to do with you or your office."
    next_action_id = "Pilih beberapa kata yang tidak berkaitan dengan Anda atau kantor Anda."


class PasswordIsCommon(Refusal):
    """The new password is among those that are tried first, or put together of them."""

    status = 422
    code = "password_is_common"
    title = "This password is easy to guess: it is a common one, repeated or put together."
    title_id = "Kata sandi ini mudah ditebak: umum dipakai, diulang, atau disusun darinya."
    next_action = "Choose four or more words that do not belong together."
    next_action_id = "Pilih empat kata atau lebih yang tidak saling berkaitan."


class FirstOperatorSecretWrong(NotAllowed):
    """Not a secret of this installation, or it has none."""

    code = "first_operator_secret_wrong"
    title = "This is not a secret by which an operator can be made here."
    title_id = "Rahasia ini tidak dapat dipakai untuk membuat operator di sini."
    next_action = "Copy one of PASPOR_FIRST_OPERATOR_SECRETS from the settings of identity."
    next_action_id = "Salin salah satu PASPOR_FIRST_OPERATOR_SECRETS dari pengaturan identity."


class FirstOperatorSecretUsed(Refusal):
    """Each secret makes one operator, once."""

    status = 409
    code = "first_operator_secret_used"
    title = "This secret has made its operator; it counts only once."
    title_id = "Rahasia ini sudah dipakai membuat operator; hanya berlaku sekali."
    next_action = "Let an operator hire you, or put a new secret into the settings."
    next_action_id = "Mintalah operator mendaftarkan Anda, atau pasang rahasia baru pada pengaturan."


class UserNameTaken(Refusal):
    """User names are given once, for ever."""

    status = 409
    code = "user_name_taken"
    title = "This user name is or was somebody else's."
    title_id = "Nama pengguna ini sudah atau pernah dipakai orang lain."
    next_action = "Choose another user name; one that was ever given is not given again."
    next_action_id = "Pilih nama pengguna lain; yang pernah dipakai tidak diberikan lagi."


class StaffUnknown(NotFound):
    """No member of staff has that id."""

    code = "staff_unknown"
    title = "There is no such member of staff."
    title_id = "Petugas tersebut tidak ditemukan."
    next_action = "List the staff and use an id from there."
    next_action_id = "Buka daftar petugas dan gunakan id dari sana."


class NotYourOffice(NotAllowed):
    """The head of an office acts on their own office's staff."""

    code = "not_your_office"
    title = "This member of staff belongs to another office than yours."
    title_id = "Petugas ini milik kantor lain, bukan kantor Anda."
    next_action = "Ask the head of that office, or an operator."
    next_action_id = "Mintalah kepada kepala kantor tersebut, atau operator."


class RoleNotYours(NotAllowed):
    """This role is given and taken by others."""

    code = "role_not_yours"
    title = "This role is not yours to give or to take."
    title_id = "Peran ini bukan wewenang Anda untuk diberikan atau dicabut."
    next_action = "Heads of offices hire for the counters and the printer; ask an operator about every other role."
    next_action_id = "Kepala kantor mendaftarkan petugas loket dan pencetakan; untuk peran lain hubungi operator."


class OfficeNeeded(Refusal):
    """Somebody in this role belongs to an office."""

    status = 422
    code = "office_needed"
    title = "Somebody in this role belongs to an office."
    title_id = "Petugas dengan peran ini harus memiliki kantor."
    next_action = "Name the office."
    next_action_id = "Sebutkan kantornya."


class OfficeNotWanted(Refusal):
    """Treasurers, regional officers and headquarters belong to no office."""

    status = 422
    code = "office_not_wanted"
    title = "Somebody in this role belongs to no office."
    title_id = "Petugas dengan peran ini tidak termasuk kantor mana pun."
    next_action = "Leave the office out."
    next_action_id = "Kosongkan kantornya."


class RegionNeeded(Refusal):
    """A regional officer watches the offices of one region."""

    status = 422
    code = "region_needed"
    title = "A regional officer has a region."
    title_id = "Petugas kantor wilayah harus memiliki wilayah."
    next_action = "Name the region, such as jawa-barat."
    next_action_id = "Sebutkan wilayahnya, misalnya jawa-barat."


class RegionNotWanted(Refusal):
    """Only regional officers have a region."""

    status = 422
    code = "region_not_wanted"
    title = "Somebody in this role has no region."
    title_id = "Petugas dengan peran ini tidak memiliki wilayah."
    next_action = "Leave the region out."
    next_action_id = "Kosongkan wilayahnya."


class NotOnYourself(NotAllowed):
    """Members of staff do not change, lock, reset or approve themselves."""

    code = "not_on_yourself"
    title = "Nobody does this to themselves."
    title_id = "Tindakan ini tidak dapat dilakukan terhadap diri sendiri."
    next_action = "Ask a colleague who has the role for it."
    next_action_id = "Mintalah kepada rekan yang berwenang."


class LastOperatorStays(Refusal):
    """Without this operator there would be none who makes staff."""

    status = 409
    code = "last_operator_stays"
    title = "This is the last operator who can act; one has to stay."
    title_id = "Ini operator terakhir yang dapat bertindak; satu harus tetap ada."
    next_action = "Hire another operator first."
    next_action_id = "Daftarkan operator lain dahulu."


class StaffStateForbids(Refusal):
    """In the state they are in, this cannot be done with them; `state` says which it is."""

    status = 409
    code = "staff_state_forbids"
    facts_told = fact_types(state=StaffState)
    title = "This cannot be done with this member of staff now."
    title_id = "Tindakan ini tidak dapat dilakukan terhadap petugas tersebut saat ini."
    next_action = "Look at the state of the member of staff; who has left or was refused does not come back."
    next_action_id = "Periksa status petugas; yang sudah keluar atau ditolak tidak dapat kembali."


class StaffMatterPending(Refusal):
    """Something else is asked for about them and not decided yet."""

    status = 409
    code = "staff_matter_pending"
    title = "Something is asked for about this member of staff and not decided yet."
    title_id = "Masih ada permintaan tentang petugas ini yang belum diputuskan."
    next_action = "Let another operator approve it, or refuse it, then ask again."
    next_action_id = "Mintalah operator lain menyetujui atau menolaknya, lalu ajukan lagi."


class NothingToDecide(Refusal):
    """Nothing is asked for about them, or it was decided on."""

    status = 409
    code = "nothing_to_decide"
    title = "Nothing about this member of staff waits for a decision."
    title_id = "Tidak ada permintaan tentang petugas ini yang menunggu keputusan."
    next_action = "Look at the member of staff to see what became of it."
    next_action_id = "Lihat data petugas untuk mengetahui hasilnya."


class SecondOperatorNeeded(NotAllowed):
    """The operator who asked for it cannot agree to it."""

    code = "second_operator_needed"
    title = "Another operator than the one who asked must approve."
    title_id = "Persetujuan harus diberikan oleh operator lain, bukan pengusul."
    next_action = "Ask another operator."
    next_action_id = "Mintalah kepada operator lain."


class AskerGone(Refusal):
    """The person who asked for it is locked, has left, or has no power over it any more: one is left who wants it."""

    status = 409
    code = "asker_gone"
    title = "The person who asked for this cannot ask for it any more."
    title_id = "Pengusul permintaan ini tidak berwenang lagi."
    next_action = "Refuse the request; if it is still wanted, ask for it yourself and let another person agree."
    next_action_id = "Tolak permintaan ini; bila masih diperlukan, ajukan sendiri dan mintalah persetujuan orang lain."


class StaffCredentialsWrong(NotAuthenticated):
    """User name and password do not fit; which of the two is not said."""

    code = "credentials_wrong"
    title = "User name or password is wrong."
    title_id = "Nama pengguna atau kata sandi salah."
    next_action = "Check both; after five wrong tries the account is locked for a while."
    next_action_id = "Periksa keduanya; setelah lima kali salah akun dikunci sementara."


class PasswordNotAllowed(NotAllowed):
    """The password is right, and the member's office signs its members in through its own provider alone."""

    code = "password_not_allowed"
    title = "Your office signs in through its own sign-in only."
    title_id = "Petugas kantor Anda hanya masuk melalui layanan masuk kantor sendiri."
    next_action = "Sign in through your office; if that is down, ask the head of your office or an operator."
    next_action_id = "Masuklah melalui layanan kantor Anda; bila sedang mati, hubungi kepala kantor atau operator."


class StaffLocked(Refusal):
    """Too many wrong passwords or second factors; `locked_until` says when one is looked at again."""

    status = 423
    code = "account_locked"
    facts_told = fact_types(locked_until=datetime)
    title = "This account is locked after too many wrong passwords or codes."
    title_id = "Akun dikunci karena terlalu banyak kata sandi atau kode yang salah."
    next_action = "Wait until the time given, or ask the operator."
    next_action_id = "Tunggu sampai waktu yang disebutkan, atau hubungi operator."
