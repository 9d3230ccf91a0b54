"""Schemas of events over HTTP."""

from __future__ import annotations

from typing import Annotated

from pydantic import StringConstraints

from shared.http.schema import Path, View

LONGEST_TYPE = 100


class EventTypePath(Path):
    """The type of a message."""

    event_type: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_TYPE, pattern=r"^[a-z0-9_.]+$")]


class EventSchemasView(View):
    """The addresses of the schemas of all messages, and of the catalogue of all."""

    schemas: tuple[str, ...]
    asyncapi: str
