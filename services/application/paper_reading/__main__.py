"""Starts the process that reads papers: ``python -m services.application.paper_reading``."""

from __future__ import annotations

from services.application.config import Settings
from services.application.paper_reading.app import NICENESS, assemble
from shared.priority import lower_priority
from shared.process import main

if __name__ == "__main__":
    lower_priority(NICENESS)
    main(Settings, assemble)
