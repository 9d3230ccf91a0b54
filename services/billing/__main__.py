"""Starts billing's process: ``python -m services.billing``."""

from __future__ import annotations

from services.billing.app import assemble
from services.billing.config import Settings
from shared.process import main

if __name__ == "__main__":
    main(Settings, assemble)
