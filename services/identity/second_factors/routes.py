"""The endpoints of second factors: the second step of a sign-in, one's own factors, and resets by two people."""

from __future__ import annotations

from typing import Any, Final

from services.identity.http import FORMS_PER_CALLER, IDENTITY, STAFF_LOGINS_PER_ADDRESS
from services.identity.second_factors import schemas
from services.identity.second_factors.errors import (
    EnrolmentCodeWrong,
    FreshSignInNeeded,
    LastSecondFactorStays,
    NoResetAsked,
    NoSecondFactor,
    PasskeyNotUsable,
    ResetPending,
    SecondCodesLocked,
    SecondCodeUsed,
    SecondFactorNeedsItself,
    SecondFactorOfferOver,
    SecondFactorUnknown,
    SecondFactorWrong,
    SecondPersonForReset,
    SecondStepOver,
    TooManySecondFactors,
)
from services.identity.sessions.devices import Visitor
from services.identity.staff.admin_routes import ACTS_PER_CALLER, ADMINS
from services.identity.staff.admin_schemas import StaffPath, WithReason
from services.identity.staff.administration import Act
from services.identity.staff.errors import (
    AskerGone,
    LastOperatorStays,
    NotOnYourself,
    NotYourOffice,
    OneTimePasswordExpired,
    OwnPasswordNeeded,
    RoleNotYours,
    StaffCredentialsWrong,
    StaffLocked,
    StaffNotInService,
    StaffSuspended,
    StaffUnknown,
)
from services.identity.staff.member import StaffReason
from services.identity.staff.schemas import StaffTokensView
from shared.http.call import Call
from shared.http.endpoint import PUBLIC, ROLES, STAFF, Endpoints
from shared.sessions import SessionOver
from shared.tokens import Role

api = Endpoints("second factors of staff")

ENROLLERS: Final = ROLES(*STAFF().roles, Role.ENROLLING)
"""All staff, also those whose session can only enrol a second factor."""

AUDITED_IN_THE_USE_CASE: Final = (
    "ask_second_factor_reset",
    "agree_to_second_factor_reset",
    "refuse_second_factor_reset",
)
"""Their lines name the office of whom the reset is about, which is not in the request."""

_ENROLLING = (FreshSignInNeeded, SecondFactorNeedsItself, TooManySecondFactors, SessionOver)
_RESETTING = (StaffNotInService, RoleNotYours, NotYourOffice, StaffUnknown, NotOnYourself, LastOperatorStays)


@api.post(
    "/v1/staff/logins/second-step",
    summary="Staff finish a sign-in with their second factor",
    description="A code or recovery code counts once, and a passkey's challenge is used up by the first answer. Wrong "
    "ones count as wrong passwords do.",
    access=PUBLIC,
    body=schemas.SecondStepAnswer,
    answers={200: StaffTokensView},
    refusals=(
        SecondStepOver,
        SecondFactorWrong,
        SecondCodeUsed,
        SecondCodesLocked,
        StaffLocked,
        StaffCredentialsWrong,
        StaffSuspended,
        OwnPasswordNeeded,
        OneTimePasswordExpired,
    ),
    rate=STAFF_LOGINS_PER_ADDRESS,
)
async def finish_staff_login(call: Call[schemas.SecondStepAnswer]) -> StaffTokensView:
    """Tokens for a member of staff."""
    asked, visitor = call.body, Visitor(call.address, call.body.device_token)
    credentials = await call.app[IDENTITY].second_steps.finish(asked.login_token, asked.shown(), visitor)
    return StaffTokensView.from_credentials(credentials)


@api.get(
    "/v1/staff/second-factors",
    summary="One's own second factors",
    access=ENROLLERS,
    answers={200: schemas.FactorListView},
    pages_by="factor_id",
)
async def list_second_factors(call: Call) -> schemas.FactorListView:
    """Oldest first."""
    return schemas.FactorListView.from_seen(await call.app[IDENTITY].enrolment.list_factors(call.caller))


@api.post(
    "/v1/staff/totps",
    summary="Begin to enrol an authenticator; the answer shows its secret",
    description="It counts once a first code confirms it, within ten minutes. Needs a sign-in within 15 minutes.",
    access=ENROLLERS,
    body=schemas.NewFactor,
    answers={201: schemas.TotpOfferView},
    location="/v1/staff/second-factors",
    refusals=_ENROLLING,
    idempotent=True,
    cache_answer=False,
    rate=FORMS_PER_CALLER,
)
async def offer_totp(call: Call[schemas.NewFactor]) -> schemas.TotpOfferView:
    """The secret, as text and as QR code."""
    offered = await call.app[IDENTITY].enrolment.offer_totp(call.caller, call.body.name, call.command_id)
    return schemas.TotpOfferView.from_offered(offered)


@api.post(
    "/v1/staff/totps/{factor_id}/confirmation",
    summary="Confirm an authenticator by its first code",
    access=ENROLLERS,
    path_model=schemas.FactorPath,
    body=schemas.FirstCode,
    answers={200: schemas.EnrolledView},
    refusals=(*_ENROLLING, EnrolmentCodeWrong, SecondFactorOfferOver),
    idempotent=True,
    cache_answer=False,
    rate=FORMS_PER_CALLER,
)
async def confirm_totp(call: Call[schemas.FirstCode, None, schemas.FactorPath]) -> schemas.EnrolledView:
    """The authenticator, and recovery codes with the first factor."""
    enrolment = call.app[IDENTITY].enrolment
    enrolled = await enrolment.confirm_totp(call.caller, call.path.factor_id, call.body.code)
    return schemas.EnrolledView.from_enrolled(enrolled)


@api.post(
    "/v1/staff/passkeys",
    summary="Begin to enrol a passkey; the answer has the options for the browser",
    description="It counts once the device's answer confirms it, within ten minutes. Needs a sign-in of the last 15.",
    access=ENROLLERS,
    body=schemas.NewFactor,
    answers={201: schemas.PasskeyOfferView},
    location="/v1/staff/second-factors",
    refusals=_ENROLLING,
    idempotent=True,
    cache_answer=False,
    rate=FORMS_PER_CALLER,
)
async def offer_passkey(call: Call[schemas.NewFactor]) -> schemas.PasskeyOfferView:
    """The options."""
    offered = await call.app[IDENTITY].enrolment.offer_passkey(call.caller, call.body.name, call.command_id)
    return schemas.PasskeyOfferView.from_offered(offered)


@api.post(
    "/v1/staff/passkeys/{factor_id}/confirmation",
    summary="Confirm a passkey by the device's answer, which uses its challenge up",
    access=ENROLLERS,
    path_model=schemas.FactorPath,
    body=schemas.PasskeyConfirmation,
    answers={200: schemas.EnrolledView},
    refusals=(*_ENROLLING, PasskeyNotUsable, SecondFactorOfferOver),
    idempotent=True,
    cache_answer=False,
    rate=FORMS_PER_CALLER,
)
async def confirm_passkey(call: Call[schemas.PasskeyConfirmation, None, schemas.FactorPath]) -> schemas.EnrolledView:
    """The passkey, and recovery codes with the first factor."""
    enrolment = call.app[IDENTITY].enrolment
    enrolled = await enrolment.confirm_passkey(call.caller, call.path.factor_id, call.body.as_json())
    return schemas.EnrolledView.from_enrolled(enrolled)


@api.delete(
    "/v1/staff/second-factors/{factor_id}",
    summary="Remove one's own second factor",
    description="The last one stays where the role needs one. Needs a sign-in within 15 minutes.",
    access=STAFF(),
    path_model=schemas.FactorPath,
    answers={204: None},
    refusals=(
        SecondFactorUnknown,
        LastSecondFactorStays,
        FreshSignInNeeded,
        SecondFactorNeedsItself,
        SessionOver,
    ),
    rate=FORMS_PER_CALLER,
)
async def remove_second_factor(call: Call[None, None, schemas.FactorPath]) -> None:
    """Gone."""
    await call.app[IDENTITY].enrolment.remove(call.caller, call.path.factor_id)


@api.post(
    "/v1/staff/recovery-codes",
    summary="Make ten new recovery codes; those of before count no more",
    description="Shown in this answer alone: a repeat makes others. Needs a sign-in within 15 minutes.",
    access=STAFF(),
    answers={201: schemas.RecoveryCodesView},
    location="/v1/staff/second-factors",
    refusals=(NoSecondFactor, FreshSignInNeeded, SecondFactorNeedsItself, SessionOver),
    idempotent=True,
    cache_answer=False,
    rate=FORMS_PER_CALLER,
)
async def make_recovery_codes(call: Call) -> schemas.RecoveryCodesView:
    """The codes."""
    codes = await call.app[IDENTITY].enrolment.make_recovery_codes(call.caller)
    return schemas.RecoveryCodesView(recovery_codes=list(codes))


@api.get(
    "/v1/staff/members/{staff_id}/second-factor-reset",
    summary="How many second factors somebody has, and a reset of them that waits",
    access=ADMINS,
    path_model=StaffPath,
    answers={200: schemas.ResetView},
    refusals=(StaffNotInService, NotYourOffice, StaffUnknown),
)
async def look_at_second_factor_reset(call: Call[None, None, StaffPath]) -> schemas.ResetView:
    """As it stands now."""
    return schemas.ResetView.from_seen(await call.app[IDENTITY].factor_resets.look_at(call.caller, call.path.staff_id))


@api.post(
    "/v1/staff/members/{staff_id}/second-factor-reset",
    summary="Ask that somebody's lost second factors be reset; another person agrees",
    description="Heads of offices and operators ask for the counters, operators for all others. Nobody asks for "
    "themselves.",
    access=ADMINS,
    path_model=StaffPath,
    body=WithReason,
    answers={200: schemas.ResetView},
    refusals=(*_RESETTING, NoSecondFactor, ResetPending),
    idempotent=True,
    rate=ACTS_PER_CALLER,
)
async def ask_second_factor_reset(call: Call[WithReason, None, StaffPath]) -> schemas.ResetView:
    """With the request that waits."""
    resets = call.app[IDENTITY].factor_resets
    return schemas.ResetView.from_seen(await resets.ask(_act("ask_second_factor_reset", call, call.body.reason)))


@api.post(
    "/v1/staff/members/{staff_id}/second-factor-reset/agreement",
    summary="Agree to a reset: sessions end, and every second factor is gone",
    access=ADMINS,
    path_model=StaffPath,
    body=WithReason,
    answers={200: schemas.ResetView},
    refusals=(*_RESETTING, NoResetAsked, SecondPersonForReset, AskerGone),
    idempotent=True,
    rate=ACTS_PER_CALLER,
)
async def agree_to_second_factor_reset(call: Call[WithReason, None, StaffPath]) -> schemas.ResetView:
    """Without a factor."""
    resets = call.app[IDENTITY].factor_resets
    return schemas.ResetView.from_seen(await resets.agree(_act("agree_to_second_factor_reset", call, call.body.reason)))


@api.post(
    "/v1/staff/members/{staff_id}/second-factor-reset/refusal",
    summary="Refuse a reset, or take it back",
    access=ADMINS,
    path_model=StaffPath,
    body=WithReason,
    answers={200: schemas.ResetView},
    refusals=(*_RESETTING, NoResetAsked),
    idempotent=True,
    rate=ACTS_PER_CALLER,
)
async def refuse_second_factor_reset(call: Call[WithReason, None, StaffPath]) -> schemas.ResetView:
    """As if it had not been asked."""
    resets = call.app[IDENTITY].factor_resets
    return schemas.ResetView.from_seen(await resets.refuse(_act("refuse_second_factor_reset", call, call.body.reason)))


def _act(name: str, call: Call[Any, Any, StaffPath], reason: StaffReason) -> Act:
    return Act(name, call.caller, call.path.staff_id, call.command_id, reason)
