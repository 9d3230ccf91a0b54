"""Why quota is not given out, or not changed."""

from __future__ import annotations

from shared.errors import Refusal


class NotOpenYet(Refusal):
    """Seats of the session are given out from `opens_at` on; nobody may have one before."""

    status = 409
    code = "not_open_yet"
    title = "Seats of this session are not given out yet."
    title_id = "Kursi pada sesi ini belum dibuka."
    next_action = "Come back at the opening time named here, or choose a session that is open."
    next_action_id = "Kembali pada waktu pembukaan yang disebutkan, atau pilih sesi yang sudah dibuka."
