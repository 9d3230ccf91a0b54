"""Refusals of calls, of changes of a number, and of registrations without a booking."""

from __future__ import annotations

from services.scheduling.terms import Pool
from services.scheduling.visit.counter.queue import VisitorState
from shared.errors import Refusal, fact_types


class NobodyWaits(Refusal):
    """The queue is empty."""

    status = 409
    code = "nobody_waits"
    title = "Nobody waits at this moment."
    title_id = "Saat ini tidak ada yang menunggu."
    next_action = "Call again when somebody has checked in."
    next_action_id = "Panggil lagi setelah ada yang melapor."


class NotPossibleAtCounter(Refusal):
    """The number stands elsewhere than the request supposes; `state` says where."""

    status = 409
    code = "not_possible_at_counter"
    facts_told = fact_types(state=VisitorState)
    title = "This cannot be done with the number as it stands."
    title_id = "Ini tidak dapat dilakukan pada nomor dalam keadaan sekarang."
    next_action = "Read the queue again; a number is missed only after it was called twice."
    next_action_id = "Muat ulang antrean; nomor baru dapat dilewati setelah dua kali dipanggil."


class EvidenceNeeded(Refusal):
    """This reason passes over a rule, so what was shown must be noted."""

    status = 422
    code = "evidence_needed"
    title = "This reason needs evidence."
    title_id = "Alasan ini harus disertai bukti."
    next_action = "Note what the visitor showed, such as a document's number."
    next_action_id = "Catat apa yang ditunjukkan pengunjung, misalnya nomor dokumen."


class NoWalkInSeat(Refusal):
    """The quota of the pool is used up for today."""

    status = 409
    code = "no_walk_in_seat"
    facts_told = fact_types(pool=Pool)
    title = "Today's quota for visitors without a booking is used up."
    title_id = "Kuota hari ini untuk pengunjung tanpa jadwal sudah habis."
    next_action = "Offer the nearest free session, or open more quota for today."
    next_action_id = "Tawarkan sesi kosong terdekat, atau buka kuota tambahan hari ini."
