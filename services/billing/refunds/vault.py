"""Personal data of refund cases, sealed: bank accounts and the messages of applicants."""

from __future__ import annotations

from datetime import datetime

from services.billing.refunds.model import BankAccount
from services.billing.refunds.treasury import Payee
from shared.crypto.fields import FieldCipher
from shared.crypto.keyring import Keyring

SHOWN_DIGITS = 3
"""The number of an account's last digits that are shown: enough to tell two accounts apart, too few to use one."""


class Vault:
    """Seals under the case's id and the field's name, so that a value opens nowhere else."""

    def __init__(self, keyring: Keyring) -> None:
        self._cipher = FieldCipher(keyring)

    def seal_account(self, refund_id: str, payee: Payee, now: datetime) -> BankAccount:
        """Return an account as it is kept."""
        return BankAccount(
            bank_code=payee.bank_code,
            number_sealed=self._cipher.seal(payee.account_number, owner_id=refund_id, field="account_number"),
            holder_sealed=self._cipher.seal(payee.holder_name, owner_id=refund_id, field="holder_name"),
            given_at=now,
        )

    def payee(self, refund_id: str, account: BankAccount) -> Payee:
        """Return an account in clear, for the bank."""
        return Payee(
            account.bank_code,
            self._cipher.open(account.number_sealed, owner_id=refund_id, field="account_number"),
            self._cipher.open(account.holder_sealed, owner_id=refund_id, field="holder_name"),
        )

    def masked_number(self, refund_id: str, account: BankAccount) -> str:
        """Return the account's number as it may be shown."""
        number = self.payee(refund_id, account).account_number
        return "*" * (len(number) - SHOWN_DIGITS) + number[-SHOWN_DIGITS:]

    def seal_note(self, refund_id: str, note: str) -> str:
        """Return a message, sealed."""
        return self._cipher.seal(note, owner_id=refund_id, field="note")

    def note(self, refund_id: str, sealed: str) -> str:
        """Return a message in clear, for the officers of the case."""
        return self._cipher.open(sealed, owner_id=refund_id, field="note")
