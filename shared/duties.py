"""Duties of the roles of staff: what each is for, for which offices it works, and which personal data it may read.

The matrix of roles and operations (`docs/roles.md`) is derived from the endpoints; a contract test holds it against
this table: a role that reads personal data which its duties do not name is a fault.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from shared.http.endpoint import PersonalData
from shared.tokens import Role


class Reach(StrEnum):
    """For which offices a role works."""

    OFFICE = "its own office"
    LISTED = "the offices that it is listed for, or all"
    REGION = "the offices of its region"
    ALL = "all offices"


@dataclass(frozen=True)
class Duty:
    """One role of staff. ``reads`` is the personal data that its work needs."""

    title: str
    title_id: str
    reach: Reach
    work: str
    reads: frozenset[PersonalData] = frozenset()


DUTIES: Final[Mapping[Role, Duty]] = {
    Role.FRONT_OFFICER: Duty(
        "front officer",
        "petugas loket",
        Reach.OFFICE,
        "Receives visitors, assists them, checks documents and hands passports out.",
        frozenset(
            {
                *(PersonalData.NIK, PersonalData.APPLICATION, PersonalData.PICTURE, PersonalData.LETTER),
                *(PersonalData.EVIDENCE, PersonalData.PASSPORT),
            }
        ),
    ),
    Role.INTERVIEWER: Duty(
        "interviewer",
        "petugas wawancara",
        Reach.OFFICE,
        "Interviews, sees originals and records the outcome.",
        frozenset({PersonalData.NIK, PersonalData.APPLICATION, PersonalData.PICTURE}),
    ),
    Role.ADJUDICATOR: Duty(
        "adjudicator",
        "pejabat adjudikator",
        Reach.OFFICE,
        "Decides about applications that an interview left incomplete: approves or refuses them.",
        frozenset({PersonalData.APPLICATION, PersonalData.PICTURE}),
    ),
    Role.PRINTER: Duty(
        "printer",
        "petugas pencetakan",
        Reach.OFFICE,
        "Sees which files of the day wait for the issuance system, and has them handed over.",
    ),
    Role.DOCUMENTS_SECTION_HEAD: Duty(
        "head of the travel documents section",
        "kepala seksi dokumen perjalanan",
        Reach.OFFICE,
        "Approves in the section what the head of the office approves: quota, corrections, special reschedules.",
        frozenset({PersonalData.NIK, PersonalData.EVIDENCE}),
    ),
    Role.ENFORCEMENT_SECTION_HEAD: Duty(
        "head of the enforcement section",
        "kepala seksi intelijen dan penindakan",
        Reach.OFFICE,
        "Judges bookings that look like a broker's.",
        frozenset({PersonalData.EVIDENCE}),
    ),
    Role.ADMINISTRATION_SECTION_HEAD: Duty(
        "head of the administration section",
        "kepala subbagian tata usaha",
        Reach.OFFICE,
        "Takes the steps of refunds that are the head's of the office.",
        frozenset({PersonalData.BANK_ACCOUNT, PersonalData.EVIDENCE}),
    ),
    Role.OFFICE_ADMIN: Duty(
        "head of an office",
        "kepala kantor",
        Reach.OFFICE,
        "Decides for one office: facts, quota, staff of the counters, exceptions.",
        frozenset(
            {
                *(PersonalData.NIK, PersonalData.APPLICATION, PersonalData.PICTURE, PersonalData.EVIDENCE),
                *(PersonalData.BANK_ACCOUNT, PersonalData.STAFF_NAME, PersonalData.LETTER),
            }
        ),
    ),
    Role.TREASURER: Duty(
        "treasurer",
        "bendahara",
        Reach.LISTED,
        "Looks after the money: receipts, settlement, refunds, payment cases.",
        frozenset({PersonalData.BANK_ACCOUNT, PersonalData.EVIDENCE}),
    ),
    Role.REGIONAL_OFFICER: Duty(
        "officer of a regional office",
        "petugas kantor wilayah",
        Reach.REGION,
        "Watches the offices of the region: quota, queue, overrides, counts of refunds. Decides nothing at a counter. "
        "Reads the note of an interview once its applicant objected.",
        frozenset({PersonalData.APPLICATION}),
    ),
    Role.PUBLIC_RELATIONS: Duty(
        "public relations",
        "hubungan masyarakat",
        Reach.ALL,
        "Reports figures without persons.",
    ),
    Role.HQ_POLICY: Duty(
        "policy at headquarters",
        "kebijakan kantor pusat",
        Reach.ALL,
        "Proposes tariffs and weekly templates; others approve them.",
    ),
    Role.HQ_IT: Duty(
        "operations at headquarters",
        "teknologi informasi kantor pusat",
        Reach.ALL,
        "Watches jobs and stuck steps, and has them tried again.",
    ),
    Role.OPERATOR: Duty(
        "operator",
        "operator pusat",
        Reach.ALL,
        "Makes staff, decides for headquarters about money, and reads the audit.",
        frozenset({PersonalData.BANK_ACCOUNT, PersonalData.EVIDENCE, PersonalData.STAFF_NAME}),
    ),
}
"""Every role of staff, from the counter to headquarters."""
