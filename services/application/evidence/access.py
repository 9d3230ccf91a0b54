"""Checks who may see evidence: its owner, and those who decide on the request that names it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.application.errors import NotYourOffice
from services.application.evidence.evidence import Evidence
from shared.errors import NotFound
from shared.events.codes import EvidencePurpose
from shared.tokens import Caller, Role

UPLOADERS: Final[Mapping[Role, tuple[EvidencePurpose, ...]]] = {
    Role.APPLICANT: (EvidencePurpose.REFUND, EvidencePurpose.SPECIAL_RESCHEDULE, EvidencePurpose.PAYMENT_CLAIM),
    Role.FRONT_OFFICER: (EvidencePurpose.WALK_IN,),
}
"""The purposes that each role uploads evidence for: a visitor at the counter has no account, the officer has one."""

DECIDERS: Final[Mapping[EvidencePurpose, frozenset[Role]]] = {
    EvidencePurpose.REFUND: frozenset(
        {Role.TREASURER, Role.OFFICE_ADMIN, Role.ADMINISTRATION_SECTION_HEAD, Role.OPERATOR}
    ),
    EvidencePurpose.PAYMENT_CLAIM: frozenset({Role.TREASURER, Role.OPERATOR}),
    EvidencePurpose.SPECIAL_RESCHEDULE: frozenset({Role.OFFICE_ADMIN, Role.FRONT_OFFICER, Role.DOCUMENTS_SECTION_HEAD}),
    EvidencePurpose.WALK_IN: frozenset({Role.OFFICE_ADMIN, Role.FRONT_OFFICER}),
}
"""Roles that decide on requests of each purpose: those that billing and scheduling let decide."""


def is_owner(evidence: Evidence, caller: Caller) -> bool:
    """Return whether the evidence is of the caller's account, or the caller uploaded it for a visitor."""
    if caller.role is Role.APPLICANT:
        return evidence.account_id in caller.account_ids
    return evidence.account_id is None and evidence.uploaded_by == caller.account_id


def refuse_strangers(evidence: Evidence, caller: Caller) -> None:
    """Return for the owner, and for those who decide on the request that names the evidence.

    Raises:
        NotFound: for all others, and for everybody but the owner while no request names it.
        NotYourOffice: the request belongs to an office that the caller does not work for.
    """
    if is_owner(evidence, caller):
        return
    if evidence.case is None or caller.role not in DECIDERS[evidence.purpose]:
        raise NotFound
    if not caller.serves(evidence.case.office_id):
        raise NotYourOffice


SEEING: Final = (NotFound, NotYourOffice)
