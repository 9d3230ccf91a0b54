"""Codes of why something is not at the issuance system yet."""

from __future__ import annotations

from typing import Final

from services.application.applications.application import Author

DPRI: Final = Author("dpri")
ACKNOWLEDGED: Final = frozenset({"acknowledged", "queued", "printed"})
PRINTED: Final = "printed"
NOT_ACCEPTED: Final = "documents_not_accepted"
UPSTREAM_DOWN: Final = "upstream_down"
NOT_ACKNOWLEDGED: Final = "file_not_acknowledged"
PICTURES_MISSING: Final = "pictures_missing"
FILE_UNKNOWN: Final = "file_unknown"
LOST_THERE: Final = frozenset({NOT_ACKNOWLEDGED, PICTURES_MISSING, FILE_UNKNOWN})
"""The file, or a picture of it, is not there although it was acknowledged: it is handed over again."""
ALREADY_PRINTED: Final = "already_printed"
REJECTED: Final = "rejected"
MOMENTARY: Final = LOST_THERE | frozenset(
    {
        "picture_not_wanted",
        "status_401",
        "status_403",
        "status_404",
        "status_408",
        "status_425",
        "status_429",
        "not_authenticated",
        "not_authorized",
        "forbidden",
        "not_found",
        "too_many_requests",
    }
)
"""Refusals that pass by themselves, or are of our login or address: they say nothing of the file."""
