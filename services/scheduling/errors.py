"""Refusals that every room gives; each is a sentence, a stable code and a next action."""

from __future__ import annotations

from shared.errors import NotAllowed, NotFound, NotKnownYet, Refusal, fact_types


class OfficeNotFound(NotFound):
    """No office of this id."""

    code = "office_not_found"
    facts_told = fact_types(office_id=str)
    title = "There is no such office."
    title_id = "Kantor tersebut tidak ada."
    next_action = "Read the list of offices and choose one of them."
    next_action_id = "Lihat daftar kantor dan pilih salah satu."


class NotYourOffice(NotAllowed):
    """Staff act for their own office only."""

    code = "not_your_office"
    facts_told = fact_types(office_id=str, session_id=str)
    title = "This belongs to another office than yours."
    title_id = "Ini milik kantor lain, bukan kantor Anda."
    next_action = "Ask a colleague of that office."
    next_action_id = "Mintalah kepada petugas kantor tersebut."


class ApplicationIsWithdrawn(Refusal):
    """The application was given up."""

    status = 409
    code = "application_withdrawn"
    facts_told = fact_types(application_id=str)
    title = "This application was withdrawn."
    title_id = "Permohonan ini sudah dibatalkan."
    next_action = "Begin a new application."
    next_action_id = "Buat permohonan baru."


class ApplicationNotSubmitted(NotKnownYet):
    """The application is a draft, as far as is known here."""

    code = "application_not_submitted"
    title = "This application is a draft; it gets no seat before it is submitted."
    title_id = "Permohonan ini masih draf; kursi baru dapat dipilih setelah permohonan dikirim."
    next_action = "Submit the application first; if you have just done so, repeat this request in a moment."
    next_action_id = "Kirim permohonan terlebih dahulu; bila baru saja dikirim, ulangi permintaan ini sesaat lagi."


class IdentityAwaited(NotKnownYet):
    """The application is submitted, and the civil registry has not confirmed the person."""

    code = "identity_awaited"
    title = "The civil registry has not confirmed the identity yet; no seat is given before."
    title_id = "Dukcapil belum mengonfirmasi identitas; kursi baru dapat dipilih setelahnya."
    next_action = "See in the application how the check stands, then repeat this request."
    next_action_id = "Lihat status pemeriksaan pada permohonan, lalu ulangi permintaan ini."
    retry_after_seconds = 60


NOT_SUBMITTED = (NotKnownYet, ApplicationNotSubmitted, IdentityAwaited)
"""Refusals of what needs a submitted application."""
