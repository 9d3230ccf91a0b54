"""What a consumer's user may do at the broker, as RabbitMQ's import file says it."""

from __future__ import annotations

import re

import pytest

from shared.bus import topology
from shared.bus.consumers import (
    LONGEST_NAME,
    ConsumerNameWrong,
    KindNotForConsumers,
    consumer_definitions,
    consumer_queue,
    consumer_user,
)
from shared.events import billing, scheduling
from shared.events.published import WHOLE_KINDS

PAID = billing.BillPaid.TYPE


def test_it_reads_its_own_queue_and_nothing_else() -> None:
    made = consumer_definitions("kantor-statistik", "an invented word", [PAID])
    (rights,) = made["permissions"]
    assert (rights["configure"], rights["write"]) == ("^$", "^$")
    assert re.search(rights["read"], "paspor.consumer-kantor-statistik")
    for other in (
        *(queue.name for queue in topology.queues()),
        *(name for name, _ in topology.exchanges()),
        "paspor.consumer-kantor-statistik-dua",
        "xpaspor.consumer-kantor-statistik",
        "pasporxconsumer-kantor-statistik",
    ):
        assert not re.search(rights["read"], other), other
    assert {topic["write"] for topic in made["topic_permissions"]} == {"^$"}
    assert made["users"][0]["tags"] == "" and "an invented word" not in str(made)


def test_its_queue_is_bounded_and_stops_no_publisher() -> None:
    (queue,) = consumer_definitions("kantor", "word", [PAID])["queues"]
    arguments = queue["arguments"]
    assert arguments["x-overflow"] == "drop-head"
    assert {"x-max-length", "x-max-length-bytes", "x-message-ttl"} <= set(arguments)
    assert arguments["x-message-ttl"] == 14 * 24 * 3600 * 1000


def test_its_queue_is_bound_to_its_kinds_alone() -> None:
    made = consumer_definitions("kantor", "word", WHOLE_KINDS)
    assert [binding["routing_key"] for binding in made["bindings"]] == list(WHOLE_KINDS)
    assert {binding["source"] for binding in made["bindings"]} == {topology.EVENTS_EXCHANGE}


@pytest.mark.parametrize(
    "name", ["", "A", "a b", "a--b", "-a", "a-", "a.b", ".*", "a\n", "a" * (LONGEST_NAME + 1), "1a"]
)
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(ConsumerNameWrong):
        consumer_user(name)
    with pytest.raises(ConsumerNameWrong):
        consumer_queue(name)


def test_the_longest_name_is_taken() -> None:
    assert consumer_user("a" * LONGEST_NAME) == "consumer-" + "a" * LONGEST_NAME


@pytest.mark.parametrize("kinds", [[], ["#"], ["paspor.*"], [scheduling.AppointmentConfirmed.TYPE, PAID]])
def test_kinds_that_are_not_for_consumers_are_refused(kinds: list[str]) -> None:
    with pytest.raises(KindNotForConsumers, match=re.escape(PAID)):
        consumer_definitions("kantor", "word", kinds)
