"""Refusals about where an application stands."""

from __future__ import annotations

from services.application.applications.application import Status
from services.application.applications.next_step import Step
from services.application.texts import Text
from shared.errors import Refusal, fact_types

STEP_WORDS: dict[Step, Text] = {
    Step.QUESTIONNAIRE: Text("Answer the questionnaire first.", "Jawab kuesioner terlebih dahulu."),
    Step.DOCUMENTS: Text("Upload the required documents first.", "Unggah dokumen yang wajib terlebih dahulu."),
    Step.SUBMIT: Text("Submit the application first.", "Kirim permohonan terlebih dahulu."),
    Step.IDENTITY: Text(
        "Wait until the civil registry has confirmed the identity; see the applicant.",
        "Tunggu sampai Dukcapil mengonfirmasi identitas; lihat data pemohon.",
    ),
    Step.CHOOSE_SEAT: Text("Choose an office and a time first.", "Pilih kantor dan waktu terlebih dahulu."),
    Step.PAY: Text("Pay the bill first.", "Bayar tagihan terlebih dahulu."),
    Step.COME: Text("Check in at the office first.", "Lakukan check-in di kantor terlebih dahulu."),
    Step.INTERVIEW: Text("The interview comes first.", "Wawancara dilakukan terlebih dahulu."),
    Step.PRINT: Text("The passport must be printed first.", "Paspor harus dicetak terlebih dahulu."),
    Step.COLLECT: Text("The passport must be collected first.", "Paspor harus diambil terlebih dahulu."),
}


class StepComesFirst(Refusal):
    """The call is out of order; `step` names what must come before it."""

    status = 409
    code = "step_comes_first"
    facts_told = fact_types(step=Step)
    title = "Another step comes first."
    title_id = "Ada langkah lain yang harus dilakukan terlebih dahulu."

    def __init__(self, step: Step) -> None:
        words = STEP_WORDS[step]
        super().__init__(words.en, detail_id=words.id, next_action=words.en, next_action_id=words.id, step=step.value)


class PersonAppliesElsewhere(Refusal):
    """Another account has submitted an application for this person; an officer settles whose it is."""

    status = 409
    code = "person_applies_elsewhere"
    title = "Another account has submitted an application for this person."
    title_id = "Akun lain sudah mengirim permohonan untuk orang ini."
    next_action = (
        "Show the identity card at an immigration office: an officer closes the other one, and you can submit this "
        "draft. If the other account is yours, go on there or withdraw its application."
    )
    next_action_id = (
        "Tunjukkan KTP di kantor imigrasi: petugas menutup permohonan itu, lalu konsep ini dapat dikirim. Jika akun "
        "lain itu milik Anda, lanjutkan di sana atau tarik permohonannya."
    )


class ApplicationEnded(Refusal):
    """The application has ended; nothing in it can be changed."""

    status = 409
    code = "application_ended"
    facts_told = fact_types(state=Status)
    title = "This application has ended."
    title_id = "Permohonan ini telah berakhir."
    next_action = "Begin a new application."
    next_action_id = "Buat permohonan baru."


class ApplicationNotRefused(Refusal):
    """The call is for applications that were refused at the interview."""

    status = 409
    code = "application_not_refused"
    title = "This application was not refused."
    title_id = "Permohonan ini tidak ditolak."
    next_action = "Read the application to see what comes next."
    next_action_id = "Lihat permohonan untuk mengetahui langkah berikutnya."


class StepIsOver(Refusal):
    """The step was done and cannot be done again."""

    status = 409
    code = "step_is_over"
    facts_told = fact_types(state=Status)
    title = "This step is over."
    title_id = "Langkah ini sudah selesai."
    next_action = "Read the application to see what comes next."
    next_action_id = "Lihat permohonan untuk mengetahui langkah berikutnya."
