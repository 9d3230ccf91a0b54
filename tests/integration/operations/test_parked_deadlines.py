"""`./paspor parked` on a real database: what is listed, and what a release leads to."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from local_suite.errors import CommandError
from operations.audit_log import AuditLog
from operations.parked_deadlines import ParkedDeadlineCommands
from shared.store.driver import connect, database, disconnect
from shared.store.mongo import MongoStore
from tests.contract.test_store import LINE, TICKET, ticket

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


async def test_an_operator_lists_and_releases_what_is_parked(mongo_url: str, tmp_path: Path) -> None:
    service = f"t{uuid.uuid4().hex[:8]}"
    client = connect(mongo_url)
    data = database(client, f"paspor_{service}")
    store = MongoStore(data, service)
    try:
        await store.prepare([TICKET, LINE])
        for name in ("t1", "t2"):
            await store.insert(TICKET, name, ticket(name, due_at=NOW), now=NOW)
            due = await store.claim_due(TICKET, now=NOW, owner="a", lease_seconds=30)
            assert due is not None
            await store.note_failure(TICKET, due.record, "lapse", error="ValueError", now=NOW, park_at=1)
        said: list[str] = []
        desk = ParkedDeadlineCommands(lambda _service: mongo_url, AuditLog(tmp_path / "audit.log"), said.append)
        await desk.list_parked([service])
        assert len(said) == 2 and "t1  lapse: ValueError, 1 tries" in said[0]
        with pytest.raises(CommandError, match="nothing parked for t3"):
            await desk.release(service, "t3", None)
        await desk.release(service, "t1", "lapse")
        later = datetime.now(UTC) + timedelta(seconds=1)
        again = await store.claim_due(TICKET, now=later, owner="b", lease_seconds=30)
        assert again is not None and (again.record.id, again.names) == ("t1", ("lapse",))
        await desk.release(service, None, None)
        said.clear()
        await desk.list_parked([service])
        assert said == ["Nothing is parked."]
        assert (tmp_path / "audit.log").read_text().count('"release"') == 2
    finally:
        await client.drop_database(f"paspor_{service}")
        await disconnect(client)
