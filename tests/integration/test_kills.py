"""kill -9 of any one process in the middle of the journey: it ends all the same, nothing doubled, nothing lost."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any, Final

import pytest

from journeys.api_client import Api
from journeys.citizen import Citizen
from journeys.reporter import Reporter
from journeys.ways import Ways
from local_suite import demo
from local_suite.parts import any_free_ports
from local_suite.suite import Suite
from tests.scale import VICTIMS_TOGETHER

SERVICES: Final = ("identity", "application", "scheduling", "billing", "notification")
DOWN_SECONDS: Final = 0.5
"""How long the victim stays dead before its supervisor starts it again."""

VICTIMS: Final = {
    "identity": ("check the NIK", "register by email"),
    "application": ("upload documents", "be interviewed"),
    "scheduling": ("hold a seat", "confirm the seat"),
    "billing": ("receive a billing code", "learn the payment"),
    "notification": ("prove the telephone", "receive it by email"),
    "rabbitmq": ("receive a billing code",),
    "mongod": ("hold a seat", "learn the payment"),
}
"""Who is killed, and right before which steps: those that need it most."""


SETTINGS: Final = {
    **demo.SETTINGS,
    "billing": {**demo.SETTINGS["billing"], "PASPOR_BILL_VALIDITY_SECONDS": "300"},
}
"""The demo's, but a code that outlives a broker's restart."""


@pytest.fixture(scope="module")
async def suite(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Suite]:
    """The whole suite as operating-system processes, with the demo's settings."""
    async with Suite(tmp_path_factory.mktemp("suite"), any_free_ports(), extra=SETTINGS) as running:
        yield running


TOGETHER: Final = [SERVICES, ("rabbitmq", "mongod")] if VICTIMS_TOGETHER else [(victim,) for victim in VICTIMS]
"""Who is killed during one journey, one after the other."""


class Killer:
    """Kills each victim before each of its steps and lets it rise again while the journey goes on."""

    def __init__(self, suite: Suite, victims: Sequence[str]) -> None:
        self._suite = suite
        self._victims = {step: victim for victim in victims for step in VICTIMS[victim]}
        self._rising: list[asyncio.Task[None]] = []

    async def before(self, _way: str, step: str) -> None:
        if victim := self._victims.get(step):
            await self.risen()
            await self._suite.kill(victim)
            self._rising.append(asyncio.create_task(self._rise(victim)))

    async def risen(self) -> None:
        """Everybody killed is back."""
        await asyncio.gather(*self._rising)

    @property
    def kills(self) -> int:
        return len(self._rising)

    async def _rise(self, victim: str) -> None:
        await asyncio.sleep(DOWN_SECONDS)
        await self._suite.restart(victim)


@pytest.mark.parametrize("victims", TOGETHER, ids="-".join)
@pytest.mark.acceptance("F2.all_finished", "F2.none_doubled", "F4.survives_restart")
async def test_the_journey_survives_a_killed(victims: Sequence[str], suite: Suite) -> None:
    killer, reporter = Killer(suite, victims), Reporter(quiet=True)
    reporter.before = killer.before
    ways = Ways(demo.addresses(suite), reporter)
    try:
        citizen = await ways.journey()
        await killer.risen()
        assert reporter.all_ok, [result for result in reporter.results if not result.ok]
        assert killer.kills == sum(len(VICTIMS[victim]) for victim in victims)
        await _nothing_doubled(citizen)
        await _invariants_hold(suite)
    finally:
        await killer.risen()
        await ways.close()


async def _nothing_doubled(citizen: Citizen) -> None:
    """One seat, one paid bill, no refund, one mail of each kind."""
    seats = await citizen.api.get(f"{citizen.at.scheduling}/v1/appointments", application_id=citizen.application_id)
    assert len(seats["appointments"]) == 1
    bills = await citizen.api.get(f"{citizen.at.billing}/v1/bills", application_id=citizen.application_id)
    assert [bill["state"] for bill in bills["bills"]] == ["paid"]
    refunds = await citizen.api.get(f"{citizen.at.billing}/v1/refunds", application_id=citizen.application_id)
    assert refunds["refunds"] == []
    mails = await citizen.outside.letters_to(citizen.person.email)
    by_subject: dict[str, set[str]] = defaultdict(set)
    for mail in mails:
        by_subject[mail["Subject"]].add(mail["MessageID"])
    # A mail server that took a mail right before the crash gets it again, and knows it by the same Message-ID.
    assert {subject: len(ids) for subject, ids in by_subject.items()} == dict.fromkeys(by_subject, 1)


async def _invariants_hold(suite: Suite) -> None:
    api = Api()
    try:
        for service in SERVICES:
            report: Any = await api.get(f"{suite.url(service)}/health/invariants")
            assert report["holds"], report
    finally:
        await api.__aexit__(None, None, None)


def test_every_part_of_ours_is_killed() -> None:
    assert set(VICTIMS) == {*SERVICES, "rabbitmq", "mongod"} == {victim for each in TOGETHER for victim in each}


def test_logs_of_the_killed_are_kept(suite: Suite) -> None:
    logs = Path(suite.data_dir) / "logs"
    assert {f"{service}.log" for service in SERVICES} <= {log.name for log in logs.iterdir()}
