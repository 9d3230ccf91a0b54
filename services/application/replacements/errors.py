"""Refusals of replacements."""

from __future__ import annotations

from datetime import date

from shared.errors import Refusal, fact_types


class ReplacementUnderWay(Refusal):
    """The holder has an application that has not ended: one at a time."""

    status = 409
    code = "replacement_under_way"
    facts_told = fact_types(application_id=str)
    title = "An application for the holder of this passport is under way; nothing was begun."
    title_id = "Permohonan untuk pemegang paspor ini sedang berjalan; tidak ada yang dimulai."
    next_action = "Go on with that application, or withdraw it first."
    next_action_id = "Lanjutkan permohonan itu, atau tarik dahulu."


class ReplacementNotDue(Refusal):
    """The passport is valid for longer than a year and no reason was named."""

    status = 409
    code = "replacement_not_due"
    facts_told = fact_types(expires_on=date, example=str)
    title = "This passport does not expire within a year: a replacement needs a reason."
    title_id = "Paspor ini belum akan habis dalam setahun: penggantian memerlukan alasan."
    next_action = "Name pages_full or data_change as the reason, or report the book as lost or damaged first."
    next_action_id = "Sebutkan alasan pages_full atau data_change, atau laporkan dahulu paspor hilang atau rusak."
