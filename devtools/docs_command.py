"""`./paspor docs`: the documents that are written from the code, so that they cannot say anything else than it does.

The event catalogue, each service's endpoints, the roles of staff, a summary of every interface for comparing, and a
diagram of every state table. They are committed. OpenAPI and AsyncAPI for machines are long and are written beside
them, but not committed.
`--check` writes nothing, says which of the committed ones are stale, and what a stale summary breaks for callers.
"""

from __future__ import annotations

import importlib
import inspect
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from devtools.api_summary import find_breaks, summarize_api, summarize_events, summarize_names
from devtools.roles_page import roles_page
from local_suite.home import PROJECT
from shared.events import asyncapi
from shared.events.message import Message
from shared.events.subscriptions import COMMANDS, SERVICES, SUBSCRIBERS, listeners_of, owner_of
from shared.http.endpoint import Endpoint
from shared.http.openapi import build_openapi
from shared.http.openapi_merge import merge_openapi
from shared.retention.rule_book import rules_table, shipped_rules

DOCS: Final = PROJECT / "docs"
API_VERSION: Final = "1.0.0"
TABLE_NAME: Final = "TRANSITIONS"
MERGED: Final = Path("openapi/paspor.json")
PRIVACY: Final = Path("privacy.md")
RULES_BEGIN: Final = "<!-- rules: written by ./paspor docs -->"
RULES_END: Final = "<!-- end of rules -->"
WRITTEN_BY: Final = "Written by `./paspor docs` from the code; do not edit."
INTERFACES_ELSEWHERE: Final = """A service's heading leads to its calls with every member and code.
For machines: `./paspor docs` writes OpenAPI 3.1 beside this one, `paspor.json` for all calls and a file per service;
they are long and not committed. What a client is made of (operations, schemas, tags): [names.txt](../api/names.txt).
A running service serves its own at `/v1/openapi.json`."""
EVENTS_ELSEWHERE: Final = """Each message's fields: [events.txt](../api/events.txt).
For machines: `./paspor docs` writes `asyncapi.json` (AsyncAPI 3.0) beside this one; it is not committed."""


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
        """The subject of the table: the class of its states without the word State or Status, else its module."""
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
    """Every generated document that is committed: its place below `docs`, and what it has to say."""
    return {
        Path("events/README.md"): event_catalogue(),
        Path("states/README.md"): state_diagrams(),
        Path("openapi/README.md"): interfaces(),
        Path("roles.md"): roles_page(operations(), WRITTEN_BY),
        PRIVACY: privacy_page(),
        **summaries(),
    }


def summaries() -> dict[Path, str]:
    """The summary of each service's interface and of the events."""
    return {
        **{Path(f"api/{name}.txt"): summarize_api(openapi_of(name)) for name in SERVICES},
        Path("api/names.txt"): summarize_names(merged_openapi()),
        Path("api/events.txt"): summarize_events(asyncapi.document()),
    }


def machine_documents() -> dict[Path, str]:
    """Documents for machines, which are not committed: OpenAPI of each service, AsyncAPI."""
    return {
        Path("events/asyncapi.json"): _json(asyncapi.document()),
        **{Path(f"openapi/{name}.json"): _json(openapi_of(name)) for name in SERVICES},
        MERGED: _json(merged_openapi()),
    }


def stale(folder: Path = DOCS) -> list[Path]:
    """The committed documents that do not say what the code says."""
    return [place for place, text in documents().items() if _read(folder / place) != text]


def breaks(folder: Path = DOCS) -> list[str]:
    """Sentences that name what the code breaks for callers and readers of the committed summaries."""
    return [line for place, text in summaries().items() for line in find_breaks(_read(folder / place) or "", text)]


def write(folder: Path = DOCS) -> list[Path]:
    """Write what is stale, for people and for machines; tells which."""
    changed = []
    for place, text in {**documents(), **machine_documents()}.items():
        if _read(folder / place) != text:
            (folder / place).parent.mkdir(parents=True, exist_ok=True)
            (folder / place).write_text(text, encoding="utf-8")
            changed.append(place)
    return changed


def endpoints_of(service: str) -> Sequence[Endpoint]:
    """Return the endpoints of a service."""
    name = "endpoints" if (PROJECT / "services" / service / "endpoints.py").exists() else "routes"
    found: Sequence[Endpoint] = importlib.import_module(f"services.{service}.{name}").ENDPOINTS
    return found


def operations() -> list[tuple[str, Endpoint]]:
    """Return every endpoint with its service."""
    return [(service, endpoint) for service in SERVICES for endpoint in endpoints_of(service)]


@cache
def openapi_of(service: str) -> dict[str, Any]:
    """A service's interface as its running process describes it; made once, so leave it as it is."""
    return build_openapi(endpoints_of(service), service, API_VERSION)


@cache
def merged_openapi() -> dict[str, Any]:
    """Every interface as one document: for clients, and for a page that shows it; made once, so leave it as it is."""
    return merge_openapi({service: openapi_of(service) for service in SERVICES}, API_VERSION)


def state_tables() -> list[StateTable]:
    """Every state table of the services, found by its name."""
    return [table for service in SERVICES for module in _modules_with_tables(service) for table in _tables_in(module)]


def event_catalogue() -> str:
    """The event catalogue for reading."""
    lines = ["# Events", "", WRITTEN_BY, EVENTS_ELSEWHERE, ""]
    for service in SERVICES:
        events = [event for event in SUBSCRIBERS if owner_of(event) == service]
        lines += [f"## What {service} tells", "", "| event | heard by | meaning |", "|---|---|---|"]
        lines += [_event_row(event, listeners_of(event)) for event in events]
        lines.append("")
    lines += ["## Commands", "", "| command | taken by | meaning |", "|---|---|---|"]
    lines += [_event_row(command, (command.RECIPIENT,)) for command in COMMANDS]
    return "\n".join(lines) + "\n"


def privacy_page() -> str:
    """The page on privacy, as people write it, with the table of the retention rules in its place."""
    before, _, rest = (DOCS / PRIVACY).read_text(encoding="utf-8").partition(RULES_BEGIN)
    _, _, after = rest.partition(RULES_END)
    newest = max(rule.valid_from for rule in shipped_rules().rules)
    return f"{before}{RULES_BEGIN}\n{rules_table(shipped_rules(), newest)}\n{RULES_END}{after}"


def interfaces() -> str:
    """Every endpoint for reading."""
    lines = ["# Interfaces", "", WRITTEN_BY, INTERFACES_ELSEWHERE]
    for service in SERVICES:
        lines += ["", f"## [{service}](../api/{service}.txt)", "", "| call | who | what |", "|---|---|---|"]
        lines += [f"| `{item.method} {item.path}` | {_who(item)} | {item.summary} |" for item in endpoints_of(service)]
    return "\n".join(lines) + "\n"


def state_diagrams() -> str:
    """A diagram of every state table."""
    lines = ["# States", "", WRITTEN_BY, "Arrows are commands; what has no arrow is refused.", ""]
    for table in state_tables():
        lines += [f"## {table.service}: {table.title}", "", f"`{table.name}` in `{table.module}`", ""]
        lines += ["```mermaid", "stateDiagram-v2", *_diagram(table), "```", ""]
    return "\n".join(lines).rstrip() + "\n"


def main(words: Sequence[str], folder: Path = DOCS) -> int:
    """Write the documents, or with `--check` say which are stale; say what changes break. Returns the exit status."""
    if unknown := set(words) - {"--check"}:
        print(f"paspor docs takes --check and nothing else, not {', '.join(sorted(unknown))}.", file=sys.stderr)
        return 2
    if "--check" in words:
        status = _say_stale(stale(folder))
        _print_breaks(breaks(folder))
        return status
    broken = breaks(folder)
    for place in write(folder):
        print(f"wrote docs/{place}")
    _print_breaks(broken)
    return 0


def _print_breaks(found: Sequence[str]) -> None:
    for line in found:
        print(f"breaks callers or readers: {line}")


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
