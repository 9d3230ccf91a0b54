"""Keys of all services are turned while people work, killed midway; then the old ones go and everything is read."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from shared.crypto.chunks import FileKeys
from shared.crypto.fields import FieldCipher
from shared.crypto.keyring import Keyring
from shared.events.subscriptions import SERVICES
from shared.key_turn import steps, turn
from shared.person_keys.cipher import PersonCipher
from shared.person_keys.keys import PersonKeys
from shared.tokens import Role
from tests.assembled import Suite
from tests.unit.identity.world import BUDI
from tests.unit.world import Killed, key
from tests.walking import DAY_SECONDS, EMAIL, TYPED, Caller, Citizen, serve_visitor

RINGS = ("master_keys", "fingerprint_keys")


class _BeforePersons(PersonCipher):
    """The master key behind the calls of a person's cipher: as builds sealed before persons had keys."""

    def __init__(self, keyring: Keyring) -> None:
        self._fields, self._files = FieldCipher(keyring), FileKeys(keyring)

    def seal(self, text: str, *, owner_id: str, field: str) -> str:
        return self._fields.seal(text, owner_id=owner_id, field=field)

    def open(self, value: str, *, owner_id: str, field: str) -> str:
        return self._fields.open(value, owner_id=owner_id, field=field)

    def wrap(self, data_key: bytes, file_id: str) -> str:
        return self._files.wrap(data_key, file_id)


class BeforePersons(PersonKeys):
    """A service of a build in which persons had no keys."""

    def __init__(self, table: Any, keyring: Keyring, clock: Any, service: str) -> None:
        super().__init__(table, keyring, clock, service)
        self._ring = keyring

    async def ciphers(self, subject_ids: Iterable[str]) -> Mapping[str, PersonCipher]:
        return dict.fromkeys(subject_ids, _BeforePersons(self._ring))

    async def new_cipher(self, subject_id: str) -> PersonCipher:
        return await self.cipher(subject_id)


def behind(settings: Any) -> dict[str, SecretStr]:
    """A new key in front of each ring, the old one behind it."""
    rings = {name: getattr(settings, name).get_secret_value() for name in RINGS}
    return {name: SecretStr(f"{key('k2', 200 + at)},{rings[name]}") for at, name in enumerate(RINGS)}


def alone(settings: Any) -> dict[str, SecretStr]:
    """The new key alone."""
    return {name: SecretStr(getattr(settings, name).get_secret_value().partition(",")[0]) for name in RINGS}


def dump(suite: Suite) -> str:
    """Everything that lies in the databases and in the descriptions of files."""
    stored = {name: service.store._documents for name, service in suite.services.items()}
    keys = {name: [record.wrapped for record in s.key_table.records.values()] for name, s in suite.services.items()}
    files = {
        name: [record.wrapped_key for record in s.files._table.files.values()]  # type: ignore[attr-defined]
        for name, s in suite.services.items()
    }
    return json.dumps([stored, keys, files], default=str)


async def turns(suite: Suite) -> dict[str, Any]:
    async with Caller(suite, suite.token(Role.OPERATOR)) as operator:
        return {name: (await operator.done(name, "GET", f"/v1/key-turns/{name}")).body for name in SERVICES}


async def begin(suite: Suite) -> None:
    async with Caller(suite, suite.token(Role.OPERATOR)) as operator:
        for name in SERVICES:
            reply = await operator.done(name, "POST", f"/v1/key-turns/{name}")
            assert (reply.status, reply["old_keys_may_go"]) == (202, False)


@pytest.fixture
async def turned(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Suite, Citizen]]:
    """A citizen of the build before persons had keys, whose keys were turned while they applied and were served."""
    suite = Suite()
    await suite.restart(keys=BeforePersons)
    async with Citizen(suite) as citizen:
        async with suite.served():
            await citizen.until_submitted()
            assert "P1." not in dump(suite)
        await suite.restart(behind)
        async with suite.served():
            assert set(map(str, {view["state"] for view in (await turns(suite)).values()})) == {"never_begun"}
            await begin(suite)
            await hold_late(citizen)
            with monkeypatch.context() as patched:
                patched.setattr(steps.DocumentsStep, "_save", killed_after(3, steps.DocumentsStep._save))
                with pytest.raises(Killed):
                    for _ in range(20):
                        await suite.later(1)
        await suite.restart()
        await suite.later(31)
        async with suite.served():
            await citizen.pay()
            for _ in range(40):
                await suite.later(1)
        yield suite, citizen


async def hold_late(citizen: Citizen) -> None:
    """Hold a seat of a day that comes after the last one-time code of before has ended."""
    session = (await citizen.sessions())[-1]
    assert session["date"] >= (citizen.suite.clock.now() + timedelta(days=3)).date().isoformat()
    body = {"application_id": citizen.application_id, "session_id": session["session_id"]}
    citizen.appointment_id = (await citizen.done("scheduling", "POST", "/v1/appointments", body))["appointment_id"]


def killed_after(saves: int, save: Any) -> Any:
    left = saves

    async def dying(self: Any, record: Any, state: Any) -> bool:
        nonlocal left
        done: bool = await save(self, record, state)
        left -= 1
        if not left:
            raise Killed
        return done

    return dying


async def test_after_a_turn_everything_is_read_without_the_old_keys(turned: tuple[Suite, Citizen]) -> None:
    suite, citizen = turned
    async with suite.served():
        waiting = await turns(suite)
        assert {view["failed"] for view in waiting.values()} == {0}
        assert waiting["identity"]["state"] == "waiting", "one-time codes of before end within a day"
        await suite.later(2 * DAY_SECONDS)
        for _ in range(60):
            await suite.later(1)
        ended = await turns(suite)
        assert {view["state"] for view in ended.values()} == {"done"}, ended
        assert all(view["old_keys_may_go"] and not view["left"] for view in ended.values())
        assert ended["application"]["done"] == ended["application"]["counted"] > 0
    lying = dump(suite)
    assert '"k1.' not in lying, "no value and no key lies under the old master key"
    await suite.restart(alone)
    async with suite.served():
        account = await citizen.done("identity", "GET", "/v1/account")
        assert (account["email"], account["applicants"]) == ("w***@example.org", 1)
        applicant = await citizen.done("identity", "GET", f"/v1/applicants/{citizen.applicant_id}")
        assert applicant["full_name"] == BUDI.full_name
        preferences = await citizen.done("notification", "GET", "/v1/preferences")
        assert preferences["email"] == "w***@example.org"
        for item in (await citizen.view())["requirements"]:
            if item["document_id"]:
                path = f"{citizen.application}/documents/{item['document_id']}/content"
                picture = await citizen.done("application", "GET", path)
                assert picture.raw.startswith(b"\xff\xd8\xff")
        letter = await citizen.done("application", "GET", f"{citizen.application}/letter")
        assert letter.raw.startswith(b"%PDF")
        await serve_visitor(citizen)
        async with Citizen(suite) as same:
            await same.register(EMAIL)
            assert same.account_id == citizen.account_id, "the address is found by its new fingerprint"
            again = await same.call("identity", "POST", "/v1/applicants", TYPED)
            assert (again.status, again["code"]) == (409, "applicant_already_added"), "the NIK is found too"
    assert suite.troubles == []
    assert await suite.broken_rules() == {}


async def test_twin_without_the_turn_the_old_key_cannot_go() -> None:
    """The twin: the same change of keys, and nothing is put under the new ones."""
    suite = Suite()
    await suite.restart(keys=BeforePersons)
    async with Citizen(suite) as citizen:
        async with suite.served():
            await citizen.register()
            await citizen.become_applicant()
        await suite.restart(behind)
        await suite.restart(alone)
        async with suite.served():
            assert (await citizen.call("identity", "GET", "/v1/account")).status == 500
            async with Citizen(suite) as same:
                await same.register(EMAIL)
                assert same.account_id != citizen.account_id, "registered twice"


async def test_only_operators_begin_or_see_a_turn() -> None:
    suite = Suite()
    await suite.start()
    async with suite.served():
        for role in set(Role) - {Role.OPERATOR}:
            async with Caller(suite, suite.token(role)) as caller:
                for name in SERVICES:
                    for method in ("GET", "POST"):
                        reply = await caller.call(name, method, f"/v1/key-turns/{name}")
                        assert reply.status == 403, f"{role}: {method} of {name}"


async def test_a_turn_that_is_asked_for_again_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turn, "LOOKED_AT_AT_ONCE", 1)
    suite = Suite()
    await suite.start()
    async with suite.served(), Citizen(suite) as citizen, Caller(suite, suite.token(Role.OPERATOR)) as operator:
        await citizen.register()
        first = await operator.done("identity", "POST", "/v1/key-turns/identity")
        await suite.later(1)
        second = await operator.done("identity", "POST", "/v1/key-turns/identity")
        assert second["begun_at"] == first["begun_at"]
        await suite.later(2 * DAY_SECONDS)
        for _ in range(60):
            await suite.later(1)
        assert (await operator.done("identity", "GET", "/v1/key-turns/identity"))["state"] == "done"
        third = await operator.done("identity", "POST", "/v1/key-turns/identity")
        assert third["begun_at"] > first["begun_at"]
