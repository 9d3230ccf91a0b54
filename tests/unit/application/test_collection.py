"""A printed book waits a month: reminders that name its end, and the people who may collect it for its holder."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.application.applications.application import Status
from services.application.applications.collection import REMINDER_DAYS, Collector, newest_due_day, next_reminder_at
from services.application.applications.errors import ApplicationEnded, StepComesFirst
from services.application.applications.vault import is_application_current
from services.application.applications.visit import SeatState, Visits
from services.application.collection.errors import (
    CollectedOtherwise,
    CollectorsPapersNotSeen,
    NoProxyAnnounced,
    ProxyIsHolder,
    ProxyNotAuthorised,
)
from services.application.collection.proxies import PAPERS
from services.application.collection.transitions import reminded
from services.application.erasures.transitions import has_collectors, without_collectors
from shared.errors import NotFound, SomeoneElseChangedIt
from shared.events.application import CollectionReminderDue, PassportCollected, PassportPrinted, ProxyAnnounced
from shared.events.identity import DataExportAsked
from shared.store.decision import Decision
from shared.tokens import Role
from tests.unit.application import make
from tests.unit.application.browser import Browser
from tests.unit.application.browser import browser as browser
from tests.unit.application.world import CARD, FRONT, OWNER, STRANGER, World

DAY = timedelta(days=1)
PERSON = Collector("BUDI CONTOH KUASA", "3174010101850009")
ANOTHER = Collector("TONO CONTOH LAIN", "3174010202860007")
NINE_IN_JAKARTA = 2
"""The hour of UTC at which an office in Jakarta reminds."""


@pytest.fixture(autouse=True)
def _loopback_allowed(socket_enabled: None) -> None:
    """Let these tests open sockets where the unit room blocks them."""


async def printed(world: World) -> str:
    """An application whose book waits at the office; its id."""
    application_id = await world.approved()
    world.dpri.printed = True
    await world.run_due()
    await world.after(world.settings.print_poll_seconds)
    return application_id


def reminder_on(printed_at: datetime, day: int) -> datetime:
    return (printed_at + day * DAY).replace(hour=NINE_IN_JAKARTA, minute=0, second=0, microsecond=0)


async def hand_out(world: World, application_id: str, by: str, person: Collector | None, *papers: str) -> Any:
    return await world.service.counter.hand_out(
        application_id, by, FRONT, world.command(), collector=person, papers_seen=papers
    )


# reminders


@pytest.mark.acceptance(
    "X13.day_3", "X13.day_14", "X13.day_21", "X13.day_28", "X13.cancellation_date", "Y23.collection"
)
async def test_a_book_that_waits_is_told_of_four_times_with_the_date_of_its_end(world: World) -> None:
    application_id = await printed(world)
    (told,) = world.events(PassportPrinted)
    printed_at = told.collect_until - 30 * DAY
    for number, day in enumerate(REMINDER_DAYS):
        due_at = reminder_on(printed_at, day)
        await world.at(due_at - timedelta(milliseconds=1))
        assert len(world.events(CollectionReminderDue)) == number
        await world.at(due_at)
        await world.after(60)
    reminders = world.events(CollectionReminderDue)
    assert [event.day for event in reminders] == [3, 14, 21, 28]
    assert {event.collect_until for event in reminders} == {told.collect_until}
    assert {(event.account_id, event.office_name) for event in reminders} == {
        ("acc", "Kantor Imigrasi Jakarta Selatan")
    }
    await world.at(told.collect_until)
    assert (await world.look(application_id)).application.status is Status.CLOSED
    assert len(world.events(CollectionReminderDue)) == 4


@pytest.mark.acceptance("X13.cancellation_date")
async def test_the_date_of_the_end_stands_in_the_view_and_in_the_next_action(browser: Browser, world: World) -> None:
    application_id = await printed(world)
    (told,) = world.events(PassportPrinted)
    _, view = await browser.ask("GET", f"/v1/applications/{application_id}")
    waiting = view["collection"]
    assert datetime.fromisoformat(waiting["collect_until"]) == told.collect_until
    assert datetime.fromisoformat(waiting["next_reminder_at"]) == reminder_on(told.collect_until - 30 * DAY, 3)
    assert waiting["collect_until_in_words"] in view["next_action"] and "cancelled" in view["next_action"]
    assert waiting["collect_until_in_words_in_indonesian"] in view["next_action_in_indonesian"]
    assert "dibatalkan" in view["next_action_in_indonesian"]
    assert (waiting["proxy_announced"], view["deadline"]) == (False, waiting["collect_until"])
    await hand_out(world, application_id, "self", None)
    _, view = await browser.ask("GET", f"/v1/applications/{application_id}")
    assert view["collection"] is None


async def test_after_a_long_stop_the_newest_reminder_alone_is_told(world: World) -> None:
    application_id = await printed(world)
    (told,) = world.events(PassportPrinted)
    await world.at(reminder_on(told.collect_until - 30 * DAY, 21) + DAY)
    await world.after(3600)
    assert [event.day for event in world.events(CollectionReminderDue)] == [21]
    await world.at(told.collect_until)
    assert [event.day for event in world.events(CollectionReminderDue)] == [21]
    assert (await world.look(application_id)).application.status is Status.CLOSED


async def test_a_stop_beyond_the_month_tells_of_the_end_alone(world: World) -> None:
    application_id = await printed(world)
    await world.after(40 * 86400)
    assert world.events(CollectionReminderDue) == []
    assert (await world.look(application_id)).application.status is Status.CLOSED


async def test_a_collected_book_is_reminded_of_no_more(world: World) -> None:
    application_id = await printed(world)
    await hand_out(world, application_id, "self", None)
    await world.after(29 * 86400)
    assert world.events(CollectionReminderDue) == []


async def test_a_reminder_that_was_told_is_not_told_again_after_a_crash(world: World) -> None:
    application_id = await printed(world)
    stale = await world.service.applications.application(application_id)
    await world.after(4 * 86400)
    await world.service.collection_reminders.remind_due(stale, "collection_reminder")
    await asyncio.gather(*(world.service.collection_reminders.remind_due(stale, "x") for _ in range(3)))
    assert [event.day for event in world.events(CollectionReminderDue)] == [3]


async def test_a_book_that_waits_for_its_fee_is_not_reminded_of(world: World) -> None:
    application_id = await printed(world)
    record = await world.service.applications.application(application_id)
    seat = record.state.visits.last_seat
    assert seat is not None
    unpaid = replace(record.state, visits=Visits((replace(seat, state=SeatState.VOIDED),)))
    assert unpaid.next_collection_reminder_at is None
    assert reminded(application_id, unpaid, world.clock.now() + 5 * DAY) is None


def test_reminders_are_told_at_nine_by_the_offices_own_clock() -> None:
    late = datetime(2026, 11, 30, 22, 30, tzinfo=UTC)  # the first of December everywhere in the country
    assert next_reminder_at(late, 0, "Asia/Jakarta") == datetime(2026, 12, 4, 2, 0, tzinfo=UTC)
    assert next_reminder_at(late, 0, "Asia/Jayapura") == datetime(2026, 12, 4, 0, 0, tzinfo=UTC)
    assert next_reminder_at(late, 28, "Asia/Jakarta") is None
    assert newest_due_day(late, 3, "Asia/Jakarta", late + 4 * DAY) is None
    assert newest_due_day(late, 0, "Asia/Jakarta", late + 15 * DAY) == 14


def test_nothing_is_told_of_what_is_no_printed_book() -> None:
    assert reminded("a", make.draft(), make.NOW) is None
    waiting = make.draft(status=Status.PRINTED)
    assert reminded("a", waiting, make.NOW) is None and waiting.next_collection_reminder_at is None


# other people at the counter


@pytest.mark.parametrize(("by", "seen"), [(by, papers) for by, papers in PAPERS.items() if papers])
async def test_the_papers_of_a_collector_must_be_seen(world: World, by: str, seen: tuple[str, ...]) -> None:
    application_id = await printed(world)
    for papers in ((), seen[:1], seen[1:]):
        with pytest.raises(CollectorsPapersNotSeen) as refused:
            await hand_out(world, application_id, by, PERSON, *papers)
        assert refused.value.facts["missing"] == [paper for paper in seen if paper not in papers]
    with pytest.raises(CollectorsPapersNotSeen):
        await hand_out(world, application_id, by, None, *seen)
    assert (await world.look(application_id)).application.status is Status.PRINTED
    done = await hand_out(world, application_id, by, PERSON, *seen)
    again = await hand_out(world, application_id, by, PERSON, *seen)
    assert done.application == again.application and done.application.status is Status.COLLECTED
    other = next(way for way in PAPERS if way not in (by, "self"))
    for collected_by, person in (("self", None), (other, PERSON), (by, ANOTHER), (by, None)):
        with pytest.raises(CollectedOtherwise):
            await hand_out(world, application_id, collected_by, person, *seen)
    assert (await world.look(application_id)).application == done.application
    (event,) = world.events(PassportCollected)
    assert event.collected_by == by
    assert PERSON.nik not in str(done.application) + str(event)
    kept = await world.service.applications.vault.collector(
        str(done.application.collector_sealed), application_id, "appl"
    )
    assert kept == PERSON


async def test_a_holder_who_comes_in_person_has_no_collector(browser: Browser, world: World) -> None:
    path = f"/v1/applications/{await printed(world)}/collection"
    collector = {"full_name": PERSON.full_name, "nik": PERSON.nik, "papers_seen": []}
    body = {"collected_by": "self", "collector": collector}
    status, problem = await browser.ask("POST", path, Role.FRONT_OFFICER, json=body)
    assert (status, problem["code"], problem["field"]) == (422, "collector_not_needed", "/collector")
    assert world.events(PassportCollected) == []
    for _ in range(2):
        assert (await browser.ask("POST", path, Role.FRONT_OFFICER, json={"collected_by": "self"}))[0] == 200
    body = {"collected_by": "family", "collector": {**collector, "papers_seen": ["identity_card", "family_card"]}}
    status, problem = await browser.ask("POST", path, Role.FRONT_OFFICER, json=body)
    assert (status, problem["code"], problem["field"]) == (409, "collected_otherwise", "/collected_by")
    assert problem["next_call"]["href"] == path.removesuffix("/collection")
    assert len(world.events(PassportCollected)) == 1


async def test_a_collector_whose_name_is_kept_no_more_is_not_compared(world: World) -> None:
    application_id = await printed(world)
    await hand_out(world, application_id, "proxy", PERSON, *PAPERS["proxy"])
    await world.service.applications.change(application_id, lambda known: Decision(without_collectors(known)))
    again = await hand_out(world, application_id, "proxy", ANOTHER, *PAPERS["proxy"])
    assert again.application.collected_by == "proxy"


async def test_a_book_that_is_not_there_is_asked_for_no_papers(world: World) -> None:
    application_id = await world.approved()
    with pytest.raises(StepComesFirst):
        await hand_out(world, application_id, "proxy", PERSON, *PAPERS["proxy"])


async def test_the_holder_is_no_proxy_of_their_own(world: World) -> None:
    application_id = await printed(world)
    holder = Collector(CARD["full_name"], CARD["nik"])
    with pytest.raises(ProxyIsHolder):
        await hand_out(world, application_id, "proxy", holder, *PAPERS["proxy"])
    with pytest.raises(ProxyIsHolder):
        await world.service.proxies.announce(application_id, holder, OWNER)


async def test_whom_the_holder_announced_collects_and_no_other_with_a_letter(world: World) -> None:
    application_id = await printed(world)
    proxies = world.service.proxies
    await proxies.announce(application_id, PERSON, OWNER)
    await proxies.announce(application_id, PERSON, OWNER)
    assert [event.account_id for event in world.events(ProxyAnnounced)] == ["acc"]
    with pytest.raises(ProxyNotAuthorised):
        await hand_out(world, application_id, "proxy", ANOTHER, *PAPERS["proxy"])
    assert (await world.look(application_id)).application.status is Status.PRINTED
    await hand_out(world, application_id, "proxy", PERSON, *PAPERS["proxy"])
    with pytest.raises(ApplicationEnded):
        await proxies.announce(application_id, ANOTHER, OWNER)
    with pytest.raises(ApplicationEnded):
        await proxies.take_back(application_id, OWNER)


async def test_an_authority_that_was_taken_back_counts_no_more(world: World) -> None:
    application_id = await printed(world)
    proxies = world.service.proxies
    with pytest.raises(NoProxyAnnounced):
        await proxies.take_back(application_id, OWNER)
    await proxies.announce(application_id, PERSON, OWNER)
    await proxies.take_back(application_id, OWNER)
    state = (await world.look(application_id)).application
    await proxies.take_back(application_id, OWNER)
    assert (await world.look(application_id)).application == state
    with pytest.raises(ProxyNotAuthorised):
        await hand_out(world, application_id, "proxy", PERSON, *PAPERS["proxy"])
    await hand_out(world, application_id, "proxy", ANOTHER, *PAPERS["proxy"])


async def test_a_member_of_the_family_needs_no_announcement(world: World) -> None:
    application_id = await printed(world)
    await world.service.proxies.announce(application_id, PERSON, OWNER)
    await hand_out(world, application_id, "family", ANOTHER, *PAPERS["family"])
    assert (await world.look(application_id)).application.collected_by == "family"


async def test_an_authority_taken_back_while_the_officer_looks_keeps_the_book(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    application_id = await printed(world)
    await world.service.proxies.announce(application_id, PERSON, OWNER)
    seal = world.service.applications.vault.seal_collector

    async def meanwhile(*given: Any) -> str:
        monkeypatch.undo()
        await world.service.proxies.take_back(application_id, OWNER)
        return await seal(*given)

    monkeypatch.setattr(world.service.applications.vault, "seal_collector", meanwhile)
    with pytest.raises(SomeoneElseChangedIt):
        await hand_out(world, application_id, "proxy", PERSON, *PAPERS["proxy"])
    assert (await world.look(application_id)).application.status is Status.PRINTED


async def test_strangers_and_drafts_have_no_proxies(world: World) -> None:
    application_id = await world.complete()
    proxies = world.service.proxies
    with pytest.raises(NotFound):
        await proxies.announce(application_id, PERSON, STRANGER)
    with pytest.raises(NotFound):
        await proxies.see(application_id, STRANGER)
    with pytest.raises(NotFound):
        await proxies.take_back(application_id, STRANGER)
    with pytest.raises(StepComesFirst):
        await proxies.announce(application_id, PERSON, OWNER)


async def test_a_submission_that_waits_for_the_civil_registry_has_no_proxy_yet(world: World) -> None:
    await world.add()
    application_id = await world.draft()
    seen = await world.service.drafting.answer(application_id, make.ADULT, OWNER)
    for item in seen.items:
        if item.compulsory:
            await world.upload(application_id, item.code)
    await world.service.drafting.submit(application_id, True, OWNER, world.command())
    with pytest.raises(StepComesFirst):
        await world.service.proxies.announce(application_id, PERSON, OWNER)


async def test_a_proxy_over_http(browser: Browser, world: World) -> None:
    application_id = await printed(world)
    path = f"/v1/applications/{application_id}"
    status, view = await browser.ask("GET", f"{path}/proxy")
    assert (status, view["state"], view["full_name"]) == (200, "none", None)
    body = {"full_name": PERSON.full_name, "nik": "3174 0101 0185 0009"}
    status, view = await browser.ask("PUT", f"{path}/proxy", json=body)
    assert (status, view["state"], view["nik"]) == (200, "announced", "************0009")
    assert view["full_name"] == PERSON.full_name
    _, shown = await browser.ask("GET", path)
    assert shown["collection"]["proxy_announced"] is True and PERSON.full_name not in str(shown)
    assert (await browser.ask("PUT", f"{path}/proxy", json={**body, "nik": "123"}))[0] == 422
    assert (await browser.ask("GET", f"{path}/proxy", account="other"))[0] == 404
    assert (await browser.ask("GET", f"{path}/proxy", Role.FRONT_OFFICER))[0] == 403
    given = {"collected_by": "proxy", "collector": {**body, "papers_seen": ["identity_card"]}}
    status, refused = await browser.ask("POST", f"{path}/collection", Role.FRONT_OFFICER, json=given)
    assert (status, refused["code"], refused["missing"]) == (409, "collectors_papers_not_seen", ["letter_of_authority"])
    given["collector"] = {**body, "papers_seen": ["identity_card", "letter_of_authority"]}
    status, view = await browser.ask("DELETE", f"{path}/proxy")
    assert (status, view["state"]) == (200, "taken_back")
    status, refused = await browser.ask("POST", f"{path}/collection", Role.FRONT_OFFICER, json=given)
    assert (status, refused["code"]) == (409, "proxy_not_authorised")
    await browser.ask("PUT", f"{path}/proxy", json=body)
    status, view = await browser.ask("POST", f"{path}/collection", Role.FRONT_OFFICER, json=given)
    assert (status, view["state"]) == (200, "collected")
    status, letter = await browser.ask("GET", "/v1/forms/letter_of_authority")
    assert (status, letter[:4]) == (200, b"%PDF")


# what is kept of them


async def test_collectors_are_exported_turned_and_erased(world: World) -> None:
    application_id = await printed(world)
    await world.service.proxies.announce(application_id, PERSON, OWNER)
    await hand_out(world, application_id, "proxy", PERSON, *PAPERS["proxy"])
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
    parts = world.own_parts()
    (exported,) = (await parts.collect(asked)).applications
    assert exported.proxy is not None and exported.collector is not None
    assert (exported.proxy.nik, exported.collector.full_name) == (PERSON.nik, PERSON.full_name)
    assert exported.collected_by == "proxy"
    state = (await world.service.applications.application(application_id)).state
    assert is_application_current(application_id, state)
    assert await world.service.applications.vault.application_turned(application_id, state) == state
    by_master = replace(state, collector_sealed="k1:x")
    assert not is_application_current(application_id, by_master)
    assert has_collectors(state) and not has_collectors(without_collectors(state))
