from __future__ import annotations

import asyncio
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import context
from shared.context import Causation, TraceParent

GOOD = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_a_good_traceparent_is_read() -> None:
    parsed = context.parse_traceparent(GOOD)
    assert parsed == TraceParent("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", "01")
    assert str(parsed) == GOOD


def test_a_later_version_may_carry_more() -> None:
    assert context.parse_traceparent("01" + GOOD[2:] + "-extra") is not None


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "rubbish",
        GOOD.upper(),
        GOOD + "-extra",
        "ff" + GOOD[2:],
        "00-" + "0" * 32 + "-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-" + "0" * 16 + "-01",
        GOOD[:-1],
        GOOD + "\n",
    ],
)
def test_a_bad_traceparent_is_none(text: str | None) -> None:
    assert context.parse_traceparent(text) is None


@given(st.text(max_size=80))
def test_no_text_breaks_the_reader(text: str) -> None:
    """Random text is never a trace."""
    assert context.parse_traceparent(text) is None


def test_a_child_keeps_trace_and_flags_and_has_its_own_parent_id() -> None:
    child = context.parse_traceparent(context.child_traceparent(GOOD[:-2] + "00"))
    assert child is not None
    assert (child.trace_id, child.flags) == ("4bf92f3577b34da6a3ce929d0e0e4736", "00")
    assert child.parent_id != "00f067aa0ba902b7"


def test_a_child_of_nothing_starts_a_trace() -> None:
    assert context.parse_traceparent(context.child_traceparent()) is not None
    assert context.parse_traceparent(context.child_traceparent("rubbish")) is not None


def test_a_new_trace_can_be_unsampled() -> None:
    assert context.make_traceparent(sampled=False).endswith("-00")
    assert context.make_traceparent("a" * 32).startswith("00-" + "a" * 32)


def test_our_own_ids_never_look_like_a_nik() -> None:
    assert not any(re.search(r"\d{16}", context.make_traceparent()) for _ in range(3000))


def test_binding_lasts_for_the_block() -> None:
    assert context.current_or_none() is None
    assert context.trace_id() is None
    causation = Causation("conversation", "event-1", GOOD)
    with context.bound(causation):
        assert context.current() is causation
        assert context.trace_id() == "4bf92f3577b34da6a3ce929d0e0e4736"
        assert context.child_traceparent().startswith(GOOD[:36])
        with context.bound(context.new_causation()):
            assert context.current() is not causation
        assert context.current() is causation
    assert context.current_or_none() is None


def test_without_a_binding_current_is_new_each_time() -> None:
    assert context.current() != context.current()


def test_a_new_causation_takes_what_came_and_starts_the_rest() -> None:
    taken = context.new_causation(correlation_id="c", causation_id="e", traceparent=GOOD)
    assert (taken.correlation_id, taken.causation_id) == ("c", "e")
    assert taken.traceparent.startswith(GOOD[:36])
    started = context.new_causation()
    parsed = context.parse_traceparent(started.traceparent)
    assert parsed is not None
    assert started.correlation_id == parsed.trace_id
    assert started.causation_id is None


async def test_tasks_inherit_and_do_not_leak() -> None:
    async def child() -> str:
        with context.bound(Causation("inner", None, GOOD)):
            await asyncio.sleep(0)
            return context.current().correlation_id

    with context.bound(Causation("outer", None, GOOD)):
        assert await asyncio.create_task(child()) == "inner"
        assert context.current().correlation_id == "outer"
