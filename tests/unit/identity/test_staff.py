"""Staff: passwords, locks, look-ups, audit (F5, F21, F24)."""

from __future__ import annotations

import asyncio

import pytest

from services.identity import errors, repository
from services.identity.repository import AUDIT_ENTRY, STAFF
from services.identity.service.staff import DEMO_STAFF
from shared.ids import derived_id
from shared.tokens import Caller, Role
from tests.unit.identity.world import BUDI, STAFF_PASSWORD, World

OFFICER = Caller("officer-1", Role.FRONT_OFFICER, "session", "jakarta-selatan")


async def audit(world: World) -> list[tuple[str, str]]:
    entries = [record.state async for record in world.store.scan(AUDIT_ENTRY)]
    return sorted((entry.action.value, entry.outcome) for entry in entries)


async def test_demo_staff_are_made_once_and_only_where_wanted(world: World) -> None:
    for _ in range(2):
        await world.identity.staff.seed_demo()
    found = [record async for record in world.store.scan(STAFF)]
    assert {record.state.username for record in found} == {username for username, _, _ in DEMO_STAFF}
    assert {record.state.office_id for record in found} == {"jakarta-selatan", None}
    assert all(record.state.password_hash.startswith("$argon2id$") for record in found)
    without = World(demo_staff_password=None)
    await without.identity.staff.seed_demo()
    assert [record async for record in without.store.scan(STAFF)] == []


@pytest.mark.acceptance("F5")
@pytest.mark.acceptance("F24")
async def test_five_wrong_passwords_lock_until_a_told_time(world: World) -> None:
    await world.identity.staff.seed_demo()
    log_in = world.identity.staff.log_in
    for _ in range(4):
        with pytest.raises(errors.StaffCredentialsWrong):
            await log_in("front_officer", "wrong")
    with pytest.raises(errors.StaffLocked) as locked:
        await log_in("front_officer", "wrong")
    assert locked.value.facts["locked_until"] == "2026-11-23T02:15:00Z"
    with pytest.raises(errors.StaffLocked):
        await log_in("front_officer", STAFF_PASSWORD)
    world.clock.advance(899.999)
    with pytest.raises(errors.StaffLocked) as still:
        await log_in("front_officer", STAFF_PASSWORD)
    assert still.value.retry_after_seconds == 1
    world.clock.advance(0.001)
    assert (await log_in("front_officer", STAFF_PASSWORD)).role is Role.FRONT_OFFICER
    found = await audit(world)
    assert found.count(("sign_in_refused", "wrong_password")) == 5
    assert found.count(("sign_in_locked", "locked")) == 2
    assert found.count(("signed_in", "ok")) == 1


async def test_a_right_password_starts_the_count_anew(world: World) -> None:
    await world.identity.staff.seed_demo()
    for _ in range(3):
        for _ in range(4):
            with pytest.raises(errors.StaffCredentialsWrong):
                await world.identity.staff.log_in("operator", "wrong")
        await world.identity.staff.log_in("operator", STAFF_PASSWORD)


async def test_unknown_names_are_refused_like_wrong_passwords(world: World) -> None:
    for _ in range(2):
        with pytest.raises(errors.StaffCredentialsWrong) as refused:
            await world.identity.staff.log_in("nobody", "wrong")
        assert refused.value.facts == {}
    assert await audit(world) == [("sign_in_refused", "unknown_user")] * 2


async def test_parallel_guesses_do_not_pass_the_lock(world: World) -> None:
    await world.identity.staff.seed_demo()

    async def guess() -> str:
        try:
            await world.identity.staff.log_in("treasurer", "wrong")
        except errors.Refusal as refused:
            return refused.code
        return "in"

    answers = await asyncio.gather(*(guess() for _ in range(20)))
    assert "in" not in answers
    assert (await audit(world)).count(("sign_in_refused", "wrong_password")) == 5


@pytest.mark.acceptance("F21")
@pytest.mark.acceptance("F24")
async def test_a_look_up_finds_a_confirmed_person_and_leaves_a_line(world: World) -> None:
    account_id = await world.sign_up()
    applicant_id = await world.confirmed(account_id)
    person_id = (await world.identity.applicants.look(account_id, applicant_id)).applicant.person_id
    assert await world.identity.staff.look_up_person(OFFICER, "3174 0112 0388 0002") == person_id
    with pytest.raises(errors.PersonNotKnown):
        await world.identity.staff.look_up_person(OFFICER, "3174014502900001")
    with pytest.raises(errors.NikNotSixteenDigits):
        await world.identity.staff.look_up_person(OFFICER, "31740")
    assert await audit(world) == [("person_looked_up", "found"), ("person_looked_up", "not_found")]
    entries = await world.identity.repository.audit_of(OFFICER.account_id)
    assert {entry.state.subject_id for entry in entries} == {person_id, None}
    assert BUDI.nik not in repr(entries)


def test_the_audit_is_only_ever_added_to() -> None:
    verbs = [name for name in vars(repository.Repository) if "audit" in name]
    assert sorted(verbs) == ["audit_of", "write_audit"]


async def test_two_makers_of_one_member_of_staff_make_one(world: World) -> None:
    hired = await asyncio.gather(*(world.identity.staff.hire("ani", "password", Role.OPERATOR, None) for _ in range(2)))
    assert hired == [derived_id("staff", "ani")] * 2
