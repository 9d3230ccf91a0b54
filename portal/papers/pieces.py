"""An upload in pieces, for the page's script: announced, asked how far it came, continued. Answers are JSON."""

from __future__ import annotations

import json
from functools import wraps
from http import HTTPStatus
from typing import Any, Final

from aiohttp import web

from portal.api.problem import Problem, ServiceDown, SignedOut
from portal.files.receiving import (
    ANY_TYPE,
    FILE_NAME,
    OFFSET_HEADER,
    OFFSET_STREAM,
    media_type_of,
)
from portal.papers.places import application_of, read_code, read_id, site_of
from portal.web.page import Access, Handler, Page, post
from portal.web.visit import FormNotGenuine, FormTooLarge, NothingHere, Visit

TOKEN_HEADER: Final = "X-Form-Token"  # noqa: S105 - a name
LENGTH_HEADER: Final = "Upload-Length"
MOST_PIECE_BYTES: Final = 1024 * 1024
"""Of one request; the script sends a quarter of it, so that a lost line costs little."""

MOST_ANNOUNCEMENT_BYTES: Final = 2048
ROOM: Final = "papers"


def _in_json(handler: Handler) -> Handler:
    """Answer refusals as `{"text": ...}`: a script reads them, and shows the sentence beside the field."""

    @wraps(handler)
    async def answer(visit: Visit) -> web.StreamResponse:
        try:
            if visit.session is None:
                raise SignedOut
            if visit.request.method != "HEAD":
                visit.check_token(visit.request.headers.get(TOKEN_HEADER, ""))
            return await handler(visit)
        except SignedOut:
            return _refusal(visit, HTTPStatus.UNAUTHORIZED, "piece_signed_out")
        except FormNotGenuine:
            return _refusal(visit, HTTPStatus.FORBIDDEN, "piece_stale")
        except (FormTooLarge, ValueError, KeyError, TypeError, OverflowError):
            return _refusal(visit, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "piece_odd")
        except NothingHere:
            return _refusal(visit, HTTPStatus.NOT_FOUND, "piece_gone")
        except ServiceDown:
            return _refusal(visit, HTTPStatus.SERVICE_UNAVAILABLE, "piece_later")
        except Problem as problem:
            return _tell(problem)

    return answer


@_in_json
async def announce(visit: Visit) -> web.StreamResponse:
    """Announce a file and answer where its bytes go."""
    body = await visit.request.content.read(MOST_ANNOUNCEMENT_BYTES + 1)
    if len(body) > MOST_ANNOUNCEMENT_BYTES:
        raise FormTooLarge
    wanted = json.loads(body)
    if not isinstance(wanted, dict):
        raise FormTooLarge
    path = f"{application_of(visit)}/documents"
    said = {
        "requirement": wanted.get("paper") or read_code(visit, "requirement"),
        "page": int(wanted.get("page") or 1),
        "file_name": FILE_NAME,
        "media_type": media_type_of(str(wanted.get("type", ""))) or ANY_TYPE,
        "size_bytes": int(wanted["size"]),
    }
    begun = await visit.api.send("POST", path, said, key=str(wanted["key"]))
    return _state(visit, begun, HTTPStatus.CREATED)


@_in_json
async def ask_offset(visit: Visit) -> web.StreamResponse:
    """Answer how far the file came, in headers."""
    headers = await visit.api.head(_content_of(visit))
    return web.Response(headers={name: headers[name] for name in (OFFSET_HEADER, LENGTH_HEADER) if name in headers})


@_in_json
async def send_piece(visit: Visit) -> web.StreamResponse:
    """Pass a piece on as it comes and answer how far the file came."""
    length = visit.request.content_length
    if length is None or length > MOST_PIECE_BYTES or visit.request.content_type != OFFSET_STREAM:
        raise FormTooLarge
    headers = {OFFSET_HEADER: visit.request.headers.get(OFFSET_HEADER, ""), "Content-Type": OFFSET_STREAM}
    _status, _headers, document = await visit.api.upload(_content_of(visit), visit.request.content.iter_any(), headers)
    return _state(visit, document, HTTPStatus.OK)


def _content_of(visit: Visit) -> str:
    return f"{application_of(visit)}/documents/{read_id(visit, 'document_id')}/content"


def _state(visit: Visit, document: dict[str, Any], status: HTTPStatus) -> web.Response:
    document_id = document["document_id"]
    shown = f"{site_of(visit)}/papers/{read_code(visit, 'requirement')}"
    said = {
        "url": f"{shown}/pieces/{document_id}",
        "offset": document["upload_offset"],
        "done": document["state"] != "uploading",
        "shown": f"{shown}?document={document_id}",
    }
    return web.json_response(said, status=status)


def _refusal(visit: Visit, status: HTTPStatus, key: str) -> web.Response:
    return web.json_response({"text": str(visit.renderer.sentence(visit.language, ROOM, key))}, status=status)


def _tell(problem: Problem) -> web.Response:
    texts = [item.detail for item in problem.fields] + [problem.title, problem.detail, problem.next_action]
    refusal: dict[str, Any] = {"text": " ".join(dict.fromkeys(text for text in texts if text)), "code": problem.code}
    if "upload_offset" in problem.facts:
        refusal["offset"] = problem.facts["upload_offset"]
    headers = {"Retry-After": str(problem.retry_after_seconds)} if problem.retry_after_seconds else None
    return web.json_response(refusal, status=problem.status, headers=headers)


_PLACE: Final = "/applications/{application_id}/papers/{requirement}/pieces"

PIECES: Final[tuple[Page, ...]] = (
    post(_PLACE, announce, access=Access.ANYBODY, takes_files=True),
    Page("HEAD", _PLACE + "/{document_id}", ask_offset, Access.ANYBODY),
    Page("PATCH", _PLACE + "/{document_id}", send_piece, Access.ANYBODY, takes_files=True),
)
"""`ANYBODY`: a visitor whose session is over is told so in JSON, and keeps the file that was chosen."""
