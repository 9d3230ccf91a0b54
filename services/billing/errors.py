"""Refusals that all rooms share; those of one room stand in its own ``errors.py``."""

from __future__ import annotations

from shared.errors import NotAllowed, Refusal


class NotYourOffice(NotAllowed):
    """It belongs to an office that the caller does not work for, or concerns every office."""

    code = "not_your_office"
    title = "This belongs to another office than those you work for."
    title_id = "Ini milik kantor lain di luar kantor yang Anda layani."
    next_action = "Ask that office, or headquarters; operators list the offices that a treasurer serves."
    next_action_id = "Hubungi kantor tersebut atau kantor pusat; operator menetapkan kantor yang dilayani bendahara."


class SecondPersonNeeded(Refusal):
    """The person who proposed it cannot also decide on it."""

    status = 403
    code = "second_person_needed"
    title = "Another person than who proposed it must decide."
    title_id = "Keputusan harus diambil oleh orang lain, bukan pengusul."
    next_action = "Ask another treasurer or an operator to decide."
    next_action_id = "Minta bendahara lain atau operator untuk memutuskan."
