"""Papers as PDF: typeset in a thread from the shipped templates, readable aloud (PDF/UA-1), nothing fetched."""

from __future__ import annotations

import asyncio
import io
import json
from functools import cache
from importlib.resources import files
from typing import Any, Final

from services.application.applications.next_step import local_time
from services.application.letters.ports import LetterContent

LETTER: Final = "letter.typ"
FORM: Final = "form.typ"
STANDARD: Final = "ua-1"
QR_BORDER_MODULES: Final = 4
"""The quiet zone that readers need (ISO/IEC 18004)."""


class TypstWriter:
    """The `LetterWriter` that typesets with typst; typst is loaded with the first paper, it weighs 80 MB."""

    async def letter(self, content: LetterContent) -> bytes:
        """A cover letter with its QR code."""
        return await asyncio.to_thread(write_letter, content)

    async def form(self, requirement: str, title: str) -> bytes:
        """An empty form."""
        return await asyncio.to_thread(_typeset, FORM, {"requirement": requirement, "title": title}, {})


def write_letter(content: LetterContent) -> bytes:
    """The letter, in the calling thread."""
    data = {
        "full_name": content.full_name,
        "number": content.number,
        "office_name": content.office_name,
        "when_id": local_time(content.starts_at, content.office_timezone, indonesian=True),
        "when_en": local_time(content.starts_at, content.office_timezone, indonesian=False),
        "queue_number": content.queue_number,
        "bring": [list(pair) for pair in content.bring],
        "made_at": local_time(content.made_at, content.office_timezone, indonesian=True),
    }
    return _typeset(LETTER, data, {"qr": qr_svg(content.queue_code)})


def qr_svg(text: str) -> str:
    """A QR code as SVG, with the quiet zone that readers need."""
    import segno

    written = io.BytesIO()
    segno.make(text, error="m", micro=False).save(written, kind="svg", border=QR_BORDER_MODULES, xmldecl=False)
    return written.getvalue().decode()


def _typeset(template: str, data: dict[str, Any], inputs: dict[str, str]) -> bytes:
    import typst

    pdf = typst.compile(
        _template(template),
        format="pdf",
        sys_inputs={"data": json.dumps(data, ensure_ascii=False), **inputs},
        pdf_standards=STANDARD,
        ignore_system_fonts=True,
    )
    if not isinstance(pdf, bytes):
        raise TypeError("a paper is one file")
    return pdf


@cache
def _template(name: str) -> bytes:
    return files("services.application.data").joinpath(name).read_bytes()
