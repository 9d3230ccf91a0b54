"""Papers without typesetting, for tests that are not about how they look."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from shared.typesetting.typesetter import Typesetter


class PlainPapers(Typesetter):
    """Papers that hold what would be printed; made at once, since threads have no place on a clock of tests."""

    async def typeset(self, job: Mapping[str, Any]) -> bytes:
        return b"%PDF-1.7 " + json.dumps(job["data"]).encode()
