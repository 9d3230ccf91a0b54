"""How steps are told: short lines on a terminal, whole ones elsewhere; and how codes are found among mails."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from rich.console import Console

from journeys.addresses import Addresses
from journeys.outside_world import Outside
from journeys.reporter import Reporter, StepResult, WayBroken
from local_suite.demo import addresses
from local_suite.parts import Ports
from local_suite.suite import Suite

NOTE = "a note that says much more than any terminal of a modest width can show in one line, [and] has brackets"


def make_reporter(width: int, *, terminal: bool) -> tuple[Reporter, io.StringIO]:
    written = io.StringIO()
    return Reporter(console=Console(file=written, width=width, force_terminal=terminal, color_system=None)), written


@pytest.mark.parametrize("width", [60, 100, 200])
def test_a_step_takes_one_line_of_a_terminal_whatever_its_width(width: int) -> None:
    reporter, written = make_reporter(width, terminal=True)
    reporter.report(StepResult("journey", "hold a seat", "scheduling", True, 14, NOTE))
    (line,) = written.getvalue().splitlines()
    assert len(line) <= width
    assert line.endswith("…") == (width < 60 + len(NOTE))
    assert "hold a seat" in line


def test_a_step_is_told_whole_into_a_file() -> None:
    reporter, written = make_reporter(80, terminal=False)
    reporter.report(StepResult("journey", "hold a seat", "scheduling", True, 14, NOTE))
    assert written.getvalue().splitlines()[0].endswith(NOTE)


async def test_the_reason_of_a_failure_is_never_cut() -> None:
    reporter, written = make_reporter(60, terminal=True)

    async def fails() -> None:
        raise ValueError(NOTE)

    with pytest.raises(WayBroken):
        await reporter.way("journey", "all the way").step("hold a seat", "scheduling", fails)
    assert f"ValueError: {NOTE}" in written.getvalue().replace("\n", "")
    assert not reporter.all_ok
    reporter.summary()
    assert "1 of 1 steps failed" in written.getvalue()


def test_a_line_for_machines_says_why_only_where_it_failed() -> None:
    line = {"way": "journey", "step": "hold", "service": "scheduling", "ok": True, "ms": 14}
    assert json.loads(StepResult("journey", "hold", "scheduling", True, 14, "note").as_json()) == line
    failed = json.loads(StepResult("journey", "hold", "scheduling", False, 14, "note").as_json())
    assert failed == line | {"ok": False, "why": "note"}


class Mailbox:
    """The mail sink's search, newest first; each look may bring one more mail."""

    def __init__(self, *arriving: str) -> None:
        self.arriving, self.mails = list(arriving), list[str]()

    async def get(self, url: str, **_: Any) -> Any:
        if url.endswith("/search"):
            if self.arriving:
                self.mails.insert(0, self.arriving.pop(0))
            return {"messages": [{"ID": mail} for mail in self.mails]}
        return {"Text": url.rpartition("/")[2]}


@pytest.mark.parametrize(
    ("arriving", "seen", "code"),
    [
        (["welcome", "code 123456"], 0, "123456"),
        (["code 123456", "welcome"], 0, "123456"),
        (["code 123456", "code 654321"], 1, "654321"),
        (["number 2026704879382158", "code 123456"], 0, "123456"),
    ],
)
async def test_the_code_is_found_among_other_mails(arriving: list[str], seen: int, code: str) -> None:
    at = Addresses(*("http://127.0.0.1",) * 10, staff_password="")
    outside = Outside(at, Mailbox(*arriving))  # type: ignore[arg-type]
    assert await outside.otp_by_mail("wati@contoh.example", seen=seen) == code


def test_the_demo_knows_every_address_of_a_suite(tmp_path: Any) -> None:
    at = addresses(Suite(tmp_path, Ports(8400)))
    assert (at.identity, at.mail) == ("http://127.0.0.1:8401", "http://127.0.0.1:8506")
    assert at.staff_password
