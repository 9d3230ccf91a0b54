"""Everything that is published for scheduling is heard, every deadline has a handler, settings hold together."""

from __future__ import annotations

import ast
import importlib
import pkgutil
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from services import scheduling
from services.scheduling.openings.opening import OpeningRules
from services.scheduling.rules import Rules
from shared.events.subscriptions import commands_for, events_for
from shared.settings import SettingsWrong
from tests.unit.scheduling.world import World, settings

DEADLINES = {
    ("quota_change", "apply"),
    ("opening_announcement", "tell"),
    ("session", "open"),
    ("seat", "claim"),
    ("seat", "cool"),
    ("waiting", "end"),
    ("waiting", "offer"),
    ("waiting", "take"),
    ("waiting", "leave"),
    ("party", "gather"),
    ("appointment", "gather"),
    ("conduct", "forget"),
    ("appointment", "lapse"),
    ("appointment", "long_stop"),
    ("appointment", "offer"),
    ("appointment", "move"),
    ("appointment", "leave"),
    ("appointment", "miss"),
    ("appointment", "special"),
    ("appointment", "special_move"),
    ("appointment", "enqueue"),
    ("appointment", "hurry"),
    ("bulk_job", "run"),
    ("evening_sheets", "make"),
    ("opening", "doors"),
    ("opening", "close"),
    ("opening", "draw"),
    ("opening", "begin"),
    ("opening", "admit"),
    ("opening", "forget"),
    ("assistance_copy", "forget"),
    ("erasure", "erase"),
    ("legal_hold_copy", "end"),
    ("retention_sweep", "run"),
    ("key_turn", "batch"),
}


def test_it_hears_what_is_meant_for_it(world: World) -> None:
    assert set(world.parts.events) == set(events_for("scheduling"))
    assert set(world.parts.commands) == set(commands_for("scheduling"))


def test_every_deadline_has_a_handler(world: World) -> None:
    assert set(world.parts.deadlines) == DEADLINES


def asked_for(module: ModuleType) -> set[str]:
    """The classes that a module names in `use_case(call, ...)`."""
    calls = (
        each
        for each in ast.walk(ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8")))
        if isinstance(each, ast.Call)
    )
    named = (each for each in calls if isinstance(each.func, ast.Name) and each.func.id == "use_case")
    return {each.args[1].id for each in named if isinstance(each.args[1], ast.Name)}


def test_the_composition_root_has_every_use_case_that_a_route_asks_for(world: World) -> None:
    names = [found.name for found in pkgutil.walk_packages(scheduling.__path__, "services.scheduling.")]
    modules = [importlib.import_module(name) for name in names if not name.endswith(("__main__", "scheduling.http"))]
    wanted = {getattr(module, name) for module in modules for name in asked_for(module)}
    assert len(wanted) >= 30
    assert {type(world.service.find_use_case(kind)) for kind in wanted} == wanted


def test_the_settings_make_the_rules() -> None:
    assert settings().rules() == Rules()
    assert settings(hold_seconds=7, moves_max=2).rules() == Rules(hold_seconds=7, moves_max=2)
    assert settings().service_name == "scheduling"


def test_the_settings_make_the_rules_of_openings() -> None:
    assert settings().opening_rules() == OpeningRules()
    made = settings(opening_room_smallest=9, opening_room_largest=3, opening_settle_seconds=5).opening_rules()
    assert (made.settle_seconds, made.admission.room_largest) == (5, 9), "the largest room is never below the smallest"


@pytest.mark.parametrize(
    "changes",
    [
        {"cooling_min_seconds": 10, "cooling_max_seconds": 9},
        {"check_in_any_day": True, "environment": "production"},
        {"queue_code_signing_keys": "short"},
        {"hold_seconds": 0},
    ],
)
def test_settings_that_do_not_fit_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(SettingsWrong):
        settings(**changes)
