"""The endpoints of the register of breaches: operators only."""

from __future__ import annotations

from typing import Final

from services.identity.breaches import schemas
from services.identity.breaches.breach import BreachCommand
from services.identity.breaches.errors import (
    BreachSearchNotDone,
    BreachStepNotNow,
    BreachStillOwed,
    BreachTimesWrong,
    BreachUnknown,
)
from services.identity.breaches.texts import write_notices
from services.identity.http import IDENTITY
from services.identity.staff.errors import SecondOperatorNeeded
from shared.errors import SomeoneElseChangedIt
from shared.http.call import JSON, Answer, Call
from shared.http.endpoint import STAFF, Endpoints
from shared.tokens import Role

api = Endpoints("breaches")

OPERATORS: Final = STAFF(Role.OPERATOR)
CSV: Final = "text/csv"

_STEP: Final = (BreachUnknown, BreachStepNotNow, SomeoneElseChangedIt)
_COMMANDS: Final = {"notices": BreachCommand.PROPOSE_NOTICES, "dismissal": BreachCommand.PROPOSE_DISMISSAL}


@api.post(
    "/v1/breaches",
    summary="Open an entry: the 72 hours run from when it was found",
    access=OPERATORS,
    body=schemas.DescribeBreach,
    answers={201: schemas.BreachView},
    location="/v1/breaches/{entry.breach_id}",
    refusals=(BreachTimesWrong,),
    idempotent=True,
)
async def open_breach(call: Call[schemas.DescribeBreach]) -> schemas.BreachView:
    """The new entry."""
    breaches, body = call.app[IDENTITY].breaches, call.body
    return schemas.BreachView.from_seen(await breaches.open(call.caller, body.facts(), body.words, call.command_id))


@api.get(
    "/v1/breaches",
    summary="The register, newest first; as CSV where text/csv is preferred",
    description="Ids, codes, times and counts: without personal data, to be handed on.",
    access=OPERATORS,
    answers={200: schemas.BreachRegisterView},
    pages_by="breach_id",
    other_media_types=(CSV,),
)
async def list_breaches(call: Call) -> Answer:
    """The register."""
    register = schemas.BreachRegisterView.from_records(await call.app[IDENTITY].breaches.register())
    if call.preferred(JSON, CSV) == CSV:
        return Answer(200, register.to_csv(), {"Vary": "Accept"}, media_type=CSV)
    return Answer(200, register, {"Vary": "Accept"})


@api.get(
    "/v1/breaches/{breach_id}",
    summary="One entry: what is due, whom a search found, who agreed",
    access=OPERATORS,
    answers={200: schemas.BreachView},
    refusals=(BreachUnknown,),
)
async def look_at_breach(call: Call) -> schemas.BreachView:
    """One entry."""
    return schemas.BreachView.from_seen(await call.app[IDENTITY].breaches.get_breach(call.path["breach_id"]))


@api.put(
    "/v1/breaches/{breach_id}",
    summary="Write down what is known now; when it was found stays",
    access=OPERATORS,
    body=schemas.DescribeBreach,
    answers={200: schemas.BreachView},
    refusals=(*_STEP, BreachTimesWrong),
)
async def describe_breach(call: Call[schemas.DescribeBreach]) -> schemas.BreachView:
    """The entry as it is known now."""
    breaches, body = call.app[IDENTITY].breaches, call.body
    return schemas.BreachView.from_seen(await breaches.describe(call.path["breach_id"], body.facts(), body.words))


@api.post(
    "/v1/breaches/{breach_id}/searches",
    summary="Search for the persons concerned: by the reads of a time, or everybody",
    description="It runs by itself; the entry shows its end and the number of persons.",
    access=OPERATORS,
    body=schemas.SearchPersons,
    answers={202: schemas.BreachView},
    refusals=(*_STEP, BreachTimesWrong),
    idempotent=True,
)
async def search_persons(call: Call[schemas.SearchPersons]) -> schemas.BreachView:
    """The entry, whose search runs."""
    breaches, scope = call.app[IDENTITY].breaches, call.body.scope()
    return schemas.BreachView.from_seen(
        await breaches.search(call.caller, call.path["breach_id"], scope, call.command_id)
    )


@api.get(
    "/v1/breaches/{breach_id}/persons",
    summary="The accounts that the last search found",
    access=OPERATORS,
    query=schemas.PersonsQuery,
    answers={200: schemas.BreachPersonsView},
    refusals=(BreachUnknown,),
)
async def list_breach_persons(call: Call[None, schemas.PersonsQuery]) -> schemas.BreachPersonsView:
    """A page of them, by id."""
    asked = call.query
    found = await call.app[IDENTITY].breaches.persons(call.path["breach_id"], asked.after or "", asked.limit + 1)
    page = found[: asked.limit]
    return schemas.BreachPersonsView(account_ids=page, next=page[-1] if len(found) > asked.limit else None)


@api.get(
    "/v1/breaches/{breach_id}/notices",
    summary="The notices as they will be sent, in both languages",
    access=OPERATORS,
    answers={200: schemas.BreachNoticesView},
    refusals=(BreachUnknown,),
)
async def prepare_notices(call: Call) -> schemas.BreachNoticesView:
    """The texts that the second operator agrees to."""
    seen = await call.app[IDENTITY].breaches.get_breach(call.path["breach_id"])
    local, english = (write_notices(seen.breach_id, seen.breach, language) for language in ("id", "en"))
    return schemas.BreachNoticesView.from_texts(local, english)


@api.post(
    "/v1/breaches/{breach_id}/proposals",
    summary="Propose the notices, or the dismissal, to a second operator",
    access=OPERATORS,
    body=schemas.ProposeStep,
    answers={200: schemas.BreachView},
    refusals=(*_STEP, BreachSearchNotDone),
    idempotent=True,
)
async def propose_breach_step(call: Call[schemas.ProposeStep]) -> schemas.BreachView:
    """The entry, which waits for a second operator."""
    breaches, command = call.app[IDENTITY].breaches, _COMMANDS[call.body.step]
    return schemas.BreachView.from_seen(await breaches.propose(call.caller, call.path["breach_id"], command))


@api.post(
    "/v1/breaches/{breach_id}/decision",
    summary="Agree as the second operator: the notices go out; or send the entry back",
    access=OPERATORS,
    body=schemas.BreachDecision,
    answers={200: schemas.BreachView},
    refusals=(*_STEP, SecondOperatorNeeded),
    idempotent=True,
)
async def decide_breach_step(call: Call[schemas.BreachDecision]) -> schemas.BreachView:
    """The decided entry."""
    breaches = call.app[IDENTITY].breaches
    seen = await breaches.decide(call.caller, call.path["breach_id"], approved=call.body.approved)
    return schemas.BreachView.from_seen(seen)


@api.post(
    "/v1/breaches/{breach_id}/agency-notice",
    summary="Write down that the agency was told, with the reference of the letter",
    access=OPERATORS,
    body=schemas.AgencyTold,
    answers={200: schemas.BreachView},
    refusals=(BreachUnknown, BreachTimesWrong, SomeoneElseChangedIt),
    idempotent=True,
)
async def note_agency_notice(call: Call[schemas.AgencyTold]) -> schemas.BreachView:
    """The entry; the first word stays."""
    breaches, told = call.app[IDENTITY].breaches, call.body
    return schemas.BreachView.from_seen(
        await breaches.note_agency(call.path["breach_id"], told.told_at, told.reference)
    )


@api.post(
    "/v1/breaches/{breach_id}/reopening",
    summary="Open a notified entry again: more was found out",
    access=OPERATORS,
    answers={200: schemas.BreachView},
    refusals=_STEP,
    idempotent=True,
)
async def reopen_breach(call: Call) -> schemas.BreachView:
    """The open entry; persons who were told are not told again."""
    return schemas.BreachView.from_seen(await call.app[IDENTITY].breaches.reopen(call.path["breach_id"]))


@api.post(
    "/v1/breaches/{breach_id}/closing",
    summary="Close an entry whose agency and persons were told",
    access=OPERATORS,
    answers={200: schemas.BreachView},
    refusals=(*_STEP, BreachStillOwed),
    idempotent=True,
)
async def close_breach(call: Call) -> schemas.BreachView:
    """The closed entry."""
    return schemas.BreachView.from_seen(await call.app[IDENTITY].breaches.close(call.path["breach_id"]))
