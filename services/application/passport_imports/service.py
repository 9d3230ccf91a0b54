"""Taking older passports over from a file: a check that shows every row and fault, then a run by a second officer.

The run is all or nothing at its checks. A row's passport is named by its number, so that a run which was cut off goes
on with the same call and records each once.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.application.applications.service import Applications
from services.application.context import UseCaseContext
from services.application.passport_imports import passport_import as rules
from services.application.passport_imports.errors import (
    PassportFileChanged,
    PassportFileNotAsChecked,
    PassportFileNotChecked,
    PassportFileUnknown,
    SecondOfficerNeeded,
)
from services.application.passport_imports.passport_import import PassportImport, PassportImportState, RunProblem
from services.application.passport_imports.repository import PassportImportRepository
from services.application.passport_imports.table import PassportRow, RowFault, Table, read_table
from services.application.passports.passport import Passport, PassportSource, PassportState
from services.application.passports.recording import PassportRecords
from services.application.requirements.requirement import day_at_capital
from shared.store.decision import Decision

FILE_FIELD: Final = "passport_import_file"


class RowOutcome(StrEnum):
    """Outcomes of a row."""

    __schema_name__ = "PassportRowOutcome"

    WOULD_BE_RECORDED = "would_be_recorded"
    KNOWN = "known"
    """The person's passport is recorded under this number already; nothing changes."""
    RECORDED = "recorded"


@dataclass(frozen=True)
class RowSeen:
    """A row and what it comes to."""

    row: int
    applicant_id: str
    outcome: RowOutcome
    passport_id: str | None = None


@dataclass(frozen=True)
class ImportSeen:
    """An import as officers see it; without an id where the file has faults and cannot be run."""

    import_id: str | None
    state: PassportImportState | None
    rows: tuple[RowSeen, ...]
    faults: tuple[RowFault, ...]


class PassportImports:
    """The use cases of files of passports."""

    def __init__(self, context: UseCaseContext, applications: Applications, records: PassportRecords) -> None:
        self._context = context
        self._applications = applications
        self._records = records
        self._imports = PassportImportRepository(context)

    async def check(self, by: str, data: bytes) -> ImportSeen:
        """Return what a run of this file would do, and every fault; nothing is recorded."""
        table = self._read(data)
        faults, seen = await self._look_at(table)
        if table.faults or faults:
            found = sorted((*table.faults, *faults), key=lambda fault: fault.row)
            return ImportSeen(None, None, seen, tuple(found))
        import_id = self._context.ids.new()
        checked = rules.checked(by, self._fingerprint(data), len(seen), self._context.now())
        await self._imports.add(import_id, checked)
        return ImportSeen(import_id, checked.state, seen, ())

    async def run(self, by: str, import_id: str | None, data: bytes) -> ImportSeen:
        """Record every row of a file that another officer had checked.

        Raises:
            PassportFileNotChecked, PassportFileUnknown, PassportFileChanged: it is not what was checked.
            SecondOfficerNeeded: the caller had it checked.
            PassportFileNotAsChecked: a row cannot be recorded any more; none was.
        """
        known = await self._known(by, import_id, data)
        table = self._read(data)
        faults, _seen = await self._look_at(table)
        if faults:
            raise PassportFileNotAsChecked(rows=[fault.row for fault in faults])
        await self._imports.change(str(import_id), lambda state: self._begun(state, by))
        seen = [await self._record(known, by, row) for row in table.rows]
        await self._imports.change(str(import_id), _finished)
        return ImportSeen(import_id, PassportImportState.DONE, tuple(seen), ())

    async def _known(self, by: str, import_id: str | None, data: bytes) -> PassportImport:
        if import_id is None:
            raise PassportFileNotChecked(field="/import_id")
        record = await self._imports.passport_import(import_id)
        if record is None:
            raise PassportFileUnknown
        match rules.run_problem(record.state, by, self._fingerprint(data), self._context.now()):
            case RunProblem.UNKNOWN:
                raise PassportFileUnknown
            case RunProblem.SAME_OFFICER:
                raise SecondOfficerNeeded
            case RunProblem.OTHER_FILE:
                raise PassportFileChanged
        return record.state

    async def _look_at(self, table: Table) -> tuple[list[RowFault], tuple[RowSeen, ...]]:
        """Return a fault for each row that cannot be recorded, and what the others come to."""
        faults: list[RowFault] = []
        seen: list[RowSeen] = []
        for row in table.rows:
            person_id = await self._person_of(row.applicant_id)
            if person_id is None:
                faults.append(_unknown_applicant(row.row))
                continue
            known = await self._records.repository.holder_of_number(self._records.vault.prints_of(row.number))
            if known is not None and known.state.person_id != person_id:
                faults.append(_number_of_another(row.row))
                continue
            outcome = RowOutcome.KNOWN if known is not None else RowOutcome.WOULD_BE_RECORDED
            seen.append(RowSeen(row.row, row.applicant_id, outcome, known.id if known is not None else None))
        return faults, tuple(seen)

    async def _record(self, known: PassportImport, by: str, row: PassportRow) -> RowSeen:
        applicant = await self._applications.repository.applicant(row.applicant_id)
        if applicant is None:
            raise PassportFileNotAsChecked(rows=[row.row])
        passport = Passport(
            person_id=applicant.state.person_id,
            account_id=applicant.state.account_id,
            applicant_id=row.applicant_id,
            book=row.book,
            source=PassportSource.IMPORTED,
            recorded_at=self._context.now(),
            number_sealed="",
            fingerprints=(),
            of_child=applicant.state.guardian_applicant_id is not None,
            state=PassportState.COLLECTED,
            office_id=row.office_id,
            recorded_by=known.by,
            agreed_by=by,
        )
        record = await self._records.record_older(row.number, passport)
        if record is None or record.state.person_id != passport.person_id:
            raise PassportFileNotAsChecked(rows=[row.row])
        return RowSeen(row.row, row.applicant_id, RowOutcome.RECORDED, record.id)

    async def _person_of(self, applicant_id: str) -> str | None:
        record = await self._applications.repository.applicant(applicant_id)
        return record.state.person_id if record is not None and record.state.complete else None

    def _begun(self, state: PassportImport, by: str) -> Decision[PassportImport] | None:
        is_new = state.state is PassportImportState.CHECKED
        return Decision(rules.begun(state, by, self._context.now())) if is_new else None

    def _read(self, data: bytes) -> Table:
        return read_table(data, day_at_capital(self._context.now()))

    def _fingerprint(self, data: bytes) -> str:
        return self._records.vault.fingerprints.current(hashlib.sha256(data).hexdigest(), FILE_FIELD)


def _finished(state: PassportImport) -> Decision[PassportImport] | None:
    return Decision(rules.finished(state)) if state.state is PassportImportState.RUNNING else None


def _unknown_applicant(row: int) -> RowFault:
    return RowFault(
        row,
        "applicant_id",
        "applicant_unknown",
        "No confirmed applicant has this id.",
        "Tidak ada pemohon yang dipastikan dengan id ini.",
    )


def _number_of_another(row: int) -> RowFault:
    return RowFault(
        row,
        "number",
        "number_of_another",
        "This number is recorded for another person.",
        "Nomor ini tercatat atas nama orang lain.",
    )
