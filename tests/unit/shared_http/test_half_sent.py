"""Half-sent requests over real sockets: bytes that are held back keep nobody else out, and not for long."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import pytest

from bench.attack_half_sent import Attack
from shared.clock import ManualClock
from shared.http import RUNTIME, HttpOptions, Signer, binding, build_app
from shared.http import serve as serve_until
from shared.http.body_budget import LATE_SHARE
from shared.http.runtime import HttpRuntime
from shared.tokens import Caller, Role, StaticKeys, TokenIssuer, TokenVerifier
from tests.unit.shared_http.conftest import until
from tests.unit.shared_http.demo import NOTEBOOK, Notebook, api

BODY = b'{"paid": true}'
FREE = HttpOptions(rate_factor=1_000_000, prompt_seconds=0.01, body_seconds=60.0, idle_seconds=60.0, head_seconds=60.0)
"""Nothing ends by itself within a test, and a body is late at once."""


class Line:
    """One connection, from an address of one's own choice on loopback."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self._writer = writer

    def send(self, data: bytes) -> None:
        self._writer.write(data)

    async def status(self) -> int:
        """The status of the answer; 0 where the line was closed without one."""
        async with asyncio.timeout(10):
            line = await self.reader.readline()
        return int(line.split(b" ")[1]) if line else 0

    def close(self) -> None:
        self._writer.transport.abort()


class Served:
    """The demo as in production, with lines to it."""

    def __init__(
        self, runtime: HttpRuntime, port: int, clock: ManualClock, issuer: TokenIssuer, signer: Signer
    ) -> None:
        self.runtime = runtime
        self.port = port
        self.clock = clock
        self.signer = signer
        self._issuer = issuer
        self.lines: list[Line] = []

    async def line(self, source: str = "127.0.0.1") -> Line:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, local_addr=(source, 0))
        self.lines.append(Line(reader, writer))
        return self.lines[-1]

    async def send(self, sent: bytes, source: str = "127.0.0.1") -> Line:
        line = await self.line(source)
        line.send(sent)
        return line

    async def call(self, sent: bytes, source: str = "127.0.0.1") -> int:
        return await (await self.send(sent, source)).status()

    def push(self, body: bytes = BODY, *, signed: bool = True, length: int = 0) -> bytes:
        """A signed notice, whole or, with another length, only begun."""
        headers = self.signer.headers(body, self.clock.now()) if signed else {}
        return post("/v1/pushes", headers, length or len(body)) + body

    def note(self, account_id: str, key: str, length: int) -> bytes:
        return post("/v1/notes", {"Idempotency-Key": key, **self._bearer(account_id)}, length)

    def own_events(self, account_id: str) -> bytes:
        return get("/v1/own-events", self._bearer(account_id))

    def _bearer(self, account_id: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._issuer.issue(Caller(account_id, Role.APPLICANT, 's1'), 900)}"}


def post(path: str, headers: Mapping[str, str], length: int) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: demo", "Content-Type: application/json", f"Content-Length: {length}"]
    return "\r\n".join([*lines, *(f"{name}: {value}" for name, value in headers.items()), "", ""]).encode()


def get(path: str, headers: Mapping[str, str] | None = None) -> bytes:
    lines = [f"GET {path} HTTP/1.1", "Host: demo", *(f"{name}: {value}" for name, value in (headers or {}).items())]
    return "\r\n".join([*lines, "", ""]).encode()


Start = Callable[[HttpOptions], Any]


@pytest.fixture
def start(clock: ManualClock, issuer: TokenIssuer, notebook: Notebook) -> Start:
    @asynccontextmanager
    async def started(options: HttpOptions) -> AsyncIterator[Served]:
        verifier = TokenVerifier(StaticKeys(issuer.jwks()), clock)
        app = build_app(api.all, service_name="demo", clock=clock, verifier=verifier, options=options)
        app[NOTEBOOK] = notebook
        stop, ports = asyncio.Event(), asyncio.get_running_loop().create_future()
        task = asyncio.create_task(
            serve_until(app, "127.0.0.1", 0, stop, 0.0, listening=lambda _, port: ports.set_result(port))
        )
        served = Served(app[RUNTIME], await ports, clock, issuer, notebook.signer)
        try:
            yield served
        finally:
            for line in served.lines:
                line.close()
            notebook.go_on.set()
            stop.set()
            await task

    return started


LOOKS_SIGNED = {"X-Demo-Signature": "k1=" + "0" * 64}
HEADS = 560
"""As many as silenced a service."""


def forged(clock: ManualClock) -> dict[str, str]:
    """Headers that cannot be told from a signature before the body is there."""
    return {"X-Demo-Timestamp": str(int(clock.now().timestamp())), **LOOKS_SIGNED}


async def honest_answers(served: Served, count: int = 40) -> Counter[int]:
    """What others are answered meanwhile: from another address, from the same one, and the agency itself."""
    calls = [
        *(served.call(get("/v1/letter"), "127.0.0.9") for _ in range(count)),
        *(served.call(get("/v1/letter")) for _ in range(count)),
        *(served.call(served.push(), "127.0.0.8") for _ in range(count)),
    ]
    return Counter(await asyncio.gather(*calls))


async def test_half_sent_signed_requests_of_one_address_shut_nobody_out(start: Start, clock: ManualClock) -> None:
    async with start(FREE) as served:
        head = post("/v1/pushes", forged(clock), 4096) + b"{"
        for _ in range(HEADS):
            await served.send(head)
        await until(lambda: served.runtime.late_bodies.inside == FREE.late_bodies_each)
        assert served.runtime.gate.inside == 0
        assert await honest_answers(served) == {200: 80, 204: 40}


async def test_without_the_gate_the_same_heads_silence_the_service(
    start: Start, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(binding, "_body_is_here", lambda _endpoint: lambda _request: True)
    async with start(FREE) as served:
        head = post("/v1/pushes", forged(clock), 4096) + b"{"
        for _ in range(HEADS):
            await served.send(head)
        await until(lambda: served.runtime.gate.inside == FREE.max_in_flight)
        assert await honest_answers(served) == {503: 120}


async def test_a_request_without_a_signature_is_refused_from_its_head(start: Start) -> None:
    async with start(FREE) as served:
        lines = [await served.send(post("/v1/pushes", {}, 4096) + b"{") for _ in range(HEADS)]
        assert Counter([await line.status() for line in lines]) == {401: HEADS}
        assert (served.runtime.late_bodies.inside, served.runtime.gate.inside) == (0, 0)


async def test_without_the_look_at_the_head_its_body_is_awaited(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Signer, "check_head", lambda *_: ("", []))
    async with start(FREE) as served:
        await served.send(post("/v1/pushes", {}, 4096) + b"{")
        await until(lambda: served.runtime.late_bodies.late == 1)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"X-Demo-Signature": "k9=" + "0" * 64}, 0),
        ({"X-Demo-Signature": "k1=" + "0" * 63}, 0),
        ({"X-Demo-Signature": "k1=" + "x" * 64}, 0),
        (LOOKS_SIGNED, 301),
    ],
    ids=["an unknown key", "too short", "no hex", "too old"],
)
async def test_a_signature_that_cannot_fit_is_refused_from_its_head(
    start: Start, clock: ManualClock, headers: dict[str, str], seconds: int
) -> None:
    told = {**forged(clock), **headers}
    clock.advance(seconds)
    async with start(FREE) as served:
        assert await served.call(post("/v1/pushes", told, 4096) + b"{") == 401


async def test_the_attack_of_the_bench_shuts_nobody_out(start: Start, clock: ManualClock) -> None:
    async with start(FREE) as served:
        base = f"http://127.0.0.1:{served.port}"
        attack = Attack(base, HEADS, ["127.0.0.1"], "/v1/pushes", forged(clock), again=False)
        holding = asyncio.create_task(attack.hold_open(60))
        await until(lambda: attack.answers.total() == HEADS - FREE.late_bodies_each)
        assert await honest_answers(served) == {200: 80, 204: 40}
        assert (attack.answers, attack.unanswered) == ({"429": HEADS - FREE.late_bodies_each}, FREE.late_bodies_each)
        holding.cancel()
        await asyncio.gather(holding, return_exceptions=True)
        assert attack.opened == HEADS


async def test_an_attack_that_goes_on_opens_again_what_was_answered(start: Start) -> None:
    async with start(FREE) as served:
        attack = Attack(f"http://127.0.0.1:{served.port}", 2, ["127.0.0.1"], "/v1/pushes")
        holding = asyncio.create_task(attack.hold_open(60))
        await until(lambda: attack.answers["401"] > 2)
        holding.cancel()
        await asyncio.gather(holding, return_exceptions=True)


async def test_one_address_has_its_late_bodies_and_not_one_more(start: Start, clock: ManualClock) -> None:
    async with start(replace(FREE, late_bodies_each=2)) as served:
        head = served.push(b"{", length=len(BODY))
        held = [await served.send(head) for _ in range(2)]
        await until(lambda: served.runtime.late_bodies.late == 2)
        assert await served.call(head) == 429
        other = await served.send(served.push(BODY[:5], length=len(BODY)).replace(BODY[:5], b""), "127.0.0.2")
        await until(lambda: served.runtime.late_bodies.late == 3)
        held[0].close()
        await until(lambda: served.runtime.late_bodies.late == 2)
        other.close()


async def test_a_late_body_that_comes_is_answered(start: Start) -> None:
    async with start(FREE) as served:
        whole = served.push()
        line = await served.send(whole[:-5])
        await until(lambda: served.runtime.late_bodies.late == 1)
        line.send(whole[-5:])
        assert await line.status() == 204
        assert served.runtime.late_bodies.inside == 0


async def test_a_late_body_finds_no_place_where_as_many_are_under_way_as_may_be(
    start: Start, notebook: Notebook
) -> None:
    async with start(replace(FREE, max_in_flight=1)) as served:
        line = await served.send(post("/v1/small", {}, 14) + b'{"title":')
        await until(lambda: served.runtime.late_bodies.late == 1)
        slow = served.note("a1", "key-00000001", 0).replace(b"/v1/notes", b"/v1/slow")
        await served.send(slow)
        await until(lambda: notebook.waiting == 1)
        line.send(b' "a"}')
        assert await line.status() == 503
        notebook.go_on.set()
        await until(lambda: served.runtime.gate.inside == 0)


async def fill_with_strangers(served: Served, clock: ManualClock) -> None:
    """Take every place that strangers may take, from as many addresses as that needs."""
    options = served.runtime.options
    head = post("/v1/pushes", forged(clock), 4096) + b"{"
    for number in range(options.max_late_bodies):
        await served.send(head, f"127.0.1.{1 + number // options.late_bodies_each}")
    await until(lambda: served.runtime.late_bodies.late == options.max_late_bodies)


async def test_many_addresses_take_no_place_of_callers_and_agencies(start: Start, clock: ManualClock) -> None:
    options = replace(
        FREE,
        max_late_bodies=4,
        late_bodies_each=2,
        late_bodies_of_callers=1,
        kept_for_agencies=1,
        agency_networks=(ip_network("127.0.5.0/24"),),
    )
    async with start(options) as served:
        await fill_with_strangers(served, clock)
        late = served.push(b"", length=len(BODY))
        assert await served.call(late, "127.0.2.1") == 503, "a stranger more, late"
        assert await served.call(served.push(), "127.0.2.1") == 204, "a stranger more, prompt"
        await served.send(served.note("a1", "key-00000001", 20), "127.0.2.2")
        await until(lambda: served.runtime.late_bodies.late == 5)
        assert await served.call(served.note("a2", "key-00000002", 20), "127.0.2.3") == 503
        await served.send(late, "127.0.5.1")
        await until(lambda: served.runtime.late_bodies.late == 6)


async def test_an_agency_is_known_by_a_signature_that_fitted(start: Start, clock: ManualClock) -> None:
    options = replace(FREE, max_late_bodies=2, late_bodies_each=2, kept_for_agencies=1)
    async with start(options) as served:
        assert await served.call(served.push(), "127.0.6.1") == 204
        assert await served.call(served.push().replace(b"true", b"fals"), "127.0.6.2") == 401
        await fill_with_strangers(served, clock)
        late = served.push(b"", length=len(BODY))
        assert await served.call(late, "127.0.6.2") == 503
        await served.send(late, "127.0.6.1")
        await until(lambda: served.runtime.late_bodies.late == 3)


async def test_an_agency_gets_through_while_all_places_are_taken(start: Start, notebook: Notebook) -> None:
    options = replace(FREE, max_in_flight=1, kept_for_agencies=1, agency_networks=(ip_network("127.0.5.0/24"),))
    async with start(options) as served:
        await served.send(served.note("a1", "key-00000001", 0).replace(b"/v1/notes", b"/v1/slow"))
        await until(lambda: notebook.waiting == 1)
        assert await served.call(served.push(), "127.0.0.3") == 503
        assert await served.call(served.push(), "127.0.5.1") == 204


async def test_the_address_is_the_one_that_a_trusted_proxy_names(start: Start) -> None:
    options = replace(FREE, late_bodies_each=1, trusted_proxies=(ip_network("127.0.0.0/8"),))
    async with start(options) as served:
        late = served.push(b"", length=len(BODY))
        for number in (1, 2):
            await served.send(late.replace(b"Host: demo", f"Host: demo\r\nX-Forwarded-For: 192.0.2.{number}".encode()))
        await until(lambda: served.runtime.late_bodies.late == 2)
        again = late.replace(b"Host: demo", b"Host: demo\r\nX-Forwarded-For: 203.0.113.1, 192.0.2.1")
        assert await served.call(again) == 429


# -- uploads, downloads, streams -------------------------------------------------------------------------------------


def upload(account: int, length: int = 1000) -> bytes:
    return (
        post(f"/v1/uploads/u{account}", {}, length).replace(b"POST", b"PUT").replace(b"application/json", b"image/png")
    )


async def test_half_sent_uploads_stand_in_a_gate_of_their_own(start: Start, notebook: Notebook) -> None:
    async with start(replace(FREE, max_in_flight=1, uploads_each=3)) as served:
        for number in range(3):
            await served.send(upload(number) + b"x")
        await until(lambda: notebook.uploads_begun == 3)
        assert served.runtime.gate.inside == 0
        assert await served.call(upload(3) + b"x") == 429
        assert await served.call(get("/v1/letter")) == 200
        line = await served.send(upload(4, 3) + b"x", "127.0.0.2")
        line.send(b"yz")
        assert await line.status() == 200


async def test_an_upload_byte_by_byte_is_given_up(start: Start, notebook: Notebook) -> None:
    async with start(replace(FREE, idle_seconds=0.05, slowest_upload=1e9)) as served:
        line = await served.send(upload(1, 100_000))
        answer = asyncio.ensure_future(line.status())
        while not answer.done():
            line.send(b"x")
            await asyncio.sleep(0.01)
        assert await answer == 408
        assert served.runtime.uploads.inside == 0


STREAMS = replace(FREE, max_public_streams=5, public_streams_each=2, max_own_streams=4, own_streams_each=2)


async def test_public_streams_of_one_address_shut_out_no_other(start: Start) -> None:
    async with start(STREAMS) as served:
        assert [await served.call(get("/v1/events")) for _ in range(4)] == [200, 200, 429, 429]
        others = [await served.call(get("/v1/events"), f"127.0.0.{2 + number // 2}") for number in range(4)]
        assert others == [200, 200, 200, 503]


async def test_public_streams_take_no_place_of_ticket_holders(start: Start) -> None:
    async with start(STREAMS) as served:
        for number in range(5):
            assert await served.call(get("/v1/events"), f"127.0.0.{2 + number}") == 200
        assert await served.call(get("/v1/events"), "127.0.0.9") == 503
        assert [await served.call(served.own_events("a1")) for _ in range(3)] == [200, 200, 429]
        assert [await served.call(served.own_events(f"a{number}")) for number in (2, 3, 4)] == [200, 200, 503]


async def test_without_gates_of_their_own_one_address_shuts_ticket_holders_out(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(binding, "_own_gate", lambda _endpoint, runtime: runtime.public_streams)
    async with start(replace(STREAMS, public_streams_each=5)) as served:
        assert [await served.call(get("/v1/events")) for _ in range(5)] == [200] * 5
        assert await served.call(served.own_events("a1"), "127.0.0.9") == 503


async def test_a_download_that_is_not_read_keeps_no_place_among_requests_under_way(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    reading = asyncio.Event()

    async def stalled(*_: object, **__: object) -> Any:
        await reading.wait()
        raise ConnectionResetError

    monkeypatch.setattr(binding, "send_stream", stalled)
    async with start(replace(FREE, max_in_flight=1, downloads_each=2)) as served:
        for _ in range(2):
            await served.send(get("/v1/export"))
        await until(lambda: served.runtime.downloads.inside == 2)
        assert await served.call(get("/v1/export")) == 429
        assert await served.call(get("/v1/letter")) == 200
        reading.set()
        await until(lambda: served.runtime.downloads.inside == 0)


async def test_who_does_not_read_a_stream_is_cut_off(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    from shared.http import responses

    monkeypatch.setattr(responses, "READER_SECONDS", 0.05)
    response: Any = type("Stuck", (), {"write": lambda *_: asyncio.Event().wait()})()
    with pytest.raises(responses.ReaderStalled):
        await responses._write(response, b"piece")


# -- heads and connections -------------------------------------------------------------------------------------------


async def test_heads_without_end_are_closed(start: Start) -> None:
    async with start(replace(FREE, head_seconds=0.05)) as served:
        lines = [await served.send(b"GET /v1/letter HTTP/1.1\r\nX-Never: ") for _ in range(20)]
        assert [await line.status() for line in lines] == [0] * 20
        await until(lambda: served.runtime.connections.open == 0)


async def test_a_second_head_without_end_is_closed_too(start: Start) -> None:
    async with start(replace(FREE, head_seconds=0.3)) as served:
        line = await served.send(get("/v1/letter"))
        assert await line.status() == 200
        line.send(b"GET /v1/letter HTTP/1.1\r\nX-Never: ")
        async with asyncio.timeout(10):
            await line.reader.read()


async def test_one_address_has_its_connections_and_not_one_more(start: Start) -> None:
    async with start(replace(FREE, connections_each=3)) as served:
        idle = [await served.line() for _ in range(3)]
        await until(lambda: served.runtime.connections.open == 3)
        assert await closed_at_once(served)
        assert await served.call(get("/v1/letter"), "127.0.0.2") == 200
        idle[0].close()
        await until(lambda: served.runtime.connections.open == 3)  # two idle ones and that of the other address
        assert await served.call(get("/v1/letter")) == 200


async def closed_at_once(served: Served) -> bool:
    try:
        return await served.call(get("/v1/letter")) == 0
    except ConnectionError:
        return True


async def test_late_bodies_of_many_addresses_leave_room_for_prompt_ones(start: Start, clock: ManualClock) -> None:
    """The limits of production; 193 half-sent bodies of 13 addresses, none of them beyond any gate."""
    async with start(HttpOptions()) as served:
        assert await served.call(served.push(), "127.0.0.8") == 204, "a known agency from now on"
        head = post("/v1/pushes", forged(clock), 64 * 1024)
        for number in range(12):
            for _ in range(16):
                await served.send(head + b"x" * (64 * 1024 - 1), f"127.0.1.{number + 1}")
        await served.send(head + b"x" * 190, "127.0.1.200")
        await asyncio.sleep(1.5)
        said = await asyncio.gather(*(served.call(served.push(), "127.0.0.8") for _ in range(10)))
        assert set(said) == {204}
        assert served.runtime.bodies.late_bytes <= served.runtime.bodies.limit_bytes // LATE_SHARE
