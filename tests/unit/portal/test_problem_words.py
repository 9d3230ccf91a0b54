"""Refusals of the API as people read them."""

from __future__ import annotations

import pytest

from portal.api.problem import read_problem


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Ask for a new code.", "Ask for a new code."),
        ("Add another address first, at PUT /v1/account/phone.", ""),
        ("Send both codes, the other one as second_code, for example 912073.", ""),
    ],
)
def test_a_next_action_for_programs_is_not_shown(said: str, shown: str) -> None:
    assert read_problem(409, {"code": "some", "title": "No.", "next_action": said}, None).next_action == shown
