"""Bodies and views of check-in and of the keys of queue codes."""

from __future__ import annotations

from typing import Any

from pydantic import Field, model_validator

from services.scheduling.booking.appointments.queue_code_payload import LONGEST_QUEUE_CODE
from services.scheduling.field_types import Id
from shared.fields.numbers import Ntpn, QueueNumber
from shared.http.schema import Body, View
from shared.http.validation import wrong_value


class CheckIn(Body):
    """The key to find the visitor by: exactly one."""

    queue_code: str | None = Field(None, min_length=1, max_length=LONGEST_QUEUE_CODE)
    appointment_id: Id | None = None
    application_id: Id | None = None
    person_id: Id | None = None
    number: QueueNumber | None = Field(None, description="today's queue number")
    ntpn: Ntpn | None = Field(
        None, description="of a proof of payment: lets somebody in whose payment does not show yet"
    )

    @model_validator(mode="after")
    def _exactly_one(self) -> Any:
        given = [self.queue_code, self.appointment_id, self.application_id, self.person_id, self.number]
        if sum(value is not None for value in given) != 1:
            raise wrong_value(
                "exactly_one",
                "Give exactly one of queue_code, appointment_id, application_id, person_id and number.",
                "Isi tepat satu dari queue_code, appointment_id, application_id, person_id, dan number.",
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
