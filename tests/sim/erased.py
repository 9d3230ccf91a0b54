"""Rules of leaving and erasure: I15 to I20, each a pure function of plain facts, at rest.

I15: after an order each service has destroyed the keys of the person, each once, and has a tombstone in its place; what
a rule keeps can still be opened. I16: no store has anything that reads as the person. I17: each service tells of an
erasure once, and is counted once. I18: what a legal hold keeps is there until it is lifted. I19: everybody else, and
everybody who took it back in time, keeps everything. I20: nothing goes while money or an application is under way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from services.identity.leaving.leaving import ERASING, LeavingState
from shared.retention.erasure import LEGAL_HOLD
from tests.sim.across import Breach

ERASED: Final = LeavingState.ERASED.value


@dataclass(frozen=True, slots=True)
class Order:
    """An order to erase; ``subjects`` are those whose keys go."""

    erasure_id: str
    account_id: str
    subjects: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Key:
    """The key of a subject in a service: how often it was made and destroyed, and what is there now."""

    made: int
    destroyed: int
    has_tombstone: bool
    opens: bool


NO_KEY: Final = Key(0, 0, has_tombstone=False, opens=False)


@dataclass(frozen=True, slots=True)
class Told:
    """One message of a service about an erasure, and what it said to be kept."""

    erasure_id: str
    service: str
    kept: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LeavingEnd:
    """A leaving as identity has it at the end: its state, and the services that it counts as done."""

    state: str
    done: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Expected:
    """A leaving as its owner knows its end: that they are erased, with all these subjects, or that everything stays."""

    leaving_id: str
    erased: bool
    subjects: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Facts:
    """What all stores say of erasures once all is quiet."""

    orders: Collection[Order] = ()
    keys: Mapping[tuple[str, str], Key] = field(default_factory=dict)
    """By service and subject."""
    kept_keys: Collection[tuple[str, str]] = ()
    """Services and subjects of which something is kept by a rule that binds."""
    told: Collection[Told] = ()
    """In the order in which it was told."""
    leavings: Mapping[str, LeavingEnd] = field(default_factory=dict)
    remains: Collection[str] = ()
    """What still reads as somebody who was erased."""
    losses: Collection[str] = ()
    """What somebody lost who was not erased."""
    cut_off: Collection[str] = ()
    """What was under way when its owner was erased."""
    expected: Collection[Expected] = ()


def breaches(facts: Facts) -> Iterator[Breach]:
    """All that is wrong, by all rules but I18, which is looked at while a hold stands."""
    yield from find_wrong_keys(facts)
    yield from (Breach("I16", what, what) for what in facts.remains)
    yield from find_miscounted_erasures(facts)
    yield from (Breach("I19", what, what) for what in facts.losses)
    yield from find_broken_words(facts)
    yield from (Breach("I20", what, what) for what in facts.cut_off)


def find_wrong_keys(facts: Facts) -> Iterator[Breach]:
    """I15: a key that was not destroyed, or more than once, or that came back; or one that is needed and is gone."""
    for order in facts.orders:
        for service in ERASING:
            for subject in order.subjects:
                key, name = facts.keys.get((service, subject), NO_KEY), f"the key of {subject} in {service}"
                if (service, subject) in facts.kept_keys:
                    if not key.opens:
                        yield Breach("I15", subject, f"{name} is gone, and what a rule keeps cannot be opened")
                elif not key.has_tombstone:
                    yield Breach("I15", subject, f"{name} has no tombstone after {order.erasure_id}")
                elif key.destroyed != 1 or key.made > 1:
                    yield Breach("I15", subject, f"{name} was made {key.made} and destroyed {key.destroyed} times")


def find_miscounted_erasures(facts: Facts) -> Iterator[Breach]:
    """I17: of each order each service tells each thing once, at last without a hold, and is counted once."""
    for order in facts.orders:
        said: dict[str, list[tuple[str, ...]]] = {service: [] for service in ERASING}
        for told in facts.told:
            if told.erasure_id == order.erasure_id:
                said[told.service].append(told.kept)
        for service, words in said.items():
            if not words:
                yield Breach("I17", order.erasure_id, f"{service} never told of {order.erasure_id}")
            elif LEGAL_HOLD in words[-1]:
                yield Breach("I17", order.erasure_id, f"{service} still holds {order.erasure_id}")
            repeated = [word for word, count in Counter(words).items() if count > 1]
            if repeated:
                yield Breach("I17", order.erasure_id, f"{service} told {repeated[0]} of {order.erasure_id} twice")
        end = facts.leavings.get(order.erasure_id)
        if end is None or end.state != ERASED or sorted(end.done) != sorted(ERASING):
            yield Breach("I17", order.erasure_id, f"{order.erasure_id} ended as {end}")


def find_broken_words(facts: Facts) -> Iterator[Breach]:
    """I19: a leaving that was taken back in time is never ordered; one that was not is, about those who asked alone."""
    ordered = {order.erasure_id: set(order.subjects) for order in facts.orders}
    for expected in facts.expected:
        subjects = ordered.get(expected.leaving_id)
        if expected.erased != (subjects is not None):
            end = facts.leavings.get(expected.leaving_id)
            told = "erased" if expected.erased else "kept"
            yield Breach("I19", expected.leaving_id, f"{expected.leaving_id} was to be {told} and ended as {end}")
        elif subjects is not None and subjects != expected.subjects:
            what = f"{expected.leaving_id} was about {sorted(expected.subjects)} and took {sorted(subjects)}"
            yield Breach("I19", expected.leaving_id, what)


def find_lost_of_held(service: str, before: Collection[str], after: Collection[str]) -> Iterator[Breach]:
    """I18: something that a hold keeps is gone while it stands."""
    lost = sorted(set(before) - set(after))
    if lost:
        yield Breach("I18", service, f"{service} has lost {len(lost)} things that are held: {lost[0][:60]}")
