"""Border crossings: with a consent alone, for the owner alone, kept for hours, and never an error of ours."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from aiohttp.test_utils import TestServer

from services.application.app import assemble
from services.application.applications.book import BookFacts, BookKind
from services.application.applications.errors import StepComesFirst
from services.application.clients import CrossingsClient
from services.application.context import Actor
from services.application.crossings.crossing import (
    FRESH_FOR,
    KEPT_FOR,
    MOST_CROSSINGS,
    PURPOSE,
    Crossing,
    CrossingCopy,
    Direction,
    contradicts,
)
from services.application.crossings.errors import CrossingsConsentMissing, CrossingsOfGrownChild
from services.application.crossings.repository import CROSSING_COPY
from services.application.crossings.service import SourceState
from services.application.crossings.vault import is_copy_current
from services.application.erasures.shelves import ApplicationShelves
from services.application.passports.passport import Passport, PassportSource
from services.application.passports.repository import PASSPORT
from shared.clock import SystemClock
from shared.deadlines import DeadlineWorker
from shared.errors import NotFound, UpstreamDown
from shared.events.identity import AccountRegistered, ApplicantAdded, ChildCameOfAge, ConsentsChanged, DataExportAsked
from shared.http.client import JsonClient, Patience
from shared.randomness import SeededRandomness
from shared.retention.shelf import Order
from shared.store.decision import Decision
from shared.tokens import Role
from simulators.behaviour import Behaviour
from simulators.config import Settings as SimulatorSettings
from simulators.crossings.app import BorderSystem
from simulators.crossings.records import Record
from tests.unit.application.browser import Browser
from tests.unit.application.browser import browser as browser
from tests.unit.application.world import CARD, CHILD, INTERVIEWER, OWNER, STRANGER, World, make_settings

AT = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)
BOOK = BookFacts(BookKind.ORDINARY, date(2024, 3, 4), date(2029, 3, 4))
JOURNEY = (
    Crossing(Direction.ARRIVAL, AT + timedelta(days=9), "Bandara Ngurah Rai, Denpasar"),
    Crossing(Direction.DEPARTURE, AT, "Bandara Ngurah Rai, Denpasar"),
)


@pytest.fixture(autouse=True)
def _loopback_allowed(socket_enabled: None) -> None:
    """Let these tests open sockets where the unit room blocks them."""


@dataclass
class TheBorder:
    """A border system that does as it is told."""

    crossings: tuple[Crossing, ...] = JOURNEY
    asked: list[tuple[str, date]] = field(default_factory=list)
    is_down: bool = False
    meanwhile: Any = None

    async def list_crossings(self, nik: str, birth_date: date) -> tuple[Crossing, ...]:
        self.asked.append((nik, birth_date))
        if self.is_down:
            raise UpstreamDown("crossings", "timeout")
        if self.meanwhile is not None:
            await self.meanwhile()
        return self.crossings

    async def close(self) -> None:
        return None


class BorderWorld(World):
    """A world with a border system."""

    def __init__(self) -> None:
        super().__init__()
        self.border = TheBorder()
        self.service.crossings._source = self.border

    async def choose(self, *, given: bool, version: int = 1, account_id: str = "acc", purpose: str = PURPOSE) -> None:
        stopped = () if given else (purpose,)
        event = ConsentsChanged(
            account_id=account_id, purpose=purpose, notice_version=2, is_given=given, stopped_purposes=stopped
        )
        await self.tell(event, version)

    async def come_to_counter(self, applicant_id: str = "appl") -> None:
        """An officer had a book of the applicant in hand."""
        book = Passport(f"person-{applicant_id}", "acc", applicant_id, BOOK, PassportSource.READ_BY_OFFICER, AT, "", ())
        number = f"A{sum(applicant_id.encode()):07}"
        assert await self.service.passport_records.record(number, book) is not None

    async def see(self, applicant_id: str = "appl", who: Actor = OWNER) -> Any:
        return await self.service.crossings.see(applicant_id, who)


@pytest.fixture
async def world() -> BorderWorld:
    world = BorderWorld()
    await world.meet()
    await world.come_to_counter()
    return world


@pytest.mark.acceptance("F50.crossings_shown")
async def test_the_crossings_are_shown_with_a_consent(browser: Browser, world: BorderWorld) -> None:
    path = "/v1/applicants/appl/border-crossings"
    status, refused = await browser.ask("GET", path)
    assert (status, refused["code"], refused["purpose"]) == (403, "crossings_consent_missing", PURPOSE)
    assert refused["next_call"] == {"method": "PUT", "href": "/v1/account/consents/border_crossings"}
    assert world.border.asked == []
    await world.choose(given=True)
    status, view = await browser.ask("GET", path)
    assert (status, view["available"], view["source_state"], view["contradicting"]) == (200, True, "answered", False)
    assert [row["direction"] for row in view["crossings"]] == ["arrival", "departure"]
    assert view["crossings"][1] == {"direction": "departure", "at": "2026-03-01T04:00:00Z", "place": JOURNEY[1].place}
    assert datetime.fromisoformat(view["as_of"]) <= world.clock.now()
    assert world.border.asked == [(CARD["nik"], date.fromisoformat(CARD["birth_date"]))]


@pytest.mark.acceptance("F50.owner_only")
async def test_nobody_but_the_owner_sees_them(browser: Browser, world: BorderWorld) -> None:
    await world.choose(given=True)
    await world.choose(given=True, account_id="other")
    path = "/v1/applicants/appl/border-crossings"
    assert (await browser.ask("GET", path, account="other"))[0] == 404
    for role in (Role.FRONT_OFFICER, Role.INTERVIEWER, Role.OFFICE_ADMIN, Role.OPERATOR):
        assert (await browser.ask("GET", path, role))[0] == 403
    with pytest.raises(NotFound):
        await world.see(who=STRANGER)
    with pytest.raises(NotFound):
        await world.see("nobody")
    assert world.border.asked == []


@pytest.mark.acceptance("F50.empty_when_off")
async def test_without_a_border_system_the_list_is_empty_and_no_error(browser: Browser, world: BorderWorld) -> None:
    world.service.crossings._source = None
    status, view = await browser.ask("GET", "/v1/applicants/appl/border-crossings")
    assert (status, view["available"], view["source_state"], view["crossings"]) == (200, False, "off", [])
    assert view["note"] and view["note_in_indonesian"] and view["as_of"] is None


def test_it_is_off_by_default() -> None:
    assert make_settings().crossings_url == ""
    assert CrossingsClient.from_settings(make_settings(), World().platform) is None


# children


async def child(world: BorderWorld, card: dict[str, str] = CHILD) -> None:
    await world.tell(
        ApplicantAdded(
            account_id="acc", applicant_id="kid", guardian_applicant_id="appl", guardian_person_id="person-appl"
        ),
        0,
    )
    await world.meet("kid", card, guardian_applicant_id="appl", guardian_person_id="person-appl")


async def test_a_guardian_sees_a_childs_until_the_seventeenth_birthday(world: BorderWorld) -> None:
    await world.choose(given=True)
    await child(world)
    await world.come_to_counter("kid")
    assert (await world.see("kid")).crossings == JOURNEY
    world.clock.set(datetime(2032, 6, 8, 17, 0, tzinfo=UTC))
    assert (await world.see("kid")).source is SourceState.ANSWERED
    world.clock.set(datetime(2032, 6, 9, 17, 0, tzinfo=UTC))  # the tenth of June in Jakarta
    asked = len(world.border.asked)
    with pytest.raises(CrossingsOfGrownChild):
        await world.see("kid")
    assert len(world.border.asked) == asked


async def test_a_child_who_married_is_grown(world: BorderWorld) -> None:
    await world.choose(given=True)
    await child(world)
    await world.tell(ChildCameOfAge(account_id="acc", applicant_id="kid", guardian_applicant_id="appl"), 9)
    with pytest.raises(CrossingsOfGrownChild):
        await world.see("kid")


async def test_a_person_whom_the_registry_has_not_confirmed_is_not_asked_about(world: BorderWorld) -> None:
    await world.choose(given=True)
    await world.add("new")
    with pytest.raises(StepComesFirst):
        await world.see("new")
    assert world.border.asked == []


# seen at a counter


SEES = "/v1/applicants/appl/border-crossings"


async def test_a_stranger_whom_no_officer_saw_is_shown_nothing(browser: Browser, world: BorderWorld) -> None:
    await world.store.remove(PASSPORT, await only_passport(world))
    await world.choose(given=True)
    application_id = await world.at_the_counter()
    status, problem = await browser.ask("GET", SEES)
    assert (status, problem["code"], problem["step"]) == (409, "step_comes_first", "come")
    assert world.border.asked == []
    await world.service.counter.see_originals(application_id, ("ktp",), INTERVIEWER, world.command())
    assert (await browser.ask("GET", SEES))[0] == 200


async def only_passport(world: BorderWorld) -> Any:
    (record,) = [record async for record in world.store.scan(PASSPORT)]
    return record


@pytest.mark.parametrize(
    "changes", [{"source": PassportSource.IMPORTED}, {"passed_on_at": AT}, {"applicant_id": "another"}]
)
async def test_a_book_of_a_file_or_of_a_guardians_time_shows_nothing(
    world: BorderWorld, changes: dict[str, Any]
) -> None:
    await world.choose(given=True)
    record = await only_passport(world)
    change = world.service.passport_records.repository.change
    await change(record.id, lambda passport: Decision(replace(passport, **changes)))
    with pytest.raises(StepComesFirst):
        await world.see()
    assert world.border.asked == []


# consents


async def test_a_consent_given_at_the_registration_counts(world: BorderWorld) -> None:
    await world.tell(AccountRegistered(account_id="acc", language="id", given_purposes=("surveys",)))
    with pytest.raises(CrossingsConsentMissing):
        await world.see()
    await world.tell(AccountRegistered(account_id="acc", language="id", given_purposes=(PURPOSE,)))
    assert (await world.see()).crossings == JOURNEY


async def test_older_news_of_a_consent_changes_nothing(world: BorderWorld) -> None:
    await world.choose(given=False, version=3)
    await world.choose(given=True, version=2)
    await world.tell(AccountRegistered(account_id="acc", language="id", given_purposes=(PURPOSE,)))
    with pytest.raises(CrossingsConsentMissing):
        await world.see()
    await world.choose(given=False, version=4, purpose="reminders")
    await world.choose(given=True, version=5)
    assert (await world.see()).crossings == JOURNEY


async def kept(world: BorderWorld, applicant_id: str = "appl") -> str | None:
    record = await world.service.crossings.repository.copy(applicant_id)
    return record.state.sealed if record is not None else None


async def test_a_withdrawal_erases_what_is_kept_at_once(world: BorderWorld) -> None:
    await world.choose(given=True)
    await world.see()
    assert await kept(world) is not None
    await world.choose(given=False, version=2)
    assert await kept(world) is None
    with pytest.raises(CrossingsConsentMissing):
        await world.see()


async def test_a_withdrawal_is_finished_by_its_repeat_after_a_crash(
    world: BorderWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.choose(given=True)
    await world.see()

    async def killed(_applicant_id: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(world.service.crossings, "_forget", killed)
    with pytest.raises(KeyboardInterrupt):
        await world.choose(given=False, version=2)
    assert await kept(world) is not None
    monkeypatch.undo()
    await world.choose(given=False, version=2)
    assert await kept(world) is None


async def test_an_answer_that_comes_after_the_withdrawal_is_not_kept(world: BorderWorld) -> None:
    await world.choose(given=True)

    async def withdraw() -> None:
        await world.choose(given=False, version=2)

    world.border.meanwhile = withdraw
    with pytest.raises(CrossingsConsentMissing):
        await world.see()
    assert await kept(world) is None


# kept for hours


async def run_forgetting(world: BorderWorld) -> None:
    await DeadlineWorker(world.store, (CROSSING_COPY,), world.parts.deadlines, world.clock, "test").run_due()


async def test_the_border_system_is_not_asked_again_within_minutes(world: BorderWorld) -> None:
    await world.choose(given=True)
    first = await world.see()
    world.clock.set(first.as_of + FRESH_FOR - timedelta(seconds=1))
    assert (await world.see()).as_of == first.as_of
    assert len(world.border.asked) == 1
    world.clock.set(first.as_of + FRESH_FOR)
    assert (await world.see()).as_of > first.as_of
    assert len(world.border.asked) == 2


async def test_what_was_told_is_shown_while_it_is_down_and_forgotten_after_hours(world: BorderWorld) -> None:
    await world.choose(given=True)
    world.border.is_down = True
    never = await world.see()
    assert (never.source, never.crossings, never.as_of) == (SourceState.DOWN, (), None)
    world.border.is_down = False
    first = await world.see()
    sealed = await kept(world)
    assert sealed is not None and "Ngurah" not in sealed
    world.border.is_down = True
    world.clock.set(first.as_of + KEPT_FOR - timedelta(seconds=1))
    await run_forgetting(world)
    late = await world.see()
    assert (late.source, late.crossings, late.as_of) == (SourceState.DOWN, JOURNEY, first.as_of)
    world.clock.set(first.as_of + KEPT_FOR)
    gone = await world.see()
    assert (gone.crossings, gone.as_of) == ((), first.as_of)
    await run_forgetting(world)
    assert await kept(world) is None
    assert (await world.see()).as_of == first.as_of


async def test_forgetting_leaves_a_newer_answer_alone(world: BorderWorld) -> None:
    await world.choose(given=True)
    await world.see()
    record = await world.service.crossings.repository.copy("appl")
    assert record is not None
    await world.service.crossings.forget_due(record, "forget")
    assert await kept(world) is not None


async def test_entries_that_contradict_each_other_are_told(browser: Browser, world: BorderWorld) -> None:
    await world.choose(given=True)
    world.border.crossings = (JOURNEY[0], *JOURNEY)
    status, view = await browser.ask("GET", "/v1/applicants/appl/border-crossings")
    assert (status, view["contradicting"], len(view["crossings"])) == (200, True, 3)
    assert "contradict" in view["note"] and "bertentangan" in view["note_in_indonesian"]
    later = Crossing(Direction.DEPARTURE, world.clock.now() + timedelta(days=1), "x")
    assert contradicts([later], world.clock.now()) and not contradicts(JOURNEY, world.clock.now())


# exports and erasures


async def test_what_is_kept_is_exported_and_erased_by_an_order(world: BorderWorld) -> None:
    await world.choose(given=True)
    await world.see()
    parts = world.own_parts()
    asked = DataExportAsked(
        export_id="e",
        account_id="acc",
        account_ids=("acc",),
        applicant_ids=("appl",),
        application_ids=(),
        session_id="s",
        public_key="x",
        ends_at=world.clock.now() + timedelta(days=7),
    )
    assert [row.place for row in (await parts.collect(asked)).border_crossings] == [row.place for row in JOURNEY]
    service = world.service
    shelves = ApplicationShelves(
        service.context,
        service.applications,
        service.passport_records,
        service.evidence,
        service.audit,
        service.crossings.repository,
    )
    (shelf,) = [shelf for shelf in shelves.all() if shelf.name == "border_crossings"]
    assert shelf.of is not None
    one = Order("e", "acc", ("somebody",), (), whole_account=False)
    assert await shelf.of(one) == []
    items = await shelf.of(Order("e", "acc", ("appl",), (), whole_account=True))
    assert [item.item_id for item in items] == ["appl", "acc"]
    assert [await item.erase() for item in items] == [True, True]
    assert await kept(world) is None
    with pytest.raises(CrossingsConsentMissing):
        await world.see()
    assert is_copy_current("appl", CrossingCopy("acc", AT)) and not is_copy_current(
        "appl", CrossingCopy("acc", AT, "k1:x")
    )


# the border system itself


@dataclass
class Connected:
    """A client and the simulator that it speaks to."""

    client: CrossingsClient
    system: BorderSystem
    url: str


@pytest.fixture
async def connected() -> AsyncIterator[Connected]:
    system = BorderSystem(SimulatorSettings())
    async with TestServer(system.application()) as server:
        url = str(server.make_url(""))
        patience = Patience(try_seconds=0.3, tries=1)
        http = JsonClient("crossings", url, clock=SystemClock(), randomness=SeededRandomness(1), patience=patience)
        yield Connected(CrossingsClient(http), system, url)
        await http.close()


async def test_the_simulator_is_understood(connected: Connected) -> None:
    found = await connected.client.list_crossings(CARD["nik"], date(1990, 2, 5))
    told = connected.system.records.find(CARD["nik"], datetime.now(UTC))
    assert [(row.direction.value, row.place) for row in found] == [(row.direction, row.place) for row in told]


@pytest.mark.parametrize(
    ("mode", "reason"),
    [
        ("another_person", "another_person"),
        ("malformed", "unreadable"),
        ("bad_request", "status_400"),
        ("error", "status_500"),
        ("down", None),
        ("slow", None),
    ],
)
async def test_what_is_no_answer_about_this_person_is_a_silent_system(
    connected: Connected, mode: str, reason: str | None
) -> None:
    connected.system.behaviours.set("search", Behaviour(mode, delay_seconds=2.0))
    with pytest.raises(UpstreamDown) as down:
        await connected.client.list_crossings(CARD["nik"], date(1990, 2, 5))
    assert reason is None or down.value.reason == reason


async def test_a_very_long_list_is_cut_to_the_newest(connected: Connected) -> None:
    rows = [Record("arrival", AT + timedelta(hours=hour), "Batam") for hour in range(MOST_CROSSINGS + 1)]
    connected.system.records.tell(CARD["nik"], rows)
    found = await connected.client.list_crossings(CARD["nik"], date(1990, 2, 5))
    assert (len(found), found[0].at, found[-1].at) == (MOST_CROSSINGS, rows[-1].at, rows[1].at)


async def test_the_service_is_wired_to_what_the_settings_name(connected: Connected, monkeypatch: Any) -> None:
    settings = make_settings(crossings_url=connected.url, crossings_token="an invented token")
    parts = assemble(settings, World().platform)
    assert parts.service.crossings._source is not None
    assert parts.close is not None
    await parts.close()
