"""The default of a limit is written once, in the rules: whoever changes the number there changes the product."""

from __future__ import annotations

import dataclasses
import importlib.util
import inspect
import sys
from collections.abc import Collection, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from shared.events.subscriptions import SERVICES
from tests.contract.test_service_shape import module

flat = pytest.mark.parametrize("service", [name for name in SERVICES if name != "billing"])
"""Services whose rules are given by the settings as they are; billing puts its policies together, and
tests/unit/billing/test_config_and_checks.py compares each of their numbers with its setting."""


def rule_classes(service: str) -> list[type[Any]]:
    rules = module(service, "rules")
    return [each for each in vars(rules).values() if isinstance(each, type) and dataclasses.is_dataclass(each)]


def rules_of(settings: Any, names: Collection[str]) -> Iterator[Any]:
    """Every set of rules with one of these class names that settings give, and those inside of them."""
    for each in vars(type(settings)).values():
        give = each.fget if isinstance(each, property) else each
        if inspect.isfunction(give) and give.__annotations__.get("return") in names:
            yield from _with_inner(give(settings))


def _with_inner(rules: Any) -> Iterator[Any]:
    yield rules
    for value in vars(rules).values():
        if dataclasses.is_dataclass(value):
            yield from _with_inner(value)


def given_by(service: str, config: ModuleType) -> dict[type[Any], Any]:
    """The rules of an installation that sets nothing, by their class; what has no default is left out."""
    names = {each.__name__ for each in rule_classes(service)}
    return {type(each): each for each in rules_of(config.Settings.model_construct(), names)}


def another(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float | tuple):
        return value
    return tuple(another(each) for each in value) if isinstance(value, tuple) else value + 1


def with_other_defaults(rules: type[Any]) -> type[Any]:
    """The same class with every number of its defaults raised by one."""
    given = {field.name: another(field.default) for field in dataclasses.fields(rules) if _is_given(field)}
    names = {name: rules.__annotations__[name] for name in given}
    made = type(rules.__name__, (rules,), {"__annotations__": names, "__module__": rules.__module__, **given})
    return dataclasses.dataclass(frozen=True)(made)


def _is_given(field: Any) -> bool:
    return field.default is not dataclasses.MISSING


def read_anew(service: str, monkeypatch: pytest.MonkeyPatch, path: Path | None = None) -> ModuleType:
    """The module of the settings, or that of another text, run again beside the one that is in use."""
    name = f"fresh_config_of_{service}"
    spec = importlib.util.spec_from_file_location(name, path or module(service, "config").__file__)
    assert spec is not None and spec.loader is not None
    fresh = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, fresh)
    spec.loader.exec_module(fresh)
    return fresh


@flat
def test_settings_give_every_rule_with_its_default(service: str) -> None:
    given = given_by(service, module(service, "config"))
    assert set(rule_classes(service)) <= set(given), "rules that no setting can change, or that settings do not give"
    for rules in rule_classes(service):
        assert given[rules] == rules()


@flat
def test_another_default_of_a_rule_is_another_default_of_its_setting(
    service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = module(service, "rules")
    for each in rule_classes(service):
        with monkeypatch.context() as patched:
            other = with_other_defaults(each)
            assert other() != each(), f"{each.__name__} has no number to change"
            patched.setattr(rules, each.__name__, other)
            given = given_by(service, read_anew(service, patched))
            assert given[other] == other(), each.__name__


def test_a_number_that_is_written_a_second_time_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: settings with a number of their own, which are equal until the rule changes."""
    rules, config = module("identity", "rules"), module("identity", "config")
    twice = tmp_path / "config.py"
    text = Path(config.__file__).read_text(encoding="utf-8")
    assert "LOCKS.tries," in text
    twice.write_text(text.replace("LOCKS.tries,", f"{rules.LockRules().tries},"), encoding="utf-8")
    other = with_other_defaults(rules.LockRules)
    monkeypatch.setattr(rules, "LockRules", other)
    given = given_by("identity", read_anew("identity", monkeypatch, twice))
    assert given[other] != other()
