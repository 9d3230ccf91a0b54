"""Simulators go on where they were before a restart, whether they were stopped or killed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from simulators import state_file
from simulators.config import Settings
from simulators.dpri.app import create_app as dpri
from simulators.dukcapil.app import create_app as dukcapil
from simulators.signing import signed_headers
from simulators.simponi.app import create_app as simponi
from simulators.sms.app import create_app as sms

from .conftest import START, Client, Clock, Listener, Serve, behave, eventually
from .test_simponi import AUTH, SECRET, issue, pay, show

PERSON = {
    "nik": "3174014502910009",
    "full_name": "RINA CONTOH REKAAN",
    "birth_place": "JAKARTA",
    "birth_date": "1991-02-05",
    "sex": "female",
    "family_card_number": "3174010101150001",
}
DAY = START.date().isoformat()


@pytest.fixture
def keeping(settings: Settings, tmp_path: Path) -> Settings:
    return settings.model_copy(update={"state_folder": tmp_path / "kept", "dukcapil_quota_per_day": 3})


async def check(client: Client, settings: Settings) -> dict[str, Any]:
    asked = {
        "user_id": settings.dukcapil_user_id,
        "password": settings.dukcapil_password.get_secret_value(),
        "NIK": PERSON["nik"],
        "NAMA_LGKP": PERSON["full_name"],
    }
    answer = await client.post("/dukcapil/get_json/X/CALL_VERIFY_BY_ELEMEN", json=asked)
    told: dict[str, Any] = await answer.json()
    return told


async def test_the_registry_knows_its_people_and_what_is_used_of_the_quota(
    serve: Serve, keeping: Settings, clock: Clock
) -> None:
    first = await serve(dukcapil(keeping, clock))
    await first.post("/control/people", json={"people": [PERSON]})
    assert (await check(first, keeping))["quotaLimiter"] == 2
    await first.close()
    second = await serve(dukcapil(keeping, clock))
    told = await check(second, keeping)
    assert told["content"][0]["NIK"] == "Sesuai"
    assert told["quotaLimiter"] == 1


async def test_simponi_knows_codes_payments_orders_and_signs_its_files_with_the_same_key(
    serve: Serve, keeping: Settings, clock: Clock
) -> None:
    first = await serve(simponi(keeping, clock))
    codes = [await issue(first, f"r-{number}") for number in range(3)]
    await pay(first, codes[1])
    await pay(first, codes[0])
    await behave(first, "pay", "ntb_only")
    await pay(first, codes[2])
    stray = {"billing_code": "820000000000000", "amount": 5, "force": ["allow_unknown"]}
    await first.post("/bank/payments", json=stray)
    order = {
        "order_number": "o-1",
        "ntpn": "A" * 16,
        "amount": 5,
        "bank_code": "002",
        "account_number": "1234567890",
        "holder_name": "Rina",
    }
    assert (await first.post("/refund-orders", json=order, headers=AUTH)).status == 201
    seen = [await show(first, code) for code in codes]
    kept = [await asked(first, path) for path in (f"/simponi/settlements/{DAY}", "/simponi/settlement-keys")]
    await first.close()

    second = await serve(simponi(keeping, clock))
    assert [await show(second, code) for code in codes] == seen
    assert [await asked(second, path) for path in (f"/simponi/settlements/{DAY}", "/simponi/settlement-keys")] == kept
    assert (await second.post("/refund-orders", json=order, headers=AUTH)).status == 200, "it came before"
    assert await issue(second, "r-0") == codes[0]
    settled = await (await second.post(f"/control/settle/{codes[2]}")).json()
    assert settled["payments"][0]["ntb"] == seen[2]["payments"][0]["ntb"]
    settled = await (await second.post("/control/settle/820000000000000")).json()
    assert len(settled["payments"]) == 1


async def asked(client: Client, path: str) -> str:
    answer = await client.get(path, headers=AUTH)
    assert answer.status == 200, await answer.text()
    return await answer.text()


async def test_a_key_in_the_settings_comes_before_the_kept_one(serve: Serve, keeping: Settings, clock: Clock) -> None:
    from pydantic import SecretStr

    from shared.tokens import new_signing_key_pem

    first = await serve(simponi(keeping, clock))
    before = await asked(first, "/simponi/settlement-keys")
    await first.close()
    named = keeping.model_copy(update={"simponi_settlement_key": SecretStr(new_signing_key_pem())})
    second = await serve(simponi(named, clock))
    assert await asked(second, "/simponi/settlement-keys") != before


async def test_a_notice_that_waited_is_sent_after_the_restart(
    serve: Serve, keeping: Settings, clock: Clock, listener: Listener
) -> None:
    from pydantic import SecretStr

    keeping.simponi_callback_url, keeping.simponi_callback_secret = listener.url, SecretStr(SECRET)
    first = await serve(simponi(keeping, clock))
    await behave(first, "notice", "delay", delay_seconds=60)
    paid = await pay(first, await issue(first))
    await first.close()
    assert listener.calls == []
    clock.forward(61)
    await serve(simponi(keeping, clock))
    await eventually(lambda: len(listener.calls) == 1)
    assert listener.bodies()[0]["ntpn"] == paid["ntpn"]


async def test_the_gateway_knows_its_messages(serve: Serve, keeping: Settings, clock: Clock) -> None:
    first = await serve(sms(keeping, clock))
    body = json.dumps({"to": "+628111234567", "text": "Kode 123456", "reference": "r-1"}).encode()
    secret = keeping.sms_client_secret.get_secret_value()
    headers = {
        **signed_headers("X-Sms", "k1", secret, int(clock().timestamp()), body),
        "Idempotency-Key": "key-1",
        "Content-Type": "application/json",
    }
    sent = await (await first.post("/sms/messages", data=body, headers=headers)).json()
    await first.close()
    second = await serve(sms(keeping, clock))
    again = await (await second.post("/sms/messages", data=body, headers=headers)).json()
    assert again == sent
    listed = await (await second.get("/control/messages?to=%2B628111234567")).json()
    assert [message["text"] for message in listed["messages"]] == ["Kode 123456"]


async def test_the_issuance_system_knows_its_files(serve: Serve, keeping: Settings, clock: Clock) -> None:
    first = await serve(dpri(keeping, clock))
    file = {"delivery_id": "d-1", "kind": "new", "applicant": {"name": "x"}, "documents": []}
    await first.put("/dpri/files/2026000000000001", json=file)
    await first.put("/dpri/files/2026000000000001/approval", json={"by": "x"})
    clock.forward(5)
    seen = await (await first.get("/dpri/files/2026000000000001")).json()
    assert seen["state"] == "printed"
    await first.close()
    second = await serve(dpri(keeping, clock))
    assert await (await second.get("/dpri/files/2026000000000001")).json() == seen


async def test_what_is_killed_loses_no_more_than_the_last_moments(
    serve: Serve, keeping: Settings, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state_file, "WRITE_SECONDS", 0.01)
    first = await serve(dukcapil(keeping, clock))
    await first.post("/control/people", json={"people": [PERSON]})
    path = keeping.state_folder / "dukcapil.json"  # type: ignore[operator]
    await eventually(lambda: path.exists() and PERSON["nik"] in path.read_text())
    second = await serve(dukcapil(keeping, clock))  # the first one still runs, as if its end were never told
    assert (await check(second, keeping))["content"][0]["NIK"] == "Sesuai"


async def test_only_its_own_user_reads_the_state_and_what_has_not_changed_is_not_written(
    serve: Serve, keeping: Settings, clock: Clock
) -> None:
    client = await serve(dukcapil(keeping, clock))
    await client.close()
    folder = keeping.state_folder
    assert folder is not None
    path = folder / "dukcapil.json"
    assert (path.stat().st_mode & 0o777, folder.stat().st_mode & 0o777) == (0o600, 0o700)
    from simulators.dukcapil.app import Dukcapil

    file = state_file.StateFile(Dukcapil(keeping, clock), path)
    file.write()
    path.unlink()
    file.write()
    assert not path.exists()


async def test_an_unreadable_state_is_put_aside_and_said(
    serve: Serve, keeping: Settings, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = keeping.state_folder
    assert folder is not None
    folder.mkdir()
    (folder / "dukcapil.json").write_text("{")
    client = await serve(dukcapil(keeping, clock))
    assert (await client.get("/health/ready")).status == 200
    assert (folder / "dukcapil.unreadable").read_text() == "{"
    assert "dukcapil: the kept state cannot be read" in capsys.readouterr().err


async def test_without_a_folder_nothing_is_kept(serve: Serve, settings: Settings, clock: Clock) -> None:
    first = await serve(dukcapil(settings, clock))
    await first.post("/control/people", json={"people": [PERSON]})
    await first.close()
    second = await serve(dukcapil(settings, clock))
    assert (await check(second, settings))["content"][0]["RESPONSE_CODE"] == "13"
