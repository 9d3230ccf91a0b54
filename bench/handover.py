"""Files with pictures that waited for the issuance system: how fast they go once it is back, and the memory of that."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import time
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import aiohttp

from bench import stage
from bench.figures import Figure, Table
from bench.process_memory import Watched, watch_memory
from bench.seats import timed
from local_suite.suite import Suite
from services.application.applications.applicant import Applicant
from services.application.applications.application import Application, Status, application_number, with_documents
from services.application.applications.document import Document, DocumentState
from services.application.applications.hand_over import HandOver
from services.application.applications.repository import APPLICANT, APPLICATION
from services.application.applications.visit import Seat, SeatState, Visits
from services.application.requirements.answers import Answers
from shared.clock import Clock, SystemClock
from shared.crypto.keyring import Keyring
from shared.events.codes import ApplicationReason, PassportKind
from shared.files.gridfs import GridFsFiles
from shared.files.port import FileMeta, FileStore
from shared.person_keys.keys import PersonKeys
from shared.person_keys.mongo import KEYS_SUFFIX, MongoKeyTable
from shared.store.driver import connect, database, disconnect
from shared.store.mongo import MongoStore
from shared.store.port import Store

APPLICATIONS: Final = 1_000
DOWN_SECONDS: Final = 600.0
SLOW_SECONDS: Final = 0.5
"""By which every answer of the issuance system is late once it is back."""

LONGEST_SECONDS: Final = 1_200.0
"""After this the bench gives up: the figure shows it then."""

PAPERS: Final = ("ktp", "family_card", "birth_proof")
PICTURE_BYTES: Final = 600 * 1024
"""As a photograph of a paper is kept, in JPEG."""

WRITTEN_AT_ONCE: Final = 16
SETTLE_SECONDS: Final = 5.0
OFFICE: Final = "jakarta-selatan"
RESTING: Final = ("identity", "scheduling", "billing", "notification", "mail")


@dataclass(frozen=True)
class HandOverRun:
    """One run: how many applications, seconds from the return to the last acknowledgement, and memory."""

    applications: int
    acknowledged: int
    seconds: float
    memory: Watched


class WaitingFiles:
    """Writes submitted applications whose visit is certain and whose file is due, sealed as application does it."""

    def __init__(self, clock: Clock, store: Store, keys: PersonKeys, files: FileStore) -> None:
        self._clock, self._store, self._keys, self._files = clock, store, keys, files

    @classmethod
    def on_suite(cls, client: Any, master_keys: str) -> WaitingFiles:
        """Return a writer for a running suite."""
        clock, keyring = SystemClock(), Keyring.parse(master_keys)
        data = database(client, "paspor_application")
        keys = PersonKeys(
            MongoKeyTable(database(client, f"paspor_application{KEYS_SUFFIX}")), keyring, clock, "application"
        )
        return cls(clock, MongoStore(data, "application"), keys, GridFsFiles(data, keyring, clock, keys))

    async def write(self, count: int, picture_bytes: int = PICTURE_BYTES) -> None:
        """Write so many applications with three pictures each."""
        now = self._clock.now()
        applicants: list[tuple[str, Applicant]] = []
        applications: list[tuple[str, Application]] = []

        async def make(number: int) -> None:
            applicant_id, application_id = str(uuid.uuid4()), str(uuid.uuid4())
            applicants.append((applicant_id, await self._applicant(applicant_id, number)))
            documents = [await self._document(applicant_id, paper, picture_bytes, now) for paper in PAPERS]
            applications.append(
                (application_id, with_documents(_waiting(applicant_id, application_id, now), documents))
            )

        await timed(WRITTEN_AT_ONCE, count, make)
        await self._store.insert_all(APPLICANT, applicants, now=now)
        await self._store.insert_all(APPLICATION, applications, now=now)

    async def _applicant(self, applicant_id: str, number: int) -> Applicant:
        cipher = await self._keys.new_cipher(applicant_id)
        card = {
            "full_name": f"CONTOH {number}",
            "nik": f"99{number:014d}",
            "birth_place": "JAKARTA",
            "birth_date": "1990-02-05",
            "sex": "female",
        }
        sealed = cipher.seal(json.dumps(card), owner_id=applicant_id, field="card")
        return Applicant(f"bench-{number}", applicant_id, confirmed_version=1, card_version=1, card_sealed=sealed)

    async def _document(self, applicant_id: str, paper: str, size: int, now: datetime) -> Document:
        file_id, content = str(uuid.uuid4()), os.urandom(size)
        await self._files.put(file_id, FileMeta("image/jpeg", subject_id=applicant_id), content)
        return Document(
            document_id=str(uuid.uuid4()),
            requirement=paper,
            paper=paper,
            media_type="image/jpeg",
            size_bytes=size,
            created_at=now,
            upload_until=now,
            file_id=file_id,
            state=DocumentState.ACCEPTED,
            sha256=hashlib.sha256(content).hexdigest(),
            stored_bytes=size,
            accepted_at=now,
        )


def _waiting(applicant_id: str, application_id: str, now: datetime) -> Application:
    starts_at = now + timedelta(days=7)
    seat = Seat(
        appointment_id=str(uuid.uuid4()),
        version=1,
        at=now,
        state=SeatState.CONFIRMED,
        session_id="bench",
        pool="regular",
        office_id=OFFICE,
        office_name="Kantor Imigrasi Jakarta Selatan",
        office_timezone="Asia/Jakarta",
        starts_at=starts_at,
        ends_at=starts_at,
        queue_number="R-001",
        queue_code="bench",
    )
    return Application(
        number=application_number(application_id, now.year, 0),
        account_id=application_id,
        applicant_id=applicant_id,
        person_id=applicant_id,
        started_at=now,
        status=Status.SUBMITTED,
        submitted_at=now,
        answers=Answers(False, ApplicationReason.NEW, PassportKind.ELECTRONIC, 10),
        visits=Visits(seats=(seat,)),
        office_id=OFFICE,
        visit_at=starts_at,
        hand_over=HandOver(seat.visit_key, starts_at, next_try_at=now),
    )


async def measure(applications: int = APPLICATIONS, down_seconds: float = DOWN_SECONDS, scale: float = 1.0) -> Table:
    """Measure on a fresh suite; ``scale`` shrinks the applications and the time without the issuance system."""
    applications, down_seconds = max(2, round(applications * scale)), down_seconds * scale
    async with stage.suite(without=RESTING) as running:
        client = connect(running.mongo_url)
        try:
            run = await _run(running, client, applications, down_seconds)
        finally:
            await disconnect(client)
    return make_table(run, down_seconds)


async def _run(running: Suite, client: Any, applications: int, down_seconds: float) -> HandOverRun:
    pid = next(part.pid for part in running.status() if part.name == "application")
    assert pid is not None, "the service runs"  # noqa: S101 - narrows the type
    await _behave(running, "down")
    await asyncio.sleep(SETTLE_SECONDS)
    async with watch_memory(pid) as memory:
        await WaitingFiles.on_suite(client, running.secrets["master_keys"]).write(applications)
        await asyncio.sleep(down_seconds)
        await _behave(running, "slow")
        begun = time.perf_counter()
        acknowledged = await _all_acknowledged(client, applications, begun)
        seconds = time.perf_counter() - begun
    return HandOverRun(applications, acknowledged, seconds, memory)


async def _behave(running: Suite, mode: str) -> None:
    body = {"operation": "*", "mode": mode, "delay_seconds": SLOW_SECONDS if mode == "slow" else 0.0}
    async with (
        aiohttp.ClientSession() as session,
        session.put(f"{running.url('dpri')}/control/behaviour", json=body) as answer,
    ):
        answer.raise_for_status()


async def _all_acknowledged(client: Any, count: int, begun: float) -> int:
    wanted = {"state.hand_over.acknowledged_at": {"$ne": None}}
    while True:
        acknowledged = int(await database(client, "paspor_application").application.count_documents(wanted))
        if acknowledged >= count or time.perf_counter() - begun > LONGEST_SECONDS:
            return acknowledged
        await asyncio.sleep(1.0)


def make_table(run: HandOverRun, down_seconds: float) -> Table:
    """The figures of one run: seconds from the return, the peak of memory by that of the idle service, what is left."""
    return Table(
        title="Hand-over after the issuance system was away",
        method=(
            f"{run.applications} files with {len(PAPERS)} pictures of {PICTURE_BYTES // 1024} KiB each wait while the "
            f"issuance system is down for {down_seconds:g} s; then each of its answers takes {SLOW_SECONDS:g} s. "
            "Measured is the time from its return to the last acknowledgement, and the memory of application "
            "(proportional set size) at its peak, by that of the idle service before."
        ),
        figures=(
            Figure("handover.seconds", run.seconds, "s", target=600.0, less_is_better=True),
            Figure("handover.memory", run.memory.peak / run.memory.before, "x", target=1.1, less_is_better=True),
            Figure(
                "handover.left", float(run.applications - run.acknowledged), "files", target=0.0, less_is_better=True
            ),
        ),
    )
