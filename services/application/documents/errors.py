"""Refusals about documents and their uploads."""

from __future__ import annotations

from services.application.applications.document import DocumentState
from shared.errors import Refusal, Unavailable, fact_types


class FileTooLarge(Refusal):
    """The declared size is over the limit."""

    status = 413
    code = "file_too_large"
    facts_told = fact_types(limit_bytes=int)
    title = "The file is too large."
    title_id = "File terlalu besar."
    next_action = "Take the picture with a lower resolution, or compress it."
    next_action_id = "Ambil gambar dengan resolusi lebih rendah, atau kompres."


class FileTypeNotTaken(Refusal):
    """A file of this type is neither a picture nor a scan."""

    status = 415
    code = "file_type_not_taken"
    facts_told = fact_types(accepted=list[str])
    title = "Pictures (JPEG, PNG, HEIC, AVIF, WebP, TIFF) and scans as PDF are taken, nothing else."
    title_id = "Hanya gambar (JPEG, PNG, HEIC, AVIF, WebP, TIFF) dan hasil pindai PDF yang diterima."
    next_action = "Take a picture of the document and upload that, for instance as image/jpeg or image/png."
    next_action_id = "Foto dokumennya, lalu unggah foto tersebut, misalnya sebagai image/jpeg atau image/png."


class TooManyDocuments(Refusal):
    """As many uploads were begun as an application may have."""

    status = 409
    code = "too_many_documents"
    facts_told = fact_types(limit=int)
    title = "This application has as many uploads as it may have."
    title_id = "Permohonan ini sudah mencapai batas unggahan."
    next_action = "Bring the document to the office."
    next_action_id = "Bawa dokumen ke kantor."


class DocumentsClosed(Refusal):
    """From the day of the visit on, documents are settled at the counter."""

    status = 409
    code = "documents_closed"
    title = "Documents could be replaced until the day before the visit."
    title_id = "Dokumen dapat diganti sampai sehari sebelum kedatangan."
    next_action = "Bring the document to the office."
    next_action_id = "Bawa dokumen ke kantor."


class UploadOffsetWrong(Refusal):
    """The bytes do not begin where the upload stands."""

    status = 409
    code = "wrong_offset"
    facts_told = fact_types(upload_offset=int)
    title = "The upload stands at another place."
    title_id = "Unggahan berada pada posisi lain."
    next_action = "Go on from the offset that is named here."
    next_action_id = "Lanjutkan dari posisi yang disebutkan."

    def __init__(self, expected: int) -> None:
        super().__init__(f"Go on at {expected}.", detail_id=f"Lanjutkan dari {expected}.", upload_offset=expected)


class UploadUnderWay(Refusal):
    """Another request sends bytes of this document at this moment: one writer at a time."""

    status = 409
    code = "upload_under_way"
    title = "Another request is sending this document at this moment."
    title_id = "Dokumen ini sedang dikirim oleh permintaan lain."
    next_action = "Wait until it has ended, ask with HEAD how far it came, and go on from there."
    next_action_id = "Tunggu sampai selesai, tanyakan posisinya dengan HEAD, lalu lanjutkan dari sana."
    retry_after_seconds = 2


class PicturesWait(Unavailable):
    """So many pictures are to be looked at that this one's turn did not come in time."""

    code = "pictures_wait"
    title = "Many pictures are being looked at; this one's turn has not come yet."
    title_id = "Banyak gambar sedang diperiksa; giliran gambar ini belum tiba."
    next_action = "Send the same request again in a moment; what has arrived is kept or taken again."
    next_action_id = "Kirim ulang permintaan yang sama sebentar lagi; data yang sudah diterima tidak hilang."
    retry_after_seconds = 10


class DocumentDecided(Refusal):
    """The document is in a state that a decision cannot change."""

    status = 409
    code = "document_decided"
    facts_told = fact_types(state=DocumentState)
    title = "This document cannot be decided on now."
    title_id = "Dokumen ini tidak dapat diputuskan sekarang."
    next_action = "Look at the newest document of this item."
    next_action_id = "Lihat dokumen terbaru untuk persyaratan ini."
