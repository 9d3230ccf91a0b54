"""Why an assistance does not begin, or cannot be ended."""

from __future__ import annotations

from datetime import datetime

from shared.errors import NotFound, Refusal, TooManyRequests, fact_types


class AssistanceUnknown(NotFound):
    """There is no such assistance, or it is not the caller's to see."""

    code = "assistance_unknown"
    title = "There is no such assistance."
    title_id = "Pendampingan ini tidak ada."
    next_action = "List yours at GET /v1/assistances; one that began with a letter is there in a moment."
    next_action_id = "Lihat daftar Anda di GET /v1/assistances; yang dimulai dengan surat muncul sesaat lagi."


class AssistanceHasEnded(Refusal):
    """Its time is over, or somebody ended it."""

    status = 409
    code = "assistance_has_ended"
    title = "This assistance has ended."
    title_id = "Pendampingan ini sudah berakhir."
    next_action = "Begin a new one with the person's consent at POST /v1/assistances."
    next_action_id = "Mulai yang baru dengan persetujuan orangnya di POST /v1/assistances."


class AddressHasNoAccount(Refusal):
    """The code was right, and no account belongs to the address that it was sent to."""

    status = 409
    code = "address_has_no_account"
    title = "No account belongs to this address."
    title_id = "Tidak ada akun dengan alamat ini."
    next_action = "Have the person register with this address first, or ask for the address of their account."
    next_action_id = "Minta orangnya mendaftar dengan alamat ini dahulu, atau tanyakan alamat akunnya."


class SeveralAccounts(Refusal):
    """Several accounts speak for the person of this identity card; `count` says how many."""

    status = 409
    code = "several_accounts"
    facts_told = fact_types(count=int)
    title = "Several accounts speak for this person."
    title_id = "Beberapa akun mewakili orang ini."
    next_action = "Ask the person for an address of their account, then repeat with it as identifier."
    next_action_id = "Tanyakan alamat akunnya, lalu ulangi dengan alamat itu sebagai identifier."


class OfficeAskedTooOften(TooManyRequests):
    """The office had as many codes sent as an hour allows."""

    code = "office_asked_too_often"
    facts_told = fact_types(resend_after=datetime)
    title = "This office has had as many codes sent as an hour allows."
    title_id = "Kantor ini sudah mengirim kode sebanyak batas satu jam."
    next_action = "Scan the QR on the letter or see the identity card, or ask again after the time given."
    next_action_id = "Pindai QR pada surat atau periksa KTP asli, atau minta lagi setelah waktu yang disebutkan."
