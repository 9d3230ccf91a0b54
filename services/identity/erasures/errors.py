"""Refusals of erasures."""

from __future__ import annotations

from shared.errors import NotFound


class ErasureUnknown(NotFound):
    """No service has told of an erasure of that id."""

    code = "erasure_unknown"
    title = "No service has reported such an erasure yet."
    title_id = "Belum ada layanan yang melaporkan penghapusan tersebut."
    next_action = "Check the id; a service reports some minutes after the order."
    next_action_id = "Periksa id; layanan melapor beberapa menit setelah perintah."
