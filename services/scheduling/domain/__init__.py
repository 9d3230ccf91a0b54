"""The rules of seats: pure data and functions; time, ids and chance are passed in."""

from services.scheduling.booking.appointments.appointment import TRANSITIONS, Command, IllegalChange, Status
from services.scheduling.booking.seats.seat import SEAT_TRANSITIONS, SeatCommand, SeatStatus

__all__ = [
    "SEAT_TRANSITIONS",
    "TRANSITIONS",
    "Command",
    "IllegalChange",
    "SeatCommand",
    "SeatStatus",
    "Status",
]
