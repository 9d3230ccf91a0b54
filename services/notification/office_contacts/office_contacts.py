"""Contacts of an office or a region: where its people are told of work that is overdue. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final


class AlertReceiver(StrEnum):
    """Whose contacts are told of an office's overdue work."""

    OFFICE = "office"
    REGION = "region"
    OPERATORS = "operators"
    NOBODY = "nobody"
    """No contact is known anywhere: the message is kept as failed, and operators see it in the log."""


@dataclass(frozen=True)
class OfficeContacts:
    """The contacts of one office or region: they may be a person's, so both are sealed. Empty tells the next above."""

    language: str
    email_sealed: str | None
    phone_sealed: str | None
    kept_by: str | None
    kept_at: datetime | None

    @property
    def empty(self) -> bool:
        """Return whether there is no contact."""
        return self.email_sealed is None and self.phone_sealed is None


NO_CONTACTS: Final = OfficeContacts("id", None, None, None, None)


@dataclass(frozen=True)
class OpenedOffice:
    """An office that was opened after the delivery: an outreach of another one."""

    parent_id: str


class Regions:
    """The delivered offices and the region that watches each."""

    def __init__(self, region_of: Mapping[str, str]) -> None:
        self._region_of = region_of

    def region_of(self, office_id: str) -> str | None:
        """Return the region of an office; None of one that is not delivered."""
        return self._region_of.get(office_id)

    def offices_of(self, region_id: str) -> tuple[str, ...]:
        """Return the offices of a region, in order; none of an unknown one."""
        return tuple(sorted(office for office, region in self._region_of.items() if region == region_id))


def office_key(office_id: str) -> str:
    """Return the id under which the contacts of an office are kept."""
    return f"office:{office_id}"


def region_key(region_id: str) -> str:
    """Return the id under which the contacts of a region are kept."""
    return f"region:{region_id}"
