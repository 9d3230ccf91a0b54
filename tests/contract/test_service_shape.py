"""Learn one service, know five: what has the same role in a service has the same file name and the same form."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from aiohttp import web

from shared.clock import Clock
from shared.events.subscriptions import SERVICES
from shared.http.endpoint import Endpoint
from shared.service import Parts, Platform
from shared.settings import ServiceSettings

PROJECT = Path(__file__).parents[2]

FILES = {
    "__init__.py": "",
    "__main__.py": "starts the process",
    "app.py": "composition root: the only place that joins use cases, handlers, endpoints and adapters",
    "config.py": "settings",
    "context.py": "what every use case has at hand",
    "use_cases.py": "all use cases, joined",
    "endpoints.py": "all endpoints, joined",
    "handlers.py": "all events, commands and deadlines, joined",
    "errors.py": "refusals of several rooms",
    "field_types.py": "types of fields over HTTP",
    "http.py": "what routes share",
    "rules.py": "limits and their defaults",
}
LAYERS = {
    "domain",
    "service",
    "services",
    "repository",
    "repositories",
    "routes",
    "schemas",
    "errors",
    "handlers",
    "views",
}
"""Folders named after a layer: a room is named after a thing of the field."""

shaped = pytest.mark.parametrize("service", SERVICES)


def module(service: str, name: str) -> Any:
    return importlib.import_module(f"services.{service}.{name}")


def parameters(function: Callable[..., Any], kind: Any) -> list[str]:
    return [each.name for each in inspect.signature(function).parameters.values() if each.kind is kind]


def positional(function: Callable[..., Any]) -> list[str]:
    return parameters(function, inspect.Parameter.POSITIONAL_OR_KEYWORD)


@shaped
def test_the_same_files_lie_in_every_service(service: str) -> None:
    folder = PROJECT / "services" / service
    assert {name for name in FILES if not (folder / name).exists()} == set()


@shaped
def test_rooms_are_named_after_things_and_not_after_layers(service: str) -> None:
    folders = {path.name for path in (PROJECT / "services" / service).rglob("*") if path.is_dir()}
    assert folders & LAYERS == set()


@shaped
def test_no_package_holds_code(service: str) -> None:
    """Who imports a package gets nothing: a name has one place where it is declared."""
    for path in (PROJECT / "services" / service).rglob("__init__.py"):
        body = ast.parse(path.read_text(encoding="utf-8")).body
        statements = [
            each for each in body if not (isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant))
        ]
        assert statements == [], path


@shaped
def test_the_composition_root_builds_the_parts(service: str) -> None:
    build = module(service, "app").build
    hints = get_type_hints(build)
    assert positional(build) == ["settings", "platform"]
    assert (hints["settings"], hints["platform"]) == (module(service, "config").Settings, Platform)
    assert hints["return"] is Parts


@shaped
def test_the_process_assembles_the_real_adapters(service: str) -> None:
    assemble = module(service, "__main__").assemble
    hints = get_type_hints(assemble)
    assert positional(assemble) == ["settings", "platform"] == list(inspect.signature(assemble).parameters)
    assert hints["return"] is Parts


@shaped
def test_the_settings_are_one_class(service: str) -> None:
    found = module(service, "config").Settings
    assert issubclass(found, ServiceSettings) and found.__module__ == f"services.{service}.config"


@shaped
def test_the_context_holds_what_use_cases_share(service: str) -> None:
    context = module(service, "context").UseCaseContext
    assert dataclasses.is_dataclass(context) and context.__dataclass_params__.frozen  # type: ignore[attr-defined]
    assert get_type_hints(context)["clock"] is Clock
    assert list(inspect.signature(context.now).parameters) == ["self"]
    repositories = {name for name in get_type_hints(context) if "repositor" in name}
    assert repositories == set(), "each room has a repository of its own"


@shaped
def test_who_acts_is_an_actor(service: str) -> None:
    """Where staff act. In billing a caller is enough, and in notification everybody acts for themselves."""
    actor = getattr(module(service, "context"), "Actor", None)
    if actor is not None:
        assert dataclasses.is_dataclass(actor) and actor.__dataclass_params__.frozen  # type: ignore[attr-defined]
        assert {"account_id", "role", "office_id"} <= {field.name for field in dataclasses.fields(actor)}
    elsewhere = [
        path
        for path in (PROJECT / "services" / service).rglob("*.py")
        if path.name != "context.py" and "\nclass Actor" in path.read_text(encoding="utf-8")
    ]
    assert elsewhere == []


@shaped
def test_the_use_cases_are_one_class_named_after_the_service(service: str) -> None:
    """`UseCases` in application, whose aggregate has the service's name."""
    name = {"application": "UseCases"}.get(service, service.capitalize())
    found = getattr(module(service, "use_cases"), name)
    assert inspect.isclass(found) and found.__module__ == f"services.{service}.use_cases"
    assert found.__bases__ == (object,)


@shaped
def test_the_endpoints_are_one_tuple(service: str) -> None:
    endpoints = module(service, "endpoints").ENDPOINTS
    assert isinstance(endpoints, tuple) and endpoints
    assert all(isinstance(each, Endpoint) for each in endpoints)


@shaped
def test_the_handlers_are_one_class_bound_to_the_use_cases(service: str) -> None:
    handlers = module(service, "handlers").Handlers
    assert len(positional(handlers)) == len(inspect.signature(handlers).parameters) == 1
    assert handlers.__bases__ == (object,)
    joined = {name for name in ("events", "commands", "deadlines", "chores") if hasattr(handlers, name)}
    assert {"events", "deadlines"} <= joined
    for name in joined:
        assert list(inspect.signature(getattr(handlers, name)).parameters) == ["self"], name


@shaped
def test_routes_find_the_use_cases_under_one_key(service: str) -> None:
    keys = [each for each in vars(module(service, "http")).values() if isinstance(each, web.AppKey)]
    assert [str(key).partition("(")[2].partition(",")[0].rpartition(".")[2] for key in keys] == [service]


@shaped
def test_routes_lie_in_rooms(service: str) -> None:
    """In files `routes.py` or `*_routes.py`; the joined file only joins."""
    folder = PROJECT / "services" / service
    declaring = {path for path in folder.rglob("*.py") if "Endpoints(" in path.read_text(encoding="utf-8")}
    assert declaring
    assert {path for path in declaring if not path.stem.endswith("routes") or path.parent == folder} == set()
