"""Facts that identity publishes: accounts, applicants and the persons whom the registry has confirmed."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from shared.events.message import Event


class AccountRegistered(Event):
    """Somebody proved an address and now has an account."""

    TYPE: ClassVar[str] = "paspor.identity.account.registered.v1"
    account_id: str
    language: str


class ApplicantAdded(Event):
    """An account now speaks for one more applicant (five at most)."""

    TYPE: ClassVar[str] = "paspor.identity.applicant.added.v1"
    account_id: str
    applicant_id: str
    guardian_applicant_id: str | None = None


class ApplicantConfirmed(Event):
    """The civil registry knows this applicant; ``person_id`` is the random id that stands for the NIK from now on."""

    TYPE: ClassVar[str] = "paspor.identity.applicant.confirmed.v1"
    account_id: str
    applicant_id: str
    person_id: str
    guardian_applicant_id: str | None = None
    guardian_person_id: str | None = None


class ApplicantRefused(Event):
    """The civil registry did not confirm this applicant; ``causes`` are stable codes, never the registry's values."""

    TYPE: ClassVar[str] = "paspor.identity.applicant.refused.v1"
    account_id: str
    applicant_id: str
    causes: tuple[str, ...]


class SessionEnded(Event):
    """A session ended before its time: signed out, pushed out by newer ones, or ended by whoever administers it.

    No access token of it counts for sensitive acts any more; the last of them is over at ``tokens_until``.
    """

    TYPE: ClassVar[str] = "paspor.identity.session.ended.v1"
    account_id: str
    """Of the applicant or the member of staff whose session it was."""
    session_id: str
    tokens_until: datetime
