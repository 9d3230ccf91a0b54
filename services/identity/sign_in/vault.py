"""One-time codes and the addresses they go to: hashed, sealed, and boxed for notification."""

from __future__ import annotations

from typing import Final

from services.identity.accounts.addresses import NormalAddress
from services.identity.accounts.channel import Channel
from services.identity.seals import Seals
from services.identity.sign_in.challenge import Challenge, Purpose
from shared.events.notification import SendOtp
from shared.ids import derived_id

_CHALLENGE_ADDRESS: Final = "address"
_NO_PHONE: Final = "+6280000000000"
"""As long as a number; sealed and thrown away where there is none, so that both take the same time."""


class ChallengeVault:
    """Seals the addresses of challenges, hashes codes and makes the commands that send them."""

    def __init__(self, seals: Seals) -> None:
        self._cipher = seals.cipher
        self._fingerprints = seals.fingerprints
        self._codes = seals.codes
        self._notification = seals.notification

    def challenge_id(self, purpose: Purpose, address: NormalAddress, account_id: str = "") -> str:
        """Return the one challenge of this address for this purpose; it follows the current fingerprint key."""
        fingerprint = self._fingerprints.current(address.text, address.kind)
        return derived_id("challenge", purpose, fingerprint, account_id)

    def hash_code(self, code: str, challenge_id: str) -> str:
        """Return the stored form of a code."""
        return self._codes.hash(code, challenge_id)

    def code_matches(self, code: str, challenge_id: str, hashed: str) -> bool:
        """Return whether it is the code that was hashed."""
        return self._codes.matches(code, challenge_id, hashed)

    def seal_challenge_address(self, address: NormalAddress, challenge_id: str) -> str:
        """Return the stored form of a challenge's address."""
        return self._cipher.seal(address.text, owner_id=challenge_id, field=_CHALLENGE_ADDRESS)

    def challenge_address(self, challenge_id: str, challenge: Challenge) -> NormalAddress:
        """Return the address that a challenge is about."""
        text = self._cipher.open(challenge.address, owner_id=challenge_id, field=_CHALLENGE_ADDRESS)
        return NormalAddress(text, challenge.address_channel)

    def send_otp(
        self,
        challenge_id: str,
        challenge: Challenge,
        account_id: str,
        address: NormalAddress,
        code: str,
        *,
        office_id: str | None = None,
    ) -> SendOtp:
        """The command that sends the challenge's present code to this address, naming the office that assists."""
        purpose = challenge.purpose.value
        return self._send_otp(challenge_id, challenge, purpose, account_id, address, code, office_id=office_id)

    def send_sms_code(
        self, challenge_id: str, challenge: Challenge, account_id: str, phone: NormalAddress | None, code: str
    ) -> SendOtp | None:
        """The command that sends a code by SMS too, if there is a number; the same work is done where there is none.

        It goes under another name than the challenge's, so that its delivery says nothing about the challenge.
        """
        asked_as = derived_id("by sms too", challenge_id)
        to = phone or NormalAddress(_NO_PHONE, Channel.SMS)
        command = self._send_otp(asked_as, challenge, challenge.purpose.value, account_id, to, code)
        return command if phone is not None else None

    def send_old_code(
        self, challenge_id: str, challenge: Challenge, account_id: str, old: NormalAddress, code: str
    ) -> SendOtp:
        """Return the command that asks the address of before to agree to a change."""
        asked_as = derived_id("old address", challenge_id)
        return self._send_otp(asked_as, challenge, f"{challenge.purpose.value}_old", account_id, old, code)

    def _send_otp(
        self,
        asked_as: str,
        challenge: Challenge,
        purpose: str,
        account_id: str,
        to: NormalAddress,
        code: str,
        *,
        office_id: str | None = None,
    ) -> SendOtp:
        content = {"address": to.text, "channel": to.channel.value, "code": code}
        if office_id is not None:
            content["office_id"] = office_id
        return SendOtp(
            challenge_id=asked_as,
            account_id=account_id,
            purpose=purpose,
            language=challenge.language,
            expires_at=challenge.code.expires_at,
            sealed=self._notification.seal(content, asked_as),
        )


def fresh_account_id(challenge_id: str, challenge: Challenge) -> str:
    """The id of the account that the challenge's present code opens if the address has none: the same at a repeat."""
    return derived_id("account", challenge_id, str(challenge.code.serial))
