"""Gates that no single sender fills, agencies that are known again, bounded connections: each at its edge."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from ipaddress import ip_network

import pytest

from shared.clock import ManualClock
from shared.http.address import source_of
from shared.http.agencies import MOST_REMEMBERED, REMEMBERED, Agencies
from shared.http.connections import Connections
from shared.http.gates import FairGate, Gate, Place, Rank, Sender, TooBusy, TooManyAtOnce


def stranger(number: int) -> Sender:
    return Sender(f"address 10.0.0.{number}")


# -- gates -----------------------------------------------------------------------------------------------------------


def test_one_sender_has_few_places_and_the_next_sender_its_own() -> None:
    gate = FairGate(10, 2)
    gate.enter(stranger(1))
    gate.enter(stranger(1))
    with pytest.raises(TooManyAtOnce):
        gate.enter(stranger(1))
    gate.enter(stranger(2))
    gate.leave(stranger(1))
    gate.enter(stranger(1))
    assert (gate.inside, gate.senders) == (3, 2)


def test_places_beyond_the_limit_are_kept_for_callers_and_the_last_for_agencies() -> None:
    gate = FairGate(2, 1, for_callers=1, for_agencies=1)
    gate.enter(stranger(1))
    gate.enter(stranger(2))
    with pytest.raises(TooBusy):
        gate.enter(stranger(3))
    gate.enter(Sender("caller a1", Rank.CALLER))
    with pytest.raises(TooBusy):
        gate.enter(Sender("caller a2", Rank.CALLER))
    gate.enter(Sender("address 192.0.2.1", Rank.AGENCY))
    with pytest.raises(TooBusy):
        gate.enter(Sender("address 192.0.2.2", Rank.AGENCY))


def test_a_sender_who_left_is_forgotten() -> None:
    gate = FairGate(1, 1)
    for number in range(100):
        gate.enter(stranger(number))
        with pytest.raises(TooBusy):
            gate.enter(stranger(number + 1))
        gate.leave(stranger(number))
    assert (gate.inside, gate.senders) == (0, 0)


async def test_a_fair_gate_knows_when_it_is_empty() -> None:
    gate = FairGate(1, 1)
    await gate.empty()
    gate.enter(stranger(1))
    waiting = asyncio.ensure_future(gate.empty())
    await asyncio.sleep(0)
    assert not waiting.done()
    gate.leave(stranger(1))
    await waiting


def test_the_last_places_among_requests_under_way_are_for_agencies() -> None:
    gate = Gate(1, kept=1)
    gate.enter()
    with pytest.raises(TooBusy):
        gate.enter()
    gate.enter(agency=True)
    with pytest.raises(TooBusy):
        gate.enter(agency=True)


def test_a_place_is_given_back_once_and_can_be_taken_again() -> None:
    gate = Gate(1)
    place = Place(gate)
    place.leave()
    place.leave()
    assert gate.inside == 0
    other = Place(gate)
    with pytest.raises(TooBusy):
        place.enter()
    place.leave()
    assert gate.inside == 1, "what was not taken is not given back"
    other.leave()
    place.enter()
    assert gate.inside == 1


# -- who is counted --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("unknown", "unknown"),
    ],
)
def test_a_subscriber_of_ipv6_is_one_source(address: str, source: str) -> None:
    assert source_of(address) == source


def test_an_agency_is_named_or_has_signed(clock: ManualClock) -> None:
    agencies = Agencies((ip_network("198.51.100.0/24"),))
    assert agencies.knows("198.51.100.7", clock.now())
    assert not agencies.knows("192.0.2.1", clock.now())
    agencies.remember("192.0.2.1", clock.now())
    assert agencies.knows("192.0.2.1", clock.now() + REMEMBERED - timedelta(seconds=1))
    assert not agencies.knows("192.0.2.1", clock.now() + REMEMBERED)


def test_agencies_remembered_are_few_and_the_longest_silent_goes_first(clock: ManualClock) -> None:
    agencies = Agencies()
    for number in range(MOST_REMEMBERED):
        agencies.remember(f"192.0.2.{number}", clock.now())
    agencies.remember("192.0.2.0", clock.now())
    agencies.remember("198.51.100.1", clock.now())
    assert agencies.knows("192.0.2.0", clock.now())
    assert not agencies.knows("192.0.2.1", clock.now())


# -- connections -----------------------------------------------------------------------------------------------------


class Lines:
    """Connections on a time that moves only when told."""

    def __init__(self, most: int = 100, each: int = 2, is_agency: Callable[[str], bool] = lambda _: False) -> None:
        self.time = 0.0
        self.closed: list[object] = []
        proxies = (ip_network("10.0.0.0/8"),)
        self.all = Connections(most, each, 15.0, proxies, is_agency, lambda: self.time)

    def open(self, key: str, peer: str) -> bool:
        return self.all.opened(key, peer, lambda: self.closed.append(key))


def test_one_address_has_few_connections_and_a_trusted_proxy_as_many_as_it_opens() -> None:
    lines = Lines(each=2)
    assert [lines.open(f"a{n}", "192.0.2.1") for n in range(3)] == [True, True, False]
    assert lines.open("b", "192.0.2.2")
    assert all(lines.open(f"p{n}", "10.0.0.1") for n in range(50))
    lines.all.closed("a2")  # never counted
    lines.all.closed("a0")
    assert lines.open("a3", "192.0.2.1")
    assert (lines.all.open, lines.all.turned_away) == (53, 1)


def test_all_connections_together_are_bounded_but_for_agencies_and_proxies() -> None:
    lines = Lines(most=3, is_agency=lambda address: address == "198.51.100.1")
    assert [lines.open(f"{n}", f"192.0.2.{n}") for n in range(4)] == [True, True, True, False]
    assert lines.open("agency", "198.51.100.1")
    assert lines.open("proxy", "10.0.0.1")


def test_a_head_must_be_whole_in_its_time() -> None:
    lines = Lines(each=9)
    lines.open("silent", "192.0.2.1")
    lines.open("asks", "192.0.2.1")
    lines.all.understood("asks")
    lines.time = 14.9
    assert lines.all.close_overdue() == 0
    lines.time = 15.0
    assert lines.all.close_overdue() == 1
    assert lines.closed == ["silent"]


def test_the_next_head_has_its_time_from_its_first_byte_on() -> None:
    lines = Lines()
    lines.open("a", "192.0.2.1")
    lines.all.understood("a")
    lines.all.note_bytes("a")  # a body, while its answer is on the way
    lines.all.answered("a")
    lines.time = 60.0
    assert lines.all.close_overdue() == 0, "idle between two calls: the time for keeping alive bounds it"
    lines.all.note_bytes("a")
    lines.time = 70.0
    lines.all.note_bytes("a")  # one more byte gives no more time
    lines.time = 75.0
    assert lines.all.close_overdue() == 1
    for told in (lines.all.note_bytes, lines.all.understood, lines.all.answered, lines.all.closed):
        told("never seen")
