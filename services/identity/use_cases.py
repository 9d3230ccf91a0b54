"""All use cases of identity, joined."""

from __future__ import annotations

from collections.abc import Collection

from argon2 import PasswordHasher

from services.identity.accounts.repository import ACCOUNT
from services.identity.accounts.service import Accounts
from services.identity.accounts.vault import AccountVault
from services.identity.address_changes.service import AddressChanges
from services.identity.applicants.coming_of_age import ComingOfAge
from services.identity.applicants.invariants import ApplicantInvariants
from services.identity.applicants.officer_corrections import OfficerCorrections
from services.identity.applicants.particulars_check import ParticularsChecks
from services.identity.applicants.registry_check import CivilRegistry, RegistryChecks
from services.identity.applicants.service import Applicants
from services.identity.applicants.turned_kinds import ApplicantTurn
from services.identity.assistances.service import Assistances
from services.identity.breaches.repository import BREACH
from services.identity.breaches.service import Breaches
from services.identity.breaches.vault import BreachVault
from services.identity.consents.service import Consents
from services.identity.context import UseCaseContext
from services.identity.data_reads.service import DataReads, ReadingHolds
from services.identity.erasures.service import ErasureReports
from services.identity.exports.own_part import IdentityParts
from services.identity.exports.repository import EXPORT
from services.identity.exports.service import Exports
from services.identity.joins.service import Joins
from services.identity.leaving.service import Leavings
from services.identity.leaving.turned_leaving import LeavingTurn
from services.identity.legal_holds.service import LegalHolds
from services.identity.metrics import Metrics
from services.identity.office_departures.service import OfficeDepartures
from services.identity.office_sign_in.back_channel_logout import BackChannelLogouts
from services.identity.office_sign_in.links import LinkedPasswords, OfficeLinks
from services.identity.office_sign_in.provider_administration import ProviderAdmin
from services.identity.office_sign_in.provider_client import ProviderClient
from services.identity.office_sign_in.repository import OFFICE_LINK, PROVIDER
from services.identity.office_sign_in.service import OfficeSignIns
from services.identity.office_sign_in.vault import OfficeSignInVault
from services.identity.offices.service import Offices
from services.identity.privacy_notice.notice import Notices
from services.identity.privacy_notice.notice_file import load_notices
from services.identity.second_factors.book import SecondFactorBook
from services.identity.second_factors.enrolment import Enrolment
from services.identity.second_factors.own_account import OwnAccounts
from services.identity.second_factors.repository import SECOND_FACTORS
from services.identity.second_factors.resets import FactorResets
from services.identity.second_factors.second_step import SecondSteps
from services.identity.second_factors.vault import SecondFactorVault
from services.identity.sessions.credentials import CredentialIssuer
from services.identity.sign_in.challenge import Purpose
from services.identity.sign_in.repository import CHALLENGE
from services.identity.sign_in.service import SigningIn
from services.identity.sign_in.vault import ChallengeVault
from services.identity.staff.administration import StaffAdmin
from services.identity.staff.first_operator import FirstOperators
from services.identity.staff.invariants import StaffInvariants
from services.identity.staff.operator_roster_service import StaffRoster
from services.identity.staff.own_password import OwnPasswords
from services.identity.staff.passwords import StaffPasswords
from services.identity.staff.person_lookup import PersonLookups
from services.identity.staff.repository import STAFF
from services.identity.staff.sign_in import StaffSignIn
from services.identity.staff.vault import StaffVault
from services.identity.staff_imports.service import StaffImports
from services.identity.tokens.disowning import Disowning
from services.identity.tokens.service import LiveSessions, Sessions
from shared.audit import Audit
from shared.audit.chaining import AuditBook
from shared.key_turn.service import KeyTurns
from shared.key_turn.steps import TurnedKind
from shared.retention.service import Retention
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
        self.signing_in = SigningIn(context, credentials)
        self.accounts = Accounts(context)
        self.address_changes = AddressChanges(context, self.signing_in, credentials, self.audit)
        self.joins = Joins(context, self.signing_in, self.address_changes, credentials, self.audit)
        changes = dict.fromkeys((Purpose.PHONE_CHANGE, Purpose.EMAIL_CHANGE), self.address_changes.apply)
        self.notices = notices or load_notices()
        self.consents = Consents(context, self.notices)
        own_parts = IdentityParts(context, self.consents)
        self.exports = Exports(context, self.signing_in, self.address_changes, credentials, own_parts, self.audit)
        self.leavings = Leavings(context, self.signing_in, self.address_changes, credentials, self.audit)
        uses = {
            **changes,
            Purpose.ACCOUNT_JOIN: self.joins.apply,
            Purpose.ACCOUNT_LEAVING: self.leavings.apply,
            Purpose.DATA_EXPORT: self.exports.apply,
        }
        self.signing_in.on_proof(uses, self.address_changes.find_change_request)
        particulars_checks = ParticularsChecks(context, regions)
        self.applicants = Applicants(context, particulars_checks)
        self.officer_corrections = OfficerCorrections(context, particulars_checks)
        self.coming_of_age = ComingOfAge(context)
        self.checks = RegistryChecks(context, registry)
        self.applicant_invariants = ApplicantInvariants(context)
        self.assistances = Assistances(context, self.signing_in, self.audit)
        self._wire_staff(context, password_hasher)
        self.person_lookup = PersonLookups(context)
        self.legal_holds = LegalHolds(context, self.audit)
        self.erasure_reports = ErasureReports(context)
        self.retention: Retention  # given by the composition root, which has the platform
        self.metrics = Metrics()
        self.data_reads = DataReads(context, self.metrics)
        self.exports.hide_reads(self.data_reads.find_hidden_reasons)
        self.reading_holds = ReadingHolds(context)
        self.breaches = Breaches(context, self.metrics)
        self.key_turns = _key_turns(context)

    def _wire_staff(self, context: UseCaseContext, password_hasher: PasswordHasher | None) -> None:
        credentials = self.credentials
        passwords, roster = StaffPasswords(context, self.audit, password_hasher), StaffRoster(context)
        factor_book = SecondFactorBook(context)
        self.disowning = Disowning(context, passwords)
        self.staff = StaffSignIn(context, credentials, passwords, roster, LinkedPasswords(context), factor_book)
        self.enrolment = Enrolment(context, factor_book)
        self.own_accounts = OwnAccounts(context, passwords, factor_book, self.signing_in)
        self.first_operators = FirstOperators(context, passwords, roster)
        self.own_passwords = OwnPasswords(context, passwords, roster)
        self.offices = Offices(context)
        self.staff_admin = StaffAdmin(context, self.audit, passwords, roster, self.assistances, self.offices)
        self.factor_resets = FactorResets(context, self.audit, factor_book, self.staff_admin)
        self.staff_imports = StaffImports(context, self.staff_admin)
        self.office_departures = OfficeDepartures(context, self.staff_admin, self.offices)
        self.staff_invariants = StaffInvariants(context)
        allow_loopback = context.settings.allows_loopback_providers
        providers = ProviderClient(context.clock, context.randomness, allow_loopback=allow_loopback)
        self.office_sign_ins = OfficeSignIns(context, credentials, passwords, self.audit, providers, factor_book)
        self.back_channel_logouts = BackChannelLogouts(context, self.audit, providers)
        self.second_steps = SecondSteps(context, factor_book, passwords, self.staff, self.office_sign_ins)
        self.provider_admin = ProviderAdmin(context, self.staff_admin)
        self.office_links = OfficeLinks(context, self.staff_admin)


def _key_turns(context: UseCaseContext) -> KeyTurns:
    """Return the turn of all that identity keeps. Challenges end by themselves within a day, exports within a week."""
    accounts, staff, challenges = AccountVault(context.seals), StaffVault(context.seals), ChallengeVault(context.seals)
    factors, providers = SecondFactorVault(context), OfficeSignInVault(context.seals)
    breaches, cipher = BreachVault(context.seals), context.seals.cipher
    kinds = (
        TurnedKind(ACCOUNT, lambda _id, account: accounts.is_current(account), accounts.turned),
        *ApplicantTurn(context).kinds(),
        TurnedKind(STAFF, lambda _id, member: staff.is_current(member), staff.turned),
        TurnedKind(CHALLENGE, lambda _id, challenge: challenges.is_current(challenge)),
        TurnedKind(SECOND_FACTORS, lambda _id, known: factors.is_current(known), factors.turned),
        TurnedKind(PROVIDER, lambda _id, provider: providers.is_current(provider), providers.turned),
        LeavingTurn(context).kind(),
        TurnedKind(OFFICE_LINK, lambda _id, link: providers.is_link_current(link), providers.link_turned),
        TurnedKind(BREACH, lambda _id, breach: breaches.is_current(breach), breaches.turned),
        TurnedKind(EXPORT, lambda _id, export: not cipher.needs_rotation(export.private_key)),
    )
    key_ids = (context.person_keys.master_key_id, context.seals.fingerprints.current_id)
    return KeyTurns(context.store, context.clock, key_ids, kinds, (context.person_keys,))
