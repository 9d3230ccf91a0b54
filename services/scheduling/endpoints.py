"""The routes of all rooms, joined, with audit and session check."""

from __future__ import annotations

from typing import Final

from services.scheduling.booking.abuse import routes as flags
from services.scheduling.booking.appointments import routes as appointments
from services.scheduling.booking.assistance import routes as assisting
from services.scheduling.booking.parties import routes as parties
from services.scheduling.booking.same_day import routes as hurry
from services.scheduling.booking.seats import audit_log_routes as seat_chains
from services.scheduling.booking.waiting_list import routes as waiting
from services.scheduling.http import USE_CASES, use_case
from services.scheduling.openings import routes as openings
from services.scheduling.quota import admin_routes as office_edits
from services.scheduling.quota import office_routes as offices
from services.scheduling.quota import public_routes as quota
from services.scheduling.visit.counter import check_in_routes as counter
from services.scheduling.visit.counter import priority_routes as priority
from services.scheduling.visit.counter import queue_routes as queue
from services.scheduling.visit.day_sheets import evening_routes as evening
from services.scheduling.visit.day_sheets import routes as day_sheets
from services.scheduling.visit.special_reschedule import routes as special
from shared.audit import Audit
from shared.audit.acting import audited
from shared.events.scheduling import SchedulingDataRead
from shared.http.endpoint import with_session_check
from shared.key_turn.routes import key_turn_endpoints
from shared.retention.routes import retention_endpoints
from shared.retention.service import Retention

key_turns = key_turn_endpoints("scheduling", lambda call: call.app[USE_CASES].key_turns)

_WISH: Final = "it only asks to be told or to stand in line, and can be taken back"
_QUEUE: Final = "the order of a waiting room; staff tokens live five minutes"

WITHOUT_SESSION_CHECK: Final = {
    "hold_seat": "the busiest call of an opening; a hold lapses by itself, and no money moves before the person pays",
    "ask_for_notice": _WISH,
    "stop_notices": _WISH,
    "take_ticket": _WISH,
    "enter_waiting_list": _WISH,
    "call_next": _QUEUE,
    "recall": _QUEUE,
    "park": _QUEUE,
    "resume": _QUEUE,
    "missed": _QUEUE,
    "served": _QUEUE,
}
"""Calls that a token may still make in its last minutes after its session has ended, each with the reason."""

_RETENTION: Final = retention_endpoints("scheduling", lambda call: use_case(call, Retention))

ENDPOINTS: Final = with_session_check(
    audited(
        (
            *offices.endpoints.all,
            *quota.endpoints.all,
            *office_edits.endpoints.all,
            *appointments.endpoints.all,
            *assisting.endpoints.all,
            *counter.endpoints.all,
            *openings.endpoints.all,
            *special.endpoints.all,
            *queue.endpoints.all,
            *day_sheets.endpoints.all,
            *evening.endpoints.all,
            *waiting.endpoints.all,
            *parties.endpoints.all,
            *priority.endpoints.all,
            *hurry.endpoints.all,
            *flags.endpoints.all,
            *seat_chains.endpoints.all,
            *seat_chains.audit.all,
            *_RETENTION.all,
            *key_turns.all,
        ),
        lambda call: use_case(call, Audit),
        SchedulingDataRead,
    ),
    WITHOUT_SESSION_CHECK,
)
