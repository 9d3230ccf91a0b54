"""Roles of the bearers of tokens."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """Role of the bearer of a token. `shared.duties` says what each role of staff is for."""

    APPLICANT = "applicant"
    FRONT_OFFICER = "front_officer"
    INTERVIEWER = "interviewer"
    OFFICE_ADMIN = "office_admin"
    TREASURER = "treasurer"
    OPERATOR = "operator"
    SERVICE = "service"
    ADJUDICATOR = "adjudicator"
    PRINTER = "printer"
    DOCUMENTS_SECTION_HEAD = "documents_section_head"
    ENFORCEMENT_SECTION_HEAD = "enforcement_section_head"
    ADMINISTRATION_SECTION_HEAD = "administration_section_head"
    REGIONAL_OFFICER = "regional_officer"
    PUBLIC_RELATIONS = "public_relations"
    HQ_POLICY = "hq_policy"
    HQ_IT = "hq_it"
    ENROLLING = "enrolling"
    """A member of staff who needs a second factor and has none: only endpoints that name this role let them in."""
