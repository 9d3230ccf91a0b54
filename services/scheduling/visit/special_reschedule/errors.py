"""Refusals of special reschedules."""

from __future__ import annotations

from datetime import datetime

from shared.errors import Refusal, fact_types


class SpecialCauseNotPermitted(Refusal):
    """The cause is not one that an applicant may name."""

    status = 422
    code = "special_cause_not_permitted"
    title = "This cause does not permit a special reschedule."
    title_id = "Sebab ini tidak membolehkan jadwal ulang khusus."
    next_action = "Name one of the causes that the appointment lists."
    next_action_id = "Pilih salah satu sebab yang tercantum pada jadwal."


class SpecialAlreadyAsked(Refusal):
    """A request waits for the office's decision."""

    status = 409
    code = "special_already_asked"
    title = "A special reschedule was already asked for and waits for the office."
    title_id = "Jadwal ulang khusus sudah diminta dan menunggu keputusan kantor."
    next_action = "Wait for the office's decision; you will be told."
    next_action_id = "Tunggu keputusan kantor; Anda akan diberi tahu."


class NoSpecialLeft(Refusal):
    """The visit had its one new date."""

    status = 409
    code = "no_special_left"
    title = "This visit already had its special reschedule."
    title_id = "Kunjungan ini sudah memakai jadwal ulang khususnya."
    next_action = "Ask the office about your application."
    next_action_id = "Tanyakan permohonan Anda ke kantor."


class TooLateForSpecial(Refusal):
    """The time to ask is over; `ask_until` says when it ended."""

    status = 409
    code = "too_late_for_special"
    title = "The time to ask for a special reschedule is over."
    title_id = "Waktu untuk meminta jadwal ulang khusus sudah lewat."
    next_action = "Ask the office about your application."
    next_action_id = "Tanyakan permohonan Anda ke kantor."


class NoSpecialAsked(Refusal):
    """Nothing waits for a decision."""

    status = 409
    code = "no_special_asked"
    title = "No special reschedule waits for a decision here."
    title_id = "Tidak ada jadwal ulang khusus yang menunggu keputusan."
    next_action = "Read the appointment again."
    next_action_id = "Muat ulang jadwal ini."


class SpecialOver(Refusal):
    """The right to a new date ended; `until` says when."""

    status = 409
    code = "special_over"
    facts_told = fact_types(until=datetime)
    title = "The time to choose a new date is over."
    title_id = "Waktu untuk memilih tanggal baru sudah lewat."
    next_action = "Ask the office about your application."
    next_action_id = "Tanyakan permohonan Anda ke kantor."
