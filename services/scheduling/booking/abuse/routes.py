"""Flags: HTTP to use case and back."""

from __future__ import annotations

from typing import Final

from services.scheduling.booking.abuse.errors import FlagNotFound, FlagReviewed
from services.scheduling.booking.abuse.flag import FlagCommand, FlagStatus, accounts_in
from services.scheduling.booking.abuse.flags import Flags
from services.scheduling.booking.abuse.schemas import FlagsQuery, FlagsView, FlagView, ReviewFlag
from services.scheduling.booking.abuse.views import flag_view
from services.scheduling.errors import NotYourOffice
from services.scheduling.http import actor_of, use_case
from shared.errors import SomeoneElseChangedIt
from shared.http.call import Call
from shared.http.endpoint import STAFF, Endpoints, PersonalData
from shared.http.reading import Reading, ReadSubject
from shared.tokens import Role

endpoints: Final = Endpoints("flags")

_COMMANDS: Final = {"confirmed": FlagCommand.CONFIRM, "harmless": FlagCommand.DISMISS}


@endpoints.get(
    "/v1/offices/{office_id}/flags",
    summary="List bookings that look like a broker's",
    access=STAFF(Role.OFFICE_ADMIN, Role.ENFORCEMENT_SECTION_HEAD),
    query=FlagsQuery,
    reads=PersonalData.EVIDENCE,
    answers={200: FlagsView},
    pages_by="flag_id",
    refusals=(NotYourOffice,),
)
async def list_flags(call: Call[None, FlagsQuery]) -> FlagsView:
    """The office's flags that stand so, the newest first; the evidence has ids, counts and times, no names."""
    found = await use_case(call, Flags).find_by_office(call.path["office_id"], call.query.state, actor_of(call.caller))
    accounts = (account_id for record in found for account_id in accounts_in(record.state))
    subjects = (ReadSubject(account_id, call.path["office_id"]) for account_id in accounts)
    step = "step_flag_review" if call.query.state is FlagStatus.OPEN else None
    call.reading = Reading(tuple(dict.fromkeys(subjects)), step)
    return FlagsView(flags=[flag_view(record) for record in found])


@endpoints.post(
    "/v1/offices/{office_id}/flags/{flag_id}/review",
    summary="Judge a flag",
    access=STAFF(Role.OFFICE_ADMIN, Role.ENFORCEMENT_SECTION_HEAD),
    body=ReviewFlag,
    idempotent=True,
    answers={200: FlagView},
    refusals=(NotYourOffice, FlagNotFound, FlagReviewed, SomeoneElseChangedIt),
)
async def review_flag(call: Call[ReviewFlag]) -> FlagView:
    """The flag with what the office said of it."""
    reviewed = await use_case(call, Flags).review(
        call.path["office_id"],
        call.path["flag_id"],
        _COMMANDS[call.body.decision],
        actor_of(call.caller),
        call.command_id,
    )
    return flag_view(reviewed)
