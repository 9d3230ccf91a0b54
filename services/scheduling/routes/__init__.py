"""HTTP to use case and back, a module per topic."""

from __future__ import annotations

from typing import Final

from services.scheduling.routes import (
    appointments,
    assisting,
    counter,
    evening,
    flags,
    hurry,
    office_edits,
    offices,
    openings,
    papers,
    parties,
    priority,
    queue,
    quota,
    seat_chains,
    special,
    waiting,
)
from services.scheduling.routes.common import SCHEDULING
from shared.audit.acting import audited

__all__ = ["ENDPOINTS", "SCHEDULING"]

ENDPOINTS: Final = audited(
    (
        *offices.endpoints.all,
        *quota.endpoints.all,
        *office_edits.endpoints.all,
        *appointments.endpoints.all,
        *assisting.endpoints.all,
        *counter.endpoints.all,
        *openings.endpoints.all,
        *special.endpoints.all,
        *queue.endpoints.all,
        *papers.endpoints.all,
        *evening.endpoints.all,
        *waiting.endpoints.all,
        *parties.endpoints.all,
        *priority.endpoints.all,
        *hurry.endpoints.all,
        *flags.endpoints.all,
        *seat_chains.endpoints.all,
        *seat_chains.audit.all,
    ),
    lambda call: call.app[SCHEDULING].audit,
)
