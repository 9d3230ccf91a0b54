"""One run: many citizens, five services, a world in which things break; then calm, then the reckoning."""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from journeys.people import People
from journeys.people import Person as Particulars
from simulators.dukcapil.registry import Person as Registered
from tests.sim import checks, reckoning, seals, weather
from tests.sim.chaos import Chaos, Rates
from tests.sim.citizens import PAYING, Citizen
from tests.sim.erasing import Erasures
from tests.sim.joined import Joined
from tests.sim.leaver import LEAVING, LONGEST_LEAVING_SECONDS, TIMES_ASKED, Leaver
from tests.sim.loop import NothingLeftToDo, VirtualLoop
from tests.sim.outside import Reader
from tests.sim.running import START, in_virtual_time
from tests.sim.store import NEVER_HELD, CrashPlan
from tests.sim.suite import Agencies, build_suite
from tests.sim.turning import turn_keys
from tests.sim.world import GoesInCircles, World

LONGEST_LIFE_SECONDS = 6 * 86400.0
"""Citizens are done long before; who is not is stuck."""

LONGEST_WAY_OUT_SECONDS = TIMES_ASKED * 2 * 86400.0 + 2 * LONGEST_LEAVING_SECONDS
"""Of those who leave afterwards: until nothing stands against it, then to the end, then perhaps back again."""

LEAVERS = 5
"""Few, since their runs last longer."""

LOOK_EVERY_SECONDS = 8 * 3600.0
SETTLING_SECONDS = 2 * 86400.0
"""After the faults end every deadline of the journey comes round within this."""


@dataclass(frozen=True)
class Shape:
    """How large and how rough a run is."""

    citizens: int
    seats: int
    rates: Rates
    rush_seconds: float = 1800.0
    """Within this time all of them come: the shorter, the more race for the last seat."""
    stormy: bool = False
    """Whether agencies and processes are away for hours, too."""
    paying: tuple[str, ...] = field(default=PAYING, repr=False)
    """What the citizens do with their bills is drawn from these."""
    leaving: tuple[str, ...] = field(default=(), repr=False)
    """In which ways they leave afterwards is drawn from these; none: they stay."""
    turns_keys: bool = False
    """Whether an operator turns all keys meanwhile."""
    papers: Literal["unread", "read", "reader away"] = "unread"
    """Whether a machine reads papers, or should and is never there."""

    @classmethod
    def drawn(cls, seed: int) -> Shape:
        """Every seed has a shape of its own: from calm to rough, from roomy to crowded."""
        dice = random.Random(f"shape/{seed}")
        rates = Rates().scaled(dice.choice((0.0, 0.5, 1.0, 1.0, 2.0)))
        rush_seconds = dice.choice((5.0, 1800.0, 1800.0))
        return cls(dice.randint(4, 9), dice.choice((1, 2, 3, 8)), rates, rush_seconds, dice.random() < 0.3)

    @classmethod
    def drawn_leaving(cls, seed: int) -> Shape:
        """The same for runs in which people leave after their journeys."""
        turns_keys = random.Random(f"keys/{seed}").random() < 0.3
        return replace(cls.drawn(seed), citizens=LEAVERS, leaving=LEAVING, turns_keys=turns_keys)


SHAPES: Final = {
    "crowded": Shape(citizens=7, seats=1, rates=Rates(), rush_seconds=5.0),
    "minds_change": Shape(citizens=7, seats=8, rates=Rates(), paying=("change_of_mind",)),
    "gives_up": Shape(citizens=7, seats=8, rates=Rates(), paying=("pay_and_cancel",)),
    "papers": Shape(citizens=6, seats=8, rates=Rates(), papers="read"),
    "leaves": Shape(citizens=LEAVERS, seats=8, rates=Rates(), leaving=LEAVING),
}
"""Shapes with a name, to be replayed by it: all want the last seat; all pay and withdraw within moments, and nobody
races for seats; all pay and give up within a tenth of a second; a machine reads their papers; all leave afterwards,
each in a way of their own."""


@dataclass
class Result:
    """What a run came to."""

    seed: int
    shape: Shape
    violations: list[str]
    digest: str
    writes: int
    ends: dict[str, int] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)


def run(seed: int, *, shape: Shape | None = None, plan: CrashPlan | None = None, verbose: bool = False) -> Result:
    """Run one seed."""
    shape = shape or Shape.drawn(seed)
    return in_virtual_time(lambda loop: _run(loop, seed, shape, plan, verbose))


async def _run(loop: VirtualLoop, seed: int, shape: Shape, plan: CrashPlan | None, verbose: bool) -> Result:
    world = World(loop, START, Chaos(str(seed), shape.rates), plan=plan, verbose=verbose)
    agencies = Agencies(world)
    if shape.papers != "unread":
        agencies.reader = Reader(world)
        agencies.reader.is_there = shape.papers == "read"
    build_suite(world, agencies, seats=shape.seats)
    joined = Joined(world, agencies)
    joined.watch()
    stack = ExitStack()
    sealed = stack.enter_context(seals.remembered()) if shape.leaving else seals.Seals()
    citizens = _citizens(world, agencies, shape, sealed)
    if shape.stormy:
        weather.brew(world)
    world.journal.note("world", f"seed {seed}: {shape}")
    try:
        await world.begin()
        watching = world.spawn(_watch(world, joined))
        turning = world.spawn(turn_keys(world, agencies)) if shape.turns_keys else None
        await _let_them_live(world, citizens, LONGEST_LIFE_SECONDS + LONGEST_WAY_OUT_SECONDS * bool(shape.leaving))
        if turning is not None:
            await turning
        await world.calm_down()
        await _settle(world)
        watching.cancel()
        await _reckon(world, agencies, citizens)
        joined.reckon()
        _reckon_erasures(world, sealed, citizens)
    except GoesInCircles:
        world.violated("stuck", "the run goes in circles")
    except NothingLeftToDo:
        world.violated("stuck", "everybody waits for somebody else")
    finally:
        stack.close()
        await world.end()
    counts = {**world.counts, **{f"broker {name}": count for name, count in world.broker.counts.items()}}
    counts |= Counter(f"event {type(envelope.data).__name__}" for envelope in world.broker.sent.values())
    counts["lives"] = sum(process.lives for process in world.processes.values())
    ends = {name: count for name, count in world.counts.items() if name.startswith("ended")}
    return Result(
        seed, shape, world.violations, world.journal.digest, world.plan.writes, ends, list(world.journal.lines), counts
    )


def _citizens(world: World, agencies: Agencies, shape: Shape, sealed: seals.Seals) -> list[Citizen]:
    people = People(world.chaos.dice("people"))
    dice = world.chaos.dice("who applies")
    made: list[Citizen] = []
    for number in range(shape.citizens):
        person = people.adult()
        twin_of = made[-1] if made and dice.random() < 0.15 else None
        if twin_of is not None:
            twin, other = twin_of.who, person
            person = type(person)(**{**twin.__dict__, "email": other.email, "phone": other.phone})
        agencies.registry.people.add([Registered.model_validate(person.as_registered())])
        made.append(_citizen(world, agencies, person, f"citizen-{number}", shape, sealed))
        if twin_of is None and dice.random() < 0.15:
            child = made[-1].child = people.child()
            agencies.registry.people.add([Registered.model_validate(child.as_registered())])
        if twin_of is not None:
            twin_of.has_twin = made[-1].has_twin = True
    return made


def _citizen(
    world: World, agencies: Agencies, who: Particulars, name: str, shape: Shape, sealed: seals.Seals
) -> Citizen:
    about = (world, agencies, who, name, shape.rush_seconds, shape.paying)
    return Leaver(*about, seals=sealed, plans=shape.leaving) if shape.leaving else Citizen(*about)


async def _let_them_live(world: World, citizens: list[Citizen], longest_seconds: float) -> None:
    lives = [world.spawn(citizen.live()) for citizen in citizens]
    await world.until(lambda: all(life.done() for life in lives), longest_seconds, 60.0)
    for citizen, life in zip(citizens, lives, strict=True):
        if not life.done():
            world.violated("citizen", f"{citizen.name} is not done after {longest_seconds / 86400} days")
        else:
            life.result()


async def _watch(world: World, joined: Joined) -> None:
    """The running rules, asked again and again while things happen."""
    dice = world.chaos.dice("watch")
    NEVER_HELD.set(True)
    while True:
        await asyncio.sleep(dice.random() * LOOK_EVERY_SECONDS)
        await checks.own_rules(world)
        joined.look()


async def _settle(world: World) -> None:
    await asyncio.sleep(SETTLING_SECONDS)
    if not await world.until(world.nothing_under_way, 86400.0, 30.0):
        world.violated("stuck", "messages are still under way a day after everything settled")


async def _reckon(world: World, agencies: Agencies, citizens: list[Citizen]) -> None:
    await checks.own_rules(world)
    checks.nothing_lost_or_doubled(world)
    checks.no_deadline_forgotten(world)
    checks.nobody_changed_what_was_read(world)
    reckoning.money_and_seats(world, agencies, citizens)


def _reckon_erasures(world: World, sealed: seals.Seals, citizens: list[Citizen]) -> None:
    leavers = [citizen for citizen in citizens if isinstance(citizen, Leaver)]
    known = [account for leaver in leavers for account in leaver.known]
    Erasures(world, sealed, known, [told for leaver in leavers for told in leaver.expected]).reckon()


def report(result: Result) -> str:
    """What to read when a seed fails."""
    return "\n".join(
        [
            *result.lines[-200:],
            "",
            f"seed {result.seed} breaks:",
            *(f"  {violation}" for violation in result.violations),
            "",
            f"replay: {REPLAY.format(seed=result.seed)}{_shape_name(result.shape)}",
        ]
    )


def _shape_name(shape: Shape) -> str:
    """How a shape that is not drawn is asked for at the command line; empty for one without a name."""
    return next((f" {name}" for name, known in SHAPES.items() if known == shape), "")


REPLAY = "python -m tests.sim {seed}"
SEED_VARIABLE = "PASPOR_SIM_SEED"


def asked_seed() -> int | None:
    """The seed that the environment asks to replay; none if it asks for none."""
    text = os.environ.get(SEED_VARIABLE, "")
    return int(text) if text else None
