"""Facts that identity publishes: accounts, applicants and the persons whom the registry has confirmed."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar

from shared.events.coded import Coded
from shared.events.codes import AssistanceEnd, BreachCause, BreachMeasure, LeavingEnd, LeavingObjection, PersonalData
from shared.events.data_reads import DataRead
from shared.events.message import Command, Event


class AccountRegistered(Event):
    """Somebody proved an address and now has an account."""

    TYPE: ClassVar[str] = "paspor.identity.account.registered.v1"
    account_id: str
    language: str
    given_purposes: tuple[str, ...] = ()
    """Codes of the free purposes that were agreed to with it. Not said by earlier versions."""


class AccountJoined(Event):
    """An account was joined into another: its applicants are the other's now, and it is closed.

    What other services keep under ``from_account_id`` stays there: the tokens of ``into_account_id`` name both.
    """

    TYPE: ClassVar[str] = "paspor.identity.account.joined.v1"
    from_account_id: str
    into_account_id: str
    applicant_ids: tuple[str, ...]


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


class ApplicantShownBack(Event):
    """The civil registry knows this applicant and writes something differently: they confirm or correct it.

    ``differences`` are stable codes of the fields, never a value.
    """

    TYPE: ClassVar[str] = "paspor.identity.applicant.shown_back.v1"
    account_id: str
    applicant_id: str
    differences: tuple[str, ...]


class ApplicantReopened(Event):
    """An applicant whom the registry had confirmed, refused or shown back is checked again, mostly with corrected data.

    Until the next answer the one before does not count.
    """

    TYPE: ClassVar[str] = "paspor.identity.applicant.reopened.v1"
    account_id: str
    applicant_id: str


class ChildCameOfAge(Event):
    """Somebody who was added as a child is 17 or married: their guardian does not act for them any more.

    Told once, within a month of that day, so that its time tells the month of the birthday at most.
    """

    TYPE: ClassVar[str] = "paspor.identity.applicant.came_of_age.v1"
    account_id: str
    applicant_id: str


class ParticularsCorrected(Event):
    """An officer corrected a confirmed applicant, the original in hand; the card follows sealed.

    ``fields`` name what was corrected, never a value.
    """

    TYPE: ClassVar[str] = "paspor.identity.applicant.particulars_corrected.v1"
    account_id: str
    applicant_id: str
    person_id: str
    office_id: str
    fields: tuple[str, ...]


class Consent(StrEnum):
    """By what a person agreed to be assisted."""

    CODE = "code"
    """They told the code that was sent to their telephone or email address."""
    LETTER = "letter"
    """The QR code on their letter was scanned."""
    ORIGINAL = "original"
    """Without a telephone: their identity card was seen, for a recorded reason."""


class AssistanceBegun(Event):
    """A person agreed that this officer acts for them, at this office and until ``expires_at``."""

    TYPE: ClassVar[str] = "paspor.identity.assistance.begun.v1"
    assistance_id: str
    account_id: str
    officer_id: str
    office_id: str
    consent: Annotated[str, Coded(Consent)]
    """A :class:`Consent`."""
    person_ids: tuple[str, ...] = ()
    """Whom it covers; empty: everybody whom the account speaks for."""
    begun_at: datetime
    expires_at: datetime
    joined_account_ids: tuple[str, ...] = ()
    """Accounts that were joined into this one: it covers what is theirs."""


class AssistanceEnded(Event):
    """An assistance counts no more: its time is over, somebody ended it, or its officer left that post."""

    TYPE: ClassVar[str] = "paspor.identity.assistance.ended.v1"
    assistance_id: str
    account_id: str
    officer_id: str
    office_id: str
    cause: Annotated[str, Coded(AssistanceEnd)]
    """An :class:`~shared.events.codes.AssistanceEnd`."""


class AccountSilent(Event):
    """An account was not used for two years: at ``closes_at`` it begins to close, unless somebody signs in."""

    TYPE: ClassVar[str] = "paspor.identity.account.silent.v1"
    account_id: str
    closes_at: datetime


class LeavingAsked(Event):
    """Applicants, or a whole account, are to be erased: services say what stands against it.

    Told when the owner has proven every address, and once more when the time to undo is over (``asking`` 2). From the
    first one on nothing new begins for the named applicants, until `LeavingEnded`.
    """

    TYPE: ClassVar[str] = "paspor.identity.leaving.asked.v1"
    leaving_id: str
    account_id: str
    applicant_ids: tuple[str, ...]
    person_ids: tuple[str, ...]
    """Of those of them whom the civil registry has confirmed."""
    whole_account: bool
    joined_account_ids: tuple[str, ...] = ()
    """Accounts that were joined into this one: what is theirs counts as well."""
    asking: int = 1


class LeavingEnded(Event):
    """Nothing is erased: a service objected, or somebody undid it. What was held back may begin again."""

    TYPE: ClassVar[str] = "paspor.identity.leaving.ended.v1"
    leaving_id: str
    account_id: str
    end: Annotated[str, Coded(LeavingEnd)]
    """A :class:`~shared.events.codes.LeavingEnd`."""
    objections: Annotated[tuple[str, ...], Coded(LeavingObjection)] = ()
    """Each a :class:`~shared.events.codes.LeavingObjection`."""
    by_silence: bool = False
    """The account was silent: its owner asked for nothing."""


class ConsentsChanged(Event):
    """An account gave or withdrew a consent. ``stopped_purposes`` are the free ones that data may not be used for now.

    Purposes are codes of the privacy notice; the newest version of the account's consents counts.
    """

    TYPE: ClassVar[str] = "paspor.identity.consents.changed.v1"
    account_id: str
    purpose: str
    notice_version: int
    is_given: bool
    stopped_purposes: tuple[str, ...]


class DataExportAsked(Event):
    """The holder of an account proved its addresses and asks for all data of these accounts, applicants, applications.

    Each service sends its part as `KeepExportPart`, sealed to ``public_key``: a key of this export alone, whose private
    half is destroyed at ``ends_at``. ``session_id`` is the only one that may download.
    """

    TYPE: ClassVar[str] = "paspor.identity.data_export.asked.v1"
    export_id: str
    account_id: str
    account_ids: tuple[str, ...]
    """The account and those that were joined into it."""
    applicant_ids: tuple[str, ...]
    application_ids: tuple[str, ...]
    session_id: str
    public_key: str
    """Base64 of an X25519 public key."""
    ends_at: datetime


class DataExportReady(Event):
    """An export can be downloaded until ``ends_at``; ``missing`` names services that have not answered yet."""

    TYPE: ClassVar[str] = "paspor.identity.data_export.ready.v1"
    export_id: str
    account_id: str
    missing: tuple[str, ...]
    ends_at: datetime


class KeepExportPart(Command):
    """Keep one piece of a service's part of an export; the box is bound (``aad``) to export, service and place.

    All pieces of a part, in their order, are one packed JSON with ``data`` and ``schema``.
    """

    TYPE: ClassVar[str] = "paspor.identity.command.keep_export_part.v1"
    RECIPIENT: ClassVar[str] = "identity"
    export_id: str
    service: str
    piece: int
    pieces: int
    sealed: str


class SessionEnded(Event):
    """A session ended before its time: signed out, pushed out by newer ones, or ended by whoever administers it.

    No access token of it counts for sensitive acts any more; the last of them is over at ``tokens_until``.
    """

    TYPE: ClassVar[str] = "paspor.identity.session.ended.v1"
    account_id: str
    """Of the applicant or the member of staff whose session it was."""
    session_id: str
    tokens_until: datetime


class IdentityDataRead(DataRead):
    """A member of staff read what identity keeps of a person: of a NIK or a correction."""

    TYPE: ClassVar[str] = "paspor.identity.personal_data.read.v1"


class PersonalDataBreached(Event):
    """Data of this account's persons got to where they must not be; two operators agreed that they are told so."""

    TYPE: ClassVar[str] = "paspor.identity.personal_data.breached.v1"
    breach_id: str
    account_id: str
    cause: Annotated[str, Coded(BreachCause)]
    """A :class:`~shared.events.codes.BreachCause`."""
    kinds: Annotated[tuple[str, ...], Coded(PersonalData)]
    """Each a :class:`~shared.events.codes.PersonalData`."""
    measures: Annotated[tuple[str, ...], Coded(BreachMeasure)]
    """Each a :class:`~shared.events.codes.BreachMeasure`."""
    found_at: datetime
    begun_at: datetime | None = None
    ended_at: datetime | None = None


class ErasureOrdered(Event):
    """A person leaves and the grace time is over: every service erases what identifies them, and says when it is done.

    It is about these applicants and persons of the account, or with ``whole_account`` about all that is the account's;
    and about what lies under accounts that were joined into it.
    """

    TYPE: ClassVar[str] = "paspor.identity.erasure.ordered.v1"
    erasure_id: str
    account_id: str
    applicant_ids: tuple[str, ...] = ()
    person_ids: tuple[str, ...] = ()
    """Persons for whom no other account speaks: what is known of them anywhere goes."""
    whole_account: bool
    joined_account_ids: tuple[str, ...] = ()
    shared_person_ids: tuple[str, ...] = ()
    """Persons behind the applicants for whom another account speaks too: what is of this account about them goes."""


class LegalHoldPlaced(Event):
    """Two operators hold the data about these ids: no rule and no order erases them while the hold stands."""

    TYPE: ClassVar[str] = "paspor.identity.legal_hold.placed.v1"
    hold_id: str
    subjects: tuple[str, ...]
    """Ids of an account, its applicants and persons, or of an application."""
    until: datetime


class LegalHoldLifted(Event):
    """A legal hold was lifted before its time: what it held goes the way of its rules and orders again."""

    TYPE: ClassVar[str] = "paspor.identity.legal_hold.lifted.v1"
    hold_id: str


class IdentityErasureDone(Event):
    """Identity erased what an order names. ``kept`` are coded reasons of what it still keeps: ``legal_hold``,
    ``in_use`` or the name of a retention rule; told again when they change, and empty once nothing is kept.
    """

    TYPE: ClassVar[str] = "paspor.identity.erasure.done.v1"
    erasure_id: str
    service: str
    kept: tuple[str, ...] = ()
