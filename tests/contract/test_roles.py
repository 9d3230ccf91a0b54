"""The matrix of roles and operations: published as it is, the smallest for the roles beside the counter, and tested."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import pytest

from devtools.docs_command import DOCS, WRITTEN_BY, endpoints_of, operations
from devtools.roles_page import may_call, operations_of, roles_page
from services.identity.staff.powers import HIRES, OF_AN_OFFICE, POWERFUL, SECOND_PERSONS, Post
from shared.audit.acting import OF_PERSONS
from shared.duties import DUTIES, Reach
from shared.events.subscriptions import SERVICES
from shared.http.endpoint import ANY_CALLER, STAFF, Door, Endpoint, PersonalData
from shared.tokens import HEADQUARTERS_ROLES, ROLES_WITH_OFFICES, Role

STAFF_ROLES: Final = frozenset(Role) - {Role.APPLICANT, Role.SERVICE, Role.ENROLLING}
"""Without the role of a session that can only enrol a second factor: it is nobody's post."""

OPERATIONS: Final = operations()
OWN_ACCOUNT: Final = {
    *("identity:list_second_factors", "identity:offer_totp", "identity:confirm_totp", "identity:offer_passkey"),
    *("identity:confirm_passkey", "identity:remove_second_factor", "identity:make_recovery_codes"),
    *("identity:look_at_own_account", "identity:set_own_email", "identity:review_devices"),
    "identity:prove_own_email",
}
"""Every member of staff has an account of their own, and its second factors."""

AUDIT_LISTS: Final = {f"{service}:list_overrides_of_{service}" for service in SERVICES}
SMALLEST: Final[dict[Role, set[str]]] = {
    Role.ADJUDICATOR: {
        *("application:get_application", "application:ask_offset", "application:show_document"),
        *("application:download_document", "application:record_interview", "application:list_day"),
        *("application:list_papers", "application:show_earlier_books"),
    },
    Role.PRINTER: {"application:list_day", "application:resend_file"},
    Role.DOCUMENTS_SECTION_HEAD: {
        *("application:list_day", "identity:look_at_correction", "identity:decide_correction"),
        *("scheduling:list_appointments", "scheduling:read_appointment", "scheduling:waiting"),
        *("scheduling:special_requests", "scheduling:decide_special"),
        *("application:show_evidence", "application:download_evidence"),
        *("scheduling:read_template", "scheduling:template_history", "scheduling:session_history"),
        *("scheduling:list_changes", "scheduling:read_change"),
        *("scheduling:approve_change", "scheduling:reject_change"),
    },
    Role.ENFORCEMENT_SECTION_HEAD: {"scheduling:list_flags", "scheduling:review_flag"},
    Role.ADMINISTRATION_SECTION_HEAD: {
        *("billing:list_refunds", "billing:show_refund", "billing:take_refund_step", "billing:show_refund_statistics"),
        *("application:show_evidence", "application:download_evidence"),
    },
    Role.REGIONAL_OFFICER: {
        *AUDIT_LISTS,
        *("billing:show_refund_statistics", "scheduling:read_queue", "scheduling:list_offline_quotas"),
        *("scheduling:read_template", "scheduling:template_history", "scheduling:session_history"),
        *("scheduling:list_changes", "scheduling:read_change", "application:read_interview_note"),
        *("notification:show_region_contacts", "notification:keep_region_contacts"),
    },
    Role.PUBLIC_RELATIONS: {"billing:show_refund_statistics"},
    Role.HQ_POLICY: {
        *("billing:list_tariff_changes", "billing:propose_tariff", "billing:show_refund_statistics"),
        *("scheduling:read_template", "scheduling:put_template", "scheduling:template_history"),
        *("scheduling:session_history", "scheduling:list_changes", "scheduling:read_change"),
        "scheduling:list_offline_quotas",
    },
    Role.HQ_IT: {
        *("billing:list_stuck", "billing:show_saga", "billing:retry_saga"),
        *("scheduling:bulk_jobs", "scheduling:bulk_job"),
    },
}
"""What each role beside the counter may call, and nothing more."""


def named(role: Role) -> set[str]:
    return {f"{service}:{endpoint.name}" for service, endpoint in operations_of(role, OPERATIONS)}


def beyond_duty(endpoint: Endpoint) -> set[Role]:
    """The roles that read personal data by this endpoint which their duties do not name."""
    if endpoint.reads is None:
        return set()
    return {role for role, duty in DUTIES.items() if may_call(role, endpoint) and endpoint.reads not in duty.reads}


@pytest.mark.acceptance("Y14.matrix_published")
def test_the_published_matrix_is_the_one_of_the_code() -> None:
    assert (DOCS / "roles.md").read_text(encoding="utf-8") == roles_page(OPERATIONS, WRITTEN_BY)


@pytest.mark.acceptance("Y14.matrix_published")
def test_the_page_shows_every_role_and_every_operation_of_staff() -> None:
    page = roles_page(OPERATIONS, WRITTEN_BY)
    matrix = page.partition("## Matrix")[2].partition("\n## ")[0]
    for role in STAFF_ROLES:
        assert f"\n## {role.value}\n" in page
    for _service, endpoint in OPERATIONS:
        is_for_staff = any(may_call(role, endpoint) for role in STAFF_ROLES)
        assert (f"| `{endpoint.method} {endpoint.path}` |" in matrix) == is_for_staff


def test_every_role_of_staff_has_its_duties_and_can_be_hired_for() -> None:
    assert set(DUTIES) == STAFF_ROLES == {Role(post.value) for post in Post}
    assert frozenset().union(*HIRES.values()) == set(Post)


@pytest.mark.acceptance("Y14.matrix_tested")
@pytest.mark.parametrize("role", sorted(STAFF_ROLES))
def test_each_role_reaches_something(role: Role) -> None:
    assert operations_of(role, OPERATIONS)


@pytest.mark.acceptance("Y14.roles", "Y14.matrix_tested")
@pytest.mark.parametrize("role", sorted(SMALLEST))
def test_each_role_beside_the_counter_has_the_smallest_set_for_its_work(role: Role) -> None:
    assert named(role) == SMALLEST[role] | OWN_ACCOUNT


@pytest.mark.acceptance("Y14.matrix_tested")
def test_no_role_reads_personal_data_that_its_duties_do_not_name() -> None:
    found = {
        (service, endpoint.name): beyond_duty(endpoint)
        for service, endpoint in OPERATIONS
        if f"{service}:{endpoint.name}" not in OWN_ACCOUNT
    }
    assert {place: roles for place, roles in found.items() if roles} == {}


@pytest.mark.parametrize("role", sorted(STAFF_ROLES))
def test_no_duty_names_data_that_the_role_never_reads(role: Role) -> None:
    read = {endpoint.reads for _service, endpoint in operations_of(role, OPERATIONS)}
    assert DUTIES[role].reads <= read


async def _handler(_call: Any) -> None:
    """An answer."""


def test_twin_a_role_that_reads_beyond_its_duty_is_found() -> None:
    niks = Endpoint("GET", "/v1/niks", _handler, "NIKs", STAFF(Role.PRINTER), {200: None}, reads=PersonalData.NIK)
    assert beyond_duty(niks) == {Role.PRINTER}
    assert beyond_duty(replace(niks, access=STAFF(Role.FRONT_OFFICER))) == set()
    assert beyond_duty(replace(niks, access=ANY_CALLER)) >= {Role.HQ_IT, Role.PUBLIC_RELATIONS}


def test_no_endpoint_lets_every_role_in_without_naming_it() -> None:
    """A new role would open it unseen."""
    unnamed = [
        (service, endpoint.name)
        for service, endpoint in OPERATIONS
        if endpoint.access.door is Door.BEARER and not endpoint.access.roles
    ]
    everybody = {
        f"{service}:{endpoint.name}" for service, endpoint in OPERATIONS if endpoint.access.roles >= STAFF_ROLES
    }
    assert (unnamed, everybody) == ([], OWN_ACCOUNT)


@pytest.mark.parametrize("role", [Role.PUBLIC_RELATIONS, Role.HQ_POLICY, Role.HQ_IT])
def test_headquarters_read_no_personal_data(role: Role) -> None:
    assert DUTIES[role].reads == frozenset()


def test_regions_read_an_interviewers_note_in_an_appeal_and_nothing_else_of_a_person() -> None:
    """The office above decides an appeal against the head's answer (UU 30/2014 art. 78)."""
    assert DUTIES[Role.REGIONAL_OFFICER].reads == {PersonalData.APPLICATION}
    reads = {each.name for service in SERVICES for each in endpoints_of(service) if reads_as_regional_officer(each)}
    assert reads == {"read_interview_note"}


def reads_as_regional_officer(endpoint: Endpoint) -> bool:
    return endpoint.reads in OF_PERSONS and Role.REGIONAL_OFFICER in (endpoint.access.roles or ())


def test_the_reach_of_a_duty_is_where_its_posts_belong() -> None:
    of_an_office = {role for role, duty in DUTIES.items() if duty.reach is Reach.OFFICE}
    assert of_an_office == {Role(post.value) for post in OF_AN_OFFICE}
    assert {role for role, duty in DUTIES.items() if duty.reach is Reach.ALL} == HEADQUARTERS_ROLES
    listed = {role for role, duty in DUTIES.items() if duty.reach in (Reach.LISTED, Reach.REGION)}
    assert listed == ROLES_WITH_OFFICES


def test_the_head_of_an_office_hires_no_second_person_of_the_own_office() -> None:
    assert not HIRES[Post.OFFICE_ADMIN] & (SECOND_PERSONS | POWERFUL | {Post.OFFICE_ADMIN})
