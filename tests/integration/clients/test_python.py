"""The Python client: generated whole, patient where a repeat is safe, and it walks from registration to the letter."""

from __future__ import annotations

import asyncio
import importlib
import json
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import httpx
import pytest

from devtools import clients_command
from devtools.clients_command import CLIENTS, ClientNotBuilt, ClientUnknown, build_clients, build_python

PIECE: Final = 256 * 1024
ADDRESS: Final = "http://gateway.example"
Handler = Callable[[httpx.Request], httpx.Response]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, document: Path) -> Path:
    """A copy of the client's folder, with the generated package."""
    copy = tmp_path_factory.mktemp("python-client")
    shutil.copytree(CLIENTS / "python", copy, dirs_exist_ok=True, ignore=shutil.ignore_patterns("paspor_api"))
    build_python(copy, document)
    return copy


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[ModuleType]:
    """The package, imported from that folder."""
    sys.path.insert(0, str(folder))
    try:
        yield importlib.import_module("paspor_client")
    finally:
        sys.path.remove(str(folder))


class Line:
    """A line to the service: answers in order, the last one again; an exception breaks the line."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self._answers = list(answers)
        self.requests: list[httpx.Request] = []
        self.pauses: list[float] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def patient(self, client: ModuleType, patience_seconds: float = 60.0) -> httpx.Client:
        """Connections over the patient transport, whose pauses are noted and not waited."""
        inner = httpx.MockTransport(self)
        transport = client.PatientTransport(
            inner, patience_seconds=patience_seconds, pause=self.pauses.append, clock=lambda: sum(self.pauses)
        )
        return httpx.Client(transport=transport, base_url=ADDRESS)


def broken() -> httpx.ConnectError:
    return httpx.ConnectError("the line broke")


async def test_a_whole_journey(folder: Path, walk_arguments: list[str], tmp_path: Path) -> None:
    walk = await asyncio.create_subprocess_exec(
        *(sys.executable, str(folder / "journey.py"), *walk_arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=tmp_path,
    )
    said, _ = await walk.communicate()
    assert walk.returncode == 0, said.decode()
    assert (tmp_path / "letter.pdf").read_bytes().startswith(b"%PDF-")


def test_a_command_is_repeated_under_one_key(client: ModuleType) -> None:
    line = Line(broken(), httpx.Response(503, headers={"Retry-After": "7"}), httpx.Response(201, json={}))
    answer = line.patient(client).post("/v1/applications", json={"applicant_id": "a"})
    assert answer.status_code == 201
    assert len({request.headers["Idempotency-Key"] for request in line.requests}) == 1
    assert [request.content for request in line.requests] == [b'{"applicant_id":"a"}'] * 3
    assert line.pauses[1] == 7


def test_a_key_of_the_caller_is_kept(client: ModuleType) -> None:
    line = Line(httpx.Response(201, json={}))
    line.patient(client).post("/v1/applications", json={}, headers={"Idempotency-Key": "mine"})
    assert line.requests[0].headers["Idempotency-Key"] == "mine"


def test_what_says_where_it_belongs_is_not_repeated_blindly(client: ModuleType) -> None:
    line = Line(httpx.Response(503))
    assert line.patient(client).patch("/v1/pieces", content=b"x").status_code == 503
    assert len(line.requests) == 1
    assert "Idempotency-Key" not in line.requests[0].headers


def test_patience_ends_with_the_last_answer(client: ModuleType) -> None:
    line = Line(httpx.Response(429, headers={"Retry-After": "25"}))
    assert line.patient(client, patience_seconds=60).get("/v1/bills").status_code == 429
    assert line.pauses == [25, 25]


def test_patience_ends_with_the_broken_line(client: ModuleType) -> None:
    line = Line(broken())
    with pytest.raises(httpx.ConnectError):
        line.patient(client, patience_seconds=1).get("/v1/bills")
    assert len(line.requests) > 1


@pytest.mark.parametrize("status", [400, 409, 422, 500])
def test_a_refusal_is_final(client: ModuleType, status: int) -> None:
    line = Line(httpx.Response(status))
    assert line.patient(client).get("/v1/bills").status_code == status
    assert len(line.requests) == 1


def test_a_refusal_has_code_fields_and_the_call_that_helps(client: ModuleType) -> None:
    problem = {
        "code": "malformed",
        "detail": "The request cannot be taken.",
        "next_action": "Correct the fields.",
        "next_call": {"method": "POST", "href": "/v1/applicants"},
        "errors": [{"pointer": "/nik", "rule": "digits", "detail": "16 digits.", "example": "3174014502900001"}],
    }
    refused = client.Refused(422, problem)
    assert str(refused) == "422 malformed: The request cannot be taken. Correct the fields."
    assert refused.field_errors[0].pointer == "/nik"
    assert refused.next_call == client.NextCall("POST", "/v1/applicants")


def test_an_answer_of_something_between_has_no_code(client: ModuleType) -> None:
    problems = importlib.import_module("paspor_client.problems")
    refused = problems.refusal(502, b"<html>bad gateway</html>")
    assert refused.code == "502"
    assert refused.next_call is None


def opened(client: ModuleType, line: Handler) -> Any:
    """A client of the generated package over this line."""
    return client.open_client(ADDRESS, token="invented", transport=httpx.MockTransport(line))


def test_waiting_asks_the_service_to_hold_the_call(client: ModuleType) -> None:
    line = Line(
        httpx.Response(200, json={"state": "issued"}, headers={"ETag": '"1"'}),
        httpx.Response(304, headers={"Preference-Applied": "wait=20"}),
        httpx.Response(200, json={"state": "paid"}, headers={"ETag": '"2"'}),
    )
    seen = client.wait_until(opened(client, line), "/v1/bills/b", dict, lambda bill: bill["state"] == "paid")
    assert seen == {"state": "paid"}
    assert [request.headers.get("If-None-Match") for request in line.requests] == [None, '"1"', '"1"']
    assert line.requests[1].headers["Prefer"] == "wait=20"


def test_a_call_that_was_not_held_is_followed_by_a_pause(client: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("paspor_client.waiting.time", FakeTime(pauses))
    line = Line(
        httpx.Response(200, json={"state": "issued"}, headers={"ETag": '"1"'}),
        httpx.Response(304),
        httpx.Response(200, json={"state": "paid"}, headers={"ETag": '"2"'}),
    )
    seen = client.wait_until(opened(client, line), "/v1/bills/b", dict, lambda bill: bill["state"] == "paid", seconds=3)
    assert seen == {"state": "paid"}
    assert pauses == [0.5]
    assert line.requests[1].headers["Prefer"] == "wait=3", "not longer than the caller waits"


class FakeTime:
    """A time that passes only while it is waited."""

    def __init__(self, pauses: list[float]) -> None:
        self._pauses = pauses

    def monotonic(self) -> float:
        return sum(self._pauses)

    def sleep(self, seconds: float) -> None:
        self._pauses.append(seconds)


def test_the_token_is_sent_to_no_other_address(client: ModuleType) -> None:
    line = Line(httpx.Response(200, json={}))
    for path in ("https://elsewhere.example/v1/bills/b", "v1/bills/b"):
        with pytest.raises(ValueError, match="begins with a slash"):
            client.wait_until(opened(client, line), path, dict, lambda _: True)
    assert line.requests == []


@pytest.mark.parametrize("said", [b"Wed, 21 Oct 2026 07:28:00 GMT", b"\xb2", b"-1", b"1e9", b"0"])
def test_a_retry_after_that_is_no_number_of_seconds_is_not_waited_for(client: ModuleType, said: bytes) -> None:
    line = Line(httpx.Response(503, headers=[(b"Retry-After", said)]), httpx.Response(200))
    assert line.patient(client).get("/v1/bills").status_code == 200
    assert 0 < line.pauses[0] <= 0.2


def test_waiting_gives_up_with_what_was_seen(client: ModuleType) -> None:
    line = Line(httpx.Response(200, json={"state": "issued"}))
    with pytest.raises(client.GaveUp, match=r"/v1/bills/b did not become what was waited for") as gave_up:
        client.wait_until(opened(client, line), "/v1/bills/b", dict, lambda _: False, seconds=0)
    assert gave_up.value.seen == {"state": "issued"}


def test_waiting_ends_with_a_refusal(client: ModuleType) -> None:
    line = Line(httpx.Response(404, json={"code": "not_found"}))
    with pytest.raises(client.Refused, match="404 not_found"):
        client.wait_until(opened(client, line), "/v1/bills/b", dict, lambda _: True)


class Uploads:
    """A service that takes pieces; before it answers the piece at this offset, the line breaks."""

    def __init__(self, breaks_at: int, *, kept: bool) -> None:
        self._breaks_at: int | None = breaks_at
        self._kept = kept
        self.taken = b""

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.method == "PATCH":
            return self._take(request)
        shown = {"document_id": "d", "upload_offset": len(self.taken), "state": "accepted"}
        if request.method == "HEAD":
            return httpx.Response(200, headers={"Upload-Offset": str(len(self.taken))})
        return httpx.Response(201 if request.method == "POST" else 200, json=shown)

    def _take(self, request: httpx.Request) -> httpx.Response:
        offset = int(request.headers["Upload-Offset"])
        breaks = offset == self._breaks_at
        if breaks:
            self._breaks_at = None
        if self._kept or not breaks:
            assert offset == len(self.taken)
            self.taken += request.content
        if breaks:
            raise broken()
        return httpx.Response(200, json={"document_id": "d", "upload_offset": len(self.taken)})


@pytest.mark.parametrize("kept", [True, False], ids=["arrived", "lost"])
def test_an_upload_goes_on_after_a_broken_line(client: ModuleType, kept: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("paspor_client.uploads.PAUSE_SECONDS", 0)
    service, picture = Uploads(breaks_at=PIECE, kept=kept), bytes(range(256)) * 3000
    shown = client.send_picture(opened(client, service), "a", "ktp", picture, file_name="ktp.jpg")
    assert service.taken == picture
    assert shown["state"] == "accepted"


def test_the_pages_of_an_item_go_in_their_order(client: ModuleType) -> None:
    announced: list[Any] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            announced.append(json.loads(request.content))
        offset = 0 if request.method == "POST" else 1
        return httpx.Response(200, json={"document_id": "d", "upload_offset": offset, "state": "accepted"})

    sent = client.send_pages(opened(client, answer), "a", "birth_proof", [b"1", b"2"], file_name="ijazah.jpg")
    assert [document["state"] for document in sent] == ["accepted", "accepted"]
    assert [(body["requirement"], body["page"]) for body in announced] == [("birth_proof", 1), ("birth_proof", 2)]


def test_a_piece_that_is_there_already_is_passed_over(client: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("paspor_client.uploads.PAUSE_SECONDS", 0)
    picture = b"x" * (PIECE + 1)
    line = Line(
        httpx.Response(201, json={"document_id": "d", "upload_offset": 0}),
        httpx.Response(409, json={"code": "wrong_offset"}),
        httpx.Response(200, headers={"Upload-Offset": str(PIECE)}),
        httpx.Response(200, json={"upload_offset": PIECE + 1}),
        httpx.Response(200, json={"document_id": "d", "upload_offset": PIECE + 1, "state": "accepted"}),
    )
    client.send_picture(opened(client, line), "a", "ktp", picture, file_name="ktp.jpg")
    assert [request.headers.get("Upload-Offset") for request in line.requests] == [None, "0", None, str(PIECE), None]


def test_something_between_that_knows_no_offset_does_not_end_an_upload(
    client: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("paspor_client.uploads.PAUSE_SECONDS", 0)
    shown = {"document_id": "d", "upload_offset": 0}
    line = Line(
        httpx.Response(201, json=shown),
        httpx.Response(503),
        httpx.Response(200),
        httpx.Response(200, json={**shown, "upload_offset": 1}),
        httpx.Response(200, json={**shown, "state": "accepted"}),
    )
    assert client.send_picture(opened(client, line), "a", "ktp", b"x", file_name="k.jpg")["state"] == "accepted"


def test_a_line_that_stays_broken_is_the_callers(client: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("paspor_client.uploads.PAUSE_SECONDS", 0)
    pieces: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "PATCH":
            pieces.append(request)
            raise broken()
        shown = {"document_id": "d", "upload_offset": 0}
        return httpx.Response(201, json=shown, headers={"Upload-Offset": "0"})

    with pytest.raises(httpx.ConnectError):
        client.send_picture(opened(client, answer), "a", "ktp", b"x", file_name="ktp.jpg")
    assert len(pieces) == 5


def test_a_picture_that_is_not_taken_is_a_refusal(client: ModuleType) -> None:
    line = Line(httpx.Response(415, json={"code": "file_type_not_taken"}))
    with pytest.raises(client.Refused, match="file_type_not_taken"):
        client.send_picture(opened(client, line), "a", "ktp", b"GIF89a", file_name="ktp.gif")


def test_a_document_that_the_generator_cannot_take_in_full_is_told(tmp_path: Path) -> None:
    (tmp_path / "api.json").write_text("{}")
    with pytest.raises(ClientNotBuilt, match="The python client was not built"):
        build_python(tmp_path, tmp_path / "api.json")


def test_a_client_that_is_not_there_is_told() -> None:
    with pytest.raises(ClientUnknown, match=r"There is no client perl\. There are: python, typescript\."):
        build_clients(["perl"])


def test_the_named_clients_are_built_from_one_description(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    built: list[tuple[Path, bool]] = []
    monkeypatch.setattr(clients_command, "DOCUMENT", tmp_path / "paspor.json")
    monkeypatch.setattr(clients_command, "merged_openapi", lambda: {"openapi": "3.1.1"})
    monkeypatch.setattr(
        clients_command,
        "BUILDERS",
        {name: lambda folder, document: built.append((folder, document.exists())) for name in ("python", "typescript")},
    )
    assert list(build_clients([])) == ["python", "typescript"]
    assert built == [(CLIENTS / "python", True), (CLIENTS / "typescript", True)]
