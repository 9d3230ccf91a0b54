"""Edits by an office administrator: facts, weekly template, sessions beside it, offline quota, outreach."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final, TypeVar

from pydantic import TypeAdapter

from services.scheduling.context import Actor, UseCaseContext
from services.scheduling.errors import OfficeNotFound
from services.scheduling.office import Office, slug
from services.scheduling.offices.bookable_sessions import (
    LONGEST_LISTING_DAYS,
    BookableSessions,
    OpenWish,
    refuse_wrong_span,
)
from services.scheduling.offices.errors import QuotaAboveCapacity
from services.scheduling.offices.facts import OfficeFacts, OfficeKind, plan_capacity, with_facts
from services.scheduling.offices.facts_cache import OfficeFactsCache
from services.scheduling.offices.offline_quota import OfflineGrant, OfflineQuota, granted
from services.scheduling.offices.open_days import within_hours
from services.scheduling.offices.release_rule import rule_problem
from services.scheduling.offices.repository import (
    OfficeFactsRepository,
    OfflineQuotaRepository,
    offline_quota_id,
    session_id_of,
)
from services.scheduling.offices.session import MOST_SEATS, PlanProblem, SessionPlan
from services.scheduling.offices.weekly_template import (
    OfficeTemplate,
    TemplateSession,
    difference,
    template_problem,
    week_of,
)
from services.scheduling.quota.change import ChangeState, ChangeSubject, FourEyes, QuotaChange, needs_second
from services.scheduling.quota.changes import Changes
from services.scheduling.quota.errors import (
    DayNotPossible,
    EditedMeanwhile,
    FactsWrong,
    NothingChanges,
    OfficeExists,
    OutsideOpeningHours,
    TemplateWrong,
)
from services.scheduling.quota.repository import QuotaChangeRepository
from services.scheduling.terms import local_date
from shared.ids import derived_id
from shared.store.decision import Decision
from shared.store.kinds import Record
from shared.tokens import Role

S = TypeVar("S")
E = TypeVar("E", OfficeFacts, OfficeTemplate)

MOST_OFFLINE_SEATS: Final = MOST_SEATS
"""Offline seats of one grant: as many as a session may have."""

_FACTS: Final = TypeAdapter(OfficeFacts)
_TEMPLATE: Final = TypeAdapter(OfficeTemplate)
_PLAN: Final = TypeAdapter(SessionPlan)
_OFFICE: Final = TypeAdapter(Office)


@dataclass(frozen=True)
class Edit:
    """An edit: author, office, reason and the version that was seen."""

    office_id: str
    actor: Actor
    reason: str
    command_id: str
    expected_version: int = 0
    override: bool = False
    """The head signs for more seats than booths and staff can serve; the reason says why."""


@dataclass(frozen=True)
class NewSession:
    """A session for one date, beside the template; out of hours where its edit has a reason."""

    day: date
    plan: SessionPlan
    opens_at: datetime | None = None


def template_subject(office_id: str) -> str:
    """Return the subject id of changes of an office's template."""
    return f"template:{office_id}"


def facts_subject(office_id: str) -> str:
    """Return the subject id of changes of an office's facts."""
    return f"facts:{office_id}"


class OfficeEdits:
    """Edits of one office by its own administrator."""

    def __init__(
        self,
        context: UseCaseContext,
        office_facts: OfficeFactsRepository,
        offline_quotas: OfflineQuotaRepository,
        quota_changes: QuotaChangeRepository,
        facts_cache: OfficeFactsCache,
        bookable_sessions: BookableSessions,
        changes: Changes,
        limits: FourEyes,
    ) -> None:
        self._context = context
        self._office_facts = office_facts
        self._offline_quotas = offline_quotas
        self._quota_changes = quota_changes
        self._facts_cache = facts_cache
        self._bookable_sessions = bookable_sessions
        self._changes = changes
        self._limits = limits
        changes.register(
            {
                ChangeSubject.FACTS: self._apply_facts,
                ChangeSubject.TEMPLATE: self._apply_template,
                ChangeSubject.OPENED_SESSION: self._apply_opened_session,
                ChangeSubject.OFFLINE_QUOTA: self._apply_offline_quota,
                ChangeSubject.OUTREACH: self._apply_outreach,
            }
        )

    async def put_facts(self, edit: Edit, facts: OfficeFacts) -> Record[QuotaChange]:
        """Replace the facts of an office; they count for sessions that are opened from then on.

        Refuses with ``OfficeNotFound``, ``NotYourOffice``, ``FactsWrong``, ``NothingChanges`` and ``EditedMeanwhile``.
        """
        self._facts_cache.refuse_other_office(edit.office_id, edit.actor)
        before = await self._facts(edit.office_id)
        change_id = _change_id(edit)
        kept = replace(facts, kind=before.state.kind, parent_id=before.state.parent_id, change_id=change_id)
        _refuse_wrong_facts(kept)
        if await self._quota_changes.quota_change(change_id) is None:
            if before.version != edit.expected_version:
                raise EditedMeanwhile(field="/expected_version", version=before.version)
            if replace(kept, change_id=before.state.change_id) == before.state:
                raise NothingChanges
        change = self._change(
            edit, ChangeSubject.FACTS, facts_subject(edit.office_id), _plain(_FACTS, before.state), _plain(_FACTS, kept)
        )
        return await self._changes.submit(change_id, change, edit.actor)

    async def put_template(self, edit: Edit, sessions: tuple[TemplateSession, ...]) -> Record[QuotaChange]:
        """Replace the weekly template; it counts for days that enter the booking horizon from then on.

        Refuses with ``OfficeNotFound``, ``NotYourOffice``, ``TemplateWrong``, ``QuotaAboveCapacity`` (unless the head
        signs an override), ``NothingChanges`` and ``EditedMeanwhile``. A large one waits for a second administrator;
        one of headquarters always waits for the office.
        """
        self._facts_cache.refuse_unless_seen(edit.office_id, edit.actor)
        change_id = _change_id(edit)
        wanted = OfficeTemplate(edit.office_id, sessions, change_id)
        self._refuse_wrong_template(wanted, override=edit.override)
        stored = await self._office_facts.template(edit.office_id)
        before = stored.state if stored else self._facts_cache.delivered(edit.office_id)
        if await self._quota_changes.quota_change(change_id) is None:
            if (stored.version if stored else 0) != edit.expected_version:
                raise EditedMeanwhile(field="/expected_version", version=stored.version if stored else 0)
            if before.sessions == wanted.sessions:
                raise NothingChanges
        raised, cut = difference(week_of(before), week_of(wanted))
        change = self._change(
            edit,
            ChangeSubject.TEMPLATE,
            template_subject(edit.office_id),
            _plain(_TEMPLATE, before),
            _plain(_TEMPLATE, wanted),
        )
        is_proposed = edit.actor.role == Role.HQ_POLICY
        second = is_proposed or needs_second(raised, cut, week_of(before).total(), self._limits)
        return await self._changes.submit(
            change_id, replace(change, raised=raised, cut=cut), edit.actor, second_needed=second
        )

    async def open_session(self, edit: Edit, new: NewSession) -> Record[QuotaChange]:
        """Open a session for one date. Outside the office's hours it needs a reason.

        Refuses with ``OfficeNotFound``, ``NotYourOffice``, ``OutsideOpeningHours``, ``QuotaAboveCapacity`` (unless
        signed), ``SessionPlanWrong`` and ``SessionExists``. Above capacity by a lot it waits for a second person.
        """
        wish = OpenWish(
            edit.office_id, new.day, new.plan, edit.actor, edit.command_id, new.opens_at, above_capacity=edit.override
        )
        self._bookable_sessions.plan_session(wish)
        facts = self._facts_cache.facts(edit.office_id).state
        if not edit.reason and not self._is_ordinary(facts, new):
            raise OutsideOpeningHours(field="/reason")
        excess = new.plan.seats - plan_capacity(new.plan, facts)
        if excess > 0 and not edit.override:
            raise _above_capacity(new.plan, facts)
        change = self._change(
            edit,
            ChangeSubject.OPENED_SESSION,
            session_id_of(edit.office_id, new.day, new.plan.start.strftime("%H:%M")),
            {},
            {
                "day": new.day.isoformat(),
                "plan": _plain(_PLAN, new.plan),
                "opens_at": new.opens_at.isoformat() if new.opens_at else None,
                "command_id": edit.command_id,
            },
        )
        second = excess > 0 and needs_second(excess, 0, 0, self._limits)
        change = replace(change, raised=new.plan.seats)
        return await self._changes.submit(_change_id(edit), change, edit.actor, second_needed=second)

    async def open_offline_quota(self, edit: Edit, day: date, seats: int) -> Record[QuotaChange]:
        """Allow the office so many more visits by hand on that day, while the service is away.

        Refuses with ``OfficeNotFound``, ``NotYourOffice`` and ``DayNotPossible``. A large one waits for
        a second person.
        """
        self._facts_cache.refuse_other_office(edit.office_id, edit.actor)
        office, now = self._context.offices[edit.office_id], self._context.now()
        if not local_date(now, office.timezone) <= day <= self._facts_cache.longest_day(office, now):
            raise DayNotPossible(field="/date")
        known = await self._offline_quotas.offline_quota(edit.office_id, day)
        change = self._change(
            edit,
            ChangeSubject.OFFLINE_QUOTA,
            offline_quota_id(edit.office_id, day),
            {"seats": known.state.seats if known else 0},
            {"date": day.isoformat(), "seats": seats},
        )
        second = needs_second(seats, 0, 0, self._limits)
        return await self._changes.submit(
            _change_id(edit), replace(change, raised=seats), edit.actor, second_needed=second
        )

    async def open_outreach(self, edit: Edit, name: str, city: str, facts: OfficeFacts) -> Record[QuotaChange]:
        """Begin an outreach of the office: a place of its own, with its own days and quota.

        Refuses with ``OfficeNotFound``, ``NotYourOffice``, ``FactsWrong`` and ``OfficeExists``.
        """
        self._facts_cache.refuse_other_office(edit.office_id, edit.actor)
        parent = self._context.offices[edit.office_id]
        outreach = replace(parent, office_id=slug(name), name=name, city=city, checkpoint=False)
        outreach = with_facts(outreach, facts)
        kept = replace(
            facts,
            office_id=outreach.office_id,
            kind=OfficeKind.OUTREACH,
            parent_id=parent.office_id,
            change_id=_change_id(edit),
        )
        _refuse_wrong_facts(kept)
        after = {"office": _plain(_OFFICE, outreach), "facts": _plain(_FACTS, kept)}
        change = self._change(edit, ChangeSubject.OUTREACH, facts_subject(outreach.office_id), {}, after)
        return await self._changes.submit(_change_id(edit), change, edit.actor)

    async def list_offline_quotas(
        self, office_id: str, actor: Actor, since: date | None, until: date | None
    ) -> list[Record[OfflineQuota]]:
        """Return the offline quotas of an office in these days, by default from today on.

        Refuses with ``OfficeNotFound``, ``NotYourOffice`` and, for too many days, with ``Malformed``.
        """
        self._facts_cache.refuse_unless_seen(office_id, actor)
        first = since or local_date(self._context.now(), self._context.offices[office_id].timezone)
        last = until or first + timedelta(days=LONGEST_LISTING_DAYS)
        refuse_wrong_span(first, last)
        return await self._offline_quotas.offline_quotas(office_id, first, last)

    async def template(self, office_id: str, actor: Actor) -> tuple[OfficeTemplate, int]:
        """Return the template of an office and its version, as stored this moment."""
        self._facts_cache.refuse_unless_seen(office_id, actor)
        stored = await self._office_facts.template(office_id)
        return (stored.state, stored.version) if stored else (self._facts_cache.delivered(office_id), 0)

    def _change(
        self, edit: Edit, subject: ChangeSubject, subject_id: str, before: dict[str, Any], after: dict[str, Any]
    ) -> QuotaChange:
        return QuotaChange(
            office_id=edit.office_id,
            subject=subject,
            subject_id=subject_id,
            author=edit.actor.account_id,
            reason=edit.reason,
            made_at=self._context.now(),
            state=ChangeState.PROPOSED,
            expected_version=edit.expected_version,
            before=before,
            after=after,
            override=edit.override,
        )

    def _refuse_wrong_template(self, template: OfficeTemplate, *, override: bool) -> None:
        facts = self._facts_cache.facts(template.office_id).state
        wrong = template_problem(template, facts, override=override)
        if wrong is None:
            return
        if wrong.problem is PlanProblem.QUOTA_ABOVE_CAPACITY:
            field = f"/sessions/{wrong.index}/pools"
            raise QuotaAboveCapacity(field=field, capacity=wrong.capacity, asked=wrong.asked)
        raise TemplateWrong(field=f"/sessions/{wrong.index}", problem=wrong.problem.value, index=wrong.index)

    def _is_ordinary(self, facts: OfficeFacts, new: NewSession) -> bool:
        closed = self._facts_cache.closed_everywhere(new.day)
        return not closed and within_hours(facts, new.day, new.plan.start, new.plan.end)

    async def _facts(self, office_id: str) -> Record[OfficeFacts]:
        record = await self._office_facts.facts(office_id)
        if record is None:
            raise OfficeNotFound(office_id=office_id)
        return record

    async def _apply_facts(self, change: Record[QuotaChange]) -> bool:
        wanted = _FACTS.validate_python(change.state.after)
        await self._office_facts.change_facts(wanted.office_id, _edit_once(change, wanted), self._context.clock)
        await self._facts_cache.refresh()
        return True

    async def _apply_template(self, change: Record[QuotaChange]) -> bool:
        wanted = _TEMPLATE.validate_python(change.state.after)
        await self._office_facts.change_template(wanted.office_id, _edit_once(change, wanted), self._context.clock)
        await self._facts_cache.refresh()
        return True

    async def _apply_opened_session(self, change: Record[QuotaChange]) -> bool:
        state, after = change.state, change.state.after
        wish = OpenWish(
            state.office_id,
            date.fromisoformat(after["day"]),
            _PLAN.validate_python(after["plan"]),
            Actor(state.author, state.office_id, is_staff=True),
            after["command_id"],
            opens_at=datetime.fromisoformat(after["opens_at"]) if after["opens_at"] else None,
            above_capacity=state.override,
        )
        await self._bookable_sessions.open(wish)
        return True

    async def _apply_offline_quota(self, change: Record[QuotaChange]) -> bool:
        state, day = change.state, date.fromisoformat(change.state.after["date"])
        grant = OfflineGrant(state.after["seats"], state.author, state.made_at, state.reason, change.id)

        def grant_seats(quota: OfflineQuota) -> Decision[OfflineQuota]:
            return Decision(granted(quota, grant))

        await self._offline_quotas.change_offline_quota(state.office_id, day, grant_seats, self._context.clock)
        return True

    async def _apply_outreach(self, change: Record[QuotaChange]) -> bool:
        office = _OFFICE.validate_python(change.state.after["office"])
        facts = _FACTS.validate_python(change.state.after["facts"])
        await self._office_facts.begin_office(office, facts, self._context.now())
        stored = await self._office_facts.facts(office.office_id)
        if stored is None or facts.change_id not in (stored.state.change_id, None):
            raise OfficeExists(field="/name", office_id=office.office_id)
        await self._facts_cache.refresh()
        return True


def _change_id(edit: Edit) -> str:
    return derived_id("quota_change", edit.command_id)


def _plain(adapter: TypeAdapter[S], value: S) -> dict[str, Any]:
    plain: dict[str, Any] = adapter.dump_python(value, mode="json")
    return plain


def _edit_once(change: Record[QuotaChange], wanted: E) -> Callable[[Record[E]], Decision[E] | None]:
    """Decide for what a change wants, unless it took effect before; refuses another version than its author saw."""

    def decide(record: Record[E]) -> Decision[E] | None:
        if record.state.change_id == change.id:
            return None
        if record.version != change.state.expected_version:
            raise EditedMeanwhile(field="/expected_version", version=record.version)
        return Decision(wanted)

    return decide


def _refuse_wrong_facts(facts: OfficeFacts) -> None:
    problem = rule_problem(facts.opening) if facts.opening is not None else None
    if problem is not None:
        raise FactsWrong(field="/opening", problem=problem.value)
    if any(hours.opens >= hours.closes for hours in facts.hours):
        raise FactsWrong(field="/hours", problem="closes_before_it_opens")
    if any(offered.since and offered.until and offered.since > offered.until for offered in facts.products):
        raise FactsWrong(field="/products", problem="ends_before_it_starts")
    if (facts.latitude is None) != (facts.longitude is None):
        raise FactsWrong(field="/latitude", problem="half_a_position")


def _above_capacity(plan: SessionPlan, facts: OfficeFacts) -> QuotaAboveCapacity:
    return QuotaAboveCapacity(field="/pools", capacity=plan_capacity(plan, facts), asked=plan.seats)
