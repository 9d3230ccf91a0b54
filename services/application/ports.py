"""What the use cases need of the outside: the issuance system, the eye for pictures, the letter's writer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol


@dataclass(frozen=True)
class IdentityCard:
    """Who the applicant is, in the open: never stored, logged or sent but to the issuance system and on the letter."""

    full_name: str = field(repr=False)
    nik: str = field(repr=False)
    birth_place: str = field(repr=False)
    birth_date: date = field(repr=False)
    sex: str = field(repr=False)


@dataclass(frozen=True)
class DpriFile:
    """A file for the issuance system. The same ``delivery_id`` is the same content."""

    delivery_id: str
    content: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True)
class DpriState:
    """Where a file stands there: ``received``, ``acknowledged``, ``rejected``, ``queued`` or ``printed``."""

    state: str
    passport_number: str | None = field(default=None, repr=False)


class DpriRefuses(Exception):
    """The issuance system answered and said no, for the coded reason."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Dpri(Protocol):
    """The issuance system. Every verb may be repeated; each refuses with `UpstreamDown` while it does not answer."""

    async def hand_over(self, number: str, file: DpriFile) -> DpriState:
        """Give a file; `DpriRefuses` if it is not taken."""
        ...

    async def look(self, number: str) -> DpriState:
        """Where the file stands; `DpriRefuses` if there is none."""
        ...

    async def approve(self, number: str, approval: Mapping[str, Any]) -> None:
        """Say that the book may be printed; `DpriRefuses` if the file is not acknowledged."""
        ...

    async def close(self) -> None:
        """Close connections."""
        ...


class Room(Protocol):
    """What one request may hold in memory of the bytes it sends: a `shared.http.body_budget.BodyShare`."""

    def try_grow(self, size_bytes: int) -> bool:
        """Take room for bytes that could as well go straight to the store; False while there is little."""
        ...

    async def grow(self, size_bytes: int) -> None:
        """Take room for bytes that have arrived; refuses with a 503 where none comes free in time."""
        ...

    def shrink(self, size_bytes: int) -> None:
        """Give room back."""
        ...


class BoundlessRoom:
    """A `Room` without an end, for callers that hold the bytes anyhow."""

    def try_grow(self, size_bytes: int) -> bool:
        return True

    async def grow(self, size_bytes: int) -> None:
        return None

    def shrink(self, size_bytes: int) -> None:
        return None


class PictureRefused(Exception):
    """An upload is no usable picture, for the coded reason."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class InspectionUnavailable(Exception):
    """The eye is closed: the upload is flagged for an officer, not blocked."""


@dataclass(frozen=True)
class Inspected:
    """A picture that could be decoded, written anew without metadata."""

    content: bytes = field(repr=False)
    media_type: str
    width: int
    height: int
    flags: tuple[str, ...] = ()


class Inspector(Protocol):
    """Looks at an upload."""

    async def inspect(self, content: bytes, media_type: str, requirement: str) -> Inspected:
        """The picture; refuses with `PictureRefused` or `InspectionUnavailable`."""
        ...


@dataclass(frozen=True)
class LetterContent:
    """What a cover letter says."""

    full_name: str = field(repr=False)
    number: str
    office_name: str
    office_timezone: str
    starts_at: datetime
    ends_at: datetime | None
    queue_number: str
    queue_code: str = field(repr=False)
    bring: tuple[tuple[str, str], ...]
    """Titles of what to bring, (Indonesian, English)."""
    made_at: datetime


class LetterWriter(Protocol):
    """Writes the papers of the suite as PDF."""

    async def letter(self, content: LetterContent) -> bytes:
        """A cover letter."""
        ...

    async def form(self, requirement: str, title: str) -> bytes:
        """An empty form to fill in and sign."""
        ...
