"""Staff read and act on the money of the offices that they work for: every endpoint, role and office."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum
from typing import Any

import pytest

from services.billing import access
from services.billing.bills import offices as bill_offices
from services.billing.bills import service as bill_service
from services.billing.bills.model import Seat
from services.billing.bills.repository import BILLS
from services.billing.cases.model import Subject
from services.billing.cases.repository import CASES
from services.billing.refunds import service as refund_desk
from services.billing.refunds.repository import REFUNDS
from services.billing.refunds.service import NewRefund
from services.billing.sagas.model import Act, Override
from services.billing.sagas.repository import OVERRIDES
from shared.events.codes import PaymentCaseKind
from shared.tokens import ALL_OFFICES, Caller, Role
from tests.unit.billing.conftest import Ask
from tests.unit.billing.test_settlement import booked
from tests.unit.billing.test_tariff_changes import PROPOSAL
from tests.unit.billing.world import APPLICATION, World

OWN, OTHER = "office-1", "office-2"


class Concerns(Enum):
    """The owner of an endpoint's matter."""

    OFFICE = "the office of the bill that is called about"
    EVERY_OFFICE = "all offices together"
    A_LIST = "a list that shows what is of one's offices"
    NOBODY = "no office's money"


@dataclass(frozen=True)
class Probe:
    """One call of an endpoint about something of the own office; ``shows`` names the list that it answers with."""

    path: str
    concerns: Concerns
    body: Any = None
    shows: str | None = None


@dataclass(frozen=True)
class Staff:
    """One member of staff."""

    role: Role
    office: str | None = None
    offices: tuple[str, ...] = ()

    @property
    def caller(self) -> Caller:
        return Caller(f"{self.role.value}-account", self.role, "s1", self.office, offices=self.offices)


STAFF = (
    *(
        Staff(role, office)
        for role in (Role.FRONT_OFFICER, Role.INTERVIEWER, Role.OFFICE_ADMIN, Role.ADMINISTRATION_SECTION_HEAD)
        for office in (OWN, OTHER)
    ),
    Staff(Role.TREASURER),
    Staff(Role.TREASURER, offices=(OWN,)),
    Staff(Role.TREASURER, offices=(OTHER, "office-3")),
    Staff(Role.TREASURER, offices=(ALL_OFFICES,)),
    Staff(Role.OPERATOR),
    Staff(Role.REGIONAL_OFFICER, offices=(OWN,)),
    Staff(Role.REGIONAL_OFFICER, offices=(OTHER, "office-3")),
    Staff(Role.PUBLIC_RELATIONS),
    Staff(Role.HQ_POLICY),
    Staff(Role.HQ_IT),
    Staff(Role.PRINTER, OWN),
    Staff(Role.ADJUDICATOR, OWN),
)

OWN_ONLY, EVERY, LIST, FREE = Concerns.OFFICE, Concerns.EVERY_OFFICE, Concerns.A_LIST, Concerns.NOBODY


def probes(facts: dict[str, str]) -> dict[str, Probe]:
    """A call of every endpoint that staff may call, by method and address."""
    note, reason = {"text": "looked"}, {"reason": "told_to"}
    closure = {"outcome": "not_paid", "reason": "the bank says no"}
    override = {"act": "send_money_back", "target": facts["bill_id"], "reason": "told_to"}
    day, saga = "date=2026-11-23", f"/v1/sagas/{facts['application_id']}"
    asked = {"bill_id": facts["bill_id"], "reason": "agent_error", "note": "twice"}
    return {
        "GET /v1/tariff-changes": Probe("/v1/tariff-changes", FREE),
        "POST /v1/tariff-changes": Probe("/v1/tariff-changes", EVERY, PROPOSAL),
        "POST /v1/tariff-changes/{change_id}/approval": Probe("/v1/tariff-changes/none/approval", EVERY),
        "POST /v1/tariff-changes/{change_id}/refusal": Probe("/v1/tariff-changes/none/refusal", EVERY, reason),
        "GET /v1/bills": Probe(f"/v1/bills?application_id={facts['application_id']}", LIST, shows="bills"),
        "GET /v1/bills/{bill_id}": Probe(f"/v1/bills/{facts['bill_id']}", OWN_ONLY),
        "POST /v1/bills": Probe("/v1/bills", OWN_ONLY, {"application_id": facts["application_id"]}),
        "GET /v1/receipts": Probe(f"/v1/receipts?bill_id={facts['bill_id']}", OWN_ONLY),
        "GET /v1/refunds": Probe("/v1/refunds", LIST, shows="refunds"),
        "GET /v1/refunds/{refund_id}": Probe(f"/v1/refunds/{facts['refund_id']}", OWN_ONLY),
        "POST /v1/refunds": Probe("/v1/refunds", OWN_ONLY, asked),
        "POST /v1/refunds/{refund_id}/withdrawal": Probe(f"/v1/refunds/{facts['refund_id']}/withdrawal", OWN_ONLY),
        "POST /v1/refunds/{refund_id}/steps": Probe(
            f"/v1/refunds/{facts['refund_id']}/steps", OWN_ONLY, {"step": "ask_papers", "papers": ["slip"]}
        ),
        "GET /v1/refund-statistics": Probe("/v1/refund-statistics?since=2026-11-01&until=2026-11-30", LIST),
        "GET /v1/cases": Probe("/v1/cases", LIST, shows="cases"),
        "GET /v1/cases/{case_id}": Probe(f"/v1/cases/{facts['case_id']}", OWN_ONLY),
        "POST /v1/cases/{case_id}/notes": Probe(f"/v1/cases/{facts['case_id']}/notes", OWN_ONLY, note),
        "POST /v1/cases/{case_id}/closure": Probe(f"/v1/cases/{facts['case_id']}/closure", OWN_ONLY, closure),
        "POST /v1/settlement-files": Probe("/v1/settlement-files", EVERY, booked([])),
        "GET /v1/settlement-files": Probe("/v1/settlement-files", EVERY),
        "GET /v1/settlement-files/{settlement_id}": Probe("/v1/settlement-files/none", EVERY),
        "GET /v1/ledger/balances": Probe("/v1/ledger/balances", EVERY),
        "GET /v1/ledger/journal": Probe(f"/v1/ledger/journal?{day}", EVERY),
        "GET /v1/ledger/roots": Probe(f"/v1/ledger/roots?{day}", EVERY),
        "GET /v1/ledger/explanations/{reference}": Probe(f"/v1/ledger/explanations/{facts['refund_id']}", OWN_ONLY),
        "GET /v1/audit/billing": Probe(f"/v1/audit/billing?from=2026-11-23&to=2026-11-23&office_id={OWN}", OWN_ONLY),
        "GET /v1/audit/billing/overrides": Probe(f"/v1/audit/billing/overrides?office_id={OWN}", OWN_ONLY),
        "GET /v1/retention/billing": Probe("/v1/retention/billing", FREE),
        "GET /v1/key-turns/billing": Probe("/v1/key-turns/billing", FREE),
        "POST /v1/key-turns/billing": Probe("/v1/key-turns/billing", FREE),
        "GET /v1/sagas": Probe("/v1/sagas?stuck=true", LIST, shows="stuck"),
        "GET /v1/sagas/{application_id}": Probe(saga, OWN_ONLY),
        "POST /v1/sagas/{application_id}/retry": Probe(f"{saga}/retry", OWN_ONLY, reason),
        "POST /v1/sagas/{application_id}/override": Probe(f"{saga}/override", OWN_ONLY, override),
        "POST /v1/sagas/{application_id}/overrides/{override_id}/decision": Probe(
            f"{saga}/overrides/{facts['override_id']}/decision", OWN_ONLY, {"approve": False}
        ),
    }


@pytest.fixture
async def facts(world: World) -> dict[str, str]:
    """A paid bill of the own office with a refund case, a case, an override, and a refund whose step is overdue."""
    bill = await world.issued_bill()
    await world.pay(bill)
    await world.confirmed(bill.bill_id, "paid")
    await world.pay(bill)
    await world.pass_time(40 * 86_400, step=86_400)
    await world.billing.case_follow_up.open(PaymentCaseKind.DOUBLE_LINE, ("own",), Subject(bill_id=bill.bill_id))
    override = Override("override-1", APPLICATION, Act.END_BILL, bill.bill_id, "told_to", "olga", world.clock.now())
    await world.store.insert(OVERRIDES, "override-1", override, now=world.clock.now())
    assert await world.billing.sagas.stuck(Caller("olga", Role.OPERATOR, "s"))
    return {
        "application_id": APPLICATION,
        "bill_id": bill.bill_id,
        "refund_id": world.refunds()[0].refund_id,
        "case_id": next(case.case_id for case in world.all(CASES) if case.subject.bill_id == bill.bill_id),
        "override_id": "override-1",
    }


def money_of(world: World) -> str:
    """Everything that is stored but the audit, as text."""
    kinds = sorted(set(world.store._documents) - {"audit"})
    return repr([world.store._documents[kind] for kind in kinds])


def staff_endpoints(world: World) -> dict[str, frozenset[Role]]:
    everybody = frozenset(member.role for member in STAFF)
    return {
        f"{endpoint.method} {endpoint.path}": endpoint.access.roles
        for endpoint in world.parts.endpoints
        if endpoint.access.roles & everybody
    }


@pytest.mark.acceptance("Y13.regional_role", "Y14.roles")
async def test_every_endpoint_judges_role_and_office(world: World, ask: Ask, facts: dict[str, str]) -> None:
    found, calls = staff_endpoints(world), probes(facts)
    assert set(calls) == set(found), "every endpoint of staff is called"
    tried = 0
    for address, roles in sorted(found.items()):  # what reads comes before what changes
        probe = calls[address]
        for staff in STAFF:
            before = money_of(world)
            status, said = await knock(ask, address, probe, staff, tried)
            tried += 1
            who = (address, staff)
            if staff.role not in roles:
                assert (status, said["code"]) == (403, "not_allowed"), who
            elif not expected(probe, staff):
                assert (status, said["code"] in {"not_your_office", "not_allowed"}) == (403, True), who
            elif probe.concerns is Concerns.A_LIST:
                assert status == 200, who
                assert shown(probe, said) == staff.caller.serves(OWN), who
            else:
                assert status != 403 or said["code"] == "step_of_another_role", (who, said)
                assert not address.startswith("GET") or status in (200, 404), (who, said)
            if status == 403:
                assert money_of(world) == before, who
    assert tried == len(found) * len(STAFF)


def expected(probe: Probe, staff: Staff) -> bool:
    """Whether the office lets this member of staff pass."""
    if probe.concerns is Concerns.OFFICE:
        return staff.caller.serves(OWN)
    return probe.concerns is not Concerns.EVERY_OFFICE or staff.caller.serves_all


def shown(probe: Probe, said: Any) -> bool:
    return bool(said[probe.shows]) if probe.shows else said["requests"] > 0


async def knock(ask: Ask, address: str, probe: Probe, staff: Staff, number: int) -> tuple[int, Any]:
    headers = {"Content-Type": "text/csv"} if isinstance(probe.body, bytes) else None
    return await ask(
        address.partition(" ")[0],
        probe.path,
        probe.body,
        role=staff.role,
        account=staff.caller.account_id,
        key=f"probe-{number}",
        office=staff.office,
        offices=staff.offices,
        headers=headers,
    )


# -- a stranger's bill -----------------------------------------------------------------------------------------------

HEAD_ELSEWHERE: dict[str, Any] = {"role": Role.OFFICE_ADMIN, "account": "head-2", "office": OTHER}
TWICE = {"reason": "agent_error", "note": "twice"}


async def paid(world: World) -> str:
    bill = await world.issued_bill()
    await world.pay(bill)
    await world.confirmed(bill.bill_id, "paid")
    return bill.bill_id


async def test_no_other_office_opens_a_refund_and_the_owners_own_is_not_blocked(world: World, ask: Ask) -> None:
    body = {"bill_id": await paid(world), **TWICE}
    status, said = await ask("POST", "/v1/refunds", body, key="theirs", **HEAD_ELSEWHERE)
    assert (status, said["code"], world.refunds()) == (403, "not_your_office", [])
    status, own = await ask("POST", "/v1/refunds", body, key="own")
    assert (status, own["state"]) == (201, "requested")


async def test_twin_without_the_office_a_stranger_blocks_the_owner(
    world: World, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refund_desk, "refuse_unless_serves", lambda _caller, _office: None)
    body = {"bill_id": await paid(world), **TWICE}
    assert (await ask("POST", "/v1/refunds", body, key="theirs", **HEAD_ELSEWHERE))[0] == 201
    status, said = await ask("POST", "/v1/refunds", body, key="own")
    assert (status, said["code"]) == (409, "refund_is_open")


async def test_what_another_office_had_opened_before_the_owner_takes_back(
    world: World, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = {"bill_id": await paid(world), **TWICE}
    with monkeypatch.context() as older:
        older.setattr(refund_desk, "refuse_unless_serves", lambda _caller, _office: None)
        _, theirs = await ask("POST", "/v1/refunds", body, key="theirs", **HEAD_ELSEWHERE)
    path = f"/v1/refunds/{theirs['refund_id']}/withdrawal"
    assert (await ask("POST", path, key="t", **HEAD_ELSEWHERE))[1]["code"] == "not_your_office"
    assert (await ask("POST", path, key="back"))[1]["state"] == "withdrawn"
    assert (await ask("POST", "/v1/refunds", body, key="own"))[0] == 201


# -- whose office it is ----------------------------------------------------------------------------------------------


async def test_a_bill_without_a_seat_is_of_the_office_of_its_application(world: World, ask: Ask) -> None:
    bill_id = await paid(world)
    record = await world.store.get(BILLS, bill_id)
    assert record is not None
    extra = replace(record.state, bill_id="bill-extra", seat=None, codes=(), billing_code=None, settled_by=None)
    await world.store.insert(BILLS, "bill-extra", extra, now=world.clock.now())
    treasurer = {"role": Role.TREASURER, "account": "tuti", "key": None}
    assert (await ask("GET", "/v1/bills/bill-extra", offices=(OWN,), **treasurer))[0] == 200
    assert (await ask("GET", "/v1/bills/bill-extra", offices=(OTHER,), **treasurer))[0] == 403
    _, said = await ask("GET", f"/v1/bills?application_id={APPLICATION}", offices=(OWN,), **treasurer)
    assert len(said["bills"]) == 2
    _, said = await ask("GET", f"/v1/bills?application_id={APPLICATION}", offices=(OTHER,), **treasurer)
    assert said["bills"] == []


async def test_an_automatic_case_of_a_bill_without_a_seat_names_the_office_of_its_application(world: World) -> None:
    bill_id = await paid(world)
    record = await world.store.get(BILLS, bill_id)
    assert record is not None
    extra = replace(record.state, bill_id="bill-extra", seat=None, codes=("8" * 15,), billing_code="8" * 15)
    await world.store.insert(BILLS, "bill-extra", extra, now=world.clock.now())
    await world.push(world.payment(extra, amount=1))
    await world.work()
    assert [case.office_id for case in world.all(REFUNDS)] == [OWN]


async def test_the_office_of_an_application_is_that_of_its_newest_seat_while_nothing_is_paid(world: World) -> None:
    bill = await world.issued_bill()
    seat = bill.seat
    assert isinstance(seat, Seat)
    moved = replace(
        bill, bill_id="bill-2", seat=replace(seat, office_id=OTHER), requested_at=bill.requested_at + timedelta(days=1)
    )
    assert bill_offices.office_of_bills([moved, bill]) == OTHER
    assert bill_offices.office_of_bills([]) is None


async def test_twin_without_the_office_a_treasurer_of_another_one_reads_a_bill(
    world: World, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    bill_id = await paid(world)
    for module in (access, bill_offices, bill_service):
        monkeypatch.setattr(module, "needs_office", lambda _caller: False)
    status, _ = await ask("GET", f"/v1/bills/{bill_id}", role=Role.TREASURER, account="t", offices=(OTHER,))
    assert status == 200


async def test_many_cases_of_other_offices_do_not_hide_the_own_one(world: World, ask: Ask) -> None:
    """Pages are read on until the answer is full; what all fell due in one moment is read whole."""
    for number in range(7):
        await world.billing.case_follow_up.open(
            PaymentCaseKind.DOUBLE_LINE, (str(number),), Subject(application_id="elsewhere")
        )
    bill_id = await paid(world)
    await world.billing.case_follow_up.open(PaymentCaseKind.DOUBLE_LINE, ("own",), Subject(bill_id=bill_id))
    treasurer = {"role": Role.TREASURER, "account": "tuti", "key": None}
    _, said = await ask("GET", "/v1/cases?limit=2", offices=(OWN,), **treasurer)
    assert [case["bill_id"] for case in said["cases"]] == [bill_id]
    _, said = await ask("GET", "/v1/cases?limit=2", offices=(OTHER,), **treasurer)
    assert said["cases"] == []


async def test_a_request_of_an_officer_of_the_office_is_taken(world: World) -> None:
    head = Caller("head-1", Role.OFFICE_ADMIN, "s", OWN)
    case = await world.billing.refunds.request(head, NewRefund(await paid(world), "agent_error", "twice"), "command-1")
    assert case.office_id == OWN
