from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey

from shared.clock import ManualClock
from shared.tokens import (
    MAX_TOKEN_BYTES,
    Caller,
    JwksCache,
    Role,
    StaticKeys,
    TokenExpired,
    TokenIssuer,
    TokenKeysUnavailable,
    TokenMalformed,
    TokenMissing,
    TokenNotTrusted,
    TokenVerifier,
    bearer_token,
    new_signing_key_pem,
    read_jwks,
)

START = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
PEM, OTHER_PEM = new_signing_key_pem(), new_signing_key_pem()
CALLER = Caller("account-1", Role.FRONT_OFFICER, "session-1", "office-7")
ISSUER = "paspor-identity"


class Given:
    def __init__(self, **options: Any) -> None:
        self.clock = ManualClock(START)
        self.issuer = TokenIssuer(PEM, ISSUER, self.clock)
        self.verifier = TokenVerifier(StaticKeys(self.issuer.jwks()), self.clock, **options)

    def signed(self, pem: str = PEM, header: Mapping[str, Any] | None = None, **changes: Any) -> str:
        key = ECKey.import_key(pem)
        now = int(self.clock.now().timestamp())
        claims = {
            "iss": ISSUER,
            "aud": "paspor",
            "sub": "a",
            "sid": "s",
            "role": "applicant",
            "iat": now,
            "exp": now + 60,
            **changes,
        }
        kept = {name: value for name, value in claims.items() if value is not ...}
        full = {"alg": "ES256", "kid": key.thumbprint(), "typ": "at+jwt", **(header or {})}
        return jwt.encode(full, kept, key, algorithms=["ES256"])


async def test_who_was_issued_a_token_is_who_calls() -> None:
    g = Given()
    caller = await g.verifier.verify(g.issuer.issue(CALLER, 300))
    assert caller == Caller("account-1", Role.FRONT_OFFICER, "session-1", "office-7", START + timedelta(seconds=300))
    applicant = await g.verifier.verify(g.issuer.issue(Caller("a", Role.APPLICANT, "s"), 300))
    assert applicant.office_id is None


async def test_the_end_and_its_leeway() -> None:
    g = Given()
    token = g.issuer.issue(CALLER, 300)
    g.clock.advance(329.999)
    await g.verifier.verify(token)
    g.clock.advance(0.001)
    with pytest.raises(TokenExpired):
        await g.verifier.verify(token)
    with pytest.raises(TokenExpired):
        await g.verifier.verify(token)


async def test_an_expired_token_never_seen_is_expired_too() -> None:
    g = Given(leeway_seconds=0)
    token = g.issuer.issue(CALLER, 10)
    g.clock.advance(10)
    with pytest.raises(TokenExpired):
        await g.verifier.verify(token)


async def test_remembered_tokens_are_bounded_and_checked_once() -> None:
    g = Given(remembered_tokens=2)
    asked: list[str] = []
    keys = g.verifier._keys

    class Counting:
        generation = 0

        async def key(self, key_id: str) -> ECKey | None:
            asked.append(key_id)
            return await keys.key(key_id)

    g.verifier._keys = Counting()
    tokens = [g.issuer.issue(Caller(str(number), Role.APPLICANT, "s"), 60) for number in range(3)]
    for token in (*tokens[:2], *tokens[:2]):
        await g.verifier.verify(token)
    assert len(asked) == 2
    await g.verifier.verify(tokens[2])
    await g.verifier.verify(tokens[0])
    assert len(asked) == 4


@pytest.mark.parametrize("token", [None, ""])
async def test_no_token_is_missing(token: str | None) -> None:
    with pytest.raises(TokenMissing):
        await Given().verifier.verify(token)


def b64(content: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "token",
    [
        "x",
        "a.b.c",
        "é.b.c",
        f"{b64([1])}.e.s",
        f"{b64({'alg': 'none', 'typ': 'at+jwt', 'kid': 'k'})}.{b64({'sub': 'a'})}.",
        f"{b64({'alg': 'ES256', 'typ': 'at+jwt'})}.e.s",
        f"{b64({'alg': 'ES256', 'typ': 'JWT', 'kid': 'k'})}.e.s",
        f"{b64({'alg': 'ES256', 'typ': 'at+jwt', 'kid': 'k'})}.e",
        f"{b64({'alg': 'ES256', 'typ': 'at+jwt', 'kid': 'k'})}.e.s.x",
        "x" * (MAX_TOKEN_BYTES + 1),
        "\ud800.b.c",
    ],
)
async def test_what_is_no_access_token_is_malformed(token: str) -> None:
    with pytest.raises(TokenMalformed):
        await Given().verifier.verify(token)


@given(st.text(min_size=1, max_size=100))
async def test_any_text_is_refused_in_the_known_ways(text: str) -> None:
    with pytest.raises((TokenMalformed, TokenNotTrusted)):
        await Given().verifier.verify(text)


async def test_a_foreign_signature_is_not_trusted() -> None:
    g = Given()
    with pytest.raises(TokenNotTrusted):
        await g.verifier.verify(g.signed(OTHER_PEM))
    ours = ECKey.import_key(PEM).thumbprint()
    with pytest.raises(TokenNotTrusted):
        await g.verifier.verify(g.signed(OTHER_PEM, {"kid": ours}))


async def test_a_changed_claim_is_not_trusted() -> None:
    g = Given()
    header, payload, signature = g.issuer.issue(CALLER, 60).split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))
    with pytest.raises(TokenNotTrusted):
        await g.verifier.verify(f"{header}.{b64({**claims, 'role': 'operator'})}.{signature}")


async def test_the_public_key_is_no_shared_secret() -> None:
    g = Given()
    secret = ECKey.import_key(PEM).as_pem(private=False)
    header = {"alg": "HS256", "kid": ECKey.import_key(PEM).thumbprint(), "typ": "at+jwt"}
    signing_input = f"{b64(header)}.{b64({'sub': 'a'})}"
    signature = hmac.new(secret, signing_input.encode(), hashlib.sha256).digest()
    with pytest.raises(TokenMalformed):
        await g.verifier.verify(f"{signing_input}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}")


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"iss": "somebody"}, TokenNotTrusted),
        ({"iat": int(START.timestamp()) + 31}, TokenNotTrusted),
        ({"exp": ...}, TokenMalformed),
        ({"exp": "soon"}, TokenMalformed),
        ({"exp": True}, TokenMalformed),
        ({"exp": 10**18}, TokenMalformed),
        ({"sub": ...}, TokenMalformed),
        ({"sid": 5}, TokenMalformed),
        ({"office": 5}, TokenMalformed),
        ({"offices": "all"}, TokenMalformed),
        ({"offices": [1]}, TokenMalformed),
        ({"joined": "account-2"}, TokenMalformed),
        ({"role": "king"}, TokenMalformed),
        ({"role": ...}, TokenMalformed),
    ],
)
async def test_claims_that_do_not_fit(changes: dict[str, Any], refusal: type[Exception]) -> None:
    g = Given()
    with pytest.raises(refusal):
        await g.verifier.verify(g.signed(**changes))


async def test_a_clock_behind_by_the_leeway_is_forgiven() -> None:
    g = Given()
    assert (await g.verifier.verify(g.signed(iat=int(START.timestamp()) + 30))).account_id == "a"


def test_the_header_is_read() -> None:
    assert bearer_token("Bearer abc") == "abc"
    assert bearer_token("bearer  abc ") == "abc"
    for header in ("", None):
        with pytest.raises(TokenMissing):
            bearer_token(header)
    for header in ("Basic abc", "Bearer", "Bearer  "):
        with pytest.raises(TokenMalformed):
            bearer_token(header)


def test_an_issuer_needs_a_private_key_on_the_curve() -> None:
    public = ECKey.import_key(PEM).as_pem(private=False).decode()
    with pytest.raises(ValueError, match="private"):
        TokenIssuer(public, ISSUER, ManualClock(START))
    with pytest.raises(ValueError, match="P-256"):
        TokenIssuer(ECKey.generate_key("P-384").as_pem(private=True).decode(), ISSUER, ManualClock(START))


def test_published_keys_are_public_and_include_the_next() -> None:
    public = ECKey.import_key(OTHER_PEM).as_pem(private=False).decode()
    jwks = TokenIssuer(PEM, ISSUER, ManualClock(START), also_published_pem=[public]).jwks()
    assert len(jwks["keys"]) == 2
    assert all("d" not in key and key["alg"] == "ES256" for key in jwks["keys"])
    assert set(read_jwks(jwks)) == {ECKey.import_key(PEM).thumbprint(), ECKey.import_key(OTHER_PEM).thumbprint()}


def test_a_key_set_without_usable_keys_is_refused() -> None:
    for jwks in ({}, {"keys": 5}, {"keys": [5, {"kty": "RSA"}, {"kty": "EC", "crv": "P-256", "x": "!", "y": "!"}]}):
        with pytest.raises(ValueError, match="no usable key"):
            read_jwks(jwks)


class Identity:
    """Identity's key address as a test sees it."""

    def __init__(self, clock: ManualClock) -> None:
        self.jwks: dict[str, Any] = TokenIssuer(PEM, ISSUER, clock).jwks()
        self.down = False
        self.asked = 0

    async def fetch(self) -> Mapping[str, Any]:
        self.asked += 1
        await asyncio.sleep(0)
        if self.down:
            raise aiohttp.ClientConnectionError("down")
        return self.jwks


KEY_ID = ECKey.import_key(PEM).thumbprint()
OTHER_ID = ECKey.import_key(OTHER_PEM).thumbprint()


async def test_keys_are_fetched_once_for_many_askers() -> None:
    clock = ManualClock(START)
    identity = Identity(clock)
    cache = JwksCache(identity.fetch, clock)
    keys = await asyncio.gather(*(cache.key(KEY_ID) for _ in range(20)))
    assert all(key is not None for key in keys)
    assert identity.asked == 1


async def test_unknown_keys_are_asked_for_rarely() -> None:
    clock = ManualClock(START)
    identity = Identity(clock)
    cache = JwksCache(identity.fetch, clock, refresh_pause_seconds=5)
    for number in range(50):
        assert await cache.key(f"invented-{number}") is None
    assert identity.asked == 1
    identity.jwks = TokenIssuer(OTHER_PEM, ISSUER, clock).jwks()
    clock.advance(5)
    before = cache.generation
    assert await cache.key(OTHER_ID) is not None
    assert cache.generation == before + 1


async def test_the_last_good_set_stays_while_identity_is_down() -> None:
    clock = ManualClock(START)
    identity = Identity(clock)
    cache = JwksCache(identity.fetch, clock, max_age_seconds=60)
    await cache.key(KEY_ID)
    identity.down = True
    clock.advance(3600)
    assert await cache.key(KEY_ID) is not None
    await asyncio.sleep(0)
    assert not await cache.refresh()
    assert await cache.key(KEY_ID) is not None
    await cache.close()


async def test_an_old_set_is_renewed_behind_the_call() -> None:
    clock = ManualClock(START)
    identity = Identity(clock)
    cache = JwksCache(identity.fetch, clock, max_age_seconds=60)
    await cache.key(KEY_ID)
    clock.advance(60)
    await cache.key(KEY_ID)
    for _ in range(5):
        await asyncio.sleep(0)
    assert identity.asked == 2
    await cache.key(KEY_ID)
    assert identity.asked == 2
    await cache.close()
    await cache.close()


async def test_before_the_first_answer_no_token_is_judged() -> None:
    clock = ManualClock(START)
    identity = Identity(clock)
    identity.down = True
    cache = JwksCache(identity.fetch, clock)
    verifier = TokenVerifier(cache, clock)
    token = TokenIssuer(PEM, ISSUER, clock).issue(CALLER, 60)
    for _ in range(3):
        with pytest.raises(TokenKeysUnavailable):
            await verifier.verify(token)
    assert identity.asked == 1
    identity.down = False
    clock.advance(5)
    assert (await verifier.verify(token)).account_id == "account-1"


async def test_a_withdrawn_key_ends_its_remembered_tokens() -> None:
    clock = ManualClock(START)
    identity = Identity(clock)
    cache = JwksCache(identity.fetch, clock)
    verifier = TokenVerifier(cache, clock)
    token = TokenIssuer(PEM, ISSUER, clock).issue(CALLER, 600)
    await verifier.verify(token)
    identity.jwks = TokenIssuer(OTHER_PEM, ISSUER, clock).jwks()
    assert await cache.refresh()
    with pytest.raises(TokenNotTrusted):
        await verifier.verify(token)


def claims_of(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return found


def test_a_token_carries_what_rfc_9068_asks_for() -> None:
    g = Given()
    first, second = g.issuer.issue(CALLER, 300), g.issuer.issue(Caller("a", Role.APPLICANT, "s"), 300)
    header = json.loads(base64.urlsafe_b64decode(first.split(".")[0] + "=="))
    assert (header["typ"], header["alg"]) == ("at+jwt", "ES256")
    claims = claims_of(first)
    assert {"iss", "exp", "aud", "sub", "client_id", "iat", "jti"} <= set(claims)
    assert (claims["iss"], claims["aud"], claims["sub"]) == (ISSUER, "paspor", "account-1")
    assert (claims["client_id"], claims_of(second)["client_id"]) == ("paspor-staff", "paspor-applicant")
    assert len({claims["jti"], claims_of(second)["jti"], claims_of(g.issuer.issue(CALLER, 300))["jti"]}) == 3


@pytest.mark.parametrize("audience", [..., "another", ["another"], [], {"paspor": True}, 7, ""])
async def test_a_token_for_another_audience_is_not_trusted(audience: Any) -> None:
    g = Given()
    with pytest.raises(TokenNotTrusted):
        await g.verifier.verify(g.signed(aud=audience))


async def test_one_audience_of_several_is_enough() -> None:
    g = Given()
    assert (await g.verifier.verify(g.signed(aud=["another", "paspor"]))).account_id == "a"
    other = Given(audience="paspor-two")
    with pytest.raises(TokenNotTrusted):
        await other.verifier.verify(other.issuer.issue(CALLER, 60))


async def test_tokens_of_the_build_before_are_taken_until_a_time_and_no_longer() -> None:
    """Twin of the refusal: only the setting of a rolling upgrade lets a token without audience in, and it ends."""
    g = Given(without_audience_until=START + timedelta(minutes=15))
    await g.verifier.verify(g.signed(aud=...))
    with pytest.raises(TokenNotTrusted):
        await g.verifier.verify(g.signed(aud="another"))
    g.clock.advance(15 * 60)
    with pytest.raises(TokenNotTrusted):
        await g.verifier.verify(g.signed(aud=...))
