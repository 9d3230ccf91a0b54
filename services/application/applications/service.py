"""Applications as every use case reads, changes and shows them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from services.application.applications.applicant import IdentityCard
from services.application.applications.application import Application, Decide, with_end
from services.application.applications.errors import ApplicationEnded, PersonAppliesElsewhere, StepComesFirst
from services.application.applications.next_step import Progress, Step, application_progress, first_missing
from services.application.applications.repository import APPLICATION, SUBMITTED_PERSON, Repository
from services.application.applications.vault import Vault
from services.application.context import Actor, UseCaseContext
from services.application.requirements.requirement import (
    Listed,
    RuleSet,
    checklist,
    day_at_capital,
    facts_of,
    missing,
)
from shared.errors import NotFound
from shared.files.port import FileMeta
from shared.projections import wait_until_known
from shared.store.change import change
from shared.store.decision import Decision
from shared.store.keyed_lock import KeyedLock
from shared.store.kinds import Record
from shared.store.port import AlreadyExists

T = TypeVar("T")


@dataclass(frozen=True)
class Seen:
    """An application with what follows from it at this moment."""

    application_id: str
    application: Application
    items: tuple[Listed, ...]
    progress: Progress
    for_staff: bool = False


class Applications:
    """Loads, decides and saves applications, and tells what follows from them."""

    def __init__(self, context: UseCaseContext, rules: RuleSet) -> None:
        self._context = context
        self._locks = KeyedLock()
        self.rules = rules
        self.repository = Repository(context.store)
        self.vault = Vault(context.settings, context.person_keys)

    @property
    def context(self) -> UseCaseContext:
        """Return the context, for the rooms above that keep records of their own."""
        return self._context

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
        """Load, decide and save as :func:`shared.store.change.change` does; refuses with ``NotFound``, and with
        ``PersonAppliesElsewhere`` where another account has submitted for the same person.

        Facts about one application come by the handful: within this process its writers take turns.
        """
        store, clock = self._context.store, self._context.clock

        def decide_with_end(application: Application) -> Decision[Application] | None:
            decision = decide(application)
            return with_end(decision, clock.now()) if decision is not None else None

        try:
            async with self._locks.hold(application_id):
                return await change(store, clock, APPLICATION, application_id, decide_with_end, received=received)
        except AlreadyExists as taken:
            if taken.index == SUBMITTED_PERSON:
                raise PersonAppliesElsewhere from None
            raise

    async def change_documents(
        self, application_id: str, decide: Decide, *, received: str | None = None
    ) -> Record[Application]:
        """As `change`; files that the application no longer refers to are removed after the write."""
        before: list[Application] = []

        def remembering(application: Application) -> Decision[Application] | None:
            before[:] = [application]
            return decide(application)

        record = await self.change(application_id, remembering, received=received)
        for state in before:
            await self.drop_files(state, record.state)
        return record

    async def wait_until_known(self, find: Callable[[], Awaitable[T | None]]) -> T | None:
        """Return what ``find`` finds, waiting a moment for a fact that is on its way; None if it does not arrive."""
        return await wait_until_known(find, self._context.clock)

    async def card(self, applicant_id: str) -> IdentityCard:
        """Return the applicant's identity card; refuses with ``NotFound``."""
        record = await self.repository.applicant(applicant_id)
        if record is None:
            raise NotFound
        return await self.vault.card(applicant_id, record.state)

    async def seal_note(self, note: str, application_id: str) -> str:
        """Return the stored form of an officer's free text about the applicant; refuses with ``NotFound``."""
        record = await self.application(application_id)
        return await self.vault.seal_note(note, application_id, record.state.applicant_id)

    def items(self, application: Application) -> tuple[Listed, ...]:
        """The application's list, of the day of its submission or else of today; empty before the questionnaire."""
        if application.answers is None:
            return ()
        on = day_at_capital(application.submitted_at or self._context.now())
        return checklist(self.rules, facts_of(application.answers, minor=application.minor), on)

    def documents_complete(self, application: Application) -> bool:
        """Whether every compulsory item is there, and no listed item has a gap between its pages."""
        is_lacking = missing(self.items(application), application.present()) or self.missing_pages(application)
        return application.answers is not None and not is_lacking

    def missing_pages(self, application: Application) -> dict[str, tuple[int, ...]]:
        """Return the pages that are missing of items that are listed and partly there, by item."""
        listed = {item.code for item in self.items(application)}
        return {code: pages for code, pages in application.missing_pages().items() if code in listed}

    def refuse_early(self, application: Application, wanted: Step) -> None:
        """Nothing if the step's turn has come; else ``StepComesFirst`` with the one that is missing."""
        if not application.live:
            raise ApplicationEnded(state=application.status.value)
        first = first_missing(application, wanted, documents_complete=self.documents_complete(application))
        if first is not None:
            raise StepComesFirst(first)

    def seen(self, record: Record[Application], who: Actor | None = None) -> Seen:
        """Return the application with its list of documents and its progress."""
        return Seen(
            record.id,
            record.state,
            self.items(record.state),
            application_progress(record.state, documents_complete=self.documents_complete(record.state)),
            for_staff=who is not None and who.is_staff,
        )

    async def keep_file(self, content: bytes, media_type: str, applicant_id: str) -> str:
        """Store bytes about an applicant as a new file and give its id; until something refers to it the sweeper may
        take it.
        """
        file_id = self._context.ids.new()
        meta = FileMeta(content_type=media_type, total_bytes=len(content), subject_id=applicant_id)
        await self._context.files.put(file_id, meta, content)
        return file_id

    async def drop_files(self, before: Application, after: Application) -> None:
        """Remove the files that are no longer referred to; what fails here the sweeper removes."""
        with suppress(Exception):
            for file_id in set(before.file_ids) - set(after.file_ids):
                await self._context.files.delete(file_id)

    def read_file(self, file_id: str) -> AsyncIterator[bytes]:
        """The bytes of a file."""
        return self._context.files.read(file_id)
