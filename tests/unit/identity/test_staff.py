"""Staff: passwords, locks, look-ups, audit (F5, F21, F24)."""

from __future__ import annotations

import asyncio

import pytest

from services.identity.applicants.errors import NikNotSixteenDigits, PersonNotKnown
from services.identity.staff.errors import StaffCredentialsWrong, StaffLocked
from services.identity.staff.repository import STAFF
from services.identity.staff.sign_in import DEMO_STAFF
from shared.audit import AUDIT
from shared.chain.verify import ExportWrong, verify
from shared.errors import Refusal
from shared.ids import derived_id
from shared.tokens import Caller, Role
from tests.unit.identity.world import STAFF_PASSWORD, World

OFFICER = Caller("officer-1", Role.FRONT_OFFICER, "session", "jakarta-selatan")


async def audit(world: World) -> list[tuple[str, str]]:
    lines = [record.state async for record in world.store.scan(AUDIT)]
    return sorted((line.act, line.detail or line.outcome) for line in lines)


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


@pytest.mark.acceptance("F5.wrong_secret", "F5.locked_until", "F24.limit_per_account")
async def test_five_wrong_passwords_lock_until_a_told_time(world: World) -> None:
    await world.identity.staff.seed_demo()
    log_in = world.identity.staff.log_in
    for _ in range(4):
        with pytest.raises(StaffCredentialsWrong):
            await log_in("front_officer", "wrong")
    with pytest.raises(StaffLocked) as locked:
        await log_in("front_officer", "wrong")
    assert locked.value.facts["locked_until"] == "2026-11-23T02:15:00Z"
    with pytest.raises(StaffLocked):
        await log_in("front_officer", STAFF_PASSWORD)
    world.clock.advance(899.999)
    with pytest.raises(StaffLocked) as still:
        await log_in("front_officer", STAFF_PASSWORD)
    assert still.value.retry_after_seconds == 1
    world.clock.advance(0.001)
    assert (await log_in("front_officer", STAFF_PASSWORD)).role is Role.FRONT_OFFICER
    found = await audit(world)
    assert found.count(("sign_in_refused", "wrong_password")) == 5
    assert found.count(("sign_in_locked", "locked")) == 2
    assert found.count(("signed_in", "done")) == 1


async def test_a_right_password_starts_the_count_anew(world: World) -> None:
    await world.identity.staff.seed_demo()
    for _ in range(3):
        for _ in range(4):
            with pytest.raises(StaffCredentialsWrong):
                await world.identity.staff.log_in("operator", "wrong")
        await world.identity.staff.log_in("operator", STAFF_PASSWORD)


async def test_unknown_names_are_refused_like_wrong_passwords(world: World) -> None:
    for _ in range(2):
        with pytest.raises(StaffCredentialsWrong) as refused:
            await world.identity.staff.log_in("nobody", "wrong")
        assert refused.value.facts == {}
    assert await audit(world) == [("sign_in_refused", "unknown_user")] * 2


async def test_parallel_guesses_do_not_pass_the_lock(world: World) -> None:
    await world.identity.staff.seed_demo()

    async def guess() -> str:
        try:
            await world.identity.staff.log_in("treasurer", "wrong")
        except Refusal as refused:
            return refused.code
        return "in"

    answers = await asyncio.gather(*(guess() for _ in range(20)))
    assert "in" not in answers
    assert (await audit(world)).count(("sign_in_refused", "wrong_password")) == 5


async def test_a_look_up_finds_a_confirmed_person_and_the_accounts_that_speak_for_them(world: World) -> None:
    account_id = await world.sign_up()
    applicant_id = await world.confirmed(account_id)
    person_id = (await world.identity.applicants.get_applicant(account_id, applicant_id)).applicant.person_id
    other_id = await world.sign_up("other@example.org")
    await world.confirmed(other_id)
    found = await world.identity.person_lookup.look_up_person("3174 0112 0388 0002")
    assert (found.person_id, set(found.account_ids)) == (person_id, {account_id, other_id})
    with pytest.raises(PersonNotKnown):
        await world.identity.person_lookup.look_up_person("3174014502900001")
    with pytest.raises(NikNotSixteenDigits):
        await world.identity.person_lookup.look_up_person("31740")


@pytest.mark.acceptance("F21.logged", "F82.append_only", "F82.export")
async def test_what_staff_do_is_chained_and_an_altered_line_is_found(world: World) -> None:
    await world.identity.staff.seed_demo()
    await world.identity.staff.log_in("front_officer", STAFF_PASSWORD)
    await world.identity.audit.note(OFFICER, "read_nik", subject="person-1", reason="complaint")
    book = world.identity.audit_book
    world.clock.advance(60)
    await book.kept.drain()
    day = book.today()
    export = [line async for lines in book.export(day, day, "jakarta-selatan") for line in lines.splitlines(True)]
    assert verify(export).links == 2
    with pytest.raises(ExportWrong):
        verify([line.replace(b"read_nik", b"read_none") for line in export])


async def test_two_makers_of_one_member_of_staff_make_one(world: World) -> None:
    hired = await asyncio.gather(*(world.identity.staff.hire("ani", "password", Role.OPERATOR, None) for _ in range(2)))
    assert hired == [derived_id("staff", "ani")] * 2


async def _answers(world: World, username: str, password: str, tries: int) -> list[tuple[str, object, object]]:
    found = []
    for _ in range(tries):
        try:
            await world.identity.staff.log_in(username, password)
        except Refusal as refused:
            found.append((refused.code, refused.retry_after_seconds, dict(refused.facts)))
        else:
            found.append(("in", None, {}))
        world.clock.advance(1)
    return found


@pytest.mark.acceptance("F5.account_hidden")
async def test_a_name_that_nobody_has_locks_like_a_real_one(world: World) -> None:
    await world.identity.staff.seed_demo()
    other = World()
    await other.identity.staff.seed_demo()
    real = await _answers(world, "front_officer", "wrong", 8)
    for name in ("nobody", " Nobody "):
        unknown = await _answers(World(store=other.store, clock=other.clock), name, "wrong", 4)
        assert unknown == real[: len(unknown)]
        real = real[len(unknown) :]
    world.clock.advance(900)
    other.clock.advance(900)
    assert await _answers(world, "front_officer", "wrong", 5) == await _answers(other, "nobody", "wrong", 5)


async def test_tries_of_a_day_ago_count_no_more_for_either(world: World) -> None:
    await world.identity.staff.seed_demo()
    for name in ("front_officer", "nobody"):
        await _answers(world, name, "wrong", 4)
    world.clock.advance(86400 - 4)
    for name in ("front_officer", "nobody"):
        assert [each[0] for each in await _answers(world, name, "wrong", 4)] == ["credentials_wrong"] * 4


async def test_twin_without_counting_unknown_names_the_lock_tells_who_is_staff(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from services.identity.staff import member as rules

    monkeypatch.setattr(rules, "count_try_of_stranger", lambda *_: rules.Stranger(world.now()))
    await world.identity.staff.seed_demo()
    assert await _answers(world, "front_officer", "wrong", 6) != await _answers(world, "nobody", "wrong", 6)


async def test_parallel_guesses_at_a_name_that_nobody_has_lock_it_once(world: World) -> None:
    other = World(store=world.store, clock=world.clock)

    async def guess(here: World) -> str:
        try:
            await here.identity.staff.log_in("nobody", "wrong")
        except Refusal as refused:
            return refused.code
        return "in"

    answers = await asyncio.gather(*(guess(here) for here in (world, other) * 5))
    assert answers.count("credentials_wrong") == 4
    assert answers.count("account_locked") == 6
