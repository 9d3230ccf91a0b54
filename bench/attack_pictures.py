"""Uploads that want much memory: many pieces at once, many applicants at once, and the largest valid pictures."""

from __future__ import annotations

import asyncio
import functools
import io
import random
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
from PIL import Image

from bench import stage
from bench.checkout import Checkout
from bench.figures import Figure, Table
from bench.process_memory import Watched, watch_memory
from bench.target import start_target
from journeys.people import picture
from shared.crypto.sealed import SealedBox
from shared.events.application import KeepIdentityCard
from shared.events.identity import ApplicantConfirmed

PIECES: Final = 400
PIECE_BYTES: Final = 3 * 1024 * 1024
PICTURE_BYTES: Final = 8 * 1024 * 1024
"""Announced size of the picture whose first piece comes many times at once."""

APPLICANTS: Final = 400
MEBIBYTE: Final = 1024 * 1024
LARGEST_UPLOAD_BYTES: Final = 10 * MEBIBYTE
REPEATS: Final = 2
AT_ONCE: Final = 3
"""Citizens who send the same large picture at the same time."""

CALL_SECONDS: Final = 180.0
PATIENCE: Final = 60
"""Tries of a call before the attack, half a second apart."""

SETTLE_SECONDS: Final = 5.0
CHUNK_BYTES: Final = 512 * 1024
PHONE_SHAPE: Final = (6_528, 4_896)
"""32 megapixels, as phones make them."""

LARGEST_SHAPE: Final = (8_160, 6_120)
"""50 megapixels, as the usual cameras of the newest phones make them."""

GRAIN: Final = 32
"""A random pixel for so many real ones: the phone's picture gets about 2 MB."""

RESTING: Final = ("scheduling", "billing", "notification", "mail")
SETTINGS: Final = {"*": stage.OPEN_LIMITS}
ANSWERS: Final = {
    "has_held_passport": False,
    "reason": "new",
    "passport_kind": "electronic",
    "validity_years": 10,
    "purpose": "tourism",
}

CARD: Final = {
    "full_name": "SARI CONTOH LATIHAN",
    "birth_place": "JAKARTA",
    "birth_date": "1990-02-05",
    "sex": "female",
}
"""An invented person; each gets a number of their own."""


@dataclass(frozen=True)
class Applicant:
    """An invented applicant with a draft whose questionnaire is answered."""

    token: str
    address: str
    documents_url: str
    """Where their pictures are announced."""

    requirement: str

    @property
    def headers(self) -> dict[str, str]:
        """Of every call of theirs."""
        return {"Authorization": f"Bearer {self.token}", "X-Forwarded-For": self.address}


def large_picture(shape: tuple[int, int], *, seed: int = 6, grain: int = GRAIN, **how: Any) -> bytes:
    """A colour JPEG of this shape, the same for the same seed; ``how`` goes to Pillow's encoder."""
    chance = random.Random(seed)
    width, height = shape[0] // grain, shape[1] // grain
    small = Image.frombytes("RGB", (width, height), chance.randbytes(width * height * 3))
    buffer = io.BytesIO()
    small.resize(shape, Image.Resampling.BICUBIC).save(buffer, "JPEG", **{"quality": 82, **how})
    return buffer.getvalue()


@functools.cache
def pictures() -> dict[str, bytes]:
    """The pictures that are tried, by what they are. All are valid by the limits of the service's description."""
    made = {
        "32 MP colour": large_picture(PHONE_SHAPE),
        "32 MP colour, turned": large_picture(PHONE_SHAPE, exif=_turned()),
        "32 MP colour, progressive": large_picture(PHONE_SHAPE, progressive=True),
        "50 MP colour": large_picture(LARGEST_SHAPE),
        "50 MP colour, full chroma, progressive": large_picture(
            LARGEST_SHAPE, grain=40, quality=75, subsampling=0, progressive=True
        ),
    }
    return {name: content for name, content in made.items() if len(content) <= LARGEST_UPLOAD_BYTES}


def _turned() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 6  # a telephone held upright
    return exif


# -- pieces ----------------------------------------------------------------------------------------------------------


async def drive_pieces(checkout: Checkout, pieces: int = PIECES, applicants: int = APPLICANTS) -> Table:
    """Many pieces of one picture at once by one applicant, then one picture each by as many applicants."""
    one, one_answers, first = await _watched(checkout, 1, lambda people: _same_piece(people[0], pieces))
    each, each_answers, second = await _watched(checkout, applicants, _picture_each)
    rows = (
        (f"{pieces} pieces of one picture", *_memory(one), _said(one_answers)),
        (f"{applicants} applicants, one picture each", *_memory(each), _said(each_answers)),
    )
    return Table(
        title="Many pieces at once",
        method=(
            f"One applicant sends the first {PIECE_BYTES // MEBIBYTE} MiB of one picture {pieces} times at once; then "
            f"{applicants} applicants send a whole picture of {PIECE_BYTES // MEBIBYTE} MiB each at once, to a new "
            "suite. Memory is that of application's process and all its descendants (PSS), from before to the peak, "
            f"and {SETTLE_SECONDS:g} s afterwards."
        ),
        figures=(
            Figure("pieces.growth", one.growth, "MiB", target=64.0, less_is_better=True),
            Figure("pieces.growth_applicants", each.growth, "MiB", less_is_better=True),
            Figure("pieces.peak", max(one.peak, each.peak), "MiB", target=384.0, less_is_better=True, why=_LIMIT),
            Figure("pieces.restarts", float(first + second), "restarts", target=0.0, less_is_better=True),
        ),
        columns=("what", "before MiB", "peak MiB", "after MiB", "processes", "answers"),
        rows=rows,
    )


async def _watched(
    checkout: Checkout, applicants: int, attack: Callable[[Sequence[Applicant]], Awaitable[Counter[str]]]
) -> tuple[Watched, Counter[str], int]:
    """The attack on a new suite: application's memory meanwhile, the answers, and how often it was restarted."""
    async with start_target(checkout, settings=SETTINGS, without=RESTING) as target:
        people = await ready_applicants(target, applicants)
        async with watch_memory(target.pid("application"), SETTLE_SECONDS) as watched:
            answers = await attack(people)
        restarts = int((await target.read_state())["application"]["restarts"])
    return watched, answers, restarts


_LIMIT: Final = "the container of the compose deployment has 384 MiB"


async def _same_piece(applicant: Applicant, pieces: int) -> Counter[str]:
    return await send_same_piece(applicant, _bytes_of_picture(PIECE_BYTES), PICTURE_BYTES, pieces)


async def send_same_piece(applicant: Applicant, content: bytes, size: int, count: int = PIECES) -> Counter[str]:
    """Announce a picture of this size and send its first piece so many times at once; how often each answer came."""
    async with unlimited_session() as session:
        url = await announce_picture(session, applicant, size)
        return Counter(await asyncio.gather(*(send_piece(session, url, applicant, 0, content) for _ in range(count))))


async def _picture_each(people: Sequence[Applicant]) -> Counter[str]:
    content = _bytes_of_picture(PIECE_BYTES)
    async with unlimited_session() as session:
        limit = asyncio.Semaphore(16)

        async def announce(applicant: Applicant) -> str:
            async with limit:
                return await announce_picture(session, applicant, len(content))

        urls = await asyncio.gather(*(announce(item) for item in people))
        answers = await asyncio.gather(
            *(send_piece(session, url, each, 0, content) for url, each in zip(urls, people, strict=True))
        )
    return Counter(answers)


@functools.cache
def _bytes_of_picture(size: int) -> bytes:
    """A valid picture, padded behind its end to exactly this size, as cameras pad theirs."""
    return picture("KTP").ljust(size, b"\0")


# -- large pictures --------------------------------------------------------------------------------------------------


async def drive_picture(checkout: Checkout, repeats: int = REPEATS, at_once: int = AT_ONCE) -> Table:
    """Each large picture some times in turn, then by several citizens at once."""
    contents = await asyncio.to_thread(pictures)
    rows, peaks, broken, restarts = [], {}, 0, 0
    async with start_target(checkout, settings=SETTINGS, without=RESTING) as target:
        people = await ready_applicants(target, len(contents) * (repeats + at_once))
        for number, (name, content) in enumerate(contents.items()):
            await target.restart("application")
            own = people[number * (repeats + at_once) :]
            ordered = int(target.parts["application"]["restarts"])
            async with watch_memory(target.pid("application"), SETTLE_SECONDS) as watched:
                answers = Counter([await _upload(item, content) for item in own[:repeats]])
                several = (_upload(item, content) for item in own[repeats : repeats + at_once])
                answers += Counter(await asyncio.gather(*several))
            restarts += int((await target.read_state())["application"]["restarts"]) - ordered
            broken += sum(count for said, count in answers.items() if said.startswith(("5", "no answer")))
            peaks[name] = watched.peak
            rows.append((name, f"{len(content) / MEBIBYTE:.1f}", *_memory(watched), _said(answers)))
    first = next(iter(contents))
    return Table(
        title="Large pictures",
        method=(
            f"Pictures made from a seed are uploaded whole, {repeats} times in turn and then by {at_once} citizens at "
            "once, each kind to a service just started. Memory is that of application's process and all its "
            "descendants (PSS). An answer names the document's state, with the reason of a refusal."
        ),
        figures=(
            Figure("picture.phone_peak", peaks[first], "MiB", target=300.0, less_is_better=True, why=first),
            Figure("picture.largest_peak", max(peaks.values()), "MiB", target=300.0, less_is_better=True, why=_WORST),
            Figure("picture.broken", float(broken), "answers", target=0.0, less_is_better=True),
            Figure("picture.restarts", float(restarts), "restarts", target=0.0, less_is_better=True),
        ),
        columns=("picture", "MiB", "before MiB", "peak MiB", "after MiB", "processes", "answers"),
        rows=tuple(rows),
    )


_WORST: Final = "the worst of all kinds"


async def _upload(applicant: Applicant, content: bytes) -> str:
    """Upload one picture in pieces; the document's state at the end, or the answer that broke it off."""
    async with unlimited_session() as session:
        url = await announce_picture(session, applicant, len(content))
        said = ""
        for offset in range(0, len(content), CHUNK_BYTES):
            said = await send_piece(session, url, applicant, offset, content[offset : offset + CHUNK_BYTES])
            if not said.startswith("200"):
                return said
        return said


# -- calls -----------------------------------------------------------------------------------------------------------


async def ready_applicants(target: stage.Running, count: int) -> list[Applicant]:
    """Applicants with a draft each; application hears of them as if identity had told it."""
    told = [
        ApplicantConfirmed(account_id=str(uuid.uuid4()), applicant_id=str(uuid.uuid4()), person_id=str(uuid.uuid4()))
        for _ in range(count)
    ]
    box = SealedBox.for_recipient(target.secrets["application_key_pair"].split()[1])
    cards = [
        KeepIdentityCard(
            account_id=each.account_id,
            applicant_id=each.applicant_id,
            person_id=each.person_id,
            sealed=box.seal({**CARD, "nik": f"317401450290{number % 10_000:04d}"}, each.applicant_id),
        )
        for number, each in enumerate(told)
    ]
    await stage.put_on_bus(target, "application", [*told, *cards], subject="applicant_id")
    tokens = stage.tokens(target, (item.account_id for item in told))
    limit = asyncio.Semaphore(16)
    async with unlimited_session() as session:

        async def begin(number: int) -> Applicant:
            async with limit:
                address = f"10.6.{number // 250}.{number % 250 + 1}"
                return await _draft(session, target, tokens[number], address, told[number].applicant_id)

        return list(await asyncio.gather(*(begin(number) for number in range(count))))


async def _draft(
    session: aiohttp.ClientSession, target: stage.Running, token: str, address: str, applicant_id: str
) -> Applicant:
    base = f"{target.url('application')}/v1/applications"
    who = Applicant(token, address, "", "")
    begun = await _call(session, "POST", base, who, {"applicant_id": applicant_id})
    application_id = str(begun["application_id"])
    view = await _call(session, "PUT", f"{base}/{application_id}/questionnaire", who, ANSWERS)
    requirement = next(item["code"] for item in view["requirements"] if item["need"] == "required")
    return Applicant(token, address, f"{base}/{application_id}/documents", requirement)


async def announce_picture(
    session: aiohttp.ClientSession, applicant: Applicant, size: int, media_type: str = "image/jpeg"
) -> str:
    """Announce a picture of so many bytes; where its content goes."""
    body = {
        "requirement": applicant.requirement,
        "file_name": "picture.jpg",
        "media_type": media_type,
        "size_bytes": size,
    }
    document = await _call(session, "POST", applicant.documents_url, applicant, body)
    return f"{applicant.documents_url}/{document['document_id']}/content"


async def send_piece(session: aiohttp.ClientSession, url: str, who: Applicant, offset: int, content: bytes) -> str:
    """Send bytes; the status, with the document's state or the refusal's code."""
    headers = {**who.headers, "Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
    try:
        async with session.patch(url, data=content, headers=headers) as answer:
            said = await answer.json()
            state = said.get("state") or said.get("code") or ""
            reason = said.get("reason_code") or ""
            return f"{answer.status} {state} {reason}".strip()
    except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as trouble:
        return f"no answer: {type(trouble).__name__}"


async def _call(session: aiohttp.ClientSession, method: str, url: str, who: Applicant, body: dict[str, Any]) -> Any:
    """One call before the attack; repeated while the service is busy or has not heard of the applicant yet."""
    headers = {**who.headers, "Idempotency-Key": str(uuid.uuid4())}
    for _ in range(PATIENCE):
        async with session.request(method, url, json=body, headers=headers) as answer:
            said = await answer.json()
            if answer.status < 400:
                return said
            if said.get("code") not in ("not_known_yet", "unavailable", "too_many_calls"):
                break
        await asyncio.sleep(0.5)
    raise RuntimeError(f"{method} {url}: {answer.status} {said}")


def unlimited_session() -> aiohttp.ClientSession:
    """Connections without a limit: what comes at once must come at once."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(total=CALL_SECONDS)
    )


def _memory(watched: Watched) -> tuple[str, str, str, str]:
    return f"{watched.before:.0f}", f"{watched.peak:.0f}", f"{watched.after:.0f}", str(watched.processes)


def _said(answers: Counter[str]) -> str:
    return ", ".join(f"{count} x {said}" for said, count in sorted(answers.items()))
