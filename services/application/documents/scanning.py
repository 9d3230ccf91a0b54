"""Uploads are scanned for malware before a decoder sees them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from services.application.documents.ports import Inspected, Inspector, PictureRefused
from services.application.malware.ports import Scanner, ScanVerdict

MALWARE_FOUND: Final = "malware_found"
NOT_SCANNED: Final = "not_scanned"


@dataclass(frozen=True)
class ScanningInspector:
    """The `Inspector` that has another one look only at what the scan does not find infected.

    What could not be scanned is flagged on every page, for an officer: kept is what our decoder wrote anyhow.
    """

    scanner: Scanner
    inspector: Inspector

    async def inspect(self, content: bytes, media_type: str, requirement: str) -> Inspected:
        """The pages.

        Raises:
            ScannerDown: the scan does not answer. PictureRefused, InspectionUnavailable, InspectionBusy.
        """
        verdict = await self.scanner.scan(content)
        if verdict is ScanVerdict.INFECTED:
            raise PictureRefused(MALWARE_FOUND)
        found = await self.inspector.inspect(content, media_type, requirement)
        if verdict is ScanVerdict.CLEAN:
            return found
        return Inspected(tuple(replace(page, flags=(*page.flags, NOT_SCANNED)) for page in found.pages))
