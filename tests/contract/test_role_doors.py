"""Every role at every door over HTTP: what is not in the matrix is refused in words, what is in it is not."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Final

import pytest

from devtools.docs_command import operations
from devtools.roles_page import may_call
from shared.http.endpoint import Door, Endpoint
from shared.tokens import Role
from tests.assembled import Suite
from tests.walking import Caller

ROLES: Final = sorted(frozenset(Role) - {Role.APPLICANT, Role.SERVICE})
NOWHERE: Final = "0190c2f4-7c1e-7000-8000-000000000001"
BEHIND_A_TOKEN: Final = [pair for pair in operations() if pair[1].access.door is Door.BEARER]


@pytest.fixture
async def suite(socket_enabled: None) -> AsyncIterator[Suite]:
    suite = Suite()
    async with suite.served():
        yield suite


def address_of(endpoint: Endpoint) -> str:
    path = endpoint.path.replace("{office_id}", "jakarta-selatan").replace("{date}", "2026-11-24")
    return re.sub(r"{[^}]*}", NOWHERE, path)


@pytest.mark.acceptance("Y14.roles", "Y14.matrix_tested")
@pytest.mark.parametrize("role", ROLES)
async def test_a_role_passes_its_own_doors_and_no_others(suite: Suite, role: Role) -> None:
    passed = refused = 0
    async with Caller(suite, suite.token(role)) as caller:
        for service, endpoint in BEHIND_A_TOKEN:
            answer = await caller.call(service, endpoint.method, address_of(endpoint))
            place = (role, endpoint.method, endpoint.path)
            is_problem = answer.raw and "problem+json" in answer.headers["Content-Type"]
            code = answer["code"] if is_problem else None
            if may_call(role, endpoint):
                assert code != "not_allowed", place
                passed += 1
                continue
            refused += 1
            assert answer.status == 403, place
            if endpoint.method != "HEAD":
                assert (code, bool(answer["title"] and answer["next_action"])) == ("not_allowed", True), place
    assert passed >= 1 and refused >= 1
