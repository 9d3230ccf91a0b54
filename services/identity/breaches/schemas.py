"""The register of breaches over HTTP."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from typing import Annotated, Final, Literal, Self

from pydantic import Field, StringConstraints

from services.identity.breaches.breach import Breach, BreachFacts, BreachScope, BreachState
from services.identity.breaches.service import BreachSeen
from services.identity.breaches.texts import NoticeTexts
from services.identity.field_types import Id, NamesNobody
from shared.events.codes import BreachCause, BreachMeasure, PersonalData
from shared.http.paging import ListView
from shared.http.schema import Body, IsoMoment, Query, View
from shared.store.kinds import Record

MOST_PERSONS: Final = 1_000_000_000
MOST_LISTED: Final = 1000
LONGEST_WORDS: Final = 4000
"""Characters of the operators' own words: two pages."""

MOST_IN_SCOPE: Final = 100
"""Offices, or members of staff, of one search."""

CauseWord = Annotated[BreachCause, Field(strict=False)]
KindWord = Annotated[PersonalData, Field(strict=False)]
MeasureWord = Annotated[BreachMeasure, Field(strict=False)]
Kinds = Annotated[list[KindWord], Field(max_length=len(PersonalData))]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=LONGEST_WORDS)]
Reference = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9./_-]+$"), NamesNobody]
OfficeId = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[a-z0-9][a-z0-9-]*$")]


class DescribeBreach(Body):
    """The facts of a breach."""

    cause: CauseWord = Field(examples=["stolen_access"])
    kinds: Annotated[list[KindWord], Field(min_length=1, max_length=len(PersonalData), examples=[["bank_account"]])]
    measures: Annotated[
        list[MeasureWord], Field(min_length=1, max_length=len(BreachMeasure), examples=[["access_withdrawn"]])
    ]
    found_at: IsoMoment = Field(examples=["2026-11-30T02:00:00Z"], description="the 72 hours begin here, once")
    begun_at: IsoMoment | None = None
    ended_at: IsoMoment | None = None
    estimated_persons: int = Field(ge=0, le=MOST_PERSONS)
    words: Words | None = Field(None, description="in your own words; kept encrypted, in no notice and no export")

    def facts(self) -> BreachFacts:
        """Return the facts as the use case takes them."""
        return BreachFacts(
            cause=self.cause,
            kinds=tuple(dict.fromkeys(self.kinds)),
            measures=tuple(dict.fromkeys(self.measures)),
            found_at=self.found_at,
            begun_at=self.begun_at,
            ended_at=self.ended_at,
            estimated_persons=self.estimated_persons,
        )


class SearchPersons(Body):
    """Whose data were exposed: those that reads of a time showed, or everybody's."""

    since: IsoMoment
    until: IsoMoment
    kinds: Kinds = Field(default_factory=list, description="kinds of data; empty: all")
    office_ids: Annotated[list[OfficeId], Field(max_length=MOST_IN_SCOPE)] = Field(
        default_factory=list, description="offices of the readers; empty: all"
    )
    reader_ids: Annotated[list[Id], Field(max_length=MOST_IN_SCOPE)] = Field(
        default_factory=list, description="members of staff whose reads were involved; empty: all"
    )
    everybody: bool = Field(False, description="every account, whatever was read")

    def scope(self) -> BreachScope:
        """Return the scope as the use case takes it."""
        return BreachScope(
            since=self.since,
            until=self.until,
            kinds=tuple(self.kinds),
            office_ids=tuple(self.office_ids),
            reader_ids=tuple(self.reader_ids),
            everybody=self.everybody,
        )


class ProposeStep(Body):
    """The step that a second operator is asked to agree to."""

    step: Literal["notices", "dismissal"]


class BreachDecision(Body):
    """Whether a second operator agrees; else the entry is open again."""

    approved: bool


class AgencyTold(Body):
    """When the agency was told, and the reference of the letter."""

    told_at: IsoMoment
    reference: Reference = Field(examples=["B-12/2026"])


class PersonsQuery(Query):
    """Where the list goes on, and how long it is."""

    after: Id | None = None
    limit: int = Field(100, ge=1, le=MOST_LISTED, strict=False)


class BreachSearchView(View):
    """A search for the persons concerned."""

    since: datetime
    until: datetime
    kinds: list[PersonalData]
    office_ids: list[str]
    reader_ids: list[str]
    everybody: bool
    asked_at: datetime
    done_at: datetime | None = Field(description="null while it runs")
    persons: int


class DutyView(View):
    """Somebody whom the law wants told, until when, and since when they are."""

    to: Literal["agency", "persons"]
    due_at: datetime
    done_at: datetime | None


class BreachLine(View):
    """One line of the register: ids, codes, times and counts."""

    breach_id: str
    state: BreachState
    cause: BreachCause
    kinds: list[PersonalData]
    measures: list[BreachMeasure]
    found_at: datetime
    begun_at: datetime | None
    ended_at: datetime | None
    due_at: datetime
    estimated_persons: int
    found_persons: int | None
    agency_told_at: datetime | None
    agency_reference: str | None
    persons_told_at: datetime | None
    opened_at: datetime
    closed_at: datetime | None

    @classmethod
    def from_breach(cls, breach_id: str, breach: Breach) -> Self:
        """Return the line of an entry."""
        facts, search = breach.facts, breach.search
        return cls(
            breach_id=breach_id,
            state=breach.state,
            cause=facts.cause,
            kinds=list(facts.kinds),
            measures=list(facts.measures),
            found_at=facts.found_at,
            begun_at=facts.begun_at,
            ended_at=facts.ended_at,
            due_at=breach.due_at,
            estimated_persons=facts.estimated_persons,
            found_persons=search.persons if search is not None and search.done_at is not None else None,
            agency_told_at=breach.agency_told_at,
            agency_reference=breach.agency_reference,
            persons_told_at=breach.persons_told_at,
            opened_at=breach.opened_at,
            closed_at=breach.closed_at,
        )


class BreachView(View):
    """An entry of the register with its clock, its search and who agreed."""

    entry: BreachLine
    duties: list[DutyView]
    search: BreachSearchView | None
    words: str | None
    opened_by: str
    proposed_by: str | None
    decided_by: str | None

    @classmethod
    def from_seen(cls, seen: BreachSeen) -> Self:
        """Return the view of an entry."""
        breach = seen.breach
        return cls(
            entry=BreachLine.from_breach(seen.breach_id, breach),
            duties=[
                DutyView(to="agency", due_at=breach.due_at, done_at=breach.agency_told_at),
                DutyView(to="persons", due_at=breach.due_at, done_at=breach.persons_told_at),
            ],
            search=_search_view(breach),
            words=seen.words,
            opened_by=breach.opened_by,
            proposed_by=breach.proposed_by,
            decided_by=breach.decided_by,
        )


class BreachRegisterView(ListView):
    """The register, newest first."""

    breaches: list[BreachLine]

    @classmethod
    def from_records(cls, records: list[Record[Breach]]) -> Self:
        """Return the view of the register."""
        return cls(breaches=[BreachLine.from_breach(record.id, record.state) for record in records])

    def to_csv(self) -> bytes:
        """Return the register as CSV in UTF-8, with a line of names; lists are joined by spaces."""
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(BreachLine.model_fields)
        for line in self.breaches:
            values = line.model_dump(mode="json").values()
            writer.writerow([" ".join(value) if isinstance(value, list) else value for value in values])
        return text.getvalue().encode()


class BreachPersonsView(View):
    """Accounts that the last search found, in order; ``next`` is the ``after`` of the next page."""

    account_ids: list[str]
    next: str | None


class BreachNoticesView(View, in_indonesian=("to_person", "to_agency")):
    """The notices as they will be sent: in Indonesian and in English, to each person and to the agency."""

    to_person_id: str
    to_person_en: str
    to_agency_id: str
    to_agency_en: str

    @classmethod
    def from_texts(cls, local: NoticeTexts, english: NoticeTexts) -> Self:
        """Return the view of both languages."""
        return cls(
            to_person_id=local.to_person,
            to_person_en=english.to_person,
            to_agency_id=local.to_agency,
            to_agency_en=english.to_agency,
        )


def _search_view(breach: Breach) -> BreachSearchView | None:
    if breach.search is None:
        return None
    search, scope = breach.search, breach.search.scope
    return BreachSearchView(
        since=scope.since,
        until=scope.until,
        kinds=list(scope.kinds),
        office_ids=list(scope.office_ids),
        reader_ids=list(scope.reader_ids),
        everybody=scope.everybody,
        asked_at=search.asked_at,
        done_at=search.done_at,
        persons=search.persons,
    )
