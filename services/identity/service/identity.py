"""All use cases of identity, made from its tools."""

from __future__ import annotations

from collections.abc import Collection

from argon2 import PasswordHasher

from services.identity.service.accounts import Accounts
from services.identity.service.address_changes import AddressChanges
from services.identity.service.applicants import Applicants
from services.identity.service.assistances import Assistances
from services.identity.service.checks import CivilRegistry, RegistryChecks
from services.identity.service.invariants import Invariants
from services.identity.service.sessions import LiveSessions, Sessions
from services.identity.service.signing_in import SigningIn
from services.identity.service.staff import StaffDesk
from services.identity.service.staff_admin import StaffAdmin
from services.identity.service.staff_entry import StaffEntry
from services.identity.service.staff_passwords import StaffPasswords
from services.identity.service.staff_roster import StaffRoster
from services.identity.service.tools import Tools
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
