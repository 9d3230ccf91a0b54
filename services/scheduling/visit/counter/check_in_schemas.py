"""Bodies and views of check-in and of the keys of queue codes."""

from __future__ import annotations

from typing import Any, Final

from pydantic import Field, model_validator

from services.scheduling.booking.appointments.queue_code_payload import LONGEST_QUEUE_CODE
from services.scheduling.field_types import Id
from shared.fields.numbers import ApplicationNumber, Ntpn, QueueNumber
from shared.http.schema import Body, View
from shared.http.validation import wrong_value

VISITOR_KEYS: Final = ("queue_code", "appointment_id", "application_id", "application_number", "person_id", "number")
"""Members of a check-in by which a visitor is found."""


class CheckIn(Body):
    """The key to find the visitor by: exactly one."""

    queue_code: str | None = Field(None, min_length=1, max_length=LONGEST_QUEUE_CODE)
    appointment_id: Id | None = None
    application_id: Id | None = None
    application_number: ApplicationNumber | None = Field(None, description="as it is printed on the letter")
    person_id: Id | None = None
    number: QueueNumber | None = Field(None, description="today's queue number")
    ntpn: Ntpn | None = Field(
        None, description="of a proof of payment: lets somebody in whose payment does not show yet"
    )

    @model_validator(mode="after")
    def _exactly_one(self) -> Any:
        if sum(getattr(self, key) is not None for key in VISITOR_KEYS) != 1:
            *most, last = VISITOR_KEYS
            raise wrong_value(
                "exactly_one",
                f"Give exactly one of {', '.join(most)} and {last}.",
                f"Isi tepat satu dari {', '.join(most)}, dan {last}.",
            )
        return self


class PublicKeyView(View):
    """A key that queue codes are checked with."""

    key_id: str
    algorithm: str
    public_key: str
    """The 32 bytes as base64url without padding."""


class PublicKeysView(View):
    """All keys whose signatures count, the current one first."""

    keys: list[PublicKeyView]
