"""Refusals that every room gives; each is a sentence, a stable code and a next action."""

from __future__ import annotations

from shared.errors import NotAllowed, NotFound, Refusal


class OfficeNotFound(NotFound):
    """No office of this id."""

    code = "office_not_found"
    title = "There is no such office."
    title_id = "Kantor tersebut tidak ada."
    next_action = "Read the list of offices and choose one of them."
    next_action_id = "Lihat daftar kantor dan pilih salah satu."


class NotYourOffice(NotAllowed):
    """Staff act for their own office only."""

    code = "not_your_office"
    title = "This belongs to another office than yours."
    title_id = "Ini milik kantor lain, bukan kantor Anda."
    next_action = "Ask a colleague of that office."
    next_action_id = "Mintalah kepada petugas kantor tersebut."


class ApplicationIsWithdrawn(Refusal):
    """The application was given up."""

    status = 409
    code = "application_withdrawn"
    title = "This application was withdrawn."
    title_id = "Permohonan ini sudah dibatalkan."
    next_action = "Begin a new application."
    next_action_id = "Buat permohonan baru."
