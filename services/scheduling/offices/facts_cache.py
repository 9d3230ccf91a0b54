"""Cache of office facts and templates: read from memory, refreshed every few seconds and after each change."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Final

from services.scheduling.context import Actor, UseCaseContext
from services.scheduling.errors import NotYourOffice, OfficeNotFound
from services.scheduling.office import Office
from services.scheduling.offices.facts import FactsTable, OfficeFacts, OfficeKind, with_facts
from services.scheduling.offices.open_days import receives_on
from services.scheduling.offices.products import lacks
from services.scheduling.offices.release_rule import (
    LONGEST_LOOK_DAYS,
    OpeningRule,
    ReleaseInstant,
    in_sight,
    next_opening,
    opens_at,
)
from services.scheduling.offices.repository import OfficeFactsRepository, OfficeRepository
from services.scheduling.offices.session import SessionPlan, WeeklyTemplates, days_ahead
from services.scheduling.offices.weekly_template import OfficeTemplate, as_delivered
from shared.store.kinds import Record
from shared.tokens import ALL_OFFICES

REFRESH_SECONDS: Final = 5.0
"""How old what a replica knows of facts and templates may be; edits look at the store itself."""

MOST_RULES_KEPT: Final = 5000
"""Rules whose next opening is remembered; far above the offices."""


class OfficeFactsCache:
    """The facts, templates and opening rules of all offices."""

    def __init__(
        self,
        context: UseCaseContext,
        offices: OfficeRepository,
        office_facts: OfficeFactsRepository,
        table: FactsTable,
        templates: WeeklyTemplates,
        horizon_days: int,
    ) -> None:
        self._context = context
        self._offices = offices
        self._office_facts = office_facts
        self.table = table
        self._delivered = templates
        self._usual = OpeningRule(at=time(0), days_before=horizon_days - 1)
        self._horizon_days = horizon_days
        self._facts: Mapping[str, Record[OfficeFacts]] = {}
        self._templates: Mapping[str, Record[OfficeTemplate]] = {}
        self._coming: dict[tuple[OpeningRule, str], ReleaseInstant] = {}
        """Most offices share rule and zone, and the next opening is the same until it comes."""

    async def load(self) -> None:
        """Write the facts of offices that have none, then read all."""
        known = {record.id for record in await self._office_facts.every_facts()}
        missing = [office for office in self._context.offices.all() if office.office_id not in known]
        await self._office_facts.seed_facts([self.table.facts_of(office) for office in missing], self._context.now())
        await self.refresh()

    async def refresh(self) -> None:
        """Read facts, templates and offices from the store again."""
        self._facts = {record.id: record for record in await self._office_facts.every_facts()}
        self._templates = {record.id: record for record in await self._office_facts.every_template()}
        offices = await self._offices.offices()
        self._context.offices.fill([with_facts(record.state, self.known(record.state.office_id)) for record in offices])

    def facts(self, office_id: str) -> Record[OfficeFacts]:
        """Return the facts of an office; refuses with ``OfficeNotFound``."""
        record = self._facts.get(office_id)
        if record is None:
            raise OfficeNotFound(office_id=office_id)
        return record

    def known(self, office_id: str) -> OfficeFacts | None:
        """Return the facts of an office as far as this replica knows them."""
        record = self._facts.get(office_id)
        return record.state if record is not None else None

    def lacks(self, office_id: str, product: str | None, day: date) -> bool:
        """Return whether the office is known not to issue this product on that day."""
        facts = self.known(office_id)
        return facts is not None and lacks(facts, product, day)

    def template(self, office_id: str) -> tuple[OfficeTemplate, int]:
        """Return the template of an office and its version; 0 is the delivered one."""
        record = self._templates.get(office_id)
        if record is not None:
            return record.state, record.version
        return self.delivered(office_id), 0

    def delivered(self, office_id: str) -> OfficeTemplate:
        """Return the template that an office starts with; outreach starts with none."""
        facts = self._facts.get(office_id)
        if facts is not None and facts.state.kind is OfficeKind.OUTREACH:
            return OfficeTemplate(office_id, ())
        return as_delivered(office_id, self._delivered.offices.get(office_id, self._delivered.default))

    def rule(self, office_id: str) -> OpeningRule:
        """Return the opening rule of an office."""
        record = self._facts.get(office_id)
        return (record.state.opening if record else None) or self._usual

    def next_opening(self, office: Office, now: datetime) -> ReleaseInstant | None:
        """Return the next instant at which days of this office open."""
        key = (self.rule(office.office_id), office.timezone)
        known = self._coming.get(key)
        if known is None or known.at <= now:
            if len(self._coming) >= MOST_RULES_KEPT:
                self._coming.clear()
            known = next_opening(key[0], now, key[1])
            if known is None:
                return None
            self._coming[key] = known
        return known

    def days_in_sight(self, office: Office, now: datetime) -> list[date]:
        """Return the days whose sessions may be shown now."""
        rule = self.rule(office.office_id)
        if rule is self._usual:
            return list(days_ahead(now, office.timezone, self._horizon_days))
        days = days_ahead(now, office.timezone, LONGEST_LOOK_DAYS)
        return [day for day in days if in_sight(rule, day, office.timezone, now)]

    def opens_at(self, office: Office, day: date, now: datetime) -> datetime | None:
        """Return when seats of that day are given out, or None if they are already."""
        at = opens_at(self.rule(office.office_id), day, office.timezone)
        return at if at is not None and at > now else None

    def plans_for(self, office_id: str, day: date) -> tuple[SessionPlan, ...]:
        """Return the sessions that an office opens on a day by its template; none on days when it is closed."""
        record = self._facts.get(office_id)
        template, _version = self.template(office_id)
        if record is None or not receives_on(record.state, day):
            return ()
        if record.state.kind is OfficeKind.OUTREACH:
            return template.every_plan()
        return () if self.closed_everywhere(day) else template.plans_for(day)

    def closed_everywhere(self, day: date) -> bool:
        """Return whether it is a public holiday or joint leave, on which no office opens by a template."""
        return self._delivered.calendar.is_holiday(day)

    def refuse_other_office(self, office_id: str, actor: Actor) -> None:
        """Refuse actors who keep neither this office nor its parent.

        Raises:
            OfficeNotFound: there is no such office.
            NotYourOffice: the actor belongs to another one.
        """
        facts = self.facts(office_id).state
        if actor.office_id not in (office_id, facts.parent_id or office_id):
            raise NotYourOffice

    def refuse_unless_seen(self, office_id: str, actor: Actor) -> None:
        """Refuse actors who neither keep nor watch this office or its parent.

        Raises:
            OfficeNotFound, NotYourOffice: as :meth:`refuse_other_office`.
        """
        parent_id = self.facts(office_id).state.parent_id
        if not {office_id, parent_id, ALL_OFFICES}.intersection(actor.watches):
            self.refuse_other_office(office_id, actor)

    def longest_day(self, office: Office, now: datetime) -> date:
        """Return the last day on which offline quota may be opened."""
        return days_ahead(now, office.timezone, 1)[0] + timedelta(days=LONGEST_LOOK_DAYS)
