"""Refusals about objections and the interviewer's note."""

from __future__ import annotations

from datetime import datetime

from services.application.appeals.transitions import NOTE_GROUNDS, NoteGround
from shared.errors import NotFound, Refusal, fact_types


class AppealTooLate(Refusal):
    """The time for an objection is over; `until` says when it was."""

    status = 409
    code = "appeal_too_late"
    facts_told = fact_types(until=datetime)
    title = "The 21 working days for an objection are over (UU 30/2014 art. 77)."
    title_id = "Waktu 21 hari kerja untuk mengajukan keberatan sudah lewat (UU 30/2014 pasal 77)."
    next_action = "Complain to the Ombudsman about how you were served, or apply again."
    next_action_id = "Laporkan kepada Ombudsman bila pelayanan tidak semestinya, atau ajukan permohonan baru."


class AppealLodgedAlready(Refusal):
    """A refusal is objected to once, and the first text is the one that is answered."""

    status = 409
    code = "appeal_lodged_already"
    title = "An objection with another text was lodged already; it stays as it is."
    title_id = "Keberatan dengan isi lain sudah diajukan dan tetap berlaku."
    next_action = "Read your objection; write to the head of the office to add to it."
    next_action_id = "Baca keberatan Anda; untuk menambahkan sesuatu, tulis surat kepada kepala kantor."


class AppealComesFirst(Refusal):
    """The interviewer's note is opened in an appeal, and none was lodged."""

    status = 409
    code = "appeal_comes_first"
    title = "The interviewer's note is opened once an objection was lodged."
    title_id = "Catatan petugas dibuka setelah keberatan diajukan."
    next_action = "Lodge an objection first; the reason, the rule and the ways of redress are shown without one."
    next_action_id = "Ajukan keberatan dahulu; alasan, aturan, dan upaya yang tersedia dapat dibaca tanpa keberatan."


class NoteWithheld(Refusal):
    """The head of the office keeps the note from the applicant; `ground` is the ground of the law."""

    status = 409
    code = "note_withheld"
    facts_told = fact_types(ground=NoteGround)
    title = "The interviewer's note is kept from you, on a ground of the law."
    title_id = "Catatan petugas dikecualikan bagi Anda berdasarkan undang-undang."
    next_action = (
        "Object in writing to the head of the office within 30 working days (UU 14/2008 art. 35 and 36), then ask the "
        "Information Commission. The reason of the refusal and its rule stay open to you."
    )
    next_action_id = (
        "Ajukan keberatan tertulis kepada kepala kantor dalam 30 hari kerja (UU 14/2008 pasal 35 dan 36), lalu ke "
        "Komisi Informasi. Alasan penolakan dan aturannya tetap terbuka bagi Anda."
    )

    def __init__(self, ground: str) -> None:
        words = NOTE_GROUNDS[NoteGround(ground)]
        super().__init__(words.en, detail_id=words.id, ground=ground)


class NoNoteWritten(NotFound):
    """The interviewer wrote no note, or its time of keeping is over, and there is no objection to read."""

    code = "no_note_written"
    title = "There is no note of an interviewer."
    title_id = "Tidak ada catatan petugas wawancara."
    next_action = "Read the application: reason, rule and ways of redress are there."
    next_action_id = "Lihat permohonan: alasan, aturan, dan upaya yang tersedia ada di sana."
