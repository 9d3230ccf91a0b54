"""Edits of an office by its administrator: HTTP to use case and back."""

from __future__ import annotations

from typing import Final

from services.scheduling.errors import NotYourOffice, OfficeNotFound
from services.scheduling.http import actor_of, use_case
from services.scheduling.offices.bookable_sessions import BookableSessions
from services.scheduling.offices.errors import (
    QuotaAboveCapacity,
    SessionClosed,
    SessionExists,
    SessionNotFound,
    SessionPlanWrong,
)
from services.scheduling.offices.facts_cache import OfficeFactsCache
from services.scheduling.quota.change import ChangeState, QuotaChange
from services.scheduling.quota.changes import Changes
from services.scheduling.quota.errors import (
    ChangeDecided,
    ChangeFailed,
    ChangeNotFound,
    CutBelowBooked,
    DayNotPossible,
    EditedMeanwhile,
    FactsWrong,
    NothingChanges,
    OfficeExists,
    SecondPersonNeeded,
    TemplateWrong,
)
from services.scheduling.quota.office_edits import Edit, OfficeEdits, template_subject
from services.scheduling.quota.schemas import (
    ChangesQuery,
    ChangesView,
    ChangeView,
    DaysQuery,
    Decide,
    OfflineQuotasView,
    OpenOfflineQuota,
    OpenOutreach,
    PutFacts,
    PutSession,
    PutTemplate,
    TemplateView,
    TransferSeats,
    VersionedSessionView,
)
from services.scheduling.quota.session_edits import SessionEdits, Transfer
from services.scheduling.quota.views import change_view, offline_quota_view, template_view, versioned_session_view
from shared.errors import Refusal, SomeoneElseChangedIt
from shared.http.call import Answer, Call
from shared.http.endpoint import PUBLIC, STAFF, Endpoints
from shared.store.kinds import Record
from shared.tokens import Role

endpoints: Final = Endpoints("office quota")

_ADMIN: Final = STAFF(Role.OFFICE_ADMIN)
_TEMPLATE_AUTHORS: Final = STAFF(Role.OFFICE_ADMIN, Role.HQ_POLICY)
_SECOND_PERSONS: Final = STAFF(Role.OFFICE_ADMIN, Role.DOCUMENTS_SECTION_HEAD)
_WATCHERS: Final = STAFF(
    *(Role.OFFICE_ADMIN, Role.DOCUMENTS_SECTION_HEAD, Role.REGIONAL_OFFICER, Role.HQ_POLICY),
)
_OWN: Final[tuple[type[Refusal], ...]] = (OfficeNotFound, NotYourOffice)
_EDIT: Final[tuple[type[Refusal], ...]] = (
    *_OWN,
    NothingChanges,
    EditedMeanwhile,
    ChangeFailed,
    SomeoneElseChangedIt,
)
_SESSION_EDIT: Final[tuple[type[Refusal], ...]] = (
    *_EDIT,
    SessionNotFound,
    SessionClosed,
    SessionPlanWrong,
    QuotaAboveCapacity,
    CutBelowBooked,
)
_ANSWERS: Final = {200: ChangeView, 202: ChangeView}


def answer_of(record: Record[QuotaChange]) -> Answer:
    """The change: 200 if it took effect, 202 if it waits for a decision or is under way."""
    status = 200 if record.state.state in (ChangeState.APPLIED, ChangeState.REJECTED) else 202
    return Answer(status, change_view(record))


@endpoints.put(
    "/v1/offices/{office_id}/facts",
    summary="Replace an office's facts",
    access=_ADMIN,
    body=PutFacts,
    idempotent=True,
    answers=_ANSWERS,
    refusals=(*_EDIT, FactsWrong),
)
async def put_facts(call: Call[PutFacts]) -> Answer:
    """Booths, staff, hours, holidays, products, place and opening rule, as a change with author and reason."""
    asked, office_id = call.body, call.path["office_id"]
    edit = Edit(office_id, actor_of(call.caller), asked.reason, call.command_id, asked.expected_version)
    return answer_of(await use_case(call, OfficeEdits).put_facts(edit, asked.facts(office_id)))


@endpoints.post(
    "/v1/offices/{office_id}/outreach",
    summary="Begin an outreach of the office",
    access=_ADMIN,
    body=OpenOutreach,
    idempotent=True,
    answers=_ANSWERS,
    refusals=(*_EDIT, FactsWrong, OfficeExists),
)
async def open_outreach(call: Call[OpenOutreach]) -> Answer:
    """An office of its own kind, with its own days and quota, kept by this office's administrator."""
    asked = call.body
    edit = Edit(call.path["office_id"], actor_of(call.caller), asked.reason, call.command_id)
    return answer_of(await use_case(call, OfficeEdits).open_outreach(edit, asked.name, asked.city, asked.facts("")))


@endpoints.get(
    "/v1/offices/{office_id}/template",
    summary="Read an office's weekly template",
    access=_WATCHERS,
    answers={200: TemplateView},
    refusals=_OWN,
)
async def read_template(call: Call) -> TemplateView:
    """The week, its version, and what each session could serve."""
    template, version = await use_case(call, OfficeEdits).template(call.path["office_id"], actor_of(call.caller))
    return template_view(template, version, use_case(call, OfficeFactsCache))


@endpoints.put(
    "/v1/offices/{office_id}/template",
    summary="Replace an office's weekly template",
    access=_TEMPLATE_AUTHORS,
    body=PutTemplate,
    idempotent=True,
    answers=_ANSWERS,
    refusals=(*_EDIT, TemplateWrong, QuotaAboveCapacity),
)
async def put_template(call: Call[PutTemplate]) -> Answer:
    """It makes the days that come into sight from then on; a large change waits for a second administrator, and one
    of headquarters for the office.
    """
    asked = call.body
    edit = Edit(
        call.path["office_id"],
        actor_of(call.caller),
        asked.reason,
        call.command_id,
        asked.expected_version,
        asked.override,
    )
    sessions = tuple(body.session() for body in asked.sessions)
    return answer_of(await use_case(call, OfficeEdits).put_template(edit, sessions))


@endpoints.get(
    "/v1/offices/{office_id}/template/history",
    summary="Read who changed the weekly template",
    access=_WATCHERS,
    answers={200: ChangesView},
    pages_by="change_id",
    refusals=_OWN,
)
async def template_history(call: Call) -> ChangesView:
    """Every change with author, reason, before and after, the newest first."""
    office_id = call.path["office_id"]
    found = await use_case(call, Changes).find_by_subject(office_id, template_subject(office_id), actor_of(call.caller))
    return ChangesView(changes=[change_view(change) for change in found])


@endpoints.post(
    "/v1/offices/{office_id}/offline-quotas",
    summary="Open offline quota for a day",
    access=_ADMIN,
    body=OpenOfflineQuota,
    idempotent=True,
    answers=_ANSWERS,
    refusals=(*_OWN, DayNotPossible, ChangeFailed, SomeoneElseChangedIt),
)
async def open_offline_quota(call: Call[OpenOfflineQuota]) -> Answer:
    """So many visits more may be received by hand on that day and imported later."""
    asked = call.body
    edit = Edit(call.path["office_id"], actor_of(call.caller), asked.reason, call.command_id)
    return answer_of(await use_case(call, OfficeEdits).open_offline_quota(edit, asked.date, asked.seats))


@endpoints.get(
    "/v1/offices/{office_id}/offline-quotas",
    summary="List an office's offline quotas",
    access=STAFF(
        *(Role.FRONT_OFFICER, Role.INTERVIEWER, Role.OFFICE_ADMIN, Role.TREASURER, Role.OPERATOR),
        *(Role.REGIONAL_OFFICER, Role.HQ_POLICY),
    ),
    query=DaysQuery,
    answers={200: OfflineQuotasView},
    pages_by="date",
    refusals=_OWN,
)
async def list_offline_quotas(call: Call[None, DaysQuery]) -> OfflineQuotasView:
    """By day: what was opened, by whom and why, and how much of it was used."""
    found = await use_case(call, OfficeEdits).list_offline_quotas(
        call.path["office_id"], actor_of(call.caller), call.query.first, call.query.last
    )
    return OfflineQuotasView(offline_quotas=[offline_quota_view(quota.state) for quota in found])


@endpoints.get(
    "/v1/sessions/{session_id}",
    summary="Read one session",
    access=PUBLIC,
    answers={200: VersionedSessionView},
    refusals=(SessionNotFound,),
)
async def read_session(call: Call) -> VersionedSessionView:
    """The session with what is free in it, and the version that an edit names."""
    record, opened = await use_case(call, BookableSessions).find_with_free_seats(call.path["session_id"])
    return versioned_session_view(opened, record.version, use_case(call, OfficeFactsCache))


@endpoints.put(
    "/v1/sessions/{session_id}",
    summary="Raise or cut a session's pools",
    access=_ADMIN,
    body=PutSession,
    idempotent=True,
    answers=_ANSWERS,
    refusals=_SESSION_EDIT,
)
async def put_session(call: Call[PutSession]) -> Answer:
    """Only free seats are withdrawn; visits that are too many are moved if `bulk_move` says so."""
    asked = call.body
    edit = Edit("", actor_of(call.caller), asked.reason, call.command_id, asked.expected_version, asked.override)
    return answer_of(
        await use_case(call, SessionEdits).put(
            call.path["session_id"], edit, asked.pools.by_pool(), bulk_move=asked.bulk_move
        )
    )


@endpoints.post(
    "/v1/sessions/{session_id}/pool-transfers",
    summary="Pass free seats from one pool to another",
    access=_ADMIN,
    body=TransferSeats,
    idempotent=True,
    answers=_ANSWERS,
    refusals=_SESSION_EDIT,
)
async def transfer_seats(call: Call[TransferSeats]) -> Answer:
    """The one way in which a pool gets another's seats: asked for, with a reason, and kept."""
    asked = call.body
    edit = Edit("", actor_of(call.caller), asked.reason, call.command_id, asked.expected_version)
    wish = Transfer(asked.source, asked.target, asked.seats)
    return answer_of(await use_case(call, SessionEdits).transfer(call.path["session_id"], edit, wish))


@endpoints.get(
    "/v1/sessions/{session_id}/history",
    summary="Read who changed a session",
    access=_WATCHERS,
    answers={200: ChangesView},
    pages_by="change_id",
    refusals=(SessionNotFound, NotYourOffice),
)
async def session_history(call: Call) -> ChangesView:
    """Every change of the session's quota, the newest first."""
    record = await use_case(call, BookableSessions).session(call.path["session_id"])
    found = await use_case(call, Changes).find_by_subject(record.state.office_id, record.id, actor_of(call.caller))
    return ChangesView(changes=[change_view(change) for change in found])


@endpoints.get(
    "/v1/quota-changes",
    summary="List an office's changes of quota",
    access=_WATCHERS,
    query=ChangesQuery,
    answers={200: ChangesView},
    pages_by="change_id",
    refusals=_OWN,
)
async def list_changes(call: Call[None, ChangesQuery]) -> ChangesView:
    """The newest first; those that wait for a second administrator, if so asked."""
    actor = actor_of(call.caller)
    office_id = call.query.office_id or actor.office_id or ""
    found = await use_case(call, Changes).find_by_office(office_id, actor, proposed=call.query.waiting)
    return ChangesView(changes=[change_view(change) for change in found])


@endpoints.get(
    "/v1/quota-changes/{change_id}",
    summary="Read a change of quota",
    access=_WATCHERS,
    answers={200: ChangeView},
    refusals=(ChangeNotFound, NotYourOffice),
)
async def read_change(call: Call) -> ChangeView:
    """The change with author, reason, before, after and outcome."""
    return change_view(await use_case(call, Changes).read(call.path["change_id"], actor_of(call.caller)))


_DECIDE: Final[tuple[type[Refusal], ...]] = (
    ChangeNotFound,
    NotYourOffice,
    SecondPersonNeeded,
    ChangeDecided,
    *_SESSION_EDIT,
    SessionExists,
    OfficeExists,
)


@endpoints.post(
    "/v1/quota-changes/{change_id}/approval",
    summary="Agree to a change of quota",
    access=_SECOND_PERSONS,
    body=Decide,
    idempotent=True,
    answers=_ANSWERS,
    refusals=tuple(dict.fromkeys(_DECIDE)),
)
async def approve_change(call: Call[Decide]) -> Answer:
    """The change, in effect. Not by its author."""
    change_id = call.path["change_id"]
    return answer_of(await use_case(call, Changes).approve(change_id, actor_of(call.caller), call.body.reason))


@endpoints.post(
    "/v1/quota-changes/{change_id}/rejection",
    summary="Disagree with a change of quota",
    access=_SECOND_PERSONS,
    body=Decide,
    idempotent=True,
    answers=_ANSWERS,
    refusals=(ChangeNotFound, NotYourOffice, SecondPersonNeeded, ChangeDecided),
)
async def reject_change(call: Call[Decide]) -> Answer:
    """The change, which never takes effect. Not by its author."""
    change_id = call.path["change_id"]
    return answer_of(await use_case(call, Changes).reject(change_id, actor_of(call.caller), call.body.reason))
