"""The register of breaches: the clock of 72 hours, the search, notices that two operators agree to, the export."""

from __future__ import annotations

import csv
import io
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from structlog.testing import capture_logs

from services.identity.breaches import breach as rules
from services.identity.breaches.breach import Breach, BreachCommand, BreachFacts, BreachScope, BreachState
from services.identity.breaches.repository import BREACH, BREACH_NOTICE, BreachNotice
from services.identity.breaches.texts import write_notices
from shared.breach_notice import write_breach_notice
from shared.events.application import ApplicationDataRead
from shared.events.codes import BreachCause, BreachMeasure, PersonalData
from shared.events.identity import PersonalDataBreached
from shared.ids import derived_id
from shared.store.transitions import IllegalTransition
from shared.tokens import Caller, Role
from tests.conftest import START
from tests.unit.identity.served import served
from tests.unit.identity.world import World

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _loopback_allowed(socket_enabled: None) -> None:
    """Let these tests open sockets where the unit room blocks them."""


class EverySessionLives:
    async def refuse_ended(self, caller: Caller) -> None:
        """Nobody's has ended."""


@dataclass
class Register:
    """The register over HTTP, and two operators."""

    world: World
    client: TestClient[web.Request, web.Application]

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        by: str = "operator-1",
        role: Role = Role.OPERATOR,
        key: str = "",
    ) -> tuple[int, Any]:
        token = self.world.identity.issuer.issue(Caller(by, role, "session-1"), 900)
        headers = {"Authorization": f"Bearer {token}", "Accept-Language": "en"}
        headers["Idempotency-Key"] = key or str(uuid.uuid4())
        body = body if method == "GET" or body is not None else {}
        async with self.client.request(method, path, json=body, headers=headers) as answer:
            return answer.status, await answer.json()

    async def done(self, method: str, path: str, body: Any = None, by: str = "operator-1") -> Any:
        status, answer = await self.ask(method, path, body, by)
        assert status < 400, answer
        await self.world.worker.run_due()
        return answer

    async def opened(self, **changed: Any) -> str:
        """The path of a new entry."""
        view = await self.done("POST", "/v1/breaches", entry(self.world, **changed))
        return f"/v1/breaches/{view['entry']['breach_id']}"

    async def searched(self, path: str, **changed: Any) -> Any:
        await self.done("POST", f"{path}/searches", scope(self.world, **changed))
        return (await self.done("GET", path))["search"]

    async def agreed(self, path: str, step: str = "notices") -> Any:
        await self.done("POST", f"{path}/proposals", {"step": step})
        return await self.done("POST", f"{path}/decision", {"approved": True}, by="operator-2")

    async def read(self, *accounts: str, **changed: Any) -> None:
        """Staff of another service read of these accounts."""
        facts: dict[str, Any] = {
            "read_id": str(uuid.uuid4()),
            "reader_id": "thief",
            "role": "front_officer",
            "office_id": "office-1",
            "kind": "picture",
            "reason": "complaint",
            "account_ids": accounts,
            "read_at": self.world.now() - HOUR,
        }
        await self.world.identity.data_reads.keep(ApplicationDataRead(**(facts | changed)))


@pytest.fixture
async def register(world: World) -> AsyncIterator[Register]:
    async with served(world, sessions=EverySessionLives()) as client:
        yield Register(world, client)


def entry(world: World, **changed: Any) -> dict[str, Any]:
    return {
        "cause": "stolen_access",
        "kinds": ["picture", "nik"],
        "measures": ["access_withdrawn"],
        "found_at": world.now().isoformat(),
        "estimated_persons": 7,
        **changed,
    }


def scope(world: World, **changed: Any) -> dict[str, Any]:
    now = world.now()
    return {"since": (now - 2 * HOUR).isoformat(), "until": now.isoformat(), **changed}


async def everything(world: World) -> list[Any]:
    """Every entry of the register."""
    return [record async for record in world.store.scan(BREACH)]


# The clock


async def test_an_entry_shows_until_when_agency_and_persons_are_told(register: Register) -> None:
    path = await register.opened(words="Rina di loket 3 melihatnya.")
    view = await register.done("GET", path)
    due_at = (register.world.now() + timedelta(hours=72)).isoformat().replace("+00:00", "Z")
    assert view["duties"] == [
        {"to": "agency", "due_at": due_at, "done_at": None},
        {"to": "persons", "due_at": due_at, "done_at": None},
    ]
    assert (view["entry"]["state"], view["words"]) == ("open", "Rina di loket 3 melihatnya.")
    record = await register.world.store.get(BREACH, view["entry"]["breach_id"])
    assert record is not None and "Rina" not in str(record.state)


async def test_the_clock_is_not_set_back_by_a_later_description(register: Register) -> None:
    path, found_at = await register.opened(words="Kata pertama."), register.world.now()
    register.world.clock.advance(3600)
    view = await register.done("PUT", path, entry(register.world, cause="misuse_by_staff"))
    assert (view["entry"]["cause"], view["words"]) == ("misuse_by_staff", "Kata pertama.")
    assert view["duties"][0]["due_at"] == (found_at + timedelta(hours=72)).isoformat().replace("+00:00", "Z")


@pytest.mark.acceptance("Y24.breach_register")
async def test_operators_are_alerted_at_24_60_and_72_hours_until_all_are_told(register: Register) -> None:
    await register.opened()
    clock, found = register.world.clock, list[tuple[float, Any]]()
    with capture_logs() as lines:
        for hours in (23.99, 24, 59.99, 60, 71.99, 72, 100):
            clock.set(START + timedelta(hours=hours))
            await register.world.worker.run_due()
            found += [(hours, line["hours"]) for line in lines if line["event"] == "identity.breach_notice_due"]
            lines.clear()
    assert found == [(24, 24), (60, 60), (72, 72)]
    labels = register.world.identity.metrics.breach_alerts.labels(hours="60")
    assert labels._value.get() == 1


async def test_of_alerts_that_were_missed_the_latest_is_given(register: Register) -> None:
    await register.opened(found_at=(register.world.now() - 61 * HOUR).isoformat())
    with capture_logs() as lines:
        await register.world.worker.run_due()
    record = (await everything(register.world))[0].state
    assert record.alerted_hours == 60
    assert [line for line in lines if line["event"] == "identity.breach_notice_due"] == []  # given as it was opened


async def test_without_anybody_to_be_told_there_is_no_alert(register: Register) -> None:
    path = await register.opened()
    await register.agreed(path, "dismissal")
    with capture_logs() as lines:
        register.world.clock.advance(80 * 3600)
        await register.world.worker.run_due()
    assert lines == []
    assert (await register.done("GET", path))["entry"]["state"] == "dismissed"


@pytest.mark.parametrize(
    "changed",
    [
        {"found_at": START + HOUR},
        {"begun_at": START + HOUR},
        {"ended_at": START + HOUR},
        {"begun_at": START - HOUR, "ended_at": START - 2 * HOUR},
    ],
)
async def test_times_that_contradict_each_other_are_refused(register: Register, changed: Any) -> None:
    times = {name: at.isoformat() for name, at in changed.items()}
    status, problem = await register.ask("POST", "/v1/breaches", entry(register.world, **times))
    assert (status, problem["code"]) == (422, "breach_times_wrong")
    path = await register.opened()
    if "found_at" not in changed:
        status, problem = await register.ask("PUT", path, entry(register.world, **times))
        assert (status, problem["code"]) == (422, "breach_times_wrong")


async def test_the_same_command_opens_one_entry(register: Register) -> None:
    body, key = entry(register.world), str(uuid.uuid4())
    first = await register.ask("POST", "/v1/breaches", body, key=key)
    again = await register.ask("POST", "/v1/breaches", body, key=key)
    assert first[1]["entry"]["breach_id"] == again[1]["entry"]["breach_id"]
    assert len((await register.done("GET", "/v1/breaches"))["breaches"]) == 1


async def test_the_register_is_for_operators_alone(register: Register) -> None:
    path = await register.opened()
    for role in (Role.OFFICE_ADMIN, Role.TREASURER, Role.FRONT_OFFICER, Role.APPLICANT):
        for method, address in (("GET", "/v1/breaches"), ("GET", path), ("POST", f"{path}/decision")):
            body = {"approved": True} if method == "POST" else None
            assert (await register.ask(method, address, body, role=role))[0] == 403


# The search


async def found_by(register: Register, path: str, **changed: Any) -> list[str]:
    search = await register.searched(path, **changed)
    persons = (await register.done("GET", f"{path}/persons"))["account_ids"]
    assert search["persons"] == len(persons) and search["done_at"] is not None
    return list(persons)


async def test_the_search_names_those_whose_data_were_read_by_time_kind_office_and_reader(register: Register) -> None:
    path, now = await register.opened(), register.world.now()
    await register.read("budi", "sri")
    await register.read("sri", reader_id="another", office_id="office-2")
    await register.read("putri", kind="nik", office_id="office-2")
    await register.read("early", read_at=now - 3 * HOUR)
    await register.read("late", read_at=now)
    assert await found_by(register, path) == ["budi", "putri", "sri"]
    assert await found_by(register, path, reader_ids=["thief"], kinds=["picture"]) == ["budi", "sri"]
    assert await found_by(register, path, office_ids=["office-2"]) == ["putri", "sri"]
    assert await found_by(register, path, reader_ids=["another"], office_ids=["office-1"]) == []
    register.world.clock.advance(1)
    assert await found_by(register, path, until=(now + HOUR).isoformat()) == ["budi", "late", "putri", "sri"]


async def test_everybody_is_every_account(register: Register) -> None:
    path, account_id = await register.opened(), await register.world.sign_up()
    assert await found_by(register, path, everybody=True) == [account_id]


async def test_persons_are_paged_by_id(register: Register) -> None:
    path = await register.opened()
    await register.read(*(f"account-{number}" for number in range(5)))
    await register.searched(path)
    found, after = list[str](), ""
    while True:
        page = await register.done("GET", f"{path}/persons?limit=2{after}")
        found += page["account_ids"]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert found == [f"account-{number}" for number in range(5)]


async def test_more_persons_than_one_batch_are_found_and_told_once_each(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.identity.breaches.service.BATCH", 2)
    monkeypatch.setattr("services.identity.breaches.repository.BATCH", 2)
    path, accounts = await register.opened(), [f"account-{number}" for number in range(5)]
    await register.read(*accounts)
    assert await found_by(register, path) == accounts
    await register.agreed(path)
    assert sorted(each.account_id for each in await register.world.said(PersonalDataBreached)) == accounts


async def test_a_search_that_ends_before_it_begins_is_refused(register: Register) -> None:
    path, now = await register.opened(), register.world.now().isoformat()
    status, problem = await register.ask("POST", f"{path}/searches", {"since": now, "until": now})
    assert (status, problem["code"]) == (422, "breach_times_wrong")
    assert (await register.done("GET", f"{path}/persons"))["account_ids"] == []


async def test_a_repeated_search_is_one_and_a_late_end_of_an_older_one_changes_nothing(register: Register) -> None:
    path, key = await register.opened(), str(uuid.uuid4())
    await register.read("budi")
    for _ in range(2):
        assert (await register.ask("POST", f"{path}/searches", scope(register.world), key=key))[0] == 202
    await register.world.worker.run_due()
    status, view = await register.ask("POST", f"{path}/searches", scope(register.world), key=key)
    assert (status, view["search"]["persons"]) == (202, 1)
    record = (await everything(register.world))[0]
    assert rules.finish_search(record.state, "an-older-one", 9, register.world.now()) == record.state
    await register.world.identity.breaches.run_search(record)  # it is done, so nothing is written
    assert (await everything(register.world))[0].version == record.version


# The notices


@pytest.mark.acceptance("Y24.breach_register")
async def test_notices_need_a_search_a_proposal_and_another_operator(register: Register) -> None:
    path = await register.opened()
    await register.read("budi")
    proposal = {"step": "notices"}
    status, problem = await register.ask("POST", f"{path}/proposals", proposal)
    assert (status, problem["code"]) == (409, "breach_search_not_done")
    assert problem["next_call"]["href"] == f"{path}/searches"
    await register.searched(path)
    status, problem = await register.ask("POST", f"{path}/decision", {"approved": True}, "operator-2")
    assert (status, problem["code"], problem["state"]) == (409, "breach_step_not_now", "open")
    for _ in range(2):  # again is no error
        assert (await register.done("POST", f"{path}/proposals", proposal))["entry"]["state"] == "notices_proposed"
    status, problem = await register.ask("POST", f"{path}/decision", {"approved": True})
    assert (status, problem["code"]) == (403, "second_operator_needed")
    assert await register.world.said(PersonalDataBreached) == []
    for _ in range(2):
        await register.done("POST", f"{path}/decision", {"approved": True}, by="operator-2")
    (told,) = await register.world.said(PersonalDataBreached)
    assert (told.account_id, told.cause, told.kinds) == ("budi", "stolen_access", ("picture", "nik"))
    view = await register.done("GET", path)
    assert view["entry"]["state"] == "notified" and view["entry"]["persons_told_at"] is not None
    assert (view["proposed_by"], view["decided_by"]) == ("operator-1", "operator-2")


async def test_twin_one_operator_alone_tells_everybody_without_the_second_pair_of_eyes(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    def decide(breach: Breach, command: BreachCommand, by: str, now: Any) -> Breach:
        return replace(breach, state=BreachState.NOTIFIED, decided_by=by, decided_at=now)

    monkeypatch.setattr(rules, "decide", decide)
    path = await register.opened()
    await register.read("budi")
    await register.searched(path)
    await register.done("POST", f"{path}/proposals", {"step": "notices"})
    await register.done("POST", f"{path}/decision", {"approved": True})
    assert len(await register.world.said(PersonalDataBreached)) == 1


async def test_what_was_sent_back_is_described_and_proposed_again(register: Register) -> None:
    path = await register.opened()
    await register.searched(path)
    await register.done("POST", f"{path}/proposals", {"step": "notices"})
    status, problem = await register.ask("PUT", path, entry(register.world))
    assert (status, problem["code"]) == (409, "breach_step_not_now")  # what is agreed to does not change meanwhile
    view = await register.done("POST", f"{path}/decision", {"approved": False}, by="operator-2")
    assert view["entry"]["state"] == "open"
    await register.done("PUT", path, entry(register.world, cause="other"))
    await register.agreed(path)


async def test_a_second_search_tells_only_those_who_were_not_told_before(register: Register) -> None:
    path = await register.opened()
    await register.read("budi")
    await register.searched(path)
    await register.agreed(path)
    await register.done("POST", f"{path}/reopening")
    await register.read("sri")
    assert (await register.searched(path))["persons"] == 2
    await register.agreed(path)
    assert [each.account_id for each in await register.world.said(PersonalDataBreached)] == ["budi", "sri"]


async def test_a_crash_among_the_notices_tells_each_person_once(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, breaches = await register.opened(), register.world.identity.breaches
    await register.read("budi", "putri", "sri")
    await register.searched(path)
    await register.done("POST", f"{path}/proposals", {"step": "notices"})
    await register.ask("POST", f"{path}/decision", {"approved": True}, "operator-2")
    written, tell = list[str](), breaches._tell

    async def dying(breach_id: str, facts: Any, person: Any) -> None:
        if len(written) == 1:
            await breaches._context.store.insert(
                BREACH_NOTICE,
                derived_id("breach_notice", breach_id, person.state.account_id),
                BreachNotice(breach_id, person.state.account_id, register.world.now()),
                now=register.world.now(),
            )
            raise RuntimeError("the process ends after the notice and before the mark")
        written.append(person.state.account_id)
        await tell(breach_id, facts, person)

    record = (await everything(register.world))[0]
    monkeypatch.setattr(breaches, "_tell", dying)
    with pytest.raises(RuntimeError):
        await breaches.tell_persons(record)
    monkeypatch.undo()
    await breaches.tell_persons(record)
    notices = [each.state.account_id async for each in register.world.store.scan(BREACH_NOTICE)]
    assert sorted(notices) == ["budi", "putri", "sri"]
    # the one whose notice was written by the crashed process is not told again
    assert sorted(each.account_id for each in await register.world.said(PersonalDataBreached)) == ["budi", "sri"]
    assert (await register.done("GET", path))["entry"]["persons_told_at"] is not None


async def test_an_entry_is_closed_once_agency_and_persons_were_told(register: Register) -> None:
    path, now = await register.opened(), register.world.now()
    await register.searched(path)
    status, problem = await register.ask("POST", f"{path}/closing")
    assert (status, problem["code"]) == (409, "breach_step_not_now")
    await register.agreed(path)
    status, problem = await register.ask("POST", f"{path}/closing")
    assert (status, problem["code"]) == (409, "breach_still_owed")
    for told_at in (now - HOUR, now + HOUR):
        body = {"told_at": told_at.isoformat(), "reference": "B-12/2026"}
        status, problem = await register.ask("POST", f"{path}/agency-notice", body)
        assert (status, problem["code"]) == (422, "breach_times_wrong")
    for reference in ("B-12/2026", "B-13/2026"):  # the first word stays
        body = {"told_at": now.isoformat(), "reference": reference}
        view = await register.done("POST", f"{path}/agency-notice", body)
        assert view["entry"]["agency_reference"] == "B-12/2026"
    assert (await register.done("POST", f"{path}/closing"))["entry"]["state"] == "closed"


@pytest.mark.acceptance("Y24.breach_register")
async def test_notices_say_which_data_when_how_and_what_is_done_in_both_languages(register: Register) -> None:
    begun = (register.world.now() - HOUR).isoformat()
    path = await register.opened(begun_at=begun, words="Rina di loket 3.")
    await register.read("budi")
    notices = await register.done("GET", f"{path}/notices")
    assert "Jumlah orang: 7." in notices["to_agency_id"]  # the estimate
    await register.searched(path)
    notices = await register.done("GET", f"{path}/notices")
    assert "Persons: 1." in notices["to_agency_en"] and "Pasal 46" in notices["to_agency_id"]
    for words in ("Which data: uploaded pictures, NIK and particulars.", "a time that is not known", "that access was"):
        assert words in notices["to_person_en"] and words in notices["to_agency_en"]
    assert "Data yang terdampak: gambar yang diunggah, NIK dan data diri." in notices["to_person_id"]
    assert "Rina" not in str(notices)


def test_every_code_has_words_and_a_later_one_is_told_in_general() -> None:
    facts: dict[str, Any] = {"found_at": START, "begun_at": START, "ended_at": None}
    for language in ("id", "en"):
        general = write_breach_notice(language, cause="x", kinds=["x"], measures=["x"], **facts)
        for cause in set(BreachCause) - {BreachCause.OTHER}:
            assert write_breach_notice(language, cause=cause, kinds=["x"], measures=["x"], **facts) != general
        for kind in PersonalData:
            assert write_breach_notice(language, cause="x", kinds=[kind], measures=["x"], **facts) != general
        for measure in set(BreachMeasure) - {BreachMeasure.UNDER_EXAMINATION}:
            assert write_breach_notice(language, cause="x", kinds=["x"], measures=[measure], **facts) != general


@pytest.mark.acceptance("Y24.breach_register")
async def test_the_export_has_every_entry_and_nobody_in_it(register: Register) -> None:
    await register.opened(words="Rina di loket 3.")
    register.world.clock.advance(60)
    await register.opened(cause="lost_medium", kinds=["nik"])
    listed = await register.done("GET", "/v1/breaches")
    assert [each["cause"] for each in listed["breaches"]] == ["lost_medium", "stolen_access"]
    token = register.world.identity.issuer.issue(Caller("operator-1", Role.OPERATOR, "session-1"), 900)
    headers = {"Authorization": f"Bearer {token}", "Accept": "text/csv"}
    async with register.client.get("/v1/breaches", headers=headers) as answer:
        assert answer.content_type == "text/csv"
        text = await answer.text()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["cause"], row["kinds"], row["estimated_persons"]) for row in rows] == [
        ("lost_medium", "nik", "7"),
        ("stolen_access", "picture nik", "7"),
    ]
    assert "Rina" not in text + str(listed) and "operator-1" not in text


async def test_an_unknown_entry_is_not_found(register: Register) -> None:
    for method, path, body in (
        ("GET", "", None),
        ("GET", "/notices", None),
        ("POST", "/closing", None),
        ("POST", "/decision", {"approved": True}),
    ):
        status, problem = await register.ask(method, f"/v1/breaches/unknown{path}", body)
        assert (status, problem["code"]) == (404, "breach_unknown")


# The rules by themselves

FACTS = BreachFacts(BreachCause.OTHER, (PersonalData.NIK,), (BreachMeasure.POLICE_TOLD,), START, START - HOUR, START, 3)
OPEN = rules.open_breach(FACTS, None, "operator-1", START)
SCOPE = BreachScope(START - HOUR, START)
FOUND = rules.finish_search(rules.ask_search(OPEN, "s", SCOPE, "operator-1", START), "s", 2, START)
PROPOSED = rules.propose(FOUND, BreachCommand.PROPOSE_NOTICES, "operator-1", START)
NOTIFIED = rules.decide(PROPOSED, BreachCommand.APPROVE, "operator-2", START)
TOLD = rules.finish_telling(NOTIFIED, START)


@pytest.mark.parametrize(
    ("breach", "due"),
    [
        (OPEN, {"alert": START + 24 * HOUR}),
        (rules.ask_search(OPEN, "s", SCOPE, "o", START), {"search": START, "alert": START + 24 * HOUR}),
        (rules.alerted(OPEN, 24), {"alert": START + 60 * HOUR}),
        (rules.alerted(OPEN, 72), {}),
        (NOTIFIED, {"tell": START, "alert": START + 24 * HOUR}),
        (TOLD, {"alert": START + 24 * HOUR}),
        (rules.tell_agency(TOLD, START, "B-1", START), {}),
    ],
)
def test_a_breach_knows_what_is_due(breach: Breach, due: Any) -> None:
    assert rules.deadlines(breach) == due


@pytest.mark.parametrize(
    "step",
    [
        lambda: rules.reopen(OPEN),
        lambda: rules.close(OPEN, START),
        lambda: rules.describe(NOTIFIED, FACTS, None, START),
        lambda: rules.ask_search(NOTIFIED, "s", SCOPE, "o", START),
        lambda: rules.decide(OPEN, BreachCommand.APPROVE, "operator-2", START),
    ],
)
def test_a_step_that_the_state_does_not_allow_is_refused(step: Callable[[], Any]) -> None:
    with pytest.raises(IllegalTransition):
        step()


def test_any_operator_may_send_back_also_the_one_who_proposed() -> None:
    assert rules.decide(PROPOSED, BreachCommand.SEND_BACK, "operator-1", START).state is BreachState.OPEN
    assert rules.reopen(TOLD).persons_told_at is None
    assert rules.finish_search(OPEN, "s", 1, START) == OPEN
    assert write_notices("b", OPEN, "en").to_agency.count("Persons: 3.") == 1


async def test_work_that_is_not_due_any_more_is_not_done(world: World) -> None:
    breaches = world.identity.breaches
    record = await world.store.insert(BREACH, "b", OPEN, now=START)
    await breaches.tell_persons(record)
    await breaches.alert_if_due(record)
    await breaches.run_search(record)
    assert await world.store.get(BREACH, "b") == record
