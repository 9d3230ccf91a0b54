"""Who may import whom: the arrows of the architecture, and one module for the driver that will be replaced one day."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from launcher.domain_files import DOMAIN_FILES, domain_files, module_of

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
    """Like :func:`imported`; of `from package import module` the module."""
    found: set[str] = set()
    for node in ast.walk(ast.parse((PROJECT / path).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            package = PROJECT.joinpath(*node.module.split("."))
            for alias in node.names:
                is_module = (package / f"{alias.name}.py").exists() or (package / alias.name).is_dir()
                found.add(f"{node.module}.{alias.name}" if is_module else node.module)
    return found


DOMAINS = [path for service in DOMAIN_FILES for path in domain_files(service)]
DOMAIN_MODULES = {path.parts[1]: set[str]() for path in DOMAINS}
for _path in DOMAINS:
    DOMAIN_MODULES[_path.parts[1]].add(module_of(_path))


def test_every_service_has_domain_files_and_every_listed_one_exists() -> None:
    services = {path.name for path in (PROJECT / "services").iterdir() if (path / "app.py").exists()}
    assert {path.parts[1] for path in DOMAINS} == services
    named = {pattern for patterns in DOMAIN_FILES.values() for pattern in patterns if "/domain" not in pattern}
    assert {path for path in named if not (PROJECT / path).is_file()} == set()


def test_transitions_stand_in_domain_files() -> None:
    tables = {
        path
        for path in modules("services")
        if re.search(r"^\w*TRANSITIONS: ", (PROJECT / path).read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert tables
    assert tables - set(DOMAINS) == set()


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
    ours = {name for name in imported_modules(path) if name.partition(".")[0] in OURS}
    assert {name for name in ours - DOMAIN_MODULES[service] if not name.startswith("shared.events")} == set()
    others = {name.partition(".")[0] for name in imported(path)} - set(OURS)
    assert others & {"asyncio", "aiohttp", "pydantic", "structlog", "random", "secrets", "os", "socket"} == set()


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
