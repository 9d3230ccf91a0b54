"""The stage of a benchmark: a suite with a data folder of its own, tokens for invented accounts, events on the bus."""

from __future__ import annotations

import shutil
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Protocol

import aio_pika
import aiohttp

from journeys.addresses import Addresses
from local_suite.home import home
from local_suite.parts import any_free_ports
from local_suite.suite import Suite
from shared.bus import topology
from shared.bus.amqp import declare
from shared.clock import SystemClock
from shared.context import make_traceparent
from shared.events.application import ApplicationSubmitted
from shared.events.envelope import Envelope
from shared.events.message import Message
from shared.ids import new_event_id
from shared.tokens import ALL_OFFICES, Caller, Role, TokenIssuer

OPEN_LIMITS: Final = {
    "PASPOR_RATE_FACTOR": "100000",
    "PASPOR_TRUSTED_PROXIES": "127.0.0.0/8",
    "PASPOR_LOG_LEVEL": "warning",
}
"""All guards stay on; the counts of rate limits are raised, because one machine plays everybody."""


class Running(Protocol):
    """A suite that runs, in this process (``local_suite.suite.Suite``) or in another one (``bench.target.Target``)."""

    @property
    def secrets(self) -> Mapping[str, str]:
        """By name, as its data folder holds them."""
        ...

    @property
    def mongo_url(self) -> str:
        """Where its database answers."""
        ...

    @property
    def amqp_url(self) -> str:
        """Where its broker answers."""
        ...

    def url(self, name: str) -> str:
        """Where a service or simulator answers HTTP."""
        ...


@asynccontextmanager
async def suite(
    *,
    extra: Mapping[str, Mapping[str, str]] | None = None,
    without: Sequence[str] = (),
    replicas: Mapping[str, int] | None = None,
) -> AsyncIterator[Suite]:
    """A running suite on new data and free ports; parts named in ``without`` are stopped once it is up."""
    folder = Path(tempfile.mkdtemp(prefix="paspor-bench-"))
    settings = {"*": OPEN_LIMITS, **(extra or {})}
    try:
        async with Suite(folder, any_free_ports(), extra=settings, replicas=replicas) as running:
            for name in without:
                await running.stop_part(name)
            yield running
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def keep(name: str, content: bytes) -> Path:
    """Keep what a run has published, so that it can be verified afterwards; gives where it lies."""
    place = home() / "bench" / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content)
    return place


def addresses(running: Running) -> Addresses:
    """Where the parts of a running suite answer."""
    names = ("identity", "application", "scheduling", "billing", "notification", "dukcapil", "simponi", "sms", "dpri")
    return Addresses(
        **{name: running.url(name) for name in (*names, "mail")}, staff_password=running.secrets["demo_staff_password"]
    )


def tokens(running: Running, account_ids: Iterable[str]) -> list[str]:
    """An applicant's access token for each account, signed with the suite's own key."""
    issuer = TokenIssuer(running.secrets["token_signing_key"], "paspor-identity", SystemClock())
    return [
        issuer.issue(Caller(account_id=item, role=Role.APPLICANT, session_id="bench"), 3600) for item in account_ids
    ]


def staff_token(running: Running, role: Role, office_id: str) -> str:
    """A member of staff's access token."""
    issuer = TokenIssuer(running.secrets["token_signing_key"], "paspor-identity", SystemClock())
    offices = (ALL_OFFICES,) if role is Role.TREASURER else ()
    caller = Caller("bench-staff", role, "bench", office_id, offices=offices)
    return issuer.issue(caller, 3600)


async def post(url: str, token: str, body: Mapping[str, Any]) -> Any:
    """Send one command and return its answer; RuntimeError where it is refused."""
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": str(uuid.uuid4())}
    async with aiohttp.ClientSession() as session, session.post(url, json=body, headers=headers) as answer:
        told = await answer.json()
        if answer.status >= 400:
            raise RuntimeError(f"{url}: {answer.status} {told}")
        return told


def submitted(count: int) -> list[ApplicationSubmitted]:
    """Submitted applications of as many accounts and persons."""
    return [
        ApplicationSubmitted(
            application_id=str(uuid.uuid4()),
            account_id=str(uuid.uuid4()),
            applicant_id=str(uuid.uuid4()),
            person_id=str(uuid.uuid4()),
            passport_kind="electronic",
            validity_years=10,
            reason="new",
            submitted_at=datetime.now(UTC),
        )
        for _ in range(count)
    ]


async def put_on_bus(
    running: Running, queue: str, events: Sequence[Message], *, subject: str = "application_id"
) -> None:
    """Put events straight into one service's queue, as if their owner had published them."""
    async with await aio_pika.connect(running.amqp_url) as connection:
        channel = await connection.channel()
        await declare(channel)
        for event in events:
            body = envelope(event, getattr(event, subject)).to_bytes()
            message = aio_pika.Message(
                body, delivery_mode=aio_pika.DeliveryMode.PERSISTENT, timestamp=datetime.now(UTC)
            )
            await channel.default_exchange.publish(message, topology.work_queue(queue))


def envelope(event: Message, subject: str) -> Envelope:
    """An event as its owner would send it."""
    event_id = new_event_id()
    return Envelope(
        event_id, "/paspor/bench", subject, SystemClock().now(), event_id, event_id, make_traceparent(), 1, event
    )
