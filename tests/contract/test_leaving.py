"""An account is closed, or applicants or an address are removed, over HTTP in all services: proven, refused while
something is under way, undone, erased; and whatever a thief, a repeat or a late message does meanwhile.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any, Final

import pytest

from services.application.leavings.service import Leavings as ApplicationLeavings
from services.identity.accounts.account import Account
from services.identity.applicants.repository import APPLICANT, PERSON
from shared.bus.dispatch import Dispatcher, Outcome
from shared.events import application, billing, identity, notification, scheduling
from shared.tokens import Role
from tests.assembled import MINTED, Suite
from tests.unit.world import envelope_of
from tests.walking import DAY_SECONDS, EMAIL, PHONE, TYPED, Citizen, Officer, Reply, serve_visitor

GRACE_SECONDS: Final = 14 * DAY_SECONDS
MONTH_SECONDS: Final = 30 * DAY_SECONDS
TWO_YEARS_SECONDS: Final = 2 * 365 * DAY_SECONDS
LEAVINGS: Final = "/v1/account/leavings"
WHOLE: Final = {"what": "account"}
ERASURES: Final = (
    application.ApplicationErasureDone,
    billing.BillingErasureDone,
    scheduling.SchedulingErasureDone,
    notification.NotificationErasureDone,
)


@pytest.fixture
async def suite(socket_enabled: None) -> AsyncIterator[Suite]:
    suite = Suite()
    await suite.start()
    async with suite.served():
        yield suite


async def ask(citizen: Citizen, wish: Any) -> Reply:
    """Ask for a leaving."""
    reply = await citizen.call("identity", "POST", LEAVINGS, wish)
    await citizen.suite.settle()
    return reply


async def prove(citizen: Citizen, asked: Reply, *, both: bool = False, by_sms: bool = False) -> Reply:
    """Type the codes of a leaving: of the only address, or of both."""
    assert asked.status == 202, asked.raw
    agencies = citizen.suite.agencies
    body = {"code": agencies.newest_code(by_sms=by_sms)}
    if both:
        body["old_code"] = agencies.newest_code(by_sms=True)
    path = f"/v1/challenges/{asked['challenge']['challenge_id']}/verification"
    reply = await citizen.call("identity", "POST", path, body)
    await citizen.suite.settle()
    return reply


async def leave(citizen: Citizen, wish: Any = WHOLE, *, both: bool = False) -> Any:
    """Ask, prove, and return the leaving as its owner sees it."""
    asked = await ask(citizen, wish)
    assert (await prove(citizen, asked, both=both)).status == 200
    return await look(citizen, asked["leaving_id"])


async def look(citizen: Citizen, leaving_id: str) -> Any:
    """The leaving."""
    return (await citizen.done("identity", "GET", f"{LEAVINGS}/{leaving_id}")).body


async def erase_everywhere(suite: Suite, erasure_id: str) -> None:
    """Every other service says that it has erased."""
    parts = suite.services["identity"].parts
    for event in ERASURES:
        told = event(erasure_id=erasure_id, service=event.TYPE.split(".")[1])
        assert await Dispatcher(parts.events, parts.commands).handle(envelope_of(told, suite.clock.now()))
    await suite.settle()


async def listed(suite: Suite) -> list[Any]:
    """What an operator sees."""
    async with Officer(suite, Role.OPERATOR) as operator:
        return list((await operator.done("identity", "GET", "/v1/leavings")).body["leavings"])


async def account(suite: Suite, account_id: str) -> Account:
    store = suite.services["identity"].store
    kind = next(kind for kind in suite.services["identity"].parts.kinds if kind.name == "account")
    record = await store.get(kind, account_id)
    assert record is not None
    state: Account = record.state
    return state


async def refused(citizen: Citizen, service: str, method: str, path: str, body: Any = None) -> tuple[int, str]:
    reply = await citizen.call(service, method, path, body)
    return reply.status, reply["code"]


def codes(found: list[Any]) -> list[str]:
    return [told["code"] for told in found]


def undo_link(suite: Suite, *, by_sms: bool = False) -> str:
    """The path of the newest link that undoes a leaving."""
    texts = (
        [sms.text for sms in suite.agencies.sms.taken]
        if by_sms
        else [mail.body for mail in suite.agencies.mailer.taken]
    )
    links = [found.group(0) for text in texts if (found := re.search(r"/v1/leaving-undo/\S+", text))]
    return links[-1]


def at_peace(suite: Suite) -> bool:
    return suite.troubles == []


# ---- the whole way ----


@pytest.mark.acceptance("Y24.closing")
async def test_an_account_is_closed_after_its_grace_time_and_nothing_of_it_is_left(suite: Suite) -> None:
    async with Citizen(suite) as citizen, Citizen(suite) as again:
        await citizen.register()
        await citizen.add_phone()
        await citizen.become_applicant()
        suite.clock.advance(3600)
        leaving = await leave(citizen, both=True)
        assert (leaving["state"], leaving["objections"], leaving["stays"]) == ("in_grace", [], [])
        assert leaving["next_call"] == {"method": "POST", "href": f"{LEAVINGS}/{leaving['leaving_id']}/undo"}
        body = {"applicant_id": citizen.applicant_id}
        assert await refused(citizen, "application", "POST", "/v1/applications", body) == (409, "applicant_leaving")
        assert (await citizen.done("identity", "GET", "/v1/applicants")).body["applicants"], "everything can be seen"
        await suite.later(GRACE_SECONDS - 3)
        assert (await look(citizen, leaving["leaving_id"]))["state"] == "in_grace"
        await suite.later(3)
        [line] = await listed(suite)
        assert line["state"] == "ordered"
        assert set(line["waits_for"]) <= {"application", "billing", "scheduling", "notification"}
        assert await refused(citizen, "identity", "POST", LEAVINGS, WHOLE) == (401, "session_over")
        gone = await account(suite, citizen.account_id)
        assert (gone.email, gone.phone, gone.places, gone.sessions) == (None, None, (), ())
        store = suite.services["identity"].store
        assert [record.id async for record in store.scan(APPLICANT)] == []
        assert [record.id async for record in store.scan(PERSON)] == []
        await erase_everywhere(suite, leaving["leaving_id"])
        [line] = await listed(suite)
        assert (line["state"], line["waits_for"]) == ("erased", [])
        assert line["ended_at"] is not None
        await again.register(EMAIL)
        await again.add_phone(PHONE)
        await again.become_applicant()
        assert again.account_id != citizen.account_id
        view = await again.done("identity", "GET", f"/v1/applicants/{again.applicant_id}")
        assert view["identity"]["state"] == "passed", "the NIK can be used again"
        assert (await suite.broken_rules(), suite.troubles) == ({}, [])


async def test_the_order_names_everybody_and_no_personal_data(suite: Suite) -> None:
    async with Citizen(suite) as citizen:
        await citizen.register()
        await citizen.become_applicant()
        leaving = await leave(citizen)
        await suite.later(GRACE_SECONDS)
        [order] = [envelope.data for envelope in suite.published if isinstance(envelope.data, identity.ErasureOrdered)]
        assert order.erasure_id == leaving["leaving_id"]
        assert (order.account_id, order.applicant_ids) == (citizen.account_id, (citizen.applicant_id,))
        assert (len(order.person_ids), order.whole_account) == (1, True)


async def test_some_applicants_go_and_the_account_stays(suite: Suite) -> None:
    async with Citizen(suite) as citizen:
        await citizen.register()
        await citizen.become_applicant()
        leaving = await leave(citizen, {"what": "applicant", "applicant_ids": [citizen.applicant_id]})
        assert leaving["state"] == "in_grace"
        body = {"applicant_id": citizen.applicant_id}
        assert await refused(citizen, "application", "POST", "/v1/applications", body) == (409, "applicant_leaving")
        await suite.later(GRACE_SECONDS)
        view = (await citizen.done("identity", "GET", "/v1/applicants")).body
        assert (view["applicants"], view["places_left"]) == ([], 5)
        await erase_everywhere(suite, leaving["leaving_id"])
        assert (await look(citizen, leaving["leaving_id"]))["state"] == "erased"
        await citizen.become_applicant()
        assert (await ask(citizen, WHOLE)).status == 202, "nothing is open any more"


async def test_a_person_of_another_account_too_is_not_ordered_to_be_erased(suite: Suite) -> None:
    async with Citizen(suite) as citizen, Citizen(suite) as other:
        await citizen.register()
        await citizen.become_applicant()
        await other.register("lain@example.org")
        await other.become_applicant()
        await leave(citizen)
        await suite.later(GRACE_SECONDS)
        [order] = [envelope.data for envelope in suite.published if isinstance(envelope.data, identity.ErasureOrdered)]
        assert order.person_ids == ()
        assert await suite.broken_rules() == {}, "the other one's confirmation stands"


async def test_a_person_of_two_accounts_that_leave_together_is_erased(suite: Suite) -> None:
    """Each of them sees the other's applicant when it is ordered; at the end nobody is left who is that person."""
    async with Citizen(suite) as citizen, Citizen(suite) as other:
        await citizen.register()
        await citizen.become_applicant()
        await other.register("lain@example.org")
        await other.become_applicant()
        await leave(citizen)
        await leave(other)
        await suite.later(GRACE_SECONDS)
        await suite.later(3600)
        assert {line["state"] for line in await listed(suite)} == {"erased"}
        assert [record.id async for record in suite.services["identity"].store.scan(PERSON)] == []


async def test_one_applicant_goes_from_this_account_though_another_one_speaks_for_them(suite: Suite) -> None:
    """What scheduling keeps of their seat in this account goes; by the person alone nothing is ordered."""
    async with Citizen(suite) as citizen, Citizen(suite) as other:
        await citizen.until_submitted()
        await citizen.hold()
        path = f"/v1/applications/{citizen.application_id}/withdrawal"
        await citizen.done("application", "POST", path)
        await suite.later(3600)
        scheduling = suite.services["scheduling"].parts
        for chore in scheduling.chores:
            if "chain" in chore.name:
                await chore.run()
        salts_of = scheduling.service.seat_chains._chains.salts_of
        assert await salts_of(citizen.appointment_id) != []
        await other.register("lain@example.org")
        await other.become_applicant()
        leaving = await leave(citizen, {"what": "applicant", "applicant_ids": [citizen.applicant_id]})
        await suite.later(GRACE_SECONDS)
        await suite.later(3600)
        assert (await look(citizen, leaving["leaving_id"]))["state"] == "erased"
        [order] = [envelope.data for envelope in suite.published if isinstance(envelope.data, identity.ErasureOrdered)]
        assert (order.person_ids, len(order.shared_person_ids)) == ((), 1)
        assert await salts_of(citizen.appointment_id) == []


async def test_operators_see_the_newest_first_and_those_of_a_state(suite: Suite) -> None:
    async with Citizen(suite) as citizen, Officer(suite, Role.OPERATOR) as operator:
        await citizen.register()
        first = await leave(citizen)
        await citizen.done("identity", "POST", f"{LEAVINGS}/{first['leaving_id']}/undo")
        suite.clock.advance(3600)
        second = await leave(citizen)
        assert [line["leaving_id"] for line in await listed(suite)] == [second["leaving_id"], first["leaving_id"]]
        for state, expected in (("undone", [first]), ("in_grace", [second]), ("erased", [])):
            lines = (await operator.done("identity", "GET", f"/v1/leavings?state={state}")).body["leavings"]
            assert [line["leaving_id"] for line in lines] == [seen["leaving_id"] for seen in expected]
        own = await citizen.call("identity", "GET", "/v1/leavings")
        assert own.status == 403


async def test_its_state_can_be_waited_for(suite: Suite) -> None:
    async with Citizen(suite) as citizen:
        await citizen.register()
        leaving = await leave(citizen)
        path = f"{LEAVINGS}/{leaving['leaving_id']}"
        headers = (await citizen.call("identity", "GET", path)).headers
        etag = next(value for name, value in headers.items() if name.lower() == "etag")
        waiting = {"If-None-Match": etag, "Prefer": "wait=5"}
        held = asyncio.create_task(citizen.call("identity", "GET", path, headers=waiting))
        await asyncio.sleep(0.05)
        await citizen.done("identity", "POST", f"{path}/undo")
        assert (await held)["state"] == "undone"


# ---- addresses ----


async def test_an_address_goes_when_the_other_one_agrees(suite: Suite) -> None:
    async with Citizen(suite) as citizen, Citizen(suite) as other:
        await citizen.register()
        await citizen.add_phone()
        suite.clock.advance(3600)
        asked = await ask(citizen, {"what": "address", "channel": "sms"})
        sms = len(suite.agencies.sms.taken)
        assert asked["challenge"]["channel"] == "email", "a lost number cannot agree"
        assert (await prove(citizen, asked)).status == 200
        assert (
            "an address goes" in suite.agencies.sms.taken[sms].text
            or "alamat yang dihapus" in suite.agencies.sms.taken[sms].text
        )
        assert await refused(citizen, "identity", "PUT", "/v1/account/phone", {"phone": "0812 0000 0999"}) == (
            409,
            "account_leaving",
        )
        await suite.later(GRACE_SECONDS)
        assert (await look(citizen, asked["leaving_id"]))["state"] == "erased"
        view = (await citizen.done("identity", "GET", "/v1/account")).body
        assert (view["email"], view["phone"]) == ("w***@example.org", None)
        await other.register("lain@example.org")
        await other.add_phone(PHONE)
        assert (await other.done("identity", "GET", "/v1/account"))["phone"], "the number is free"


@pytest.mark.parametrize(
    ("channel", "status", "code"), [("email", 409, "last_address_stays"), ("sms", 409, "address_not_there")]
)
async def test_the_only_address_stays(suite: Suite, channel: str, status: int, code: str) -> None:
    async with Citizen(suite) as citizen:
        await citizen.register()
        reply = await ask(citizen, {"what": "address", "channel": channel})
        assert (reply.status, reply["code"]) == (status, code)


@pytest.mark.parametrize(
    "wish",
    [
        {"what": "account", "channel": "sms"},
        {"what": "applicant"},
        {"what": "address"},
        {"what": "account", "applicant_ids": ["a"]},
    ],
)
async def test_a_wish_that_does_not_fit_is_refused(suite: Suite, wish: Any) -> None:
    async with Citizen(suite) as citizen:
        await citizen.register()
        assert (await ask(citizen, wish)).status == 422


# ---- a thief ----


async def test_a_stolen_token_alone_begins_nothing(suite: Suite) -> None:
    async with Citizen(suite) as citizen:
        await citizen.register()
        await citizen.add_phone()
        suite.clock.advance(3600)
        asked = await ask(citizen, WHOLE)
        path = f"/v1/challenges/{asked['challenge']['challenge_id']}/verification"
        code, other = suite.agencies.newest_code(), suite.agencies.newest_code(by_sms=True)
        alone = await citizen.call("identity", "POST", path, {"code": code})
        assert (alone.status, alone["code"]) == (422, "old_code_needed"), "one mailbox is not enough"
        wrong = await citizen.call(
            "identity", "POST", path, {"code": code, "old_code": "000000" if other != "000000" else "1"}
        )
        assert wrong["code"] == "code_wrong"
        assert (await citizen.done("identity", "GET", LEAVINGS))["leavings"] == []
        assert await listed(suite) == []


async def test_with_a_token_of_a_session_that_has_ended_nothing_is_asked(suite: Suite) -> None:
    async with Citizen(suite) as citizen:
        await citizen.register()
        citizen.token = suite.token(Role.APPLICANT, citizen.account_id, session_id=f"{MINTED}stolen")
        assert await refused(citizen, "identity", "POST", LEAVINGS, WHOLE) == (401, "session_over")


async def test_a_leaving_of_somebody_else_is_not_there(suite: Suite) -> None:
    async with Citizen(suite) as citizen, Citizen(suite) as thief:
        await citizen.register()
        leaving = await leave(citizen)
        await thief.register("lain@example.org")
        path = f"{LEAVINGS}/{leaving['leaving_id']}"
        assert await refused(thief, "identity", "GET", path) == (404, "not_found")
        assert await refused(thief, "identity", "POST", f"{path}/undo") == (404, "not_found")
        wish = {"what": "applicant", "applicant_ids": ["0190c2f4-7c1e-7000-8000-000000000001"]}
        assert (await ask(thief, wish)).status == 404


async def test_a_code_for_one_thing_does_not_do_another(suite: Suite) -> None:
    """The newest code counts, and only for what was asked for with it."""
    async with Citizen(suite) as citizen:
        await citizen.register()
        await citizen.become_applicant()
        first = await ask(citizen, {"what": "applicant", "applicant_ids": [citizen.applicant_id]})
        old_code = suite.agencies.newest_code()
        hasty = await ask(citizen, WHOLE)
        assert (hasty.status, hasty["code"]) == (429, "code_sent_just_now")
        suite.clock.advance(61)
        second = await ask(citizen, WHOLE)
        path = f"/v1/challenges/{second['challenge']['challenge_id']}/verification"
        superseded = await citizen.call("identity", "POST", path, {"code": old_code})
        assert superseded["code"] == "code_superseded"
        assert (await prove(citizen, second)).status == 200
        [leaving] = (await citizen.done("identity", "GET", LEAVINGS)).body["leavings"]
        assert (leaving["leaving_id"], leaving["what"]) == (second["leaving_id"], "account")
        assert first["leaving_id"] != second["leaving_id"]


async def test_a_code_that_is_sent_again_is_for_the_same_leaving(suite: Suite) -> None:
    async with Citizen(suite) as citizen:
        await citizen.register()
        await citizen.add_phone()
        suite.clock.advance(3600)
        for wish, both in (({"what": "address", "channel": "sms"}, False), (WHOLE, True)):
            asked = await ask(citizen, wish)
            suite.clock.advance(61)
            await citizen.done("identity", "POST", f"/v1/challenges/{asked['challenge']['challenge_id']}/resend")
            assert (await prove(citizen, asked, both=both)).status == 200
            leaving = await look(citizen, asked["leaving_id"])
            assert leaving["what"] == wish["what"]
            await citizen.done("identity", "POST", f"{LEAVINGS}/{asked['leaving_id']}/undo")
            suite.clock.advance(3600)


# ---- undo ----


@pytest.mark.parametrize("by_sms", [False, True])
async def test_every_address_can_undo_it_by_its_link_and_every_session_ends(suite: Suite, by_sms: bool) -> None:
    async with Citizen(suite) as citizen, Citizen(suite) as reader:
        await citizen.register()
        await citizen.add_phone()
        await citizen.become_applicant()
        suite.clock.advance(3600)
        leaving = await leave(citizen, both=True)
        link = undo_link(suite, by_sms=by_sms)
        looked = await reader.call("identity", "GET", link)
        assert (looked.status, b"<button>" in looked.raw) == (200, True)
        assert (await look(citizen, leaving["leaving_id"]))["state"] == "in_grace", "looking changes nothing"
        for _ in range(2):
            done = await reader.done("identity", "POST", link)
            assert b"It is undone" in done.raw
        assert b"It is undone" in (await reader.call("identity", "GET", link)).raw
        assert (await look(citizen, leaving["leaving_id"]))["state"] == "undone"
        assert await refused(citizen, "identity", "POST", LEAVINGS, WHOLE) == (401, "session_over")
        await suite.later(GRACE_SECONDS + DAY_SECONDS)
        assert (await account(suite, citizen.account_id)).places, "nothing is erased"
        forged = await reader.call("identity", "POST", link[:-3] + "abc")
        assert b"does not work any more" in forged.raw


async def test_undone_over_http_everything_can_begin_again_and_the_owner_is_told(suite: Suite) -> None:
    async with Citizen(suite) as citizen:
        await citizen.register()
        await citizen.become_applicant()
        leaving = await leave(citizen)
        path = f"{LEAVINGS}/{leaving['leaving_id']}/undo"
        for _ in range(2):
            assert (await citizen.done("identity", "POST", path))["state"] == "undone"
        await citizen.begin()
        assert await citizen.view()
        messages = (await citizen.done("notification", "GET", "/v1/deliveries")).body["deliveries"]
        assert {"leaving", "leaving_undone"} <= {message["template"] for message in messages}
        assert at_peace(suite)


async def test_after_the_grace_time_it_cannot_be_undone(suite: Suite) -> None:
    async with Citizen(suite) as citizen, Citizen(suite) as reader:
        await citizen.register()
        await citizen.become_applicant()
        leaving = await leave(citizen, {"what": "applicant", "applicant_ids": [citizen.applicant_id]})
        link = undo_link(suite)
        await suite.later(GRACE_SECONDS)
        late = await citizen.call("identity", "POST", f"{LEAVINGS}/{leaving['leaving_id']}/undo")
        assert (late.status, late["code"]) == (409, "leaving_over")
        assert late["next_call"] == {"method": "GET", "href": f"{LEAVINGS}/{leaving['leaving_id']}"}
        for method in ("GET", "POST"):
            assert b"does not work any more" in (await reader.call("identity", method, link)).raw


# ---- what stands against it ----


async def test_money_under_way_and_a_live_application_object_with_words_and_calls(suite: Suite) -> None:
    async with Citizen(suite) as citizen:
        await citizen.until_paid()
        bill = await citizen.bill()
        asked = {"bill_id": bill["bill_id"], "reason": "agent_error", "note": "Petugas keliru mencatat jenis paspor."}
        await citizen.done("billing", "POST", "/v1/refunds", asked)
        suite.clock.advance(61)
        leaving = await leave(citizen)
        assert leaving["state"] == "objected"
        assert set(codes(leaving["objections"])) == {"live_application", "money_under_way"}
        for told in leaving["objections"]:
            assert told["text"] and told["text_id"] and told["next_action"] and told["next_action_id"]
            assert told["next_call"] == {"method": "GET", "href": "/v1/applications"}
        await citizen.done("application", "POST", f"{citizen.application}/withdrawal")
        suite.clock.advance(61)
        leaving = await leave(citizen)
        assert codes(leaving["objections"]) == ["money_under_way"]
        late = await citizen.call("identity", "POST", f"{LEAVINGS}/{leaving['leaving_id']}/undo")
        assert (late.status, late["code"]) == (409, "leaving_over"), "there is nothing to undo"
        messages = (await citizen.done("notification", "GET", "/v1/deliveries")).body["deliveries"]
        assert "leaving_objected" in {message["template"] for message in messages}
        assert (await account(suite, citizen.account_id)).leaving is None


async def test_an_unpaid_bill_does_not_object_once_its_application_is_withdrawn(suite: Suite) -> None:
    async with Citizen(suite) as citizen:
        await citizen.until_submitted()
        await citizen.hold()
        suite.clock.advance(61)
        assert codes((await leave(citizen))["objections"]) == ["live_application"]
        await citizen.done("application", "POST", f"{citizen.application}/withdrawal")
        suite.clock.advance(61)
        assert (await leave(citizen))["state"] == "in_grace"


async def test_a_printed_passport_is_collected_first_and_the_record_of_its_issuance_stays(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Citizen(suite) as citizen:
        await citizen.until_paid()
        collected: list[Any] = []
        done = Officer.done

        async def all_but_the_collection(
            self: Any, service: str, method: str, path: str, *more: Any, **named: Any
        ) -> Any:
            if path.endswith("/collection"):
                collected.append((path, *more))
                return None
            return await done(self, service, method, path, *more, **named)

        monkeypatch.setattr(Officer, "done", all_but_the_collection)
        await serve_visitor(citizen)
        monkeypatch.undo()
        assert codes((await leave(citizen))["objections"]) == ["passport_not_collected"]
        async with Officer(suite, Role.FRONT_OFFICER) as front:
            path, body = collected[0]
            await front.done("application", "POST", path, body)
        suite.clock.advance(61)
        leaving = await leave(citizen)
        assert (leaving["state"], codes(leaving["stays"])) == ("in_grace", ["issuance_record", "payment_record"])
        assert "retention date" in leaving["stays"][0]["text"]
        assert "masa penyimpanan" in leaving["stays"][0]["text_id"]


async def test_what_began_at_the_same_moment_is_found_when_services_are_asked_again(
    suite: Suite, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A draft that was begun while the question was on its way: nothing of it is erased."""
    async with Citizen(suite) as citizen:
        await citizen.register()
        await citizen.become_applicant()
        leaving = await leave(citizen)

        async def not_yet_known(_self: Any, _applicant_id: str) -> None:
            return None

        monkeypatch.setattr(ApplicationLeavings, "refuse_leaving", not_yet_known)
        await citizen.begin()
        await suite.later(GRACE_SECONDS)
        late = await look(citizen, leaving["leaving_id"])
        assert (late["state"], codes(late["objections"])) == ("objected", ["live_application"])
        assert (await account(suite, citizen.account_id)).places


# ---- children and guardians ----


def child(suite: Suite, age_days_to_17: int) -> dict[str, Any]:
    """A child who is 17 in so many days."""
    today = suite.clock.now().date()
    seventeen = date.fromordinal(today.toordinal() + age_days_to_17)
    born = seventeen.replace(year=seventeen.year - 17)
    return {
        "full_name": "ANAK CONTOH SANTOSO",
        "nik": f"317401{born:%d%m%y}0007",
        "birth_date": born.isoformat(),
    }


async def family(suite: Suite, citizen: Citizen, age_days_to_17: int) -> tuple[str, str]:
    """A guardian and a child in one account."""
    await citizen.register()
    await citizen.become_applicant()
    guardian = citizen.applicant_id
    await citizen.become_applicant(**child(suite, age_days_to_17), guardian_applicant_id=guardian)
    return guardian, citizen.applicant_id


async def test_a_grown_child_decides_and_an_officer_notes_that_they_agree(suite: Suite) -> None:
    async with Citizen(suite) as citizen, Officer(suite, Role.FRONT_OFFICER) as officer:
        typed = child(suite, 2)
        _, ward = await family(suite, citizen, 2)
        await suite.later(3 * DAY_SECONDS)
        for wish in ({"what": "applicant", "applicant_ids": [ward]}, WHOLE):
            reply = await ask(citizen, wish)
            assert (reply.status, reply["code"], reply["applicant_ids"]) == (409, "grown_child_decides", [ward])
            assert "immigration office" in reply["next_action"]
        looked = {"nik": typed["nik"], "reason": "person_at_counter"}
        person = await officer.done("identity", "POST", "/v1/persons/lookup", looked)
        agreed = await officer.done("identity", "POST", "/v1/leaving-agreements", {"person_id": person["person_id"]})
        assert agreed["accounts"] == 1
        assert (await leave(citizen, {"what": "applicant", "applicant_ids": [ward]}))["state"] == "in_grace"
        stranger = await officer.call("identity", "POST", "/v1/leaving-agreements", {"person_id": "nobody"})
        assert (stranger.status, stranger["code"]) == (404, "person_not_known")


async def test_a_grown_child_decides_also_after_the_guardian_was_taken_out_of_their_data(suite: Suite) -> None:
    async with Citizen(suite) as citizen:
        typed = {**TYPED, **child(suite, 2)}
        _, ward = await family(suite, citizen, 2)
        await suite.later(3 * DAY_SECONDS)
        await citizen.done("identity", "PUT", f"/v1/applicants/{ward}", typed)
        view = await citizen.done("identity", "GET", f"/v1/applicants/{ward}")
        assert (view["guardian_applicant_id"], view["identity"]["state"]) == (None, "passed")
        reply = await ask(citizen, {"what": "applicant", "applicant_ids": [ward]})
        assert (reply.status, reply["code"]) == (409, "grown_child_decides")


async def test_a_child_is_removed_by_the_guardian(suite: Suite) -> None:
    async with Citizen(suite) as citizen:
        guardian, ward = await family(suite, citizen, 400)
        assert (await leave(citizen, {"what": "applicant", "applicant_ids": [ward]}))["state"] == "in_grace"
        await suite.later(GRACE_SECONDS)
        view = (await citizen.done("identity", "GET", "/v1/applicants")).body
        assert [seen["applicant_id"] for seen in view["applicants"]] == [guardian]


async def test_a_guardian_goes_with_the_children_or_not_at_all(suite: Suite) -> None:
    async with Citizen(suite) as citizen:
        guardian, ward = await family(suite, citizen, 400)
        alone = await ask(citizen, {"what": "applicant", "applicant_ids": [guardian]})
        assert (alone.status, alone["code"], alone["applicant_ids"]) == (409, "guardian_of_others", [ward])
        both = await leave(citizen, {"what": "applicant", "applicant_ids": [guardian, ward]})
        assert both["state"] == "in_grace"
        await suite.later(GRACE_SECONDS)
        assert (await citizen.done("identity", "GET", "/v1/applicants")).body["applicants"] == []


async def test_a_child_who_was_added_meanwhile_keeps_the_guardian(suite: Suite) -> None:
    async with Citizen(suite) as citizen:
        await citizen.register()
        await citizen.become_applicant()
        guardian = citizen.applicant_id
        leaving = await leave(citizen, {"what": "applicant", "applicant_ids": [guardian]})
        await citizen.become_applicant(**child(suite, 400), guardian_applicant_id=guardian)
        await suite.later(GRACE_SECONDS)
        late = await look(citizen, leaving["leaving_id"])
        assert (late["state"], codes(late["objections"])) == ("objected", ["guardian_of_others"])


# ---- held ----


async def test_what_a_legal_hold_keeps_is_erased_once_it_is_lifted(suite: Suite) -> None:
    async with Citizen(suite) as citizen:
        await citizen.register()
        await citizen.become_applicant()
        held = identity.LegalHoldPlaced(
            hold_id="hold-1", subjects=(citizen.account_id,), until=suite.clock.now() + timedelta(days=365)
        )
        await tell(suite, held)
        leaving_id = (await leave(citizen))["leaving_id"]
        await suite.later(GRACE_SECONDS)
        await suite.later(3600)
        assert [each["state"] for each in await listed(suite)] == ["ordered"]
        assert (await account(suite, citizen.account_id)).email is not None
        assert await suite.services["identity"].store.get(APPLICANT, citizen.applicant_id) is not None
        await tell(suite, identity.LegalHoldLifted(hold_id="hold-1"))
        await suite.later(3600)
        assert [(each["leaving_id"], each["state"]) for each in await listed(suite)] == [(leaving_id, "erased")]
        assert (await account(suite, citizen.account_id)).email is None
        assert await suite.services["identity"].store.get(APPLICANT, citizen.applicant_id) is None


async def test_a_hold_on_an_application_keeps_its_applicant(suite: Suite) -> None:
    """Not their data on the shelves of an order alone: the leaving itself erases nothing of them either."""
    async with Citizen(suite) as citizen:
        await citizen.until_submitted()
        await citizen.done("application", "POST", f"/v1/applications/{citizen.application_id}/withdrawal")
        await suite.settle()
        until = suite.clock.now() + timedelta(days=365)
        subjects = (citizen.application_id,)
        await tell(suite, identity.LegalHoldPlaced(hold_id="hold-1", subjects=subjects, until=until))
        leaving_id = (await leave(citizen))["leaving_id"]
        await suite.later(GRACE_SECONDS)
        await suite.later(3600)
        assert [each["state"] for each in await listed(suite)] == ["ordered"]
        assert await suite.services["identity"].store.get(APPLICANT, citizen.applicant_id) is not None
        assert await suite.broken_rules() == {}, "and of a confirmed applicant there is a person"
        await tell(suite, identity.LegalHoldLifted(hold_id="hold-1"))
        await suite.later(3600)
        assert [(each["leaving_id"], each["state"]) for each in await listed(suite)] == [(leaving_id, "erased")]
        assert await suite.services["identity"].store.get(APPLICANT, citizen.applicant_id) is None
        assert [record.id async for record in suite.services["identity"].store.scan(PERSON)] == []


async def tell(suite: Suite, event: Any) -> None:
    """Bring an event of identity to every service."""
    envelope = envelope_of(event, suite.clock.now())
    suite._waiting += [(name, envelope) for name in suite.services]
    await suite.settle()


# ---- twice, joined, late ----


async def test_twice_at_once_is_one_leaving(suite: Suite) -> None:
    async with Citizen(suite) as citizen:
        await citizen.register()
        await citizen.become_applicant()
        first, second = await asyncio.gather(
            citizen.call("identity", "POST", LEAVINGS, WHOLE), citizen.call("identity", "POST", LEAVINGS, WHOLE)
        )
        await suite.settle()
        assert (first.status, second.status) == (202, 202)
        assert first["leaving_id"] == second["leaving_id"]
        path = f"/v1/challenges/{first['challenge']['challenge_id']}/verification"
        body = {"code": suite.agencies.newest_code()}
        proofs = await asyncio.gather(
            *(citizen.call("identity", "POST", path, body, key="the-same-key-for-both") for _ in range(2))
        )
        await suite.settle()
        assert 200 in [proof.status for proof in proofs]
        met = await ask(citizen, WHOLE)
        assert (met.status, met["challenge"], met["leaving"]["state"]) == (202, None, "in_grace")
        assert met["leaving_id"] == first["leaving_id"]
        other = await ask(citizen, {"what": "applicant", "applicant_ids": [citizen.applicant_id]})
        assert (other.status, other["code"]) == (409, "leaving_open")
        assert other["next_call"]["href"] == f"{LEAVINGS}/{first['leaving_id']}"
        assert len(await listed(suite)) == 1


async def test_an_account_that_leaves_is_not_joined_and_gets_nobody_new(suite: Suite) -> None:
    async with Citizen(suite) as citizen, Citizen(suite) as other:
        await citizen.register()
        await leave(citizen)
        body = {"identifier": "lain@example.org"}
        assert await refused(citizen, "identity", "POST", "/v1/account/joins", body) == (409, "account_leaving")
        reply = await citizen.call("identity", "POST", "/v1/applicants", _typed())
        assert (reply.status, reply["code"]) == (409, "account_leaving")
        await other.register("lain@example.org")
        suite.clock.advance(3600)
        asked = await other.done("identity", "POST", "/v1/account/joins", {"identifier": EMAIL})
        mails = [mail for mail in suite.agencies.mailer.taken[-2:]]
        found = {mail.to: re.search(r"(?<!\d)\d{6}(?!\d)", mail.body).group(0) for mail in mails}  # type: ignore[union-attr]
        proof = {"code": found[EMAIL], "old_code": found["lain@example.org"]}
        path = f"/v1/challenges/{asked['challenge_id']}/verification"
        assert await refused(other, "identity", "POST", path, proof) == (409, "account_leaving")
        assert (await account(suite, citizen.account_id)).joined_into is None


async def test_what_was_of_a_joined_account_stands_against_it_too(suite: Suite) -> None:
    async with Citizen(suite) as keeper, Citizen(suite) as closed:
        await keeper.register("tetap@example.org")
        await closed.until_submitted()
        suite.clock.advance(3600)
        asked = await keeper.done("identity", "POST", "/v1/account/joins", {"identifier": EMAIL})
        mails = [mail for mail in suite.agencies.mailer.taken[-2:]]
        found = {mail.to: re.search(r"(?<!\d)\d{6}(?!\d)", mail.body).group(0) for mail in mails}  # type: ignore[union-attr]
        proof = {"code": found[EMAIL], "old_code": found["tetap@example.org"]}
        await keeper.done("identity", "POST", f"/v1/challenges/{asked['challenge_id']}/verification", proof)
        assert await refused(closed, "identity", "POST", LEAVINGS, WHOLE) == (401, "session_over")
        suite.clock.advance(3600)
        leaving = await leave(keeper)
        assert codes(leaving["objections"]) == ["live_application"]


async def test_messages_that_come_twice_or_late_change_nothing(suite: Suite) -> None:
    async with Citizen(suite) as citizen:
        await citizen.register()
        await citizen.become_applicant()
        undone = await leave(citizen)
        await citizen.done("identity", "POST", f"{LEAVINGS}/{undone['leaving_id']}/undo")
        suite.clock.advance(61)
        await leave(citizen, {"what": "applicant", "applicant_ids": [citizen.applicant_id]})
        before = await suite.contents()
        kinds = (
            identity.LeavingAsked,
            identity.LeavingEnded,
            application.ApplicationLeavingAnswered,
            billing.BillingLeavingAnswered,
        )
        again = [envelope for envelope in suite.published if isinstance(envelope.data, kinds)]
        assert {type(envelope.data) for envelope in again} == set(kinds)
        for envelope in reversed(again):
            for name in ("identity", "application", "billing", "notification"):
                parts = suite.services[name].parts
                if type(envelope.data) in parts.events:
                    outcome = await Dispatcher(parts.events, parts.commands).handle(envelope)
                    assert outcome is Outcome.DONE, (name, envelope.type)
        await suite.settle()
        assert await suite.contents() == before


async def test_the_end_of_a_leaving_may_be_heard_before_its_beginning(suite: Suite) -> None:
    async with Citizen(suite) as citizen:
        await citizen.register()
        await citizen.become_applicant()
        undone = await leave(citizen)
        await citizen.done("identity", "POST", f"{LEAVINGS}/{undone['leaving_id']}/undo")
        told = [
            envelope
            for envelope in suite.published
            if isinstance(envelope.data, identity.LeavingAsked | identity.LeavingEnded)
        ]
        fresh = Suite(suite.clock.now()).services["application"]
        dispatcher = Dispatcher(fresh.parts.events, fresh.parts.commands)
        for envelope in reversed(told):
            assert await dispatcher.handle(envelope) is Outcome.DONE
        assert not await fresh.parts.service.leavings._copies.is_leaving(citizen.applicant_id)


# ---- silence ----


async def test_a_silent_account_is_reminded_twice_and_then_closed_by_the_same_way(suite: Suite) -> None:
    async with Citizen(suite) as citizen:
        await citizen.register()
        await citizen.become_applicant()

        def reminders() -> int:
            return sum(
                "nobody" in mail.body.lower() or "tidak ada yang masuk" in mail.body.lower()
                for mail in suite.agencies.mailer.taken
            )

        await suite.later(TWO_YEARS_SECONDS - 60)
        assert reminders() == 0
        await suite.later(60)
        assert reminders() == 1
        await suite.later(MONTH_SECONDS)
        assert reminders() == 2
        assert await listed(suite) == []
        await suite.later(MONTH_SECONDS)
        [line] = await listed(suite)
        assert (line["state"], line["by_silence"]) == ("in_grace", True)
        assert undo_link(suite)
        await suite.later(GRACE_SECONDS)
        await erase_everywhere(suite, line["leaving_id"])
        [line] = await listed(suite)
        assert line["state"] == "erased"
        assert at_peace(suite)


async def test_a_sign_in_ends_the_silence(suite: Suite) -> None:
    async with Citizen(suite) as citizen:
        await citizen.register()
        await suite.later(TWO_YEARS_SECONDS + MONTH_SECONDS)
        asked = await citizen.done("identity", "POST", "/v1/logins", {"identifier": EMAIL})
        path = f"/v1/challenges/{asked['challenge_id']}/verification"
        await citizen.done("identity", "POST", path, {"code": suite.agencies.newest_code()})
        await suite.later(MONTH_SECONDS + GRACE_SECONDS)
        assert await listed(suite) == []


async def test_undone_by_its_link_a_silent_account_is_left_alone_for_two_more_years(suite: Suite) -> None:
    async with Citizen(suite) as citizen:
        await citizen.register()
        for seconds in (TWO_YEARS_SECONDS, MONTH_SECONDS, MONTH_SECONDS):
            await suite.later(seconds)
        await citizen.done("identity", "POST", undo_link(suite))
        mails = len(suite.agencies.mailer.taken)
        await suite.later(TWO_YEARS_SECONDS - 60)
        assert len(suite.agencies.mailer.taken) == mails
        assert [line["state"] for line in await listed(suite)] == ["undone"]


async def test_a_silent_account_with_a_live_application_stays_and_nothing_is_told_of_a_refusal(suite: Suite) -> None:
    async with Citizen(suite) as citizen:
        await citizen.until_submitted()
        for seconds in (TWO_YEARS_SECONDS, MONTH_SECONDS, MONTH_SECONDS):
            await suite.later(seconds)
        [line] = await listed(suite)
        assert (line["state"], line["objections"]) == ("objected", ["live_application"])
        assert not [mail for mail in suite.agencies.mailer.taken if "asked that something" in mail.body]
        state = await account(suite, citizen.account_id)
        assert (state.leaving, bool(state.places)) == (None, True)


def _typed() -> dict[str, Any]:
    return {
        "full_name": "SRI CONTOH LESTARI",
        "nik": "3174014502900001",
        "birth_place": "JAKARTA",
        "birth_date": "1990-02-05",
        "sex": "female",
    }
