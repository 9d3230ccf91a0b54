"""Every way of saying no: a code of its own, a sentence in both languages, and what to do next."""

from __future__ import annotations

import importlib
import inspect
from collections import defaultdict
from typing import Any

import pytest

from devtools.docs_command import endpoints_of
from services.application.domain.steps import Step
from services.application.errors import STEP_WORDS, StepComesFirst
from shared import errors as shared_errors
from shared.errors import Refusal
from shared.events.subscriptions import SERVICES

SAYS_IT_CASE_BY_CASE: dict[type[Refusal], list[Refusal]] = {
    StepComesFirst: [StepComesFirst(step) for step in STEP_WORDS],
}
"""Refusals whose next action depends on the case, with every case there is."""

ABSTRACT = {shared_errors.Refusal}


def refusals_of(module: Any) -> list[type[Refusal]]:
    found = (each for _, each in inspect.getmembers(module, inspect.isclass) if issubclass(each, Refusal))
    return [each for each in found if _lies_in(each, module) and each not in ABSTRACT]


def _lies_in(refusal: type[Refusal], module: Any) -> bool:
    """Defined in that module, or in a module of that package, which exports it."""
    return f"{refusal.__module__}.".startswith(f"{module.__name__}.")


def errors_of(service: str) -> list[type[Refusal]]:
    return refusals_of(importlib.import_module(f"services.{service}.errors"))


EVERY = [each for service in SERVICES for each in errors_of(service)] + refusals_of(shared_errors)


@pytest.mark.parametrize("refusal", EVERY, ids=lambda each: f"{each.__module__}.{each.__name__}")
@pytest.mark.acceptance("F33.plain_language", "F5.next_action")
def test_a_refusal_says_what_and_what_now_in_both_languages(refusal: type[Refusal]) -> None:
    for title in (refusal.title, refusal.title_id):
        assert title.endswith((".", "!", "?")) and title[0].isupper(), title
    assert refusal.title != refusal.title_id
    for said in SAYS_IT_CASE_BY_CASE.get(refusal, [refusal]):
        assert said.next_action.endswith("."), said
        assert said.next_action_id.endswith("."), said
        assert said.next_action != said.next_action_id
    assert refusal.__doc__


@pytest.mark.parametrize("service", SERVICES)
def test_a_code_means_one_thing_in_a_service(service: str) -> None:
    meanings = defaultdict(set)
    for endpoint in endpoints_of(service):
        for refusal in endpoint.refusals:
            meanings[refusal.code].add(refusal)
    for refusal in [*errors_of(service), *refusals_of(shared_errors)]:
        meanings[refusal.code].add(refusal)
    assert {code: found for code, found in meanings.items() if len(found) > 1} == {}


@pytest.mark.parametrize("service", SERVICES)
def test_every_refusal_belongs_to_an_endpoint(service: str) -> None:
    """Who reads the description of a service finds every way in which it says no."""
    declared = {refusal for endpoint in endpoints_of(service) for refusal in endpoint.refusals}
    silent = [each.__name__ for each in errors_of(service) if not any(issubclass(one, each) for one in declared)]
    assert silent == []


def test_every_step_that_may_come_first_has_words() -> None:
    ends = {Step.DONE} if hasattr(Step, "DONE") else set()
    missing = {step for step in Step if step not in STEP_WORDS} - ends
    assert {step.value for step in missing} <= {"done", "ended", "collected", "wait"}
