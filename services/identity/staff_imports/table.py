"""Reads the table of staff out of a file, as spreadsheets write it; every fault has its row, its column and a sentence.

UTF-8 with or without a mark at its beginning, commas or semicolons, any line ends, quotes around cells, blank lines.
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.identity.staff.admin_schemas import Hire
from services.identity.staff.administration import Hiring
from services.identity.staff.member import StaffReason
from shared.errors import FieldError, Malformed
from shared.http.validation import read_json

MOST_ROWS: Final = 500
"""Staff in one file: twice the largest office."""

NEEDED: Final = ("username", "full_name", "role")
COLUMNS: Final = (*NEEDED, "office_id", "offices", "region_id", "reason")
FORMULA_SIGNS: Final = ("=", "+", "-", "@")
"""Signs with which a spreadsheet begins a formula: a list of staff that is opened again would run it."""

WHOLE_FILE: Final = 1
"""The row of what is wrong with the file or its header."""


@dataclass(frozen=True)
class RowFault:
    """A fault: the row as the spreadsheet counts it, the column, the rule, a sentence and a right example."""

    row: int
    column: str
    rule: str
    detail: str
    detail_id: str
    example: str | None = None


@dataclass(frozen=True)
class ImportRow:
    """One person of the file."""

    row: int
    hiring: Hiring


@dataclass(frozen=True)
class Table:
    """The content of a file: its readable rows, and every fault."""

    rows: tuple[ImportRow, ...]
    faults: tuple[RowFault, ...]


class _Unusable(Exception):
    """The file cannot be read as a table; the argument is the fault."""


def read_table(data: bytes) -> Table:
    """Return the rows of a file and its faults; a file without faults has at least one row."""
    try:
        header, records = _read_records(data)
    except _Unusable as unusable:
        return Table((), unusable.args)
    rows: list[ImportRow] = []
    faults: list[RowFault] = []
    for number, cells in records:
        try:
            rows.append(ImportRow(number, _read_row(number, header, cells)))
        except _Unusable as unusable:
            faults += unusable.args
    return Table(tuple(rows), (*faults, *_repeated(rows)))


def _read_records(data: bytes) -> tuple[Sequence[str], list[tuple[int, list[str]]]]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _Unusable(_of_file("utf8", "Save the file as CSV UTF-8.", "Simpan berkas sebagai CSV UTF-8.")) from None
    first = text.lstrip().partition("\n")[0]
    separator = ";" if first.count(";") > first.count(",") else ","
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error:
        raise _Unusable(
            _of_file("csv", "A quote is opened and not closed as CSV asks.", "Ada tanda kutip yang tidak ditutup.")
        ) from None
    filled = [(number, [cell.strip() for cell in cells]) for number, cells in enumerate(lines, start=1)]
    filled = [(number, cells) for number, cells in filled if any(cells)]
    header = [name.lower() for name in filled[0][1]] if filled else []
    _refuse_header(header)
    records = filled[1:]
    if not 1 <= len(records) <= MOST_ROWS:
        raise _Unusable(
            _of_file(
                "rows",
                f"A file has 1 to {MOST_ROWS} rows below its header.",
                f"Berkas berisi 1 sampai {MOST_ROWS} baris.",
            )
        )
    return header, records


def _refuse_header(header: Sequence[str]) -> None:
    wrong = [name for name in NEEDED if name not in header]
    wrong += [name for name, times in Counter(header).items() if name not in COLUMNS or times > 1]
    if wrong:
        raise _Unusable(
            *(
                RowFault(
                    WHOLE_FILE,
                    name if name in COLUMNS else "",
                    "header",
                    f"The first row names each column once: {', '.join(COLUMNS)}; the first three are needed.",
                    f"Baris pertama menyebut tiap kolom satu kali: {', '.join(COLUMNS)}; tiga yang pertama wajib.",
                    ",".join(COLUMNS),
                )
                for name in dict.fromkeys(wrong)
            )
        )


def _read_row(number: int, header: Sequence[str], cells: Sequence[str]) -> Hiring:
    if len(cells) > len(header) and any(cells[len(header) :]):
        raise _Unusable(
            RowFault(
                number,
                "",
                "cells",
                "This row has more cells than the header; put quotes around a cell with the separator in it.",
                "Baris ini memiliki lebih banyak sel daripada judul; beri tanda kutip pada sel yang memuat pemisah.",
            )
        )
    given = {name: cell for name, cell in zip(header, cells, strict=False) if cell}
    if given.get("full_name", "").startswith(FORMULA_SIGNS):
        raise _Unusable(
            RowFault(
                number,
                "full_name",
                "formula",
                "A name does not begin with = + - or @: a spreadsheet would take it for a formula.",
                "Nama tidak diawali = + - atau @: aplikasi lembar kerja menganggapnya rumus.",
                "DEWI CONTOH LESTARI",
            )
        )
    try:
        return read_json(Hire, json.dumps(_body_of(given)).encode()).hiring()
    except Malformed as malformed:
        raise _Unusable(*(_of_field(number, error) for error in malformed.errors)) from None


def _body_of(given: Mapping[str, str]) -> dict[str, Any]:
    body: dict[str, Any] = {"reason": StaffReason.NEW_POST.value, **given}
    for name in ("username", "role", "office_id", "region_id", "reason"):
        if name in body:
            body[name] = body[name].lower()
    if "offices" in body:
        body["offices"] = body["offices"].lower().split()
    return body


def _of_field(number: int, error: FieldError) -> RowFault:
    column = error.pointer.split("/")[1]
    return RowFault(number, column, error.rule, error.detail, error.detail_id, error.example)


def _of_file(rule: str, detail: str, detail_id: str) -> RowFault:
    return RowFault(WHOLE_FILE, "", rule, detail, detail_id)


def _repeated(rows: Sequence[ImportRow]) -> Iterator[RowFault]:
    first: dict[str, int] = {}
    for row in rows:
        before = first.setdefault(row.hiring.username, row.row)
        if before != row.row:
            yield RowFault(
                row.row,
                "username",
                "repeated",
                f"This user name stands in row {before} already.",
                f"Nama pengguna ini sudah ada pada baris {before}.",
            )
