"""The endpoints of staff administration."""

from __future__ import annotations

from typing import Final

from services.identity.http import IDENTITY, STAFF_LOGINS_PER_ADDRESS
from services.identity.offices.errors import OfficeUnknown, RegionUnknown
from services.identity.sessions.devices import Visitor
from services.identity.staff import admin_schemas as schemas
from services.identity.staff.administration import Act
from services.identity.staff.errors import (
    AskerGone,
    FirstOperatorSecretUsed,
    FirstOperatorSecretWrong,
    LastOperatorStays,
    NothingToDecide,
    NotOnYourself,
    NotYourOffice,
    OfficeNeeded,
    OfficeNotWanted,
    OneTimePasswordExpired,
    PasswordHoldsAName,
    PasswordIsCommon,
    PasswordIsTheOldOne,
    PasswordIsTheUserName,
    PasswordTooShort,
    RegionNeeded,
    RegionNotWanted,
    RoleNotYours,
    SecondOperatorNeeded,
    StaffCredentialsWrong,
    StaffLocked,
    StaffMatterPending,
    StaffNotInService,
    StaffStateForbids,
    StaffSuspended,
    StaffUnknown,
    UserNameTaken,
)
from services.identity.staff.member import StaffReason
from shared.errors import SomeoneElseChangedIt
from shared.http.call import AnyCall, Call
from shared.http.endpoint import PUBLIC, STAFF, Endpoints, PersonalData, RateLimit
from shared.http.reading import Reading
from shared.tokens import Role

api = Endpoints("staff administration")

ADMINS: Final = STAFF(Role.OPERATOR, Role.OFFICE_ADMIN)
OPERATORS: Final = STAFF(Role.OPERATOR)

FOUNDERS_PER_ADDRESS: Final = (
    RateLimit(5, 60.0, "address", shared=True),
    RateLimit(20, 3600.0, "address", shared=True),
)
"""An installation makes a few first operators in its life; a secret cannot be guessed faster than this."""

ACTS_PER_CALLER: Final = RateLimit(60, 60.0)

AUDITED_IN_THE_USE_CASE: Final = (
    "hire_staff",
    "reassign_staff",
    "lock_staff",
    "unlock_staff",
    "reset_staff_password",
    "say_staff_left",
    "approve_staff_matter",
    "refuse_staff_matter",
)
"""Their lines name the office of whom the act is about, which is not in the request."""

_ADMINISTRATION: Final = Reading(step="step_staff_administration")
"""Names of staff are read by those who hire them."""

_PASSWORD = (PasswordTooShort, PasswordIsTheUserName, PasswordHoldsAName, PasswordIsCommon)
_POWER = (StaffNotInService, RoleNotYours, NotYourOffice)
_PLACE = (OfficeNeeded, OfficeNotWanted, OfficeUnknown, RegionNeeded, RegionNotWanted, RegionUnknown)
_ACTING = (
    *_POWER,
    StaffUnknown,
    NotOnYourself,
    LastOperatorStays,
    StaffStateForbids,
    SomeoneElseChangedIt,
)


@api.post(
    "/v1/staff/first-operators",
    summary="Become an operator by a one-time secret of the installation",
    description="The secrets are in the settings of identity. Each makes one operator; a second use is refused.",
    access=PUBLIC,
    body=schemas.FirstOperator,
    answers={201: schemas.StaffView},
    location="/v1/staff/members/{staff_id}",
    refusals=(
        FirstOperatorSecretWrong,
        FirstOperatorSecretUsed,
        UserNameTaken,
        *_PASSWORD,
        SomeoneElseChangedIt,
    ),
    idempotent=True,
    cache_answer=False,
    rate=FOUNDERS_PER_ADDRESS,
)
async def make_first_operator(call: Call[schemas.FirstOperator]) -> schemas.StaffView:
    """An operator with an own password, who can sign in."""
    identity = call.app[IDENTITY]
    made = await identity.first_operators.make_first_operator(call.body.founder(), call.command_id)
    return schemas.StaffView.from_seen(identity.staff_admin.seen(made))


@api.put(
    "/v1/staff/password",
    summary="Set an own password in place of the one-time one, or of an older one",
    description="Every session of that person ends. Sign in with the new password then.",
    access=PUBLIC,
    body=schemas.OwnPassword,
    answers={204: None},
    refusals=(
        StaffCredentialsWrong,
        StaffLocked,
        StaffSuspended,
        OneTimePasswordExpired,
        PasswordIsTheOldOne,
        *_PASSWORD,
        SomeoneElseChangedIt,
    ),
    rate=STAFF_LOGINS_PER_ADDRESS,
)
async def set_own_password(call: Call[schemas.OwnPassword]) -> None:
    """An own password."""
    asked = call.body
    visitor = Visitor(call.address, asked.device_token)
    own = call.app[IDENTITY].own_passwords
    await own.set_own_password(asked.username, asked.password, asked.new_password, visitor)


@api.post(
    "/v1/staff/members",
    summary="Hire somebody; the answer shows their one-time password once",
    description="Heads of offices hire front officers, interviewers and printers of their own office; operators hire "
    "all others. Treasurers, operators and headquarters' policy and IT are only proposed until another operator "
    "approves.",
    access=ADMINS,
    body=schemas.Hire,
    answers={201: schemas.StaffView},
    location="/v1/staff/members/{staff_id}",
    refusals=(*_POWER, *_PLACE, UserNameTaken, SomeoneElseChangedIt),
    idempotent=True,
    cache_answer=False,
    rate=ACTS_PER_CALLER,
)
async def hire_staff(call: Call[schemas.Hire]) -> schemas.StaffView:
    """A new member of staff."""
    admin = call.app[IDENTITY].staff_admin
    return schemas.StaffView.from_seen(await admin.hire(call.caller, call.body.hiring(), call.command_id))


@api.get(
    "/v1/staff/members",
    summary="Staff by user name: of the own office, or for operators of one or all",
    access=ADMINS,
    query=schemas.StaffQuery,
    reads=PersonalData.STAFF_NAME,
    answers={200: schemas.StaffListView},
    refusals=(StaffNotInService, NotYourOffice),
)
async def list_staff(call: Call[None, schemas.StaffQuery]) -> schemas.StaffListView:
    """A page of them."""
    asked, call.reading = call.query, _ADMINISTRATION
    page = await call.app[IDENTITY].staff_admin.page(
        call.caller, asked.office_id, asked.after or asked.first, asked.limit
    )
    return schemas.StaffListView.from_page(page)


@api.get(
    "/v1/staff/members/{staff_id}",
    summary="One member of staff",
    access=ADMINS,
    path_model=schemas.StaffPath,
    reads=PersonalData.STAFF_NAME,
    answers={200: schemas.StaffView},
    refusals=(StaffNotInService, NotYourOffice, StaffUnknown),
)
async def look_at_staff(call: Call[None, None, schemas.StaffPath]) -> schemas.StaffView:
    """As they stand now."""
    admin, call.reading = call.app[IDENTITY].staff_admin, _ADMINISTRATION
    return schemas.StaffView.from_seen(await admin.get_member(call.caller, call.path.staff_id))


@api.post(
    "/v1/staff/members/{staff_id}/reassignment",
    summary="Give somebody another role or office; their sessions end",
    description="Operators move anybody, heads of offices within their own office. A role that needs a second operator "
    "is given once that one approves.",
    access=ADMINS,
    path_model=schemas.StaffPath,
    body=schemas.Reassignment,
    answers={200: schemas.StaffView},
    refusals=(*_ACTING, StaffMatterPending, *_PLACE),
    idempotent=True,
    rate=ACTS_PER_CALLER,
)
async def reassign_staff(call: Call[schemas.Reassignment, None, schemas.StaffPath]) -> schemas.StaffView:
    """In the new role, or with the request that waits for a second operator."""
    admin, asked = call.app[IDENTITY].staff_admin, call.body
    act = _act("reassign_staff", call, asked.reason)
    seen = await admin.reassign(act, asked.role, asked.office_id, asked.served(), asked.region_id)
    return schemas.StaffView.from_seen(seen)


@api.post(
    "/v1/staff/members/{staff_id}/lock",
    summary="Lock somebody out; their sessions end at once, access tokens within minutes",
    access=ADMINS,
    path_model=schemas.StaffPath,
    body=schemas.WithReason,
    answers={200: schemas.StaffView},
    refusals=_ACTING,
    idempotent=True,
    rate=ACTS_PER_CALLER,
)
async def lock_staff(call: Call[schemas.WithReason, None, schemas.StaffPath]) -> schemas.StaffView:
    """Locked."""
    admin = call.app[IDENTITY].staff_admin
    return schemas.StaffView.from_seen(await admin.lock(_act("lock_staff", call, call.body.reason)))


@api.post(
    "/v1/staff/members/{staff_id}/unlock",
    summary="Let somebody in again, by a new one-time password",
    access=ADMINS,
    path_model=schemas.StaffPath,
    body=schemas.WithReason,
    answers={200: schemas.StaffView},
    refusals=(*_ACTING, StaffMatterPending),
    idempotent=True,
    cache_answer=False,
    rate=ACTS_PER_CALLER,
)
async def unlock_staff(call: Call[schemas.WithReason, None, schemas.StaffPath]) -> schemas.StaffView:
    """With a one-time password, or with the request that waits for a second operator."""
    admin = call.app[IDENTITY].staff_admin
    return schemas.StaffView.from_seen(await admin.unlock(_act("unlock_staff", call, call.body.reason)))


@api.post(
    "/v1/staff/members/{staff_id}/password-reset",
    summary="Give somebody a new one-time password; their sessions end",
    access=ADMINS,
    path_model=schemas.StaffPath,
    body=schemas.WithReason,
    answers={200: schemas.StaffView},
    refusals=(*_ACTING, StaffMatterPending),
    idempotent=True,
    cache_answer=False,
    rate=ACTS_PER_CALLER,
)
async def reset_staff_password(call: Call[schemas.WithReason, None, schemas.StaffPath]) -> schemas.StaffView:
    """With a one-time password, or with the request that waits for a second operator."""
    admin = call.app[IDENTITY].staff_admin
    return schemas.StaffView.from_seen(await admin.reset_password(_act("reset_staff_password", call, call.body.reason)))


@api.post(
    "/v1/staff/members/{staff_id}/departure",
    summary="Somebody has left for good",
    access=ADMINS,
    path_model=schemas.StaffPath,
    body=schemas.WithReason,
    answers={200: schemas.StaffView},
    refusals=_ACTING,
    idempotent=True,
    rate=ACTS_PER_CALLER,
)
async def say_staff_left(call: Call[schemas.WithReason, None, schemas.StaffPath]) -> schemas.StaffView:
    """Gone; the user name is not given again."""
    admin = call.app[IDENTITY].staff_admin
    return schemas.StaffView.from_seen(await admin.leave(_act("say_staff_left", call, call.body.reason)))


@api.post(
    "/v1/staff/members/{staff_id}/approval",
    summary="Approve what another operator asked for; the answer shows any one-time password",
    access=OPERATORS,
    path_model=schemas.StaffPath,
    body=schemas.WithReason,
    answers={200: schemas.StaffView},
    refusals=(*_ACTING, NothingToDecide, SecondOperatorNeeded, AskerGone),
    idempotent=True,
    cache_answer=False,
    rate=ACTS_PER_CALLER,
)
async def approve_staff_matter(call: Call[schemas.WithReason, None, schemas.StaffPath]) -> schemas.StaffView:
    """Done by two."""
    admin = call.app[IDENTITY].staff_admin
    return schemas.StaffView.from_seen(await admin.approve(_act("approve_staff_matter", call, call.body.reason)))


@api.post(
    "/v1/staff/members/{staff_id}/refusal",
    summary="Refuse what an operator asked for, or take it back",
    access=OPERATORS,
    path_model=schemas.StaffPath,
    body=schemas.WithReason,
    answers={200: schemas.StaffView},
    refusals=(*_ACTING, NothingToDecide),
    idempotent=True,
    rate=ACTS_PER_CALLER,
)
async def refuse_staff_matter(call: Call[schemas.WithReason, None, schemas.StaffPath]) -> schemas.StaffView:
    """As if it had not been asked."""
    admin = call.app[IDENTITY].staff_admin
    return schemas.StaffView.from_seen(await admin.refuse(_act("refuse_staff_matter", call, call.body.reason)))


def _act(name: str, call: AnyCall, reason: StaffReason) -> Act:
    return Act(name, call.caller, call.path.staff_id, call.command_id, reason)
