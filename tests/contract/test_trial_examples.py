"""What `/docs` has ready to be tried fits the endpoints, and is what a trial has in it."""

from __future__ import annotations

import json

from devtools.docs_command import openapi_of
from local_suite.up import STAFF
from shared.events.subscriptions import SERVICES
from shared.http.trial_examples import BODIES, BUDI, PARAMETERS, WORDS, with_trial_examples
from shared.http.validation import read_json
from simulators.dukcapil.people import BUILT_IN
from tests.assembled import OFFICE, assemble
from tests.conftest import START
from tests.unit.world import HurryingClock

PARTS = {name: each.parts for name, each in assemble(HurryingClock(START)).items()}
ENDPOINTS = {
    (endpoint.method.lower(), endpoint.path): endpoint for service in SERVICES for endpoint in PARTS[service].endpoints
}


def test_every_example_is_a_body_of_its_endpoint() -> None:
    for address, example in BODIES.items():
        body = ENDPOINTS[address].body
        assert body is not None
        read_json(body, json.dumps(example).encode())


def test_every_example_reaches_the_document_of_its_service() -> None:
    found = set()
    for service in SERVICES:
        document = openapi_of(service)
        before = json.dumps(document)
        told = with_trial_examples(document)
        assert json.dumps(document) == before, "the published document stays as it is"
        for path, operations in told["paths"].items():
            for method, operation in operations.items():
                contents = operation.get("requestBody", {}).get("content", {}).values()
                if any("example" in content for content in contents):
                    assert all(content["example"] == BODIES[method, path] for content in contents)
                    found.add((method, path))
                for parameter in operation.get("parameters", ()):
                    if parameter.get("name") == "office_id":
                        assert parameter["example"] == OFFICE
    assert found == set(BODIES)
    assert PARAMETERS == {"office_id": OFFICE}


def test_the_person_and_the_staff_are_those_of_the_trial() -> None:
    known = {person.nik: person for person in BUILT_IN}[BUDI["nik"]]
    assert {name: str(getattr(known, name)) for name in BUDI} == BUDI
    assert known.full_name in WORDS
    assert all(f"`{username}`" in WORDS for username in STAFF)
