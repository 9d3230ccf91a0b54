"""Refusals of replacements."""

from __future__ import annotations

from datetime import date

from shared.errors import Refusal, fact_types


class ReplacementNotDue(Refusal):
    """The passport is valid for longer than a year and no reason was named."""

    status = 409
    code = "replacement_not_due"
    facts_told = fact_types(expires_on=date, example=str)
    title = "This passport does not expire within a year: a replacement needs a reason."
    title_id = "Paspor ini belum akan habis dalam setahun: penggantian memerlukan alasan."
    next_action = "Name pages_full or data_change as the reason, or report the book as lost or damaged first."
    next_action_id = "Sebutkan alasan pages_full atau data_change, atau laporkan dahulu paspor hilang atau rusak."
