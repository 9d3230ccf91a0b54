"""Views of openings and tickets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from services.scheduling.openings.opening import Opening, TicketStanding
from services.scheduling.openings.schemas import OpeningView, TicketEventView, TicketView
from services.scheduling.openings.waiting_room import PlaceInLine
from shared.http.schema import view_next_call
from shared.store.kinds import Record

ROUGHLY_SECONDS: Final = 15
"""Estimates are rounded up to 15 s: finer would be false precision and would push an event with every tick."""


@dataclass(frozen=True)
class _Words:
    current_step: str
    remaining_steps: tuple[str, ...]
    next_action: str
    next_action_id: str


_HOLD: Final = ("hold_seat", "pay", "visit")
_WORDS: Final[dict[TicketStanding, _Words]] = {
    TicketStanding.IN_DRAW: _Words(
        "wait_for_draw",
        ("wait_for_turn", *_HOLD),
        "Wait for the draw; everybody who is here has the same chance, and nothing is won by reloading.",
        "Tunggu undian; semua yang hadir mempunyai peluang yang sama, memuat ulang tidak mempercepat.",
    ),
    TicketStanding.WAITING: _Words(
        "wait_for_turn",
        _HOLD,
        "Wait for your turn; your place is kept, even if you close this page.",
        "Tunggu giliran Anda; tempat Anda tersimpan, juga bila halaman ini ditutup.",
    ),
    TicketStanding.ADMITTED: _Words(
        "hold_seat",
        ("pay", "visit"),
        "Choose a session and hold a seat before the time named here.",
        "Pilih sesi dan pesan jadwal sebelum waktu yang disebutkan di sini.",
    ),
    TicketStanding.SERVED: _Words(
        "pay", ("visit",), "Pay for the seat that you hold.", "Bayar jadwal yang Anda pesan."
    ),
    TicketStanding.MISSED: _Words(
        "wait_for_turn",
        _HOLD,
        "Your turn is over. Ask for a ticket again to stand at the end of the line.",
        "Giliran Anda sudah lewat. Minta tiket lagi untuk antre dari belakang.",
    ),
    TicketStanding.OUTSIDE: _Words(
        "hold_seat",
        ("pay", "visit"),
        "The opening is over; look for a free seat, or for the next opening.",
        "Pembukaan kuota sudah selesai; cari jadwal kosong, atau pembukaan kuota berikutnya.",
    ),
}


def opening_view(record: Record[Opening]) -> OpeningView:
    """Return the public view of an opening."""
    state = record.state
    return OpeningView(
        opening_id=record.id,
        state=state.status.value,
        office_id=state.office_id,
        session_ids=list(state.session_ids),
        doors_at=state.doors_at,
        tickets_close_at=state.tickets_close_at,
        opens_at=state.opens_at,
        ends_at=state.ends_at,
        seed_commitment=state.seed_commitment,
        root=state.root,
        seed=state.seed,
        drawn=state.present,
        in_line=max(state.present, state.line.total),
        admitted=state.line.admitted,
        admitted_a_second=round(state.line.a_second, 2),
        record_url=f"/v1/openings/{record.id}/record",
    )


def ticket_event_view(place: PlaceInLine) -> TicketEventView:
    """Return the event of a ticket that its stream sends."""
    return TicketEventView(
        ticket_id=place.ticket_id,
        opening_id=place.opening_id,
        opening_state=place.opening.status.value,
        standing=place.standing.value,
        number=None if place.number is None else place.number + 1,
        people_ahead=place.people_ahead,
        expected_at=roughly(place.expected_at),
        admitted_until=place.admitted_until,
    )


def ticket_view(place: PlaceInLine) -> TicketView:
    """Return the view of a ticket for its holder."""
    words = _WORDS[place.standing]
    return TicketView(
        **ticket_event_view(place).model_dump(),
        session_ids=list(place.opening.session_ids),
        opens_at=place.opening.opens_at,
        late=place.ticket.late,
        salt=place.ticket.salt,
        commitment=place.ticket.commitment,
        next_look_at=place.next_look_at,
        events_url=f"/v1/openings/{place.opening_id}/tickets/{place.ticket_id}/events",
        current_step=words.current_step,
        remaining_steps=list(words.remaining_steps),
        next_action=words.next_action,
        next_action_id=words.next_action_id,
        next_call=view_next_call(
            "ticket",
            place.standing,
            opening_id=place.opening_id,
            office_id=place.opening.office_id,
            application_id=place.ticket.application_id,
        ),
        deadline=place.admitted_until if place.standing is TicketStanding.ADMITTED else None,
    )


def roughly(moment: datetime | None) -> datetime | None:
    """Return the moment rounded up to 15 s."""
    if moment is None:
        return None
    seconds = -(-int(moment.timestamp()) // ROUGHLY_SECONDS) * ROUGHLY_SECONDS
    return datetime.fromtimestamp(seconds, UTC)
