"""Submission of complete drafts: everything is uploaded before, then fifty citizens submit at once."""

from __future__ import annotations

import time
from typing import Final

from bench import journeys, stage
from bench.figures import Figure, Table
from bench.load import Tally
from bench.seats import timed
from journeys.citizen import Citizen
from journeys.reporter import Reporter
from journeys.ways import Ways

DRAFTS: Final = 300
CALLERS: Final = journeys.USERS
PREPARED_AT_ONCE: Final = 12


async def measure(scale: float = 1.0) -> Table:
    """Complete the drafts on a fresh suite, then submit them; ``scale`` shrinks how many they are."""
    drafts = max(5, round(DRAFTS * scale))
    tally = Tally()
    async with stage.suite(extra=journeys.SETTINGS) as running:
        ways = Ways(stage.addresses(running), Reporter(quiet=True))
        try:
            citizens: list[Citizen] = []

            async def complete(number: int) -> None:
                citizens.append(await _complete_draft(ways, f"10.7.{number // 250}.{number % 250 + 1}"))

            async def submit(number: int) -> None:
                begun = time.perf_counter()
                await citizens[number].submit()
                tally.took("submit", time.perf_counter() - begun)

            await timed(PREPARED_AT_ONCE, drafts, complete)
            rate = await timed(CALLERS, drafts, submit)
        finally:
            await ways.close()
    return make_table(tally, drafts, rate)


async def _complete_draft(ways: Ways, address: str) -> Citizen:
    """A citizen whose application lacks nothing but its submission."""
    citizen = await ways.newcomer(address)
    for step in (
        citizen.register,
        citizen.become_applicant,
        citizen.begin,
        citizen.answer_questionnaire,
        citizen.upload_documents,
    ):
        await step()
    return citizen


def make_table(tally: Tally, drafts: int, rate: float) -> Table:
    """The figures of all submissions."""
    return Table(
        title="Submission",
        method=(
            f"{drafts} citizens register, answer the questionnaire and upload every required picture, over HTTP. Then "
            f"{min(CALLERS, drafts)} at a time submit; each is timed from pressing the button to the answer, what is "
            "repeated because a fact was still on its way included. All services, broker and database share the cores."
        ),
        figures=(
            Figure("submit.p95", tally.share_ms(0.95) / 1000, "s", target=1.0, less_is_better=True),
            Figure("submit.p50", tally.share_ms(0.5) / 1000, "s"),
            Figure("submit.longest", tally.share_ms(1.0) / 1000, "s"),
            Figure("submit.rate", rate, "1/s"),
        ),
    )
