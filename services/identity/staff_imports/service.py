"""Hiring a whole office from a file: a dry run that shows every row and fault, then a run of exactly that file.

The run is all or nothing at its checks. Then rows are hired one by one, each as a single hire is: with its audit lines,
a one-time password, and a second operator for powerful roles. A row's id follows from the import and the row, so that a
run which was cut off goes on with the same call and hires each once.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from services.identity.context import UseCaseContext
from services.identity.staff import powers
from services.identity.staff.administration import Hiring, StaffAdmin
from services.identity.staff.errors import StaffNotInService, UserNameTaken
from services.identity.staff.repository import StaffRepository
from services.identity.staff.states import StaffCommand
from services.identity.staff_imports import staff_import as rules
from services.identity.staff_imports.errors import (
    ImportFileChanged,
    ImportNotAsChecked,
    ImportNotChecked,
    ImportUnknown,
)
from services.identity.staff_imports.repository import ImportRepository
from services.identity.staff_imports.staff_import import ImportState, RunProblem, StaffImport
from services.identity.staff_imports.table import ImportRow, RowFault, Table, read_table
from shared.errors import Refusal
from shared.store.decision import Decision
from shared.tokens import Caller

HIRED_AT_ONCE: Final = 8
"""Rows of one file that are hired at the same time; their passwords are hashed two at a time."""


class RowOutcome(StrEnum):
    """Outcomes of a row."""

    WOULD_BE_HIRED = "would_be_hired"
    WOULD_BE_PROPOSED = "would_be_proposed"
    """Another operator has to agree."""
    HIRED = "hired"
    PROPOSED = "proposed"
    NOT_HIRED = "not_hired"
    """Somebody else was faster since the check; a fault of this row says how."""


@dataclass(frozen=True)
class RowSeen:
    """A row and what it comes to. The one-time password is in one answer only."""

    row: int
    hiring: Hiring = field(repr=False)
    outcome: RowOutcome
    staff_id: str | None = None
    one_time_password: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class ImportSeen:
    """An import as its author sees it; without an id where the file has faults and cannot be run."""

    import_id: str | None
    state: ImportState | None
    rows: tuple[RowSeen, ...]
    faults: tuple[RowFault, ...]


class StaffImports:
    """The use cases of files of staff."""

    def __init__(self, context: UseCaseContext, admin: StaffAdmin) -> None:
        self._context = context
        self._admin = admin
        self._imports = ImportRepository(context)
        self._staff = StaffRepository(context)

    async def check(self, caller: Caller, data: bytes) -> ImportSeen:
        """Return what a run of this file would do, and every fault; no one is hired.

        Raises:
            StaffNotInService: the caller is not in service in their role any more.
        """
        await self._admin.refuse_out_of_service(caller)
        table = read_table(data)
        faults = (*table.faults, *await self._refused_rows(caller, table))
        rows = tuple(RowSeen(row.row, row.hiring, _would(row.hiring)) for row in table.rows)
        if faults:
            return ImportSeen(None, None, rows, tuple(sorted(faults, key=lambda fault: fault.row)))
        import_id = self._context.ids.new()
        checked = rules.checked(caller.account_id, self._fingerprint(data), len(rows), self._context.now())
        await self._imports.add(import_id, checked)
        return ImportSeen(import_id, checked.state, rows, ())

    async def run(self, caller: Caller, import_id: str | None, data: bytes) -> ImportSeen:
        """Hire every row of a file that was checked; the answer that ends the run has the one-time passwords.

        Raises:
            ImportNotChecked, ImportUnknown, ImportFileChanged: it is not what this caller had checked.
            ImportNotAsChecked: a row cannot be hired any more; none was.
            StaffNotInService
        """
        await self._admin.refuse_out_of_service(caller)
        known = await self._known(caller, import_id, data)
        table = read_table(data)
        if known.state is ImportState.CHECKED:
            wrong = await self._refused_rows(caller, table)
            if wrong:
                raise ImportNotAsChecked(rows=[fault.row for fault in wrong])
            await self._imports.change(str(import_id), self._begun)
        seen: list[tuple[RowSeen, RowFault | None]] = []
        for start in range(0, len(table.rows), HIRED_AT_ONCE):
            together = table.rows[start : start + HIRED_AT_ONCE]
            seen += await asyncio.gather(*(self._hire(caller, str(import_id), row) for row in together))
        shows_passwords = await self._finish(str(import_id))
        rows = (row if shows_passwords else _without_password(row) for row, _fault in seen)
        faults = tuple(fault for _row, fault in seen if fault is not None)
        return ImportSeen(import_id, ImportState.DONE, tuple(rows), faults)

    async def _known(self, caller: Caller, import_id: str | None, data: bytes) -> StaffImport:
        if import_id is None:
            raise ImportNotChecked(field="/import_id")
        record = await self._imports.staff_import(import_id)
        if record is None:
            raise ImportUnknown()
        match rules.run_problem(record.state, caller.account_id, self._fingerprint(data), self._context.now()):
            case RunProblem.UNKNOWN:
                raise ImportUnknown()
            case RunProblem.OTHER_FILE:
                raise ImportFileChanged()
        return record.state

    async def _hire(self, caller: Caller, import_id: str, row: ImportRow) -> tuple[RowSeen, RowFault | None]:
        try:
            seen = await self._admin.hire(caller, row.hiring, f"{import_id}:{row.row}")
        except StaffNotInService:
            raise
        except Refusal as refused:
            return RowSeen(row.row, row.hiring, RowOutcome.NOT_HIRED), _fault_of(row.row, refused)
        outcome = RowOutcome.PROPOSED if _needs_second(row.hiring) else RowOutcome.HIRED
        return RowSeen(row.row, row.hiring, outcome, seen.staff_id, seen.one_time_password), None

    async def _finish(self, import_id: str) -> bool:
        """End the run; return whether it was this call that ended it, which alone shows the passwords."""
        ended: list[bool] = []

        def decide(known: StaffImport) -> Decision[StaffImport] | None:
            ended[:] = [known.state is ImportState.RUNNING]
            return Decision(rules.finished(known)) if ended[0] else None

        await self._imports.change(import_id, decide)
        return ended == [True]

    def _begun(self, known: StaffImport) -> Decision[StaffImport] | None:
        if known.state is not ImportState.CHECKED:
            return None
        return Decision(rules.begun(known, self._context.now()))

    async def _refused_rows(self, caller: Caller, table: Table) -> list[RowFault]:
        """Return a fault for each row that the caller may not hire, or whose user name was given before."""
        taken = await self._staff.taken_names([row.hiring.username for row in table.rows])
        faults = []
        for row in table.rows:
            try:
                await self._admin.refuse_hiring(caller, row.hiring)
                if row.hiring.username in taken:
                    raise UserNameTaken(field="/username")
            except StaffNotInService:
                raise
            except Refusal as refused:
                faults.append(_fault_of(row.row, refused))
        return faults

    def _fingerprint(self, data: bytes) -> str:
        return self._context.seals.fingerprints.current(hashlib.sha256(data).hexdigest(), "staff_import_file")


def _needs_second(hiring: Hiring) -> bool:
    return powers.needs_second(StaffCommand.APPROVE, hiring.post)


def _would(hiring: Hiring) -> RowOutcome:
    return RowOutcome.WOULD_BE_PROPOSED if _needs_second(hiring) else RowOutcome.WOULD_BE_HIRED


def _without_password(row: RowSeen) -> RowSeen:
    return RowSeen(row.row, row.hiring, row.outcome, row.staff_id)


def _fault_of(row: int, refused: Refusal) -> RowFault:
    column = (refused.field or "/role").split("/")[1]
    return RowFault(
        row,
        column,
        refused.code,
        f"{refused.title} {refused.next_action}",
        f"{refused.title_id} {refused.next_action_id}",
    )
