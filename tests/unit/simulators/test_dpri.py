"""DPRI: idempotent hand-over and approval, acknowledgements that are late or lost, printing."""

from __future__ import annotations

import hashlib
import random
from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.crypto.sealed import SealedBox, Unsealer
from shared.crypto.sealed_stream import StreamSealer
from simulators.config import Settings
from simulators.dpri import app as dpri_app
from simulators.dpri import earlier_books as earlier_books_module
from simulators.dpri import files as files_module
from simulators.dpri import kept_pictures
from simulators.dpri.app import MAX_DOCUMENTS, MAX_NUMBER_CHARACTERS, create_app
from simulators.dpri.files import Files, Handling, PictureNotWanted
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


# ---- pictures ----

PICTURE = b"a picture of a paper " * 30_000
HASH = hashlib.sha256(PICTURE).hexdigest()
WITH_PICTURE: dict[str, Any] = FILE | {"documents": [{"document_id": "d-ktp", "sha256": HASH}]}


async def sealed(content: bytes, bound_to: str = f"{NUMBER}/d-ktp") -> bytes:
    async def pieces() -> AsyncIterator[bytes]:
        yield content

    keys = Settings().dpri_private_key
    sealer = StreamSealer(SealedBox.for_recipient(Unsealer.parse(keys).public_key_b64))
    return b"".join([piece async for piece in sealer.seal(pieces(), bound_to)])


async def send(client: Client, status: int = 202, content: bytes = PICTURE, **query: Any) -> dict[str, Any]:
    named = {"delivery_id": "d-1", "sha256": HASH} | query
    path = f"/dpri/files/{NUMBER}/pictures/d-ktp"
    answer = await client.put(path, params=named, data=await sealed(content))
    assert answer.status == status, await answer.text()
    body: dict[str, Any] = await answer.json()
    return body


async def books_of(client: Client, nik: str) -> dict[str, Any]:
    answer = await client.post("/dpri/earlier-books", json={"nik": nik})
    assert answer.status == 200, await answer.text()
    body: dict[str, Any] = await answer.json()
    return body


async def pictures(client: Client) -> list[str]:
    return [picture["state"] for picture in (await show(client))["pictures"]]


async def decide(client: Client, fate: str) -> None:
    answer = await client.put(f"/control/pictures/{NUMBER}/d-ktp", json={"fate": fate})
    assert answer.status == 200


async def test_a_picture_is_opened_verified_kept_and_acknowledged(client: Client) -> None:
    await hand_over(client, **WITH_PICTURE)
    assert await pictures(client) == ["missing"]
    assert (await approve(client, status=409))["code"] == "pictures_missing"
    for _ in range(2):
        assert (await send(client))["state"] == "acknowledged"
    assert await pictures(client) == ["acknowledged"]
    kept = await client.get(f"/control/pictures/{NUMBER}/d-ktp")
    assert await kept.read() == PICTURE
    assert (await client.get(f"/control/pictures/{NUMBER}/d-other")).status == 404
    await approve(client)


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [({"delivery_id": "d-2"}, 404, "picture_not_wanted"), ({"sha256": "0" * 64}, 404, "picture_not_wanted")],
)
async def test_a_picture_that_no_file_names_is_refused(
    client: Client, query: dict[str, str], status: int, code: str
) -> None:
    await hand_over(client, **WITH_PICTURE)
    assert (await send(client, status=status, **query))["code"] == code


async def test_bytes_that_do_not_open_or_are_others_are_refused(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    await hand_over(client, **WITH_PICTURE)
    assert (await send(client, status=422, content=b"another picture"))["code"] == "picture_corrupt"
    query = {"delivery_id": "d-1", "sha256": HASH}
    answer = await client.put(f"/dpri/files/{NUMBER}/pictures/d-ktp", params=query, data=b"in the open")
    assert (answer.status, (await answer.json())["code"]) == (422, "picture_unreadable")
    monkeypatch.setattr(dpri_app, "MAX_PICTURE_BYTES", len(PICTURE) - 1)
    assert (await send(client, status=413))["code"] == "picture_too_large"
    assert await pictures(client) == ["missing"]


async def test_pictures_are_lost_delayed_corrupted_and_refused_on_demand(client: Client, clock: Clock) -> None:
    await hand_over(client, **WITH_PICTURE)
    await behave(client, "picture", "corrupt", next_calls=1)
    assert (await send(client, status=422))["code"] == "picture_corrupt"
    await behave(client, "picture", "reject", next_calls=1)
    assert (await send(client, status=422))["code"] == "picture_refused"
    await behave(client, "picture", "ack_lost", next_calls=1)
    assert (await send(client))["state"] == "received"
    await behave(client, "picture", "ack_late", delay_seconds=60, next_calls=1)
    assert (await send(client))["state"] == "received"
    clock.forward(60)
    assert await pictures(client) == ["acknowledged"]
    await decide(client, "lost")
    await decide(client, "lost")
    assert await pictures(client) == ["missing"]
    await behave(client, "picture", "lose", next_calls=1)
    assert (await send(client))["state"] == "acknowledged"
    assert await pictures(client) == ["missing"]


async def test_one_picture_is_refused_until_it_is_taken(client: Client) -> None:
    await hand_over(client, **WITH_PICTURE)
    await send(client)
    await decide(client, "corrupt")
    assert await pictures(client) == ["missing"]
    await decide(client, "refused")
    assert (await send(client, status=422))["code"] == "picture_refused"
    await decide(client, "taken")
    assert (await send(client))["state"] == "acknowledged"


async def test_a_new_delivery_keeps_the_pictures_that_it_names_too(client: Client) -> None:
    await hand_over(client, **WITH_PICTURE)
    await send(client)
    other = {"document_id": "d-other", "sha256": "1" * 64}
    await hand_over(client, **(WITH_PICTURE | {"delivery_id": "d-2", "documents": [*WITH_PICTURE["documents"], other]}))
    assert await pictures(client) == ["acknowledged", "missing"]
    await hand_over(client, **(WITH_PICTURE | {"delivery_id": "d-3", "documents": [other]}))
    assert await pictures(client) == ["missing"]


def test_the_oldest_pictures_give_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept_pictures, "MOST_BYTES", 8)
    kept = kept_pictures.KeptPictures()
    for number in ("1", "2", "2"):
        kept.keep(number, "d", b"12345")
    assert kept.content("2", "d") == b"12345"
    with pytest.raises(PictureNotWanted):
        kept.content("1", "d")


# ---- recall ----


async def recall(client: Client, order_id: str = "o-1", status: int = 202) -> dict[str, Any]:
    answer = await client.put(f"/dpri/files/{NUMBER}/recall", json={"order_id": order_id, "reason": "visit_not_paid"})
    assert answer.status == status, await answer.text()
    body: dict[str, Any] = await answer.json()
    return body


async def test_an_order_is_recalled_in_time_for_good_and_another_one_is_printed(client: Client, clock: Clock) -> None:
    assert (await recall(client, status=404))["code"] == "file_unknown"
    await hand_over(client)
    await approve(client, order_id="o-1")
    for _ in range(2):
        assert (await recall(client))["state"] == "acknowledged"
    clock.forward(1)
    assert (await show(client))["passport_number"] is None
    assert (await approve(client, status=409, order_id="o-1"))["code"] == "order_recalled"
    await approve(client, order_id="o-2")
    assert (await recall(client))["state"] == "queued", "the earlier order again"
    clock.forward(1)
    assert (await show(client))["state"] == "printed"


async def test_a_recall_that_comes_too_late_is_refused(client: Client, clock: Clock) -> None:
    await hand_over(client)
    await approve(client, order_id="o-1")
    clock.forward(1)
    assert (await recall(client, status=409))["code"] == "already_printed"
    assert (await show(client))["state"] == "printed"


async def test_a_recall_overtaken_by_the_printer_on_demand(client: Client) -> None:
    await hand_over(client)
    await approve(client, order_id="o-1")
    await behave(client, "recall", "too_late", next_calls=1)
    assert (await recall(client, status=409))["code"] == "already_printed"
    assert (await show(client))["state"] == "printed"


async def test_earlier_books_are_told_with_masked_numbers_and_dates_that_fit(client: Client, clock: Clock) -> None:
    told = await books_of(client, "7371012008600001")
    (book,) = told["books"]
    assert (told["has_books"], book["state"], book["number"]) == (True, "expired", "*****001")
    assert book["issued_on"] < book["expires_on"] < clock().date().isoformat()
    assert await books_of(client, "3174014502900001") == {"has_books": False, "books": []}
    refused = await client.post("/dpri/earlier-books", json={"nik": "12"})
    assert (refused.status, (await refused.json())["code"]) == (400, "request_malformed")


async def test_books_are_given_to_a_person_until_a_reset(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    nik = "3174014502900001"
    order = {"nik": nik, "books": [{"state": "reported_lost", "number": "X7654321"}]}
    assert (await client.post("/control/earlier-books", json=order)).status == 200
    assert [book["state"] for book in (await books_of(client, nik))["books"]] == ["reported_lost"]
    monkeypatch.setattr(earlier_books_module, "MOST_PEOPLE", 1)
    full = await client.post("/control/earlier-books", json={**order, "nik": "3174011203880002"})
    assert full.status == SimulatorFull.status
    await client.post("/control/reset", json={})
    assert (await books_of(client, nik))["has_books"] is False


@pytest.mark.parametrize(("mode", "has_books", "books"), [("contradict", True, 2), ("none_with_books", False, 1)])
async def test_records_that_contradict_themselves(client: Client, mode: str, has_books: bool, books: int) -> None:
    await behave(client, "earlier_books", mode)
    told = await books_of(client, "7371012008600001")
    assert (told["has_books"], len(told["books"])) == (has_books, books)
