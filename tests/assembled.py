"""The five services put together in memory, for tests of what all of them promise.

`assemble(clock)` gives each service's parts on stores and files in memory, with keys that fit together and agencies
that do as they are told. `Suite` adds what processes do: messages are carried, deadlines are kept, endpoints are served
on loopback.
"""

from __future__ import annotations

import asyncio
import base64
import json
import random
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from services.application import app as application_app
from services.billing import app as billing_app
from services.identity import app as identity_app
from services.notification import app as notification_app
from services.notification.config import Settings as NotificationSettings
from services.scheduling import app as scheduling_app
from shared.bus.dispatch import Dispatcher, Outcome
from shared.clock import Clock
from shared.crypto.sealed import Unsealer
from shared.deadlines import DeadlineWorker
from shared.events.envelope import Envelope
from shared.events.subscriptions import SERVICES, SUBSCRIBERS
from shared.files.memory import MemoryChunks, MemoryFiles
from shared.http.app import build_app
from shared.http.options import HttpOptions
from shared.http.server import serve
from shared.ids import SeededIds
from shared.person_keys.keys import PersonKeys
from shared.person_keys.memory import MemoryKeyTable
from shared.randomness import SeededRandomness
from shared.service import Parts, Platform
from shared.sessions import SessionCheck
from shared.store.kinds import Kind
from shared.store.memory import MemoryStore
from shared.store.port import Store
from shared.tokens import ALL_OFFICES, Caller, Role, StaticKeys, TokenIssuer, TokenVerifier
from tests.papers import PlainPapers
from tests.treasury import SimulatedTreasury
from tests.unit.application import world as application_world
from tests.unit.billing import world as billing_world
from tests.unit.identity import world as identity_world
from tests.unit.notification.world import FakeChannel
from tests.unit.scheduling import world as scheduling_world

OFFICE: Final = scheduling_world.SOUTH.office_id
OTHER_OFFICE: Final = scheduling_world.NORTH.office_id
CALLBACK_SECRET: Final = "invented-simponi-key"
RECEIPT_SECRET: Final = "invented-receipt-key"
YEAR_SECONDS: Final = 366 * 86400
MOST_ROUNDS: Final = 200
LATER: Final = datetime(2100, 1, 1, tzinfo=UTC)


MINTED: Final = "session-"
"""With what the names of sessions begin whose tokens tests make themselves: identity knows nothing of them."""


class MintedOrLive:
    """Believes the tokens that tests make; asks the service's own check about all others."""

    def __init__(self, check: SessionCheck | None) -> None:
        self._check = check

    async def refuse_ended(self, caller: Caller) -> None:
        """Return if the session was made up by a test, or lives."""
        if self._check is not None and not caller.session_id.startswith(MINTED):
            await self._check.refuse_ended(caller)


def session_of(token: str) -> str:
    """The session that a token belongs to; the token is not verified."""
    claims = token.split(".")[1]
    session: str = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["sid"]
    return session


@dataclass
class Agencies:
    """Everybody outside, in memory."""

    clock: Any
    registry: identity_world.Registry = field(default_factory=identity_world.Registry)
    mailer: FakeChannel = field(default_factory=FakeChannel)
    sms: FakeChannel = field(default_factory=FakeChannel)
    dpri: application_world.TheDpri = field(default_factory=application_world.TheDpri)
    books: application_world.TheBooks = field(default_factory=application_world.TheBooks)
    writer: application_world.TheWriter = field(default_factory=application_world.TheWriter)

    def __post_init__(self) -> None:
        self.simponi = billing_world.FakeSimponi(self.clock)
        self.treasury = SimulatedTreasury(self.clock)

    def newest_code(self, *, by_sms: bool = False) -> str:
        """The one-time code in the newest message."""
        message = (self.sms if by_sms else self.mailer).taken[-1]
        found = re.search(r"(?<!\d)\d{6}(?!\d)", message.text if by_sms else message.body)
        assert found is not None, message
        return found.group(0)


@dataclass(frozen=True)
class Assembled:
    """One service, and what it keeps."""

    parts: Parts
    store: Any
    files: MemoryFiles
    settings: Any
    key_table: MemoryKeyTable
    keys: PersonKeys

    @property
    def kinds(self) -> list[Kind[Any]]:
        """The kinds that speak and listen."""
        return [kind for kind in self.parts.kinds if not kind.bare]


def assemble(
    clock: Clock, agencies: Agencies | None = None, *, store_of: Callable[[str], Store] = MemoryStore, **changes: Any
) -> dict[str, Assembled]:
    """The five services by name, each on the store of that name. ``changes`` are settings of any of them."""
    settings = some_settings(**changes)
    return build_all(clock, agencies or Agencies(clock), settings, {name: Ground(store_of(name)) for name in SERVICES})


@dataclass
class Ground:
    """What outlives a service's process."""

    store: Any
    chunks: MemoryChunks = field(default_factory=MemoryChunks)
    key_table: MemoryKeyTable = field(default_factory=MemoryKeyTable)
    starts: int = 0

    def seed(self, name: str) -> str:
        """Of ids and chance: another one for each process, or the next would give ids that are taken."""
        return f"{name}{self.starts or ''}"


def build_all(
    clock: Clock,
    agencies: Agencies,
    settings: Mapping[str, Any],
    grounds: Mapping[str, Ground],
    keys: type[PersonKeys] = PersonKeys,
) -> dict[str, Assembled]:
    """The five services with these settings, each on what an earlier process left."""
    builders: dict[str, Callable[[Platform, Any], Parts]] = {
        "identity": lambda at, settings: identity_app.build(
            settings, at, dukcapil=agencies.registry, password_hasher=identity_world.FAST_HASHER
        ),
        "application": lambda at, settings: application_app.build(
            settings, at, dpri=agencies.dpri, writer=agencies.writer, earlier_books=agencies.books
        ),
        "scheduling": lambda at, settings: scheduling_app.build(
            settings,
            at,
            offices=[scheduling_world.SOUTH, scheduling_world.NORTH],
            templates=scheduling_world.weekly(scheduling_world.plan(4)),
        ),
        "billing": lambda at, settings: billing_app.build(
            settings, at, simponi=agencies.simponi, treasury=agencies.treasury
        ),
        "notification": lambda at, settings: notification_app.build(
            settings, at, mailer=agencies.mailer, sms=agencies.sms, typesetter=PlainPapers()
        ),
    }
    return {name: _built(grounds[name], name, clock, settings[name], builders[name], keys) for name in SERVICES}


def some_settings(**changes: Any) -> dict[str, Any]:
    """Each service's settings; what is sealed for a service can be opened by it."""
    keys = {
        "sealing_private_keys": identity_world.NOTIFICATION.private_key_b64,
        "sms_secret": "invented-sms-key",
        "sms_callback_secret": RECEIPT_SECRET,
    }
    common = {name: getattr(identity_world.make_settings(), name) for name in ("environment", "mongo_url", "amqp_url")}
    keyrings = {name: identity_world.key("k1", 3) for name in ("master_keys", "fingerprint_keys")}
    return {
        "identity": identity_world.make_settings(**changes),
        "application": application_world.make_settings(
            sealing_private_keys=identity_world.APPLICATION.private_key_b64,
            notification_sealing_public_key=identity_world.NOTIFICATION.public_key_b64,
            **changes,
        ),
        "scheduling": scheduling_world.settings(**changes),
        "billing": billing_world.some_settings(simponi_callback_secrets=f"k1:{CALLBACK_SECRET}", **changes),
        "notification": NotificationSettings.load(**{**common, **keyrings, **keys, **changes}),
    }


def _built(
    ground: Ground,
    name: str,
    clock: Clock,
    settings: Any,
    build: Callable[[Platform, Any], Parts],
    keys_of: type[PersonKeys],
) -> Assembled:
    master_keys = settings.master_keyring()
    keys = keys_of(ground.key_table, master_keys, clock, name)
    files = MemoryFiles(master_keys, clock, keys)
    files._table = ground.chunks
    store = ground.store
    seed = ground.seed(name)
    platform = Platform(store, files, clock, SeededIds(random.Random(seed)), SeededRandomness(seed), keys)
    return Assembled(build(platform, settings), store, files, settings, ground.key_table, keys)


class Suite:
    """All five at work on one clock that hurries: nothing waits for real time."""

    def __init__(
        self, start: datetime | None = None, *, store_of: Callable[[str], Store] = MemoryStore, **changes: Any
    ) -> None:
        self.clock = application_world.HurryingClock(start or scheduling_world.START)
        self.agencies = Agencies(self.clock)
        self.services = assemble(self.clock, self.agencies, store_of=store_of, **changes)
        self.published: list[Envelope] = []
        self.starts = 0
        self.due_names: set[tuple[str, str, str]] | None = None
        """Service, kind and name of every deadline that was set, where a test puts a set here: it costs a scan."""
        self.troubles: list[str] = []
        """Messages that nobody could handle."""
        self.urls: dict[str, str] = {}
        self.issuer = TokenIssuer(identity_world.SIGNING_PEM, "paspor-identity", self.clock)
        self._waiting: list[tuple[str, Envelope]] = []

    async def restart(
        self, change: Callable[[Any], Mapping[str, Any]] = lambda _settings: {}, keys: type[PersonKeys] = PersonKeys
    ) -> None:
        """End all processes and begin new ones over what they left, with their settings changed by ``change``."""
        settings, grounds = {}, {}
        self.starts += 1
        for name, service in self.services.items():
            settings[name] = service.settings.model_copy(update=change(service.settings))
            chunks = service.files._table
            assert isinstance(chunks, MemoryChunks)
            grounds[name] = Ground(service.store, chunks, service.key_table, self.starts)
        self.services = build_all(self.clock, self.agencies, settings, grounds, keys)
        await self.start()

    async def start(self) -> None:
        """As processes begin: reference data and demo staff."""
        for service in self.services.values():
            if service.parts.start is not None:
                await service.parts.start()

    def token(
        self,
        role: Role,
        account_id: str = "",
        *,
        office_id: str | None = None,
        seconds: int = 0,
        session_id: str = "",
    ) -> str:
        """A token as identity gives them, for a year unless ``seconds`` says else, of a made-up session or this one."""
        office = office_id or (None if role is Role.APPLICANT else OFFICE)
        account = account_id or f"{role.value}-account"
        offices = (ALL_OFFICES,) if role is Role.TREASURER else ()
        session = session_id or f"{MINTED}{account}"
        caller = Caller(account, role, session, office, offices=offices)
        return self.issuer.issue(caller, seconds or YEAR_SECONDS)

    async def settle(self) -> None:
        """Carry messages and run what is due until nothing moves any more."""
        for _ in range(MOST_ROUNDS):
            moved = await self._carry() + await self._run_due()
            if not moved:
                return
        raise AssertionError("the suite goes in circles")

    async def later(self, seconds: float) -> None:
        """Let time pass, then settle."""
        self.clock.advance(seconds)
        await self.settle()

    async def contents(self) -> dict[str, Any]:
        """Everything that all stores and file stores hold, for comparing before and after."""
        found: dict[str, Any] = {}
        for name, service in self.services.items():
            for kind in service.parts.kinds:
                async for record in service.store.scan(kind):
                    found[f"{name}/{kind.name}/{record.id}"] = (record.state, record.received)
                if not kind.bare:
                    unsaid = await service.store.outbox_waiting(kind, before=LATER, limit=1000)
                    found[f"{name}/{kind.name} to say"] = [envelope.id for envelope in unsaid]
            found[f"{name}/files"] = sorted([each async for each in service.files.older_than(LATER)])
        return found

    async def broken_rules(self) -> dict[str, Any]:
        """The running checks that do not hold."""
        broken = {}
        for service in self.services.values():
            for rule, check in service.parts.invariants.items():
                report = await check()
                if not report.holds:
                    broken[rule] = report.broken
        return broken

    @asynccontextmanager
    async def served(self, *, rate_factor: float = 1_000_000) -> AsyncIterator[Suite]:
        """Every service answers on a loopback port of its own; `urls` says where."""
        async with AsyncExitStack() as stack:
            for name in SERVICES:
                self.urls[name] = await stack.enter_async_context(self._listening(name, rate_factor))
            yield self

    @asynccontextmanager
    async def _listening(self, name: str, rate_factor: float) -> AsyncIterator[str]:
        parts, settings = self.services[name].parts, self.services[name].settings
        keys = StaticKeys(self.issuer.jwks())
        app = build_app(
            parts.endpoints,
            service_name=name,
            clock=self.clock,
            verifier=TokenVerifier(keys, self.clock, issuer=settings.token_issuer),
            options=HttpOptions(rate_factor=rate_factor, body_seconds=2.0, idle_seconds=2.0),
            invariants=parts.invariants,
            sessions=MintedOrLive(parts.sessions),
            changes=self.services[name].store,
        )
        app[parts.key] = parts.service
        stop, ready = asyncio.Event(), asyncio.get_running_loop().create_future()
        serving = asyncio.create_task(
            serve(
                app, "127.0.0.1", 0, stop, 1.0, listening=lambda host, port: ready.set_result(f"http://{host}:{port}")
            )
        )
        try:
            await asyncio.wait({serving, ready}, return_when=asyncio.FIRST_COMPLETED)
            yield ready.result()
        finally:
            stop.set()
            await serving

    async def _carry(self) -> int:
        """Bring every message to everybody who hears it; tells how many moved."""
        new = 0
        for service in self.services.values():
            for kind in service.kinds:
                envelopes = await service.store.outbox_waiting(kind, before=LATER, limit=1000)
                new += len(envelopes)
                self._waiting += [(name, envelope) for envelope in envelopes for name in recipients(envelope)]
                self.published += envelopes
                await service.store.mark_published(kind, envelopes, now=self.clock.now())
        again, taken = [], 0
        for name, envelope in self._waiting:
            parts = self.services[name].parts
            on_the_wire = Envelope.from_bytes(envelope.to_bytes())
            outcome = await Dispatcher(parts.events, parts.commands).handle(on_the_wire)
            taken += outcome is not Outcome.LATER
            if outcome is Outcome.LATER:
                again.append((name, envelope))
            elif outcome is Outcome.POISON:
                self.troubles.append(f"{name} cannot take {envelope.type}")
        self._waiting = again
        return new + taken

    async def _run_due(self) -> int:
        ran = 0
        for name, service in self.services.items():
            parts = service.parts
            for kind in parts.kinds:
                if self.due_names is None:
                    break
                async for record in service.store.scan(kind):
                    self.due_names |= {(name, kind.name, due) for due in kind.deadlines(record.state)}
            ran += await DeadlineWorker(service.store, parts.kinds, parts.deadlines, self.clock, "suite").run_due()
        return ran


def recipients(envelope: Envelope) -> tuple[str, ...]:
    """Who hears a message."""
    if envelope.is_command:
        return (envelope.data.RECIPIENT,)  # type: ignore[union-attr]
    return SUBSCRIBERS[type(envelope.data)]  # type: ignore[index]


def letters_unsealer() -> Unsealer:
    """Opens what is sealed for notification."""
    return Unsealer([identity_world.NOTIFICATION.private_key_b64])
