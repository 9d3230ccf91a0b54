"""Refusals of check-in."""

from __future__ import annotations

from datetime import date, datetime

from services.scheduling.booking.appointments.appointment import Status
from shared.errors import Refusal, fact_types


class NotPaidYet(Refusal):
    """The appointment is not confirmed."""

    status = 409
    code = "not_paid_yet"
    facts_told = fact_types(state=Status)
    title = "The payment for this visit is not known yet."
    title_id = "Pembayaran untuk kunjungan ini belum diketahui."
    next_action = "Look at the bill; ask for the proof of payment."
    next_action_id = "Periksa tagihan; minta bukti pembayaran."


class VisitOnAnotherDay(Refusal):
    """Today is not the day of the visit in the office's zone; `date` names it."""

    status = 409
    code = "visit_on_another_day"
    facts_told = fact_types(date=date, starts_at=datetime)
    title = "The visit is booked for another day."
    title_id = "Kunjungan dijadwalkan pada hari lain."
    next_action = "Come on the booked day, or move the visit."
    next_action_id = "Datang pada hari yang dijadwalkan, atau pindahkan jadwal."


class TooEarlyToCheckIn(Refusal):
    """The session begins much later today; `opens_at` says when check-in begins."""

    status = 409
    code = "too_early_to_check_in"
    facts_told = fact_types(opens_at=datetime)
    title = "It is too early to check in for this session."
    title_id = "Belum waktunya melapor untuk sesi ini."
    next_action = "Check in again from the time named here."
    next_action_id = "Lapor kembali mulai waktu yang disebutkan di sini."


class VisitMissed(Refusal):
    """The session ended without the visitor."""

    status = 409
    code = "visit_missed"
    title = "The session of this visit is over."
    title_id = "Sesi kunjungan ini sudah berakhir."
    next_action = "See which causes permit a special reschedule."
    next_action_id = "Lihat sebab yang membolehkan jadwal ulang khusus."
