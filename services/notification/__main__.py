"""Starts the process: ``python -m services.notification``."""

from __future__ import annotations

from services.notification.app import assemble
from services.notification.config import Settings
from shared.process import main

if __name__ == "__main__":
    main(Settings, assemble)
