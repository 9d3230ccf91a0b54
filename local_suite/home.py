"""Where the project lies, and where what is made on this machine is kept."""

from __future__ import annotations

import os
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent


def home() -> Path:
    """The folder of everything made on this machine: environment, servers, data, logs, secrets.

    `.paspor/` in the project, or what `PASPOR_HOME` names. Always absolute; deleting it starts afresh.
    """
    return Path(os.environ.get("PASPOR_HOME") or PROJECT / ".paspor").absolute()
