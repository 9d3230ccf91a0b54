"""Sensitive endpoints ask whether the session behind the token lives; every other one says why it need not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from devtools.docs_command import endpoints_of
from services.application.endpoints import WITHOUT_SESSION_CHECK as APPLICATION
from services.scheduling.endpoints import WITHOUT_SESSION_CHECK as SCHEDULING
from shared.clock import ManualClock
from shared.events.envelope import Envelope
from shared.events.identity import SessionEnded
from shared.events.subscriptions import SERVICES
from shared.http.app import build_app
from shared.http.endpoint import APPLICANT, PUBLIC, Door, Endpoint, with_session_check
from shared.sessions import ENDED_SESSION, EndedSessions, SessionOver
from shared.store.memory import MemoryStore
from shared.tokens import Caller, Role
from tests.conftest import START

DOWNLOADS = ("download_export", "download_own_files")
"""All data of a person in one file: it changes nothing, and yet a session that has ended must not get it."""

STREAMS = ("follow_account",)
"""All that happens to a person's things: it changes nothing, and ends with its session."""

CALLER = Caller("account-1", Role.APPLICANT, "session-1")


def heard(seconds: float = 900, session_id: str = "session-1") -> tuple[SessionEnded, Envelope]:
    event = SessionEnded(account_id="account-1", session_id=session_id, tokens_until=START + timedelta(seconds=seconds))
    envelope = Envelope(
        id="e",
        source="/paspor/identity",
        subject="account-1",
        time=START,
        correlation_id="c",
        causation_id="c",
        traceparent="",
        aggregate_version=2,
        data=event,
    )
    return event, envelope


async def test_a_session_is_refused_from_the_moment_its_end_is_heard() -> None:
    store = MemoryStore("billing")
    sessions = EndedSessions(store, ManualClock(START))
    await sessions.refuse_ended(CALLER)
    for _ in range(2):
        await sessions.note(*heard())
    with pytest.raises(SessionOver):
        await sessions.refuse_ended(CALLER)
    await sessions.refuse_ended(Caller("account-1", Role.APPLICANT, "session-2"))
    other = EndedSessions(store, ManualClock(START))
    with pytest.raises(SessionOver):
        await other.refuse_ended(CALLER)


async def test_what_is_heard_after_the_last_token_is_over_is_not_kept() -> None:
    store = MemoryStore("billing")
    await EndedSessions(store, ManualClock(START)).note(*heard(0))
    assert [record async for record in store.scan(ENDED_SESSION)] == []
    assert ENDED_SESSION.kept_until == "state.kept_until"


@pytest.mark.parametrize("service", SERVICES)
def test_whatever_changes_something_behind_a_token_asks_or_says_why_not(service: str) -> None:
    named = {"application": APPLICATION, "scheduling": SCHEDULING}.get(service, {})
    for endpoint in endpoints_of(service):
        if endpoint.name in (*DOWNLOADS, *STREAMS):
            assert endpoint.sensitive, endpoint.name
            continue
        changes = endpoint.access.door is Door.BEARER and endpoint.method not in ("GET", "HEAD")
        assert endpoint.sensitive == (changes and endpoint.name not in named), endpoint.name
        assert not endpoint.sensitive or endpoint.name not in named
    assert all(len(reason) > 20 for reason in named.values())


@pytest.mark.parametrize(
    ("service", "name"),
    [
        ("billing", "ask_refund"),
        ("billing", "give_bank_account"),
        ("billing", "take_refund_step"),
        ("billing", "take_request_back"),
        ("billing", "upload_settlement"),
        ("application", "submit"),
        ("application", "withdraw"),
        ("scheduling", "cancel"),
        ("scheduling", "reschedule"),
        ("identity", "change_email"),
        ("identity", "change_phone"),
        ("identity", "approve_staff_matter"),
    ],
)
def test_money_and_what_cannot_be_taken_back_ask(service: str, name: str) -> None:
    (endpoint,) = [each for each in endpoints_of(service) if each.name == name]
    assert endpoint.sensitive


async def nothing(_call: Any) -> None:
    return None


def test_a_service_that_cannot_know_is_not_built(clock: ManualClock) -> None:
    from shared.tokens import StaticKeys, TokenIssuer, TokenVerifier, new_signing_key_pem

    issuer = TokenIssuer(new_signing_key_pem(), "paspor-identity", clock)
    verifier = TokenVerifier(StaticKeys(issuer.jwks()), clock)
    endpoint = Endpoint("POST", "/v1/things", nothing, "Do", APPLICANT, {204: None}, sensitive=True)
    with pytest.raises(ValueError, match="nothing knows which sessions"):
        build_app([endpoint], service_name="demo", clock=clock, verifier=verifier)
    sessions = EndedSessions(MemoryStore("demo"), clock)
    build_app([endpoint], service_name="demo", clock=clock, verifier=verifier, sessions=sessions)


def test_only_behind_a_token_is_there_a_session() -> None:
    with pytest.raises(ValueError, match="only behind a token"):
        Endpoint("POST", "/v1/things", nothing, "Do", PUBLIC, {204: None}, sensitive=True)


def test_an_exception_for_nothing_is_a_mistake() -> None:
    endpoint = Endpoint("POST", "/v1/things", nothing, "Do", APPLICANT, {204: None})
    assert with_session_check([endpoint], {})[0].sensitive
    assert not with_session_check([endpoint], {"nothing": "it is only a test of the exception"})[0].sensitive
    with pytest.raises(ValueError, match="is called"):
        with_session_check([endpoint], {"other": "no such endpoint"})
