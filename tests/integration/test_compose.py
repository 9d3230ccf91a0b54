"""The deployment on one machine: what its file promises, and, where asked for, the journey through it.

The last part takes minutes: PASPOR_TEST_COMPOSE=1 and a Docker engine that answers.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from pydantic import AliasChoices

from deploy import prepare_mongo, prepare_rabbitmq
from journeys.reporter import Reporter
from journeys.ways import Ways
from local_suite import env_file
from local_suite.home import PROJECT
from local_suite.parts import SERVICES
from shared.bus import rights
from shared.crypto.sealed import new_keypair
from shared.settings import ProcessSettings, SettingsWrong
from tests.integration.composition import (
    Deployment,
    Missing,
    engine_answers,
    interpolate,
    services,
    strings,
    variables,
    whole_file,
)
from tests.integration.pictures import big_picture, padded_jpeg

ONE_SHOT: Final = {"mongo-prepared", "rabbitmq-prepared", "operator"}
SCALABLE: Final = (*SERVICES, "portal")
SECRET_NAME: Final = re.compile(r"KEY|PASS|SECRET|TOKEN")

every_service = pytest.mark.parametrize("name", sorted(services()))


def dockerfile_stages() -> dict[str, str]:
    """The text of each stage of the Dockerfile by its name; one that builds on another carries its text too."""
    stages: dict[str, str] = {}
    parts = re.split(r"^FROM (\S+) AS (\w+)$", (PROJECT / "Dockerfile").read_text(), flags=re.MULTILINE)
    for base, name, text in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        stages[name] = stages.get(base, "") + text
    return stages


def stage_of(described: dict[str, Any]) -> str | None:
    """The stage of our Dockerfile that a service's image is made of; None for images of others."""
    read = re.match(r"paspor/(\w+):", described["image"])
    return read[1] if read else None


# ---- what the file promises ------------------------------------------------


@every_service
def test_everything_has_limits(name: str) -> None:
    described = services()[name]
    assert {"mem_limit", "cpus", "pids_limit"} <= described.keys()
    assert {"max-size", "max-file"} == described["logging"]["options"].keys()


@every_service
def test_everything_is_read_only_and_without_rights(name: str) -> None:
    described = services()[name]
    assert described["read_only"] is True
    assert described["cap_drop"] == ["ALL"]
    assert described["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "cap_add", "devices", "network_mode", "pid", "ipc"} & described.keys()


@every_service
def test_nothing_runs_as_root(name: str) -> None:
    described = services()[name]
    stage = stage_of(described)
    user = described.get("user") or re.findall(r"^USER (\S+)$", dockerfile_stages()[stage or ""], re.MULTILINE)[-1]
    assert user.split(":")[0] not in ("root", "0")


@every_service
def test_what_stays_has_a_health_check_and_is_started_again(name: str) -> None:
    described, stage = services()[name], stage_of(services()[name])
    if name in ONE_SHOT:
        assert (described["restart"], described["healthcheck"]) == ("no", {"disable": True})
        return
    assert described["restart"] == "unless-stopped"
    assert "healthcheck" in described or (stage and "HEALTHCHECK" in dockerfile_stages()[stage])


@every_service
def test_nothing_is_published_beyond_loopback(name: str) -> None:
    for port in services()[name].get("ports", ()):
        assert interpolate(port, {}).startswith("127.0.0.1:")


def test_only_the_gateway_and_what_is_simulated_are_published() -> None:
    assert {name for name, each in services().items() if "ports" in each} == {"gateway", "mail", "simulators"}


@pytest.mark.parametrize("name", SCALABLE)
def test_services_can_be_scaled(name: str) -> None:
    assert not {"container_name", "hostname", "ports", "volumes"} & services()[name].keys()


def test_the_servers_cannot_be_reached_from_outside() -> None:
    assert whole_file()["networks"]["inside"] == {"internal": True}
    assert [services()[name]["networks"] for name in ("mongo", "rabbitmq", "operator")] == [["inside"]] * 3


def test_the_portal_reaches_services_and_no_server() -> None:
    """It is a client: it has no address of a server, waits for none, and is on no network that leads out."""
    portal = services()["portal"]
    assert portal["depends_on"] == {} and portal["networks"] == ["inside"]
    told = " ".join(map(str, portal["environment"].values()))
    assert not re.search(r"mongo|amqp|rabbit", told, re.IGNORECASE)
    for service in SERVICES:
        assert portal["environment"][f"PASPOR_{service.upper()}_URL"] == f"http://{service}:8080"
    assert services()["gateway"]["depends_on"]["portal"] == {"condition": "service_healthy"}
    assert "COPY portal portal" in dockerfile_stages()["suite"]
    keys = [name for name, each in services().items() if "PASPOR_PORTAL_KEYS" in each.get("environment", {})]
    assert keys == ["portal"], "nobody else opens what visitors carry"


@every_service
def test_images_of_others_are_pinned(name: str) -> None:
    image = interpolate(services()[name]["image"], {})
    assert ":" in image
    assert not image.endswith(":latest")


# ---- secrets ---------------------------------------------------------------


@every_service
def test_no_secret_stands_in_the_file(name: str) -> None:
    for variable, value in services()[name].get("environment", {}).items():
        if SECRET_NAME.search(variable):
            assert re.fullmatch(r"\$\{.*\}|", str(value)), variable
            assert without_required(str(value)) == "", variable
        for password in re.findall(r"://[^:/]+:(.*?)@", str(value)):
            assert re.fullmatch(r"\$\{\w+:\?.*\}", password), variable


def without_required(value: str) -> str:
    """What the file itself gives where nothing is set: empty, or nothing at all because it is demanded."""
    try:
        return interpolate(value, {})
    except Missing:
        return ""


def test_every_required_variable_is_written_and_none_too_many(tmp_path: Path) -> None:
    required = {name for text in strings(whole_file()) for name, must in variables(text) if must}
    env_file.write(tmp_path / "env", trial=False)
    assert set(env_file.read(tmp_path / "env")) == required


def test_every_setting_of_a_trial_is_read(tmp_path: Path) -> None:
    env_file.write(tmp_path / "env", trial=True)
    known = {name for text in strings(whole_file()) for name, _ in variables(text)}
    assert set(env_file.read(tmp_path / "env")) <= known


def test_a_start_without_secrets_says_what_to_do() -> None:
    texts = [text for text in strings(whole_file()) if any(must for _, must in variables(text))]
    assert len(texts) > 5
    assert [text for text in texts if "run ./paspor env first" not in text] == []


# ---- settings --------------------------------------------------------------


def settings_class(process: str) -> type[ProcessSettings]:
    """The class that a service, or the portal, reads its environment into."""
    module = "portal.config" if process == "portal" else f"services.{process}.config"
    found: type[ProcessSettings] = importlib.import_module(module).Settings
    return found


def known_variables(settings: Any) -> set[str]:
    """The environment variables that a settings class reads."""
    prefix = settings.model_config["env_prefix"]
    names: set[str] = set()
    for field, info in settings.model_fields.items():
        names.add(f"{prefix}{field.upper()}")
        if isinstance(info.validation_alias, AliasChoices):
            names |= {str(choice) for choice in info.validation_alias.choices}
    return names


@pytest.mark.parametrize("service", SCALABLE)
def test_every_variable_is_a_setting_of_its_service(service: str) -> None:
    assert set(services()[service]["environment"]) <= known_variables(settings_class(service))


def test_every_variable_of_the_simulators_is_theirs() -> None:
    from simulators.config import Settings

    assert set(services()["simulators"]["environment"]) <= known_variables(Settings)


TOLD: Final = {
    "PASPOR_PUBLIC_URL": "https://paspor.go.id",
    "PASPOR_DUKCAPIL_URL": "https://dukcapil.go.id",
    "PASPOR_SIMPONI_URL": "https://simponi.go.id",
    "PASPOR_DPRI_URL": "https://dpri.go.id",
    "PASPOR_DPRI_PUBLIC_KEY": new_keypair().public_key_b64,
    "PASPOR_SMS_URL": "https://sms.go.id",
    "PASPOR_SMTP_STARTTLS": "true",
    "PASPOR_MAIL_FROM": "Layanan Paspor <no-reply@paspor.go.id>",
    "PASPOR_DATA_PROTECTION_EMAIL": "pelindungan-data@paspor.go.id",
}
"""What an operator adds to a real deployment's secrets, as the run book says."""


@pytest.mark.parametrize("service", SCALABLE)
def test_a_real_deployment_that_was_told_secrets_alone_names_what_it_lacks(
    service: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    env_file.write(tmp_path / "env", trial=False)
    values = env_file.read(tmp_path / "env")
    for name in [name for name in os.environ if name.startswith("PASPOR_")]:
        monkeypatch.delenv(name)
    for name, value in services()[service]["environment"].items():
        monkeypatch.setenv(name, interpolate(value, values))
    with pytest.raises(SettingsWrong) as refused:
        settings_class(service).load()
    named = {line.split()[0] for line in str(refused.value).splitlines()[1:]}
    assert named == set(TOLD) & set(services()[service]["environment"])
    assert named <= {name.partition("=")[0] for name in env_file.STILL_TO_WRITE}


@pytest.mark.parametrize("trial", [True, False])
@pytest.mark.parametrize("service", SCALABLE)
def test_the_settings_that_a_container_gets_can_be_read(
    service: str, trial: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    env_file.write(tmp_path / "env", trial=trial)
    values = env_file.read(tmp_path / "env") | ({} if trial else TOLD)
    for name in [name for name in os.environ if name.startswith("PASPOR_")]:
        monkeypatch.delenv(name)
    for name, value in services()[service]["environment"].items():
        monkeypatch.setenv(name, interpolate(value, values))
    settings = settings_class(service).load()
    assert settings.environment == ("local" if trial else "production")
    assert settings.http_port == 8080


def test_every_service_has_its_own_users_at_both_servers_and_its_own_keys() -> None:
    assert prepare_mongo.SERVICES == env_file.SERVICES == SERVICES
    for service in SERVICES:
        environment = services()[service]["environment"]
        assert environment["PASPOR_MONGO_URL"].startswith(f"mongodb://{service}:${{PASPOR_{service.upper()}_MONGO_")
        assert environment["PASPOR_AMQP_URL"].startswith(f"amqp://{service}:${{PASPOR_{service.upper()}_AMQP_PASSWORD:")
        assert environment["PASPOR_MASTER_KEYS"].startswith(f"${{PASPOR_{service.upper()}_MASTER_KEYS:")


def test_the_step_before_the_services_makes_a_user_for_each_and_no_more(tmp_path: Path) -> None:
    env_file.write(tmp_path / "env", trial=False)
    step = services()["rabbitmq-prepared"]["environment"]
    made = prepare_rabbitmq.passwords(
        {name: interpolate(value, env_file.read(tmp_path / "env")) for name, value in step.items()}
    )
    assert set(made) == {*SERVICES, "operator"}
    assert len(set(made.values())) == len(made)
    named = {each["user"] for each in rights.definitions(made)["permissions"]}
    assert named == set(made), "the deployment's own user keeps what it has"
    waits = "rabbitmq-prepared"
    assert all(
        services()[name]["depends_on"][waits]["condition"] == "service_completed_successfully" for name in SERVICES
    )


# ---- the whole of it, running ----------------------------------------------

running = pytest.mark.skipif(
    os.environ.get("PASPOR_TEST_COMPOSE") != "1" or not engine_answers(),
    reason="takes minutes: PASPOR_TEST_COMPOSE=1 and a Docker engine",
)


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """The whole deployment with replicas; nothing of it is left afterwards."""
    deployed = Deployment(tmp_path_factory.mktemp("compose"))
    try:
        deployed.up("--scale", "billing=3", "--scale", "scheduling=2")
        yield deployed
    finally:
        deployed.down("-v")
        assert [deployed.left(what) for what in ("container", "network", "volume")] == [[], [], []]


@pytest.fixture
async def ways(deployment: Deployment) -> AsyncIterator[Ways]:
    """Citizens and officers who know nothing but the gateway."""
    walking = Ways(deployment.addresses, Reporter(quiet=True))
    yield walking
    await walking.close()


@running
async def test_every_way_through_the_gateway_and_its_replicas(deployment: Deployment, ways: Ways) -> None:
    assert len(deployment.containers("billing")) == 3
    await ways.walk_all()
    assert [result for result in ways.reporter.results if not result.ok] == []


@running
async def test_a_replica_killed_midway_is_not_missed(deployment: Deployment, ways: Ways) -> None:
    victims = {
        "receive a billing code": deployment.containers("billing")[0],
        "confirm the seat": deployment.containers("scheduling")[0],
    }

    async def before(_way: str, step: str) -> None:
        if step in victims:
            await asyncio.to_thread(deployment.kill, victims.pop(step))

    ways.reporter.before = before
    await ways.journey()
    assert victims == {}
    assert (len(deployment.containers("billing")), len(deployment.containers("scheduling"))) == (2, 1)


UPLOADS: Final = 11
"""Of one ordinary photo of 32 megapixels: so often the service was killed for its memory in two minutes."""


@running
async def test_a_large_photo_of_a_phone_restarts_nothing(deployment: Deployment, ways: Ways) -> None:
    citizen = await ways.newcomer()
    await citizen.register()
    await citizen.become_applicant()
    await citizen.begin()
    await citizen.answer_questionnaire()
    photo = padded_jpeg(big_picture(32, quality=85), 2 * 1024 * 1024)
    for _ in range(UPLOADS):
        assert (await citizen.upload("ktp", photo))["state"] == "accepted"
    states = [deployment.inspect(each) for each in deployment.containers("application")]
    assert [(each["RestartCount"], each["State"]["OOMKilled"]) for each in states] == [(0, False)]


@running
def test_every_container_is_as_locked_as_the_file_says(deployment: Deployment) -> None:
    for container in deployment.containers():
        known = deployment.inspect(container)
        host = known["HostConfig"]
        assert known["Config"]["User"] not in ("", "root", "0"), container
        assert host["ReadonlyRootfs"], container
        assert (host["Memory"] > 0, host["NanoCpus"] > 0, host["PidsLimit"] > 0) == (True,) * 3, container
        published = [each["HostIp"] for ports in host["PortBindings"].values() for each in ports]
        assert set(published) <= {"127.0.0.1"}, container


@running
def test_a_service_sees_its_own_database_only(deployment: Deployment) -> None:
    script = """
import os, pymongo
client = pymongo.MongoClient(os.environ["PASPOR_MONGO_URL"])
print(len(client.paspor_billing.list_collection_names()) > 0)
try:
    client.paspor_identity.account.find_one()
except pymongo.errors.OperationFailure as refused:
    print(refused.code)
"""
    not_authorized = "13"
    assert deployment.python("billing", script).split() == ["True", not_authorized]


@running
def test_a_service_has_its_own_rights_at_the_broker(deployment: Deployment) -> None:
    script = """
import asyncio, os, aio_pika
async def attempt(exchange, key):
    async with await aio_pika.connect(os.environ["PASPOR_AMQP_URL"]) as connection:
        channel = await connection.channel()
        target = await channel.get_exchange(exchange, ensure=False)
        try:
            await target.publish(aio_pika.Message(b"{}"), key, mandatory=False)
            print("taken")
        except aio_pika.exceptions.AMQPError as refused:
            print(type(refused).__name__)
asyncio.run(attempt("paspor.events", "paspor.identity.account.registered.v1"))
asyncio.run(attempt("paspor.commands.v2", "paspor.notification.command.send_otp.v1"))
asyncio.run(attempt("paspor.events", "paspor.billing.nothing.v1"))
"""
    assert deployment.python("billing", script).split() == ["ChannelAccessRefused"] * 2 + ["taken"]


@running
def test_every_running_rule_holds(deployment: Deployment) -> None:
    script = """
import json, urllib.request
print(json.load(urllib.request.urlopen("http://127.0.0.1:8080/health/invariants"))["holds"])
"""
    assert {service: deployment.python(service, script).strip() for service in SERVICES} == dict.fromkeys(
        SERVICES, "True"
    )


@running
def test_operators_find_no_dead_letter(deployment: Deployment) -> None:
    deployment.compose("build", "operator")
    assert deployment.compose("run", "--rm", "operator", "dead", "list").strip() == "No dead letters."


@running
async def test_keys_are_turned_while_an_application_is_under_way(deployment: Deployment, ways: Ways) -> None:
    way = ways.reporter.way("test", "")
    citizen = await ways.ready_to_hold(way)
    await citizen.hold_seat()
    await ways.pay(way, citizen)
    account_id, mails = citizen.account_id, len(await citizen.outside.letters_to(citizen.person.email))

    await asyncio.to_thread(deployment.turn_keys)

    assert (await citizen.view())["current_step"] == "come"  # an access token of the old key is still good
    challenge = await citizen.api.post(f"{ways.at.identity}/v1/logins", {"identifier": citizen.person.email})
    code = await citizen.outside.otp_by_mail(citizen.person.email, seen=mails)
    verification = f"{ways.at.identity}/v1/challenges/{challenge['challenge_id']}/verification"
    answer = await citizen.api.post(verification, {"code": code, "device_token": citizen.device_token})
    assert answer["account_id"] == account_id  # found by a fingerprint of the old key
    citizen.api.token = answer["access_token"]
    await ways.visit(way, citizen)  # a queue code, pictures and personal data of the old keys
    await ways.journey()


@running
async def test_a_cold_copy_of_the_volumes_brings_everything_back(
    deployment: Deployment, ways: Ways, tmp_path: Path
) -> None:
    way = ways.reporter.way("test", "")
    citizen = await ways.ready_to_hold(way)
    number = (await citizen.step_is("choose_seat"))["number"]
    await asyncio.to_thread(deployment.copy_volumes, tmp_path)
    await asyncio.to_thread(deployment.down, "-v")
    assert deployment.left("volume") == []
    await asyncio.to_thread(deployment.bring_back, tmp_path)
    assert (await citizen.step_is("choose_seat"))["number"] == number
    await citizen.hold_seat()
    await ways.pay(way, citizen)
    await ways.visit(way, citizen)


@running
async def test_down_leaves_the_volumes_and_up_brings_everything_back(deployment: Deployment, ways: Ways) -> None:
    citizen = await ways.ready_to_hold(ways.reporter.way("test", ""))
    number = (await citizen.step_is("choose_seat"))["number"]
    await asyncio.to_thread(deployment.down)
    assert (deployment.left("container"), deployment.left("network")) == ([], [])
    kept = {name.removeprefix(f"{deployment.name}_") for name in deployment.left("volume")}
    assert {"mongo", "rabbitmq"} <= kept <= {"mongo", "rabbitmq", "operator"}
    await asyncio.to_thread(deployment.up)
    assert (await citizen.step_is("choose_seat"))["number"] == number
    assert await citizen.hold_seat()
