"""Compose for tests: the file read as Compose reads it, and a deployment of its own that goes up, down and away."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from journeys.addresses import Addresses
from local_suite import env_file
from local_suite.home import PROJECT
from local_suite.parts import SERVICES, any_free_ports
from tests.servers import MONGO_IMAGE, RABBITMQ_IMAGE

COMPOSE_FILE: Final = PROJECT / "docker-compose.yml"
COMMAND_SECONDS: Final = 600

_VARIABLE: Final = re.compile(r"(?P<name>\w+)(?:(?P<kind>:[-?])(?P<rest>.*))?", re.DOTALL)


class Missing(Exception):
    """A variable that Compose would refuse to start without."""


def services() -> dict[str, dict[str, Any]]:
    """The services of the file, anchors and merges resolved, variables as they are written."""
    described: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE_FILE.read_text())["services"]
    return described


def whole_file() -> dict[str, Any]:
    """The whole file, as :func:`services` gives a part of it."""
    described: dict[str, Any] = yaml.safe_load(COMPOSE_FILE.read_text())
    return described


def interpolate(text: str, values: Mapping[str, str]) -> str:
    """What Compose makes of ``${NAME}``, ``${NAME:-default}``, ``${NAME:?why}`` and ``$$``.

    Raises:
        Missing: a variable with ``:?`` has no value.
    """
    made, at = "", 0
    while at < len(text):
        if text.startswith("$$", at):
            made, at = f"{made}$", at + 2
        elif text.startswith("${", at):
            end = _closing(text, at + 2)
            made, at = made + _value(text[at + 2 : end], values), end + 1
        else:
            made, at = made + text[at], at + 1
    return made


def variables(text: str) -> Iterator[tuple[str, bool]]:
    """Each variable that a text names, nested ones too, and whether it must be given."""
    for name, kind in re.findall(r"(?<!\$)\$\{(\w+)(:[-?])?", text):
        yield name, kind == ":?"


def strings(node: Any) -> Iterator[str]:
    """Every string anywhere in a piece of the file."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, Mapping):
        for value in node.values():
            yield from strings(value)
    elif isinstance(node, list):
        for value in node:
            yield from strings(value)


def _closing(text: str, at: int) -> int:
    depth = 1
    while depth:
        depth += text.startswith("{", at) - text.startswith("}", at)
        at += 1
    return at - 1


def _value(inside: str, values: Mapping[str, str]) -> str:
    read = _VARIABLE.fullmatch(inside)
    if read is None:
        raise ValueError(f"${{{inside}}} is no variable")
    if given := values.get(read["name"]):
        return given
    if read["kind"] == ":?":
        raise Missing(read["name"])
    return interpolate(read["rest"] or "", values)


# ---- a running deployment --------------------------------------------------


def engine_answers() -> bool:
    """Whether ``docker compose`` works here."""
    if shutil.which("docker") is None:
        return False
    asked = [["docker", "info"], ["docker", "compose", "version"]]
    return all(
        subprocess.run(each, capture_output=True, check=False, timeout=30).returncode == 0  # noqa: S603 - words above
        for each in asked
    )


class Deployment:
    """The compose file under a name, ports and secrets of its own, so that nothing else on the machine is touched."""

    def __init__(self, folder: Path) -> None:
        self.name = f"paspor-test-{uuid.uuid4().hex[:8]}"
        self._ports = any_free_ports()
        self._env_file = folder / "env"
        env_file.write(self._env_file, trial=True)
        self._add(self._choices())
        self.secrets = env_file.read(self._env_file)

    @property
    def addresses(self) -> Addresses:
        """Where everything answers: the services behind the gateway, the outside world each at its own port."""
        gateway = self._ports.url("identity")
        return Addresses(
            **dict.fromkeys(SERVICES, gateway),
            **{name: self._ports.url(name) for name in ("dukcapil", "simponi", "sms", "dpri", "crossings", "mail")},
            staff_password=self.secrets["PASPOR_DEMO_STAFF_PASSWORD"],
        )

    def up(self, *more: str) -> None:
        """Everything runs and is healthy."""
        self.compose("up", "--build", "--wait", *more)

    def down(self, *more: str) -> None:
        """Nothing of it is left but the volumes."""
        self.compose("--profile", "operator", "down", "--remove-orphans", *more)

    def compose(self, *words: str) -> str:
        """Run ``docker compose`` on this deployment; what it printed. An error carries what it said."""
        command = ["docker", "compose", "-f", str(COMPOSE_FILE), "-p", self.name, "--env-file", str(self._env_file)]
        return _run([*command, "--profile", "simulators", *words])

    def containers(self, service: str = "") -> list[str]:
        """The names of its running containers."""
        wanted = ["--filter", f"label=com.docker.compose.service={service}"] if service else []
        return _run(["docker", "ps", "--format", "{{.Names}}", *self._filter(), *wanted]).split()

    def inspect(self, container: str) -> dict[str, Any]:
        """What the engine knows of a container."""
        found: dict[str, Any] = json.loads(_run(["docker", "inspect", container]))[0]
        return found

    def kill(self, container: str) -> None:
        """kill -9, and it stays dead."""
        _run(["docker", "kill", container])

    def python(self, service: str, script: str) -> str:
        """Run a script inside a container of a service; what it printed."""
        return self.compose("exec", "-T", service, "python", "-c", script)

    def turn_keys(self) -> None:
        """Every key gets a successor that is used from now on; the old ones stay known. As the run book says."""
        old, new = env_file.read(self._env_file), self._other_secrets()
        rings = [name for name in old if name.endswith(("_MASTER_KEYS", "_FINGERPRINT_KEYS", "_CODE_SIGNING_KEYS"))]
        turned = {name: f"k2:{new[name].removeprefix('k1:')},{old[name]}" for name in rings}
        at_once = [name for name in old if name.endswith("_MONGO_PASSWORD")] + ["PASPOR_MONGO_KEY"]
        at_once += [name for name in old if name.endswith("_AMQP_PASSWORD") and name != "PASPOR_AMQP_PASSWORD"]
        turned |= {name: new[name] for name in at_once}
        signing = "PASPOR_TOKEN_SIGNING_KEYS"
        turned[signing] = f'"{new[signing]}\\n{old[signing]}"'
        for owner in ("NOTIFICATION", "APPLICATION"):
            private, public = f"PASPOR_{owner}_SEALING_PRIVATE_KEYS", f"PASPOR_{owner}_SEALING_PUBLIC_KEY"
            turned |= {private: f"{new[private]},{old[private]}", public: new[public]}
        told = "PASPOR_SIMPONI_CALLBACK_SECRET"
        turned[f"{told}S"] = f"k1:{old[told]},k2:{new[told]}"
        self._add(turned)
        self.up()

    def copy_volumes(self, folder: Path) -> None:
        """A cold copy of the data, one archive per volume; the deployment is down meanwhile and afterwards."""
        self.down()
        for volume in self.left("volume"):
            self._tar(volume, folder, "-czf", volume)

    def bring_back(self, folder: Path) -> None:
        """Fresh volumes with what the archives hold, and everything running on them."""
        self.compose("up", "--no-start", "--build")
        for volume in self.left("volume"):
            if (folder / f"{volume}.tar.gz").exists():
                self._tar(volume, folder, "-xzf", volume)
        self.up()

    def _tar(self, volume: str, folder: Path, act: str, name: str) -> None:
        mounts = ["-v", f"{volume}:/volume", "-v", f"{folder}:/copy"]
        work = ["--network", "none", "--user", "0", *mounts, "paspor/suite:local"]
        _run(["docker", "run", "--rm", *work, "tar", act, f"/copy/{name}.tar.gz", "-C", "/volume", "."])

    def left(self, what: str) -> list[str]:
        """The names of its containers, networks or volumes that there still are."""
        every = ["-a"] if what == "container" else []
        shown = "{{.Names}}" if what == "container" else "{{.Name}}"
        return _run(["docker", what, "ls", *every, "--format", shown, *self._filter()]).split()

    def _add(self, values: Mapping[str, str]) -> None:
        # of two lines with one name the later counts, for Compose and for us
        with self._env_file.open("a") as file:
            file.writelines(f"{name}={value}\n" for name, value in values.items())

    def _other_secrets(self) -> dict[str, str]:
        path = self._env_file.with_name("other-env")
        env_file.write(path, trial=False)
        return env_file.read(path)

    def _filter(self) -> list[str]:
        return ["--filter", f"label=com.docker.compose.project={self.name}"]

    def _choices(self) -> dict[str, str]:
        outside = ("dukcapil", "simponi", "sms", "dpri", "crossings", "mail")
        return {
            "PASPOR_PORT": str(self._ports["identity"]),
            **{f"PASPOR_{name.upper()}_PORT": str(self._ports[name]) for name in outside},
            "PASPOR_MONGO_IMAGE": MONGO_IMAGE,
            "PASPOR_RABBITMQ_IMAGE": RABBITMQ_IMAGE,
            "PASPOR_BILL_VALIDITY_SECONDS": "10",  # an expiry is watched; a person's trial has ten minutes
        }


def _run(command: list[str]) -> str:
    # what stands in the file counts, not what this shell happens to have
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PASPOR_", "COMPOSE_"))}
    done = subprocess.run(  # noqa: S603 - words of this module and its tests
        command, capture_output=True, text=True, env=clean, timeout=COMMAND_SECONDS, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}:\n{done.stderr[-3000:]}")
    return done.stdout
