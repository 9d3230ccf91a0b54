"""Who may import whom: the arrows of the architecture, and one module for the driver that will be replaced one day."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from devtools.docs_command import state_tables
from shared.events.subscriptions import SERVICES
from tests.contract.pure_modules import dotted, pure_modules

PROJECT = Path(__file__).parents[2]
TOOLS = ("paper_samples", "journeys", "local_suite", "operations", "devtools", "bench", "command_line")
OURS = ("services", "shared", "portal", "simulators", *TOOLS)
DRIVER = {"motor", "pymongo", "bson", "gridfs"}
DRIVER_MODULE = Path("shared/store/driver.py")
LOOKING_AT_THE_SERVER = {Path("local_suite/servers/mongod.py"), Path("bench/seats.py")}
"""What starts a mongod speaks to it as an administrator; a benchmark measures the bare driver as its floor."""


def modules(folder: str) -> Iterator[Path]:
    for path in (PROJECT / folder).rglob("*.py"):
        yield path.relative_to(PROJECT)


@cache
def imports_of(path: Path) -> tuple[ast.Import | ast.ImportFrom, ...]:
    """Every import of a file, wherever it stands; several tests ask for them."""
    tree = ast.parse((PROJECT / path).read_text(encoding="utf-8"))
    return tuple(node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom))


def imported(path: Path) -> set[str]:
    found: set[str] = set()
    for node in imports_of(path):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
    return found


def imported_modules(path: Path) -> set[str]:
    """What is imported, as modules: `from services.x.room import noun` is the module `services.x.room.noun`."""
    found: set[str] = set()
    for node in imports_of(path):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            modules_in = {f"{node.module}.{alias.name}" for alias in node.names if _is_module(node.module, alias.name)}
            found |= modules_in or {node.module}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found | {name for name in imported(path) if name.partition(".")[0] not in OURS}


def _is_module(package: str, name: str) -> bool:
    return (PROJECT / package.replace(".", "/") / f"{name}.py").exists()


DOMAINS = [path for service in SERVICES for path in pure_modules(service)]
PURE_STORE = [Path("shared/store/decision.py"), Path("shared/store/transitions.py")]
"""What the pure files decide with; nothing else of the store is theirs to import."""
PURE_CALENDAR = [Path("shared/calendar/working_days.py"), Path("shared/calendar/national.py")]
"""The state's holidays are facts that the pure files count with."""

IMPURE = {"asyncio", "aiohttp", "pydantic", "structlog", "random", "secrets", "os", "socket"}


def impure_imports(path: Path, allowed: set[str]) -> set[str]:
    """What a pure file must not import: project modules outside ``allowed`` and events, and what waits or speaks."""
    ours = {name for name in imported_modules(path) if name.partition(".")[0] in OURS}
    others = {name.partition(".")[0] for name in imported(path)} - set(OURS)
    return {name for name in ours - allowed if not name.startswith("shared.events")} | (others & IMPURE)


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
    allowed = {dotted(each) for each in [*pure_modules(path.parts[1]), *PURE_STORE, *PURE_CALENDAR]}
    assert impure_imports(path, allowed) == set()


@pytest.mark.parametrize("path", [*PURE_STORE, *PURE_CALENDAR], ids=str)
def test_what_the_pure_files_decide_with_is_pure(path: Path) -> None:
    allowed = {dotted(each) for each in PURE_CALENDAR} if path in PURE_CALENDAR else set[str]()
    assert impure_imports(path, allowed) == set()


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("from shared.store.decision import Decision", set()),
        ("from shared.store.transitions import IllegalTransition, Transitions", set()),
        ("from shared.store.change import change", {"shared.store.change"}),
        ("from shared.store import port", {"shared.store.port"}),
        ("from shared.store import Record", {"shared.store"}),
        ("import shared.store.memory", {"shared.store.memory"}),
        ("import asyncio", {"asyncio"}),
    ],
)
def test_of_the_store_only_the_decision_is_pure(line: str, found: set[str], tmp_path: Path) -> None:
    """The twin: a pure file that imports more of the store is found."""
    file = tmp_path / "pure.py"
    file.write_text(line, encoding="utf-8")
    assert impure_imports(file, {dotted(each) for each in PURE_STORE}) == found


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
    assert roots & {"services", "portal", "simulators", "tests", *TOOLS} == set()


@pytest.mark.parametrize("path", [path for path in modules("portal")], ids=str)
def test_the_portal_is_a_client_and_nothing_more(path: Path) -> None:
    """No service, no store, no broker: what it shows it has from the public APIs."""
    roots = {name.partition(".")[0] for name in imported(path)}
    assert roots & {"services", "simulators", "tests", *TOOLS, *DRIVER, "aio_pika"} == set()
    assert not {name for name in imported(path) if name.startswith(("shared.store", "shared.bus", "shared.events"))}


def test_the_linter_checks_the_same_arrows() -> None:
    rules = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    assert set(rules["root_packages"]) == set(OURS)
    independent = next(each for each in rules["contracts"] if each["type"] == "independence")
    services = {path.name for path in (PROJECT / "services").iterdir() if (path / "app.py").exists()}
    assert set(independent["modules"]) == {f"services.{name}" for name in services}
