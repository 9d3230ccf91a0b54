"""Request and answer bodies of staff sign-in and the person look-up."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import Field, StringConstraints

from services.identity.field_types import MAX_PASSWORD_CHARS, DeviceToken, NikText
from services.identity.sessions.credentials import Credentials
from services.identity.sessions.schemas import TokensView
from services.identity.sessions.session import NewDevice
from services.identity.staff.ports import SecondStep
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


class NewDeviceView(View):
    """A sign-in on a device that was not known."""

    session_id: str
    signed_in_at: datetime

    @classmethod
    def from_new_device(cls, device: NewDevice) -> NewDeviceView:
        """Return the view of a sign-in."""
        return cls(session_id=device.session_id, signed_in_at=device.signed_in_at)


class StaffTokensView(TokensView):
    """A pair of tokens of a member of staff."""

    new_devices: list[NewDeviceView] = Field(
        [], description="Earlier sign-ins on new devices: say at /v1/staff/me/device-review whether they were yours."
    )
    owes_email_proof: bool = Field(
        False,
        description="Your email address is not proven, so nothing is sent there: name it at /v1/staff/me/email, then "
        "type its code at /v1/staff/me/email-proof.",
    )

    @classmethod
    def from_credentials(cls, credentials: Credentials) -> Self:
        """Return the view of credentials."""
        view = super().from_credentials(credentials)
        devices = [NewDeviceView.from_new_device(device) for device in credentials.new_devices]
        update = {"new_devices": devices, "owes_email_proof": credentials.owes_email_proof}
        return view.model_copy(update=update)


class SecondStepView(View):
    """The password was right; a second factor is due."""

    login_token: str = Field(description="For /v1/staff/logins/second-step, together with the second factor.")
    ways: list[str] = Field(description="Kinds of second factors of this member.", examples=[["totp", "passkey"]])
    passkey_options: dict[str, Any] | None = Field(
        None, description="For `navigator.credentials.get`; answered once. None without a passkey."
    )
    expires_at: datetime

    @classmethod
    def from_step(cls, step: SecondStep) -> SecondStepView:
        """Return the view of a step."""
        return cls(
            login_token=step.login_token,
            ways=list(step.ways),
            passkey_options=dict(step.passkey_options) if step.passkey_options is not None else None,
            expires_at=step.expires_at,
        )


class PersonLookup(Body):
    """The NIK of somebody at the counter, and why it is looked up."""

    nik: NikText = Field(examples=["3174011203880002"])
    reason: StatedReason | None = Field(None, description="why; it is always needed, and the person sees it")


class PersonView(View):
    """The person whom the registry has confirmed under the NIK."""

    person_id: str
