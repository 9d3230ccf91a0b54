"""Types of fields that several rooms take over HTTP, and queries that several endpoints share."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from shared.audit.reads import ReasonQuery
from shared.http.schema import Query

LARGEST_UPLOAD_BYTES = 50 * 1024 * 1024

Id = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9-]+$")]
Code = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[a-z][a-z0-9_]*$")]


class Assisting(Query):
    """For officers at the counter: whose steps they do, and by which consent."""

    on_behalf_of: Id | None = Field(None, description="the account that a front officer acts for")
    assistance: Id | None = Field(None, description="the live assistance by which they do; POST /v1/assistances")


class Looking(Assisting, ReasonQuery):
    """For staff: also why they read."""
