"""Refusals about second factors."""

from __future__ import annotations

from datetime import datetime

from shared.errors import NotAllowed, NotAuthenticated, NotFound, Refusal, fact_types


class SecondFactorWrong(NotAuthenticated):
    """The code or the passkey's answer is not right; which part of it is not said. `cause` tells what to look at."""

    code = "second_factor_wrong"
    title = "This code or passkey is not right."
    title_id = "Kode atau passkey ini tidak benar."
    next_action = "Take the code that your authenticator shows now, for this account, and check the time of the device."
    next_action_id = "Pakai kode yang tampil sekarang untuk akun ini, dan periksa jam perangkat Anda."


class SecondCodeUsed(NotAuthenticated):
    """The code was right and has counted already."""

    code = "second_code_used"
    title = "This code has been used; each counts once."
    title_id = "Kode ini sudah dipakai; setiap kode hanya berlaku sekali."
    next_action = "Wait up to 30 seconds for the next code of your authenticator."
    next_action_id = "Tunggu paling lama 30 detik sampai kode berikutnya tampil."


class SecondStepOver(NotAuthenticated):
    """The sign-in that this second factor belongs to is over, was answered, or never was."""

    code = "second_step_over"
    title = "This sign-in is over or has been answered."
    title_id = "Proses masuk ini sudah berakhir atau sudah dijawab."
    next_action = "Begin again with user name and password."
    next_action_id = "Mulai lagi dengan nama pengguna dan kata sandi."


class SecondCodesLocked(Refusal):
    """Too many wrong codes in a day, so somebody else knows the password; `locked_until` says until when."""

    status = 423
    code = "second_codes_locked"
    facts_told = fact_types(locked_until=datetime)
    title = "Too many wrong codes were tried; codes from unknown devices do not count for a while."
    title_id = "Terlalu banyak kode salah; kode dari perangkat tak dikenal sementara tidak berlaku."
    next_action = "Use a passkey, a recovery code or a device that you used before, then change your password."
    next_action_id = "Gunakan passkey, kode pemulihan, atau perangkat yang biasa, lalu ganti kata sandi Anda."


class FreshSignInNeeded(NotAllowed):
    """Second factors are changed soon after a sign-in, so that a token that was stolen later changes none."""

    code = "fresh_sign_in_needed"
    title = "This can be changed within 15 minutes after signing in."
    title_id = "Ini hanya dapat diubah dalam 15 menit setelah masuk."
    next_action = "Sign in again, then repeat it."
    next_action_id = "Masuk kembali, lalu ulangi."


class SecondFactorNeedsItself(NotAllowed):
    """A second factor is enrolled by now, so a password alone adds no other."""

    code = "second_factor_needs_itself"
    title = "You have a second factor by now; others are added after signing in with it."
    title_id = "Anda sudah memiliki faktor kedua; yang lain ditambahkan setelah masuk dengannya."
    next_action = "Sign in with your second factor, then add another one."
    next_action_id = "Masuk dengan faktor kedua Anda, lalu tambahkan yang lain."


class SecondFactorOfferOver(Refusal):
    """The secret or challenge that is confirmed is over, was replaced, or was answered wrongly."""

    status = 409
    code = "second_factor_offer_over"
    title = "This enrolment is over."
    title_id = "Pendaftaran faktor ini sudah berakhir."
    next_action = "Begin the enrolment again."
    next_action_id = "Mulai lagi pendaftarannya."


class EnrolmentCodeWrong(Refusal):
    """The first code of an authenticator does not fit its secret."""

    status = 422
    code = "enrolment_code_wrong"
    title = "The code does not fit the secret that was shown."
    title_id = "Kode tidak cocok dengan rahasia yang ditampilkan."
    next_action = "Scan the QR code again, check the time of the device, and type the code that is shown now."
    next_action_id = "Pindai lagi kode QR, periksa jam perangkat, lalu ketik kode yang tampil sekarang."


class PasskeyNotUsable(Refusal):
    """The answer of the device does not fit the challenge, the site or what is demanded of a passkey."""

    status = 422
    code = "passkey_not_usable"
    title = "This passkey cannot be used here: it answered for another site or challenge, or asked for no PIN."
    title_id = "Passkey ini tidak dapat dipakai: untuk situs atau tantangan lain, atau tanpa PIN."
    next_action = "Begin again on this site's own page, with a device that asks for a PIN, finger or face."
    next_action_id = "Mulai lagi di halaman situs ini, dengan perangkat yang meminta PIN, sidik jari, atau wajah."


class SecondFactorUnknown(NotFound):
    """The caller has no second factor of that id."""

    code = "second_factor_unknown"
    title = "You have no second factor of this id."
    title_id = "Anda tidak memiliki faktor kedua dengan id ini."
    next_action = "List your second factors and use an id from there."
    next_action_id = "Lihat daftar faktor kedua Anda dan gunakan id dari sana."


class TooManySecondFactors(Refusal):
    """Ten are the most."""

    status = 409
    code = "too_many_second_factors"
    title = "You have ten second factors, which are the most."
    title_id = "Anda sudah memiliki sepuluh faktor kedua, jumlah paling banyak."
    next_action = "Remove one that you do not use."
    next_action_id = "Hapus satu yang tidak Anda pakai."


class LastSecondFactorStays(Refusal):
    """Somebody in this role needs a second factor."""

    status = 409
    code = "last_second_factor_stays"
    title = "Your role needs a second factor, and this is the last one."
    title_id = "Peran Anda memerlukan faktor kedua, dan ini yang terakhir."
    next_action = "Add another one first."
    next_action_id = "Tambahkan yang lain dahulu."


class NoSecondFactor(Refusal):
    """Recovery codes stand in for a factor, and a reset takes factors away: neither is of use without one."""

    status = 409
    code = "no_second_factor"
    title = "There is no second factor."
    title_id = "Tidak ada faktor kedua."
    next_action = "Add a second factor first; a member of staff without one signs in with the password and adds it."
    next_action_id = "Tambahkan faktor kedua dahulu; petugas tanpa faktor kedua masuk dengan kata sandi."


class ResetPending(Refusal):
    """Somebody has asked for it, and another person has to agree."""

    status = 409
    code = "second_factor_reset_pending"
    title = "A reset of these second factors is asked for and not decided yet."
    title_id = "Pengaturan ulang faktor kedua ini sudah diajukan dan belum diputuskan."
    next_action = "Let another person agree to it, or refuse it."
    next_action_id = "Mintalah orang lain menyetujui atau menolaknya."


class NoResetAsked(Refusal):
    """Nothing is asked for, or it was decided."""

    status = 409
    code = "no_second_factor_reset_asked"
    title = "No reset of these second factors is asked for."
    title_id = "Tidak ada pengaturan ulang faktor kedua yang diajukan."
    next_action = "Ask for it first; another person agrees then."
    next_action_id = "Ajukan dahulu; orang lain yang menyetujuinya."


class SecondPersonForReset(NotAllowed):
    """The one who asked for a reset cannot agree to it."""

    code = "second_person_for_reset"
    title = "Another person than the one who asked must agree to the reset."
    title_id = "Persetujuan harus diberikan oleh orang lain, bukan pengusul."
    next_action = "Ask an operator or the head of the office who has not asked for it."
    next_action_id = "Mintalah kepada operator atau kepala kantor yang bukan pengusulnya."


class EmailCodeOver(Refusal):
    """No address of the member waits for a code, or its code counts no more."""

    status = 409
    code = "email_code_over"
    title = "No code that counts was sent to an address of yours."
    title_id = "Tidak ada kode yang berlaku untuk alamat email Anda."
    next_action = "Name the address again: a new code is sent there."
    next_action_id = "Masukkan lagi alamat email Anda: kode baru akan dikirim ke sana."
