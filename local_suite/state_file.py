"""The state file of a running suite: where its servers are, noted beside its data for the commands that work on it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from local_suite.errors import CommandError
from local_suite.private_files import write_private

FILE_NAME = "running.json"


class NoRunningSuite(CommandError):
    """No suite runs on this data folder, and no server was named."""


@dataclass(frozen=True)
class RunningServers:
    """The addresses of a suite's servers, passwords included."""

    mongo_url: str
    amqp_url: str
    mongo_urls: Mapping[str, str] = field(default_factory=dict)
    """Of each service's own user, where the database has one for each; the operator's reads and changes nothing."""


def write_state(data_dir: Path, servers: RunningServers) -> None:
    """Write where the servers are; only this user can read it, for it holds the broker's password."""
    write_private(data_dir / FILE_NAME, json.dumps(asdict(servers)))


def remove_state(data_dir: Path) -> None:
    """Remove the file when the suite has stopped; does nothing if there is none."""
    (data_dir / FILE_NAME).unlink(missing_ok=True)


def read_state(data_dir: Path) -> RunningServers | None:
    """Return the servers of the suite that runs on this folder, or None. A killed suite leaves its old file behind."""
    try:
        noted = json.loads((data_dir / FILE_NAME).read_text())
        return RunningServers(noted["mongo_url"], noted["amqp_url"], noted.get("mongo_urls", {}))
    except (OSError, ValueError, KeyError):
        return None
