"""Starts the portal's process: ``python -m portal``."""

from __future__ import annotations

import asyncio
import sys

from portal.app import run
from portal.config import Settings
from shared.logs import configure_logs
from shared.settings import SettingsWrong


def main() -> int:
    """Run the portal until TERM or Ctrl-C; 2 with one message if the settings are wrong."""
    try:
        settings = Settings.load()
    except SettingsWrong as wrong:
        sys.stderr.write(f"{wrong}\n")
        return 2
    configure_logs("portal", settings.log_level)
    asyncio.run(run(settings))
    return 0


if __name__ == "__main__":
    sys.exit(main())
