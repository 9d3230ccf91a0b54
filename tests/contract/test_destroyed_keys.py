"""A person's keys are destroyed: nothing of them opens with any key that is left, in no database, file or earlier copy.

The search decrypts without asking whether a tag fits (AES-GCM is AES in counter mode, NIST SP 800-38D, 6.5), so that it
needs nothing but a key: every value is tried with every key of every service.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from shared.crypto import chunks, fields
from shared.crypto.wrapping import KeyWrapper
from shared.events.application import KeepIdentityCard
from shared.events.notification import KeepContactCard, SendLetter, TellOfSignIn
from shared.person_keys import keys as person_keys
from shared.person_keys.errors import PersonErased
from tests.assembled import Suite
from tests.unit.identity.world import BUDI, SRI
from tests.walking import DAY_SECONDS, EMAIL, PHONE, TYPED, Citizen, serve_visitor

OTHER_EMAIL: Final = "warga.lain@example.org"
OTHER: Final = {
    "full_name": SRI.full_name,
    "nik": SRI.nik,
    "birth_place": SRI.birth_place,
    "birth_date": SRI.birth_date.isoformat(),
    "sex": SRI.sex.value,
}
SEALED: Final = re.compile(r"\"(?:P1|k\d)\.([A-Za-z0-9_=-]{40,})\"")
OF_THE_PERSON: Final = [
    text.encode()
    for text in (EMAIL, f"+62{re.sub('[^0-9]', '', PHONE)[1:]}", BUDI.nik or "", BUDI.full_name, "Berkas lengkap")
]
OF_THE_OTHER: Final = [text.encode() for text in (OTHER_EMAIL, SRI.nik or "", SRI.full_name)]
COUNTER: Final = b"\x00\x00\x00\x02"
"""Where the counter of AES-GCM begins for the first block of the text."""


def decrypted(key: bytes, sealed: bytes) -> bytes:
    """What a thief reads with this key: nonce, text and tag, the tag not looked at."""
    decryptor = Cipher(algorithms.AES(key), modes.CTR(sealed[:12] + COUNTER)).decryptor()
    return decryptor.update(sealed[12:-16])


@dataclass
class Copy:
    """A raw copy of all databases and files, without the keys of persons."""

    texts: list[bytes]
    wrapped: list[bytes]
    chunks: list[bytes]

    @classmethod
    def of(cls, suite: Suite) -> Copy:
        stored = json.dumps([service.store._documents for service in suite.services.values()], default=str)
        tables: list[Any] = [service.files._table for service in suite.services.values()]
        return cls(
            [base64.urlsafe_b64decode(found) for found in SEALED.findall(stored)],
            [_raw(record.wrapped_key) for table in tables for record in table.files.values()],
            [each.data for table in tables for parts in table.stored.values() for each in parts.values()],
        )

    def opened(self, keys: list[bytes]) -> Iterator[bytes]:
        """Everything that any of these keys makes of it, files by the keys that these keys unwrap."""
        for key in keys:
            yield from (decrypted(key, text) for text in self.texts)
        data_keys = {decrypted(key, wrapped) for key in keys for wrapped in self.wrapped}
        for data_key in data_keys:
            if len(data_key) == 32:
                yield from (decrypted(data_key, chunk) for chunk in self.chunks)


def _raw(value: str) -> bytes:
    return base64.urlsafe_b64decode(value.partition(".")[2])


def keys_left(suite: Suite) -> list[bytes]:
    """Every key that a thief of all services finds: master keys for each of their uses, and all keys of persons."""
    found: set[bytes] = set()
    for name, service in suite.services.items():
        keyring = service.settings.master_keyring()
        purposes = (fields._PURPOSE, chunks._PURPOSE, person_keys._PURPOSE)
        found |= {key.derived(purpose) for key in keyring for purpose in purposes}
        found |= {key.secret for key in keyring}
        wrapper = KeyWrapper(keyring, person_keys._PURPOSE)
        for record in service.key_table.records.values():
            if record.wrapped is not None:
                found.add(wrapper.unwrap(record.wrapped, name, record.subject_id))
    return sorted(found)


@dataclass
class Erased:
    suite: Suite
    citizen: Citizen
    earlier: Copy
    keys_before: list[bytes]


@pytest.fixture(scope="module")
async def erased() -> AsyncIterator[Erased]:
    """Two citizens have their passports, one of them is erased; everybody's one-time codes have ended."""
    suite = Suite()
    await suite.start()
    async with Citizen(suite) as citizen, Citizen(suite) as other, suite.served():
        await citizen.register()
        await suite.later(120)
        await citizen.add_phone()
        await citizen.become_applicant()
        await citizen.begin()
        await citizen.answer()
        await citizen.upload_everything()
        await citizen.submit()
        await citizen.hold()
        await citizen.pay()
        await serve_visitor(citizen)
        await other.register(OTHER_EMAIL)
        await other.become_applicant(**{**OTHER, "family_card_number": TYPED["family_card_number"]})
        await other.begin()
        await other.answer()
        await other.upload_everything()
        await suite.later(2 * DAY_SECONDS)
        earlier, before = Copy.of(suite), keys_left(suite)
        for service in suite.services.values():
            for subject_id in (citizen.account_id, citizen.applicant_id):
                await service.keys.destroy(subject_id)
        await suite.later(person_keys.CACHE_SECONDS)
        yield Erased(suite, citizen, earlier, before)


def found_in(copy: Copy, keys: list[bytes], known: list[bytes]) -> set[bytes]:
    return {text for opened in copy.opened(keys) for text in known if text in opened}


def pictures_in(copy: Copy, keys: list[bytes]) -> int:
    """How many whole pictures and letters open."""
    return sum(text.startswith((b"\xff\xd8\xff", b"%PDF")) for text in copy.opened(keys))


def test_with_the_persons_keys_the_search_finds_everything(erased: Erased) -> None:
    """The search works: before the keys were destroyed it opens all that is looked for below."""
    assert found_in(erased.earlier, erased.keys_before, OF_THE_PERSON) == set(OF_THE_PERSON)
    assert pictures_in(erased.earlier, erased.keys_before) > pictures_in(erased.earlier, keys_left(erased.suite)) > 0


def test_afterwards_nothing_of_the_person_opens_with_any_key_that_is_left(erased: Erased) -> None:
    now, left = Copy.of(erased.suite), keys_left(erased.suite)
    assert found_in(now, left, OF_THE_PERSON) == set()
    assert found_in(now, left, OF_THE_OTHER) == set(OF_THE_OTHER), "everybody else's data are as they were"


def test_a_copy_of_the_data_made_before_stays_shut_too(erased: Erased) -> None:
    assert found_in(erased.earlier, keys_left(erased.suite), OF_THE_PERSON) == set()


async def test_what_comes_late_makes_no_new_key(erased: Erased) -> None:
    suite, citizen = erased.suite, erased.citizen
    late = (KeepContactCard, KeepIdentityCard, SendLetter, TellOfSignIn)
    again = [envelope for envelope in suite.published if isinstance(envelope.data, late)]
    again = [envelope for envelope in again if envelope.data.account_id == citizen.account_id]
    assert {KeepContactCard, KeepIdentityCard, SendLetter} <= {type(envelope.data) for envelope in again}
    suite._waiting += [(envelope.data.RECIPIENT, envelope) for envelope in again]
    await suite.settle()
    assert suite.troubles == [], "they are taken, and nobody is alerted"
    for service in suite.services.values():
        for subject_id in (citizen.account_id, citizen.applicant_id):
            assert service.key_table.records[subject_id].wrapped is None
            with pytest.raises(PersonErased):
                await service.keys.cipher(subject_id)


async def test_over_http_an_erased_persons_data_are_not_found(erased: Erased) -> None:
    citizen = erased.citizen
    async with erased.suite.served():
        for service, path in (
            ("identity", "/v1/account"),
            ("identity", f"/v1/applicants/{citizen.applicant_id}"),
            ("notification", "/v1/preferences"),
        ):
            async with Citizen(erased.suite) as caller:
                caller.token = citizen.token
                reply = await caller.call(service, "GET", path)
                assert (reply.status, reply["code"]) == (404, "not_found"), path
        async with Citizen(erased.suite) as caller:
            caller.token = citizen.token
            assert (await caller.done("identity", "GET", "/v1/applicants"))["applicants"] == []
