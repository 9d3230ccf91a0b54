"""Refusals about border crossings."""

from __future__ import annotations

from typing import Literal

from shared.errors import NotAllowed, fact_types


class CrossingsConsentMissing(NotAllowed):
    """The account has not agreed to this purpose; nothing is asked of the border system."""

    code = "crossings_consent_missing"
    facts_told = fact_types(purpose=Literal["border_crossings"])
    title = "Border crossings are shown only once you have agreed to it."
    title_id = "Riwayat perlintasan hanya ditampilkan setelah Anda menyetujuinya."
    next_action = (
        "Read the purpose in the privacy notice and give the consent, for example with given true and the notice's "
        "version at PUT /v1/account/consents/border_crossings."
    )
    next_action_id = (
        "Baca tujuannya dalam pemberitahuan privasi dan berikan persetujuan, misalnya dengan given true dan versi "
        "pemberitahuan di PUT /v1/account/consents/border_crossings."
    )


class CrossingsOfGrownChild(NotAllowed):
    """The child is 17: its guardian sees its crossings no more."""

    code = "crossings_of_grown_child"
    facts_told = fact_types(applicant_id=str)
    title = "This person is 17 or older: only they themselves see their border crossings."
    title_id = "Orang ini sudah berusia 17 tahun: riwayat perlintasannya hanya dapat dilihat olehnya sendiri."
    next_action = "Let them open an account of their own, with their own email address, for example sari@example.org."
    next_action_id = "Mintalah ia membuat akun sendiri dengan alamat surelnya, misalnya sari@contoh.id."
