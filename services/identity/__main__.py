"""Starts the process: ``python -m services.identity``."""

from __future__ import annotations

from services.identity.app import assemble
from services.identity.config import Settings
from shared.process import main

if __name__ == "__main__":
    main(Settings, assemble)
