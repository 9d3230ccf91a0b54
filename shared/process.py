"""One service's process: from settings to a server that answers, listens, publishes, keeps deadlines, and back down."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import resource
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final, NoReturn, TypeVar

import structlog

from shared.bus.amqp import AmqpBus
from shared.bus.dispatch import Dispatcher
from shared.bus.relay import Relay
from shared.clock import SystemClock
from shared.crypto.fingerprints import Fingerprints
from shared.deadlines import COUNT_PARKED_SECONDS, DeadlineFigures, DeadlineWorker
from shared.events.envelope import SCHEMAS_PATH
from shared.files.gridfs import GridFsFiles
from shared.http.app import build_app
from shared.http.metrics import Metrics
from shared.http.options import CONNECTIONS
from shared.http.rate_limit import InProcessRateLimiter, RateLimiter, SharedRateLimiter
from shared.http.server import serve
from shared.ids import RandomIds
from shared.logs import configure_logs
from shared.memory_return import TRIM_SECONDS, MemoryReturn
from shared.person_keys.keys import PersonKeys
from shared.person_keys.mongo import KEYS_SUFFIX, MongoKeyTable
from shared.randomness import SystemRandomness
from shared.service import Chore, Parts, Platform
from shared.settings import ServiceSettings, SettingsWrong
from shared.shared_limits import COUNT, SharedCounts
from shared.store.driver import connect, database, disconnect
from shared.store.mongo import MongoStore
from shared.store.port import StoreUnavailable
from shared.tokens import JwksCache, TokenVerifier

log = structlog.get_logger()

SettingsT = TypeVar("SettingsT", bound=ServiceSettings)
Assemble = Callable[[SettingsT, Platform], Parts]

GARBAGE_THRESHOLDS: Final = (20_000, 20, 20)
"""Allocations between looks at young, middle and old objects."""

OPEN_FILES: Final = 2 * CONNECTIONS
"""All connections that the HTTP layer lets in, as many of proxies, and those to the store, the broker and agencies."""

STORE_RETRY_SECONDS: Final = 0.5
"""Between tries to reach the store at the start."""


def main(settings_class: type[SettingsT], assemble: Assemble[SettingsT]) -> NoReturn:
    """Run the service until TERM or Ctrl-C; exit status 2 with one message if the settings are wrong."""
    try:
        settings = settings_class.load()
    except SettingsWrong as wrong:
        sys.stderr.write(f"{wrong}\n")
        sys.exit(2)
    configure_logs(settings.service_name, settings.log_level)
    asyncio.run(run(settings, assemble))
    sys.exit(0)


async def run(settings: SettingsT, assemble: Assemble[SettingsT], stop: asyncio.Event | None = None) -> None:
    """Run the service until ``stop`` is set (by TERM and Ctrl-C too), then drain and leave nothing half-sent."""
    stop = stop or asyncio.Event()
    _stop_on_signals(stop)
    client = connect(settings.mongo_url)
    try:
        process = _Process(settings, client, assemble)
        await process.run(stop)
    finally:
        await disconnect(client)


class _Process:
    """The running parts of one service, in the order in which they start and the reverse in which they end."""

    def __init__(self, settings: SettingsT, client: Any, assemble: Assemble[SettingsT]) -> None:
        self._settings = settings
        self._clock = SystemClock()
        data = database(client, settings.database)
        self._store = MongoStore(data, settings.service_name)
        master_keys = settings.master_keyring()
        self._key_table = MongoKeyTable(database(client, settings.database + KEYS_SUFFIX))
        person_keys = PersonKeys(self._key_table, master_keys, self._clock, settings.service_name)
        self._files = GridFsFiles(data, master_keys, self._clock, person_keys)
        platform = Platform(self._store, self._files, self._clock, RandomIds(), SystemRandomness(), person_keys)
        self._parts = parts = assemble(settings, platform)
        schemas_url = settings.public_url.rstrip("/") + SCHEMAS_PATH
        dispatcher = Dispatcher(parts.events, parts.commands)
        self._bus = AmqpBus(settings.amqp_url, parts.name, dispatcher, schemas_url=schemas_url, room=parts.room)
        self._relay = Relay(self._store, parts.kinds, self._bus, self._clock)
        owner = f"{socket.gethostname()}:{os.getpid()}"
        self._figures = DeadlineFigures(parts.name)
        self._deadlines = DeadlineWorker(
            self._store, parts.kinds, parts.deadlines, self._clock, owner, figures=self._figures
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Start, serve until stopped, drain."""
        if not await _or_stopped(self._prepare_store(), stop):
            return
        self._store.on_written = self._on_written
        _collect_garbage_rarely()
        _allow_open_files()
        background = [asyncio.create_task(job) for job in self._jobs()]
        try:
            await self._serve(stop)
            await asyncio.gather(
                self._bus.stop_consuming(self._settings.shutdown_seconds),
                self._deadlines.stop(self._settings.shutdown_seconds),
            )
        finally:
            for task in background:
                task.cancel()
            await asyncio.gather(*background, return_exceptions=True)
            if self._parts.close is not None:
                await self._parts.close()

    def _on_written(self, kind: Any, envelopes: Any, due_at: Any) -> None:
        self._relay.nudge(kind, envelopes)
        self._deadlines.nudge(due_at, kind)

    def _jobs(self) -> list[Coroutine[Any, Any, None]]:
        counting = Chore("count_parked", COUNT_PARKED_SECONDS, self._deadlines.count_parked)
        giving_back = Chore("give_memory_back", TRIM_SECONDS, MemoryReturn().run)
        chores = [_again_and_again(chore, self._clock) for chore in (*self._parts.chores, counting, giving_back)]
        return [self._bus.run(), self._relay.run(), self._deadlines.run(), *chores]

    async def _prepare_store(self) -> None:
        away = False
        while True:
            try:
                await self._store.prepare(self._parts.kinds)
                await self._files.prepare()
                await self._key_table.prepare()
                if self._parts.start is not None:
                    await self._parts.start()
                return
            except StoreUnavailable as trouble:
                (log.debug if away else log.warning)("store_unreachable", reason=str(trouble))
                away = True
                await asyncio.sleep(STORE_RETRY_SECONDS)

    async def _serve(self, stop: asyncio.Event) -> None:
        settings = self._settings
        keys = self._parts.token_keys or JwksCache.from_url(settings.jwks_url, self._clock)
        metrics = Metrics(self._parts.name)
        for figure in (*self._parts.figures, *self._figures.collectors):
            metrics.registry.register(figure)
        app = build_app(
            self._parts.endpoints,
            service_name=self._parts.name,
            verifier=TokenVerifier(
                keys,
                self._clock,
                issuer=settings.token_issuer,
                audience=settings.token_audience,
                without_audience_until=settings.tokens_without_audience_until,
            ),
            clock=self._clock,
            options=settings.http_options(),
            readiness={"mongodb": self._mongodb_state, "rabbitmq": self._rabbitmq_state},
            invariants=self._parts.invariants,
            metrics=metrics,
            limiter=self._limiter(),
            sessions=self._parts.sessions,
            changes=self._store,
            docs=settings.serves_docs,
            trial=not settings.is_production,
        )
        app[self._parts.key] = self._parts.service
        log.info("serving", host=settings.http_host, port=settings.http_port)
        await serve(app, settings.http_host, settings.http_port, stop, settings.shutdown_seconds)

    def _limiter(self) -> RateLimiter:
        """Counts calls; together with the other replicas where the service keeps counts in its store."""
        own = InProcessRateLimiter()
        if COUNT not in self._parts.kinds:
            return own
        return SharedRateLimiter(own, SharedCounts(self._store, Fingerprints(self._settings.fingerprint_keyring())))

    async def _mongodb_state(self) -> str | None:
        try:
            await self._store.ping()
        except StoreUnavailable as trouble:
            return str(trouble)
        return None

    async def _rabbitmq_state(self) -> str | None:
        return None if self._bus.connected else "not connected; it is being tried"


def _collect_garbage_rarely() -> None:
    """Leave what the start has built out of every later collection, and look at the young less often.

    Requests free nearly all they make by reference counts; the default looks at the whole heap every few of them.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE_THRESHOLDS)


def _allow_open_files() -> None:
    """Raise this process's own limit of open files as far as it may: a connection is one of them.

    Many systems begin with 1,024. What is missing then is told: beyond it no connection can be accepted.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    if wanted < OPEN_FILES:
        log.warning("few_open_files", limit=wanted, wanted=OPEN_FILES)


async def _again_and_again(chore: Chore, clock: SystemClock) -> None:
    while True:
        try:
            await chore.run()
        except StoreUnavailable as trouble:
            log.warning("chore_waits", chore=chore.name, reason=str(trouble))
        except Exception:
            log.exception("chore_failed", chore=chore.name)
        await clock.sleep(chore.every_seconds)


async def _or_stopped(work: Awaitable[None], stop: asyncio.Event) -> bool:
    """Whether the work ended before the stop came."""
    working, stopping = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    try:
        done, _ = await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if working in done:
            working.result()
            return True
        return False
    finally:
        for task in (working, stopping):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await task


def _stop_on_signals(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
            loop.add_signal_handler(number, stop.set)
