"""Waiting for a change without asking again: the service holds the call until there is another answer (RFC 7240)."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final, TypeVar

import httpx
from paspor_api import AuthenticatedClient, Client

from paspor_client.opening import ANSWER_SECONDS
from paspor_client.problems import REFUSED_FROM, refusal

T = TypeVar("T")

HELD_SECONDS: Final = 20
"""How long one call is held; services allow 25 s."""

PAUSE_SECONDS: Final = 0.5
"""Between two looks at a thing that cannot be waited for."""

NOT_MODIFIED: Final = 304


class GaveUp(Exception):
    """It did not happen in time; `seen` is the thing as it was last."""

    def __init__(self, path: str, seconds: float, seen: object) -> None:
        self.seen = seen
        super().__init__(f"{path} did not become what was waited for within {seconds:.0f} s")


def wait_until(
    client: Client | AuthenticatedClient,
    path: str,
    read: Callable[[dict[str, Any]], T],
    holds: Callable[[T], bool],
    *,
    seconds: float = 60.0,
) -> T:
    """Return the thing at this path, as `read` makes it of its JSON (`SomeModel.from_dict`), once it holds.

    Raises:
        GaveUp: it does not within so many seconds.
        Refused: the service does not show it.
        ValueError: the path is an address of its own; the token is for the service of this client alone.
    """
    if not path.startswith("/"):
        raise ValueError(f"a path begins with a slash, and {path!r} does not")
    http, give_up_at, etag = client.get_httpx_client(), time.monotonic() + seconds, ""
    seen: T | None = None
    while True:
        left = give_up_at - time.monotonic()
        response = http.get(path, **_patience(etag, left))
        if response.status_code >= REFUSED_FROM:
            raise refusal(response.status_code, response.content)
        if response.status_code != NOT_MODIFIED:
            seen, etag = read(response.json()), response.headers.get("ETag", "")
            if holds(seen):
                return seen
        if time.monotonic() >= give_up_at:
            raise GaveUp(path, seconds, seen)
        if etag == "" or (response.status_code == NOT_MODIFIED and "Preference-Applied" not in response.headers):
            time.sleep(PAUSE_SECONDS)


def _patience(etag: str, left_seconds: float) -> dict[str, Any]:
    if not etag:
        return {}
    held = max(1, min(HELD_SECONDS, round(left_seconds)))
    headers = {"If-None-Match": etag, "Prefer": f"wait={held}"}
    return {"headers": headers, "timeout": httpx.Timeout(held + ANSWER_SECONDS)}
