"""How identity is put together: for the process, for tests and for the simulation alike."""

from __future__ import annotations

import csv
from collections.abc import Awaitable, Callable
from importlib import resources
from typing import Any, Final

from argon2 import PasswordHasher

from services.identity.accounts.repository import ACCOUNT
from services.identity.applicants.registry_check import CivilRegistry
from services.identity.applicants.repository import APPLICANT, PERSON
from services.identity.assistances.repository import ASSISTANCE, OFFICE_CODES
from services.identity.breaches.repository import BREACH, BREACH_NOTICE, BREACH_PERSON
from services.identity.clients import Dukcapil
from services.identity.config import Settings
from services.identity.consents.repository import CONSENTS
from services.identity.context import UseCaseContext
from services.identity.data_reads.repository import READ_ENTRY, READING_ALERT, READING_HOLD
from services.identity.endpoints import ENDPOINTS
from services.identity.erasures.repository import ERASURE_REPORT
from services.identity.erasures.shelves import IdentityShelves, tell_erasure
from services.identity.exports.repository import EXPORT
from services.identity.handlers import Handlers
from services.identity.http import IDENTITY
from services.identity.leaving.repository import LEAVING
from services.identity.legal_holds.repository import LEGAL_HOLD
from services.identity.office_departures.repository import OFFICE_DEPARTURE
from services.identity.office_sign_in.repository import (
    OFFICE_LINK,
    PROVIDER,
    PROVIDER_SESSION,
    RETURNED,
    USED_LOGOUT_TOKEN,
)
from services.identity.offices.repository import OPENED_OFFICE
from services.identity.privacy_notice.notice import Notices
from services.identity.second_factors.repository import SECOND_FACTORS
from services.identity.sign_in.repository import CHALLENGE
from services.identity.staff.repository import ROSTER, STAFF, STRANGER
from services.identity.staff_imports.repository import STAFF_IMPORT
from services.identity.use_cases import Identity
from shared.audit import AUDIT_KINDS
from shared.chain import CHAIN_KINDS
from shared.key_turn.service import KEY_TURN
from shared.retention.service import RETENTION_KINDS, Retention
from shared.service import Parts, Platform
from shared.shared_limits import COUNT
from shared.store.kinds import Kind
from shared.tokens import StaticKeys, TokenIssuer

NAME: Final = "identity"
KINDS: Final[tuple[Kind[Any], ...]] = (
    CHALLENGE,
    ACCOUNT,
    APPLICANT,
    PERSON,
    STAFF,
    STRANGER,
    ROSTER,
    SECOND_FACTORS,
    ASSISTANCE,
    OFFICE_CODES,
    OPENED_OFFICE,
    STAFF_IMPORT,
    OFFICE_DEPARTURE,
    LEAVING,
    CONSENTS,
    EXPORT,
    COUNT,
    READ_ENTRY,
    READING_ALERT,
    READING_HOLD,
    BREACH,
    BREACH_PERSON,
    BREACH_NOTICE,
    LEGAL_HOLD,
    ERASURE_REPORT,
    PROVIDER,
    OFFICE_LINK,
    RETURNED,
    PROVIDER_SESSION,
    USED_LOGOUT_TOKEN,
)
"""Every kind of document that identity keeps."""

REGENCY_DIGITS: Final = 4


def build(
    settings: Settings,
    platform: Platform,
    *,
    dukcapil: CivilRegistry,
    password_hasher: PasswordHasher | None = None,
    notices: Notices | None = None,
    close: Callable[[], Awaitable[None]] | None = None,
) -> Parts:
    """Return the service's parts; ``close`` ends what the client holds open, ``notices`` are of tests."""
    context = UseCaseContext.from_platform(settings, platform)
    signing, *published = settings.signing_pems()
    issuer = TokenIssuer(
        signing,
        settings.token_issuer,
        platform.clock,
        also_published_pem=published,
        audience=settings.token_audience,
    )
    identity = Identity(context, issuer, dukcapil, known_regions(), password_hasher=password_hasher, notices=notices)
    shelves = IdentityShelves(context, identity.audit, identity.exports.end).all()
    identity.retention = retention = Retention(
        NAME,
        platform,
        shelves,
        told=tell_erasure,
        rules=settings.retention_rules(),
        per_second=settings.retention_per_second,
        look_again_after=settings.erasure_look_again_after(),
    )
    identity.leavings.keep_held(retention.holds.hold)
    handlers = Handlers(identity)
    return Parts(
        name=NAME,
        service=identity,
        key=IDENTITY,
        kinds=(*KINDS, *AUDIT_KINDS, *CHAIN_KINDS, KEY_TURN, *RETENTION_KINDS),
        endpoints=ENDPOINTS,
        events={**handlers.events(), **retention.events()},
        commands=handlers.commands(),
        deadlines={**handlers.deadlines(), **retention.deadlines(), **identity.key_turns.deadlines()},
        chores=(*identity.audit_book.kept.chores(), *retention.chores()),
        invariants={
            "five_applicants": identity.applicant_invariants.five_applicants,
            "confirmed_persons": identity.applicant_invariants.confirmed_persons,
            "an_operator_remains": identity.staff_invariants.an_operator_remains,
            "I10_identity_audit": identity.audit_book.kept.checks.only_grow_and_miss_nothing,
        },
        figures=identity.metrics.all(),
        token_keys=StaticKeys(issuer.jwks()),
        sessions=identity.live_sessions,
        start=identity.staff.seed_demo,
        close=close,
    )


def assemble(settings: Settings, platform: Platform) -> Parts:
    """Return the parts with the real civil registry's client, as the process runs them."""
    dukcapil = Dukcapil(settings, platform.clock, platform.randomness)
    return build(settings, platform, dukcapil=dukcapil, close=dukcapil.close)


def known_regions() -> frozenset[str]:
    """Return the regency codes in force, and retired ones that older NIKs still carry."""
    source = resources.files("services.identity").joinpath("data", "regions.csv")
    lines = (line for line in source.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
    return frozenset(row["code"] for row in csv.DictReader(lines) if len(row["code"]) == REGENCY_DIGITS)
