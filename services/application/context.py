"""What every use case stands on: the platform's parts, the rules, the vault; who asks and what they may."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

from services.application import errors
from services.application.applications.application import Actor, Application, Decide, Decision, Entry, noted
from services.application.applications.next_step import CAPITAL_ZONE, Standing, Step, first_missing, standing
from services.application.applications.repository import Applicant, Repository
from services.application.config import Settings
from services.application.ports import IdentityCard
from services.application.requirements.requirement import Listed, RuleSet, checklist, facts_of, missing
from shared.assistance import Assistance, AssistanceNeeded, Assistances
from shared.clock import Clock
from shared.crypto.fields import FieldCipher
from shared.crypto.sealed import SealedBox, Unsealer
from shared.errors import NotFound
from shared.facts import once_known
from shared.files.port import FileMeta, FileStore
from shared.ids import Ids
from shared.service import Platform
from shared.store.kinds import Record
from shared.store.retry import again
from shared.store.turns import Turns
from shared.tokens import Caller, Role

OFFICE_ROLES: Final = frozenset({Role.FRONT_OFFICER, Role.INTERVIEWER, Role.OFFICE_ADMIN})
_CARD: Final = "card"
_PASSPORT_NUMBER: Final = "passport_number"
_NOTE: Final = "interview_note"

T = TypeVar("T")


@dataclass(frozen=True)
class Who:
    """Who asks, and for staff at the counter for whose account."""

    account_id: str
    role: Role
    office_id: str | None = None
    on_behalf_of: str | None = None
    assistance: Assistance | None = None
    """The live assistance by which somebody is acted for; without one nobody is."""

    @classmethod
    def of(cls, caller: Caller, assistance: Assistance | None = None) -> Who:
        """The caller of a request, and the assistance with which they act for its account."""
        account_id = assistance.copy.account_id if assistance is not None else None
        return cls(caller.account_id, caller.role, caller.office_id, account_id, assistance)

    @property
    def is_staff(self) -> bool:
        """Whether an officer asks."""
        return self.role is not Role.APPLICANT

    @property
    def for_account(self) -> str:
        """The account that is spoken for."""
        return self.on_behalf_of or self.account_id

    @property
    def actor(self) -> Actor:
        """As the timeline names them."""
        return Actor(self.role.value, self.account_id)


@dataclass(frozen=True)
class Seen:
    """An application with what follows from it at this moment."""

    application_id: str
    application: Application
    items: tuple[Listed, ...]
    standing: Standing
    for_staff: bool = False


class Vault:
    """The only place where an applicant's data exist in the open for longer than a function call."""

    def __init__(self, settings: Settings) -> None:
        self._cipher = FieldCipher(settings.master_keyring())
        self._unsealer = Unsealer.parse(settings.sealing_private_keys.get_secret_value())
        self._notification = SealedBox.for_recipient(settings.notification_sealing_public_key)

    def open_box(self, sealed: str, applicant_id: str) -> str:
        """What identity sealed for us, as it will be stored: encrypted for this applicant."""
        card = json.dumps(self._unsealer.open_json(sealed, applicant_id), ensure_ascii=False, sort_keys=True)
        return self._cipher.seal(card, owner_id=applicant_id, field=_CARD)

    def card(self, applicant_id: str, applicant: Applicant) -> IdentityCard:
        """Who the applicant is."""
        if applicant.card_sealed is None:
            raise NotFound
        card = json.loads(self._cipher.open(applicant.card_sealed, owner_id=applicant_id, field=_CARD))
        return IdentityCard(
            full_name=card["full_name"],
            nik=card["nik"],
            birth_place=card["birth_place"],
            birth_date=date.fromisoformat(card["birth_date"]),
            sex=card["sex"],
        )

    def seal_passport_number(self, number: str, application_id: str) -> str:
        """The stored form of a passport's number."""
        return self._cipher.seal(number, owner_id=application_id, field=_PASSPORT_NUMBER)

    def seal_note(self, note: str, application_id: str) -> str:
        """The stored form of an interviewer's free text."""
        return self._cipher.seal(note, owner_id=application_id, field=_NOTE)

    def box_for_notification(self, content: dict[str, str], bound_to: str) -> str:
        """A box that only notification opens."""
        return self._notification.seal(content, bound_to)


@dataclass(frozen=True)
class Desk:
    """The parts that use cases share."""

    repository: Repository
    files: FileStore
    clock: Clock
    ids: Ids
    settings: Settings
    rules: RuleSet
    vault: Vault
    assistances: Assistances
    turns: Turns = field(default_factory=Turns)

    @classmethod
    def of(cls, settings: Settings, platform: Platform, rules: RuleSet) -> Desk:
        """The desk on a platform."""
        return cls(
            Repository(platform.store),
            platform.files,
            platform.clock,
            platform.ids,
            settings,
            rules,
            Vault(settings),
            Assistances(platform.store, platform.clock),
        )

    def now(self) -> datetime:
        """The time."""
        return self.clock.now()

    async def application(self, application_id: str) -> Record[Application]:
        """The application; refuses with ``NotFound``."""
        record = await self.repository.application(application_id)
        if record is None:
            raise NotFound
        return record

    async def change(
        self,
        application_id: str,
        decide: Decide,
        *,
        received: str | None = None,
    ) -> Record[Application]:
        """Load, decide, save, again while others are faster. What was received before, or decides on nothing new,
        writes nothing. Facts about one application come by the handful: in this process they take turns.
        """

        async def attempt() -> Record[Application]:
            record = await self.application(application_id)
            if record.has_received(received):
                return record
            decision = decide(record.state)
            if decision is None or (decision.state == record.state and not decision.events):
                return record
            return await self.repository.save_application(record, decision.state, self.now(), decision.events, received)

        async with self.turns.of(application_id):
            return await again(attempt)

    async def once_known(self, look: Callable[[], Awaitable[T | None]]) -> T | None:
        """What ``look`` finds, waiting a moment for a fact that is on its way; None if it did not arrive."""
        return await once_known(look, self.clock)

    async def card(self, applicant_id: str) -> IdentityCard:
        """Who the applicant is; refuses with ``NotFound``."""
        record = await self.repository.applicant(applicant_id)
        if record is None:
            raise NotFound
        return self.vault.card(applicant_id, record.state)

    def items(self, application: Application) -> tuple[Listed, ...]:
        """The application's list, of the day of its submission or else of today; empty before the questionnaire."""
        if application.answers is None:
            return ()
        on = day_at_capital(application.submitted_at or self.now())
        return checklist(self.rules, facts_of(application.answers, minor=application.minor), on)

    def documents_complete(self, application: Application) -> bool:
        """Whether every compulsory item is there."""
        return application.answers is not None and not missing(self.items(application), application.present())

    def refuse_early(self, application: Application, wanted: Step) -> None:
        """Nothing if the step's turn has come; else ``StepComesFirst`` with the one that is missing."""
        if not application.live:
            raise errors.ApplicationEnded(state=application.status.value)
        first = first_missing(application, wanted, documents_complete=self.documents_complete(application))
        if first is not None:
            raise errors.StepComesFirst(first)

    def seen(self, record: Record[Application], who: Who | None = None) -> Seen:
        """The application with its list and where it stands."""
        return Seen(
            record.id,
            record.state,
            self.items(record.state),
            standing(record.state, documents_complete=self.documents_complete(record.state)),
            for_staff=who is not None and who.is_staff,
        )

    async def keep_file(self, content: bytes, media_type: str) -> str:
        """Store bytes as a new file and give its id; until something refers to it the sweeper may take it."""
        file_id = self.ids.new()
        await self.files.put(file_id, FileMeta(content_type=media_type, total_bytes=len(content)), content)
        return file_id

    async def drop_files(self, before: Application, after: Application) -> None:
        """Remove the files that are no longer referred to; what fails here the sweeper removes."""
        with suppress(Exception):
            for file_id in set(before.file_ids) - set(after.file_ids):
                await self.files.delete(file_id)

    def read_file(self, file_id: str) -> AsyncIterator[bytes]:
        """The bytes of a file."""
        return self.files.read(file_id)


def day_at_capital(moment: datetime) -> date:
    """The day in Jakarta: rules change at its midnight."""
    return moment.astimezone(ZoneInfo(CAPITAL_ZONE)).date()


def told(
    application: Application, entry_id: str, at: datetime, what: str, actor: Actor, detail: str | None = None
) -> Application:
    """The application with a line in its timeline."""
    return noted(application, Entry(entry_id, at, what, actor.who, actor.by, detail))


def with_line(
    decision: Decision, entry_id: str, at: datetime, what: str, actor: Actor, detail: str | None = None
) -> Decision:
    """The decision with a line in its timeline."""
    return replace(decision, state=told(decision.state, entry_id, at, what, actor, detail))


def refuse_strangers(application: Application, who: Who) -> None:
    """Nothing for the owner, for an officer whose assistance covers the application, and for staff of the office.

    Refuses other applicants with ``NotFound``, other staff with ``NotYourOffice``, an assistance for somebody else
    with ``NotFound`` or, for another person of the same account, with ``AssistanceOfAnother``.
    """
    if not who.is_staff:
        if application.account_id != who.account_id:
            raise NotFound
        return
    if who.on_behalf_of is not None:
        if application.account_id != who.on_behalf_of:
            raise NotFound
        refuse_uncovered(application.person_id, who)
        return
    refuse_other_offices(application, who)


def refuse_unassisted(application: Application, who: Who) -> None:
    """Nothing for the owner and for an officer whose assistance covers the application.

    For what is the applicant's own to do or to have: the office's work on the day gives no right to it. Refuses other
    officers as :func:`refuse_strangers` does, those of the office itself with ``AssistanceNeeded``.
    """
    refuse_strangers(application, who)
    if who.is_staff and who.on_behalf_of is None:
        raise AssistanceNeeded


def refuse_uncovered(person_id: str, who: Who) -> None:
    """Nothing unless staff act for somebody without an assistance, or with one that does not cover this person."""
    if who.on_behalf_of is None:
        return
    if who.assistance is None:
        raise AssistanceNeeded
    who.assistance.refuse_uncovered(person_id)


def refuse_other_offices(application: Application, who: Who) -> None:
    """Nothing for staff of the appointment's office, or of the one that assists while there is no appointment."""
    office_id = application.office_id or application.assisting_office_id
    if who.role not in OFFICE_ROLES or office_id is None or office_id != who.office_id:
        raise errors.NotYourOffice
