"""Sessions: kept alive, ended, never ended by a failure (F4)."""

from __future__ import annotations

import asyncio

import pytest

from services.identity.sessions.credentials import Credentials
from services.identity.sessions.refresh_tokens import RefreshTokens
from services.identity.tokens import errors
from shared.events.identity import SessionEnded
from shared.store.port import StoreUnavailable
from shared.tokens import Role, StaticKeys, TokenVerifier
from tests.unit.identity.world import OLDER_PEM, SIGNING_PEM, STAFF_PASSWORD, World, key


async def signed_in(world: World) -> Credentials:
    seen = await world.identity.signing_in.register("budi@example.org", "id", world.command())
    return await world.identity.signing_in.verify(seen.challenge_id, await world.code(), world.command())


@pytest.mark.acceptance("F4.refresh")
async def test_a_refresh_token_renews_without_credentials(world: World) -> None:
    first = await signed_in(world)
    world.clock.advance(3600)
    second = await world.identity.sessions.refresh(first.refresh_token)
    assert second.account_id == first.account_id
    assert second.refresh_token != first.refresh_token
    caller = await TokenVerifier(StaticKeys(world.identity.issuer.jwks()), world.clock).verify(second.access_token)
    assert (caller.account_id, caller.role) == (first.account_id, Role.APPLICANT)
    assert (second.access_expires_at - world.now()).total_seconds() == 900


@pytest.mark.acceptance("F4.survives_failed_call")
async def test_a_lost_answer_is_given_again_for_a_minute(world: World) -> None:
    first = await signed_in(world)
    second = await world.identity.sessions.refresh(first.refresh_token)
    world.clock.advance(60)
    again = await world.identity.sessions.refresh(first.refresh_token)
    assert again.refresh_token == second.refresh_token
    world.clock.advance(0.001)
    with pytest.raises(errors.SessionEnded) as ended:
        await world.identity.sessions.refresh(first.refresh_token)
    assert ended.value.facts["cause"] == "token_reused"
    with pytest.raises(errors.SessionEnded):
        await world.identity.sessions.refresh(second.refresh_token)


async def test_a_token_whose_successor_was_used_ends_the_family_and_says_nothing(world: World) -> None:
    first = await signed_in(world)
    second = await world.identity.sessions.refresh(first.refresh_token)
    third = await world.identity.sessions.refresh(second.refresh_token)
    before = len(await world.outbox())
    with pytest.raises(errors.SessionEnded):
        await world.identity.sessions.refresh(first.refresh_token)
    with pytest.raises(errors.SessionEnded):
        await world.identity.sessions.refresh(third.refresh_token)
    (told,) = await world.said(SessionEnded)
    assert len(await world.outbox()) == before + 1
    assert told.account_id == first.account_id


async def test_refreshing_twice_at_once_gives_the_same_successor(world: World) -> None:
    first = await signed_in(world)
    answers = await asyncio.gather(*(world.identity.sessions.refresh(first.refresh_token) for _ in range(4)))
    assert len({answer.refresh_token for answer in answers}) == 1


async def test_sessions_outlive_a_restart_and_a_turn_of_keys(world: World) -> None:
    first = await signed_in(world)
    restarted = World(store=world.store, clock=world.clock, fingerprint_keys=f"{key('k2', 9)},{key('k1', 2)}")
    second = await restarted.identity.sessions.refresh(first.refresh_token)
    assert (await restarted.identity.sessions.refresh(second.refresh_token)).account_id == first.account_id


@pytest.mark.acceptance("F4.survives_failed_call", "F4.no_5xx_ends_it")
async def test_a_failure_of_the_store_ends_no_session(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    first = await signed_in(world)

    async def gone(*_: object, **__: object) -> None:
        raise StoreUnavailable("not now")

    for verb in ("get", "save"):
        with monkeypatch.context() as patched:
            patched.setattr(world.store, verb, gone)
            with pytest.raises(StoreUnavailable):
                await world.identity.sessions.refresh(first.refresh_token)
    assert (await world.identity.sessions.refresh(first.refresh_token)).account_id == first.account_id


async def test_signing_out_ends_one_device_only(world: World) -> None:
    first = await signed_in(world)
    world.clock.advance(60)
    second = await signed_in(world)
    await world.identity.sessions.revoke(first.refresh_token)
    await world.identity.sessions.revoke(first.refresh_token)
    with pytest.raises(errors.SessionEnded):
        await world.identity.sessions.refresh(first.refresh_token)
    assert (await world.identity.sessions.refresh(second.refresh_token)).account_id == first.account_id


async def test_a_session_is_over_after_its_time(world: World) -> None:
    first = await signed_in(world)
    world.clock.advance(world.settings.session_seconds)
    with pytest.raises(errors.SessionEnded) as ended:
        await world.identity.sessions.refresh(first.refresh_token)
    assert ended.value.facts["cause"] == "expired"


async def test_an_invented_token_is_refused_and_ends_nothing(world: World) -> None:
    first = await signed_in(world)
    parts = first.refresh_token.split(".")
    forged = [
        "",
        "nonsense",
        ".".join(["pr2", *parts[1:]]),
        ".".join([parts[0], "x", *parts[2:]]),
        ".".join([*parts[:4], "-1", parts[5]]),
        ".".join([*parts[:4], "1" * 10, parts[5]]),
        ".".join([*parts[:5], parts[5][:-2] + "xx"]),
        ".".join([*parts[:4], "1", parts[5]]),
        ".".join([*parts[:5], "é"]),
    ]
    for token in forged:
        with pytest.raises(errors.RefreshTokenInvalid):
            await world.identity.sessions.refresh(token)
    for token in (".".join([*parts[:2], "nobody", *parts[3:]]), ".".join([*parts[:3], "no-session", *parts[4:]])):
        with pytest.raises(errors.SessionEnded):
            await world.identity.sessions.refresh(token)
    await world.identity.sessions.refresh(first.refresh_token)


async def test_nothing_stored_makes_a_token(world: World) -> None:
    first = await signed_in(world)
    assert first.refresh_token.rsplit(".", 1)[1] not in repr(world.store._documents)
    assert RefreshTokens.read(first.refresh_token) is not None
    assert first.refresh_token not in repr(first)


async def test_staff_tokens_are_short_and_refreshed_alike(world: World) -> None:
    await world.identity.staff.seed_demo()
    first = await world.identity.staff.log_in("Front_Officer ", STAFF_PASSWORD)
    assert (first.access_expires_at - world.now()).total_seconds() == 300
    second = await world.identity.sessions.refresh(first.refresh_token)
    caller = await TokenVerifier(StaticKeys(world.identity.issuer.jwks()), world.clock).verify(second.access_token)
    assert (caller.role, caller.office_id) == (Role.FRONT_OFFICER, "jakarta-selatan")
    world.clock.advance(12 * 3600)
    with pytest.raises(errors.SessionEnded):
        await world.identity.sessions.refresh(second.refresh_token)


async def test_every_signing_key_is_published_and_tokens_of_the_older_one_still_count(world: World) -> None:
    older = World(store=world.store, clock=world.clock, token_signing_keys=OLDER_PEM)
    first = await signed_in(older)
    keys = world.identity.issuer.jwks()
    assert len(keys["keys"]) == 2
    assert all("d" not in each for each in keys["keys"])
    caller = await TokenVerifier(StaticKeys(keys), world.clock).verify(first.access_token)
    assert caller.account_id == first.account_id
    escaped = World(token_signing_keys=SIGNING_PEM.replace("\n", "\\n"))
    assert len(escaped.identity.issuer.jwks()["keys"]) == 1
