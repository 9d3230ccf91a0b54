"""Pictures of evidence as requests name them and as cases show them; application keeps them (docs/adr/0072)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Final

from pydantic import Field

from shared.http.schema import View

MOST_EVIDENCE_FILES: Final = 5
"""Pictures that one request names: both sides of a card and a letter of three pages."""

_EvidenceId = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9-]+$")]

EvidenceIds = Annotated[
    list[_EvidenceId],
    Field(
        max_length=MOST_EVIDENCE_FILES,
        default_factory=list,
        description="pictures uploaded by `POST /v1/evidence` for this purpose; those of others stay hidden",
    ),
]


class EvidenceFileView(View):
    """A picture that a request names. Application answers at `url` once it knows of the request."""

    evidence_id: str
    url: str


def view_evidence_files(evidence_ids: Iterable[str]) -> list[EvidenceFileView]:
    """Return the pictures that a case names, in the order of their naming."""
    return [EvidenceFileView(evidence_id=name, url=f"/v1/evidence/{name}/content") for name in evidence_ids]
