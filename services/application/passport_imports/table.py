"""Reads the table of passports out of a file, as spreadsheets write it; every fault has its row and column. Pure."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from services.application.applications.book import BookFacts, BookKind, is_too_long

MOST_ROWS: Final = 500
"""Passports in one file: so few that the second officer can look at each of them."""

NEEDED: Final = ("applicant_id", "number", "kind", "issued_on", "expires_on")
COLUMNS: Final = (*NEEDED, "office_id")
WHOLE_FILE: Final = 1
"""The row of faults of the file or its header."""

EXPECTED: Final[Mapping[str, tuple[str, str, str]]] = {
    "applicant_id": ("id", "Write the id of the applicant.", "Tuliskan id pemohon."),
    "office_id": ("id", "Write the id of the office.", "Tuliskan id kantor."),
    "number": (
        "passport_number",
        "Write the letters and digits of the passport number, such as X1234567.",
        "Tuliskan huruf dan angka nomor paspor, misalnya X1234567.",
    ),
    "kind": (
        "kind",
        "Write ordinary, electronic or migrant_worker.",
        "Tuliskan ordinary, electronic atau migrant_worker.",
    ),
    "issued_on": ("date", "Write the day as YYYY-MM-DD.", "Tuliskan tanggal sebagai YYYY-MM-DD."),
    "expires_on": ("date", "Write the day as YYYY-MM-DD.", "Tuliskan tanggal sebagai YYYY-MM-DD."),
}
"""Of each column the rule, and a sentence in both languages about what is expected."""

_ID: Final = re.compile(r"[A-Za-z0-9-]{1,64}")
_NUMBER: Final = re.compile(r"[A-Z][A-Z0-9]{5,8}")


@dataclass(frozen=True)
class RowFault:
    """A fault: the row as the spreadsheet counts it, the column, the rule, and a sentence without any value."""

    row: int
    column: str
    rule: str
    detail: str
    detail_in_indonesian: str


@dataclass(frozen=True)
class PassportRow:
    """One passport of the file."""

    row: int
    applicant_id: str
    number: str = field(repr=False)
    book: BookFacts
    office_id: str | None


@dataclass(frozen=True)
class Table:
    """The content of a file: its readable rows, and every fault."""

    rows: tuple[PassportRow, ...]
    faults: tuple[RowFault, ...]


class _Faulty(Exception):
    """The file, or a row, cannot be read; the arguments are the faults."""


def read_table(data: bytes, today: date) -> Table:
    """Return the rows of a file and its faults; a file without faults has at least one row."""
    try:
        header, records = _read_records(data)
    except _Faulty as faulty:
        return Table((), faulty.args)
    rows: list[PassportRow] = []
    faults: list[RowFault] = []
    for number, cells in records:
        try:
            rows.append(_read_row(number, dict(zip(header, cells, strict=False)), today))
        except _Faulty as faulty:
            faults += faulty.args
    return Table(tuple(rows), (*faults, *_repeated(rows)))


def _read_records(data: bytes) -> tuple[Sequence[str], list[tuple[int, list[str]]]]:
    try:
        text = data.decode("utf-8-sig")
        separator = ";" if text.partition("\n")[0].count(";") else ","
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except (UnicodeDecodeError, csv.Error):
        raise _Faulty(
            RowFault(WHOLE_FILE, "", "csv", "Save the file as CSV UTF-8.", "Simpan berkas sebagai CSV UTF-8.")
        ) from None
    filled = [(number, [cell.strip() for cell in cells]) for number, cells in enumerate(lines, start=1) if any(cells)]
    header = [name.lower() for name in filled[0][1]] if filled else []
    if not set(NEEDED) <= set(header) <= set(COLUMNS) or len(set(header)) < len(header):
        columns = ", ".join(COLUMNS)
        raise _Faulty(
            RowFault(
                WHOLE_FILE,
                "",
                "header",
                f"The first row names each column once: {columns}; the last one may be left out.",
                f"Baris pertama menyebut tiap kolom satu kali: {columns}; yang terakhir boleh tidak ada.",
            )
        )
    if not 1 <= len(filled) - 1 <= MOST_ROWS:
        raise _Faulty(
            RowFault(
                WHOLE_FILE,
                "",
                "rows",
                f"A file has 1 to {MOST_ROWS} rows below its header.",
                f"Berkas berisi 1 sampai {MOST_ROWS} baris di bawah judul.",
            )
        )
    return header, filled[1:]


def _read_row(row: int, cells: Mapping[str, str], today: date) -> PassportRow:
    number, kind = "".join(cells.get("number", "").split()).upper(), cells.get("kind", "").lower()
    applicant_id, office_id = cells.get("applicant_id", ""), cells.get("office_id") or None
    issued_on, expires_on = _day(cells.get("issued_on", "")), _day(cells.get("expires_on", ""))
    is_right = {
        "applicant_id": _ID.fullmatch(applicant_id),
        "office_id": office_id is None or _ID.fullmatch(office_id),
        "number": _NUMBER.fullmatch(number),
        "kind": kind in set(BookKind),
        "issued_on": issued_on,
        "expires_on": expires_on,
    }
    faults = [RowFault(row, column, *EXPECTED[column]) for column, right in is_right.items() if not right]
    if issued_on is not None and expires_on is not None:
        faults += _wrong_days(row, issued_on, expires_on, today)
    if faults or issued_on is None or expires_on is None:
        raise _Faulty(*faults)
    return PassportRow(row, applicant_id, number, BookFacts(BookKind(kind), issued_on, expires_on), office_id)


def _wrong_days(row: int, issued_on: date, expires_on: date, today: date) -> Iterator[RowFault]:
    if expires_on <= issued_on:
        yield RowFault(
            row,
            "expires_on",
            "expiry_before_issue",
            "A passport expires after it was issued.",
            "Paspor habis berlaku setelah diterbitkan.",
        )
    if is_too_long(issued_on, expires_on):
        yield RowFault(
            row,
            "expires_on",
            "validity_too_long",
            "No passport is valid for longer than ten years.",
            "Tidak ada paspor yang berlaku lebih dari sepuluh tahun.",
        )
    if issued_on > today:
        yield RowFault(row, "issued_on", "issued_later", "This day is in the future.", "Tanggal ini di masa depan.")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _repeated(rows: Sequence[PassportRow]) -> Iterator[RowFault]:
    first: dict[str, int] = {}
    for row in rows:
        before = first.setdefault(row.number, row.row)
        if before != row.row:
            yield RowFault(
                row.row,
                "number",
                "repeated",
                f"This number stands in row {before} already.",
                f"Nomor ini sudah ada pada baris {before}.",
            )
