"""The expected ways in which application says no, one class each."""

from __future__ import annotations

from collections.abc import Sequence

from services.application.applications.next_step import Step
from services.application.requirements.answers import Contradiction
from services.application.requirements.requirement import Listed, Text
from shared.errors import NotAllowed, Refusal, Unavailable

STEP_WORDS: dict[Step, Text] = {
    Step.QUESTIONNAIRE: Text("Answer the questionnaire first.", "Jawab kuesioner terlebih dahulu."),
    Step.DOCUMENTS: Text("Upload the required documents first.", "Unggah dokumen yang wajib terlebih dahulu."),
    Step.SUBMIT: Text("Submit the application first.", "Kirim permohonan terlebih dahulu."),
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
    title = "Another step comes first."
    title_id = "Ada langkah lain yang harus dilakukan terlebih dahulu."

    def __init__(self, step: Step) -> None:
        words = STEP_WORDS[step]
        super().__init__(words.en, detail_id=words.id, next_action=words.en, next_action_id=words.id, step=step.value)


class ApplicationEnded(Refusal):
    """The application has ended; nothing in it can be changed."""

    status = 409
    code = "application_ended"
    title = "This application has ended."
    title_id = "Permohonan ini telah berakhir."
    next_action = "Begin a new application."
    next_action_id = "Buat permohonan baru."


class StepIsOver(Refusal):
    """The step was done and cannot be done again."""

    status = 409
    code = "step_is_over"
    title = "This step is over."
    title_id = "Langkah ini sudah selesai."
    next_action = "Read the application to see what comes next."
    next_action_id = "Lihat permohonan untuk mengetahui langkah berikutnya."


class ApplicationAlreadyOpen(Refusal):
    """One live application per person."""

    status = 409
    code = "application_already_open"
    title = "An application of this person is open already."
    title_id = "Permohonan untuk orang ini sudah ada."
    next_action = "Go on with the open one, or withdraw it. If it is not yours, ask an office for help."
    next_action_id = "Lanjutkan atau tarik permohonan tersebut. Jika bukan milik Anda, mintalah bantuan kantor."


class AccountNotNamed(Refusal):
    """An officer acts for somebody and has to say for whom."""

    status = 422
    code = "account_not_named"
    title = "Say for whose account you act."
    title_id = "Sebutkan akun yang Anda wakili."
    next_action = "Add on_behalf_of with the account's id."
    next_action_id = "Tambahkan on_behalf_of dengan id akun."


class NotYourOffice(NotAllowed):
    """Staff see the applications of their own office only."""

    code = "not_your_office"
    title = "This application belongs to another office."
    title_id = "Permohonan ini milik kantor lain."
    next_action = "Ask the office that the appointment is at."
    next_action_id = "Hubungi kantor tempat janji temu."


_CONTRADICTIONS: dict[Contradiction, tuple[str, Text]] = {
    Contradiction.NEW_BUT_HELD: (
        "/reason",
        Text(
            "You have held a passport, so this is a replacement. The fee of a wrong kind is lost.",
            "Anda pernah memiliki paspor, jadi ini penggantian, bukan paspor pertama. Biaya jenis yang salah hangus.",
        ),
    ),
    Contradiction.REPLACEMENT_BUT_NEVER_HELD: (
        "/reason",
        Text(
            "You have never held a passport, so nothing can be replaced: the reason is a first passport.",
            "Anda belum pernah memiliki paspor, jadi tidak ada yang diganti: alasannya paspor pertama.",
        ),
    ),
    Contradiction.NEW_BUT_RECORDED: (
        "/has_held_passport",
        Text(
            "Our records show a passport of this person, so this is a replacement.",
            "Data kami mencatat paspor atas nama orang ini, jadi ini penggantian.",
        ),
    ),
    Contradiction.LONG_VALIDITY_FOR_MINOR: (
        "/validity_years",
        Text(
            "Ten years are for adults (17 or married); a child's passport is valid for five.",
            "Sepuluh tahun hanya untuk dewasa (17 tahun atau sudah menikah); paspor anak berlaku lima tahun.",
        ),
    ),
}


class AnswersContradict(Refusal):
    """The answers cannot stand together, or not with our records."""

    status = 422
    code = "answers_contradict"
    title = "Two answers do not go together."
    title_id = "Ada jawaban yang bertentangan."
    next_action = "Correct the named answer."
    next_action_id = "Perbaiki jawaban yang disebutkan."

    def __init__(self, contradiction: Contradiction) -> None:
        field, words = _CONTRADICTIONS[contradiction]
        super().__init__(words.en, detail_id=words.id, field=field, contradiction=contradiction.value)


class DocumentNotAsked(Refusal):
    """No item of this application's list has this name."""

    status = 422
    code = "document_not_asked"
    title = "This document is not asked for."
    title_id = "Dokumen ini tidak diminta."
    next_action = "Use one of the codes in the application's list of requirements."
    next_action_id = "Gunakan salah satu kode dalam daftar persyaratan permohonan."


class FileTooLarge(Refusal):
    """The declared size is over the limit."""

    status = 413
    code = "file_too_large"
    title = "The picture is too large."
    title_id = "Gambar terlalu besar."
    next_action = "Take the picture with a lower resolution, or compress it."
    next_action_id = "Ambil gambar dengan resolusi lebih rendah, atau kompres."


class FileTypeNotTaken(Refusal):
    """Only JPEG and PNG pictures are taken."""

    status = 415
    code = "file_type_not_taken"
    title = "Only JPEG and PNG pictures are taken."
    title_id = "Hanya gambar JPEG dan PNG yang diterima."
    next_action = "Take a picture of the document and upload that."
    next_action_id = "Foto dokumennya, lalu unggah foto tersebut."


class TooManyDocuments(Refusal):
    """As many uploads were begun as an application may have."""

    status = 409
    code = "too_many_documents"
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


class ItemsMissing(Refusal):
    """Compulsory items are not there; every one of them is named."""

    status = 422
    code = "items_missing"
    title = "Required documents are missing."
    title_id = "Ada dokumen wajib yang belum ada."
    next_action = "Upload the named documents, then submit again."
    next_action_id = "Unggah dokumen yang disebutkan, lalu kirim lagi."

    def __init__(self, items: Sequence[Listed]) -> None:
        titles = ", ".join(item.requirement.title.en for item in items)
        titles_id = ", ".join(item.requirement.title.id for item in items)
        super().__init__(
            f"Missing: {titles}.",
            detail_id=f"Belum ada: {titles_id}.",
            missing=[
                {"code": each.code, "title": each.requirement.title.en, "title_id": each.requirement.title.id}
                for each in items
            ],
        )


class ConfirmationMissing(Refusal):
    """The applicant has to say that they know what is not paid back."""

    status = 422
    code = "confirmation_missing"
    title = "Confirm that you have read what is not paid back."
    title_id = "Konfirmasikan bahwa Anda telah membaca ketentuan biaya yang tidak dikembalikan."
    next_action = "Read the statement and send confirmed_not_refundable as true."
    next_action_id = "Baca pernyataannya dan kirim confirmed_not_refundable bernilai true."

    def __init__(self, statement: Text) -> None:
        super().__init__(statement.en, detail_id=statement.id, field="/confirmed_not_refundable")


class TooLateToWithdraw(Refusal):
    """The visit has begun."""

    status = 409
    code = "too_late_to_withdraw"
    title = "The visit has begun; the application cannot be withdrawn any more."
    title_id = "Kunjungan sudah dimulai; permohonan tidak dapat ditarik lagi."
    next_action = "Tell the officer."
    next_action_id = "Sampaikan kepada petugas."


class DocumentDecided(Refusal):
    """The document is in a state that a decision cannot change."""

    status = 409
    code = "document_decided"
    title = "This document cannot be decided on now."
    title_id = "Dokumen ini tidak dapat diputuskan sekarang."
    next_action = "Look at the newest document of this item."
    next_action_id = "Lihat dokumen terbaru untuk persyaratan ini."


class ReasonCodeMissing(Refusal):
    """A refusal names its reason."""

    status = 422
    code = "reason_code_missing"
    title = "A refusal needs a reason."
    title_id = "Penolakan memerlukan alasan."
    next_action = "Send reason_code."
    next_action_id = "Kirim reason_code."


class OriginalsNotSeen(Refusal):
    """An approval needs the originals of the required documents seen and recorded."""

    status = 409
    code = "originals_not_seen"
    title = "Originals were not recorded as seen."
    title_id = "Dokumen asli belum dicatat sebagai diperiksa."
    next_action = "Record the originals of the named items first."
    next_action_id = "Catat dokumen asli untuk persyaratan yang disebutkan terlebih dahulu."

    def __init__(self, items: Sequence[Listed]) -> None:
        codes = [item.code for item in items]
        super().__init__(
            f"Not seen: {', '.join(codes)}.", detail_id=f"Belum diperiksa: {', '.join(codes)}.", items=codes
        )


class DocumentsUndecided(Refusal):
    """An approval needs every required document accepted: only accepted ones are handed over."""

    status = 409
    code = "documents_undecided"
    title = "A required document is not accepted yet."
    title_id = "Ada dokumen wajib yang belum diterima."
    next_action = "Decide on the flagged documents, or have them uploaded again, then record the outcome."
    next_action_id = "Putuskan dokumen yang ditandai, atau minta diunggah ulang, lalu catat hasilnya."


class NothingCorrected(Refusal):
    """A correction says what holds already."""

    status = 409
    code = "nothing_corrected"
    title = "The correction says what the application says already."
    title_id = "Perbaikan sama dengan isi permohonan saat ini."
    next_action = "Read the application; correct only what is wrong."
    next_action_id = "Lihat permohonan; perbaiki hanya yang keliru."


class ProofNotSeen(Refusal):
    """Force majeure frees from the penalty only with a letter of the village or another authority."""

    status = 422
    code = "proof_not_seen"
    title = "Force majeure needs its proof: a letter of the village or another authority."
    title_id = "Keadaan kahar memerlukan bukti: surat kelurahan atau pihak berwenang lain."
    next_action = "Look at the letter, then repeat with proof_seen: true."
    next_action_id = "Periksa suratnya, lalu ulangi dengan proof_seen: true."


class LetterNotMade(Refusal):
    """The letter could not be typeset; the visit is certain without it."""

    status = 409
    code = "letter_not_made"
    title = "The cover letter could not be made; the office has been told."
    title_id = "Surat pengantar tidak dapat dibuat; kantor sudah diberi tahu."
    next_action = "Your visit is certain all the same: come with your queue code and your identity card."
    next_action_id = "Jadwal Anda tetap berlaku: datang dengan kode antrean dan KTP Anda."


class PriceNotKnownYet(Refusal):
    """Billing has not said yet what a correction costs."""

    status = 409
    code = "price_not_known_yet"
    title = "What the correction costs is being worked out."
    title_id = "Biaya akibat perbaikan sedang dihitung."
    next_action = "Repeat in a few seconds."
    next_action_id = "Ulangi beberapa detik lagi."
    retry_after_seconds = 3


class FeeNotPaid(Refusal):
    """The visitor was let in on a proof of payment that is not valid: the book stays at the office until it is paid."""

    status = 409
    code = "fee_not_paid"
    title = "The fee of this passport is not paid: the proof of payment was not valid."
    title_id = "Biaya paspor ini belum dibayar: bukti pembayaran tidak sah."
    next_action = "Keep the book here. The applicant asks the bank, or books a time and pays; then hand it out."
    next_action_id = "Simpan paspor di kantor. Pemohon bertanya ke bank atau memilih waktu dan membayar; lalu serahkan."


class PaymentOwed(Refusal):
    """A difference or a penalty is not paid: the passport waits for it."""

    status = 409
    code = "payment_owed"
    title = "A difference or a penalty of this application is not paid."
    title_id = "Ada selisih biaya atau biaya beban permohonan ini yang belum dibayar."
    next_action = "Have the named bills paid, then record the outcome; a code that has ended can be renewed."
    next_action_id = "Minta tagihan tersebut dibayar, lalu catat hasilnya; kode yang berakhir dapat diperbarui."

    def __init__(self, bills: Sequence[tuple[str, str, int]]) -> None:
        super().__init__(
            bills=[{"bill_id": bill_id, "purpose": purpose, "amount": amount} for bill_id, purpose, amount in bills]
        )
