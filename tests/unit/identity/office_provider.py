"""An office's OpenID Connect provider on loopback that keeps the rules, and breaks any of them when it is told to."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from aiohttp import web
from aiohttp.test_utils import TestServer
from joserfc import jws
from joserfc.jwk import ECKey, OKPKey, RSAKey

from shared.clock import ManualClock

CLIENT_ID, CLIENT_SECRET = "paspor", "a secret of the office: %+ and more"
Claims = dict[str, Any]


def base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def unsigned(claims: Claims) -> str:
    """The token with ``alg`` none."""
    parts = ({"alg": "none", "typ": "JWT"}, claims)
    return ".".join([*(base64url(json.dumps(part).encode()) for part in parts), ""])


@dataclass
class FakeProvider:
    """What it says is right unless a test changes it."""

    clock: ManualClock
    issuer: str = ""
    key: Any = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "key-1", "use": "sig"}))
    algorithm: str = "ES256"
    subject: str = "subject-1"
    claims: Claims = field(default_factory=lambda: {"amr": ["pwd", "mfa"]})
    """Claims that each token has beside the usual ones, or in place of them; None leaves one out."""
    document: Claims = field(default_factory=dict)
    keys: Claims | None = None
    sign: Callable[[FakeProvider, Claims], str] | None = None
    status: int = 200
    hangs: bool = False
    padding: str = ""
    """Put into every answer: a large one is a flood."""
    asked: list[str] = field(default_factory=list)
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)
    _released: asyncio.Event = field(default_factory=asyncio.Event)

    def authorize(self, url: str) -> dict[str, str]:
        """What a browser is sent back with that came by this address and whose user has signed in here."""
        asked = dict(parse_qsl(urlsplit(url).query))
        code = f"code-{len(self._codes) + 1}"
        self._codes[code] = asked
        return {"code": code, "state": asked["state"], "iss": self.issuer}

    def id_token(self, asked: Mapping[str, str]) -> str:
        now = int(self.clock.now().timestamp())
        usual = {
            "iss": self.issuer,
            "sub": self.subject,
            "aud": asked["client_id"],
            "exp": now + 60,
            "iat": now,
            "auth_time": now,
            "nonce": asked["nonce"],
        }
        claims = {name: value for name, value in {**usual, **self.claims}.items() if value is not None}
        return self.sign(self, claims) if self.sign else self.signed(claims)

    def signed(self, claims: Claims, key: Any = None, **header: Any) -> str:
        head = {"alg": self.algorithm, "kid": "key-1", **header}
        payload = json.dumps(claims).encode()
        return jws.serialize_compact(head, payload, key or self.key, algorithms=[head["alg"]])

    async def describe(self, request: web.Request) -> web.StreamResponse:
        usual = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "authorization_response_iss_parameter_supported": True,
        }
        return await self._answer(request, {**usual, **self.document})

    async def show_keys(self, request: web.Request) -> web.StreamResponse:
        usual = {"keys": [{**self.key.as_dict(private=False), "kid": "key-1", "use": "sig"}]}
        return await self._answer(request, usual if self.keys is None else self.keys)

    async def redeem(self, request: web.Request) -> web.StreamResponse:
        form = await request.post()
        asked = self._codes.pop(str(form.get("code")), None)
        challenge = base64url(hashlib.sha256(str(form.get("code_verifier")).encode()).digest())
        login = base64.b64decode(request.headers["Authorization"].removeprefix("Basic ")).decode()
        right = (
            asked is not None
            and challenge == asked["code_challenge"]
            and form.get("redirect_uri") == asked["redirect_uri"]
            and form.get("grant_type") == "authorization_code"
            and login == "paspor:a%20secret%20of%20the%20office%3A%20%25%2B%20and%20more"
        )
        if not right or asked is None:
            return web.json_response({"error": "invalid_grant"}, status=400)
        answer = {"access_token": "opaque", "token_type": "Bearer", "id_token": self.id_token(asked)}
        return await self._answer(request, answer)

    async def _answer(self, request: web.Request, body: Mapping[str, Any]) -> web.StreamResponse:
        self.asked.append(request.path)
        if self.hangs:
            await self._released.wait()
        return web.json_response({**body, "padding": self.padding}, status=self.status)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[FakeProvider]:
        """Answer on a free port of loopback until the end."""
        app = web.Application()
        app.router.add_get("/.well-known/openid-configuration", self.describe)
        app.router.add_get("/keys", self.show_keys)
        app.router.add_post("/token", self.redeem)
        async with TestServer(app, host="127.0.0.1") as server:
            self.issuer = str(server.make_url("")).rstrip("/")
            try:
                yield self
            finally:
                self._released.set()


def signed_with_public_key(provider: FakeProvider, claims: Claims) -> str:
    """The token signed by HMAC with the public key as its secret, which everybody knows."""
    return _with_hmac(claims, provider.key.as_pem(private=False))


def signed_with_client_secret(provider: FakeProvider, claims: Claims) -> str:
    """The token signed by HMAC with the client secret, as some providers do."""
    return _with_hmac(claims, CLIENT_SECRET.encode())


def _with_hmac(claims: Claims, secret: bytes) -> str:
    parts = ({"alg": "HS256", "kid": "key-1"}, claims)
    signed = ".".join(base64url(json.dumps(part).encode()) for part in parts)
    return f"{signed}.{base64url(hmac.digest(secret, signed.encode(), 'sha256'))}"


def signed_with_another_key(provider: FakeProvider, claims: Claims) -> str:
    """The token signed by a key of the signer's own, under the id of the provider's."""
    return provider.signed(claims, ECKey.generate_key("P-256"))


def signed_with_key_of_token(provider: FakeProvider, claims: Claims) -> str:
    """The token with its own key in the header."""
    key = ECKey.generate_key("P-256")
    return provider.signed(claims, key, jwk=key.as_dict(private=False))


def without_key_id(provider: FakeProvider, claims: Claims) -> str:
    """The token as a provider with one key may sign it."""
    key = ECKey.import_key(provider.key.as_dict(private=True))
    return jws.serialize_compact({"alg": "ES256"}, json.dumps(claims).encode(), key, algorithms=["ES256"])


def with_key_id(key_id: object) -> Callable[[FakeProvider, Claims], str]:
    """The token with any JSON as the id of its key; its signature does not fit."""

    def sign(provider: FakeProvider, claims: Claims) -> str:
        _, payload, signature = provider.signed(claims).split(".")
        return ".".join([base64url(json.dumps({"alg": "ES256", "kid": key_id}).encode()), payload, signature])

    return sign


NEW_KEYS: Mapping[str, Callable[[], Any]] = {
    "ES256": lambda: ECKey.generate_key("P-256", {"kid": "key-1"}),
    "RS256": lambda: RSAKey.generate_key(2048, {"kid": "key-1"}),
    "PS256": lambda: RSAKey.generate_key(2048, {"kid": "key-1"}),
    "EdDSA": lambda: OKPKey.generate_key("Ed25519", {"kid": "key-1"}),
}
