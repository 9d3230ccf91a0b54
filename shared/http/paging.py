"""Pages of a list: the same two parameters and the same member at every call that lists something.

`limit` is the length of a page, `after` is the `next` of the page before. Lists of a bounded length are read as a whole
and cut here (`pages_by` of an endpoint); those that grow are read page by page by their use case, under the same names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from operator import attrgetter
from typing import Annotated, Any, Final, TypeVar

from multidict import MultiDict, MultiMapping
from pydantic import AfterValidator, BaseModel, Field
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

from shared.http.schema import Query, View

AFTER: Final = "after"
LIMIT: Final = "limit"
NEXT: Final = "next"
MOST_ON_A_PAGE: Final = 1000
"""Longest page of a list that is read as a whole: more than any of them has."""

DEPRECATED: Final[JsonDict] = {"deprecated": True}
"""Mark of a parameter or member that is on its way out."""

LONGEST_CURSOR: Final = 100
_PARTED_BY: Final = "~"
_MOMENT_CURSOR: Final = r"^[0-9T:.Z-]{20,27}~[A-Za-z0-9._-]{1,64}$"

ItemT = TypeVar("ItemT")


class PageQuery(Query):
    """Which page of a list; without both the whole list."""

    after: str | None = Field(None, min_length=1, max_length=LONGEST_CURSOR, description="`next` of the page before")
    limit: Annotated[int | None, Field(strict=False)] = Field(
        None, ge=1, le=MOST_ON_A_PAGE, description="length of the page; all without it"
    )


class ListView(View):
    """Base of answers that list something: `next` is the `after` of the next page, null on the last one."""

    next: str | None = None


def split_query(query: MultiMapping[str]) -> tuple[MultiDict[str], MultiDict[str]]:
    """Return the parameters of the page, and all others."""
    page = MultiDict((name, value) for name, value in query.items() if name in PageQuery.model_fields)
    others = MultiDict((name, value) for name, value in query.items() if name not in PageQuery.model_fields)
    return page, others


def listed_member(model: type[BaseModel]) -> str:
    """Return the name of the member that holds the list: the first one that is a list.

    Raises:
        ValueError: the model has none, or is no `ListView`.
    """
    found = (name for name, field in model.model_fields.items() if _is_list(field.annotation))
    name = next(found, None)
    if name is None or not issubclass(model, ListView):
        raise ValueError(f"{model.__name__} is no ListView with a list")
    return name


def cut_page(answer: BaseModel, page: PageQuery, by: str) -> BaseModel:
    """Return the answer with this page of its list only; `by` names the member that tells items apart.

    An `after` that is not in the list any more begins it again: nothing is missed.
    """
    if page.limit is None and page.after is None:
        return answer
    name = listed_member(type(answer))
    items: Sequence[Any] = getattr(answer, name)
    start = _place_after(items, page.after, by)
    end = len(items) if page.limit is None else start + page.limit
    shown = items[start:end]
    following = str(attrgetter(by)(shown[-1])) if shown and end < len(items) else None
    return answer.model_copy(update={name: shown, NEXT: following})


def _read_moment(cursor: str) -> str:
    moment, _, name = cursor.partition(_PARTED_BY)
    try:
        datetime.fromisoformat(moment)
    except ValueError:
        name = ""
    if not name:
        raise PydanticCustomError("cursor", "after is the `next` of the page before")
    return cursor


MomentCursor = Annotated[
    str, Field(min_length=1, max_length=LONGEST_CURSOR, pattern=_MOMENT_CURSOR), AfterValidator(_read_moment)
]
"""The `after` of a list in order of time: the moment of the last item of the page before, and its id."""


def moment_cursor(moment: datetime, item_id: str) -> str:
    """Return the cursor that stands for this item."""
    return f"{moment.astimezone(UTC).strftime('%Y-%m-%dT%H:%M:%S.%fZ')}{_PARTED_BY}{item_id}"


def moment_of(cursor: str) -> datetime:
    """Return the moment of a cursor: the items of the next page begin there."""
    return datetime.fromisoformat(cursor.partition(_PARTED_BY)[0])


def cut_after(
    items: Sequence[ItemT], after: str | None, limit: int, cursor_of: Callable[[ItemT], str]
) -> tuple[Sequence[ItemT], str | None]:
    """Return the page after this cursor and the cursor of the next page, None on the last one.

    `items` begin at the moment of the cursor, and are more than a page if there is another one.
    """
    cursors = [cursor_of(item) for item in items]
    start = cursors.index(after) + 1 if after in cursors else 0
    end = start + limit
    return items[start:end], cursors[end - 1] if end < len(items) else None


def _place_after(items: Iterable[Any], after: str | None, by: str) -> int:
    places = (place for place, item in enumerate(items, start=1) if str(attrgetter(by)(item)) == after)
    return next(places, 0)


def _is_list(annotation: Any) -> bool:
    return getattr(annotation, "__origin__", None) in (list, tuple)
