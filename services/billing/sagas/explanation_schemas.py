"""Explanations over HTTP."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Self

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from services.billing.field_types import Id
from services.billing.sagas.explanation import ExplainedFact, Explanation
from shared.fields.numbers import BILLING_CODE, NTPN
from shared.http.schema import Path, View


def _read_reference(text: str) -> str:
    """Return a billing code or an NTPN in its written form, and every other reference as it is."""
    for form in (BILLING_CODE, NTPN):
        with contextlib.suppress(PydanticCustomError):
            return form.read(text)
    return text


class ReferencePath(Path):
    """A billing code, an NTPN (both as they are typed), or the id of a bill or refund case."""

    reference: Annotated[Id, AfterValidator(_read_reference)]


class ToldView(View):
    """One fact."""

    at: datetime
    about: str
    what: str
    cause: str | None
    rule: str | None
    amounts: Mapping[str, int] | None

    @classmethod
    def of(cls, told: ExplainedFact) -> Self:
        """As it is shown."""
        names = ("at", "about", "what", "cause", "rule", "amounts")
        return cls(**{name: getattr(told, name) for name in names})


class ExplanationView(View):
    """Where something stands, and everything that led there, in the order of time."""

    reference: str
    standing: tuple[str, ...]
    facts: tuple[ToldView, ...]

    @classmethod
    def of(cls, explanation: Explanation) -> Self:
        """As it is shown."""
        facts = tuple(map(ToldView.of, explanation.facts))
        return cls(reference=explanation.reference, standing=explanation.standing, facts=facts)
