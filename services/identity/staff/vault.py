"""The names of staff: sealed."""

from __future__ import annotations

from typing import Final

from services.identity.seals import Seals
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

    def staff_name(self, sealed: str, staff_id: str) -> str:
        """Return the name of a member of staff."""
        return self._cipher.open(sealed, owner_id=staff_id, field=_STAFF_NAME)
