"""Where the servers of a running suite are, noted beside its data for the commands that work on it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from local_suite.errors import LauncherError
from local_suite.secrets import write_private

NAME = "running.json"


class NothingRuns(LauncherError):
    """No suite runs on this data folder, and no server was named."""


@dataclass(frozen=True)
class Servers:
    """The addresses of a suite's servers, passwords included."""

    mongo_url: str
    amqp_url: str
    mongo_urls: Mapping[str, str] = field(default_factory=dict)
    """Of each service's own user, where the database has one for each; the operator's reads and changes nothing."""


def note(data_dir: Path, servers: Servers) -> None:
    """Note the servers; only this user can read it, for it holds the broker's password."""
    write_private(data_dir / NAME, json.dumps(asdict(servers)))


def forget(data_dir: Path) -> None:
    """The suite has stopped."""
    (data_dir / NAME).unlink(missing_ok=True)


def read(data_dir: Path) -> Servers | None:
    """The servers of the suite that runs on this folder, or none. A killed launcher leaves an old note behind."""
    try:
        noted = json.loads((data_dir / NAME).read_text())
        return Servers(noted["mongo_url"], noted["amqp_url"], noted.get("mongo_urls", {}))
    except (OSError, ValueError, KeyError):
        return None
