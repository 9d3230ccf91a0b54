"""Bad input over HTTP: uploads that lie, break off or are too large."""

from __future__ import annotations

import asyncio
import struct
import zlib
from collections.abc import Callable
from typing import Any, Final

import pytest

from tests.integration.bad_input.ground import Ground, good_bodies, raw_call, refused
from tests.unit.application.world import picture
from tests.walking import DAY_SECONDS, Citizen


def png(width: int, height: int) -> bytes:
    """A real PNG of one colour: few bytes, however many pixels."""
    packer = zlib.compressobj(9)
    row = b"\x00" + b"\xff" * ((width + 7) // 8)
    block, rest = row * 500, height
    data = []
    while rest > 0:
        data.append(packer.compress(block if rest >= 500 else row * rest))
        rest -= 500
    data.append(packer.flush())
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", b"".join(data)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, body) for name, body in chunks)


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def jpeg_that_says(width: int, height: int) -> bytes:
    """A JPEG whose head claims this size."""
    content = bytearray(picture())
    at = content.index(b"\xff\xc0") + 5
    content[at : at + 4] = struct.pack(">HH", height, width)
    return bytes(content)


LIES: Final[dict[str, tuple[str, Callable[[], bytes], str]]] = {
    "a page of HTML": ("image/jpeg", lambda: b"<html><script>alert(1)</script></html>" * 20, "not_a_picture"),
    "a program": ("image/png", lambda: b"\x7fELF" + bytes(2000), "not_a_picture"),
    "the head of a PDF": ("application/pdf", lambda: b"%PDF-1.7\n" + bytes(2000), "broken_picture"),
    "an animated GIF": ("image/png", lambda: picture(image_format="GIF"), "not_a_picture"),
    "only a beginning": ("image/jpeg", lambda: picture()[:2000], "broken_picture"),
    "a JPEG head with noise": ("image/jpeg", lambda: b"\xff\xd8\xff\xe0" + bytes(range(256)) * 20, "broken_picture"),
    "a decompression bomb": ("image/png", lambda: png(20_000, 20_000), "too_many_pixels"),
    "a picture that claims to be huge": ("image/jpeg", lambda: jpeg_that_says(65_000, 65_000), "too_many_pixels"),
    "a white page": ("image/png", lambda: png(1200, 1700), "one_tone"),
    "a stamp": ("image/jpeg", lambda: picture(120, 80), "too_small"),
}


@pytest.fixture(scope="module")
async def uploader(ground: Ground) -> Citizen:
    citizen = await ground.newcomer("uploading")
    await citizen.begin()
    await citizen.answer()
    return citizen


async def files_of(ground: Ground) -> list[str]:
    return list((await ground.suite.contents())["application/files"])


async def item_of(citizen: Citizen, code: str = "ktp") -> Any:
    return next(item for item in (await citizen.view())["requirements"] if item["code"] == code)


@pytest.mark.parametrize("lie", LIES)
async def test_an_upload_that_lies_leaves_nothing_behind(lie: str, uploader: Citizen, ground: Ground) -> None:
    media_type, make, reason = LIES[lie]
    content = make()
    before = await files_of(ground)
    path = await uploader.announce("ktp", len(content), media_type)
    reply = await uploader.send(path, content)
    assert (reply.status, reply["state"], reply["reason"]) == (200, "refused", reason), reply.raw
    assert reply["reason_text"].endswith(".") and reply["reason_text_id"].endswith(".")
    await ground.suite.settle()
    assert await files_of(ground) == before
    assert (await item_of(uploader))["state"] == "refused"
    refused(await uploader.call("application", "GET", path), 404, "not_found")
    async with ground.unchanged():
        assert (await uploader.send(path, content))["state"] == "refused"
        submission = {"confirmed_not_refundable": True}
        refused(
            await uploader.call("application", "POST", f"{uploader.application}/submission", submission),
            422,
            "items_missing",
        )


async def test_what_is_too_large_or_of_another_kind_is_refused_before_a_byte_is_sent(
    uploader: Citizen, ground: Ground
) -> None:
    good = good_bodies(ground.ids())["begin_upload"]
    path = f"{uploader.application}/documents"
    cases = [
        ({"size_bytes": 10 * 1024 * 1024 + 1}, "file_too_large", "/size_bytes"),
        ({"media_type": "image/svg+xml"}, "file_type_not_taken", "/media_type"),
        ({"requirement": "no_such_item"}, "document_not_asked", "/requirement"),
        ({"size_bytes": 0}, "malformed", "/size_bytes"),
        ({"file_name": "x" * 256}, "malformed", "/file_name"),
    ]
    async with ground.unchanged():
        for change, code, pointer in cases:
            reply = await uploader.call("application", "POST", path, {**good, **change})
            assert refused(reply, reply.status, code)["field"] == pointer
    edge = await uploader.call("application", "POST", path, {**good, "size_bytes": 10 * 1024 * 1024})
    assert edge.status == 201


async def test_more_bytes_than_announced_leave_nothing_behind(uploader: Citizen, ground: Ground) -> None:
    before, content = await files_of(ground), picture()
    path = await uploader.announce("ktp", len(content) - 10)
    reply = await uploader.send(path, content)
    assert (reply["state"], reply["reason"]) == ("refused", "longer_than_declared")
    assert await files_of(ground) == before


async def test_bytes_at_a_wrong_place_change_nothing(uploader: Citizen, ground: Ground) -> None:
    content = picture()
    path = await uploader.announce("ktp", len(content))
    await uploader.send(path, content[:1000])
    octets = {"Content-Type": "application/offset+octet-stream"}
    async with ground.unchanged():
        problem = refused(await uploader.send(path, content[5:], 5), 409, "wrong_offset")
        assert problem["upload_offset"] == 1000
        for header in ({}, {"Upload-Offset": "-1"}, {"Upload-Offset": "1e3"}, {"Upload-Offset": "9" * 30}):
            reply = await uploader.call("application", "PATCH", path, raw=b"x", headers={**octets, **header})
            assert refused(reply, 422, "malformed")["errors"][0]["pointer"] == "/Upload-Offset"
        wrong = {"Content-Type": "image/jpeg", "Upload-Offset": "1000"}
        refused(await uploader.call("application", "PATCH", path, raw=b"x", headers=wrong), 415)
        head = await uploader.call("application", "HEAD", path)
        assert head.headers["Upload-Offset"] == "1000"
    done = await uploader.send(path, content[1000:], 1000)
    assert done["state"] == "accepted"


async def test_a_broken_line_costs_one_piece_and_a_given_up_upload_leaves_nothing(
    uploader: Citizen, ground: Ground
) -> None:
    before, content = await files_of(ground), picture()
    path = await uploader.announce("ktp", len(content))
    half = len(content) // 2
    head = [
        f"PATCH {path} HTTP/1.1",
        "Host: localhost",
        f"Authorization: Bearer {uploader.token}",
        "Upload-Offset: 0",
        "Content-Type: application/offset+octet-stream",
        f"Content-Length: {len(content)}",
    ]
    sent = "\r\n".join([*head, "", ""]).encode() + content[:half]
    await raw_call(ground.suite.urls["application"], sent, cut=True)
    offset = await _offset_reached(uploader, path, half)
    assert 0 <= offset <= half
    assert (await item_of(uploader))["state"] in ("uploading", "accepted")
    await ground.suite.later(DAY_SECONDS + 60)
    view = await uploader.view()
    given_up = next(each for each in view["documents"] if each["document_id"] in path)
    assert (given_up["state"], given_up["reason"]) == ("refused", "upload_abandoned")
    assert set(await files_of(ground)) <= set(before)


async def _offset_reached(citizen: Citizen, path: str, half: int) -> int:
    """Where the upload stands once the service has seen that the line is broken."""
    for _ in range(200):
        offset = int((await citizen.call("application", "HEAD", path)).headers["Upload-Offset"])
        if offset == half:
            return offset
        await asyncio.sleep(0.01)
    return offset


async def test_no_rule_is_broken_by_any_of_this(ground: Ground) -> None:
    await ground.suite.settle()
    assert await ground.suite.broken_rules() == {}
    assert ground.suite.troubles == []
