"""HTTP to use case and back, a module per topic."""

from __future__ import annotations

from typing import Final

from services.scheduling.routes import appointments, counter, offices, openings
from services.scheduling.routes.common import SCHEDULING

__all__ = ["ENDPOINTS", "SCHEDULING"]

ENDPOINTS: Final = (*offices.endpoints.all, *appointments.endpoints.all, *counter.endpoints.all, *openings.endpoints.all)
