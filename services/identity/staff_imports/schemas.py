"""Query and answer of files of staff."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from services.identity.field_types import Id
from services.identity.staff.powers import Post
from services.identity.staff_imports.service import ImportSeen, RowOutcome, RowSeen
from services.identity.staff_imports.staff_import import ImportState
from services.identity.staff_imports.table import RowFault
from shared.http.codes import OneOf
from shared.http.schema import Query, View


class ImportQuery(Query):
    """Whether the file is only checked, and under which id it was."""

    dry_run: bool = Field(True, strict=False, description="true: say what would happen, and hire no one.")
    import_id: Id | None = Field(None, description="Of the answer that checked this very file.")


class RowView(View):
    """A row of the file."""

    row: int = Field(description="As the spreadsheet counts, the header being 1.")
    username: str
    role: Annotated[str, OneOf(Post)]
    office_id: str | None
    outcome: Annotated[str, OneOf(RowOutcome)]
    staff_id: str | None
    one_time_password: str | None = Field(description="Shown once, in the answer that ended the run.")

    @classmethod
    def from_seen(cls, seen: RowSeen) -> RowView:
        """Return the view of a row."""
        return cls(
            row=seen.row,
            username=seen.hiring.username,
            role=seen.hiring.post.value,
            office_id=seen.hiring.office_id,
            outcome=seen.outcome.value,
            staff_id=seen.staff_id,
            one_time_password=seen.one_time_password,
        )


class FaultView(View, in_indonesian=("detail",)):
    """A fault of a row, in words; of the whole row or file where the column is empty."""

    row: int
    column: str
    rule: str
    detail: str
    detail_id: str
    example: str | None

    @classmethod
    def from_fault(cls, fault: RowFault) -> FaultView:
        """Return the view of a fault."""
        return cls.model_validate(vars(fault))


class ImportView(View):
    """A file of staff: what its rows come to, and its faults. With faults it has no id and cannot be run."""

    import_id: str | None
    state: Annotated[str, OneOf(ImportState)] | None
    rows: list[RowView]
    errors: list[FaultView]

    @classmethod
    def from_seen(cls, seen: ImportSeen) -> ImportView:
        """Return the view of an import."""
        return cls(
            import_id=seen.import_id,
            state=seen.state.value if seen.state is not None else None,
            rows=[RowView.from_seen(row) for row in seen.rows],
            errors=[FaultView.from_fault(fault) for fault in seen.faults],
        )
