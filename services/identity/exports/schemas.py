"""Answer bodies of exports."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal

from pydantic import Field

from services.identity.exports import export as rules
from services.identity.exports.export import Export, ExportState
from services.identity.sign_in.schemas import ChallengeView
from shared.http.paging import ListView
from shared.http.schema import NextCallView, View, view_next_call
from shared.store.kinds import Record

_NEXT: Final[Mapping[ExportState, tuple[str, str]]] = {
    ExportState.COLLECTING: (
        "Wait: you get a message when your data are ready.",
        "Tunggu: Anda mendapat pesan bila data siap.",
    ),
    ExportState.PARTIAL: (
        "Download what is there; you get another message when the missing part has come.",
        "Unduh yang sudah ada; Anda mendapat pesan lagi bila bagian yang kurang sudah datang.",
    ),
    ExportState.READY: (
        "Download your data here, in the session that asked for them, before they are removed.",
        "Unduh data Anda di sini, dalam sesi yang memintanya, sebelum dihapus.",
    ),
}


class ExportPartView(View):
    """A service's part."""

    service: str
    state: Literal["arrived", "awaited"]


class DownloadView(View):
    """A file that can be downloaded."""

    what: Literal["data", "files"]
    href: str


class ExportView(View, in_indonesian=("next_action",)):
    """An export of the account's data."""

    export_id: str
    state: ExportState
    asked_at: datetime
    ends_at: datetime = Field(description="From then on it is removed.")
    parts: list[ExportPartView]
    missing: list[str] = Field(description="Services whose part has not arrived.")
    downloads: list[DownloadView] = Field(
        description="Empty while it is collected. The documents that were uploaded are downloaded from their own "
        "service, so that no second copy of them is made."
    )
    downloadable_here: bool = Field(description="Whether this session proved the addresses: no other one downloads.")
    next_action: str
    next_action_id: str
    next_call: NextCallView | None

    @classmethod
    def from_record(cls, record: Record[Export], session_id: str) -> ExportView:
        """Return the view of an export for this session."""
        export, missing = record.state, rules.missing(record.state)
        next_action, next_action_id = _NEXT[export.state]
        return cls(
            export_id=record.id,
            state=export.state,
            asked_at=export.asked_at,
            ends_at=export.ends_at,
            parts=[
                ExportPartView(service=service, state="awaited" if service in missing else "arrived")
                for service in rules.SERVICES
            ],
            missing=list(missing),
            downloads=_downloads(record.id, export),
            downloadable_here=export.session_id == session_id,
            next_action=next_action,
            next_action_id=next_action_id,
            next_call=view_next_call("data_export", export.state, export_id=record.id),
        )


class ExportsView(ListView):
    """The account's exports, the newest first."""

    exports: list[ExportView]


class ExportAskedView(View):
    """The codes that were sent to prove the addresses, or the export that is running."""

    challenge: ChallengeView | None = Field(
        description="Prove it at its verification: `code`, and `old_code` where the account has two addresses."
    )
    export: ExportView | None


def _downloads(export_id: str, export: Export) -> list[DownloadView]:
    if export.state is ExportState.COLLECTING:
        return []
    data = DownloadView(what="data", href=f"/v1/account/exports/{export_id}/archive")
    files = DownloadView(what="files", href=f"/v1/exported-files/{export_id}")
    return [data, files] if "application" not in rules.missing(export) else [data]
