"""The issuance system, as the use cases need it."""

from __future__ import annotations

from collections.abc import AsyncIterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol


@dataclass(frozen=True)
class DpriFile:
    """A file for the issuance system. The same ``delivery_id`` is the same content."""

    delivery_id: str
    content: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True)
class DpriPicture:
    """One picture of a delivery; the same id and hash are the same picture."""

    delivery_id: str
    document_id: str
    sha256: str


@dataclass(frozen=True)
class DpriState:
    """Where a file stands there: ``received``, ``acknowledged``, ``rejected``, ``queued`` or ``printed``."""

    state: str
    passport_number: str | None = field(default=None, repr=False)
    passport_kind: str | None = None
    issued_on: date | None = None
    expires_on: date | None = None
    pictures: Mapping[str, str] = field(default_factory=dict)
    """The hash of each picture that is acknowledged there, by document."""


class DpriRefuses(Exception):
    """The issuance system refused, for the coded reason."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Dpri(Protocol):
    """The issuance system. Every verb may be repeated; each refuses with `UpstreamDown` while it does not answer."""

    async def hand_over(self, number: str, file: DpriFile) -> DpriState:
        """Give a file; `DpriRefuses` if it is not taken."""
        ...

    async def hand_over_picture(self, number: str, picture: DpriPicture, pieces: AsyncIterable[bytes]) -> str:
        """Give a picture of a file that was taken, and return where it stands there: ``acknowledged`` or ``received``.

        It is sealed on its way so that the issuance system alone opens it. `DpriRefuses` if it is not taken; what
        ``pieces`` raise is raised.
        """
        ...

    async def get_state(self, number: str) -> DpriState:
        """Return the state of the file; `DpriRefuses` if there is none."""
        ...

    async def approve(self, number: str, approval: Mapping[str, Any]) -> None:
        """Say that the book may be printed; `DpriRefuses` if the file is not acknowledged."""
        ...

    async def recall(self, number: str, recall: Mapping[str, Any]) -> None:
        """Take an order to print back; `DpriRefuses` if the book is printed, or the file is not known there."""
        ...

    async def close(self) -> None:
        """Close connections."""
        ...
