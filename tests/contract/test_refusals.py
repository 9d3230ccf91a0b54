"""Every way of saying no: a code of its own, a sentence in both languages, and what to do next."""

from __future__ import annotations

import importlib
import inspect
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from launcher.documents import endpoints_of
from services.application.domain.steps import Step
from services.application.errors import STEP_WORDS, StepComesFirst
from shared import errors as shared_errors
from shared.errors import Refusal
from shared.events.subscriptions import SERVICES
from tests.contract.pure_modules import PROJECT, dotted

SAYS_IT_CASE_BY_CASE: dict[type[Refusal], list[Refusal]] = {
    StepComesFirst: [StepComesFirst(step) for step in STEP_WORDS],
}
"""Refusals whose next action depends on the case, with every case there is."""

REFUSAL = re.compile(r"class \w+\((Refusal|NotFound|NotAllowed|NotAuthenticated|TooManyRequests|Unavailable)\):")
ABSTRACT = {shared_errors.Refusal}


def refusals_of(module: Any) -> list[type[Refusal]]:
    found = (each for _, each in inspect.getmembers(module, inspect.isclass) if issubclass(each, Refusal))
    return [each for each in found if each.__module__ == module.__name__ and each not in ABSTRACT]


def errors_of(service: str) -> list[type[Refusal]]:
    """Every refusal of a service: those of all rooms in `errors.py`, and each room's own."""
    paths = [path for path in sorted((PROJECT / "services" / service).rglob("*.py")) if _holds_errors(path)]
    return [each for path in paths for each in refusals_of(importlib.import_module(dotted(path.relative_to(PROJECT))))]


def _holds_errors(path: Path) -> bool:
    return path.stem == "errors" or path.stem.endswith("_errors") or path.parent.name == "errors"


@pytest.mark.parametrize("service", SERVICES)
def test_refusals_are_declared_where_they_are_looked_for(service: str) -> None:
    for path in (PROJECT / "services" / service).rglob("*.py"):
        declared = [line for line in path.read_text(encoding="utf-8").splitlines() if REFUSAL.match(line)]
        assert _holds_errors(path) or not declared, path


EVERY = [each for service in SERVICES for each in errors_of(service)] + refusals_of(shared_errors)


@pytest.mark.parametrize("refusal", EVERY, ids=lambda each: f"{each.__module__}.{each.__name__}")
@pytest.mark.acceptance("F33")
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


@pytest.mark.acceptance("F31")
def test_every_step_that_may_come_first_has_words() -> None:
    ends = {Step.DONE} if hasattr(Step, "DONE") else set()
    missing = {step for step in Step if step not in STEP_WORDS} - ends
    assert {step.value for step in missing} <= {"done", "ended", "collected", "wait"}
