"""Assistance by the letter: HTTP to use case and back."""

from __future__ import annotations

from typing import Final

from services.scheduling.booking.appointments.errors import NotPossibleNow, QueueCodeNotValid, QueueCodeReplaced
from services.scheduling.booking.assistance.errors import LetterUsedUp
from services.scheduling.booking.assistance.schemas import ShowLetter, ShownLetterView
from services.scheduling.booking.assistance.service import Assisting
from services.scheduling.errors import NotYourOffice
from services.scheduling.http import actor_of, use_case
from shared.errors import NotFound, SomeoneElseChangedIt
from shared.http.call import Call
from shared.http.endpoint import STAFF, Endpoints, RateLimit
from shared.tokens import Role

endpoints: Final = Endpoints("letters at the counter")

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
        NotYourOffice,
        QueueCodeNotValid,
        QueueCodeReplaced,
        NotPossibleNow,
        LetterUsedUp,
        SomeoneElseChangedIt,
    ),
)
async def show_letter(call: Call[ShowLetter]) -> ShownLetterView:
    """The assistance that follows."""
    shown = await use_case(call, Assisting).show_letter(call.body.queue_code, actor_of(call.caller), call.command_id)
    return ShownLetterView.model_validate(shown, from_attributes=True)
