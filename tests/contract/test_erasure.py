"""After an order to erase a person nothing in any store, outbox, archive or file tells of them; nothing comes back.

A whole journey is walked. Whatever is sealed on the way is remembered with what it says, so that the search also finds
what somebody with all keys could still open.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from shared.chain.hashing import commitment_of
from shared.crypto.fields import FieldCipher
from shared.crypto.sealed import SealedBox
from shared.events.envelope import Envelope
from shared.events.identity import ErasureOrdered, LegalHoldPlaced
from shared.events.message import Event
from shared.events.subscriptions import SERVICES
from shared.person_keys.cipher import PersonCipher
from shared.person_keys.errors import PersonErased
from shared.retention.erasing import ERASURE
from shared.retention.erasure import LOOK_AGAIN_AFTER
from shared.tokens import Role
from tests.assembled import LATER, Suite
from tests.contract.test_privacy import written_logs
from tests.unit.identity.world import BUDI
from tests.unit.world import Killed, Wrapper, envelope_of
from tests.walking import EMAIL, TYPED, Caller, Citizen, serve_visitor

ERASURE_ID = "erasure-1"
PERSON = (
    BUDI.nik,
    BUDI.full_name,
    EMAIL,
    "+6281200000678",
    TYPED["family_card_number"],
    "Berkas lengkap",
)
"""What is searched for: number, name, addresses, family, and what the interviewer wrote."""


@dataclass
class Seals:
    """Everything that was sealed, with what it says."""

    said: dict[str, str] = field(default_factory=dict)

    def of_person(self) -> list[str]:
        """The sealed values that tell of the person."""
        return [sealed for sealed, text in self.said.items() if any(word in text for word in PERSON)]


@contextmanager
def remembered_seals() -> Iterator[Seals]:
    seals = Seals()
    by_field, by_person, by_box = FieldCipher.seal, PersonCipher.seal, SealedBox.seal

    def seal_field(self: FieldCipher, text: str, **bound: str) -> str:
        sealed = by_field(self, text, **bound)
        seals.said[sealed] = text
        return sealed

    def seal_for_person(self: PersonCipher, text: str, **bound: str) -> str:
        sealed = by_person(self, text, **bound)
        seals.said[sealed] = text
        return sealed

    def seal_box(self: SealedBox, content: Any, bound_to: str) -> str:
        sealed = by_box(self, content, bound_to)
        seals.said[sealed] = json.dumps(content, ensure_ascii=False, default=str)
        return sealed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(FieldCipher, "seal", seal_field)
        patch.setattr(PersonCipher, "seal", seal_for_person)
        patch.setattr(SealedBox, "seal", seal_box)
        yield seals


def raw(store: Any) -> str:
    """Everything that a store in memory holds: documents with outbox and inbox, and the archive."""
    archive = [envelope.to_fields() for _, envelope in store._archive]
    return json.dumps([store._documents, archive], default=str, ensure_ascii=False)


def found_in(suite: Suite, seals: Seals) -> list[str]:
    """Where something of the person is left, in the open or sealed."""
    needles = [*PERSON, *seals.of_person()]
    texts = {name: raw(service.store) for name, service in suite.services.items()}
    return [f"{name}: {needle[:40]}" for name, text in texts.items() for needle in needles if needle in text]


async def files_of(suite: Suite, service: str) -> list[str]:
    return [file_id async for file_id in suite.services[service].files.older_than(LATER)]


async def tell(suite: Suite, event: Event, services: tuple[str, ...] = SERVICES) -> Envelope:
    """Bring an event of identity to these services."""
    envelope = envelope_of(event, suite.clock.now())
    suite._waiting += [(name, envelope) for name in services]
    await suite.settle()
    return envelope


def order_of(citizen: Citizen, person_id: str, erasure_id: str = ERASURE_ID) -> ErasureOrdered:
    return ErasureOrdered(
        erasure_id=erasure_id,
        account_id=citizen.account_id,
        applicant_ids=(citizen.applicant_id,),
        person_ids=(person_id,),
        whole_account=True,
    )


async def person_of(suite: Suite, citizen: Citizen) -> str:
    store = suite.services["application"].store
    (kind,) = [kind for kind in suite.services["application"].parts.kinds if kind.name == "applicant"]
    record = await store.get(kind, citizen.applicant_id)
    return str(record.state.person_id)


async def erased_after_second_look(suite: Suite) -> None:
    await suite.later(LOOK_AGAIN_AFTER.total_seconds())


def told_by(suite: Suite) -> dict[str, tuple[str, ...]]:
    """What each service told last about the erasure."""
    done = [envelope for envelope in suite.published if envelope.type.endswith("erasure.done.v1")]
    return {envelope.data.service: envelope.data.kept for envelope in done}  # type: ignore[union-attr]


@dataclass
class Walked:
    suite: Suite
    citizen: Citizen
    seals: Seals
    person_id: str
    salts: dict[str, str]


@pytest.fixture
async def walked() -> AsyncIterator[Walked]:
    suite = Suite()
    with remembered_seals() as seals:
        await suite.start()
        async with suite.served(), Citizen(suite) as citizen:
            await citizen.register()
            await citizen.add_phone()
            await citizen.become_applicant()
            await citizen.begin()
            await citizen.answer()
            await citizen.upload_everything()
            await citizen.submit()
            await citizen.hold()
            await citizen.pay()
            await serve_visitor(citizen)
            person_id = await person_of(suite, citizen)
            for service in suite.services.values():
                for chore in service.parts.chores:
                    if chore.name.startswith("chain") or "chain" in chore.name:
                        await chore.run()
            yield Walked(suite, citizen, seals, person_id, {})


async def test_the_search_finds_the_person_before_the_order(walked: Walked) -> None:
    found = found_in(walked.suite, walked.seals)
    assert {line.partition(":")[0] for line in found} >= {"identity", "application", "notification"}
    assert await files_of(walked.suite, "application") != []


@pytest.mark.acceptance("Y24.erasure")
async def test_after_the_order_nothing_tells_of_the_person(walked: Walked) -> None:
    suite = walked.suite
    with written_logs() as stream:
        await tell(suite, order_of(walked.citizen, walked.person_id))
        await erased_after_second_look(suite)
    assert found_in(suite, walked.seals) == []
    assert await files_of(suite, "application") == []
    assert not any(word in stream.getvalue() for word in PERSON)
    assert told_by(suite) == {
        "identity": (),
        "application": ("issued_passports",),
        "scheduling": (),
        "billing": (),
        "notification": (),
    }
    assert await suite.broken_rules() == {}


async def number_kept(suite: Suite, application_id: str) -> tuple[str | None, str | None]:
    """The passport's number as application still opens it, and whose key seals it."""
    service = suite.services["application"].parts.service
    state = (await service.applications.application(application_id)).state
    return await service.applications.vault.passport_number(application_id, state), state.passport_number_subject


async def test_a_passports_number_outlives_the_key_of_its_holder(walked: Walked) -> None:
    suite, citizen = walked.suite, walked.citizen
    number, subject = await number_kept(suite, citizen.application_id)
    assert number and subject is None
    await tell(suite, order_of(citizen, walked.person_id))
    await erased_after_second_look(suite)
    assert await number_kept(suite, citizen.application_id) == (number, citizen.application_id)
    keys = suite.services["application"].key_table.records
    assert keys[citizen.applicant_id].wrapped is None, "nothing else of the person opens in any copy"
    assert keys[citizen.application_id].wrapped is not None
    await suite.later(timedelta(days=3653 + 1).total_seconds())
    assert await number_kept(suite, citizen.application_id) == (None, None)
    assert keys[citizen.application_id].wrapped is None
    await erased_after_second_look(suite)
    assert told_by(suite)["application"] == ()


async def test_a_hold_keeps_everything_until_it_is_lifted(walked: Walked) -> None:
    suite = walked.suite
    before = found_in(suite, walked.seals)
    async with operator(suite, "operator-1") as first, operator(suite, "operator-2") as second:
        hold_id = (await first.done("identity", "POST", HOLDS, hold_on(suite, walked.person_id)))["hold_id"]
        await second.done("identity", "POST", f"{HOLDS}/{hold_id}/decision", {"agree": True})
        await tell(suite, order_of(walked.citizen, walked.person_id))
        await erased_after_second_look(suite)
        assert set(found_in(suite, walked.seals)) >= {line for line in before if line.startswith("identity")}
        assert "legal_hold" in told_by(suite)["application"] and told_by(suite)["identity"] == ("legal_hold",)
        report = await first.done("identity", "GET", f"/v1/staff/erasures/{ERASURE_ID}")
        assert not report["complete"]
        await second.done("identity", "POST", f"{HOLDS}/{hold_id}/lifting")
        assert told_by(suite)["identity"] == ("legal_hold",), "one operator alone lifts nothing"
        await first.done("identity", "POST", f"{HOLDS}/{hold_id}/decision", {"agree": True})
        await erased_after_second_look(suite)
        assert found_in(suite, walked.seals) == []
        report = await first.done("identity", "GET", f"/v1/staff/erasures/{ERASURE_ID}")
        assert {item["service"]: item["kept"] for item in report["services"] if item["kept"]} == {
            "application": ["issued_passports"]
        }


async def test_late_and_repeated_messages_bring_nothing_back(walked: Walked) -> None:
    suite = walked.suite
    late = [envelope for envelope in suite.published if concerns(envelope, walked.citizen)]
    assert {envelope.type.split(".")[1] for envelope in late} >= {"identity", "billing"}
    order = order_of(walked.citizen, walked.person_id)
    envelope = await tell(suite, order)
    await erased_after_second_look(suite)
    suite._waiting += [(name, envelope) for name in SERVICES]
    await tell(suite, order)
    for message in late:
        names = (message.data.RECIPIENT,) if message.is_command else SERVICES  # type: ignore[union-attr]
        suite._waiting += [(name, message) for name in names if hears(suite, name, message)]
    await suite.settle()
    assert found_in(suite, walked.seals) == []
    assert suite.troubles == []


async def test_a_message_that_no_guard_saw_finds_no_key_any_more(walked: Walked) -> None:
    suite = walked.suite
    cards = [envelope for envelope in suite.published if envelope.type.endswith("keep_contact_card.v1")]
    await tell(suite, order_of(walked.citizen, walked.person_id))
    notification = suite.services["notification"].parts.service
    with pytest.raises(PersonErased):
        await notification.contacts.keep_contact_card(cards[-1].data, cards[-1])  # begun before the order
    assert found_in(suite, walked.seals) == []


class DyingStore(Wrapper):
    """A store whose process ends at its so-manieth write."""

    def __init__(self, base: Any, writes: int) -> None:
        super().__init__(base)
        self._left = writes

    def _count(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise Killed

    async def save(self, *args: Any, **named: Any) -> Any:
        self._count()
        return await self.base.save(*args, **named)

    async def remove(self, *args: Any) -> Any:
        self._count()
        return await self.base.remove(*args)

    async def insert_missing(self, *args: Any, **named: Any) -> Any:
        self._count()
        return await self.base.insert_missing(*args, **named)


@pytest.mark.parametrize("writes", range(8))
async def test_an_erasure_that_is_killed_between_any_two_writes_is_finished(walked: Walked, writes: int) -> None:
    suite = walked.suite
    for name in SERVICES:
        parts = suite.services[name].parts
        envelope = envelope_of(order_of(walked.citizen, walked.person_id), suite.clock.now())
        await parts.events[ErasureOrdered](envelope.data, envelope)
        erasing = parts.deadlines[ERASURE.name, "erase"].__self__  # type: ignore[attr-defined]
        base, erasing._store = erasing._store, DyingStore(erasing._store, writes)
        record = await base.get(ERASURE, ERASURE_ID)
        try:
            await erasing.erase_due(record, "erase")
        except Killed:
            pass
        finally:
            erasing._store = base
    await suite.settle()
    await erased_after_second_look(suite)
    assert found_in(suite, walked.seals) == []
    assert set(told_by(suite)) == set(SERVICES)


async def test_no_commitment_can_be_tied_to_the_person_and_every_chain_verifies(walked: Walked) -> None:
    suite, appointment_id = walked.suite, walked.citizen.appointment_id
    scheduling = suite.services["scheduling"].parts
    chains = scheduling.service.seat_chains
    for _ in range(3):
        for chore in scheduling.chores:
            if "seat" in chore.name or "chain" in chore.name:
                await chore.run()
        suite.clock.advance(60)
    salts = await chains._chains.salts_of(appointment_id)
    assert salts and all(commitment_of(salt.salt, appointment_id) == salt.commitment for salt in salts)
    commitments = [salt.commitment for salt in salts]
    await tell(suite, order_of(walked.citizen, walked.person_id))
    await erased_after_second_look(suite)
    text = raw(suite.services["scheduling"].store)
    assert await chains._chains.subjects(commitments) == {}
    assert all(commitment in text for commitment in commitments), "the links stay"
    assert not any(salt.salt in text for salt in salts)
    assert (await scheduling.invariants["I10_seats"]()).holds


HOLDS = "/v1/staff/legal-holds"


def operator(suite: Suite, account_id: str) -> Caller:
    return Caller(suite, suite.token(Role.OPERATOR, account_id))


def hold_on(suite: Suite, subject_id: str, kind: str = "person", days: int = 30) -> dict[str, Any]:
    until = suite.clock.now() + timedelta(days=days)
    return {
        "subject_kind": kind,
        "subject_id": subject_id,
        "ground": "criminal_investigation",
        "case_code": "123/Pid.Sus/2026",
        "until": until.isoformat(),
    }


def concerns(envelope: Envelope, citizen: Citizen) -> bool:
    ids = (citizen.account_id, citizen.applicant_id, citizen.application_id)
    return any(re.search(name, json.dumps(envelope.to_fields())) for name in ids)


def hears(suite: Suite, name: str, envelope: Envelope) -> bool:
    parts = suite.services[name].parts
    return type(envelope.data) in {**parts.events, **parts.commands}


def test_what_a_hold_says_is_ids_and_codes() -> None:
    assert set(LegalHoldPlaced.model_fields) == {"hold_id", "subjects", "until"}
