"""Application's part of an export: applications with answers, documents and timeline, and identity cards."""

from __future__ import annotations

from datetime import date, datetime

from services.application.applications.application import Application
from services.application.applications.document import PRESENT_STATES, Document
from services.application.applications.earlier_book_findings import is_holder_seen
from services.application.applications.service import Applications
from services.application.crossings.service import Crossings
from services.application.earlier_books.answer import EarlierBook
from services.application.earlier_books.sealed_books import open_books
from services.application.evidence.evidence import Evidence, EvidenceState
from services.application.evidence.repository import EvidenceRepository
from services.application.passports.passport import Passport
from services.application.passports.service import Passports
from services.application.requirements.answers import Answers
from shared.events.identity import DataExportAsked
from shared.own_data.part import Correction, OwnData, own
from shared.own_data.staff_acts import OwnStaffAct, list_staff_acts
from shared.store.kinds import Record
from shared.store.port import Store


class OwnAnswers(OwnData):
    """The answers to the questionnaire."""

    has_held_passport: bool = own("Pernah punya paspor", "Has held a passport", Correction.QUESTIONNAIRE)
    reason: str = own("Alasan", "Reason", Correction.QUESTIONNAIRE)
    passport_kind: str = own("Jenis paspor", "Passport kind", Correction.QUESTIONNAIRE)
    validity_years: int = own("Masa berlaku, tahun", "Validity, years", Correction.QUESTIONNAIRE)
    purpose: str = own("Tujuan perjalanan", "Purpose of travel", Correction.QUESTIONNAIRE)
    zero_tariff: str | None = own("Dasar tarif nol", "Ground of a zero tariff", Correction.QUESTIONNAIRE)
    married: bool = own("Menikah", "Married", Correction.QUESTIONNAIRE)
    name_changed: bool = own("Berganti nama", "Changed their name", Correction.QUESTIONNAIRE)
    naturalised: bool = own("Naturalisasi", "Naturalised", Correction.QUESTIONNAIRE)


class OwnDocument(OwnData):
    """A document that was uploaded; its file is in the archive of files under ``file``."""

    document_id: str = own("Nomor berkas", "Document number")
    requirement: str = own("Persyaratan", "Requirement", Correction.DOCUMENT)
    paper: str = own("Dokumen", "Paper", Correction.DOCUMENT)
    page: int = own("Halaman", "Page", Correction.DOCUMENT)
    state: str = own("Keadaan", "State")
    reason: str | None = own("Alasan", "Reason")
    findings: list[str] = own("Temuan mesin tentang gambar", "What a machine found about the picture")
    agreements: list[str] = own("Kecocokan dengan data yang diketik", "Agreement with what was typed")
    uploaded_at: datetime = own("Diunggah pada", "Uploaded at")
    file: str | None = own("Nama di arsip berkas", "Name in the archive of files")


class OwnEntry(OwnData):
    """A line of the timeline."""

    at: datetime = own("Pada", "At")
    what: str = own("Apa", "What")
    who: str = own("Oleh", "By")
    detail: str | None = own("Kode", "Code")


class OwnCollector(OwnData):
    """A person who may collect the passport, or collected it."""

    full_name: str = own("Nama", "Name")
    nik: str = own("NIK", "Identity number (NIK)")


class OwnEarlierBook(OwnData):
    """An earlier passport, as the issuance system told of it; with dates and number once an officer has seen the
    person's originals.
    """

    kind: str = own("Jenis", "Kind", Correction.OFFICE)
    state: str = own("Keadaan", "State", Correction.OFFICE)
    issued_on: date | None = own("Terbit", "Issued on", Correction.OFFICE)
    expires_on: date | None = own("Berlaku sampai", "Valid until", Correction.OFFICE)
    masked_number: str | None = own("Nomor, disamarkan", "Number, masked", Correction.OFFICE)


class OwnApplication(OwnData):
    """An application."""

    application_id: str = own("Nomor permohonan di sistem", "Application id")
    number: str = own("Nomor permohonan", "Application number")
    applicant_id: str = own("Pemohon", "Applicant")
    state: str = own("Keadaan", "State")
    started_at: datetime = own("Dimulai pada", "Begun at")
    submitted_at: datetime | None = own("Dikirim pada", "Submitted at")
    office_id: str | None = own("Kantor", "Office", Correction.VISIT)
    answers: OwnAnswers | None = own("Jawaban", "Answers")
    documents: list[OwnDocument] = own("Berkas", "Documents")
    interview_outcome: str | None = own("Hasil wawancara", "Outcome of the interview")
    interview_reason: str | None = own("Alasan hasil wawancara", "Reason of the outcome")
    appeal_text: str | None = own("Keberatan atas penolakan", "Objection to the refusal")
    interview_note: str | None = own("Catatan petugas wawancara", "Note of the interviewer")
    passport_number: str | None = own("Nomor paspor", "Passport number", Correction.OFFICE)
    proxy: OwnCollector | None = own("Penerima kuasa pengambilan", "Person who may collect the passport")
    collected_by: str | None = own("Diambil oleh", "Collected by")
    collector: OwnCollector | None = own("Orang yang mengambil", "Person who collected the passport")
    earlier_books: list[OwnEarlierBook] = own("Paspor sebelumnya", "Earlier passports")
    timeline: list[OwnEntry] = own("Riwayat", "Timeline")


class OwnEvidence(OwnData):
    """A picture that supports a request; its file is in the archive of files under ``file``."""

    evidence_id: str = own("Nomor bukti", "Evidence number")
    purpose: str = own("Keperluan", "Purpose")
    state: str = own("Keadaan", "State")
    reason: str | None = own("Alasan", "Reason")
    uploaded_at: datetime = own("Diunggah pada", "Uploaded at")
    named_in: str | None = own("Permintaan", "Request that names it")
    file: str | None = own("Nama di arsip berkas", "Name in the archive of files")


class OwnIdentityCard(OwnData):
    """An applicant's data as they were confirmed."""

    applicant_id: str = own("Nomor pemohon", "Applicant number")
    full_name: str = own("Nama lengkap", "Full name", Correction.PARTICULARS)
    nik: str = own("NIK", "Identity number (NIK)", Correction.OFFICE)
    birth_place: str = own("Tempat lahir", "Place of birth", Correction.PARTICULARS)
    birth_date: date = own("Tanggal lahir", "Date of birth", Correction.PARTICULARS)
    sex: str = own("Jenis kelamin", "Sex", Correction.PARTICULARS)
    family_card_number: str | None = own("Nomor kartu keluarga", "Family card number", Correction.PARTICULARS)


class OwnPassport(OwnData):
    """A passport that was printed for the person, or recorded."""

    passport_id: str = own("Nomor paspor di sistem", "Passport id")
    applicant_id: str = own("Pemohon", "Applicant")
    number: str | None = own("Nomor paspor", "Passport number", Correction.OFFICE)
    kind: str = own("Jenis paspor", "Passport kind", Correction.OFFICE)
    issued_on: date = own("Diterbitkan pada", "Issued on", Correction.OFFICE)
    expires_on: date = own("Berlaku sampai", "Expires on", Correction.OFFICE)
    office_id: str | None = own("Kantor", "Office", Correction.OFFICE)
    state: str = own("Keadaan", "State", Correction.OFFICE)
    source: str = own("Asal catatan", "Source of the record")
    recorded_at: datetime = own("Dicatat pada", "Recorded at")
    collected_at: datetime | None = own("Diambil pada", "Collected at")
    reported_at: datetime | None = own("Dilaporkan pada", "Reported at")
    replaced_at: datetime | None = own("Diganti pada", "Replaced at")
    cancelled_at: datetime | None = own("Dibatalkan pada", "Cancelled at")


class OwnCrossing(OwnData):
    """A border crossing that is kept for some hours, because the account asked to see it."""

    applicant_id: str = own("Nomor pemohon", "Applicant number")
    direction: str = own("Arah", "Direction", Correction.OFFICE)
    at: datetime = own("Pada", "At")
    place: str = own("Tempat", "Place")


class ApplicationPart(OwnData):
    """All that application keeps of a person."""

    applications: list[OwnApplication] = own("Permohonan", "Applications")
    passports: list[OwnPassport] = own("Paspor", "Passports")
    evidence: list[OwnEvidence] = own("Bukti", "Evidence")
    identity_cards: list[OwnIdentityCard] = own("Data pemohon yang dipastikan", "Confirmed data of applicants")
    border_crossings: list[OwnCrossing] = own("Riwayat perlintasan", "Border crossings")
    staff_acts: list[OwnStaffAct] = own("Dibaca dan dikerjakan petugas", "Read and done by staff")


class ApplicationParts:
    """Collects application's part."""

    def __init__(
        self,
        store: Store,
        applications: Applications,
        passports: Passports,
        evidence: EvidenceRepository,
        crossings: Crossings,
    ) -> None:
        self._store = store
        self._crossings = crossings
        self._applications = applications
        self._passports = passports
        self._evidence = evidence

    async def collect(self, asked: DataExportAsked) -> ApplicationPart:
        """Return every application of these accounts, drafts too, and the cards of these applicants."""
        found = await self._applications.repository.applications_of(*asked.account_ids)
        cards = [await self._card(applicant_id, asked.account_ids) for applicant_id in asked.applicant_ids]
        documents = [document.document_id for record in found for document in record.state.documents]
        evidence = await self._evidence.evidence_of(asked.account_ids)
        passports = await self._passports.owned_by(asked.account_ids)
        files = (*(record.id for record in passports), *documents, *(record.id for record in evidence))
        subjects = (*(record.id for record in found), *files, *asked.applicant_ids, *asked.account_ids)
        return ApplicationPart(
            applications=[await self._application(record) for record in found],
            passports=[await self._passport(record) for record in passports],
            evidence=[_evidence(record) for record in evidence],
            identity_cards=[card for card in cards if card is not None],
            border_crossings=await self._border_crossings(asked.account_ids),
            staff_acts=await list_staff_acts(self._store, subjects),
        )

    async def _border_crossings(self, account_ids: tuple[str, ...]) -> list[OwnCrossing]:
        kept = await self._crossings.list_kept(*account_ids)
        return [
            OwnCrossing(
                applicant_id=applicant_id, direction=crossing.direction.value, at=crossing.at, place=crossing.place
            )
            for applicant_id, crossings in kept.items()
            for crossing in crossings
        ]

    async def _application(self, record: Record[Application]) -> OwnApplication:
        application = record.state
        interview = application.interview
        return OwnApplication(
            application_id=record.id,
            number=application.number,
            applicant_id=application.applicant_id,
            state=application.status.value,
            started_at=application.started_at,
            submitted_at=application.submitted_at,
            office_id=application.office_id,
            answers=_answers(application.answers) if application.answers is not None else None,
            documents=[_document(application, document) for document in application.documents],
            interview_outcome=interview.outcome if interview is not None else None,
            interview_reason=interview.reason_code if interview is not None else None,
            appeal_text=await self._applications.vault.appeal_text(record.id, application),
            interview_note=await self._note(record),
            passport_number=await self._applications.vault.passport_number(record.id, application),
            proxy=await self._collector(record, application.proxy.sealed if application.proxy is not None else None),
            collected_by=application.collected_by,
            collector=await self._collector(record, application.collector_sealed),
            earlier_books=[
                _earlier_book(book, in_full=is_holder_seen(application))
                for book in await open_books(self._applications.vault, record.id, application)
            ],
            timeline=[
                OwnEntry(at=entry.at, what=entry.what, who=entry.who, detail=entry.detail)
                for entry in application.timeline
            ],
        )

    async def _collector(self, record: Record[Application], sealed: str | None) -> OwnCollector | None:
        if sealed is None:
            return None
        person = await self._applications.vault.collector(sealed, record.id, record.state.applicant_id)
        return OwnCollector(full_name=person.full_name, nik=person.nik)

    async def _passport(self, record: Record[Passport]) -> OwnPassport:
        passport = record.state
        return OwnPassport(
            passport_id=record.id,
            applicant_id=passport.applicant_id,
            number=await self._passports.number_of(record),
            kind=passport.book.kind.value,
            issued_on=passport.book.issued_on,
            expires_on=passport.book.expires_on,
            office_id=passport.office_id,
            state=passport.state.value,
            source=passport.source.value,
            recorded_at=passport.recorded_at,
            collected_at=passport.collected_at,
            reported_at=passport.reported_at,
            replaced_at=passport.replaced_at,
            cancelled_at=passport.cancelled_at,
        )

    async def _note(self, record: Record[Application]) -> str | None:
        """Return the interviewer's note where it is open to the applicant: in an appeal, unless it is withheld."""
        application, interview = record.state, record.state.interview
        if application.appeal is None or interview is None or interview.note_sealed is None or interview.note_withheld:
            return None
        return await self._applications.vault.open_note(interview.note_sealed, record.id, application.applicant_id)

    async def _card(self, applicant_id: str, account_ids: tuple[str, ...]) -> OwnIdentityCard | None:
        record = await self._applications.repository.applicant(applicant_id)
        if record is None or record.state.card_sealed is None or record.state.account_id not in account_ids:
            return None
        card = await self._applications.vault.card(applicant_id, record.state)
        return OwnIdentityCard(
            applicant_id=applicant_id,
            full_name=card.full_name,
            nik=card.nik,
            birth_place=card.birth_place,
            birth_date=card.birth_date,
            sex=card.sex,
            family_card_number=card.family_card_number,
        )


def file_name(application: Application, document: Document) -> str:
    """Return a document's name in the archive of files; it names no person."""
    return f"{application.number}/{document.requirement}-{document.page}-{document.document_id[-8:]}.jpg"


def evidence_file_name(record: Record[Evidence]) -> str | None:
    """Return the name of a picture of evidence in the archive of files; None where no picture is kept."""
    kept = record.state.state is EvidenceState.KEPT
    return f"evidence/{record.state.purpose.value}-{record.id[-8:]}.jpg" if kept else None


def _evidence(record: Record[Evidence]) -> OwnEvidence:
    evidence = record.state
    return OwnEvidence(
        evidence_id=record.id,
        purpose=evidence.purpose.value,
        state=evidence.state.value,
        reason=evidence.reason,
        uploaded_at=evidence.created_at,
        named_in=evidence.case.case_id if evidence.case is not None else None,
        file=evidence_file_name(record),
    )


def _document(application: Application, document: Document) -> OwnDocument:
    return OwnDocument(
        document_id=document.document_id,
        requirement=document.requirement,
        paper=document.paper,
        page=document.page,
        state=document.state.value,
        reason=document.reason,
        findings=list(document.findings),
        agreements=[f"{name}: {word}" for name, word in document.agreements.items()],
        uploaded_at=document.created_at,
        file=file_name(application, document) if document.state in PRESENT_STATES else None,
    )


def _earlier_book(book: EarlierBook, *, in_full: bool) -> OwnEarlierBook:
    return OwnEarlierBook(
        kind=book.kind,
        state=book.state.value,
        issued_on=book.issued_on if in_full else None,
        expires_on=book.expires_on if in_full else None,
        masked_number=book.masked_number if in_full else None,
    )


def _answers(answers: Answers) -> OwnAnswers:
    return OwnAnswers(
        has_held_passport=answers.has_held_passport,
        reason=answers.reason.value,
        passport_kind=answers.passport_kind.value,
        validity_years=answers.validity_years,
        purpose=answers.purpose.value,
        zero_tariff=answers.zero_tariff.value if answers.zero_tariff is not None else None,
        married=answers.married,
        name_changed=answers.name_changed,
        naturalised=answers.naturalised,
    )
