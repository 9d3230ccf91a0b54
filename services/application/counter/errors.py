"""Refusals at the counter."""

from __future__ import annotations

from collections.abc import Sequence

from services.application.requirements.requirement import Listed
from shared.errors import Refusal, fact_types


class OriginalsNotSeen(Refusal):
    """An approval needs the originals of the required documents seen and recorded."""

    status = 409
    code = "originals_not_seen"
    facts_told = fact_types(items=list[str])
    title = "Originals were not recorded as seen."
    title_id = "Dokumen asli belum dicatat sebagai diperiksa."
    next_action = "Record the originals of the named items first."
    next_action_id = "Catat dokumen asli untuk persyaratan yang disebutkan terlebih dahulu."

    def __init__(self, items: Sequence[Listed]) -> None:
        codes = [item.code for item in items]
        super().__init__(
            f"Not seen: {', '.join(codes)}.", detail_id=f"Belum diperiksa: {', '.join(codes)}.", items=codes
        )


class MissingPapersNotNamed(Refusal):
    """An interview that ends incomplete names the papers that were missing."""

    status = 422
    code = "missing_papers_not_named"
    title = "The papers that are missing are not named."
    title_id = "Dokumen yang kurang belum disebutkan."
    next_action = 'Send in missing the codes of the application\'s list, such as ["family_card"].'
    next_action_id = 'Kirim dalam missing kode dari daftar persyaratan permohonan, misalnya ["family_card"].'


class NothingIsMissing(Refusal):
    """Missing papers are named for another outcome than an incomplete one."""

    status = 422
    code = "nothing_is_missing"
    title = "Missing papers go with the outcome incomplete only."
    title_id = "Dokumen yang kurang hanya untuk hasil incomplete."
    next_action = "Leave missing out, or record the outcome incomplete."
    next_action_id = "Hapus missing, atau catat hasil incomplete."


class PapersNotNeeded(Refusal):
    """Only a paper that the application needs, or one that was handed in, can be missing."""

    status = 422
    code = "papers_not_needed"
    facts_told = fact_types(unneeded=list[str])
    title = "The application does not need these papers; nothing was recorded."
    title_id = "Permohonan ini tidak memerlukan dokumen tersebut; tidak ada yang dicatat."
    next_action = "Name in missing items that the list shows as other than not_needed; tell a wish in note."
    next_action_id = "Sebutkan dalam missing persyaratan yang tidak berstatus not_needed; tulis permintaan dalam note."


class DocumentsUndecided(Refusal):
    """An approval needs every required document accepted: only accepted ones are handed over."""

    status = 409
    code = "documents_undecided"
    title = "A required document is not accepted yet."
    title_id = "Ada dokumen wajib yang belum diterima."
    next_action = "Decide on the flagged documents, or have them uploaded again, then record the outcome."
    next_action_id = "Putuskan dokumen yang ditandai, atau minta diunggah ulang, lalu catat hasilnya."
