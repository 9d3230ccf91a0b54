"""Field types that the schemas of several rooms share."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from shared.http.schema import Query

MAX_RUPIAH = 10**12

Id = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._-]+$")]


class ApplicationQuery(Query):
    """Which application."""

    application_id: Id
