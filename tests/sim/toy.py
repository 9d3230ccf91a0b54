"""Two toy services on the real shared library: they show that the engine itself keeps its word.

Visits fall due one by one and say so; a tally counts what it hears. ``guarded=False`` switches the tally's guard off.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web
from pydantic import BaseModel

from shared.events.envelope import Envelope
from shared.events.scheduling import ArrivedOnProof
from shared.http.call import Call
from shared.http.endpoint import PUBLIC, Endpoints
from shared.ids import derived_id
from shared.service import InvariantReport, Parts, Platform
from shared.store.kinds import Kind, Record
from shared.store.port import AlreadyExists, VersionConflict

WAIT_SECONDS = 100


@dataclass(frozen=True)
class Visit:
    arrives_at: datetime | None


@dataclass(frozen=True)
class Tally:
    visitors: int = 0


VISITS = Kind("visits", Visit, deadlines=lambda state: {"arrive": state.arrives_at} if state.arrives_at else {})
TALLIES = Kind("tallies", Tally)


class NewVisit(BaseModel):
    name: str


class VisitView(BaseModel):
    visit_id: str


class Visits:
    """Plans visits; each happens once."""

    def __init__(self, platform: Platform) -> None:
        self._at = platform

    async def plan(self, command_id: str) -> str:
        now = self._at.clock.now()
        visit_id = derived_id("visit", command_id)
        with suppress(AlreadyExists):
            await self._at.store.insert(VISITS, visit_id, Visit(now + timedelta(seconds=WAIT_SECONDS)), now=now)
        return visit_id

    async def arrive(self, record: Record[Visit], _name: str) -> None:
        now = self._at.clock.now()
        event = ArrivedOnProof(
            appointment_id=record.id,
            application_id=record.id,
            account_id="a",
            person_id="p",
            office_id="o",
            ntpn="n",
        )
        await self._at.store.save(VISITS, record, Visit(None), now=now, events=[event])


VISITS_KEY = web.AppKey("visits", Visits)
api = Endpoints("visits")


@api.post("/v1/visits", summary="Plan.", access=PUBLIC, answers={201: VisitView}, body=NewVisit, idempotent=True)
async def plan_visit(call: Call[NewVisit]) -> VisitView:
    return VisitView(visit_id=await call.app[VISITS_KEY].plan(call.command_id))


def build_visits(platform: Platform) -> Parts:
    """The speaking side, under the name of scheduling."""
    service = Visits(platform)
    return Parts(
        "scheduling", service, VISITS_KEY, (VISITS,), api.all, deadlines={("visits", "arrive"): service.arrive}
    )


class Tallies:
    """Counts visitors."""

    def __init__(self, platform: Platform, *, guarded: bool) -> None:
        self._at = platform
        self._guarded = guarded

    async def count(self, event: Any, envelope: Envelope) -> None:
        now = self._at.clock.now()
        record = await self._at.store.get(TALLIES, "all")
        if record is None:
            await self._begin(now, envelope)
        elif not self._guarded or not record.has_received(envelope.id):
            grown = replace(record.state, visitors=record.state.visitors + 1)
            await self._at.store.save(TALLIES, record, grown, now=now, received=self._mark(envelope))

    async def _begin(self, now: datetime, envelope: Envelope) -> None:
        try:
            await self._at.store.insert(TALLIES, "all", Tally(1), now=now, received=self._mark(envelope))
        except AlreadyExists:
            raise VersionConflict("another message began the tally at the same moment") from None

    async def check(self) -> InvariantReport:
        return InvariantReport(1)

    def _mark(self, envelope: Envelope) -> str | None:
        return envelope.id if self._guarded else None


def build_tallies(platform: Platform, *, guarded: bool = True) -> Parts:
    """The listening side, under the name of billing, which alone hears this event."""
    service = Tallies(platform, guarded=guarded)
    key = web.AppKey("tallies", Tallies)
    events = {ArrivedOnProof: service.count}
    return Parts("billing", service, key, (TALLIES,), (), events, invariants={"T1": service.check})
