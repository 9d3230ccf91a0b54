"""`./paspor dead` and `./paspor resync`: an operator's work on the messages of a running suite.

Events hold no personal data, and a body that cannot be read is never shown, so nothing here needs hiding. Who did what
stands in `audit.log` in the folder of the logs, one JSON object per line; a dropped event whole, if it was readable.
"""

from __future__ import annotations

import json
import os
import pwd
import sys
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from local_suite import state_file as running
from local_suite.errors import LauncherError
from local_suite.home import home
from local_suite.parts import SERVICES
from local_suite.secrets import make_private_folder
from shared.bus.dead_letters import DeadLetter, DeadLetters, DeadLetterTrouble, dead_letters
from shared.events.subscriptions import MESSAGE_TYPES
from shared.store.kinds import INBOX_DAYS

LONGEST_REASON: Final = 500
MINUTE, HOUR, DAY = 60, 3600, 86400

Open = Callable[[str, str], AbstractAsyncContextManager[DeadLetters]]
Say = Callable[[str], None]


class NotAnOperatorsWish(LauncherError):
    """What was asked for makes no sense; the sentence says what would."""


class AuditNotWritten(LauncherError):
    """The act could not be written down, so it was not done."""


# ---- where to work ---------------------------------------------------------


def data_dir() -> Path:
    """The folder of `./paspor up`."""
    return home() / "data"


def amqp_url() -> str:
    """The broker that AMQP_URL names, else the running suite's."""
    return os.environ.get("AMQP_URL") or _running("AMQP_URL").amqp_url


def mongo_url() -> str:
    """The database server that MONGO_URL names, else the running suite's."""
    return os.environ.get("MONGO_URL") or _running("MONGO_URL").mongo_url


def mongo_url_of(service: str) -> str:
    """The database server that MONGO_URL names, else the running suite's with the service's own login."""
    if named := os.environ.get("MONGO_URL"):
        return named
    servers = _running("MONGO_URL")
    return servers.mongo_urls.get(service, servers.mongo_url)


def _running(variable: str) -> running.Servers:
    servers = running.read(data_dir())
    if servers is None:
        raise running.NothingRuns(
            f"No suite runs on {data_dir()}: start one with ./paspor up, or name a server in {variable}."
        )
    return servers


def known_service(service: str) -> str:
    """The name as it is, or a refusal that lists the names."""
    if service not in SERVICES:
        raise NotAnOperatorsWish(f"There is no service {service}: it is one of {', '.join(SERVICES)}.")
    return service


# ---- who did what ----------------------------------------------------------


@dataclass(frozen=True)
class Audit:
    """Writes acts down before they are done; a crash in between leaves a line too many, never one too few."""

    path: Path

    def write(self, act: str, service: str, **facts: Any) -> None:
        """Add one line, safely on the disk when this returns.

        Raises:
            AuditNotWritten: it cannot be written.
        """
        line = {"at": datetime.now(UTC).isoformat(timespec="milliseconds"), "who": _user(), "act": act}
        try:
            make_private_folder(self.path.parent)
            descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(json.dumps(line | {"service": service, **facts}, ensure_ascii=False) + "\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as trouble:
            raise AuditNotWritten(
                f"{self.path} cannot be written ({trouble.strerror}), so nothing was done: make room or give this user "
                "the right to write there."
            ) from trouble


def audit() -> Audit:
    """The audit file of the suite's data folder."""
    return Audit(data_dir() / "logs" / "audit.log")


def _user() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


# ---- dead letters ----------------------------------------------------------


class DeadDesk:
    """What an operator can do with dead letters."""

    def __init__(self, url: str, note: Audit, say: Say, *, open_at: Open = dead_letters) -> None:
        self._url = url
        self._note = note
        self._say = say
        self._open = open_at

    async def list(self, services: Sequence[str], *, as_json: bool = False) -> int:
        """Say which letters there are, the longest buried first."""
        found = 0
        for service in services:
            async with self._at(service) as letters:
                listed = await letters.list()
            found += len(listed)
            self._tell_of(service, listed, as_json)
        if not found and not as_json:
            self._say("No dead letters.")
        return 0

    async def show(self, service: str, message_id: str) -> int:
        """Say everything about one letter."""
        async with self._at(service) as letters:
            letter = await letters.show(message_id)
        self._say(json.dumps(letter.as_fields(), indent=2, ensure_ascii=False))
        return 0

    async def replay(self, service: str, message_id: str | None) -> int:
        """Give one letter, or all without an id, to the service again."""

        async def write_down(letter: DeadLetter) -> None:
            self._note.write("replay", service, message_id=letter.message_id, type=letter.type)

        async with self._at(service) as letters:
            if message_id is None:
                count = await letters.replay_all(write_down)
                self._say(f"{_letters(count)} of {service} given to it again.")
            else:
                letter = await letters.replay(message_id, write_down)
                self._say(f"{letter.message_id} ({letter.type}) given to {service} again.")
        return 0

    async def drop(self, service: str, message_id: str, reason: str) -> int:
        """Take one letter away for good; the audit file keeps the event and the reason."""
        reason = known_reason(reason)

        async def write_down(letter: DeadLetter) -> None:
            self._note.write("drop", service, reason=reason, letter=letter.as_fields())

        async with self._at(service) as letters:
            letter = await letters.drop(message_id, write_down)
        kept = "it" if letter.event else "its size and hash"
        self._say(f"{letter.message_id} ({letter.type}) dropped; {self._note.path} keeps {kept} and the reason.")
        return 0

    def _at(self, service: str) -> AbstractAsyncContextManager[DeadLetters]:
        return self._open(self._url, service)

    def _tell_of(self, service: str, letters: Sequence[DeadLetter], as_json: bool) -> None:
        if as_json:
            for letter in letters:
                self._say(json.dumps({"service": service, **letter.as_fields()}, ensure_ascii=False))
        elif letters:
            self._say(f"{service}: {_letters(len(letters))}")
            for letter in letters:
                self._say("\n".join(lines_of(letter, datetime.now(UTC))))


def lines_of(letter: DeadLetter, now: datetime) -> tuple[str, str]:
    """A letter in two lines: id, age and cause; then what it says of what."""
    age = f"buried {age_of(letter.buried_at, now)} ago" if letter.buried_at else "buried some time ago"
    return f"  {letter.message_id}  {age}  {letter.because}", f"      {letter.type} of {letter.subject}"


def age_of(moment: datetime, now: datetime) -> str:
    """An age in its largest unit: 40 s, 12 min, 3 h, 5 d."""
    seconds = max(0, int((now - moment).total_seconds()))
    for size, unit in ((DAY, "d"), (HOUR, "h"), (MINUTE, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def known_reason(reason: str) -> str:
    """The reason without spaces around it, or a refusal if it says nothing or too much."""
    reason = reason.strip()
    if not 1 <= len(reason) <= LONGEST_REASON:
        raise NotAnOperatorsWish(f"--reason needs a sentence of 1 to {LONGEST_REASON} characters, without names.")
    return reason


def _letters(count: int) -> str:
    return f"{count} dead letter{'s' if count != 1 else ''}"


async def in_sentences(work: Coroutine[Any, Any, int]) -> int:
    """The work's exit status; what stops it comes as a launcher's refusal."""
    try:
        return await work
    except DeadLetterTrouble as trouble:
        raise LauncherError(str(trouble)) from trouble


# ---- resync ----------------------------------------------------------------


@dataclass(frozen=True)
class Resync:
    """Which events are to be published again."""

    service: str
    since: datetime
    types: tuple[str, ...]

    @classmethod
    def wished(cls, service: str, since: str, types: Sequence[str], now: datetime) -> Resync:
        """From the words of the command line.

        Raises:
            NotAnOperatorsWish: a word makes no sense; the sentence says what would.
        """
        unknown = [name for name in types if _full(name) not in MESSAGE_TYPES]
        if unknown:
            raise NotAnOperatorsWish(f"There is no event type {unknown[0]}: docs/events lists them.")
        return cls(service, known_moment(since, now), tuple(_full(name) for name in types))

    def warning(self, now: datetime) -> str:
        """What to think of before events that inboxes may have forgotten are sent; empty if they remember."""
        if now - self.since <= timedelta(days=INBOX_DAYS):
            return ""
        return (
            f"Listeners remember messages for {INBOX_DAYS} days: of older ones only their state tables keep a double "
            "from taking effect."
        )


def known_moment(since: str, now: datetime) -> datetime:
    """A time with a zone that lies in the past, in UTC."""
    example = "as 2026-11-20T00:00Z or 2026-11-20T07:00+07:00"
    try:
        moment = datetime.fromisoformat(since)
    except ValueError:
        raise NotAnOperatorsWish(f"--since {since} is no time: write it {example}.") from None
    if moment.tzinfo is None:
        raise NotAnOperatorsWish(f"--since {since} has no zone: write it {example}.")
    if moment > now:
        raise NotAnOperatorsWish(f"--since {since} lies ahead: nothing was published since then.")
    return moment.astimezone(UTC)


def _full(name: str) -> str:
    return name if name.startswith("paspor.") else f"paspor.{name}"


async def resync(wish: Resync, mongo: str, amqp: str, note: Audit, say: Say, progress: Say) -> int:
    """Publish the archived events of a service again, from its own archive in its own database."""
    from aio_pika.exceptions import AMQPError

    from shared.bus.amqp import BrokerNotPrepared
    from shared.bus.republish import BrokerDoesNotTakeAll, events_only, republish
    from shared.store.driver import connect, database, disconnect
    from shared.store.mongo import MongoStore
    from shared.store.port import StoreUnavailable

    if warning := wish.warning(datetime.now(UTC)):
        say(warning)
    note.write("resync", wish.service, since=wish.since.isoformat(), types=list(wish.types))
    client = connect(mongo)
    try:
        store = MongoStore(database(client, f"paspor_{wish.service}"), wish.service)
        async with events_only(amqp) as events:
            sent = await republish(
                store,
                events,
                since=wish.since,
                types=wish.types,
                told=lambda count, upto: progress(f"{count} events sent, up to {upto:%Y-%m-%d %H:%M:%S} UTC"),
            )
    except (BrokerDoesNotTakeAll, BrokerNotPrepared, AMQPError, OSError, StoreUnavailable) as trouble:
        reason = str(trouble) or type(trouble).__name__
        raise LauncherError(
            f"The events could not all be sent: {reason.rstrip('.')}. Look at both servers, then give the same command "
            "again; doubles do no harm."
        ) from trouble
    finally:
        await disconnect(client)
    progress("")
    say(f"{sent} events of {wish.service} sent again; listeners drop those that they know.")
    return 0


def progress_line() -> Say:
    """Tells of progress: on a terminal in one line that changes and that an empty one clears, else line by line."""
    if not sys.stderr.isatty():
        return lambda line: print(line, file=sys.stderr, flush=True) if line else None
    return lambda line: print(f"\r\x1b[K{line}", end="", file=sys.stderr, flush=True)
