"""Assistance by the letter: HTTP to use case and back."""

from __future__ import annotations

from typing import Final

from services.scheduling import errors
from services.scheduling.booking.assistance.schemas import ShowLetter, ShownLetterView
from services.scheduling.http import scheduling_of, who_of
from shared.errors import NotFound, SomeoneElseChangedIt
from shared.http.call import Call
from shared.http.endpoint import STAFF, Endpoints, RateLimit
from shared.tokens import Role

endpoints: Final = Endpoints("assistance")

LETTERS_A_MINUTE: Final = RateLimit(count=20, per_seconds=60.0)
"""Letters that one officer may scan to assist: a person at the counter takes minutes, a stack of copies seconds."""


@endpoints.post(
    "/v1/letter-assistances",
    summary="Scan the QR on a letter: its holder agrees to be assisted",
    description="It begins in a moment: GET /v1/assistances/{assistance_id}. A letter does it once.",
    access=STAFF(Role.FRONT_OFFICER),
    body=ShowLetter,
    idempotent=True,
    rate=LETTERS_A_MINUTE,
    answers={202: ShownLetterView},
    refusals=(
        NotFound,
        errors.NotYourOffice,
        errors.QueueCodeNotValid,
        errors.QueueCodeReplaced,
        errors.NotPossibleNow,
        errors.LetterUsedUp,
        SomeoneElseChangedIt,
    ),
)
async def show_letter(call: Call[ShowLetter]) -> ShownLetterView:
    """The assistance that follows."""
    shown = await scheduling_of(call).assisting.show_letter(call.body.queue_code, who_of(call.caller), call.command_id)
    return ShownLetterView(assistance_id=shown.assistance_id, appointment_id=shown.appointment_id)
