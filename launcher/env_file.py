"""`./paspor env`: the file of secrets that Docker Compose reads. What is in it is never changed, only added to."""

from __future__ import annotations

import base64
import os
import secrets
from pathlib import Path
from typing import Final

from launcher.errors import LauncherError
from launcher.home import PROJECT
from launcher.secrets import SECRETS

ENV_FILE: Final = PROJECT / ".env"
SERVICES: Final = ("identity", "application", "scheduling", "billing", "notification")

_MONGO_KEY_BYTES: Final = 48
_PAIRED: Final = ("NOTIFICATION", "APPLICATION")

_DEMO: Final = """
# For a trial with `docker compose --profile simulators up`; take these lines out of a real deployment.
PASPOR_ENVIRONMENT=local
PASPOR_RATE_FACTOR=1000
PASPOR_DEMO_STAFF_PASSWORD={demo_staff_password}
PASPOR_CHECK_IN_ANY_DAY=true
PASPOR_COOLING_MIN_SECONDS=1
PASPOR_COOLING_MAX_SECONDS=2
PASPOR_HAND_OVER_RETRY_SECONDS=1
PASPOR_PRINT_POLL_SECONDS=1
PASPOR_BILL_VALIDITY_SECONDS=10
PASPOR_BILL_GRACE_SECONDS=2
PASPOR_BILL_ASK_LEAST_SECONDS=1
PASPOR_BILL_POLL_LEAST_SECONDS=1
PASPOR_BILL_POLL_MOST_SECONDS=2
PASPOR_BILL_RENEWAL_RETRY_SECONDS=5
PASPOR_RECEIPT_LATE_ANSWER_SECONDS=5
"""


class HalfAKeyPair(LauncherError):
    """The file holds one key of a sealing pair; making the other anew would give two that do not fit."""

    def __init__(self, path: Path, owner: str) -> None:
        super().__init__(
            f"{path} has only one of PASPOR_{owner}_SEALING_PRIVATE_KEYS and PASPOR_{owner}_SEALING_PUBLIC_KEY: "
            "put the other back from the copy of the file, then run ./paspor env again."
        )


def text(*, trial: bool) -> str:
    """Fresh secrets as lines of NAME=VALUE; with `trial` also the settings that the demo shrinks."""
    return _lines(_fresh()) + (_DEMO.format(demo_staff_password=SECRETS["demo_staff_password"]()) if trial else "")


def write(path: Path = ENV_FILE, *, trial: bool) -> bool:
    """Write the file, readable by this user only; False, and nothing changed, if there is a whole one already.

    A file that lacks a secret (one of an older version) gets it at its end; everything in it stays.

    Raises:
        HalfAKeyPair: one key of a sealing pair is missing.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return _complete(path)
    with os.fdopen(handle, "w") as file:
        file.write(text(trial=trial))
    return True


def read(path: Path = ENV_FILE) -> dict[str, str]:
    """The names and values of a file that :func:`write` wrote."""
    pairs = (line.partition("=") for line in path.read_text().splitlines() if "=" in line and not line.startswith("#"))
    return {name: value.strip('"') for name, _, value in pairs}


def _complete(path: Path) -> bool:
    known = read(path)
    for owner in _PAIRED:
        if (f"PASPOR_{owner}_SEALING_PRIVATE_KEYS" in known) != (f"PASPOR_{owner}_SEALING_PUBLIC_KEY" in known):
            raise HalfAKeyPair(path, owner)
    missing = {name: value for name, value in _fresh().items() if name not in known}
    if missing:
        before = path.read_text()
        with path.open("a") as file:
            file.write(("" if before.endswith("\n") else "\n") + _lines(missing))
    return bool(missing)


def _fresh() -> dict[str, str]:
    make = SECRETS
    password = make["dukcapil_password"]
    values = {}
    for service in SERVICES:
        values[f"PASPOR_{service.upper()}_MASTER_KEYS"] = make["master_keys"]()
        values[f"PASPOR_{service.upper()}_FINGERPRINT_KEYS"] = make["fingerprint_keys"]()
        values[f"PASPOR_{service.upper()}_MONGO_PASSWORD"] = password()
    for owner in _PAIRED:
        private, public = make[f"{owner.lower()}_key_pair"]().split()
        values[f"PASPOR_{owner}_SEALING_PRIVATE_KEYS"] = private
        values[f"PASPOR_{owner}_SEALING_PUBLIC_KEY"] = public
    return values | {
        "PASPOR_TOKEN_SIGNING_KEYS": '"' + make["token_signing_key"]().strip().replace("\n", "\\n") + '"',
        "PASPOR_QUEUE_CODE_SIGNING_KEYS": make["queue_code_signing_keys"](),
        "PASPOR_MONGO_ROOT_PASSWORD": password(),
        "PASPOR_OPERATOR_MONGO_PASSWORD": password(),
        "PASPOR_MONGO_KEY": base64.b64encode(secrets.token_bytes(_MONGO_KEY_BYTES)).decode(),
        "PASPOR_AMQP_PASSWORD": password(),
        "PASPOR_DUKCAPIL_PASSWORD": password(),
        "PASPOR_SIMPONI_CLIENT_SECRET": make["simponi_client_secret"](),
        "PASPOR_SIMPONI_CALLBACK_SECRET": make["simponi_callback_secret"](),
        "PASPOR_SMS_SECRET": make["sms_client_secret"](),
        "PASPOR_SMS_CALLBACK_SECRET": make["sms_receipt_secret"](),
    }


def _lines(values: dict[str, str]) -> str:
    return "".join(f"{name}={value}\n" for name, value in values.items())
