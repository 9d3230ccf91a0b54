"""A leaving as application knows it: whose applicants begin nothing as long as it goes on. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from services.application.applications.application import Application, Status
from shared.events.codes import LeavingObjection, StayingRecord


@dataclass(frozen=True)
class LeavingCopy:
    """Ids alone. ``version`` is of the newest news from identity; 0 before the first."""

    account_id: str
    applicant_ids: tuple[str, ...] = ()
    version: int = 0
    is_open: bool = False


def objections_to_leaving(applications: Iterable[Application]) -> tuple[str, ...]:
    """Return the codes of what stands against removing the applicants of these applications."""
    live = [application for application in applications if application.live]
    found = (
        LeavingObjection.PASSPORT_NOT_COLLECTED
        if application.status is Status.PRINTED
        else LeavingObjection.LIVE_APPLICATION
        for application in live
    )
    return tuple(sorted({code.value for code in found}))


def staying_records(applications: Iterable[Application], *, has_passport: bool = False) -> tuple[str, ...]:
    """Return the codes of what stays anyway: of a passport that was handed out or recorded, the record of it."""
    is_issued = has_passport or any(application.status is Status.COLLECTED for application in applications)
    return (StayingRecord.ISSUANCE_RECORD.value,) if is_issued else ()
