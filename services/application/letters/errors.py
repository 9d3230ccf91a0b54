"""Refusals about letters."""

from __future__ import annotations

from shared.errors import Refusal


class LetterNotMade(Refusal):
    """The letter could not be typeset; the visit is certain without it."""

    status = 409
    code = "letter_not_made"
    title = "The cover letter could not be made; the office has been told."
    title_id = "Surat pengantar tidak dapat dibuat; kantor sudah diberi tahu."
    next_action = "Your visit is certain all the same: come with your queue code and your identity card."
    next_action_id = "Jadwal Anda tetap berlaku: datang dengan kode antrean dan KTP Anda."
