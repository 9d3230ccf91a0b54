"""Assistance by the letter over HTTP."""

from __future__ import annotations

from pydantic import Field

from services.scheduling.booking.appointments.queue_code_payload import LONGEST_QUEUE_CODE
from shared.http.schema import Body, View


class ShowLetter(Body):
    """The text of the QR code on the letter."""

    queue_code: str = Field(min_length=1, max_length=LONGEST_QUEUE_CODE)


class ShownLetterView(View):
    """The assistance that identity begins on hearing of it."""

    assistance_id: str
    appointment_id: str
