"""Explanations over HTTP."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from services.billing.field_types import Id, StateView
from shared.fields.numbers import BILLING_CODE, NTPN
from shared.http.schema import Path


def _read_reference(text: str) -> str:
    """Return a billing code or an NTPN in its written form, and every other reference as it is."""
    for form in (BILLING_CODE, NTPN):
        with contextlib.suppress(PydanticCustomError):
            return form.read(text)
    return text


class ReferencePath(Path):
    """A billing code, an NTPN (both as they are typed), or the id of a bill or refund case."""

    reference: Annotated[Id, AfterValidator(_read_reference)]


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
