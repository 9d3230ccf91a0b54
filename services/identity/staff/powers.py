"""Rules of staff administration: who may hire and act on which role, and what needs a second operator."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from services.identity.staff.states import StaffCommand


class Post(StrEnum):
    """Posts of staff; the same names as the roles of tokens."""

    FRONT_OFFICER = "front_officer"
    INTERVIEWER = "interviewer"
    OFFICE_ADMIN = "office_admin"
    TREASURER = "treasurer"
    OPERATOR = "operator"
    ADJUDICATOR = "adjudicator"
    PRINTER = "printer"
    DOCUMENTS_SECTION_HEAD = "documents_section_head"
    ENFORCEMENT_SECTION_HEAD = "enforcement_section_head"
    ADMINISTRATION_SECTION_HEAD = "administration_section_head"
    REGIONAL_OFFICER = "regional_officer"
    PUBLIC_RELATIONS = "public_relations"
    HQ_POLICY = "hq_policy"
    HQ_IT = "hq_it"


SECOND_PERSONS: Final = frozenset(
    {
        Post.ADJUDICATOR,
        Post.DOCUMENTS_SECTION_HEAD,
        Post.ENFORCEMENT_SECTION_HEAD,
        Post.ADMINISTRATION_SECTION_HEAD,
    }
)
"""Roles of an office that agree to, or decide about, what others of the office did."""

OF_AN_OFFICE: Final = SECOND_PERSONS | {Post.FRONT_OFFICER, Post.INTERVIEWER, Post.OFFICE_ADMIN, Post.PRINTER}
"""These belong to one office; all others belong to none."""

MOST_OFFICES_SERVED: Final = 30
"""Offices that one treasurer is listed for: thirty of the longest ids still fit into an access token of 4 KiB. Who
serves more serves ``all``.
"""

HIRES: Final[Mapping[Post, frozenset[Post]]] = {
    Post.OPERATOR: SECOND_PERSONS
    | {
        *(Post.OFFICE_ADMIN, Post.TREASURER, Post.OPERATOR),
        *(Post.REGIONAL_OFFICER, Post.PUBLIC_RELATIONS, Post.HQ_POLICY, Post.HQ_IT),
    },
    Post.OFFICE_ADMIN: frozenset({Post.FRONT_OFFICER, Post.INTERVIEWER, Post.PRINTER}),
}
"""Roles that each role may hire: heads of offices hire for the counters, operators heads, second persons and those of
no office. A head who hired the second person of the own office could agree with themselves in that one's name.
"""

POWERFUL: Final = frozenset({Post.TREASURER, Post.OPERATOR, Post.HQ_POLICY, Post.HQ_IT})
"""Privileged roles: granting one, or resetting its password, needs a second operator."""

_HANDING_OUT: Final = frozenset({StaffCommand.APPROVE, StaffCommand.REASSIGN, StaffCommand.RESET, StaffCommand.UNLOCK})
"""Commands that give a one-time password; hiring ends in an approval."""


class PowerProblem(StrEnum):
    """Why somebody may not do that to this member of staff."""

    NOT_YOUR_ROLE = "not_your_role"
    NOT_YOUR_OFFICE = "not_your_office"
    OFFICE_NEEDED = "office_needed"
    OFFICE_NOT_WANTED = "office_not_wanted"
    REGION_NEEDED = "region_needed"
    REGION_NOT_WANTED = "region_not_wanted"


def place_problem(post: Post, office_id: str | None) -> PowerProblem | None:
    """Return whether role and office fit each other."""
    if post in OF_AN_OFFICE and office_id is None:
        return PowerProblem.OFFICE_NEEDED
    if post not in OF_AN_OFFICE and office_id is not None:
        return PowerProblem.OFFICE_NOT_WANTED
    return None


def served_problem(post: Post, offices: tuple[str, ...]) -> PowerProblem | None:
    """Return whether a list of offices served fits the role: only treasurers have one."""
    return PowerProblem.OFFICE_NOT_WANTED if offices and post is not Post.TREASURER else None


def region_problem(post: Post, region_id: str | None) -> PowerProblem | None:
    """Return whether role and region fit each other: regional officers, and no others, have one."""
    if post is Post.REGIONAL_OFFICER:
        return PowerProblem.REGION_NEEDED if region_id is None else None
    return PowerProblem.REGION_NOT_WANTED if region_id is not None else None


def hire_problem(actor: Post, actor_office: str | None, post: Post, office_id: str | None) -> PowerProblem | None:
    """Return why the actor may not hire somebody for this; none if they may."""
    if post not in HIRES.get(actor, frozenset()):
        return PowerProblem.NOT_YOUR_ROLE
    return place_problem(post, office_id) or _office_problem(actor, actor_office, office_id)


def manage_problem(actor: Post, actor_office: str | None, post: Post, office_id: str | None) -> PowerProblem | None:
    """Return why the actor may not act on somebody who is this; none if they may. Operators act on everybody."""
    problem = _office_problem(actor, actor_office, office_id)
    if problem is not None or actor is Post.OPERATOR:
        return problem
    return None if post in HIRES.get(actor, frozenset()) else PowerProblem.NOT_YOUR_ROLE


def give_problem(actor: Post, actor_office: str | None, post: Post, office_id: str | None) -> PowerProblem | None:
    """Return why the actor may not move somebody to this role and office; none if they may."""
    return place_problem(post, office_id) or manage_problem(actor, actor_office, post, office_id)


def needs_second_factor(post: Post, is_needed: bool, for_all: bool) -> bool:
    """Return whether this role signs in with a second factor only; without one it can do nothing but enrol one."""
    return is_needed and (for_all or post in POWERFUL)


def needs_second(command: StaffCommand, post: Post) -> bool:
    """Return whether a second operator has to agree before somebody who then is this can sign in by it.

    A one-time password is as good as the account, so whoever could reset a colleague's alone could agree with
    themselves in the colleague's name. Locking takes power away: one is enough, and at once.
    """
    return post in POWERFUL and command in _HANDING_OUT


def _office_problem(actor: Post, actor_office: str | None, office_id: str | None) -> PowerProblem | None:
    is_theirs = actor is Post.OPERATOR or (actor_office is not None and actor_office == office_id)
    return None if is_theirs else PowerProblem.NOT_YOUR_OFFICE


def powers_of(post: Post) -> tuple[str, ...]:
    """Return the powers over other staff that a role has, as codes: whom it hires, and whether it agrees as a second
    operator.
    """
    hires = sorted(f"hire_{hired}" for hired in HIRES.get(post, frozenset()))
    return (*hires, *(["agree_as_second_operator"] if post is Post.OPERATOR else []))
