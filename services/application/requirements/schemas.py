"""The questionnaire and the requirements over HTTP."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal, Protocol, Self

from pydantic import Field

from services.application.requirements.answers import Answers, Purpose, ZeroTariff
from services.application.requirements.machine_reading import is_read_by_machine
from services.application.requirements.requirement import Listed, Question, RuleSet
from services.application.texts import reason_text
from shared.events.codes import ApplicationReason, PassportKind
from shared.http.codes import OneOf
from shared.http.schema import Body, IsoDate, Query, View

MISSING, NOT_NEEDED = "missing", "not_needed"


class ItemState(StrEnum):
    """Where an item of the list stands: that of its documents, or without one whether one is needed."""

    MISSING = "missing"
    NOT_NEEDED = "not_needed"
    UPLOADING = "uploading"
    CHECKING = "checking"
    ACCEPTED = "accepted"
    FLAGGED = "flagged"
    REFUSED = "refused"
    REPLACED = "replaced"
    REMOVED = "removed"


class RequirementsQuery(Query):
    """A case to list the requirements of."""

    reason: ApplicationReason = Field(ApplicationReason.NEW, strict=False)
    minor: bool = False
    on: IsoDate | None = Field(None, description="the day whose rules are asked for; today if absent")
    purpose: Purpose = Field(Purpose.OTHER, strict=False)
    has_held_passport: bool | None = Field(None, description="absent: as the reason says")
    old_passport_since_2009: bool = False
    parent_has_passport: bool = False


class Questionnaire(Body):
    """The answers; what is not answered counts as no."""

    has_held_passport: bool
    reason: ApplicationReason = Field(examples=["new"])
    passport_kind: PassportKind = Field(examples=["electronic"])
    validity_years: Literal[5, 10] = Field(examples=[10])
    purpose: Purpose = Purpose.OTHER
    zero_tariff: ZeroTariff | None = None
    married: bool = False
    name_changed: bool = False
    naturalised: bool = False
    old_passport_since_2009: bool = False
    parent_has_passport: bool = False

    def answers(self) -> Answers:
        """Return the answers as the domain keeps them."""
        return Answers(**dict(self))


class QuestionView(View, in_indonesian=("title",)):
    """One question."""

    name: str
    title: str
    title_id: str
    kind: Literal["yes_or_no", "choice"]
    choices: list[str]
    compulsory: bool

    @classmethod
    def from_question(cls, question: Question) -> Self:
        """Return the view of a question."""
        kind: Literal["yes_or_no", "choice"] = "choice" if question.choices else "yes_or_no"
        return cls(
            name=question.name,
            title=question.title.en,
            title_id=question.title.id,
            kind=kind,
            choices=list(question.choices),
            compulsory=question.compulsory,
        )


class QuestionnaireView(View, in_indonesian=("not_refundable",)):
    """All questions, and what is confirmed at the end."""

    version: str
    questions: list[QuestionView]
    not_refundable: str
    not_refundable_id: str
    legal_basis: str

    @classmethod
    def from_rules(cls, rules: RuleSet) -> Self:
        """Return the view of the questions and the statement of a rule set."""
        return cls(
            version=rules.version,
            questions=[QuestionView.from_question(question) for question in rules.questions],
            not_refundable=rules.not_refundable.en,
            not_refundable_id=rules.not_refundable.id,
            legal_basis=rules.not_refundable_basis,
        )


class ItemDocument(Protocol):
    """The document that was uploaded for an item."""

    @property
    def document_id(self) -> str:
        """Its id."""
        ...

    @property
    def state(self) -> StrEnum:
        """Return the state of the item."""
        ...

    @property
    def reason(self) -> str | None:
        """Why it was refused, as a code."""
        ...


class RequirementView(View, in_indonesian=("title", "condition", "help", "reason_text")):
    """One item of the list: how compulsory, by which law, and, in an application, whether it is there."""

    code: str
    title: str
    title_id: str
    need: Literal["required", "conditional", "optional"]
    compulsory: bool
    condition: str | None
    condition_id: str | None
    accepts: list[str]
    help: str
    help_id: str
    legal_basis: str
    effective_from: date
    effective_to: date | None
    form_url: str | None
    example_url: str | None
    shared_in_family: list[str]
    """Names under which a picture that was uploaded for another person of the account may be used."""
    seen_by_officer: list[str]
    """Of the item's code and those in `accepts`: papers that no machine knows, so an officer looks at each."""
    state: Annotated[str, OneOf(ItemState)] = MISSING
    document_id: str | None = None
    """The document that the state is of: the first page that is not accepted, else page 1."""
    missing_pages: list[int]
    """Pages that are not there, though later ones are or though an officer asked for them again."""
    reason: str | None = None
    reason_text: str | None = None
    reason_text_id: str | None = None

    @classmethod
    def from_item(cls, item: Listed, document: ItemDocument | None = None, missing_pages: tuple[int, ...] = ()) -> Self:
        """Return the view of an item; `document` is the one that its state is told by."""
        rule = item.requirement
        empty = MISSING if item.compulsory else NOT_NEEDED
        why = reason_text(document.reason if document else None)
        return cls(
            code=rule.code,
            title=rule.title.en,
            title_id=rule.title.id,
            need=rule.need.value,
            compulsory=item.compulsory,
            condition=rule.condition.en if rule.condition else None,
            condition_id=rule.condition.id if rule.condition else None,
            accepts=list(rule.accepts),
            help=rule.help.en,
            help_id=rule.help.id,
            legal_basis=rule.legal_basis,
            effective_from=rule.effective_from,
            effective_to=rule.effective_to,
            form_url=f"/v1/forms/{rule.code}" if rule.form else None,
            example_url=f"/v1/paper-examples/{rule.example}" if rule.example else None,
            shared_in_family=list(rule.shared_in_family),
            seen_by_officer=[name for name in rule.names() if not is_read_by_machine(name)],
            state=document.state.value if document else empty,
            document_id=document.document_id if document else None,
            missing_pages=list(missing_pages),
            reason=document.reason if document else None,
            reason_text=why.en if why else None,
            reason_text_id=why.id if why else None,
        )


class RequirementsView(View):
    """The list of a case on a day."""

    on: date
    version: str
    requirements: list[RequirementView]
    media_types: list[str] = Field(description="what is taken; files announced as application/octet-stream too")
    largest_upload_bytes: int
    least_side_pixels: int = Field(description="of the shorter side of a picture")
    pixels_taken: dict[str, int] = Field(
        description="for each media type so many are always taken, more where a picture needs little memory; of a "
        "progressive JPEG 14 million"
    )
    most_pages: int = Field(description="of one PDF or TIFF")
    papers_are_read: bool = Field(description="whether a machine reads each page, for some seconds after its upload")
