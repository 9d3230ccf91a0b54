"""The process that typesets papers as PDF (`shared.workers.worker`): readable aloud (PDF/UA-1), nothing fetched.

A job's head has ``template``, ``data`` and, for a letter, ``queue_code``; an answer is one blob, the paper.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

from shared.workers.limits import JobAnswer
from shared.workers.worker import serve

STANDARD: Final = "ua-1"
QR_BORDER_MODULES: Final = 4
"""The quiet zone that readers need (ISO/IEC 18004)."""


def answer_job(head: Mapping[str, Any], _content: bytes) -> JobAnswer:
    """Typeset one paper."""
    inputs = {"qr": qr_svg(head["queue_code"])} if "queue_code" in head else {}
    return JobAnswer(blobs=(_typeset(head["template"], head["data"], inputs),))


def prepare() -> None:
    """Load typst before the first paper: it takes longer than the paper."""
    import typst  # noqa: F401


def qr_svg(text: str) -> str:
    """A QR code as SVG, with the quiet zone that readers need."""
    import segno

    written = io.BytesIO()
    segno.make(text, error="m", micro=False).save(written, kind="svg", border=QR_BORDER_MODULES, xmldecl=False)
    return written.getvalue().decode()


def _typeset(template: str, data: Mapping[str, Any], inputs: Mapping[str, str]) -> bytes:
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


if __name__ == "__main__":
    serve(answer_job, prepare)
