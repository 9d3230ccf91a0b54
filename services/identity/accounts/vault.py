"""The addresses of accounts: sealed, found by fingerprints, and boxed for notification."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from services.identity.accounts.account import Account, Address
from services.identity.accounts.addresses import NormalAddress
from services.identity.accounts.channel import Channel
from services.identity.seals import Seals
from shared.events.notification import KeepContactCard, TellOfLeaving, TellOfSignIn
from shared.ids import derived_id


@dataclass(frozen=True)
class Undo:
    """Where a change of address can be undone, and until when. The address is a secret of its own."""

    url: str = field(repr=False)
    until: datetime


class AccountVault:
    """Seals and opens the addresses of accounts."""

    def __init__(self, seals: Seals) -> None:
        self._cipher = seals.cipher
        self._fingerprints = seals.fingerprints
        self._codes = seals.codes
        self._notification = seals.notification

    def fingerprint(self, address: NormalAddress) -> str:
        """Return the fingerprint of an address under the current key."""
        return self._fingerprints.current(address.text, address.kind)

    def fingerprints(self, address: NormalAddress) -> tuple[str, ...]:
        """Return the fingerprints that find an address."""
        return self._fingerprints.all(address.text, address.kind)

    def seal_address(self, address: NormalAddress, account_id: str) -> Address:
        """Return the stored form of an account's address."""
        sealed = self._cipher.seal(address.text, owner_id=account_id, field=address.kind)
        return Address(sealed, self.fingerprints(address))

    def email_of(self, account_id: str, account: Account) -> NormalAddress | None:
        """Return the account's email address, if it has one."""
        if account.email is None:
            return None
        text = self._cipher.open(account.email.sealed, owner_id=account_id, field="email")
        return NormalAddress(text, Channel.EMAIL)

    def phone_of(self, account_id: str, account: Account) -> NormalAddress | None:
        """Return the account's telephone number, if it has one."""
        if account.phone is None:
            return None
        text = self._cipher.open(account.phone.sealed, owner_id=account_id, field="phone")
        return NormalAddress(text, Channel.SMS)

    def contact_card(self, account_id: str, account: Account, undo: Undo | None = None) -> KeepContactCard:
        """Return the command that tells notification how to reach this account from now on, with the link by which the
        change can be undone.
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

    def address_of(self, account_id: str, account: Account, channel: Channel) -> NormalAddress | None:
        """Return the account's address of this channel, if it has one."""
        find = self.email_of if channel is Channel.EMAIL else self.phone_of
        return find(account_id, account)

    def addresses_told(self, account_id: str, account: Account) -> list[NormalAddress]:
        """Return the account's addresses, and those that an undo of a change could bring back."""
        states = [account, *(replace(account, email=kept.email, phone=kept.phone) for kept in account.changes)]
        found = [self.address_of(account_id, state, channel) for state in states for channel in Channel]
        return list({(address.channel, address.text): address for address in found if address is not None}.values())

    def tell_of_leaving(
        self, account_id: str, account: Account, to: NormalAddress, what: str, url: str, ends_at: datetime
    ) -> TellOfLeaving:
        """Return the command that tells an address of what goes at ``ends_at``, with the link that undoes it."""
        notice_id = derived_id("leaving notice", url, self.fingerprint(to))
        content = {"address": to.text, "channel": to.channel.value, "url": url}
        return TellOfLeaving(
            notice_id=notice_id,
            account_id=account_id,
            language=account.language,
            what=what,
            ends_at=ends_at,
            sealed=self._notification.seal(content, notice_id),
        )

    def tell_of_sign_in(
        self, account_id: str, account: Account, to: NormalAddress, url: str, until: datetime, opens_at: datetime | None
    ) -> TellOfSignIn:
        """Return the command that tells an address of a sign-in on a new device, with the link that disowns it.

        ``opens_at``: it has not happened yet; the account opens then without this address.
        """
        content = {"address": to.text, "channel": to.channel.value, "url": url, "until": until.isoformat()}
        notice_id = derived_id("sign-in notice", account_id, url)
        return TellOfSignIn(
            notice_id=notice_id,
            account_id=account_id,
            language=account.language,
            opens_at=opens_at,
            sealed=self._notification.seal(content, notice_id),
        )

    def hash_undo(self, secret: str, account_id: str) -> str:
        """Return the stored form of the secret that undoes a change of address."""
        return self._codes.hash(secret, _undo_of(account_id))

    def undo_matches(self, secret: str, account_id: str, hashed: str) -> bool:
        """Return whether it is the secret that was hashed."""
        return self._codes.matches(secret, _undo_of(account_id), hashed)


def _undo_of(account_id: str) -> str:
    return derived_id("undo", account_id)
