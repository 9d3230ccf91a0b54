"""The context of every use case (clock, ids, randomness, rules, offices) and the actor who calls it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from services.scheduling.errors import NotYourOffice, OfficeNotFound
from services.scheduling.office import Office
from services.scheduling.rules import Rules
from shared.clock import Clock
from shared.ids import Ids
from shared.person_keys.keys import PersonKeys
from shared.randomness import Randomness
from shared.tokens import ALL_OFFICES


@dataclass(frozen=True)
class Actor:
    """The caller of a use case: an applicant by account, or staff by office."""

    account_id: str
    office_id: str | None = None
    is_staff: bool = False
    role: str = "applicant"
    joined: tuple[str, ...] = ()
    """Accounts that were joined into the actor's."""
    watches: tuple[str, ...] = ()
    """Offices that the actor looks at without belonging to them: those of a region, or `ALL_OFFICES`."""

    @property
    def account_ids(self) -> tuple[str, ...]:
        """Return the actor's account and those that were joined into it."""
        return (self.account_id, *self.joined)


def refuse_unless_own_office(actor: Actor, office_id: str) -> None:
    """Refuse actors who do not belong to this office.

    Raises:
        NotYourOffice: the actor belongs to another office or to none.
    """
    if actor.office_id != office_id:
        raise NotYourOffice


def refuse_unless_sees_office(actor: Actor, office_id: str) -> None:
    """Refuse actors who neither belong to this office nor watch it.

    Raises:
        NotYourOffice
    """
    if not {office_id, ALL_OFFICES}.intersection(actor.watches):
        refuse_unless_own_office(actor, office_id)


class OfficeDirectory:
    """All offices, in memory: reference data that changes with a release."""

    def __init__(self) -> None:
        self._offices: dict[str, Office] = {}

    def fill(self, offices: Iterable[Office]) -> None:
        """Replace all offices."""
        self._offices = {office.office_id: office for office in offices}

    def __getitem__(self, office_id: str) -> Office:
        """Return the office; refuses with ``OfficeNotFound``."""
        office = self._offices.get(office_id)
        if office is None:
            raise OfficeNotFound(office_id=office_id)
        return office

    def all(self) -> list[Office]:
        """Return all offices, ordered by name."""
        return sorted(self._offices.values(), key=lambda office: office.name)


@dataclass(frozen=True)
class UseCaseContext:
    """The parts that all use cases share; the composition root hands the others to each use case by itself."""

    clock: Clock
    ids: Ids
    randomness: Randomness
    rules: Rules
    offices: OfficeDirectory
    person_keys: PersonKeys

    def now(self) -> datetime:
        """Return the current time."""
        return self.clock.now()

    def own_office(self, office_id: str, actor: Actor) -> Office:
        """Return the actor's own office; refuses with ``OfficeNotFound`` and ``NotYourOffice``."""
        office = self.offices[office_id]
        refuse_unless_own_office(actor, office.office_id)
        return office
