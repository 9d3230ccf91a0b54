"""What a refund case keeps of a person: under the key of its account, and turned from the master key."""

from __future__ import annotations

from dataclasses import replace

import pytest

from services.billing.refunds.model import BankAccount, Paper, Refund
from services.billing.refunds.states import RefundState
from services.billing.refunds.treasury import Payee
from services.billing.refunds.vault import Vault, is_current, subject_of
from shared.clock import ManualClock
from shared.crypto.fields import FieldCipher
from shared.person_keys.errors import PersonErased
from shared.person_keys.keys import PersonKeys
from shared.person_keys.memory import MemoryKeyTable
from tests.conftest import START
from tests.unit.shared_crypto.keys import BOTH, NEW, OLD

CASE = Refund(
    refund_id="r-1",
    receipt_id="ntpn",
    amount=350_000,
    state=RefundState.REQUESTED,
    reason="double_payment",
    legal_basis="",
    decided_by="applicant",
    opened_at=START,
    application_id="a-1",
    account_id="account-1",
    bill_id="b-1",
)
PAYEE = Payee("014", "1234567890", "BUDI CONTOH")


def keys_of(table: MemoryKeyTable, keyring: object = NEW) -> PersonKeys:
    return PersonKeys(table, keyring, ManualClock(START), "billing")  # type: ignore[arg-type]


async def test_account_and_messages_die_with_the_key_of_the_account() -> None:
    keys = keys_of(MemoryKeyTable())
    vault = Vault(keys)
    case = replace(CASE, note_sealed=await vault.seal_note(CASE, "twice"))
    account = await vault.seal_account(case, PAYEE, START)
    assert await vault.payee(case, account) == PAYEE
    assert await vault.notes(case) == ("twice",)
    assert is_current(case.refund_id, replace(case, account=account))
    await keys.destroy("account-1")
    with pytest.raises(PersonErased):
        await vault.payee(case, account)
    with pytest.raises(PersonErased):
        await vault.notes(case)


async def test_a_case_without_messages_asks_for_no_key() -> None:
    table = MemoryKeyTable()
    assert await Vault(keys_of(table)).notes(CASE) == ()
    assert table.records == {}


def test_money_of_no_known_account_has_the_case_for_its_subject() -> None:
    assert subject_of(CASE) == "account-1"
    assert subject_of(replace(CASE, account_id=None)) == "r-1"


async def test_what_the_master_key_sealed_is_turned() -> None:
    old = FieldCipher(OLD)

    def sealed(text: str, field: str) -> str:
        return old.seal(text, owner_id="r-1", field=field)

    account = BankAccount(
        "014", sealed(PAYEE.account_number, "account_number"), sealed("BUDI CONTOH", "holder_name"), START
    )
    case = replace(CASE, account=account, note_sealed=sealed("a", "note"), papers=(Paper(START, sealed("b", "note")),))
    assert not is_current("r-1", case)
    table = MemoryKeyTable()
    turned = await Vault(keys_of(table, BOTH)).turned("r-1", case)
    assert is_current("r-1", turned)
    only_new = Vault(keys_of(table, NEW))
    assert turned.account is not None
    assert await only_new.payee(turned, turned.account) == PAYEE
    assert await only_new.notes(turned) == ("a", "b")
    bare = await Vault(keys_of(table, BOTH)).turned("r-1", CASE)
    assert bare == CASE
