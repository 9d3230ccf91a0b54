"""Every endpoint of application: those of the rooms, with audit and session check."""

from __future__ import annotations

from typing import Final

from services.application.appeals import routes as appeals
from services.application.calendar_file import routes as calendar_file
from services.application.collection import routes as collection
from services.application.corrections import routes as corrections
from services.application.counter import routes as counter
from services.application.crossings import routes as crossings
from services.application.documents import routes as documents
from services.application.drafts import routes as drafts
from services.application.drafts import settlement_routes as settlement
from services.application.earlier_books import routes as earlier_books
from services.application.evidence import routes as evidence
from services.application.http import APPLICATION
from services.application.issuance import routes as issuance
from services.application.letters import routes as letters
from services.application.own_data import routes as own_data
from services.application.passport_imports import routes as passport_imports
from services.application.passports import routes as passports
from services.application.replacements import routes as replacements
from services.application.requirements import routes as requirements
from shared.audit.acting import audited
from shared.audit.routes import audit_endpoints
from shared.events.application import ApplicationDataRead
from shared.http.endpoint import Endpoint, with_session_check
from shared.key_turn.routes import key_turn_endpoints
from shared.retention.routes import retention_endpoints

audit = audit_endpoints("application", lambda call: call.app[APPLICATION].audit_book)
retention = retention_endpoints("application", lambda call: call.app[APPLICATION].retention)
key_turns = key_turn_endpoints("application", lambda call: call.app[APPLICATION].key_turns)

_DRAFT: Final = "a draft binds nobody: what is sent is checked again at the submission, which asks for a live session"

WITHOUT_SESSION_CHECK: Final = {
    "begin": _DRAFT,
    "answer": _DRAFT,
    "begin_upload": _DRAFT,
    "send_bytes": _DRAFT,
}
"""Endpoints that a token may still call in its last minutes after its session has ended."""

ENDPOINTS: Final[tuple[Endpoint, ...]] = with_session_check(
    audited(
        (
            *requirements.api.all,
            *letters.forms.all,
            *drafts.api.all,
            *settlement.api.all,
            *earlier_books.api.all,
            *letters.letter.all,
            *collection.api.all,
            *calendar_file.api.all,
            *crossings.api.all,
            *documents.api.all,
            *evidence.api.all,
            *passports.api.all,
            *replacements.api.all,
            *passport_imports.api.all,
            *counter.visits.all,
            *corrections.api.all,
            *issuance.api.all,
            *appeals.api.all,
            *own_data.api.all,
            *letters.office_letter.all,
            *counter.office_day.all,
            *audit.all,
            *retention.all,
            *key_turns.all,
        ),
        lambda call: call.app[APPLICATION].audit,
        ApplicationDataRead,
    ),
    WITHOUT_SESSION_CHECK,
)
