"""Addresses of applications, papers and their pages, on this site and in the API."""

from __future__ import annotations

import re
from typing import Final

from portal.web.visit import NothingHere, Visit

_ID: Final = re.compile(r"[A-Za-z0-9-]{1,64}")
_CODE: Final = re.compile(r"[a-z][a-z0-9_]{0,59}")


def read_id(visit: Visit, name: str) -> str:
    """Return an id out of the path.

    Raises:
        NothingHere: it is none; nothing of it gets into an address of the API.
    """
    return _matching(_ID, visit.place(name))


def read_code(visit: Visit, name: str) -> str:
    """Return the code of a paper out of the path.

    Raises:
        NothingHere: it is none.
    """
    return _matching(_CODE, visit.place(name))


def application_of(visit: Visit) -> str:
    """Return the API's path of the application that the page is about.

    Raises:
        NothingHere.
    """
    return f"/v1/applications/{read_id(visit, 'application_id')}"


def site_of(visit: Visit) -> str:
    """Return the path of the application on this site.

    Raises:
        NothingHere.
    """
    return f"/applications/{read_id(visit, 'application_id')}"


def _matching(pattern: re.Pattern[str], text: str) -> str:
    if pattern.fullmatch(text) is None:
        raise NothingHere
    return text
