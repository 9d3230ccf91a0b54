"""Why a same-day seat is not held, and why a visit is not served on the same day."""

from __future__ import annotations

from datetime import date, datetime

from services.scheduling.booking.same_day.upgrade_transitions import UpgradeProblem
from shared.errors import Refusal, fact_types


class SameDayIsToday(Refusal):
    """A same-day seat of another day was asked for."""

    status = 409
    code = "same_day_is_today"
    facts_told = fact_types(date=date)
    title = "Same-day service is asked for on the day itself, by the clock of the office."
    title_id = "Layanan percepatan diminta pada hari itu juga, menurut jam kantor."
    next_action = "Choose a session of today, or a regular seat of another day."
    next_action_id = "Pilih sesi hari ini, atau kursi reguler pada hari lain."


class SameDayTooLate(Refusal):
    """The morning in which same-day service can be asked for is over; `asked_until` says when it ended."""

    status = 409
    code = "same_day_too_late"
    facts_told = fact_types(asked_until=datetime)
    title = "Same-day service can be asked for only in the morning."
    title_id = "Layanan percepatan hanya dapat diminta pada pagi hari."
    next_action = "Choose a regular seat, or come back tomorrow morning."
    next_action_id = "Pilih kursi reguler, atau minta kembali besok pagi."


class SameDayChoiceMissing(Refusal):
    """The choice for a seat that is not paid in time is missing."""

    status = 422
    code = "same_day_choice_missing"
    title = "Say what shall happen if the same-day seat is not paid in time."
    title_id = "Pilih apa yang terjadi bila layanan percepatan tidak dibayar tepat waktu."
    next_action = "Repeat with if_unpaid: regular (the nearest regular seat) or cancel."
    next_action_id = "Ulangi dengan if_unpaid: regular (kursi reguler terdekat) atau cancel."


class SameDayFull(Refusal):
    """Every place of today's same-day quota is taken, or the office has none."""

    status = 409
    code = "same_day_full"
    title = "All same-day places of this office are taken for today."
    title_id = "Semua kuota percepatan kantor ini untuk hari ini sudah terpakai."
    next_action = "The visit stays as it is; the passport follows in the regular time."
    next_action_id = "Kunjungan tetap berlaku; paspor selesai dalam waktu biasa."


class CannotUpgradeToSameDay(Refusal):
    """The surcharge is for a paid visit of today, before noon in Jakarta; `problem` says what is missing."""

    status = 409
    code = "cannot_hurry"
    facts_told = fact_types(problem=UpgradeProblem)
    title = "The same-day service cannot be added to this visit now."
    title_id = "Percepatan tidak dapat ditambahkan pada kunjungan ini sekarang."
    next_action = "Ask for it on the day of a paid visit, before 12:00 WIB."
    next_action_id = "Mintalah pada hari kunjungan yang sudah dibayar, sebelum pukul 12.00 WIB."
