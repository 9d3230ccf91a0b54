"""A process is killed between any two writes of a webhook's delivery: nothing is lost, and a repeat has the same id."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from services.notification.app import build
from services.notification.webhooks.repository import WEBHOOK_DELIVERIES, WEBHOOKS, WebhookRepository
from services.notification.webhooks.webhook import SigningSecret, Webhook, register
from services.notification.webhooks.webhook_delivery import WebhookDeliveryState
from shared.bus.dispatch import Dispatcher
from shared.clock import ManualClock
from shared.deadlines import DeadlineWorker
from shared.events import application
from shared.service import Parts
from shared.store.driver import AsyncDatabase
from shared.store.mongo import MongoStore
from tests.conftest import START
from tests.integration.dying import Lot, Mortal, dies, make_empty
from tests.unit.notification.test_http import settings
from tests.unit.notification.webhook_world import PRINTED, Consumer
from tests.unit.notification.world import KEYS, FakeChannel
from tests.unit.world import envelope_of, seeded_platform

WEBHOOK_ID: Final = "webhook-1"
EVENT: Final = envelope_of(
    application.PassportPrinted(application_id="application-1", account_id="account-1", office_id="jakarta-selatan"),
    START,
    message_id="0193c0de-0000-7000-8000-000000000077",
)
MOST_WRITES: Final = 20


def parts_on(store: MongoStore | Mortal, now: datetime) -> tuple[Parts, DeadlineWorker]:
    """Notification on a store, at a time."""
    clock = ManualClock(now)
    platform = seeded_platform(store, clock, KEYS)
    parts = build(settings(), platform, mailer=FakeChannel(), sms=FakeChannel())
    return parts, DeadlineWorker(store, parts.kinds, parts.deadlines, clock, "test")


async def hear_and_send(store: MongoStore | Mortal, lot: Lot) -> None:
    """Hear the event, as the broker tells it again and again until it is taken, and send what is due."""
    parts, worker = parts_on(store, lot.now)
    await Dispatcher(parts.events, parts.commands).handle(EVENT)
    await worker.run_due()


async def registered(store: MongoStore, url: str) -> None:
    parts, _ = parts_on(store, START)
    vault = parts.service.webhooks._vault
    secrets = (SigningSecret(vault.new_secret(WEBHOOK_ID)),)
    wanted = Webhook("kantor-statistik", url, (PRINTED,), secrets, "operator-1", START)
    await WebhookRepository(parts.service.context).add_webhook(WEBHOOK_ID, register(wanted, START).state, START)


async def test_a_kill_between_any_two_writes_loses_nothing(mongo_url: str, mongo_database: AsyncDatabase) -> None:
    store = MongoStore(mongo_database, "notification")
    await store.prepare((WEBHOOKS, WEBHOOK_DELIVERIES, *parts_on(store, START)[0].kinds))
    times = []
    async with Consumer().served() as consumer:
        lot = Lot(mongo_url, mongo_database.name, "notification", START, "webhook", None, 0, after=False)
        for write in range(MOST_WRITES):
            killed = False
            for after in (False, True):
                await make_empty(mongo_database)
                await registered(store, consumer.url)
                consumer.got.clear()
                killed = await dies(hear_and_send, replace(lot, write=write, after=after)) or killed
                # what the killed process had leased is free again, and the broker tells the event once more
                await hear_and_send(store, replace(lot, now=START + timedelta(seconds=60)))
                assert set(consumer.ids) == {EVENT.id}, "nothing is lost, and every try has the same webhook-id"
                assert len({delivered.body for delivered in consumer.got}) == 1
                times.append(len(consumer.got))
                (delivery,) = [record.state async for record in store.scan(WEBHOOK_DELIVERIES)]
                assert delivery.state is WebhookDeliveryState.TAKEN
            if not killed:
                break
        assert not killed, "every write was tried"
    assert set(times) == {1, 2}, "killed between the answer and its note it is sent twice, and never more"
