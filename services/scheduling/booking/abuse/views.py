"""Flags as the office sees them."""

from __future__ import annotations

from services.scheduling.booking.abuse.flag import Flag
from services.scheduling.booking.abuse.schemas import EvidenceView, FlagView
from shared.store.kinds import Record


def flag_view(record: Record[Flag]) -> FlagView:
    """A flag as it is shown."""
    flag = record.state
    return FlagView(
        flag_id=record.id,
        office_id=flag.office_id,
        state=flag.status.value,
        pattern=flag.pattern.value,
        subject=flag.subject.value,
        subject_id=flag.subject_id,
        day=flag.day,
        holds=flag.holds,
        releases=flag.releases,
        moves=flag.moves,
        persons=flag.persons,
        evidence=[EvidenceView.model_validate(evidence, from_attributes=True) for evidence in flag.evidence],
        made_at=flag.made_at,
        reviewed_by=flag.reviewed_by,
        reviewed_at=flag.reviewed_at,
    )
