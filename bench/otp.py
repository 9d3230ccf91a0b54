"""One-time codes: asking for one and proving one, through HTTP, with the throttle, the hash and the sealed command."""

from __future__ import annotations

import asyncio
import time
import uuid
from typing import Any, Final

import aio_pika
import aiohttp

from bench import stage
from bench.figures import Figure, Table
from bench.load import Tally
from local_suite.suite import Suite
from shared.bus import topology
from shared.crypto.sealed import Unsealer
from shared.events.envelope import Envelope
from shared.events.notification import SendOtp

CALLERS: Final = 32
CODES: Final = 3000
PREFETCH: Final = 500


async def measure(callers: int = CALLERS, codes: int = CODES) -> Table:
    """Create codes, then verify them, on a suite whose other services rest."""
    resting = ("application", "scheduling", "billing", "notification")
    async with stage.suite(without=resting) as running:
        created, challenge_ids = await _create(running, callers, codes)
        known = await _read_codes(running, len(challenge_ids))
        verified = await _verify(running, callers, known)
    return Table(
        title="One-time codes",
        method=(
            f"{callers} callers ask for {codes} codes for as many addresses (one write each: challenge, throttle and "
            "sealed command in the outbox, published by the relay), then prove them (code consumed, account opened, "
            "session begun, tokens signed). Only identity, MongoDB and RabbitMQ run; the bench opens the sealed "
            "commands as notification would."
        ),
        figures=(
            Figure("otp.create", codes / created.seconds, "1/s", target=500.0),
            Figure("otp.verify", len(known) / verified.seconds, "1/s", target=500.0),
            Figure("otp.create_p99", created.share_ms(0.99), "ms"),
            Figure("otp.verify_p99", verified.share_ms(0.99), "ms"),
        ),
    )


async def _create(running: Suite, callers: int, codes: int) -> tuple[Tally, list[str]]:
    url = f"{running.url('identity')}/v1/registrations"
    answers = await _post_all(callers, [(url, {"email": f"{uuid.uuid4().hex}@contoh.example"}) for _ in range(codes)])
    return answers[0], [answer["challenge_id"] for answer in answers[1]]


async def _read_codes(running: Suite, count: int) -> dict[str, str]:
    """Take the codes out of notification's command queue, with its private key."""
    unsealer = Unsealer([running.secrets["notification_key_pair"].split()[0]])
    codes: dict[str, str] = {}
    async with await aio_pika.connect(running.amqp_url) as connection:
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=PREFETCH)
        queue = await channel.get_queue(topology.command_queue("notification"))
        async with queue.iterator() as messages:
            async for message in messages:
                command = Envelope.from_bytes(message.body).data
                await message.ack()
                if isinstance(command, SendOtp):
                    codes[command.challenge_id] = unsealer.open_json(command.sealed, command.challenge_id)["code"]
                if len(codes) == count:
                    break
    return codes


async def _verify(running: Suite, callers: int, codes: dict[str, str]) -> Tally:
    base = f"{running.url('identity')}/v1/challenges"
    calls = [(f"{base}/{each}/verification", {"code": code}) for each, code in codes.items()]
    return (await _post_all(callers, calls))[0]


async def _post_all(callers: int, calls: list[tuple[str, dict[str, str]]]) -> tuple[Tally, list[Any]]:
    tally, answers, left = Tally(), [], iter(enumerate(calls))
    connector = aiohttp.TCPConnector(limit=callers)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def caller() -> None:
            for number, (url, body) in left:
                begun = time.perf_counter()
                headers = {
                    "Idempotency-Key": str(uuid.uuid4()),
                    "X-Forwarded-For": f"10.2.{number // 250 % 250}.{number % 250}",
                }
                async with session.post(url, json=body, headers=headers) as answer:
                    if answer.status >= 400:
                        raise RuntimeError(f"{url}: {answer.status} {await answer.text()}")
                    answers.append(await answer.json())
                tally.took("call", time.perf_counter() - begun)

        begun = time.perf_counter()
        await asyncio.gather(*(caller() for _ in range(callers)))
        tally.seconds = time.perf_counter() - begun
    return tally, answers
