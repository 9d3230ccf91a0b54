"""One-time codes and the addresses they go to: hashed, sealed, and boxed for notification."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping
from string import ascii_uppercase, digits
from typing import Final

from services.identity.accounts.addresses import NormalAddress
from services.identity.accounts.channel import Channel
from services.identity.seals import Seals
from services.identity.sign_in.challenge import BY_SESSION, Challenge, Code, Purpose
from shared.events.notification import SendOtp
from shared.ids import derived_id

_TRIER_CHARS: Final = 24
"""Of a keyed hash: enough to tell the triers of one code apart."""

_CHALLENGE_ADDRESS: Final = "address"
_LONG_CODE_LETTERS: Final = "".join(sign for sign in digits + ascii_uppercase if sign not in "01IO")
"""Without 0, 1, I and O, which are mistaken for each other."""

_LONG_CODE_CHARS: Final = 12
"""Sixty bits: at 60 tries a minute from each of 1,000 addresses the chance in a day is below one in ten thousand
million."""

_REGISTRATION_PHONE: Final = "registration_phone"
_NO_PHONE: Final = "+6280000000000"
"""As long as a number; sealed and thrown away where there is none, so that both take the same time."""


class ChallengeVault:
    """Seals the addresses of challenges, hashes codes and makes the commands that send them."""

    def __init__(self, seals: Seals) -> None:
        self._cipher = seals.cipher
        self._fingerprints = seals.fingerprints
        self._codes = seals.codes
        self._notification = seals.notification

    def challenge_id(self, purpose: Purpose, address: NormalAddress, account_id: str = "", session_id: str = "") -> str:
        """Return the one challenge of this address for this purpose, `BY_SESSION` the one of this session; it follows
        the current fingerprint key.
        """
        fingerprint = self._fingerprints.current(address.text, address.kind)
        asker = _session_asker(account_id, session_id) if purpose in BY_SESSION else account_id
        return derived_id("challenge", purpose, fingerprint, asker)

    def challenge_ids(
        self, fingerprints: Iterable[str], account_id: str, session_ids: Iterable[str]
    ) -> tuple[str, ...]:
        """Return the ids of every challenge that an account's addresses, by their fingerprints, may have."""
        asked_by = ("", account_id, *(_session_asker(account_id, session_id) for session_id in session_ids))
        return tuple(
            derived_id("challenge", purpose, fingerprint, asker)
            for fingerprint in fingerprints
            for purpose in Purpose
            for asker in asked_by
        )

    def hash_code(self, code: str, challenge_id: str) -> str:
        """Return the stored form of a code."""
        return self._codes.hash(code, challenge_id)

    def code_matches(self, code: str, challenge_id: str, hashed: str) -> bool:
        """Return whether it is the code that was hashed."""
        return self._codes.matches(code, challenge_id, hashed)

    def long_code(self, challenge_id: str, code: Code) -> str:
        """Return the long code of a message, as ABCD-EFGH-JKLM. It follows from the key and is stored nowhere."""
        hashed = self._codes.hash(f"long {code.serial} {code.asked_by}", challenge_id).partition(":")[2]
        number = int(hashed, 16)
        letters = "".join(_LONG_CODE_LETTERS[number >> 5 * place & 31] for place in range(_LONG_CODE_CHARS))
        return "-".join(letters[at : at + 4] for at in range(0, _LONG_CODE_CHARS, 4))

    def is_long_code(self, text: str, challenge_id: str, code: Code) -> bool:
        """Return whether it is the long code that goes with this code; small letters and dashes do not count."""
        if len(text) < _LONG_CODE_CHARS:
            return False
        said, wanted = (part.replace("-", "").upper() for part in (text, self.long_code(challenge_id, code)))
        return hmac.compare_digest(said.encode(), wanted.encode())

    def asker_token(self, challenge_id: str, code: Code) -> str:
        """Return the secret of the one who asked for this code."""
        return self._codes.hash(_asked(code), challenge_id)

    def is_asker(self, token: str | None, challenge_id: str, code: Code) -> bool:
        """Return whether it is the secret of the one who asked for this code."""
        return token is not None and self._codes.matches(_asked(code), challenge_id, token)

    def hash_trier(self, name: str, challenge_id: str) -> str:
        """Return the stored form of a network address or device that tries a code."""
        return self._codes.hash(f"trier {name}", challenge_id)[:_TRIER_CHARS]

    def seal_challenge_address(self, address: NormalAddress, challenge_id: str) -> str:
        """Return the stored form of a challenge's address."""
        return self._cipher.seal(address.text, owner_id=challenge_id, field=_CHALLENGE_ADDRESS)

    def challenge_address(self, challenge_id: str, challenge: Challenge) -> NormalAddress:
        """Return the address that a challenge is about."""
        text = self._cipher.open(challenge.address, owner_id=challenge_id, field=_CHALLENGE_ADDRESS)
        return NormalAddress(text, challenge.address_channel)

    def seal_registration_phone(self, phone: NormalAddress, challenge_id: str) -> str:
        """Return the stored form of the number that was given at a registration."""
        return self._cipher.seal(phone.text, owner_id=challenge_id, field=_REGISTRATION_PHONE)

    def registration_phone(self, challenge_id: str, challenge: Challenge) -> NormalAddress | None:
        """Return the number that was given at a registration, if one was."""
        if challenge.phone is None:
            return None
        text = self._cipher.open(challenge.phone, owner_id=challenge_id, field=_REGISTRATION_PHONE)
        return NormalAddress(text, Channel.SMS)

    def is_current(self, challenge: Challenge) -> bool:
        """Return whether its addresses are sealed by the current master key."""
        stored = (challenge.address, challenge.phone)
        return not any(self._cipher.needs_rotation(value) for value in stored if value is not None)

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
        """Make the command that sends the challenge's present code to this address, naming the office that assists.

        A code for signing in goes with its long code.
        """
        is_sign_in = challenge.purpose is Purpose.SIGN_IN
        more = {
            "office_id": office_id,
            "long_code": self.long_code(challenge_id, challenge.code) if is_sign_in else None,
        }
        return self._send_otp(challenge_id, challenge, challenge.purpose.value, account_id, address, code, more)

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

    def send_second_code(
        self, challenge_id: str, challenge: Challenge, account_id: str, old: NormalAddress, code: str
    ) -> SendOtp:
        """Return the command that asks another address of the account to agree: to a change, or to a new device."""
        asked_as = derived_id("old address", challenge_id)
        purpose = "sign_in_second" if challenge.purpose is Purpose.SIGN_IN else f"{challenge.purpose.value}_old"
        return self._send_otp(asked_as, challenge, purpose, account_id, old, code)

    def _send_otp(
        self,
        asked_as: str,
        challenge: Challenge,
        purpose: str,
        account_id: str,
        to: NormalAddress,
        code: str,
        more: Mapping[str, str | None] | None = None,
    ) -> SendOtp:
        content = {"address": to.text, "channel": to.channel.value, "code": code}
        content |= {name: value for name, value in (more or {}).items() if value is not None}
        return SendOtp(
            challenge_id=asked_as,
            account_id=account_id,
            purpose=purpose,
            language=challenge.language,
            expires_at=challenge.code.expires_at,
            sealed=self._notification.seal(content, asked_as),
        )


def _asked(code: Code) -> str:
    return f"asker {code.serial} {code.asked_by}"


def fresh_account_id(challenge_id: str, challenge: Challenge) -> str:
    """The id of the account that the challenge's present code opens if the address has none: the same at a repeat."""
    return derived_id("account", challenge_id, str(challenge.code.serial), challenge.code.sent_at.isoformat())


def _session_asker(account_id: str, session_id: str) -> str:
    return f"{account_id}|{session_id}"
