"""How to pay: the data, the public list, and one bill."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.billing.data.reference import payment_channels
from services.billing.payment_channels.model import CODE_PLACE, channels_for, channels_in_general
from tests.unit.billing.conftest import Ask
from tests.unit.billing.world import World

WAYS = ["teller", "atm", "mobile_banking", "post_office", "shop", "wallet"]


def test_every_way_to_pay_is_told_in_both_languages_with_the_code_in_its_steps() -> None:
    channels = payment_channels()
    assert [channel.code for channel in channels] == WAYS
    for channel in channels:
        assert len(channel.steps) == len(channel.steps_id) >= 3
        assert sum(CODE_PLACE in step for step in channel.steps) == 1
        assert sum(CODE_PLACE in step for step in channel.steps_id) == 1
        assert all((channel.title, channel.title_id, channel.hours, channel.hours_id, channel.limit, channel.limit_id))
        if channel.most_amount is not None:
            assert f"{channel.most_amount:,}".replace(",", ".") in channel.limit, "words and figures say the same"
            assert f"{channel.most_amount:,}".replace(",", ".") in channel.limit_id


@pytest.mark.parametrize(
    ("amount", "left_out"), [(2_000_000, []), (2_000_001, ["wallet"]), (5_000_001, ["shop", "wallet"])]
)
def test_a_bill_is_sent_to_the_channels_that_take_it(amount: int, left_out: list[str]) -> None:
    taking = channels_for(payment_channels(), "826112300000001", amount)
    assert [channel.code for channel in taking] == [way for way in WAYS if way not in left_out]
    assert all("826112300000001" in " ".join(channel.steps) for channel in taking)
    assert all("826112300000001" in " ".join(channel.steps_id) for channel in taking)


def test_in_general_no_code_is_named() -> None:
    for channel in channels_in_general(payment_channels()):
        assert "{" not in " ".join((*channel.steps, *channel.steps_id))


async def test_everybody_sees_how_to_pay(world: World, ask: Ask) -> None:
    status, listed = await ask("GET", "/v1/payment-channels", role=None)
    assert status == 200
    assert [channel["code"] for channel in listed["channels"]] == WAYS
    assert listed["channels"][0]["steps_in_indonesian"] == listed["channels"][0]["steps_id"]


async def test_a_bill_says_how_it_is_paid_while_it_can_be_paid(world: World, ask: Ask) -> None:
    bill = await world.issued_bill()
    _, shown = await ask("GET", f"/v1/bills/{bill.bill_id}")
    status, ways = await ask("GET", shown["how_to_pay"])
    assert status == 200
    assert (ways["billing_code"], ways["amount"]) == (bill.billing_code, bill.amount)
    assert ways["expires_at_local"].endswith("+08:00"), "in the office's time"
    assert bill.billing_code in " ".join(ways["channels"][1]["steps_id"])
    assert (await ask("GET", shown["how_to_pay"], account="account-9"))[1]["code"] == "bill_unknown"
    await world.pay(bill)
    status, said = await ask("GET", shown["how_to_pay"])
    assert (status, said["code"], said["state"]) == (409, "nothing_to_pay_here", "paid")
    assert said["next_action"] and said["next_call"]
    assert (await ask("GET", f"/v1/bills/{bill.bill_id}"))[1]["how_to_pay"] is None


async def test_a_code_that_has_ended_is_not_explained_any_more(world: World, ask: Ask) -> None:
    bill = await world.expired_bill()
    status, said = await ask("GET", f"/v1/bills/{bill.bill_id}/how-to-pay")
    assert (status, said["code"], said["state"]) == (409, "nothing_to_pay_here", "expired")
    assert world.clock.now() > (bill.expires_at or world.clock.now()) + timedelta(seconds=1)
