"""Treasurers serve the offices that their data name: hired so, moved so, carried by their token."""

from __future__ import annotations

import pytest

from services.identity.staff.admin_schemas import Hire
from services.identity.staff.administration import Hiring
from services.identity.staff.member import StaffReason
from services.identity.staff.powers import MOST_OFFICES_SERVED, Post
from shared.clock import ManualClock
from shared.tokens import ALL_OFFICES, MAX_TOKEN_BYTES, Caller, Role, StaticKeys, TokenIssuer, TokenVerifier
from tests.conftest import START
from tests.unit.identity.test_staff_admin import OWN, SOUTH, STAFF_PASSWORD, Desk, desk, outcome
from tests.unit.identity.world import SIGNING_PEM

__all__ = ["desk"]

NORTH = "jakarta-utara"


def hiring(post: Post, offices: tuple[str, ...], office_id: str | None = None) -> Hiring:
    return Hiring("rina.contoh", "RINA CONTOH", post, office_id, StaffReason.NEW_POST, offices)


async def served(desk: Desk, username: str, password: str) -> tuple[str, ...]:
    """The offices that the token of somebody who signs in names."""
    tokens = await desk.log_in(username, password)
    issuer = TokenIssuer(SIGNING_PEM, "paspor-identity", desk.world.clock)
    caller = await TokenVerifier(StaticKeys(issuer.jwks()), desk.world.clock).verify(tokens.access_token)
    return caller.offices


async def test_a_treasurer_is_hired_for_offices_and_moved_to_others_by_two_operators(desk: Desk) -> None:
    proposed = await desk.admin.hire(desk.operator, hiring(Post.TREASURER, (SOUTH, NORTH)), "hiring-1")
    assert proposed.staff.pending is not None and proposed.staff.pending.offices == (SOUTH, NORTH)
    approved = await desk.admin.approve(desk.act(desk.second, proposed.staff_id))
    await desk.working(approved)
    assert await served(desk, "rina.contoh", OWN) == (SOUTH, NORTH)
    asked = await desk.admin.reassign(desk.act(desk.operator, proposed.staff_id), Post.TREASURER, None, (ALL_OFFICES,))
    assert asked.staff.offices == (SOUTH, NORTH), "one operator alone changes nothing"
    await desk.admin.approve(desk.act(desk.second, proposed.staff_id))
    assert await served(desk, "rina.contoh", OWN) == (ALL_OFFICES,)


async def test_only_treasurers_have_a_list_of_offices(desk: Desk) -> None:
    assert await outcome(desk.admin.hire(desk.head, hiring(Post.INTERVIEWER, (NORTH,), SOUTH), "hiring-1")) == (
        "office_not_wanted"
    )
    assert await outcome(desk.admin.hire(desk.operator, hiring(Post.OPERATOR, (NORTH,)), "hiring-2")) == (
        "office_not_wanted"
    )


async def test_a_demo_treasurer_serves_all_because_their_data_say_so(desk: Desk) -> None:
    assert await served(desk, "treasurer", STAFF_PASSWORD) == (ALL_OFFICES,)
    assert await served(desk, "office_admin", STAFF_PASSWORD) == ()


@pytest.mark.parametrize(
    ("caller", "own", "other", "none"),
    [
        (Caller("a", Role.TREASURER, "s"), False, False, False),
        (Caller("a", Role.TREASURER, "s", offices=(SOUTH,)), True, False, False),
        (Caller("a", Role.TREASURER, "s", offices=(ALL_OFFICES,)), True, True, True),
        (Caller("a", Role.OFFICE_ADMIN, "s", SOUTH), True, False, False),
        (Caller("a", Role.OFFICE_ADMIN, "s", SOUTH, offices=(ALL_OFFICES, NORTH)), True, False, False),
        (Caller("a", Role.FRONT_OFFICER, "s", SOUTH), True, False, False),
        (Caller("a", Role.OPERATOR, "s"), True, True, True),
        (Caller("a", Role.APPLICANT, "s", SOUTH), False, False, False),
    ],
)
def test_who_serves_which_office(caller: Caller, own: bool, other: bool, none: bool) -> None:
    assert (caller.serves(SOUTH), caller.serves(NORTH), caller.serves(None)) == (own, other, none)


async def test_a_list_at_its_limit_fits_into_a_token_and_one_more_is_refused() -> None:
    offices = tuple(f"{number:02d}".ljust(64, "x") for number in range(MOST_OFFICES_SERVED))
    clock = ManualClock(START)
    issuer = TokenIssuer(SIGNING_PEM, "paspor-identity", clock)
    token = issuer.issue(Caller("a" * 36, Role.TREASURER, "s" * 36, offices=offices), 300)
    assert len(token) <= MAX_TOKEN_BYTES
    assert (await TokenVerifier(StaticKeys(issuer.jwks()), clock).verify(token)).offices == offices
    body = {"username": "rina", "full_name": "RINA CONTOH", "role": "treasurer", "reason": "new_post"}
    assert Hire.model_validate({**body, "offices": list(offices)}).hiring().offices == offices
    with pytest.raises(ValueError, match="at most 30"):
        Hire.model_validate({**body, "offices": [*offices, "one-more"]})
