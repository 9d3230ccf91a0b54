"""Builds the OpenAPI 3.1.1 document of a service from the same endpoints that answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from shared.errors import Refusal
from shared.http.call import EVENT_STREAM, JSON
from shared.http.conditions import ETAG, IF_NONE_MATCH, LONGEST_WAIT_SECONDS, PREFER, PREFERENCE_APPLIED
from shared.http.deprecation import DEPRECATION, SUNSET, deprecation_headers
from shared.http.deprecation import HEADERS as DEPRECATED
from shared.http.endpoint import Door, Endpoint, Shape
from shared.http.idempotency import (
    KEY_HEADER,
    KEY_PATTERN,
    MAX_KEY_CHARS,
    MIN_KEY_CHARS,
)
from shared.http.openapi_schemas import Schemas
from shared.http.paging import PageQuery
from shared.http.problem_facts import problem_model
from shared.http.problems import PROBLEM_JSON, PROBLEM_URN, Problem
from shared.http.responses import TRACE_HEADER
from shared.http.runtime_refusals import refusals_of_runtime
from shared.http.signatures import WINDOW, header_names
from shared.http.unknown_members import IGNORED_HEADER, MAX_NAMED, ignores_unknown

OPENAPI_VERSION: Final = "3.1.1"
NDJSON: Final = "application/x-ndjson"
LOCATION: Final = "Location"
TOKEN: Final = "token"  # noqa: S105 - the name of a scheme, no secret
_TOKEN_SCHEME: Final = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
_TIMESTAMP: Final = (
    "Seconds since 1970 at which the body was signed, as digits; "
    f"at most {WINDOW.seconds // 60} minutes before or after the present time."
)
_SIGNATURE: Final = (
    "`KEY_ID=HEX`: HMAC-SHA256 in hexadecimal under the key of that id, over the bytes of the timestamp header, a dot "
    "and the raw body exactly as it is sent. While keys turn, several are parted by commas, and one has to fit."
)
_TRACE: Final = {TRACE_HEADER: {"$ref": f"#/components/headers/{TRACE_HEADER}"}}
_RETRY: Final = {"Retry-After": {"$ref": "#/components/headers/Retry-After"}}
_EXAMPLE_TRACE: Final = "4bf92f3577b34da6a3ce929d0e0e4736"
_PLACE_SCHEMA: Final = {"type": "string", "minLength": 1, "maxLength": 128, "pattern": r"^[A-Za-z0-9._~:@+-]+$"}


def build_openapi(endpoints: Sequence[Endpoint], service_name: str, version: str) -> dict[str, Any]:
    """Return the whole document.

    Raises:
        ValueError: two endpoints share an address or an operation name.
    """
    refuse_twins(endpoints)
    schemas = Schemas(endpoints)
    problems = _Problems(schemas)
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint, schemas, problems)
    document: dict[str, Any] = {
        "openapi": OPENAPI_VERSION,
        "info": {
            "title": f"Paspor: {service_name}",
            "version": version,
            "description": RULES,
            "license": LICENSE,
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": tag} for tag in _tags(endpoints)],
        "paths": paths,
        "components": {
            "schemas": schemas.definitions,
            "responses": problems.responses,
            "examples": problems.examples,
            "headers": {
                TRACE_HEADER: {"description": "Finds the log lines of this call.", "schema": {"type": "string"}},
                "Retry-After": {
                    "description": "Seconds after which the same call may be made again.",
                    "schema": {"type": "integer", "minimum": 0},
                },
                LOCATION: {
                    "description": "The address of what was made.",
                    "schema": {"type": "string", "format": "uri-reference"},
                },
                IGNORED_HEADER: _IGNORED_HEADER,
                **_CONDITION_HEADERS,
                **_DEPRECATION_HEADERS,
            },
            "parameters": {KEY_HEADER: _KEY_PARAMETER, **_CONDITION_PARAMETERS},
            "securitySchemes": _security_schemes(endpoints),
        },
    }
    return without_unused(document)


RULES: Final = (
    "HEAD is answered wherever GET is. Members, values of enums, statuses and problem codes may be added at any time, "
    "and none vanishes: what is marked as deprecated stays for 12 months, and answers that hold it say until when "
    "(`Sunset`, `Deprecation`). Lists take `limit` and `after` and answer `next`. The sentences of problems are in the "
    "language of Accept-Language, Indonesian or English."
)
LICENSE: Final = {"name": "AGPL-3.0-or-later", "identifier": "AGPL-3.0-or-later"}
_KEY_PARAMETER: Final = {
    "name": KEY_HEADER,
    "in": "header",
    "required": True,
    "description": "New for each request, the same for a repeat: a repeat has no second effect.",
    "schema": {"type": "string", "minLength": MIN_KEY_CHARS, "maxLength": MAX_KEY_CHARS, "pattern": KEY_PATTERN},
    "example": "2f1c7f0e-5a39-4c2b-9f0b-6f6f0a1c9d11",
}


_CONDITION_PARAMETERS: Final = {
    IF_NONE_MATCH: {
        "name": IF_NONE_MATCH,
        "in": "header",
        "required": False,
        "description": "The ETag of the answer that you have: while it is the present one, you get 304.",
        "schema": {"type": "string"},
        "example": '"0123456789abcdef"',
    },
    PREFER: {
        "name": PREFER,
        "in": "header",
        "required": False,
        "description": (
            f"`wait=N` with {IF_NONE_MATCH}: answer when there is another answer, or 304 after N seconds, at most "
            f"{LONGEST_WAIT_SECONDS}. Without {PREFERENCE_APPLIED} you were answered at once: ask again after a second."
        ),
        "schema": {"type": "string"},
        "example": f"wait={LONGEST_WAIT_SECONDS}",
    },
}
_CONDITION_HEADERS: Final = {
    ETAG: {"description": "Strong: another one for every other answer.", "schema": {"type": "string"}},
    PREFERENCE_APPLIED: {"description": "The wait as it was applied.", "schema": {"type": "string"}},
}
_CONDITIONAL: Final = {name: {"$ref": f"#/components/headers/{name}"} for name in _CONDITION_HEADERS}


_IGNORED_HEADER: Final = {
    "description": (
        "Members of the body that are not known here and were ignored, as percent-encoded JSON pointers; absent if all "
        f"are known. At most {MAX_NAMED}; `+3` at the end counts further ones."
    ),
    "schema": {"type": "string"},
    "example": "/nickname, /address/planet",
}
_IGNORED: Final = {IGNORED_HEADER: {"$ref": f"#/components/headers/{IGNORED_HEADER}"}}


_DEPRECATION_HEADERS: Final = {
    DEPRECATION: {
        "description": "The answer holds members that are deprecated since then (RFC 9745).",
        "schema": {"type": "string", "examples": [DEPRECATED[DEPRECATION]]},
    },
    SUNSET: {
        "description": "Until then the deprecated members of this answer stay (RFC 8594).",
        "schema": {"type": "string", "examples": [DEPRECATED[SUNSET]]},
    },
}


def without_unused(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document without components that no call refers to, at any depth."""
    components: dict[str, dict[str, Any]] = document["components"]
    used: set[str] = set()
    waiting = list(_references(document["paths"]))
    while waiting:
        reference = waiting.pop()
        if reference not in used:
            used.add(reference)
            _, _, kind, name = reference.split("/")
            waiting.extend(_references(components[kind][name]))
    kept = {
        kind: {name: part for name, part in parts.items() if f"#/components/{kind}/{name}" in used}
        for kind, parts in components.items()
    }
    schemes = components.get("securitySchemes", {})
    return {**document, "components": {**{kind: parts for kind, parts in kept.items() if parts}, **_named(schemes)}}


def _named(schemes: dict[str, Any]) -> dict[str, Any]:
    return {"securitySchemes": schemes} if schemes else {}


def _references(part: Any) -> Iterator[str]:
    if isinstance(part, list):
        for item in part:
            yield from _references(item)
    elif isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for item in part.values():
            yield from _references(item)


def refuse_twins(endpoints: Sequence[Endpoint]) -> None:
    """Return if no two endpoints share an address or an operation name.

    Raises:
        ValueError: two do.
    """
    seen: set[object] = set()
    for endpoint in endpoints:
        for mark in ((endpoint.method, endpoint.path), endpoint.name):
            if mark in seen:
                raise ValueError(f"two endpoints share {mark}")
            seen.add(mark)


def _tags(endpoints: Sequence[Endpoint]) -> list[str]:
    return sorted({tag for endpoint in endpoints for tag in endpoint.tags})


def _operation(endpoint: Endpoint, schemas: Schemas, problems: _Problems) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": endpoint.name,
        "summary": endpoint.summary,
        "description": _description(endpoint),
        "tags": list(endpoint.tags),
        "parameters": list(_parameters(endpoint, schemas)),
        "responses": {**_answers(endpoint, schemas), **_not_modified(endpoint), **problems.of_endpoint(endpoint)},
        "security": _security(endpoint),
    }
    body = _request_body(endpoint, schemas)
    if body is not None:
        operation["requestBody"] = body
    return {key: value for key, value in operation.items() if value or key == "security"}


def _description(endpoint: Endpoint) -> str:
    lines = [endpoint.description] if endpoint.description else []
    if endpoint.access.roles:
        lines.append(f"Roles: {', '.join(sorted(endpoint.access.roles))}.")
    lines.extend(
        f"At most {rate.count} calls in {rate.per_seconds:g} seconds per {rate.per}." for rate in endpoint.rates
    )
    if endpoint.raw_body or endpoint.body is not None:
        lines.append(f"At most {endpoint.max_body_bytes} bytes.")
    return "\n\n".join(lines)


def _security(endpoint: Endpoint) -> list[dict[str, list[str]]]:
    match endpoint.access.door:
        case Door.BEARER:
            return [{TOKEN: []}]
        case Door.SIGNATURE:
            return [{name: [] for name in header_names(endpoint.signature_prefix)}]
        case Door.OPEN:
            return []


def _security_schemes(endpoints: Sequence[Endpoint]) -> dict[str, Any]:
    schemes: dict[str, Any] = {}
    for endpoint in endpoints:
        match endpoint.access.door:
            case Door.BEARER:
                schemes[TOKEN] = _TOKEN_SCHEME
            case Door.SIGNATURE:
                names = header_names(endpoint.signature_prefix)
                for name, description in zip(names, (_TIMESTAMP, _SIGNATURE), strict=True):
                    schemes[name] = {"type": "apiKey", "in": "header", "name": name, "description": description}
            case Door.OPEN:
                pass
    return schemes


def _parameters(endpoint: Endpoint, schemas: Schemas) -> Iterator[dict[str, Any]]:
    if endpoint.path_model is not None:
        yield from _of_model(schemas.resolved(endpoint.path_model, "validation"), "path")
    else:
        for name in endpoint.places:
            yield {"name": name, "in": "path", "required": True, "schema": dict(_PLACE_SCHEMA)}
    if endpoint.query is not None:
        yield from _of_model(schemas.resolved(endpoint.query, "validation"), "query")
    if endpoint.pages_by:
        yield from _of_model(PageQuery.model_json_schema(), "query")
    for header in endpoint.request_headers:
        yield {
            "name": header.name,
            "in": "header",
            "required": header.required,
            "description": header.description,
            "schema": dict(header.schema),
        }
    if endpoint.idempotent:
        yield {"$ref": f"#/components/parameters/{KEY_HEADER}"}
    if endpoint.watches is not None:
        yield from ({"$ref": f"#/components/parameters/{name}"} for name in _CONDITION_PARAMETERS)


def _of_model(schema: dict[str, Any], place: str) -> Iterator[dict[str, Any]]:
    required = set(schema.get("required", ()))
    for name, part in schema.get("properties", {}).items():
        parameter = {"name": name, "in": place, "required": place == "path" or name in required}
        parameter.update({word: part[word] for word in ("description", "deprecated") if word in part})
        inner = {word: value for word, value in part.items() if word not in ("description", "deprecated", "title")}
        yield {**parameter, "schema": _without_null(inner)}


def _without_null(part: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a parameter without null: a parameter is left out rather than null."""
    options = [option for option in part.get("anyOf", ()) if option.get("type") != "null"]
    rest = {key: value for key, value in part.items() if key != "anyOf" and not (key == "default" and value is None)}
    if "anyOf" not in part:
        return rest
    return {**rest, **options[0]} if len(options) == 1 else {**rest, "anyOf": options}


def _request_body(endpoint: Endpoint, schemas: Schemas) -> dict[str, Any] | None:
    if endpoint.body is not None:
        schema = schemas.reference(endpoint.body, "validation")
        content = {media_type: {"schema": schema} for media_type in endpoint.body_media_types}
    elif endpoint.raw_body:
        content = {media_type: {"schema": _binary(media_type)} for media_type in endpoint.body_media_types}
    else:
        return None
    return {"required": True, "content": content}


def _bytes_of(media_type: str) -> dict[str, Any]:
    """Return the content of a body that has no model: text, a JSON document of another standard, or bytes."""
    if media_type.startswith("text/") or media_type in _LINES:
        return {"schema": {"type": "string", "contentMediaType": media_type, **_LINES.get(media_type, {})}}
    if media_type.endswith("+json"):
        return {"schema": {"type": "object"}}
    return {"schema": _binary(media_type)}


def _binary(media_type: str) -> dict[str, str]:
    return {"type": "string", "format": "binary", "contentMediaType": media_type}


_LINES: Final[Mapping[str, Mapping[str, Any]]] = {
    NDJSON: {"description": "One JSON object a line: what it is, each entry, and last the number of lines before it."},
    EVENT_STREAM: {"description": "Server-sent events: the `data` of each is one line of JSON."},
}
"""Media types of texts that are read line by line."""


def _answers(endpoint: Endpoint, schemas: Schemas) -> dict[str, Any]:
    return {str(status): _answer(endpoint, status, shape, schemas) for status, shape in endpoint.answers.items()}


def _answer(endpoint: Endpoint, status: int, shape: Shape, schemas: Schemas) -> dict[str, Any]:
    headers = _answer_headers(endpoint, status, shape)
    answer: dict[str, Any] = {"description": HTTPStatus(status).phrase, "headers": headers}
    if shape is None or endpoint.method == "HEAD":
        return answer
    if isinstance(shape, str):
        content = _bytes_of(shape)
        if endpoint.event is not None:
            content["x-event-schema"] = schemas.reference(endpoint.event, "serialization")
        if endpoint.line is not None:
            content["x-line-schema"] = schemas.reference(endpoint.line, "serialization")
        return {**answer, "content": {shape: content}}
    others = endpoint.other_media_types if status == endpoint.usual_status else ()
    content = {JSON: {"schema": schemas.reference(shape, "serialization")}}
    return {**answer, "content": {**content, **{other: _bytes_of(other) for other in others}}}


def _answer_headers(endpoint: Endpoint, status: int, shape: Shape) -> dict[str, Any]:
    headers: dict[str, Any] = dict(_TRACE if endpoint.watches is None else {**_TRACE, **_CONDITIONAL})
    if ignores_unknown(endpoint):
        headers.update(_IGNORED)
    if status == 201 and endpoint.location:
        headers[LOCATION] = {"$ref": f"#/components/headers/{LOCATION}"}
    headers.update({name: {"$ref": f"#/components/headers/{name}"} for name in deprecation_headers(shape)})
    for header in endpoint.answer_headers:
        headers[header.name] = {"description": header.description, "schema": dict(header.schema)}
    return headers


def _not_modified(endpoint: Endpoint) -> dict[str, Any]:
    """Return the answer to a caller who has the present one already, where an endpoint has it."""
    if endpoint.watches is None:
        return {}
    return {"304": {"description": HTTPStatus.NOT_MODIFIED.phrase, "headers": {**_TRACE, **_CONDITIONAL}}}


class _Problems:
    """Problem answers of one document: each set of codes and each example is written once and referred to by name.

    A code means one thing in a service (a contract test checks it), so the codes name an answer.
    """

    def __init__(self, schemas: Schemas) -> None:
        self._schemas = schemas
        self.responses: dict[str, Any] = {}
        self.examples: dict[str, Any] = {}

    def of_endpoint(self, endpoint: Endpoint) -> dict[str, Any]:
        """Return references to the refusals of the endpoint and of the HTTP runtime, by status."""
        by_status: dict[int, dict[str, type[Refusal]]] = {}
        for refusal in (*endpoint.refusals, *refusals_of_runtime(endpoint)):
            by_status.setdefault(refusal.status, {}).setdefault(refusal.code, refusal)
        without_body = endpoint.method == "HEAD"
        return {str(status): self._refer(status, by_status[status], without_body) for status in sorted(by_status)}

    def _refer(self, status: int, refusals: dict[str, type[Refusal]], without_body: bool) -> dict[str, Any]:
        in_order = {code: refusals[code] for code in sorted(refusals)}
        name = ".".join([str(status), *in_order, *(["head"] if without_body else [])])
        if name not in self.responses:
            self.responses[name] = self._problem(in_order, without_body)
        if not without_body:
            for code, refusal in in_order.items():
                self.examples.setdefault(code, {"value": _example(refusal)})
        return {"$ref": f"#/components/responses/{name}"}

    def _problem(self, refusals: dict[str, type[Refusal]], without_body: bool) -> dict[str, Any]:
        waits = any(refusal.retry_after_seconds is not None for refusal in refusals.values())
        described: dict[str, Any] = {
            "description": " ".join(f"`{code}`: {refusal.title}" for code, refusal in refusals.items()),
            "headers": {**_TRACE, **(_RETRY if waits else {})},
        }
        if without_body:
            return described
        examples = {code: {"$ref": f"#/components/examples/{code}"} for code in refusals}
        content = {"schema": self._schema_of(refusals.values()), "examples": examples}
        return {**described, "content": {PROBLEM_JSON: content}}

    def _schema_of(self, refusals: Iterable[type[Refusal]]) -> dict[str, Any]:
        """Return the schemas of these codes, the one of every problem last: it fits all of them."""
        models = dict.fromkeys(problem_model(refusal) for refusal in refusals)
        in_order = sorted(models, key=lambda model: (model is Problem, model.__name__))
        found = [self._schemas.reference(model, "serialization") for model in in_order]
        return found[0] if len(found) == 1 else {"anyOf": found}


def _example(refusal: type[Refusal]) -> dict[str, Any]:
    return {
        "type": PROBLEM_URN + refusal.code,
        "title": refusal.title,
        "status": refusal.status,
        "detail": refusal.title,
        "code": refusal.code,
        "instance": "/v1/...",
        "trace_id": _EXAMPLE_TRACE,
        "next_action": refusal.next_action,
    }
