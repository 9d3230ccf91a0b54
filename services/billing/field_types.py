"""What the schemas of several topics share."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from services.billing.bills.model import Bill
from shared.http.schema import Query

MAX_RUPIAH = 10**12
JAKARTA_NAME = "Asia/Jakarta"

Id = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._-]+$")]
Ntpn = Annotated[str, Field(min_length=16, max_length=16, pattern=r"^[A-Z0-9]{16}$", examples=["A1B2C3D4E5F60718"])]
Ntb = Annotated[str, Field(min_length=6, max_length=20, pattern=r"^[A-Za-z0-9]+$", examples=["123456789012"])]
"""Its length is unconfirmed; 12 is usual."""


class ApplicationQuery(Query):
    """Which application."""

    application_id: Id


def next_check_at(bill: Bill) -> datetime | None:
    """When billing looks at SIMPONI again for this bill by itself (F36)."""
    return min((bill.due[name] for name in ("ask", "poll", "expire") if name in bill.due), default=None)
