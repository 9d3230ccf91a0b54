"""Reads what a service published: a file, or the answer of an address."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from local_suite.errors import CommandError

FETCH_SECONDS: Final = 60.0


class SourceUnreadable(CommandError):
    """The published file cannot be read at all."""

    kind = "source"

    def __init__(self, source: str, reason: str | OSError) -> None:
        if isinstance(reason, OSError):  # URLError is one, and carries its reason
            reason = str(getattr(reason, "reason", reason)) or type(reason).__name__
        super().__init__(f"The {self.kind} at {source} cannot be read: {reason}.")


@contextmanager
def open_source(source: str, accept: str, *, token: str | None = None) -> Iterator[BinaryIO]:
    """Open a path, or an http or https address, to read from; `token` is sent to an address as bearer.

    Raises:
        OSError: there is nothing, or no answer within 60 seconds.
    """
    if urlsplit(source).scheme not in ("http", "https"):
        with Path(source).open("rb") as file:
            yield file
        return
    headers = {"Accept": accept} | ({"Authorization": f"Bearer {token}"} if token else {})
    request = Request(source, headers=headers)  # noqa: S310 - the scheme was looked at
    with urlopen(request, timeout=FETCH_SECONDS) as answer:  # noqa: S310
        yield answer
