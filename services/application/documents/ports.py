"""The inspection of pictures, and the memory for their bytes, as the use cases need them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol


class Room(Protocol):
    """The share of memory that one request may fill with the bytes it sends: a `shared.http.body_budget.BodyShare`."""

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


class InspectionBusy(Exception):
    """The eye has so much to look at that this upload's turn did not come."""


@dataclass(frozen=True)
class InspectedPage:
    """A page that could be decoded, re-encoded without metadata."""

    content: bytes = field(repr=False)
    media_type: str
    width: int
    height: int
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Inspected:
    """The pages of an upload in their order; a picture has one."""

    pages: tuple[InspectedPage, ...]


class Inspector(Protocol):
    """Looks at an upload."""

    async def inspect(self, content: bytes, media_type: str, requirement: str) -> Inspected:
        """The pages.

        Raises:
            PictureRefused: it is no usable picture. InspectionUnavailable, InspectionBusy: it was not looked at.
        """
        ...
