"""Why a same-day seat is not held."""

from __future__ import annotations

from shared.errors import Refusal


class SameDayIsToday(Refusal):
    """A same-day seat of another day was asked for."""

    status = 409
    code = "same_day_is_today"
    title = "Same-day service is asked for on the day itself, by the clock of the office."
    title_id = "Layanan percepatan diminta pada hari itu juga, menurut jam kantor."
    next_action = "Choose a session of today, or a regular seat of another day."
    next_action_id = "Pilih sesi hari ini, atau kursi reguler pada hari lain."


class SameDayTooLate(Refusal):
    """The morning in which same-day service can be asked for is over; `asked_until` says when it ended."""

    status = 409
    code = "same_day_too_late"
    title = "Same-day service can be asked for only in the morning."
    title_id = "Layanan percepatan hanya dapat diminta pada pagi hari."
    next_action = "Choose a regular seat, or come back tomorrow morning."
    next_action_id = "Pilih kursi reguler, atau minta kembali besok pagi."


class SameDayChoiceMissing(Refusal):
    """Nobody said what shall become of the seat if it is not paid in time."""

    status = 422
    code = "same_day_choice_missing"
    title = "Say what shall happen if the same-day seat is not paid in time."
    title_id = "Pilih apa yang terjadi bila layanan percepatan tidak dibayar tepat waktu."
    next_action = "Repeat with if_unpaid: regular (the nearest regular seat) or cancel."
    next_action_id = "Ulangi dengan if_unpaid: regular (kursi reguler terdekat) atau cancel."
