"""Request and answer bodies of signing in."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from services.identity.accounts.channel import Channel
from services.identity.accounts.schemas import ChannelWord
from services.identity.field_types import Code, Identifier
from services.identity.sign_in.challenge import Delivery
from services.identity.sign_in.service import ChallengeSeen
from shared.http.schema import Body, Query, View


class Registration(Body):
    """An email address to be proven, and the language to be spoken with."""

    email: Identifier = Field(examples=["budi@example.org"])
    language: Literal["id", "en"] = "id"


class Login(Body):
    """An email address or a mobile number."""

    identifier: Identifier = Field(examples=["0812 3456 7890"])


class Verification(Body):
    """The six digits that were sent; for a change of address also those that went to the address of before."""

    code: Code = Field(examples=["042317"])
    old_code: Code | None = Field(None, examples=["912073"], description="Only for a change of address.")


class ResendQuery(Query):
    """``sms``: the new code is to go by SMS too, if the account has a number. The answer does not tell whether."""

    channel: ChannelWord | None = None


class DeliveryView(View):
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
    tries_left: int
    delivery: DeliveryView
    old_code_channel: Channel | None = Field(
        None, description="Of a change of address: the way of the second code, which went to an address of before."
    )

    @classmethod
    def from_seen(cls, seen: ChallengeSeen) -> ChallengeView:
        """Return the view of a challenge."""
        challenge = seen.challenge
        code = challenge.code
        channel = challenge.address_channel  # whatever else was sent, to whomever, is not for the asker to know
        delivery = DeliveryView(state=challenge.delivery, channel=channel, reason=challenge.delivery_reason)
        return cls(
            challenge_id=seen.challenge_id,
            channel=channel,
            sent_to=seen.sent_to,
            expires_at=code.expires_at,
            resend_after=seen.resend_after,
            tries_left=code.tries_left,
            delivery=delivery,
            old_code_channel=challenge.proof.channel if challenge.proof is not None else None,
        )
