"""Requests of the public for the chains of seats."""

from __future__ import annotations

from services.scheduling.field_types import Id
from shared.http.schema import IsoDate, Path, Query


class SeatChainPath(Path):
    """The office and the day of the visits."""

    office_id: Id
    date: IsoDate


class RootsQuery(Query):
    """The day on which roots were published."""

    date: IsoDate
