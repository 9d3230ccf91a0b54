"""The process that reads pages: one after another, each with what is asked about it, until its input ends.

A job's head has the fields of `AskedPaper`, its bytes are the kept picture, and the answer's head is the `Verdict`: no
text of a picture leaves this process.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final

from services.application.paper_reading.reading.read_paper import read_paper, warm_up
from services.application.paper_reading.verdict import AskedPaper
from shared.workers.limits import JobAnswer
from shared.workers.worker import serve

MODULE: Final = "services.application.paper_reading.reader_worker"


def answer_job(head: Mapping[str, Any], content: bytes) -> JobAnswer:
    """Return the verdict on the page."""
    asked = AskedPaper(head["requirement"], head["paper"], head["page"], head["facts"])
    return JobAnswer(asdict(read_paper(content, asked)))


if __name__ == "__main__":
    serve(answer_job, warm_up)
