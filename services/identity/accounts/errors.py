"""Refusals about an account's addresses, and about joining two accounts."""

from __future__ import annotations

from typing import Literal

from services.identity.accounts.channel import Channel
from shared.errors import Refusal, TooManyRequests, fact_types


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


class EmailNotAscii(EmailUnusable):
    """The part before the @ has letters that mails cannot be addressed with here."""

    code = "email_not_ascii"
    title = "Mails cannot be sent to letters such as é or ü before the @."
    title_id = "Surel tidak dapat dikirim ke huruf seperti é atau ü di depan @."
    next_action = "Use an address whose part before the @ has plain letters and digits, such as budi@example.org."
    next_action_id = "Gunakan alamat yang bagian depan @-nya berhuruf dan angka biasa, seperti budi@contoh.id."


class PhoneUnusable(AddressUnusable):
    """The text is no telephone number that can receive an SMS."""

    code = "phone_unusable"
    title = "This is not a mobile number that can receive an SMS."
    title_id = "Ini bukan nomor ponsel yang dapat menerima SMS."
    next_action = (
        "Write a mobile number of 10 to 13 digits such as 0812 3456 7890; one of abroad with + and its country code, "
        "such as +65 9123 4567."
    )
    next_action_id = (
        "Tuliskan nomor ponsel 10 sampai 13 angka seperti 0812 3456 7890; nomor luar negeri dengan + dan kode negara, "
        "seperti +65 9123 4567."
    )


class PhoneCountryUnserved(PhoneUnusable):
    """The number belongs to a country that gets no SMS from here."""

    code = "phone_country_unserved"
    title = "No SMS is sent to numbers of this country."
    title_id = "SMS tidak dikirim ke nomor dari negara ini."
    next_action = "Use an email address, for example name@example.org."
    next_action_id = "Gunakan alamat email, misalnya nama@contoh.id."


class AddressTaken(Refusal):
    """The proven address belongs to another account."""

    status = 409
    code = "address_taken"
    title = "This address belongs to another account."
    title_id = "Alamat ini sudah dipakai akun lain."
    next_action = "Sign in with this address to use that account, or give another one."
    next_action_id = "Masuk dengan alamat ini untuk memakai akun tersebut, atau gunakan alamat lain."


class TooManyAddressChanges(TooManyRequests):
    """The account has had as many changes of address as can be undone."""

    code = "too_many_address_changes"
    facts_told = fact_types(limit=int)
    title = "The addresses of this account were changed as often as some days allow."
    title_id = "Alamat akun ini sudah diganti sebanyak batas beberapa hari."
    next_action = "Use the addresses that the account has, and change again after the time given."
    next_action_id = "Gunakan alamat yang ada, dan ganti lagi setelah waktu yang disebutkan."


class NoAccountToJoin(Refusal):
    """The proven address belongs to no other account."""

    status = 409
    code = "no_account_to_join"
    title = "No other account has this address, so there is nothing to join."
    title_id = "Tidak ada akun lain dengan alamat ini, jadi tidak ada yang digabungkan."
    next_action = "Sign in with the address, for example budi@example.org, to see which account it opens."
    next_action_id = "Masuk dengan alamat itu, misalnya budi@contoh.id, untuk melihat akun yang dibukanya."


class OtherAddressNeeded(Refusal):
    """The account that is to be joined has a second address, which has not agreed."""

    status = 409
    code = "other_address_needed"
    facts_told = fact_types(channel=Channel)
    title = "The other account has two addresses, and only one of them is proven."
    title_id = "Akun yang lain mempunyai dua alamat, dan baru satu yang dibuktikan."
    next_action = (
        "Ask for a code to its other address at POST /v1/account/joins as well, for example 0812 3456 7890, and send "
        "it within 30 minutes."
    )
    next_action_id = (
        "Minta juga kode ke alamatnya yang lain di POST /v1/account/joins, misalnya 0812 3456 7890, dan kirim dalam "
        "30 menit."
    )


class NoRoomToJoin(Refusal):
    """The account that stays has too few places; ``lacking`` says of what, ``limit`` how many there are in all."""

    status = 409
    code = "no_room_to_join"
    facts_told = fact_types(lacking=Literal["accounts", "applicants", "children"], limit=int)
    title = "Your account has too few free places to take the other one."
    title_id = "Akun Anda tidak cukup ruang untuk menerima akun yang lain."
    next_action = "Go on using both accounts, each with its own address; an immigration office can advise you."
    next_action_id = "Tetap gunakan kedua akun dengan alamatnya masing-masing; kantor imigrasi dapat membantu Anda."


class AccountLeaving(Refusal):
    """A leaving of the account goes on: what it would miss cannot begin; ``leaving_id`` names it."""

    status = 409
    code = "account_leaving"
    facts_told = fact_types(leaving_id=str)
    title = "Something of this account is being removed, or the account is being closed."
    title_id = "Ada bagian akun ini yang sedang dihapus, atau akun ini sedang ditutup."
    next_action = "Undo it first, in your account or by the link in the message about it, or wait until it is over."
    next_action_id = "Batalkan dahulu, di akun Anda atau melalui tautan di pesannya, atau tunggu sampai selesai."
