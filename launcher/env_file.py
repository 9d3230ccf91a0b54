"""`./paspor env`: the file of secrets that Docker Compose reads, made once and never overwritten."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from launcher.home import PROJECT
from launcher.secrets import SECRETS

ENV_FILE: Final = PROJECT / ".env"
SERVICES: Final = ("identity", "application", "scheduling", "billing", "notification")

_DEMO: Final = """
# For a trial with `docker compose --profile simulators up`; take these lines out of a real deployment.
PASPOR_ENVIRONMENT=local
PASPOR_RATE_FACTOR=1000
PASPOR_DEMO_STAFF_PASSWORD={demo_staff_password}
PASPOR_CHECK_IN_ANY_DAY=true
PASPOR_COOLING_MIN_SECONDS=1
PASPOR_COOLING_MAX_SECONDS=2
PASPOR_PRINT_POLL_SECONDS=1
PASPOR_BILL_VALIDITY_SECONDS=10
PASPOR_BILL_GRACE_SECONDS=2
PASPOR_BILL_POLL_LEAST_SECONDS=1
PASPOR_BILL_POLL_MOST_SECONDS=2
PASPOR_BILL_RENEWAL_RETRY_SECONDS=5
"""


def text(*, trial: bool) -> str:
    """Fresh secrets as lines of NAME=VALUE; with `trial` also the settings that the demo shrinks."""
    fresh = {name: make() for name, make in SECRETS.items()}
    notification_private, notification_public = fresh["notification_key_pair"].split()
    application_private, application_public = fresh["application_key_pair"].split()
    values = {
        **{f"PASPOR_{service.upper()}_MASTER_KEYS": SECRETS["master_keys"]() for service in SERVICES},
        **{f"PASPOR_{service.upper()}_FINGERPRINT_KEYS": SECRETS["fingerprint_keys"]() for service in SERVICES},
        "PASPOR_TOKEN_SIGNING_KEYS": '"' + fresh["token_signing_key"].strip().replace("\n", "\\n") + '"',
        "PASPOR_QUEUE_CODE_SIGNING_KEYS": fresh["queue_code_signing_keys"],
        "PASPOR_NOTIFICATION_SEALING_PRIVATE_KEYS": notification_private,
        "PASPOR_NOTIFICATION_SEALING_PUBLIC_KEY": notification_public,
        "PASPOR_APPLICATION_SEALING_PRIVATE_KEYS": application_private,
        "PASPOR_APPLICATION_SEALING_PUBLIC_KEY": application_public,
        "PASPOR_AMQP_PASSWORD": SECRETS["dukcapil_password"](),
        "PASPOR_DUKCAPIL_PASSWORD": fresh["dukcapil_password"],
        "PASPOR_SIMPONI_CLIENT_SECRET": fresh["simponi_client_secret"],
        "PASPOR_SIMPONI_CALLBACK_SECRET": fresh["simponi_callback_secret"],
        "PASPOR_SMS_SECRET": fresh["sms_client_secret"],
        "PASPOR_SMS_CALLBACK_SECRET": fresh["sms_receipt_secret"],
    }
    lines = "\n".join(f"{name}={value}" for name, value in values.items())
    return lines + "\n" + (_DEMO.format(demo_staff_password=fresh["demo_staff_password"]) if trial else "")


def write(path: Path = ENV_FILE, *, trial: bool) -> bool:
    """Write the file, readable by this user only; False, and nothing changed, if there is one already."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(handle, "w") as file:
        file.write(text(trial=trial))
    return True


def read(path: Path = ENV_FILE) -> dict[str, str]:
    """The names and values of a file that :func:`write` wrote."""
    pairs = (line.partition("=") for line in path.read_text().splitlines() if "=" in line and not line.startswith("#"))
    return {name: value.strip('"') for name, _, value in pairs}
