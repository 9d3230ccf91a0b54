"""What becomes of a message, for everything that its handler can say."""

from __future__ import annotations

from typing import Any

import pytest

from shared import context
from shared.bus.dispatch import CONFLICT_TRIES, Dispatcher, Outcome
from shared.errors import NotAllowed, NotKnownYet, SomeoneElseChangedIt, UpstreamDown
from shared.events.envelope import Envelope
from shared.events.scheduling import VisitorCheckedIn
from shared.person_keys.errors import PersonErased
from shared.service import NotYet
from shared.store.port import InboxFull, StoreUnavailable, VersionConflict
from tests.unit.shared_runtime.things import envelope


def dispatcher(*says: BaseException | None) -> tuple[Dispatcher, list[Envelope]]:
    """Its handler says one after the other, the last one for ever; the list shows what it took."""
    words, taken = list(says), []

    async def handler(_event: Any, message: Envelope) -> None:
        taken.append(message)
        word = words.pop(0) if len(words) > 1 else words[0]
        if word is not None:
            raise word

    return Dispatcher({VisitorCheckedIn: handler}, {}), taken


async def test_a_handler_that_returns_is_done() -> None:
    it, taken = dispatcher(None)
    assert await it.handle(envelope()) is Outcome.DONE
    assert [each.id for each in taken] == ["m1"]


@pytest.mark.parametrize(
    "trouble",
    [
        NotYet("the bill is not known"),
        StoreUnavailable("away"),
        InboxFull("500"),
        NotKnownYet(),
        SomeoneElseChangedIt(),
        UpstreamDown("simponi", "timeout"),
    ],
    ids=lambda trouble: type(trouble).__name__,
)
async def test_what_time_may_mend_is_tried_later(trouble: Exception) -> None:
    it, taken = dispatcher(trouble)
    assert await it.handle(envelope()) is Outcome.LATER
    assert len(taken) == 1


@pytest.mark.parametrize("trouble", [NotAllowed(), ValueError("a mistake")], ids=["refusal", "mistake"])
async def test_what_time_cannot_mend_is_poison(trouble: Exception) -> None:
    it, _ = dispatcher(trouble)
    assert await it.handle(envelope()) is Outcome.POISON


async def test_a_message_of_an_erased_person_is_taken_without_effect_and_without_an_alert() -> None:
    it, taken = dispatcher(PersonErased("the key was destroyed"))
    assert await it.handle(envelope()) is Outcome.DONE
    assert len(taken) == 1


async def test_a_message_that_nobody_handles_is_poison() -> None:
    assert await Dispatcher({}, {}).handle(envelope()) is Outcome.POISON


async def test_a_conflict_is_tried_again_at_once() -> None:
    it, taken = dispatcher(VersionConflict("moved on"), None)
    assert await it.handle(envelope()) is Outcome.DONE
    assert len(taken) == 2


async def test_conflicts_without_end_wait_on_a_rung() -> None:
    it, taken = dispatcher(VersionConflict("moved on"))
    assert await it.handle(envelope()) is Outcome.LATER
    assert len(taken) == CONFLICT_TRIES


async def test_a_handler_works_inside_the_message_s_own_trace() -> None:
    seen: list[context.Causation] = []

    async def handler(_event: Any, _envelope: Envelope) -> None:
        seen.append(context.current())

    message = envelope()
    await Dispatcher({VisitorCheckedIn: handler}, {}).handle(message)
    assert (seen[0].correlation_id, seen[0].causation_id) == ("corr", message.id)
    assert seen[0].traceparent[3:35] == message.traceparent[3:35]
    assert context.current_or_none() is None
