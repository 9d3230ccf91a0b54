"""Base models of requests and answers, strict dates, and the check that every request field has a limit."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Annotated, Any, ClassVar, Final, Unpack

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    GetJsonSchemaHandler,
    Strict,
    WithJsonSchema,
    computed_field,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

from shared.clock import cut_to_milliseconds
from shared.next_calls import next_call

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}\Z")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})\Z")


INDONESIAN: Final = "_in_indonesian"
INDONESIAN_OF_OLD: Final = "_id"
_TEXTS: Final[Mapping[str, Any]] = {"str": str, "str | None": str | None, "tuple[str, ...]": tuple[str, ...]}


class _Incoming(BaseModel):
    """Base of incoming models: unknown members are refused, no types are converted (`"1"` is not a number).

    The unknown members of a public JSON body are left out before (`shared.http.unknown_members`).
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class Body(_Incoming):
    """Base of request bodies."""


class Query(_Incoming):
    """Base of query parameters: scalar fields only, each given at most once."""


class Path(_Incoming):
    """Base of path parameters: scalar fields only, one for each `{name}` of the path."""


class View(BaseModel):
    """Base of answers. Times are aware datetimes in UTC, money is whole rupiah.

    `class RuleView(View, in_indonesian=("text",))` has a text in English and, as `text_id`, in Indonesian: it is
    answered as `text_in_indonesian` too, and `text_id`, which looks like an id, is deprecated
    (`shared.http.deprecation`).
    """

    model_config = ConfigDict(frozen=True)
    texts_in_indonesian: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, *, in_indonesian: tuple[str, ...] = (), **config: Unpack[ConfigDict]) -> None:
        """Add the second name of each Indonesian text; pydantic collects it with the class."""
        super().__init_subclass__(**config)
        cls.texts_in_indonesian = (*cls.texts_in_indonesian, *in_indonesian)
        for name in in_indonesian:
            setattr(cls, name + INDONESIAN, _named_in_full(name, cls.__annotations__[name + INDONESIAN_OF_OLD]))

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Return the schema with the old names of Indonesian texts marked as deprecated."""
        described = handler(schema)
        members = handler.resolve_ref_schema(described)["properties"]
        for name in cls.texts_in_indonesian:
            members[name + INDONESIAN_OF_OLD]["deprecated"] = True
            members.get(name + INDONESIAN, {}).pop("readOnly", None)
        return described


def _named_in_full(name: str, annotation: str) -> Any:
    """Return the computed member that says the same as the member with the old name."""
    old = name + INDONESIAN_OF_OLD

    def text(view: View) -> Any:
        return getattr(view, old)

    described = computed_field(return_type=_TEXTS[annotation], description=f"`{name}` in Indonesian.")
    return described(property(text))


class NextCallView(View):
    """The call that does the next action."""

    method: str
    href: str
    """A path on this deployment's address; a name in braces is an id that the caller knows."""


def view_next_call(kind: str, code: str, **known: object) -> NextCallView | None:
    """Return the view of `shared.next_calls.next_call`; None where the next action is no call."""
    found = next_call(kind, code, **known)
    return NextCallView.model_validate(found) if found is not None else None


def _only_a_day(value: object) -> object:
    written_so = isinstance(value, str) and _DATE.match(value)
    if not written_so and (isinstance(value, datetime) or not isinstance(value, date)):
        raise PydanticCustomError("date_parsing", "a day is written as YYYY-MM-DD")
    return value


def _only_a_moment(value: object) -> object:
    written_so = isinstance(value, str) and _MOMENT.match(value)
    if not written_so and not isinstance(value, datetime):
        raise PydanticCustomError("datetime_parsing", "a time is written as YYYY-MM-DDThh:mm:ssZ")
    return value


def _in_utc(moment: datetime) -> datetime:
    try:
        return cut_to_milliseconds(moment)
    except OverflowError:
        raise PydanticCustomError("datetime_parsing", "a time within the years 1 to 9999 of UTC") from None


IsoDate = Annotated[date, Strict(False), BeforeValidator(_only_a_day)]
"""A day as YYYY-MM-DD. The bare `date` also takes the text "0" (seconds since 1970)."""

IsoMoment = Annotated[AwareDatetime, Strict(False), BeforeValidator(_only_a_moment), AfterValidator(_in_utc)]
"""A time as RFC 3339 with its zone, read into UTC and cut to milliseconds."""


LocalMoment = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]
"""A time as the office's clock shows it, as RFC 3339 with the offset of its zone."""


def unbounded_fields(model: type[BaseModel]) -> list[str]:
    """Return the places in an incoming model where a text, list, map or number has no upper limit.

    Text counts as bounded by `max_length`, an enum, a constant or a format of fixed length; a list by `max_length`; a
    map by `max_properties`; a whole number by both of its ends. A pattern alone is no bound.
    """
    schema = model.model_json_schema(mode="validation")
    return sorted(set(_unbounded(schema, "", schema.get("$defs", {}), frozenset())))


_FIXED_FORMATS = frozenset({"date", "date-time", "uuid", "time"})
_COMBINERS = ("anyOf", "oneOf", "allOf")


def _unbounded(
    schema: Mapping[str, Any], at: str, definitions: Mapping[str, Any], seen: frozenset[str]
) -> Iterator[str]:
    reference = schema.get("$ref")
    if isinstance(reference, str):
        name = reference.rsplit("/", 1)[-1]
        if name not in seen:
            yield from _unbounded(definitions[name], at, definitions, seen | {name})
        return
    if _lacks_bound(schema):
        yield at or "/"
    for combiner in _COMBINERS:
        for option in schema.get(combiner, ()):
            yield from _unbounded(option, at, definitions, seen)
    for name, part in schema.get("properties", {}).items():
        yield from _unbounded(part, f"{at}/{name}", definitions, seen)
    for part in (schema.get("items"), *schema.get("prefixItems", ()), schema.get("additionalProperties")):
        if isinstance(part, Mapping):
            yield from _unbounded(part, f"{at}/*", definitions, seen)


def _lacks_bound(schema: Mapping[str, Any]) -> bool:
    if "enum" in schema or "const" in schema:
        return False
    match schema.get("type"):
        case "string":
            return "maxLength" not in schema and schema.get("format") not in _FIXED_FORMATS
        case "array":
            return "maxItems" not in schema
        case "object":
            return (
                "properties" not in schema
                and schema.get("additionalProperties") is not False
                and ("maxProperties" not in schema)
            )
        case "integer":
            return _lacks_ends(schema)
        case None:
            return not any(word in schema for word in (*_COMBINERS, "$ref", "not"))
        case _:
            return False


def _lacks_ends(schema: Mapping[str, Any]) -> bool:
    lower = "minimum" in schema or "exclusiveMinimum" in schema
    upper = "maximum" in schema or "exclusiveMaximum" in schema
    return not (lower and upper)
