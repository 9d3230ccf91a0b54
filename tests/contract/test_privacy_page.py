"""A newcomer follows docs/privacy.md, call by call, over HTTP in all services."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from services.application.endpoints import ENDPOINTS as APPLICATION
from services.billing.endpoints import ENDPOINTS as BILLING
from services.identity.endpoints import ENDPOINTS as IDENTITY
from services.notification.endpoints import ENDPOINTS as NOTIFICATION
from services.scheduling.endpoints import ENDPOINTS as SCHEDULING
from shared.retention.erasure import LOOK_AGAIN_AFTER
from tests.assembled import Suite
from tests.contract.test_erasure import operator
from tests.walking import DAY_SECONDS, Caller, Citizen

PAGE: Final = Path(__file__).parents[2] / "docs" / "privacy.md"
SERVICES: Final = {
    "identity": IDENTITY,
    "application": APPLICATION,
    "scheduling": SCHEDULING,
    "billing": BILLING,
    "notification": NOTIFICATION,
}
CALL: Final = re.compile(r"(GET|POST|PUT) (\S+)(?: (\{.*\}))?")


def blocks() -> list[list[tuple[str, str, str]]]:
    """The calls of the page, block by block: method, path, body."""
    found = re.findall(r"```http\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    return [[parts(line) for line in block.strip().splitlines()] for block in found]


def parts(line: str) -> tuple[str, str, str]:
    match = CALL.fullmatch(line)
    assert match is not None, line
    method, path, body = match.groups()
    return method, path, body or ""


def service_of(method: str, path: str) -> str:
    """The service that has such a call."""
    plain = path.partition("?")[0]
    for name, endpoints in SERVICES.items():
        for endpoint in endpoints:
            pattern = re.sub(r"\{\w+\}", "[^/]+", endpoint.path)
            if endpoint.method == method and re.fullmatch(pattern, plain):
                return name
    raise AssertionError(f"no service has {method} {path}")


def ids_in(answer: Any) -> Iterator[tuple[str, str]]:
    """Every id in an answer, however deep; of a list the first one counts."""
    if isinstance(answer, Mapping):
        for name, value in answer.items():
            if name.endswith("_id") and isinstance(value, str):
                yield name, value
            yield from ids_in(value)
    if isinstance(answer, list):
        for item in reversed(answer):
            yield from ids_in(item)


class Reader:
    """Types the calls of a block as they stand, with what earlier answers said in the braces."""

    def __init__(self, suite: Suite, known: dict[str, str]) -> None:
        self._suite = suite
        self.known = known

    def _filled(self, text: str) -> str:
        if "{code}" in text:
            self.known["code"] = self._suite.agencies.newest_code()
        return re.sub(r"\{(\w+)\}", lambda found: self.known[found.group(1)], text)

    async def follow(self, block: list[tuple[str, str, str]], *callers: Caller) -> list[Any]:
        """Do every call; several callers take turns with those that change something."""
        answers = []
        for number, (method, path, body) in enumerate(block):
            path, body = self._filled(path), self._filled(body)
            caller = callers[sum(each[0] != "GET" for each in block[:number]) % len(callers)]
            given = json.loads(body) if body else None
            reply = await caller.done(service_of(method, path), method, path, given)
            if reply.headers["Content-Type"].startswith("application/json"):
                self.known |= dict(ids_in(reply.body))
                answers.append(reply.body)
        return answers


@pytest.fixture
async def suite(socket_enabled: None) -> AsyncIterator[Suite]:
    suite = Suite()
    await suite.start()
    async with suite.served():
        yield suite


async def test_the_page_can_be_followed(suite: Suite) -> None:
    own, hold, closing, staff = blocks()
    async with (
        Citizen(suite) as citizen,
        operator(suite, "operator-1") as first,
        operator(suite, "operator-2") as other,
    ):
        await citizen.register()
        await citizen.become_applicant()
        reader = Reader(suite, {"account_id": citizen.account_id})
        await reader.follow(own, citizen)
        seen = (await citizen.done("identity", "GET", "/v1/account/consents")).body
        given = {purpose["purpose"]: purpose["given"] for purpose in seen["purposes"]}
        assert (given["reminders"], given["surveys"]) == (False, True)
        reader.known["account_id"] = citizen.account_id
        *_, held = await reader.follow(hold, first, other)
        assert held["state"] == "lifted"
        suite.clock.advance(3601)
        for method, path, body in closing[:4]:
            await reader.follow([(method, path, body)], citizen)
        suite.clock.advance(61)
        *_, leavings = await reader.follow(closing[4:], citizen)
        assert [leaving["state"] for leaving in leavings["leavings"]] == ["in_grace", "undone"]
        await suite.later(14 * DAY_SECONDS)
        await suite.later(LOOK_AGAIN_AFTER.total_seconds())
        listed, report, retention = await reader.follow(staff, first)
        assert [line["state"] for line in listed["leavings"]] == ["erased", "undone"]
        assert report["complete"] and retention["service"] == "application"


def test_a_call_that_no_service_has_is_found() -> None:
    with pytest.raises(AssertionError, match="no service has DELETE /v1/account"):
        service_of("DELETE", "/v1/account")
