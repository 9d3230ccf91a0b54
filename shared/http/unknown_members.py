"""Members of a JSON body that its model does not know: on the public API they are left out and named in the answer.

A caller may be newer than the service it reaches, or written for another one: what is not understood does no harm
there (docs/adr/0064). Queries and signed bodies stay strict, and so does every rule of a member that is known.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any, Final, TypeVar
from urllib.parse import quote

from aiohttp import web
from pydantic import BaseModel, ValidationError

from shared.errors import FieldError, Malformed
from shared.http.endpoint import Door, Endpoint
from shared.http.validation import make_pointer, read_json, refuse_repeated_fields

IGNORED_HEADER: Final = "Paspor-Ignored"
IGNORED: Final = web.RequestKey("ignored members", tuple[str, ...])
"""JSON pointers of the members of a request's body that were left out, in the order in which they were found."""

MAX_NAMED: Final = 20
"""Members named in one header; as many as wrong fields in one problem."""

MAX_NAME_CHARS: Final = 100
"""Of one name, as it is written in the header: with `MAX_NAMED` names some 2 KiB, half of the 4 KiB that proxies
usually give to the head of an answer."""

MAX_COMPARED: Final = 50
"""Unknown members beside a missing one that are compared with it; a body of a form has fewer members."""

MAX_COMPARED_CHARS: Final = 64
"""The longest name that is compared: no member of ours has a longer one."""

ModelT = TypeVar("ModelT", bound=BaseModel)
_Location = tuple[int | str, ...]


@dataclass(frozen=True, slots=True)
class KnownPart:
    """A body without its unknown members, as JSON text, and the locations of those."""

    text: bytes
    ignored: tuple[_Location, ...]

    @property
    def pointers(self) -> tuple[str, ...]:
        """The unknown members as JSON pointers."""
        return tuple(make_pointer(location) for location in self.ignored)

    def read(self, model: type[ModelT]) -> ModelT:
        """Return the known part as its model.

        Raises:
            Malformed: fields are wrong; for a missing one the error names an unknown member that may have been meant.
        """
        try:
            return read_json(model, self.text)
        except Malformed as refusal:
            errors = tuple(_with_likely_name(error, self.ignored) for error in refusal.errors)
            raise type(refusal)(refusal.detail, errors=errors, detail_id=refusal.detail_id) from None


def find_known_part(model: type[BaseModel], raw: bytes) -> KnownPart:
    """Return the body without the members that the model does not know, however deep they stand.

    Raises:
        Malformed: a field is given twice, known or not.
        Unreadable: it is not plain JSON.
    """
    unknown = _find_unknown(model, raw)
    if not unknown:
        return KnownPart(raw, ())
    refuse_repeated_fields(raw)
    data = json.loads(raw)
    for location in unknown:
        _take_out(data, location)
    return KnownPart(json.dumps(data).encode(), unknown)


def _find_unknown(model: type[BaseModel], raw: bytes) -> tuple[_Location, ...]:
    try:
        model.model_validate_json(raw)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_context=False, include_input=False)
        return tuple(problem["loc"] for problem in problems if problem["type"] == "extra_forbidden")
    return ()


def _take_out(data: Any, location: _Location) -> None:
    *steps, name = location
    for step in steps:
        data = data[step]
    del data[name]


def _with_likely_name(error: FieldError, unknown: Sequence[_Location]) -> FieldError:
    """Return the error of a missing field with the unknown member beside it that is spelt most like it, if any is."""
    if error.rule != "missing":
        return error
    above, _, wanted = error.pointer.rpartition("/")
    beside = [
        name
        for *steps, name in unknown
        if isinstance(name, str) and len(name) <= MAX_COMPARED_CHARS and make_pointer(tuple(steps)) == above
    ]
    near = get_close_matches(wanted, beside[:MAX_COMPARED], n=1)
    if not near:
        return error
    meant = f"{above}{make_pointer((near[0],))}"
    return replace(
        error,
        detail=f"{error.detail} Did you mean it by {meant}?",
        detail_id=f"{error.detail_id} Apakah ini yang Anda maksud dengan {meant}?",
    )


def name_ignored(request: web.Request, response: web.StreamResponse) -> None:
    """Add the header that names what was left out of the request's body, if something was."""
    ignored = request.get(IGNORED)
    if ignored:
        response.headers[IGNORED_HEADER] = format_header(ignored)


def format_header(pointers: Sequence[str]) -> str:
    """Return JSON pointers as a header: percent-encoded (RFC 6901, section 6), at most `MAX_NAMED`, comma-separated.

    Names that are too long end in `...`; `+3` at the end counts those that are not named.
    """
    named = [_shorten(quote(pointer, safe="/~", errors="replace")) for pointer in pointers[:MAX_NAMED]]
    further = len(pointers) - len(named)
    return ", ".join([*named, *([f"+{further}"] if further else [])])


def _shorten(name: str) -> str:
    return name if len(name) <= MAX_NAME_CHARS else f"{name[: MAX_NAME_CHARS - 3]}..."


def canonical_json(raw: bytes) -> bytes:
    """Return a JSON text without the freedom of its writing: order of members, blanks, escapes.

    The text must have been read into a model, which bounds its numbers and its depth.
    """
    return json.dumps(json.loads(raw), sort_keys=True, separators=(",", ":")).encode()


def ignores_unknown(endpoint: Endpoint) -> bool:
    """Return whether unknown members of the endpoint's body are left out: everywhere but where bodies are signed."""
    return endpoint.body is not None and endpoint.access.door is not Door.SIGNATURE


def open_schemas(endpoints: Iterable[Endpoint], references: Mapping[Any, Any], definitions: dict[str, Any]) -> None:
    """Say in the schemas of public bodies that further members are taken; those of signed bodies stay closed.

    `references` has the schema of each model and mode, as pydantic's `models_json_schema` returns them.

    Raises:
        ValueError: a schema is shared by a signed and a public body.
    """
    signed: set[str] = set()
    public: set[str] = set()
    for endpoint in endpoints:
        if endpoint.body is not None:
            names = public if ignores_unknown(endpoint) else signed
            _collect_names(references[endpoint.body, "validation"], definitions, names)
    if signed & public:
        raise ValueError(f"signed and public bodies share {sorted(signed & public)}")
    for name in public:
        if definitions[name].get("additionalProperties") is False:
            del definitions[name]["additionalProperties"]


def _collect_names(part: Any, definitions: Mapping[str, Any], names: set[str]) -> None:
    if isinstance(part, list):
        for inner in part:
            _collect_names(inner, definitions, names)
    elif isinstance(part, Mapping):
        name = str(part.get("$ref", "")).rsplit("/", 1)[-1]
        if name in definitions and name not in names:
            names.add(name)
            _collect_names(definitions[name], definitions, names)
        for inner in part.values():
            _collect_names(inner, definitions, names)
