"""Giving freed memory back to the system: glibc keeps what lies between blocks that are still used."""

from __future__ import annotations

import asyncio
import ctypes
import os
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

TRIM_SECONDS: Final = 2.0
"""How often the process looks at what it holds."""

GROWN_BYTES: Final = 8 * 1024 * 1024
"""So much more than after the last time makes it worth looking for pages to give back (some ms of processor)."""

_PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")


class MemoryReturn:
    """Has the allocator give free pages back whenever the process has grown since. Does nothing but on glibc."""

    def __init__(self) -> None:
        self._trim: Any = None
        with suppress(OSError, AttributeError):
            self._trim = ctypes.CDLL(None).malloc_trim
        self._least_bytes = resident_bytes()

    async def run(self) -> None:
        """Look, and give back what is free; in a thread, because it takes some milliseconds."""
        if self._trim is None or resident_bytes() < self._least_bytes + GROWN_BYTES:
            return
        await asyncio.to_thread(self._trim, 0)
        self._least_bytes = resident_bytes()


def resident_bytes() -> int:
    """Return the resident memory of this process in bytes; 0 if the system does not report it."""
    with suppress(OSError):
        return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_BYTES
    return 0
