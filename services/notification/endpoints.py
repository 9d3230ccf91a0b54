"""Every endpoint of notification: those of the rooms, with session check."""

from __future__ import annotations

from typing import Final

from services.notification.account_feeds import routes as account_feeds
from services.notification.contacts import routes as contacts
from services.notification.deliveries import routes as deliveries
from services.notification.http import NOTIFICATION
from shared.http.endpoint import Endpoint, with_session_check
from shared.key_turn.routes import key_turn_endpoints
from shared.retention.routes import retention_endpoints

retention = retention_endpoints("notification", lambda call: call.app[NOTIFICATION].retention)
key_turns = key_turn_endpoints("notification", lambda call: call.app[NOTIFICATION].key_turns)

ENDPOINTS: Final[tuple[Endpoint, ...]] = with_session_check(
    (
        *deliveries.api.all,
        *contacts.api.all,
        *account_feeds.api.all,
        *deliveries.receipts.all,
        *retention.all,
        *key_turns.all,
    ),
    without={},
)
