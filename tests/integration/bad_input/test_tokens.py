"""Bad input over HTTP: no token, a wrong one, an old one, a wrong role, a wrong signature."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from shared.http.endpoint import Door, Endpoint
from shared.tokens import Caller as Known
from shared.tokens import Role, TokenIssuer, new_signing_key_pem
from tests.assembled import OFFICE
from tests.integration.bad_input.ground import EVERY, NOBODYS_ID, Ground, _signer, good_bodies, refused, those
from tests.unit.world import HurryingClock
from tests.walking import Caller


def test_every_form_has_a_good_example() -> None:
    named = ("applicant_id", "application_id", "document_id", "appointment_id", "bill_id")
    bodies = good_bodies(dict.fromkeys(named, NOBODYS_ID))
    with_body = {each.name: each for _, each in EVERY if each.body is not None}
    assert set(bodies) == set(with_body)
    for name, endpoint in with_body.items():
        assert endpoint.body is not None
        endpoint.body.model_validate_json(json.dumps(bodies[name]))


# -- nobody, somebody else, somebody of old: the token -----------------------------------------------------------------


@those(lambda each: each.access.door is Door.BEARER)
async def test_without_a_good_token_nothing_is_done(service: str, endpoint: Endpoint, ground: Ground) -> None:
    suite, account = ground.suite, ground["paid"].account_id
    role = next(iter(sorted(endpoint.access.roles)), Role.APPLICANT)
    stranger = TokenIssuer(new_signing_key_pem(), "paspor-identity", suite.clock)
    over = TokenIssuer(_suite_pem(), "paspor-identity", HurryingClock(suite.clock.now() - timedelta(hours=2)))
    tokens = {
        "token_missing": None,
        "token_malformed": "not.a.token",
        "token_expired": over.issue(Known(account, role, "s", OFFICE), 60),
        "token_not_trusted": stranger.issue(Known(account, role, "s", OFFICE), 900),
    }
    async with ground.unchanged(), Caller(suite) as caller:
        for code, token in tokens.items():
            caller.token = token
            reply = await ground.ask(caller, service, endpoint)
            if endpoint.method == "HEAD":
                assert reply.status == 401
            else:
                refused(reply, 401, code)
            assert reply.headers["WWW-Authenticate"].startswith("Bearer")


def _suite_pem() -> str:
    from tests.unit.identity.world import SIGNING_PEM

    return SIGNING_PEM


@those(lambda each: bool(each.access.roles))
async def test_the_wrong_role_is_told_and_changes_nothing(service: str, endpoint: Endpoint, ground: Ground) -> None:
    async with ground.unchanged():
        for role in sorted(set(Role) - endpoint.access.roles):
            async with Caller(ground.suite, ground.suite.token(role, ground["paid"].account_id)) as caller:
                reply = await ground.ask(caller, service, endpoint)
                if endpoint.method == "HEAD":
                    assert reply.status == 403
                else:
                    assert refused(reply, 403, "not_allowed")["needs"] == sorted(endpoint.access.roles)


@those(lambda each: each.access.door is Door.SIGNATURE)
async def test_an_unsigned_notice_is_nothing(service: str, endpoint: Endpoint, ground: Ground) -> None:
    body = json.dumps(ground.body(endpoint)).encode()
    now = ground.suite.clock.now()
    good = _signer(service)
    cases = {
        "signature_missing": {},
        "signature_wrong": _signer(service, secret="another-secret").headers(body, now),
        "signature_too_old": good.headers(body, now - timedelta(hours=1)),
    }
    async with ground.unchanged(), Caller(ground.suite) as caller:
        for code, headers in cases.items():
            reply = await caller.call(
                service, "POST", endpoint.path, raw=body, headers={"Content-Type": "application/json", **headers}
            )
            refused(reply, 401, code)
        changed = body.replace(b"2026", b"2027")
        reply = await caller.call(
            service,
            "POST",
            endpoint.path,
            raw=changed,
            headers={"Content-Type": "application/json", **good.headers(body, now)},
        )
        refused(reply, 401, "signature_wrong")


@those(lambda each: each.access.door is Door.SIGNATURE)
@pytest.mark.acceptance("X16.signed_strict")
async def test_a_signed_notice_with_a_member_that_is_not_known_is_refused(
    service: str, endpoint: Endpoint, ground: Ground
) -> None:
    body = json.dumps({**ground.body(endpoint), "surprise": 1}).encode()
    headers = {"Content-Type": "application/json", **_signer(service).headers(body, ground.suite.clock.now())}
    async with ground.unchanged(), Caller(ground.suite) as caller:
        reply = await caller.call(service, "POST", endpoint.path, raw=body, headers=headers)
        problem = refused(reply, 422, "malformed")
    assert [(error["pointer"], error["rule"]) for error in problem["errors"]] == [("/surprise", "extra_forbidden")]
    assert "Paspor-Ignored" not in reply.headers
