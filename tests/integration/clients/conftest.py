"""What the walks of both clients need: the description of the API, one address for all services, a person, a page."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bench.gateway import NoGateway, gateway
from devtools.docs_command import merged_openapi
from journeys.api_client import Api
from journeys.outside_world import Outside
from journeys.people import People, Person, picture
from local_suite.demo import addresses
from local_suite.home import PROJECT
from local_suite.parts import SERVICES
from local_suite.suite import Suite


@pytest.fixture(scope="session")
def document(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The merged description, written to a file."""
    path = tmp_path_factory.mktemp("api") / "paspor.json"
    path.write_text(json.dumps(merged_openapi()))
    return path


@pytest.fixture
async def address(running_suite: Suite) -> AsyncIterator[str]:
    """Where all services answer: the deployment's gateway in front of the running suite."""
    ports = {name: urlsplit(running_suite.url(name)).port or 0 for name in SERVICES}
    try:
        async with gateway(PROJECT, ports) as url:
            yield url
    except NoGateway as missing:
        pytest.skip(str(missing))


@pytest.fixture
async def person(running_suite: Suite) -> Person:
    """An invented adult whom the civil registry knows."""
    known = People().adult()
    at = addresses(running_suite)
    async with Api() as api:
        await Outside(at, api).register_people([known])
    return known


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """A picture of more than one piece."""
    path = tmp_path / "page.jpg"
    path.write_bytes(picture("client", width=3000, height=2000))
    return path


@pytest.fixture
def walk_arguments(address: str, running_suite: Suite, person: Person, page: Path, tmp_path: Path) -> list[str]:
    """The command line of a walk; both clients take the same."""
    return [
        address,
        *("--mail", running_suite.url("mail"), "--bank", running_suite.url("simponi")),
        *("--picture", str(page), "--letter", str(tmp_path / "letter.pdf")),
        *("--nik", person.nik, "--name", person.full_name, "--birth-place", person.birth_place),
        *("--birth-date", person.birth_date.isoformat(), "--sex", person.sex),
        *("--family-card", person.family_card_number),
    ]
