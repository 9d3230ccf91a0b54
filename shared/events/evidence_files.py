"""The form in which services tell that a request names pictures of evidence; each has an event of its own. Pure."""

from __future__ import annotations

from typing import Annotated

from shared.events.coded import Coded
from shared.events.codes import EvidencePurpose
from shared.events.message import Event


class EvidenceNamed(Event):
    """A request names pictures of evidence. Ids and codes; application shows the pictures to those who decide, if they
    are of one of these accounts, or of a visitor without one at this office.
    """

    purpose: Annotated[str, Coded(EvidencePurpose)]
    """A :class:`~shared.events.codes.EvidencePurpose`."""
    case_id: str
    """The request: a refund case, a bill that was paid, or a visit."""
    evidence_ids: tuple[str, ...]
    account_ids: tuple[str, ...] = ()
    """The account that asks, and those that were joined into it; none for a visitor without an account."""
    office_id: str | None = None
    """The office that the request belongs to; None: those who serve all offices alone see the pictures."""
