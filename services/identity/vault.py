"""Personal data in and out: sealing, fingerprints, code hashes and the boxes that other services open."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from services.identity.accounts.account import Account, Address
from services.identity.accounts.addresses import NormalAddress
from services.identity.applicants.nik import Sex
from services.identity.applicants.particulars import Particulars
from services.identity.config import Settings
from services.identity.sign_in.challenge import Challenge, Channel, Purpose
from shared.crypto.codes import CodeHasher
from shared.crypto.fields import FieldCipher
from shared.crypto.fingerprints import Fingerprints
from shared.crypto.sealed import SealedBox
from shared.events.application import KeepIdentityCard
from shared.events.notification import KeepContactCard, SendOtp
from shared.ids import derived_id

_CHALLENGE_ADDRESS: Final = "address"
_PARTICULARS: Final = "particulars"
_NIK: Final = "nik"
_STAFF_NAME: Final = "staff_name"
_NO_PHONE: Final = "+6280000000000"
"""As long as a number; sealed and thrown away where there is none, so that both take the same time."""


@dataclass(frozen=True)
class Undo:
    """Where a change of address can be undone, and until when. The address is a secret of its own."""

    url: str = field(repr=False)
    until: datetime


class Vault:
    """The only place where addresses and particulars exist in the open for longer than a function call."""

    def __init__(self, settings: Settings) -> None:
        fingerprint_keys = settings.fingerprint_keyring()
        self._cipher = FieldCipher(settings.master_keyring())
        self._fingerprints = Fingerprints(fingerprint_keys)
        self._codes = CodeHasher(fingerprint_keys)
        self._notification = SealedBox.for_recipient(settings.notification_sealing_public_key)
        self._application = SealedBox.for_recipient(settings.application_sealing_public_key)

    # Codes

    def challenge_id(self, purpose: Purpose, address: NormalAddress, account_id: str = "") -> str:
        """The one challenge of this address for this purpose; it follows the current fingerprint key."""
        fingerprint = self._fingerprints.current(address.text, address.kind)
        return derived_id("challenge", purpose, fingerprint, account_id)

    def hash_code(self, code: str, challenge_id: str) -> str:
        """The stored form of a code."""
        return self._codes.hash(code, challenge_id)

    def code_matches(self, code: str, challenge_id: str, hashed: str) -> bool:
        """Whether it is the code that was hashed."""
        return self._codes.matches(code, challenge_id, hashed)

    def seal_challenge_address(self, address: NormalAddress, challenge_id: str) -> str:
        """The stored form of a challenge's address."""
        return self._cipher.seal(address.text, owner_id=challenge_id, field=_CHALLENGE_ADDRESS)

    def challenge_address(self, challenge_id: str, challenge: Challenge) -> NormalAddress:
        """The address that a challenge is about."""
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
        """The command that asks the address of before to agree to a change."""
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

    # Accounts

    def fingerprint(self, address: NormalAddress) -> str:
        """What an address is found by, under the current key alone."""
        return self._fingerprints.current(address.text, address.kind)

    def fingerprints(self, address: NormalAddress) -> tuple[str, ...]:
        """What an address is found by."""
        return self._fingerprints.all(address.text, address.kind)

    def seal_address(self, address: NormalAddress, account_id: str) -> Address:
        """The stored form of an account's address."""
        sealed = self._cipher.seal(address.text, owner_id=account_id, field=address.kind)
        return Address(sealed, self.fingerprints(address))

    def email_of(self, account_id: str, account: Account) -> NormalAddress | None:
        """The account's email address, if it has one."""
        if account.email is None:
            return None
        text = self._cipher.open(account.email.sealed, owner_id=account_id, field="email")
        return NormalAddress(text, Channel.EMAIL)

    def phone_of(self, account_id: str, account: Account) -> NormalAddress | None:
        """The account's telephone number, if it has one."""
        if account.phone is None:
            return None
        text = self._cipher.open(account.phone.sealed, owner_id=account_id, field="phone")
        return NormalAddress(text, Channel.SMS)

    def contact_card(self, account_id: str, account: Account, undo: Undo | None = None) -> KeepContactCard:
        """The command that tells notification how to reach this account from now on, and by which address whoever is
        told of the change can undo it.
        """
        email, phone = self.email_of(account_id, account), self.phone_of(account_id, account)
        content: dict[str, str | None] = {
            "email": email.text if email else None,
            "phone": phone.text if phone else None,
            "name": None,
        }
        if undo is not None:
            content |= {"undo_url": undo.url, "undo_until": undo.until.isoformat()}
        return KeepContactCard(
            account_id=account_id,
            language=account.language,
            sealed=self._notification.seal(content, account_id),
        )

    def hash_undo(self, secret: str, account_id: str) -> str:
        """The stored form of the secret that undoes a change of address."""
        return self._codes.hash(secret, _undo_of(account_id))

    def undo_matches(self, secret: str, account_id: str, hashed: str) -> bool:
        """Whether it is the secret that was hashed."""
        return self._codes.matches(secret, _undo_of(account_id), hashed)

    def stranger_id(self, username: str) -> str:
        """The name under which tries with a user name that nobody has are counted."""
        return derived_id("stranger", self._fingerprints.current(username, _STAFF_NAME))

    # Applicants

    def nik_fingerprints(self, nik: str) -> tuple[str, ...]:
        """What a NIK is found by."""
        return self._fingerprints.all(nik, _NIK)

    def seal_particulars(self, particulars: Particulars, applicant_id: str) -> str:
        """The stored form of what an applicant says about themselves."""
        content = {
            "full_name": particulars.full_name,
            "nik": particulars.nik,
            "birth_place": particulars.birth_place,
            "birth_date": particulars.birth_date.isoformat(),
            "sex": particulars.sex.value,
            "family_card_number": particulars.family_card_number,
            "married": particulars.married,
        }
        return self._cipher.seal(json.dumps(content, ensure_ascii=False), owner_id=applicant_id, field=_PARTICULARS)

    def particulars(self, sealed: str, applicant_id: str) -> Particulars:
        """What an applicant says about themselves."""
        content = json.loads(self._cipher.open(sealed, owner_id=applicant_id, field=_PARTICULARS))
        born = date.fromisoformat(content.pop("birth_date"))
        return Particulars(birth_date=born, sex=Sex(content.pop("sex")), **content)

    def identity_card(
        self, account_id: str, applicant_id: str, person_id: str, particulars: Particulars
    ) -> KeepIdentityCard:
        """The command that hands the confirmed data to application."""
        content = {
            "full_name": particulars.full_name,
            "nik": particulars.nik,
            "birth_place": particulars.birth_place,
            "birth_date": particulars.birth_date.isoformat(),
            "sex": particulars.sex.value,
        }
        return KeepIdentityCard(
            account_id=account_id,
            applicant_id=applicant_id,
            person_id=person_id,
            sealed=self._application.seal(content, applicant_id),
        )

    # Staff

    def seal_staff_name(self, name: str, staff_id: str) -> str:
        """The stored form of the name of a member of staff."""
        return self._cipher.seal(name, owner_id=staff_id, field=_STAFF_NAME)

    def staff_name(self, sealed: str, staff_id: str) -> str:
        """The name of a member of staff."""
        return self._cipher.open(sealed, owner_id=staff_id, field=_STAFF_NAME)


def _undo_of(account_id: str) -> str:
    return derived_id("undo", account_id)


def fresh_account_id(challenge_id: str, challenge: Challenge) -> str:
    """The id of the account that the challenge's present code opens if the address has none: the same at a repeat."""
    return derived_id("account", challenge_id, str(challenge.code.serial))


def moment(at: datetime) -> str:
    """A time as problems and views write it."""
    return at.isoformat().replace("+00:00", "Z")
