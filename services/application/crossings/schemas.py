"""Border crossings over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Self

from services.application.crossings.crossing import Crossing, Direction
from services.application.crossings.service import SeenCrossings, SourceState
from services.application.texts import Text
from shared.http.schema import View

NOTES: Final = {
    SourceState.OFF: Text("Border crossings are not shown here.", "Riwayat perlintasan tidak ditampilkan di sini."),
    SourceState.ANSWERED: Text("As the border system tells it.", "Sesuai keterangan sistem perlintasan."),
    SourceState.DOWN: Text(
        "The border system does not answer. Look again later.",
        "Sistem perlintasan tidak menjawab. Lihat lagi nanti.",
    ),
}
CONTRADICTING: Final = Text(
    "The border system's entries contradict each other: ask an immigration office.",
    "Catatan sistem perlintasan saling bertentangan: tanyakan kepada kantor imigrasi.",
)


class CrossingView(View):
    """One crossing of the border."""

    direction: Direction
    at: datetime
    place: str

    @classmethod
    def from_crossing(cls, crossing: Crossing) -> Self:
        """Return the view of a crossing."""
        return cls(direction=crossing.direction, at=crossing.at, place=crossing.place)


class BorderCrossingsView(View):
    """The border crossings of an applicant, the newest first."""

    applicant_id: str
    available: bool
    """Whether the border system is connected here; without it the list is empty."""
    source_state: SourceState
    as_of: datetime | None
    """When the border system was heard of last; null if it never was."""
    crossings: list[CrossingView]
    contradicting: bool
    note: str
    note_in_indonesian: str

    @classmethod
    def from_seen(cls, seen: SeenCrossings) -> Self:
        """Return the view of the crossings."""
        words = CONTRADICTING if seen.is_contradicting else NOTES[seen.source]
        return cls(
            applicant_id=seen.applicant_id,
            available=seen.source is not SourceState.OFF,
            source_state=seen.source,
            as_of=seen.as_of,
            crossings=[CrossingView.from_crossing(crossing) for crossing in seen.crossings],
            contradicting=seen.is_contradicting,
            note=words.en,
            note_in_indonesian=words.id,
        )
