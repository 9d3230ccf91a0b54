"""Application answers identity's question about a leaving: what stands against it, and what stays."""

from __future__ import annotations

import pytest

from services.application.applications.application import FINAL, Status
from services.application.leavings.leaving_copy import objections_to_leaving, staying_records
from tests.unit.application.make import draft


@pytest.mark.parametrize("status", Status)
def test_what_has_not_ended_objects(status: Status) -> None:
    objections = objections_to_leaving([draft(status=status)])
    if status in FINAL:
        assert objections == ()
    elif status is Status.PRINTED:
        assert objections == ("passport_not_collected",)
    else:
        assert objections == ("live_application",)


def test_each_objection_is_told_once() -> None:
    found = [draft(status=status) for status in (Status.PRINTED, Status.DRAFT, Status.SUBMITTED, Status.COLLECTED)]
    assert objections_to_leaving(found) == ("live_application", "passport_not_collected")
    assert objections_to_leaving([]) == ()


@pytest.mark.parametrize("status", Status)
def test_the_record_of_an_issued_passport_stays(status: Status) -> None:
    expected = ("issuance_record",) if status is Status.COLLECTED else ()
    assert staying_records([draft(status=status)]) == expected
