"""The reader of papers in workers: what they are asked, and what becomes of an answer that is none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from importlib import import_module
from typing import Any

import pytest

from services.application.paper_reading.app import LIMITS, WORKER, assemble
from services.application.paper_reading.ports import PageNotRead, ReaderUnavailable
from services.application.paper_reading.reading_workers import ReadingWorkers
from services.application.paper_reading.verdict import AskedPaper, Verdict
from services.application.rules import PaperRules
from shared.workers.limits import SIZES, JobAnswer
from shared.workers.pool import TRIES
from shared.workers.port import JobFailed, WorkerLost, WorkerNotStarted, WorkersBusy
from tests.unit.application.world import World

ASKED = AskedPaper("ktp", "ktp", 2, {"nik": "3174014502900001"})
VERDICT = Verdict("flagged", "blurred", "ktp", 0.5, ("glare",), {"nik": "differs"})


@dataclass
class TheWorkers:
    """Workers that answer as they are told."""

    says: Mapping[str, Any] | Exception
    asked: list[tuple[Mapping[str, Any], bytes]] = field(default_factory=list)

    async def start(self) -> None:
        return None

    async def ask(self, head: Mapping[str, Any], content: bytes = b"") -> JobAnswer:
        self.asked.append((head, content))
        if isinstance(self.says, Exception):
            raise self.says
        return JobAnswer(self.says)

    async def close(self) -> None:
        return None


async def test_a_worker_is_asked_with_the_page_and_what_is_known() -> None:
    told = {**asdict(VERDICT), "findings": ["glare"], SIZES: []}
    workers = TheWorkers(told)
    assert await ReadingWorkers(workers).read(b"page", ASKED) == VERDICT
    assert workers.asked == [
        ({"requirement": "ktp", "paper": "ktp", "page": 2, "facts": {"nik": "3174014502900001"}}, b"page")
    ]


@pytest.mark.parametrize(
    ("says", "refused"),
    [
        (WorkersBusy(), ReaderUnavailable),
        (WorkerNotStarted(), ReaderUnavailable),
        (WorkerLost(), PageNotRead),
        (JobFailed("ValueError"), PageNotRead),
        ({}, PageNotRead),
        ({**asdict(VERDICT), "outcome": "approve all"}, PageNotRead),
        ({**asdict(VERDICT), "agreements": {"nik": "3174014502900001"}}, PageNotRead),
        ({**asdict(VERDICT), "confidence": "certain"}, PageNotRead),
    ],
    ids=["busy", "not started", "lost", "failed", "nothing", "no outcome", "a text", "no number"],
)
async def test_what_is_no_verdict_is_not_taken(says: Any, refused: type[Exception]) -> None:
    with pytest.raises(refused):
        await ReadingWorkers(TheWorkers(says)).read(b"page", ASKED)


def test_two_tries_end_before_the_time_of_a_reading() -> None:
    assert TRIES * LIMITS.job_seconds < PaperRules().reading_seconds


def test_the_process_has_warm_workers_and_their_figures() -> None:
    world = World(readers=2)
    parts = assemble(world.settings, world.platform)
    assert parts.start is not None and parts.close is not None
    assert len(parts.figures) == 2
    assert WORKER.startswith("services.application.paper_reading.")
    assert import_module("services.application.paper_reading.__main__").assemble is assemble
