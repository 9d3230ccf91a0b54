"""The attacks on leaving, holds and exports once more, on a real MongoDB: its indexes, versions and conflicts."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from shared.events.subscriptions import SERVICES
from shared.store.driver import connect, database, disconnect
from shared.store.mongo import MongoStore
from tests.assembled import Suite
from tests.contract import test_privacy_attacks as attacks

Attack = Callable[[Suite], Awaitable[None]]


@pytest.fixture
async def suite_on_mongo(mongo_url: str) -> AsyncIterator[Suite]:
    client = connect(mongo_url)
    run = uuid.uuid4().hex[:8]
    databases = {name: database(client, f"test_{run}_{name}") for name in SERVICES}
    suite = Suite(store_of=lambda name: MongoStore(databases[name], name))
    try:
        for service in suite.services.values():
            await service.store.prepare(service.parts.kinds)
        await suite.start()
        async with suite.served():
            yield suite
    finally:
        for each in databases.values():
            await client.drop_database(each.name)
        await disconnect(client)


@pytest.mark.parametrize(
    "attack",
    [
        attacks.test_what_is_kept_under_a_joined_account_stays_readable,
        attacks.test_of_two_accounts_that_leave_the_last_one_takes_the_person_along,
        attacks.test_what_one_account_keeps_of_a_person_goes_though_another_speaks_for_them,
        attacks.test_a_hold_on_an_application_keeps_its_applicant_until_it_is_lifted,
        attacks.test_codes_that_the_owner_types_never_begin_an_export_for_another_session,
    ],
    ids=lambda attack: attack.__name__.removeprefix("test_"),
)
async def test_an_attack_meets_the_same_on_a_real_store(suite_on_mongo: Suite, attack: Attack) -> None:
    await attack(suite_on_mongo)
