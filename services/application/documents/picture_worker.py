"""The process that decodes pictures (`shared.workers.worker`).

A job's head has ``least_side_pixels``. An answer has ``refused``, or ``pages`` with ``width``,
``height`` and ``flags`` of each, and their bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from services.application.documents.picture_decoding import TOO_MUCH_MEMORY, Unusable, decode_pages
from shared.workers.limits import JobAnswer
from shared.workers.worker import serve

REFUSED: Final = "refused"
PAGES: Final = "pages"


def answer_job(head: Mapping[str, Any], content: bytes) -> JobAnswer:
    """Decode and answer; memory that is refused is an answer like any other."""
    try:
        pages = decode_pages(content, head["least_side_pixels"])
    except Unusable as unusable:
        return JobAnswer({REFUSED: unusable.reason})
    except MemoryError:
        return JobAnswer({REFUSED: TOO_MUCH_MEMORY})
    told = [{"width": page.width, "height": page.height, "flags": page.flags} for page in pages]
    return JobAnswer({PAGES: told}, tuple(page.content for page in pages))


if __name__ == "__main__":
    serve(answer_job)
