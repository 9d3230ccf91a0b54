"""The simulated attack on one account: it sees what a weaker policy would let through."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bench import guess
from services.identity.rules import CodeRules
from services.identity.sign_in import challenge as rules

ADDRESSES = 70
"""Enough to use up a day's guesses with one code."""


@pytest.mark.parametrize("patience", [timedelta(), guess.PATIENCE])
def test_a_code_is_not_guessed_and_the_owner_gets_in(patience: timedelta) -> None:
    ended = guess.attack(CodeRules(), ADDRESSES, patience=patience)
    assert 0 < guess.chance(ended.guessed_at) < guess.MOST_CHANCE
    assert ended.by_message == ended.by_device == ended.owner_tried > 200


@pytest.mark.parametrize("patience", [timedelta(), guess.PATIENCE])
def test_the_second_code_is_not_guessed_by_the_holder_of_the_other_address(patience: timedelta) -> None:
    strangers, holder = (
        guess.attack(CodeRules(), ADDRESSES, patience=patience, holds_address=holds) for holds in (False, True)
    )
    assert guess.chance(strangers.guessed_at) < guess.chance(holder.guessed_at) < guess.MOST_CHANCE
    assert holder.by_device == holder.owner_tried > 200


def test_twin_without_a_days_count_of_its_own_the_second_code_is_guessed() -> None:
    ended = guess.attack(CodeRules(second_guesses_per_day=10**9), 10, holds_address=True)
    assert guess.chance(ended.guessed_at) > guess.MOST_CHANCE


def test_a_patient_attacker_joins_the_guesses_of_two_days() -> None:
    at_once, patient = (guess.attack(CodeRules(), ADDRESSES, patience=wait) for wait in (timedelta(), guess.PATIENCE))
    assert guess.chance(patient.guessed_at) > 1.9 * guess.chance(at_once.guessed_at)


def test_twin_without_a_days_count_the_code_is_guessed() -> None:
    ended = guess.attack(CodeRules(guesses_per_day=10**9), 10)
    assert guess.chance(ended.guessed_at) > guess.MOST_CHANCE


def test_twin_with_a_shorter_long_code_the_owner_without_a_device_is_locked_out() -> None:
    ended = guess.attack(CodeRules(long_code_seconds=600), ADDRESSES)
    assert ended.by_message < ended.owner_tried


def test_twin_with_one_throttle_for_all_the_owners_device_is_locked_out(monkeypatch: pytest.MonkeyPatch) -> None:
    must_wait = rules.must_wait
    monkeypatch.setattr(rules, "must_wait", lambda state, limits, now, **_: must_wait(state, limits, now))
    ended = guess.attack(CodeRules(), ADDRESSES)
    assert ended.by_device < ended.owner_tried


async def test_the_figures_are_measured_and_reach_their_targets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guess, "ADDRESSES", ADDRESSES)
    table = await guess.measure()
    assert [(figure.name, figure.met) for figure in table.figures] == [
        ("otp.guess.chance", True),
        ("otp.guess.owner_by_message", True),
        ("otp.guess.owner_by_device", True),
    ]
