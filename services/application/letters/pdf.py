"""The papers of applications as PDF: their jobs for the typesetter."""

from __future__ import annotations

from typing import Any, Final

from services.application.applications.next_step import local_time, rupiah
from services.application.letters.ports import LetterContent, RefusalContent
from shared.fields.telephone import telephone_in_words
from shared.typesetting.typesetter import Typesetter, typeset, typesetting_pool
from shared.workers.pool import WorkerFigures
from shared.workers.port import Workers

TEMPLATES: Final = "services.application.data"
LETTER: Final = "letter.typ"
REFUSAL: Final = "refusal.typ"
FORM: Final = "form.typ"
FORMS: Final = {"letter_of_authority": "letter_of_authority.typ"}
"""Templates of forms that do not look like the usual one."""


def letter_pool(figures: WorkerFigures) -> Workers:
    """Return the process that typesets papers, one at a time."""
    return typesetting_pool("letters", figures)


class TypstWriter:
    """The `LetterWriter` that typesets with typst, by workers; without any, in a thread."""

    def __init__(self, workers: Workers | None = None) -> None:
        self._typesetter = Typesetter(workers)

    async def letter(self, content: LetterContent) -> bytes:
        """A cover letter with its QR code."""
        return await self._typesetter.typeset(letter_job(content))

    async def refusal(self, content: RefusalContent) -> bytes:
        """A letter of refusal."""
        return await self._typesetter.typeset(refusal_job(content))

    async def form(self, requirement: str, title: str) -> bytes:
        """An empty form."""
        template = FORMS.get(requirement, FORM)
        data = {"requirement": requirement, "title": title}
        return await self._typesetter.typeset({"package": TEMPLATES, "template": template, "data": data})


def write_letter(content: LetterContent) -> bytes:
    """The letter, in the calling thread; what typst raises comes through."""
    return typeset(letter_job(content))


def letter_job(content: LetterContent) -> dict[str, Any]:
    """Return the job of a cover letter."""
    data = {
        "full_name": content.full_name,
        "number": content.number,
        "office_name": content.office_name,
        "when_id": local_time(content.starts_at, content.office_timezone, indonesian=True),
        "when_en": local_time(content.starts_at, content.office_timezone, indonesian=False),
        "queue_number": content.queue_number,
        "bring": [list(pair) for pair in content.bring],
        "made_at": local_time(content.made_at, content.office_timezone, indonesian=True),
        "address": content.office_address,
        "telephone": telephone_in_words(content.office_telephone) if content.office_telephone else None,
        "position": position_in_words(content.office_position),
        "position_is_rough": is_rough(content.office_position),
        "paid": [[words_id, words_en, rupiah(amount)] for words_id, words_en, amount in content.paid],
    }
    return {"package": TEMPLATES, "template": LETTER, "data": data, "qr": content.queue_code}


def refusal_job(content: RefusalContent) -> dict[str, Any]:
    """Return the job of a letter of refusal."""
    data = {
        "full_name": content.full_name,
        "number": content.number,
        "office_name": content.office_name,
        "address": content.office_address,
        "telephone": telephone_in_words(content.office_telephone) if content.office_telephone else None,
        "refused_id": local_time(content.refused_at, content.office_timezone, indonesian=True),
        "refused_en": local_time(content.refused_at, content.office_timezone, indonesian=False),
        "reason": list(content.reason),
        "rule": content.rule,
        "redress": [list(way) for way in content.redress],
        "until_id": local_time(content.object_until, content.office_timezone, indonesian=True),
        "until_en": local_time(content.object_until, content.office_timezone, indonesian=False),
        "made_at": local_time(content.made_at, content.office_timezone, indonesian=True),
    }
    return {"package": TEMPLATES, "template": REFUSAL, "data": data}


def is_rough(position: tuple[float, float] | None) -> bool:
    """Return whether a position is that of the town, as delivered: it has two decimals, which is about a kilometre."""
    return position is not None and all(round(degrees, 2) == degrees for degrees in position)


def position_in_words(position: tuple[float, float] | None) -> str | None:
    """Return a position as maps take it, "-6.26000, 106.81000"; None where it is not known."""
    return f"{position[0]:.5f}, {position[1]:.5f}" if position is not None else None
