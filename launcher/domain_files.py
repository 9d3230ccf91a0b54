"""The domain files of each service: states, transitions and policies that are pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

PROJECT: Final = Path(__file__).parents[1]

DOMAIN_FILES: Final[Mapping[str, tuple[str, ...]]] = {
    "identity": ("services/identity/domain.py", "services/identity/domain/*.py"),
    "application": ("services/application/domain.py", "services/application/domain/*.py"),
    "billing": ("services/billing/domain.py", "services/billing/domain/*.py"),
    "scheduling": (
        "services/scheduling/booking/abuse/flag.py",
        "services/scheduling/booking/abuse/hold_allowance.py",
        "services/scheduling/booking/abuse/limits.py",
        "services/scheduling/booking/appointments/appointment.py",
        "services/scheduling/booking/appointments/entitlement.py",
        "services/scheduling/booking/appointments/next_step.py",
        "services/scheduling/booking/appointments/priority.py",
        "services/scheduling/booking/appointments/queue_code_payload.py",
        "services/scheduling/booking/appointments/same_day_place.py",
        "services/scheduling/booking/appointments/special_right.py",
        "services/scheduling/booking/appointments/visit_transitions.py",
        "services/scheduling/booking/appointments/walk_in.py",
        "services/scheduling/booking/parties/party.py",
        "services/scheduling/booking/same_day/downgrade_transitions.py",
        "services/scheduling/booking/same_day/rules.py",
        "services/scheduling/booking/same_day/upgrade_transitions.py",
        "services/scheduling/booking/seats/audit_log_facts.py",
        "services/scheduling/booking/seats/seat.py",
        "services/scheduling/booking/waiting_list/entry.py",
        "services/scheduling/office.py",
        "services/scheduling/offices/facts.py",
        "services/scheduling/offices/products.py",
        "services/scheduling/offices/release_rule.py",
        "services/scheduling/offices/session.py",
        "services/scheduling/offices/weekly_template.py",
        "services/scheduling/openings/admission.py",
        "services/scheduling/openings/draw.py",
        "services/scheduling/openings/notice.py",
        "services/scheduling/openings/opening.py",
        "services/scheduling/quota/change.py",
        "services/scheduling/rules.py",
        "services/scheduling/visit/bulk_jobs/job.py",
        "services/scheduling/visit/counter/queue.py",
        "services/scheduling/visit/day_sheets/evening_sheet.py",
        "services/scheduling/visit/offline/offline_day.py",
    ),
    "notification": ("services/notification/domain.py", "services/notification/domain/*.py"),
}
"""Paths and patterns, relative to the project. Tests hold these files to be pure, and to be covered in full."""


def domain_files(service: str) -> Iterator[Path]:
    """The domain files of a service that exist, relative to the project."""
    for pattern in DOMAIN_FILES[service]:
        yield from sorted(path.relative_to(PROJECT) for path in PROJECT.glob(pattern))


def module_of(path: Path) -> str:
    """The dotted name of a file's module; a package's is its folder's."""
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")
