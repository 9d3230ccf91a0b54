"""`./paspor docs`: the documents that are written from the code, so that they cannot say anything else than it does.

The event catalogue (AsyncAPI and a table to read), each service's interface (OpenAPI) and a diagram of every state
table. `--check` writes nothing and says which of them are stale.
"""

from __future__ import annotations

import importlib
import inspect
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from launcher.home import PROJECT
from shared.events import asyncapi
from shared.events.message import Message
from shared.events.subscriptions import COMMANDS, SERVICES, SUBSCRIBERS, owner_of
from shared.http.endpoint import Endpoint
from shared.http.openapi import build_openapi

DOCS: Final = PROJECT / "docs"
API_VERSION: Final = "1.0.0"
TABLE_NAME: Final = "TRANSITIONS"
WRITTEN_BY: Final = "Written by `./paspor docs` from the code; do not edit."


@dataclass(frozen=True)
class StateTable:
    """One state machine: its table, and where it lies."""

    service: str
    module: str
    name: str
    rows: Mapping[tuple[StrEnum, StrEnum], StrEnum]
    initial: tuple[StrEnum, ...]

    @property
    def title(self) -> str:
        """What the table is about: the class of its states without the word State or Status, else its module."""
        bare = type(self.initial[0]).__name__.removesuffix("State").removesuffix("Status")
        return (bare or self.module.rpartition(".")[2].removesuffix("s")).lower()

    @property
    def states(self) -> tuple[StrEnum, ...]:
        """Every state of the class, mentioned in the table or not."""
        return tuple(type(self.initial[0]))

    @property
    def commands(self) -> tuple[StrEnum, ...]:
        """Every command of the class."""
        return tuple(type(next(iter(self.rows))[1]))

    @property
    def final(self) -> tuple[StrEnum, ...]:
        """States that nothing leads out of."""
        left = {state for (state, _), target in self.rows.items() if target is not state}
        return tuple(state for state in self.states if state not in left)


def documents() -> dict[Path, str]:
    """Every generated document: its place below `docs`, and what it has to say."""
    return {
        Path("events/asyncapi.json"): _json(asyncapi.document()),
        Path("events/README.md"): event_catalogue(),
        Path("states/README.md"): state_diagrams(),
        Path("openapi/README.md"): interfaces(),
        **{Path(f"openapi/{name}.json"): _json(openapi_of(name)) for name in SERVICES},
    }


def stale(folder: Path = DOCS) -> list[Path]:
    """The documents that do not say what the code says."""
    return [place for place, text in documents().items() if _read(folder / place) != text]


def write(folder: Path = DOCS) -> list[Path]:
    """Write what is stale; tells which."""
    changed = []
    for place, text in documents().items():
        if _read(folder / place) != text:
            (folder / place).parent.mkdir(parents=True, exist_ok=True)
            (folder / place).write_text(text, encoding="utf-8")
            changed.append(place)
    return changed


def endpoints_of(service: str) -> Sequence[Endpoint]:
    """What a service answers."""
    name = "endpoints" if (PROJECT / "services" / service / "endpoints.py").exists() else "routes"
    found: Sequence[Endpoint] = importlib.import_module(f"services.{service}.{name}").ENDPOINTS
    return found


def openapi_of(service: str) -> dict[str, Any]:
    """A service's interface as its running process describes it."""
    return build_openapi(endpoints_of(service), service, API_VERSION)


def state_tables() -> list[StateTable]:
    """Every state table of the services, found by its name."""
    return [table for service in SERVICES for module in _modules_with_tables(service) for table in _tables_in(module)]


def event_catalogue() -> str:
    """The event catalogue for reading."""
    lines = ["# Events", "", WRITTEN_BY, "The same for machines: [asyncapi.json](asyncapi.json) (AsyncAPI 3.0).", ""]
    for service in SERVICES:
        events = [event for event in SUBSCRIBERS if owner_of(event) == service]
        lines += [f"## What {service} tells", "", "| event | heard by | meaning |", "|---|---|---|"]
        lines += [_event_row(event, SUBSCRIBERS[event]) for event in events]
        lines.append("")
    lines += ["## Commands", "", "| command | taken by | meaning |", "|---|---|---|"]
    lines += [_event_row(command, (command.RECIPIENT,)) for command in COMMANDS]
    return "\n".join(lines) + "\n"


def interfaces() -> str:
    """Every endpoint for reading."""
    lines = ["# Interfaces", "", WRITTEN_BY, "The same for machines: one OpenAPI 3.1 file beside this one per service."]
    for service in SERVICES:
        lines += ["", f"## [{service}]({service}.json)", "", "| call | who | what |", "|---|---|---|"]
        lines += [f"| `{each.method} {each.path}` | {_who(each)} | {each.summary} |" for each in endpoints_of(service)]
    return "\n".join(lines) + "\n"


def state_diagrams() -> str:
    """A diagram of every state table."""
    lines = ["# States", "", WRITTEN_BY, "Arrows are commands; what has no arrow is refused.", ""]
    for table in state_tables():
        lines += [f"## {table.service}: {table.title}", "", f"`{table.name}` in `{table.module}`", ""]
        lines += ["```mermaid", "stateDiagram-v2", *_diagram(table), "```", ""]
    return "\n".join(lines).rstrip() + "\n"


def main(words: Sequence[str]) -> int:
    """Write the documents, or with `--check` say which are stale. Returns the exit status."""
    if unknown := set(words) - {"--check"}:
        print(f"paspor docs takes --check and nothing else, not {', '.join(sorted(unknown))}.", file=sys.stderr)
        return 2
    if "--check" in words:
        return _say_stale(stale())
    for place in write():
        print(f"wrote docs/{place}")
    return 0


def _say_stale(places: Iterable[Path]) -> int:
    found = list(places)
    for place in found:
        print(f"docs/{place} is stale")
    print("Next: ./paspor docs writes them again." if found else "All generated documents are fresh.")
    return 1 if found else 0


def _modules_with_tables(service: str) -> Iterator[ModuleType]:
    for path in sorted((PROJECT / "services" / service).rglob("*.py")):
        if f"{TABLE_NAME}: " in path.read_text(encoding="utf-8"):
            yield importlib.import_module(".".join(path.relative_to(PROJECT).with_suffix("").parts))


def _tables_in(module: ModuleType) -> Iterator[StateTable]:
    """Tables that the module itself declares; those that it imported have another home."""
    declared = inspect.getsource(module)
    for name, value in vars(module).items():
        if name.endswith(TABLE_NAME) and isinstance(value, Mapping) and f"\n{name}: " in declared:
            yield StateTable(module.__name__.split(".")[1], module.__name__, name, value, _initial(module, value))


def _initial(module: ModuleType, rows: Mapping[tuple[StrEnum, StrEnum], StrEnum]) -> tuple[StrEnum, ...]:
    """The states of `INITIAL` in the module, else the first one of the class."""
    states = type(next(iter(rows))[0])
    declared = getattr(module, "INITIAL", ())
    return tuple(state for state in states if state in declared) or (next(iter(states)),)


def _diagram(table: StateTable) -> Iterator[str]:
    for state in table.initial:
        yield f"    [*] --> {state}"
    arrows: dict[tuple[StrEnum, StrEnum], list[str]] = {}
    for (state, command), target in table.rows.items():
        arrows.setdefault((state, target), []).append(command.value)
    for (state, target), commands in arrows.items():
        yield f"    {state} --> {target}: {', '.join(commands)}"
    for state in table.final:
        yield f"    {state} --> [*]"


def _event_row(message: type[Message], listeners: Sequence[str]) -> str:
    meaning = " ".join((inspect.getdoc(message) or "").split()).replace("|", "\\|")
    return f"| `{message.__name__}`<br>{message.TYPE} | {', '.join(listeners) or 'nobody yet'} | {meaning} |"


def _who(endpoint: Endpoint) -> str:
    if endpoint.access.roles:
        return ", ".join(sorted(role.value for role in endpoint.access.roles))
    return {"open": "anybody", "bearer": "anybody signed in", "signature": "a machine that signs"}[
        endpoint.access.door.value
    ]


def _json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
