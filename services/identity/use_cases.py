"""All use cases of identity, made from its tools."""

from __future__ import annotations

from collections.abc import Collection

from argon2 import PasswordHasher

from services.identity.accounts.service import Accounts
from services.identity.address_changes.service import AddressChanges
from services.identity.applicants.registry_check import CivilRegistry, RegistryChecks
from services.identity.applicants.service import Applicants
from services.identity.assistances.service import Assistances
from services.identity.context import Tools
from services.identity.invariants import Invariants
from services.identity.sessions.service import LiveSessions, Sessions
from services.identity.sign_in.service import SigningIn
from services.identity.staff.administration import StaffAdmin
from services.identity.staff.operator_roster_service import StaffRoster
from services.identity.staff.own_password import StaffEntry
from services.identity.staff.passwords import StaffPasswords
from services.identity.staff.sign_in import StaffDesk
from shared.audit import Audit
from shared.audit.chaining import AuditBook
from shared.tokens import TokenIssuer


class Identity:
    """Who you are: one attribute per group of use cases."""

    def __init__(
        self,
        tools: Tools,
        issuer: TokenIssuer,
        registry: CivilRegistry,
        regions: Collection[str],
        *,
        password_hasher: PasswordHasher | None = None,
    ) -> None:
        self.issuer = issuer
        self.public_url = tools.settings.public_url.rstrip("/")
        self.sessions = Sessions(tools, issuer)
        self.signing_in = SigningIn(tools, self.sessions)
        self.accounts = Accounts(tools)
        self.address_changes = AddressChanges(tools, self.signing_in, self.sessions)
        self.signing_in.on_address_change(self.address_changes.apply, self.address_changes.asked_again)
        self.live_sessions = LiveSessions(tools)
        self.applicants = Applicants(tools, regions)
        self.checks = RegistryChecks(tools, registry)
        self.audit = Audit(tools.repository.store, tools.clock, tools.ids)
        self.audit_book = AuditBook(tools.repository.store, tools.clock, tools.ids)
        passwords, roster = StaffPasswords(tools, self.audit, password_hasher), StaffRoster(tools)
        self.staff = StaffDesk(tools, self.sessions, self.audit, passwords, roster)
        self.staff_entry = StaffEntry(tools, passwords, roster)
        self.assistances = Assistances(tools, self.signing_in, self.audit)
        self.staff_admin = StaffAdmin(tools, self.audit, passwords, roster, self.assistances)
        self.invariants = Invariants(tools)
        self.repository = tools.repository
