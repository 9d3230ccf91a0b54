"""Every one of the seven kinds that people wait for has an ETag and can be waited for, as the suite is wired."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from shared.http.endpoint import Endpoint
from shared.service import Parts

AWAITED: Final = {
    ("application", "/v1/applications/{application_id}"),
    ("application", "/v1/applications/{application_id}/documents/{document_id}"),
    ("application", "/v1/applications/{application_id}/documents/{document_id}/content"),
    ("billing", "/v1/bills/{bill_id}"),
    ("billing", "/v1/joint-bills/{joint_bill_id}"),
    ("billing", "/v1/refunds/{refund_id}"),
    ("identity", "/v1/account/leavings/{leaving_id}"),
    ("identity", "/v1/account/exports/{export_id}"),
    ("identity", "/v1/applicants/{applicant_id}"),
    ("identity", "/v1/challenges/{challenge_id}"),
    ("scheduling", "/v1/appointments/{appointment_id}"),
}


def watching(parts: Mapping[str, Parts]) -> list[tuple[str, Endpoint]]:
    return [(name, each) for name, part in parts.items() for each in part.endpoints if each.watches is not None]


def test_what_people_wait_for_can_be_waited_for(parts: Mapping[str, Parts]) -> None:
    assert {(name, endpoint.path) for name, endpoint in watching(parts)} == AWAITED


def test_the_record_behind_an_answer_is_of_a_kind_that_its_service_keeps(parts: Mapping[str, Parts]) -> None:
    kinds = {name: {kind.name for kind in part.kinds} for name, part in parts.items()}
    assert [endpoint.path for name, endpoint in watching(parts) if endpoint.watches not in kinds[name]] == []
