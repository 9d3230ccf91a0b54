"""Explanations over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from services.billing.field_types import Id, StateView
from shared.http.schema import Path


class ReferencePath(Path):
    """A billing code, an NTPN, or the id of a bill or refund case."""

    reference: Id


class ExplainedFactView(StateView):
    """One fact."""

    at: datetime
    about: str
    what: str
    cause: str | None
    rule: str | None
    amounts: Mapping[str, int] | None


class ExplanationView(StateView):
    """The state of a bill, receipt or refund case, and the facts that led to it, in the order of time."""

    reference: str
    standing: tuple[str, ...]
    facts: tuple[ExplainedFactView, ...]
