"""Dukcapil: answers per field, refusals 11 to 15, likeness, quota, and the invented people."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from simulators.config import Settings
from simulators.dukcapil import app as dukcapil_app
from simulators.dukcapil import registry as registry_module
from simulators.dukcapil.app import MAX_FIELDS, MAX_VALUE_CHARACTERS, create_app
from simulators.dukcapil.people import BUILT_IN, MALFORMED_NIK, UNKNOWN_NIK
from simulators.dukcapil.registry import Registry, nik_is_well_formed
from simulators.errors import SimulatorFull

from .conftest import START, Client, Clock, Serve, behave

PATH = "/dukcapil/get_json/imigrasi/CALL_VERIFY_BY_ELEMEN"
CALLER = {"user_id": "paspor", "password": "simulated-dukcapil", "ip_user": "127.0.0.1"}
SRI = {
    "NIK": "3174014502900001",
    "NO_KK": "3174010101150001",
    "NAMA_LGKP": "Sri Contoh Lestari",
    "TMPT_LHR": "Jakarta",
    "TGL_LHR": "05-02-1990",
    "JENIS_KLMIN": "Perempuan",
}


@pytest.fixture
async def client(serve: Serve, settings: Settings, clock: Clock) -> Client:
    return await serve(create_app(settings, clock))


async def ask(client: Client, fields: dict[str, str], threshold: object = "100") -> dict[str, Any]:
    answer = await client.post(PATH, json={**CALLER, "TRESHOLD": threshold, **fields})
    assert answer.status == 200, await answer.text()
    body: dict[str, Any] = await answer.json()
    return body


async def content(client: Client, fields: dict[str, str], threshold: object = "100") -> dict[str, str]:
    first: dict[str, str] = (await ask(client, fields, threshold))["content"][0]
    return first


async def test_every_field_that_fits_is_sesuai(client: Client) -> None:
    answer = await ask(client, SRI)
    assert answer["content"] == [
        {
            "NIK": "Sesuai",
            "NO_KK": "Sesuai",
            "NAMA_LGKP": "Sesuai (100)",
            "TMPT_LHR": "Sesuai (100)",
            "TGL_LHR": "Sesuai",
            "JENIS_KLMIN": "Sesuai",
        }
    ]
    assert (answer["totalElements"], answer["quotaLimiter"]) == (1, 99_999)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NO_KK", "3174010101150009"),
        ("NAMA_LGKP", "Orang Lain"),
        ("TGL_LHR", "06-02-1990"),
        ("JENIS_KLMIN", "Laki-Laki"),
    ],
)
async def test_a_field_that_differs_is_named_and_only_it(client: Client, name: str, value: str) -> None:
    answer = await content(client, {**SRI, name: value})
    assert answer.pop(name) == "Tidak Sesuai"
    assert all(word.startswith("Sesuai") for word in answer.values())


async def test_a_field_the_registry_does_not_hold_does_not_match(client: Client) -> None:
    assert (await content(client, {**SRI, "ALAMAT": "JALAN CONTOH 1"}))["ALAMAT"] == "Tidak Sesuai"


async def test_likeness_counts_from_the_threshold_on(client: Client) -> None:
    nearly = {**SRI, "NAMA_LGKP": "SRI CONTOH LESTARY"}
    assert (await content(client, nearly, 94))["NAMA_LGKP"] == "Sesuai (94)"
    assert (await content(client, nearly, "95"))["NAMA_LGKP"] == "Tidak Sesuai"


@pytest.mark.parametrize(
    ("nik", "code"),
    [
        *((person.nik, {"deceased": "11", "duplicate": "12", "inactive": "14"}[person.status])
          for person in BUILT_IN if person.status != "active"),
        (UNKNOWN_NIK, "13"),
        (MALFORMED_NIK, "15"),
    ],
)  # fmt: skip
async def test_each_refusal_has_its_code_and_says_nothing_more(client: Client, nik: str, code: str) -> None:
    answer = await content(client, {**SRI, "NIK": nik})
    assert answer["RESPONSE_CODE"] == code
    assert answer["RESPON"]
    assert set(answer) == {"RESPON", "RESPONSE_CODE"}


def test_the_invented_people_show_every_status() -> None:
    assert {person.status for person in BUILT_IN} == {"active", "deceased", "duplicate", "inactive"}
    assert all(nik_is_well_formed(person.nik) for person in BUILT_IN)


@pytest.mark.parametrize(
    ("nik", "fits"),
    [
        ("3174010101990001", True),
        ("3174014101990001", True),
        ("3174017112990001", True),
        ("3174012902000001", True),
        ("3174012902010001", False),
        ("3174010001990001", False),
        ("3174013201990001", False),
        ("3174014001990001", False),
        ("3174017212990001", False),
        ("3174010113990001", False),
        ("3174010101990000", False),
        ("317401010199001", False),
        ("31740101019900012", False),
        ("317401010199000x", False),
    ],
)
def test_the_form_of_a_nik(nik: str, fits: bool) -> None:
    assert nik_is_well_formed(nik) is fits


async def test_the_quota_is_used_up_call_by_call_and_fills_again_at_midnight_in_wib(
    client: Client, clock: Clock
) -> None:
    await client.put("/control/settings", json={"quota_per_day": 1})
    assert (await ask(client, SRI))["quotaLimiter"] == 0
    assert (await content(client, SRI))["RESPONSE_CODE"] == "05"
    clock.now = START.replace(hour=16, minute=59, second=59)
    assert (await content(client, SRI))["RESPONSE_CODE"] == "05"
    clock.forward(1)
    assert (await content(client, SRI))["NIK"] == "Sesuai"


async def test_a_used_up_quota_on_demand(client: Client) -> None:
    await behave(client, "verify", "quota_used_up", next_calls=1)
    answer = await ask(client, SRI)
    assert (answer["content"][0]["RESPONSE_CODE"], answer["quotaLimiter"]) == ("05", 0)
    assert (await content(client, SRI))["NIK"] == "Sesuai"


def test_quota_of_another_day_is_not_counted() -> None:
    registry = Registry(BUILT_IN, quota_per_day=5)
    registry.verify(SRI, START)
    assert registry.quota_left(START) == 4
    assert registry.quota_left(START + timedelta(days=1)) == 5


async def test_a_wrong_caller_is_refused(client: Client) -> None:
    answer = await client.post(PATH, json={**CALLER, "password": "guess", **SRI})
    assert answer.status == 401
    assert (await client.post(PATH, json=SRI)).status == 401


@pytest.mark.parametrize(
    "body",
    [
        [],
        {**CALLER, **SRI, "TRESHOLD": "101"},
        {**CALLER, **SRI, "TRESHOLD": "high"},
        {**CALLER, **SRI, "ALAMAT": "x" * (MAX_VALUE_CHARACTERS + 1)},
        {**CALLER, **SRI, "ALAMAT": ["x"]},
        {**CALLER, **{f"F{number}": "x" for number in range(MAX_FIELDS)}},
    ],
)
async def test_a_malformed_check_is_a_400(client: Client, body: object) -> None:
    assert (await client.post(PATH, json=body)).status == 400


async def test_a_value_at_its_longest_is_read(client: Client) -> None:
    assert (await content(client, {**SRI, "ALAMAT": "x" * MAX_VALUE_CHARACTERS}))["ALAMAT"] == "Tidak Sesuai"


def person(nik: str = "3174010101990001", **more: object) -> dict[str, object]:
    return {
        "nik": nik,
        "full_name": "TAMBAHAN CONTOH",
        "birth_place": "DEPOK",
        "birth_date": "1999-01-01",
        "sex": "male",
        "family_card_number": "3174010101150077",
        **more,
    }


async def test_people_are_added_in_bulk_and_replaced(client: Client) -> None:
    niks = [f"317401010199{serial:04d}" for serial in range(1, 301)]
    answer = await client.post("/control/people", json={"people": [person(nik) for nik in niks]})
    assert await answer.json() == {"added": 300, "total": 300 + len(BUILT_IN)}
    assert (await content(client, {"NIK": niks[-1], "TGL_LHR": "01-01-1999"}))["TGL_LHR"] == "Sesuai"
    await client.post("/control/people", json={"people": [person(niks[-1], status="deceased")]})
    assert (await content(client, {"NIK": niks[-1]}))["RESPONSE_CODE"] == "11"
    listed = await (await client.get("/control/people")).json()
    assert (listed["total"], len(listed["people"])) == (308, 100)
    await client.post("/control/reset")
    assert (await (await client.get("/control/people")).json())["total"] == len(BUILT_IN)


async def test_further_elements_are_compared_too(client: Client) -> None:
    await client.post("/control/people", json={"people": [person(elements={"STATUS_KAWIN": "KAWIN"})]})
    answer = await content(client, {"NIK": "3174010101990001", "STATUS_KAWIN": "Kawin"})
    assert answer["STATUS_KAWIN"] == "Sesuai"


@pytest.mark.parametrize("wrong", [{"nik": "1"}, {"sex": "other"}, {"status": "gone"}, {"birth_date": "1999-02-30"}])
async def test_a_wrong_person_is_refused(client: Client, wrong: dict[str, object]) -> None:
    assert (await client.post("/control/people", json={"people": [{**person(), **wrong}]})).status == 400


async def test_a_bulk_has_a_limit(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    people = [person() for _ in range(dukcapil_app.MAX_PEOPLE_PER_CALL)]
    assert (await client.post("/control/people", json={"people": people})).status == 200
    assert (await client.post("/control/people", json={"people": [*people, person()]})).status == 400


def test_a_full_registry_takes_nobody_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry_module, "MAX_PEOPLE", 2)
    registry = Registry(BUILT_IN[:2])
    assert registry.add(BUILT_IN[:2]) == 2
    with pytest.raises(SimulatorFull):
        registry.add(BUILT_IN[2:3])
    assert len(registry.people) == 2
