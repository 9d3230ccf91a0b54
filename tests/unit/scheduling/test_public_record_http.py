"""A citizen finds their own seat in the public chains, over HTTP and with nothing but what is written in ledger.md."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta
from typing import Any

from services.scheduling.booking.seats.audit_log_routes import PUBLIC_RECORDS_A_MINUTE
from shared.chain.verify import verify
from tests.unit.scheduling.test_http import Office, _loopback_allowed, office  # noqa: F401 - fixtures
from tests.unit.scheduling.test_seat_audit_log import chained
from tests.unit.scheduling.world import NORTH, SOUTH, TUESDAY


async def lines_at(office: Office, url: str) -> list[bytes]:  # noqa: F811
    async with office.client.get(url) as answer:
        assert answer.status == 200
        return (await answer.read()).splitlines()


def acts_of(commitment: str, lines: list[bytes]) -> list[str]:
    """The steps of a holder by the version of their appointment: the chain does not promise the order of time."""
    links: list[dict[str, Any]] = [json.loads(line) for line in lines[1:-1]]
    own = [link["fact"] for link in links if link["commitment"] == commitment]
    return [fact["act"] for fact in sorted(own, key=lambda fact: fact["version"])]


async def test_a_citizen_finds_every_step_of_their_visit_by_its_salt(office: Office) -> None:  # noqa: F811
    world = office.world
    paid = await world.paid("ani")
    await world.paid("budi")
    await world.service.moves.reschedule(world.move(paid, world.session_id(NORTH, TUESDAY)))
    await chained(world)
    status, record = await office.get(f"/v1/appointments/{paid.id}/public-record", office.ani())
    assert (status, record["appointment_id"]) == (200, paid.id)
    assert datetime.fromisoformat(record["linked_until"]) >= world.clock.now() - timedelta(seconds=10)
    told = {}
    for seat in record["seats"]:
        text = json.dumps(["paspor commitment", seat["salt"], paid.id], separators=(",", ":"), ensure_ascii=False)
        assert hashlib.sha256(text.encode()).hexdigest() == seat["commitment"]
        lines = await lines_at(office, seat["chain_url"])
        verify(lines)
        told[seat["chain"]] = acts_of(seat["commitment"], lines)
    assert told == {
        f"seats:{NORTH.office_id}:{TUESDAY}": ["moved_in"],
        f"seats:{SOUTH.office_id}:{TUESDAY}": ["held", "confirmed", "moved_out"],
    }


async def test_salts_are_for_the_owner_alone(office: Office) -> None:  # noqa: F811
    paid = await office.paid()
    await chained(office.world)
    path = f"/v1/appointments/{paid.id}/public-record"
    assert (await office.get(path))[0] == 401
    assert (await office.get(path, office.token("account-budi")))[1]["code"] == "not_found"
    for token in (office.front(), office.admin()):
        assert (await office.get(path, token))[0] == 403
    assert (await office.get("/v1/appointments/none/public-record", office.ani()))[1]["code"] == "not_found"


async def test_before_the_first_step_is_linked_and_after_erasure_there_is_no_salt(office: Office) -> None:  # noqa: F811
    paid = await office.paid()
    path = f"/v1/appointments/{paid.id}/public-record"
    _, record = await office.get(path, office.ani())
    assert record["seats"] == []
    assert datetime.fromisoformat(record["linked_until"]) < paid.state.made_at
    await chained(office.world)
    _, record = await office.get(path, office.ani())
    assert len(record["seats"]) == 1
    await office.world.service.seat_chains._chains.forget(paid.id)
    _, record = await office.get(path, office.ani())
    assert record["seats"] == []


async def test_it_is_asked_for_so_often_and_no_oftener(office: Office) -> None:  # noqa: F811
    paid = await office.paid()
    path = f"/v1/appointments/{paid.id}/public-record"
    statuses = [(await office.get(path, office.ani()))[0] for _ in range(PUBLIC_RECORDS_A_MINUTE.count + 1)]
    assert statuses == [200] * PUBLIC_RECORDS_A_MINUTE.count + [429]
