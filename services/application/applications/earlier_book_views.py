"""The question about earlier books as every view of an application shows it: codes and words, no number and no date."""

from __future__ import annotations

from typing import Annotated, Self

from services.application.applications.application import Application
from services.application.applications.earlier_book_findings import answers_bind
from services.application.applications.earlier_book_texts import (
    APPLICANT_TEXTS,
    ASKED,
    AT_THE_VISIT,
    FITS,
    NOT_ASKED,
    OFFICER_TEXTS,
)
from services.application.applications.earlier_books import (
    EarlierBookQuestion,
    QuestionState,
    find_difference,
    list_fitting_reasons,
    suggest_reason,
)
from services.application.texts import Text
from shared.events.codes import ApplicationReason, EarlierBookFinding
from shared.http.codes import OneOf
from shared.http.schema import View


class EarlierBooksSummary(View):
    """Whether earlier books were asked for, and in what they differ from the answers."""

    state: Annotated[str, OneOf(QuestionState)]
    finding: Annotated[str, OneOf(EarlierBookFinding)] | None
    text: str
    text_in_indonesian: str
    can_change: bool
    """Whether the applicant may change the answers in one call; afterwards an officer corrects them."""
    fitting_reasons: list[Annotated[str, OneOf(ApplicationReason)]]
    suggested_reason: Annotated[str, OneOf(ApplicationReason)] | None
    kept: bool
    """Whether the applicant keeps their answers against the finding."""

    @classmethod
    def from_application(cls, application: Application, *, for_staff: bool) -> Self | None:
        """Return the view for the applicant or for an officer; None before the question is asked."""
        question = application.earlier_books
        if question is None:
            return None
        found = find_difference(question, application.answers)
        differs = found is not None and found is not EarlierBookFinding.UNCLEAR
        binds = answers_bind(application)
        text = _text(question, found, binds=binds and differs, for_staff=for_staff)
        suggested = suggest_reason(question) if differs else None
        return cls(
            state=question.state.value,
            finding=found.value if found else None,
            text=text.en,
            text_in_indonesian=text.id,
            can_change=differs and application.live and not binds,
            fitting_reasons=[reason.value for reason in list_fitting_reasons(question)] if differs else [],
            suggested_reason=suggested.value if suggested else None,
            kept=found is not None and question.kept is found,
        )


def _text(question: EarlierBookQuestion, found: EarlierBookFinding | None, *, binds: bool, for_staff: bool) -> Text:
    if question.state is QuestionState.ASKED:
        return ASKED
    if question.state is QuestionState.COULD_NOT_BE_ASKED:
        return NOT_ASKED
    if found is None:
        return FITS
    if for_staff:
        return OFFICER_TEXTS[found]
    text = APPLICANT_TEXTS[found]
    return Text(f"{text.en} {AT_THE_VISIT.en}", f"{text.id} {AT_THE_VISIT.id}") if binds else text
