"""A refund was approved: the seat goes back, or scheduling says why it cannot."""

from __future__ import annotations

from services.scheduling.domain import visiting
from services.scheduling.domain.appointments import Status
from services.scheduling.service.desk import Desk
from services.scheduling.service.seating import Seating
from shared.events.billing import SeatReleaseRequested
from shared.service import NotYet

_UNDER_WAY = (Status.MOVING, Status.SPECIAL_MOVING)


class Releases:
    """What refunds ask of seats."""

    def __init__(self, desk: Desk, seating: Seating) -> None:
        self._desk = desk
        self._repository = desk.repository
        self._seating = seating

    async def requested(self, said: SeatReleaseRequested, message_id: str) -> None:
        """Give the seat back for this refund, once; a visit that took place answers that it was used.

        Raises:
            NotYet: the appointment is not known here, or it is being moved at this moment.
        """
        record = await self._repository.appointment(said.appointment_id)
        if record is None:
            raise NotYet(f"appointment {said.appointment_id} is not known")
        if record.state.slot is None or record.has_received(message_id) or record.state.refund_id == said.refund_id:
            return
        if record.state.status in _UNDER_WAY:
            raise NotYet(f"appointment {said.appointment_id} is being moved")
        now = self._desk.now()
        decision = visiting.release_for_refund(record.id, record.state, said.refund_id, now=now, rules=self._desk.rules)
        saved = await self._repository.save(record, decision, now, message_id)
        await self._seating.tell_left_now(saved)
