"""Query and answer of files of passports."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field

from services.application.field_types import Id
from services.application.passport_imports.passport_import import PassportImportState
from services.application.passport_imports.service import ImportSeen, RowOutcome
from shared.http.codes import OneOf
from shared.http.schema import Query, View


class PassportImportQuery(Query):
    """Whether the file is only checked, and under which id it was."""

    dry_run: bool = Field(True, strict=False, description="true: say what would happen, and record nothing.")
    import_id: Id | None = Field(None, description="Of the answer that checked this very file.")


class PassportRowView(View):
    """A row of the file, without its number."""

    row: int = Field(description="As the spreadsheet counts, the header being 1.")
    applicant_id: str
    outcome: Annotated[str, OneOf(RowOutcome)]
    passport_id: str | None


class PassportRowFaultView(View):
    """A fault of a row, in words; of the whole row or file where the column is empty."""

    row: int
    column: str
    rule: str
    detail: str
    detail_in_indonesian: str


class PassportImportView(View):
    """A file of passports: what its rows come to, and its faults. With faults it has no id and cannot be run."""

    import_id: str | None
    state: Annotated[str, OneOf(PassportImportState)] | None
    rows: list[PassportRowView]
    errors: list[PassportRowFaultView]

    @classmethod
    def from_seen(cls, seen: ImportSeen) -> Self:
        """Return the view of an import."""
        return cls(
            import_id=seen.import_id,
            state=seen.state.value if seen.state is not None else None,
            rows=[
                PassportRowView(
                    row=row.row, applicant_id=row.applicant_id, outcome=row.outcome.value, passport_id=row.passport_id
                )
                for row in seen.rows
            ],
            errors=[PassportRowFaultView.model_validate(vars(fault)) for fault in seen.faults],
        )
