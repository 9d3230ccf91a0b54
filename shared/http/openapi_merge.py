"""Joins the OpenAPI documents of the services to one, for callers who want one client for all of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from shared.http.openapi import LICENSE, OPENAPI_VERSION, RULES

TITLE: Final = "Paspor"
DESCRIPTION: Final = "Every call of the suite, at the address of its gateway. "

_WORDED: Final = ("examples", "responses")
"""Kinds of components that hold the words of a service; answers refer to examples."""

Document = dict[str, Any]


def merge_openapi(documents: Mapping[str, Document], version: str) -> Document:
    """Return one document with every call, schema and tag of the services' own documents, by service.

    Raises:
        ValueError: two services answer one call, share an operation id, or mean different things by one name.
    """
    merged: Document = {
        "openapi": OPENAPI_VERSION,
        "info": {"title": TITLE, "version": version, "description": DESCRIPTION + RULES, "license": LICENSE},
        "servers": [{"url": "/"}],
        "tags": [],
        "paths": {},
        "components": {},
    }
    seen: dict[str, str] = {}
    for service, own in documents.items():
        document = _with_names_apart(own, merged["components"], service)
        for path, methods in document["paths"].items():
            _refuse_used_ids(service, methods, seen)
            _put(merged["paths"], path, methods, service)
        for kind, parts in document["components"].items():
            for name, part in parts.items():
                _put_same(merged["components"].setdefault(kind, {}), name, part, service)
    tags = {tag["name"]: tag for document in documents.values() for tag in document["tags"]}
    merged["tags"] = [tags[name] for name in sorted(tags)]
    return merged


def _with_names_apart(document: Document, known: Document, service: str) -> Document:
    """Return the document with its service in the names of answers and examples that another service has otherwise.

    A code of a refusal has words of its own in each service. Clients are not made of these names.
    """
    renamed: dict[str, str] = {}
    for kind in _WORDED:
        for name, part in document["components"].get(kind, {}).items():
            if known.get(kind, {}).get(name, part) != _referring(part, renamed):
                renamed[f"#/components/{kind}/{name}"] = f"#/components/{kind}/{name}.{service}"
    components = {
        kind: {
            renamed.get(f"#/components/{kind}/{name}", name).rpartition("/")[2]: _referring(part, renamed)
            for name, part in parts.items()
        }
        for kind, parts in document["components"].items()
    }
    return {**document, "paths": _referring(document["paths"], renamed), "components": components}


def _referring(part: Any, renamed: Mapping[str, str]) -> Any:
    """Return the part with references to the new names."""
    if isinstance(part, list):
        return [_referring(item, renamed) for item in part]
    if not isinstance(part, dict):
        return part
    return {
        key: renamed.get(item, item) if key == "$ref" and isinstance(item, str) else _referring(item, renamed)
        for key, item in part.items()
    }


def _refuse_used_ids(service: str, methods: Document, seen: dict[str, str]) -> None:
    for operation in methods.values():
        name = operation["operationId"]
        if name in seen:
            raise ValueError(f"{service} and {seen[name]} have an operation {name}")
        seen[name] = service


def _put(place: Document, name: str, part: Any, service: str) -> None:
    if name in place:
        raise ValueError(f"{service} and another service answer {name}")
    place[name] = part


def _put_same(place: Document, name: str, part: Any, service: str) -> None:
    if place.setdefault(name, part) != part:
        raise ValueError(f"{service} and another service mean different things by {name}")
