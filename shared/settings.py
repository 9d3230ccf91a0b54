"""Settings of a process: environment variables with the prefix PASPOR_, read once, never changed.

What a setting may be in production stands beside its field (:mod:`shared.production`).
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, AwareDatetime, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from shared.crypto.keyring import Keyring
from shared.http.body_budget import BODY_BUDGET_BYTES
from shared.http.options import BODY_SECONDS, CONNECTIONS_EACH, LATE_BODIES_EACH, PUBLIC_STREAMS_EACH, HttpOptions
from shared.production import (
    REFUSED,
    Anything,
    AtLeast,
    AtMost,
    Between,
    InsideOrEncrypted,
    OverWithin,
    PublicAddress,
    SomeNetworks,
    WithLogin,
)
from shared.retention.erasure import LOOK_AGAIN_AFTER
from shared.retention.rule import RuleBook, RuleMissing
from shared.retention.rule_book import shipped_rules
from shared.retention.sweep import PER_SECOND

ENV_PREFIX = "PASPOR_"
_KEYS_HINT = "keys as k1:BASE64_OF_32_BYTES[,k0:...], the current one first; one key: openssl rand -base64 32"


class Environment(StrEnum):
    """Where a process runs."""

    PRODUCTION = "production"
    LOCAL = "local"
    TEST = "test"


class LogLevel(StrEnum):
    """The least level that is written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class SettingsWrong(Exception):
    """The environment does not describe a process that can start; the message lists everything and what to set."""


def _readable_keyring(value: SecretStr) -> SecretStr:
    Keyring.parse(value.get_secret_value())
    return value


KeyringText = Annotated[SecretStr, AfterValidator(_readable_keyring)]


class ProcessSettings(BaseSettings):
    """Settings of every process that serves HTTP: where it listens, whom it believes, what it bounds."""

    model_config: ClassVar[SettingsConfigDict] = SettingsConfigDict(
        env_prefix=ENV_PREFIX, frozen=True, extra="ignore", hide_input_in_errors=True, env_ignore_empty=True
    )

    environment: Environment = Field(Environment.PRODUCTION, description="production, local or test")
    http_host: str = Field("127.0.0.1", min_length=1, description="the address to listen on")
    http_port: Annotated[int, Anything("where it listens is the deployment's business")] = Field(
        ge=0, le=65535, description="the port to listen on; 0 takes a free one"
    )
    public_url: Annotated[
        str,
        PublicAddress("it stands in mails and letters", "Write the https:// address that citizens use"),
    ] = Field("http://127.0.0.1:8100", pattern=r"^https?://", description="how the outside world reaches the suite")
    rate_factor: Annotated[float, AtMost(1, "more lets codes and passwords be guessed")] = Field(
        1.0, gt=0, le=1_000_000, description="what every rate limit's count is multiplied with; 1 but for load tests"
    )
    body_budget_bytes: Annotated[int, AtMost(128 * 1024 * 1024, "a container has 384 MiB for everything")] = Field(
        BODY_BUDGET_BYTES, ge=1024 * 1024, description="bytes of request bodies that are held in memory together"
    )
    log_level: LogLevel = Field(LogLevel.INFO, description="debug, info, warning or error")
    shutdown_seconds: Annotated[int, AtLeast(3, "running requests need time to end")] = Field(
        10, ge=0, le=300, description="seconds given to running requests at the end"
    )
    trusted_proxies: Annotated[
        tuple[IPv4Network | IPv6Network, ...],
        NoDecode,
        SomeNetworks("anybody would name any address as their own", "Write the networks of your own proxies"),
    ] = Field((), description="networks whose X-Forwarded-For is believed, as 10.0.0.0/8,192.168.0.0/16")

    agency_addresses: Annotated[
        tuple[IPv4Network | IPv6Network, ...],
        NoDecode,
        SomeNetworks("everybody would have the places that agencies need", "Write the networks of the agencies"),
    ] = Field((), description="networks of SIMPONI and the SMS gateway, whose calls have places of their own")
    body_seconds: Annotated[float, Between(2, 60, "slow lines need time, and half-sent bodies take it")] = Field(
        BODY_SECONDS, gt=0, le=300, description="within this time a request's body must have arrived"
    )
    late_bodies_per_address: Annotated[int, AtMost(256, "one address would take the places of all")] = Field(
        LATE_BODIES_EACH, ge=1, le=10_000, description="requests of one address whose body is late"
    )
    streams_per_address: Annotated[int, AtMost(64, "one address would take the streams of all")] = Field(
        PUBLIC_STREAMS_EACH, ge=1, le=10_000, description="public streams (call displays) open to one address"
    )
    connections_per_address: Annotated[int, AtMost(2048, "one address would take the connections of all")] = Field(
        CONNECTIONS_EACH, ge=1, le=100_000, description="connections open to one address that is no trusted proxy"
    )

    @property
    def is_production(self) -> bool:
        """Whether people depend on this process."""
        return self.environment is Environment.PRODUCTION

    @field_validator("trusted_proxies", "agency_addresses", mode="before")
    @classmethod
    def _split_networks(cls, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        return tuple(ip_network(part.strip()) for part in value.split(",") if part.strip())

    @field_validator("log_level", "environment", mode="before")
    @classmethod
    def _small_letters(cls, value: Any) -> Any:
        return value.lower() if isinstance(value, str) else value

    @classmethod
    def load(cls, **given: Any) -> Self:
        """Read the environment; `given` values win. Refuses with one `SettingsWrong` that lists all that is wrong."""
        try:
            return cls(**given)
        except ValidationError as error:
            raise SettingsWrong(_everything_wrong(cls, error)) from None

    def http_options(self) -> HttpOptions:
        """The limits of the HTTP layer, with what is set for this process."""
        return HttpOptions(
            trusted_proxies=self.trusted_proxies,
            rate_factor=self.rate_factor,
            agency_networks=self.agency_addresses,
            body_seconds=self.body_seconds,
            late_bodies_each=self.late_bodies_per_address,
            public_streams_each=self.streams_per_address,
            connections_each=self.connections_per_address,
            body_budget_bytes=self.body_budget_bytes,
        )


class ServiceSettings(ProcessSettings):
    """Settings of every service; each service's `config.py` subclasses it, giving `database` and `http_port`."""

    mongo_url: Annotated[
        str, WithLogin("everybody who reaches the port reads it all", "Write mongodb://USER:PASSWORD@HOST:PORT/?...")
    ] = Field(repr=False, pattern=r"^mongodb(\+srv)?://", description="mongodb://host:port/?replicaSet=rs0")
    amqp_url: Annotated[
        str, WithLogin("each service has rights of its own", "Write amqp://USER:PASSWORD@HOST:PORT/")
    ] = Field(repr=False, pattern=r"^amqps?://", description="amqp://user:password@host:port/vhost")
    database: str = Field(
        min_length=1, max_length=38, pattern=r"^[a-z][a-z0-9_]*$", description="the service's own database"
    )
    master_keys: KeyringText = Field(description=_KEYS_HINT)
    fingerprint_keys: KeyringText = Field(description=_KEYS_HINT)
    jwks_url: Annotated[
        str,
        InsideOrEncrypted("whoever answers there decides whose tokens are good", "Write https:// or an inside name"),
    ] = Field(
        "http://127.0.0.1:8101/v1/.well-known/jwks.json",
        pattern=r"^https?://",
        description="where identity publishes the keys that tokens are checked with",
    )
    token_issuer: str = Field("paspor-identity", min_length=1, description="who must have issued a token")
    token_audience: str = Field("paspor", min_length=1, description="for whom a token must be: this installation")
    tokens_without_audience_until: Annotated[
        AwareDatetime | None, OverWithin(15 * 60, "tokens that are for nobody in particular would be believed for ever")
    ] = Field(
        None,
        description="in a rolling upgrade from a build whose tokens had no aud: until when those are taken, at most 15 "
        "minutes from now, as 2026-11-30T02:15:00Z",
    )
    retention_days: Annotated[
        dict[str, Annotated[int, Field(ge=1, le=36_500)]],
        Anything("how long something is kept is the law's and the installation's choice"),
    ] = Field({}, description='periods other than those of shared/retention/rules.toml, as {"documents": 180}')
    retention_per_second: Annotated[float, AtMost(200, "the job would take the store from people who wait")] = Field(
        PER_SECOND, gt=0, le=10_000, description="things that the retention job erases in a second, of each rule"
    )
    erasure_look_again_seconds: Annotated[
        int, AtLeast(600, "a message that was under way may write after the first look at an erased person")
    ] = Field(
        int(LOOK_AGAIN_AFTER.total_seconds()),
        ge=1,
        le=86_400,
        description="seconds between the two looks of an erasure",
    )

    docs_page: Annotated[bool | None, Anything("it shows what /v1/openapi.json tells everybody")] = Field(
        None, description="true serves /docs, the interface to read and to try; without it everywhere but in production"
    )

    @property
    def serves_docs(self) -> bool:
        """Whether `/docs` is served: where it is asked for, and in every trial that does not say no."""
        return not self.is_production if self.docs_page is None else self.docs_page

    @property
    def service_name(self) -> str:
        """The service's name: its database without the suite's prefix, as ``billing`` of ``paspor_billing``."""
        return self.database.removeprefix("paspor_")

    @field_validator("retention_days")
    @classmethod
    def _known_rules(cls, value: dict[str, int]) -> dict[str, int]:
        try:
            shipped_rules().with_periods(dict.fromkeys(value, timedelta(days=1)))
        except RuleMissing as missing:
            raise ValueError(str(missing)) from None
        return value

    def erasure_look_again_after(self) -> timedelta:
        """The time between the two looks of an erasure."""
        return timedelta(seconds=self.erasure_look_again_seconds)

    def retention_rules(self) -> RuleBook:
        """The retention rules, with the periods that are set for this installation."""
        return shipped_rules().with_periods({name: timedelta(days=days) for name, days in self.retention_days.items()})

    def master_keyring(self) -> Keyring:
        """The keys that fields and files are encrypted with."""
        return Keyring.parse(self.master_keys.get_secret_value())

    def fingerprint_keyring(self) -> Keyring:
        """The keys of fingerprints and code hashes."""
        return Keyring.parse(self.fingerprint_keys.get_secret_value())


def _everything_wrong(settings: type[ProcessSettings], error: ValidationError) -> str:
    lines = [_one_wrong(settings, str(item["loc"][0]) if item["loc"] else "", item) for item in error.errors()]
    return "\n".join(["The process cannot start; these settings are wrong:", *lines])


def _one_wrong(settings: type[ProcessSettings], name: str, each: Any) -> str:
    field = settings.model_fields.get(name)
    if each["type"] == REFUSED:
        return f"  {ENV_PREFIX}{name.upper()} is not for production: {each['msg']}."
    hint = f" Set it to: {field.description}." if field is not None and field.description else ""
    said = "is missing" if each["type"] == "missing" else f"is wrong: {each['msg'].removeprefix('Value error, ')}"
    where = f"{ENV_PREFIX}{name.upper()}" if name else "The settings together"
    return f"  {where} {said}.{hint}"
