"""Why a letter does not begin an assistance."""

from __future__ import annotations

from shared.errors import Refusal


class LetterUsedUp(Refusal):
    """This letter has begun an assistance; it does so once, also for holders of a copy of its code."""

    status = 409
    code = "letter_used_up"
    title = "This letter has begun an assistance before; it does so once."
    title_id = "Surat ini sudah pernah dipakai untuk memulai pendampingan; hanya berlaku satu kali."
    next_action = "Ask for a code to the person's telephone at POST /v1/assistances, or see their identity card."
    next_action_id = "Minta kode ke telepon pemohon di POST /v1/assistances, atau periksa KTP aslinya."
