"""The issuance system's records of earlier books over HTTP. The NIK goes in the body, over the encrypted line alone."""

from __future__ import annotations

from datetime import date
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from services.application.applications.earlier_books import BookState
from services.application.config import Settings
from services.application.earlier_books.answer import EarlierBook
from services.application.earlier_books.ports import BooksContradict
from shared.http.client import JsonClient, Patience
from shared.service import Platform

NAME: Final = "dpri_books"
PATH: Final = "/dpri/earlier-books"
MOST_BOOKS: Final = 50
"""Of one person in one answer; a book is valid for five or ten years."""
SHOWN_CHARACTERS: Final = 3
HIDDEN: Final = "*"


class _Book(BaseModel):
    model_config = ConfigDict(extra="ignore")
    kind: str = Field(max_length=40, pattern=r"^[a-z][a-z0-9_]*$")
    state: BookState
    issued_on: date
    expires_on: date
    number: str = Field(min_length=1, max_length=20)
    """Masked or not: what is kept is masked here."""


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore")
    has_books: bool
    books: list[_Book] = Field(max_length=MOST_BOOKS)


class EarlierBooksClient:
    """The `EarlierBooks` port over the issuance system's HTTP interface."""

    def __init__(self, client: JsonClient) -> None:
        self._client = client

    @classmethod
    def from_settings(cls, settings: Settings, platform: Platform) -> EarlierBooksClient:
        """Return the client that the settings describe, with a circuit of its own."""
        token = settings.dpri_token
        headers = {"Authorization": f"Bearer {token.get_secret_value()}"} if token else {}
        patience = Patience(try_seconds=settings.dpri_try_seconds, tries=settings.dpri_tries)
        client = JsonClient(
            NAME,
            settings.dpri_url,
            clock=platform.clock,
            randomness=platform.randomness,
            patience=patience,
            headers=headers,
        )
        return cls(client)

    async def find_books(self, nik: str) -> tuple[EarlierBook, ...]:
        """Return the person's books; the question changes nothing, so it is repeated within the patience."""
        said = await self._client.call_for(_Answer, "POST", PATH, body={"nik": nik}, idempotent=True)
        if said.has_books != bool(said.books):
            raise BooksContradict
        return tuple(
            EarlierBook(book.kind, book.state, book.issued_on, book.expires_on, mask_number(book.number))
            for book in said.books
        )

    async def close(self) -> None:
        """Close connections."""
        await self._client.close()


def mask_number(number: str) -> str:
    """Return the number with all but its last three characters hidden; of a shorter one nothing is shown."""
    shown = number[-SHOWN_CHARACTERS:] if len(number) > SHOWN_CHARACTERS else ""
    return shown.rjust(len(number), HIDDEN)
