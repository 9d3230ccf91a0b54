"""Events and deadlines of appointments, each to its use case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from services.scheduling.booking.appointments.appointment import Appointment
from services.scheduling.booking.appointments.holds import Holds
from services.scheduling.booking.appointments.payments import Payments
from services.scheduling.booking.appointments.refund_release import Releases
from services.scheduling.booking.appointments.repository import APPOINTMENT
from services.scheduling.booking.appointments.reschedule import Moves
from services.scheduling.booking.same_day.downgrade import SameDayDowngrade
from services.scheduling.booking.same_day.upgrade import SameDayUpgrades
from services.scheduling.booking.seats.inventory import SeatInventory
from services.scheduling.booking.waiting_list.service import WaitingList
from shared.events import application, billing
from shared.events.codes import BillPurpose
from shared.events.envelope import Envelope
from shared.events.message import Event
from shared.service import DeadlineHandler, MessageHandler
from shared.store.kinds import Record


@dataclass(frozen=True)
class AppointmentHandlers:
    """Events and deadlines of appointments."""

    holds: Holds
    payments: Payments
    moves: Moves
    same_day_downgrade: SameDayDowngrade
    same_day_upgrades: SameDayUpgrades
    releases: Releases
    waiting_list: WaitingList
    inventory: SeatInventory

    def events(self) -> Mapping[type[Event], MessageHandler]:
        """Events of applications and of their money."""
        return {
            application.ApplicationSubmitted: self.application_submitted,
            application.ApplicationWithdrawn: self.application_withdrawn,
            application.KindCorrected: self.kind_corrected,
            billing.BillRequested: self.bill_requested,
            billing.BillPaid: self.bill_paid,
            billing.BillWaived: self.bill_paid,
            billing.BillExpired: self.bill_ended,
            billing.BillFailed: self.bill_ended,
            billing.BillCancelled: self.bill_ended,
            billing.BillRenewalRequested: self.renewal_requested,
            billing.PaymentArrivedLate: self.payment_arrived_late,
            billing.SeatReleaseRequested: self.release_requested,
        }

    def deadlines(self) -> Mapping[tuple[str, str], DeadlineHandler]:
        """Deadlines of holds, offers, moves and seats that were left."""
        return {
            (APPOINTMENT.name, "lapse"): self.hold_lapsed,
            (APPOINTMENT.name, "long_stop"): self.long_stop_reached,
            (APPOINTMENT.name, "offer"): self.offer_lapsed,
            (APPOINTMENT.name, "move"): self.move_overdue,
            (APPOINTMENT.name, "leave"): self.seat_left,
        }

    async def application_submitted(self, event: application.ApplicationSubmitted, _envelope: Envelope) -> None:
        """Keep the application: it may hold a seat."""
        await self.holds.application_submitted(event)

    async def application_withdrawn(self, event: application.ApplicationWithdrawn, envelope: Envelope) -> None:
        """Release the application's seat and its place in line."""
        await self.holds.application_withdrawn(event, envelope.id)
        await self.waiting_list.application_withdrawn(event)

    async def kind_corrected(self, event: application.KindCorrected, _envelope: Envelope) -> None:
        """Keep the corrected kind of passport."""
        await self.holds.kind_corrected(event)

    async def bill_requested(self, event: billing.BillRequested, envelope: Envelope) -> None:
        """Await the payment of a fee or of a surcharge."""
        if event.purpose == BillPurpose.SAME_DAY:
            await self.same_day_upgrades.surcharge_billed(event, envelope.id)
            return
        await self.payments.bill_requested(event, envelope.id)

    async def bill_paid(self, event: billing.BillPaid | billing.BillWaived, envelope: Envelope) -> None:
        """Confirm the visit, or note that its surcharge is paid."""
        if event.purpose == BillPurpose.SAME_DAY:
            await self.same_day_upgrades.surcharge_paid(event, envelope.id)
            return
        await self.payments.bill_paid(event, envelope.id)

    async def bill_ended(
        self, event: billing.BillExpired | billing.BillFailed | billing.BillCancelled, envelope: Envelope
    ) -> None:
        """Release the seat, or the place in the same-day quota."""
        if event.purpose == BillPurpose.SAME_DAY:
            await self.same_day_upgrades.surcharge_ended(event, envelope.id)
            return
        await self.payments.bill_ended(event, envelope.id)

    async def renewal_requested(self, event: billing.BillRenewalRequested, envelope: Envelope) -> None:
        """Hold the same seat again for a renewed bill."""
        await self.payments.renewal_requested(event, envelope.id)

    async def payment_arrived_late(self, event: billing.PaymentArrivedLate, envelope: Envelope) -> None:
        """Seek a seat for late money."""
        await self.payments.payment_arrived_late(event, envelope.id)

    async def release_requested(self, event: billing.SeatReleaseRequested, envelope: Envelope) -> None:
        """Release the seat of an approved refund, or refuse it."""
        await self.releases.requested(event, envelope.id)

    async def hold_lapsed(self, record: Record[Appointment], _name: str) -> None:
        """Release a hold without a bill."""
        await self.holds.lapse(record)

    async def long_stop_reached(self, record: Record[Appointment], _name: str) -> None:
        """Alert operators: billing has been silent for too long."""
        await self.holds.alert_long_stop(record)

    async def offer_lapsed(self, record: Record[Appointment], _name: str) -> None:
        """End an offer that was not answered in time."""
        await self.payments.lapse_offer(record)

    async def move_overdue(self, record: Record[Appointment], _name: str) -> None:
        """Finish or undo a move that was left unfinished."""
        await self.moves.roll(record)
        await self.same_day_downgrade.roll(record)

    async def seat_left(self, record: Record[Appointment], _name: str) -> None:
        """Give back a seat that was left."""
        await self.inventory.give_back_left(record)
