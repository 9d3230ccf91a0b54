"""What is refused about refund cases."""

from __future__ import annotations

from shared.errors import NotFound


class RefundUnknown(NotFound):
    """No refund case of that id, or it is somebody else's."""

    code = "refund_unknown"
    title = "There is no such refund case."
    title_id = "Perkara pengembalian tidak ditemukan."
    next_action = "List the refund cases of your application and use an id from there."
    next_action_id = "Buka daftar pengembalian permohonan Anda dan gunakan id dari sana."
