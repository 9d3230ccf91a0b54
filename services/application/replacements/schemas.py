"""Replacements over HTTP."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from services.application.replacements.prefilled import OpenReason
from shared.http.schema import Body


class BeginReplacement(Body):
    """Begin a replacement. The state of the book is the reason; another one is named here."""

    reason: Annotated[OpenReason, Field(strict=False)] | None = Field(
        None, description="of a book that is neither lost, damaged nor expiring", examples=["pages_full"]
    )
