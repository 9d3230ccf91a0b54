"""Where the reports of erasures are kept."""

from __future__ import annotations

from typing import Final

from services.identity.erasures.report import ErasureReport
from shared.store.kinds import Kind

ERASURE_REPORT: Final[Kind[ErasureReport]] = Kind("erasure_report", ErasureReport, bare=True)
"""Named by the erasure."""
