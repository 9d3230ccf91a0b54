"""A provider says that a user has left: its sessions end at once, a hostile token ends none, none begins behind."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import pytest

from services.identity.office_sign_in import links, logout_token
from services.identity.office_sign_in.provider_client import LONGEST_ID_TOKEN
from services.identity.office_sign_in.repository import OFFICE_LINK, USED_LOGOUT_TOKEN
from services.identity.office_sign_in.routes import LARGEST_LOGOUT_BYTES
from services.identity.staff.repository import STAFF
from shared.events.identity import SessionEnded
from tests.unit.identity.office_counter import LIST, Counter, OfficeBrowser, at_work
from tests.unit.identity.office_provider import (
    FakeProvider,
    signed_with_another_key,
    signed_with_client_secret,
    signed_with_public_key,
    unsigned,
)
from tests.unit.identity.world import World

FORM = "application/x-www-form-urlencoded"
SID = "session-1-at-the-office"
_ids = itertools.count(1)


@pytest.fixture(autouse=True)
def _loopback_allowed(socket_enabled: None) -> None:
    """Let these tests open sockets where the unit room blocks them."""


@pytest.fixture
async def counter(world: World) -> AsyncIterator[Counter]:
    async with at_work(world) as ready:
        ready.provider.claims["sid"] = SID
        await ready.link()
        yield ready


def claims_of(provider: FakeProvider, **changed: Any) -> dict[str, Any]:
    now = int(provider.clock.now().timestamp())
    usual = {
        "iss": provider.issuer,
        "aud": "paspor",
        "iat": now,
        "exp": now + 120,
        "jti": f"logout-{next(_ids)}",
        "events": {logout_token.EVENT: {}},
        "sub": provider.subject,
        "sid": SID,
    }
    return {name: value for name, value in {**usual, **changed}.items() if value is not None}


def token_of(provider: FakeProvider, **changed: Any) -> str:
    return provider.signed(claims_of(provider, **changed), typ="logout+jwt")


async def send(counter: Counter, token: str, **words: Any) -> tuple[int, Any, Mapping[str, str]]:
    """The status, the body and the headers of an answer to a logout token."""
    path = f"{LIST}/{words.pop('provider_id', counter.provider_id)}/back-channel-logout"
    async with counter.client.post(path, data=words.pop("data", {"logout_token": token}), **words) as answer:
        body = await answer.json() if answer.content_type.endswith("json") else await answer.text()
        return answer.status, body, answer.headers


async def signed_in(counter: Counter, sid: str = SID) -> OfficeBrowser:
    """A browser with the tokens of a sign-in through the provider."""
    counter.provider.claims["sid"] = sid
    browser = counter.browser()
    status, tokens = await counter.sign_in(browser)
    assert status == 200, tokens
    browser.token = tokens["access_token"]
    counter.world.clock.advance(1)
    return browser


async def is_open(browser: OfficeBrowser) -> bool:
    return (await browser.call("GET", "/v1/staff/me"))[0] == 200


# The word of the provider


async def test_the_provider_ends_the_sessions_that_it_opened_and_no_other(counter: Counter) -> None:
    by_password, by_office = await counter.signed_in("front_officer"), await signed_in(counter)
    status, body, headers = await send(counter, token_of(counter.provider))
    assert (status, body, headers["Cache-Control"]) == (200, "", "no-store")
    assert not await is_open(by_office)
    assert await is_open(by_password)
    ended = await counter.world.said(SessionEnded)
    assert len(ended) == 1, "other services are told"
    detail = f"office_provider:{counter.provider_id}"
    assert ("office_logged_out", "done", detail) in await counter.audited()


async def test_a_refresh_token_of_an_ended_session_gives_nothing(counter: Counter) -> None:
    browser = counter.browser()
    _, tokens = await counter.sign_in(browser)
    counter.world.clock.advance(1)
    assert (await send(counter, token_of(counter.provider)))[0] == 200
    refreshed = await browser.call("POST", "/v1/tokens/refresh", {"refresh_token": tokens["refresh_token"]})
    assert refreshed[1]["code"] == "session_ended"


@pytest.mark.parametrize(
    ("named", "left_open"),
    [({"sub": None}, [False, True]), ({}, [False, True]), ({"sid": None}, [False, False])],
    ids=["session alone", "user and session", "user alone"],
)
async def test_one_session_or_all_of_the_user_end(
    counter: Counter, named: dict[str, Any], left_open: list[bool]
) -> None:
    browsers = [await signed_in(counter), await signed_in(counter, "session-2")]
    assert (await send(counter, token_of(counter.provider, **named)))[0] == 200
    assert [await is_open(browser) for browser in browsers] == left_open


async def test_a_session_of_a_provider_that_names_none_ends_with_its_user(counter: Counter) -> None:
    del counter.provider.claims["sid"]
    browser = counter.browser()
    browser.token = (await counter.sign_in(browser))[1]["access_token"]
    counter.world.clock.advance(1)
    assert (await send(counter, token_of(counter.provider)))[0] == 200
    assert not await is_open(browser)


@pytest.mark.parametrize(
    "named",
    [{"sub": "somebody-else"}, {"sub": None, "sid": "unknown"}, {"sub": "somebody-else", "sid": SID}],
    ids=["another user", "unknown session", "session of another user"],
)
async def test_another_user_ends_no_session_and_is_logged_out_already(counter: Counter, named: dict[str, Any]) -> None:
    browser = await signed_in(counter)
    assert (await send(counter, token_of(counter.provider, **named)))[0] == 200
    assert await is_open(browser)


async def test_a_member_may_sign_in_again_at_once(counter: Counter) -> None:
    await signed_in(counter)
    assert (await send(counter, token_of(counter.provider)))[0] == 200
    counter.world.clock.advance(1)
    assert await is_open(await signed_in(counter))


async def test_the_provider_is_told_where_to_send_it(counter: Counter) -> None:
    operator = await counter.signed_in("operator")
    seen = await operator.done("GET", f"/v1/staff/office-providers/{counter.provider_id}")
    assert seen["backchannel_logout_uri"].endswith(f"{LIST}/{counter.provider_id}/back-channel-logout")
    assert seen["backchannel_logout_uri"].partition("/v1")[0] == seen["redirect_uri"].partition("/v1")[0]


# Hostile tokens


def claiming(**changed: Any) -> Callable[[FakeProvider], str]:
    return lambda provider: token_of(provider, **changed)


def since(seconds: int, lives: int = 120) -> Callable[[FakeProvider], str]:
    def make(provider: FakeProvider) -> str:
        at = int(provider.clock.now().timestamp()) + seconds
        return token_of(provider, iat=at, exp=at + lives)

    return make


def typed(typ: object) -> Callable[[FakeProvider], str]:
    return lambda provider: provider.signed(claims_of(provider), typ=typ)


HOSTILE: Mapping[str, tuple[Callable[[FakeProvider], str], str]] = {
    "no signature": (lambda it: unsigned(claims_of(it)), "algorithm"),
    "HMAC with the public key": (lambda it: signed_with_public_key(it, claims_of(it)), "algorithm"),
    "HMAC with the client secret": (lambda it: signed_with_client_secret(it, claims_of(it)), "algorithm"),
    "another key": (lambda it: signed_with_another_key(it, claims_of(it)), "signature"),
    "a key that is not published": (lambda it: it.signed(claims_of(it), kid="key-2"), "key"),
    "the type of an access token": (typed("at+jwt"), "typ"),
    "wrong issuer": (claiming(iss="https://masuk.example.com"), "iss"),
    "wrong audience": (claiming(aud="another-client"), "aud"),
    "no audience": (claiming(aud=None), "aud"),
    "no time": (claiming(iat=None), "iat"),
    "never ends": (claiming(exp=None), "exp"),
    "expired": (since(-200), "exp"),
    "old, and good for long": (since(-601, 9_999_999), "iat"),
    "from the future": (since(60), "iat"),
    "time as a text": (claiming(iat="now"), "iat"),
    "no id": (claiming(jti=None), "jti"),
    "id that is no text": (claiming(jti=7), "jti"),
    "long id": (claiming(jti="j" * 256), "jti"),
    "a nonce, as an ID token has": (claiming(nonce="n-1"), "nonce"),
    "an ID token": (claiming(events=None, nonce="n-1"), "events"),
    "no event": (claiming(events={}), "events"),
    "another event": (claiming(events={"https://example.org/event": {}}), "events"),
    "event that is no object": (claiming(events={logout_token.EVENT: True}), "events"),
    "events as a list": (claiming(events=[logout_token.EVENT]), "events"),
    "nobody": (claiming(sub=None, sid=None), "sub"),
    "subject that is no text": (claiming(sub=["subject-1"]), "sub"),
    "empty subject": (claiming(sub=""), "sub"),
    "session that is half a character": (claiming(sid="\ud800"), "sub"),
    "claims that are a list": (lambda it: it.signed([claims_of(it)]), "signature"),  # type: ignore[arg-type]
    "no token": (lambda _: "no-token", "unreadable"),
    "huge": (lambda _: "h" * (LONGEST_ID_TOKEN + 1), "form"),
    "empty": (lambda _: "", "unreadable"),
}


@pytest.mark.parametrize("attack", HOSTILE)
async def test_a_hostile_token_ends_no_session(counter: Counter, attack: str) -> None:
    browser = await signed_in(counter)
    make, reason = HOSTILE[attack]
    status, problem, headers = await send(counter, make(counter.provider))
    assert (status, problem["code"], problem["reason"]) == (400, "logout_token_not_trusted", reason)
    assert (problem["error"], headers["Cache-Control"]) == ("invalid_request", "no-store")
    assert await is_open(browser)


@pytest.mark.parametrize("taken", ["type of old", "no type", "audiences", "nearly old", "with more in the form"])
async def test_what_only_looks_odd_ends_the_session(counter: Counter, taken: str) -> None:
    """The twin of the hostile tokens: each differs from one by its last step."""
    browser, provider = await signed_in(counter), counter.provider
    tokens: Mapping[str, Callable[[], str]] = {
        "type of old": lambda: typed("JWT")(provider),
        "no type": lambda: provider.signed(claims_of(provider)),
        "audiences": lambda: token_of(provider, aud=["another-client", "paspor"]),
        "nearly old": lambda: since(-598, 9_999_999)(provider),
        "with more in the form": lambda: token_of(provider),
    }
    token = tokens[taken]()
    assert (await send(counter, token, data={"logout_token": token, "iss": "of no account"}))[0] == 200
    assert not await is_open(browser)


async def test_a_token_counts_once(counter: Counter) -> None:
    await signed_in(counter)
    token = token_of(counter.provider)
    assert (await send(counter, token))[0] == 200
    counter.world.clock.advance(1)
    again = await signed_in(counter)
    status, problem, _ = await send(counter, token)
    assert (status, problem["reason"]) == (400, "jti")
    assert await is_open(again), "a replay ends no later session"


async def test_twin_without_the_mark_of_use_a_replay_ends_a_later_session(counter: Counter) -> None:
    await signed_in(counter)
    token = token_of(counter.provider)
    assert (await send(counter, token))[0] == 200
    for record in [record async for record in counter.world.store.scan(USED_LOGOUT_TOKEN)]:
        await counter.world.store.remove(USED_LOGOUT_TOKEN, record)
    counter.world.clock.advance(1)
    again = await signed_in(counter)
    assert (await send(counter, token))[0] == 200
    assert not await is_open(again)


async def test_a_token_that_a_crash_cut_off_is_taken_again(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    browser, token = await signed_in(counter), token_of(counter.provider)
    save = counter.world.store.save

    async def die(kind: Any, *words: Any, **more: Any) -> Any:
        if kind is STAFF:
            raise RuntimeError("killed before the sessions end")
        return await save(kind, *words, **more)

    with monkeypatch.context() as patched:
        patched.setattr(counter.world.store, "save", die)
        assert (await send(counter, token))[0] == 500
    assert await is_open(browser)
    assert (await send(counter, token))[0] == 200
    assert not await is_open(browser)


async def test_a_token_of_another_provider_or_for_a_stopped_one_is_refused(counter: Counter) -> None:
    browser, token = await signed_in(counter), token_of(counter.provider)
    status, problem, _ = await send(counter, token, provider_id="of-nobody")
    assert (status, problem["reason"]) == (400, "provider")
    operator = await counter.signed_in("operator")
    path = f"/v1/staff/office-providers/{counter.provider_id}/stop"
    await operator.done("POST", path, {"reason": "suspected_misuse"})
    assert (await send(counter, token))[1]["reason"] == "provider"
    assert not await is_open(browser), "stopping has ended it"


@pytest.mark.parametrize(
    ("form", "status"),
    [
        (b"logout_token=a&logout_token=b", 400),
        (b"token=a", 400),
        (b"\xff\xfe=a", 400),
        (b"&".join([b"logout_token=a"] * 11), 400),
        (b"logout_token=" + b"a" * LARGEST_LOGOUT_BYTES, 413),
    ],
)
async def test_a_form_that_is_none_is_refused(counter: Counter, form: bytes, status: int) -> None:
    assert (await send(counter, "", data=form, headers={"Content-Type": FORM}))[0] == status


async def test_a_token_in_json_is_refused(counter: Counter) -> None:
    path = f"{LIST}/{counter.provider_id}/back-channel-logout"
    async with counter.client.post(path, json={"logout_token": token_of(counter.provider)}) as answer:
        assert answer.status == 415


async def test_a_provider_whose_keys_are_not_known_ends_nothing(counter: Counter) -> None:
    await signed_in(counter)
    counter.provider.status = 500
    counter.world.clock.advance(601)
    token = token_of(counter.provider)
    assert (await send(counter, token))[1]["reason"] == "keys_not_known"
    assert any(session.by_office for session in (await counter.staff("front_officer")).sessions)


# Sign-ins that are under way


async def test_a_sign_in_that_was_proven_before_the_logout_gives_no_tokens(counter: Counter) -> None:
    browser = counter.browser()
    await counter.come_back(browser, counter.provider.authorize(await counter.begin(browser)))
    counter.world.clock.advance(1)
    assert (await send(counter, token_of(counter.provider)))[0] == 200
    assert (await counter.claim(browser))[1]["code"] == "office_sign_in_over"


@pytest.mark.parametrize("ends", ["logout", "link", "provider"])
@pytest.mark.parametrize("guarded", [True, False])
async def test_a_session_that_begins_while_it_is_ended_does_not_stay(
    counter: Counter, monkeypatch: pytest.MonkeyPatch, ends: str, guarded: bool
) -> None:
    """The sign-in has read the link and is about to write the member; the twin writes only what it sees."""
    browser, world = counter.browser(), counter.world
    operator, head = await counter.signed_in("operator"), await counter.signed_in("office_admin")
    link_id = (await world.store.find(OFFICE_LINK, "live_member", {"state.live": True}, limit=1))[0].id
    await counter.come_back(browser, counter.provider.authorize(await counter.begin(browser)))
    world.clock.advance(1)
    reason = {"reason": "suspected_misuse"}
    acts: Mapping[str, Callable[[], Any]] = {
        "logout": lambda: send(counter, token_of(counter.provider)),
        "link": lambda: head.done("POST", f"/v1/staff/office-links/{link_id}/end", reason),
        "provider": lambda: operator.done("POST", f"/v1/staff/office-providers/{counter.provider_id}/stop", reason),
    }
    save, has_ended = world.identity.office_sign_ins._staff.save_staff, False

    async def end_first(*words: Any, **more: Any) -> Any:
        """All was read and nothing is written yet: now the session's ground goes."""
        nonlocal has_ended
        if not has_ended:
            has_ended = True
            await acts[ends]()
        return await save(*words, **more)

    async def end_none(*_: Any) -> None:
        """Find no session, and write nothing."""

    async def write_only_seen(_context: Any, staff_id: str) -> None:
        record = await world.store.get(STAFF, staff_id)
        assert record is not None and all(session.by_office is None for session in record.state.sessions)

    monkeypatch.setattr(world.identity.office_sign_ins._staff, "save_staff", end_first)
    if not guarded:
        monkeypatch.setattr(links, "end_sessions", write_only_seen)
        monkeypatch.setattr("services.identity.office_sign_in.provider_administration.end_sessions", write_only_seen)
        monkeypatch.setattr(world.identity.back_channel_logouts, "_end", end_none)
    status, answer = await counter.claim(browser)
    assert has_ended
    opened = [session for session in (await counter.staff("front_officer")).sessions if session.by_office]
    assert (status == 200, len(opened)) == ((False, 0) if guarded else (True, 1)), answer
