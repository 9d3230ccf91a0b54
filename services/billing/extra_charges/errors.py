"""Refusals about bills that no seat waits on: differences, penalties, the surcharge for the same day."""

from __future__ import annotations

from datetime import date, datetime

from shared.errors import Refusal, fact_types


class NoVisitToHurry(Refusal):
    """Same-day service was asked for without a paid visit, or it is paid for already."""

    status = 409
    code = "no_visit_to_hurry"
    title = "There is no paid visit of this application that the surcharge could be added to."
    title_id = "Tidak ada kunjungan yang sudah dibayar yang dapat ditambah biaya percepatan."
    next_action = "Look at the application: the fee is paid first, and the surcharge only once."
    next_action_id = "Lihat permohonan: biaya paspor dibayar dahulu, dan biaya percepatan hanya sekali."


class NotTheDayOfTheVisit(Refusal):
    """Same-day service was asked for on another day than that of the visit, by the office's clock."""

    status = 409
    code = "not_the_day_of_the_visit"
    facts_told = fact_types(date=date)
    title = "Same-day service is asked for on the day of the visit."
    title_id = "Percepatan diminta pada hari kedatangan."
    next_action = "Ask on the day of the visit, in the morning."
    next_action_id = "Minta pada hari kedatangan, di pagi hari."


class CutOffPassed(Refusal):
    """It is noon in Jakarta: nothing can be paid for the same day any more."""

    status = 409
    code = "cut_off_passed"
    facts_told = fact_types(cut_off=datetime)
    title = "Same-day service must be paid before 12:00 WIB, and that time is over."
    title_id = "Percepatan harus dibayar sebelum pukul 12.00 WIB, dan waktu itu sudah lewat."
    next_action = "The visit stays as it is; the passport follows in the regular time."
    next_action_id = "Kunjungan tetap berlaku; paspor selesai dalam waktu biasa."


class SameDayPlaceNeeded(Refusal):
    """The day's same-day quota is kept by scheduling: a place in it comes before the bill."""

    status = 409
    code = "same_day_place_needed"
    facts_told = fact_types(appointment_id=str)
    title = "The visit has no place in today's same-day quota."
    title_id = "Kunjungan belum memiliki tempat dalam kuota percepatan hari ini."
    next_action = "Take a place with POST /v1/appointments/{appointment_id}/same-day; its bill follows by itself."
    next_action_id = "Ambil tempat dengan POST /v1/appointments/{appointment_id}/same-day; tagihan dibuat otomatis."
