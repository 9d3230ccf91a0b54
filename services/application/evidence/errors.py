"""Refusals about evidence."""

from __future__ import annotations

from datetime import datetime

from services.application.documents.errors import UploadUnderWay
from shared.errors import NotAllowed, Refusal, fact_types


class EvidenceOfOthers(NotAllowed):
    """Applicants upload evidence for their own requests, officers at the counter for visitors without a booking."""

    code = "evidence_of_others"
    facts_told = fact_types(purposes=list[str])
    title = "Evidence for this purpose is uploaded by somebody else."
    title_id = "Bukti untuk keperluan ini diunggah oleh pihak lain."
    next_action = "Choose one of the purposes that are listed here, for example refund."
    next_action_id = "Pilih salah satu keperluan yang tercantum, misalnya refund."


class TooManyEvidenceFiles(Refusal):
    """As many uploads of this purpose were begun today as one caller may begin."""

    status = 429
    code = "too_many_evidence_files"
    facts_told = fact_types(limit=int, until=datetime)
    title = "As many files for this purpose as may be were uploaded today."
    title_id = "Jumlah unggahan untuk keperluan ini hari ini sudah mencapai batas."
    next_action = "Use the files that are there, or try again at the time named here."
    next_action_id = "Gunakan berkas yang sudah ada, atau coba lagi pada waktu yang disebutkan di sini."


class EvidenceUnderWay(UploadUnderWay):
    """Another request sends bytes of this evidence at this moment: one writer at a time."""

    code = "evidence_under_way"
    title = "Another request is sending this picture at this moment."
    title_id = "Gambar ini sedang dikirim oleh permintaan lain."
