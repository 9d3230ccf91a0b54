"""Pictures sent in pieces: a broken line costs one piece, and the service says where to go on."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any, Final

import httpx
from paspor_api import AuthenticatedClient, Client

from paspor_client.problems import REFUSED_FROM, refusal
from paspor_client.transport import REPEATED

PIECE_BYTES: Final = 256 * 1024
"""What a broken line costs at most; services take a picture in one piece too."""

TRIES: Final = 5
"""How often one piece is sent before the error is the caller's."""

PAUSE_SECONDS: Final = 0.5
CONFLICT: Final = 409
LATER: Final = REPEATED | {CONFLICT}
"""Answers after which to ask where the upload stands: not now, or a piece that is there already."""


def send_picture(
    client: Client | AuthenticatedClient,
    application_id: str,
    requirement: str,
    content: bytes,
    *,
    file_name: str,
    media_type: str = "image/jpeg",
    page: int = 1,
) -> dict[str, Any]:
    """Upload one page of a requirement and return the document as the service shows it.

    A picture of a page that is there takes its place once it stands; other pages stay.

    Raises:
        Refused: the service does not take it, with the reason in words.
        httpx.TransportError: the line stayed broken.
    """
    http = client.get_httpx_client()
    begun = {
        "requirement": requirement,
        "page": page,
        "file_name": file_name,
        "media_type": media_type,
        "size_bytes": len(content),
    }
    document = _taken(http.post(f"/v1/applications/{application_id}/documents", json=begun))
    path = f"/v1/applications/{application_id}/documents/{document['document_id']}"
    offset = int(document["upload_offset"])
    while offset < len(content):
        offset = _send_piece(http, f"{path}/content", offset, content[offset : offset + PIECE_BYTES])
    return _taken(http.get(path))


def send_pages(
    client: Client | AuthenticatedClient,
    application_id: str,
    requirement: str,
    contents: Iterable[bytes],
    *,
    file_name: str,
    media_type: str = "image/jpeg",
) -> list[dict[str, Any]]:
    """Upload the pages of a requirement, each a picture, in their order from page 1; return their documents.

    Raises:
        Refused, httpx.TransportError: as `send_picture`; the pages before are there.
    """
    return [
        send_picture(
            client, application_id, requirement, content, file_name=file_name, media_type=media_type, page=page
        )
        for page, content in enumerate(contents, 1)
    ]


def _send_piece(http: httpx.Client, path: str, offset: int, piece: bytes) -> int:
    """Send one piece and return where to go on: behind it once it arrived, whether or not the answer came back."""
    headers = {"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
    for tries_left in reversed(range(TRIES)):
        try:
            response = http.patch(path, content=piece, headers=headers)
        except httpx.TransportError:
            if not tries_left:
                raise
        else:
            if response.status_code not in LATER or not tries_left:
                return int(_taken(response)["upload_offset"])
        time.sleep(PAUSE_SECONDS)
        standing = http.head(path)
        reached = int(standing.headers.get("Upload-Offset", offset))
        if standing.is_success and reached != offset:
            return reached
    raise AssertionError("the last try returns or raises")


def _taken(response: httpx.Response) -> dict[str, Any]:
    if response.status_code >= REFUSED_FROM:
        raise refusal(response.status_code, response.content)
    return dict(response.json())
