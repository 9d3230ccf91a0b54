"""Every setting says what it may be in production, and production refuses the rest: all of it at once."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network
from types import UnionType
from typing import Any, Final, Union, get_args, get_origin

import pytest
from pydantic import AwareDatetime, SecretStr
from pydantic.fields import FieldInfo

from local_suite import demo, env_file
from local_suite.parts import SERVICES
from services.application.config import SIMULATORS_DPRI_KEY
from shared.crypto.sealed import new_keypair
from shared.production import (
    Anything,
    AtLeast,
    AtMost,
    Between,
    MustBeTrue,
    OverWithin,
    Rule,
    SomeNetworks,
    TrialOnly,
    rules_of,
)
from shared.settings import ProcessSettings, ServiceSettings, SettingsWrong
from shared.tokens import new_signing_key_pem
from tests.unit.shared_crypto.keys import key_text

KEYS_OF_OURS: Final = frozenset(
    {
        "master_keys",
        "fingerprint_keys",
        "token_signing_keys",
        "queue_code_signing_keys",
        "sealing_private_keys",
        "portal_keys",
    }
)
"""Secrets whose form is checked everywhere: 32 random bytes or a private key, never a word."""

NUMBERS: Final = (int, float)

PROCESSES: Final = (*SERVICES, "portal")


def settings_of(process: str) -> type[ProcessSettings]:
    """The settings class of a service, or of the portal."""
    module = "portal.config" if process == "portal" else f"services.{process}.config"
    found: type[ProcessSettings] = importlib.import_module(module).Settings
    return found


def fields() -> Iterator[tuple[str, str, FieldInfo]]:
    """Every field of every process."""
    for service in PROCESSES:
        for name, field in settings_of(service).model_fields.items():
            yield service, name, field


def inherited_rules(service: str, name: str) -> list[Rule]:
    """The rules of a field where it is declared, or those of the class it overrides where they limit nothing."""
    own = rules_of(settings_of(service).model_fields[name].metadata)
    base = ServiceSettings.model_fields.get(name)
    if own or base is None:
        return own
    return [rule for rule in rules_of(base.metadata) if isinstance(rule, Anything)]


def types_in(annotation: Any) -> set[Any]:
    """The plain types that an annotation is made of."""
    if get_origin(annotation) in (Union, UnionType, tuple) or hasattr(annotation, "__metadata__"):
        return set().union(*(types_in(each) for each in get_args(annotation) if each is not Ellipsis))
    return {annotation}


def must_have_a_rule(name: str, field: FieldInfo) -> bool:
    """Durations, limits, switches, addresses and secrets."""
    kinds = types_in(field.annotation)
    if SecretStr in kinds:
        return name not in KEYS_OF_OURS
    return bool(kinds & {*NUMBERS, bool, IPv4Network, AwareDatetime}) or name.endswith(("_url", "_from"))


@pytest.mark.parametrize(("service", "name"), [(s, n) for s, n, f in fields() if must_have_a_rule(n, f)])
def test_every_duration_limit_switch_address_and_secret_has_its_production_rule(service: str, name: str) -> None:
    rules = inherited_rules(service, name)
    assert rules, f"PASPOR_{name.upper()} of {service} needs a rule of shared.production beside its field"
    assert all(len(rule.why) > 10 for rule in rules), "the reason is a sentence"


def test_the_walk_sees_a_field_without_a_rule() -> None:
    """The twin: without a rule beside the field the walk complains."""
    from pydantic import Field

    class Loose(ServiceSettings):
        pause_seconds: int = Field(5, ge=1)

    field = Loose.model_fields["pause_seconds"]
    assert must_have_a_rule("pause_seconds", field)
    assert rules_of(field.metadata) == []


@pytest.mark.parametrize(("service", "name"), [(s, n) for s, n, f in fields() if rules_of(f.metadata)])
def test_the_real_default_keeps_the_rule(service: str, name: str) -> None:
    field = settings_of(service).model_fields[name]
    if field.is_required():
        return
    for rule in rules_of(field.metadata):
        if isinstance(rule, AtLeast | AtMost | Between | TrialOnly):
            assert rule.wrong(field.default) is None


# ---- what production refuses -----------------------------------------------

PAIR = new_keypair()
GOOD: Final[dict[str, str]] = {
    "environment": "production",
    "mongo_url": "mongodb://billing:word@mongo:27017/?replicaSet=rs0",
    "amqp_url": "amqp://billing:word@rabbitmq:5672/",
    "master_keys": f"k1:{key_text(1)}",
    "fingerprint_keys": f"k1:{key_text(2)}",
    "public_url": "https://paspor.go.id",
    "jwks_url": "http://identity:8080/v1/.well-known/jwks.json",
    "portal_keys": f"k1:{key_text(4)}",
    **{f"{service}_url": f"http://{service}:8080" for service in SERVICES},
    "token_signing_keys": new_signing_key_pem(),
    "queue_code_signing_keys": f"k1:{key_text(3)}",
    "notification_sealing_public_key": PAIR.public_key_b64,
    "application_sealing_public_key": PAIR.public_key_b64,
    "sealing_private_keys": PAIR.private_key_b64,
    "dukcapil_url": "https://dukcapil.go.id",
    "dukcapil_password": "word-of-the-registry",
    "dpri_url": "https://dpri.go.id",
    "dpri_public_key": PAIR.public_key_b64,
    "simponi_url": "https://simponi.go.id",
    "simponi_client_secret": "word-of-the-treasury",
    "simponi_callback_secrets": "k1:word-of-the-treasury",
    "sms_url": "https://sms.go.id",
    "sms_secret": "word-of-the-gateway",
    "sms_callback_secret": "word-of-the-gateway",
    "smtp_starttls": "true",
    "mail_from": "Layanan Paspor <no-reply@paspor.go.id>",
    "data_protection_email": "pelindungan-data@paspor.go.id",
}


def load(service: str, **changed: str) -> ProcessSettings:
    """A production process's settings."""
    known = settings_of(service).model_fields
    return settings_of(service).load(**{name: value for name, value in (GOOD | changed).items() if name in known})


@pytest.mark.parametrize("service", PROCESSES)
def test_a_production_process_that_was_told_everything_starts(service: str) -> None:
    assert load(service).environment == "production"


BAD: Final[dict[str, dict[str, str]]] = {
    "identity": {
        "demo_staff_password": "demo",
        "second_factor_needed": "false",
        "passkey_origins": "https://petugas.paspor.go.id,http://petugas.paspor.go.id",
        "dukcapil_url": "http://simulators:8201",
        "dukcapil_password": "simulated-dukcapil",
        "code_seconds": "10",
        "staff_access_seconds": "86400",
        "rate_factor": "1000",
        "public_url": "http://paspor.go.id",
        "data_protection_email": "pelindungan-data@paspor.example",
        "export_kept_seconds": "60",
    },
    "application": {
        "dpri_url": "http://simulators:8204",
        "dpri_public_key": SIMULATORS_DPRI_KEY,
        "dpri_picture_seconds": "1",
        "crossings_url": "http://simulators:8205",
        "crossings_try_seconds": "0.1",
        "hand_over_retry_seconds": "1",
        "print_poll_seconds": "1",
        "mongo_url": "mongodb://mongo:27017/?replicaSet=rs0",
        "jwks_url": "http://keys.paspor.go.id/jwks.json",
    },
    "scheduling": {
        "check_in_any_day": "true",
        "cooling_min_seconds": "1",
        "cooling_max_seconds": "2",
        "limits_scale": "1000",
        "public_url": "https://127.0.0.1:8443",
        "amqp_url": "amqp://guest:guest@rabbitmq:5672/",
    },
    "billing": {
        "simponi_url": "http://simponi.go.id",
        "simponi_client_secret": "simulated-simponi",
        "simponi_callback_secrets": "k1:simulated-simponi-callback",
        "bill_validity_seconds": "600",
        "bill_grace_seconds": "2",
        "bill_poll_least_seconds": "1",
        "receipt_late_answer_seconds": "5",
        "shutdown_seconds": "0",
    },
    "notification": {
        "sms_url": "http://sms.go.id",
        "sms_secret": "simulated-sms",
        "sms_callback_secret": "simulated-sms-receipt",
        "smtp_starttls": "",
        "mail_from": "Layanan Paspor <no-reply@paspor.example>",
        "retry_seconds": "0.1,0.2",
        "public_url": "https://paspor.example",
    },
    "portal": {
        "identity_url": "http://identity.paspor.go.id",
        "public_url": "http://paspor.go.id",
        "rate_factor": "1000",
        "trial_mailbox_url": "http://mail:8025",
        "trial_sms_url": "http://simulators:8203",
        "trial_bank_url": "http://simulators:8202",
        "trial_registry_url": "http://simulators:8201",
        "trial_staff_password": "demo",
    },
}
"""For each process what a trial has and production must not, each by a kind of rule of its own."""


@pytest.mark.parametrize("service", PROCESSES)
def test_production_names_every_trial_value_at_once_with_why_and_what_to_write(
    service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {name: value for name, value in BAD[service].items() if value}
    left_out = [name for name in BAD[service] if name not in given]
    for name in left_out:
        monkeypatch.setitem(GOOD, name, "")
    known = settings_of(service).model_fields
    values = {name: value for name, value in (GOOD | given).items() if name in known and value}
    with pytest.raises(SettingsWrong) as refused:
        settings_of(service).load(**values)
    lines = str(refused.value).splitlines()[1:]
    assert {line.split()[0] for line in lines} == {f"PASPOR_{name.upper()}" for name in BAD[service]}
    for line in lines:
        assert ", because " in line
        assert any(word in line for word in ("Write ", "Leave it out"))
    for value in given.values():
        assert "secret" not in value or value not in str(refused.value)


@pytest.mark.parametrize("service", PROCESSES)
def test_the_same_values_are_good_in_a_trial(service: str) -> None:
    """The twin: it is production alone that refuses them."""
    assert load(service, environment="local", **{name: value for name, value in BAD[service].items() if value})


def test_wrong_forms_and_trial_values_are_told_together() -> None:
    with pytest.raises(SettingsWrong) as refused:
        load("billing", http_port="-1", bill_validity_seconds="10")
    assert "PASPOR_HTTP_PORT is wrong" in str(refused.value)
    assert "PASPOR_BILL_VALIDITY_SECONDS is not for production: it is below 1800" in str(refused.value)


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [("bill_validity_seconds", "1800", "1799"), ("rate_factor", "1", "1.01"), ("bill_grace_seconds", "1200", "1199")],
)
def test_rules_at_their_edge(name: str, right: str, wrong: str) -> None:
    assert load("billing", **{name: right})
    with pytest.raises(SettingsWrong, match=f"PASPOR_{name.upper()} is not for production"):
        load("billing", **{name: wrong})


@pytest.mark.parametrize(
    "url",
    [*(f"https://{host}" for host in ("localhost", "127.0.0.1", "10.0.0.1", "[::1]", "paspor", "a.test", "x.local."))],
)
def test_a_public_url_that_nobody_outside_can_reach_is_refused(url: str) -> None:
    with pytest.raises(SettingsWrong, match="PASPOR_PUBLIC_URL is not for production"):
        load("billing", public_url=url)


# ---- trial and demo --------------------------------------------------------


def test_what_a_trial_shrinks_is_refused_by_the_rule_of_the_setting() -> None:
    """`./paspor env --no-trial` looks at the file with limits of its own: they are those of the settings."""
    for line in env_file.TRIAL:
        field_name = line.name.removeprefix("PASPOR_").lower()
        if field_name == "environment":
            continue
        rules = [rule for s in PROCESSES if field_name in settings_of(s).model_fields for rule in
                 rules_of(settings_of(s).model_fields[field_name].metadata)]  # fmt: skip
        assert rules, line.name
        for rule in rules:
            if isinstance(rule, AtLeast):
                assert (line.least, line.most) == (rule.least, None), line.name
            elif isinstance(rule, AtMost):
                assert (line.least, line.most) == (None, rule.most), line.name
            else:
                assert isinstance(rule, TrialOnly | MustBeTrue), line.name
                assert line.is_trial("false") or isinstance(rule, TrialOnly), line.name


def test_every_duration_of_the_demo_is_refused_in_production() -> None:
    shrunk = {name for settings in demo.SETTINGS.values() for name in settings} - {"PASPOR_HORIZON_DAYS"}
    for service in SERVICES:
        own = {
            name.removeprefix("PASPOR_").lower(): value
            for part in ("*", service)
            for name, value in demo.SETTINGS.get(part, {}).items()
            if name in shrunk
        }
        if service == "notification":
            own = {"rate_factor": own["rate_factor"]}
        with pytest.raises(SettingsWrong) as refused:
            load(service, **own)
        assert {line.split()[0] for line in str(refused.value).splitlines()[1:]} == {f"PASPOR_{n.upper()}" for n in own}


def test_the_real_simulators_secrets_are_known_by_their_beginning() -> None:
    from shared.production import SIMULATED
    from simulators.config import Settings

    defaults = (field.default for field in Settings.model_fields.values())
    secrets = [default.get_secret_value() for default in defaults if isinstance(default, SecretStr)]
    assert secrets
    assert all(secret.startswith(SIMULATED) for secret in secrets), json.dumps(secrets)


def test_everybody_is_no_network_and_old_tokens_are_over_within_a_quarter_of_an_hour() -> None:
    everybody = SomeNetworks("anybody would name any address")
    assert everybody.wrong((IPv4Network("10.0.0.0/8"),)) is None
    assert everybody.wrong((IPv4Network("0.0.0.0/0"),)) == "0.0.0.0/0 is everybody"
    soon = OverWithin(900, "tokens for nobody would be believed")
    assert soon.wrong(None) is None
    assert soon.wrong(datetime.now(UTC) + timedelta(minutes=14)) is None
    assert soon.wrong(datetime.now(UTC) + timedelta(minutes=16)) == "it is more than 15 minutes away"
