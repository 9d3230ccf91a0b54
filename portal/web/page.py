"""Declares pages: a method, a path, its handler, and for whom it is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from aiohttp import web

if TYPE_CHECKING:
    from portal.web.forms import Form
    from portal.web.visit import Visit

Handler = Callable[["Visit"], Awaitable[web.StreamResponse]]
FormHandler = Callable[["Visit", "Form"], Awaitable[web.StreamResponse]]

MOST_FORM_BYTES: Final = 64 * 1024
"""Of a form without files; the longest text is under 8 KiB."""


class Access(StrEnum):
    """For whom a page is."""

    ANYBODY = "anybody"
    SIGNED_IN = "signed_in"


@dataclass(frozen=True)
class Page:
    """One method at one path.

    `shows` is the page that holds the form which is posted here: it is shown again, filled, when a service refuses what
    was sent, and after a sign-in that became necessary in between.
    """

    method: str
    path: str
    handler: Handler
    access: Access = Access.SIGNED_IN
    shows: FormHandler | None = None
    takes_files: bool = False
    """The handler reads the body itself, piece by piece, and calls `visit.check_token` before anything else."""


def get(path: str, shows: FormHandler, access: Access = Access.SIGNED_IN) -> Page:
    """Return a page that is looked at; `shows` gets an empty form."""
    from portal.web.forms import EMPTY

    return Page("GET", path, lambda visit: shows(visit, EMPTY), access)


def post(
    path: str,
    handler: Handler,
    shows: FormHandler | None = None,
    access: Access = Access.SIGNED_IN,
    *,
    takes_files: bool = False,
) -> Page:
    """Return what takes a form."""
    return Page("POST", path, handler, access, shows, takes_files)
