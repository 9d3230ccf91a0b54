"""Bills that an office asks for, over HTTP."""

from __future__ import annotations

from typing import Literal

from services.billing.field_types import Id
from shared.http.schema import Body


class AskSameDay(Body):
    """The application whose visit is today."""

    application_id: Id
    purpose: Literal["same_day"] = "same_day"
