"""The users of a deployment's servers: each service works with its rights, and is refused what it must not do."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import aio_pika
import pymongo
import pytest
from aio_pika.abc import AbstractChannel
from aio_pika.exceptions import AMQPError
from aiormq.exceptions import ChannelAccessRefused, ProbableAuthenticationError
from pymongo.errors import OperationFailure

from deploy import prepare_rabbitmq
from local_suite.errors import CommandError
from local_suite.ports import free_port
from local_suite.servers.mongod import Login, Mongod
from local_suite.servers.rabbitmq import RabbitMq
from operations.audit_log import AuditLog
from operations.parked_deadlines import ParkedDeadlineCommands
from shared.bus import topology
from shared.bus.amqp import AmqpBus, BrokerNotPrepared, ensure_topology
from shared.bus.dead_letters import dead_letters
from shared.bus.dispatch import Dispatcher
from shared.bus.republish import events_only
from shared.bus.rights import OPERATOR
from shared.events import application, billing, notification
from shared.events.application import DocumentReceived
from shared.events.envelope import Envelope
from shared.events.message import Command, Event
from shared.events.subscriptions import (
    COMMAND_SENDERS,
    ROOM_SUBSCRIBERS,
    SERVICES,
    SUBSCRIBERS,
    commands_for,
    owner_of,
)
from shared.person_keys.mongo import MongoKeyTable
from shared.person_keys.port import KeyRecord
from shared.service import RoomConsumer
from shared.store.driver import connect, database, disconnect
from shared.store.mongo import MongoStore
from shared.store.port import StoreUnavailable
from tests.conftest import START
from tests.contract.test_store import TICKET, ticket
from tests.unit.world import envelope_of

USERS: Final = {user: f"word-of-{user}" for user in (*SERVICES, OPERATOR)}
LOGIN: Final = Login("root's word", "a2V5b2Z0aGVzZXQ=", "operator's word", {name: f"{name}'s" for name in SERVICES})
NOT_AUTHORIZED: Final = 13
NO_LOGIN: Final = 18


@pytest.fixture(scope="module")
async def broker(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RabbitMq]:
    """A broker as the local suite starts it; all queues are there before anybody connects."""
    async with RabbitMq(tmp_path_factory.mktemp("rights") / "new" / "rabbitmq", users=USERS) as running:
        yield running


@contextlib.asynccontextmanager
async def channel_of(url: str) -> AsyncIterator[AbstractChannel]:
    async with await aio_pika.connect(url) as connection:
        yield await connection.channel(publisher_confirms=True, on_return_raises=True)


async def publish(url: str, exchange: str, key: str) -> None:
    async with channel_of(url) as channel:
        target = await channel.get_exchange(exchange, ensure=False) if exchange else channel.default_exchange
        await target.publish(aio_pika.Message(b"{}"), key, mandatory=False, timeout=10)


def own_events(service: str) -> list[type[Event]]:
    return [event for event in SUBSCRIBERS if owner_of(event) == service]


@pytest.mark.parametrize("service", SERVICES)
async def test_a_services_bus_connects_and_consumes_with_its_rights(service: str, broker: RabbitMq) -> None:
    bus = AmqpBus(broker.url_of(service), service, Dispatcher({}, {}))
    running = asyncio.create_task(bus.run())
    try:
        async with asyncio.timeout(20):
            while len(bus._consumers) < 1 + bool(commands_for(service)):  # noqa: ASYNC110 - the bus tells nobody
                await asyncio.sleep(0.02)
        assert bus.connected
        for queue in (topology.work_queue(service), topology.command_queue(service)):
            if queue in {each.name for each in topology.queues()}:
                for seconds in topology.RETRY_RUNGS_SECONDS[-1:]:
                    await bus._own.publish(aio_pika.Message(b"{}"), topology.rung_queue(queue, seconds), timeout=10)  # type: ignore[union-attr]
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@pytest.mark.parametrize(("service", "room"), ROOM_SUBSCRIBERS, ids=".".join)
async def test_the_process_of_a_room_consumes_with_its_services_rights(
    service: str, room: str, broker: RabbitMq
) -> None:
    heard: list[str] = []

    async def take(_event: object, envelope: Envelope) -> None:
        heard.append(envelope.id)

    event = ROOM_SUBSCRIBERS[service, room][0]
    consumer = RoomConsumer(room, at_once=1)
    bus = AmqpBus(broker.url_of(service), service, Dispatcher({event: take}, {}), room=consumer)
    running = asyncio.create_task(bus.run())
    try:
        async with asyncio.timeout(20):
            while not bus._consumers:  # noqa: ASYNC110 - the bus tells nobody
                await asyncio.sleep(0.02)
            message = envelope_of(DocumentReceived(application_id="a", document_id="d", requirement="ktp"), START)
            assert await bus.publish([message]) == {message.id}
            while not heard:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.02)
        assert heard == [message.id]
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_publishes_its_own_types_and_no_others(service: str, broker: RabbitMq) -> None:
    url = broker.url_of(service)
    for event in own_events(service)[:2]:
        await publish(url, topology.EVENTS_EXCHANGE, event.TYPE)
    for other in SERVICES:
        if other != service:
            with pytest.raises(ChannelAccessRefused):
                await publish(url, topology.EVENTS_EXCHANGE, own_events(other)[0].TYPE)


@pytest.mark.parametrize("command", COMMAND_SENDERS)
async def test_a_command_is_sent_by_its_senders_alone(command: type[Command], broker: RabbitMq) -> None:
    for service in SERVICES:
        sending = publish(broker.url_of(service), topology.COMMANDS_EXCHANGE, command.TYPE)
        if service in COMMAND_SENDERS[command]:
            await sending
        else:
            with pytest.raises(ChannelAccessRefused):
                await sending


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_reads_no_other_queue_and_makes_or_removes_none(service: str, broker: RabbitMq) -> None:
    url = broker.url_of(service)
    other = next(each for each in SERVICES if each != service)
    for name in (topology.work_queue(other), topology.dead_queue(other), topology.dead_queue(service)):
        with pytest.raises(ChannelAccessRefused):
            async with channel_of(url) as channel:
                await (await channel.get_queue(name, ensure=False)).get()
    with pytest.raises(ChannelAccessRefused):
        async with channel_of(url) as channel:
            await channel.declare_queue("paspor.invented", durable=True)
    for name in (topology.work_queue(other), topology.work_queue(service)):
        with pytest.raises(ChannelAccessRefused):
            async with channel_of(url) as channel:
                await channel.queue_delete(name)
    with pytest.raises(ChannelAccessRefused):
        async with channel_of(url) as channel:
            queue = await channel.get_queue(topology.work_queue(service), ensure=False)
            await queue.bind(topology.EVENTS_EXCHANGE, own_events(other)[0].TYPE)


@pytest.mark.parametrize("service", SERVICES)
async def test_no_way_leads_round_the_types(service: str, broker: RabbitMq) -> None:
    """The default exchange, another's own one, and the exchange of before would each reach somebody else's queue."""
    other = next(each for each in SERVICES if each != service)
    for exchange, key in (
        ("", topology.work_queue(other)),
        (topology.own_exchange(other), topology.dead_queue(other)),
        (topology.FIRST_COMMANDS_EXCHANGE, notification.SendOtp.TYPE),
    ):
        with pytest.raises(ChannelAccessRefused):
            await publish(broker.url_of(service), exchange, key)


async def test_with_the_deployments_own_user_all_of_it_goes(broker: RabbitMq) -> None:
    """The twin: it is the rights that refuse; one user for all would let billing speak for identity."""
    for service in SERVICES:
        await publish(broker.url, topology.EVENTS_EXCHANGE, own_events(service)[0].TYPE)
    await publish(broker.url, topology.COMMANDS_EXCHANGE, application.KeepIdentityCard.TYPE)
    await publish(broker.url, "", topology.rung_queue(topology.work_queue("identity"), 600))
    async with channel_of(broker.url) as channel:
        await channel.declare_queue("paspor.invented", durable=True)
        await channel.queue_delete("paspor.invented")


async def test_a_wrong_password_is_refused(broker: RabbitMq) -> None:
    with pytest.raises(ProbableAuthenticationError):
        await aio_pika.connect(f"amqp://billing:guessed@127.0.0.1:{broker.port}/")
    with pytest.raises(ProbableAuthenticationError):
        await aio_pika.connect(f"amqp://guest:guest@127.0.0.1:{broker.port}/")


async def test_an_operator_reads_dead_letters_and_publishes_again_and_no_more(broker: RabbitMq) -> None:
    url = broker.url_of(OPERATOR)
    async with dead_letters(url, "billing") as letters:
        await letters.list()
    async with events_only(url):
        pass
    await publish(url, topology.EVENTS_EXCHANGE, billing.BillPaid.TYPE)
    with pytest.raises(ChannelAccessRefused):
        async with channel_of(url) as channel:
            await (await channel.get_queue(topology.work_queue("billing"), ensure=False)).get()
    with pytest.raises(ChannelAccessRefused):
        await publish(url, topology.COMMANDS_EXCHANGE, notification.SendOtp.TYPE)


async def test_on_a_broker_that_lacks_a_queue_a_service_waits_and_does_not_publish(broker: RabbitMq) -> None:
    """It may not declare it, and publishing without it would lose what the absent queue should hear."""
    async with channel_of(broker.url) as channel:
        await channel.queue_delete(topology.work_queue("scheduling"))
    try:
        async with await aio_pika.connect(broker.url_of("billing")) as connection:
            with pytest.raises(BrokerNotPrepared):
                await ensure_topology(connection)
    finally:
        async with await aio_pika.connect(broker.url) as connection:
            await ensure_topology(connection)  # the deployment's own user declares what is missing
    async with await aio_pika.connect(broker.url_of("billing")) as connection:
        await ensure_topology(connection)


# ---- the step before the services, in Compose -------------------------------


async def test_the_step_of_compose_makes_users_rights_and_queues_and_may_run_again(tmp_path: Path) -> None:
    port = free_port()
    async with RabbitMq(tmp_path, management_port=port) as running:
        environment = {
            "PASPOR_RABBITMQ_MANAGEMENT_URL": f"http://127.0.0.1:{port}",
            "PASPOR_AMQP_PASSWORD": running.url.partition(":")[2].partition(":")[2].partition("@")[0],
            **{f"PASPOR_{user.upper()}_AMQP_PASSWORD": word for user, word in USERS.items()},
        }
        for words in (USERS, {user: f"new-{word}" for user, word in USERS.items()}):
            changed = {f"PASPOR_{user.upper()}_AMQP_PASSWORD": word for user, word in words.items()}
            await asyncio.to_thread(prepare_rabbitmq.main, environment | changed)
            url = f"amqp://billing:{words['billing']}@127.0.0.1:{running.port}/"
            async with await aio_pika.connect(url) as connection:
                await ensure_topology(connection)
            await publish(url, topology.EVENTS_EXCHANGE, billing.BillPaid.TYPE)
            with pytest.raises(ChannelAccessRefused):
                await publish(url, topology.COMMANDS_EXCHANGE, notification.SendOtp.TYPE)
        with pytest.raises(ProbableAuthenticationError):
            await aio_pika.connect(f"amqp://billing:{USERS['billing']}@127.0.0.1:{running.port}/")
        with pytest.raises(RuntimeError, match="refused the definitions with 401"):
            await asyncio.to_thread(prepare_rabbitmq.main, environment | {"PASPOR_AMQP_PASSWORD": "guessed"})


# ---- mongod ----------------------------------------------------------------


@pytest.fixture(scope="module")
async def mongod(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Mongod]:
    async with Mongod(tmp_path_factory.mktemp("login") / "new" / "mongod", login=LOGIN) as running:
        yield running


def client_of(url: str) -> Any:
    return pymongo.MongoClient(url, serverSelectionTimeoutMS=5000)


def refusal(url: str, database: str) -> int | None:
    """The code with which a read is refused; None if it is answered."""
    with client_of(url) as client:
        try:
            client[database].account.find_one()
        except OperationFailure as refused:
            return refused.code
    return None


async def test_without_a_password_nothing_is_read_or_written(mongod: Mongod) -> None:
    open_url = f"mongodb://127.0.0.1:{mongod.port}/?replicaSet=rs0"
    unauthorized = {NOT_AUTHORIZED, 13, 8000}
    assert refusal(open_url, "paspor_identity") in unauthorized
    with client_of(open_url) as client, pytest.raises(OperationFailure):
        client.paspor_identity.account.insert_one({})
    with client_of(open_url) as client, pytest.raises(OperationFailure):
        client.admin.command("createUser", "thief", pwd="x", roles=["root"])
    wrong = mongod.url_of("billing").replace("billing%27s", "guessed")
    assert refusal(wrong, "paspor_billing") == NO_LOGIN


async def test_without_a_login_everything_is_open(tmp_path: Path) -> None:
    """The twin: the server of tests, as the local suite's was."""
    async with Mongod(tmp_path) as running:
        assert refusal(f"mongodb://127.0.0.1:{running.port}/?replicaSet=rs0", "paspor_identity") is None


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_reads_its_own_database_only(service: str, mongod: Mongod) -> None:
    for other in SERVICES:
        expected = None if other == service else NOT_AUTHORIZED
        assert refusal(mongod.url_of(service), f"paspor_{other}") == expected
    with client_of(mongod.url_of(service)) as client:
        client[f"paspor_{service}"].account.insert_one({})
        client[f"paspor_{service}"].account.create_index("x")


@pytest.mark.parametrize("service", SERVICES)
async def test_keys_of_persons_are_their_services_alone(service: str, mongod: Mongod) -> None:
    """A service makes, reads and replaces its own; neither another service nor the operator sees them."""
    keys = f"paspor_{service}_keys"
    client = connect(mongod.url_of(service))
    table = MongoKeyTable(database(client, keys))
    try:
        await table.prepare()
        await table.add(KeyRecord("subject", "k1.wrapped", datetime(2026, 11, 23, tzinfo=UTC)))
        assert await table.replace("subject", "k1.wrapped", "k2.wrapped")
        await table.destroy("subject", datetime(2026, 11, 23, tzinfo=UTC))
    finally:
        await disconnect(client)
    for other in (*(name for name in SERVICES if name != service), "operator"):
        assert refusal(mongod.url_of(other), keys) == NOT_AUTHORIZED, other
    with client_of(mongod.url_of(service)) as owner, pytest.raises(OperationFailure):
        owner[keys].command("profile", 1)


async def test_users_of_before_persons_had_keys_get_the_rights_of_this_build(tmp_path: Path) -> None:
    async with Mongod(tmp_path, login=LOGIN) as before:
        with pymongo.MongoClient[dict[str, Any]](before.url_of("root")) as client:
            only_data = [{"role": role, "db": "paspor_billing"} for role in ("readWrite", "dbAdmin")]
            client.admin.command("updateUser", "billing", roles=only_data)
        assert refusal(before.url_of("billing"), "paspor_billing_keys") == NOT_AUTHORIZED
        before._has_users.write_text("\n".join([OPERATOR, *SERVICES]))  # as that build noted them
    async with Mongod(tmp_path, login=LOGIN) as after:
        assert refusal(after.url_of("billing"), "paspor_billing_keys") is None


async def opened(url: str, name: str) -> bool:
    """Whether the changes of that database may be followed."""
    client = connect(url)
    changes = MongoStore(database(client, name), "test").changes([TICKET.name])
    try:
        return list(await anext(changes)) == []
    except StoreUnavailable:
        return False
    finally:
        await changes.aclose()
        await disconnect(client)


async def test_a_service_follows_the_changes_of_its_own_database_only(mongod: Mongod) -> None:
    url = mongod.url_of("billing")
    assert await opened(url, "paspor_billing")
    assert not await opened(url, "paspor_identity")


async def test_the_operator_reads_all_and_writes_none(mongod: Mongod) -> None:
    assert [refusal(mongod.url_of("operator"), f"paspor_{service}") for service in SERVICES] == [None] * len(SERVICES)
    with client_of(mongod.url_of("operator")) as client, pytest.raises(OperationFailure):
        client.paspor_identity.account.insert_one({})


async def test_parked_deadlines_are_released_by_the_login_of_their_service_only(mongod: Mongod, tmp_path: Path) -> None:
    now = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
    client = connect(mongod.url_of("billing"))
    store = MongoStore(database(client, "paspor_billing"), "billing")
    try:
        await store.prepare([TICKET])
        await store.insert(TICKET, "t1", ticket("t1", due_at=now), now=now)
        due = await store.claim_due(TICKET, now=now, owner="a", lease_seconds=30)
        assert due is not None
        await store.note_failure(TICKET, due.record, "lapse", error="ValueError", now=now, park_at=1)
        said: list[str] = []
        audit = AuditLog(tmp_path / "audit.log")
        by_operator = ParkedDeadlineCommands(lambda _service: mongod.url_of("operator"), audit, said.append)
        await by_operator.list_parked(["billing"])
        assert len(said) == 1
        with pytest.raises(CommandError, match="may not change the database of billing: name one that may"):
            await by_operator.release("billing", "t1", None)
        assert await store.count_parked(TICKET) == 1
        await ParkedDeadlineCommands(mongod.url_of, audit, said.append).release("billing", "t1", None)
        assert await store.count_parked(TICKET) == 0
    finally:
        await disconnect(client)


async def test_data_of_before_the_login_gets_one_and_moves_to_another_port(tmp_path: Path) -> None:
    async with Mongod(tmp_path) as before:
        with client_of(before.url) as client:
            client.paspor_billing.account.insert_one({"_id": 1})
    async with Mongod(tmp_path, login=LOGIN) as guarded:
        assert refusal(f"mongodb://127.0.0.1:{guarded.port}/?replicaSet=rs0", "paspor_billing") is not None
    async with Mongod(tmp_path, login=LOGIN) as moved:
        assert moved.port != guarded.port
        with client_of(moved.url_of("billing")) as client:
            assert client.paspor_billing.account.count_documents({}) == 1
        await moved.kill()
        await moved.start()
        assert refusal(moved.url_of("billing"), "paspor_billing") is None


async def test_what_the_servers_write_is_this_users_alone(broker: RabbitMq, mongod: Mongod) -> None:
    for folder in (broker.log.parent.parent, mongod.log.parent):
        for path in (folder, folder.parent, *folder.rglob("*")):
            with contextlib.suppress(FileNotFoundError):
                assert path.is_symlink() or not path.stat().st_mode & 0o077, path


def test_the_errors_are_the_brokers() -> None:
    assert issubclass(ChannelAccessRefused, AMQPError)
