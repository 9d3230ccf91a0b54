"""`./paspor resync`: archived events of a service, published once more for listeners restored from an old copy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from aio_pika.exceptions import AMQPError

from local_suite.errors import CommandError
from operations.audit_log import AuditLog
from operations.errors import RequestMakesNoSense
from operations.output import Say
from shared.bus.amqp import BrokerNotPrepared
from shared.bus.republish import BrokerDoesNotTakeAll, events_only, republish
from shared.events.subscriptions import MESSAGE_TYPES
from shared.store.driver import connect, database, disconnect
from shared.store.kinds import INBOX_DAYS
from shared.store.mongo import MongoStore
from shared.store.port import StoreUnavailable


@dataclass(frozen=True)
class Resync:
    """Which events are to be published again."""

    service: str
    since: datetime
    types: tuple[str, ...]

    @classmethod
    def from_words(cls, service: str, since: str, types: Sequence[str], now: datetime) -> Resync:
        """Return the request that the words of the command line make.

        Raises:
            RequestMakesNoSense: a word makes no sense; the sentence says what would.
        """
        unknown = [name for name in types if _full(name) not in MESSAGE_TYPES]
        if unknown:
            raise RequestMakesNoSense(f"There is no event type {unknown[0]}: docs/events lists them.")
        return cls(service, parse_moment(since, now), tuple(_full(name) for name in types))

    def warning(self, now: datetime) -> str:
        """Return a warning if inboxes may have forgotten the oldest of these events, else an empty text."""
        if now - self.since <= timedelta(days=INBOX_DAYS):
            return ""
        return (
            f"Listeners remember messages for {INBOX_DAYS} days: of older ones only their state tables keep a double "
            "from taking effect."
        )


def parse_moment(since: str, now: datetime) -> datetime:
    """Return a time with a zone that lies in the past, in UTC.

    Raises:
        RequestMakesNoSense: it is no such time; the sentence says how to write one.
    """
    example = "as 2026-11-20T00:00Z or 2026-11-20T07:00+07:00"
    try:
        moment = datetime.fromisoformat(since)
    except ValueError:
        raise RequestMakesNoSense(f"--since {since} is no time: write it {example}.") from None
    if moment.tzinfo is None:
        raise RequestMakesNoSense(f"--since {since} has no zone: write it {example}.")
    if moment > now:
        raise RequestMakesNoSense(f"--since {since} lies ahead: nothing was published since then.")
    return moment.astimezone(UTC)


def _full(name: str) -> str:
    return name if name.startswith("paspor.") else f"paspor.{name}"


async def resync(request: Resync, mongo: str, amqp: str, log: AuditLog, say: Say, progress: Say) -> int:
    """Publish the archived events of a service again, from its own archive in its own database."""
    if warning := request.warning(datetime.now(UTC)):
        say(warning)
    log.write("resync", request.service, since=request.since.isoformat(), types=list(request.types))
    client = connect(mongo)
    try:
        store = MongoStore(database(client, f"paspor_{request.service}"), request.service)
        async with events_only(amqp) as events:
            sent = await republish(
                store,
                events,
                since=request.since,
                types=request.types,
                told=lambda count, upto: progress(f"{count} events sent, up to {upto:%Y-%m-%d %H:%M:%S} UTC"),
            )
    except (BrokerDoesNotTakeAll, BrokerNotPrepared, AMQPError, OSError, StoreUnavailable) as trouble:
        reason = str(trouble) or type(trouble).__name__
        raise CommandError(
            f"The events could not all be sent: {reason.rstrip('.')}. Look at both servers, then give the same command "
            "again; doubles do no harm."
        ) from trouble
    finally:
        await disconnect(client)
    progress("")
    say(f"{sent} events of {request.service} sent again; listeners drop those that they know.")
    return 0
