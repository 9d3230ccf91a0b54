"""What attackers and honest telephones do to the memory of application, measured on its real process and its children.

The twins run the same attack on a process with one guard taken off (`tests.integration.unguarded`) and see the fault.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bench.attack_pictures import PIECES, Applicant, announce_picture, ready_applicants, send_same_piece
from bench.process_memory import Watched, process_tree, watch_memory
from local_suite.home import PROJECT
from local_suite.ports import free_port
from local_suite.service_process import ENVIRONMENT
from shared.clock import SystemClock
from shared.crypto.sealed import new_keypair
from shared.tokens import TokenIssuer, new_signing_key_pem
from tests.integration.pictures import big_picture, padded_jpeg, send_pictures
from tests.scale import ALL_PICTURES, MEMORY_APPLICANTS
from tests.unit.application.world import key

MIB: Final = 1024 * 1024
MOST_GROWTH_MIB: Final = 64
MOST_WITH_A_PICTURE_MIB: Final = 300
READY_SECONDS: Final = 60
CALL_SECONDS: Final = 180
CONNECTIONS: Final = 500
UNGUARDED: Final = "tests.integration.unguarded"


@dataclass
class Running:
    """The application service as a process, with applicants that it knows."""

    base: str
    pid: int
    http: aiohttp.ClientSession
    mongo_url: str
    amqp_url: str
    secrets: dict[str, str]
    applicants: list[Applicant] = field(default_factory=list)

    def url(self, name: str) -> str:
        """Application is the only service that is asked."""
        assert name == "application"
        return self.base

    async def announce(self, count: int, size_bytes: int) -> list[tuple[Applicant, str]]:
        """One picture each for so many applicants who have sent none."""
        chosen, self.applicants = self.applicants[:count], self.applicants[count:]
        limit = asyncio.Semaphore(16)

        async def announce_one(applicant: Applicant) -> tuple[Applicant, str]:
            async with limit:
                return applicant, await announce_picture(self.http, applicant, size_bytes)

        return list(await asyncio.gather(*(announce_one(applicant) for applicant in chosen)))


def _settings(port: int, without: str) -> dict[str, str]:
    """The settings of a service with a database of its own; ``without`` names the guard that a twin leaves out."""
    return {
        **os.environ,
        **ENVIRONMENT,
        "PASPOR_ENVIRONMENT": "test",
        "PASPOR_DATABASE": f"test_{uuid.uuid4().hex[:12]}",
        "PASPOR_MASTER_KEYS": key("k1", 1),
        "PASPOR_FINGERPRINT_KEYS": key("k1", 2),
        "PASPOR_HTTP_PORT": str(port),
        "PASPOR_RATE_FACTOR": "1000",
        "PASPOR_LOG_LEVEL": "warning",
        "PASPOR_TEST_WITHOUT": without,
    }


@asynccontextmanager
async def application(
    mongo_url: str,
    amqp_url: str,
    log: Path,
    *,
    applicants: int,
    module: str = "services.application",
    without: str = "",
) -> AsyncIterator[Running]:
    """The real service on real servers, with so many confirmed applicants."""
    signing_key = new_signing_key_pem()
    issuer = TokenIssuer(signing_key, "paspor-identity", SystemClock())

    async def keys(_request: web.Request) -> web.Response:
        return web.json_response(issuer.jwks())

    own = web.Application()
    own.router.add_get("/jwks.json", keys)
    ours, notification = new_keypair(), new_keypair()
    async with (
        TestServer(own) as identity,
        aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(CALL_SECONDS), connector=aiohttp.TCPConnector(limit=CONNECTIONS)
        ) as http,
    ):
        port = free_port()
        servers = {"PASPOR_MONGO_URL": mongo_url, "PASPOR_AMQP_URL": amqp_url}
        keys_of = {
            "PASPOR_SEALING_PRIVATE_KEYS": ours.private_key_b64,
            "PASPOR_NOTIFICATION_SEALING_PUBLIC_KEY": notification.public_key_b64,
            "PASPOR_JWKS_URL": str(identity.make_url("/jwks.json")),
        }
        environment = {**_settings(port, without), **servers, **keys_of}
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", module, cwd=PROJECT, env=environment, stdout=output, stderr=output
            )
        try:
            base = f"http://127.0.0.1:{port}"
            await _until_ready(http, base)
            secrets = {
                "token_signing_key": signing_key,
                "application_key_pair": f"{ours.private_key_b64} {ours.public_key_b64}",
            }
            running = Running(base, process.pid, http, mongo_url, amqp_url, secrets)
            running.applicants = await ready_applicants(running, applicants)
            yield running
            assert process.returncode is None, "the service has ended"
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()


async def _until_ready(http: aiohttp.ClientSession, base: str) -> None:
    async with asyncio.timeout(READY_SECONDS):
        while True:
            try:
                async with http.get(f"{base}/health/ready") as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.1)


async def warm(running: Running) -> None:
    """One picture before anything is measured: what is loaded once is no growth."""
    content = big_picture(2)
    [upload] = await running.announce(1, len(content))
    assert await send_pictures(running.http, [upload], content) == {"accepted": 1}


def told(name: str, seen: Watched, more: object = "") -> None:
    """For a person who reads the run."""
    sys.stderr.write(f"\n{name}: {seen.before:.0f} MiB at first, {seen.peak:.0f} at most {more}\n")


async def parallel_pieces(running: Running, size_bytes: int) -> Watched:
    await warm(running)
    content = padded_jpeg(big_picture(2), size_bytes)
    applicant = running.applicants.pop()
    async with watch_memory(running.pid) as seen:
        answers = await send_same_piece(applicant, content, len(content))
    told(f"{PIECES} parallel pieces of {size_bytes} bytes", seen, dict(answers))
    return seen


@pytest.mark.parametrize("size_bytes", [MIB, 3 * MIB], ids=["whole", "in pieces"])
async def test_parallel_pieces_of_one_picture_take_little_memory(
    mongo_url: str, amqp_url: str, tmp_path: Path, size_bytes: int
) -> None:
    async with application(mongo_url, amqp_url, tmp_path / "log", applicants=2) as running:
        seen = await parallel_pieces(running, size_bytes)
        assert seen.growth <= MOST_GROWTH_MIB


async def test_twin_without_budget_and_turns_parallel_pieces_take_far_more(
    mongo_url: str, amqp_url: str, tmp_path: Path
) -> None:
    async with application(
        mongo_url, amqp_url, tmp_path / "log", applicants=2, module=UNGUARDED, without="bodies"
    ) as running:
        seen = await parallel_pieces(running, MIB)
        assert seen.growth > MOST_GROWTH_MIB


async def test_four_hundred_applicants_with_a_picture_each_take_little_memory_and_all_succeed(
    mongo_url: str, amqp_url: str, tmp_path: Path
) -> None:
    """Four hundred in the long form, a hundred in the short one."""
    async with application(mongo_url, amqp_url, tmp_path / "log", applicants=MEMORY_APPLICANTS + 1) as running:
        await warm(running)
        content = padded_jpeg(big_picture(0.2), 400 * 1024)
        uploads = await running.announce(MEMORY_APPLICANTS, len(content))
        async with watch_memory(running.pid) as seen:
            ends = await send_pictures(running.http, uploads, content)
        told(f"{MEMORY_APPLICANTS} applicants", seen, dict(ends))
        assert ends == {"accepted": MEMORY_APPLICANTS}
        assert seen.growth <= MOST_GROWTH_MIB


PICTURES: Final[dict[str, tuple[float, str, dict[str, Any], str]]] = {
    "12 MP JPEG": (12, "JPEG", {"quality": 85}, "accepted"),
    "32 MP JPEG": (32, "JPEG", {"quality": 85}, "accepted"),
    "32 MP JPEG, progressive": (32, "JPEG", {"quality": 85, "progressive": True}, "accepted"),
    "40 MP JPEG": (39.99, "JPEG", {"quality": 85}, "accepted"),
    "50 MP JPEG": (50, "JPEG", {"quality": 85}, "accepted"),
    "50 MP JPEG, progressive": (50, "JPEG", {"quality": 85, "progressive": True}, "refused"),
    "12 MP HEIF": (12, "HEIF", {"quality": 60}, "accepted"),
    "10 MP AVIF": (9.9, "AVIF", {"speed": 10}, "accepted"),
    "6 MP WEBP": (6.4, "WEBP", {"method": 0}, "accepted"),
    "20 MP PNG": (20, "PNG", {"compress_level": 1}, "accepted"),
    "32 MP PNG": (32, "PNG", {"compress_level": 1}, "refused"),
}
SHORT_FORM: Final = ("32 MP JPEG, progressive", "50 MP JPEG", "20 MP PNG", "32 MP PNG", "12 MP HEIF")
"""The pictures that need the most memory of those that are taken, and the first that is refused for its size."""

SENT: Final = {name: picture for name, picture in PICTURES.items() if ALL_PICTURES or name in SHORT_FORM}


async def test_the_largest_valid_pictures_stay_far_below_the_container(
    mongo_url: str, amqp_url: str, tmp_path: Path
) -> None:
    async with application(mongo_url, amqp_url, tmp_path / "log", applicants=1) as running:
        [applicant] = running.applicants
        for name, (megapixels, image_format, words, end) in SENT.items():
            content = big_picture(megapixels, image_format, **words)
            if image_format == "JPEG":
                content = padded_jpeg(content, 2 * MIB)
            media_type = f"image/{image_format.lower()}"
            url = await announce_picture(running.http, applicant, len(content), media_type)
            async with watch_memory(running.pid) as seen:
                ends = await send_pictures(running.http, [(applicant, url)], content)
            told(name, seen, dict(ends))
            assert ends == {end: 1}, name
            assert seen.peak <= MOST_WITH_A_PICTURE_MIB, name


async def test_twin_a_large_picture_decoded_whole_in_the_service_goes_over_the_limit(
    mongo_url: str, amqp_url: str, tmp_path: Path
) -> None:
    async with application(
        mongo_url, amqp_url, tmp_path / "log", applicants=1, module=UNGUARDED, without="processes"
    ) as running:
        content = padded_jpeg(big_picture(39.99, quality=85), 2 * MIB)
        [upload] = await running.announce(1, len(content))
        async with watch_memory(running.pid) as seen:
            assert await send_pictures(running.http, [upload], content) == {"accepted": 1}
        told("40 MP, decoded whole in the service", seen)
        assert seen.peak > MOST_WITH_A_PICTURE_MIB


async def test_a_killed_worker_is_no_restart_of_the_service(mongo_url: str, amqp_url: str, tmp_path: Path) -> None:
    async with application(mongo_url, amqp_url, tmp_path / "log", applicants=3) as running:
        await warm(running)
        [worker] = process_tree(running.pid)[1:]
        os.kill(worker, signal.SIGKILL)
        content = big_picture(2)
        uploads = await running.announce(1, len(content))
        assert await send_pictures(running.http, uploads, content) == {"accepted": 1}
