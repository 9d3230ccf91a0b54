"""Attacks on the memory of application: parallel pieces of one picture, many applicants, the largest pictures.

Bounded functions: each ends by itself. They need the service's address, applicants' tokens and the id of its process;
the suite of `bench.stage`, or a process that a test has started, is enough.
"""

from __future__ import annotations

import asyncio
import io
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import aio_pika
import aiohttp
from PIL import Image

from shared.bus import topology
from shared.bus.amqp import declare
from shared.clock import SystemClock
from shared.context import make_traceparent
from shared.crypto.sealed import SealedBox
from shared.events.application import KeepIdentityCard
from shared.events.envelope import Envelope
from shared.events.identity import ApplicantConfirmed
from shared.events.message import Message
from shared.ids import new_event_id

PARALLEL_PIECES: Final = 400
SAMPLE_SECONDS: Final = 0.02
KIB: Final = 1024
CALL_SECONDS: Final = 120.0
TRIES: Final = 60
"""Of one picture of one applicant: each answer of 503 or 409 with `Retry-After` is followed."""

AGAIN: Final = frozenset({409, 429, 503})
CONTENT_TYPE: Final = "application/offset+octet-stream"
QUESTIONNAIRE: Final = {
    "has_held_passport": False,
    "reason": "new",
    "passport_kind": "electronic",
    "validity_years": 10,
    "purpose": "tourism",
}
CARD: Final = {"birth_place": "JAKARTA", "birth_date": "1990-02-05", "sex": "female", "full_name": "SARI CONTOH"}


@dataclass(frozen=True)
class Upload:
    """A document that was announced and waits for its bytes."""

    token: str
    path: str
    size_bytes: int


@dataclass(frozen=True)
class InventedApplicant:
    """An applicant who exists only for application."""

    account_id: str
    applicant_id: str
    messages: tuple[Message, Message]


def invented_applicants(count: int, application_public_key: str) -> list[InventedApplicant]:
    """So many confirmed applicants with their cards, sealed for the application service with this key."""
    box = SealedBox.for_recipient(application_public_key)
    made = []
    for number in range(count):
        account, applicant, person = (str(uuid.uuid4()) for _ in range(3))
        sealed = box.seal({**CARD, "nik": f"317401450290{number % 10_000:04d}"}, applicant)
        confirmed = ApplicantConfirmed(account_id=account, applicant_id=applicant, person_id=person)
        card = KeepIdentityCard(account_id=account, applicant_id=applicant, person_id=person, sealed=sealed)
        made.append(InventedApplicant(account, applicant, (confirmed, card)))
    return made


async def introduce(amqp_url: str, applicants: Sequence[InventedApplicant]) -> None:
    """Put what identity would say of them into application's queue."""
    async with await aio_pika.connect(amqp_url) as connection:
        channel = await connection.channel()
        await declare(channel)
        for applicant in applicants:
            for message in applicant.messages:
                said = _envelope(message, applicant.applicant_id)
                sent = aio_pika.Message(
                    said.to_bytes(), delivery_mode=aio_pika.DeliveryMode.PERSISTENT, timestamp=datetime.now(UTC)
                )
                await channel.default_exchange.publish(sent, topology.work_queue("application"))


async def announce(
    http: aiohttp.ClientSession,
    base: str,
    applicant: InventedApplicant,
    token: str,
    sizes: Sequence[int],
    media_type: str = "image/jpeg",
    requirements: Sequence[str] = ("ktp",),
) -> list[Upload]:
    """Open a draft and announce pictures of these sizes, one for each requirement; the newest of an item counts."""
    draft = await _command(http, "POST", f"{base}/v1/applications", token, {"applicant_id": applicant.applicant_id})
    path = f"{base}/v1/applications/{draft['application_id']}"
    await _command(http, "PUT", f"{path}/questionnaire", token, QUESTIONNAIRE)
    uploads = []
    for size, requirement in zip(sizes, requirements, strict=False):
        wanted = {
            "requirement": requirement,
            "file_name": "foto.jpg",
            "media_type": media_type,
            "size_bytes": size,
        }
        document = await _command(http, "POST", f"{path}/documents", token, wanted)
        uploads.append(Upload(token, f"{path}/documents/{document['document_id']}/content", size))
    return uploads


async def announce_again(
    http: aiohttp.ClientSession, upload: Upload, size_bytes: int, media_type: str, requirement: str = "ktp"
) -> Upload:
    """Announce one more picture in the same application."""
    path = upload.path.rsplit("/", 2)[0]
    wanted = {"requirement": requirement, "file_name": "foto", "media_type": media_type, "size_bytes": size_bytes}
    document = await _command(http, "POST", path, upload.token, wanted)
    return Upload(upload.token, f"{path}/{document['document_id']}/content", size_bytes)


async def send_parallel_pieces(
    http: aiohttp.ClientSession, upload: Upload, content: bytes, count: int = PARALLEL_PIECES
) -> Counter[int]:
    """Send the same piece at offset 0 so many times at once; the statuses that came back, 0 for a closed connection."""
    return Counter(await asyncio.gather(*(_send(http, upload, content, 0) for _ in range(count))))


async def send_pictures(
    http: aiohttp.ClientSession, uploads: Sequence[Upload], content: bytes, *, piece_bytes: int | None = None
) -> Counter[str]:
    """Send one picture for each upload, all at once, as an honest client does: what is put off is repeated.

    Gives how many ended in which state.
    """
    return Counter(await asyncio.gather(*(_send_patiently(http, each, content, piece_bytes) for each in uploads)))


def big_picture(megapixels: float, image_format: str = "JPEG", mode: str = "RGB", **words: Any) -> bytes:
    """A valid picture in the proportions of a telephone's, of a few hundred kilobytes."""
    height = int((megapixels * 1_000_000 * 3 / 4) ** 0.5)
    shade = Image.linear_gradient("L").resize((height * 4 // 3, height))
    picture = shade
    if mode == "RGB":
        flipped = shade.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        upside_down = shade.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
        picture = Image.merge("RGB", (shade, flipped, upside_down))
    written = io.BytesIO()
    picture.save(written, image_format, **words)
    return written.getvalue()


def padded_jpeg(content: bytes, size_bytes: int) -> bytes:
    """The same picture with comments behind its first marker, so that it weighs this much."""
    filler = bytearray()
    left = size_bytes - len(content)
    while left > 4:
        length = min(left, 65_535)
        filler += b"\xff\xfe" + (length - 2).to_bytes(2, "big") + b"." * (length - 4)
        left -= length
    return content[:2] + bytes(filler) + content[2:]


# ---- memory ----------------------------------------------------------------


@dataclass
class MemoryWatch:
    """Memory of a process with its children in MiB: at first, at most, and now; pages that they share count twice."""

    pid: int
    first_mib: float = 0.0
    most_mib: float = 0.0

    def now_mib(self) -> float:
        """Return the memory that they hold at this moment, in MiB."""
        return sum(resident_mib(each) for each in (self.pid, *children_of(self.pid)))

    @property
    def growth_mib(self) -> float:
        """From the beginning to the most."""
        return self.most_mib - self.first_mib


@asynccontextmanager
async def watch_memory(pid: int) -> AsyncIterator[MemoryWatch]:
    """Watch while the block runs, fifty times a second."""
    seen = MemoryWatch(pid)
    seen.first_mib = seen.most_mib = seen.now_mib()

    async def watch() -> None:
        while True:
            seen.most_mib = max(seen.most_mib, await asyncio.to_thread(seen.now_mib))
            await asyncio.sleep(SAMPLE_SECONDS)

    looking = asyncio.create_task(watch())
    try:
        yield seen
    finally:
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking


def resident_mib(pid: int) -> float:
    """The resident set of a process; 0 if it is gone."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / KIB
    return 0.0


def children_of(pid: int) -> list[int]:
    """The processes that it has started, in any of its threads."""
    found: list[int] = []
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with suppress(OSError):
                found += [int(each) for each in (task / "children").read_text().split()]
    return found


# ---- HTTP ------------------------------------------------------------------


async def _send(http: aiohttp.ClientSession, upload: Upload, content: bytes, offset: int) -> int:
    try:
        async with http.patch(upload.path, data=content, headers=_headers(upload, offset)) as answer:
            await answer.read()
            return answer.status
    except (aiohttp.ClientError, TimeoutError, OSError):
        return 0


async def _send_patiently(http: aiohttp.ClientSession, upload: Upload, content: bytes, piece_bytes: int | None) -> str:
    offset = 0
    said: str = "unfinished"
    for _ in range(TRIES):
        end = len(content) if piece_bytes is None else min(len(content), offset + piece_bytes)
        try:
            async with http.patch(upload.path, data=content[offset:end], headers=_headers(upload, offset)) as answer:
                told = await answer.json()
                if answer.status == 200:
                    offset, said = int(told["upload_offset"]), str(told["state"])
                    if said != "uploading":
                        return said
                    continue
                if answer.status not in AGAIN:
                    return str(answer.status)
                await asyncio.sleep(float(answer.headers.get("Retry-After", 1)))
        except (aiohttp.ClientError, TimeoutError, OSError):
            await asyncio.sleep(1)
        offset = await _offset(http, upload, offset)
    return said


async def _offset(http: aiohttp.ClientSession, upload: Upload, otherwise: int) -> int:
    with suppress(aiohttp.ClientError, TimeoutError, OSError, KeyError):
        async with http.head(upload.path, headers={"Authorization": f"Bearer {upload.token}"}) as answer:
            return int(answer.headers["Upload-Offset"])
    return otherwise


def _headers(upload: Upload, offset: int) -> dict[str, str]:
    return {
        "Authorization": f"Bearer {upload.token}",
        "Content-Type": CONTENT_TYPE,
        "Upload-Offset": str(offset),
    }


async def _command(http: aiohttp.ClientSession, method: str, url: str, token: str, body: Any) -> Any:
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": str(uuid.uuid4())}
    for _ in range(TRIES):
        async with http.request(method, url, json=body, headers=headers) as answer:
            told = await answer.json()
            if answer.status < 400:
                return told
            if answer.status not in AGAIN:
                raise RuntimeError(f"{method} {url.rsplit('/', 1)[-1]}: {answer.status} {told.get('code')}")
        await asyncio.sleep(0.5)
    raise RuntimeError(f"{method} {url}: still refused after {TRIES} tries")


def _envelope(message: Message, subject: str) -> Envelope:
    message_id = new_event_id()
    return Envelope(
        message_id,
        "/paspor/identity",
        subject,
        SystemClock().now(),
        message_id,
        message_id,
        make_traceparent(),
        1,
        message,
    )
