"""The endpoints of address changes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from services.identity.accounts.errors import (
    AccountLeaving,
    EmailNotAscii,
    EmailUnusable,
    PhoneCountryUnserved,
    PhoneUnusable,
    TooManyAddressChanges,
)
from services.identity.address_changes.schemas import EmailChange, PhoneChange
from services.identity.address_changes.service import UndoSeen
from services.identity.address_changes.undo_page import UndoStep, undo_page
from services.identity.http import FORMS_PER_CALLER, IDENTITY, LINKS_PER_ADDRESS
from services.identity.page import PAGE_HEADERS, PageLanguage
from services.identity.sign_in.errors import SmsBudgetSpent
from services.identity.sign_in.routes import ASKING
from services.identity.sign_in.schemas import ChallengeView
from shared.errors import NotFound
from shared.http.call import HTML, Answer, Call
from shared.http.endpoint import APPLICANT, PUBLIC, Endpoints
from shared.http.idempotency import KEY_HEADER
from shared.ids import derived_id
from shared.sessions import SessionOver

api = Endpoints("account")


_CHANGING = (SessionOver, NotFound, TooManyAddressChanges, AccountLeaving)


@api.put(
    "/v1/account/phone",
    summary="Change the telephone number: a code is sent to the new one and to an old one",
    access=APPLICANT,
    body=PhoneChange,
    answers={202: ChallengeView},
    refusals=(PhoneUnusable, PhoneCountryUnserved, SmsBudgetSpent, *ASKING, *_CHANGING),
    rate=FORMS_PER_CALLER,
)
async def change_phone(call: Call[PhoneChange]) -> ChallengeView:
    """Send a code to the new number."""
    seen = await call.app[IDENTITY].address_changes.change_phone(
        call.caller, call.body.phone, call.language, _change_id(call), call.body.prove_by
    )
    return ChallengeView.from_seen(seen)


@api.put(
    "/v1/account/email",
    summary="Change the email address: a code is sent to the new one and to an old one",
    access=APPLICANT,
    body=EmailChange,
    answers={202: ChallengeView},
    refusals=(EmailUnusable, EmailNotAscii, SmsBudgetSpent, *ASKING, *_CHANGING),
    rate=FORMS_PER_CALLER,
)
async def change_email(call: Call[EmailChange]) -> ChallengeView:
    """Send a code to the new address."""
    seen = await call.app[IDENTITY].address_changes.change_email(
        call.caller, call.body.email, call.language, _change_id(call), call.body.prove_by
    )
    return ChallengeView.from_seen(seen)


@api.get(
    "/v1/address-undo/{link}",
    summary="The page behind the link that undoes a change of address",
    description="For browsers, without scripts. Looking changes nothing: mail programs open links by themselves.",
    access=PUBLIC,
    query=PageLanguage,
    answers={200: HTML},
    rate=LINKS_PER_ADDRESS,
)
async def show_address_undo(call: Call[None, PageLanguage]) -> Answer:
    """The page that asks whether to undo."""
    seen = await _undo_of(call.app[IDENTITY].address_changes.look_at_undo, call.path["link"])
    return _undo_page(call, UndoStep.OVER if seen is None else UndoStep.DONE if seen.is_done else UndoStep.ASK, seen)


@api.post(
    "/v1/address-undo/{link}",
    summary="Undo a change of address",
    description="The addresses of before are back, and every session is ended. A repeat finds it done.",
    access=PUBLIC,
    query=PageLanguage,
    answers={200: HTML},
    rate=LINKS_PER_ADDRESS,
)
async def undo_address_change(call: Call[None, PageLanguage]) -> Answer:
    """Undo, and the page that says so."""
    seen = await _undo_of(call.app[IDENTITY].address_changes.undo, call.path["link"])
    return _undo_page(call, UndoStep.OVER if seen is None else UndoStep.DONE, seen)


async def _undo_of(use_case: Callable[[str], Awaitable[UndoSeen]], link: str) -> UndoSeen | None:
    """Return the change behind a link, or None where the link is over: a person reads a page, no problem+json."""
    try:
        return await use_case(link)
    except NotFound:
        return None


def _undo_page(call: Call[None, PageLanguage], step: UndoStep, seen: UndoSeen | None) -> Answer:
    language = call.query.language or call.language
    return Answer(200, undo_page(step, seen, language), headers=PAGE_HEADERS)


def _change_id(call: Call[PhoneChange] | Call[EmailChange]) -> str | None:
    key = call.request.headers.get(KEY_HEADER)  # a PUT may carry one: then a repeat meets the first try
    return derived_id("address change", call.caller.account_id, key) if key else None
