"""Staff administration: hired, agreed to by two, moved, locked, gone; who may what, and what races leave behind."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from services.identity.endpoints import ENDPOINTS
from services.identity.legal_holds.routes import AUDITED_IN_THE_USE_CASE as HOLDS_AUDITED
from services.identity.second_factors.routes import AUDITED_IN_THE_USE_CASE as RESETS
from services.identity.sessions.devices import Visitor
from services.identity.staff.admin_routes import AUDITED_IN_THE_USE_CASE
from services.identity.staff.administration import WAITS, Act, Hiring, StaffSeen
from services.identity.staff.errors import (
    OneTimePasswordExpired,
    OwnPasswordNeeded,
    PasswordIsTheOldOne,
    PasswordTooShort,
    StaffCredentialsWrong,
    StaffSuspended,
    UserNameTaken,
)
from services.identity.staff.first_operator import Founder
from services.identity.staff.member import StaffReason
from services.identity.staff.powers import Post
from services.identity.staff.repository import ROSTER, STAFF, StaffRepository
from services.identity.staff.states import StaffState
from services.identity.tokens.errors import SessionEnded
from shared.audit import AUDIT
from shared.audit.acting import may_act
from shared.chain.verify import ExportWrong, verify
from shared.errors import Refusal
from shared.ids import derived_id
from shared.settings import SettingsWrong
from shared.store.memory import MemoryStore
from shared.tokens import Caller, Role
from tests.unit.identity.world import STAFF_PASSWORD, World, key, make_settings

SOUTH, NORTH = "jakarta-selatan", "jakarta-utara"
OWN = "an own password of many words"
SECRETS = ("first-secret-of-this-installation-1", "other-secret-of-this-installation-2")


class Desk:
    """Staff of a world, acting."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.admin = world.identity.staff_admin
        self.first_operators = world.identity.first_operators
        self.own_passwords = world.identity.own_passwords
        self.log_in = world.identity.staff.log_in

    async def seed(self) -> None:
        await self.world.identity.staff.seed_demo()
        await self.world.identity.staff.hire("operator2", STAFF_PASSWORD, Role.OPERATOR, None)

    def who(self, username: str, role: Role | None = None, office_id: str | None = None) -> Caller:
        role = role or Role(username.rstrip("2"))
        office = office_id or (None if role in (Role.OPERATOR, Role.TREASURER) else SOUTH)
        return Caller(derived_id("staff", username), role, "session", office)

    @property
    def operator(self) -> Caller:
        return self.who("operator")

    @property
    def second(self) -> Caller:
        return self.who("operator2")

    @property
    def head(self) -> Caller:
        return self.who("office_admin")

    def act(self, caller: Caller, staff_id: str, command: str = "") -> Act:
        return Act("act", caller, staff_id, command or self.world.command(), StaffReason.CORRECTION)

    async def hire(
        self, caller: Caller, username: str, post: Post, office_id: str | None = None, command: str = ""
    ) -> StaffSeen:
        hiring = Hiring(username, f"{username.upper()} CONTOH", post, office_id, StaffReason.NEW_POST)
        return await self.admin.hire(caller, hiring, command or self.world.command())

    async def working(self, seen: StaffSeen) -> Caller:
        """Somebody hired, with an own password, as they call."""
        assert seen.one_time_password is not None
        await self.own_passwords.set_own_password(seen.staff.username, seen.one_time_password, OWN)
        return Caller(seen.staff_id, Role(seen.staff.role), "session", seen.staff.office_id)

    async def state(self, caller: Caller) -> StaffState:
        record = await self.world.store.get(STAFF, caller.account_id)
        assert record is not None
        return record.state.state

    async def is_sound(self) -> bool:
        return not (await self.world.identity.staff_invariants.an_operator_remains()).broken

    async def lines(self) -> list[tuple[Any, ...]]:
        found = [record.state async for record in self.world.store.scan(AUDIT)]
        return [(each.act, each.outcome, each.office_id, each.reason, each.detail) for each in found]


@pytest.fixture
async def desk(world: World) -> Desk:
    desk = Desk(world)
    await desk.seed()
    return desk


async def outcome(doing: Awaitable[Any]) -> str:
    try:
        await doing
    except Refusal as refused:
        return refused.code
    return "done"


# Hired


@pytest.mark.acceptance("F24.passwords_hashed")
async def test_the_head_of_an_office_hires_and_the_first_password_opens_only_the_way_to_an_own_one(desk: Desk) -> None:
    seen = await desk.hire(desk.head, "dewi.contoh", Post.FRONT_OFFICER, SOUTH)
    given = seen.one_time_password or ""
    assert (seen.staff.state, seen.full_name) == (StaffState.INVITED, "DEWI.CONTOH CONTOH")
    record = await desk.world.store.get(STAFF, seen.staff_id)
    assert record is not None and given not in repr(record) and "CONTOH" not in str(record.state.name)
    assert record.state.password_hash.startswith("$argon2id$")
    for _ in range(7):  # a right password is no wrong try
        with pytest.raises(OwnPasswordNeeded):
            await desk.log_in("dewi.contoh", given)
    for new, refusal in (
        ("short", PasswordTooShort),
        (given, PasswordIsTheOldOne),
    ):
        with pytest.raises(refusal) as refused:
            await desk.own_passwords.set_own_password("dewi.contoh", given, new)
        assert refused.value.field == "/new_password" and refused.value.facts == {"at_least": 15}
    await desk.own_passwords.set_own_password("Dewi.Contoh", given, OWN)
    with pytest.raises(StaffCredentialsWrong):
        await desk.log_in("dewi.contoh", given)
    assert (await desk.log_in("dewi.contoh", OWN)).role is Role.FRONT_OFFICER
    looked = await desk.admin.get_member(desk.head, seen.staff_id)
    assert (looked.one_time_password, looked.staff.signed_in_at) == (None, desk.world.now())
    lines = await desk.lines()
    assert ("hire_staff", "begun", SOUTH, "new_post", None) in lines
    assert ("hire_staff", "done", SOUTH, "new_post", None) in lines
    assert ("password_set", "done", SOUTH, None, None) in lines


async def test_a_one_time_password_expires_and_a_new_one_is_given(desk: Desk) -> None:
    seen = await desk.hire(desk.head, "dewi", Post.INTERVIEWER, SOUTH)
    given = seen.one_time_password or ""
    desk.world.clock.advance(72 * 3600 - 0.001)
    with pytest.raises(OwnPasswordNeeded):
        await desk.log_in("dewi", given)
    desk.world.clock.advance(0.001)
    for doing in (desk.log_in("dewi", given), desk.own_passwords.set_own_password("dewi", given, OWN)):
        with pytest.raises(OneTimePasswordExpired):
            await doing
    again = await desk.admin.reset_password(desk.act(desk.head, seen.staff_id))
    assert again.one_time_password not in (None, given)
    await desk.own_passwords.set_own_password("dewi", again.one_time_password or "", OWN)
    assert (await desk.log_in("dewi", OWN)).account_id == seen.staff_id


async def test_a_repeated_hiring_shows_the_same_password_while_it_counts(desk: Desk) -> None:
    first = await desk.hire(desk.head, "dewi", Post.FRONT_OFFICER, SOUTH, "one-command")
    again = await desk.hire(desk.head, "dewi", Post.FRONT_OFFICER, SOUTH, "one-command")
    assert first.one_time_password == again.one_time_password is not None
    together = await asyncio.gather(
        *(desk.hire(desk.head, "sri", Post.FRONT_OFFICER, SOUTH, "another") for _ in range(2))
    )
    assert together[0].staff_id == together[1].staff_id
    assert await desk.working(first)
    later = await desk.hire(desk.head, "dewi", Post.FRONT_OFFICER, SOUTH, "one-command")
    assert later.one_time_password is None and later.staff.state is StaffState.ACTIVE
    with pytest.raises(UserNameTaken):
        await desk.hire(desk.head, "dewi", Post.FRONT_OFFICER, SOUTH)


async def test_under_another_key_a_repeat_shows_no_password(desk: Desk) -> None:
    await desk.hire(desk.head, "dewi", Post.FRONT_OFFICER, SOUTH, "one-command")
    turned = f"{key('k2', 9)},{key('k1', 2)}"
    after = Desk(World(store=desk.world.store, clock=desk.world.clock, fingerprint_keys=turned))
    again = await after.hire(after.head, "dewi", Post.FRONT_OFFICER, SOUTH, "one-command")
    assert (again.staff.state, again.one_time_password) == (StaffState.INVITED, None)


@pytest.mark.acceptance("F82.audit")
async def test_who_may_not_hire_is_told_why_and_it_is_audited(desk: Desk) -> None:
    hire = desk.hire
    assert await outcome(hire(desk.head, "a11", Post.FRONT_OFFICER, NORTH)) == "not_your_office"
    assert await outcome(hire(desk.head, "a11", Post.OFFICE_ADMIN, SOUTH)) == "role_not_yours"
    assert await outcome(hire(desk.operator, "a11", Post.FRONT_OFFICER, SOUTH)) == "role_not_yours"
    assert await outcome(hire(desk.operator, "a11", Post.OFFICE_ADMIN)) == "office_needed"
    assert await outcome(hire(desk.operator, "a11", Post.TREASURER, SOUTH)) == "office_not_wanted"
    assert await outcome(hire(desk.who("stranger", Role.OPERATOR), "a11", Post.TREASURER)) == "staff_not_in_service"
    other_role = desk.who("front_officer", Role.OFFICE_ADMIN)
    assert await outcome(hire(other_role, "a11", Post.INTERVIEWER, SOUTH)) == "staff_not_in_service"
    refused = [line for line in await desk.lines() if line[1] == "refused"]
    assert {line[4] for line in refused} >= {"not_your_office", "role_not_yours", "office_needed"}
    assert await StaffRepository(desk.world.identity.context).staff_named("a11") is None


@pytest.mark.acceptance("F82.audit")
def test_every_act_on_staff_is_audited_by_the_layer_or_in_its_use_case() -> None:
    bare = {each.name for each in ENDPOINTS if may_act(each) and not hasattr(each.handler, "__wrapped__")}
    assert bare == {"see_original", *AUDITED_IN_THE_USE_CASE, *HOLDS_AUDITED, *RESETS}


@pytest.mark.acceptance("F82.append_only", "F82.export")
async def test_what_is_done_with_staff_is_on_the_chain_of_their_office(desk: Desk) -> None:
    await desk.admin.lock(desk.act(desk.operator, desk.who("front_officer").account_id))
    book = desk.world.identity.audit_book
    desk.world.clock.advance(60)
    await book.kept.drain()
    day = book.today()
    export = [line async for lines in book.export(day, day, SOUTH) for line in lines.splitlines(True)]
    assert verify(export).links == 2
    assert all(b'"reason":"correction"' in line.replace(b" ", b"") for line in export if b'"act"' in line)
    with pytest.raises(ExportWrong):
        verify([line.replace(b"correction", b"corruption") for line in export])


# By two


async def test_an_operator_is_hired_by_two(desk: Desk) -> None:
    proposed = await desk.hire(desk.operator, "rina", Post.OPERATOR)
    assert (proposed.staff.state, proposed.one_time_password) == (StaffState.PROPOSED, None)
    assert any(line[4] == WAITS for line in await desk.lines())
    with pytest.raises(StaffCredentialsWrong):
        await desk.log_in("rina", "")
    rina = proposed.staff_id
    assert await outcome(desk.admin.approve(desk.act(desk.operator, rina))) == "second_operator_needed"
    assert await outcome(desk.admin.approve(desk.act(desk.head, rina))) == "not_your_office"
    assert await outcome(desk.admin.lock(desk.act(desk.second, rina))) == "staff_state_forbids"
    assert await outcome(desk.admin.reset_password(desk.act(desk.second, rina))) == "staff_matter_pending"
    approved = await desk.admin.approve(desk.act(desk.second, rina, "approving"))
    repeated = await desk.admin.approve(desk.act(desk.second, rina, "approving"))
    assert approved.one_time_password == repeated.one_time_password is not None
    assert await outcome(desk.admin.approve(desk.act(desk.second, rina))) == "nothing_to_decide"
    caller = await desk.working(approved)
    assert (await desk.hire(caller, "tono", Post.TREASURER)).staff.state is StaffState.PROPOSED


async def test_two_who_approve_at_once_approve_once(desk: Desk) -> None:
    await desk.world.identity.staff.hire("operator3", STAFF_PASSWORD, Role.OPERATOR, None)
    third = Caller(derived_id("staff", "operator3"), Role.OPERATOR, "session")
    proposed = await desk.hire(desk.operator, "tono", Post.TREASURER)
    answers = await asyncio.gather(
        *(outcome(desk.admin.approve(desk.act(each, proposed.staff_id))) for each in (desk.second, third))
    )
    assert sorted(answers) == ["done", "nothing_to_decide"]


async def test_what_an_operator_asked_for_who_is_locked_is_not_approved(desk: Desk) -> None:
    """Two operators agree at the moment when it is done: one who is locked on suspicion counts as none."""
    await desk.world.identity.staff.hire("operator3", STAFF_PASSWORD, Role.OPERATOR, None)
    proposed = await desk.hire(desk.operator, "tono", Post.TREASURER)
    await desk.admin.lock(desk.act(desk.second, desk.operator.account_id))
    assert await outcome(desk.admin.approve(desk.act(desk.second, proposed.staff_id))) == "asker_gone"
    assert await outcome(desk.admin.refuse(desk.act(desk.second, proposed.staff_id))) == "done"


async def test_what_was_asked_for_is_refused_or_taken_back(desk: Desk) -> None:
    proposed = await desk.hire(desk.operator, "tono", Post.TREASURER)
    refused = await desk.admin.refuse(desk.act(desk.operator, proposed.staff_id))
    assert refused.staff.state is StaffState.REFUSED
    assert await outcome(desk.admin.refuse(desk.act(desk.second, proposed.staff_id))) == "nothing_to_decide"
    assert await outcome(desk.admin.leave(desk.act(desk.second, proposed.staff_id))) == "staff_state_forbids"
    with pytest.raises(UserNameTaken):
        await desk.hire(desk.operator, "tono", Post.TREASURER)


async def test_one_operator_alone_gets_at_no_account_of_a_treasurer(desk: Desk) -> None:
    treasurer = desk.who("treasurer")
    asked = await desk.admin.reset_password(desk.act(desk.operator, treasurer.account_id))
    assert asked.one_time_password is None and asked.staff.pending is not None
    assert (await desk.log_in("treasurer", STAFF_PASSWORD)).role is Role.TREASURER  # nothing has happened yet
    given = await desk.admin.approve(desk.act(desk.second, treasurer.account_id))
    assert given.one_time_password is not None
    with pytest.raises(StaffCredentialsWrong):
        await desk.log_in("treasurer", STAFF_PASSWORD)
    await desk.working(given)
    await desk.admin.lock(desk.act(desk.operator, treasurer.account_id))  # at once, by one
    with pytest.raises(StaffSuspended):
        await desk.log_in("treasurer", OWN)
    unlocking = await desk.admin.unlock(desk.act(desk.operator, treasurer.account_id))
    assert unlocking.staff.state is StaffState.LOCKED
    assert (await desk.admin.approve(desk.act(desk.second, treasurer.account_id))).staff.state is StaffState.INVITED


# Moved, locked, gone


async def test_a_new_role_or_office_ends_the_sessions_of_the_old_one(desk: Desk) -> None:
    officer = desk.who("front_officer")
    tokens = await desk.log_in("front_officer", STAFF_PASSWORD)
    moved = await desk.admin.reassign(desk.act(desk.head, officer.account_id), Post.INTERVIEWER, SOUTH)
    assert (moved.staff.role, moved.staff.state) == ("interviewer", StaffState.ACTIVE)
    with pytest.raises(SessionEnded):
        await desk.world.identity.sessions.refresh(tokens.refresh_token)
    assert (await desk.log_in("front_officer", STAFF_PASSWORD)).role is Role.INTERVIEWER
    act = desk.act(desk.head, officer.account_id)
    assert await outcome(desk.admin.reassign(act, Post.INTERVIEWER, NORTH)) == "not_your_office"
    assert await outcome(desk.admin.reassign(act, Post.INTERVIEWER, None)) == "office_needed"
    away = await desk.admin.reassign(desk.act(desk.operator, officer.account_id), Post.FRONT_OFFICER, NORTH)
    assert away.staff.office_id == NORTH
    assert await outcome(desk.admin.lock(desk.act(desk.head, officer.account_id))) == "not_your_office"


async def test_who_becomes_an_operator_does_so_by_two_and_acts_at_once(desk: Desk) -> None:
    officer = desk.who("interviewer")
    asked = await desk.admin.reassign(desk.act(desk.operator, officer.account_id), Post.OPERATOR, None)
    assert (asked.staff.role, asked.staff.pending is not None) == ("interviewer", True)
    waiting = desk.admin.reassign(desk.act(desk.operator, officer.account_id), Post.FRONT_OFFICER, SOUTH)
    assert await outcome(waiting) == "staff_matter_pending"
    await desk.admin.approve(desk.act(desk.second, officer.account_id))
    promoted = replace(officer, role=Role.OPERATOR, office_id=None)
    assert await outcome(desk.admin.lock(desk.act(officer, desk.operator.account_id))) == "staff_not_in_service"
    assert await outcome(desk.admin.lock(desk.act(promoted, desk.operator.account_id))) == "done"
    back = await desk.admin.reassign(desk.act(desk.second, officer.account_id), Post.INTERVIEWER, SOUTH)
    assert back.staff.role == "interviewer"
    assert (await desk.world.identity.staff_admin._roster.read()).state.operators == (desk.second.account_id,)


@pytest.mark.parametrize("name", ["lock", "leave", "reset_password"])
async def test_whatever_is_done_ends_the_sessions_at_once(desk: Desk, name: str) -> None:
    officer = desk.who("front_officer")
    tokens = await desk.log_in("front_officer", STAFF_PASSWORD)
    await getattr(desk.admin, name)(desk.act(desk.head, officer.account_id))
    with pytest.raises(SessionEnded):
        await desk.world.identity.sessions.refresh(tokens.refresh_token)
    wanted = StaffSuspended if name == "lock" else StaffCredentialsWrong
    with pytest.raises(wanted):
        await desk.log_in("front_officer", STAFF_PASSWORD)
    with pytest.raises(wanted):
        await desk.own_passwords.set_own_password("front_officer", STAFF_PASSWORD, OWN)


async def test_who_is_locked_acts_no_more_though_the_token_lives(desk: Desk) -> None:
    await desk.admin.lock(desk.act(desk.operator, desk.head.account_id))
    assert await outcome(desk.hire(desk.head, "dewi", Post.FRONT_OFFICER, SOUTH)) == "staff_not_in_service"
    assert await outcome(desk.admin.page(desk.head, None, "", 10)) == "staff_not_in_service"
    unlocked = await desk.admin.unlock(desk.act(desk.operator, desk.head.account_id))
    assert unlocked.one_time_password is not None
    assert await outcome(desk.admin.unlock(desk.act(desk.operator, desk.head.account_id))) == "staff_state_forbids"


@pytest.mark.parametrize("name", ["log_in", "set_own_password"])
async def test_a_password_that_is_reset_while_it_is_compared_opens_nothing(
    desk: Desk, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    passwords = desk.own_passwords._passwords
    prove = passwords.prove

    async def overtaken(username: str, password: str, visitor: Visitor) -> Any:
        proven = await prove(username, password, visitor)
        await desk.admin.reset_password(desk.act(desk.head, proven.id))
        return proven

    monkeypatch.setattr(passwords, "prove", overtaken)
    given = ("front_officer", STAFF_PASSWORD)
    doing = desk.log_in(*given) if name == "log_in" else desk.own_passwords.set_own_password(*given, OWN)
    assert await outcome(doing) == "credentials_wrong"
    assert await desk.state(desk.who("front_officer")) is StaffState.INVITED


async def test_a_repeated_command_does_it_once(desk: Desk) -> None:
    officer = desk.who("front_officer").account_id
    await desk.admin.lock(desk.act(desk.head, officer, "locking"))
    unlocked = await desk.admin.unlock(desk.act(desk.head, officer, "unlocking"))
    assert (await desk.admin.lock(desk.act(desk.head, officer, "locking"))).staff.state is StaffState.INVITED
    repeated = await desk.admin.unlock(desk.act(desk.head, officer, "unlocking"))
    assert repeated.one_time_password == unlocked.one_time_password is not None


async def test_who_has_left_does_not_come_back_and_leaves_the_name_behind(desk: Desk) -> None:
    officer = desk.who("front_officer").account_id
    gone = await desk.admin.leave(desk.act(desk.head, officer))
    assert (gone.staff.state, gone.staff.password_hash) == (StaffState.LEFT, "")
    for name in ("lock", "unlock", "reset_password", "leave"):
        assert await outcome(getattr(desk.admin, name)(desk.act(desk.head, officer))) == "staff_state_forbids"
    with pytest.raises(UserNameTaken):
        await desk.hire(desk.head, "front_officer", Post.FRONT_OFFICER, SOUTH)


@pytest.mark.parametrize("name", ["lock", "leave", "reset_password", "unlock", "approve", "refuse"])
async def test_nobody_does_it_to_themselves(desk: Desk, name: str) -> None:
    for caller in (desk.operator, desk.head):
        assert await outcome(getattr(desk.admin, name)(desk.act(caller, caller.account_id))) == "not_on_yourself"


async def test_somebody_unknown_is_nobody(desk: Desk) -> None:
    assert await outcome(desk.admin.lock(desk.act(desk.operator, "nobody"))) == "staff_unknown"
    assert await outcome(desk.admin.get_member(desk.operator, "nobody")) == "staff_unknown"


# One operator remains


async def test_the_last_operator_stays(desk: Desk) -> None:
    await desk.admin.leave(desk.act(desk.operator, desk.second.account_id))
    for name in ("lock", "leave"):
        itself = desk.act(desk.operator, desk.operator.account_id)
        assert await outcome(getattr(desk.admin, name)(itself)) == "last_operator_stays"
    assert await desk.is_sound()


async def test_of_two_operators_who_lock_each_other_at_once_one_remains(desk: Desk) -> None:
    answers = await _lock_each_other(desk)
    assert sorted(answers) == ["done", "last_operator_stays"]
    assert sorted([await desk.state(desk.operator), await desk.state(desk.second)]) == ["active", "locked"]
    assert await desk.is_sound()


async def test_of_three_who_lock_in_a_ring_at_once_one_remains(desk: Desk) -> None:
    await desk.world.identity.staff.hire("operator3", STAFF_PASSWORD, Role.OPERATOR, None)
    ring = [desk.operator, desk.second, Caller(derived_id("staff", "operator3"), Role.OPERATOR, "session")]
    answers = await _lock_at_once(desk, list(zip(ring, [*ring[1:], ring[0]], strict=True)))
    assert "staff_not_in_service" in answers and await desk.is_sound()


async def test_without_the_roster_nobody_would_remain(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin of the race above: who acts is asked for only before, not in the roster."""

    async def nothing(_staff_id: str, _by: str) -> None:
        await asyncio.sleep(0)

    monkeypatch.setattr(desk.admin._roster, "take_off", nothing)
    assert await _lock_each_other(desk) == ["done", "done"]
    assert not await desk.is_sound()


async def _lock_each_other(desk: Desk) -> list[str]:
    return await _lock_at_once(desk, [(desk.operator, desk.second), (desk.second, desk.operator)])


async def _lock_at_once(desk: Desk, pairs: list[tuple[Caller, Caller]]) -> list[str]:
    """All are known to act before any is locked: each waits at the last moment for the others."""
    ready, every = [], asyncio.Event()
    take_off: Callable[[str, str], Awaitable[None]] = desk.admin._roster.take_off

    async def wait_for_the_others(staff_id: str, by: str) -> None:
        ready.append(by)
        if len(ready) == len(pairs):
            every.set()
        await every.wait()
        await take_off(staff_id, by)

    desk.admin._roster.take_off = wait_for_the_others  # type: ignore[method-assign]
    return list(
        await asyncio.gather(*(outcome(desk.admin.lock(desk.act(one, other.account_id))) for one, other in pairs))
    )


async def test_a_crash_between_roster_and_lock_leaves_less_power_and_a_repeat_ends_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        save = MemoryStore.save

        async def dies(store: Any, kind: Any, record: Any, *words: Any, **more: Any) -> Any:
            if kind is STAFF:
                raise ConnectionError
            return await save(store, kind, record, *words, **more)

        patched.setattr(MemoryStore, "save", dies)
        with pytest.raises(ConnectionError):
            await desk.admin.lock(desk.act(desk.operator, desk.second.account_id, "locking"))
    assert await desk.state(desk.second) is StaffState.ACTIVE
    lock = desk.admin.lock(desk.act(desk.second, desk.operator.account_id))
    assert await outcome(lock) == "last_operator_stays"
    await desk.admin.lock(desk.act(desk.operator, desk.second.account_id, "locking"))
    assert await desk.state(desk.second) is StaffState.LOCKED and await desk.is_sound()


async def test_the_roster_is_made_of_the_operators_that_an_older_version_left(desk: Desk) -> None:
    record = await desk.world.store.get(ROSTER, "operators")
    assert record is not None and await desk.world.store.remove(ROSTER, record)
    await desk.admin.lock(desk.act(desk.operator, desk.second.account_id))
    rosters = [each.state.operators async for each in desk.world.store.scan(ROSTER)]
    assert rosters == [(desk.operator.account_id,)]


async def test_a_process_that_finds_the_roster_just_made_by_another_goes_on_with_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository, missed = desk.admin._roster._staff, []
    look = repository.roster

    async def too_early() -> Any:
        missed.append(1)
        return None if len(missed) == 1 else await look()

    monkeypatch.setattr(repository, "roster", too_early)
    await desk.admin._roster.join("somebody")
    rosters = [each.state.operators async for each in desk.world.store.scan(ROSTER)]
    assert [sorted(each) for each in rosters] == [
        sorted(("somebody", desk.operator.account_id, desk.second.account_id))
    ]


# Listed


async def test_staff_are_listed_page_by_page_of_the_own_office(desk: Desk) -> None:
    await desk.hire(desk.operator, "north.head", Post.OFFICE_ADMIN, NORTH)
    first = await desk.admin.page(desk.head, None, "", 2)
    assert [each.staff.username for each in first.staff] == ["front_officer", "interviewer"]
    rest = await desk.admin.page(desk.head, SOUTH, first.next or "", 2)
    assert ([each.staff.username for each in rest.staff], rest.next) == (["office_admin"], None)
    everybody = await desk.admin.page(desk.operator, None, "", 100)
    assert len(everybody.staff) == 7
    north = await desk.admin.page(desk.operator, NORTH, "", 100)
    assert [each.full_name for each in north.staff] == ["NORTH.HEAD CONTOH"]
    assert await outcome(desk.admin.page(desk.head, NORTH, "", 2)) == "not_your_office"
    assert await outcome(desk.admin.get_member(desk.head, north.staff[0].staff_id)) == "not_your_office"
    assert all(each.one_time_password is None for each in north.staff)


# The first operators


def founder(secret: str = SECRETS[0], username: str = "ratna", password: str = OWN) -> Founder:
    return Founder(secret, username, "RATNA CONTOH", password)


@pytest.fixture
def fresh() -> Desk:
    """An installation without anybody."""
    return Desk(World(demo_staff_password=None, first_operator_secrets=",".join(SECRETS)))


async def test_each_secret_makes_one_operator_once(fresh: Desk) -> None:
    make = fresh.first_operators.make_first_operator
    assert await outcome(make(founder("not-a-secret-of-this-installation"), "c-0")) == "first_operator_secret_wrong"
    assert await outcome(make(founder(password="short"), "c-0")) == "password_too_short"
    ratna = await make(founder(), "c-1")
    assert (await make(founder(), "c-1")).id == ratna.id
    assert await outcome(make(founder(), "c-2")) == "first_operator_secret_used"
    assert await outcome(make(founder(username="sari"), "c-3")) == "first_operator_secret_used"
    assert await outcome(make(founder(SECRETS[1]), "c-4")) == "user_name_taken"
    sari = await make(founder(SECRETS[1], "sari"), "c-5")
    assert (await fresh.log_in("ratna", OWN)).role is Role.OPERATOR
    assert all(each not in repr(ratna) for each in ("RATNA CONTOH", SECRETS[0], OWN))
    first, second = (Caller(each.id, Role.OPERATOR, "session") for each in (ratna, sari))
    proposed = await fresh.hire(first, "tono", Post.TREASURER)
    assert (await fresh.admin.approve(fresh.act(second, proposed.staff_id))).staff.state is StaffState.INVITED
    await fresh.admin.leave(fresh.act(second, ratna.id))
    assert await outcome(make(founder(), "c-6")) == "first_operator_secret_used"
    assert ("first_operator_made", "done", None, None, None) in await fresh.lines()


async def test_two_who_use_one_secret_at_once_make_one(fresh: Desk) -> None:
    make = fresh.first_operators.make_first_operator
    answers = await asyncio.gather(*(outcome(make(founder(username=name), name)) for name in ("ratna", "sari")))
    assert sorted(answers) == ["done", "first_operator_secret_used"]


async def test_two_secrets_at_once_for_one_user_name_make_one_and_spend_one(fresh: Desk) -> None:
    make = fresh.first_operators.make_first_operator
    answers = await asyncio.gather(*(outcome(make(founder(each), each)) for each in SECRETS))
    assert sorted(answers) == ["done", "user_name_taken"]
    assert await outcome(make(founder(SECRETS[answers.index("user_name_taken")], "sari"), "c-9")) == "done"


async def test_without_secrets_nobody_is_made(world: World) -> None:
    doing = world.identity.first_operators.make_first_operator(founder(""), "c-1")
    assert await outcome(doing) == "first_operator_secret_wrong"


def test_among_real_people_there_are_no_demo_staff_and_no_short_secrets() -> None:
    with pytest.raises(SettingsWrong, match="demo staff are made only where PASPOR_ENVIRONMENT is local or test"):
        make_settings(environment="production")
    with pytest.raises(SettingsWrong) as others:
        make_settings(environment="production", demo_staff_password=None)
    assert "DEMO_STAFF" not in str(others.value)
    assert make_settings(demo_staff_password=None).operator_secrets() == ()
    with pytest.raises(SettingsWrong, match="too short"):
        make_settings(first_operator_secrets=f"{'x' * 32},{'y' * 31}")
    assert make_settings(first_operator_secrets=f"{'x' * 32}, {'y' * 32},").operator_secrets() == ("x" * 32, "y" * 32)
