"""After a session ended: what its access token can still do, in every service, and what is told of it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.identity.accounts.repository import ACCOUNT
from services.identity.sessions.credentials import MOST_SESSIONS
from services.identity.staff.administration import Act
from services.identity.staff.member import StaffReason
from services.identity.staff.repository import STAFF
from shared.events.identity import SessionEnded
from shared.ids import derived_id
from shared.sessions import SessionOver
from shared.store.codec import decode, encode
from shared.tokens import Caller, Role, StaticKeys, TokenVerifier
from tests.unit.identity.world import STAFF_PASSWORD, World


async def entered(world: World, email: str = "budi@example.org") -> tuple[str, str, Caller]:
    """Access token, refresh token and caller of a new session."""
    world.clock.advance(61)
    seen = await world.identity.signing_in.register(email, "id", world.command())
    code = await world.code(seen.challenge_id)
    tokens = await world.identity.signing_in.verify(seen.challenge_id, code, world.command())
    verifier = TokenVerifier(StaticKeys(world.identity.issuer.jwks()), world.clock)
    return tokens.access_token, tokens.refresh_token, await verifier.verify(tokens.access_token)


async def test_a_session_that_is_signed_out_is_told_with_the_end_of_its_last_token(world: World) -> None:
    _, refresh, caller = await entered(world)
    live = world.identity.live_sessions
    await live.refuse_ended(caller)
    for _ in range(2):
        await world.identity.sessions.revoke(refresh)
    (told,) = await world.said(SessionEnded)
    assert (told.account_id, told.session_id) == (caller.account_id, caller.session_id)
    assert told.tokens_until >= caller.expires_at + timedelta(seconds=30)
    assert told.tokens_until <= world.now() + timedelta(seconds=900 + 30 + 60)
    with pytest.raises(SessionOver):
        await live.refuse_ended(caller)


async def test_whoever_is_pushed_out_by_newer_sessions_is_told_too(world: World) -> None:
    _, _, first = await entered(world)
    for number in range(MOST_SESSIONS):
        world.clock.advance(600 if number % 5 else 3600)
        await entered(world)
    (told,) = await world.said(SessionEnded)
    assert told.session_id == first.session_id


async def test_a_session_that_is_over_by_its_age_was_not_ended() -> None:
    world = World(session_seconds=100)
    _, _, first = await entered(world)
    world.clock.advance(100)
    with pytest.raises(SessionOver):
        await world.identity.live_sessions.refuse_ended(first)
    await entered(world)
    assert await world.said(SessionEnded) == []


async def test_no_access_token_outlives_the_age_of_its_session() -> None:
    world = World(session_seconds=100)
    _, _, caller = await entered(world)
    assert caller.expires_at == (world.now() + timedelta(seconds=100)).replace(microsecond=0)


async def test_nobody_lives_in_an_account_that_is_not_there(world: World) -> None:
    for role in (Role.APPLICANT, Role.OPERATOR):
        with pytest.raises(SessionOver):
            await world.identity.live_sessions.refuse_ended(Caller("nobody", role, "s"))


async def test_staff_who_are_locked_or_sign_out_are_told_of_everywhere(world: World) -> None:
    await world.identity.staff.seed_demo()
    operator = await world.identity.staff.log_in("operator", STAFF_PASSWORD)
    admin = Caller(operator.account_id, Role.OPERATOR, "any")
    treasurer = await world.identity.staff.log_in("front_officer", STAFF_PASSWORD)
    await world.identity.staff_admin.lock(
        Act("lock_staff", admin, treasurer.account_id, "c-1", StaffReason.SUSPECTED_MISUSE)
    )
    await world.identity.sessions.revoke(operator.refresh_token)
    told = await world.said(SessionEnded)
    assert [each.account_id for each in told].count(treasurer.account_id) == 1
    assert {each.account_id for each in told} == {treasurer.account_id, operator.account_id}


def test_every_write_of_whoever_has_sessions_goes_through_the_repository() -> None:
    """So no way of ending a session can forget to tell."""
    import re
    from pathlib import Path

    written = re.compile(r"store\.save\(\s*(ACCOUNT|STAFF)\b")
    folder = Path("services/identity")
    found = [str(path.relative_to(folder)) for path in sorted(folder.rglob("*.py")) if written.search(path.read_text())]
    repositories = ["accounts/repository.py", "staff/repository.py"]
    assert found == sorted([*repositories, "address_changes/service.py"]), "forget_changes touches no session"


def test_staff_of_the_build_before_speak_no_events_and_load(world: World) -> None:
    from services.identity.staff.member import Staff

    state = encode(STAFF, Staff("sari", "hash", "operator", None))
    state.pop("tried_at")
    record = decode(STAFF, {"_id": derived_id("staff", "sari"), "version": 3, "state": state})
    assert (record.state.tried_at, record.received) == (None, frozenset())
    assert not STAFF.bare and not ACCOUNT.bare
