"""Answers with an ETag: nothing is sent twice, and a caller may wait for the next change instead of asking again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest
from aiohttp import ClientResponse, web
from multidict import CIMultiDict, CIMultiDictProxy

from shared.clock import ManualClock
from shared.errors import NotFound
from shared.http import ANY_CALLER, PUBLIC, RUNTIME, Answer, Call, Endpoint, Endpoints, HttpOptions, View
from shared.http import waiting as waiting_module
from shared.http.conditions import LONGEST_WAIT_SECONDS, condition_of, etag_of, wait_of
from shared.http.openapi import build_openapi
from shared.store import Kind
from shared.store.changes import RecordChanges, Watched
from shared.store.memory import MemoryStore
from tests.conftest import START
from tests.unit.shared_http.conftest import Client, Serve, until


@dataclass(frozen=True)
class Parcel:
    place: str


class ParcelView(View):
    parcel_id: str
    place: str


PARCEL = Kind(name="parcel", state=Parcel, bare=True)
api = Endpoints("parcels")


@dataclass
class Depot:
    """Where parcels lie. `while_read` runs in the middle of the next read; `reads` are those under way."""

    store: MemoryStore = field(default_factory=lambda: MemoryStore("demo"))
    while_read: Callable[[], Any] | None = None
    reads: int = 0
    most_reads: int = 0
    go_on: asyncio.Event = field(default_factory=asyncio.Event)

    async def put(self, parcel_id: str, place: str) -> None:
        record = await self.store.get(PARCEL, parcel_id)
        if record is None:
            await self.store.insert(PARCEL, parcel_id, Parcel(place), now=START)
        else:
            await self.store.save(PARCEL, record, Parcel(place), now=START)

    async def view(self, parcel_id: str) -> ParcelView:
        record = await self.store.get(PARCEL, parcel_id)
        if record is None:
            raise NotFound
        self.reads += 1
        self.most_reads = max(self.most_reads, self.reads)
        while_read, self.while_read = self.while_read, None
        if while_read is not None:
            await while_read()
        await asyncio.sleep(0)
        self.reads -= 1
        return ParcelView(parcel_id=parcel_id, place=record.state.place)


DEPOT = web.AppKey("depot", Depot)


@api.get(
    "/v1/parcels/{parcel_id}",
    summary="A parcel",
    access=PUBLIC,
    answers={200: ParcelView},
    refusals=(NotFound,),
    watches="parcel",
)
async def show_parcel(call: Call) -> ParcelView:
    return await call.app[DEPOT].view(call.path["parcel_id"])


@api.get(
    "/v1/own-parcels/{parcel_id}",
    summary="A parcel of one's own",
    access=ANY_CALLER,
    answers={200: ParcelView},
    refusals=(NotFound,),
    watches="parcel",
)
async def show_own(call: Call) -> ParcelView:
    return await call.app[DEPOT].view(call.path["parcel_id"])


async def _pieces(text: str) -> AsyncIterator[bytes]:
    yield text.encode()


@api.get(
    "/v1/parcels/{parcel_id}/label",
    summary="Its label",
    access=PUBLIC,
    answers={200: "text/plain"},
    refusals=(NotFound,),
    watches="parcel",
)
async def show_label(call: Call) -> Answer:
    seen = await call.app[DEPOT].view(call.path["parcel_id"])
    headers = {} if seen.place == "unlabelled" else {"ETag": etag_of(seen.place.encode())}
    return Answer(200, _pieces(seen.place), headers, media_type="text/plain")


@api.get("/v1/slow", summary="Takes long", access=PUBLIC, answers={204: None})
async def take_long(call: Call) -> None:
    await call.app[DEPOT].go_on.wait()


@pytest.fixture
async def depot() -> AsyncIterator[Depot]:
    depot = Depot()
    await depot.put("p1", "shelf")
    yield depot
    depot.go_on.set()


@pytest.fixture
def open_depot(serve: Serve, depot: Depot) -> Callable[..., Any]:
    async def start(*, follows: bool = True, **limits: Any) -> Client:
        changes = depot.store if follows else None
        return await serve(HttpOptions(**limits), api.all, {DEPOT: depot}, changes=changes)

    return start


@pytest.fixture
async def client(open_depot: Callable[..., Any]) -> Client:
    found: Client = await open_depot()
    return found


async def ask(
    client: Client, etag: str | None = None, *, wait: str | None = None, path: str = "/v1/parcels/p1", **more: str
) -> ClientResponse:
    headers = {"If-None-Match": etag, "Prefer": wait and f"wait={wait}"} | more
    return await client.get(path, headers={name: value for name, value in headers.items() if value is not None})


async def etag_now(client: Client, path: str = "/v1/parcels/p1", **headers: str) -> str:
    etag = (await ask(client, path=path, **headers)).headers["ETag"]
    assert etag.startswith('"')
    return etag


def waiting_in(client: Client) -> int:
    return client.app[RUNTIME].waiting.gate.inside


@contextmanager
def waits(client: Client, *calls: Any) -> Iterator[list[asyncio.Task[ClientResponse]]]:
    tasks = [asyncio.ensure_future(call) for call in calls]
    yield tasks
    for task in tasks:
        task.cancel()


async def all_wait(client: Client, number: int) -> None:
    """Return once so many calls wait: each has left its place among those under way."""
    await until(lambda: waiting_in(client) == number and client.app[RUNTIME].gate.inside == 0)


async def test_an_answer_that_the_caller_has_is_not_sent_again(client: Client, depot: Depot) -> None:
    etag = await etag_now(client)
    again = await ask(client, etag)
    assert (again.status, await again.read(), again.headers["ETag"]) == (304, b"", etag)
    assert "Preference-Applied" not in again.headers
    await depot.put("p1", "van")
    changed = await ask(client, etag)
    assert (changed.status, (await changed.json())["place"]) == (200, "van")
    assert changed.headers["ETag"] != etag


@pytest.mark.parametrize("said", ["W/{}", '"other", {}', '{} , W/"x"', "*"])
async def test_every_form_of_a_known_etag_is_understood(client: Client, said: str) -> None:
    etag = await etag_now(client)
    assert (await ask(client, said.format(etag))).status == 304


async def test_an_etag_of_another_thing_or_of_no_form_gets_the_whole_answer_at_once(
    client: Client, depot: Depot
) -> None:
    await depot.put("p2", "shelf")
    for foreign in (await etag_now(client, "/v1/parcels/p2"), "unquoted", '"'):
        answer = await ask(client, foreign, wait="25")
        assert (answer.status, (await answer.json())["parcel_id"]) == (200, "p1")


async def test_who_waits_is_answered_by_the_change(client: Client, depot: Depot) -> None:
    etag = await etag_now(client)
    with waits(client, ask(client, etag, wait="20")) as (waiting,):
        await all_wait(client, 1)
        await depot.put("p1", "van")
        answer = await waiting
    assert (answer.status, (await answer.json())["place"]) == (200, "van")
    assert answer.headers["Preference-Applied"] == "wait=20"
    assert waiting_in(client) == 0


async def test_a_change_of_another_record_and_one_that_shows_nothing_are_no_answer(
    client: Client, depot: Depot
) -> None:
    etag = await etag_now(client)
    with waits(client, ask(client, etag, wait="20")) as (waiting,):
        await all_wait(client, 1)
        await depot.put("p2", "van")
        await depot.put("p1", "shelf")
        await depot.put("p1", "door")
        assert (await (await waiting).json())["place"] == "door"


async def test_what_is_gone_ends_the_wait_with_its_refusal(client: Client, depot: Depot) -> None:
    etag = await etag_now(client)
    with waits(client, ask(client, etag, wait="20")) as (waiting,):
        await all_wait(client, 1)
        record = await depot.store.get(PARCEL, "p1")
        assert record is not None
        await depot.store.remove(PARCEL, record)
        assert (await waiting).status == 404


async def test_a_wait_that_is_over_says_that_nothing_changed_and_is_not_counted_as_slow(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    etag, seconds = await etag_now(client), count(step=1000.0)
    monkeypatch.setattr(waiting_module, "_now", lambda: next(seconds))
    measured: list[float] = []
    monkeypatch.setattr(client.app[RUNTIME].metrics, "answered", lambda *words: measured.append(words[-1]))
    answer = await ask(client, etag, wait="5")
    assert (answer.status, await answer.read()) == (304, b"")
    assert answer.headers["Preference-Applied"] == "wait=5"
    assert measured[0] < 0, "the thousand seconds of its wait are left out"


async def test_a_longer_wait_than_allowed_is_shortened_and_the_answer_says_so(client: Client, depot: Depot) -> None:
    etag = await etag_now(client)
    with waits(client, ask(client, etag, wait="3600")) as (waiting,):
        await all_wait(client, 1)
        await depot.put("p1", "van")
        assert (await waiting).headers["Preference-Applied"] == f"wait={LONGEST_WAIT_SECONDS}"


@pytest.mark.parametrize("said", [None, "0", "-5", "ten", "1e3", '"', ""])
async def test_no_wait_or_a_malformed_one_is_answered_at_once(client: Client, said: str | None) -> None:
    answer = await ask(client, await etag_now(client), wait=said)
    assert answer.status == 304
    assert "Preference-Applied" not in answer.headers


async def test_without_an_etag_there_is_nothing_to_wait_from(client: Client) -> None:
    for etag in (None, "*"):
        answer = await ask(client, etag, wait="20")
        assert "Preference-Applied" not in answer.headers


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [
        ("wait=10", 10),
        ("WAIT = 10", 10),
        ('wait="10"', 10),
        ("respond-async, wait=10; x=1", 10),
        ("wait=10, wait=20", 10),
        ("wait, wait=20", 0),
        ("waiting=10", 0),
        ("wait=10.5", 0),
        ("wait=9999999999", 0),
        ('note="a, wait=10"', 0),
        ('note="a, wait=10', 0),
        ('note="a, wait=10", wait=20', 20),
        (r'note="a\", wait=10", wait=20', 20),
        ("", 0),
    ],
)
def test_the_first_wait_of_a_header_counts(prefer: str, seconds: int) -> None:
    assert wait_of(prefer) == seconds


@pytest.mark.parametrize(("asked", "kept"), [("25", 25), ("26", 25), ("24", 24)])
def test_the_edge_of_the_longest_wait(asked: str, kept: int) -> None:
    headers = CIMultiDictProxy(CIMultiDict({"If-None-Match": '"a"', "Prefer": f"wait={asked}"}))
    assert condition_of(headers, LONGEST_WAIT_SECONDS).wait_seconds == kept


async def test_beyond_the_places_of_one_sender_callers_are_answered_at_once(
    open_depot: Callable[..., Any], depot: Depot
) -> None:
    client = await open_depot(waiting_each=2)
    etag = await etag_now(client)
    with waits(client, *(ask(client, etag, wait="20") for _ in range(2))) as waiting:
        await all_wait(client, 2)
        third = await ask(client, etag, wait="20")
        assert (third.status, "Preference-Applied" in third.headers) == (304, False)
        await depot.put("p1", "van")
        assert {(await one).status for one in waiting} == {200}


async def test_a_crowd_of_strangers_takes_no_place_of_those_who_are_signed_in(
    open_depot: Callable[..., Any], depot: Depot, bearer: Callable[..., dict[str, str]]
) -> None:
    client = await open_depot(max_waiting=3, waiting_of_callers=1, waiting_each=100)
    etag = await etag_now(client)
    with waits(client, *(ask(client, etag, wait="20") for _ in range(40))) as crowd:
        await until(lambda: sum(task.done() for task in crowd) == 37)
        assert all(task.result().status == 304 for task in crowd if task.done())
        own = ask(client, etag, wait="20", path="/v1/own-parcels/p1", **bearer())
        with waits(client, own) as (signed_in,):
            await all_wait(client, 4)
            await depot.put("p1", "van")
            assert (await signed_in).headers["Preference-Applied"] == "wait=20"
            answered = await asyncio.gather(*crowd)
            assert [answer.status for answer in answered].count(200) == 3, "none of those who wait is lost"


async def test_who_waits_takes_no_place_of_requests_under_way(open_depot: Callable[..., Any], depot: Depot) -> None:
    client = await open_depot(max_in_flight=1)
    etag = await etag_now(client)
    with waits(client, *(ask(client, etag, wait="20") for _ in range(1))):
        await all_wait(client, 1)
        assert (await ask(client)).status == 200


async def test_a_change_that_finds_no_place_to_be_read_is_refused_with_when_to_ask_again(
    open_depot: Callable[..., Any], depot: Depot
) -> None:
    client = await open_depot(max_in_flight=1)
    etag = await etag_now(client)
    with waits(client, ask(client, etag, wait="20")) as (waiting,):
        await all_wait(client, 1)
        with waits(client, client.get("/v1/slow")):
            await until(lambda: client.app[RUNTIME].gate.inside == 1)
            await depot.put("p1", "van")
            refused = await waiting
            assert (refused.status, refused.headers["Retry-After"]) == (503, "1")
            depot.go_on.set()
            await until(lambda: client.app[RUNTIME].gate.inside == 0)
    assert (await ask(client, etag, wait="20")).status == 200, "the same ETag still finds the change"


async def test_those_who_are_woken_together_read_few_at_a_time(
    monkeypatch: pytest.MonkeyPatch, open_depot: Callable[..., Any], depot: Depot
) -> None:
    monkeypatch.setattr(waiting_module, "READS_AT_ONCE", 2)
    client = await open_depot()
    etag = await etag_now(client)
    with waits(client, *(ask(client, etag, wait="20") for _ in range(12))) as waiting:
        await all_wait(client, 12)
        depot.most_reads = 0
        await depot.put("p1", "van")
        assert {(await one).status for one in waiting} == {200}
    assert depot.most_reads == 2


async def test_a_change_during_the_first_read_is_not_missed(client: Client, depot: Depot) -> None:
    etag = await etag_now(client)
    depot.while_read = lambda: depot.put("p1", "van")
    answer = await ask(client, etag, wait="20")
    assert (answer.status, (await answer.json())["place"]) == (200, "van")


async def test_twin_who_is_registered_after_the_read_misses_a_change_during_it(
    client: Client, depot: Depot, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Late:
        """Takes the change to wait for when the wait begins, not before the read."""

        def __init__(self, watched: Watched) -> None:
            self._watched = watched

        @property
        def change(self) -> Late:
            return self

        async def wait(self) -> bool:
            return await self._watched.change.wait()

    watch = RecordChanges.watch

    @contextmanager
    def watch_late(self: RecordChanges, *record: str) -> Iterator[Late]:
        with watch(self, *record) as watched:
            yield Late(watched)

    etag = await etag_now(client)
    changes = client.app[RUNTIME].waiting.changes
    assert changes is not None
    with changes.watch("parcel", "p1") as settled:
        await until(lambda: settled.version is not None)  # the stream is open, and will wake no one by itself
    monkeypatch.setattr(RecordChanges, "watch", watch_late)
    depot.while_read = lambda: depot.put("p1", "van")
    with waits(client, ask(client, etag, wait="20")) as (waiting,):
        await all_wait(client, 1)
        assert await etag_now(client) != etag
        assert not waiting.done(), "the change has happened, and its caller waits on"


async def test_a_process_that_drains_answers_all_who_wait(client: Client) -> None:
    etag = await etag_now(client)
    with waits(client, *(ask(client, etag, wait="20") for _ in range(3))) as waiting:
        await all_wait(client, 3)
        client.app[RUNTIME].drain()
        answers = await asyncio.gather(*waiting)
        assert {(answer.status, "Preference-Applied" in answer.headers) for answer in answers} == {(304, False)}
        await client.app[RUNTIME].empty()
    assert (await ask(client, etag, wait="20")).status == 304, "no one begins to wait any more"


async def test_without_a_source_of_changes_callers_are_answered_at_once(open_depot: Callable[..., Any]) -> None:
    client = await open_depot(follows=False)
    answer = await ask(client, await etag_now(client), wait="20")
    assert (answer.status, "Preference-Applied" in answer.headers) == (304, False)
    client.app[RUNTIME].drain()


async def test_a_stream_has_the_etag_that_its_handler_gives(client: Client, depot: Depot) -> None:
    etag = await etag_now(client, "/v1/parcels/p1/label")
    assert (await ask(client, etag, path="/v1/parcels/p1/label")).status == 304
    with waits(client, ask(client, etag, wait="20", path="/v1/parcels/p1/label")) as (waiting,):
        await all_wait(client, 1)
        await depot.put("p1", "van")
        assert await (await waiting).read() == b"van"
    await depot.put("p1", "unlabelled")
    plain = await ask(client, "*", path="/v1/parcels/p1/label")
    assert (plain.status, "ETag" in plain.headers) == (200, False)


def test_only_what_is_read_by_its_id_is_watched() -> None:
    for method, path in (("GET", "/v1/parcels"), ("POST", "/v1/parcels/{parcel_id}")):
        with pytest.raises(ValueError, match="a record is watched with GET, by the id in the path"):
            Endpoint(method, path, show_parcel, "x", PUBLIC, {200: ParcelView}, watches="parcel")  # type: ignore[arg-type]


def test_only_a_stream_behind_a_token_follows() -> None:
    for access, long_lived in ((PUBLIC, True), (ANY_CALLER, False)):
        with pytest.raises(ValueError, match="what follows is a stream behind a token"):
            Endpoint("GET", "/v1/own", show_own, "x", access, {200: "x/y"}, long_lived=long_lived, follows="parcel")


def test_the_description_names_headers_and_the_empty_answer() -> None:
    operation = build_openapi(api.all, "demo", "1")["paths"]["/v1/parcels/{parcel_id}"]["get"]
    named = [parameter.get("$ref", "").rsplit("/", 1)[-1] for parameter in operation["parameters"]]
    assert {"If-None-Match", "Prefer"} <= set(named)
    for status in ("200", "304"):
        assert {"ETag", "Preference-Applied"} <= set(operation["responses"][status]["headers"])
    slow = build_openapi(api.all, "demo", "1")["paths"]["/v1/slow"]["get"]
    assert "304" not in slow["responses"]


def test_the_etag_is_strong_and_follows_the_content(clock: ManualClock) -> None:
    assert etag_of(b"a") == etag_of(b"a") != etag_of(b"b")
