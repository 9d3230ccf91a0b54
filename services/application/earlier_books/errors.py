"""Refusals about what follows from an earlier book."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from shared.errors import Refusal, fact_types
from shared.events.codes import ApplicationReason
from shared.http.codes import OneOf


class NothingDiffers(Refusal):
    """No record of an earlier book differs from the answers: there is nothing to decide."""

    status = 409
    code = "nothing_differs"
    title = "No record of an earlier passport differs from your answers."
    title_id = "Tidak ada catatan paspor sebelumnya yang berbeda dari jawaban Anda."
    next_action = "Read the application to see what comes next."
    next_action_id = "Lihat permohonan untuk mengetahui langkah berikutnya."


class AnswersBind(Refusal):
    """The fee is paid or the visit has begun: an officer corrects what was applied for."""

    status = 409
    code = "answers_bind"
    title = "The application is paid for; its answers cannot be changed by you any more."
    title_id = "Permohonan sudah dibayar; jawabannya tidak dapat Anda ubah lagi."
    next_action = (
        "Come to the visit with the earlier passport, or with the police report of its loss: an officer corrects the "
        "kind without a new application. A difference is billed or goes back to you."
    )
    next_action_id = (
        "Datang pada jadwal dengan paspor sebelumnya, atau surat lapor kehilangan dari kepolisian: petugas "
        "memperbaiki jenisnya tanpa permohonan baru. Selisih biaya ditagih atau dikembalikan."
    )


class ReasonDoesNotFit(Refusal):
    """The reason is missing or does not fit the books that were found."""

    status = 422
    code = "reason_does_not_fit"
    facts_told = fact_types(fitting_reasons=list[Annotated[str, OneOf(ApplicationReason)]])
    title = "This reason does not fit the earlier passports on record."
    title_id = "Alasan ini tidak sesuai dengan catatan paspor sebelumnya."
    next_action = "Send one of the fitting reasons, for example expired; or keep your answers with decision: keep."
    next_action_id = (
        "Kirim salah satu alasan yang sesuai, misalnya expired; atau pertahankan jawaban dengan decision: keep."
    )

    def __init__(self, fitting: Sequence[ApplicationReason]) -> None:
        super().__init__(field="/reason", fitting_reasons=[reason.value for reason in fitting])
