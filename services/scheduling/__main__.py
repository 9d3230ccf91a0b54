"""Starts the process: ``python -m services.scheduling``."""

from __future__ import annotations

from services.scheduling.app import build
from services.scheduling.config import Settings
from shared.process import main
from shared.service import Parts, Platform


def assemble(settings: Settings, platform: Platform) -> Parts:
    """Return the service with its real parts; it calls no outside system."""
    return build(settings, platform)


if __name__ == "__main__":
    main(Settings, assemble)
