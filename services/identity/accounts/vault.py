"""The addresses of accounts: sealed, found by fingerprints, and boxed for notification."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from services.identity.accounts import account as rules
from services.identity.accounts.account import Account, Address
from services.identity.accounts.addresses import NormalAddress
from services.identity.accounts.channel import Channel
from services.identity.seals import Seals
from shared.crypto.fingerprints import Fingerprints
from shared.crypto.sealed import SealedBox
from shared.events.notification import KeepContactCard, TellOfLeaving, TellOfSignIn
from shared.ids import derived_id
from shared.person_keys.cipher import PersonCipher, is_persons


@dataclass(frozen=True)
class Undo:
    """Where a change of address can be undone, and until when. The address is a secret of its own."""

    url: str = field(repr=False)
    until: datetime


class AccountVault:
    """Seals and opens the addresses of accounts."""

    def __init__(self, seals: Seals) -> None:
        self._person_keys = seals.person_keys
        self._fingerprints = seals.fingerprints
        self._codes = seals.codes
        self._notification = seals.notification

    def fingerprint(self, address: NormalAddress) -> str:
        """Return the fingerprint of an address under the current key."""
        return self._fingerprints.current(address.text, address.kind)

    def fingerprints(self, address: NormalAddress) -> tuple[str, ...]:
        """Return the fingerprints that find an address."""
        return _fingerprints_of(self._fingerprints, address)

    async def unlock(self, account_id: str, *, is_new: bool = False) -> UnlockedAccount:
        """Return what seals and opens the addresses of this account.

        Raises:
            PersonErased: its key was destroyed.
        """
        keys = self._person_keys
        cipher = await (keys.new_cipher(account_id) if is_new else keys.cipher(account_id))
        return UnlockedAccount(account_id, cipher, self._fingerprints, self._notification)

    async def addresses_told(self, account_id: str, account: Account) -> list[NormalAddress]:
        """Return the account's addresses, and those that an undo of a change could bring back."""
        unlocked = await self.unlock(account_id)
        states = [account, *(replace(account, email=kept.email, phone=kept.phone) for kept in account.changes)]
        found = [unlocked.address_of(state, channel) for state in states for channel in Channel]
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

    async def turned(self, account_id: str, account: Account) -> Account:
        """Return the account with all its addresses sealed by its own key and found by the present fingerprints."""
        return (await self.unlock(account_id)).turned(account)

    def is_current(self, account: Account) -> bool:
        """Return whether all its addresses are sealed by its own key and found by the present fingerprints."""
        before = [address for change in account.changes for address in (change.email, change.phone)]
        return all(
            is_persons(address.sealed) and not self._fingerprints.need_rotation(address.fingerprints)
            for address in (account.email, account.phone, *before)
            if address is not None
        )

    def hash_undo(self, secret: str, account_id: str) -> str:
        """Return the stored form of the secret that undoes a change of address."""
        return self._codes.hash(secret, _undo_of(account_id))

    def undo_matches(self, secret: str, account_id: str, hashed: str) -> bool:
        """Return whether it is the secret that was hashed."""
        return self._codes.matches(secret, _undo_of(account_id), hashed)


class UnlockedAccount:
    """The addresses of one account, sealed and opened with its own key."""

    def __init__(
        self, account_id: str, cipher: PersonCipher, fingerprints: Fingerprints, notification: SealedBox
    ) -> None:
        self._account_id = account_id
        self._cipher = cipher
        self._fingerprints = fingerprints
        self._notification = notification

    def seal_address(self, address: NormalAddress) -> Address:
        """Return the stored form of an address."""
        sealed = self._cipher.seal(address.text, owner_id=self._account_id, field=address.kind)
        return Address(sealed, _fingerprints_of(self._fingerprints, address))

    def address_of(self, account: Account, channel: Channel) -> NormalAddress | None:
        """Return the account's address of this channel, if it has one."""
        stored = account.email if channel is Channel.EMAIL else account.phone
        return self._opened(stored, channel) if stored is not None else None

    def contact_card(self, account: Account, undo: Undo | None = None) -> KeepContactCard:
        """Return the command that tells notification how to reach this account from now on, with the link by which the
        change can be undone.
        """
        email, phone = (self.address_of(account, channel) for channel in (Channel.EMAIL, Channel.SMS))
        content: dict[str, str | None] = {
            "email": email.text if email else None,
            "phone": phone.text if phone else None,
            "name": None,
        }
        if undo is not None:
            content |= {"undo_url": undo.url, "undo_until": undo.until.isoformat()}
        return KeepContactCard(
            account_id=self._account_id,
            language=account.language,
            sealed=self._notification.seal(content, self._account_id),
        )

    def turned(self, account: Account) -> Account:
        """Return the account with all its addresses sealed by its own key and found by the present fingerprints."""
        changes = tuple(
            replace(
                change,
                email=self._turned(change.email, Channel.EMAIL),
                phone=self._turned(change.phone, Channel.SMS),
            )
            for change in account.changes
        )
        return rules.with_turned_addresses(
            account, self._turned(account.email, Channel.EMAIL), self._turned(account.phone, Channel.SMS), changes
        )

    def _opened(self, stored: Address, channel: Channel) -> NormalAddress:
        text = self._cipher.open(stored.sealed, owner_id=self._account_id, field=_field_of(channel))
        return NormalAddress(text, channel)

    def _turned(self, stored: Address | None, channel: Channel) -> Address | None:
        return self.seal_address(self._opened(stored, channel)) if stored is not None else None


def _fingerprints_of(fingerprints: Fingerprints, address: NormalAddress) -> tuple[str, ...]:
    return fingerprints.all(address.text, address.kind)


def _field_of(channel: Channel) -> str:
    return NormalAddress("", channel).kind


def _undo_of(account_id: str) -> str:
    return derived_id("undo", account_id)
