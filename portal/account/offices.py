"""Names of offices that pages of the account tell of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from portal.web.visit import Visit

MOST: Final = 200
"""Offices of the country in one answer."""


async def name_offices(visit: Visit, rows: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return the names of the offices in these rows by their ids; nothing is asked where no row has one."""
    if not any(row.get("office_id") for row in rows):
        return {}
    answer = await visit.api.get("/v1/offices", limit=MOST)
    return {office["office_id"]: office["name"] for office in answer["offices"]}
