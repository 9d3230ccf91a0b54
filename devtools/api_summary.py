"""Summaries of the interfaces for comparing: what each call and event takes and gives, without descriptions.

`docs/api/README.md` says how a summary is read. It is written from the OpenAPI and AsyncAPI documents, holds no class
names and is sorted, so that only what callers and readers notice changes it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from shared.events.coded import MORE_MAY_COME

HEADER: Final = "# Written by `./paspor docs` from the code; do not edit. docs/api/README.md says how to read it.\n"
PROBLEM_JSON: Final = "application/problem+json"
SHORTEST_REPEAT: Final = 4
"""An answer of at least so many lines that was written before is referred to rather than written again."""

_INDENT: Final = "  "
_SAME_AS: Final = ", as "
_RANGES: Final = (
    ("minLength", "maxLength"),
    ("minimum", "maximum"),
    ("minItems", "maxItems"),
    ("minProperties", "maxProperties"),
)
_TOLD_ELSEWHERE: Final = frozenset(
    {
        *("type", "title", "description", "default", "examples", "deprecated"),
        *("properties", "required", "additionalProperties", "items"),
    }
)
_OPTIONS: Final = ("anyOf", "oneOf")
_SECTIONS: Final = frozenset({"problem", "operations", "facts", "schemas", "tags"})
"""First words of what is neither a call nor an event; callers get it."""

_NAMED_VALUES: Final = re.compile(r'"[^"]*"(\|"[^"]*")*')

Schema = Mapping[str, Any]


@dataclass(frozen=True)
class Entry:
    """A line of a summary: the type of a member, or codes or media types of an answer, and whether it is required."""

    text: str
    required: bool


Entries = dict[tuple[str, ...], Entry]
"""Entries by their names from the call or event down: `("GET /v1/bills/{bill_id}", "200", "amount")`."""


def summarize_api(document: Schema) -> str:
    """Return the summary of an OpenAPI document, sorted by path and method."""
    members = _Members(document)
    lines = ["problem: " + PROBLEM_JSON, *members.lines_of({"$ref": "#/components/schemas/Problem"}, 1)]
    for path in sorted(document["paths"]):
        for method, operation in sorted(document["paths"][path].items()):
            lines += ["", *_call_lines(f"{method.upper()} {path}", operation, members)]
    return HEADER + "\n".join(lines) + "\n"


def summarize_events(document: Schema) -> str:
    """Return the summary of an AsyncAPI document: each message's data, sorted by type."""
    members = _Members(document)
    lines: list[str] = []
    for name, message in sorted(document["components"]["messages"].items()):
        data = members.resolve(message["payload"])["properties"]["data"]
        lines += ["", name, *members.lines_of(data, 1)]
    return HEADER + "\n".join(lines[1:]) + "\n"


def summarize_names(document: Schema) -> str:
    """Return the names that generated clients are made of: operations with their calls, schemas and tags, sorted."""
    operations = {
        operation["operationId"]: f"{method.upper()} {path}"
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    lines = ["operations", *(f"{_INDENT}{name}: {call}" for name, call in sorted(operations.items()))]
    lines += ["", "facts", *_fact_lines(document)]
    lines += ["", "schemas", *(f"{_INDENT}{name}" for name in sorted(document["components"]["schemas"]))]
    lines += ["", "tags", *(f"{_INDENT}{tag['name']}" for tag in document["tags"])]
    return HEADER + "\n".join(lines) + "\n"


def _fact_lines(document: Schema) -> Iterator[str]:
    """Yield a line for each code that tells facts, and for each of these."""
    members, schemas = _Members(document), document["components"]["schemas"]
    usual = schemas["Problem"]["properties"]
    for schema in sorted(schemas.values(), key=lambda part: str(part.get("title"))):
        code = schema.get("properties", {}).get("code", {}).get("const")
        if code is not None and usual.keys() <= schema["properties"].keys():
            facts = {name: part for name, part in schema["properties"].items() if name not in usual}
            yield f"{_INDENT}{code}"
            yield from members.lines_of({"properties": facts}, 2)


def find_breaks(before: str, after: str) -> list[str]:
    """Return what would break a caller or a reader of the earlier summary, as sorted sentences; none if all is well.

    Calls, statuses, codes, messages and members may not vanish, and types may not change. What a caller or a sender
    gives may not become required; what an answer or an event holds may not become optional.
    """
    old, new = read_summary(before), read_summary(after)
    problems = [f"{_format_key(key)} vanished" for key in old if key not in new and _is_top(key, old, new)]
    problems += [
        f"{_format_key(key)} {change}" for key in old if key in new for change in _changes(key, old[key], new[key])
    ]
    problems += [
        f"{_format_key(key)} is new and required"
        for key, entry in new.items()
        if key not in old and key[:-1] in old and _is_asked_for(key) and entry.required
    ]
    return sorted(problems)


def read_summary(text: str) -> Entries:
    """Return the entries of a summary; references to an earlier answer are followed."""
    entries: Entries = {}
    path: list[str] = []
    for line in text.splitlines():
        bare = line.strip()
        if not bare or bare.startswith("#"):
            continue
        name, _, type_text = bare.partition(": ")
        del path[(len(line) - len(bare)) // len(_INDENT) :]
        path.append(name.removesuffix("?"))
        entries[tuple(path)] = Entry(type_text, not name.endswith("?"))
    return _with_references_followed(entries)


def _with_references_followed(entries: Entries) -> Entries:
    found = dict(entries)
    for key, entry in entries.items():
        text, mark, source = entry.text.partition(_SAME_AS)
        if not mark:
            continue
        there = tuple(source.rsplit(" ", 1))
        found[key] = Entry(text, entry.required)
        members = [path for path in entries if path[:2] == there and len(path) > len(there)]
        found.update({key + path[2:]: entries[path] for path in members})
    return found


def _is_top(key: tuple[str, ...], old: Entries, new: Entries) -> bool:
    """Whether nothing above it vanished with it."""
    above = key[:-1]
    return not above or above not in old or above in new


def _is_event(key: tuple[str, ...]) -> bool:
    return " " not in key[0] and key[0] not in _SECTIONS


def _is_asked_for(key: tuple[str, ...]) -> bool:
    """Whether a caller or a sender has to give it."""
    return _is_event(key) or (len(key) > 1 and key[0] not in _SECTIONS and not key[1].isdigit())


def _is_given(key: tuple[str, ...]) -> bool:
    """Whether a caller or a reader relies on getting it."""
    return _is_event(key) or not _is_asked_for(key)


def _changes(key: tuple[str, ...], old: Entry, new: Entry) -> Iterator[str]:
    if new.required and not old.required and _is_asked_for(key):
        yield "became required"
    if old.required and not new.required and _is_given(key):
        yield "became optional"
    is_list_of_words = len(key) == 2 and (key[1].isdigit() or key[1] == "request")
    if is_list_of_words:
        for word in sorted(set(old.text.split()) - set(new.text.split())):
            yield f"has no {word} any more"
    elif old.text != new.text and not _is_compatible(key, old.text, new.text):
        yield f"changed from {old.text} to {new.text}"


def _is_compatible(key: tuple[str, ...], old: str, new: str) -> bool:
    """Whether callers can go on: what they give may be left empty now, or what they get is named more closely."""
    if _is_event(key):
        return False
    return new == f"{old}|null" if _is_asked_for(key) else _is_narrowed(old, new)


def _is_narrowed(old: str, new: str) -> bool:
    """Whether a text became one of named values, or a time: callers can read it as before."""
    return _NAMED_VALUES.sub("string", new).replace("string(date-time)", "string") == old


def _format_key(key: tuple[str, ...]) -> str:
    first, rest = key[0], key[1:]
    if not rest:
        return first
    if _is_event(key) or first in _SECTIONS:
        return f"{first}: {'.'.join(rest)}"
    return f"{first}: {rest[0]}" + (f" {'.'.join(rest[1:])}" if len(rest) > 1 else "")


def _call_lines(name: str, operation: Schema, members: _Members) -> Iterator[str]:
    yield name
    parameters = [members.resolve(parameter) for parameter in operation.get("parameters", ())]
    for parameter in sorted(parameters, key=lambda parameter: (parameter["in"], parameter["name"])):
        marked = _mark(f"{parameter['in']} {parameter['name']}", parameter.get("required", False))
        yield f"{_INDENT}{marked}: {members.type_of(parameter['schema'])}"
    body = operation.get("requestBody")
    if body is not None:
        yield from _content_lines(name, _mark("request", body.get("required", False)), body["content"], members)
    for status, answer in sorted(operation["responses"].items()):
        yield from _content_lines(name, status, members.resolve(answer).get("content", {}), members)


def _content_lines(call: str, name: str, content: Schema, members: _Members) -> Iterator[str]:
    """Yield the line of a request or an answer: the codes of a problem, or the media types and then the members."""
    if PROBLEM_JSON in content:
        yield f"{_INDENT}{name}: {' '.join(sorted(content[PROBLEM_JSON]['examples']))}"
        return
    text = " ".join(sorted(content))
    first: Schema = next(iter(content.values()), {})
    schema: Schema = first.get("x-event-schema", first.get("x-line-schema", first.get("schema", {})))
    lines = tuple(members.lines_of(schema, 2))
    place = members.first_place(lines, f"{call} {name.removesuffix('?')}")
    if place:
        yield f"{_INDENT}{name}: {text}{_SAME_AS}{place}"
        return
    yield f"{_INDENT}{name}: {text}" if text else f"{_INDENT}{name}"
    yield from lines


class _Members:
    """The members of a document's schemas as lines."""

    def __init__(self, document: Schema) -> None:
        self._document = document
        self._places: dict[tuple[str, ...], str] = {}

    def first_place(self, lines: tuple[str, ...], here: str) -> str | None:
        """Return the place where exactly these lines were written before, or None for the first and for short ones."""
        if len(lines) < SHORTEST_REPEAT:
            return None
        place = self._places.setdefault(lines, here)
        return place if place != here else None

    def lines_of(self, schema: Schema, depth: int, above: Sequence[str] = ()) -> Iterator[str]:
        """Yield a line for each member, sorted by name, each followed by its own members one step further in.

        A member that several kinds of one value have is written once, with the types that it has in them.
        """
        parts = list(self._objects(schema, above))
        types: dict[str, dict[str, None]] = {}
        for part, _ in parts:
            for name, member in part["properties"].items():
                types.setdefault(name, {})[self.type_of(member)] = None
        for part, seen in parts:
            required = set(part.get("required", ()))
            for name, member in sorted(part["properties"].items()):
                if name in types:
                    yield f"{_INDENT * depth}{_mark(name, name in required)}: {'|'.join(types.pop(name))}"
                yield from self.lines_of(member, depth + 1, seen)

    def resolve(self, part: Schema) -> Schema:
        """Return what a reference names, or the part itself."""
        found: Any = part
        if "$ref" in part:
            found = self._document
            for word in part["$ref"].removeprefix("#/").split("/"):
                found = found[word]
        result: Schema = found
        return result

    def type_of(self, schema: Schema) -> str:
        """Return the type with its limits: `string(1..64)`, `[object]` (an array), `{integer}` (a map), `"id"|"en"`."""
        part = self.resolve(schema)
        for word in _OPTIONS:
            if word in part:
                return "|".join(dict.fromkeys(self.type_of(item) for item in part[word]))
        if "const" in part:
            return json.dumps(part["const"])
        if part.get(MORE_MAY_COME):  # a new code is no break: its readers take what they do not know as text
            return str(part["type"])
        if "enum" in part:
            return "|".join(sorted(json.dumps(item) for item in part["enum"]))
        return self._kind(part) + _limits(part)

    def _kind(self, part: Schema) -> str:
        kind = str(part.get("type", "any"))
        if kind == "array":
            return f"[{self.type_of(part.get('items', {}))}]"
        values = part.get("additionalProperties")
        return f"{{{self.type_of(values)}}}" if kind == "object" and isinstance(values, Mapping) else kind

    def _objects(self, schema: Schema, above: Sequence[str]) -> Iterator[tuple[Schema, Sequence[str]]]:
        """Yield the objects that a value of this schema is or is made of; one that lies within itself only once."""
        reference = schema.get("$ref")
        if reference is not None and reference in above:
            return
        seen = above if reference is None else (*above, reference)
        part = self.resolve(schema)
        if "properties" in part:
            yield part, seen
        inner = [item for word in _OPTIONS for item in part.get(word, ())]
        inner += [item for item in (part.get("items"), part.get("additionalProperties")) if isinstance(item, Mapping)]
        for item in inner:
            yield from self._objects(item, seen)


def _mark(name: str, required: bool) -> str:
    return name if required else f"{name}?"


def _limits(part: Schema) -> str:
    told = [f"{part.get(low, '')}..{part.get(high, '')}" for low, high in _RANGES if low in part or high in part]
    if "format" in part:
        told.append(part["format"])
    if "pattern" in part:
        told.append(f"/{part['pattern']}/")
    known = {*_TOLD_ELSEWHERE, "format", "pattern", *(word for pair in _RANGES for word in pair)}
    told += [f"{word}={json.dumps(part[word])}" for word in sorted(part) if word not in known]
    return f"({', '.join(told)})" if told else ""
