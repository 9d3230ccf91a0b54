"""Entries of the waiting list as they are shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.scheduling.booking.appointments.next_step import NextStep
from services.scheduling.booking.waiting_list.entry import HAS_OFFER, Waiting, WaitingStatus
from services.scheduling.booking.waiting_list.rules import MOST_UNUSED_OFFERS
from services.scheduling.booking.waiting_list.schemas import OfferedSeatView, WaitingView
from services.scheduling.context import UseCaseContext
from services.scheduling.offices.views import local, office_view
from shared.http.schema import view_next_call
from shared.store.kinds import Record

_CHOOSE: Final = NextStep(
    "hold_seat",
    ("pay", "visit"),
    "Choose a session and hold a seat there, or enter the waiting list again.",
    "Pilih sesi dan ambil kursi di sana, atau masuk daftar tunggu kembali.",
)
WAITING_STEPS: Final[Mapping[WaitingStatus, NextStep]] = {
    WaitingStatus.WAITING: NextStep(
        "wait",
        ("answer_offer", "pay", "visit"),
        "Wait for a message; a seat that is given up is offered to those who wait, in their order.",
        "Tunggu pesan; kursi yang dilepas ditawarkan kepada yang menunggu sesuai urutan.",
    ),
    WaitingStatus.OFFERED: NextStep(
        "answer_offer",
        ("pay", "visit"),
        "Accept or decline the offered seat before the offer ends.",
        "Terima atau tolak kursi yang ditawarkan sebelum penawaran berakhir.",
    ),
    WaitingStatus.TAKING: NextStep(
        "answer_offer",
        ("pay", "visit"),
        "The seat is being booked for you; look again in a moment.",
        "Kursi sedang dipesankan untuk Anda; muat ulang beberapa saat lagi.",
    ),
    WaitingStatus.TAKEN: NextStep(
        "pay",
        ("visit",),
        "The seat is yours; follow the appointment.",
        "Kursi sudah menjadi milik Anda; ikuti jadwalnya.",
    ),
    WaitingStatus.LEFT: _CHOOSE,
    WaitingStatus.ENDED: _CHOOSE,
}


def waiting_view(record: Record[Waiting], ahead: Mapping[str, int], context: UseCaseContext) -> WaitingView:
    """An entry as it is shown."""
    entry, step = record.state, WAITING_STEPS[record.state.status]
    offered = _offer_view(entry, context)
    deadline = {WaitingStatus.WAITING: entry.ends_at, WaitingStatus.OFFERED: offered and offered.offer_until}
    return WaitingView(
        waiting_id=record.id,
        application_id=entry.application_id,
        state=entry.status.value,
        office_ids=list(entry.office_ids),
        first_day=entry.first,
        last_day=entry.last,
        pool=entry.pool,
        made_at=entry.made_at,
        ahead=dict(ahead),
        offers_left=max(0, MOST_UNUSED_OFFERS - len(entry.passed_seats)),
        offer=offered,
        appointment_id=entry.offer.appointment_id if entry.offer and entry.status is WaitingStatus.TAKEN else None,
        ended_for=entry.ended_for.value if entry.ended_for else None,
        current_step=step.current_step,
        remaining_steps=list(step.remaining_steps),
        next_action=step.next_action,
        next_action_id=step.next_action_id,
        next_call=view_next_call(
            "waiting_entry", entry.status, waiting_id=record.id, application_id=entry.application_id
        ),
        deadline=deadline.get(entry.status),
    )


def _offer_view(entry: Waiting, context: UseCaseContext) -> OfferedSeatView | None:
    if entry.offer is None or entry.status not in HAS_OFFER:
        return None
    slot = entry.offer.slot
    office = context.offices[slot.office_id]
    return OfferedSeatView(
        session_id=slot.session_id,
        office=office_view(office),
        starts_at=slot.starts_at,
        local_start=local(slot.starts_at, office.timezone),
        offer_until=entry.offer.until,
    )
