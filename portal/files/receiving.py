"""A file in a form: read piece by piece into a place that is always cleared, then passed on to the API that keeps it.

Rooms whose forms take a file declare their page with `takes_files=True` and write
`async with receive_file(visit) as received: await send_evidence(visit, received, "refund")`.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from tempfile import TemporaryFile
from typing import IO, Any, Final

from aiohttp import BodyPartReader, web
from aiohttp.http import HttpProcessingError

from portal.api.problem import FieldProblem, Problem
from portal.web.forms import EMPTY, KEY_FIELD, OWN_FIELDS, TOKEN_FIELD, Form
from portal.web.visit import FormNotGenuine, FormTooLarge, FormUnreadable, Visit

MOST_FILE_BYTES: Final = 10 * 1024 * 1024
"""Of one file, as the service takes it by default (`largest_upload_bytes` of GET /v1/requirements)."""

MOST_FILES_AT_ONCE: Final = 32
"""Received by one process: 320 MiB of temporary files at most."""

MOST_FILES_OF_ONE_ACCOUNT: Final = 2
"""Received at once: one person sends one after the other, and leaves places to others."""

MOST_PARTS: Final = 20
"""Of one form; ours have at most eight."""

MOST_TEXT_BYTES: Final = 4 * 1024
"""Of one field beside the file."""

LONGEST_SECONDS: Final = 600.0
"""For one form: 10 MiB at 140 kbit/s."""

LONGEST_SILENCE_SECONDS: Final = 30.0
"""Between two pieces: a line that was lost holds its place no longer."""

PIECE_BYTES: Final = 64 * 1024
UNREADABLE: Final = (
    TimeoutError,
    ValueError,
    AssertionError,
    web.RequestPayloadError,
    ConnectionError,
    HttpProcessingError,
)
"""Raised by reading a body that is no form, was cut off, or comes too slowly."""

FILE_FIELDS: Final = ("file", "camera")
"""A file that was chosen, or a picture that was just taken: one of them."""

OFFSET_HEADER: Final = "Upload-Offset"
OFFSET_STREAM: Final = "application/offset+octet-stream"
ANY_TYPE: Final = "application/octet-stream"
FILE_NAME: Final = "file"
"""Sent to the API instead of the file's own name, which often has a person's name in it."""

WRONG_OFFSET: Final = "wrong_offset"
ROOM: Final = "files"


@dataclass
class Received:
    """A file and the fields beside it, until the form is answered."""

    spool: IO[bytes]
    values: dict[str, list[str]] = field(default_factory=dict)
    key: str = ""
    media_type: str = ANY_TYPE
    size_bytes: int = 0
    digest: str = ""

    @property
    def form(self) -> Form:
        """Return the fields beside the file, to be shown again; browsers never keep the file."""
        return Form(self.values, key=self.key)

    def command_key(self, path: str) -> str:
        """Return the key of what this form sends: the same file in it is sent once."""
        form = Form({**self.values, "digest": [self.digest]}, key=self.key)
        return form.command_key("POST", path)

    async def pieces(self, offset: int) -> AsyncIterator[bytes]:
        """The bytes from there on."""
        self.spool.seek(offset)
        while piece := self.spool.read(PIECE_BYTES):
            yield piece


class Places:
    """Counts the files that are received at this moment."""

    def __init__(self, most: int = MOST_FILES_AT_ONCE, most_of_one: int = MOST_FILES_OF_ONE_ACCOUNT) -> None:
        """`most` in all, `most_of_one` of one account."""
        self._most = most
        self._most_of_one = most_of_one
        self._taken: Counter[str] = Counter()

    @property
    def taken(self) -> int:
        """Files that are received at this moment."""
        return self._taken.total()

    @contextmanager
    def take(self, account_id: str) -> Iterator[bool]:
        """Hold a place; false where none is free."""
        if self.taken >= self._most or self._taken[account_id] >= self._most_of_one:
            yield False
            return
        self._taken[account_id] += 1
        try:
            yield True
        finally:
            self._taken[account_id] -= 1
            self._taken += Counter()  # accounts without files are forgotten


PLACES: Final = Places()
"""Of this process."""


@asynccontextmanager
async def receive_file(
    visit: Visit, *, fields: Sequence[str] = FILE_FIELDS, most_bytes: int = MOST_FILE_BYTES, places: Places = PLACES
) -> AsyncIterator[Received]:
    """Read the form of this visit, its token first; the file is gone when the block ends.

    Raises:
        FormNotGenuine: the token does not come first, or is not ours. FormTooLarge, FormUnreadable: no form of ours.
        Problem: beside the field `file`: none, two, empty, too large, cut off, or too many at once.
    """
    with places.take(visit.account_id) as has_place, TemporaryFile() as spool:
        if not has_place:
            raise refuse_file(visit, "file_not_now", status=429)
        if visit.request.content_type != "multipart/form-data":
            raise FormUnreadable
        try:
            async with asyncio.timeout(LONGEST_SECONDS):
                received = await _read(visit, Received(spool), fields, most_bytes)
        except UNREADABLE:
            raise refuse_file(visit, "file_cut") from None
        yield received


def refuse_file(visit: Visit, key: str, *, status: int = 422, **facts: Any) -> Problem:
    """Return the refusal of a file with a sentence of this room, beside its field."""
    text = str(visit.renderer.sentence(visit.language, ROOM, key, **facts))
    return Problem(status, key, text, fields=(FieldProblem(f"/{FILE_FIELDS[0]}", text),))


def beside_file(problem: Problem) -> Problem:
    """Return a refusal of an announced file with its sentences beside the field `file`.

    People know neither size nor type as fields of theirs.
    """
    if problem.status in (401, 404):
        return problem
    texts = [problem.title, problem.detail, problem.next_action]
    said = " ".join(dict.fromkeys(text for text in texts if text))
    return replace(problem, fields=(FieldProblem(f"/{FILE_FIELDS[0]}", said),))


async def send_file(visit: Visit, received: Received, path: str, about: dict[str, Any]) -> dict[str, Any]:
    """Announce the file to the API at `path`, send its bytes, and return what the API says of it then.

    Sent again after a lost line it goes on where it stood.

    Raises:
        Problem: beside the field `file`. SignedOut, ServiceDown.
    """
    body = {**about, "file_name": FILE_NAME, "media_type": received.media_type, "size_bytes": received.size_bytes}
    try:
        begun = await visit.api.send("POST", path, body, key=received.command_key(path))
        return await _send_bytes(visit, received, begun["upload_url"])
    except Problem as problem:
        raise beside_file(problem) from None


async def send_evidence(visit: Visit, received: Received, purpose: str) -> dict[str, Any]:
    """Keep the file as evidence for a request (`special_reschedule`, `refund`, `payment_claim`) and return its view.

    The request names it by its `evidence_id`.

    Raises:
        Problem: beside the field `file`; also where it is no picture that can be used. SignedOut, ServiceDown.
    """
    evidence = await send_file(visit, received, "/v1/evidence", {"purpose": purpose})
    if evidence["state"] == "kept":
        return evidence
    said = evidence["reason_text_in_indonesian" if visit.language == "id" else "reason_text"]
    refusal = refuse_file(visit, "file_unusable")
    text = str(said or refusal.title)
    raise replace(refusal, title=text, fields=(FieldProblem(f"/{FILE_FIELDS[0]}", text),))


async def _send_bytes(visit: Visit, received: Received, url: str) -> dict[str, Any]:
    offset = 0
    for is_last in (False, True):
        headers = {OFFSET_HEADER: str(offset), "Content-Type": OFFSET_STREAM}
        try:
            _status, _headers, answer = await visit.api.upload(url, received.pieces(offset), headers)
            return dict(answer)
        except Problem as problem:
            if is_last or problem.code != WRONG_OFFSET:
                raise
            offset = int(problem.facts.get("upload_offset", 0))
    raise AssertionError("bytes are sent at most twice")


async def _read(visit: Visit, received: Received, fields: Sequence[str], most_bytes: int) -> Received:
    reader = await visit.request.multipart()
    is_ours, parts, files = False, 0, 0
    while (part := await in_time(reader.next())) is not None:
        parts += 1
        if parts > MOST_PARTS or not isinstance(part, BodyPartReader):
            raise FormTooLarge
        name = part.name or ""
        if not is_ours:
            if name != TOKEN_FIELD:
                raise FormNotGenuine(EMPTY)
            visit.check_token(await _text(part))
            is_ours = True
        elif name in fields:
            files += await _keep(visit, received, part, files, most_bytes)
        elif name == KEY_FIELD:
            received.key = (await _text(part))[:64]
        elif name not in OWN_FIELDS:
            received.values.setdefault(name, []).append(await _text(part))
    if not is_ours:
        raise FormNotGenuine(EMPTY)
    if not files:
        raise refuse_file(visit, "file_missing")
    return received


async def _keep(visit: Visit, received: Received, part: BodyPartReader, files: int, most_bytes: int) -> int:
    """Keep the file of this part and return how many there were: none where nothing was chosen."""
    digest, size = hashlib.sha256(), 0
    while piece := await in_time(part.read_chunk(PIECE_BYTES)):
        if files:
            raise refuse_file(visit, "file_twice")
        size += len(piece)
        if size > most_bytes:
            raise refuse_file(visit, "file_too_large", most=most_bytes // 1024 // 1024)
        digest.update(piece)
        received.spool.write(piece)
    if size == 0:
        if part.filename:
            raise refuse_file(visit, "file_empty")
        return 0
    received.size_bytes, received.digest = size, digest.hexdigest()
    received.media_type = media_type_of(part.headers.get("Content-Type", ""))
    return 1


def media_type_of(declared: str) -> str:
    """Return the type to announce: a browser guesses it by the file's ending, so the API looks at the content.

    A file that by its own word is neither a picture nor a scan is announced as it says, and refused at once.
    """
    kind = declared.partition(";")[0].strip().lower()
    is_likely = not kind or kind.startswith("image/") or kind in (ANY_TYPE, "application/pdf")
    return ANY_TYPE if is_likely else kind[:100]


async def _text(part: BodyPartReader) -> str:
    found = bytearray()
    while piece := await in_time(part.read_chunk(MOST_TEXT_BYTES)):
        found += piece
        if len(found) > MOST_TEXT_BYTES:
            raise FormTooLarge
    return found.decode("utf-8", "replace")


async def in_time(reading: Any) -> Any:
    """Return what is read next.

    Raises:
        TimeoutError: nothing came for too long.
    """
    async with asyncio.timeout(LONGEST_SILENCE_SECONDS):
        return await reading
