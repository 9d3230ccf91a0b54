"""Shelves: the data of a service under one rule each, and the items on them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Order:
    """Whom an erasure is about: some applicants of an account, or the whole account.

    What lies under accounts that were joined into it is of the same people and sealed with the same keys: it is erased
    or kept by the same order.
    """

    erasure_id: str
    account_id: str
    applicant_ids: tuple[str, ...]
    person_ids: tuple[str, ...]
    whole_account: bool
    joined_account_ids: tuple[str, ...] = ()
    shared_person_ids: tuple[str, ...] = ()
    """Persons for whom another account speaks too."""

    @property
    def account_ids(self) -> tuple[str, ...]:
        """The account, and those that were joined into it."""
        return tuple(dict.fromkeys((self.account_id, *self.joined_account_ids)))

    @property
    def key_subjects(self) -> tuple[str, ...]:
        """The subjects whose keys are destroyed, and of whom no late message is taken any more."""
        return (*self.applicant_ids, *self.account_ids) if self.whole_account else self.applicant_ids

    def covers(self, applicant_id: str) -> bool:
        """Return whether data of this applicant of the account are to be erased."""
        return self.whole_account or applicant_id in self.applicant_ids

    @property
    def persons_of_account(self) -> tuple[str, ...]:
        """The persons of whom data in the account go, those too for whom another account speaks."""
        return (*self.person_ids, *self.shared_person_ids)

    def covers_person(self, person_id: str) -> bool:
        """Return whether data of this person in the account are to be erased."""
        return self.whole_account or person_id in self.persons_of_account


@dataclass(frozen=True)
class Item:
    """One thing on a shelf. ``erase`` is one conditional write; it tells whether there was anything to erase."""

    item_id: str
    subjects: frozenset[str]
    """Ids of the account, applicant, person, application and the thing itself: a hold on one of them holds it."""
    starts_at: datetime | None
    """When the rule's clock started; None while something still works with the data."""
    erase: Callable[[], Awaitable[bool]]
    key_subject: str | None = None
    """Whose key it is sealed with: the key stays while the item is kept."""
    at: datetime | None = None
    """Where it stands in the order in which a sweep goes through the shelf."""
    keep_apart: Callable[[], Awaitable[bool]] | None = None
    """Puts what a rule keeps under a key of its own, so that the person's can be destroyed; tells whether it is now."""


class TooManyOfOne(Exception):
    """More is there about one person than is read at once: the erasure parks, and operators look at it."""


def all_of(found: list[T], limit: int) -> list[T]:
    """Return what was found, if it is less than the limit of the query and so surely all.

    Raises:
        TooManyOfOne: there may be more.
    """
    if len(found) >= limit:
        raise TooManyOfOne(f"{limit} or more")
    return found


OfOrder = Callable[[Order], Awaitable[list[Item]]]
Between = Callable[[datetime | None, datetime, int], Awaitable[list[Item]]]


@dataclass(frozen=True)
class Shelf:
    """Data under one rule. ``of`` finds those of an erasure order.

    ``between`` reads by an index: from a time (inclusive; None: from the first) up to a time, oldest first, so many at
    most. Each item says in ``at`` where it stands.
    """

    name: str
    rule: str
    of: OfOrder | None = None
    between: Between | None = None


class KeyDestroyer(Protocol):
    """Destroys the key of a subject, so that whatever it sealed is lost wherever a copy lies."""

    async def destroy(self, subject_id: str) -> None:
        """Destroy the key for good; a repeat changes nothing."""
        ...
