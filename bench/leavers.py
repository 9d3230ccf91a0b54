"""People who leave: each has data in every service, sealed and written as the services do it, but many at a time."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from bench.seats import timed
from services.application.applications.applicant import Applicant as CardHolder
from services.application.applications.application import Application, Interview, Status, application_number
from services.application.applications.application import with_documents as with_files
from services.application.applications.document import Document, DocumentState
from services.application.applications.repository import APPLICANT as CARD_HOLDER
from services.application.applications.repository import APPLICATION
from services.billing.bills.application_facts import KnownApplication
from services.billing.bills.application_repository import APPLICATIONS
from services.billing.refunds.model import Refund
from services.billing.refunds.repository import REFUNDS
from services.billing.refunds.states import RefundState
from services.billing.refunds.treasury import Payee
from services.billing.refunds.vault import Vault as RefundVault
from services.identity.accounts.account import Place, register
from services.identity.accounts.addresses import NormalAddress
from services.identity.accounts.channel import Channel
from services.identity.accounts.repository import ACCOUNT
from services.identity.accounts.vault import AccountVault
from services.identity.applicants.applicant import Applicant, IdentityCheck, IdentityState
from services.identity.applicants.nik import Sex
from services.identity.applicants.particulars import Particulars
from services.identity.applicants.person import Person
from services.identity.applicants.repository import APPLICANT, PERSON
from services.identity.applicants.vault import ApplicantVault
from services.identity.seals import Seals
from services.notification.contacts.contact import ContactCard
from services.notification.contacts.repository import CARDS
from services.notification.deliveries.delivery import Delivery, State
from services.notification.deliveries.repository import DELIVERIES
from services.scheduling.booking.appointments.appointment import Appointment
from services.scheduling.booking.appointments.appointment import Status as VisitStatus
from services.scheduling.booking.appointments.repository import APPOINTMENT
from services.scheduling.booking.appointments.special_reschedule_right import Special, SpecialState
from services.scheduling.visit.evidence import SPECIAL_EVIDENCE, EvidenceVault
from shared.chain.kinds import SALT, Salt
from shared.clock import Clock, SystemClock
from shared.crypto.codes import CodeHasher
from shared.crypto.fields import FieldCipher
from shared.crypto.fingerprints import Fingerprints
from shared.crypto.keyring import Keyring
from shared.crypto.sealed import SealedBox
from shared.events.codes import DeliveryChannel, SpecialCause
from shared.events.identity import ErasureOrdered
from shared.events.subscriptions import SERVICES
from shared.files.gridfs import GridFsFiles
from shared.files.port import FileMeta, FileStore
from shared.masking import mask_email
from shared.person_keys.keys import PersonKeys
from shared.person_keys.mongo import KEYS_SUFFIX, MongoKeyTable
from shared.store.driver import database
from shared.store.kinds import Kind
from shared.store.mongo import MongoStore
from shared.store.port import Store

WRITTEN_AT_ONCE: Final = 32
PICTURES: Final = 3
DELIVERIES_EACH: Final = 3
PICTURE: Final = bytes(range(256)) * 16
"""4 KiB: what erasing costs hangs on how many files there are, not on their size."""

SINCE: Final = timedelta(days=200)
"""Since then everything of them has ended: no rule that binds keeps any of it."""

LAST_MESSAGE: Final = timedelta(days=30)
NIKS_OF_A_DAY: Final = 10_000


@dataclass(frozen=True)
class Leaver:
    """One person, by the ids under which the services know them."""

    erasure_id: str
    account_id: str
    applicant_id: str
    person_id: str
    application_id: str

    @property
    def order(self) -> ErasureOrdered:
        """Return the order to erase them, as identity tells it."""
        return ErasureOrdered(
            erasure_id=self.erasure_id,
            account_id=self.account_id,
            applicant_ids=(self.applicant_id,),
            person_ids=(self.person_id,),
            whole_account=True,
        )


class LeaverWriter:
    """Writes leavers into the stores of the services, by name, sealed with the keys that these have."""

    def __init__(
        self,
        clock: Clock,
        stores: Mapping[str, Store],
        keys: Mapping[str, PersonKeys],
        files: FileStore,
        seals: Seals,
    ) -> None:
        """``files`` are application's, ``seals`` identity's."""
        self._clock, self._stores, self._keys, self._files = clock, stores, keys, files
        self._accounts, self._applicants = AccountVault(seals), ApplicantVault(seals)
        self._refunds, self._evidence = RefundVault(keys["billing"]), EvidenceVault(keys["scheduling"])

    @classmethod
    def on_suite(cls, client: Any, secrets: Mapping[str, str]) -> LeaverWriter:
        """Return a writer for a running suite, whose data folder has these secrets."""
        clock, master_keys = SystemClock(), Keyring.parse(secrets["master_keys"])
        fingerprint_keys = Keyring.parse(secrets["fingerprint_keys"])
        tables = {name: MongoKeyTable(database(client, f"paspor_{name}{KEYS_SUFFIX}")) for name in SERVICES}
        keys = {name: PersonKeys(tables[name], master_keys, clock, name) for name in SERVICES}
        return cls(
            clock,
            {name: MongoStore(database(client, f"paspor_{name}"), name) for name in SERVICES},
            keys,
            GridFsFiles(database(client, "paspor_application"), master_keys, clock, keys["application"]),
            Seals(
                cipher=FieldCipher(master_keys),
                person_keys=keys["identity"],
                fingerprints=Fingerprints(fingerprint_keys),
                codes=CodeHasher(fingerprint_keys),
                notification=SealedBox.for_recipient(secrets["notification_key_pair"].split()[1]),
                application=SealedBox.for_recipient(secrets["application_key_pair"].split()[1]),
            ),
        )

    async def write(self, count: int) -> list[Leaver]:
        """Write so many leavers, and return them."""
        now = self._clock.now()
        leavers = [Leaver(*(str(uuid.uuid4()) for _ in range(5))) for _ in range(count)]
        items: dict[str, list[tuple[Kind[Any], str, Any]]] = {name: [] for name in SERVICES}

        async def make(number: int) -> None:
            leaver = leavers[number]
            items["identity"].extend(await self._of_identity(number, leaver, now - SINCE))
            items["application"].extend(await self._of_application(number, leaver, now - SINCE))
            items["scheduling"].extend(await self._of_scheduling(leaver, now - SINCE))
            items["billing"].extend(await self._of_billing(number, leaver, now - SINCE))
            items["notification"].extend(await self._of_notification(number, leaver, now))

        await timed(WRITTEN_AT_ONCE, count, make)
        await asyncio.gather(*(self._insert(name, of_service, now) for name, of_service in items.items()))
        return leavers

    async def _insert(self, service: str, items: Sequence[tuple[Kind[Any], str, Any]], now: datetime) -> None:
        for kind in {kind.name: kind for kind, _, _ in items}.values():
            states = [(record_id, state) for other, record_id, state in items if other.name == kind.name]
            await self._stores[service].insert_all(kind, states, now=now)

    async def _of_identity(self, number: int, leaver: Leaver, at: datetime) -> list[tuple[Kind[Any], str, Any]]:
        account = await self._accounts.unlock(leaver.account_id, is_new=True)
        email = account.seal_address(NormalAddress(_email(number), Channel.EMAIL))
        phone = account.seal_address(NormalAddress(_phone(number), Channel.SMS))
        nik = self._applicants.nik_fingerprints(_nik(number))
        applicant = Applicant(
            account_id=leaver.account_id,
            particulars=(await self._applicants.unlock(leaver.applicant_id, is_new=True)).seal_particulars(
                Particulars(_name(number), _nik(number), "Jakarta", _born(number), Sex.MALE)
            ),
            nik_fingerprints=nik,
            identity=IdentityCheck(IdentityState.PASSED, check_at=None),
            added_at=at,
            person_id=leaver.person_id,
            confirmed_nik=nik,
        )
        known = replace(register("id", at, email=email, phone=phone), places=(Place(leaver.applicant_id, at),))
        return [
            (ACCOUNT, leaver.account_id, known),
            (APPLICANT, leaver.applicant_id, applicant),
            (PERSON, leaver.person_id, Person(nik, at)),
        ]

    async def _of_application(self, number: int, leaver: Leaver, at: datetime) -> list[tuple[Kind[Any], str, Any]]:
        cipher = await self._keys["application"].new_cipher(leaver.applicant_id)
        card = {
            "full_name": _name(number),
            "nik": _nik(number),
            "birth_place": "Jakarta",
            "birth_date": _born(number).isoformat(),
            "sex": Sex.MALE.value,
        }
        holder = CardHolder(
            leaver.account_id,
            leaver.person_id,
            confirmed_version=1,
            card_version=1,
            card_sealed=cipher.seal(json.dumps(card), owner_id=leaver.applicant_id, field="card"),
        )
        application = Application(
            number=application_number(leaver.application_id, at.year, 0),
            account_id=leaver.account_id,
            applicant_id=leaver.applicant_id,
            person_id=leaver.person_id,
            started_at=at,
            status=Status.REFUSED,
            closed_at=at,
            interview=Interview(
                "refused",
                at,
                "interviewer",
                note_sealed=cipher.seal("Tidak lengkap.", owner_id=leaver.application_id, field="interview_note"),
            ),
        )
        documents = [await self._document(leaver, kind, at) for kind in range(PICTURES)]
        return [
            (CARD_HOLDER, leaver.applicant_id, holder),
            (APPLICATION, leaver.application_id, with_files(application, documents)),
        ]

    async def _document(self, leaver: Leaver, kind: int, at: datetime) -> Document:
        file_id = str(uuid.uuid4())
        await self._files.put(file_id, FileMeta("image/jpeg", subject_id=leaver.applicant_id), PICTURE)
        return Document(
            document_id=str(uuid.uuid4()),
            requirement=f"paper_{kind}",
            paper=f"paper_{kind}",
            media_type="image/jpeg",
            size_bytes=len(PICTURE),
            created_at=at,
            upload_until=at,
            file_id=file_id,
            state=DocumentState.ACCEPTED,
            sha256="0" * 64,
            stored_bytes=len(PICTURE),
        )

    async def _of_scheduling(self, leaver: Leaver, at: datetime) -> list[tuple[Kind[Any], str, Any]]:
        visit_id = str(uuid.uuid4())
        evidence = await self._evidence.seal(
            "Surat dokter", subject_id=leaver.account_id, owner_id=visit_id, field=SPECIAL_EVIDENCE
        )
        visit = Appointment(
            VisitStatus.RELEASED,
            live=False,
            application_id=leaver.application_id,
            account_id=leaver.account_id,
            person_id=leaver.person_id,
            made_at=at,
            special=Special(SpecialState.ENDED, SpecialCause.ILLNESS, asked_at=at, evidence=evidence),
        )
        salt = Salt("seats/bench", visit_id, str(uuid.uuid4()), "0" * 64)
        return [(APPOINTMENT, visit_id, visit), (SALT, str(uuid.uuid4()), salt)]

    async def _of_billing(self, number: int, leaver: Leaver, at: datetime) -> list[tuple[Kind[Any], str, Any]]:
        known = KnownApplication(leaver.application_id, leaver.account_id, leaver.person_id, None, 1)
        case = Refund(
            refund_id=str(uuid.uuid4()),
            receipt_id=str(uuid.uuid4()),
            amount=650_000,
            state=RefundState.PAID,
            reason="duplicate_payment",
            legal_basis="bench",
            decided_by="fee_officer",
            opened_at=at,
            application_id=leaver.application_id,
            account_id=leaver.account_id,
            bill_id=None,
            ended_at=at,
        )
        account = await self._refunds.seal_account(case, Payee("014", f"{number:010d}", _name(number)), at)
        paid = replace(case, account=account, note_sealed=await self._refunds.seal_note(case, "Dibayar dua kali."))
        return [(APPLICATIONS, leaver.application_id, known), (REFUNDS, case.refund_id, paid)]

    async def _of_notification(self, number: int, leaver: Leaver, now: datetime) -> list[tuple[Kind[Any], str, Any]]:
        cipher = await self._keys["notification"].new_cipher(leaver.account_id)
        values = {"email": _email(number), "phone": _phone(number), "name": _name(number)}
        sealed = {name: cipher.seal(value, owner_id=leaver.account_id, field=name) for name, value in values.items()}
        card = ContactCard("id", sealed["email"], sealed["phone"], sealed["name"], source_version=1)
        at = now - LAST_MESSAGE
        told = Delivery(
            account_id=leaver.account_id,
            template="bill_issued",
            channel=DeliveryChannel.EMAIL,
            language="id",
            cause_id=str(uuid.uuid4()),
            application_id=leaver.application_id,
            sent_to=mask_email(_email(number)),
            sealed=None,
            created_at=at,
            send_by=at + timedelta(days=3),
            state=State.SENT,
            sent_at=at,
            ended_at=at,
        )
        messages = [(DELIVERIES, str(uuid.uuid4()), told) for _ in range(DELIVERIES_EACH)]
        return [(CARDS, leaver.account_id, card), *messages]


async def count_left(client: Any, leavers: Sequence[Leaver]) -> int:
    """Return how many of them are not erased: a service has not ended its erasure, or has a key of theirs."""
    by_erasure = {leaver.erasure_id for leaver in leavers}
    by_subject = {
        subject: leaver.erasure_id for leaver in leavers for subject in (leaver.account_id, leaver.applicant_id)
    }
    left: set[str] = set()
    for name in SERVICES:
        left |= by_erasure - await _ids(database(client, f"paspor_{name}").erasure, {"state.state": "done"})
        keys = await _ids(database(client, f"paspor_{name}{KEYS_SUFFIX}").person_keys, {"wrapped": {"$exists": True}})
        left |= {by_subject[subject] for subject in keys & by_subject.keys()}
    return len(left)


async def count_ended(client: Any) -> int:
    """Return how many erasures have ended in every service: those of the service that is furthest behind."""
    ended = {"state.state": {"$ne": "erasing"}}
    return min([int(await database(client, f"paspor_{name}").erasure.count_documents(ended)) for name in SERVICES])


async def _ids(collection: Any, wanted: Mapping[str, Any]) -> set[str]:
    return {document["_id"] async for document in collection.find(wanted, {"_id": 1})}


def _name(number: int) -> str:
    return f"Warga Contoh {number}"


def _email(number: int) -> str:
    return f"pergi.{number}@contoh.example"


def _phone(number: int) -> str:
    return f"+62812{number:08d}"


def _born(number: int) -> date:
    return date(1960, 1, 1 + number // NIKS_OF_A_DAY)


def _nik(number: int) -> str:
    """Return a NIK of somebody older than the citizens who walk journeys, so that none is another's."""
    return f"317401{_born(number):%d%m%y}{number % NIKS_OF_A_DAY:04d}"
