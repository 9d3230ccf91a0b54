"""A seat asked for with a draft: the answer says what comes first, and the submission changes it."""

from __future__ import annotations

import pytest

from services.scheduling.errors import ApplicationNotSubmitted, IdentityAwaited
from shared.errors import NotKnownYet
from shared.events.application import (
    ApplicationDrafted,
    ApplicationWithdrawn,
    SubmissionAwaitsIdentity,
    SubmissionReturned,
)
from tests.unit.scheduling.world import World

IDS = {"application_id": "application-ani", "account_id": "account-ani", "applicant_id": "applicant-ani"}
DRAFTED = ApplicationDrafted(**IDS, person_id="applicant-ani")
AWAITED = SubmissionAwaitsIdentity(**IDS)
RETURNED = SubmissionReturned(**IDS, reason="identity_refused")


@pytest.fixture
async def hurried(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """A world in which waiting for a fact takes no time."""

    async def hurry(seconds: float) -> None:
        world.clock.advance(seconds)

    monkeypatch.setattr(world.clock, "sleep", hurry)
    return world


async def refusal_of(world: World) -> NotKnownYet:
    """The refusal of a hold, which waited a second and took nothing."""
    before = world.clock.now()
    with pytest.raises(NotKnownYet) as refused:
        await world.service.booking.hold(world.wish())
    assert (world.clock.now() - before).total_seconds() == pytest.approx(1)
    assert (await world.buckets()).get("held", 0) == 0
    return refused.value


async def test_an_application_of_which_nothing_is_known_is_not_called_a_draft(hurried: World) -> None:
    assert type(await refusal_of(hurried)) is NotKnownYet


async def test_a_draft_is_told_to_submit_first(hurried: World) -> None:
    await hurried.hear(DRAFTED)
    refused = await refusal_of(hurried)
    assert type(refused) is ApplicationNotSubmitted
    assert (refused.code, refused.facts) == ("application_not_submitted", {"application_id": "application-ani"})
    assert refused.next_action.startswith("Submit") and refused.next_action_id.startswith("Kirim")


@pytest.mark.acceptance("X11.identity_first")
@pytest.mark.parametrize("events", [(AWAITED,), (DRAFTED, AWAITED), (AWAITED, DRAFTED), (AWAITED, AWAITED)])
async def test_a_submission_that_awaits_identity_gets_no_seat_whatever_order_facts_come_in(
    hurried: World, events: tuple[ApplicationDrafted | SubmissionAwaitsIdentity, ...]
) -> None:
    for event in events:
        await hurried.hear(event)
    refused = await refusal_of(hurried)
    assert (type(refused), refused.code) == (IdentityAwaited, "identity_awaited")
    await hurried.submitted()
    assert await hurried.service.booking.hold(hurried.wish())


@pytest.mark.parametrize("order", [(0, 1), (1, 0), (0, 1, 0)])
async def test_a_submission_that_is_a_draft_again_is_told_to_submit_whatever_order_facts_come_in(
    hurried: World, order: tuple[int, ...]
) -> None:
    events = [(AWAITED, 2), (RETURNED, 3)]
    for event, version in (events[position] for position in order):
        await hurried.hear(event, version=version)
    assert type(await refusal_of(hurried)) is ApplicationNotSubmitted
    await hurried.hear(AWAITED, version=4)
    assert type(await refusal_of(hurried)) is IdentityAwaited


@pytest.mark.parametrize("late", [DRAFTED, AWAITED, RETURNED])
async def test_what_came_before_a_submission_and_arrives_after_it_changes_nothing(
    hurried: World, late: ApplicationDrafted | SubmissionAwaitsIdentity | SubmissionReturned
) -> None:
    await hurried.submitted()
    await hurried.hear(late)
    held = await hurried.service.booking.hold(hurried.wish())
    assert held.state.person_id == "person-ani"


async def test_a_withdrawn_draft_is_no_draft_again(hurried: World) -> None:
    await hurried.hear(ApplicationWithdrawn(application_id="application-ani", account_id="account-ani", person_id="p"))
    await hurried.hear(DRAFTED)
    known = await hurried.service.repositories.applications.application("application-ani")
    assert known is not None and (known.state.withdrawn, known.state.submitted) == (True, True)
