"""The audit: a line before each act, no override without a reason, nothing ever changed."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from shared.audit import AUDIT, Audit, OverrideNeedsReason
from shared.clock import ManualClock
from shared.errors import NotAllowed
from shared.ids import SeededIds
from shared.store.memory import MemoryStore
from shared.tokens import Caller, Role

T0 = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
OFFICER = Caller("officer-1", Role.FRONT_OFFICER, "s1", office_id="office-1")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(T0)


@pytest.fixture
def audit(clock: ManualClock) -> Audit:
    return Audit(MemoryStore("scheduling"), clock, SeededIds(random.Random(1)))


async def lines(audit: Audit) -> list[tuple[str, str, str | None]]:
    found = await audit.between(T0, T0 + timedelta(days=1))
    return [(each.state.act, each.state.outcome, each.state.detail) for each in found]


@pytest.mark.acceptance("F21.reason_or_refused")
@pytest.mark.parametrize("reason", [None, "", "Because I say so", "x" * 65])
async def test_an_override_without_a_reason_code_is_refused_and_not_done(audit: Audit, reason: str | None) -> None:
    done = False
    with pytest.raises(OverrideNeedsReason) as refused:
        async with audit.doing(OFFICER, "visit.walk_in", subject="a-1", reason=reason, override=True):
            done = True
    assert not done
    assert refused.value.field == "/reason"
    assert await lines(audit) == []


@pytest.mark.acceptance("F21.daily_list")
async def test_the_office_head_sees_todays_overrides_once_each_and_only_their_own(audit: Audit) -> None:
    elsewhere = Caller("officer-9", Role.FRONT_OFFICER, "s9", office_id="office-9")
    async with audit.doing(OFFICER, "visit.walk_in", subject="a-1", reason="system_fault", override=True):
        pass
    await audit.note(OFFICER, "visit.check_in", subject="a-2")
    await audit.note(elsewhere, "visit.walk_in", subject="a-3", reason="system_fault", override=True)
    found = await audit.overrides("office-1", T0, T0 + timedelta(days=1))
    assert [(each.state.subject, each.state.actor_id, each.state.reason) for each in found] == [
        ("a-1", "officer-1", "system_fault")
    ]


@pytest.mark.acceptance("F82.audit")
async def test_the_line_is_there_before_the_act_and_its_outcome_after_it(audit: Audit) -> None:
    async with audit.doing(OFFICER, "visit.recall", subject="a-1") as doing:
        assert await lines(audit) == [("visit.recall", "begun", None)]
        doing.detail = "called_twice"
    with pytest.raises(NotAllowed):
        async with audit.doing(OFFICER, "visit.park", subject="a-1"):
            raise NotAllowed
    with pytest.raises(ZeroDivisionError):
        async with audit.doing(OFFICER, "visit.miss", subject="a-1"):
            raise ZeroDivisionError
    assert sorted(await lines(audit)) == sorted([
        ("visit.recall", "begun", None),
        ("visit.recall", "done", "called_twice"),
        ("visit.park", "begun", None),
        ("visit.park", "refused", "not_allowed"),
        ("visit.miss", "begun", None),
        ("visit.miss", "failed", "ZeroDivisionError"),
    ])  # fmt: skip


async def test_a_repeated_command_adds_no_line(audit: Audit, clock: ManualClock) -> None:
    for _ in range(2):
        async with audit.doing(OFFICER, "visit.park", subject="a-1", words="left the room", command_id="c-1"):
            clock.advance(1)
    assert [each[1] for each in await lines(audit)] == ["begun", "done"]


async def test_free_text_lies_apart_and_can_be_erased(audit: Audit) -> None:
    line_id = await audit.note(OFFICER, "visit.park", subject="a-1", words="went to pray")
    [line] = await audit.between(T0, T0 + timedelta(days=1), office_id="office-1")
    assert "to pray" not in repr(line.state)
    assert line.state.words is not None and len(line.state.words) == 64
    assert await audit.words_of([line_id]) == {line_id: "went to pray"}
    assert await audit.erase_words(line_id)
    assert await audit.words_of([line_id]) == {}
    assert not await audit.erase_words(line_id)
    assert [each.state for each in await audit.between(T0, T0 + timedelta(days=1))] == [line.state]


def test_only_inserts() -> None:
    assert AUDIT.bare
