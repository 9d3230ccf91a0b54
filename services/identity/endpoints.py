"""Every endpoint of identity: those of the rooms, with audit and session check."""

from __future__ import annotations

from typing import Final

from services.identity.accounts import routes as accounts
from services.identity.address_changes import routes as address_changes
from services.identity.applicants import routes as applicants
from services.identity.assistances import routes as assistances
from services.identity.breaches import routes as breaches
from services.identity.consents import routes as consents
from services.identity.data_reads import routes as data_reads
from services.identity.erasures import routes as erasures
from services.identity.exports import routes as exports
from services.identity.http import IDENTITY
from services.identity.joins import routes as joins
from services.identity.leaving import routes as leaving
from services.identity.legal_holds import routes as legal_holds
from services.identity.office_departures import routes as office_departures
from services.identity.office_sign_in import admin_routes as office_sign_in_admin
from services.identity.office_sign_in import routes as office_sign_in
from services.identity.privacy_notice import routes as privacy_notice
from services.identity.second_factors import own_account_routes as own_accounts
from services.identity.second_factors import routes as second_factors
from services.identity.sign_in import routes as sign_in
from services.identity.staff import admin_routes as staff_admin
from services.identity.staff import routes as staff
from services.identity.staff_imports import routes as staff_imports
from services.identity.tokens import routes as tokens
from shared.audit.acting import audited
from shared.audit.routes import audit_endpoints
from shared.events.identity import IdentityDataRead
from shared.http.endpoint import Endpoint, with_session_check
from shared.key_turn.routes import key_turn_endpoints
from shared.retention.routes import retention_endpoints

audit = audit_endpoints("identity", lambda call: call.app[IDENTITY].audit_book)
retention = retention_endpoints("identity", lambda call: call.app[IDENTITY].retention)
key_turns = key_turn_endpoints("identity", lambda call: call.app[IDENTITY].key_turns)

ENDPOINTS: Final[tuple[Endpoint, ...]] = with_session_check(
    audited(
        (
            *sign_in.api.all,
            *tokens.api.all,
            *accounts.api.all,
            *address_changes.api.all,
            *joins.api.all,
            *leaving.api.all,
            *privacy_notice.api.all,
            *consents.api.all,
            *exports.api.all,
            *applicants.api.all,
            *staff.api.all,
            *staff_admin.api.all,
            *staff_imports.api.all,
            *office_departures.api.all,
            *office_sign_in.api.all,
            *office_sign_in_admin.api.all,
            *second_factors.api.all,
            *own_accounts.api.all,
            *assistances.api.all,
            *data_reads.api.all,
            *breaches.api.all,
            *legal_holds.api.all,
            *erasures.api.all,
            *audit.all,
            *retention.all,
            *key_turns.all,
        ),
        lambda call: call.app[IDENTITY].audit,
        IdentityDataRead,
        by_themselves=(
            *staff_admin.AUDITED_IN_THE_USE_CASE,
            *second_factors.AUDITED_IN_THE_USE_CASE,
            *assistances.AUDITED_IN_THE_USE_CASE,
            *legal_holds.AUDITED_IN_THE_USE_CASE,
        ),
    ),
    without={},
)
