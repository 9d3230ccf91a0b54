"""The endpoints of preferences."""

from __future__ import annotations

from typing import Final

from services.notification.contacts.schemas import PreferencesChoice, PreferencesView
from services.notification.errors import ChannelHasNoAddress
from services.notification.http import NOTIFICATION
from shared.errors import NotKnownYet
from shared.http.call import Call
from shared.http.endpoint import APPLICANT, Endpoints, RateLimit

api = Endpoints("notification")

CHANGES_PER_CALLER: Final = RateLimit(30, 60.0)


@api.get(
    "/v1/preferences",
    summary="How you are told",
    access=APPLICANT,
    answers={200: PreferencesView},
    refusals=(NotKnownYet,),
)
async def show_preferences(call: Call) -> PreferencesView:
    """Show your language and channels."""
    return PreferencesView.model_validate(await call.app[NOTIFICATION].contacts.preferences(call.caller.account_id))


@api.put(
    "/v1/preferences",
    summary="Choose how you are told",
    access=APPLICANT,
    body=PreferencesChoice,
    answers={200: PreferencesView},
    refusals=(ChannelHasNoAddress, NotKnownYet),
    rate=CHANGES_PER_CALLER,
)
async def choose_preferences(call: Call[PreferencesChoice]) -> PreferencesView:
    """Choose language and channels; the same choice again changes nothing."""
    chosen = await call.app[NOTIFICATION].contacts.choose(call.caller.account_id, call.body.preferences())
    return PreferencesView.model_validate(chosen)
