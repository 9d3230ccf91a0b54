"""Behaviours, signatures and the outbox, without any server."""

from __future__ import annotations

from datetime import timedelta

import pytest

from simulators import outbox as outbox_module
from simulators.behaviour import OK, Behaviour, Behaviours
from simulators.errors import BehaviourUnknown
from simulators.outbox import Outbox
from simulators.signing import SIGNATURE_WINDOW_SECONDS, signature_holds, signed_headers

from .conftest import START

OPERATIONS = {"ask": frozenset({"ok", "down"}), "tell": frozenset({"ok", "lose"})}


def test_a_behaviour_holds_for_its_calls_and_then_all_is_well() -> None:
    behaviours = Behaviours(OPERATIONS)
    behaviours.set("ask", Behaviour("down", next_calls=2))
    assert [behaviours.take("ask").mode for _ in range(3)] == ["down", "down", "ok"]
    assert behaviours.calls() == {"ask": {"total": 3, "down": 2, "ok": 1}, "tell": {"total": 0}}


def test_a_behaviour_without_a_number_holds_until_the_reset() -> None:
    behaviours = Behaviours(OPERATIONS)
    behaviours.set("ask", Behaviour("down"))
    assert {behaviours.take("ask").mode for _ in range(5)} == {"down"}
    behaviours.reset()
    assert behaviours.take("ask") == OK


def test_a_star_reaches_each_operation_that_knows_the_mode() -> None:
    behaviours = Behaviours(OPERATIONS)
    assert behaviours.set("*", Behaviour("lose")) == ["tell"]
    assert behaviours.set("*", OK) == ["ask", "tell"]


@pytest.mark.parametrize(("operation", "mode"), [("ask", "lose"), ("sing", "ok"), ("*", "dance")])
def test_an_unknown_behaviour_is_refused(operation: str, mode: str) -> None:
    with pytest.raises(BehaviourUnknown):
        Behaviours(OPERATIONS).set(operation, Behaviour(mode))


def test_a_signature_holds_only_for_its_body_secret_and_time() -> None:
    headers = signed_headers("X-Sms", "k1", "secret", 1_000, b"body")
    assert headers["X-Sms-Signature"].startswith("k1=")
    assert signature_holds("X-Sms", headers, "secret", 1_000 + SIGNATURE_WINDOW_SECONDS, b"body")
    assert not signature_holds("X-Sms", headers, "secret", 1_001 + SIGNATURE_WINDOW_SECONDS, b"body")
    assert not signature_holds("X-Sms", headers, "secret", 1_000, b"Body")
    assert not signature_holds("X-Sms", headers, "other", 1_000, b"body")
    assert not signature_holds("X-Sms", {}, "secret", 1_000, b"body")


def test_one_of_two_signatures_is_enough_while_keys_turn() -> None:
    headers = signed_headers("X-Sms", "k2", "new", 1_000, b"body")
    headers["X-Sms-Signature"] = "k1=00, " + headers["X-Sms-Signature"]
    assert signature_holds("X-Sms", headers, "new", 1_000, b"body")


def seconds_until_due(behaviour: Behaviour, count: int = 1) -> list[float]:
    """Plan ``count`` bodies and return when each is due, in the order they will leave."""
    outbox = Outbox()
    for number in range(count):
        outbox.plan({"number": number}, behaviour, START)
    due = outbox.due(START + timedelta(hours=1))
    return [(delivery.due_at - START).total_seconds() for delivery in due]


def test_the_outbox_delays_repeats_and_loses() -> None:
    assert seconds_until_due(OK) == [0]
    assert seconds_until_due(Behaviour("delay", 30)) == [30]
    assert seconds_until_due(Behaviour("repeat", 5, times=3)) == [0, 5, 10]
    assert seconds_until_due(Behaviour("lose")) == []


def test_the_outbox_turns_each_group_round() -> None:
    outbox = Outbox()
    for number in range(4):
        outbox.plan({"number": number}, Behaviour("reorder", 1, times=2), START + timedelta(milliseconds=number))
    due = outbox.due(START + timedelta(hours=1))
    assert [delivery.body for delivery in due] == [b'{"number":1}', b'{"number":3}', b'{"number":0}', b'{"number":2}']


def test_a_refused_delivery_comes_again_and_is_given_up_after_the_last_retry() -> None:
    outbox, now = Outbox(), START
    outbox.plan({}, OK, now)
    for wait in (1, 2):
        (delivery,) = outbox.due(now)
        outbox.refused(delivery, [1, 2], now)
        assert outbox.due(now) == []
        now += timedelta(seconds=wait)
    (last,) = outbox.due(now)
    outbox.refused(last, [1, 2], now)
    assert outbox.next_due_at() is None
    assert outbox.counts == {"refused": 3, "given_up": 1}


def test_a_full_outbox_drops_and_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbox_module, "MAX_PENDING", 2)
    outbox = Outbox()
    outbox.plan({}, Behaviour("repeat", times=3), START)
    assert (len(outbox), outbox.counts["dropped"]) == (2, 1)
