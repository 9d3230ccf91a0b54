"""The names of staff: sealed."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from services.identity.seals import Seals
from services.identity.staff.member import Staff
from shared.ids import derived_id

_STAFF_NAME: Final = "staff_name"


class StaffVault:
    """Seals and opens the names of staff."""

    def __init__(self, seals: Seals) -> None:
        self._cipher = seals.cipher
        self._fingerprints = seals.fingerprints

    def stranger_id(self, username: str) -> str:
        """Return the id under which tries with an unknown user name are counted."""
        return derived_id("stranger", self._fingerprints.current(username, _STAFF_NAME))

    def office_source(self, network: str) -> str:
        """Return the stored form of an address of an office network."""
        return self._fingerprints.current(network, "office_network")

    def seal_staff_name(self, name: str, staff_id: str) -> str:
        """Return the stored form of the name of a member of staff."""
        return self._cipher.seal(name, owner_id=staff_id, field=_STAFF_NAME)

    def is_current(self, member: Staff) -> bool:
        """Return whether the name is sealed by the current master key."""
        return member.name is None or not self._cipher.needs_rotation(member.name)

    async def turned(self, staff_id: str, member: Staff) -> Staff:
        """Return the member with the name sealed by the current master key."""
        if member.name is None:
            return member
        return replace(member, name=self.seal_staff_name(self.staff_name(member.name, staff_id), staff_id))

    def staff_name(self, sealed: str, staff_id: str) -> str:
        """Return the name of a member of staff."""
        return self._cipher.open(sealed, owner_id=staff_id, field=_STAFF_NAME)
