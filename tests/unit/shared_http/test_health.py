"""Health, metrics, streams, and an end that breaks nothing off."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import aiohttp
import pytest
from structlog.testing import capture_logs

from shared.clock import ManualClock
from shared.http import RUNTIME, HttpOptions, Metrics, build_app
from shared.http import serve as serve_until
from shared.http.health import FRESH, Readiness
from shared.service import InvariantReport
from tests.unit.shared_http.conftest import Client, Serve, until
from tests.unit.shared_http.demo import NOTEBOOK, Notebook, api

Bearer = Callable[..., dict[str, str]]


async def well() -> str | None:
    return None


async def ill() -> str | None:
    return "no primary"


async def crashes() -> str | None:
    raise ConnectionRefusedError("mongo at 10.0.0.1")


async def hangs() -> str | None:
    await asyncio.sleep(60)
    return None


async def test_alive_is_not_ready(serve: Serve) -> None:
    demo = await serve(readiness={"store": ill, "bus": well, "broker": crashes})
    assert (await demo.get("/health/live")).status == 200
    answer = await demo.get("/health/ready")
    report = await answer.json()
    assert (answer.status, report["state"]) == (503, "not_ready")
    assert report["checks"]["bus"]["ok"]
    assert report["checks"]["store"]["reason"] == "no primary"
    assert report["checks"]["broker"]["reason"] == "ConnectionRefusedError"
    assert "10.0.0.1" not in await answer.text()


async def test_ready_when_every_check_is_well(serve: Serve) -> None:
    demo = await serve(readiness={"store": well})
    answer = await demo.get("/health/ready")
    assert (answer.status, (await answer.json())["state"]) == (200, "ready")


async def test_a_check_remembers_since_when_it_is_so(clock: ManualClock) -> None:
    said: list[str | None] = [None]
    asked = 0

    async def check() -> str | None:
        nonlocal asked
        asked += 1
        return said[0]

    readiness = Readiness({"store": check}, clock)
    first = (await readiness.run_checks())["store"]
    clock.advance(FRESH.total_seconds())
    assert (await readiness.run_checks())["store"].since == first.since
    said[0] = "gone"
    assert (await readiness.run_checks())["store"].ok
    clock.advance(FRESH.total_seconds())
    changed = (await readiness.run_checks())["store"]
    assert (changed.ok, changed.since) == (False, clock.now())
    assert asked == 3


async def test_a_check_that_hangs_is_a_state(clock: ManualClock) -> None:
    readiness = Readiness({"slow": hangs}, clock, timeout_seconds=0.01)
    assert (await readiness.run_checks())["slow"].reason == "no answer within 0.01 s"


async def test_invariants_tell_what_breaks_them(serve: Serve) -> None:
    async def holds() -> InvariantReport:
        return InvariantReport(checked=3)

    async def broken() -> InvariantReport:
        return InvariantReport(checked=500, broken=tuple(str(index) for index in range(150)))

    async def fails() -> InvariantReport:
        raise RuntimeError("inner detail")

    demo = await serve(invariants={"I1": holds, "I2": broken, "I3": fails})
    answer = await demo.get("/health/invariants")
    report = await answer.json()
    lines = {line["name"]: line for line in report["invariants"]}
    assert (answer.status, report["holds"]) == (200, False)
    assert (lines["I1"]["holds"], lines["I1"]["checked"], lines["I1"]["broken"]) == (True, 3, [])
    assert (lines["I2"]["holds"], len(lines["I2"]["broken"])) == (False, 100)
    assert (lines["I3"]["holds"], lines["I3"]["reason"]) == (None, "RuntimeError")
    page = await (await demo.get("/metrics")).text()
    assert 'paspor_invariant_broken{rule="I2",service="demo"} 150.0' in page
    assert 'paspor_invariant_broken{rule="I3",service="demo"} -1.0' in page


async def test_metrics_are_labelled_by_template_and_never_by_what_clients_invent(demo: Client, bearer: Bearer) -> None:
    await demo.get("/v1/notes/n77", headers=bearer())
    await demo.get("/v1/invented/by-a-client")
    await demo.request("BREW", "/v1/letter")
    answer = await demo.get("/metrics")
    page = await answer.text()
    assert answer.headers["Content-Type"].startswith("text/plain; version=")
    assert 'route="/v1/notes/{note_id}"' in page
    assert "n77" not in page
    assert "invented" not in page
    assert "BREW" not in page
    assert 'paspor_http_refusals_total{code="not_found",route="unmatched",service="demo"} 1.0' in page
    assert 'paspor_http_in_flight{kind="call",service="demo"}' in page


def test_two_applications_do_not_share_their_counters() -> None:
    one, other = Metrics("one"), Metrics("other")
    one.answered("GET", "/", 200, 0.1)
    assert b'service="one"' not in other.page()


async def test_each_answer_writes_one_line_and_health_a_quiet_one(demo: Client) -> None:
    with capture_logs() as lines:
        await demo.get("/v1/letter")
        await demo.get("/v1/trouble/refusal")
        await demo.get("/v1/trouble/store")
        await demo.get("/health/live")
    told = [(line["event"], line["log_level"], line.get("code"), line["status"]) for line in lines]
    assert told == [
        ("http.answered", "info", None, 200),
        ("http.refused", "info", "seat_taken", 409),
        ("http.refused", "warning", "unavailable", 503),
        ("http.answered", "debug", None, 200),
    ]
    assert all(
        line["service"] == "demo" and len(line["trace_id"]) == 32 and isinstance(line["ms"], int | float)
        for line in lines
    )


async def test_a_stream_that_breaks_is_cut_so_that_nobody_takes_it_for_whole(demo: Client) -> None:
    answer = await demo.get("/v1/broken-export")
    with pytest.raises(aiohttp.ClientPayloadError):
        await answer.read()


async def test_events_come_as_they_happen(serve: Serve, notebook: Notebook) -> None:
    demo = await serve(HttpOptions(heartbeat_seconds=0.02))
    answer = await demo.get("/v1/events")
    assert answer.content_type == "text/event-stream"
    assert await answer.content.readuntil(b"\n\n") == b'event: step\nid: e1\ndata: {"code":"1"}\n\n'
    assert await answer.content.readuntil(b"\n\n") == b": still here\n\n"
    notebook.go_on.set()
    rest = await answer.content.read()
    assert rest.endswith(b'data: {"code":"2"}\n\n')


async def test_watchers_have_a_gate_of_their_own(serve: Serve, notebook: Notebook) -> None:
    demo = await serve(HttpOptions(max_public_streams=1, max_in_flight=1))
    watching = await demo.get("/v1/events")
    assert (await demo.get("/v1/events")).status == 503
    assert (await demo.get("/v1/letter")).status == 200
    watching.close()
    notebook.go_on.set()
    gate = demo.app[RUNTIME].public_streams
    await until(lambda: gate.inside == 0)


class Running:
    """The demo served as in production, until told to stop."""

    def __init__(self, clock: ManualClock, notebook: Notebook) -> None:
        endpoints = [each for each in api.all if each.access.door == "open"]
        self.app = build_app(endpoints, service_name="demo", clock=clock)
        self.app[NOTEBOOK] = notebook
        self.stop = asyncio.Event()
        self.url = ""

    async def start(self, shutdown_seconds: float, notice_seconds: float = 0.0) -> asyncio.Task[None]:
        def listening(host: str, port: int) -> None:
            self.url = f"http://{host}:{port}"

        task = asyncio.create_task(
            serve_until(
                self.app,
                "127.0.0.1",
                0,
                self.stop,
                shutdown_seconds,
                notice_seconds=notice_seconds,
                listening=listening,
            )
        )
        await until(lambda: bool(self.url) or task.done())
        return task


async def stalled_upload() -> asyncio.Queue[bytes | None]:
    return asyncio.Queue()


async def from_queue(queue: asyncio.Queue[bytes | None]):  # type: ignore[no-untyped-def]
    while (piece := await queue.get()) is not None:
        yield piece


async def test_what_is_under_way_finishes_and_nobody_new_comes_in(clock: ManualClock, notebook: Notebook) -> None:
    running = Running(clock, notebook)
    serving = await running.start(shutdown_seconds=10)
    queue = await stalled_upload()
    async with aiohttp.ClientSession() as session:
        uploading = asyncio.ensure_future(
            session.put(f"{running.url}/v1/uploads/u1", data=from_queue(queue), headers={"Content-Type": "image/png"})
        )
        await queue.put(b"abc")
        await until(lambda: notebook.uploads_begun == 1)
        running.stop.set()
        await until(running.app[RUNTIME].draining.is_set)
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.get(f"{running.url}/v1/letter")
        assert not serving.done()
        await queue.put(b"def")
        await queue.put(None)
        answer = await uploading
        assert (answer.status, (await answer.json())["size"]) == (200, 6)
        assert answer.headers["Connection"] == "close"
    await serving


async def test_readiness_says_so_first(clock: ManualClock, notebook: Notebook) -> None:
    running = Running(clock, notebook)
    serving = await running.start(shutdown_seconds=1, notice_seconds=60)
    async with aiohttp.ClientSession() as session:
        assert (await session.get(f"{running.url}/health/ready")).status == 200
        running.stop.set()
        await until(running.app[RUNTIME].draining.is_set)
        answer = await session.get(f"{running.url}/health/ready")
        assert (answer.status, (await answer.json())["state"]) == (503, "draining")
        assert (await session.get(f"{running.url}/v1/letter")).status == 200
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)


async def test_watchers_are_let_go_at_the_end(clock: ManualClock, notebook: Notebook) -> None:
    running = Running(clock, notebook)
    serving = await running.start(shutdown_seconds=10)
    async with aiohttp.ClientSession() as session:
        watching = await session.get(f"{running.url}/v1/events")
        await watching.content.readuntil(b"\n\n")
        running.stop.set()
        assert await watching.content.read() == b""
        await serving


async def test_what_does_not_finish_in_its_time_is_cut(clock: ManualClock, notebook: Notebook) -> None:
    running = Running(clock, notebook)
    serving = await running.start(shutdown_seconds=0.05)
    queue = await stalled_upload()
    async with aiohttp.ClientSession() as session:
        uploading = asyncio.ensure_future(
            session.put(f"{running.url}/v1/uploads/u1", data=from_queue(queue), headers={"Content-Type": "image/png"})
        )
        await queue.put(b"abc")
        await until(lambda: notebook.uploads_begun == 1)
        running.stop.set()
        await serving
        with pytest.raises(aiohttp.ClientError):
            await uploading


async def test_a_port_in_use_is_an_error_of_the_start(clock: ManualClock, notebook: Notebook) -> None:
    first = Running(clock, notebook)
    serving = await first.start(shutdown_seconds=1)
    port = int(first.url.rsplit(":", 1)[1])
    with pytest.raises(OSError, match="address"):
        await serve_until(first.app, "127.0.0.1", port, asyncio.Event(), 1)
    first.stop.set()
    await serving


async def raw_exchange(url: str, sent: bytes) -> bytes:
    host, port = url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(sent)
    async with asyncio.timeout(10):
        said = await reader.read()
    writer.close()
    return said


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01 this is TLS\r\n\r\n",
        b"GET /v1/letter HTTP/1.1\r\nHost: x\r\nbroken header\r\n\r\n",
        b"GET /v1/letter HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 20_000 + b"\r\n\r\n",
        b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /v1/small HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
async def test_what_is_no_http_is_told_as_a_problem_too(clock: ManualClock, notebook: Notebook, sent: bytes) -> None:
    running = Running(clock, notebook)
    serving = await running.start(shutdown_seconds=1)
    said = await raw_exchange(running.url, sent)
    assert said.startswith(b"HTTP/1.")
    assert b" 400 Bad Request" in said
    assert b"application/problem+json" in said
    assert b'"code":"not_http"' in said
    assert b"aiohttp" not in said
    running.stop.set()
    await serving


async def test_a_body_that_breaks_off_is_never_taken_for_whole(clock: ManualClock, notebook: Notebook) -> None:
    running = Running(clock, notebook)
    serving = await running.start(shutdown_seconds=1)
    host, port = running.url.removeprefix("http://").split(":")
    with capture_logs() as lines:
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"PUT /v1/uploads/u1 HTTP/1.1\r\nHost: x\r\nContent-Type: image/png\r\n")
        writer.write(b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        await until(lambda: notebook.uploads_begun == 1)
        writer.close()
        await until(lambda: any(line.get("code") == "body_cut" for line in lines))
    running.stop.set()
    await serving
