"""Passports as their holders and guardians see them: shown, reported, and passed on at the 17th birthday.

A guardian's account has a child's book until that day. The rule is applied when somebody looks, by the birth date on
the sealed card, so that nothing in the open tells the day; the news of it follows identity's, spread over a month.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from typing import Final

from services.application.applications.access import refuse_uncovered
from services.application.applications.applicant import Applicant
from services.application.applications.service import Applications
from services.application.context import Actor, UseCaseContext
from services.application.passports.errors import (
    PassportNotInHand,
    PassportNumberDiffers,
    PassportOfGrownChild,
    ReplacementUnderWay,
)
from services.application.passports.passport import Passport, passed_on, passed_to_holder, report_undone, reported
from services.application.passports.recording import PassportRecords
from services.application.requirements.answers import is_minor
from services.application.requirements.requirement import day_at_capital
from shared.assistance import AssistanceNeeded
from shared.errors import NotFound
from shared.events.application import ApplicationRefused, PassportCollected, PassportPrinted
from shared.events.codes import ApplicationReason, PassportReport
from shared.events.envelope import Envelope
from shared.person_keys.errors import PersonErased
from shared.store.decision import Decision
from shared.store.kinds import Record
from shared.store.transitions import IllegalTransition

REPORTED_REASONS: Final = frozenset({ApplicationReason.LOST, ApplicationReason.DAMAGED})
"""Reasons of replacements that follow a report."""


@dataclass(frozen=True)
class PassportSeen:
    """A passport as it is shown: with the last digits of its number, and what they follow from today."""

    passport_id: str
    passport: Passport
    number_end: str = field(repr=False)
    on: date


class Passports:
    """The use cases around passports that were printed or recorded."""

    def __init__(self, context: UseCaseContext, applications: Applications, records: PassportRecords) -> None:
        self._context = context
        self._applications = applications
        self._records = records

    async def list_own(self, who: Actor) -> list[PassportSeen]:
        """Return the passports of the account: its own and those of its children, the newest first; of those that an
        assistance covers, for officers.

        Raises:
            AssistanceNeeded: an officer names no account.
        """
        _refuse_unassisted(who)
        assistance = who.assistance
        found = [
            record
            for record in await self.owned_by(who.for_accounts)
            if assistance is None or assistance.copy.covers(record.state.person_id)
        ]
        found.sort(key=lambda record: (record.state.book.issued_on, record.id), reverse=True)
        return await self.seen(found)

    async def owned_by(self, account_ids: tuple[str, ...]) -> list[Record[Passport]]:
        """Return the passports of accounts that were joined: their own, their children's, and those passed to them."""
        had = await self._records.repository.of_accounts(account_ids)
        found = [
            record
            for record in had
            if await self._is_spoken_for(record.state) and not await self._is_grown_childs(record.state)
        ]
        return found + await self._passed_on_to(account_ids)

    async def number_of(self, record: Record[Passport]) -> str | None:
        """Return the whole number, for a copy of one's own data; None where it was erased meanwhile."""
        try:
            return await self._records.vault.number(record.id, record.state)
        except PersonErased:
            return None

    async def get_passport(self, passport_id: str, who: Actor) -> PassportSeen:
        """Return a passport of the account.

        Raises:
            NotFound: it is another account's. PassportOfGrownChild: its holder has come of age.
            AssistanceNeeded, AssistanceOfAnother: the officer has no consent of this person.
        """
        return await self.seen_one(await self.visible(passport_id, who))

    async def report(self, passport_id: str, report: PassportReport, who: Actor, command_id: str) -> PassportSeen:
        """Report a passport as lost or damaged, which blocks it; again is no error.

        Raises:
            NotFound, PassportOfGrownChild, AssistanceNeeded, AssistanceOfAnother: as `get_passport`.
            PassportNotInHand: it was not handed out, or is replaced.
        """
        known = await self.visible(passport_id, who)
        await self._give_to_holder(known.state.person_id)  # the news of it is theirs
        now = self._context.now()

        def decide(passport: Passport) -> Decision[Passport] | None:
            try:
                return reported(passport_id, passport, report, who.account_id, now)
            except IllegalTransition:
                raise PassportNotInHand(state=passport.state.value) from None

        record = await self._records.repository.change(passport_id, decide, received=command_id)
        return await self.seen_one(record)

    async def undo_report(self, passport_id: str, number: str, command_id: str) -> PassportSeen:
        """Undo a report, by an officer who types the number off the book; again is no error.

        Raises:
            NotFound. PassportNumberDiffers: it is another book's number. PassportNotInHand: it is replaced.
            ReplacementUnderWay: the holder applies for another one because of the report, and may owe a penalty.
        """
        known = await self._records.repository.existing(passport_id)
        if set(self._records.vault.prints_of(number)).isdisjoint(known.state.fingerprints):
            raise PassportNumberDiffers(field="/number")
        await self._refuse_replaced_for_report(known.state)

        def decide(passport: Passport) -> Decision[Passport] | None:
            try:
                return report_undone(passport_id, passport)
            except IllegalTransition:
                raise PassportNotInHand(state=passport.state.value) from None

        record = await self._records.repository.change(passport_id, decide, received=command_id)
        return await self.seen_one(record)

    async def _refuse_replaced_for_report(self, passport: Passport) -> None:
        live = await self._applications.repository.live_application_of(passport.applicant_id)
        answers = live.state.answers if live is not None else None
        if live is not None and answers is not None and answers.reason in REPORTED_REASONS:
            raise ReplacementUnderWay(application_id=live.id)

    async def visible(self, passport_id: str, who: Actor) -> Record[Passport]:
        """Return a passport that this actor deals with for their account, or for the one that they assist.

        Raises:
            NotFound, PassportOfGrownChild, AssistanceNeeded, AssistanceOfAnother: as `get_passport`.
        """
        _refuse_unassisted(who)
        record = await self._records.repository.existing(passport_id)
        if record.state.account_id not in who.for_accounts:
            passed = {known.id: known for known in await self._passed_on_to(who.for_accounts)}
            if passport_id not in passed:
                raise NotFound
            record = passed[passport_id]
        elif not await self._is_spoken_for(record.state):
            raise NotFound
        elif await self._is_grown_childs(record.state):
            raise PassportOfGrownChild
        refuse_uncovered(record.state.person_id, who)
        return record

    async def seen(self, records: list[Record[Passport]]) -> list[PassportSeen]:
        """Return passports as they are shown; those whose number was erased meanwhile are missing."""
        on = day_at_capital(self._context.now())
        ends = await self._records.vault.number_ends(records)
        return [PassportSeen(record.id, record.state, ends[record.id], on) for record in records if record.id in ends]

    async def seen_one(self, record: Record[Passport]) -> PassportSeen:
        """Return a passport as it is shown; refuses with ``NotFound`` where it was erased meanwhile."""
        found = await self.seen([record])
        if not found:
            raise NotFound
        return found[0]

    # a child comes of age

    async def pass_on(self, applicant_id: str) -> None:
        """Tell the guardian's account that a grown child's passports are no longer shown there, and give them to the
        account that their holder has; nothing where there is none.
        """
        applicant = await self._applications.repository.applicant(applicant_id)
        if applicant is None or not applicant.state.came_of_age:
            return
        now = self._context.now()
        for record in await self._records.repository.of_accounts((applicant.state.account_id,)):
            if record.state.applicant_id == applicant_id:
                await self._records.repository.change(record.id, partial(passed_on, record.id, now=now))
        await self._give_to_holder(applicant.state.person_id)

    async def meet_holder(self, applicant_id: str) -> None:
        """Give a grown child the passports that their guardian's account had, now that they are confirmed in an account
        of their own.
        """
        applicant = await self._applications.repository.applicant(applicant_id)
        if applicant is not None and _is_of_themselves(applicant.state):
            await self._give_to_holder(applicant.state.person_id)

    async def follow(
        self, event: PassportPrinted | PassportCollected | ApplicationRefused, _envelope: Envelope
    ) -> None:
        """Bring the passport of the event's application in step with it; a grown child's is its holder's at once."""
        record = await self._records.follow(event)
        if record is not None and record.state.of_child:
            await self.pass_on(record.state.applicant_id)

    async def _give_to_holder(self, person_id: str) -> None:
        if not person_id:
            return
        holders = await self._holders(person_id)
        if len(holders) != 1:
            return  # no account is known, or two say that they are: an officer settles whose it is
        holder, now = holders[0], self._context.now()
        account_id = holder.state.account_id
        for record in await self._records.repository.of_person(person_id):
            if await self._is_grown_childs(record.state):
                give = partial(passed_to_holder, record.id, account_id=account_id, applicant_id=holder.id, now=now)
                await self._records.repository.change(record.id, give)

    # who sees what

    async def _is_spoken_for(self, passport: Passport) -> bool:
        """Return whether the account still has the applicant."""
        return await self._applications.repository.applicant(passport.applicant_id) is not None

    async def _is_grown_childs(self, passport: Passport) -> bool:
        return passport.of_child and await self._has_come_of_age(passport)

    async def _has_come_of_age(self, passport: Passport) -> bool:
        applicant = await self._applications.repository.applicant(passport.applicant_id)
        if applicant is None or applicant.state.came_of_age or applicant.state.card_sealed is None:
            return True  # the guardian speaks for them no more
        try:
            card = await self._applications.vault.card(passport.applicant_id, applicant.state)
        except PersonErased:
            return True
        return not is_minor(card.birth_date, day_at_capital(self._context.now()), married=False)

    async def _passed_on_to(self, account_ids: tuple[str, ...]) -> list[Record[Passport]]:
        """Return the books of grown children whose holder is the one whom the account is of."""
        found = []
        for applicant in await self._applications.repository.applicants_of(account_ids):
            if not _is_of_themselves(applicant.state):
                continue
            holders = await self._holders(applicant.state.person_id)
            if any(holder.state.account_id not in account_ids for holder in holders):
                continue
            for record in await self._records.repository.of_person(applicant.state.person_id):
                is_elsewhere = record.state.account_id not in account_ids
                if is_elsewhere and await self._is_grown_childs(record.state):
                    own = replace(record.state, account_id=applicant.state.account_id, applicant_id=applicant.id)
                    found.append(replace(record, state=own))
        return found

    async def _holders(self, person_id: str) -> list[Record[Applicant]]:
        found = await self._applications.repository.applicants_for(person_id)
        return [record for record in found if _is_of_themselves(record.state)]


def _is_of_themselves(applicant: Applicant) -> bool:
    is_confirmed = applicant.confirmed_version > 0 and bool(applicant.person_id)
    return is_confirmed and applicant.guardian_applicant_id is None


def _refuse_unassisted(who: Actor) -> None:
    if who.is_staff and who.on_behalf_of is None:
        raise AssistanceNeeded
