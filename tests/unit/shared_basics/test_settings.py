from __future__ import annotations

from ipaddress import ip_network

import pytest
from pydantic import ValidationError

from shared.settings import Environment, LogLevel, ServiceSettings, SettingsWrong
from tests.unit.shared_crypto.keys import key_text


class BillingLike(ServiceSettings):
    """As a service would write it."""

    database: str = "paspor_example"
    http_port: int = 8199


GIVEN = {
    "PASPOR_MONGO_URL": "mongodb://user:secretmongo@127.0.0.1:1/?replicaSet=rs0",
    "PASPOR_AMQP_URL": "amqp://user:secretamqp@127.0.0.1:2/",
    "PASPOR_MASTER_KEYS": f"k1:{key_text(1)}",
    "PASPOR_FINGERPRINT_KEYS": f"k2:{key_text(2)}",
    "PASPOR_PUBLIC_URL": "https://paspor.go.id",
}


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in list(os.environ):
        if name.startswith("PASPOR_"):
            monkeypatch.delenv(name)


def test_what_is_needed_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in GIVEN.items():
        monkeypatch.setenv(name, value)
    settings = BillingLike.load()
    assert (settings.http_host, settings.http_port, settings.database) == ("127.0.0.1", 8199, "paspor_example")
    assert settings.environment is Environment.PRODUCTION
    assert settings.log_level is LogLevel.INFO
    assert settings.shutdown_seconds == 10
    assert settings.master_keyring().current.key_id == "k1"
    assert settings.fingerprint_keyring().current.key_id == "k2"


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in GIVEN.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PASPOR_ENVIRONMENT", "TEST")
    monkeypatch.setenv("PASPOR_TRUSTED_PROXIES", "10.0.0.0/8, ::1/128")
    monkeypatch.setenv("PASPOR_HTTP_PORT", "0")
    monkeypatch.setenv("PASPOR_PUBLIC_URL", "")
    settings = BillingLike.load()
    assert settings.environment is Environment.TEST
    assert settings.trusted_proxies == (ip_network("10.0.0.0/8"), ip_network("::1/128"))
    assert settings.http_port == 0
    assert settings.public_url.startswith("http")


def test_given_values_win_and_nothing_changes_later(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in GIVEN.items():
        monkeypatch.setenv(name, value)
    settings = BillingLike.load(http_port=9, trusted_proxies=(ip_network("10.0.0.0/8"),))
    assert settings.http_port == 9
    with pytest.raises(ValidationError):
        settings.http_port = 10  # type: ignore[misc]


def test_one_message_lists_everything_and_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASPOR_MASTER_KEYS", "k1:secretkeytext")
    monkeypatch.setenv("PASPOR_LOG_LEVEL", "loud")
    monkeypatch.setenv("PASPOR_TRUSTED_PROXIES", "somewhere")
    with pytest.raises(SettingsWrong) as refused:
        ServiceSettings.load()
    message = str(refused.value)
    required = "HTTP_PORT DATABASE MONGO_URL AMQP_URL MASTER_KEYS FINGERPRINT_KEYS"
    for name in (*required.split(), "LOG_LEVEL", "TRUSTED_PROXIES"):
        assert f"PASPOR_{name} " in message
    assert "openssl rand -base64 32" in message
    assert "secretkeytext" not in message
    assert "PASPOR_SHUTDOWN_SECONDS" not in message


def test_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in GIVEN.items():
        monkeypatch.setenv(name, value)
    shown = repr(BillingLike.load()) + str(BillingLike.load())
    for secret in ("secretmongo", "secretamqp", key_text(1), key_text(2)):
        assert secret not in shown


@pytest.mark.parametrize(
    ("name", "value"),
    [("http_port", -1), ("http_port", 65536), ("shutdown_seconds", 301), ("database", "No Name"), ("mongo_url", "http://x")],
)  # fmt: skip
def test_limits(monkeypatch: pytest.MonkeyPatch, name: str, value: object) -> None:
    for variable, text in GIVEN.items():
        monkeypatch.setenv(variable, text)
    with pytest.raises(SettingsWrong, match=f"PASPOR_{name.upper()}"):
        ServiceSettings.load(**{"http_port": 1, "database": "paspor_x", name: value})
