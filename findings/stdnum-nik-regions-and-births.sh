#!/usr/bin/env bash
# python-stdnum 2.2, stdnum.id.nik: valid NIKs refused, regions of Papua mixed up, births from 2000 on a century off.
#
# A NIK begins with the region code of the Ministry of Home Affairs (Kepmendagri 300.2.2-2430 of 2025): 65 North
# Kalimantan (since 2012), 91 Papua, 92 West Papua, 93, 95, 96 three of the provinces of 2022. stdnum's table has the
# numbering of the statistics office instead, in which 91 is West Papua and 94 Papua, and no 65, 92, 93, 95 or 96.
# get_birth_date takes `minyear` (1920 by default) and does not use it: the century is always the 1900s.
#
# What we do: an unknown region is a warning and never a refusal, and the century is chosen by the typed birth date.
# Exit status: 0 as long as it is so, 1 when another behaviour is seen. The NIKs are invented.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check python-stdnum==2.2
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

from stdnum import numdb
from stdnum.id import nik

print("python-stdnum", version("python-stdnum"))
wrong = []


def expect(what: str, seen: object, known: object) -> None:
    print(f"{what}: {seen}")
    if seen != known:
        wrong.append(what)


for place, province in (
    ("6571", "North Kalimantan, Tarakan"),
    ("9202", "West Papua, Manokwari"),
    ("9301", "South Papua, Merauke"),
    ("9501", "Highland Papua, Jayawijaya"),
    ("9602", "Southwest Papua, South Sorong"),
):
    expect(f"is_valid, registered in {place} ({province})", nik.is_valid(place + "01" + "150890" + "0001"), False)
expect("is_valid, registered in 3171 (Jakarta)", nik.is_valid("3171" + "01" + "150890" + "0001"), True)
expect("name of 9171 (by the ministry: Jayapura)", numdb.get("id/loc").info("9171")[1][1]["name_id"], "SORONG")

for minyear in (1920, 2000):
    born = nik.get_birth_date("3171" + "01" + "050105" + "0001", minyear=minyear)
    expect(f"get_birth_date of 05-01-05 with minyear={minyear}", born.isoformat(), "1905-01-05")

print("as described" if not wrong else f"changed: {wrong}")
sys.exit(1 if wrong else 0)
PYTHON
