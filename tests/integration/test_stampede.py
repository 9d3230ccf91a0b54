"""Thousands at one door: two scheduling processes, one last seat; and visits that swap offices at once."""

from __future__ import annotations

import asyncio
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import aiohttp
import pytest

from bench import stage
from local_suite.parts import any_free_ports
from local_suite.suite import Suite
from shared.events.application import ApplicationSubmitted
from shared.events.billing import BillPaid
from shared.store.driver import AsyncDatabase, connect, database, disconnect
from shared.tokens import Role
from tests.scale import STAMPEDE_CROWD, STAMPEDE_ROUNDS, STAMPEDE_SEATS

AT_ONCE: Final = 200
"""Requests under way at the same time; the others wait for a connection, as at a gateway."""

REPLICAS: Final = ("scheduling", "scheduling-2")
SOUTH, NORTH = "jakarta-selatan", "jakarta-utara"
PATIENCE_SECONDS: Final = 60.0
SERVICE_MINUTES: Final = 10


@dataclass
class Door:
    """The running suite, the store of scheduling, and people with submitted applications."""

    suite: Suite
    data: AsyncDatabase
    session: aiohttp.ClientSession
    people: list[ApplicationSubmitted] = field(default_factory=list)
    tokens: dict[str, str] = field(default_factory=dict)

    async def known(self, count: int) -> list[ApplicationSubmitted]:
        """New people whose applications have arrived at scheduling."""
        new = stage.submitted(count)
        before = await self.data.application_copy.estimated_document_count()
        await stage.put_on_bus(self.suite, "scheduling", new)
        await eventually(self.data.application_copy.estimated_document_count, before + count)
        accounts = [each.account_id for each in new]
        self.tokens.update(zip(accounts, stage.tokens(self.suite, accounts), strict=True))
        self.people += new
        return new

    async def open(self, office: str, seats: int, start: str) -> str:
        """A session with that many regular seats, some days ahead."""
        ends = datetime.strptime(start, "%H:%M").replace(tzinfo=UTC) + timedelta(hours=2)
        booths = min(seats, 20)
        body = {
            "date": (datetime.now(UTC) + timedelta(days=3)).date().isoformat(),
            "start": start,
            "end": f"{ends:%H:%M}",
            "booths": booths,
            "staff": booths,
            "service_minutes": SERVICE_MINUTES,
            "pools": {"regular": seats},
            "reason": "as many seats as the race needs, whatever the hour",
        }
        token = stage.staff_token(self.suite, Role.OFFICE_ADMIN, office)
        status, answer = await self.post(0, f"/v1/offices/{office}/sessions", body, token)
        assert status == 201, answer
        return str(answer["session_id"])

    async def hold(self, number: int, person: ApplicationSubmitted, session_id: str) -> tuple[int, Any]:
        body = {"application_id": person.application_id, "session_id": session_id}
        return await self.post(number, "/v1/appointments", body, self.tokens[person.account_id])

    async def post(self, number: int, path: str, body: dict[str, Any], token: str) -> tuple[int, Any]:
        """A command to one of the replicas, from an address of the caller's own."""
        headers = {
            "Authorization": f"Bearer {token}",
            "Idempotency-Key": str(uuid.uuid4()),
            "X-Forwarded-For": f"10.{number // 62500}.{number // 250 % 250}.{number % 250 + 1}",
        }
        url = self.suite.ports.url(REPLICAS[number % len(REPLICAS)]) + path
        async with self.session.post(url, json=body, headers=headers) as answer:
            return answer.status, await answer.json()

    async def seated(self, people: Sequence[ApplicationSubmitted]) -> list[dict[str, Any]]:
        """The live appointments of these people."""
        persons = [each.person_id for each in people]
        found = self.data.appointment.find({"state.live": True, "state.person_id": {"$in": persons}})
        return [row["state"] async for row in found]

    async def rules_hold(self) -> None:
        """I1 and I2, asked of both replicas."""
        for name in REPLICAS:
            async with self.session.get(self.suite.ports.url(name) + "/health/invariants") as answer:
                report = await answer.json()
            assert report["holds"], report


async def eventually(look: Any, wanted: Any) -> None:
    """Wait until a look gives what is wanted."""
    until = asyncio.get_running_loop().time() + PATIENCE_SECONDS
    while (found := await look()) != wanted:
        assert asyncio.get_running_loop().time() < until, f"{found} instead of {wanted}"
        await asyncio.sleep(0.1)


@pytest.fixture(scope="module")
async def door(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Door]:
    """Two replicas of scheduling and what they need; the rest of the suite rests."""
    folder = tmp_path_factory.mktemp("stampede")
    resting = ("application", "billing", "notification", "simulators", "mail")  # identity publishes the token keys
    async with Suite(folder, any_free_ports(), extra={"*": stage.OPEN_LIMITS}, replicas={"scheduling": 2}) as suite:
        for name in resting:
            await suite.stop_part(name)
        client = connect(suite.mongo_url)
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=AT_ONCE)) as session:
            yield Door(suite, database(client, "paspor_scheduling"), session)
        await disconnect(client)


@pytest.mark.acceptance("F65.thousand_at_once")
async def test_a_thousand_want_the_last_seat(door: Door) -> None:
    """A thousand in the long form; fewer, but still more than are under way at once, in the short one."""
    crowd = await door.known(STAMPEDE_CROWD)
    for round_number in range(STAMPEDE_ROUNDS):
        session_id = await door.open(SOUTH, 1, f"{5 + round_number % 3:02d}:{round_number // 3 % 2 * 30:02d}")
        answers = await asyncio.gather(*(door.hold(number, who, session_id) for number, who in enumerate(crowd)))
        outcomes = Counter((status, body.get("code")) for status, body in answers)
        assert outcomes == {(201, None): 1, (409, "session_sold_out"): len(crowd) - 1}
        seated = await door.seated(crowd)
        assert [state["slot"]["session_id"] for state in seated] == [session_id]
        winner = seated[0]["person_id"]
        crowd = [who for who in crowd if who.person_id != winner]
        await door.rules_hold()


async def test_nobody_is_refused_while_a_seat_is_free(door: Door) -> None:
    seats = STAMPEDE_SEATS
    crowd = await door.known(seats)
    session_id = await door.open(SOUTH, seats, "09:00")
    answers = await asyncio.gather(*(door.hold(number, who, session_id) for number, who in enumerate(crowd)))
    assert Counter(status for status, _ in answers) == {201: seats}
    assert len({state["slot"]["seat_id"] for state in await door.seated(crowd)}) == seats
    await door.rules_hold()


async def test_visits_that_swap_offices_at_once_end_on_one_seat_each(door: Door) -> None:
    """Thirty want from the full south to the ten free seats of the north, and the north's twenty the other way."""
    south, north = await door.open(SOUTH, 30, "11:00"), await door.open(NORTH, 30, "11:00")
    southern, northern = await door.known(30), await door.known(20)
    await _certain(door, southern, south)
    await _certain(door, northern, north)
    moves = [(who, north) for who in southern] + [(who, south) for who in northern]
    rows = await door.seated([*southern, *northern])
    ids = {row["person_id"]: row for row in rows}
    assert len(ids) == 50

    async def move(number: int, who: ApplicationSubmitted, to: str) -> int:
        appointment_id = (
            await door.data.appointment.find_one({"state.live": True, "state.person_id": who.person_id}, {"_id": 1})
        )["_id"]
        path, token = f"/v1/appointments/{appointment_id}/reschedule", door.tokens[who.account_id]
        both = [door.post(number + turn, path, {"session_id": to}, token) for turn in range(2)]
        statuses = [status for status, _ in await asyncio.gather(*both)]
        assert statuses.count(200) <= 1, "one move a visit"
        return statuses.count(200)

    moved = sum(await asyncio.gather(*(move(number, who, to) for number, (who, to) in enumerate(moves))))
    await eventually(lambda: door.data.appointment.count_documents({"state.status": "moving"}), 0)
    after = await door.seated([*southern, *northern])
    assert len(after) == 50
    assert {state["status"] for state in after} == {"confirmed"}
    assert len({state["slot"]["seat_id"] for state in after}) == 50
    assert moved >= 10, "the ten free seats were to be had"
    await door.rules_hold()


async def _certain(door: Door, people: Sequence[ApplicationSubmitted], session_id: str) -> None:
    """Seats for these people, paid."""
    answers = await asyncio.gather(*(door.hold(number, who, session_id) for number, who in enumerate(people)))
    assert {status for status, _ in answers} == {201}
    paid = [
        BillPaid(
            bill_id=str(uuid.uuid4()),
            application_id=who.application_id,
            account_id=who.account_id,
            appointment_id=view["appointment_id"],
            purpose="fee",
            amount=350_000,
            paid_at=datetime.now(UTC),
        )
        for who, (_, view) in zip(people, answers, strict=True)
    ]
    await stage.put_on_bus(door.suite, "scheduling", paid)
    persons = [who.person_id for who in people]
    certain = {"state.status": "confirmed", "state.person_id": {"$in": persons}}
    await eventually(lambda: door.data.appointment.count_documents(certain), len(people))
