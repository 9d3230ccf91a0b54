"""HTTP to use case and back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from services.identity import errors
from services.identity import field_types as schemas
from services.identity.accounts.account import MOST_APPLICANTS
from services.identity.address_changes.service import UndoSeen
from services.identity.address_changes.undo_page import PAGE_HEADERS, UndoStep, undo_page
from services.identity.assistances import routes as assistances
from services.identity.http import IDENTITY, STAFF_LOGINS_PER_ADDRESS
from services.identity.staff import admin_routes as staff_admin
from shared.audit.acting import audited
from shared.audit.routes import audit_endpoints
from shared.errors import NotFound
from shared.http.call import HTML, Answer, Call
from shared.http.endpoint import APPLICANT, PUBLIC, STAFF, Endpoints, PersonalData, RateLimit, with_session_check
from shared.http.idempotency import KEY_HEADER
from shared.ids import derived_id
from shared.sessions import SessionOver
from shared.tokens import ALGORITHM, Role

__all__ = ["ENDPOINTS", "IDENTITY"]

signing_in = Endpoints("signing in")
account = Endpoints("account")
applicants = Endpoints("applicants")
staff = Endpoints("staff")

PER_ADDRESS: Final = (RateLimit(30, 60.0, "address", shared=True), RateLimit(300, 3600.0, "address", shared=True))
"""Codes asked for from one network address: a family behind one line stays below it, a script does not (F24)."""

TRIES_PER_ADDRESS: Final = RateLimit(60, 60.0, "address", shared=True)
"""Codes and refresh tokens tried from one network address."""

UNDO_PER_ADDRESS: Final = RateLimit(30, 60.0, "address", shared=True)
"""Undo links looked at or used from one network address: nobody has more than a few, and none is guessed."""
LOOKUPS_PER_CALLER: Final = RateLimit(60, 60.0)
FORMS_PER_CALLER: Final = RateLimit(30, 60.0)

_ASKING = (errors.CodeSentJustNow, errors.TooManyCodes)
_PROVING = (
    errors.ChallengeNotFound,
    errors.CodeWrong,
    errors.CodeExpired,
    errors.CodeSuperseded,
    errors.CodeUsed,
    errors.TooManyTries,
    errors.AddressTaken,
    errors.AddressReserved,
    errors.OldCodeNeeded,
    errors.TooManyAddressChanges,
    SessionOver,
)
_CHANGING = (SessionOver, NotFound, errors.TooManyAddressChanges)
_FORM = (
    errors.NikNotSixteenDigits,
    errors.NikStructureWrong,
    errors.BirthDateImpossible,
    errors.GuardianNeeded,
    errors.GuardianUnusable,
    errors.ApplicantAlreadyAdded,
    errors.TooManyIdentityTries,
)


@signing_in.post(
    "/v1/registrations",
    summary="Register by email: a code is sent",
    description="The same answer whether or not the address has an account; proving the code opens it or makes it.",
    access=PUBLIC,
    body=schemas.Registration,
    answers={202: schemas.ChallengeView},
    refusals=(errors.EmailUnusable, *_ASKING),
    idempotent=True,
    cache_answer=False,
    rate=PER_ADDRESS,
)
async def register(call: Call[schemas.Registration]) -> schemas.ChallengeView:
    """Send a code to an email address."""
    seen = await call.app[IDENTITY].signing_in.register(call.body.email, call.body.language, call.command_id)
    return schemas.ChallengeView.of(seen)


@signing_in.post(
    "/v1/logins",
    summary="Sign in by email or telephone: a code is sent",
    description="The same answer whether or not the address has an account: an unknown one is registered by its code.",
    access=PUBLIC,
    body=schemas.Login,
    answers={202: schemas.ChallengeView},
    refusals=(errors.AddressUnusable, *_ASKING),
    idempotent=True,
    cache_answer=False,
    rate=PER_ADDRESS,
)
async def log_in(call: Call[schemas.Login]) -> schemas.ChallengeView:
    """Send a code to an email address or telephone number."""
    seen = await call.app[IDENTITY].signing_in.log_in(call.body.identifier, call.language, call.command_id)
    return schemas.ChallengeView.of(seen)


@signing_in.get(
    "/v1/challenges/{challenge_id}",
    summary="See whether the code was sent, and how many tries are left",
    access=PUBLIC,
    answers={200: schemas.ChallengeView},
    refusals=(errors.ChallengeNotFound,),
)
async def look_at_challenge(call: Call) -> schemas.ChallengeView:
    """How a challenge stands."""
    return schemas.ChallengeView.of(await call.app[IDENTITY].signing_in.look(call.path["challenge_id"]))


@signing_in.post(
    "/v1/challenges/{challenge_id}/resend",
    summary="Send a new code, by SMS too if asked for and a number is known",
    description="The answer is the same whether or not the address has an account, and the account a number.",
    access=PUBLIC,
    query=schemas.ResendQuery,
    answers={202: schemas.ChallengeView},
    refusals=(errors.ChallengeNotFound, *_ASKING),
    idempotent=True,
    cache_answer=False,
    rate=PER_ADDRESS,
)
async def resend(call: Call[None, schemas.ResendQuery]) -> schemas.ChallengeView:
    """Send a new code; the earlier ones are superseded."""
    identity, challenge_id = call.app[IDENTITY], call.path["challenge_id"]
    return schemas.ChallengeView.of(await identity.signing_in.resend(challenge_id, call.query.channel, call.command_id))


@signing_in.post(
    "/v1/challenges/{challenge_id}/verification",
    summary="Type the code: signed in",
    description="A change of address takes two codes: `code` from the new address, `old_code` from one of before. It "
    "goes on with the session that asked for it, which must not have ended.",
    access=PUBLIC,
    body=schemas.Verification,
    answers={200: schemas.TokensView},
    refusals=_PROVING,
    idempotent=True,
    cache_answer=False,
    rate=TRIES_PER_ADDRESS,
)
async def verify(call: Call[schemas.Verification]) -> schemas.TokensView:
    """Prove the address with its newest code."""
    identity, challenge_id = call.app[IDENTITY], call.path["challenge_id"]
    proven = await identity.signing_in.verify(
        challenge_id, call.body.code, call.command_id, old_code=call.body.old_code
    )
    return schemas.TokensView.of(proven)


@signing_in.post(
    "/v1/tokens/refresh",
    summary="Get new tokens with the refresh token",
    description="The refresh token changes with each use. If the answer was lost, repeat with the old one within a "
    "minute; later use of an old one ends the session.",
    access=PUBLIC,
    body=schemas.RefreshToken,
    answers={200: schemas.TokensView},
    refusals=(errors.RefreshTokenInvalid, errors.SessionEnded),
    rate=TRIES_PER_ADDRESS,
)
async def refresh(call: Call[schemas.RefreshToken]) -> schemas.TokensView:
    """Rotate the refresh token."""
    return schemas.TokensView.of(await call.app[IDENTITY].sessions.refresh(call.body.refresh_token))


@signing_in.post(
    "/v1/tokens/revoke",
    summary="Sign out",
    access=PUBLIC,
    body=schemas.RefreshToken,
    answers={204: None},
    refusals=(errors.RefreshTokenInvalid, errors.SessionEnded),
    rate=TRIES_PER_ADDRESS,
)
async def revoke(call: Call[schemas.RefreshToken]) -> None:
    """End the session."""
    await call.app[IDENTITY].sessions.revoke(call.body.refresh_token)


@signing_in.get(
    "/v1/.well-known/jwks.json",
    summary="The public keys that tokens are checked with",
    access=PUBLIC,
    answers={200: schemas.JwksView},
)
async def publish_keys(call: Call) -> Answer:
    """The JWK set."""
    keys = schemas.JwksView.of(call.app[IDENTITY].issuer.jwks())
    return Answer(200, keys, headers={"Cache-Control": "public, max-age=60"})


@signing_in.get(
    "/v1/.well-known/oauth-authorization-server",
    summary="What identity offers to clients, as RFC 8414 writes it",
    description="The gateway shows it at /.well-known/oauth-authorization-server too, where RFC 8414 looks for it.",
    access=PUBLIC,
    answers={200: schemas.AuthorizationServerView},
)
async def describe_authorization_server(call: Call) -> Answer:
    """The discovery document."""
    identity = call.app[IDENTITY]
    public_url = identity.public_url
    shown = schemas.AuthorizationServerView(
        issuer=identity.issuer.issuer,
        jwks_uri=f"{public_url}/v1/.well-known/jwks.json",
        response_types_supported=[],
        grant_types_supported=[],
        access_token_signing_alg_values_supported=[ALGORITHM],
        ui_locales_supported=["id", "en"],
        service_documentation=f"{public_url}/identity/v1/openapi.json",
    )
    return Answer(200, shown, headers={"Cache-Control": "public, max-age=300"})


@account.get(
    "/v1/account",
    summary="The caller's account",
    access=APPLICANT,
    answers={200: schemas.AccountView},
    refusals=(NotFound,),
)
async def look_at_account(call: Call) -> schemas.AccountView:
    """The caller's account."""
    return schemas.AccountView.of(await call.app[IDENTITY].accounts.look(call.caller.account_id))


@account.put(
    "/v1/account/phone",
    summary="Change the telephone number: a code is sent to the new one and to an old one",
    access=APPLICANT,
    body=schemas.PhoneChange,
    answers={202: schemas.ChallengeView},
    refusals=(errors.PhoneUnusable, *_ASKING, *_CHANGING),
    rate=FORMS_PER_CALLER,
)
async def change_phone(call: Call[schemas.PhoneChange]) -> schemas.ChallengeView:
    """Send a code to the new number."""
    seen = await call.app[IDENTITY].address_changes.change_phone(
        call.caller, call.body.phone, call.language, _change_id(call), call.body.prove_by
    )
    return schemas.ChallengeView.of(seen)


@account.put(
    "/v1/account/email",
    summary="Change the email address: a code is sent to the new one and to an old one",
    access=APPLICANT,
    body=schemas.EmailChange,
    answers={202: schemas.ChallengeView},
    refusals=(errors.EmailUnusable, *_ASKING, *_CHANGING),
    rate=FORMS_PER_CALLER,
)
async def change_email(call: Call[schemas.EmailChange]) -> schemas.ChallengeView:
    """Send a code to the new address."""
    seen = await call.app[IDENTITY].address_changes.change_email(
        call.caller, call.body.email, call.language, _change_id(call), call.body.prove_by
    )
    return schemas.ChallengeView.of(seen)


@account.get(
    "/v1/address-undo/{link}",
    summary="The page behind the link that undoes a change of address",
    description="For browsers, without scripts. Looking changes nothing: mail programs open links by themselves.",
    access=PUBLIC,
    query=schemas.PageLanguage,
    answers={200: HTML},
    rate=UNDO_PER_ADDRESS,
)
async def show_address_undo(call: Call[None, schemas.PageLanguage]) -> Answer:
    """The page that asks whether to undo."""
    seen = await _undo_of(call.app[IDENTITY].address_changes.look_at_undo, call.path["link"])
    return _undo_page(call, UndoStep.OVER if seen is None else UndoStep.DONE if seen.is_done else UndoStep.ASK, seen)


@account.post(
    "/v1/address-undo/{link}",
    summary="Undo a change of address",
    description="The addresses of before are back, and nobody is signed in any more. A repeat finds it done.",
    access=PUBLIC,
    query=schemas.PageLanguage,
    answers={200: HTML},
    rate=UNDO_PER_ADDRESS,
)
async def undo_address_change(call: Call[None, schemas.PageLanguage]) -> Answer:
    """Undo, and the page that says so."""
    seen = await _undo_of(call.app[IDENTITY].address_changes.undo, call.path["link"])
    return _undo_page(call, UndoStep.OVER if seen is None else UndoStep.DONE, seen)


async def _undo_of(use_case: Callable[[str], Awaitable[UndoSeen]], link: str) -> UndoSeen | None:
    """What the use case finds; none where the link is over. A person reads the page, so it is no problem+json."""
    try:
        return await use_case(link)
    except NotFound:
        return None


def _undo_page(call: Call[None, schemas.PageLanguage], step: UndoStep, seen: UndoSeen | None) -> Answer:
    language = call.query.language or call.language
    return Answer(200, undo_page(step, seen, language), headers=PAGE_HEADERS)


@applicants.post(
    "/v1/applicants",
    summary="Add an applicant; the check with the civil registry starts by itself",
    access=APPLICANT,
    body=schemas.ApplicantForm,
    answers={201: schemas.ApplicantView},
    refusals=(errors.TooManyApplicants, *_FORM),
    idempotent=True,
    cache_answer=False,
    rate=FORMS_PER_CALLER,
)
async def add_applicant(call: Call[schemas.ApplicantForm]) -> schemas.ApplicantView:
    """Take one of the account's five places."""
    seen = await call.app[IDENTITY].applicants.add(
        call.caller.account_id, call.body.particulars(), call.body.guardian_applicant_id, call.command_id
    )
    return schemas.ApplicantView.of(seen)


@applicants.get(
    "/v1/applicants",
    summary="All applicants of the account",
    access=APPLICANT,
    answers={200: schemas.ApplicantsView},
)
async def list_applicants(call: Call) -> schemas.ApplicantsView:
    """All applicants of the caller's account."""
    found = await call.app[IDENTITY].applicants.list_of(call.caller.account_id)
    shown = [schemas.ApplicantView.of(each) for each in found]
    return schemas.ApplicantsView(applicants=shown, places_left=max(0, MOST_APPLICANTS - len(shown)))


@applicants.get(
    "/v1/applicants/{applicant_id}",
    summary="One applicant, with the state of the identity check",
    access=APPLICANT,
    answers={200: schemas.ApplicantView},
    refusals=(NotFound,),
)
async def look_at_applicant(call: Call) -> schemas.ApplicantView:
    """One applicant of the caller's account."""
    identity, caller = call.app[IDENTITY], call.caller
    return schemas.ApplicantView.of(await identity.applicants.look(caller.account_id, call.path["applicant_id"]))


@applicants.put(
    "/v1/applicants/{applicant_id}",
    summary="Correct an applicant; the check starts anew",
    access=APPLICANT,
    body=schemas.ApplicantForm,
    answers={200: schemas.ApplicantView},
    refusals=(NotFound, errors.IdentityAlreadyConfirmed, *_FORM),
    rate=FORMS_PER_CALLER,
)
async def correct_applicant(call: Call[schemas.ApplicantForm]) -> schemas.ApplicantView:
    """Replace what an applicant says about themselves."""
    seen = await call.app[IDENTITY].applicants.correct(
        call.caller.account_id,
        call.path["applicant_id"],
        call.body.particulars(),
        call.body.guardian_applicant_id,
    )
    return schemas.ApplicantView.of(seen)


@applicants.post(
    "/v1/applicants/{applicant_id}/identity-checks",
    summary="Ask the civil registry again",
    access=APPLICANT,
    answers={202: schemas.ApplicantView},
    refusals=(NotFound, errors.IdentityAlreadyConfirmed, errors.TooManyIdentityTries),
    idempotent=True,
    cache_answer=False,
    rate=FORMS_PER_CALLER,
)
async def ask_registry_again(call: Call) -> schemas.ApplicantView:
    """Check the same particulars once more."""
    identity, caller = call.app[IDENTITY], call.caller
    seen = await identity.applicants.ask_again(caller.account_id, call.path["applicant_id"], call.command_id)
    return schemas.ApplicantView.of(seen)


@staff.post(
    "/v1/staff/logins",
    summary="Staff sign in with user name and password",
    access=PUBLIC,
    body=schemas.StaffLogin,
    answers={200: schemas.TokensView},
    refusals=(
        errors.StaffCredentialsWrong,
        errors.StaffLocked,
        errors.StaffSuspended,
        errors.OwnPasswordNeeded,
        errors.OneTimePasswordExpired,
    ),
    rate=STAFF_LOGINS_PER_ADDRESS,
)
async def log_in_staff(call: Call[schemas.StaffLogin]) -> schemas.TokensView:
    """Tokens for a member of staff."""
    return schemas.TokensView.of(await call.app[IDENTITY].staff.log_in(call.body.username, call.body.password))


@staff.post(
    "/v1/persons/lookup",
    summary="The person with this NIK; every look-up is audited",
    access=STAFF(Role.FRONT_OFFICER, Role.INTERVIEWER, Role.OFFICE_ADMIN),
    body=schemas.PersonLookup,
    reads=PersonalData.NIK,
    answers={200: schemas.PersonView},
    refusals=(errors.NikNotSixteenDigits, errors.PersonNotKnown),
    rate=LOOKUPS_PER_CALLER,
)
async def look_up_person(call: Call[schemas.PersonLookup]) -> schemas.PersonView:
    """The id that stands for a NIK."""
    asked, desk = call.body, call.app[IDENTITY].staff
    return schemas.PersonView(person_id=await desk.look_up_person(call.caller, asked.nik, asked.reason))


def _change_id(call: Call[schemas.PhoneChange] | Call[schemas.EmailChange]) -> str | None:
    key = call.request.headers.get(KEY_HEADER)  # a PUT may carry one: then a repeat meets the first try
    return derived_id("address change", call.caller.account_id, key) if key else None


audit = audit_endpoints("identity", lambda call: call.app[IDENTITY].audit_book)

ENDPOINTS: Final = with_session_check(
    audited(
        (
            *signing_in.all,
            *account.all,
            *applicants.all,
            *staff.all,
            *staff_admin.api.all,
            *assistances.api.all,
            *audit.all,
        ),
        lambda call: call.app[IDENTITY].audit,
        by_themselves=(
            "look_up_person",
            *staff_admin.AUDITED_IN_THE_USE_CASE,
            *assistances.AUDITED_IN_THE_USE_CASE,
        ),
    ),
    without={},
)
