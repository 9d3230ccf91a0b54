"""Which messages lie under the key of an account, and how they end when it is destroyed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.notification.contacts.repository import CARDS
from services.notification.contacts.vault import ContactVault, is_current
from services.notification.deliveries import delivery
from services.notification.deliveries.contents import DeliveryVault
from services.notification.deliveries.delivery import State
from services.notification.deliveries.repository import DELIVERIES
from shared.bus.dispatch import Outcome
from shared.crypto.fields import FieldCipher
from shared.events import billing
from tests.conftest import START
from tests.unit.notification.samples import event_of
from tests.unit.notification.world import ACCOUNT, EMAIL, KEYS, World, a_card, a_letter, a_sign_in, an_otp

A_SIGN_IN = a_sign_in(START + timedelta(days=7), "email", EMAIL, None)


@pytest.fixture
async def world() -> World:
    made = World()
    await made.hears(a_card())
    return made


async def newest(world: World) -> str:
    return str((await world.deliveries())[-1].state.sealed)


async def test_news_lies_under_the_accounts_key_and_a_code_under_the_master_key(world: World) -> None:
    await world.hears(event_of(billing.BillIssued))
    assert (await newest(world)).startswith("P1.")
    stranger = World()
    await stranger.hears(an_otp(START + timedelta(minutes=5)))
    assert (await newest(stranger)).startswith("k1.")
    table: Any = stranger.seals.person_keys._table
    assert table.records == {}, "a flood of codes leaves no keys behind"


async def test_a_sign_in_is_told_under_the_accounts_key(world: World) -> None:
    await world.hears(A_SIGN_IN)
    assert (await newest(world)).startswith("P1.")


async def test_messages_on_their_way_are_not_sent_once_the_account_is_erased(world: World) -> None:
    await world.hears(event_of(billing.BillIssued))
    await world.hears(a_letter(b"%PDF"))
    await world.seals.person_keys.destroy(ACCOUNT)
    await world.works()
    assert world.mails == world.texts == []
    ended = {record.state.state for record in await world.deliveries()}
    assert ended == {State.FAILED}
    reasons = {record.state.reason for record in await world.deliveries()}
    assert reasons == {delivery.UNREADABLE}


async def test_late_news_of_an_erased_account_is_taken_and_leaves_nothing(world: World) -> None:
    await world.seals.person_keys.destroy(ACCOUNT)
    for message in (a_card(), event_of(billing.BillIssued), A_SIGN_IN, a_letter(b"%PDF")):
        assert await world.hears(message, version=9) is Outcome.DONE
    assert await world.deliveries() == []


async def test_a_card_of_before_accounts_had_keys_opens_and_is_turned(world: World) -> None:
    record = await world.store.get(CARDS, ACCOUNT)
    assert record is not None and is_current(ACCOUNT, record.state)
    vault = ContactVault(world.seals)
    reach = await vault.open_reach(ACCOUNT, record.state)
    old = FieldCipher(KEYS)
    card = replace(
        record.state,
        email=old.seal(reach.email or "", owner_id=ACCOUNT, field="email"),
        name=old.seal("Budi Contoh", owner_id=ACCOUNT, field="name"),
    )
    assert not is_current(ACCOUNT, card)
    assert await vault.open_reach(ACCOUNT, card) == replace(reach, name="Budi Contoh")
    turned = await vault.turned(ACCOUNT, card)
    assert is_current(ACCOUNT, turned)
    assert await vault.open_reach(ACCOUNT, turned) == replace(reach, name="Budi Contoh")


async def test_a_message_counts_as_current_by_its_own_key(world: World) -> None:
    await world.hears(event_of(billing.BillIssued))
    await world.hears(an_otp(START + timedelta(minutes=5)))
    vault = DeliveryVault(world.seals)
    found = [record async for record in world.store.scan(DELIVERIES)]
    assert all(vault.is_current(record.id, record.state) for record in found)
    assert vault.is_current("d", replace(found[0].state, sealed=None))
    assert not vault.is_current("d", replace(found[0].state, sealed="k0.older"))
