"""kill -9 of the process that reads papers, at any moment: every page is decided once, and told once."""

from __future__ import annotations

import asyncio
import os
import sys
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from local_suite.home import PROJECT
from local_suite.ports import free_port
from local_suite.service_process import ENVIRONMENT
from services.application.applications.application import with_documents
from services.application.applications.document import DocumentState
from services.application.applications.repository import APPLICATION, KINDS
from services.application.config import Settings
from services.application.paper_reading.app import build_reading
from services.application.paper_reading.verdict import AskedPaper, Verdict
from shared.bus.dispatch import Dispatcher
from shared.clock import ManualClock, SystemClock
from shared.events.application import DocumentChecked, DocumentReceived
from shared.files.gridfs import GridFsFiles
from shared.files.port import FileMeta
from shared.store.driver import AsyncDatabase
from shared.store.mongo import ARCHIVE, MongoStore
from tests.conftest import START
from tests.integration.dying import Lot, Mortal, dies, make_empty
from tests.unit.application import make
from tests.unit.application.world import make_settings
from tests.unit.world import envelope_of, key, seeded_platform

PAGES: Final = 6
KILLED_AFTER: Final = (1, 3)
"""Pages that are decided when the process is killed, one after the other; others are being read at that moment."""

PATIENCE_SECONDS: Final = 60.0
PICTURE: Final = b"\xff\xd8 a page"
MOST_WRITES: Final = 5
DOCUMENT: Final = "d-parent_ktp"
"""A paper of a parent: nothing of the applicant is opened for it."""

RECEIVED: Final = DocumentReceived(application_id="application-1", document_id=DOCUMENT, requirement="parent_ktp")


class OnePicture:
    """Files that are all the same picture."""

    async def read(self, file_id: str) -> AsyncIterator[bytes]:
        yield PICTURE

    async def delete(self, file_id: str) -> None:
        return None


class Accepting:
    """A reader that accepts every page."""

    async def read(self, picture: bytes, asked: AskedPaper) -> Verdict:
        return Verdict("accepted", None, "ktp", 0.99)


def being_read(number: int, file_id: str, until: datetime) -> Any:
    """An application with one page that is being read."""
    page = make.document(
        "parent_ktp", DocumentState.CHECKING, accepted_at=None, file_id=file_id, check_until=until, decided_at=None
    )
    application = make.draft(number=f"20260000000000{number:02}", applicant_id=f"applicant-{number}")
    return with_documents(application, (page,))


async def hear(store: MongoStore | Mortal, lot: Lot) -> None:
    """Hear the message, as the broker tells it again and again until it is taken."""
    platform = replace(seeded_platform(store, ManualClock(lot.now), settings().master_keyring()), files=OnePicture())  # type: ignore[arg-type]
    parts = build_reading(settings(), platform, reader=Accepting())
    await Dispatcher(parts.events, {}).handle(envelope_of(RECEIVED, lot.now, message_id=f"message-{RECEIVED.TYPE}"))


def settings(**changed: Any) -> Settings:
    return make_settings(papers_reading="wanted", **changed)


async def told_of(used: AsyncDatabase) -> Counter[str]:
    """How often each application's page was told to be decided, sent or still in the outbox."""
    kind = used[APPLICATION.name]
    waiting = [entry["message"] for document in await kind.find({}).to_list() for entry in document["outbox"]]
    sent = [row["message"] for row in await used[ARCHIVE].find({}).to_list()]
    return Counter(
        message["data"]["application_id"] for message in (*waiting, *sent) if message["type"] == DocumentChecked.TYPE
    )


async def test_a_kill_between_any_two_writes_decides_a_page_once(mongo_url: str, mongo_database: AsyncDatabase) -> None:
    store = MongoStore(mongo_database, "application")
    await store.prepare(KINDS)
    lot = Lot(mongo_url, mongo_database.name, "application", START, "reading", None, 0, after=False)
    for write in range(MOST_WRITES):
        killed = False
        for after in (False, True):
            await make_empty(mongo_database)
            state = being_read(1, "file-1", START + timedelta(seconds=90))
            await store.insert(APPLICATION, RECEIVED.application_id, state, now=START)
            killed = await dies(hear, replace(lot, write=write, after=after)) or killed
            await hear(store, lot)
            record = await store.get(APPLICATION, RECEIVED.application_id)
            assert record is not None
            assert [document.state for document in record.state.documents] == [DocumentState.ACCEPTED]
            assert await told_of(mongo_database) == {RECEIVED.application_id: 1}
        if not killed:
            break
    assert not killed and write == 1, "its one write was tried"


@dataclass
class Reader:
    """The process that reads papers, as an operating-system process with a reader of the test's own."""

    environment: dict[str, str]
    log: Path
    lives: int = 0

    @asynccontextmanager
    async def living(self) -> AsyncIterator[None]:
        """Run it, and kill it with SIGKILL at the end."""
        self.lives += 1
        with self.log.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "tests.integration.paper_stand_in",
                cwd=PROJECT,
                env=self.environment,
                stdout=output,
                stderr=output,
            )
        try:
            yield
            assert process.returncode is None, self.log.read_text(errors="replace")[-2000:]
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


def environment_of(mongo_url: str, amqp_url: str, database_name: str) -> dict[str, str]:
    ours = settings()
    return {
        **os.environ,
        **ENVIRONMENT,
        "PASPOR_ENVIRONMENT": "test",
        "PASPOR_DATABASE": database_name,
        "PASPOR_MONGO_URL": mongo_url,
        "PASPOR_AMQP_URL": amqp_url,
        "PASPOR_MASTER_KEYS": key("k1", 1),
        "PASPOR_FINGERPRINT_KEYS": key("k1", 2),
        "PASPOR_SEALING_PRIVATE_KEYS": ours.sealing_private_keys.get_secret_value(),
        "PASPOR_NOTIFICATION_SEALING_PUBLIC_KEY": ours.notification_sealing_public_key,
        "PASPOR_HTTP_PORT": str(free_port()),
        "PASPOR_PAPERS_READING": "wanted",
        "PASPOR_READERS": "2",
    }


async def until(holds: Callable[[int], bool], store: MongoStore) -> None:
    """Wait until so many pages are decided."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            states = [record.state.documents[0].state async for record in store.scan(APPLICATION)]
            if holds(sum(state is not DocumentState.CHECKING for state in states)):
                return
            await asyncio.sleep(0.02)


@pytest.mark.acceptance("F44.detector_down")
async def test_the_process_is_killed_again_and_again_and_every_page_is_decided_once(
    mongo_url: str, amqp_url: str, mongo_database: AsyncDatabase, tmp_path: Path
) -> None:
    store, clock = MongoStore(mongo_database, "application"), SystemClock()
    files = GridFsFiles(mongo_database, settings().master_keyring(), clock)
    await store.prepare(KINDS)
    await files.prepare()
    for number in range(PAGES):
        file_id, application_id = uuid.uuid4().hex, str(uuid.uuid4())
        await files.put(file_id, FileMeta("image/jpeg", len(PICTURE)), PICTURE)
        event = RECEIVED.model_copy(update={"application_id": application_id})
        state = being_read(number, file_id, clock.now() + timedelta(hours=1))
        await store.insert(APPLICATION, application_id, state, now=clock.now(), events=[event])
    reader = Reader(environment_of(mongo_url, amqp_url, mongo_database.name), tmp_path / "log")
    for decided in (*KILLED_AFTER, PAGES):
        async with reader.living():
            await until(lambda count, least=decided: count >= least, store)  # type: ignore[misc]
    states = {record.id: record.state.documents[0].state async for record in store.scan(APPLICATION)}
    assert set(states.values()) == {DocumentState.ACCEPTED}
    assert await told_of(mongo_database) == dict.fromkeys(states, 1)
    assert reader.lives == 3
