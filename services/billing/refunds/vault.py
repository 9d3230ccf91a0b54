"""Personal data of refund cases, sealed: bank accounts and the messages of applicants."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from services.billing.refunds.model import BankAccount, Refund
from services.billing.refunds.treasury import Payee
from shared.person_keys.cipher import PersonCipher, is_persons
from shared.person_keys.keys import PersonKeys

_NUMBER: Final = "account_number"
_HOLDER: Final = "holder_name"
_NOTE: Final = "note"

SHOWN_DIGITS = 3
"""The number of an account's last digits that are shown: enough to tell two accounts apart, too few to use one."""


class Vault:
    """Seals with the key of the case's account, under the case's id and the field's name, so that a value opens nowhere
    else. Every call raises `PersonErased` once that key was destroyed.
    """

    def __init__(self, person_keys: PersonKeys) -> None:
        self._person_keys = person_keys

    async def seal_account(self, case: Refund, payee: Payee, now: datetime) -> BankAccount:
        """Return an account as it is kept."""
        cipher = await self._cipher(case)
        return BankAccount(
            bank_code=payee.bank_code,
            number_sealed=cipher.seal(payee.account_number, owner_id=case.refund_id, field=_NUMBER),
            holder_sealed=cipher.seal(payee.holder_name, owner_id=case.refund_id, field=_HOLDER),
            given_at=now,
        )

    async def payee(self, case: Refund, account: BankAccount) -> Payee:
        """Return an account in clear, for the bank."""
        cipher = await self._cipher(case)
        return Payee(
            account.bank_code,
            cipher.open(account.number_sealed, owner_id=case.refund_id, field=_NUMBER),
            cipher.open(account.holder_sealed, owner_id=case.refund_id, field=_HOLDER),
        )

    async def masked_number(self, case: Refund, account: BankAccount) -> str:
        """Return the account's number as it may be shown."""
        number = (await self.payee(case, account)).account_number
        return "*" * (len(number) - SHOWN_DIGITS) + number[-SHOWN_DIGITS:]

    async def seal_note(self, case: Refund, note: str) -> str:
        """Return a message, sealed."""
        return (await self._cipher(case)).seal(note, owner_id=case.refund_id, field=_NOTE)

    async def notes(self, case: Refund) -> tuple[str, ...]:
        """Return the messages of the case in clear, oldest first, for its holder and its officers."""
        sealed = [case.note_sealed, *(paper.note_sealed for paper in case.papers)]
        if sealed == [None]:
            return ()
        cipher = await self._cipher(case)
        return tuple(cipher.open(note, owner_id=case.refund_id, field=_NOTE) for note in sealed if note is not None)

    async def turned(self, _refund_id: str, case: Refund) -> Refund:
        """Return the case with everything sealed by the key of its account."""
        cipher = await self._cipher(case)

        def resealed(value: str, field: str = _NOTE) -> str:
            return cipher.turned(value, owner_id=case.refund_id, field=field)

        account = case.account
        if account is not None:
            account = replace(
                account,
                number_sealed=resealed(account.number_sealed, _NUMBER),
                holder_sealed=resealed(account.holder_sealed, _HOLDER),
            )
        return replace(
            case,
            account=account,
            note_sealed=resealed(case.note_sealed) if case.note_sealed is not None else None,
            papers=tuple(replace(paper, note_sealed=resealed(paper.note_sealed)) for paper in case.papers),
        )

    async def _cipher(self, case: Refund) -> PersonCipher:
        return await self._person_keys.cipher(subject_of(case))


def subject_of(case: Refund) -> str:
    """Return the subject of the person key: the case's account, or the case itself for money of no known account."""
    return case.account_id or case.refund_id


def is_current(_refund_id: str, case: Refund) -> bool:
    """Return whether everything is sealed by a person's key."""
    sealed = [case.note_sealed, *(paper.note_sealed for paper in case.papers)]
    if case.account is not None:
        sealed += [case.account.number_sealed, case.account.holder_sealed]
    return all(is_persons(value) for value in sealed if value is not None)
