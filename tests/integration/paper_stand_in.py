"""The process that reads papers, with a reader of the test's own in place of models: it takes its time and accepts."""

from __future__ import annotations

import asyncio
from typing import Final

from services.application.config import Settings
from services.application.paper_reading.app import build_reading
from services.application.paper_reading.verdict import AskedPaper, Verdict
from shared.process import main
from shared.service import Parts, Platform

READING_SECONDS: Final = 0.1


class StandIn:
    """A reader that accepts every page."""

    async def read(self, picture: bytes, asked: AskedPaper) -> Verdict:
        await asyncio.sleep(READING_SECONDS)
        return Verdict("accepted", None, asked.paper, 0.99)


def assemble(settings: Settings, platform: Platform) -> Parts:
    """The parts of the process."""
    return build_reading(settings, platform, reader=StandIn())


if __name__ == "__main__":
    main(Settings, assemble)
