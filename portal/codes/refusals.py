"""Refusals of codes as sentences beside the field that they are about."""

from __future__ import annotations

from typing import Final

from portal.api.problem import Problem
from portal.web.forms import Form, FormError
from portal.web.visit import Visit

_ABOUT_THE_CODE: Final = frozenset(
    {"code_wrong", "code_expired", "code_superseded", "code_used", "too_many_tries", "notice_has_changed"}
)


def is_about_the_code(problem: Problem) -> bool:
    """Return whether it is told beside the field of a code."""
    return problem.code in _ABOUT_THE_CODE


def told_beside_code(visit: Visit, form: Form, problem: Problem) -> Form:
    """Return the form with the refusal beside the code that was wrong, and with the tries that are left."""
    words = [problem.title, problem.next_action]
    tries_left = problem.facts.get("tries_left")
    if problem.code == "code_wrong" and isinstance(tries_left, int) and tries_left:
        words.append(visit.renderer.sentence(visit.language, "codes", "tries_left", tries=tries_left))
    name = next((name for name in ("second_code", "old_code", "long_code") if form.text(name)), "code")
    return form.with_errors(FormError(name, " ".join(word for word in words if word)))
