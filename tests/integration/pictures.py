"""Pictures of any size and kind, and an honest client that sends one with patience."""

from __future__ import annotations

import asyncio
import io
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

import aiohttp
import pillow_heif
from PIL import Image

from bench.attack_pictures import Applicant, send_piece

TRIES: Final = 60
"""Of one picture: an answer that puts it off, or none, is followed by another try."""

AGAIN: Final = frozenset({"409", "429", "503", "no"})
PAUSE_SECONDS: Final = 1.0


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
    if image_format == "HEIF":
        pillow_heif.register_heif_opener()
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


async def send_pictures(
    http: aiohttp.ClientSession, uploads: Sequence[tuple[Applicant, str]], content: bytes
) -> Counter[str]:
    """Send one picture to each announced place, all at once; how many ended in which state."""
    return Counter(await asyncio.gather(*(_send_patiently(http, who, url, content) for who, url in uploads)))


async def _send_patiently(http: aiohttp.ClientSession, applicant: Applicant, url: str, content: bytes) -> str:
    offset = 0
    for _ in range(TRIES):
        told = (await send_piece(http, url, applicant, offset, content[offset:])).split()
        if told[0] == "200" and told[1] != "uploading":
            return told[1]
        if told[0] != "200":
            if told[0] not in AGAIN:
                return told[0]
            await asyncio.sleep(PAUSE_SECONDS)
        with suppress(aiohttp.ClientError, TimeoutError, OSError, KeyError):
            async with http.head(url, headers=applicant.headers) as answer:
                offset = int(answer.headers["Upload-Offset"])
    return "unfinished"
