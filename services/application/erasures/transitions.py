"""Applications without their documents, notes or passport number. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from services.application.applications.application import Application, Status, refer_to_files


def ended_at(application: Application) -> datetime | None:
    """Return when the application ended, None while it is live; of one that ended before the time was kept, its last
    line.
    """
    if application.live:
        return None
    return application.closed_at or max([application.started_at, *(line.at for line in application.timeline)])


def has_documents(application: Application) -> bool:
    """Return whether a file, or the hash of one, is left."""
    return bool(application.file_ids) or any(document.sha256 for document in application.documents)


def has_notes(application: Application) -> bool:
    """Return whether free words of an officer, or of an objection, are left."""
    interview, appeal = application.interview, application.appeal
    sealed = [correction.note_sealed for correction in application.corrections]
    sealed.append(interview.note_sealed if interview is not None else None)
    sealed.append(appeal.text_sealed if appeal is not None else None)
    return any(sealed)


def has_earlier_books(application: Application) -> bool:
    """Return whether something is left of what the issuance system told of earlier books."""
    question = application.earlier_books
    return question is not None and (bool(question.books) or question.books_sealed is not None)


def without_earlier_books(application: Application) -> Application:
    """Return the application without earlier books; that they were asked for stays."""
    question = application.earlier_books
    if question is None:
        return application
    return replace(application, earlier_books=replace(question, books=(), books_sealed=None))


def without_documents(application: Application) -> Application:
    """Return the application without its files and their hashes; which papers there were stays."""
    documents = tuple(
        replace(document, file_id=None, sha256="", findings=(), agreements={}) for document in application.documents
    )
    hand_over = application.hand_over
    if hand_over is not None:
        handed = tuple(replace(document, sha256="") for document in hand_over.documents)
        hand_over = replace(hand_over, documents=handed)
    blank = replace(application, documents=documents, hand_over=hand_over, letter=None, letter_due_at=None)
    blank = replace(blank, refusal_letter=None, refusal_letter_due_at=None)
    return refer_to_files(blank)


def without_notes(application: Application) -> Application:
    """Return the application without free words; outcome and reason code stay."""
    corrections = tuple(replace(correction, note_sealed=None) for correction in application.corrections)
    interview, appeal = application.interview, application.appeal
    if interview is not None:
        interview = replace(interview, note_sealed=None)
    if appeal is not None:
        appeal = replace(appeal, text_sealed=None)
    return replace(application, corrections=corrections, interview=interview, appeal=appeal)


def has_collectors(application: Application) -> bool:
    """Return whether name and NIK of a person who may collect or collected the passport are left."""
    return application.proxy is not None or application.collector_sealed is not None


def without_collectors(application: Application) -> Application:
    """Return the application without the persons who may collect or collected the passport for its holder."""
    return replace(application, proxy=None, collector_sealed=None)


def without_passport_number(application: Application) -> Application:
    """Return the application without the number of its passport."""
    return replace(application, passport_number_sealed=None, passport_number_subject=None)


def is_draft(application: Application) -> bool:
    """Return whether it is a draft, known to its author alone: an erasure ends it."""
    return application.status is Status.DRAFT
