"""Puts a trial's people and staff into an OpenAPI document, so that its calls can be tried as they stand."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, Final

BUDI: Final = {
    "nik": "3174011203880002",
    "full_name": "BUDI CONTOH SANTOSO",
    "birth_place": "BANDUNG",
    "birth_date": "1988-03-12",
    "sex": "male",
    "family_card_number": "3174010101150001",
}
"""An invented person whom the simulated civil registry knows from its start."""

WORDS: Final = """Everything is simulated here. The civil registry knows BUDI CONTOH SANTOSO of the examples.

1. `POST /v1/registrations` sends a code to an invented address; `/api/v1/messages` of the mailbox shows it.
2. `POST /v1/challenges/{challenge_id}/verification` gives an `access_token`: paste it under **Authorize**.
3. `POST /v1/applicants`, `POST /v1/applications` and so on: each answer names the next action.

Staff sign in as `front_officer`, `interviewer`, `office_admin`, `treasurer` or `operator`; `./paspor up` says where
their password is.
"""

PARAMETERS: Final[Mapping[str, str]] = {"office_id": "jakarta-selatan"}

BODIES: Final[Mapping[tuple[str, str], Mapping[str, Any]]] = {
    ("post", "/v1/registrations"): {"email": "budi@contoh.example", "language": "id"},
    ("post", "/v1/logins"): {"identifier": "budi@contoh.example"},
    ("post", "/v1/applicants"): BUDI,
    ("post", "/v1/staff/logins"): {"username": "front_officer", "password": "demo_staff_password"},
    ("put", "/v1/applications/{application_id}/questionnaire"): {
        "has_held_passport": False,
        "reason": "new",
        "passport_kind": "electronic",
        "validity_years": 10,
        "purpose": "tourism",
    },
    ("post", "/v1/applications/{application_id}/submission"): {"confirmed_not_refundable": True},
    ("post", "/v1/applications/{application_id}/interview"): {"outcome": "approved"},
    ("post", "/v1/applications/{application_id}/collection"): {"collected_by": "self"},
}
"""By method and path; a test reads each with the model of its endpoint."""


def with_trial_examples(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document with the trial's people, staff and office in it; the given one is left as it is."""
    told = copy.deepcopy(dict(document))
    told["info"]["description"] = "\n\n".join(filter(None, [told["info"].get("description"), WORDS]))
    for path, operations in told["paths"].items():
        for method, operation in operations.items():
            for parameter in operation.get("parameters", ()):
                if parameter.get("name") in PARAMETERS:
                    parameter["example"] = PARAMETERS[parameter["name"]]
            example = BODIES.get((method, path))
            if example is not None:
                for content in operation["requestBody"]["content"].values():
                    content["example"] = dict(example)
    return told
