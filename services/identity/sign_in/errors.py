"""Refusals about one-time codes."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal

from services.identity.accounts.channel import Channel
from shared.errors import NotFound, Refusal, TooManyRequests, fact_types


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


class OldCodeNeeded(Refusal):
    """An address of before has to agree to the change."""

    status = 422
    code = "old_code_needed"
    facts_told = fact_types(tries_left=int)
    title = "Changing an address takes two codes: the one sent to the new address and the one sent to an old one."
    title_id = "Mengganti alamat memerlukan dua kode: yang dikirim ke alamat baru dan yang dikirim ke alamat lama."
    next_action = "Send the code from the old address as old_code, for example 042317."
    next_action_id = "Kirim kode dari alamat lama sebagai old_code, misalnya 042317."


class ProofOfWorkNeeded(TooManyRequests):
    """Many codes were asked for from this network; a further one is sent for a proof of work, or to a known device."""

    code = "proof_of_work_needed"
    facts_told = fact_types(challenge=str, bits=int)
    title = "Many codes are asked for from your network, so this one needs a short computation."
    title_id = "Banyak kode diminta dari jaringan Anda, jadi permintaan ini memerlukan perhitungan singkat."
    next_action = (
        "Send as proof the challenge, a colon and a text so that SHA-256 of all begins with so many zero bits, "
        "for example pw1.x.18.1.y:4711; or send the token of a known device."
    )
    next_action_id = (
        "Kirim sebagai proof: challenge, titik dua dan teks sehingga SHA-256 diawali sekian bit nol, "
        "misalnya pw1.x.18.1.y:4711; atau kirim token perangkat yang dikenal."
    )


class SmsBudgetSpent(TooManyRequests):
    """The country had all the codes by SMS of a day."""

    code = "sms_budget_spent"
    title = "Today no more codes go by SMS to numbers of this country."
    title_id = "Hari ini tidak ada lagi kode yang dikirim lewat SMS ke nomor negara ini."
    next_action = "Use an email address, for example name@example.org, or a known device, or try again tomorrow."
    next_action_id = "Gunakan alamat email, misalnya nama@contoh.id, atau perangkat yang dikenal, atau coba lagi besok."


class NumberNeeded(Refusal):
    """A code by SMS was asked for after a registration without a number."""

    status = 409
    code = "number_needed"
    title = "At registration no telephone number is known, so no code can go by SMS."
    title_id = "Pada saat pendaftaran belum ada nomor telepon, jadi kode tidak dapat dikirim lewat SMS."
    next_action = (
        "Register again with your number as phone, for example 0812 3456 7890, or sign in if you have an account."
    )
    next_action_id = (
        "Daftar lagi dengan nomor Anda sebagai phone, misalnya 0812 3456 7890, atau masuk bila sudah punya akun."
    )


class SecondCodeNeeded(Refusal):
    """The device is new, and the account has another address that has to agree."""

    status = 422
    code = "second_code_needed"
    facts_told = fact_types(
        cause=Literal["not_verified"], second_code_channel=Channel, expires_at=datetime, tries_left=int
    )
    title = "This device is new, so the account's other address has to agree: a code was sent there."
    title_id = "Perangkat ini baru, jadi alamat lain akun ini harus menyetujui: kode sudah dikirim ke sana."
    next_action = (
        "Send both codes, the other one as second_code, for example 912073; without that address: second_lost."
    )
    next_action_id = (
        "Kirim kedua kode, yang lain sebagai second_code, misalnya 912073; bila alamat itu hilang: second_lost."
    )


class RecoveryWaits(Refusal):
    """The other address is said to be lost; it has some days to object."""

    status = 409
    code = "recovery_waits"
    facts_told = fact_types(cause=Literal["not_verified"], recover_at=datetime)
    title = "The other address was told of this sign-in; the account opens with one address after some days."
    title_id = "Alamat lain sudah diberi tahu; akun dapat dibuka dengan satu alamat setelah beberapa hari."
    next_action = "Sign in again after recover_at, with second_lost again. With both addresses it opens at once."
    next_action_id = "Masuk lagi setelah recover_at, dengan second_lost. Dengan kedua alamat akun langsung terbuka."


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
    facts_told = fact_types(tries_left=int)
    title = "This is not the code that was sent."
    title_id = "Kode ini tidak sama dengan yang dikirim."
    next_action = "Read the newest message again and type its six digits."
    next_action_id = "Baca lagi pesan terbaru dan masukkan enam angkanya."


class CodeExpired(Refusal):
    """The newest code is too old."""

    status = 410
    code = "code_expired"
    facts_told = fact_types(tries_left=int)
    title = "The code has expired."
    title_id = "Kode sudah kedaluwarsa."
    next_action = "Ask for a new code."
    next_action_id = "Minta kode baru."


class CodeSuperseded(Refusal):
    """A newer code was sent after this one."""

    status = 409
    code = "code_superseded"
    facts_told = fact_types(tries_left=int)
    title = "A newer code has been sent; only the newest one counts."
    title_id = "Kode yang lebih baru sudah dikirim; hanya yang terbaru berlaku."
    next_action = "Type the code of the newest message."
    next_action_id = "Masukkan kode dari pesan terbaru."


class CodeUsed(Refusal):
    """The code has done its work."""

    status = 409
    code = "code_used"
    facts_told = fact_types(tries_left=int)
    title = "This code has been used."
    title_id = "Kode ini sudah dipakai."
    next_action = "Ask for a new code to sign in again."
    next_action_id = "Minta kode baru untuk masuk lagi."


class TooManyTries(TooManyRequests):
    """Every try of this code is used up for the one who tries; at a sign-in the long code of the message counts."""

    code = "too_many_tries"
    facts_told = fact_types(tries_left=int)
    title = "The code was typed wrong too often and does not count any more."
    title_id = "Kode salah dimasukkan terlalu sering dan tidak berlaku lagi."
    next_action = "Ask for a new code, and read it from the newest message."
    next_action_id = "Minta kode baru, dan bacalah dari pesan terbaru."


USE_LONG_CODE: Final = "Type the long code of the newest message, such as ABCD-EFGH-JKLM, or ask for a new code."
USE_LONG_CODE_ID: Final = "Masukkan kode panjang dari pesan terbaru, misalnya ABCD-EFGH-JKLM, atau minta kode baru."
"""Next action instead where a message for signing in has a long code."""
