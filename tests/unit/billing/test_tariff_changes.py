"""Changes of the tariff: two people, a coming day, prices already asked for stay."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from services.billing.data.reference import tariff_book
from services.billing.errors import SecondPersonNeeded
from services.billing.tariffs import change as changes
from services.billing.tariffs.change import ChangeProblem, ChangeState, TariffChange
from services.billing.tariffs.errors import (
    TariffChangeDecided,
    TariffChangeUnknown,
    TariffDayIsTaken,
    TariffIncomplete,
    TariffReachesBack,
)
from services.billing.tariffs.model import NoTariffInForce, Order, Tariff, ZeroTariff, price
from shared.calendar.working_days import JAKARTA
from shared.store.transitions import IllegalTransition
from shared.tokens import ALL_OFFICES, Caller, Role
from tests.unit.billing.make import T0
from tests.unit.billing.world import World, make_world

FIRST = Caller("treasurer-1", Role.TREASURER, "s1", offices=(ALL_OFFICES,))
SECOND = Caller("treasurer-2", Role.TREASURER, "s2", offices=(ALL_OFFICES,))
OPERATOR = Caller("operator-1", Role.OPERATOR, "s3")
TODAY = T0.astimezone(JAKARTA).date()
TOMORROW = TODAY + timedelta(days=1)
ORDER = Order("electronic", 5, "new")


def a_tariff(first_day: date = TOMORROW, more: int = 50_000, **changed: Any) -> Tariff:
    now = tariff_book().in_force(TODAY)
    fees = tuple(replace(fee, amount=fee.amount + more) for fee in now.fees)
    made = replace(now, tariff_id="pp-1-2027", legal_basis="PP 1/2027", effective_from=first_day, fees=fees)
    return replace(made, **changed)


def a_ground(first_day: date = TOMORROW, code: str = "government_scholarship") -> ZeroTariff:
    known = next(ground for ground in tariff_book().zero_tariffs if ground.code == "government_scholarship")
    return replace(known, code=code, passport_kinds=("ordinary", "electronic"), effective_from=first_day)


def a_change(tariff: Tariff | None = None, grounds: tuple[ZeroTariff, ...] = ()) -> TariffChange:
    made = tariff or a_tariff()
    day = made.effective_from.isoformat()
    return TariffChange("change-1", ChangeState.PROPOSED, made, grounds, "new rule", "treasurer-1", T0, day)


async def proposed(world: World, tariff: Tariff | None = None, key: str = "p1") -> TariffChange:
    return await world.billing.tariff_changes.propose_tariff(FIRST, tariff or a_tariff(), (), "new rule", key)


class TestBook:
    def test_the_tariff_before_ends_where_the_new_one_begins(self) -> None:
        book = tariff_book().with_change(a_tariff())
        assert price(book, ORDER, TODAY).total == 650_000
        assert price(book, ORDER, TOMORROW).total == 700_000
        assert book.in_force(TODAY).effective_to == TOMORROW

    def test_changes_are_merged_whichever_was_approved_first(self) -> None:
        later = replace(a_change(a_tariff(date(2027, 1, 1), more=99_000)), change_id="change-2")
        book = changes.merged(tariff_book(), [later, a_change()])
        assert [price(book, ORDER, day).total for day in (TODAY, TOMORROW, date(2027, 1, 1))] == [
            650_000,
            700_000,
            749_000,
        ]

    def test_two_tariffs_cannot_begin_on_one_day(self) -> None:
        with pytest.raises(ValueError, match="same day"):
            tariff_book().with_change(a_tariff()).with_change(a_tariff())

    def test_before_the_first_tariff_there_is_none_to_end(self) -> None:
        with pytest.raises(NoTariffInForce):
            tariff_book().with_change(a_tariff(date(2000, 1, 1)))

    def test_a_ground_of_a_known_code_replaces_it_from_its_day_on(self) -> None:
        book = tariff_book().with_change(a_tariff(), [a_ground(), a_ground(code="a_new_ground")])
        student = replace(ORDER, zero_tariff="government_scholarship")
        assert price(book, student, TODAY).total == 650_000
        assert price(book, student, TOMORROW).total == 0
        assert "a_new_ground" not in {ground.code for ground in book.zero_tariffs_on(TODAY)}
        assert [ground.code for ground in book.zero_tariffs_on(TOMORROW)].count("government_scholarship") == 1


class TestRules:
    @pytest.mark.parametrize(
        ("change", "problem"),
        [
            (a_change(), None),
            (a_change(a_tariff(TODAY)), ChangeProblem.REACHES_BACK),
            (a_change(grounds=(a_ground(TODAY),)), ChangeProblem.REACHES_BACK),
            (a_change(a_tariff(fees=a_tariff().fees[1:])), ChangeProblem.FEES_INCOMPLETE),
        ],
    )
    def test_what_can_stand(self, change: TariffChange, problem: ChangeProblem | None) -> None:
        assert changes.change_problem(change, tariff_book(), T0) == problem

    def test_the_day_is_the_one_in_jakarta(self) -> None:
        evening = datetime(2026, 11, 23, 17, 0, tzinfo=T0.tzinfo)  # midnight of the 24th in Jakarta
        assert changes.change_problem(a_change(), tariff_book(), evening - timedelta(seconds=1)) is None
        assert changes.change_problem(a_change(), tariff_book(), evening) == ChangeProblem.REACHES_BACK

    def test_a_day_is_taken_once(self) -> None:
        book = tariff_book().with_change(a_tariff())
        assert changes.change_problem(a_change(), book, T0) == ChangeProblem.DAY_IS_TAKEN

    def test_a_decision_is_final(self) -> None:
        approved = changes.approve(a_change(), "treasurer-2", T0).state
        with pytest.raises(IllegalTransition):
            changes.refuse(approved, "treasurer-3", "no", T0)


@pytest.mark.acceptance("X9.fee_of_the_day", "X9.frozen")
async def test_two_people_change_the_fee_and_a_bill_of_before_keeps_its_price() -> None:
    world = make_world()
    before = await world.issued_bill()
    change = await proposed(world)
    approved = await world.billing.tariff_changes.approve_tariff(SECOND, change.change_id, "a1")
    assert (approved.state, approved.decided_by) == (ChangeState.APPROVED, "treasurer-2")
    await world.submitted("application-2")
    await world.seat_held("appointment-2", application_id="application-2")
    assert world.bill("appointment-2").amount == 650_000
    world.clock.advance(86_400)
    await world.submitted("application-3")
    await world.seat_held("appointment-3", application_id="application-3")
    after = world.bill("appointment-3")
    assert (after.amount, after.price.legal_basis) == (700_000, "PP 1/2027")
    assert world.bill_by_id(before.bill_id).amount == 650_000


@pytest.mark.acceptance("X9.fee_of_the_day")
async def test_another_replica_prices_by_the_change_from_its_first_moment() -> None:
    here = make_world()
    await here.billing.tariffs.book()
    there = make_world(store=here.store)
    there.clock.set(here.clock.now())
    await there.billing.tariffs.book()
    change = await proposed(here)
    await here.billing.tariff_changes.approve_tariff(OPERATOR, change.change_id, "a1")
    there.clock.set(datetime(2026, 11, 24, tzinfo=JAKARTA))
    assert price(await there.billing.tariffs.book(), ORDER, TOMORROW).total == 700_000
    there.billing.tariffs._read_on = TOMORROW  # twin: without a look on the day's first question it would not know
    there.billing.tariffs._book = tariff_book()
    assert price(await there.billing.tariffs.book(), ORDER, TOMORROW).total == 650_000


async def test_nobody_approves_what_they_proposed() -> None:
    world = make_world()
    change = await proposed(world)
    with pytest.raises(SecondPersonNeeded):
        await world.billing.tariff_changes.approve_tariff(FIRST, change.change_id, "a1")
    with pytest.raises(SecondPersonNeeded):
        await world.billing.tariff_changes.refuse_tariff(FIRST, change.change_id, "no", "r1")
    assert price(await world.billing.tariffs.book(), ORDER, TOMORROW).total == 650_000


async def test_what_is_refused_about_changes() -> None:
    world = make_world()
    service = world.billing.tariff_changes
    with pytest.raises(TariffReachesBack):
        await proposed(world, a_tariff(TODAY))
    with pytest.raises(TariffIncomplete):
        await proposed(world, a_tariff(fees=()))
    with pytest.raises(TariffChangeUnknown):
        await service.approve_tariff(SECOND, "nothing", "a0")
    with pytest.raises(TariffChangeUnknown):
        await service.refuse_tariff(SECOND, "nothing", "no", "r0")
    one, two = await proposed(world), await proposed(world, key="p2")
    assert (await proposed(world)).change_id == one.change_id
    await service.approve_tariff(SECOND, one.change_id, "a1")
    assert (await service.approve_tariff(SECOND, one.change_id, "a1")).state == ChangeState.APPROVED
    with pytest.raises(TariffChangeDecided):
        await service.approve_tariff(OPERATOR, one.change_id, "a2")
    with pytest.raises(TariffDayIsTaken):
        await service.approve_tariff(SECOND, two.change_id, "a3")
    refused = await service.refuse_tariff(SECOND, two.change_id, "twice", "r1")
    assert refused.refused_because == "twice"
    assert {change.change_id for change in await service.tariff_changes()} == {one.change_id, two.change_id}


async def test_an_approval_that_comes_too_late_is_refused() -> None:
    world = make_world()
    change = await proposed(world)
    world.clock.advance(86_400)
    with pytest.raises(TariffReachesBack):
        await world.billing.tariff_changes.approve_tariff(SECOND, change.change_id, "a1")


async def test_of_two_approvals_for_one_day_the_store_lets_one_through() -> None:
    world = make_world()
    one, two = await proposed(world), await proposed(world, key="p2")
    service = world.billing.tariff_changes

    async def not_looking(_change: TariffChange) -> None:
        return None

    service._refuse_if_wrong = not_looking  # both looked before either wrote
    await service.approve_tariff(SECOND, one.change_id, "a1")
    with pytest.raises(TariffDayIsTaken):
        await service.approve_tariff(SECOND, two.change_id, "a2")


FEES = [
    {"passport_kind": kind, "validity_years": years, "amount": 700_000, "title": "Book", "title_id": "Paspor"}
    for kind in ("ordinary", "electronic")
    for years in (5, 10)
]
PROPOSAL: dict[str, Any] = {
    "tariff_id": "pp-1-2027",
    "legal_basis": "PP 1/2027",
    "effective_from": "2027-01-01",
    "fees": FEES,
    "penalties": [{"reason": "lost", "amount": 1_000_000, "title": "Lost", "title_id": "Hilang"}],
    "same_day_amount": 1_000_000,
    "zero_tariffs": [
        {
            "code": "a_new_ground",
            "waives": "fee",
            "passport_kinds": ["ordinary"],
            "legal_basis": "PP 1/2027 art. 5",
            "title": "Ground",
            "title_id": "Alasan",
            "proof": "Letter",
            "proof_id": "Surat",
        }
    ],
    "reason": "New regulation",
}


@pytest.mark.acceptance("X9.fee_of_the_day")
async def test_a_change_goes_over_http_from_one_treasurer_to_another(ask: Any) -> None:
    treasurer = {"role": Role.TREASURER, "account": "treasurer-1"}
    assert (await ask("POST", "/v1/tariff-changes", PROPOSAL))[0] == 403
    status, change = await ask("POST", "/v1/tariff-changes", PROPOSAL, **treasurer)
    assert (status, change["state"], change["tariff"]["zero_tariffs"][0]["proof"]) == (201, "proposed", "Letter")
    path = f"/v1/tariff-changes/{change['change_id']}"
    _, own = await ask("POST", f"{path}/approval", key="k2", **treasurer)
    assert own["code"] == "second_person_needed"
    status, approved = await ask("POST", f"{path}/approval", key="k3", role=Role.OPERATOR, account="operator-1")
    assert (status, approved["state"], approved["decided_by"]) == (200, "approved", "operator-1")
    _, said = await ask(
        "POST", f"{path}/refusal", {"reason": "too late"}, key="k4", role=Role.TREASURER, account="treasurer-2"
    )
    assert said["code"] == "tariff_change_decided"
    _, listed = await ask("GET", "/v1/tariff-changes", **treasurer)
    assert [change["change_id"] for change in listed["changes"]] == [change["change_id"]]
    _, before = await ask("GET", "/v1/tariffs?on=2026-12-31", role=None)
    _, after = await ask("GET", "/v1/tariffs?on=2027-01-01", role=None)
    assert (before["tariff_id"], before["effective_to"]) == ("pp-45-2024", "2027-01-01")
    assert (after["tariff_id"], "a_new_ground" in {ground["code"] for ground in after["zero_tariffs"]}) == (
        "pp-1-2027",
        True,
    )


def renamed(title: dict[str, Any], name: str) -> dict[str, Any]:
    """The same with the new name of one Indonesian text."""
    rest = {key: value for key, value in title.items() if key != f"{name}_id"}
    return {**rest, f"{name}_in_indonesian": title[f"{name}_id"]}


async def test_indonesian_titles_are_given_by_their_new_names_or_by_their_old_ones(ask: Any) -> None:
    treasurer = {"role": Role.TREASURER, "account": "treasurer-1"}
    (ground,) = PROPOSAL["zero_tariffs"]
    newer = {
        **PROPOSAL,
        "fees": [renamed(fee, "title") for fee in FEES],
        "zero_tariffs": [renamed(renamed(ground, "title"), "proof")],
    }
    status, change = await ask("POST", "/v1/tariff-changes", newer, **treasurer)
    told = change["tariff"]["zero_tariffs"][0]
    assert (status, told["proof_in_indonesian"], told["proof_id"]) == (201, "Surat", "Surat")
    assert change["tariff"]["fees"][0]["title_in_indonesian"] == "Paspor"
    for wrong in (
        {**PROPOSAL, "fees": [{**FEES[0], "title_in_indonesian": "Paspor"}, *FEES[1:]]},
        {**PROPOSAL, "zero_tariffs": [{key: value for key, value in ground.items() if key != "proof_id"}]},
    ):
        assert (await ask("POST", "/v1/tariff-changes", wrong, key="k5", **treasurer))[0] == 422


async def test_the_surcharge_is_granted_by_the_office_of_the_visit(world: World, ask: Any) -> None:
    await world.pay(await world.issued_bill())
    body = {"application_id": "application-1"}
    assert (await ask("POST", "/v1/bills", body))[0] == 403
    _, said = await ask("POST", "/v1/bills", body, role=Role.FRONT_OFFICER, account="officer-1", office="office-2")
    assert said["code"] == "not_your_office"
