"""Facts about a person that answers and documents are checked against, as far as they are known."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime

from services.application.applications.application import Application
from services.application.applications.next_step import Step
from services.application.applications.service import Applications
from services.application.drafts.errors import ItemsMissing, PagesMissing
from services.application.passports.on_record import has_held_passport
from services.application.requirements.answers import Answers, age_band, contradiction_in, is_minor
from services.application.requirements.errors import AnswersContradict
from services.application.requirements.requirement import day_at_capital, missing
from shared.errors import SomeoneElseChangedIt


@dataclass(frozen=True)
class PersonFacts:
    """Facts about the person at one moment."""

    read_for: str
    """The application's ``person_id`` when they were read."""
    birth_date: date | None
    """None while the civil registry has not confirmed it."""
    has_guardian: bool
    """Whether another applicant of the account applies for them: identity asks that of every child."""
    on_record: bool
    """Whether a passport was collected here by this person before."""
    now: datetime

    @property
    def age_band(self) -> str | None:
        """Return the band of `AGE_BANDS` that the person is in today; None without a birth date."""
        return age_band(self.birth_date, day_at_capital(self.now)) if self.birth_date else None

    def is_minor(self, answers: Answers) -> bool:
        """Return whether they apply as a child: by their birth date, or by having a guardian while it is not known."""
        if self.birth_date is None:
            return self.has_guardian and not answers.married
        return is_minor(self.birth_date, day_at_capital(self.now), married=answers.married)

    def refuse_outdated(self, application: Application) -> None:
        """Return if the facts are those of the application's person.

        Raises:
            SomeoneElseChangedIt: the identity was confirmed since they were read, or that of another person.
        """
        is_other_person = application.person_id != self.read_for
        if is_other_person or (application.identity_confirmed and self.birth_date is None):
            raise SomeoneElseChangedIt

    def refuse_contradiction(self, answers: Answers) -> None:
        """Return if the answers go together, and with what is known of the person.

        Raises:
            AnswersContradict: they do not.
        """
        found = contradiction_in(answers, minor=self.is_minor(answers), on_record=self.on_record)
        if found is not None:
            raise AnswersContradict(found)


async def load_person_facts(
    applications: Applications, application: Application, now: datetime, *, person_id: str | None = None
) -> PersonFacts:
    """Return what is known of an application's person; ``person_id`` if they are confirmed at this moment."""
    person_id = person_id or (application.person_id if application.identity_confirmed else None)
    if person_id is None:
        applicant = await applications.repository.applicant(application.applicant_id)
        guardian_id = applicant.state.guardian_applicant_id if applicant is not None else None
        return PersonFacts(application.person_id, None, guardian_id is not None, on_record=False, now=now)
    card = await applications.card(application.applicant_id)
    on_record = await has_held_passport(applications, person_id)
    return PersonFacts(application.person_id, card.birth_date, has_guardian=False, on_record=on_record, now=now)


def brought_up_to_date(applications: Applications, application: Application, facts: PersonFacts) -> Application:
    """Return the application as the rules see it today.

    Raises:
        StepComesFirst: the questionnaire is not answered.
        AnswersContradict: the answers do not go together, or not with what is known of the person.
        ItemsMissing: compulsory items are not there; each is named. PagesMissing: an item has a gap.
    """
    applications.refuse_early(application, Step.DOCUMENTS)
    answers = application.answers
    assert answers is not None  # noqa: S101 - the questionnaire is done, or it was refused above
    facts.refuse_contradiction(answers)
    application = replace(application, minor=facts.is_minor(answers), rules_version=applications.rules.version)
    lacking = missing(applications.items(application), application.present())
    if lacking:
        raise ItemsMissing(lacking)
    gaps = applications.missing_pages(application)
    if gaps:
        raise PagesMissing(gaps)
    return application
