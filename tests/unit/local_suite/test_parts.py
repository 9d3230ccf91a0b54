"""The description of the parts."""

from __future__ import annotations

from itertools import chain

import pytest

from local_suite import service_process
from local_suite.home import PROJECT
from local_suite.parts import (
    DEFAULT_BASE,
    FRONT,
    MAX_REPLICAS,
    OFFSETS,
    SERVICES,
    SIMULATORS,
    Part,
    Ports,
    Wiring,
    describe,
)

SECRETS = {
    "master_keys": "k1:master",
    "fingerprint_keys": "k1:fingerprint",
    "token_signing_key": "pem",
    "queue_code_signing_keys": "k1:queue",
    "notification_key_pair": "private public",
    "application_key_pair": "own-private own-public",
    "portal_keys": "k1:portal",
    "demo_staff_password": "p",
    "dukcapil_password": "d",
    "simponi_client_secret": "s",
    "simponi_callback_secret": "c",
    "sms_client_secret": "m",
    "sms_receipt_secret": "r",
}
WIRING = Wiring(Ports(), SECRETS, "mongodb://127.0.0.1:8117/?replicaSet=rs0", "amqp://127.0.0.1:8172/%2F")


def parts(**more: object) -> dict[str, Part]:
    return {part.name: part for part in describe(WIRING, **more)}  # type: ignore[arg-type]


def test_a_setting_of_the_simulators_reaches_them_alone() -> None:
    found = parts(extra={"simulators": {"PASPOR_SIM_STATE_FOLDER": "/x"}})
    told = [name for name, part in found.items() if "PASPOR_SIM_STATE_FOLDER" in part.environment]
    assert told == ["simulators"]


def test_the_default_ports_are_the_documented_ones() -> None:
    ports = Ports()
    assert ports["portal"] == 8100
    assert [ports[name] for name in SERVICES] == [8101, 8102, 8103, 8104, 8105]
    assert [ports[name] for name in SIMULATORS] == [8201, 8202, 8203, 8204, 8207]
    assert [ports[name] for name in ("smtp", "mail")] == [8205, 8206]
    assert [ports[name] for name in ("mongod", "rabbitmq", "epmd", "rabbitmq-dist")] == [8117, 8172, 8169, 8173]


def test_papers_are_read_by_a_part_of_its_own_where_that_is_wanted() -> None:
    assert "paper-reading" not in parts()
    wanted = parts(extra={"application": {"PASPOR_PAPERS_READING": "wanted"}})
    application, reading = wanted["application"], wanted["paper-reading"]
    assert reading.module == "services.application.paper_reading"
    assert reading.health == ("http://127.0.0.1:8106/health/ready",)
    port = {"PASPOR_HTTP_PORT"}
    assert {**reading.environment, **dict.fromkeys(port, "")} == {**application.environment, **dict.fromkeys(port, "")}


def test_no_two_listeners_share_a_port_with_as_many_replicas_as_there_may_be() -> None:
    read = {"application": {"PASPOR_PAPERS_READING": "wanted"}}
    described = parts(replicas=dict.fromkeys(SERVICES, MAX_REPLICAS), extra=read)
    servers = {OFFSETS[name] + DEFAULT_BASE for name in ("mongod", "rabbitmq", "epmd", "rabbitmq-dist")}
    taken = [*servers, *chain.from_iterable(part.ports.values() for part in described.values())]
    assert len(taken) == len(set(taken))


def test_every_service_gets_the_common_settings_its_own_port_and_its_own_health_address() -> None:
    for service in SERVICES:
        part = parts()[service]
        assert part.module == f"services.{service}"
        assert part.environment["PASPOR_HTTP_PORT"] == str(Ports()[service])
        assert part.environment["PASPOR_MONGO_URL"] == WIRING.mongo_url
        assert part.environment["PASPOR_AMQP_URL"] == WIRING.amqp_url
        assert part.environment["PASPOR_HTTP_HOST"] == "127.0.0.1"
        assert part.health == (f"http://127.0.0.1:{Ports()[service]}/health/ready",)


def test_the_portal_is_told_of_services_and_simulators_and_of_no_server() -> None:
    portal = parts()["portal"]
    assert (portal.module, portal.rank) == ("portal", FRONT), "it starts after what it shows and stops before it"
    assert portal.health == ("http://127.0.0.1:8100/health/ready",)
    assert portal.live == ("http://127.0.0.1:8100/health/live",)
    for service in SERVICES:
        assert portal.environment[f"PASPOR_{service.upper()}_URL"] == Ports().url(service)
    assert portal.environment["PASPOR_TRIAL_MAILBOX_URL"] == "http://127.0.0.1:8206"
    assert not {WIRING.mongo_url, WIRING.amqp_url, "k1:master", "pem"} & set(portal.environment.values())
    assert parts(extra={"portal": {"PASPOR_LOG_LEVEL": "debug"}})["portal"].environment["PASPOR_LOG_LEVEL"] == "debug"


def test_mails_of_every_part_lead_to_the_portal_which_speaks_for_its_visitors() -> None:
    for name in (*SERVICES, "portal"):
        assert parts()[name].environment["PASPOR_PUBLIC_URL"] == "http://127.0.0.1:8100"
    assert {parts()[name].environment["PASPOR_TRUSTED_PROXIES"] for name in SERVICES} == {"127.0.0.1"}
    assert "PASPOR_TRUSTED_PROXIES" not in parts()["portal"].environment, "visitors say nothing of themselves"


def test_a_secret_goes_only_to_those_who_need_it() -> None:
    for name, part in parts().items():
        assert ("pem" in part.environment.values()) == (name == "identity")
        assert ("private" in part.environment.values()) == (name == "notification")
        assert ("k1:portal" in part.environment.values()) == (name == "portal")


def test_extra_settings_reach_all_or_one_and_win() -> None:
    described = parts(extra={"*": {"PASPOR_LOG_LEVEL": "debug"}, "billing": {"PASPOR_GRACE_SECONDS": "1"}})
    assert all(described[name].environment["PASPOR_LOG_LEVEL"] == "debug" for name in SERVICES)
    assert described["billing"].environment["PASPOR_GRACE_SECONDS"] == "1"
    assert "PASPOR_GRACE_SECONDS" not in described["identity"].environment


def test_a_replica_is_the_same_program_on_another_port() -> None:
    described = parts(replicas={"billing": 2})
    assert described["billing-2"].module == "services.billing"
    assert described["billing-2"].ports["http"] == Ports()["billing-2"] == 8124


@pytest.mark.parametrize("count", [0, MAX_REPLICAS + 1])
def test_too_few_or_too_many_replicas_are_refused(count: int) -> None:
    with pytest.raises(ValueError, match="replicas of billing"):
        parts(replicas={"billing": count})


def test_processes_keep_few_heaps_on_the_launcher_as_in_the_image() -> None:
    """Else each of a driver's threads keeps one of its own, and a large settlement file twice the memory."""
    image = (PROJECT / "Dockerfile").read_text()
    for name in ("MALLOC_ARENA_MAX", "MALLOC_MMAP_THRESHOLD_"):
        assert f"{name}={service_process.ENVIRONMENT[name]}" in image
