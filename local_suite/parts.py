"""The parts of the suite: what each is started with, where it listens, what it is told.

This is a description; `local_suite.suite` starts it. A new setting of a service is one line in `_service_settings`.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from local_suite.ports import LOOPBACK, is_free

SERVICES = ("identity", "application", "scheduling", "billing", "notification")
DEFAULT_BASE = 8100
OTHER_BASES = (8400, 8700, 9000, 9300)
FREE_BASES = range(20_000, 29_800, 300)  # below the kernel's range for outgoing connections, see local_suite.ports
SIMULATORS = ("dukcapil", "simponi", "sms", "dpri", "crossings")
# added to the base: 8100 to 8207 on the default one
OFFSETS = {
    "portal": 0,
    "identity": 1,
    "application": 2,
    "scheduling": 3,
    "billing": 4,
    "notification": 5,
    "paper-reading": 6,
    "mongod": 17,
    "epmd": 69,
    "rabbitmq": 72,
    "rabbitmq-dist": 73,
    "dukcapil": 101,
    "simponi": 102,
    "sms": 103,
    "dpri": 104,
    "smtp": 105,
    "mail": 106,
    "crossings": 107,
}
REPLICA_STEP = 20  # the second billing listens on base + 24, the third on base + 44
MAX_REPLICAS = 3
PAPERS_READING, WANTED = "PASPOR_PAPERS_READING", "wanted"
# ranks: lower ones start first and stop last; the outside world needs no server, so it starts beside them
OUTSIDE, SERVICE, FRONT = 0, 1, 2


@dataclass(frozen=True)
class Ports:
    """Every port is a fixed distance from one base, so suites on two bases run side by side."""

    base: int = DEFAULT_BASE

    def __getitem__(self, name: str) -> int:
        """The port of a part or listener; `billing-2` is the second billing."""
        part, _, number = name.rpartition("-")
        if part in SERVICES and number.isdigit():
            return self.base + OFFSETS[part] + REPLICA_STEP * (int(number) - 1)
        return self.base + OFFSETS[name]

    def url(self, name: str) -> str:
        """Where a part answers HTTP."""
        return f"http://{LOOPBACK}:{self[name]}"

    def taken(self) -> dict[str, int]:
        """Return the ports that are in use now."""
        return {name: self[name] for name in OFFSETS if not is_free(self[name])}


def first_free_ports() -> Ports:
    """The default ports, or the next base that is free."""
    return next((ports for ports in map(Ports, (DEFAULT_BASE, *OTHER_BASES)) if not ports.taken()), Ports())


def any_free_ports() -> Ports:
    """Return ports that are free, for tests.

    Raises:
        LookupError: all bases are taken.
    """
    for base in random.SystemRandom().sample(FREE_BASES, len(FREE_BASES)):
        if not Ports(base).taken():
            return Ports(base)
    raise LookupError(f"no base in {FREE_BASES} has all its ports free")


@dataclass(frozen=True)
class Part:
    """One process of ours: `python -m MODULE`, ready when each of its health addresses answers 200."""

    name: str
    module: str
    rank: int
    ports: Mapping[str, int]
    health: tuple[str, ...]
    environment: Mapping[str, str]

    @property
    def live(self) -> tuple[str, ...]:
        """Where its process answers at once even when servers are away, unlike at `health`."""
        if self.rank == OUTSIDE:
            return self.health
        return tuple(address.replace("/health/ready", "/health/live") for address in self.health)


@dataclass(frozen=True)
class Wiring:
    """Addresses and secrets that the parts need beside ports.

    Servers of our own have a user per service, whose addresses are in `mongo_urls` and `amqp_urls`; on servers that
    were named from outside all use the one address.
    """

    ports: Ports
    secrets: Mapping[str, str]
    mongo_url: str
    amqp_url: str
    mongo_urls: Mapping[str, str] = field(default_factory=dict)
    amqp_urls: Mapping[str, str] = field(default_factory=dict)


# by service, "simulators" or "portal"; "*" is for all services and the portal
Settings = Mapping[str, Mapping[str, str]]


def describe(wiring: Wiring, extra: Settings | None = None, replicas: Mapping[str, int] | None = None) -> list[Part]:
    """All parts but the two servers. `extra` adds environment by service, `replicas` says how many of it run.

    Where application is told that papers are read, the process that reads them is among the parts.
    """
    parts = [_mail_sink(wiring), _simulators(wiring, extra or {})]
    for service in SERVICES:
        count = (replicas or {}).get(service, 1)
        if not 1 <= count <= MAX_REPLICAS:
            raise ValueError(f"1 to {MAX_REPLICAS} replicas of {service}, not {count}")
        names = [service, *(f"{service}-{number}" for number in range(2, count + 1))]
        parts += [_service(wiring, service, name, extra or {}) for name in names]
    if (extra or {}).get("application", {}).get(PAPERS_READING) == WANTED:
        parts.append(_paper_reading(wiring, extra or {}))
    return [*parts, _portal(wiring, extra or {})]


def _mail_sink(wiring: Wiring) -> Part:
    ports = {"smtp": wiring.ports["smtp"], "http": wiring.ports["mail"]}
    environment = {"PASPOR_MAIL_SMTP_PORT": str(ports["smtp"]), "PASPOR_MAIL_HTTP_PORT": str(ports["http"])}
    health = (f"{wiring.ports.url('mail')}/health/ready",)
    return Part("mail", "local_suite.mail_sink", OUTSIDE, ports, health, environment)


def _simulators(wiring: Wiring, extra: Settings) -> Part:
    at, secret = wiring.ports, wiring.secrets
    environment = {
        "PASPOR_SIM_HOST": LOOPBACK,
        **{f"PASPOR_SIM_{name.upper()}_PORT": str(at[name]) for name in SIMULATORS},
        "PASPOR_SIM_DUKCAPIL_PASSWORD": secret["dukcapil_password"],
        "PASPOR_SIM_SIMPONI_CLIENT_SECRET": secret["simponi_client_secret"],
        "PASPOR_SIM_SIMPONI_CALLBACK_URL": f"{at.url('billing')}/v1/payment-notices",
        "PASPOR_SIM_SIMPONI_CALLBACK_SECRET": secret["simponi_callback_secret"],
        "PASPOR_SIM_SMS_CLIENT_SECRET": secret["sms_client_secret"],
        "PASPOR_SIM_SMS_RECEIPT_URL": f"{at.url('notification')}/v1/sms-receipts",
        "PASPOR_SIM_SMS_RECEIPT_SECRET": secret["sms_receipt_secret"],
        **extra.get("simulators", {}),
    }
    health = tuple(f"{at.url(name)}/health/ready" for name in SIMULATORS)
    return Part("simulators", "simulators", OUTSIDE, {name: at[name] for name in SIMULATORS}, health, environment)


def _service(wiring: Wiring, service: str, name: str, extra: Settings) -> Part:
    environment = {
        **_common_settings(wiring, service),
        **_service_settings(wiring)[service],
        "PASPOR_HTTP_PORT": str(wiring.ports[name]),
        **extra.get("*", {}),
        **extra.get(service, {}),
    }
    health = (f"{wiring.ports.url(name)}/health/ready",)
    return Part(name, f"services.{service}", SERVICE, {"http": wiring.ports[name]}, health, environment)


def _paper_reading(wiring: Wiring, extra: Settings) -> Part:
    """The process that reads papers: application's own settings, and an address for its health alone."""
    application = _service(wiring, "application", "paper-reading", extra)
    return replace(application, module="services.application.paper_reading")


def _portal(wiring: Wiring, extra: Settings) -> Part:
    """The citizens' site, at the address that mails and letters name."""
    at = wiring.ports
    environment = {
        "PASPOR_ENVIRONMENT": "local",
        "PASPOR_HTTP_HOST": LOOPBACK,
        "PASPOR_HTTP_PORT": str(at["portal"]),
        "PASPOR_PUBLIC_URL": at.url("portal"),
        "PASPOR_PORTAL_KEYS": wiring.secrets["portal_keys"],
        **{f"PASPOR_{service.upper()}_URL": at.url(service) for service in SERVICES},
        "PASPOR_TRIAL_MAILBOX_URL": at.url("mail"),
        "PASPOR_TRIAL_SMS_URL": at.url("sms"),
        "PASPOR_TRIAL_BANK_URL": at.url("simponi"),
        "PASPOR_TRIAL_REGISTRY_URL": at.url("dukcapil"),
        "PASPOR_TRIAL_STAFF_PASSWORD": wiring.secrets["demo_staff_password"],
        **extra.get("*", {}),
        **extra.get("portal", {}),
    }
    return Part("portal", "portal", FRONT, {"http": at["portal"]}, (f"{at.url('portal')}/health/ready",), environment)


def _common_settings(wiring: Wiring, service: str) -> dict[str, str]:
    return {
        "PASPOR_ENVIRONMENT": "local",
        "PASPOR_HTTP_HOST": LOOPBACK,
        "PASPOR_PUBLIC_URL": wiring.ports.url("portal"),
        # the portal names its visitors' addresses; what else runs here says nothing of the kind and counts as itself
        "PASPOR_TRUSTED_PROXIES": LOOPBACK,
        "PASPOR_MONGO_URL": wiring.mongo_urls.get(service, wiring.mongo_url),
        "PASPOR_AMQP_URL": wiring.amqp_urls.get(service, wiring.amqp_url),
        "PASPOR_MASTER_KEYS": wiring.secrets["master_keys"],
        "PASPOR_FINGERPRINT_KEYS": wiring.secrets["fingerprint_keys"],
        "PASPOR_JWKS_URL": f"{wiring.ports.url('identity')}/v1/.well-known/jwks.json",
    }


def _service_settings(wiring: Wiring) -> dict[str, dict[str, str]]:
    at, secret = wiring.ports, wiring.secrets
    notification_private, notification_public = secret["notification_key_pair"].split()
    application_private, application_public = secret["application_key_pair"].split()
    return {
        "identity": {
            "PASPOR_TOKEN_SIGNING_KEYS": secret["token_signing_key"],
            "PASPOR_NOTIFICATION_SEALING_PUBLIC_KEY": notification_public,
            "PASPOR_APPLICATION_SEALING_PUBLIC_KEY": application_public,
            "PASPOR_DUKCAPIL_URL": at.url("dukcapil"),
            "PASPOR_DUKCAPIL_PASSWORD": secret["dukcapil_password"],
            "PASPOR_DEMO_STAFF_PASSWORD": secret["demo_staff_password"],
            "PASPOR_SECOND_FACTOR_NEEDED": "false",
        },
        "application": {
            "PASPOR_SEALING_PRIVATE_KEYS": application_private,
            "PASPOR_NOTIFICATION_SEALING_PUBLIC_KEY": notification_public,
            "PASPOR_DPRI_URL": at.url("dpri"),
            "PASPOR_CROSSINGS_URL": at.url("crossings"),
        },
        "scheduling": {
            "PASPOR_QUEUE_CODE_SIGNING_KEYS": secret["queue_code_signing_keys"],
        },
        "billing": {
            "PASPOR_SIMPONI_URL": at.url("simponi"),
            "PASPOR_SIMPONI_CLIENT_ID": "paspor",
            "PASPOR_SIMPONI_CLIENT_SECRET": secret["simponi_client_secret"],
            "PASPOR_SIMPONI_CALLBACK_SECRETS": f"k1:{secret['simponi_callback_secret']}",
        },
        "notification": {
            "PASPOR_SEALING_PRIVATE_KEYS": notification_private,
            "PASPOR_SMTP_HOST": LOOPBACK,
            "PASPOR_SMTP_PORT": str(at["smtp"]),
            "PASPOR_SMS_URL": at.url("sms"),
            "PASPOR_SMS_SECRET": secret["sms_client_secret"],
            "PASPOR_SMS_CALLBACK_SECRET": secret["sms_receipt_secret"],
        },
    }
