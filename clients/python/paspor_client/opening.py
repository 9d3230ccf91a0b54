"""One way to open a client of the generated package with patience, a language and a token."""

from __future__ import annotations

from typing import Final

import httpx
from paspor_api import AuthenticatedClient, Client

from paspor_client.transport import PATIENCE_SECONDS, PatientTransport

ANSWER_SECONDS: Final = 10.0
"""How long one try may take; a call that asks the service to wait says so itself."""


def open_client(
    address: str,
    *,
    token: str | None = None,
    language: str = "id",
    patience_seconds: float = PATIENCE_SECONDS,
    transport: httpx.BaseTransport | None = None,
) -> AuthenticatedClient | Client:
    """Return a client of the service or gateway at this address; without a token for the calls that need none.

    `transport` sends each single try; the default is a connection pool of httpx.
    """
    patient = PatientTransport(transport, patience_seconds=patience_seconds)
    common = {
        "base_url": address.rstrip("/"),
        "headers": {"Accept-Language": language},
        "timeout": httpx.Timeout(ANSWER_SECONDS),
        "httpx_args": {"transport": patient},
    }
    return Client(**common) if token is None else AuthenticatedClient(token=token, **common)
