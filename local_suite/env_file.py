"""`./paspor env`: the file of secrets that Docker Compose reads. What is in it is never changed, only added to."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from local_suite.errors import CommandError
from local_suite.home import PROJECT
from local_suite.parts import SERVICES
from local_suite.private_files import PRIVATE
from local_suite.secrets import SECRETS

ENV_FILE: Final = PROJECT / ".env"
_PAIRED: Final = ("NOTIFICATION", "APPLICATION")


@dataclass(frozen=True)
class TrialLine:
    """A setting of trials: its value there, and where a real deployment's values begin or end.

    The limits are those beside the field in the service's `config.py`; a contract test holds them together. Without
    limits any value is a trial's, but for those in `real`.
    """

    name: str
    value: str
    least: float | None = None
    most: float | None = None
    real: tuple[str, ...] = ("",)

    def is_trial(self, value: str) -> bool:
        """Whether a value is fit for trials only."""
        if self.least is None and self.most is None:
            return value.lower() not in self.real
        try:
            number = float(value)
        except ValueError:
            return bool(value)
        return not (self.least or 0) <= number <= (self.most if self.most is not None else number)


TRIAL: Final = (
    TrialLine("PASPOR_ENVIRONMENT", "local", real=("", "production")),
    TrialLine("PASPOR_RATE_FACTOR", "1000", most=1),
    TrialLine("PASPOR_TRIAL_MAILBOX_URL", "http://mail:8025"),
    TrialLine("PASPOR_TRIAL_SMS_URL", "http://simulators:8203"),
    TrialLine("PASPOR_TRIAL_BANK_URL", "http://simulators:8202"),
    TrialLine("PASPOR_TRIAL_REGISTRY_URL", "http://simulators:8201"),
    TrialLine("PASPOR_DEMO_STAFF_PASSWORD", "{demo_staff_password}"),
    TrialLine("PASPOR_SECOND_FACTOR_NEEDED", "false", real=("", "true", "1", "yes", "on")),
    TrialLine("PASPOR_CHECK_IN_ANY_DAY", "true", real=("", "false", "0", "no", "off")),
    TrialLine("PASPOR_COOLING_MIN_SECONDS", "1", least=30),
    TrialLine("PASPOR_COOLING_MAX_SECONDS", "2", least=120),
    TrialLine("PASPOR_HAND_OVER_RETRY_SECONDS", "1", least=10),
    TrialLine("PASPOR_PRINT_POLL_SECONDS", "1", least=60),
    TrialLine("PASPOR_BILL_VALIDITY_SECONDS", "600", least=1800),
    TrialLine("PASPOR_BILL_GRACE_SECONDS", "2", least=1200),
    TrialLine("PASPOR_BILL_ASK_LEAST_SECONDS", "1", least=2),
    TrialLine("PASPOR_BILL_POLL_LEAST_SECONDS", "1", least=10),
    TrialLine("PASPOR_BILL_POLL_MOST_SECONDS", "2", least=60),
    TrialLine("PASPOR_BILL_RENEWAL_RETRY_SECONDS", "5", least=30),
    TrialLine("PASPOR_RECEIPT_LATE_ANSWER_SECONDS", "5", least=30),
)
"""Shrunk by a trial so that one person sees a whole journey: bills live ten minutes, seats cool for a second."""

STILL_TO_WRITE: Final = (
    "PASPOR_PUBLIC_URL",
    "PASPOR_DUKCAPIL_URL",
    "PASPOR_SIMPONI_URL",
    "PASPOR_DPRI_URL",
    "PASPOR_DPRI_PUBLIC_KEY",
    "PASPOR_SMS_URL",
    "PASPOR_SMTP_HOST",
    "PASPOR_SMTP_STARTTLS=true",
    "PASPOR_MAIL_FROM",
    "PASPOR_DATA_PROTECTION_EMAIL",
)
"""Known only to the operator of a real deployment; without them no service of it starts."""

TRIAL_HEADER: Final = (
    "# For a trial with `docker compose --profile simulators up`; no real deployment starts with these."
)


class TrialInProduction(CommandError):
    """A real deployment was asked for, and the file holds settings of a trial."""

    def __init__(self, path: Path, lines: Sequence[str]) -> None:
        named = "".join(f"\n    {line}" for line in lines)
        super().__init__(
            f"{path} holds settings of a trial, with which no real deployment starts; nothing was changed:{named}\n"
            "Take these lines out (the secrets above them may stay, if the trial's data goes: docker compose down -v), "
            "then run ./paspor env --no-trial again."
        )


class HalfAKeyPair(CommandError):
    """The file holds one key of a sealing pair; a new one for the other would not fit it."""

    def __init__(self, path: Path, owner: str) -> None:
        super().__init__(
            f"{path} has only one of PASPOR_{owner}_SEALING_PRIVATE_KEYS and PASPOR_{owner}_SEALING_PUBLIC_KEY: "
            "put the other back from the copy of the file, then run ./paspor env again."
        )


def text(*, trial: bool) -> str:
    """Fresh secrets as lines of NAME=VALUE; with `trial` also the settings that the demo shrinks."""
    return _lines(_fresh()) + (_trial_lines() if trial else "")


def write(path: Path = ENV_FILE, *, trial: bool) -> bool:
    """Write the file, readable by this user only; False, and nothing changed, if there is a whole one already.

    A file that lacks a secret (one of an older version) gets it at its end; everything in it stays.

    Raises:
        HalfAKeyPair: one key of a sealing pair is missing.
        TrialInProduction: it is to be a real deployment's, and holds settings of a trial.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
    except FileExistsError:
        return _complete(path, trial=trial)
    with os.fdopen(handle, "w") as file:
        file.write(text(trial=trial))
    return True


def read(path: Path = ENV_FILE) -> dict[str, str]:
    """The names and values of a file that :func:`write` wrote."""
    pairs = (line.partition("=") for line in path.read_text().splitlines() if "=" in line and not line.startswith("#"))
    return {name: value.strip('"') for name, _, value in pairs}


def lines_of_trial(path: Path) -> list[str]:
    """Return each line of a file that only a trial may have, with its number; the demo staff's password is hidden."""
    trial = {line.name: line for line in TRIAL}
    found = []
    for number, text_line in enumerate(path.read_text().splitlines(), 1):
        name, _, value = text_line.partition("=")
        known = trial.get(name.strip().removeprefix("export ").strip())
        value = value.strip().strip("\"'")
        if known is not None and known.is_trial(value):
            shown = "..." if "PASSWORD" in known.name else value
            found.append(f"line {number}: {known.name}={shown}")
    return found


def _trial_lines() -> str:
    password = SECRETS["demo_staff_password"]()
    lines = (f"{line.name}={line.value.format(demo_staff_password=password)}" for line in TRIAL)
    return "\n".join(["", TRIAL_HEADER, *lines, ""])


def _complete(path: Path, *, trial: bool) -> bool:
    path.chmod(PRIVATE)
    if not trial and (lines := lines_of_trial(path)):
        raise TrialInProduction(path, lines)
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
        values[f"PASPOR_{service.upper()}_AMQP_PASSWORD"] = password()
    for owner in _PAIRED:
        private, public = make[f"{owner.lower()}_key_pair"]().split()
        values[f"PASPOR_{owner}_SEALING_PRIVATE_KEYS"] = private
        values[f"PASPOR_{owner}_SEALING_PUBLIC_KEY"] = public
    return values | {
        "PASPOR_TOKEN_SIGNING_KEYS": '"' + make["token_signing_key"]().strip().replace("\n", "\\n") + '"',
        "PASPOR_QUEUE_CODE_SIGNING_KEYS": make["queue_code_signing_keys"](),
        "PASPOR_PORTAL_KEYS": make["portal_keys"](),
        "PASPOR_MONGO_ROOT_PASSWORD": password(),
        "PASPOR_OPERATOR_MONGO_PASSWORD": password(),
        "PASPOR_OPERATOR_AMQP_PASSWORD": password(),
        "PASPOR_MONGO_KEY": make["mongo_key"](),
        "PASPOR_AMQP_PASSWORD": password(),
        "PASPOR_DUKCAPIL_PASSWORD": password(),
        "PASPOR_SIMPONI_CLIENT_SECRET": make["simponi_client_secret"](),
        "PASPOR_SIMPONI_CALLBACK_SECRET": make["simponi_callback_secret"](),
        "PASPOR_SMS_SECRET": make["sms_client_secret"](),
        "PASPOR_SMS_CALLBACK_SECRET": make["sms_receipt_secret"](),
    }


def _lines(values: dict[str, str]) -> str:
    return "".join(f"{name}={value}\n" for name, value in values.items())
