"""The expected ways in which scheduling says no; each is a sentence, a stable code and a next action."""

from __future__ import annotations

from shared.errors import NotAllowed, NotFound, Refusal


class SessionNotFound(NotFound):
    """No such session is opened."""

    code = "session_not_found"
    title = "There is no such session."
    title_id = "Sesi tersebut tidak ada."
    next_action = "Read the office's sessions and choose one of them."
    next_action_id = "Lihat daftar sesi kantor dan pilih salah satu."


class OfficeNotFound(NotFound):
    """No office of this id."""

    code = "office_not_found"
    title = "There is no such office."
    title_id = "Kantor tersebut tidak ada."
    next_action = "Read the list of offices and choose one of them."
    next_action_id = "Lihat daftar kantor dan pilih salah satu."


class SessionSoldOut(Refusal):
    """Every seat of the pool is taken; `earliest` and `nearest` name sessions that still have some."""

    status = 409
    code = "session_sold_out"
    title = "All seats of this session are taken."
    title_id = "Semua kursi pada sesi ini sudah terisi."
    next_action = "Choose one of the sessions named here, or another one."
    next_action_id = "Pilih salah satu sesi yang disebutkan di sini, atau sesi lain."


class SessionClosed(Refusal):
    """The session is too near, under way or over."""

    status = 409
    code = "session_closed"
    title = "This session can no longer be booked."
    title_id = "Sesi ini tidak dapat dipesan lagi."
    next_action = "Choose a later session."
    next_action_id = "Pilih sesi yang lebih lambat."


class PoolNotOpen(Refusal):
    """The pool has no seats here, or is not given out this way."""

    status = 409
    code = "pool_not_open"
    title = "Seats of this pool cannot be taken here."
    title_id = "Kursi kuota ini tidak dapat diambil di sini."
    next_action = "Take a regular seat; priority and walk-in seats are given out at the office."
    next_action_id = "Ambil kursi reguler; kursi prioritas dan walk-in diberikan di kantor."


class PersonHasAppointment(Refusal):
    """The person already has a live appointment, by this or another application."""

    status = 409
    code = "person_has_appointment"
    title = "This person already has an appointment."
    title_id = "Orang ini sudah memiliki jadwal."
    next_action = "Use, move or cancel that appointment first."
    next_action_id = "Gunakan, pindahkan, atau batalkan jadwal itu terlebih dahulu."


class ApplicationIsWithdrawn(Refusal):
    """The application was given up."""

    status = 409
    code = "application_withdrawn"
    title = "This application was withdrawn."
    title_id = "Permohonan ini sudah dibatalkan."
    next_action = "Begin a new application."
    next_action_id = "Buat permohonan baru."


class NotPossibleNow(Refusal):
    """The appointment stands elsewhere than the request supposes; `state` says where."""

    status = 409
    code = "not_possible_now"
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
    title = "This offer has ended."
    title_id = "Penawaran ini sudah berakhir."
    next_action = "The payment goes back to you; follow it under refunds."
    next_action_id = "Pembayaran dikembalikan; ikuti prosesnya di bagian pengembalian dana."


class NotYourOffice(NotAllowed):
    """Staff act for their own office only."""

    code = "not_your_office"
    title = "This belongs to another office than yours."
    title_id = "Ini milik kantor lain, bukan kantor Anda."
    next_action = "Ask a colleague of that office."
    next_action_id = "Mintalah kepada petugas kantor tersebut."


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


class NotPaidYet(Refusal):
    """The appointment is not confirmed."""

    status = 409
    code = "not_paid_yet"
    title = "The payment for this visit is not known yet."
    title_id = "Pembayaran untuk kunjungan ini belum diketahui."
    next_action = "Look at the bill; ask for the proof of payment."
    next_action_id = "Periksa tagihan; minta bukti pembayaran."


class VisitOnAnotherDay(Refusal):
    """Today is not the day of the visit in the office's zone; `date` names it."""

    status = 409
    code = "visit_on_another_day"
    title = "The visit is booked for another day."
    title_id = "Kunjungan dijadwalkan pada hari lain."
    next_action = "Come on the booked day, or move the visit."
    next_action_id = "Datang pada hari yang dijadwalkan, atau pindahkan jadwal."


class TooEarlyToCheckIn(Refusal):
    """The session begins much later today; `opens_at` says when check-in begins."""

    status = 409
    code = "too_early_to_check_in"
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


class SessionExists(Refusal):
    """The office already opened a session at that start."""

    status = 409
    code = "session_exists"
    title = "This office already has a session that starts then."
    title_id = "Kantor ini sudah memiliki sesi pada waktu mulai itu."
    next_action = "Choose another start."
    next_action_id = "Pilih waktu mulai lain."


class QuotaAboveCapacity(Refusal):
    """The pools hold more seats than booths, staff and time allow; `capacity` says how many."""

    status = 422
    code = "quota_above_capacity"
    title = "The pools hold more seats than booths, staff and time allow."
    title_id = "Jumlah kuota melebihi kemampuan loket, petugas, dan waktu."
    next_action = "Lower the pools, or add booths and staff."
    next_action_id = "Kurangi kuota, atau tambah loket dan petugas."


class SessionPlanWrong(Refusal):
    """The session cannot be opened as planned; `problem` names the rule."""

    status = 422
    code = "session_plan_wrong"
    title = "This session cannot be opened as planned."
    title_id = "Sesi ini tidak dapat dibuka seperti yang direncanakan."
    next_action = "Correct the plan and send it again."
    next_action_id = "Perbaiki rencana dan kirim ulang."
