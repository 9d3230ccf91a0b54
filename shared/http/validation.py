"""Reads requests into their models; names each wrong field in words, with an example."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final, TypeVar

from multidict import MultiMapping
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from shared.errors import FieldError, Malformed, Unreadable

MAX_ERRORS: Final = 20
"""Most wrong fields in one problem."""

MAX_POINTER_CHARS: Final = 200
MOST_EXAMPLE_CHARS: Final = 64

AN_ID: Final = "0190c2f4-7c1e-7000-8000-000000000001"
_USUAL_TEXTS: Final = ("contoh", AN_ID)
"""Examples of texts that have none of their own: a word, as codes are one too, and an id."""

ModelT = TypeVar("ModelT", bound=BaseModel)


def wrong_value(rule: str, detail: str, detail_id: str = "", *, example: str | None = None) -> PydanticCustomError:
    """Return the error that a model's validator raises for a rule of its own: `raise wrong_value("nik_date", ...)`.

    `detail` must not repeat the value: it may be personal.
    """
    return PydanticCustomError(rule, detail, {"detail_id": detail_id, "example": example})


def read_json(model: type[ModelT], raw: bytes) -> ModelT:
    """Return the body as its model.

    Raises:
        Unreadable: it is not JSON.
        Malformed: fields are wrong, or one is given twice (two readers may then see different values).
    """
    try:
        read = model.model_validate_json(raw)
        refuse_repeated_fields(raw)
        return read
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False)
    if problems[0]["type"] == "json_invalid":
        raise Unreadable(
            f"The body is not valid JSON: {problems[0]['ctx']['error']}.",
            detail_id="Isi permintaan bukan JSON yang sah.",
        )
    raise _malformed(model, problems, "body")


def refuse_repeated_fields(raw: bytes) -> None:
    """Return if no object of this JSON text names a field twice. The text must be valid and of limited depth.

    Raises:
        Malformed: a field is given twice; the first such one is named.
    """
    try:
        _LOOKING_FOR_REPEATS.decode(raw.decode())
    except _Repeated:
        raise Malformed(errors=(_repeated(raw),)) from None
    except ValueError:  # read by the model's parser and not by this one: whatever it is, it can be written plainly
        raise Unreadable("The body is not plain JSON in UTF-8.", detail_id="Isi permintaan bukan JSON biasa.") from None


class _Repeated(Exception):
    """An object names a field twice."""


def _without_repeats(pairs: list[tuple[str, Any]]) -> None:
    if len(pairs) != len({name for name, _ in pairs}):
        raise _Repeated


# made once, since making one costs as much as a small body; numbers are not converted, however long they are
_LOOKING_FOR_REPEATS: Final = json.JSONDecoder(
    object_pairs_hook=_without_repeats, parse_int=bool, parse_float=bool, strict=False
)


def _repeated(raw: bytes) -> FieldError:
    pairs = json.loads(raw, object_pairs_hook=_Pairs, parse_int=bool, parse_float=bool, strict=False)
    return FieldError(
        make_pointer(_find_repeated(pairs) or ()),
        "given_twice",
        "Give this field once.",
        "Sebutkan isian ini satu kali saja.",
    )


class _Pairs(list[tuple[str, Any]]):
    """An object as it was written, with repeated names."""


def _find_repeated(value: Any) -> tuple[int | str, ...] | None:
    """Return the path of the first repeated name below this value; None if there is none."""
    if not isinstance(value, list):
        return None
    seen: set[int | str] = set()
    items: list[tuple[int | str, Any]] = list(value) if isinstance(value, _Pairs) else list(enumerate(value))
    for step, inner in items:
        if step in seen:
            return (step,)
        seen.add(step)
        further = _find_repeated(inner)
        if further is not None:
            return (step, *further)
    return None


def read_query(model: type[ModelT], query: MultiMapping[str]) -> ModelT:
    """Return the query as its model.

    Raises:
        Malformed: parameters are wrong, or one is given twice.
    """
    if not query:
        empty: ModelT = _without_query(model)
        return empty
    given = dict(query)
    if len(given) != len(query):
        raise Malformed(errors=(_twice(query),))
    return _read_strings(model, given, "query")


@lru_cache(maxsize=512)
def _without_query(model: type[ModelT]) -> ModelT:
    """Return the model of an empty query; one object for all requests, as models are frozen."""
    return _read_strings(model, {}, "query")


def read_path(model: type[ModelT], places: Mapping[str, str]) -> ModelT:
    """Return the path's parameters as their model.

    Raises:
        Malformed: they are wrong.
    """
    return _read_strings(model, dict(places), "path")


def _read_strings(model: type[ModelT], given: dict[str, str], source: str) -> ModelT:
    try:
        return model.model_validate_strings(given)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False)
    raise _malformed(model, problems, source)


def _malformed(model: type[BaseModel], problems: list[ErrorDetails], source: str) -> Malformed:
    return Malformed(errors=tuple(_field_error(model, problem, source) for problem in problems[:MAX_ERRORS]))


def _twice(query: MultiMapping[str]) -> FieldError:
    name = next(name for name in query if len(query.getall(name)) > 1)
    return FieldError(
        make_pointer((name,)),
        "given_twice",
        "Give this parameter once.",
        "Sebutkan parameter ini satu kali saja.",
        source="query",
    )


def _field_error(model: type[BaseModel], problem: ErrorDetails, source: str) -> FieldError:
    rule, context = problem["type"], problem.get("ctx", {})
    location, found = _find_field(model, problem["loc"])
    example = context.get("example") or _written(found)
    say = _SENTENCES.get(rule)
    if say is not None:
        detail, detail_id = say(context)
    else:
        detail = problem["msg"].removeprefix("Value error, ")
        detail_id = str(context.get("detail_id") or "")
    return FieldError(make_pointer(location), rule, _sentence(detail), _sentence(detail_id), example, source)


def _sentence(text: str) -> str:
    text = text.strip()
    if not text:
        return ""
    return text[0].upper() + text[1:] + ("" if text[-1] in ".!?" else ".")


def make_pointer(location: tuple[int | str, ...]) -> str:
    """Return a place in a request as a JSON pointer (RFC 6901), cut at `MAX_POINTER_CHARS`."""
    steps = (str(step).replace("~", "~0").replace("/", "~1") for step in location)
    return "".join(f"/{step}" for step in steps)[:MAX_POINTER_CHARS]


Context = Mapping[str, Any]
Sentence = Callable[[Context], tuple[str, str]]


def _plain(detail: str, detail_id: str) -> Sentence:
    return lambda _: (detail, detail_id)


def _bound(name: str, detail: str, detail_id: str) -> Sentence:
    return lambda context: (f"{detail} {context[name]}.", f"{detail_id} {context[name]}.")


def _count(name: str, detail: tuple[str, str], detail_id: tuple[str, str]) -> Sentence:
    def say(context: Context) -> tuple[str, str]:
        count = context[name]
        return f"{detail[0]} {count} {detail[1]}.", f"{detail_id[0]} {count} {detail_id[1]}."

    return say


def _one_of(context: Context) -> tuple[str, str]:
    expected = context["expected"]
    return f"Use one of: {expected}.".replace(" or ", ", "), f"Gunakan salah satu: {expected}.".replace(" or ", ", ")


_A_WHOLE_NUMBER = _plain("Write a whole number.", "Tuliskan bilangan bulat.")
_A_TEXT = _plain("Write a text.", "Tuliskan teks.")
_A_DAY = _plain("Write a real day as YYYY-MM-DD.", "Tuliskan tanggal yang benar sebagai YYYY-MM-DD.")
_A_TIME = _plain(
    "Write a time with its zone as YYYY-MM-DDThh:mm:ssZ.", "Tuliskan waktu beserta zonanya: YYYY-MM-DDThh:mm:ssZ."
)
_YES_OR_NO = _plain("Write true or false.", "Tuliskan true atau false.")
_AN_ID = _plain("Write an id (UUID).", "Tuliskan id (UUID).")
_AN_OBJECT = _plain("Send a JSON object.", "Kirim sebuah objek JSON.")

_SENTENCES: Final[Mapping[str, Sentence]] = {
    "missing": _plain("This is needed and is missing.", "Isian ini wajib dan belum ada."),
    "extra_forbidden": _plain("This is not known here.", "Isian ini tidak dikenal."),
    "string_type": _A_TEXT,
    "string_unicode": _A_TEXT,
    "string_too_short": _count("min_length", ("Write at least", "characters"), ("Tuliskan paling sedikit", "karakter")),
    "string_too_long": _count("max_length", ("Write at most", "characters"), ("Tuliskan paling banyak", "karakter")),
    "string_pattern_mismatch": _plain("This is not written as it should be.", "Penulisannya tidak sesuai."),
    "too_short": _count("min_length", ("Give at least", "of these"), ("Berikan paling sedikit", "buah")),
    "too_long": _count("max_length", ("Give at most", "of these"), ("Berikan paling banyak", "buah")),
    "int_type": _A_WHOLE_NUMBER,
    "int_parsing": _A_WHOLE_NUMBER,
    "int_parsing_size": _A_WHOLE_NUMBER,
    "int_from_float": _A_WHOLE_NUMBER,
    "float_type": _plain("Write a number.", "Tuliskan angka."),
    "float_parsing": _plain("Write a number.", "Tuliskan angka."),
    "finite_number": _plain("Write a finite number.", "Tuliskan angka yang terhingga."),
    "bool_type": _YES_OR_NO,
    "bool_parsing": _YES_OR_NO,
    "greater_than": _bound("gt", "Must be more than", "Harus lebih dari"),
    "greater_than_equal": _bound("ge", "Must be at least", "Paling sedikit"),
    "less_than": _bound("lt", "Must be less than", "Harus kurang dari"),
    "less_than_equal": _bound("le", "Must be at most", "Paling banyak"),
    "multiple_of": _bound("multiple_of", "Must be a multiple of", "Harus kelipatan"),
    "enum": _one_of,
    "literal_error": _one_of,
    "date_type": _A_DAY,
    "date_parsing": _A_DAY,
    "date_from_datetime_parsing": _A_DAY,
    "date_from_datetime_inexact": _A_DAY,
    "datetime_type": _A_TIME,
    "datetime_parsing": _A_TIME,
    "datetime_from_date_parsing": _A_TIME,
    "timezone_aware": _A_TIME,
    "uuid_type": _AN_ID,
    "uuid_parsing": _AN_ID,
    "model_type": _AN_OBJECT,
    "dict_type": _AN_OBJECT,
    "list_type": _plain("Send a JSON list.", "Kirim sebuah daftar JSON."),
    "none_required": _plain("This must be null.", "Isian ini harus null."),
}


def _find_field(model: type[BaseModel], location: tuple[int | str, ...]) -> tuple[tuple[int | str, ...], Any]:
    """Return the field's location and an example of it, or None where the model has no such field.

    Steps below a field that has no members name one of its types, not a place in the body; they are left out.
    """
    schema = _schema(model)
    definitions = schema.get("$defs", {})
    part: Mapping[str, Any] = schema
    for depth, step in enumerate(location):
        holder = _resolved(part, definitions)
        inner = holder.get("items") if isinstance(step, int) else holder.get("properties", {}).get(step)
        if not isinstance(inner, Mapping):
            if "properties" in holder or isinstance(step, int):
                return location, None
            location = location[:depth]
            break
        part = inner
    return location, _example_of(part, definitions)


def _written(example: Any) -> str | None:
    return example if example is None or isinstance(example, str) else json.dumps(example, ensure_ascii=False)


def _example_of(part: Mapping[str, Any], definitions: Mapping[str, Any]) -> Any:
    """Return the field's own example, else one made of its type and limits; None where no usual text has its form."""
    resolved = _resolved(part, definitions)
    for own in (part.get("examples"), resolved.get("examples"), resolved.get("enum"), [resolved.get("const")]):
        if own and own[0] is not None:
            return own[0]
    match resolved.get("type"):
        case "boolean":
            return True
        case "integer" | "number":
            least = resolved.get("minimum", resolved.get("exclusiveMinimum", 0) + 1)
            return max(least, min(1, resolved.get("maximum", 1)))
        case "array":
            return [_example_of(resolved.get("items", {}), definitions)] * max(1, resolved.get("minItems", 1))
        case "object":
            fields = resolved.get("properties", {})
            return {name: _example_of(fields[name], definitions) for name in resolved.get("required", ())}
        case "string":
            return _text_example(resolved)
    return None


def _text_example(resolved: Mapping[str, Any]) -> str | None:
    """Return the first usual text of the field's format, length and pattern; None where there is none."""
    by_format = _BY_FORMAT.get(str(resolved.get("format")))
    if by_format is not None:
        return by_format
    least, most = resolved.get("minLength", 0), resolved.get("maxLength", MOST_EXAMPLE_CHARS)
    texts = (text.ljust(least, "x")[:most] for text in _USUAL_TEXTS)
    return next((text for text in texts if re.search(resolved.get("pattern", ""), text)), None)


_BY_FORMAT: Final[Mapping[str, str]] = {
    "date": "2026-11-21",
    "date-time": "2026-11-21T08:00:00Z",
    "uuid": AN_ID,
}


def _resolved(part: Mapping[str, Any], definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the part itself, the part it refers to, or its only alternative that is not null."""
    options = [option for option in part.get("anyOf", ()) if option.get("type") != "null"]
    if len(options) == 1:
        part = options[0]
    reference = part.get("$ref")
    if isinstance(reference, str):
        return definitions.get(reference.rsplit("/", 1)[-1], {})  # type: ignore[no-any-return]
    return part


@lru_cache(maxsize=512)
def _schema(model: type[BaseModel]) -> dict[str, Any]:
    return model.model_json_schema(mode="validation")
