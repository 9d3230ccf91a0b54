"""The endpoints of the questionnaire and the requirements."""

from __future__ import annotations

from services.application.http import APPLICATION
from services.application.picture_formats import LEAST_SIDE_PIXELS, MEDIA_TYPES, MOST_PAGES, PIXELS_TAKEN
from services.application.requirements.paper_examples import SVG, load_examples
from services.application.requirements.requirement import checklist, day_at_capital
from services.application.requirements.schemas import (
    QuestionnaireView,
    RequirementsQuery,
    RequirementsView,
    RequirementView,
)
from services.application.rules import PapersReading
from shared.errors import NotFound
from shared.events.codes import ApplicationReason
from shared.http.call import Call
from shared.http.endpoint import PUBLIC, Endpoints

api = Endpoints("rules")


@api.get(
    "/v1/questionnaire",
    summary="The questions, and what is confirmed before paying",
    access=PUBLIC,
    answers={200: QuestionnaireView},
)
async def show_questionnaire(call: Call) -> QuestionnaireView:
    """All questions."""
    return QuestionnaireView.from_rules(call.app[APPLICATION].applications.rules)


@api.get(
    "/v1/requirements",
    summary="What is asked for in a case, on a day, and by which law",
    access=PUBLIC,
    query=RequirementsQuery,
    answers={200: RequirementsView},
)
async def list_requirements(call: Call[None, RequirementsQuery]) -> RequirementsView:
    """The list of a case: the same function that a submission is checked with."""
    service, case = call.app[APPLICATION], call.query
    rules, context = service.applications.rules, service.context
    on = case.on or day_at_capital(context.now())
    held = case.has_held_passport if case.has_held_passport is not None else case.reason is not ApplicationReason.NEW
    facts = {
        "minor": case.minor,
        "reason": case.reason.value,
        "purpose": case.purpose.value,
        "has_held_passport": held,
        "old_passport_since_2009": case.old_passport_since_2009,
        "parent_has_passport": case.parent_has_passport,
    }
    return RequirementsView(
        on=on,
        version=rules.version,
        requirements=[RequirementView.from_item(item) for item in checklist(rules, facts, on)],
        media_types=list(MEDIA_TYPES),
        largest_upload_bytes=context.settings.upload_rules.largest_bytes,
        least_side_pixels=LEAST_SIDE_PIXELS,
        pixels_taken={media_type: PIXELS_TAKEN[file_format] for media_type, file_format in MEDIA_TYPES.items()},
        most_pages=MOST_PAGES,
        papers_are_read=context.settings.paper_rules.reading is PapersReading.WANTED,
    )


@api.get(
    "/v1/paper-examples/{example}",
    summary="How the picture of a paper should look (SVG)",
    access=PUBLIC,
    answers={200: SVG},
    refusals=(NotFound,),
)
async def show_paper_example(call: Call) -> bytes:
    """The drawing of a kind of paper."""
    drawing = load_examples().get(call.path["example"])
    if drawing is None:
        raise NotFound
    return drawing
