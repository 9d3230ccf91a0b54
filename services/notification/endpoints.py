"""Every endpoint of notification: those of the rooms, with session check."""

from __future__ import annotations

from typing import Final

from services.notification.contacts import routes as contacts
from services.notification.deliveries import routes as deliveries
from shared.http.endpoint import Endpoint, with_session_check

ENDPOINTS: Final[tuple[Endpoint, ...]] = with_session_check(
    (*deliveries.api.all, *contacts.api.all, *deliveries.receipts.all), without={}
)
