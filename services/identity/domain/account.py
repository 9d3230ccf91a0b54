"""The account: proven addresses, the sessions signed in with them, and the places of its applicants."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from services.identity.domain.session import Session

MOST_APPLICANTS: Final = 5
"""Applicants that one account may speak for (F75)."""

PLACE_GRACE_SECONDS: Final = 600
"""How long a place may stand without its applicant (its writer crashed in between) before it is free again."""


@dataclass(frozen=True)
class Address:
    """A proven address: sealed, with its keyed fingerprints."""

    sealed: str
    fingerprints: tuple[str, ...]


@dataclass(frozen=True)
class Place:
    """One of the account's places for applicants, taken by this one."""

    applicant_id: str
    taken_at: datetime


@dataclass(frozen=True)
class Account:
    """Who signs in. ``fingerprints`` joins those of both addresses: each belongs to one account only."""

    language: str
    registered_at: datetime
    email: Address | None = None
    phone: Address | None = None
    fingerprints: tuple[str, ...] = ()
    places: tuple[Place, ...] = ()
    sessions: tuple[Session, ...] = ()


def register(language: str, now: datetime, *, email: Address | None, phone: Address | None) -> Account:
    """A new account on the one address that was proven."""
    return _with_fingerprints(Account(language, now, email=email, phone=phone))


def with_phone(account: Account, phone: Address) -> Account:
    """The account with another proven phone number."""
    return _with_fingerprints(replace(account, phone=phone))


def with_email(account: Account, email: Address) -> Account:
    """The account with another proven email address."""
    return _with_fingerprints(replace(account, email=email))


def holds_any(account: Account, fingerprints: Collection[str]) -> bool:
    """Whether one of these fingerprints is of an address of this account."""
    return not set(account.fingerprints).isdisjoint(fingerprints)


def has_place(account: Account, applicant_id: str) -> bool:
    """Whether this applicant has a place already."""
    return any(place.applicant_id == applicant_id for place in account.places)


def is_full(account: Account) -> bool:
    """Whether every place is taken."""
    return len(account.places) >= MOST_APPLICANTS


def take_place(account: Account, applicant_id: str, now: datetime) -> Account:
    """The account with a place taken; ask :func:`is_full` first."""
    return replace(account, places=(*account.places, Place(applicant_id, now)))


def without_empty_places(account: Account, existing: Collection[str], now: datetime) -> Account:
    """The account without places whose applicant was never written."""
    settled_before = now - timedelta(seconds=PLACE_GRACE_SECONDS)
    kept = tuple(each for each in account.places if each.applicant_id in existing or each.taken_at > settled_before)
    return replace(account, places=kept)


def _with_fingerprints(account: Account) -> Account:
    addresses = [each for each in (account.email, account.phone) if each is not None]
    return replace(account, fingerprints=tuple(print_ for each in addresses for print_ in each.fingerprints))
