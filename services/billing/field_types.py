"""Field types and base classes that the schemas of several rooms share."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from shared.http.schema import Query, View

MAX_RUPIAH = 10**12

Id = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._-]+$")]
Ntpn = Annotated[str, Field(min_length=16, max_length=16, pattern=r"^[A-Z0-9]{16}$", examples=["A1B2C3D4E5F60718"])]
Ntb = Annotated[str, Field(min_length=6, max_length=20, pattern=r"^[A-Za-z0-9]+$", examples=["123456789012"])]
"""Its length is unconfirmed; 12 is usual."""


class StateView(View):
    """A view that takes its fields by their names from the state that it shows: `XView.model_validate(state)`."""

    model_config = ConfigDict(from_attributes=True)


class ApplicationQuery(Query):
    """The application in the query."""

    application_id: Id
