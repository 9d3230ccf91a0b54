"""Access: by the account of the caller, or by the offices that the caller serves."""

from __future__ import annotations

from services.billing.errors import NotYourOffice
from shared.tokens import Caller, Role


def needs_office(caller: Caller) -> bool:
    """Return whether the caller is staff who work for some offices only, so that the office must be looked up."""
    return caller.role is not Role.APPLICANT and not caller.serves_all


def offices_of(caller: Caller) -> tuple[str, ...]:
    """Return the offices that a caller who does not serve all works for."""
    named = (caller.office_id, *caller.offices)
    return tuple(dict.fromkeys(office for office in named if office is not None and caller.serves(office)))


def refuse_unless_serves(caller: Caller, office_id: str | None) -> None:
    """Refuse staff who do not work for this office.

    Raises:
        NotYourOffice
    """
    if needs_office(caller) and not caller.serves(office_id):
        raise NotYourOffice


def refuse_unless_serves_all(caller: Caller) -> None:
    """Refuse staff of some offices where all offices are concerned: settlement files, tariffs, balances, the journal.

    Raises:
        NotYourOffice
    """
    if not caller.serves_all:
        raise NotYourOffice


def may_see(caller: Caller, account_id: str | None) -> bool:
    """Return whether it belongs to the caller's account; True for staff, for whom the office decides."""
    return caller.role != Role.APPLICANT or account_id in caller.account_ids
