"""Field types and base classes that the schemas of several rooms share."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from shared.http.schema import Query, View

MAX_RUPIAH = 10**12

Id = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._-]+$")]


class StateView(View):
    """A view that takes its fields by their names from the state that it shows: `XView.model_validate(state)`."""

    model_config = ConfigDict(from_attributes=True)


class ApplicationQuery(Query):
    """The application in the query."""

    application_id: Id
