"""Why the same-day service cannot be bought at the counter."""

from __future__ import annotations

from shared.errors import Refusal


class SameDayFull(Refusal):
    """Every place of today's same-day quota is taken, or the office has none."""

    status = 409
    code = "same_day_full"
    title = "All same-day places of this office are taken for today."
    title_id = "Semua kuota percepatan kantor ini untuk hari ini sudah terpakai."
    next_action = "The visit stays as it is; the passport follows in the regular time."
    next_action_id = "Kunjungan tetap berlaku; paspor selesai dalam waktu biasa."


class CannotHurry(Refusal):
    """The surcharge is for a paid visit of today, before noon in Jakarta; `problem` says what is missing."""

    status = 409
    code = "cannot_hurry"
    title = "The same-day service cannot be added to this visit now."
    title_id = "Percepatan tidak dapat ditambahkan pada kunjungan ini sekarang."
    next_action = "Ask for it on the day of a paid visit, before 12:00 WIB."
    next_action_id = "Mintalah pada hari kunjungan yang sudah dibayar, sebelum pukul 12.00 WIB."
