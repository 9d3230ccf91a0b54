"""Two accounts of one person are joined, over HTTP in all services: what was of one is the other's, wherever it is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from services.identity.accounts.account import Account
from shared.bus.dispatch import Dispatcher, Outcome
from shared.events.identity import AccountJoined
from shared.store.memory import MemoryStore
from shared.store.port import StoreUnavailable
from shared.tokens import Role, StaticKeys, TokenVerifier
from tests.assembled import OFFICE, OTHER_OFFICE, YEAR_SECONDS, Suite, session_of
from tests.unit.identity.world import STAFF_PASSWORD
from tests.walking import Caller, Citizen

KEPT, CLOSED = "tetap@example.org", "0812 0000 0999"


@pytest.fixture(autouse=True)
def _loopback_allowed(socket_enabled: None) -> None:
    """Let these tests open sockets where they are blocked."""


class Crashing(MemoryStore):
    """A store whose writes of accounts fail from a chosen one on, until it is mended."""

    def __init__(self, source: str) -> None:
        super().__init__(source)
        self.left: int | None = None

    async def save(self, kind: Any, record: Any, state: Any, **more: Any) -> Any:
        if kind.name in ("account", "applicant") and isinstance(self.left, int):
            if self.left == 0:
                raise StoreUnavailable("the process died")
            self.left -= 1
        return await super().save(kind, record, state, **more)


@pytest.fixture
async def suite() -> AsyncIterator[Suite]:
    suite = Suite(store_of=lambda name: (Crashing if name == "identity" else MemoryStore)(name))
    await suite.start()
    async with suite.served():
        yield suite


async def log_in_by_phone(citizen: Citizen, phone: str = CLOSED) -> None:
    """Open an account on a number alone, as somebody does who forgot the other one."""
    asked = await citizen.done("identity", "POST", "/v1/logins", {"identifier": phone})
    code = citizen.suite.agencies.newest_code(by_sms=True)
    tokens = await citizen.done(
        "identity", "POST", f"/v1/challenges/{asked['challenge_id']}/verification", {"code": code}
    )
    citizen.account_id = tokens["account_id"]
    citizen.token = citizen.suite.token(
        Role.APPLICANT, citizen.account_id, session_id=session_of(tokens["access_token"])
    )


async def paid_by_phone(citizen: Citizen) -> None:
    """From the number to a paid visit."""
    await log_in_by_phone(citizen)
    await citizen.become_applicant()
    await citizen.begin()
    await citizen.answer()
    await citizen.upload_everything()
    await citizen.submit()
    await citizen.hold()
    await citizen.pay()


async def prove(keeper: Citizen, identifier: str = CLOSED) -> tuple[str, dict[str, str]]:
    """Ask for the codes of a join; the path and the body that prove it."""
    keeper.suite.clock.advance(3600)
    asked = await keeper.done("identity", "POST", "/v1/account/joins", {"identifier": identifier})
    agencies = keeper.suite.agencies
    body = {"code": agencies.newest_code(by_sms=True), "old_code": agencies.newest_code()}
    return f"/v1/challenges/{asked['challenge_id']}/verification", body


async def join(keeper: Citizen, other: Citizen) -> None:
    """Join the account of a number into the keeper's, who goes on with the tokens of the answer."""
    path, body = await prove(keeper)
    token = (await keeper.done("identity", "POST", path, body))["access_token"]
    caller = await verifier_of(keeper.suite).verify(token)
    assert caller.account_ids == (keeper.account_id, other.account_id)
    keeper.token = keeper.suite.issuer.issue(caller, YEAR_SECONDS)
    keeper.application_id, keeper.appointment_id = other.application_id, other.appointment_id


def verifier_of(suite: Suite) -> TokenVerifier:
    return TokenVerifier(StaticKeys(suite.issuer.jwks()), suite.clock)


async def account(suite: Suite, account_id: str) -> Account:
    found = [
        record.state
        async for record in suite.services["identity"].store.scan(kind_of(suite, "account"))
        if record.id == account_id
    ]
    return found[0]


def kind_of(suite: Suite, name: str) -> Any:
    return next(kind for kind in suite.services["identity"].parts.kinds if kind.name == name)


async def refused(caller: Caller, service: str, method: str, path: str, body: Any = None) -> tuple[int, str]:
    reply = await caller.call(service, method, path, body)
    return reply.status, reply["code"]


async def test_what_was_of_the_other_account_is_seen_moved_and_given_up_from_the_one_that_stays(suite: Suite) -> None:
    async with Citizen(suite) as keeper, Citizen(suite) as other:
        await keeper.register(KEPT)
        await paid_by_phone(other)
        before = await other.appointment()
        assert await refused(keeper, "application", "GET", other.application) == (404, "not_found")
        await join(keeper, other)
        listed = (await keeper.done("application", "GET", "/v1/applications")).body
        assert [seen["application_id"] for seen in listed["applications"]] == [other.application_id]
        assert (await keeper.appointment()) == before, "no seat and no state changed"
        assert (await keeper.bill())["state"] == "paid"
        applicants = (await keeper.done("identity", "GET", "/v1/applicants")).body
        assert [seen["applicant_id"] for seen in applicants["applicants"]] == [other.applicant_id]
        messages = (await keeper.done("notification", "GET", "/v1/deliveries")).body["deliveries"]
        assert {"bill_paid", "accounts_joined"} <= {message["template"] for message in messages}
        session = [seen for seen in await keeper.sessions() if seen["starts_at"] > before["starts_at"]][-1]
        mails = len(suite.agencies.sms.taken)
        path = f"/v1/appointments/{keeper.appointment_id}"
        await keeper.done("scheduling", "POST", f"{path}/reschedule", {"session_id": session["session_id"]})
        assert (await keeper.appointment())["starts_at"] == session["starts_at"]
        assert len(suite.agencies.sms.taken) > mails, "news of it goes to the number, which is the keeper's now"
        await keeper.done("application", "POST", f"{keeper.application}/withdrawal")
        assert (await keeper.view())["state"] == "withdrawn"
        assert (await suite.broken_rules(), suite.troubles) == ({}, [])


async def test_the_closed_account_signs_in_nowhere_and_its_tokens_change_nothing(suite: Suite) -> None:
    async with Citizen(suite) as keeper, Citizen(suite) as other:
        await keeper.register(KEPT)
        await paid_by_phone(other)
        await join(keeper, other)
        assert await refused(other, "application", "POST", f"{other.application}/withdrawal") == (401, "session_over")
        assert await refused(other, "identity", "POST", "/v1/account/joins", {"identifier": KEPT}) == (
            401,
            "session_over",
        )
        suite.clock.advance(3600)
        closed_id = other.account_id
        asked = await other.done("identity", "POST", "/v1/logins", {"identifier": CLOSED})
        path = f"/v1/challenges/{asked['challenge_id']}/verification"
        other.token = None
        reply = await other.call("identity", "POST", path, {"code": suite.agencies.newest_code(by_sms=True)})
        assert (reply.status, reply["code"]) == (422, "second_code_needed"), "the number opens the keeper's account"
        assert (await account(suite, closed_id)).sessions == ()


async def test_an_officer_whom_the_person_told_a_code_acts_for_what_was_of_the_closed_account(suite: Suite) -> None:
    """At an office that is not the visit's, so that consent alone lets them in."""
    staff = suite.services["identity"].parts.service.staff
    staff_id = await staff.hire("far.officer", STAFF_PASSWORD, Role.FRONT_OFFICER, OTHER_OFFICE)
    token = suite.token(Role.FRONT_OFFICER, staff_id, office_id=OTHER_OFFICE)
    async with Citizen(suite) as keeper, Citizen(suite) as other, Caller(suite, token) as officer:
        await keeper.register(KEPT)
        await paid_by_phone(other)
        await join(keeper, other)
        suite.clock.advance(3600)
        asked = await officer.done("identity", "POST", "/v1/assistances", {"identifier": KEPT})
        code = {"code": suite.agencies.newest_code()}
        live = await officer.done("identity", "POST", f"/v1/assistances/{asked['assistance_id']}/code", code)
        query = f"on_behalf_of={keeper.account_id}&assistance={live['assistance_id']}"
        seen = await officer.done("application", "GET", f"{other.application}?{query}")
        assert seen["application_id"] == other.application_id
        listed = await officer.done("application", "GET", f"/v1/applications?{query}")
        assert [found["application_id"] for found in listed["applications"]] == [other.application_id]


async def test_a_letter_of_the_closed_account_begins_an_assistance_of_the_one_that_stays(suite: Suite) -> None:
    staff = suite.services["identity"].parts.service.staff
    staff_id = await staff.hire("own.officer", STAFF_PASSWORD, Role.FRONT_OFFICER, OFFICE)
    token = suite.token(Role.FRONT_OFFICER, staff_id)
    async with Citizen(suite) as keeper, Citizen(suite) as other, Caller(suite, token) as officer:
        await keeper.register(KEPT)
        await paid_by_phone(other)
        await join(keeper, other)
        code = {"queue_code": (await keeper.appointment())["queue_code"]}
        shown = await officer.done("scheduling", "POST", "/v1/letter-assistances", code)
        query = f"on_behalf_of={keeper.account_id}&assistance={shown['assistance_id']}"
        seen = await officer.done("application", "GET", f"{other.application}?{query}")
        assert seen["application_id"] == other.application_id
        mine = (await keeper.done("identity", "GET", "/v1/assistances")).body["assistances"]
        assert [found["assistance_id"] for found in mine] == [shown["assistance_id"]]


async def test_a_refund_that_the_closed_account_asked_for_is_taken_back_by_the_one_that_stays(suite: Suite) -> None:
    async with Citizen(suite) as keeper, Citizen(suite) as other:
        await keeper.register(KEPT)
        await paid_by_phone(other)
        bill = await other.bill()
        asked = {"bill_id": bill["bill_id"], "reason": "agent_error", "note": "Petugas keliru mencatat jenis paspor."}
        case = await other.done("billing", "POST", "/v1/refunds", asked)
        await join(keeper, other)
        path = f"/v1/refunds/{case['refund_id']}"
        assert (await keeper.done("billing", "GET", path))["state"] == case["state"]
        assert (await keeper.done("billing", "POST", f"{path}/withdrawal"))["state"] == "withdrawn"


async def test_the_event_may_come_twice_and_late(suite: Suite) -> None:
    async with Citizen(suite) as keeper, Citizen(suite) as other:
        await keeper.register(KEPT)
        await paid_by_phone(other)
        await join(keeper, other)
        before = await suite.contents()
        [told] = [envelope for envelope in suite.published if isinstance(envelope.data, AccountJoined)]
        parts = suite.services["notification"].parts
        assert await Dispatcher(parts.events, parts.commands).handle(told) is Outcome.DONE
        await suite.settle()
        assert await suite.contents() == before


async def test_before_its_contact_cards_the_event_waits(suite: Suite) -> None:
    async with Citizen(suite) as keeper, Citizen(suite) as other:
        await keeper.register(KEPT)
        await paid_by_phone(other)
        await join(keeper, other)
        [told] = [envelope for envelope in suite.published if isinstance(envelope.data, AccountJoined)]
        fresh = Suite().services["notification"].parts
        assert await Dispatcher(fresh.events, fresh.commands).handle(told) is Outcome.LATER


WRITES = 5
"""Writes of accounts and applicants in a join: closed, places taken, applicant moved, addresses let go, address taken.
"""


async def stop_after(suite: Suite, keeper: Citizen, other: Citizen, writes: int) -> None:
    """A join whose process dies after so many of its writes."""
    path, body = await prove(keeper)
    store = suite.services["identity"].store
    store.left = writes
    assert (await keeper.call("identity", "POST", path, body)).status >= 500
    store.left = None
    keeper.application_id, keeper.appointment_id = other.application_id, other.appointment_id


async def is_joined(suite: Suite, keeper: Citizen, other: Citizen) -> bool:
    """Whether the keeper has everything and the other account nothing."""
    closed, kept = await account(suite, other.account_id), await account(suite, keeper.account_id)
    applicants = (await keeper.done("identity", "GET", "/v1/applicants")).body["applicants"]
    return (
        (closed.email, closed.phone, closed.places) == (None, None, ())
        and kept.phone is not None
        and [place.applicant_id for place in kept.places] == [other.applicant_id]
        and [seen["applicant_id"] for seen in applicants] == [other.applicant_id]
    )


@pytest.mark.parametrize("writes", range(1, WRITES + 1))
async def test_a_join_that_died_between_two_writes_is_finished(suite: Suite, writes: int) -> None:
    async with Citizen(suite) as keeper, Citizen(suite) as other:
        await keeper.register(KEPT)
        await paid_by_phone(other)
        await stop_after(suite, keeper, other, writes)
        assert not await is_joined(suite, keeper, other)
        await suite.later(61)
        assert await is_joined(suite, keeper, other)
        assert [message.data for message in suite.published if isinstance(message.data, AccountJoined)] == [
            AccountJoined(
                from_account_id=other.account_id,
                into_account_id=keeper.account_id,
                applicant_ids=(other.applicant_id,),
            )
        ]
        await suite.later(900)
        assert await is_joined(suite, keeper, other)
        assert (await account(suite, other.account_id)).joined_into.due_at is None  # type: ignore[union-attr]
        assert (await suite.broken_rules(), suite.troubles) == ({}, [])


@pytest.mark.parametrize("writes", range(1, WRITES + 1))
async def test_twin_without_the_deadline_a_join_stays_half_done(
    suite: Suite, writes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    handlers: dict[Any, Callable[..., Any]] = suite.services["identity"].parts.deadlines  # type: ignore[assignment]
    monkeypatch.delitem(handlers, ("account", "join"))
    async with Citizen(suite) as keeper, Citizen(suite) as other:
        await keeper.register(KEPT)
        await paid_by_phone(other)
        await stop_after(suite, keeper, other, writes)
        await suite.later(900)
        with pytest.raises(AssertionError, match="half joined"):
            assert await is_joined(suite, keeper, other), "half joined"
