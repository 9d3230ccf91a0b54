"""Requests of the public for the chains of seats."""

from __future__ import annotations

from datetime import datetime

from services.scheduling.field_types import Id
from shared.http.schema import IsoDate, Path, Query, View


class SeatChainPath(Path):
    """The office and the day of the visits."""

    office_id: Id
    date: IsoDate


class RootsQuery(Query):
    """The day on which roots were published."""

    date: IsoDate


class SeatCommitmentView(View):
    """The salts by which the holder of a seat finds their own lines of one public chain, as `docs/ledger.md` says."""

    chain: str
    chain_url: str
    salt: str
    """Secret: whoever knows it and the appointment's id can tell which lines are the holder's."""
    commitment: str
    """SHA-256 over the canonical JSON of `["paspor commitment", salt, appointment_id]`; it stands in the chain."""


class PublicRecordView(View):
    """Where an appointment stands in the public chains of seats."""

    appointment_id: str
    linked_until: datetime
    """Steps before this are on their chain; later ones follow within some seconds."""
    seats: list[SeatCommitmentView]
    """One for each office and day that the visit had, by chain."""
