"""Request and answer bodies of staff sign-in and the person look-up."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from services.identity.field_types import MAX_PASSWORD_CHARS, DeviceToken, NikText
from shared.audit.reads import StatedReason
from shared.http.schema import Body, View


class StaffLogin(Body):
    """User name and password of a member of staff."""

    username: Annotated[str, StringConstraints(min_length=1, max_length=64)] = Field(examples=["front_officer"])
    password: Annotated[str, StringConstraints(min_length=1, max_length=MAX_PASSWORD_CHARS)]
    device_token: DeviceToken | None = Field(
        None,
        description="As the last sign-in on this device gave it: wrong passwords from elsewhere do not lock it out.",
    )


class PersonLookup(Body):
    """The NIK of somebody at the counter, and why it is looked up."""

    nik: NikText = Field(examples=["3174011203880002"])
    reason: StatedReason | None = Field(None, description="why; it is always needed, and the person sees it")


class PersonView(View):
    """The person whom the registry has confirmed under the NIK."""

    person_id: str
