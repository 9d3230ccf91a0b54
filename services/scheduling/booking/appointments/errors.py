"""Why an appointment is not made, moved or given up."""

from __future__ import annotations

from datetime import datetime

from services.scheduling.booking.appointments.appointment import Status
from shared.errors import Refusal, fact_types


class PersonHasAppointment(Refusal):
    """The person already has a live appointment, by this or another application."""

    status = 409
    code = "person_has_appointment"
    facts_told = fact_types(application_id=str, appointment_id=str)
    title = "This person already has an appointment."
    title_id = "Orang ini sudah memiliki jadwal."
    next_action = "Use, move or cancel that appointment first."
    next_action_id = "Gunakan, pindahkan, atau batalkan jadwal itu terlebih dahulu."


class NotPossibleNow(Refusal):
    """The appointment stands elsewhere than the request supposes; `state` says where."""

    status = 409
    code = "not_possible_now"
    facts_told = fact_types(state=Status)
    title = "This is not possible for the appointment as it stands."
    title_id = "Ini tidak dapat dilakukan pada jadwal dalam keadaan sekarang."
    next_action = "Read the appointment again and follow its next action."
    next_action_id = "Muat ulang jadwal dan ikuti langkah berikutnya."


class BeingMoved(Refusal):
    """A move of this appointment is under way."""

    status = 409
    code = "being_moved"
    title = "This appointment is being moved at this moment."
    title_id = "Jadwal ini sedang dipindahkan."
    next_action = "Repeat the request in a moment."
    next_action_id = "Ulangi permintaan beberapa saat lagi."
    retry_after_seconds = 2


class TooLateToMove(Refusal):
    """Moving ends with the day before the visit, in the office's zone."""

    status = 409
    code = "too_late_to_move"
    title = "A visit can be moved at latest on the day before it."
    title_id = "Jadwal hanya dapat dipindahkan paling lambat sehari sebelumnya."
    next_action = "Come at the booked time, or ask the office for a special reschedule if you cannot."
    next_action_id = "Datang sesuai jadwal, atau minta jadwal ulang khusus ke kantor bila berhalangan."


class NoMovesLeft(Refusal):
    """The visit was moved as often as it may be."""

    status = 409
    code = "no_moves_left"
    title = "This visit was already moved as often as allowed."
    title_id = "Jadwal ini sudah dipindahkan sebanyak yang diizinkan."
    next_action = "Come at the booked time."
    next_action_id = "Datang sesuai jadwal."


class SameSession(Refusal):
    """The visit is already in that session."""

    status = 409
    code = "same_session"
    title = "The visit is already in this session."
    title_id = "Jadwal sudah berada pada sesi ini."
    next_action = "Choose another session."
    next_action_id = "Pilih sesi lain."


class TooFarToMove(Refusal):
    """The new date lies too far after the booked one; `within_days` says how far it may."""

    status = 409
    code = "too_far_to_move"
    title = "The new date is too far from the booked one."
    title_id = "Tanggal baru terlalu jauh dari tanggal semula."
    next_action = "Choose an earlier session."
    next_action_id = "Pilih sesi yang lebih awal."


class FeeWouldBeLost(Refusal):
    """A paid visit is given up: that must be said knowingly."""

    status = 409
    code = "fee_would_be_lost"
    title = "The visit is paid; giving it up does not give the fee back."
    title_id = "Kunjungan sudah dibayar; pembatalan tidak mengembalikan biaya."
    next_action = "Move the visit instead, or repeat with confirmed_not_refundable=true."
    next_action_id = "Pindahkan jadwal, atau ulangi dengan confirmed_not_refundable=true."


class OfferOver(Refusal):
    """The offered seat was not taken in time."""

    status = 409
    code = "offer_over"
    facts_told = fact_types(offer_until=datetime)
    title = "This offer has ended."
    title_id = "Penawaran ini sudah berakhir."
    next_action = "The payment goes back to you; follow it under refunds."
    next_action_id = "Pembayaran dikembalikan; ikuti prosesnya di bagian pengembalian dana."


class QueueCodeNotValid(Refusal):
    """The scanned text is no queue code of ours; nothing says why, so that forgers learn nothing."""

    status = 422
    code = "queue_code_not_valid"
    title = "This is not a valid queue code."
    title_id = "Kode antrean ini tidak sah."
    next_action = "Look the visitor up by application or NIK."
    next_action_id = "Cari pengunjung dengan nomor permohonan atau NIK."


class QueueCodeReplaced(Refusal):
    """The visit was moved since; its newest letter carries another code."""

    status = 409
    code = "queue_code_replaced"
    title = "This queue code was replaced when the visit was moved."
    title_id = "Kode antrean ini sudah diganti saat jadwal dipindahkan."
    next_action = "Ask for the newest letter; it names the right day and office."
    next_action_id = "Minta surat pengantar terbaru; di sana tertulis hari dan kantor yang benar."
