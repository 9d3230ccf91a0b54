"""Every endpoint of every service: sound, described, routed to its own service, safe to repeat, nobody's double."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import pytest

from devtools.docs_command import endpoints_of, openapi_of
from shared.events.subscriptions import SERVICES
from shared.http.call import JSON
from shared.http.endpoint import MAX_BODY_BYTES, Door, Endpoint
from shared.service import Parts
from tests.contract.gateway import NGINX_CONF, read_body_rules, read_routes
from tests.contract.openapi_rules import broken_rules

EVERYTHING = [(service, endpoint) for service in SERVICES for endpoint in endpoints_of(service)]

REPEATABLE_BY_NATURE = {
    ("identity", "refresh"): "the used refresh token is the key: a repeat meets the same successor",
    ("identity", "revoke"): "a session that has ended stays ended",
    ("identity", "log_in_staff"): "each try counts, and tokens must not be kept for a repeat",
    ("identity", "claim_office_tokens"): "tokens are taken once, and must not be kept for a repeat",
    ("identity", "ask_office_link"): "writes nothing: the cookie of each answer is a way of its own",
    ("identity", "finish_staff_login"): "a code counts once, and tokens must not be kept for a repeat",
    ("identity", "disown_sign_in"): "who is signed out stays so; a browser's form sends no header",
    ("identity", "undo_address_change"): "what is undone stays undone; a browser's form sends no header",
    ("identity", "log_out_by_office"): "a logout token counts once, and providers send no header of ours",
    ("identity", "undo_leaving_by_link"): "what is undone stays undone; a browser's form sends no header",
    ("identity", "look_up_person"): "reads; a POST so that the NIK is not in an address",
    ("application", "search_by_person"): "reads; a POST so that whom it is about is not in an address",
    ("identity", "import_staff"): "a dry run hires nobody, and its id is the key of the run",
    ("application", "import_passports"): "a dry run records nothing, and its id is the key of the run",
    ("billing", "upload_settlement"): "day and hash of the content are the file's id",
    ("billing", "take_notice"): "the treasury's number is the receipt's id",
    ("notification", "take_sms_receipt"): "the delivery is moved once",
    **{
        (service, f"begin_key_turn_of_{service}"): "the one that is under way is the one that is meant"
        for service in SERVICES
    },
}
"""POSTs without an Idempotency-Key, each with the reason why it needs none."""


def spoken(endpoint: Endpoint) -> str:
    return f"{endpoint.method} {endpoint.path}"


def an_address(path: str) -> str:
    """The path with an id in each of its places."""
    return re.sub(r"{[^}]*}", "0190c2f4-7c1e-7000-8000-000000000001", path)


@pytest.mark.parametrize("service", SERVICES)
def test_every_endpoint_is_sound(service: str) -> None:
    """That the description of all of them is valid OpenAPI, `test_interface.py` shows."""
    rules = [f"{spoken(endpoint)}: {rule}" for endpoint in endpoints_of(service) for rule in broken_rules(endpoint)]
    assert rules == []


@pytest.mark.parametrize("service", SERVICES)
def test_the_wired_service_answers_what_its_routes_declare(service: str, parts: Mapping[str, Parts]) -> None:
    assert list(parts[service].endpoints) == list(endpoints_of(service))


@pytest.mark.parametrize("service", SERVICES)
def test_every_answer_with_a_body_has_a_schema(service: str) -> None:
    for endpoint in endpoints_of(service):
        answers = openapi_of(service)["paths"][endpoint.path][endpoint.method.lower()]["responses"]
        for status, shape in endpoint.answers.items():
            assert shape is None or answers[str(status)]["content"], f"{spoken(endpoint)} {status}"
            for media_type, content in answers[str(status)].get("content", {}).items():
                # bytes of another type are described by the type alone (OpenAPI 3.1)
                assert "schema" in content or media_type != JSON, f"{spoken(endpoint)} {status}"


def test_no_two_services_answer_the_same_call() -> None:
    owners = defaultdict(set)
    for service, endpoint in EVERYTHING:
        owners[endpoint.method, re.sub(r"{[^}]*}", "{}", endpoint.path)].add(service)
    assert {call: services for call, services in owners.items() if len(services) > 1} == {}


@pytest.mark.parametrize(("service", "endpoint"), EVERYTHING, ids=lambda each: getattr(each, "name", each))
def test_the_gateway_knows_the_way(service: str, endpoint: Endpoint) -> None:
    assert read_routes().service(an_address(endpoint.path)) == service


@pytest.mark.parametrize(
    "path", ["/", "/metrics", "/health/invariants", "/v1", "/v1/", "/v1/nothing", "/v1/billsx", "/v1/registrations2"]
)
def test_the_gateway_shows_nothing_else(path: str) -> None:
    assert read_routes().service(path) == ""


WITH_BODY = [each for each in EVERYTHING if each[1].reads_body or each[1].raw_body]


@pytest.mark.parametrize(("service", "endpoint"), WITH_BODY, ids=lambda each: getattr(each, "name", each))
def test_bodies_wait_in_the_gateway_until_they_are_whole(service: str, endpoint: Endpoint) -> None:
    rules = read_body_rules(an_address(endpoint.path))
    assert rules.buffered is not endpoint.raw_body, "small bodies are buffered, uploads stream through"
    assert endpoint.raw_body or rules.most_bytes >= endpoint.max_body_bytes
    assert rules.most_bytes <= max(endpoint.max_body_bytes, MAX_BODY_BYTES), (
        "the gateway takes no more than the service"
    )
    assert min(rules.connections.values()) <= 64, "few of one address"


def test_a_gateway_that_passes_unfinished_bodies_on_is_noticed(tmp_path: Path) -> None:
    conf = tmp_path / "nginx.conf"
    text = NGINX_CONF.read_text(encoding="utf-8")
    conf.write_text(text.replace("proxy_buffering off;", "proxy_request_buffering off;"))
    assert not read_body_rules("/v1/payment-notices", conf).buffered
    assert read_body_rules("/v1/payment-notices").buffered


def test_a_gateway_without_a_table_is_noticed(tmp_path: Path) -> None:
    conf = tmp_path / "nginx.conf"
    conf.write_text("http { }\n")
    with pytest.raises(ValueError, match="no map"):
        read_routes(conf)
    conf.write_text("map $uri $service {\n  one two three four\n}\n")
    with pytest.raises(ValueError, match="cannot be read"):
        read_routes(conf)


@pytest.mark.parametrize(
    ("service", "endpoint"),
    [pair for pair in EVERYTHING if pair[1].method == "POST"],
    ids=lambda each: getattr(each, "name", each),
)
def test_every_command_can_be_repeated(service: str, endpoint: Endpoint) -> None:
    by_nature = (service, endpoint.name) in REPEATABLE_BY_NATURE
    assert endpoint.idempotent != by_nature, f"{spoken(endpoint)} is idempotent or has its reason, not both"


def test_every_reason_is_still_needed() -> None:
    assert {(service, endpoint.name) for service, endpoint in EVERYTHING} >= set(REPEATABLE_BY_NATURE)


@pytest.mark.parametrize("service", SERVICES)
def test_what_anybody_may_call_is_limited_by_address_or_by_the_default(service: str) -> None:
    """A public POST names its own limit: it makes or sends something for people nobody knows."""
    unlimited = [
        spoken(endpoint)
        for endpoint in endpoints_of(service)
        if endpoint.method == "POST" and endpoint.access.door is Door.OPEN and not endpoint.rates
    ]
    assert unlimited == []


def test_names_of_operations_are_unique_in_a_service() -> None:
    for service in SERVICES:
        names = [endpoint.name for endpoint in endpoints_of(service)]
        assert sorted(names) == sorted(set(names))


def test_the_gateway_shows_the_discovery_document_where_rfc_8414_looks_for_it() -> None:
    conf = NGINX_CONF.read_text(encoding="utf-8")
    place = "/.well-known/oauth-authorization-server"
    assert f"location = {place} {{" in conf
    assert f"proxy_pass http://$issuer:8080/v1{place};" in conf
    assert f"/v1{place}" in {endpoint.path for endpoint in endpoints_of("identity")}
