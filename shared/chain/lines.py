"""The lines of exports and of published roots, as the interface describes them: each is a JSON object."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from pydantic import RootModel

from shared.http.schema import View


class ChainEnd(View):
    """Where a chain ends in this export."""

    seq: int
    hash: str


class ExportStart(View):
    """The first line of an export: what it is, and where each of its chains ends."""

    kind: Literal["seats", "ledger", "audit"]
    format: int
    made_at: datetime
    chains: dict[str, ChainEnd]


class ChainLink(View):
    """One fact on a chain."""

    chain: str
    seq: int
    source: str
    at: datetime
    fact: dict[str, Any]
    """The public fact; docs/ledger.md has the members of each kind."""
    commitment: str | None
    previous: str
    hash: str


class PostingLink(ChainLink):
    """A posting, with the receipt that it belongs to."""

    receipt_id: str | None


class AuditLink(ChainLink):
    """An act of staff, with its actor and subject until they are erased."""

    actor_id: str | None = None
    subject: str | None = None


class ExportEnd(View):
    """The last line of an export."""

    kind: Literal["end"]
    lines: int
    """The number of lines before it."""


class RootsStart(View):
    """The first line of the roots that were published on a day."""

    kind: Literal["roots"]
    format: int
    published_on: date


class ChainRoot(View):
    """Where a chain ended when the day did."""

    chain: str
    seq: int
    hash: str


class RootsEnd(ExportEnd):
    """The last line, with one root over all of them."""

    root: str


class SeatChainLine(RootModel[ExportStart | ChainLink | ExportEnd]):
    """A line of the export of seats."""


class JournalLine(RootModel[ExportStart | PostingLink | ExportEnd]):
    """A line of the export of postings."""


class AuditExportLine(RootModel[ExportStart | AuditLink | ExportEnd]):
    """A line of the export of an audit."""


class RootsLine(RootModel[RootsStart | ChainRoot | RootsEnd]):
    """A line of published roots."""
