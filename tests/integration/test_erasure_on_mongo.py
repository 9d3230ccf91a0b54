"""The erasure on a real MongoDB: a whole journey, then no database holds anything of the person; no query scans."""

from __future__ import annotations

import json
import uuid
from contextlib import AsyncExitStack

from shared.events.subscriptions import SERVICES
from shared.store.driver import AsyncDatabase, connect, database, disconnect
from shared.store.mongo import MongoStore
from tests.assembled import Suite
from tests.contract.test_erasure import (
    PERSON,
    Seals,
    erased_after_second_look,
    files_of,
    order_of,
    person_of,
    remembered_seals,
    tell,
    told_by,
)
from tests.integration.test_queries import profiled, refuse_scans
from tests.walking import Citizen, serve_visitor


async def everything_in(databases: dict[str, AsyncDatabase]) -> str:
    """Every document of every collection, archives and outboxes among them."""
    documents = [
        document
        for each in databases.values()
        for name in await each.list_collection_names()
        if not name.startswith("system.")
        async for document in each[name].find({})
    ]
    return json.dumps(documents, default=str, ensure_ascii=False)


def left_of_person(text: str, seals: Seals) -> list[str]:
    return [needle[:40] for needle in [*PERSON, *seals.of_person()] if needle in text]


async def test_no_database_holds_anything_of_an_erased_person(mongo_url: str) -> None:
    client = connect(mongo_url)
    run = uuid.uuid4().hex[:8]
    databases = {name: database(client, f"test_{run}_{name}") for name in SERVICES}
    suite = Suite(store_of=lambda name: MongoStore(databases[name], name))
    try:
        for service in suite.services.values():
            await service.store.prepare(service.parts.kinds)
        with remembered_seals() as seals:
            await suite.start()
            async with suite.served(), Citizen(suite) as citizen:
                await citizen.until_paid()
                await serve_visitor(citizen)
                person_id = await person_of(suite, citizen)
                assert left_of_person(await everything_in(databases), seals) != []
                order = order_of(citizen, person_id)
                async with AsyncExitStack() as stack:
                    seen = [await stack.enter_async_context(profiled(each)) for each in databases.values()]
                    for service in suite.services.values():
                        await service.parts.service.retention.sweeping.begin()
                    await tell(suite, order)
                    await erased_after_second_look(suite)
                    await tell(suite, order)
        for queries in seen:
            refuse_scans(queries)
        assert left_of_person(await everything_in(databases), seals) == []
        assert await files_of(suite, "application") == []
        assert told_by(suite) == {name: ("issued_passports",) if name == "application" else () for name in SERVICES}
    finally:
        for each in databases.values():
            await client.drop_database(each.name)
        await disconnect(client)
