"""Builds the OpenAPI 3.1.1 document of a service from the same endpoints that answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from http import HTTPStatus
from typing import Any, Final, Literal

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from shared.errors import (
    Malformed,
    NotAllowed,
    NotFound,
    Refusal,
    SomeoneElseChangedIt,
    TooLarge,
    TooManyRequests,
    Unavailable,
    Unreadable,
    WrongMediaType,
)
from shared.http.bodies import BodyCut, TooSlow
from shared.http.call import JSON
from shared.http.conditions import ETAG, IF_NONE_MATCH, LONGEST_WAIT_SECONDS, PREFER, PREFERENCE_APPLIED
from shared.http.endpoint import Door, Endpoint, Shape
from shared.http.gates import TooBusy, TooManyAtOnce
from shared.http.idempotency import (
    KEY_HEADER,
    KEY_PATTERN,
    MAX_KEY_CHARS,
    MIN_KEY_CHARS,
    IdempotencyKeyReused,
    StillRunning,
)
from shared.http.problems import (
    PROBLEM_JSON,
    PROBLEM_URN,
    NotSignedIn,
    Problem,
    SomethingBroke,
    TokenForeign,
    TokenOutdated,
    TokenUnreadable,
)
from shared.http.responses import TRACE_HEADER
from shared.http.signatures import SignatureMissing, SignatureTooOld, SignatureWrong
from shared.http.unknown_members import IGNORED_HEADER, MAX_NAMED, ignores_unknown, open_schemas

OPENAPI_VERSION: Final = "3.1.1"
_REFERENCE: Final = "#/components/schemas/{model}"
_TRACE: Final = {TRACE_HEADER: {"$ref": f"#/components/headers/{TRACE_HEADER}"}}
_RETRY: Final = {"Retry-After": {"$ref": "#/components/headers/Retry-After"}}
_EXAMPLE_TRACE: Final = "4bf92f3577b34da6a3ce929d0e0e4736"
_PLACE_SCHEMA: Final = {"type": "string", "minLength": 1, "maxLength": 128, "pattern": r"^[A-Za-z0-9._~:@+-]+$"}

_Mode = Literal["validation", "serialization"]


def build_openapi(endpoints: Sequence[Endpoint], service_name: str, version: str) -> dict[str, Any]:
    """Return the whole document.

    Raises:
        ValueError: two endpoints share an address or an operation name.
    """
    _refuse_twins(endpoints)
    schemas, problems = _Schemas(endpoints), _Problems()
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in endpoints:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint, schemas, problems)
    return {
        "openapi": OPENAPI_VERSION,
        "info": {"title": f"Paspor: {service_name}", "version": version, "license": _LICENSE},
        "servers": [{"url": "/"}],
        "tags": [{"name": tag} for tag in _tags(endpoints)],
        "paths": paths,
        "components": {
            "schemas": schemas.definitions,
            "responses": problems.responses,
            "examples": problems.examples,
            "headers": {
                TRACE_HEADER: {"schema": {"type": "string"}},
                "Retry-After": {"schema": {"type": "integer", "minimum": 0}},
                IGNORED_HEADER: _IGNORED_HEADER,
                **_CONDITION_HEADERS,
            },
            "parameters": {KEY_HEADER: _KEY_PARAMETER, **_CONDITION_PARAMETERS},
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "signature": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "X-Signature",
                    "description": "HMAC-SHA256 over `timestamp.body`; the header's prefix is the sender's name.",
                },
            },
        },
    }


_LICENSE: Final = {"name": "AGPL-3.0-or-later", "identifier": "AGPL-3.0-or-later"}
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


def _refuse_twins(endpoints: Sequence[Endpoint]) -> None:
    seen: set[object] = set()
    for endpoint in endpoints:
        for mark in ((endpoint.method, endpoint.path), endpoint.name):
            if mark in seen:
                raise ValueError(f"two endpoints share {mark}")
            seen.add(mark)


def _tags(endpoints: Sequence[Endpoint]) -> list[str]:
    return sorted({tag for endpoint in endpoints for tag in endpoint.tags})


class _Schemas:
    """Schemas of all models, made in one call so that names agree: requests as read, answers as written."""

    def __init__(self, endpoints: Sequence[Endpoint]) -> None:
        wanted = dict.fromkeys(_models(endpoints))
        found, document = models_json_schema(list(wanted), ref_template=_REFERENCE)
        self._found = found
        self.definitions: dict[str, Any] = document.get("$defs", {})
        open_schemas(endpoints, found, self.definitions)

    def reference(self, model: type[BaseModel], mode: _Mode) -> dict[str, Any]:
        """Return a reference to the model's schema."""
        return self._found[model, mode]

    def resolved(self, model: type[BaseModel], mode: _Mode) -> dict[str, Any]:
        """Return the model's schema itself."""
        reference = self.reference(model, mode)
        name = str(reference.get("$ref", "")).rsplit("/", 1)[-1]
        found: dict[str, Any] = self.definitions.get(name, reference)
        return found


def _models(endpoints: Sequence[Endpoint]) -> Iterator[tuple[type[BaseModel], JsonSchemaMode]]:
    yield Problem, "serialization"
    for endpoint in endpoints:
        for incoming in (endpoint.body, endpoint.query, endpoint.path_model):
            if incoming is not None:
                yield incoming, "validation"
        for shape in endpoint.answers.values():
            if isinstance(shape, type):
                yield shape, "serialization"


def _operation(endpoint: Endpoint, schemas: _Schemas, problems: _Problems) -> dict[str, Any]:
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
            return [{"token": []}]
        case Door.SIGNATURE:
            return [{"signature": []}]
        case Door.OPEN:
            return []


def _parameters(endpoint: Endpoint, schemas: _Schemas) -> Iterator[dict[str, Any]]:
    if endpoint.path_model is not None:
        yield from _of_model(schemas.resolved(endpoint.path_model, "validation"), "path")
    else:
        for name in endpoint.places:
            yield {"name": name, "in": "path", "required": True, "schema": dict(_PLACE_SCHEMA)}
    if endpoint.query is not None:
        yield from _of_model(schemas.resolved(endpoint.query, "validation"), "query")
    if endpoint.idempotent:
        yield {"$ref": f"#/components/parameters/{KEY_HEADER}"}
    if endpoint.watches is not None:
        yield from ({"$ref": f"#/components/parameters/{name}"} for name in _CONDITION_PARAMETERS)


def _of_model(schema: dict[str, Any], place: str) -> Iterator[dict[str, Any]]:
    required = set(schema.get("required", ()))
    for name, part in schema.get("properties", {}).items():
        parameter = {"name": name, "in": place, "required": place == "path" or name in required}
        if "description" in part:
            parameter["description"] = part["description"]
        yield {**parameter, "schema": _without_null(part)}


def _without_null(part: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a parameter without null: a parameter is left out rather than null."""
    options = [option for option in part.get("anyOf", ()) if option.get("type") != "null"]
    rest = {key: value for key, value in part.items() if key != "anyOf" and not (key == "default" and value is None)}
    if "anyOf" not in part:
        return rest
    return {**rest, **options[0]} if len(options) == 1 else {**rest, "anyOf": options}


def _request_body(endpoint: Endpoint, schemas: _Schemas) -> dict[str, Any] | None:
    if endpoint.body is not None:
        schema: dict[str, Any] = {"schema": schemas.reference(endpoint.body, "validation")}
    elif endpoint.raw_body:
        schema = {}
    else:
        return None
    return {"required": True, "content": {media_type: schema for media_type in endpoint.body_media_types}}


def _answers(endpoint: Endpoint, schemas: _Schemas) -> dict[str, Any]:
    return {str(status): _answer(endpoint, status, shape, schemas) for status, shape in endpoint.answers.items()}


def _answer(endpoint: Endpoint, status: int, shape: Shape, schemas: _Schemas) -> dict[str, Any]:
    headers = _TRACE if endpoint.watches is None else {**_TRACE, **_CONDITIONAL}
    if ignores_unknown(endpoint):
        headers = {**headers, **_IGNORED}
    answer: dict[str, Any] = {"description": HTTPStatus(status).phrase, "headers": headers}
    if shape is None or endpoint.method == "HEAD":
        return answer
    if isinstance(shape, str):
        return {**answer, "content": {shape: {}}}
    others = endpoint.other_media_types if status == endpoint.usual_status else ()
    content = {JSON: {"schema": schemas.reference(shape, "serialization")}, **{other: {} for other in others}}
    return {**answer, "content": content}


def _not_modified(endpoint: Endpoint) -> dict[str, Any]:
    """Return the answer to a caller who has the present one already, where an endpoint has it."""
    if endpoint.watches is None:
        return {}
    return {"304": {"description": HTTPStatus.NOT_MODIFIED.phrase, "headers": {**_TRACE, **_CONDITIONAL}}}


class _Problems:
    """Problem answers of one document: each set of codes and each example is written once and referred to by name.

    A code means one thing in a service (a contract test checks it), so the codes name an answer.
    """

    def __init__(self) -> None:
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
            self.responses[name] = _problem(in_order, without_body)
        if not without_body:
            for code, refusal in in_order.items():
                self.examples.setdefault(code, {"value": _example(refusal)})
        return {"$ref": f"#/components/responses/{name}"}


def _problem(refusals: dict[str, type[Refusal]], without_body: bool) -> dict[str, Any]:
    waits = any(refusal.retry_after_seconds is not None for refusal in refusals.values())
    described: dict[str, Any] = {
        "description": " ".join(f"`{code}`: {refusal.title}" for code, refusal in refusals.items()),
        "headers": {**_TRACE, **(_RETRY if waits else {})},
    }
    if without_body:
        return described
    examples = {code: {"$ref": f"#/components/examples/{code}"} for code in refusals}
    schema = {"$ref": _REFERENCE.format(model=Problem.__name__)}
    return {**described, "content": {PROBLEM_JSON: {"schema": schema, "examples": examples}}}


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


def refusals_of_runtime(endpoint: Endpoint) -> Iterator[type[Refusal]]:
    """Yield the refusals of the HTTP runtime at this endpoint, whatever its handler does."""
    match endpoint.access.door:
        case Door.BEARER:
            yield from (NotSignedIn, TokenUnreadable, TokenOutdated, TokenForeign, NotAllowed)
        case Door.SIGNATURE:
            yield from (SignatureMissing, SignatureWrong, SignatureTooOld)
        case Door.OPEN:
            pass
    if endpoint.places and endpoint.path_model is None:
        yield NotFound
    if endpoint.body is not None or endpoint.raw_body:
        yield from (Unreadable, BodyCut, TooSlow, TooLarge, WrongMediaType, TooManyAtOnce)
    elif any(isinstance(shape, str) for shape in endpoint.answers.values()):
        yield TooManyAtOnce
    yield Malformed
    if endpoint.idempotent:
        yield from (StillRunning, IdempotencyKeyReused)
    if endpoint.method not in ("GET", "HEAD"):
        yield SomeoneElseChangedIt
    yield from (TooManyRequests, SomethingBroke, TooBusy, Unavailable)
