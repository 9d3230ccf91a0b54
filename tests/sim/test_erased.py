"""The rules of erasure on facts made by hand: each finds what breaks it and nothing in what keeps it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from services.identity.leaving.leaving import ERASING
from tests.sim import erased
from tests.sim.erased import Expected, Facts, Key, LeavingEnd, Order, Told

GONE = Key(made=1, destroyed=1, has_tombstone=True, opens=False)
OPEN = Key(made=1, destroyed=0, has_tombstone=False, opens=True)
ORDER = Order("leaving-1", "account-1", ("applicant-1", "account-1"))
SOUND = Facts(
    orders=(ORDER,),
    keys={(service, subject): GONE for service in ERASING for subject in ORDER.subjects},
    told=tuple(Told("leaving-1", service, ()) for service in ERASING),
    leavings={"leaving-1": LeavingEnd("erased", ERASING)},
    expected=(Expected("leaving-1", erased=True, subjects=frozenset(ORDER.subjects)),),
)


def rules(**changed: Any) -> set[str]:
    return {breach.rule for breach in erased.breaches(replace(SOUND, **changed))}


def with_key(key: Key) -> dict[tuple[str, str], Key]:
    return {**SOUND.keys, ("billing", "account-1"): key}


def test_a_sound_erasure_keeps_all_rules() -> None:
    assert not rules()


@pytest.mark.parametrize(
    "key",
    [
        erased.NO_KEY,
        OPEN,
        replace(GONE, destroyed=2),
        replace(GONE, made=2),
    ],
    ids=["never destroyed", "still there", "twice destroyed", "made again"],
)
def test_a_key_goes_once_and_leaves_its_tombstone(key: Key) -> None:
    assert rules(keys=with_key(key)) == {"I15"}


def test_a_key_that_is_needed_stays() -> None:
    kept = [("billing", "account-1")]
    assert not rules(keys=with_key(OPEN), kept_keys=kept)
    assert rules(kept_keys=kept) == {"I15"}


@pytest.mark.parametrize(
    "told",
    [
        SOUND.told[1:],
        (*SOUND.told, SOUND.told[0]),
        (*SOUND.told, Told("leaving-1", "billing", ("legal_hold",))),
    ],
    ids=["silent", "twice", "held at last"],
)
def test_each_service_tells_once(told: tuple[Told, ...]) -> None:
    assert rules(told=told) == {"I17"}


def test_a_hold_that_was_lifted_is_told_before() -> None:
    assert not rules(told=(Told("leaving-1", "billing", ("legal_hold",)), *SOUND.told))


@pytest.mark.parametrize(
    "end",
    [LeavingEnd("ordered", ERASING[1:]), LeavingEnd("erased", (*ERASING, "billing"))],
    ids=["not over", "one counted twice"],
)
def test_each_service_is_counted_once(end: LeavingEnd) -> None:
    assert rules(leavings={"leaving-1": end}) == {"I17"}


def test_a_leaving_ends_as_its_owner_was_told() -> None:
    assert rules(expected=(Expected("leaving-1", erased=False),)) == {"I19"}
    assert rules(expected=(*SOUND.expected, Expected("leaving-2", erased=True))) == {"I19"}
    assert rules(expected=(Expected("leaving-1", erased=True, subjects=frozenset({"account-1"})),)) == {"I19"}
    assert not rules(expected=(*SOUND.expected, Expected("leaving-2", erased=False)))


def test_what_was_found_is_told_under_its_rule() -> None:
    assert rules(remains=("identity: name",)) == {"I16"}
    assert rules(losses=("account-2: card",)) == {"I19"}
    assert rules(cut_off=("refund-1",)) == {"I20"}


def test_what_is_held_and_gone_is_found() -> None:
    assert not list(erased.find_lost_of_held("billing", ["a"], ["a", "b"]))
    (breach,) = erased.find_lost_of_held("billing", ["a", "b"], ["b"])
    assert breach.rule == "I18"
