"""`./paspor keys turn` and `keys show`: what they ask, what they say, how they end."""

from __future__ import annotations

import contextlib
import io
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, ClassVar

import pytest

from command_line.commands import main
from shared.events.subscriptions import SERVICES

TURN = {"state": "turning", "counted": 5, "done": 3, "left": 2, "failed": 0, "old_keys_may_go": False}
DONE = {"state": "done", "counted": 5, "done": 5, "left": 0, "failed": 0, "old_keys_may_go": True}


class Services(BaseHTTPRequestHandler):
    """Answers as the services would."""

    answers: ClassVar[dict[str, tuple[int, Any]]] = {}
    asked: ClassVar[list[tuple[str, str, str]]] = []

    def _answer(self) -> None:
        self.asked.append((self.command, self.path, self.headers["Authorization"]))
        status, body = self.answers.get(self.path.rpartition("/")[2], (200, TURN))
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    do_GET = do_POST = _answer  # noqa: N815 - the names that the library calls

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("PASPOR_TOKEN", "an-operators-token")
    Services.answers, Services.asked = {}, []
    server = HTTPServer(("127.0.0.1", 0), Services)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join()


def run(*words: str) -> tuple[int, str, str]:
    said, complained = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(complained):
        status = main(["keys", *words])
    return status, said.getvalue(), complained.getvalue()


def test_a_turn_is_begun_in_every_service_with_the_operators_token(address: str) -> None:
    status, said, _ = run("turn", address)
    assert status == 3
    assert Services.asked == [("POST", f"/v1/key-turns/{name}", "Bearer an-operators-token") for name in SERVICES]
    assert "billing: turning; 5 counted, 3 done, 2 left, 0 failed; keep the old keys" in said


def test_one_service_is_shown_and_ends_with_0_once_the_old_keys_may_go(address: str) -> None:
    Services.answers = {"billing": (200, DONE)}
    status, said, _ = run("show", address, "billing")
    assert (status, Services.asked[0][:2]) == (0, ("GET", "/v1/key-turns/billing"))
    assert said == "billing: done; 5 counted, 5 done, 0 left, 0 failed; the old keys may go\n"


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ((403, {"title": "Your role may not do this."}), "billing refuses with 403: Your role may not do this."),
        ((502, b"<html>"), "billing refuses with 502: Bad Gateway"),
        ((200, b"no json"), "billing gives no answer at"),
    ],
)
def test_a_refusal_is_one_sentence(address: str, answer: tuple[int, Any], sentence: str) -> None:
    Services.answers = {"billing": answer}
    status, _, complained = run("turn", address, "billing")
    assert status == 1
    assert sentence in complained
    assert "an-operators-token" not in complained


def test_nobody_there_no_token_and_no_address_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASPOR_TOKEN", "an-operators-token")
    assert "billing gives no answer at http://127.0.0.1:1/v1" in run("show", "http://127.0.0.1:1", "billing")[2]
    assert "is no address" in run("show", "file:///etc/passwd")[2]
    monkeypatch.delenv("PASPOR_TOKEN")
    assert "PASPOR_TOKEN" in run("show", "https://paspor.example.go.id")[2]
