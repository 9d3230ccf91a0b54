"""All use cases of identity, joined."""

from __future__ import annotations

from collections.abc import Collection

from argon2 import PasswordHasher

from services.identity.accounts.service import Accounts
from services.identity.address_changes.service import AddressChanges
from services.identity.applicants.invariants import ApplicantInvariants
from services.identity.applicants.officer_corrections import OfficerCorrections
from services.identity.applicants.particulars_check import ParticularsChecks
from services.identity.applicants.registry_check import CivilRegistry, RegistryChecks
from services.identity.applicants.service import Applicants
from services.identity.assistances.service import Assistances
from services.identity.consents.service import Consents
from services.identity.context import UseCaseContext
from services.identity.exports.own_part import IdentityParts
from services.identity.exports.service import Exports
from services.identity.joins.service import Joins
from services.identity.privacy_notice.notice import Notices
from services.identity.privacy_notice.notice_file import load_notices
from services.identity.sessions.credentials import CredentialIssuer
from services.identity.sign_in.challenge import Purpose
from services.identity.sign_in.service import SigningIn
from services.identity.staff.administration import StaffAdmin
from services.identity.staff.first_operator import FirstOperators
from services.identity.staff.invariants import StaffInvariants
from services.identity.staff.operator_roster_service import StaffRoster
from services.identity.staff.own_password import OwnPasswords
from services.identity.staff.passwords import StaffPasswords
from services.identity.staff.person_lookup import PersonLookups
from services.identity.staff.sign_in import StaffSignIn
from services.identity.tokens.disowning import Disowning
from services.identity.tokens.service import LiveSessions, Sessions
from shared.audit import Audit
from shared.audit.chaining import AuditBook
from shared.tokens import TokenIssuer


class Identity:
    """Accounts, sessions, applicants and staff: one attribute per group of use cases."""

    def __init__(
        self,
        context: UseCaseContext,
        issuer: TokenIssuer,
        registry: CivilRegistry,
        regions: Collection[str],
        *,
        password_hasher: PasswordHasher | None = None,
        notices: Notices | None = None,
    ) -> None:
        self.context = context
        self.issuer = issuer
        self.public_url = context.settings.public_url.rstrip("/")
        self.audit = Audit(context.store, context.clock, context.ids)
        self.audit_book = AuditBook(context.store, context.clock, context.ids)
        self.credentials = credentials = CredentialIssuer(context, issuer)
        self.sessions = Sessions(context, credentials)
        self.live_sessions = LiveSessions(context)
        self.disowning = Disowning(context)
        self.signing_in = SigningIn(context, credentials)
        self.accounts = Accounts(context)
        self.address_changes = AddressChanges(context, self.signing_in, credentials, self.audit)
        self.joins = Joins(context, self.signing_in, self.address_changes, credentials, self.audit)
        changes = dict.fromkeys((Purpose.PHONE_CHANGE, Purpose.EMAIL_CHANGE), self.address_changes.apply)
        self.notices = notices or load_notices()
        self.consents = Consents(context, self.notices)
        own_parts = IdentityParts(context, self.consents)
        self.exports = Exports(context, self.signing_in, self.address_changes, credentials, own_parts, self.audit)
        uses = {**changes, Purpose.ACCOUNT_JOIN: self.joins.apply, Purpose.DATA_EXPORT: self.exports.apply}
        self.signing_in.on_proof(uses, self.address_changes.find_change_request)
        particulars_checks = ParticularsChecks(context, regions)
        self.applicants = Applicants(context, particulars_checks)
        self.officer_corrections = OfficerCorrections(context, particulars_checks)
        self.checks = RegistryChecks(context, registry)
        self.applicant_invariants = ApplicantInvariants(context)
        self.assistances = Assistances(context, self.signing_in, self.audit)
        passwords, roster = StaffPasswords(context, self.audit, password_hasher), StaffRoster(context)
        self.staff = StaffSignIn(context, credentials, passwords, roster)
        self.first_operators = FirstOperators(context, passwords, roster)
        self.own_passwords = OwnPasswords(context, passwords, roster)
        self.staff_admin = StaffAdmin(context, self.audit, passwords, roster, self.assistances)
        self.staff_invariants = StaffInvariants(context)
        self.person_lookup = PersonLookups(context, self.audit)
