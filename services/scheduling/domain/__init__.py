"""The rules of seats: pure data and functions; time, ids and chance are passed in."""

from services.scheduling.domain.appointments import TRANSITIONS, Command, IllegalChange, Status
from services.scheduling.domain.seats import SEAT_TRANSITIONS, SeatCommand, SeatStatus

__all__ = [
    "SEAT_TRANSITIONS",
    "TRANSITIONS",
    "Command",
    "IllegalChange",
    "SeatCommand",
    "SeatStatus",
    "Status",
]
