"""Every endpoint of notification: those of the rooms, with audit and session check."""

from __future__ import annotations

from typing import Final

from services.notification.account_feeds import routes as account_feeds
from services.notification.contacts import routes as contacts
from services.notification.deliveries import routes as deliveries
from services.notification.event_schemas import routes as event_schemas
from services.notification.http import NOTIFICATION
from services.notification.office_contacts import routes as office_contacts
from services.notification.webhooks import routes as webhooks
from shared.audit.acting import audited
from shared.audit.routes import audit_endpoints
from shared.events.data_reads import DataRead
from shared.http.endpoint import Endpoint, with_session_check
from shared.key_turn.routes import key_turn_endpoints
from shared.retention.routes import retention_endpoints

retention = retention_endpoints("notification", lambda call: call.app[NOTIFICATION].retention)
key_turns = key_turn_endpoints("notification", lambda call: call.app[NOTIFICATION].key_turns)

audit = audit_endpoints("notification", lambda call: call.app[NOTIFICATION].audit_book)

ENDPOINTS: Final[tuple[Endpoint, ...]] = with_session_check(
    audited(
        (
            *deliveries.api.all,
            *contacts.api.all,
            *office_contacts.api.all,
            *account_feeds.api.all,
            *deliveries.receipts.all,
            *webhooks.api.all,
            *event_schemas.api.all,
            *audit.all,
            *retention.all,
            *key_turns.all,
        ),
        lambda call: call.app[NOTIFICATION].audit,
        DataRead,  # no answer shows staff a person, so none is ever told
    ),
    without={},
)
