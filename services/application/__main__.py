"""Starts the process: ``python -m services.application``."""

from __future__ import annotations

from services.application.app import assemble
from services.application.config import Settings
from shared.process import main

if __name__ == "__main__":
    main(Settings, assemble)
