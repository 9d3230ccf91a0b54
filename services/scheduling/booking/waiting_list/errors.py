"""Refusals of the waiting list and of its offers."""

from __future__ import annotations

from datetime import datetime

from services.scheduling.booking.waiting_list.entry import WaitingStatus
from services.scheduling.booking.waiting_list.rules import LONGEST_WAIT_DAYS, MOST_OFFICES_WAITED_FOR, WishProblem
from shared.errors import Refusal, fact_types


class AlreadyWaiting(Refusal):
    """A person waits once; `waiting_id` names the entry if it is the caller's own."""

    status = 409
    code = "already_waiting"
    facts_told = fact_types(waiting_id=str)
    title = "This person already waits for a seat."
    title_id = "Orang ini sudah ada di daftar tunggu."
    next_action = "Leave the waiting list first, then enter it again."
    next_action_id = "Keluar dahulu dari daftar tunggu, lalu daftar kembali."


class WaitingWishWrong(Refusal):
    """The wish breaks a rule of the waiting list; `problem` names it."""

    status = 422
    code = "waiting_wish_wrong"
    facts_told = fact_types(problem=WishProblem)
    title = "One cannot wait for these offices and days."
    title_id = "Kantor dan tanggal ini tidak dapat dipilih untuk daftar tunggu."
    next_action = (
        f"Name 1 to {MOST_OFFICES_WAITED_FOR} different offices and days within the next {LONGEST_WAIT_DAYS} days."
    )
    next_action_id = (
        f"Sebutkan 1 sampai {MOST_OFFICES_WAITED_FOR} kantor berbeda "
        f"dan tanggal dalam {LONGEST_WAIT_DAYS} hari ke depan."
    )


class NoSeatOffered(Refusal):
    """No seat is kept for this entry now; `state` says where it stands."""

    status = 409
    code = "no_seat_offered"
    facts_told = fact_types(state=WaitingStatus)
    title = "No seat is offered to this entry of the waiting list now."
    title_id = "Saat ini tidak ada kursi yang ditawarkan untuk pendaftaran ini."
    next_action = "Wait for the next message; the entry keeps its place in the line."
    next_action_id = "Tunggu pesan berikutnya; urutan Anda dalam daftar tetap."


class WaitingOfferOver(Refusal):
    """The offered seat was not taken in time; `offer_until` says until when it was kept."""

    status = 409
    code = "waiting_offer_over"
    facts_told = fact_types(offer_until=datetime)
    title = "This offer of the waiting list has ended."
    title_id = "Penawaran dari daftar tunggu ini sudah berakhir."
    next_action = "Wait for the next offer; you are in the line again."
    next_action_id = "Tunggu penawaran berikutnya; Anda kembali berada dalam antrean."
