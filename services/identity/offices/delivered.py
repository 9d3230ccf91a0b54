"""The table of offices that this release delivers."""

from __future__ import annotations

import csv
from functools import cache
from importlib import resources

from services.identity.offices.office import Office, OfficeTable


@cache
def delivered_offices() -> OfficeTable:
    """Return the delivered offices with their regions, read once."""
    source = resources.files("services.identity").joinpath("data", "offices.csv")
    lines = (line for line in source.read_text(encoding="utf-8").splitlines() if not line.startswith("#"))
    return OfficeTable(Office(row["office_id"], row["region_id"]) for row in csv.DictReader(lines))
