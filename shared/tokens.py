"""Access tokens: short-lived ES256 JWTs, issued by identity, checked everywhere else without asking it."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import aiohttp
import structlog
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from shared.clock import Clock
from shared.ids import Ids, RandomIds
from shared.roles import Role as Role

ALGORITHM = "ES256"
TOKEN_TYPE = "at+jwt"  # noqa: S105 - RFC 9068, section 2.1: the media type, no secret
DEFAULT_ISSUER = "paspor-identity"
DEFAULT_AUDIENCE = "paspor"
"""For whom a token is: the services of one installation, which all take the same tokens."""

APPLICANT_CLIENT = "paspor-applicant"
STAFF_CLIENT = "paspor-staff"
"""The two clients that exist (RFC 9068 asks for `client_id`): what applicants sign in with, and what staff do."""

MAX_TOKEN_BYTES = 4096
MAX_JWKS_BYTES = 64 * 1024
VERIFIED_TOKENS = 10_000
LEEWAY_SECONDS = 30
_CURVE = "P-256"
_ALREADY_OVER = datetime.min.replace(tzinfo=UTC)

log = structlog.get_logger(__name__)


ALL_OFFICES = "all"
"""In the list of offices that a treasurer serves: every one of them. Only ever written, never assumed."""


HEADQUARTERS_ROLES = frozenset({Role.OPERATOR, Role.PUBLIC_RELATIONS, Role.HQ_POLICY, Role.HQ_IT})
"""Roles that work for every office."""

ROLES_WITH_OFFICES = frozenset({Role.TREASURER, Role.REGIONAL_OFFICER})
"""Roles whose token lists the offices that they work for: a treasurer's own list, or the offices of a region."""


class TokenMissing(Exception):
    """The call carries no token."""


class TokenMalformed(Exception):
    """The text is not an access token of ours."""


class TokenExpired(Exception):
    """The token was good and is over; a new one is needed."""


class TokenNotTrusted(Exception):
    """The token was not signed by identity, was issued by or for another suite, or not issued yet."""


class TokenKeysUnavailable(Exception):
    """Identity's keys were never reached since this process started, so no token can be judged; try again."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The caller of a token. `issue` sets `expires_at`; a value given to it is ignored."""

    account_id: str
    role: Role
    session_id: str
    office_id: str | None = None
    expires_at: datetime = _ALREADY_OVER
    offices: tuple[str, ...] = ()
    """The offices that a treasurer serves, or `ALL_OFFICES`; those of a regional officer's region; else empty."""
    joined: tuple[str, ...] = ()
    """Accounts that were joined into this one: what is theirs is the caller's (docs/adr/0049)."""

    @property
    def account_ids(self) -> tuple[str, ...]:
        """The caller's account and those that were joined into it."""
        return (self.account_id, *self.joined)

    @property
    def serves_all(self) -> bool:
        """Whether the caller works for every office: headquarters, and treasurers whose data say so."""
        return self.role in HEADQUARTERS_ROLES or (self.role is Role.TREASURER and ALL_OFFICES in self.offices)

    def serves(self, office_id: str | None) -> bool:
        """Whether the caller works for this office. What belongs to none (`None`) is for those who serve all."""
        if self.serves_all:
            return True
        if office_id is None or self.role is Role.APPLICANT:
            return False
        return office_id == self.office_id or (self.role in ROLES_WITH_OFFICES and office_id in self.offices)


class KeySource(Protocol):
    """Where a verifier gets public keys."""

    @property
    def generation(self) -> int:
        """Grows whenever the set of keys changes."""
        ...

    async def key(self, key_id: str) -> ECKey | None:
        """The public key with this id; None if identity does not publish it."""
        ...


def new_signing_key_pem() -> str:
    """A fresh private key for a `TokenIssuer`, as PEM."""
    return ECKey.generate_key(_CURVE).as_pem(private=True).decode()


def bearer_token(authorization: str | None) -> str:
    """The token of an `Authorization: Bearer ...` header. Refuses with `TokenMissing` or `TokenMalformed`."""
    if not authorization:
        raise TokenMissing("no Authorization header was sent")
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise TokenMalformed("the Authorization header must read: Bearer <token>")
    return token.strip()


class TokenIssuer:
    """Signs tokens; only identity has one."""

    def __init__(
        self,
        signing_key_pem: str,
        issuer: str,
        clock: Clock,
        *,
        also_published_pem: Iterable[str] = (),
        audience: str = DEFAULT_AUDIENCE,
        ids: Ids | None = None,
    ) -> None:
        """`also_published_pem`: keys of before and after a change, which verifiers should know too. `ids` names the
        tokens (`jti`).
        """
        self._key = _ec_key(signing_key_pem)
        if not self._key.is_private:
            raise ValueError("a token issuer needs a private key")
        self._key_id = self._key.thumbprint()
        self._published = (self._key, *(_ec_key(item) for item in also_published_pem))
        self._issuer = issuer
        self._audience = audience
        self._ids = ids or RandomIds()
        self._clock = clock

    @property
    def issuer(self) -> str:
        """The `iss` claim of the tokens."""
        return self._issuer

    def issue(self, caller: Caller, lifetime_seconds: int) -> str:
        """A token for `caller` that ends `lifetime_seconds` from now, with the claims of RFC 9068."""
        issued_at = int(self._clock.now().timestamp())
        claims: dict[str, Any] = {
            "iss": self._issuer,
            "aud": self._audience,
            "sub": caller.account_id,
            "client_id": APPLICANT_CLIENT if caller.role is Role.APPLICANT else STAFF_CLIENT,
            "jti": self._ids.new(),
            "sid": caller.session_id,
            "role": caller.role.value,
            "iat": issued_at,
            "exp": issued_at + lifetime_seconds,
        }
        if caller.office_id is not None:
            claims["office"] = caller.office_id
        if caller.offices:
            claims["offices"] = list(caller.offices)
        if caller.joined:
            claims["joined"] = list(caller.joined)
        header = {"alg": ALGORITHM, "kid": self._key_id, "typ": TOKEN_TYPE}
        return jwt.encode(header, claims, self._key, algorithms=[ALGORITHM])

    def jwks(self) -> dict[str, Any]:
        """The public keys as a JWK set, for `/v1/.well-known/jwks.json`."""
        return {"keys": [_public_jwk(key) for key in self._published]}


class TokenVerifier:
    """Tells who a token speaks for. Remembers tokens it has verified, never beyond their end."""

    def __init__(
        self,
        keys: KeySource,
        clock: Clock,
        *,
        issuer: str = DEFAULT_ISSUER,
        audience: str = DEFAULT_AUDIENCE,
        without_audience_until: datetime | None = None,
        leeway_seconds: int = LEEWAY_SECONDS,
        remembered_tokens: int = VERIFIED_TOKENS,
    ) -> None:
        """`without_audience_until`: tokens of a build that wrote no `aud` are taken before this time, for the minutes
        of a rolling upgrade; never if it is None.
        """
        self._keys = keys
        self._clock = clock
        self._issuer = issuer
        self._audience = audience
        self._without_audience_until = without_audience_until
        self._leeway = timedelta(seconds=leeway_seconds)
        self._verified = _VerifiedTokens(remembered_tokens)
        self._generation = keys.generation

    async def verify(self, token: str | None) -> Caller:
        """The caller. Refuses with `TokenMissing`, `TokenMalformed`, `TokenExpired` or `TokenNotTrusted`;
        `TokenKeysUnavailable` while no key could be fetched yet.
        """
        if not token:
            raise TokenMissing("no token was sent")
        raw = token.encode("utf-8", "replace")
        if len(raw) > MAX_TOKEN_BYTES:
            raise TokenMalformed(f"a token has at most {MAX_TOKEN_BYTES} bytes")
        if self._generation != self._keys.generation:
            self._generation = self._keys.generation
            self._verified.forget_all()
        digest = hashlib.sha256(raw).digest()
        caller = self._verified.get(digest)
        if caller is None:
            caller = await self._verify_anew(token)
            self._verified.remember(digest, caller)
        if self._clock.now() >= caller.expires_at + self._leeway:
            self._verified.forget(digest)
            raise TokenExpired("the token is over; get a new one")
        return caller

    async def _verify_anew(self, token: str) -> Caller:
        key = await self._keys.key(_key_id_of(token))
        if key is None:
            raise TokenNotTrusted("the token is signed with a key that identity does not publish")
        try:
            claims = jwt.decode(token, key, algorithms=[ALGORITHM]).claims
        except (JoseError, ValueError):
            raise TokenNotTrusted("the token's signature does not fit") from None
        if claims.get("iss") != self._issuer:
            raise TokenNotTrusted("the token was issued by somebody else")
        self._refuse_other_audience(claims.get("aud"))
        issued_at, expires_at = _moment(claims, "iat"), _moment(claims, "exp")
        if issued_at > self._clock.now() + self._leeway:
            raise TokenNotTrusted("the token is from the future; compare the clocks")
        return _caller(claims, expires_at)

    def _refuse_other_audience(self, audience: Any) -> None:
        """Return if the token is for us: `aud` is one text or a list of them (RFC 7519, section 4.1.3)."""
        until = self._without_audience_until
        if audience is None and until is not None and self._clock.now() < until:
            return
        named = audience if isinstance(audience, list) else [audience]
        if self._audience not in named:
            raise TokenNotTrusted("the token is for somebody else")


class _VerifiedTokens:
    """The last tokens that were found good, by their hash, least recently used out first."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._callers: OrderedDict[bytes, Caller] = OrderedDict()

    def get(self, digest: bytes) -> Caller | None:
        caller = self._callers.get(digest)
        if caller is not None:
            self._callers.move_to_end(digest)
        return caller

    def remember(self, digest: bytes, caller: Caller) -> None:
        self._callers[digest] = caller
        while len(self._callers) > self._capacity:
            self._callers.popitem(last=False)

    def forget(self, digest: bytes) -> None:
        self._callers.pop(digest, None)

    def forget_all(self) -> None:
        self._callers.clear()


class StaticKeys:
    """Keys that are at hand: for identity itself and for tests."""

    generation = 0

    def __init__(self, jwks: Mapping[str, Any]) -> None:
        self._keys = read_jwks(jwks)

    async def key(self, key_id: str) -> ECKey | None:
        return self._keys.get(key_id)


FetchJwks = Callable[[], Awaitable[Mapping[str, Any]]]


class JwksCache:
    """Identity's published keys, fetched when needed; the last good set stays in use while identity is down."""

    def __init__(
        self,
        fetch: FetchJwks,
        clock: Clock,
        *,
        max_age_seconds: float = 300.0,
        refresh_pause_seconds: float = 5.0,
    ) -> None:
        """A set older than `max_age_seconds` is renewed in the background; tries are `refresh_pause_seconds` apart,
        so that tokens with invented key ids cannot make us flood identity.
        """
        self._fetch = fetch
        self._clock = clock
        self._max_age = timedelta(seconds=max_age_seconds)
        self._pause = timedelta(seconds=refresh_pause_seconds)
        self._keys: dict[str, ECKey] = {}
        self._fetched_at: datetime | None = None
        self._tried_at: datetime | None = None
        self._running: asyncio.Task[None] | None = None
        self.generation = 0

    @classmethod
    def from_url(cls, url: str, clock: Clock, *, timeout_seconds: float = 3.0) -> JwksCache:
        """A cache that asks `url` by HTTP."""

        async def fetch() -> Mapping[str, Any]:
            return await fetch_jwks(url, timeout_seconds=timeout_seconds)

        return cls(fetch, clock)

    async def key(self, key_id: str) -> ECKey | None:
        """The key, asking identity if it is not known. `TokenKeysUnavailable` if there never was an answer."""
        known = self._keys.get(key_id)
        if known is not None:
            if self._is_old():
                self._start_refresh()
            return known
        refresh = self._start_refresh()
        if refresh is not None:
            await asyncio.shield(refresh)
        if self._fetched_at is None:
            raise TokenKeysUnavailable("identity's keys could not be fetched yet")
        return self._keys.get(key_id)

    async def refresh(self) -> bool:
        """Fetch now, whatever the age; whether it worked. A failure leaves the last good set."""
        try:
            keys = read_jwks(await self._fetch())
        except (aiohttp.ClientError, OSError, ValueError, RecursionError) as error:
            log.warning("jwks.fetch_failed", error=type(error).__name__, keys_kept=len(self._keys))
            return False
        self._fetched_at = self._clock.now()
        if keys.keys() != self._keys.keys():
            self.generation += 1
        self._keys = keys
        return True

    async def close(self) -> None:
        """Stop a refresh that is under way."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
            self._running = None

    def _is_old(self) -> bool:
        return self._fetched_at is None or self._clock.now() - self._fetched_at >= self._max_age

    def _start_refresh(self) -> asyncio.Task[None] | None:
        """The refresh under way, a new one, or None if the last try was too short ago."""
        if self._running is not None and not self._running.done():
            return self._running
        now = self._clock.now()
        if self._tried_at is not None and now - self._tried_at < self._pause:
            return None
        self._tried_at = now
        self._running = asyncio.create_task(self._refresh_once())
        return self._running

    async def _refresh_once(self) -> None:
        await self.refresh()


async def fetch_jwks(url: str, *, timeout_seconds: float) -> Mapping[str, Any]:
    """Identity's answer at `url`. Raises `aiohttp.ClientError`, `TimeoutError` or `ValueError`."""
    timeout = aiohttp.ClientTimeout(total=timeout_seconds)
    async with (
        aiohttp.ClientSession(timeout=timeout) as session,
        session.get(url, allow_redirects=False) as answer,
    ):
        answer.raise_for_status()
        if answer.status != 200:
            raise ValueError("identity answered without keys")
        body = await _read_bounded(answer)
    parsed = json.loads(body)
    if not isinstance(parsed, dict):
        raise ValueError("identity's answer is no JWK set")
    return parsed


async def _read_bounded(answer: aiohttp.ClientResponse) -> bytes:
    body = b""
    async for piece in answer.content.iter_chunked(MAX_JWKS_BYTES):
        body += piece
        if len(body) > MAX_JWKS_BYTES:
            raise ValueError("identity's answer is too long for a JWK set")
    return body


def read_jwks(jwks: Mapping[str, Any]) -> dict[str, ECKey]:
    """The usable keys of a JWK set by their id: EC keys on P-256; others are passed over. `ValueError` if none is."""
    entries = jwks.get("keys")
    keys: dict[str, ECKey] = {}
    for entry in entries if isinstance(entries, list) else []:
        if not isinstance(entry, dict) or entry.get("kty") != "EC" or entry.get("crv") != _CURVE:
            continue
        try:
            key = ECKey.import_key({name: entry[name] for name in ("kty", "crv", "x", "y")})
        except (KeyError, JoseError, ValueError, TypeError):
            continue
        keys[str(entry.get("kid") or key.thumbprint())] = key
    if not keys:
        raise ValueError("the JWK set holds no usable key")
    return keys


def _ec_key(pem: str) -> ECKey:
    key = ECKey.import_key(pem)
    if key.curve_name != _CURVE:
        raise ValueError(f"{ALGORITHM} needs a key on {_CURVE}")
    return key


def _public_jwk(key: ECKey) -> dict[str, Any]:
    return {**key.as_dict(private=False), "kid": key.thumbprint(), "use": "sig", "alg": ALGORITHM}


def _key_id_of(token: str) -> str:
    """The key id in a token's header, before anything is believed. `TokenMalformed` if it is no token of our kind."""
    header_text, _, rest = token.partition(".")
    try:
        padded = header_text.encode("ascii") + b"=" * (-len(header_text) % 4)
        header = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, RecursionError):
        raise TokenMalformed("this is not a token") from None
    if not isinstance(header, dict) or rest.count(".") != 1:
        raise TokenMalformed("this is not a token")
    key_id = header.get("kid")
    if header.get("alg") != ALGORITHM or header.get("typ") != TOKEN_TYPE or not isinstance(key_id, str):
        raise TokenMalformed("this is not an access token")
    return key_id


def _moment(claims: Mapping[str, Any], name: str) -> datetime:
    value = claims.get(name)
    if type(value) is not int:
        raise TokenMalformed(f"the token lacks {name}")
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        raise TokenMalformed(f"the token's {name} is no time") from None


def _caller(claims: Mapping[str, Any], expires_at: datetime) -> Caller:
    account_id, session_id, office_id = claims.get("sub"), claims.get("sid"), claims.get("office")
    if not isinstance(account_id, str) or not isinstance(session_id, str):
        raise TokenMalformed("the token does not say whose it is")
    if office_id is not None and not isinstance(office_id, str):
        raise TokenMalformed("the token's office cannot be read")
    offices, joined = _texts(claims, "offices"), _texts(claims, "joined")
    try:
        role = Role(claims.get("role", ""))
    except ValueError:
        raise TokenMalformed("the token's role is not known") from None
    return Caller(account_id, role, session_id, office_id, expires_at, offices, joined)


def _texts(claims: Mapping[str, Any], name: str) -> tuple[str, ...]:
    found = claims.get(name, [])
    if not isinstance(found, list) or not all(isinstance(text, str) for text in found):
        raise TokenMalformed(f"the token's {name} cannot be read")
    return tuple(found)
