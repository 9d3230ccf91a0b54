"""Earlier books of invented people at the issuance system: asked for by NIK, answered with a masked number.

Plain data; the time is an argument.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import ClassVar, Final, Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from simulators.behaviour import HTTP_MODES
from simulators.control import Clock, behaviour_of, read
from simulators.errors import SimulatorFull

MOST_PEOPLE: Final = 100_000
MOST_BOOKS: Final = 50
YEAR: Final = timedelta(days=365)

State = Literal["valid", "expired", "reported_lost", "damaged", "cancelled"]


class Book(BaseModel):
    """A book of a person; dates count in years from today, so that a state stays true."""

    model_config = ConfigDict(extra="forbid")
    kind: str = Field("ordinary", pattern=r"^[a-z][a-z0-9_]*$", max_length=40)
    state: State = "valid"
    issued_years_ago: int = Field(2, ge=0, le=30)
    validity_years: Literal[5, 10] = 5
    number: str = Field("X0000000", min_length=4, max_length=20)


BUILT_IN: Final[dict[str, tuple[Book, ...]]] = {
    "7371012008600001": (Book(state="expired", issued_years_ago=12, number="X1000001"),),
    "9171016511850001": (Book(state="reported_lost", issued_years_ago=3, number="X1000002"),),
    "3578010909920001": (Book(kind="electronic", validity_years=10, number="X1000003"),),
    "3273010107550001": (Book(state="cancelled", issued_years_ago=1, number="X1000004"),),
}
"""By NIK of the trial registry (`simulators/dukcapil/people.py`); all others have none."""


class Question(BaseModel):
    """Body of ``POST /dpri/earlier-books``."""

    model_config = ConfigDict(extra="forbid")
    nik: str = Field(pattern=r"^[0-9]{16}$")


class BooksOrder(BaseModel):
    """Body of ``POST /control/earlier-books``: the person has these books from now on, or none."""

    model_config = ConfigDict(extra="forbid")
    nik: str = Field(pattern=r"^[0-9]{16}$")
    books: list[Book] = Field(max_length=MOST_BOOKS)


class EarlierBooks:
    """The books of all people, in memory; a reset leaves the built-in ones."""

    operations: ClassVar = {"earlier_books": HTTP_MODES | {"contradict", "none_with_books"}}

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.restart()

    def restart(self) -> None:
        """Know only the built-in books again."""
        self._books: dict[str, tuple[Book, ...]] = dict(BUILT_IN)

    def routes(self) -> Sequence[web.RouteDef]:
        """Return the question and the control of books."""
        return [
            web.post("/dpri/earlier-books", self._answer, name="earlier_books"),
            web.post("/control/earlier-books", self._set),
        ]

    async def _answer(self, request: web.Request) -> web.Response:
        question, mode = await read(request, Question), behaviour_of(request).mode
        books = self._books.get(question.nik, ())
        if mode == "contradict":
            books = (Book(number="X1999998"), Book(number="X1999999"))
        today = self._clock()
        found = [view_book(book, today) for book in books]
        return web.json_response({"has_books": bool(found) and mode != "none_with_books", "books": found})

    async def _set(self, request: web.Request) -> web.Response:
        order = await read(request, BooksOrder)
        if order.nik not in self._books and len(self._books) >= MOST_PEOPLE:
            raise SimulatorFull(f"DPRI knows the books of at most {MOST_PEOPLE} people.")
        self._books[order.nik] = tuple(order.books)
        return web.json_response({"books": len(order.books)})


def view_book(book: Book, now: datetime) -> dict[str, object]:
    """Return a book as DPRI tells it, with its number masked."""
    issued = (now - book.issued_years_ago * YEAR).date()
    expires: date = issued + book.validity_years * YEAR
    return {
        "kind": book.kind,
        "state": book.state,
        "issued_on": issued.isoformat(),
        "expires_on": expires.isoformat(),
        "number": book.number[-3:].rjust(len(book.number), "*"),
    }
