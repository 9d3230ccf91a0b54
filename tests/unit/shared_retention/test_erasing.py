"""An order erases everything about a person but what a rule, a use or a hold keeps, and finishes by itself."""

from __future__ import annotations

from datetime import timedelta

import pytest

from shared.events.identity import ApplicantAdded
from shared.retention.erasing import ERASURE
from shared.retention.erasure import IN_USE_AGAIN_AFTER, LOOK_AGAIN_AFTER, ErasureState
from shared.retention.shelf import TooManyOfOne, all_of
from shared.store.change import change
from shared.store.decision import Decision
from tests.unit.shared_retention.world import ACCOUNT, APPLICANT, KEEP, THING, Thing, World
from tests.unit.world import envelope_of

MOMENT = timedelta(milliseconds=1)


async def test_what_is_the_persons_goes_and_what_is_anothers_stays() -> None:
    world = World()
    await world.add("mine")
    await world.add("the applicant's", owner=APPLICANT)
    await world.add("another's", owner="account-2")
    await world.order()
    await world.worker.run_due()
    assert await world.left() == {"another's"}
    assert sorted(world.keys.destroyed) == [ACCOUNT, APPLICANT]
    assert await world.told() == []
    await world.passes(LOOK_AGAIN_AFTER - MOMENT)
    assert await world.told() == []
    await world.passes(MOMENT)
    assert await world.told() == [()]
    state = await world.erasure()
    assert (state.state, state.erased, state.next_at) == (ErasureState.DONE, 2, None)


async def test_an_applicant_leaves_and_the_account_stays() -> None:
    world = World()
    await world.add("the account's")
    await world.add("the applicant's", owner=APPLICANT)
    await world.order(whole_account=False)
    await world.worker.run_due()
    assert await world.left() == {"the account's"}
    assert world.keys.destroyed == [APPLICANT]
    assert await world.retention.erasing.is_erased([APPLICANT])
    assert not await world.retention.erasing.is_erased([ACCOUNT])


async def test_a_repeated_order_changes_nothing() -> None:
    world = World()
    await world.order()
    await world.passes(timedelta(0))
    await world.passes(LOOK_AGAIN_AFTER)
    await world.order()
    await world.passes(LOOK_AGAIN_AFTER)
    assert (await world.erasure()).looks == 2
    assert await world.told() == [()]


async def test_a_rule_keeps_its_time_and_then_lets_go() -> None:
    world = World(binds=True)
    await world.add("money", days_ago=10)
    await world.order()
    await world.passes(timedelta(0))
    await world.passes(LOOK_AGAIN_AFTER)
    assert await world.told() == [("things",)]
    assert ACCOUNT not in world.keys.destroyed, "what is kept can still be opened"
    await world.passes(timedelta(days=20) - LOOK_AGAIN_AFTER - MOMENT)
    assert await world.left() == {"money"}
    await world.passes(MOMENT)
    assert await world.left() == set()
    assert ACCOUNT in world.keys.destroyed
    await world.passes(LOOK_AGAIN_AFTER)
    assert await world.told() == [("things",), ()]


async def test_what_a_rule_keeps_is_put_apart_and_the_persons_key_goes_at_once() -> None:
    world = World(binds=True, opens=True)
    await world.add("number")
    await world.order()
    await world.passes(timedelta(0))
    assert (await world.left(), world.apart) == ({"number"}, ["number"])
    assert ACCOUNT in world.keys.destroyed


async def test_what_does_not_open_keeps_the_key_of_the_person() -> None:
    world = World(binds=True, opens=False)
    await world.add("number")
    await world.order()
    await world.passes(timedelta(0))
    assert (await world.left(), world.apart) == ({"number"}, [])
    assert ACCOUNT not in world.keys.destroyed


@pytest.mark.parametrize("held", [True, False])
async def test_what_is_held_or_in_use_is_not_put_apart(held: bool) -> None:
    world = World(binds=True, opens=True)
    await world.add("number", days_ago=0 if held else None)
    if held:
        await world.place_hold(ACCOUNT)
    await world.order()
    await world.passes(timedelta(0))
    assert (await world.left(), world.apart) == ({"number"}, [])
    assert ACCOUNT not in world.keys.destroyed


async def test_the_second_look_comes_after_the_time_that_is_set() -> None:
    world = World(look_again_after=timedelta(seconds=1))
    await world.order()
    await world.passes(timedelta(0))
    await world.passes(timedelta(seconds=1) - MOMENT)
    assert await world.told() == []
    await world.passes(MOMENT)
    assert await world.told() == [()]


async def test_a_rule_that_does_not_bind_gives_way_to_the_order() -> None:
    world = World()
    await world.add("words", days_ago=0)
    await world.order()
    await world.worker.run_due()
    assert await world.left() == set()


async def test_what_is_in_use_is_looked_at_again_each_day() -> None:
    world = World()
    await world.add("live", days_ago=None)
    await world.order()
    await world.passes(timedelta(0))
    await world.passes(LOOK_AGAIN_AFTER)
    assert await world.told() == [("in_use",)]
    await world.passes(IN_USE_AGAIN_AFTER)
    assert await world.left() == {"live"}
    assert await world.told() == [("in_use",)], "the same is not told twice"

    def end(thing: Thing) -> Decision[Thing]:
        return Decision(Thing(thing.owner, thing.words, world.clock.now()))

    await change(world.store, world.clock, THING, "live", end)
    await world.passes(IN_USE_AGAIN_AFTER)
    assert await world.left() == set()


async def test_a_hold_stands_against_the_order_until_it_is_lifted() -> None:
    world = World()
    await world.add("held")
    await world.place_hold(ACCOUNT)
    await world.order()
    await world.passes(timedelta(0))
    await world.passes(LOOK_AGAIN_AFTER)
    assert (await world.left(), await world.told()) == ({"held"}, [("legal_hold",)])
    assert ACCOUNT not in world.keys.destroyed
    await world.passes(timedelta(days=5))
    assert await world.left() == {"held"}
    await world.lift_hold()
    await world.passes(timedelta(0))
    assert await world.left() == set()
    await world.passes(LOOK_AGAIN_AFTER)
    assert await world.told() == [("legal_hold",), ()]


async def test_a_hold_is_over_at_its_time_and_the_erasure_goes_on_by_itself() -> None:
    world = World()
    await world.add("held")
    await world.place_hold(ACCOUNT, days=10)
    await world.order()
    await world.passes(timedelta(0))
    await world.passes(timedelta(days=10) - MOMENT)
    assert await world.left() == {"held"}
    await world.passes(MOMENT)
    await world.passes(timedelta(0))
    assert await world.left() == set()


async def test_a_hold_whose_lifting_was_heard_first_holds_nothing() -> None:
    world = World()
    await world.add("mine")
    await world.lift_hold()
    await world.place_hold(ACCOUNT)
    await world.order()
    await world.worker.run_due()
    assert await world.left() == set()


async def test_one_of_two_holds_is_enough() -> None:
    world = World()
    await world.add("held")
    await world.place_hold(ACCOUNT, hold_id="hold-1")
    await world.place_hold("held", hold_id="hold-2")
    await world.order()
    await world.passes(timedelta(0))
    await world.lift_hold("hold-1")
    await world.passes(LOOK_AGAIN_AFTER)
    assert await world.left() == {"held"}


async def test_a_hold_of_somebody_else_holds_nothing_here() -> None:
    world = World()
    await world.add("mine")
    await world.place_hold("account-2")
    await world.order()
    await world.worker.run_due()
    assert await world.left() == set()


async def test_many_held_erasures_go_on_together() -> None:
    world = World()
    await world.place_hold(ACCOUNT)
    await world.add("held")
    for number in range(120):
        await world.order(f"erasure-{number}")
    await world.passes(timedelta(0))
    await world.passes(LOOK_AGAIN_AFTER)
    await world.lift_hold()
    now = world.clock.now()
    waiting = [record.state async for record in world.store.scan(ERASURE)]
    assert len(waiting) == 120
    assert sum(state.next_at == now for state in waiting) >= 100


async def test_late_messages_of_an_erased_subject_change_nothing() -> None:
    world = World()
    heard: list[str] = []

    async def hear(event: ApplicantAdded, _envelope: object) -> None:
        heard.append(event.applicant_id)

    handler = world.retention.erasing.guard({ApplicantAdded: hear})[ApplicantAdded]

    async def tell(account_id: str, applicant_id: str) -> None:
        event = ApplicantAdded(account_id=account_id, applicant_id=applicant_id)
        await handler(event, envelope_of(event, world.clock.now()))

    await tell(ACCOUNT, APPLICANT)
    await world.order(whole_account=False)
    await world.worker.run_due()
    await tell(ACCOUNT, APPLICANT)
    await tell(ACCOUNT, "applicant-2")
    assert heard == [APPLICANT, "applicant-2"]


@pytest.mark.parametrize(("count", "enough"), [(2, True), (3, False)])
def test_what_may_not_be_all_is_refused(count: int, enough: bool) -> None:
    found = list(range(count))
    if enough:
        assert all_of(found, 3) == found
        return
    with pytest.raises(TooManyOfOne, match="3 or more"):
        all_of(found, 3)


async def test_an_order_keeps_nothing_beyond_its_rule() -> None:
    world = World(binds=True)
    await world.add("over", days_ago=KEEP.days)
    await world.order()
    await world.worker.run_due()
    assert await world.left() == set()
