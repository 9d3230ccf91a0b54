"""Random secrets of a suite on this machine: made at the first start, kept beside the data that they protect."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable
from pathlib import Path

from local_suite.parts import SERVICES
from local_suite.private_files import write_private

KEY_BYTES = 32
PASSWORD_CHARACTERS = 24
MONGO_KEY_BYTES = 48


def _keyring() -> str:
    return "k1:" + base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def _password() -> str:
    return secrets.token_urlsafe(PASSWORD_CHARACTERS)


def _mongo_key() -> str:
    return base64.b64encode(secrets.token_bytes(MONGO_KEY_BYTES)).decode()


# imported where they are needed, once in the life of a data folder: they would slow every start
def _signing_key() -> str:
    from shared.tokens import new_signing_key_pem

    return new_signing_key_pem()


def _key_pair() -> str:
    from shared.crypto.sealed import new_keypair

    pair = new_keypair()
    return f"{pair.private_key_b64} {pair.public_key_b64}"


# name -> how it is made. Add an entry and every data folder gets that secret at its next start; never change one in
# place: data written with it would become unreadable.
SECRETS: dict[str, Callable[[], str]] = {
    "master_keys": _keyring,
    "fingerprint_keys": _keyring,
    "token_signing_key": _signing_key,
    "queue_code_signing_keys": _keyring,
    # "PRIVATE PUBLIC", base64: commands that carry an address or a code are sealed to the public one
    "notification_key_pair": _key_pair,
    "application_key_pair": _key_pair,
    "portal_keys": _keyring,
    "demo_staff_password": _password,
    "dukcapil_password": _password,
    "simponi_client_secret": _password,
    "simponi_callback_secret": _password,
    "sms_client_secret": _password,
    "sms_receipt_secret": _password,
    "mongo_root_password": _password,
    "mongo_key": _mongo_key,
    "mongo_operator_password": _password,
    "amqp_operator_password": _password,
    **{f"mongo_{service}_password": _password for service in SERVICES},
    **{f"amqp_{service}_password": _password for service in SERVICES},
}


def load_secrets(path: Path) -> dict[str, str]:
    """The secrets in `path`, those that are missing made and added; only this user can read the file."""
    known: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    missing = {name: make() for name, make in SECRETS.items() if name not in known}
    if missing:
        known |= missing
        write_private(path, json.dumps(known, indent=2))
    return known
