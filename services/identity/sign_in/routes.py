"""The endpoints of signing in."""

from __future__ import annotations

from typing import Final

from services.identity.accounts.errors import (
    AccountLeaving,
    AddressTaken,
    AddressUnusable,
    EmailNotAscii,
    EmailUnusable,
    NoAccountToJoin,
    NoRoomToJoin,
    OtherAddressNeeded,
    PhoneCountryUnserved,
    PhoneUnusable,
    TooManyAddressChanges,
)
from services.identity.http import IDENTITY, TRIES_PER_ADDRESS
from services.identity.privacy_notice.errors import NoticeHasChanged, PurposeUnknown
from services.identity.sessions.devices import Visitor
from services.identity.sessions.schemas import TokensView
from services.identity.sign_in.errors import (
    AddressReserved,
    ChallengeNotFound,
    CodeExpired,
    CodeSentJustNow,
    CodeSuperseded,
    CodeUsed,
    CodeWrong,
    NumberNeeded,
    OldCodeNeeded,
    ProofOfWorkNeeded,
    RecoveryWaits,
    SecondCodeNeeded,
    SmsBudgetSpent,
    TooManyCodes,
    TooManyTries,
)
from services.identity.sign_in.schemas import ChallengeView, Login, Registration, ResendQuery, Verification
from shared.http.call import Call
from shared.http.endpoint import PUBLIC, Endpoints, RateLimit
from shared.sessions import SessionOver

api = Endpoints("signing in")


PER_ADDRESS: Final = (RateLimit(1200, 60.0, "address", shared=True), RateLimit(20_000, 3600.0, "address", shared=True))
"""Codes asked for from one network address: what all telephones behind a carrier's address need at a busy hour. Long
before, each code needs a proof of work (`BusyNetworkRules`)."""

RESENDS_PER_ADDRESS: Final = (
    RateLimit(300, 60.0, "address", shared=True),
    RateLimit(3_000, 3600.0, "address", shared=True),
)
"""Further codes, of challenges that exist: each has five an hour."""


ASKING = (CodeSentJustNow, TooManyCodes)
_BUSY = (PhoneCountryUnserved, ProofOfWorkNeeded)


_PROVING = (
    ChallengeNotFound,
    CodeWrong,
    CodeExpired,
    CodeSuperseded,
    CodeUsed,
    TooManyTries,
    AddressTaken,
    AddressReserved,
    OldCodeNeeded,
    SecondCodeNeeded,
    RecoveryWaits,
    TooManyAddressChanges,
    NoAccountToJoin,
    OtherAddressNeeded,
    NoRoomToJoin,
    AccountLeaving,
    SessionOver,
)


@api.post(
    "/v1/registrations",
    summary="Register by email: a code is sent",
    description="The same answer whether or not the address has an account; proving the code opens it or makes it.",
    access=PUBLIC,
    body=Registration,
    answers={202: ChallengeView},
    refusals=(EmailUnusable, EmailNotAscii, PhoneUnusable, *_BUSY, *ASKING),
    idempotent=True,
    cache_answer=False,
    rate=PER_ADDRESS,
)
async def register(call: Call[Registration]) -> ChallengeView:
    """Send a code to an email address."""
    visitor = Visitor(call.address, call.body.device_token, proof=call.body.proof)
    signing_in = call.app[IDENTITY].signing_in
    seen = await signing_in.register(
        call.body.email, call.body.language, call.command_id, visitor, phone=call.body.phone
    )
    return ChallengeView.from_seen(seen)


@api.post(
    "/v1/logins",
    summary="Sign in by email or telephone: a code is sent",
    description="The same answer whether or not the address has an account: an unknown one is registered by its code.",
    access=PUBLIC,
    body=Login,
    answers={202: ChallengeView},
    refusals=(AddressUnusable, EmailNotAscii, *_BUSY, *ASKING),
    idempotent=True,
    cache_answer=False,
    rate=PER_ADDRESS,
)
async def log_in(call: Call[Login]) -> ChallengeView:
    """Send a code to an email address or telephone number."""
    visitor = Visitor(call.address, call.body.device_token, proof=call.body.proof)
    seen = await call.app[IDENTITY].signing_in.log_in(call.body.identifier, call.language, call.command_id, visitor)
    return ChallengeView.from_seen(seen)


@api.get(
    "/v1/challenges/{challenge_id}",
    summary="See whether the code was sent, and how many tries are left",
    access=PUBLIC,
    answers={200: ChallengeView},
    refusals=(ChallengeNotFound,),
    watches="challenge",
)
async def look_at_challenge(call: Call) -> ChallengeView:
    """How a challenge stands."""
    signing_in, visitor = call.app[IDENTITY].signing_in, Visitor(call.address)
    return ChallengeView.from_seen(await signing_in.get_challenge(call.path["challenge_id"], visitor))


@api.post(
    "/v1/challenges/{challenge_id}/resend",
    summary="Send a new code, by SMS too if asked for and a number is known",
    description="The answer is the same whether or not the address has an account, and the account a number. By SMS a "
    "code goes to a proven number of the account, or to the number that was given at registration.",
    access=PUBLIC,
    query=ResendQuery,
    answers={202: ChallengeView},
    refusals=(ChallengeNotFound, NumberNeeded, SmsBudgetSpent, *ASKING),
    idempotent=True,
    cache_answer=False,
    rate=RESENDS_PER_ADDRESS,
)
async def resend(call: Call[None, ResendQuery]) -> ChallengeView:
    """Send a new code; the earlier ones are superseded."""
    identity, challenge_id = call.app[IDENTITY], call.path["challenge_id"]
    return ChallengeView.from_seen(await identity.signing_in.resend(challenge_id, call.query.channel, call.command_id))


@api.post(
    "/v1/challenges/{challenge_id}/verification",
    summary="Type the code: signed in",
    description="A change of address takes two codes: `code` from the new address, `old_code` from one of before. It "
    "goes on with the session that asked for it, which must not have ended. So does joining two accounts, and leaving "
    "(POST /v1/account/leavings): there `old_code` is needed where the account has two addresses. On a new "
    "device an account with two addresses needs the code of the other one as `second_code`.",
    access=PUBLIC,
    body=Verification,
    answers={200: TokensView},
    refusals=(*_PROVING, SmsBudgetSpent, NoticeHasChanged, PurposeUnknown),
    idempotent=True,
    cache_answer=False,
    rate=TRIES_PER_ADDRESS,
)
async def verify(call: Call[Verification]) -> TokensView:
    """Prove the address with its newest code."""
    identity, challenge_id = call.app[IDENTITY], call.path["challenge_id"]
    visitor = Visitor(call.address, call.body.device_token, call.body.asker_token)
    given = call.body.consents
    agreement = identity.consents.agreement(given.notice_version, given.purposes) if given is not None else None
    proven = await identity.signing_in.verify(
        challenge_id,
        call.body.typed,
        call.command_id,
        old_code=call.body.old_code or call.body.second_code,
        second_lost=call.body.second_lost,
        visitor=visitor,
        agreement=agreement,
    )
    return TokensView.from_credentials(proven)
