"""The use cases of identity: each loads, decides by the domain, and saves once."""

from __future__ import annotations

from services.identity.service.accounts import Accounts
from services.identity.service.applicants import Applicants
from services.identity.service.checks import CivilRegistry, RegistryChecks
from services.identity.service.identity import Identity
from services.identity.service.invariants import Invariants
from services.identity.service.sessions import Credentials, Sessions
from services.identity.service.signing_in import SigningIn
from services.identity.service.staff import StaffDesk
from services.identity.service.staff_admin import StaffAdmin
from services.identity.service.staff_entry import StaffEntry

__all__ = [
    "Accounts",
    "Applicants",
    "CivilRegistry",
    "Credentials",
    "Identity",
    "Invariants",
    "RegistryChecks",
    "Sessions",
    "SigningIn",
    "StaffAdmin",
    "StaffDesk",
    "StaffEntry",
]
