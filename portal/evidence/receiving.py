"""Forms with pictures of proof: each picture goes on to the API as soon as it is here, and is named by its id."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from tempfile import TemporaryFile
from typing import IO, Any, Final

from aiohttp import BodyPartReader, web

from portal.api.problem import Problem, ServiceDown, SignedOut
from portal.files.receiving import LONGEST_SECONDS, MOST_FILE_BYTES, PIECE_BYTES, PLACES, UNREADABLE, in_time
from portal.web.forms import KEY_FIELD, MOST_CHARS, MOST_FIELDS, TOKEN_FIELD, Form, FormError
from portal.web.page import FormHandler
from portal.web.visit import FormNotGenuine, FormTooLarge, FormUnreadable, Visit

FILES_FIELD: Final = "pictures"
IDS_FIELD: Final = "evidence_ids"

MOST_FILES: Final = 5
"""Pictures that one request names (`shared.evidence_files`)."""

LARGEST_BYTES: Final = MOST_FILE_BYTES
"""Of one picture; a phone's photo has 2 to 8 MB."""

MOST_PARTS: Final = 40
"""Of one form; ours have at most ten fields and five pictures, and a person who chose more is told so."""

MOST_BYTES: Final = 10 * MOST_FILE_BYTES
"""Of one form; pictures that are too many or too large are read to their end, so that the page of errors is seen."""

_SIGNATURES: Final = (
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"\x89PNG", "image/png"),
    (0, b"%PDF", "application/pdf"),
    (8, b"WEBP", "image/webp"),
    (4, b"ftyp", "image/heic"),
)

Told = Callable[[Form], Awaitable[None]]


async def send_with_evidence(visit: Visit, purpose: str, send: Told, shows: FormHandler) -> web.StreamResponse | None:
    """Take the pictures of a form, then send it; return the form shown again where something was refused, else None.

    Pictures that were taken stay with the form: they are not to be chosen again. Where the session is over, what was
    typed is kept through the sign-in; its page is declared for `Access.ANYBODY` to get so far.

    Raises:
        FormNotGenuine, FormTooLarge, FormUnreadable, Refill, ServiceDown; Problem of what is not there.
    """
    form, errors, is_signed_out = await _receive(visit, purpose)
    if is_signed_out:
        return _ask_to_sign_in(visit, form)
    if errors:
        return await shows(visit, form.with_errors(*errors))
    try:
        await send(form)
    except SignedOut:
        return _ask_to_sign_in(visit, form)
    except ServiceDown:
        return await shows(visit, form.with_errors(FormError("", _sentence(visit, "evidence_service_down"))))
    except Problem as problem:
        if problem.status in (401, 404):
            raise
        return await shows(visit, form.refused(problem))
    return None


def _ask_to_sign_in(visit: Visit, form: Form) -> web.StreamResponse:
    return visit.render("errors/signed_out.html", status=401, kept=visit.keep(form))


async def _receive(visit: Visit, purpose: str) -> tuple[Form, list[FormError], bool]:
    """Return the form, what was wrong with its pictures, and whether the session is over."""
    is_signed_out = visit.session is None
    if visit.request.content_type != "multipart/form-data":
        # what was kept through a sign-in comes back without pictures
        return await visit.form(), [], is_signed_out
    values: dict[str, list[str]] = {}
    errors: list[FormError] = []
    try:
        async with asyncio.timeout(LONGEST_SECONDS):
            is_signed_out = await _read_parts(visit, purpose, values, errors)
    except UNREADABLE:
        raise FormUnreadable from None
    try:
        return visit.take(values), errors, is_signed_out
    except FormNotGenuine as known:
        if is_signed_out:
            return known.form, errors, True
        raise


async def _read_parts(visit: Visit, purpose: str, values: dict[str, list[str]], errors: list[FormError]) -> bool:
    """Gather fields and errors, pass pictures on, and return whether the session is over."""
    is_signed_out = visit.session is None
    reader = await visit.request.multipart()
    parts = chars = size = 0
    while (part := await in_time(reader.next())) is not None:
        parts += 1
        if parts > MOST_PARTS or not isinstance(part, BodyPartReader) or part.name is None:
            raise FormTooLarge
        if part.filename is None:
            text = await _read_text(part)
            chars += len(text)
            if chars > MOST_CHARS or len(values) >= MOST_FIELDS:
                raise FormTooLarge
            values.setdefault(part.name, []).append(text)
            continue
        if is_signed_out:
            size += await _keep(part, None, MOST_BYTES - size)
            continue
        visit.check_token(values.get(TOKEN_FIELD, [""])[0])
        with PLACES.take(visit.account_id) as has_place, TemporaryFile() as spool:
            taken = await _keep(part, spool if has_place else None, MOST_BYTES - size)
            size += taken
            if taken and not has_place:
                errors.append(FormError(FILES_FIELD, _sentence(visit, "evidence_not_now")))
                continue
            try:
                errors += await _take(visit, purpose, spool, taken, values)
            except SignedOut:
                is_signed_out = True
    return is_signed_out


async def _take(
    visit: Visit, purpose: str, spool: IO[bytes], size: int, values: dict[str, list[str]]
) -> list[FormError]:
    """Pass a picture on, and name it in the form; return what was wrong with it."""
    if size > LARGEST_BYTES:
        return [FormError(FILES_FIELD, _sentence(visit, "evidence_too_large"))]
    if not size:
        return []
    taken = values.setdefault(IDS_FIELD, [])
    if len(taken) >= MOST_FILES:
        return [FormError(FILES_FIELD, _sentence(visit, "evidence_too_many"))]
    try:
        evidence_id, refused = await _pass_on(visit, purpose, spool, size, values.get(KEY_FIELD, [""])[0])
    except ServiceDown:
        return [FormError(FILES_FIELD, _sentence(visit, "evidence_service_down"))]
    if refused:
        return [FormError(FILES_FIELD, refused)]
    if evidence_id not in taken:
        taken.append(evidence_id)
    return []


async def _read_text(part: BodyPartReader) -> str:
    """Return the text of a field.

    Raises:
        FormTooLarge.
    """
    content = bytearray()
    while piece := await in_time(part.read_chunk(PIECE_BYTES)):
        content += piece
        if len(content) > MOST_CHARS * 4:
            raise FormTooLarge
    return content.decode("utf-8", "replace")


async def _keep(part: BodyPartReader, spool: IO[bytes] | None, most: int) -> int:
    """Read a picture to its end and return its size; it is kept up to the largest that is taken.

    Raises:
        FormTooLarge: it has more than `most` bytes.
    """
    size = 0
    while piece := await in_time(part.read_chunk(PIECE_BYTES)):
        size += len(piece)
        if size > most:
            raise FormTooLarge
        if spool is not None and size <= LARGEST_BYTES:
            spool.write(piece)
    return size


async def _pass_on(visit: Visit, purpose: str, spool: IO[bytes], size: int, form_key: str) -> tuple[str, str]:
    """Return the id of the evidence, and why it was refused, empty if it was not."""
    spool.seek(0)
    first = spool.read(PIECE_BYTES)
    digest = hashlib.sha256(form_key.encode() + b"\0" + purpose.encode() + b"\0" + first)
    while piece := spool.read(PIECE_BYTES):
        digest.update(piece)
    body = {"purpose": purpose, "file_name": "picture", "media_type": media_type_of(first), "size_bytes": size}
    try:
        seen = await visit.api.send("POST", "/v1/evidence", body, key=digest.hexdigest()[:48])
        if seen["state"] == "uploading":
            seen = await _upload(visit, seen, spool)
    except Problem as problem:
        if problem.status == 401:
            raise
        return "", " ".join(word for word in (problem.title, problem.next_action) if word)
    if seen["state"] == "refused":
        text = seen["reason_text_in_indonesian"] if visit.language == "id" else seen["reason_text"]
        return "", text or _sentence(visit, "evidence_refused")
    return str(seen["evidence_id"]), ""


async def _upload(visit: Visit, seen: dict[str, Any], spool: IO[bytes]) -> dict[str, Any]:
    offset = int(seen["upload_offset"])
    headers = {"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
    _status, _headers, answer = await visit.api.upload(seen["upload_url"], _pieces(spool, offset), headers)
    return dict(answer)


async def _pieces(spool: IO[bytes], offset: int) -> AsyncIterator[bytes]:
    spool.seek(offset)
    while piece := spool.read(PIECE_BYTES):
        yield piece


def media_type_of(content: bytes) -> str:
    """Return the type of a picture by its first bytes; what is unknown is told as such, to be refused by the API."""
    for start, signature, media_type in _SIGNATURES:
        if content[start : start + len(signature)] == signature:
            return media_type
    return "application/octet-stream"


def _sentence(visit: Visit, key: str) -> str:
    return str(visit.renderer.sentence(visit.language, "evidence", key))
