"""Staff sign in through their office's own provider, and what a hostile provider, browser or colleague gets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from joserfc.jwk import ECKey, RSAKey

from services.identity.office_sign_in import provider_client
from services.identity.office_sign_in import service as sign_ins
from services.identity.office_sign_in.repository import OFFICE_LINK, RETURNED
from services.identity.office_sign_in.schemas import LONGEST_CODE, LONGEST_ERROR, LONGEST_ISSUER, LONGEST_STATE
from services.identity.office_sign_in.service import CLAIM_SECONDS, SIGN_IN_SECONDS
from services.identity.staff.repository import STAFF
from services.identity.staff.states import StaffState
from shared.audit import AUDIT
from shared.ids import derived_id
from shared.store.port import VersionConflict
from tests.unit.identity.office_counter import LIST, Counter, at_work
from tests.unit.identity.office_provider import (
    NEW_KEYS,
    FakeProvider,
    signed_with_another_key,
    signed_with_client_secret,
    signed_with_key_of_token,
    signed_with_public_key,
    unsigned,
    with_key_id,
    without_key_id,
)
from tests.unit.identity.world import World

NOT_TRUSTED = "cannot be trusted"


@pytest.fixture(autouse=True)
def _loopback_allowed(socket_enabled: None) -> None:
    """Let these tests open sockets where the unit room blocks them."""


@pytest.fixture
async def counter(world: World) -> AsyncIterator[Counter]:
    async with at_work(world) as ready:
        yield ready


# The way there and back


async def test_a_linked_member_signs_in_with_the_tokens_of_a_password(counter: Counter) -> None:
    await counter.link()
    browser = counter.browser()
    assert "Kanim &lt;Contoh&gt;" in (await browser.call("GET", LIST))[1]
    url = await counter.begin(browser)
    asked = dict(parse_qsl(urlsplit(url).query))
    assert url.startswith(f"{counter.provider.issuer}/authorize?")
    assert (asked["code_challenge_method"], asked["response_type"], asked["scope"]) == ("S256", "code", "openid")
    assert asked["redirect_uri"].endswith(f"{LIST}/{counter.provider_id}/callback")
    assert (await counter.claim(browser))[1]["code"] == "not_known_yet"
    assert "You are signed in" in await counter.come_back(browser, counter.provider.authorize(url))
    status, tokens = await counter.claim(browser)
    assert (status, tokens["account_id"], tokens["role"]) == (
        200,
        derived_id("staff", "front_officer"),
        "front_officer",
    )
    browser.token = tokens["access_token"]
    assert (
        await browser.call("POST", "/v1/persons/lookup", {"nik": "3174011203880002", "reason": "person_at_counter"})
    )[1]["code"] == ("person_not_known")
    refreshed = await browser.call("POST", "/v1/tokens/refresh", {"refresh_token": tokens["refresh_token"]})
    assert refreshed[0] == 200
    assert ("signed_in", "done", f"office_provider:{counter.provider_id}") in await counter.audited()


async def test_the_cookie_and_the_store_hold_nothing_that_a_thief_can_use(counter: Counter) -> None:
    await counter.link()
    browser = counter.browser()
    url = await counter.begin(browser)
    asked = dict(parse_qsl(urlsplit(url).query))
    given = browser.headers["Set-Cookie"]
    assert "HttpOnly" in given and "SameSite=Lax" in given and f"Max-Age={SIGN_IN_SECONDS}" in given
    assert browser.headers["Cache-Control"] == "no-store"
    assert asked["state"] not in given and asked["nonce"] not in given
    before = [record.id async for record in counter.world.store.scan(RETURNED)]
    await counter.come_back(browser, counter.provider.authorize(url))
    stored = [record async for record in counter.world.store.scan(RETURNED) if record.id not in before]
    secrets = (asked["state"], asked["nonce"], browser.cookie.partition("=")[2])
    assert len(stored) == 1 and not any(secret in repr(stored) for secret in secrets)
    links = [record async for record in counter.world.store.scan(OFFICE_LINK)]
    assert len(links) == 1 and counter.provider.subject not in str(links[0].state.subjects)
    lines = [record.state async for record in counter.world.store.scan(AUDIT)]
    assert counter.provider.subject not in repr(lines)


async def test_a_link_of_before_keeps_its_subject_from_the_next_sign_in_on(counter: Counter) -> None:
    await counter.link()
    store, now = counter.world.store, counter.world.clock.now()
    (made,) = [record async for record in store.scan(OFFICE_LINK)]
    assert made.state.subject_sealed is not None and counter.provider.subject not in made.state.subject_sealed
    before = await store.save(OFFICE_LINK, made, replace(made.state, subject_sealed=None), now=now)
    assert (await counter.sign_in(counter.browser()))[0] == 200
    (after,) = [record async for record in store.scan(OFFICE_LINK)]
    assert after.version == before.version + 1 and after.state.subject_sealed is not None
    assert replace(after.state, subject_sealed=None) == before.state
    assert (await counter.sign_in(counter.browser()))[0] == 200
    (again,) = [record async for record in store.scan(OFFICE_LINK)]
    assert again == after, "it is written once"


async def test_a_link_that_was_changed_meanwhile_signs_in_all_the_same(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    await counter.link()
    store, now = counter.world.store, counter.world.clock.now()
    (made,) = [record async for record in store.scan(OFFICE_LINK)]
    await store.save(OFFICE_LINK, made, replace(made.state, subject_sealed=None), now=now)
    save = store.save

    async def too_late(kind: Any, *arguments: Any, **named: Any) -> Any:
        if kind is OFFICE_LINK:
            raise VersionConflict("somebody else was faster")
        return await save(kind, *arguments, **named)

    monkeypatch.setattr(store, "save", too_late)
    assert (await counter.sign_in(counter.browser()))[0] == 200


async def test_over_https_the_cookie_belongs_to_this_host_alone() -> None:
    async with at_work(World(public_url="https://paspor.example.org")) as counter:
        browser = counter.browser()
        url = await counter.begin(browser)
        assert browser.headers["Set-Cookie"].startswith("__Host-paspor-office=po1.")
        assert browser.headers["Set-Cookie"].endswith("; Secure")
        assert "redirect_uri=https%3A%2F%2Fpaspor.example.org%2Fv1%2F" in url


@pytest.mark.parametrize("algorithm", NEW_KEYS)
async def test_every_algorithm_that_can_be_allowed_is_verified(counter: Counter, algorithm: str) -> None:
    counter.provider.key, counter.provider.algorithm = NEW_KEYS[algorithm](), algorithm
    await counter.change(algorithms=[algorithm])
    await counter.link()
    assert (await counter.sign_in(counter.browser()))[0] == 200


# The provider lies


def changed(**claims: Any) -> Callable[[FakeProvider], None]:
    def change(provider: FakeProvider) -> None:
        provider.claims = {**provider.claims, **claims}

    return change


def sending(token: Callable[[FakeProvider, dict[str, Any]], str]) -> Callable[[FakeProvider], None]:
    def change(provider: FakeProvider) -> None:
        provider.sign = token

    return change


def since(seconds: int) -> Callable[[FakeProvider], None]:
    def change(provider: FakeProvider) -> None:
        now = int(provider.clock.now().timestamp())
        provider.claims = {**provider.claims, "iat": now + seconds, "exp": now + seconds + 60}

    return change


def authenticated(seconds: int) -> Callable[[FakeProvider], None]:
    def change(provider: FakeProvider) -> None:
        provider.claims = {**provider.claims, "auth_time": int(provider.clock.now().timestamp()) + seconds}

    return change


LIES: Mapping[str, tuple[Callable[[FakeProvider], None], str]] = {
    "wrong nonce": (changed(nonce="another"), "nonce"),
    "no nonce": (changed(nonce=None), "nonce"),
    "nonce that is no text": (changed(nonce=7), "nonce"),
    "nonce that is half a character": (changed(nonce="\ud800"), "nonce"),
    "wrong audience": (changed(aud="another-client"), "aud"),
    "no audience": (changed(aud=None), "aud"),
    "several audiences, for none in particular": (changed(aud=["paspor", "another-client"]), "azp"),
    "authorised for another": (changed(azp="another-client"), "azp"),
    "several audiences, for another": (changed(aud=["paspor", "another-client"], azp="another-client"), "azp"),
    "wrong issuer": (changed(iss="https://masuk.example.com"), "iss"),
    "expired": (since(-120), "exp"),
    "from the future": (since(120), "iat"),
    "old, and good for long": (
        lambda provider: (since(-601)(provider), changed(exp=9_999_999_999)(provider))[0],
        "iat",
    ),
    "never ends": (changed(exp=None), "exp"),
    "ends as a text": (changed(exp="tomorrow"), "exp"),
    "no subject": (changed(sub=None), "sub"),
    "empty subject": (changed(sub=""), "sub"),
    "long subject": (changed(sub="s" * 256), "sub"),
    "subject that is no text": (changed(sub=["subject-1"]), "sub"),
    "subject that is half a character": (changed(sub="\ud800"), "sub"),
    "authenticated yesterday": (authenticated(-12 * 3600 - 31), "auth_time"),
    "never authenticated": (changed(auth_time=None), "auth_time"),
    "authenticated as a text": (changed(auth_time="now"), "auth_time"),
    "no signature": (sending(lambda _, claims: unsigned(claims)), "algorithm"),
    "HMAC with the public key": (sending(signed_with_public_key), "algorithm"),
    "HMAC with the client secret": (sending(signed_with_client_secret), "algorithm"),
    "another key": (sending(signed_with_another_key), "signature"),
    "a key of the token's own": (sending(signed_with_key_of_token), "signature"),
    "a key that is not published": (sending(lambda it, claims: it.signed(claims, kid="key-2")), "key"),
    "a key id that is no text": (sending(with_key_id(7)), "unreadable"),
    "no token": (sending(lambda _, claims: "no-token"), "unreadable"),
}


@pytest.mark.parametrize("lie", LIES)
async def test_a_lie_of_the_provider_signs_nobody_in(counter: Counter, lie: str) -> None:
    await counter.link()
    change, reason = LIES[lie]
    change(counter.provider)
    browser = counter.browser()
    page = await counter.come_back(browser, counter.provider.authorize(await counter.begin(browser)))
    assert NOT_TRUSTED in page and "You are not signed in" in page
    status, problem = await counter.claim(browser)
    assert (status, problem["code"]) == (403, "office_answer_not_trusted")
    assert ("sign_in_refused", "refused", f"office_answer_not_trusted:{reason}") in await counter.audited()
    assert (await counter.staff("front_officer")).signed_in_at == counter.world.now(), "the password of before"
    assert len((await counter.staff("front_officer")).sessions) == 1


@pytest.mark.parametrize("truth", ["own audience in a list", "authorised for us", "no id of the key", "in time"])
async def test_what_only_looks_odd_is_taken(counter: Counter, truth: str) -> None:
    """The twin of the lies: each differs from one by its last step."""
    await counter.link()
    match truth:
        case "own audience in a list":
            counter.provider.claims["aud"] = ["paspor"]
        case "authorised for us":
            counter.provider.claims |= {"aud": ["paspor", "another-client"], "azp": "paspor"}
        case "no id of the key":
            key = counter.provider.key.as_dict(private=False)
            counter.provider.keys = {"keys": [{name: key[name] for name in ("kty", "crv", "x", "y")}]}
            counter.world.clock.advance(provider_client.KEEP_SECONDS)
            counter.provider.sign = without_key_id
        case "in time":
            since(-89)(counter.provider)
            authenticated(-12 * 3600 - 30)(counter.provider)
    assert (await counter.sign_in(counter.browser()))[0] == 200


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"iss": "https://masuk.example.com"}, NOT_TRUSTED),
        ({"iss": None}, NOT_TRUSTED),
        ({"error": "access_denied"}, "did not let you in"),
        ({"code": None}, "did not let you in"),
        ({"code": "another"}, NOT_TRUSTED),
    ],
)
async def test_an_answer_of_another_issuer_or_without_a_code_signs_nobody_in(
    counter: Counter, sent: dict[str, str | None], said: str
) -> None:
    await counter.link()
    browser = counter.browser()
    answer = {**counter.provider.authorize(await counter.begin(browser)), **sent}
    page = await counter.come_back(browser, {name: value for name, value in answer.items() if value is not None})
    assert said in page
    assert (await counter.claim(browser))[0] == 403


async def test_a_provider_that_never_names_itself_need_not(counter: Counter) -> None:
    counter.provider.document["authorization_response_iss_parameter_supported"] = False
    counter.world.clock.advance(provider_client.KEEP_SECONDS)
    await counter.link()
    browser = counter.browser()
    sent = counter.provider.authorize(await counter.begin(browser))
    del sent["iss"]
    assert "You are signed in" in await counter.come_back(browser, {**sent, "session_state": "of-the-provider"})


# The browser lies


async def test_a_code_with_its_state_counts_in_the_browser_that_asked_for_it_alone(counter: Counter) -> None:
    await counter.link()
    thief, browser = counter.browser(), counter.browser()
    sent = counter.provider.authorize(await counter.begin(browser))
    assert "began in another browser" in await counter.come_back(thief, sent)
    await counter.begin(thief)
    assert "began in another browser" in await counter.come_back(thief, sent), "with a cookie of their own"
    assert (await counter.claim(thief))[1]["code"] == "not_known_yet"
    assert "You are signed in" in await counter.come_back(browser, sent), "nothing was used up by the thief"
    thief.cookie = f"{browser.cookie}x"
    assert (await counter.claim(thief))[1]["code"] == "office_sign_in_over"


async def test_an_answer_and_its_tokens_count_once(counter: Counter) -> None:
    await counter.link()
    browser = counter.browser()
    sent = counter.provider.authorize(await counter.begin(browser))
    assert "You are signed in" in await counter.come_back(browser, sent)
    assert "This sign-in is over" in await counter.come_back(browser, sent)
    assert (await counter.claim(browser))[0] == 200
    assert (await counter.claim(browser))[1]["code"] == "office_sign_in_over"


async def test_of_answers_and_claims_that_come_at_once_one_counts(counter: Counter) -> None:
    await counter.link()
    browser = counter.browser()
    sent = counter.provider.authorize(await counter.begin(browser))
    pages = await asyncio.gather(*(counter.come_back(browser, sent) for _ in range(4)))
    assert sorted("You are signed in" in page for page in pages) == [False, False, False, True]
    claims = await asyncio.gather(*(counter.claim(browser) for _ in range(4)))
    assert sorted(status for status, _ in claims) == [200, 403, 403, 403]


@pytest.mark.parametrize("guarded", [True, False])
async def test_of_two_claims_that_have_both_read_the_answer_one_counts(
    counter: Counter, monkeypatch: pytest.MonkeyPatch, guarded: bool
) -> None:
    """The twin writes without a look at the version: both get tokens."""
    await counter.link()
    browser = counter.browser()
    await counter.come_back(browser, counter.provider.authorize(await counter.begin(browser)))
    read, both = counter.world.store.get, asyncio.Barrier(2)

    async def meet(kind: Any, record_id: str) -> Any:
        found = await read(kind, record_id)
        if kind is RETURNED:
            await both.wait()
        return found

    async def write(*_: Any) -> None:
        """Let everybody pass."""

    monkeypatch.setattr(counter.world.store, "get", meet)
    if not guarded:
        monkeypatch.setattr(sign_ins.OfficeSignIns, "_save", write)
    claims = await asyncio.gather(counter.claim(browser), counter.claim(browser))
    assert sorted(status for status, _ in claims) == ([200, 403] if guarded else [200, 200])


async def test_twin_without_the_mark_of_use_an_answer_counts_twice(
    counter: Counter,
) -> None:
    """With the mark taken away after each return, and a provider that redeems a code twice, the replay succeeds."""
    await counter.link()
    browser = counter.browser()
    sent = counter.provider.authorize(await counter.begin(browser))
    kept = dict(counter.provider._codes)
    assert "You are signed in" in await counter.come_back(browser, sent)
    for record in [record async for record in counter.world.store.scan(RETURNED)]:
        await counter.world.store.remove(RETURNED, record)
    counter.provider._codes.update(kept)
    assert "You are signed in" in await counter.come_back(browser, sent)


async def test_a_sign_in_ends_after_ten_minutes_and_its_tokens_wait_for_two(counter: Counter) -> None:
    await counter.link()
    browser, slow = counter.browser(), counter.browser()
    sent = counter.provider.authorize(await counter.begin(browser))
    counter.world.clock.advance(SIGN_IN_SECONDS - CLAIM_SECONDS - 1)
    slow_sent = counter.provider.authorize(await counter.begin(slow))
    await counter.come_back(browser, sent)
    counter.world.clock.advance(CLAIM_SECONDS - 0.001)
    other = counter.browser()
    other.cookie = browser.cookie
    await counter.come_back(slow, slow_sent)
    counter.world.clock.advance(0.001)
    assert (await counter.claim(other))[1]["code"] == "office_sign_in_over"
    counter.world.clock.advance(CLAIM_SECONDS - 0.002)
    assert (await counter.claim(slow))[0] == 200
    late = counter.browser()
    late_sent = counter.provider.authorize(await counter.begin(late))
    counter.world.clock.advance(SIGN_IN_SECONDS)
    assert "This sign-in is over" in await counter.come_back(late, late_sent)


async def test_the_cookie_of_one_provider_is_none_of_another(counter: Counter) -> None:
    await counter.link()
    browser = counter.browser()
    sent = counter.provider.authorize(await counter.begin(browser))
    other = (await counter.approve(await counter.propose(name="Kanim Lain")))["provider_id"]
    status, page = await browser.call("GET", f"{LIST}/{other}/callback", query=sent)
    assert (status, "This sign-in is over" in page) == (200, True)


async def test_the_longest_answer_of_a_provider_fits_into_a_request(counter: Counter) -> None:
    lengths = {"state": LONGEST_STATE, "code": LONGEST_CODE, "iss": LONGEST_ISSUER, "error": LONGEST_ERROR}
    longest = {name: "%" * length for name, length in lengths.items()}
    path = f"{LIST}/{counter.provider_id}/callback"
    status, page = await counter.browser().call("GET", path, query=longest)
    assert (status, "This sign-in is over" in page) == (200, True)
    for name, text in longest.items():
        assert (await counter.browser().call("GET", path, query={**longest, name: text + "%"}))[0] == 422
    assert (await counter.browser().call("GET", path, query={**longest, "state": "é"}))[0] == 422


async def test_a_crash_while_the_code_is_redeemed_leaves_nothing_that_counts(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    await counter.link()
    browser = counter.browser()
    sent = counter.provider.authorize(await counter.begin(browser))

    async def die(*_: Any, **__: Any) -> Any:
        raise SystemError("the process dies here")

    with monkeypatch.context() as dying:
        dying.setattr(sign_ins.OfficeSignIns, "_redeem", die)
        assert (await browser.call("GET", f"{LIST}/{counter.provider_id}/callback", query=sent))[0] == 500
    assert "This sign-in is over" in await counter.come_back(browser, sent)
    assert (await counter.claim(browser))[1]["code"] == "not_known_yet"
    assert (await counter.sign_in(browser))[0] == 200, "begun again in the same browser"


# The provider is down, floods or hangs


async def test_a_provider_that_is_down_is_told_in_words_and_passwords_go_on(counter: Counter) -> None:
    await counter.link()
    counter.world.clock.advance(provider_client.KEEP_SECONDS)
    counter.provider.status = 503
    browser = counter.browser()
    status, page = await browser.call("GET", f"{LIST}/{counter.provider_id}")
    assert (status, "does not answer right now" in page, "sign in with your password" in page) == (200, True, True)
    status, page = await browser.call("GET", f"{LIST}/{counter.provider_id}?language=id")
    assert "sedang tidak menjawab" in page
    assert (await browser.log_in("front_officer"))[0] == 200
    for _ in range(10):
        await browser.call("GET", f"{LIST}/{counter.provider_id}")
    asked = len(counter.provider.asked)
    await browser.call("GET", f"{LIST}/{counter.provider_id}")
    assert len(counter.provider.asked) == asked, "it is not asked while it keeps failing"
    counter.provider.status = 200
    counter.world.clock.advance(10)
    assert (await counter.sign_in(counter.browser()))[0] == 200


WRONG_DOCUMENTS: Mapping[str, dict[str, Any]] = {
    "of another issuer": {"issuer": "https://masuk.example.com"},
    "with keys inside": {"jwks_uri": "https://10.0.0.1/keys"},
    "with a token endpoint in the clear": {"token_endpoint": "http://masuk.example.org/token"},
    "with an authorization endpoint that is a script": {"authorization_endpoint": "javascript:alert(1)"},
    "without keys": {"jwks_uri": None},
    "that is a flood": {"padding": "x" * 2_000_000},
}


@pytest.mark.parametrize("which", WRONG_DOCUMENTS)
async def test_a_wrong_document_is_no_provider(counter: Counter, which: str) -> None:
    counter.world.clock.advance(provider_client.KEEP_SECONDS)
    wrong = dict(WRONG_DOCUMENTS[which])
    counter.provider.padding = wrong.pop("padding", "")
    counter.provider.document = wrong
    status, page = await counter.browser().call("GET", f"{LIST}/{counter.provider_id}")
    assert (status, "does not answer right now" in page) == (200, True)


def many_keys() -> dict[str, Any]:
    return {"keys": [{"kty": "EC", "kid": f"key-{number}"} for number in range(provider_client.MOST_KEYS + 1)]}


@pytest.mark.parametrize("flood", ["bytes", "keys", "hanging"])
async def test_a_flood_of_keys_or_a_hanging_answer_ends_the_sign_in(
    counter: Counter, flood: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await counter.link()
    browser = counter.browser()
    sent = counter.provider.authorize(await counter.begin(browser))
    counter.world.clock.advance(SIGN_IN_SECONDS - 1)
    counter.provider.claims |= {"iat": int(counter.world.now().timestamp())}
    match flood:
        case "bytes":
            counter.provider.keys = {"keys": [{"kty": "EC", "x": "x" * 2_000_000}]}
        case "keys":
            counter.provider.keys = many_keys()
        case "hanging":
            monkeypatch.setattr(provider_client, "TRY_SECONDS", 0.05)
            counter.provider.hangs = True
    counter.world.identity.office_sign_ins._client._known(counter.provider.issuer).keys_at = None
    assert "does not answer right now" in await counter.come_back(browser, sent)
    assert (await counter.claim(browser))[1]["code"] == "office_provider_down"


async def test_a_new_key_is_fetched_once_in_half_a_minute(counter: Counter) -> None:
    await counter.link()
    counter.provider.key = ECKey.generate_key("P-256")
    counter.provider.keys = {"keys": [{**counter.provider.key.as_dict(private=False), "kid": "key-2"}]}
    counter.provider.sign = lambda it, claims: it.signed(claims, kid="key-2")
    for _ in range(3):
        assert (await counter.sign_in(counter.browser()))[1]["code"] == "office_answer_not_trusted"
    assert counter.provider.asked.count("/keys") == 1
    counter.world.clock.advance(provider_client.REFRESH_PAUSE_SECONDS)
    assert (await counter.sign_in(counter.browser()))[0] == 200
    assert counter.provider.asked.count("/keys") == 2


@pytest.mark.parametrize(
    "keys",
    [
        [{"kty": "oct", "k": "c2VjcmV0", "kid": "key-1"}],
        [ECKey.generate_key("P-256").as_dict(private=True) | {"kid": "key-1"}],
        [RSAKey.generate_key(1024).as_dict(private=False) | {"kid": "key-1"}],
        [{"kty": "unknown", "kid": "key-1"}],
        [{"kty": "EC", "crv": "P-256", "kid": "key-1"}],
        [{"kty": "RSA", "kid": "key-1", "e": "AQAB", "n": "u1W"}],
        [],
    ],
)
async def test_keys_that_verify_nothing_are_passed_over(counter: Counter, keys: list[dict[str, Any]]) -> None:
    counter.provider.keys = {"keys": keys}
    browser = await counter.signed_in("front_officer")
    begun = await browser.done("POST", "/v1/staff/office-links", {"provider_id": counter.provider_id})
    page = await counter.come_back(browser, counter.provider.authorize(begun["authorization_url"]))
    assert NOT_TRUSTED in page
    key = counter.provider.key
    good = {**key.as_dict(private=False), "kid": "key-1"}
    counter.provider.keys = {"keys": [*keys, {**good, "use": "enc"}, {**good, "alg": "ES384"}, good]}
    counter.world.clock.advance(provider_client.REFRESH_PAUSE_SECONDS)
    await counter.link()


@pytest.mark.parametrize(("status", "body"), [(500, None), (200, "no token")])
async def test_a_token_endpoint_that_gives_no_token_is_down(counter: Counter, status: int, body: str | None) -> None:
    await counter.link()
    browser = counter.browser()
    sent = counter.provider.authorize(await counter.begin(browser))
    counter.provider.status = status
    if body is not None:
        counter.provider.sign = lambda _, __: ""
    assert "does not answer right now" in await counter.come_back(browser, sent)


# The second factor


@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({"amr": ["pwd", "mfa"]}, 200),
        ({"amr": None, "acr": "urn:two"}, 200),
        ({"amr": ["pwd"]}, 403),
        ({"amr": None}, 403),
        ({"amr": "mfa"}, 403),
        ({"amr": [["mfa"]]}, 403),
        ({"amr": None, "acr": "urn:one"}, 403),
        ({"amr": None, "acr": ["urn:two"]}, 403),
    ],
)
async def test_only_a_second_factor_by_the_agreed_words_counts(
    counter: Counter, claims: dict[str, Any], status: int
) -> None:
    await counter.change(acr_values=["urn:two"])
    await counter.link()
    counter.provider.claims = claims
    browser = counter.browser()
    url = await counter.begin(browser)
    assert dict(parse_qsl(urlsplit(url).query))["acr_values"] == "urn:two"
    await counter.come_back(browser, counter.provider.authorize(url))
    answered, problem = await counter.claim(browser)
    assert answered == status
    assert status == 200 or problem["code"] == "second_factor_not_proved"


# By the user name


async def hired(counter: Counter, username: str = "dewi.contoh") -> str:
    """A member with a one-time password; their id."""
    body = {
        "username": username,
        "full_name": "Dewi Contoh",
        "role": "front_officer",
        "office_id": "jakarta-selatan",
        "reason": "new_post",
    }
    head = await counter.signed_in("office_admin")
    member = await head.done("POST", "/v1/staff/members", body)
    assert member["state"] == StaffState.INVITED
    return str(member["staff_id"])


async def test_whoever_is_hired_under_the_name_that_the_token_has_is_linked_at_once(counter: Counter) -> None:
    staff_id = await hired(counter)
    counter.provider.claims["preferred_username"] = "Dewi.Contoh"
    assert (await counter.sign_in(counter.browser()))[1]["code"] == "office_user_not_linked"
    await counter.change(links_by_user_name=True)
    status, tokens = await counter.sign_in(counter.browser())
    assert (status, tokens["account_id"]) == (200, staff_id)
    record = await counter.world.store.get(STAFF, staff_id)
    assert record is not None
    assert (record.state.state, record.state.password_hash, record.state.one_time) == (StaffState.ACTIVE, "", None)
    assert (await counter.browser().log_in("dewi.contoh", ""))[0] in (401, 422)
    assert ("office_link_made", "done", counter.provider_id) in await counter.audited()
    counter.provider.claims["preferred_username"] = "someone.else"
    assert (await counter.sign_in(counter.browser()))[1]["account_id"] == staff_id, "the subject counts from now on"
    counter.provider.subject = "subject-2"
    counter.provider.claims["preferred_username"] = "dewi.contoh"
    assert (await counter.sign_in(counter.browser()))[1]["code"] == "office_user_not_linked", "the name counts once"


@pytest.mark.parametrize("name", ["office_admin", "operator", "treasurer", "office_admin2", "nobody", 7, None])
async def test_the_name_of_a_head_or_of_another_office_links_nobody(counter: Counter, name: Any) -> None:
    await counter.change(links_by_user_name=True)
    counter.provider.claims["preferred_username"] = name
    assert (await counter.sign_in(counter.browser()))[1]["code"] == "office_user_not_linked"
    assert [record async for record in counter.world.store.scan(OFFICE_LINK)] == []
    assert len([record async for record in counter.world.store.scan(STAFF)]) == 7, "no account is made by a token"


async def test_after_a_link_was_ended_the_name_makes_no_other(counter: Counter) -> None:
    await counter.change(links_by_user_name=True)
    await counter.decide(await counter.link(), "end")
    counter.provider.claims["preferred_username"] = "front_officer"
    assert (await counter.sign_in(counter.browser()))[1]["code"] == "office_user_not_linked"


# The member's state counts, not the provider's word


@pytest.mark.parametrize(
    ("act", "body", "code"),
    [
        ("lock", {}, "staff_suspended"),
        ("departure", {}, "staff_not_in_service"),
        ("reassignment", {"role": "front_officer", "office_id": "jakarta-utara"}, "office_not_spoken_for"),
    ],
)
@pytest.mark.parametrize("when", ["before", "between"])
async def test_a_member_who_is_locked_gone_or_moved_is_not_let_in(
    counter: Counter, act: str, body: dict[str, str], code: str, when: str
) -> None:
    await counter.link()
    browser = counter.browser()
    url = await counter.begin(browser)
    operator = await counter.signed_in("operator")
    path = f"/v1/staff/members/{derived_id('staff', 'front_officer')}/{act}"
    if when == "between":
        await counter.come_back(browser, counter.provider.authorize(url))
    await operator.done("POST", path, {**body, "reason": "transfer"})
    if when == "before":
        await counter.come_back(browser, counter.provider.authorize(url))
    assert (await counter.claim(browser))[1]["code"] == code


async def test_a_link_that_ends_before_the_tokens_are_taken_gives_none(counter: Counter) -> None:
    link_id = await counter.link()
    browser = counter.browser()
    await counter.come_back(browser, counter.provider.authorize(await counter.begin(browser)))
    await counter.decide(link_id, "end")
    assert (await counter.claim(browser))[1]["code"] == "office_user_not_linked"


async def test_where_the_office_says_so_a_linked_member_has_no_password(counter: Counter) -> None:
    await counter.link()
    await counter.change(allows_passwords=False)
    for _ in range(7):  # a right password is no wrong try
        status, problem = await counter.browser().log_in("front_officer")
        assert (status, problem["code"]) == (403, "password_not_allowed")
    assert (await counter.browser().log_in("front_officer", "wrong"))[1]["code"] == "credentials_wrong"
    assert (await counter.browser().log_in("interviewer"))[0] == 200, "not linked"
    assert (await counter.sign_in(counter.browser()))[0] == 200
    await counter.change(allows_passwords=False, offices=["jakarta-utara"])
    assert (await counter.browser().log_in("front_officer"))[0] == 200, "it speaks for another office now"


async def test_the_page_without_providers_says_so(world: World) -> None:
    async with at_work(world) as counter:
        operator = await counter.signed_in("operator")
        await operator.done("POST", f"/v1/staff/office-providers/{counter.provider_id}/stop", {"reason": "correction"})
        assert "No office has a sign-in of its own" in (await operator.call("GET", LIST))[1]
        assert "Belum ada kantor" in (await operator.call("GET", f"{LIST}?language=id"))[1]
        status, page = await operator.call("GET", f"{LIST}/{counter.provider_id}")
        assert (status, "There is no such office sign-in" in page) == (200, True)
