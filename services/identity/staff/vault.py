"""The names and addresses of staff: sealed."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from services.identity.config import Settings
from services.identity.seals import Seals
from services.identity.sessions.devices import DisownLinks
from services.identity.sessions.refresh_tokens import Holder
from services.identity.staff.member import Staff
from shared.events.codes import DeliveryChannel
from shared.events.notification import TellOfSignIn
from shared.ids import derived_id

_STAFF_NAME: Final = "staff_name"
_STAFF_EMAIL: Final = "staff_email"

STAFF_LANGUAGE: Final = "id"
"""Language of messages to staff."""


class StaffVault:
    """Seals and opens the names and addresses of staff."""

    def __init__(self, seals: Seals) -> None:
        self._cipher = seals.cipher
        self._notification = seals.notification
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
        """Return whether name and email addresses are sealed by the current master key."""
        waiting = member.email_proof.email if member.email_proof is not None else None
        return not any(self._cipher.needs_rotation(sealed) for sealed in (member.name, member.email, waiting) if sealed)

    async def turned(self, staff_id: str, member: Staff) -> Staff:
        """Return the member with name and email addresses sealed by the current master key."""
        name = self.staff_name(member.name, staff_id) if member.name else None
        email, proof = self.email_of(staff_id, member), member.email_proof
        if proof is not None:
            proof = replace(proof, email=self.seal_email(self.open_email(proof.email, staff_id), staff_id))
        return replace(
            member,
            name=self.seal_staff_name(name, staff_id) if name is not None else None,
            email=self.seal_email(email, staff_id) if email is not None else None,
            email_proof=proof,
        )

    def staff_name(self, sealed: str, staff_id: str) -> str:
        """Return the name of a member of staff."""
        return self._cipher.open(sealed, owner_id=staff_id, field=_STAFF_NAME)

    def seal_email(self, email: str, staff_id: str) -> str:
        """Return the stored form of a member's email address."""
        return self._cipher.seal(email, owner_id=staff_id, field=_STAFF_EMAIL)

    def email_of(self, staff_id: str, staff: Staff) -> str | None:
        """Return the member's email address, if they gave one."""
        return self.open_email(staff.email, staff_id) if staff.email else None

    def open_email(self, sealed: str, staff_id: str) -> str:
        """Return an email address of a member."""
        return self._cipher.open(sealed, owner_id=staff_id, field=_STAFF_EMAIL)

    def sign_in_notice(self, staff_id: str, staff: Staff, now: datetime, settings: Settings) -> TellOfSignIn | None:
        """Return the message about a sign-in on a new device, with the link that disowns it; None without a proven
        address.
        """
        email = self.email_of(staff_id, staff) if not staff.owes_email_proof else None
        if email is None:
            return None
        until = now + timedelta(seconds=settings.address_change_rules.undo_seconds)
        link = DisownLinks(settings.fingerprint_keyring(), Holder.STAFF).make(staff_id, now, until)
        url = f"{settings.public_url.rstrip('/')}/v1/logins/{link}/disown"
        notice_id = derived_id("sign-in notice", staff_id, url)
        content = {"address": email, "channel": DeliveryChannel.EMAIL.value, "url": url, "until": until.isoformat()}
        return TellOfSignIn(
            notice_id=notice_id,
            account_id=staff_id,
            language=STAFF_LANGUAGE,
            for_staff=True,
            sealed=self._notification.seal(content, notice_id),
        )
