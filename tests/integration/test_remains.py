"""What an erased person leaves behind on the real suite: in its databases, queues, logs, and in a copy made before.

One citizen walks the whole journey, asks for an export and closes the account over HTTP. The world outside (mailbox,
registry, the issuance system) keeps what it was sent and is not looked at.
"""

from __future__ import annotations

import base64
import io
import json
import os
import zipfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final
from unittest import mock

import aio_pika
import pytest
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from PIL import Image

from journeys.api_client import eventually
from journeys.citizen import Citizen
from journeys.people import Person, picture
from journeys.reporter import Reporter
from journeys.ways import Ways
from local_suite import demo
from local_suite.parts import SERVICES, any_free_ports
from local_suite.service_process import ServiceProcess
from local_suite.suite import Suite
from services.application import config as application_config
from services.application.applications.repository import APPLICANT as CARD_HOLDER
from services.application.applications.repository import APPLICATION
from services.application.applications.vault import Vault
from services.identity import config as identity_config
from services.identity.accounts.channel import Channel
from services.identity.accounts.repository import ACCOUNT
from services.identity.accounts.vault import AccountVault
from services.identity.applicants.repository import APPLICANT
from services.identity.applicants.vault import ApplicantVault
from services.identity.seals import Seals
from services.notification import config as notification_config
from services.notification.contacts.repository import CARDS
from services.notification.contacts.vault import ContactVault
from services.notification.seals import Seals as NotificationSeals
from shared.bus import topology
from shared.clock import SystemClock
from shared.crypto.errors import CannotDecrypt
from shared.crypto.keyring import Keyring
from shared.files.gridfs import GridFsFiles
from shared.files.port import FileDamaged
from shared.person_keys.keys import PersonKeys
from shared.person_keys.mongo import KEYS_SUFFIX, MongoKeyTable
from shared.store.driver import connect, database, disconnect
from shared.store.mongo import MongoStore
from tests.searching import found_in, written_forms
from tests.unit.world import envelope_of

ZUBAIDAH: Final = Person(
    full_name="Zubaidah Kresnawati",
    nik="3174016903710471",
    birth_place="Jakarta",
    birth_date=date(1971, 3, 29),
    sex="female",
    email="zubaidah.kresnawati@contoh.example",
    phone="+628119471203",
    family_card_number="3174010101150471",
)
NOTE: Final = "Berbicara pelan, membawa akta kelahiran asli."
IN_PICTURE: Final = "Difoto dengan kamera milik pemohon"
VALUES: Final = (
    ZUBAIDAH.full_name,
    *ZUBAIDAH.full_name.split(),
    ZUBAIDAH.nik,
    ZUBAIDAH.email,
    "8119471203",
    ZUBAIDAH.family_card_number,
    *("1971-03-29", "29-03-1971", "29/03/1971", "29.03.1971", "29 Maret 1971", "29 March 1971"),
    NOTE,
    IN_PICTURE,
)
SLICE_BYTES: Final = 48
SETTINGS: Final = {
    **demo.SETTINGS,
    "*": {**demo.SETTINGS["*"], "PASPOR_ERASURE_LOOK_AGAIN_SECONDS": "1", "PASPOR_LOG_LEVEL": "debug"},
    "identity": {"PASPOR_LEAVING_GRACE_SECONDS": "1"},
}
"""The demo's, with an undo and a second look that last a second, and services that log all they can."""

OUTSIDE: Final = {"mail.log", "simulators.log"}
"""Logs of the world outside."""

UNREADABLE: Final = ("system.", "replset.")
"""Collections of the database server's own, which its root may not read."""

MARKER: Final = "penanda-yang-ditinggalkan"


class Owner(Citizen):
    """A citizen whose pictures say in their metadata where they come from."""

    async def upload(self, requirement: str, content: bytes | None = None) -> Any:
        return await super().upload(requirement, content or with_description(picture(requirement)))

    async def prove_both(self, path: str, body: Any = None) -> None:
        """Ask for something that every address has to agree to, and type both codes."""
        mails = len(await self.outside.letters_to(self.person.email))
        texts = len(await self.outside.texts_to(self.person.phone))
        asked = (await self.api.post(f"{self.at.identity}{path}", body or {}))["challenge"]
        codes = {"email": await self.outside.otp_by_mail(self.person.email, seen=mails)}
        codes["sms"] = await self.outside.otp_by_sms(self.person.phone, seen=texts)
        await self._prove(asked["challenge_id"], codes[asked["channel"]], codes[asked["old_code_channel"]])


def with_description(content: bytes) -> bytes:
    """The picture with a description in its metadata."""
    image, exif, written = Image.open(io.BytesIO(content)), Image.Exif(), io.BytesIO()
    exif[0x010E] = IN_PICTURE
    image.save(written, "JPEG", quality=85, exif=exif)
    return written.getvalue()


@dataclass
class Place:
    """The running suite, and all places in which something of a person could lie."""

    suite: Suite
    client: Any

    async def contents(self) -> dict[str, bytes]:
        """What each place holds, by its name."""
        return {**await self._documents(), **await self._messages(), **self._logs()}

    async def _documents(self) -> dict[str, bytes]:
        """Every collection of every database: GridFS, archives, chains, keys and the log of the replica set too."""
        found = {}
        for name in await self.client.list_database_names():
            for collection, documents in (await raw_documents(self.client, name)).items():
                found[f"{name}.{collection}"] = b"".join(document.raw for document in documents)
        return found

    async def _messages(self) -> dict[str, bytes]:
        """Every message of every queue; all of them go back."""
        found = {}
        async with await aio_pika.connect(self.suite.amqp_url) as connection:
            channel = await connection.channel()
            for queue in topology.queues():
                messages = await take_all(channel, queue.name)
                written = [message.body + repr((message.headers, message.info())).encode() for message in messages]
                found[queue.name] = b"".join(written)
                for message in messages:
                    await message.nack(requeue=True)
        return found

    def _logs(self) -> dict[str, bytes]:
        logs = [path for path in self.suite.data_dir.rglob("*.log*") if path.is_file() and path.name not in OUTSIDE]
        return {str(path.relative_to(self.suite.data_dir)): path.read_bytes() for path in logs}

    async def search(self, forms: Mapping[bytes, str]) -> dict[str, set[str]]:
        """The values that are found, by place."""
        contents = await self.contents()
        found = {name: found_in(content, forms) for name, content in contents.items()}
        return {name: values for name, values in found.items() if values}

    def settings(self, service: str, settings: Any) -> Any:
        """The settings with which a service of the suite runs."""
        process = self.suite.process(service)
        assert isinstance(process, ServiceProcess)
        with mock.patch.dict(os.environ, process.part.environment):
            return settings.load()

    def keys(self, service: str) -> PersonKeys:
        """The keys of persons that there are now, and none that was read before."""
        table = MongoKeyTable(database(self.client, f"paspor_{service}{KEYS_SUFFIX}"))
        return PersonKeys(table, Keyring.parse(self.suite.secrets["master_keys"]), SystemClock(), service)


async def raw_documents(client: Any, name: str) -> dict[str, list[RawBSONDocument]]:
    """Every document of a database as it lies there, by collection."""
    raw = client.get_database(name, codec_options=CodecOptions(document_class=RawBSONDocument))
    names = [each for each in await raw.list_collection_names() if not each.startswith(UNREADABLE)]
    return {each: [document async for document in raw[each].find({})] for each in names}


async def take_all(channel: Any, name: str) -> list[Any]:
    queue = await channel.get_queue(name, ensure=False)
    taken = []
    while (message := await queue.get(fail=False, timeout=10)) is not None:
        taken.append(message)
    return taken


@dataclass
class Copy:
    """A copy of the data without the databases of keys, as a backup is, in databases of its own."""

    place: Place
    owner: Owner

    @classmethod
    async def make(cls, place: Place, owner: Owner) -> Copy:
        """Copy the data of all services."""
        for service in SERVICES:
            target = place.client.get_database(
                f"copy_{service}", codec_options=CodecOptions(document_class=RawBSONDocument)
            )
            for name, documents in (await raw_documents(place.client, f"paspor_{service}")).items():
                if documents:
                    await target[name].insert_many(documents)
        return cls(place, owner)

    def store(self, service: str) -> MongoStore:
        return MongoStore(database(self.place.client, f"copy_{service}"), service)

    async def readable(self) -> set[str]:
        """What the services' own code opens of it, with every master key and the keys of persons that there are."""
        opened = set()
        for name, read in self._readings().items():
            try:
                assert await read(), name
            except (CannotDecrypt, FileDamaged):
                continue
            opened.add(name)
        return opened

    def _readings(self) -> dict[str, Callable[[], Awaitable[Any]]]:
        place, owner = self.place, self.owner
        identity_keys, application_keys, notification_keys = map(
            place.keys, ("identity", "application", "notification")
        )
        seals = Seals.from_settings(place.settings("identity", identity_config.Settings), identity_keys)
        vault = Vault(place.settings("application", application_config.Settings), application_keys)
        cards = ContactVault(
            NotificationSeals.from_settings(
                place.settings("notification", notification_config.Settings), notification_keys
            )
        )
        files = GridFsFiles(
            database(place.client, "copy_application"),
            Keyring.parse(place.suite.secrets["master_keys"]),
            SystemClock(),
            application_keys,
        )

        async def state(service: str, kind: Any, record_id: str) -> Any:
            record = await self.store(service).get(kind, record_id)
            assert record is not None
            return record.state

        async def address() -> Any:
            account = await state("identity", ACCOUNT, owner.account_id)
            return (await AccountVault(seals).unlock(owner.account_id)).address_of(account, Channel.EMAIL)

        async def particulars() -> Any:
            applicant = await state("identity", APPLICANT, owner.applicant_id)
            return await ApplicantVault(seals).particulars(applicant.particulars, owner.applicant_id)

        async def card() -> Any:
            return await vault.card(owner.applicant_id, await state("application", CARD_HOLDER, owner.applicant_id))

        async def passport_number() -> Any:
            application = await state("application", APPLICATION, owner.application_id)
            return await vault.passport_number(owner.application_id, application)

        async def note() -> Any:
            application = await state("application", APPLICATION, owner.application_id)
            cipher = await application_keys.cipher(owner.applicant_id)
            return cipher.open(application.interview.note_sealed, owner_id=owner.application_id, field="interview_note")

        async def picture_or_letter() -> Any:
            application = await state("application", APPLICATION, owner.application_id)
            return [piece for file_id in application.file_ids async for piece in files.read(file_id)]

        async def contact() -> Any:
            return await cards.open_reach(owner.account_id, await state("notification", CARDS, owner.account_id))

        readings = (address, particulars, card, passport_number, note, picture_or_letter, contact)
        return {reading.__name__: reading for reading in readings}


@dataclass
class Walked:
    """The owner of a closed account, and what was seen on the way."""

    owner: Owner
    copy: Copy
    readable_before: set[str]
    values: list[str | bytes] = field(default_factory=list)
    dead_letters: int = 0


@pytest.fixture(scope="module")
async def place(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Place]:
    """The whole suite as operating-system processes."""
    async with Suite(tmp_path_factory.mktemp("suite"), any_free_ports(), extra=SETTINGS) as suite:
        client = connect(suite.mongo_url)
        try:
            yield Place(suite, client)
        finally:
            await disconnect(client)


@pytest.fixture(scope="module")
async def walked(place: Place) -> AsyncIterator[Walked]:
    """A whole journey, an export, letters that died, a copy of the data; then the person is erased."""
    ways = Ways(demo.addresses(place.suite), Reporter(quiet=True))
    try:
        stranger = await ways.newcomer()
        await stranger.outside.register_people([ZUBAIDAH])
        owner = Owner(stranger.at, stranger.api, stranger.outside, ZUBAIDAH)
        await walk(ways, owner)
        values = [*VALUES, *await slices_of_export(owner), middle_of(await owner.letter())]
        copy = await Copy.make(place, owner)
        seen = Walked(owner, copy, await copy.readable(), values)
        seen.dead_letters = await bury(place, owner)
        await leave(place, owner)
        yield seen
    finally:
        await ways.close()


async def walk(ways: Ways, owner: Owner) -> None:
    """From the registration to the passport in hand, with words of the interviewer."""
    way = ways.reporter.way("journey", "")
    await owner.register()
    await owner.add_phone()
    await ways.apply(way, owner)
    await owner.hold_seat()
    await ways.pay(way, owner)
    front, interviewer = ways.officer("front_officer"), ways.officer("interviewer")
    await front.check_in(owner.queue_code)
    await interviewer.see_originals(owner.application_id)
    url = f"{owner.at.application}/v1/applications/{owner.application_id}/interview"
    await interviewer.post(url, {"outcome": "approved", "note": NOTE})
    await owner.step_is("collect")
    await front.hand_out(owner.application_id)
    await owner.view_until(lambda seen: seen["state"] == "collected", "the end of the journey")


async def slices_of_export(owner: Owner) -> list[str | bytes]:
    """Ask for all data of the account: the passport's number, and a piece of each picture as it is kept."""
    await owner.prove_both("/v1/account/exports")
    url = f"{owner.at.identity}/v1/account/exports"
    listed = await eventually(
        lambda: owner.api.get(url), lambda seen: seen["exports"][0]["state"] == "ready", "the export"
    )
    export_id = listed["exports"][0]["export_id"]
    data = unpacked(await owner.api.call("GET", f"{url}/{export_id}/archive", raw=True))
    files = unpacked(await owner.api.call("GET", f"{owner.at.application}/v1/exported-files/{export_id}", raw=True))
    [application] = json.loads(data["data.json"])["parts"]["application"]["applications"]
    assert len(files) >= 3
    return [application["passport_number"], *map(middle_of, files.values())]


def unpacked(archive: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(archive)) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def middle_of(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[middle : middle + SLICE_BYTES]


async def bury(place: Place, owner: Owner) -> int:
    """Bury every event that was told of this account with every service, and let sealed commands wait on rungs; how
    many messages were buried.
    """
    events = [envelope for name in SERVICES for envelope in await archived(place, name, owner.account_id)]
    assert events
    seals = Seals.from_settings(place.settings("identity", identity_config.Settings), place.keys("identity"))
    account = await MongoStore(database(place.client, "paspor_identity"), "identity").get(ACCOUNT, owner.account_id)
    assert account is not None
    card = (await AccountVault(seals).unlock(owner.account_id)).contact_card(account.state)
    async with await aio_pika.connect(place.suite.amqp_url) as connection:
        channel = await connection.channel()
        for name in SERVICES:
            for envelope in events:
                await put(channel, topology.dead_queue(name), envelope.to_bytes())
        waits = topology.rung_queue(topology.command_queue("notification"), topology.RETRY_RUNGS_SECONDS[-1])
        await put(channel, waits, envelope_of(card, SystemClock().now()).to_bytes())
    return len(SERVICES) * len(events)


async def archived(place: Place, service: str, account_id: str) -> list[Any]:
    store = MongoStore(database(place.client, f"paspor_{service}"), service)
    found = await store.archived(since=datetime(2020, 1, 1, tzinfo=UTC), limit=1000)
    return [envelope for envelope in found if account_id.encode() in envelope.to_bytes()]


async def put(channel: Any, queue: str, body: bytes) -> None:
    message = aio_pika.Message(body, delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
    await channel.default_exchange.publish(message, queue)


async def leave(place: Place, owner: Owner) -> None:
    """Close the account over HTTP, and wait until every service has erased."""
    await owner.prove_both("/v1/account/leavings", {"what": "account"})

    async def ended() -> list[str]:
        found = database(place.client, "paspor_identity").leaving.find({"state.account_id": owner.account_id})
        return [document["state"]["state"] async for document in found]

    await eventually(ended, lambda states: states == ["erased"], "the end of the leaving")


async def test_no_place_holds_a_plain_value_of_an_erased_person(place: Place, walked: Walked) -> None:
    assert await place.search(written_forms(walked.values)) == {}


async def test_keys_of_an_erased_person_are_gone_from_every_service(place: Place, walked: Walked) -> None:
    subjects = [walked.owner.account_id, walked.owner.applicant_id]
    for service in SERVICES:
        keys = database(place.client, f"paspor_{service}{KEYS_SUFFIX}").person_keys
        left = [
            document["_id"] async for document in keys.find({"_id": {"$in": subjects}, "wrapped": {"$exists": True}})
        ]
        assert left == [], service


async def test_nothing_can_be_read_from_a_copy_of_the_data_that_was_made_before(place: Place, walked: Walked) -> None:
    everything = {"address", "particulars", "card", "passport_number", "note", "picture_or_letter", "contact"}
    assert walked.readable_before == everything, "with the keys all of it opens: nothing else is missing"
    assert await walked.copy.readable() == set()


async def test_what_rests_in_dead_letters_is_ids_alone_and_is_still_there(place: Place, walked: Walked) -> None:
    contents = await place.contents()
    dead = {name: contents[topology.dead_queue(name)] for name in SERVICES}
    assert all(walked.owner.account_id.encode() in content for content in dead.values())
    async with await aio_pika.connect(place.suite.amqp_url) as connection:
        channel = await connection.channel()
        counts = [
            (await channel.declare_queue(topology.dead_queue(name), passive=True)).declaration_result.message_count
            for name in SERVICES
        ]
    assert sum(count or 0 for count in counts) == walked.dead_letters


async def test_a_marker_in_any_place_is_found(place: Place) -> None:
    """The twin: the search can fail, in every place and in every form."""
    databases = [f"paspor_{name}{end}" for name in SERVICES for end in ("", KEYS_SUFFIX)]
    for name in databases:
        await place.client[name].marked.insert_one({"deep": [{"text": f"x{MARKER.upper()}x"}]})
    await place.client["paspor_application"]["files.chunks"].insert_one({"data": MARKER.encode().hex().encode()})
    await place.client["paspor_identity"]["sent_events"].insert_one({"_id": "marked", "sealed": in_base64(MARKER)})
    queues = [queue.name for queue in topology.queues() if ".retry." in queue.name or queue.name.endswith(".dead")]
    async with await aio_pika.connect(place.suite.amqp_url) as connection:
        channel = await connection.channel()
        long_waits = [name for name in queues if name.endswith((".dead", ".600s"))]
        for name in long_waits:
            await put(channel, name, MARKER.encode())
    log = place.suite.data_dir / "logs" / "identity.log"
    with log.open("a") as written:
        written.write(f"{MARKER}\n")
    expected = {f"{name}.marked" for name in databases} | {
        "paspor_application.files.chunks",
        "paspor_identity.sent_events",
    }
    found = set(await place.search(written_forms([MARKER])))
    assert found >= {*expected, *long_waits, str(Path("logs") / "identity.log"), "local.oplog.rs"}


def in_base64(text: str) -> str:
    return base64.b64encode(b"a" + text.encode()).decode()
