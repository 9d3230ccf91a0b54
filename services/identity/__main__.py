"""Identity as a process."""

from __future__ import annotations

from services.identity.app import build
from services.identity.clients import Dukcapil
from services.identity.config import Settings
from shared.process import main
from shared.service import Parts, Platform


def assemble(settings: Settings, platform: Platform) -> Parts:
    """Identity with the real civil registry's client."""
    dukcapil = Dukcapil(settings, platform.clock, platform.randomness)
    return build(settings, platform, dukcapil=dukcapil, close=dukcapil.close)


if __name__ == "__main__":
    main(Settings, assemble)
