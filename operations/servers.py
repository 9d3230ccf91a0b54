"""The servers and services that an operator's commands work on."""

from __future__ import annotations

import os
from pathlib import Path

from local_suite.home import home
from local_suite.parts import SERVICES
from local_suite.state_file import NoRunningSuite, RunningServers, read_state
from operations.errors import RequestMakesNoSense


def data_dir() -> Path:
    """The folder of `./paspor up`."""
    return home() / "data"


def amqp_url() -> str:
    """The broker that AMQP_URL names, else the running suite's."""
    return os.environ.get("AMQP_URL") or _running("AMQP_URL").amqp_url


def mongo_url() -> str:
    """The database server that MONGO_URL names, else the running suite's."""
    return os.environ.get("MONGO_URL") or _running("MONGO_URL").mongo_url


def mongo_url_of(service: str) -> str:
    """The database server that MONGO_URL names, else the running suite's with the service's own login."""
    if named := os.environ.get("MONGO_URL"):
        return named
    servers = _running("MONGO_URL")
    return servers.mongo_urls.get(service, servers.mongo_url)


def _running(variable: str) -> RunningServers:
    servers = read_state(data_dir())
    if servers is None:
        raise NoRunningSuite(
            f"No suite runs on {data_dir()}: start one with ./paspor up, or name a server in {variable}."
        )
    return servers


def check_service(service: str) -> str:
    """Return the name as it is.

    Raises:
        RequestMakesNoSense: there is no such service; the sentence lists them.
    """
    if service not in SERVICES:
        raise RequestMakesNoSense(f"There is no service {service}: it is one of {', '.join(SERVICES)}.")
    return service
