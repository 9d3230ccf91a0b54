"""Refusals of openings, tickets, turns and notices."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from services.scheduling.openings.opening import OpeningProblem, OpeningStatus
from shared.errors import Refusal, fact_types


class OpeningNotFound(Refusal):
    """No opening has this id."""

    status = 404
    code = "opening_not_found"
    title = "There is no such opening."
    title_id = "Pembukaan kuota ini tidak ada."
    next_action = "Choose an opening from the list."
    next_action_id = "Pilih pembukaan kuota dari daftar."


class OpeningPlanWrong(Refusal):
    """The times or sessions do not make an opening; `problem` names the rule."""

    status = 422
    code = "opening_plan_wrong"
    facts_told = fact_types(problem=OpeningProblem | Literal["session_before_opening"], session_id=str)
    title = "This opening cannot be announced so."
    title_id = "Pembukaan kuota tidak dapat diumumkan seperti ini."
    next_action = "Correct the times or the sessions and send it again."
    next_action_id = "Perbaiki waktu atau sesinya, lalu kirim ulang."


class SessionHasOpening(Refusal):
    """One of the sessions belongs to another opening already."""

    status = 409
    code = "session_has_opening"
    title = "One of these sessions belongs to another opening."
    title_id = "Salah satu sesi ini sudah termasuk pembukaan kuota lain."
    next_action = "Leave that session out, or call the other opening off."
    next_action_id = "Keluarkan sesi itu, atau batalkan pembukaan kuota yang lain."


class OpeningHasBegun(Refusal):
    """The doors opened: an opening can be called off before that only."""

    status = 409
    code = "opening_has_begun"
    facts_told = fact_types(state=OpeningStatus)
    title = "The doors of this opening are open already, or it has ended."
    title_id = "Ruang tunggu pembukaan kuota ini sudah dibuka, atau sudah berakhir."
    next_action = "Let it run; people are waiting for it."
    next_action_id = "Biarkan berjalan; para pemohon sedang menunggu."


class DoorsNotOpen(Refusal):
    """Tickets are given out from `doors_at` on; all who come until `tickets_close_at` have the same chance."""

    status = 409
    code = "doors_not_open"
    facts_told = fact_types(doors_at=datetime, tickets_close_at=datetime)
    title = "The doors of this opening are not open yet."
    title_id = "Ruang tunggu pembukaan kuota ini belum dibuka."
    next_action = "Come back from the time named here; there is no need to hurry, those present are drawn."
    next_action_id = "Kembali mulai waktu yang disebutkan; tidak perlu berebut, urutan hadirin diundi."


class OpeningIsOver(Refusal):
    """The line has ended: what is left of the seats needs no ticket."""

    status = 409
    code = "opening_is_over"
    facts_told = fact_types(state=OpeningStatus)
    title = "This opening is over."
    title_id = "Pembukaan kuota ini sudah selesai."
    next_action = "Hold a seat without a ticket, or look for the next opening."
    next_action_id = "Pesan jadwal tanpa tiket, atau lihat pembukaan kuota berikutnya."


class PersonHasTicket(Refusal):
    """Another account took a ticket for the same person."""

    status = 409
    code = "person_has_ticket"
    title = "This person has a ticket for this opening already."
    title_id = "Orang ini sudah memiliki tiket untuk pembukaan kuota ini."
    next_action = "Use the ticket of the other account."
    next_action_id = "Gunakan tiket dari akun yang lain."


class TicketNeeded(Refusal):
    """The session is given out by the opening `opening_id`: first a ticket, then a seat."""

    status = 409
    code = "ticket_needed"
    facts_told = fact_types(opening_id=str, doors_at=datetime)
    title = "The seats of this session are given out in an opening."
    title_id = "Kuota sesi ini dibagikan melalui pembukaan kuota."
    next_action = "Take a ticket of the opening named here."
    next_action_id = "Ambil tiket pada pembukaan kuota yang disebutkan di sini."


class NotYourTurn(Refusal):
    """The place in line was not reached yet; `people_ahead` and `expected_at` say how far it is."""

    status = 429
    code = "not_your_turn"
    facts_told = fact_types(opening_id=str, ticket_id=str, people_ahead=int, expected_at=datetime)
    title = "It is not your turn yet; your place in line is kept."
    title_id = "Belum giliran Anda; tempat Anda dalam antrean tetap tersimpan."
    next_action = "Look at your ticket at the time named here."
    next_action_id = "Lihat tiket Anda pada waktu yang disebutkan di sini."
    retry_after_seconds = 10


class TurnMissed(Refusal):
    """The time to hold a seat with this ticket is over."""

    status = 409
    code = "turn_missed"
    facts_told = fact_types(opening_id=str, ticket_id=str)
    title = "Your time to choose a seat is over."
    title_id = "Waktu Anda untuk memilih jadwal sudah habis."
    next_action = "Ask for a ticket again: it is placed at the end of the line."
    next_action_id = "Minta tiket lagi: Anda ditempatkan di akhir antrean."


class NotOpenYet(Refusal):
    """Seats of the session are given out from `opens_at` on, not before."""

    status = 409
    code = "not_open_yet"
    facts_told = fact_types(opens_at=datetime)
    title = "Seats of this session are not given out yet."
    title_id = "Kursi pada sesi ini belum dibuka."
    next_action = "Come back at the opening time named here, or choose a session that is open."
    next_action_id = "Kembali pada waktu pembukaan yang disebutkan, atau pilih sesi yang sudah dibuka."


class OpensEveryDay(Refusal):
    """The office opens a new day every day: there is no opening to be told of."""

    status = 409
    code = "opens_every_day"
    title = "This office opens a new day every day; nobody need wait for an opening."
    title_id = "Kantor ini membuka hari baru setiap hari; tidak ada pembukaan yang perlu ditunggu."
    next_action = "Read the office's quota and choose a seat."
    next_action_id = "Lihat kuota kantor dan pilih kursi."


class TooManyNotices(Refusal):
    """One account follows as many offices as it may."""

    status = 409
    code = "too_many_notices"
    facts_told = fact_types(most=int)
    title = "You follow as many offices as you may."
    title_id = "Anda sudah mengikuti kantor sebanyak yang diizinkan."
    next_action = "Stop following another office first."
    next_action_id = "Berhenti mengikuti kantor lain terlebih dahulu."
