"""The providers of offices over HTTP: discovery document, keys, and the code redeemed, with limits of size and time.

A sign-in waits for the provider, as it must; so each call has one short try, and a provider that keeps failing is not
asked for a while. No redirect is followed, no address inside the deployment is reached (`shared.http.outside`).
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, TypeVar
from urllib.parse import quote, urlencode

import structlog
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey, import_key
from pydantic import BaseModel, Field, StringConstraints, ValidationError

from services.identity.office_sign_in.errors import OfficeAnswerNotTrusted, OfficeProviderDown
from services.identity.office_sign_in.id_token import VerifyingKey
from shared.clock import Clock
from shared.errors import UpstreamDown
from shared.http.client import CircuitBreaker, ClientAnswer, JsonClient, Patience
from shared.http.outside import LONGEST_URL, NotOutside, check_outside_url, outside_session
from shared.randomness import Randomness

log = structlog.get_logger()

NAME: Final = "office_provider"

TRY_SECONDS: Final = 5.0
"""Patience with one call: a person waits before their screen, and the browser for up to three calls."""

KEEP_SECONDS: Final = 600
"""How long a provider's document and keys are used before they are fetched again: a key that the provider takes back
is believed no longer."""

REFRESH_PAUSE_SECONDS: Final = 30
"""Pause between two fetches of the keys for a key that is not known: tokens with invented key ids are no flood."""

MOST_KEYS: Final = 50
"""Keys in one set; providers have a handful."""

LEAST_RSA_BITS, MOST_RSA_BITS = 2048, 8192
"""Sizes of an RSA key: below it can be broken, above it a signature costs us too much."""

LONGEST_ID_TOKEN: Final = 16 * 1024

_WELL_KNOWN: Final = "/.well-known/openid-configuration"
_Url = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_URL)]
_ModelT = TypeVar("_ModelT", bound=BaseModel)


class ProviderDocument(BaseModel):
    """A provider's discovery document, as far as a sign-in needs it (OpenID Connect Discovery 1.0, section 3)."""

    issuer: _Url
    authorization_endpoint: _Url
    token_endpoint: _Url
    jwks_uri: _Url
    authorization_response_iss_parameter_supported: bool = False


class _KeySet(BaseModel):
    keys: list[dict[str, Any]] = Field(max_length=MOST_KEYS)


class _TokenAnswer(BaseModel):
    id_token: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_ID_TOKEN)]


@dataclass(frozen=True)
class Redemption:
    """A code to be redeemed, with all that proves to the provider that it was given to us."""

    code: str
    code_verifier: str
    redirect_uri: str
    client_id: str
    client_secret: str


@dataclass
class _Known:
    """A provider as this process knows it."""

    breaker: CircuitBreaker
    document: ProviderDocument | None = None
    document_at: datetime | None = None
    keys: tuple[tuple[str | None, str | None, VerifyingKey], ...] = ()
    keys_at: datetime | None = None


class ProviderClient:
    """Asks providers; each process knows the last document and keys of each for ten minutes."""

    def __init__(self, clock: Clock, randomness: Randomness, *, allow_loopback: bool) -> None:
        self._clock = clock
        self._randomness = randomness
        self._allow_loopback = allow_loopback
        self._providers: dict[str, _Known] = {}

    async def describe(self, issuer: str) -> ProviderDocument:
        """Return the provider's discovery document.

        Raises:
            OfficeProviderDown: it does not answer, or not with a document of this issuer.
        """
        known = self._known(issuer)
        if known.document is None or self._is_old(known.document_at, KEEP_SECONDS):
            document = await self._read(known, ProviderDocument, issuer.rstrip("/") + _WELL_KNOWN)
            if document.issuer != issuer:
                raise OfficeProviderDown(reason="document_of_another_issuer")
            self._check_addresses(document)
            known.document, known.document_at = document, self._clock.now()
        return known.document

    async def find_key(self, issuer: str, algorithm: str, key_id: str | None) -> VerifyingKey | None:
        """Return the key of this id, or without an id the only one for the algorithm; None if there is none.

        An unknown key has the set fetched again, at most every half minute.

        Raises:
            OfficeProviderDown: the keys are not known, and the provider does not answer with them.
        """
        known = self._known(issuer)
        if self._is_old(known.keys_at, KEEP_SECONDS):
            await self._fetch_keys(known, issuer)
        found = _key_in(known, algorithm, key_id)
        if found is None and self._is_old(known.keys_at, REFRESH_PAUSE_SECONDS):
            await self._fetch_keys(known, issuer)
            found = _key_in(known, algorithm, key_id)
        return found

    async def redeem(self, issuer: str, redemption: Redemption) -> str:
        """Return the ID token that the provider gives for a code; tried once, since a code counts once.

        Raises:
            OfficeAnswerNotTrusted: the provider refuses the code.
            OfficeProviderDown: it does not answer, or not with an ID token.
        """
        document = await self.describe(issuer)
        form = {
            "grant_type": "authorization_code",
            "code": redemption.code,
            "redirect_uri": redemption.redirect_uri,
            "code_verifier": redemption.code_verifier,
        }
        headers = {
            "Authorization": _basic(redemption.client_id, redemption.client_secret),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        known, body = self._known(issuer), urlencode(form).encode()
        answer = await self._call(known, "POST", document.token_endpoint, body=body, headers=headers)
        if answer.status in (400, 401):
            log.warning("office_provider.code_refused", status=answer.status)
            raise OfficeAnswerNotTrusted(reason="code")
        return _as_model(_TokenAnswer, answer).id_token

    async def _fetch_keys(self, known: _Known, issuer: str) -> None:
        document = await self.describe(issuer)
        read = await self._read(known, _KeySet, document.jwks_uri)
        known.keys = tuple(key for member in read.keys if (key := _read_key(member)) is not None)
        known.keys_at = self._clock.now()

    async def _read(self, known: _Known, model: type[_ModelT], url: str) -> _ModelT:
        return _as_model(model, await self._call(known, "GET", url))

    async def _call(self, known: _Known, method: str, url: str, **words: Any) -> ClientAnswer:
        async with outside_session(allow_loopback=self._allow_loopback) as session:
            client = JsonClient(
                NAME,
                "",
                clock=self._clock,
                randomness=self._randomness,
                patience=Patience(try_seconds=TRY_SECONDS, tries=1),
                breaker=known.breaker,
                session=session,
            )
            try:
                return await client.call(method, url, **words)
            except UpstreamDown as down:
                raise OfficeProviderDown(reason=down.reason, retry_after_seconds=down.retry_after_seconds) from None

    def _check_addresses(self, document: ProviderDocument) -> None:
        for url in (document.authorization_endpoint, document.token_endpoint, document.jwks_uri):
            try:
                check_outside_url(url, allow_loopback=self._allow_loopback)
            except NotOutside as wrong:
                raise OfficeProviderDown(reason=f"address_{wrong.reason}") from None

    def _known(self, issuer: str) -> _Known:
        return self._providers.setdefault(issuer, _Known(CircuitBreaker(NAME, self._clock)))

    def _is_old(self, at: datetime | None, seconds: int) -> bool:
        return at is None or self._clock.now() - at >= timedelta(seconds=seconds)


def _as_model(model: type[_ModelT], answer: ClientAnswer) -> _ModelT:
    if answer.status != 200:
        raise OfficeProviderDown(reason=f"status_{answer.status}")
    try:
        return model.model_validate_json(answer.body)
    except ValidationError:
        raise OfficeProviderDown(reason="unreadable") from None


def _read_key(member: Mapping[str, Any]) -> tuple[str | None, str | None, VerifyingKey] | None:
    """Return id, algorithm (None: any of its type) and key of one member of a set; None if it verifies nothing here."""
    if member.get("use", "sig") != "sig":
        return None
    try:
        key = import_key(dict(member))
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    if not isinstance(key, ECKey | RSAKey | OKPKey) or key.is_private:
        return None
    if isinstance(key, RSAKey) and not LEAST_RSA_BITS <= key.public_key.key_size <= MOST_RSA_BITS:
        return None
    return member.get("kid"), member.get("alg"), key


_TYPE_OF: Final[Mapping[str, type[VerifyingKey]]] = {"ES256": ECKey, "RS256": RSAKey, "PS256": RSAKey, "EdDSA": OKPKey}


def _key_in(known: _Known, algorithm: str, key_id: str | None) -> VerifyingKey | None:
    fitting = [
        key
        for its_id, its_algorithm, key in known.keys
        if isinstance(key, _TYPE_OF[algorithm]) and its_algorithm in (None, algorithm) and key_id in (None, its_id)
    ]
    return fitting[0] if len(fitting) == 1 else None


def _basic(client_id: str, client_secret: str) -> str:
    """Return the header of ``client_secret_basic`` (RFC 6749, section 2.3.1: each part form-encoded first)."""
    joined = f"{quote(client_id, safe='')}:{quote(client_secret, safe='')}"
    return f"Basic {base64.b64encode(joined.encode()).decode()}"
