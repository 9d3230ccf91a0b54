"""The process that typesets papers as PDF (`shared.workers.worker`): readable aloud (PDF/UA-1), nothing fetched.

A job's head has ``package`` and ``template``, where the template lies, ``data``, and ``qr`` where the paper has a QR
code: its text, and ``qr_mask`` where it needs not be the best of all masks. An answer is one blob, the paper. The same
job gives the same bytes.
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
    inputs = {"qr": qr_svg(head["qr"], head.get("qr_mask"))} if "qr" in head else {}
    return JobAnswer(blobs=(_typeset(read_template(head["package"], head["template"]), head["data"], inputs),))


def prepare() -> None:
    """Load typst before the first paper: it takes longer than the paper."""
    import typst  # noqa: F401


def qr_svg(text: str, mask: int | None = None) -> str:
    """A QR code as SVG, with the quiet zone that readers need; without a mask, with the best of the eight."""
    import segno

    written = io.BytesIO()
    segno.make(text, error="m", micro=False, mask=mask).save(
        written, kind="svg", border=QR_BORDER_MODULES, xmldecl=False
    )
    return written.getvalue().decode()


@cache
def read_template(package: str, name: str) -> bytes:
    """Return a template that is shipped with a package."""
    return files(package).joinpath(name).read_bytes()


def _typeset(template: bytes, data: Mapping[str, Any], inputs: Mapping[str, str]) -> bytes:
    import typst

    pdf = typst.compile(
        template,
        format="pdf",
        sys_inputs={"data": json.dumps(data, ensure_ascii=False), **inputs},
        pdf_standards=STANDARD,
        ignore_system_fonts=True,
    )
    if not isinstance(pdf, bytes):
        raise TypeError("a paper is one file")
    return pdf


if __name__ == "__main__":
    serve(answer_job, prepare)
