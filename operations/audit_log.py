"""The audit log of operators' commands: one JSON object per line in `audit.log` in the folder of the logs.

Events hold no personal data, and a body that cannot be read is never kept, so nothing here needs hiding.
"""

from __future__ import annotations

import json
import os
import pwd
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from local_suite.private_files import PRIVATE, make_private_folder
from operations.errors import AuditNotWritten
from operations.servers import data_dir


@dataclass(frozen=True)
class AuditLog:
    """Writes acts down before they are done; a crash in between leaves a line too many, never one too few."""

    path: Path

    def write(self, act: str, service: str, **facts: Any) -> None:
        """Add one line, safely on the disk when this returns.

        Raises:
            AuditNotWritten: it cannot be written.
        """
        line = {"at": datetime.now(UTC).isoformat(timespec="milliseconds"), "who": _user(), "act": act}
        try:
            make_private_folder(self.path.parent)
            descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, PRIVATE)
            with os.fdopen(descriptor, "w") as file:
                file.write(json.dumps(line | {"service": service, **facts}, ensure_ascii=False) + "\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as trouble:
            raise AuditNotWritten(
                f"{self.path} cannot be written ({trouble.strerror}), so nothing was done: make room or give this user "
                "the right to write there."
            ) from trouble


def audit_log() -> AuditLog:
    """The audit file of the suite's data folder."""
    return AuditLog(data_dir() / "logs" / "audit.log")


def _user() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())
