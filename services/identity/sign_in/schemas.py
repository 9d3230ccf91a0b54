"""Request and answer bodies of signing in."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from services.identity.accounts.channel import Channel
from services.identity.accounts.schemas import ChannelWord
from services.identity.field_types import MAX_TOKEN_CHARS, DeviceToken, Identifier, LongCode, PhoneText
from services.identity.privacy_notice.schemas import VersionNumber
from services.identity.sign_in.challenge import Delivery
from services.identity.sign_in.service import ChallengeSeen
from shared.fields.numbers import OneTimeCode
from shared.http.schema import Body, Query, View

_DEVICE = "As the last sign-in on this device gave it. Strangers who ask and try take nothing from a known device."
_ASKER = "As the answer that sent this code gave it: its tries are the asker's alone."
_PROOF = "Only where the network is busy: the challenge of `proof_of_work_needed`, a colon and the text that was found."
ProofOfWork = Annotated[str, StringConstraints(min_length=1, max_length=256)]
PurposeCode = Annotated[str, StringConstraints(min_length=2, max_length=64, pattern=r"^[a-z][a-z_]*$")]
AskerToken = Annotated[str, StringConstraints(min_length=1, max_length=MAX_TOKEN_CHARS)]


class Registration(Body):
    """An email address to be proven, and the language to be spoken with."""

    email: Identifier = Field(examples=["budi@example.org"])
    phone: PhoneText | None = Field(
        None,
        examples=["0812 3456 7890"],
        description="Gets a code of its own if email takes too long, or on request: it proves the number instead.",
    )
    language: Literal["id", "en"] = "id"
    device_token: DeviceToken | None = Field(None, description=_DEVICE)
    proof: ProofOfWork | None = Field(None, description=_PROOF)


class Login(Body):
    """An email address or a mobile number."""

    identifier: Identifier = Field(examples=["0812 3456 7890"])
    device_token: DeviceToken | None = Field(None, description=_DEVICE)
    proof: ProofOfWork | None = Field(None, description=_PROOF)


class RegistrationConsents(Body):
    """Consents of whoever opens a new account, beside what is needed."""

    notice_version: VersionNumber = Field(description="The version of the privacy notice that was read.")
    purposes: list[PurposeCode] = Field(
        default_factory=list, max_length=20, description="Free purposes that are allowed.", examples=[["surveys"]]
    )


class Verification(Body):
    """The six digits that were sent, or the long code of the same message; for a change of address also the digits
    that went to the address of before.
    """

    code: OneTimeCode = Field(default_factory=str, description="Needed unless the long code is sent.")
    long_code: LongCode | None = Field(
        None,
        description="Of the newest message: counts for an hour, whatever others have tried.",
    )
    old_code: OneTimeCode | None = Field(None, description="Only for a change of address.")
    second_code: OneTimeCode | None = Field(
        None, description="For a new device: the code that went to the account's other address."
    )
    second_lost: bool = Field(
        False, description="For a new device without that address: it is told, and may object for some days."
    )
    asker_token: AskerToken | None = Field(None, description=_ASKER)
    device_token: DeviceToken | None = Field(None, description=_DEVICE)
    consents: RegistrationConsents | None = Field(
        None,
        description="Counts where the code opens a new account. Without it registering agrees to the needed purposes "
        "of the privacy notice in force, and to no other.",
    )

    @model_validator(mode="after")
    def _has_a_code(self) -> Self:
        if not self.code and self.long_code is None:
            raise ValueError("code or long_code is needed")
        return self

    @property
    def typed(self) -> str:
        """The code that is to be compared."""
        return self.code or self.long_code or ""


class ResendQuery(Query):
    """``sms``: the new code goes by SMS too, if the account has a number; the answer does not tell whether. After a
    registration another code goes to the number that was given there; without one it is refused.
    """

    channel: ChannelWord | None = None


class CodeDeliveryView(View):
    """The delivery of a code, as far as it is known."""

    state: Delivery
    channel: Channel
    reason: str | None


class ChallengeView(View):
    """A code that is under way."""

    challenge_id: str
    channel: Channel
    sent_to: str = Field(description="Masked.", examples=["b***@example.org"])
    expires_at: datetime
    resend_after: datetime
    tries_left: int = Field(description="Of the asker, in an answer that sends a code; else of this network address.")
    delivery: CodeDeliveryView
    old_code_channel: Channel | None = Field(
        None, description="Of a change of address: the way of the second code, which went to an address of before."
    )

    only_if_known: bool = Field(
        False,
        description="Of a number from abroad, and of any number once its country had the codes by SMS of a day: the "
        "code is sent only if an account has the number. Without one register by email and add the number then. Its "
        "delivery is not told.",
    )
    sms_challenge_id: str | None = Field(
        None,
        description="After a registration with a number: the challenge of the code that goes to it by SMS, which "
        "registers the account by that number.",
    )
    asker_token: str | None = Field(
        None, description="In the answer to whoever asked for the code that counts now: send it with the code."
    )

    @classmethod
    def from_seen(cls, seen: ChallengeSeen) -> ChallengeView:
        """Return the view of a challenge."""
        challenge = seen.challenge
        code = challenge.code
        channel = challenge.address_channel  # whatever else was sent, to whomever, is not for the asker to know
        state = Delivery.PENDING if seen.is_only_for_known else challenge.delivery
        reason = None if seen.is_only_for_known else challenge.delivery_reason
        delivery = CodeDeliveryView(state=state, channel=channel, reason=reason)
        return cls(
            challenge_id=seen.challenge_id,
            channel=channel,
            sent_to=seen.sent_to,
            expires_at=code.expires_at,
            resend_after=seen.resend_after,
            tries_left=seen.tries_left,
            delivery=delivery,
            old_code_channel=challenge.proof.channel if challenge.proof is not None else None,
            asker_token=seen.asker_token,
            only_if_known=seen.is_only_for_known,
            sms_challenge_id=seen.sms_challenge_id,
        )
