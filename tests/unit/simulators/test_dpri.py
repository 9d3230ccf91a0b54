"""DPRI: idempotent hand-over and approval, acknowledgements that are late or lost, printing."""

from __future__ import annotations

import random
from typing import Any

import pytest

from simulators.config import Settings
from simulators.dpri import files as files_module
from simulators.dpri.app import MAX_DOCUMENTS, MAX_NUMBER_CHARACTERS, create_app
from simulators.dpri.files import Files, Handling
from simulators.errors import SimulatorFull

from .conftest import START, Client, Clock, Serve, behave

NUMBER = "1000000000000001"
FILE = {
    "delivery_id": "d-1",
    "kind": "ordinary_electronic_10",
    "applicant": {"full_name": "SRI CONTOH LESTARI"},
    "documents": [{"name": "id_card", "sha256": "0" * 64}],
}
APPROVAL = {"approval_id": "a-1", "officer": "o-1"}


@pytest.fixture
async def client(serve: Serve, settings: Settings, clock: Clock) -> Client:
    return await serve(create_app(settings, clock))


async def hand_over(client: Client, status: int = 202, **change: object) -> dict[str, Any]:
    answer = await client.put(f"/dpri/files/{NUMBER}", json={**FILE, **change})
    assert answer.status == status, await answer.text()
    body: dict[str, Any] = await answer.json()
    return body


async def approve(client: Client, status: int = 202, **change: object) -> dict[str, Any]:
    answer = await client.put(f"/dpri/files/{NUMBER}/approval", json={**APPROVAL, **change})
    assert answer.status == status, await answer.text()
    body: dict[str, Any] = await answer.json()
    return body


async def show(client: Client) -> dict[str, Any]:
    body: dict[str, Any] = await (await client.get(f"/dpri/files/{NUMBER}")).json()
    return body


@pytest.mark.parametrize(
    ("order", "expires_on"),
    [
        ({"validity_years": 10, "minor": False}, "2036-11-21"),
        ({"validity_years": 10, "minor": True}, "2031-11-21"),
        ({"validity_years": 5}, "2031-11-21"),
        ({}, "2031-11-21"),
        ({"validity_years": "ten"}, "2031-11-21"),
    ],
)
async def test_a_printed_book_tells_its_kind_and_dates(
    client: Client, clock: Clock, order: dict[str, object], expires_on: str
) -> None:
    await hand_over(client, kind="electronic", **order)
    await approve(client)
    assert "expires_on" not in await show(client)
    clock.forward(1)
    printed = await show(client)
    assert (printed["passport_kind"], printed["issued_on"], printed["expires_on"]) == (
        "electronic",
        "2026-11-21",
        expires_on,
    )


def test_a_book_of_the_leap_day_expires_on_the_first_of_march() -> None:
    files = Files(random.Random(1))
    leap_day = START.replace(year=2028, month=2, day=29)
    file = files.hand_over("1", "d", {"validity_years": 5}, leap_day, Handling())
    assert files_module.expiry_of(file) is None
    files.approve("1", {}, leap_day, 0.0)
    assert str(files_module.expiry_of(file)) == "2033-03-01"


async def test_a_file_goes_from_hand_over_to_print(client: Client, clock: Clock) -> None:
    file = await hand_over(client)
    assert file["state"] == "acknowledged"
    assert file["acknowledgement"].startswith("ACK")
    queued = await approve(client)
    assert (queued["state"], queued["passport_number"]) == ("queued", None)
    clock.forward(1)
    printed = await show(client)
    assert (printed["state"], printed["printed_at"]) == ("printed", "2026-11-21T03:00:01Z")
    assert printed["passport_number"][0] == "X"
    assert len(printed["passport_number"]) == 8


async def test_the_same_delivery_again_changes_nothing(client: Client) -> None:
    first, again = await hand_over(client), await hand_over(client)
    assert again.pop("deliveries") == first.pop("deliveries") + 1
    assert again == first
    assert (await hand_over(client, status=409, kind="other"))["code"] == "delivery_changed"


async def test_a_new_delivery_replaces_the_file_until_it_is_approved(client: Client) -> None:
    first = await hand_over(client)
    second = await hand_over(client, delivery_id="d-2", kind="other")
    assert second["acknowledgement"] != first["acknowledgement"]
    await approve(client)
    assert (await hand_over(client, status=409, delivery_id="d-3"))["code"] == "file_already_approved"
    assert (await hand_over(client, delivery_id="d-2", kind="other"))["state"] == "queued"


async def test_the_same_approval_again_prints_once(client: Client, clock: Clock) -> None:
    await hand_over(client)
    await approve(client)
    clock.forward(1)
    first, again = await approve(client), await approve(client)
    assert first == again
    assert (await approve(client, status=409, officer="o-2"))["code"] == "approval_changed"


async def test_an_approval_wants_an_acknowledged_file(client: Client) -> None:
    assert (await approve(client, status=404))["code"] == "file_unknown"
    await behave(client, "hand_over", "ack_lost", next_calls=1)
    await hand_over(client)
    assert (await approve(client, status=409))["code"] == "file_not_acknowledged"


async def test_a_lost_acknowledgement_comes_when_the_file_is_handed_over_again(client: Client, clock: Clock) -> None:
    await behave(client, "hand_over", "ack_lost", next_calls=1)
    file = await hand_over(client)
    assert (file["state"], file["acknowledgement"]) == ("received", None)
    clock.forward(86_400)
    assert (await show(client))["state"] == "received"
    assert (await hand_over(client))["state"] == "acknowledged"


async def test_a_late_acknowledgement_comes_in_its_time(client: Client, clock: Clock) -> None:
    await behave(client, "hand_over", "ack_late", delay_seconds=60, next_calls=1)
    assert (await hand_over(client))["state"] == "received"
    assert (await hand_over(client))["state"] == "received"
    clock.forward(60)
    file = await show(client)
    assert (file["state"], file["acknowledged_at"]) == ("acknowledged", "2026-11-21T03:01:00Z")


async def test_acknowledging_and_printing_take_what_the_settings_say(client: Client, clock: Clock) -> None:
    await client.put("/control/settings", json={"acknowledge_seconds": 5, "print_seconds": 10})
    assert (await hand_over(client))["state"] == "received"
    clock.forward(5)
    await approve(client)
    clock.forward(9)
    assert (await show(client))["state"] == "queued"
    clock.forward(1)
    assert (await show(client))["state"] == "printed"


async def test_a_rejected_file_says_why_and_is_judged_again(client: Client) -> None:
    await behave(client, "hand_over", "reject", next_calls=1)
    file = await hand_over(client)
    assert (file["state"], file["acknowledgement"]) == ("rejected", None)
    assert file["reason"]
    file = await hand_over(client)
    assert (file["state"], file["reason"]) == ("acknowledged", None)


async def test_an_unknown_file_is_not_found(client: Client) -> None:
    assert (await client.get(f"/dpri/files/{NUMBER}")).status == 404


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"delivery_id": ""}, 400),
        ({"applicant": {}}, 400),
        ({"documents": [{"name": "id_card", "sha256": "short"}]}, 400),
        ({"documents": FILE["documents"] * MAX_DOCUMENTS}, 202),  # type: ignore[operator]
        ({"documents": FILE["documents"] * (MAX_DOCUMENTS + 1)}, 400),  # type: ignore[operator]
    ],
)
async def test_a_malformed_file_is_refused(client: Client, change: dict[str, object], status: int) -> None:
    await hand_over(client, status=status, **change)


async def test_a_number_has_a_limit(client: Client) -> None:
    for length, status in ((MAX_NUMBER_CHARACTERS, 202), (MAX_NUMBER_CHARACTERS + 1, 400)):
        assert (await client.put(f"/dpri/files/{'1' * length}", json=FILE)).status == status


def test_a_full_system_takes_no_new_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files_module, "MAX_FILES", 1)
    files = Files(random.Random(7))
    for delivery_id in ("d-1", "d-2"):
        files.hand_over("1", delivery_id, {}, START, Handling())
    with pytest.raises(SimulatorFull):
        files.hand_over("2", "d-1", {}, START, Handling())
