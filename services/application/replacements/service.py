"""A replacement begun in one call: a draft whose answers are filled in from the book."""

from __future__ import annotations

from services.application.applications.service import Applications, Seen
from services.application.context import Actor, UseCaseContext
from services.application.drafts.errors import ApplicationAlreadyOpen
from services.application.drafts.person_facts import load_person_facts
from services.application.drafts.service import Drafting
from services.application.passports.errors import PassportNotInHand, ReplacementUnderWay
from services.application.passports.passport import IN_HAND, Passport
from services.application.passports.service import Passports
from services.application.replacements.errors import ReplacementNotDue
from services.application.replacements.prefilled import OpenReason, prefilled_answers, replacement_reason
from services.application.requirements.answers import Answers
from services.application.requirements.requirement import day_at_capital


class Replacements:
    """The use case of holders and guardians, alone or with an officer at the counter."""

    def __init__(
        self, context: UseCaseContext, applications: Applications, drafting: Drafting, passports: Passports
    ) -> None:
        self._context = context
        self._applications = applications
        self._drafting = drafting
        self._passports = passports

    async def begin(self, passport_id: str, wanted: OpenReason | None, who: Actor, command_id: str) -> Seen:
        """Begin a replacement; the same command again meets the same draft, answered if a crash came between.

        Raises:
            NotFound, PassportOfGrownChild, AssistanceNeeded, AssistanceOfAnother: as of the passport.
            PassportNotInHand: it was not handed out, or is replaced.
            ReplacementNotDue: it shows no reason and none is named.
            ReplacementUnderWay: the holder has a live application.
            Exception: what `Drafting.begin` refuses with.
        """
        passport = (await self._passports.visible(passport_id, who)).state
        if passport.state not in IN_HAND:
            raise PassportNotInHand(state=passport.state.value)
        now = self._context.now()
        reason = replacement_reason(passport, wanted, day_at_capital(now))
        if reason is None:
            expires_on = passport.book.expires_on
            raise ReplacementNotDue(field="/reason", expires_on=expires_on, example=OpenReason.PAGES_FULL.value)
        try:
            begun = await self._drafting.begin(passport.applicant_id, who, command_id)
        except ApplicationAlreadyOpen as taken:
            raise ReplacementUnderWay(application_id=taken.facts["application_id"]) from None
        if begun.application.answers is not None:
            return begun
        facts = await load_person_facts(self._applications, begun.application, now)
        earlier = await self._earlier_answers(passport)
        answers = prefilled_answers(passport, earlier, reason, minor=False)
        if facts.is_minor(answers):
            answers = prefilled_answers(passport, earlier, reason, minor=True)
        return await self._drafting.answer(begun.application_id, answers, who)

    async def _earlier_answers(self, passport: Passport) -> Answers | None:
        if passport.application_id is None:
            return None
        record = await self._applications.repository.application(passport.application_id)
        return record.state.answers if record is not None else None
