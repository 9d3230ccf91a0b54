"""The verdict on a page beside the bare reader on the same picture: each in its own worker, in turn."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from bench.figures import Figure, Table, percentile
from bench.machine import resident_mib
from paper_samples.kinds import PaperKind
from paper_samples.sample import Sample
from paper_samples.tuning_half import tuning_samples
from services.application.documents.pictures import PictureInspector
from services.application.paper_reading.verdict import AskedPaper
from shared.workers.limits import WorkerLimits
from shared.workers.pool import WorkerPool

READER: Final = "services.application.paper_reading.reader_worker"
BARE_READER: Final = "bench.bare_reader"
LIMITS: Final = WorkerLimits(memory_bytes=1024**3, job_seconds=60.0, start_seconds=120.0, idle_seconds=600.0)
"""The memory that a reader has in production; time is measured, not bounded."""

OF_EACH_KIND: Final = 5
UNREAD_SORTS: Final = ("white_page", "black_page", "noise", "blurred")
"""Of pictures that are refused without being read."""

OF_EACH_SORT: Final = 5
SAMPLE_SECONDS: Final = 0.02


@dataclass(frozen=True)
class Page:
    """A picture as it is kept, and what is asked about it."""

    group: str
    content: bytes = field(repr=False)
    asked: Mapping[str, Any] = field(repr=False)


@dataclass
class Times:
    """Seconds of each page, by both readers, and the most memory of the whole one."""

    whole: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)
    outcomes: list[str] = field(default_factory=list)

    def add(self, whole: float, bare: float, outcome: str) -> None:
        """Note one page."""
        self.whole.append(whole)
        self.bare.append(bare)
        self.outcomes.append(outcome)


async def measure(scale: float = 1.0) -> Table:
    """Draw the pages, then have each judged and barely read."""
    pages = await asyncio.to_thread(draw_pages, scale)
    times: dict[str, Times] = {}
    async with start_reader(READER) as whole, start_reader(BARE_READER) as bare, watch_peak(whole) as peak:
        for page in pages:
            bare_seconds, _ = await ask(bare, page)
            whole_seconds, answer = await ask(whole, page)
            times.setdefault(page.group, Times()).add(whole_seconds, bare_seconds, str(answer["outcome"]))
    return make_table(times, peak.mib)


def make_table(times: Mapping[str, Times], peak_mib: float) -> Table:
    """Return the figures; groups of `UNREAD_SORTS` are those refused without being read."""
    read = [group for group in times if group not in UNREAD_SORTS]
    whole = sorted(second for group in read for second in times[group].whole)
    bare = sorted(second for group in read for second in times[group].bare)
    refused = sorted(second for group in times if group in UNREAD_SORTS for second in times[group].whole)
    return Table(
        title="Papers checked",
        method=(
            "Pages of the samples' tuning half, decoded as an upload is, go one after the other to a worker with the "
            "bare reader (RapidOCR with the same models, size and threads, all lines) and to one that gives the whole "
            "verdict: decoding, tone, sharpness, orientation, reading, kind, comparison, through the pool. Refusals "
            "without reading (one tone, noise, blurred beyond reading) are held against the bare reader's p95."
        ),
        figures=(
            Figure("papers.check_p50", percentile(whole, 0.5), "s", percentile(bare, 0.5), less_is_better=True),
            Figure(
                "papers.check_p95",
                percentile(whole, 0.95),
                "s",
                floor=percentile(bare, 0.95),
                target=1.35,
                less_is_better=True,
            ),
            Figure(
                "papers.refusal",
                percentile(refused, 0.95),
                "s",
                floor=percentile(bare, 0.95),
                target=0.25,
                less_is_better=True,
            ),
            Figure("papers.rate", len(whole) / sum(whole), "1/s", floor=len(bare) / sum(bare), target=0.85),
            Figure("papers.peak", peak_mib, "MB", target=800.0, less_is_better=True),
        ),
        columns=("pages", "verdict p50 s", "p95 s", "bare p50 s", "p95 s", "outcomes"),
        rows=tuple(_row(group, taken) for group, taken in times.items()),
    )


def _row(group: str, taken: Times) -> tuple[str, ...]:
    both = (sorted(taken.whole), sorted(taken.bare))
    seconds = (f"{percentile(values, share):.2f}" for values in both for share in (0.5, 0.95))
    outcomes = (f"{taken.outcomes.count(outcome)} {outcome}" for outcome in sorted(set(taken.outcomes)))
    return (group, *seconds, ", ".join(outcomes))


def draw_pages(scale: float = 1.0) -> Sequence[Page]:
    """Return the pages: good ones of each kind with text, and some that are refused unread, mixed by lot."""
    wanted: dict[str, int] = {}
    pages = []
    for sample in tuning_samples():
        group = group_of(sample)
        if group is None or wanted.get(group, 0) >= max(1, round(OF_EACH_KIND * scale)):
            continue
        wanted[group] = wanted.get(group, 0) + 1
        kept = PictureInspector().look_at(sample.picture(), "image/jpeg").pages[0]
        pages.append(Page(group, kept.content, asdict(asked_of(sample))))
    random.Random(1).shuffle(pages)
    return pages


def group_of(sample: Sample) -> str | None:
    """Return the group of a sample; None for those that are not measured."""
    if sample.sort is not None:
        return str(sample.sort) if sample.sort in UNREAD_SORTS else None
    if sample.kind is PaperKind.PHOTO or sample.is_wrong or sample.fault is not None:
        return None
    return str(sample.quality) if sample.quality == "blurred" else str(sample.kind)


def asked_of(sample: Sample) -> AskedPaper:
    """Return what is asked about a sample, with its holder's facts as typed."""
    holder = sample.holder
    facts = {"nik": holder.nik, "full_name": holder.full_name, "birth_date": holder.birth_date.isoformat()}
    return AskedPaper(str(sample.asked), str(sample.asked), 1, facts)


async def ask(pool: WorkerPool, page: Page) -> tuple[float, Mapping[str, Any]]:
    """Return how long one page took through the pool, and the answer."""
    begun = time.perf_counter()
    answer = await pool.ask(page.asked, page.content)
    return time.perf_counter() - begun, answer.head


@asynccontextmanager
async def start_reader(module: str) -> AsyncIterator[WorkerPool]:
    """One warm worker of a module."""
    pool = WorkerPool(module.rpartition(".")[2], module, LIMITS, most=1, warm=1)
    await pool.start()
    try:
        yield pool
    finally:
        await pool.close()


@dataclass
class Peak:
    """The most memory so far, in MiB."""

    mib: float = 0.0


@asynccontextmanager
async def watch_peak(pool: WorkerPool) -> AsyncIterator[Peak]:
    """Watch the workers' memory until the block ends."""
    peak = Peak()

    async def watch() -> None:
        while True:
            held = await asyncio.to_thread(lambda: sum(resident_mib(pid) for pid in pool.process_ids))
            peak.mib = max(peak.mib, held)
            await asyncio.sleep(SAMPLE_SECONDS)

    watching = asyncio.create_task(watch())
    try:
        yield peak
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
