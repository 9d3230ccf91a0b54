"""Signing out is heard everywhere: whoever kept the token moves no money and cancels nothing with it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from services.identity.accounts.repository import AccountRepository
from shared.sessions import ENDED_SESSION
from shared.tokens import Role
from tests.assembled import Suite
from tests.walking import Citizen


@pytest.fixture
async def suite(socket_enabled: None) -> AsyncIterator[Suite]:
    suite = Suite()
    async with suite.served():
        yield suite


ACTS = (
    ("billing", "POST", "/v1/refunds", {"bill_id": "0190c2f4-7c1e-7000-8000-000000000001", "reason": "withdrawn"}),
    ("application", "POST", "/v1/applications/{application}/withdrawal", {}),
    ("scheduling", "POST", "/v1/appointments/{appointment}/cancellation", {"fee_is_lost": True}),
    ("notification", "PUT", "/v1/preferences", {"language": "id", "channels": ["email"]}),
    ("identity", "PUT", "/v1/account/email", {"email": "pencuri@example.org"}),
)


async def test_after_signing_out_nothing_that_counts_is_done_with_the_token(suite: Suite) -> None:
    async with Citizen(suite) as citizen:
        await citizen.register()
        await citizen.become_applicant()
        await suite.settle()
        before = [await _answer(citizen, act) for act in ACTS]
        assert "session_over" not in before
        account = await AccountRepository(suite.services["identity"].parts.service.context).account(citizen.account_id)
        session = account.state.sessions[0]
        identity = suite.services["identity"].parts.service
        refresh_token = identity.credentials.account_credentials(citizen.account_id, session).refresh_token
        await identity.sessions.revoke(refresh_token)
        assert await _answer(citizen, ACTS[-1]) == "session_over", "identity knows it at once"
        await suite.settle()
        assert [await _answer(citizen, act) for act in ACTS] == ["session_over"] * len(ACTS)
        for name in ("billing", "application", "scheduling", "notification"):
            kept = [record.id async for record in suite.services[name].store.scan(ENDED_SESSION)]
            assert kept == [session.id]
        other = suite.token(Role.APPLICANT, citizen.account_id, session_id="another-session-of-theirs")
        citizen.token = other
        assert await _answer(citizen, ACTS[0]) != "session_over"


async def _answer(citizen: Citizen, act: tuple[str, str, str, dict[str, object]]) -> str:
    service, method, path, body = act
    nobody = "0190c2f4-7c1e-7000-8000-000000000001"
    answer = await citizen.call(service, method, path.format(application=nobody, appointment=nobody), body)
    return str(answer.body.get("code", "done")) if isinstance(answer.body, dict) else "done"
