"""SIMPONI and the bank over HTTP: credentials, queries, signed notices in good and bad order, settlement files."""

from __future__ import annotations

import hashlib
from typing import Any

import aiohttp
import pytest
from pydantic import SecretStr

from shared.crypto.detached import DetachedVerifier, SignatureDoesNotFit
from simulators.config import Settings
from simulators.signing import signature_holds
from simulators.simponi.app import MAX_CODES_PER_CALL, Simponi, create_app

from .conftest import START, Client, Clock, Listener, Serve, behave, eventually

AUTH = {"Authorization": aiohttp.encode_basic_auth("paspor", "simulated-simponi")}
AMOUNT = 350_000
UNKNOWN = "820000000000000"
SECRET = "callback-secret"


@pytest.fixture
async def client(serve: Serve, settings: Settings, clock: Clock, listener: Listener) -> Client:
    settings.simponi_callback_url = listener.url
    settings.simponi_callback_secret = SecretStr(SECRET)
    return await serve(create_app(settings, clock))


async def issue(client: Client, reference: str = "r-1", expires_at: str = "2026-11-21T05:00:00Z") -> str:
    order = {"reference": reference, "amount": AMOUNT, "expires_at": expires_at, "description": "x", "unit": "y"}
    answer = await client.post("/simponi/billings", json=order, headers=AUTH)
    assert answer.status in {200, 201}, await answer.text()
    code: str = (await answer.json())["billing_code"]
    return code


async def pay(client: Client, code: str, amount: int = AMOUNT, **more: object) -> dict[str, Any]:
    answer = await client.post("/bank/payments", json={"billing_code": code, "amount": amount, **more})
    assert answer.status == 201, await answer.text()
    paid: dict[str, Any] = await answer.json()
    return paid


async def show(client: Client, code: str) -> dict[str, Any]:
    view: dict[str, Any] = await (await client.get(f"/simponi/billings/{code}", headers=AUTH)).json()
    return view


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/simponi/billings"),
        ("GET", "/simponi/billings?reference=r-1"),
        ("GET", f"/simponi/billings/{UNKNOWN}"),
        ("DELETE", f"/simponi/billings/{UNKNOWN}"),
        ("POST", "/simponi/billings/status"),
        ("GET", "/simponi/settlements/2026-11-21"),
    ],
)
async def test_simponi_wants_its_clients_credentials(client: Client, method: str, path: str) -> None:
    assert (await client.request(method, path)).status == 401
    assert (
        await client.request(method, path, headers={"Authorization": aiohttp.encode_basic_auth("paspor", "guess")})
    ).status == 401
    assert (await client.request(method, path, headers={"Authorization": "Basic ***"})).status == 401


async def test_a_code_is_issued_once_per_reference(client: Client) -> None:
    code = await issue(client)
    assert await issue(client) == code
    view = await show(client, code)
    assert (view["status"], view["amount"], view["payments"]) == ("unpaid", AMOUNT, [])
    assert (view["issued_at"], view["expires_at"]) == ("2026-11-21T03:00:00Z", "2026-11-21T05:00:00Z")
    order = {"reference": "r-1", "amount": 1, "expires_at": "2026-11-21T05:00:00Z"}
    assert (await client.post("/simponi/billings", json=order, headers=AUTH)).status == 409


async def test_a_code_is_found_by_its_reference(client: Client) -> None:
    code = await issue(client)
    answer = await client.get("/simponi/billings", params={"reference": "r-1"}, headers=AUTH)
    assert [each["billing_code"] for each in (await answer.json())["billings"]] == [code]
    answer = await client.get("/simponi/billings", params={"reference": "r-2"}, headers=AUTH)
    assert await answer.json() == {"billings": []}
    assert (await client.get("/simponi/billings", headers=AUTH)).status == 400


async def test_a_cancelled_and_an_expired_code_say_so(client: Client, clock: Clock) -> None:
    cancelled, expiring = await issue(client), await issue(client, "r-2")
    answer = await client.delete(f"/simponi/billings/{cancelled}", headers=AUTH)
    assert (await answer.json())["status"] == "cancelled"
    clock.forward(2 * 3600 + 1)
    assert (await show(client, expiring))["status"] == "expired"
    assert (await client.get(f"/simponi/billings/{UNKNOWN}", headers=AUTH)).status == 404


async def test_a_batch_answers_known_and_unknown_codes_up_to_its_limit(client: Client) -> None:
    code = await issue(client)
    body = {"codes": [code, *[UNKNOWN] * (MAX_CODES_PER_CALL - 1)]}
    answer = await (await client.post("/simponi/billings/status", json=body, headers=AUTH)).json()
    assert [each["billing_code"] for each in answer["billings"]] == [code]
    assert len(answer["unknown"]) == MAX_CODES_PER_CALL - 1
    body["codes"].append(UNKNOWN)
    assert (await client.post("/simponi/billings/status", json=body, headers=AUTH)).status == 400


async def test_a_payment_is_shown_and_told_by_a_signed_notice(client: Client, listener: Listener) -> None:
    code = await issue(client)
    paid = await pay(client, code, channel="atm")
    (notice,) = await listener.wait_for(1)
    assert notice.pop("notice_id")
    assert notice == {"billing_code": code, **{name: value for name, value in paid.items() if name != "settled"}}
    headers, body = listener.calls[0]
    assert headers["X-Simponi-Signature"].startswith("k1=")
    assert signature_holds("X-Simponi", headers, SECRET, int(START.timestamp()), body)
    view = await show(client, code)
    assert (view["status"], view["payments"]) == ("paid", [paid])


@pytest.mark.parametrize(
    ("change", "status", "name"),
    [
        ({"billing_code": UNKNOWN}, 404, "code_unknown"),
        ({"amount": 1}, 422, "amount_wrong"),
        ({"paid_at": "2026-11-21T05:00:01Z"}, 409, "code_expired"),
        ({"force": ["allow_all"]}, 400, "request_malformed"),
        ({"channel": "A,B"}, 400, "request_malformed"),
    ],
)
async def test_the_bank_refuses(client: Client, change: dict[str, object], status: int, name: str) -> None:
    order = {"billing_code": await issue(client), "amount": AMOUNT, **change}
    answer = await client.post("/bank/payments", json=order)
    assert (answer.status, (await answer.json())["code"]) == (status, name)


async def test_force_and_backdating_reach_the_books(client: Client, listener: Listener, clock: Clock) -> None:
    code = await issue(client)
    clock.forward(3 * 3600)
    assert (await pay(client, code, paid_at="2026-11-21T05:00:00Z"))["paid_at"] == "2026-11-21T05:00:00Z"
    assert (await client.post("/bank/payments", json={"billing_code": code, "amount": AMOUNT})).status == 409
    await pay(client, code, amount=5, force=["allow_double", "allow_expired", "allow_wrong_amount"])
    await pay(client, UNKNOWN, force=["allow_unknown"])
    notices = await listener.wait_for(3)
    assert sorted(str(notice["billing_code"]) for notice in notices) == sorted([code, code, UNKNOWN])


async def test_lost_notices_leave_the_poll_to_tell(client: Client, listener: Listener) -> None:
    await behave(client, "notice", "lose", next_calls=1)
    lost, told = await issue(client), await issue(client, "r-2")
    await pay(client, lost)
    await pay(client, told)
    (notice,) = await listener.wait_for(1)
    assert notice["billing_code"] == told
    assert (await show(client, lost))["status"] == "paid"
    counted = await (await client.get("/control/calls")).json()
    assert counted["notices"]["lost"] == 1


async def test_repeated_notices_are_the_same_each_time(client: Client, listener: Listener) -> None:
    await behave(client, "notice", "repeat", times=3)
    await pay(client, await issue(client))
    notices = await listener.wait_for(3)
    assert len({str(notice) for notice in notices}) == 1


async def test_delayed_notices_wait_for_their_time(client: Client, listener: Listener, clock: Clock) -> None:
    await behave(client, "notice", "delay", delay_seconds=60, next_calls=1)
    delayed, prompt = await issue(client), await issue(client, "r-2")
    await pay(client, delayed)
    await pay(client, prompt)
    assert [notice["billing_code"] for notice in await listener.wait_for(1)] == [prompt]
    clock.forward(60)
    assert [notice["billing_code"] for notice in await listener.wait_for(2)] == [prompt, delayed]


async def test_reordered_notices_come_last_first(client: Client, listener: Listener, clock: Clock) -> None:
    await behave(client, "notice", "reorder", times=2, delay_seconds=30)
    codes = [await issue(client, f"r-{number}") for number in range(2)]
    for code in codes:
        await pay(client, code)
    clock.forward(30)
    await listener.wait_for(1)
    clock.forward(30)
    assert [notice["billing_code"] for notice in await listener.wait_for(2)] == [codes[1], codes[0]]


async def test_a_refused_notice_is_sent_again(client: Client, listener: Listener, clock: Clock) -> None:
    await client.put("/control/settings", json={"callback_retry_seconds": [0, 0]})
    listener.refuse = 2
    await pay(client, await issue(client))
    assert len(await listener.wait_for(1)) == 1


async def test_a_notice_nobody_takes_is_given_up(client: Client, serve: Serve, settings: Settings) -> None:
    settings.simponi_callback_url = "http://127.0.0.1:1/nobody"
    simulator = Simponi(settings, lambda: START)
    alone = await serve(simulator.application())
    await alone.put("/control/settings", json={"callback_retry_seconds": [0]})
    await pay(alone, await issue(alone))
    await eventually(lambda: simulator.outbox.counts["given_up"] == 1)
    assert simulator.outbox.counts["refused"] == 2


async def test_without_an_address_notices_are_dropped(client: Client, serve: Serve, settings: Settings) -> None:
    settings.simponi_callback_url = None
    simulator = Simponi(settings, lambda: START)
    alone = await serve(simulator.application())
    await pay(alone, await issue(alone))
    await eventually(lambda: simulator.outbox.counts["no_address"] == 1)


async def test_a_notice_can_come_before_the_code_is_known(client: Client, listener: Listener) -> None:
    await behave(client, "issue", "pay_before_answer", next_calls=1)
    code = await issue(client)
    (notice,) = listener.bodies()
    assert notice["billing_code"] == code
    assert await issue(client) == code
    assert (await show(client, code))["status"] == "paid"


async def test_an_ntb_comes_first_and_its_ntpn_when_settled(client: Client, listener: Listener) -> None:
    await behave(client, "pay", "ntb_only", next_calls=1)
    code = await issue(client)
    paid = await pay(client, code)
    assert (paid["ntpn"], paid["settled"]) == (None, False)
    assert (await show(client, code))["status"] == "unpaid"
    await listener.wait_for(1)
    settled = await (await client.post(f"/control/settle/{code}")).json()
    first, second = await listener.wait_for(2)
    assert (first["ntpn"], second["ntpn"]) == (None, settled["payments"][0]["ntpn"])
    assert first["ntb"] == second["ntb"]
    assert (await client.post(f"/control/settle/{code}")).status == 409


async def test_a_skewed_clock_shows_in_every_time_but_the_signature(client: Client, listener: Listener) -> None:
    await client.put("/control/settings", json={"skew_seconds": -90})
    code = await issue(client)
    assert (await show(client, code))["issued_at"] == "2026-11-21T02:58:30Z"
    assert (await pay(client, code))["paid_at"] == "2026-11-21T02:58:30Z"
    await listener.wait_for(1)
    assert listener.calls[0][0]["X-Simponi-Timestamp"] == str(int(START.timestamp()))


async def settlement(client: Client) -> list[list[str]]:
    answer = await client.get("/simponi/settlements/2026-11-21", headers=AUTH)
    assert answer.content_type == "text/csv"
    return [line.split(",") for line in (await answer.text()).splitlines()]


async def test_a_settlement_file_lists_what_was_booked(client: Client) -> None:
    assert (await settlement(client))[1][:3] == ["TOTAL", "0", "0"]
    code = await issue(client)
    paid = await pay(client, code, channel="atm")
    await behave(client, "pay", "ntb_only", next_calls=1)
    await pay(client, await issue(client, "r-2"))
    header, line, total = await settlement(client)
    assert dict(zip(header, line, strict=True)) == {
        "settlement_date": "2026-11-21",
        "sequence": "1",
        "billing_code": code,
        "ntpn": paid["ntpn"],
        "ntb": paid["ntb"],
        "amount": str(AMOUNT),
        "paid_at": "2026-11-21T03:00:00Z",
        "settled_at": "2026-11-21T03:00:00Z",
        "bank": "bank_contoh",
        "channel": "atm",
    }
    before = ",".join(header) + "\n" + ",".join(line) + "\n"
    assert total == ["TOTAL", "1", str(AMOUNT), hashlib.sha256(before.encode()).hexdigest()]
    assert (await client.get("/simponi/settlements/today", headers=AUTH)).status == 400


async def test_a_settlement_file_can_be_spoilt(client: Client) -> None:
    ntpns = [(await pay(client, await issue(client, f"r-{number}")))["ntpn"] for number in range(3)]
    spoiling = {"leave_out": [ntpns[0]], "amounts": {ntpns[1]: 1}, "repeat": [ntpns[2]], "extra_lines": 2}
    assert (await client.put("/control/settlements/2026-11-21", json=spoiling)).status == 200
    _, *lines, total = await settlement(client)
    assert [line[3] for line in lines[:3]] == [ntpns[1], ntpns[2], ntpns[2]]
    assert [int(line[5]) for line in lines] == [1, AMOUNT, AMOUNT, 350_000, 350_000]
    assert len({line[3] for line in lines[3:]}) == 2
    assert total[:3] == ["TOTAL", "5", str(1 + 2 * AMOUNT + 2 * 350_000)]


async def test_a_truncated_settlement_file_has_no_total(client: Client) -> None:
    await client.put("/control/settlements/2026-11-21", json={"extra_lines": 1_000})
    await behave(client, "settlement", "truncate", next_calls=1)
    assert (await settlement(client))[-1][0] == "2026-11-21"
    assert (await settlement(client))[-1][0] == "TOTAL"


async def test_a_tampered_settlement_file_keeps_its_total(client: Client) -> None:
    await client.put("/control/settlements/2026-11-21", json={"extra_lines": 2})
    whole = await settlement(client)
    await behave(client, "settlement", "tamper", next_calls=1)
    changed = await settlement(client)
    assert changed[1][5] == f"{whole[1][5]}0"
    assert changed[2:] == whole[2:]


async def test_a_settlement_file_is_signed_as_it_is_shown(client: Client) -> None:
    await pay(client, await issue(client))
    path = "/simponi/settlements/2026-11-21"
    assert (await client.get(f"{path}/signature")).status == 401
    signed = await (await client.get(f"{path}/signature", headers=AUTH)).json()
    total = (await settlement(client))[-1]
    words = f"settlement.2026-11-21.{total[1]}.{total[2]}.{total[3]}".encode()
    keys = DetachedVerifier(await (await client.get("/simponi/settlement-keys")).json())
    assert keys.verify(signed["signature"], words)
    with pytest.raises(SignatureDoesNotFit):
        keys.verify(signed["signature"], words.replace(b"-21.", b"-22."))
    spoilt = await client.put("/control/settlements/2026-11-21", json={"extra_lines": 1})
    assert spoilt.status == 200
    again = await (await client.get(f"{path}/signature", headers=AUTH)).json()
    with pytest.raises(SignatureDoesNotFit):
        keys.verify(again["signature"], words)
