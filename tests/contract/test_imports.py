"""Who may import whom: the arrows of the architecture, and one module for the driver that will be replaced one day."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from launcher.documents import state_tables
from shared.events.subscriptions import SERVICES
from tests.contract.pure_modules import dotted, pure_modules

PROJECT = Path(__file__).parents[2]
OURS = ("services", "shared", "simulators", "launcher", "bench")
DRIVER = {"motor", "pymongo", "bson", "gridfs"}
DRIVER_MODULE = Path("shared/store/driver.py")
LOOKING_AT_THE_SERVER = {Path("launcher/servers/mongod.py"), Path("bench/seats.py")}
"""A launcher that starts mongod speaks to it as an administrator; a benchmark measures the bare driver as its floor."""


def modules(folder: str) -> Iterator[Path]:
    for path in (PROJECT / folder).rglob("*.py"):
        yield path.relative_to(PROJECT)


def imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse((PROJECT / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
    return found


def imported_modules(path: Path) -> set[str]:
    """What is imported, as modules: `from services.x.room import noun` is the module `services.x.room.noun`."""
    found: set[str] = set()
    for node in ast.walk(ast.parse((PROJECT / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            modules_in = {f"{node.module}.{alias.name}" for alias in node.names if _is_module(node.module, alias.name)}
            found |= modules_in or {node.module}
    return found | {name for name in imported(path) if name.partition(".")[0] not in OURS}


def _is_module(package: str, name: str) -> bool:
    return (PROJECT / package.replace(".", "/") / f"{name}.py").exists()


DOMAINS = [path for service in SERVICES for path in pure_modules(service)]


def test_one_module_imports_the_driver() -> None:
    users = {
        path
        for folder in OURS
        for path in modules(folder)
        if {name.partition(".")[0] for name in imported(path)} & DRIVER
    }
    assert users - LOOKING_AT_THE_SERVER == {DRIVER_MODULE}


def test_only_the_bus_speaks_to_the_broker() -> None:
    users = {
        path
        for folder in ("services", "shared")
        for path in modules(folder)
        if {name.partition(".")[0] for name in imported(path)} & {"aio_pika", "aiormq", "pamqp"}
    }
    assert {path.parent for path in users} == {Path("shared/bus")}


@pytest.mark.parametrize("path", DOMAINS, ids=str)
def test_a_domain_is_pure(path: Path) -> None:
    """Standard library, its own domain, the events: nothing that waits, stores or speaks."""
    service = path.parts[1]
    allowed = {dotted(each) for each in pure_modules(service)}
    ours = {name for name in imported_modules(path) if name.partition(".")[0] in OURS}
    assert {name for name in ours if name not in allowed and not name.startswith("shared.events")} == set()
    others = {name.partition(".")[0] for name in imported(path)} - set(OURS)
    assert others & {"asyncio", "aiohttp", "pydantic", "structlog", "random", "secrets", "os", "socket"} == set()


def test_every_state_table_lies_in_a_pure_module() -> None:
    assert {table.module for table in state_tables()} <= {dotted(path) for path in DOMAINS}


@pytest.mark.parametrize("path", DOMAINS, ids=str)
def test_a_domain_is_told_the_time_and_its_ids(path: Path) -> None:
    called = {
        node.func.attr
        for node in ast.walk(ast.parse((PROJECT / path).read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    assert called & {"now", "utcnow", "today", "time_ns", "uuid1", "uuid4"} == set()


@pytest.mark.parametrize("path", [path for path in modules("services")], ids=str)
def test_no_service_imports_another(path: Path) -> None:
    service = path.parts[1]
    foreign = {
        name
        for name in imported(path)
        if name.startswith("services.")
        and not name.startswith(f"services.{service}.")
        and name != f"services.{service}"
    }
    assert foreign == set()


@pytest.mark.parametrize("path", [path for path in modules("shared")], ids=str)
def test_the_library_knows_nobody(path: Path) -> None:
    roots = {name.partition(".")[0] for name in imported(path)}
    assert roots & {"services", "simulators", "launcher", "bench", "tests"} == set()


def test_the_linter_checks_the_same_arrows() -> None:
    rules = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    assert set(rules["root_packages"]) == set(OURS)
    independent = next(each for each in rules["contracts"] if each["type"] == "independence")
    services = {path.name for path in (PROJECT / "services").iterdir() if (path / "app.py").exists()}
    assert set(independent["modules"]) == {f"services.{name}" for name in services}
