"""Staff by their rules alone: states, powers, the roster, passwords."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import product

import pytest

from services.identity.sessions.session import start_session
from services.identity.staff import member_transitions as rules
from services.identity.staff import operator_roster as rosters
from services.identity.staff import powers
from services.identity.staff.member import Staff, StaffReason
from services.identity.staff.member_transitions import SHORTEST_PASSWORD, Fresh, Newcomer, PasswordProblem
from services.identity.staff.operator_roster import Roster, RosterProblem
from services.identity.staff.powers import Post, PowerProblem
from services.identity.staff.states import FINAL_STAFF, STAFF_TRANSITIONS, StaffCommand, StaffState
from shared.http.endpoint import STAFF
from shared.store.transitions import IllegalTransition
from tests.conftest import START as NOW

SOUTH, NORTH = "jakarta-selatan", "jakarta-utara"
FRESH = Fresh("hash of a one-time password", "salt", 60)


def hired(post: Post = Post.FRONT_OFFICER, fresh: Fresh | None = FRESH) -> Staff:
    office = SOUTH if post in powers.OF_AN_OFFICE else None
    return rules.hire(Newcomer("dewi", "sealed", post, office), "boss", StaffReason.NEW_POST, fresh, "c-1", NOW)


def active(post: Post = Post.FRONT_OFFICER) -> Staff:
    staff = rules.set_password(hired(post), "own hash", NOW)
    session = start_session("s-1", "salt", 3600, NOW)
    return Staff(**{**vars(staff), "sessions": (session,)})


def test_posts_are_the_roles_of_staff() -> None:
    assert {post.value for post in Post} == {role.value for role in STAFF().roles}


def test_who_is_hired_is_invited_until_an_own_password_is_set() -> None:
    staff = hired()
    assert (staff.state, staff.password_hash, staff.pending) == (StaffState.INVITED, FRESH.password_hash, None)
    assert staff.one_time is not None and staff.one_time.expires_at == NOW + timedelta(seconds=60)
    assert not rules.is_over(staff, NOW + timedelta(seconds=59.999))
    assert rules.is_over(staff, NOW + timedelta(seconds=60))
    own = rules.set_password(staff, "own hash", NOW)
    assert (own.state, own.password_hash, own.one_time) == (StaffState.ACTIVE, "own hash", None)
    assert not rules.is_over(own, datetime.max.replace(tzinfo=NOW.tzinfo))
    assert rules.set_password(own, "another", NOW).state is StaffState.ACTIVE


def test_who_is_proposed_has_no_password_until_approved() -> None:
    staff = hired(Post.OPERATOR, fresh=None)
    assert (staff.state, staff.password_hash, staff.one_time) == (StaffState.PROPOSED, "", None)
    assert staff.pending is not None and staff.pending.command is StaffCommand.APPROVE
    approved = rules.give_password(staff, StaffCommand.APPROVE, FRESH, "c-2", NOW)
    assert (approved.state, approved.pending) == (StaffState.INVITED, None)
    refused = rules.refuse(staff, "c-3")
    assert (refused.state, refused.pending) == (StaffState.REFUSED, None)
    for gone, command in product((refused,), StaffCommand):
        with pytest.raises(IllegalTransition):
            STAFF_TRANSITIONS.after(gone.state, command)


def test_refusing_what_was_asked_about_somebody_in_service_leaves_them_in_service() -> None:
    asked = rules.ask(active(), StaffCommand.REASSIGN, Post.TREASURER, None, "boss", StaffReason.TRANSFER, "c-2", NOW)
    assert asked.pending is not None and asked.role == "front_officer" and asked.sessions
    refused = rules.refuse(asked, "c-3")
    assert (refused.state, refused.pending, refused.sessions) == (StaffState.ACTIVE, None, asked.sessions)
    with pytest.raises(IllegalTransition):
        rules.ask(active(), StaffCommand.UNLOCK, Post.TREASURER, None, "boss", StaffReason.RETURN, "c-4", NOW)


def test_whatever_is_done_ends_every_session() -> None:
    before = active()
    assert before.sessions
    after = [
        rules.lock(before, "c"),
        rules.leave(before, "c"),
        rules.reassign(before, Post.INTERVIEWER, SOUTH, "c"),
        rules.give_password(before, StaffCommand.RESET, FRESH, "c", NOW),
        rules.set_password(before, "another", NOW),
    ]
    assert [each.sessions for each in after] == [()] * 5
    assert [each.state.value for each in after] == ["locked", "left", "active", "invited", "active"]
    assert after[1].password_hash == ""
    assert rules.give_password(after[0], StaffCommand.UNLOCK, FRESH, "d", NOW).state is StaffState.INVITED


def test_only_as_many_commands_are_remembered() -> None:
    staff = active()
    for number in range(rules.REMEMBERED_COMMANDS):
        assert rules.has_taken(staff, "c-1")
        staff = rules.reassign(staff, Post.INTERVIEWER, SOUTH, f"d-{number}")
    assert not rules.has_taken(staff, "c-1") and rules.has_taken(staff, "d-0")


def test_final_states_are_left_by_nothing() -> None:
    for state, command in product(FINAL_STAFF, StaffCommand):
        with pytest.raises(IllegalTransition):
            STAFF_TRANSITIONS.after(state, command)


@pytest.mark.parametrize(
    ("new", "problem"),
    [
        ("x" * (SHORTEST_PASSWORD - 1), PasswordProblem.TOO_SHORT),
        ("x" * SHORTEST_PASSWORD, None),
        ("the old password", PasswordProblem.THE_OLD_ONE),
        (" Dewi.Contoh.Lestari", PasswordProblem.THE_USER_NAME),
    ],
)
def test_an_own_password_is_long_new_and_not_the_user_name(new: str, problem: PasswordProblem | None) -> None:
    assert rules.password_problem("dewi.contoh.lestari", "the old password", new) is problem


NOT_ROLE, NOT_OFFICE = PowerProblem.NOT_YOUR_ROLE, PowerProblem.NOT_YOUR_OFFICE
NEEDED, UNWANTED = PowerProblem.OFFICE_NEEDED, PowerProblem.OFFICE_NOT_WANTED


@pytest.mark.parametrize(
    ("actor", "post", "office", "problem"),
    [
        (Post.OFFICE_ADMIN, Post.FRONT_OFFICER, SOUTH, None),
        (Post.OFFICE_ADMIN, Post.INTERVIEWER, NORTH, NOT_OFFICE),
        (Post.OFFICE_ADMIN, Post.INTERVIEWER, None, NEEDED),
        (Post.OFFICE_ADMIN, Post.OFFICE_ADMIN, SOUTH, NOT_ROLE),
        (Post.OFFICE_ADMIN, Post.OPERATOR, None, NOT_ROLE),
        (Post.OPERATOR, Post.OFFICE_ADMIN, NORTH, None),
        (Post.OPERATOR, Post.OFFICE_ADMIN, None, NEEDED),
        (Post.OPERATOR, Post.TREASURER, None, None),
        (Post.OPERATOR, Post.TREASURER, SOUTH, UNWANTED),
        (Post.OPERATOR, Post.FRONT_OFFICER, SOUTH, NOT_ROLE),
        (Post.TREASURER, Post.FRONT_OFFICER, SOUTH, NOT_ROLE),
    ],
)
def test_who_hires_whom(actor: Post, post: Post, office: str | None, problem: PowerProblem | None) -> None:
    own = SOUTH if actor in powers.OF_AN_OFFICE else None
    assert powers.hire_problem(actor, own, post, office) is problem


@pytest.mark.parametrize(
    ("actor", "own", "post", "office", "problem"),
    [
        (Post.OPERATOR, None, Post.FRONT_OFFICER, NORTH, None),
        (Post.OPERATOR, None, Post.OPERATOR, None, None),
        (Post.OFFICE_ADMIN, SOUTH, Post.INTERVIEWER, SOUTH, None),
        (Post.OFFICE_ADMIN, SOUTH, Post.INTERVIEWER, NORTH, NOT_OFFICE),
        (Post.OFFICE_ADMIN, SOUTH, Post.OPERATOR, None, NOT_OFFICE),
        (Post.OFFICE_ADMIN, None, Post.OPERATOR, None, NOT_OFFICE),
        (Post.OFFICE_ADMIN, SOUTH, Post.OFFICE_ADMIN, SOUTH, NOT_ROLE),
        (Post.INTERVIEWER, SOUTH, Post.FRONT_OFFICER, SOUTH, NOT_ROLE),
    ],
)
def test_who_acts_on_whom(
    actor: Post, own: str | None, post: Post, office: str | None, problem: PowerProblem | None
) -> None:
    assert powers.manage_problem(actor, own, post, office) is problem
    assert powers.give_problem(actor, own, post, office) is problem


def test_nobody_is_moved_to_a_role_without_its_office() -> None:
    assert powers.give_problem(Post.OPERATOR, None, Post.FRONT_OFFICER, None) is NEEDED
    assert powers.give_problem(Post.OPERATOR, None, Post.OPERATOR, SOUTH) is UNWANTED


def test_two_agree_to_whatever_opens_the_account_of_a_powerful_role() -> None:
    opening = {StaffCommand.APPROVE, StaffCommand.REASSIGN, StaffCommand.RESET, StaffCommand.UNLOCK}
    powerful = {Post.TREASURER, Post.OPERATOR, Post.HQ_POLICY, Post.HQ_IT}
    for command, post in product(StaffCommand, Post):
        wanted = command in opening and post in powerful
        assert powers.needs_second(command, post) is wanted


def test_the_roster_never_becomes_empty() -> None:
    roster = rosters.joined(rosters.joined(Roster(), "a"), "b")
    assert rosters.joined(roster, "a") is roster
    assert rosters.leave_problem(roster, "b", "a") is None
    left = rosters.without(roster, "b")
    assert left.operators == ("a",)
    assert rosters.leave_problem(left, "a", "b") is RosterProblem.LAST_OPERATOR
    assert rosters.leave_problem(roster, "a", "c") is RosterProblem.NOT_ON_IT
    assert rosters.leave_problem(left, "b", "a") is None
    assert rosters.leave_problem(Roster(), "a", "b") is RosterProblem.LAST_OPERATOR
