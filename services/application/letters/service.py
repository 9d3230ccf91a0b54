"""The cover letter of a certain visit: made once, kept, sent by email, downloaded as often as wanted."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from services.application.alerts import LETTER_NOT_MADE, alert
from services.application.applications.access import refuse_other_offices, refuse_unassisted
from services.application.applications.application import Application, Author, Letter
from services.application.applications.next_step import Step
from services.application.applications.service import Applications, Seen
from services.application.applications.timeline import add_to_timeline, author_of, with_line
from services.application.applications.visit import BillState, Seat
from services.application.context import Actor, UseCaseContext
from services.application.letters.errors import LetterNotMade
from services.application.letters.ports import LetterContent, LetterWriter
from services.application.letters.transitions import letter_again, letter_failed, lettered
from services.application.texts import Text
from shared.errors import NotFound, NotKnownYet, Unavailable
from shared.events.codes import BillPurpose
from shared.events.notification import SendLetter
from shared.store.decision import Decision
from shared.store.kinds import Record
from shared.typesetting.typesetter import NotTypeset

PDF = "application/pdf"
LARGEST_LETTER_BYTES = 200_000
"""It travels in a message, as text and sealed."""

LETTER_OF_AUTHORITY = "letter_of_authority"
OTHER_FORMS = {LETTER_OF_AUTHORITY: "Surat Kuasa Pengambilan Paspor"}
"""Forms beside those of the list of requirements, with their titles."""

SYSTEM = Author("application")

BILL_WORDS: Final[Mapping[str, Text]] = {
    BillPurpose.FEE: Text("Passport fee", "Biaya paspor"),
    BillPurpose.TOP_UP: Text("Difference after a correction", "Kekurangan biaya setelah perbaikan"),
    BillPurpose.PENALTY: Text("Charge for a lost or damaged book", "Biaya beban paspor hilang atau rusak"),
    BillPurpose.SAME_DAY: Text("Same-day service", "Biaya layanan percepatan"),
}


class LetterTooLarge(Exception):
    """A letter of this size does not fit into a message: a fault of its template."""


class Letters:
    """The use cases of letters and forms."""

    def __init__(self, context: UseCaseContext, applications: Applications, writer: LetterWriter) -> None:
        self._context = context
        self._applications = applications
        self._writer = writer

    async def write_due(self, record: Record[Application], _name: str) -> None:
        """Write, keep and send the letter of the certain visit; without one nothing is due any more.

        One that cannot be typeset is given up after a few tries: the timeline says so, operators are told, and the
        office has it made again once the fault is mended (`make_again`). While there is no typesetter it stays due.
        """
        seat = record.state.visits.seat
        if seat is None or not seat.certain:
            await self._applications.change(record.id, lambda state: Decision(replace(state, letter_due_at=None)))
            return
        content = await self._content(record.state, seat)
        try:
            pdf = await self._writer.letter(content)
            if len(pdf) > LARGEST_LETTER_BYTES:
                raise LetterTooLarge(f"{len(pdf)} bytes")
        except Unavailable:
            raise
        except Exception as error:  # whatever the typesetter raises: its text may hold a name and is never shown
            problem = error.problem if isinstance(error, NotTypeset) else type(error).__name__
            await self._note_failure(record.id, seat.visit_key, problem)
            return
        file_id = await self._applications.keep_file(pdf, PDF, record.state.applicant_id)
        letter = Letter(seat.visit_key, file_id, self._context.now(), len(pdf))
        send = self._send(record.id, record.state, seat, pdf)
        await self._keep(record.id, letter, send, record.state.letter_due_at)

    async def read(self, application_id: str, who: Actor) -> tuple[str, AsyncIterator[bytes]]:
        """The letter's file name and bytes.

        It is the applicant's own: its QR code is a way of consent, so that the office has it with an assistance only.

        Raises:
            StepComesFirst: no visit is certain. NotKnownYet: the letter is being made.
            AssistanceNeeded: an officer of the office has no consent of this person.
            LetterNotMade: it cannot be made; the visit is certain all the same.
        """
        record = await self._applications.application(application_id)
        refuse_unassisted(record.state, who)
        if record.state.live and record.state.interview is None:
            self._applications.refuse_early(record.state, Step.COME)
        if _given_up(record.state):
            raise LetterNotMade
        letter = await self._applications.wait_until_known(lambda: self._current(application_id))
        if letter is None and record.state.interview is None:
            raise NotKnownYet("The letter is being made.", detail_id="Surat sedang dibuat.")
        if letter is None:
            raise NotFound
        return file_name(record.state), self._applications.read_file(letter.file_id)

    async def make_again(self, application_id: str, who: Actor, command_id: str) -> Seen:
        """The office has a letter made that was given up. One that is there, or under way, stays.

        Raises:
            NotYourOffice. StepComesFirst: no visit is certain.
        """
        record = await self._applications.application(application_id)
        refuse_other_offices(record.state, who)
        now = self._context.now()

        def decide(state: Application) -> Decision[Application] | None:
            self._applications.refuse_early(state, Step.COME)
            if not _given_up(state):
                return None
            again = letter_again(state, now)
            return Decision(
                add_to_timeline(again, f"letter_again:{command_id}", now, "letter_asked_again", author_of(who))
            )

        return self._applications.seen(
            await self._applications.change(application_id, decide, received=command_id), who
        )

    async def _note_failure(self, application_id: str, visit_key: str, problem: str) -> None:
        now = self._context.now()

        def decide(state: Application) -> Decision[Application] | None:
            seat = state.visits.seat
            if state.letter_due_at is None or seat is None or seat.visit_key != visit_key:
                return None
            after = letter_failed(state, visit_key, problem, now)
            if not _given_up(after):
                return Decision(after)
            return Decision(
                add_to_timeline(after, f"letter_not_made:{visit_key}:{now.isoformat()}", now, "letter_not_made", SYSTEM)
            )

        saved = (await self._applications.change(application_id, decide)).state
        trouble = saved.letter_trouble
        if trouble is not None and _given_up(saved):
            alert(LETTER_NOT_MADE, application_id=application_id, problem=trouble.problem, tries=trouble.tries)

    async def form(self, requirement: str) -> bytes:
        """The empty form of an item, in Indonesian, or the letter with which a person collects a passport.

        Raises:
            NotFound: there is none. Unavailable: the typesetter is busy, or was lost.
        """
        titles = {rule.code: rule.title.id for rule in self._applications.rules.requirements if rule.form}
        title = (titles | OTHER_FORMS).get(requirement)
        if title is None:
            raise NotFound
        try:
            return await self._writer.form(requirement, title)
        except NotTypeset:
            raise Unavailable from None

    async def _current(self, application_id: str) -> Letter | None:
        application = (await self._applications.application(application_id)).state
        letter, seat = application.letter, application.visits.seat
        if letter is None or (seat is not None and seat.visit_key != letter.visit_key):
            return None
        return letter

    async def _content(self, application: Application, seat: Seat) -> LetterContent:
        assert seat.starts_at is not None and seat.office_timezone is not None  # noqa: S101 - `certain` says so
        card = await self._applications.card(application.applicant_id)
        items = self._applications.items(application)
        bring = tuple(
            (item.requirement.title.id, item.requirement.title.en)
            for item in items
            if item.requirement.original_shown and (item.compulsory or item.code in application.present())
        )
        return LetterContent(
            full_name=card.full_name,
            number=application.number,
            office_name=seat.office_name or "",
            office_timezone=seat.office_timezone,
            starts_at=seat.starts_at,
            ends_at=seat.ends_at,
            queue_number=seat.queue_number or "",
            queue_code=seat.queue_code or "",
            bring=bring,
            made_at=self._context.now(),
            office_address=seat.office_address,
            office_telephone=seat.office_telephone,
            office_position=position_of(seat),
            paid=paid_for(application),
        )

    def _send(self, application_id: str, application: Application, seat: Seat, pdf: bytes) -> SendLetter:
        content = {"file_name": file_name(application), "content": base64.b64encode(pdf).decode()}
        return SendLetter(
            account_id=application.account_id,
            application_id=application_id,
            appointment_id=seat.appointment_id,
            sealed=self._applications.vault.box_for_notification(content, application_id),
        )

    async def _keep(self, application_id: str, letter: Letter, send: SendLetter, due_at: datetime | None) -> None:
        before: list[Application] = []

        def decide(application: Application) -> Decision[Application] | None:
            before[:] = [application]
            if application.letter_due_at is None or was_asked_again(due_at, application.letter_due_at):
                return None  # the next one says what holds now
            seat = application.visits.seat
            if seat is None or seat.visit_key != letter.visit_key:
                return None
            decision = lettered(application_id, application, letter)
            ready = with_line(decision, f"letter:{letter.visit_key}", letter.made_at, "letter_ready", SYSTEM)
            return replace(ready, events=(*ready.events, send))

        record = await self._applications.change(application_id, decide)
        if record.state.letter != letter:
            await self._context.files.delete(letter.file_id)
        for state in before:
            await self._applications.drop_files(state, record.state)


def was_asked_again(due_at: datetime | None, newest: datetime) -> bool:
    """Return whether the letter was asked for while it was being written: that one is not kept."""
    return newest != due_at


def _given_up(application: Application) -> bool:
    trouble = application.letter_trouble
    return trouble is not None and trouble.failed_at is not None and application.letter_due_at is None


def position_of(seat: Seat) -> tuple[float, float] | None:
    """Return the position of the visit's office, latitude and longitude."""
    if seat.office_latitude is None or seat.office_longitude is None:
        return None
    return seat.office_latitude, seat.office_longitude


def paid_for(application: Application) -> tuple[tuple[str, str, int], ...]:
    """Return what was paid for the application: words in Indonesian and English, and rupiah; 0 for a waived bill."""
    words = ((BILL_WORDS.get(bill.purpose, BILL_WORDS[BillPurpose.FEE]), bill) for bill in application.visits.bills)
    return tuple(
        (text.id, text.en, 0 if bill.state is BillState.WAIVED else bill.amount or 0)
        for text, bill in words
        if bill.state in (BillState.PAID, BillState.WAIVED)
    )


def file_name(application: Application) -> str:
    """Return the file name of the letter."""
    return f"surat-pengantar-{application.number}.pdf"
