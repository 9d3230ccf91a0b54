"""Refusals about exports."""

from __future__ import annotations

from shared.errors import Refusal, TooManyRequests, fact_types


class ExportNotReady(Refusal):
    """Parts are still being collected."""

    status = 409
    code = "export_not_ready"
    facts_told = fact_types(missing=list[str])
    title = "Your data are still being collected."
    title_id = "Data Anda masih dikumpulkan."
    next_action = "Wait for the message that they are ready, mostly within a minute."
    next_action_id = "Tunggu pesan bahwa data siap, biasanya dalam satu menit."


class TooManyExports(TooManyRequests):
    """The account had all the exports of a day."""

    code = "too_many_exports"
    facts_told = fact_types(limit=int)
    title = "Your data were exported as often as a day allows."
    title_id = "Data Anda sudah diekspor sebanyak batas satu hari."
    next_action = "Download one of today's, or ask again after the time given."
    next_action_id = "Unduh salah satu ekspor hari ini, atau minta lagi setelah waktu yang disebutkan."
