"""Settings of identity, read from the environment."""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, field_validator
from pydantic_settings import NoDecode

from services.identity.rules import (
    AddressChangeRules,
    AssistanceRules,
    BusyNetworkRules,
    CheckRules,
    CodeRules,
    CorrectionRules,
    ExportRules,
    LeavingRules,
    LockRules,
    MatchRules,
    ReadingRules,
    RegistryRules,
    SecondFactorRules,
    SessionRules,
    StaffPasswordRules,
)
from shared.crypto.sealed import SealedBox
from shared.production import (
    AllEncrypted,
    Anything,
    AtLeast,
    AtMost,
    Between,
    Encrypted,
    MustBeTrue,
    RealMailbox,
    SharedSecret,
    SomeNetworks,
    TrialOnly,
)
from shared.settings import Environment, ServiceSettings

SESSIONS: Final = SessionRules()
CODES: Final = CodeRules()
BUSY_NETWORKS: Final = BusyNetworkRules()
ADDRESS_CHANGES: Final = AddressChangeRules()
LEAVINGS: Final = LeavingRules()
REGISTRY: Final = RegistryRules()
CHECKS: Final = CheckRules()
CORRECTIONS: Final = CorrectionRules()
MATCHES: Final = MatchRules()
EXPORTS: Final = ExportRules()
ASSISTANCES: Final = AssistanceRules()
READINGS: Final = ReadingRules()
LOCKS: Final = LockRules()
STAFF_PASSWORDS: Final = StaffPasswordRules()
SECOND_FACTORS: Final = SecondFactorRules()

_PEM: Final = re.compile(r"-----BEGIN ([A-Z ]+)-----.+?-----END \1-----", re.DOTALL)


def read_pems(text: str) -> tuple[str, ...]:
    """Return the PEM blocks in a text, in order; line breaks may be written as a backslash and n."""
    return tuple(found.group(0) for found in _PEM.finditer(text.replace("\\n", "\n")))


def _has_a_key(value: SecretStr) -> SecretStr:
    if not read_pems(value.get_secret_value()):
        raise ValueError("it holds no PEM block")
    return value


def _is_sealing_key(value: str) -> str:
    SealedBox.for_recipient(value)
    return value


SealingKey = Annotated[str, AfterValidator(_is_sealing_key)]

SHORTEST_SECRET: Final = 32
"""Characters of a secret by which an operator is made: `openssl rand -base64 32` gives 44."""


def read_secrets(text: str) -> tuple[str, ...]:
    """Return the secrets in a text, joined by commas."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _are_long(value: SecretStr | None) -> SecretStr | None:
    if value is not None and any(len(secret) < SHORTEST_SECRET for secret in read_secrets(value.get_secret_value())):
        raise ValueError("one of them is too short")
    return value


FirstOperatorSecrets = Annotated[SecretStr | None, AfterValidator(_are_long)]


class Settings(ServiceSettings):
    """Identity's settings; durations in seconds, with the real values as defaults."""

    database: str = Field("paspor_identity", min_length=1, max_length=38, pattern=r"^[a-z][a-z0-9_]*$")
    http_port: int = Field(8101, ge=0, le=65535, description="the port to listen on; 0 takes a free one")

    token_signing_keys: Annotated[SecretStr, AfterValidator(_has_a_key)] = Field(
        description="EC P-256 private keys as PEM, one after the other; the first signs, all are published"
    )
    notification_sealing_public_key: SealingKey = Field(description="base64 of notification's X25519 public key")
    application_sealing_public_key: SealingKey = Field(description="base64 of application's X25519 public key")

    access_seconds: Annotated[int, Between(60, 3600, "other services believe a token until it ends")] = Field(
        SESSIONS.access_seconds, ge=1, description="life of an applicant's access token"
    )
    staff_access_seconds: Annotated[int, Between(60, 900, "a locked member of staff is believed until it ends")] = (
        Field(SESSIONS.staff_access_seconds, ge=1, description="life of a staff access token")
    )
    session_seconds: Annotated[int, Between(3600, 90 * 86400, "a stolen telephone stays logged in")] = Field(
        SESSIONS.session_seconds, ge=1, description="life of an applicant's session"
    )
    staff_session_seconds: Annotated[int, Between(900, 86400, "counters are left open over night")] = Field(
        SESSIONS.staff_session_seconds, ge=1, description="life of a staff session"
    )
    device_seconds: Annotated[int, Between(7 * 86400, 180 * 86400, "recycled numbers would open accounts")] = Field(
        SESSIONS.device_seconds, ge=1, description="how long a device is known after its last sign-in"
    )
    refresh_grace_seconds: Annotated[int, Between(10, 300, "a lost answer needs it, a thief uses it")] = Field(
        SESSIONS.refresh_grace_seconds, ge=0, description="how long the previous refresh token is answered again"
    )

    address_undo_seconds: Annotated[int, AtLeast(86_400, "who is robbed of an address needs days to see it")] = Field(
        ADDRESS_CHANGES.undo_seconds,
        ge=1,
        description="how long a change of address can be undone by the link in the messages about it",
    )

    recovery_seconds: Annotated[int, Between(86_400, 14 * 86_400, "its owner needs time to object, and to come in")] = (
        Field(
            ADDRESS_CHANGES.recovery_seconds,
            ge=1,
            description="how long an account waits before one of its two addresses opens it on a new device",
        )
    )

    leaving_grace_seconds: Annotated[
        int, Between(7 * 86_400, 30 * 86_400, "who is robbed needs days to see it, and erasure is owed in time")
    ] = Field(LEAVINGS.grace_seconds, ge=1, description="how long a leaving can be undone before anything is erased")

    code_seconds: Annotated[int, Between(120, 1800, "mail takes a while, and a code can be guessed meanwhile")] = Field(
        CODES.lifetime_seconds, ge=1, description="life of a one-time code"
    )
    code_skew_seconds: Annotated[int, AtMost(120, "it lengthens the life of a code")] = Field(
        CODES.skew_seconds, ge=0, description="clock skew tolerated at its end"
    )
    code_tries: Annotated[int, AtMost(5, "six digits are found by trying")] = Field(
        CODES.tries, ge=1, le=10, description="wrong tries until a code stops counting"
    )
    guesses_per_day: Annotated[int, Between(50, 350, "codes are guessed, or owners need the long code")] = Field(
        CODES.guesses_per_day, ge=1, description="wrong tries of all codes of one address in a day"
    )
    code_resend_seconds: Annotated[int, AtLeast(30, "people would be flooded with codes")] = Field(
        CODES.resend_seconds, ge=0, description="pause between two codes to one address"
    )
    codes_per_hour: Annotated[int, AtMost(10, "people would be flooded with codes")] = Field(
        CODES.codes_per_hour, ge=1, le=20, description="codes to one address in an hour"
    )
    codes_per_network_minute: Annotated[int, AtMost(120, "codes would be sent to strangers on end")] = Field(
        BUSY_NETWORKS.per_minute, ge=1, description="codes asked for by one network before it has to compute"
    )
    codes_per_network_hour: Annotated[int, AtMost(1200, "codes would be sent to strangers on end")] = Field(
        BUSY_NETWORKS.per_hour, ge=1, description="the same in an hour"
    )
    proof_bits: Annotated[int, Between(16, 24, "a proof costs nothing, or telephones never finish it")] = Field(
        BUSY_NETWORKS.proof_bits, ge=1, le=32, description="zero bits of a proof of work of a busy network"
    )
    second_channel_seconds: Annotated[int, AtLeast(20, "each code would be paid for as SMS too")] = Field(
        CODES.second_channel_seconds, ge=1, description="wait for email before SMS is tried"
    )

    dukcapil_url: Annotated[
        str, Encrypted("personal data and money are told there", "Write the agency's https:// address")
    ] = Field("http://127.0.0.1:8201", pattern=r"^https?://", description="the civil registry")
    dukcapil_institution: str = Field("paspor", pattern=r"^[A-Za-z0-9_-]{1,40}$", description="our name there")
    dukcapil_user: str = Field("paspor", min_length=1, description="our user id there")
    dukcapil_password: Annotated[SecretStr, SharedSecret("it opens the civil registry", 8)] = Field(
        description="our password there"
    )
    dukcapil_try_seconds: Annotated[float, AtLeast(1, "the registry takes that long")] = Field(
        REGISTRY.try_seconds, gt=0, description="patience with one call"
    )
    dukcapil_tries: Annotated[int, Anything("the field itself ends at five")] = Field(
        REGISTRY.tries, ge=1, le=5, description="calls before the check waits"
    )
    name_match_percent: Annotated[int, AtLeast(80, "another person's name would pass")] = Field(
        MATCHES.name_percent, ge=50, le=100, description="how alike a name must be"
    )
    failed_checks_per_day: Annotated[int, AtMost(20, "particulars are found by trying")] = Field(
        CHECKS.failed_tries_per_day, ge=1, description="failed identity checks of one applicant in a day"
    )
    failed_checks_per_nik_per_day: Annotated[int, AtMost(100, "particulars are found by trying")] = Field(
        CHECKS.failed_tries_per_nik_per_day,
        ge=1,
        description="failed checks of one NIK over all accounts in a day, from which on an account has one",
    )
    checks_per_day: Annotated[int, AtMost(100, "the registry's calls of a day are for the whole country")] = Field(
        CHECKS.checks_per_day, ge=1, description="identity checks of one applicant in a day, however they end"
    )
    registry_first_pause_seconds: Annotated[float, AtLeast(1, "a registry that comes back would be run over")] = Field(
        CHECKS.first_pause_seconds, gt=0, description="pause after the registry was silent"
    )
    registry_longest_pause_seconds: Annotated[float, AtLeast(30, "a registry that comes back would be run over")] = (
        Field(CHECKS.longest_pause_seconds, gt=0, description="longest such pause")
    )

    correction_seconds: Annotated[int, Between(3600, 7 * 86400, "the original lies before both officers")] = Field(
        CORRECTIONS.open_seconds, ge=1, description="how long a correction waits for a second officer"
    )
    assistance_seconds: Annotated[int, Between(900, 12 * 3600, "an officer acts for a person as long as it lasts")] = (
        Field(
            ASSISTANCES.lifetime_seconds,
            ge=1,
            le=12 * 3600,
            description="life of an assistance: some hours, and never past a working day of twelve",
        )
    )
    assistance_codes_per_office_hour: Annotated[int, AtMost(600, "codes would be sent to strangers on end")] = Field(
        ASSISTANCES.codes_per_office_hour,
        ge=1,
        description="codes that one office may have sent to people it assists: one a minute over all counters",
    )

    reads_per_hour: Annotated[int, Between(10, 500, "an alert that comes daily, or never, is none")] = Field(
        READINGS.persons_per_hour,
        ge=1,
        description="persons whose data one member of staff reads in an hour before operators are alerted",
    )
    reads_elsewhere_per_hour: Annotated[int, AtMost(50, "a stolen token would read a country unseen")] = Field(
        READINGS.persons_elsewhere_per_hour, ge=0, description="of them those whose matter is another office's"
    )
    longest_hold_days: Annotated[int, AtMost(365, "persons have a right to see reads of their data")] = Field(
        READINGS.longest_hold_days, ge=1, description="how long two operators may delay that a read is shown"
    )
    exports_per_day: Annotated[
        int, Between(1, 10, "each is work for every service, and the law gives it to people")
    ] = Field(EXPORTS.per_day, ge=1, description="exports of one account's data in a day")
    export_partial_seconds: Annotated[int, Between(60, 86_400, "one silent service would hold back all data")] = Field(
        EXPORTS.partial_seconds, ge=1, description="how long an export waits for a missing part"
    )
    export_kept_seconds: Annotated[int, Between(86_400, 14 * 86_400, "what is kept longer can be stolen longer")] = (
        Field(EXPORTS.kept_seconds, ge=1, description="how long an export can be downloaded")
    )

    controller_name: Annotated[str, Anything("an authority is called as it is called")] = Field(
        "Direktorat Jenderal Imigrasi", min_length=3, max_length=200, description="the controller of the data"
    )
    controller_address: str = Field(
        "Jl. H.R. Rasuna Said Kav. X-6 No. 8, Jakarta Selatan",
        min_length=3,
        max_length=300,
        description="where the controller is written to",
    )
    data_protection_email: Annotated[
        str, RealMailbox("people would write to nobody about their data", "Write the data protection officer's address")
    ] = Field(
        "pelindungan-data@paspor.example",
        min_length=3,
        max_length=254,
        pattern=r"^[^@\s]+@[^@\s]+$",
        description="the data protection officer, as the privacy notice names them",
    )

    office_networks: Annotated[
        tuple[IPv4Network | IPv6Network, ...],
        NoDecode,
        SomeNetworks("strangers would lock officers out", "Write the networks of the offices"),
    ] = Field((), description="networks of the offices: wrong passwords from elsewhere lock no officer there")
    staff_tries: Annotated[int, AtMost(10, "passwords are found by trying")] = Field(
        LOCKS.tries, ge=1, description="wrong passwords that lock a staff account"
    )
    staff_lock_seconds: Annotated[int, AtLeast(300, "passwords are found by trying")] = Field(
        LOCKS.lock_seconds, ge=1, description="how long it stays locked"
    )
    one_time_password_seconds: Annotated[int, Between(3600, 7 * 86400, "it lies on a desk until it is used")] = Field(
        STAFF_PASSWORDS.one_time_seconds, ge=1, description="life of a one-time password of staff"
    )
    second_factor_needed: Annotated[bool, MustBeTrue("a password alone would open the treasury")] = Field(
        True, description="whether treasurers and operators need a second factor"
    )
    second_factor_for_all: Annotated[bool, Anything("offices may begin with the powerful roles")] = Field(
        False, description="whether everybody else on the staff needs one too"
    )
    passkey_domain: Annotated[str, Anything("the host of the public address is taken where it is left out")] = Field(
        "", max_length=253, pattern=r"^[a-z0-9.-]*$", description="domain that passkeys of staff are bound to"
    )
    passkey_origins: Annotated[
        tuple[str, ...],
        NoDecode,
        AllEncrypted("a passkey would answer to a page that anybody can change", "Write https:// addresses"),
    ] = Field((), description="addresses of the pages that use passkeys; without one the public address")
    wrong_second_codes_per_day: Annotated[int, AtMost(100, "six digits are found by trying")] = Field(
        SECOND_FACTORS.wrong_codes_per_day,
        ge=1,
        description="wrong second codes of one member of staff in a day, known devices and offices apart",
    )
    first_operator_secrets: Annotated[
        FirstOperatorSecrets, Anything("each is used once, and 32 characters are demanded everywhere")
    ] = Field(None, description="one-time secrets of 32 characters or more, joined by commas; each makes one operator")
    demo_staff_password: Annotated[
        SecretStr | None, TrialOnly("demo staff are made only where PASPOR_ENVIRONMENT is local or test")
    ] = Field(None, description="if set, demo staff are made with it")
    demo_office_id: str = Field("jakarta-selatan", min_length=1, description="the office of demo staff")

    @field_validator("office_networks", mode="before")
    @classmethod
    def _split_office_networks(cls, value: Any) -> Any:
        return cls._split_networks(value)

    @field_validator("passkey_origins", mode="before")
    @classmethod
    def _split_origins(cls, value: Any) -> Any:
        return read_secrets(value) if isinstance(value, str) else value

    @property
    def session_rules(self) -> SessionRules:
        """How long tokens and sessions live."""
        return SessionRules(
            access_seconds=self.access_seconds,
            staff_access_seconds=self.staff_access_seconds,
            session_seconds=self.session_seconds,
            staff_session_seconds=self.staff_session_seconds,
            refresh_grace_seconds=self.refresh_grace_seconds,
            device_seconds=self.device_seconds,
        )

    @property
    def address_change_rules(self) -> AddressChangeRules:
        """How long a change of address can be undone, and an account waits for a lost address."""
        return AddressChangeRules(undo_seconds=self.address_undo_seconds, recovery_seconds=self.recovery_seconds)

    @property
    def leaving_rules(self) -> LeavingRules:
        """Return how long a leaving can be undone."""
        return LeavingRules(grace_seconds=self.leaving_grace_seconds)

    @property
    def export_rules(self) -> ExportRules:
        """The limits of exports."""
        return ExportRules(
            per_day=self.exports_per_day,
            partial_seconds=self.export_partial_seconds,
            kept_seconds=self.export_kept_seconds,
        )

    @property
    def registry_rules(self) -> RegistryRules:
        """Patience with the civil registry."""
        return RegistryRules(try_seconds=self.dukcapil_try_seconds, tries=self.dukcapil_tries)

    @property
    def assistance_rules(self) -> AssistanceRules:
        """The limits of assistances."""
        return AssistanceRules(
            lifetime_seconds=self.assistance_seconds,
            codes_per_office_hour=self.assistance_codes_per_office_hour,
        )

    @property
    def reading_rules(self) -> ReadingRules:
        """When staff read unusually much, and how long a hold lasts at most."""
        return ReadingRules(
            persons_per_hour=self.reads_per_hour,
            persons_elsewhere_per_hour=self.reads_elsewhere_per_hour,
            longest_hold_days=self.longest_hold_days,
        )

    @property
    def staff_password_rules(self) -> StaffPasswordRules:
        """How long one-time passwords of staff can be used."""
        return StaffPasswordRules(one_time_seconds=self.one_time_password_seconds)

    @property
    def second_factor_rules(self) -> SecondFactorRules:
        """The limits of second factors."""
        return SecondFactorRules(wrong_codes_per_day=self.wrong_second_codes_per_day)

    @property
    def passkey_site(self) -> tuple[str, tuple[str, ...]]:
        """The domain that passkeys are bound to, and the origins of the pages that use them."""
        public = urlsplit(self.public_url)
        domain = self.passkey_domain or public.hostname or ""
        return domain, self.passkey_origins or (f"{public.scheme}://{public.netloc}",)

    @property
    def code_rules(self) -> CodeRules:
        """The limits of codes."""
        return CodeRules(
            lifetime_seconds=self.code_seconds,
            skew_seconds=self.code_skew_seconds,
            tries=self.code_tries,
            guesses_per_day=self.guesses_per_day,
            resend_seconds=self.code_resend_seconds,
            codes_per_hour=self.codes_per_hour,
            second_channel_seconds=self.second_channel_seconds,
        )

    @property
    def busy_network_rules(self) -> BusyNetworkRules:
        """When a network is busy, and what it has to prove then."""
        return BusyNetworkRules(
            per_minute=max(1, round(self.codes_per_network_minute * self.rate_factor)),
            per_hour=max(1, round(self.codes_per_network_hour * self.rate_factor)),
            proof_bits=self.proof_bits,
        )

    @property
    def check_rules(self) -> CheckRules:
        """The limits of identity checks."""
        return CheckRules(
            failed_tries_per_day=self.failed_checks_per_day,
            failed_tries_per_nik_per_day=self.failed_checks_per_nik_per_day,
            checks_per_day=self.checks_per_day,
            first_pause_seconds=self.registry_first_pause_seconds,
            longest_pause_seconds=self.registry_longest_pause_seconds,
        )

    @property
    def correction_rules(self) -> CorrectionRules:
        """Return how long a correction waits for a second officer."""
        return CorrectionRules(open_seconds=self.correction_seconds)

    @property
    def match_rules(self) -> MatchRules:
        """When the registry's answers confirm."""
        return MatchRules(name_percent=self.name_match_percent)

    @property
    def lock_rules(self) -> LockRules:
        """When a staff account is locked."""
        return LockRules(tries=self.staff_tries, lock_seconds=self.staff_lock_seconds)

    @property
    def allows_test_domains(self) -> bool:
        """Whether addresses under ``.test`` are taken; never where real people are."""
        return self.environment is not Environment.PRODUCTION

    @property
    def allows_loopback_providers(self) -> bool:
        """Whether an office's sign-in provider may be this very machine, over plain http; never in production."""
        return self.environment is not Environment.PRODUCTION

    def operator_secrets(self) -> tuple[str, ...]:
        """Return the secrets each of which makes one operator; none unless they are set."""
        return read_secrets(self.first_operator_secrets.get_secret_value()) if self.first_operator_secrets else ()

    def signing_pems(self) -> tuple[str, ...]:
        """Return the signing keys, the current one first."""
        return read_pems(self.token_signing_keys.get_secret_value())
