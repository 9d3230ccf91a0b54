"""Every endpoint of identity: those of the rooms, with audit and session check."""

from __future__ import annotations

from typing import Final

from services.identity.accounts import routes as accounts
from services.identity.address_changes import routes as address_changes
from services.identity.applicants import routes as applicants
from services.identity.assistances import routes as assistances
from services.identity.consents import routes as consents
from services.identity.exports import routes as exports
from services.identity.http import IDENTITY
from services.identity.joins import routes as joins
from services.identity.privacy_notice import routes as privacy_notice
from services.identity.sign_in import routes as sign_in
from services.identity.staff import admin_routes as staff_admin
from services.identity.staff import routes as staff
from services.identity.tokens import routes as tokens
from shared.audit.acting import audited
from shared.audit.routes import audit_endpoints
from shared.http.endpoint import Endpoint, with_session_check

audit = audit_endpoints("identity", lambda call: call.app[IDENTITY].audit_book)

ENDPOINTS: Final[tuple[Endpoint, ...]] = with_session_check(
    audited(
        (
            *sign_in.api.all,
            *tokens.api.all,
            *accounts.api.all,
            *address_changes.api.all,
            *joins.api.all,
            *privacy_notice.api.all,
            *consents.api.all,
            *exports.api.all,
            *applicants.api.all,
            *staff.api.all,
            *staff_admin.api.all,
            *assistances.api.all,
            *audit.all,
        ),
        lambda call: call.app[IDENTITY].audit,
        by_themselves=(
            "look_up_person",
            *staff_admin.AUDITED_IN_THE_USE_CASE,
            *assistances.AUDITED_IN_THE_USE_CASE,
        ),
    ),
    without={},
)
