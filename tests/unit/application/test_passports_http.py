"""Passports over HTTP: shown, reported, replaced, taken over, passed on at the 17th birthday; and every refusal."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from services.application.applications.book import BookFacts, BookKind
from services.application.applications.check_digits import check_digit
from services.application.passports.passport import Passport, PassportSource, PassportState
from services.application.passports.repository import PASSPORT
from shared.events.application import (
    ApplicationDataRead,
    ChildPassportPassedOn,
    PassportPassedToHolder,
    PassportReported,
    PassportReportUndone,
)
from shared.events.identity import ChildCameOfAge
from shared.store.kinds import Record
from shared.tokens import Role
from tests.conftest import START
from tests.unit.application import make
from tests.unit.application.browser import Browser
from tests.unit.application.browser import browser as browser
from tests.unit.application.test_http import ANSWERS
from tests.unit.application.world import CARD, OWNER, World

NUMBER = "X1234567"
ASSISTED = "?on_behalf_of=acc&assistance=assistance-1"
TEN_YEARS = BookFacts(BookKind.ELECTRONIC, date(2026, 11, 1), date(2036, 11, 1))
ALMOST_OVER = BookFacts(BookKind.ORDINARY, date(2022, 6, 1), date(2027, 6, 1))
TEENAGER = CARD | {"full_name": "PUTRA CONTOH LATIHAN", "nik": "3174010112090003", "birth_date": "2009-12-01"}
BIRTHDAY = datetime(2026, 12, 1, tzinfo=UTC) - timedelta(hours=7)
"""Midnight in Jakarta, with which they are 17."""


@pytest.fixture(autouse=True)
def _loopback_allowed(socket_enabled: None) -> None:
    """Let these tests open sockets where the unit room blocks them."""


async def keep(world: World, number: str = NUMBER, **changes: Any) -> str:
    """Keep a passport of the account ``acc``; its id."""
    base = Passport("person-appl", "acc", "appl", TEN_YEARS, PassportSource.PRINTED, START, "", ())
    record = await world.service.passport_records.record(number, replace(base, **changes))
    assert record is not None
    return record.id


async def passport(world: World, passport_id: str) -> Passport:
    return (await world.service.passport_records.repository.existing(passport_id)).state


async def everything(world: World) -> list[Record[Passport]]:
    return [record async for record in world.store.scan(PASSPORT)]


# shown


@pytest.mark.acceptance("F49.passports_shown")
async def test_a_printed_book_is_shown_from_the_printer_to_the_hand(browser: Browser, world: World) -> None:
    application_id = await world.printed()
    _, listed = await browser.ask("GET", "/v1/passports")
    (shown,) = listed["passports"]
    assert shown["state"] == "printed" and shown["next_call"] is None
    path = f"/v1/applications/{application_id}/collection"
    assert (await browser.ask("POST", path, Role.FRONT_OFFICER, json={"collected_by": "self"}))[0] == 200
    await world.hear_own()
    status, shown = await browser.ask("GET", f"/v1/passports/{shown['passport_id']}")
    assert status == 200
    assert (shown["passport_number_masked"], shown["kind"], shown["state"]) == ("*****567", "electronic", "collected")
    assert (shown["office_id"], shown["application_id"]) == (make.OFFICE, application_id)
    assert (shown["issued_on"], shown["expires_on"]) == ("2026-11-30", "2036-11-30")
    assert shown["is_expired"] is False and shown["applicant_id"] == "appl"
    assert NUMBER not in str(shown) and NUMBER not in str(listed)


async def test_the_newest_book_comes_first_and_an_expired_one_says_so(browser: Browser, world: World) -> None:
    await world.meet()
    old = replace(ALMOST_OVER, expires_on=date(2026, 11, 22))
    await keep(world, "A7654321", book=old, recorded_at=START + timedelta(days=1))
    await keep(world)
    _, listed = await browser.ask("GET", "/v1/passports")
    assert [shown["is_expired"] for shown in listed["passports"]] == [False, True]
    assert listed["passports"][1]["next_call"]["href"].endswith("/replacement")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "", None),
        ("POST", "/report", {"report": "lost"}),
        ("POST", "/replacement", {}),
    ],
)
async def test_another_accounts_book_is_not_there(
    browser: Browser, world: World, method: str, path: str, body: Any
) -> None:
    await world.meet()
    passport_id = await keep(world)
    before = await everything(world)
    words = {"json": body} if body is not None else {}
    status, problem = await browser.ask(method, f"/v1/passports/{passport_id}{path}", account="other", **words)
    assert (status, problem["code"]) == (404, "not_found")
    assert (await browser.ask("GET", "/v1/passports", account="other"))[1]["passports"] == []
    status, problem = await browser.ask(method, f"/v1/passports/{passport_id}{path}", Role.FRONT_OFFICER, **words)
    assert (status, problem["code"]) == (403, "assistance_needed")
    assert await everything(world) == before


async def test_an_officer_sees_with_the_persons_consent_and_the_read_is_told(browser: Browser, world: World) -> None:
    await world.meet()
    await world.consent()
    passport_id = await keep(world)
    for path in ("/v1/passports", f"/v1/passports/{passport_id}"):
        assert (await browser.ask("GET", path + ASSISTED, Role.FRONT_OFFICER))[0] == 200
    reads = world.events(ApplicationDataRead)
    assert [(read.kind, read.account_ids) for read in reads] == [("passport", ("acc",))] * 2
    await browser.ask("GET", "/v1/passports", Role.FRONT_OFFICER)
    await world.consent("staff-interviewer", assistance_id="assistance-2")
    status, _ = await browser.ask("GET", "/v1/passports" + ASSISTED, Role.FRONT_OFFICER, account="staff-other")
    assert status == 403
    assert len(world.events(ApplicationDataRead)) == 2


async def test_the_read_of_an_empty_list_is_of_nobody(browser: Browser, world: World) -> None:
    await world.meet()
    await world.consent()
    status, listed = await browser.ask("GET", "/v1/passports" + ASSISTED, Role.FRONT_OFFICER)
    assert (status, listed["passports"]) == (200, [])
    assert world.events(ApplicationDataRead) == []


async def test_the_book_of_somebody_who_was_removed_from_the_account_is_not_shown(
    browser: Browser, world: World
) -> None:
    passport_id = await keep(world)
    assert (await browser.ask("GET", "/v1/passports"))[1]["passports"] == []
    assert (await browser.ask("GET", f"/v1/passports/{passport_id}"))[0] == 404


async def test_a_book_whose_key_was_destroyed_is_not_shown(browser: Browser, world: World) -> None:
    await world.meet()
    passport_id = await keep(world)
    await world.platform.person_keys.destroy(passport_id)
    assert (await browser.ask("GET", "/v1/passports"))[1]["passports"] == []
    assert (await browser.ask("GET", f"/v1/passports/{passport_id}"))[0] == 404


# a child and its 17th birthday


async def childs_book(world: World, **changes: Any) -> str:
    await world.meet()
    await world.meet("teen", TEENAGER, guardian_applicant_id="appl", guardian_person_id="person-appl")
    return await keep(world, person_id="person-teen", applicant_id="teen", of_child=True, **changes)


@pytest.mark.acceptance("F49.passports_shown")
async def test_a_guardian_sees_a_childs_book_until_the_birthday(browser: Browser, world: World) -> None:
    passport_id = await childs_book(world)
    world.clock.set(BIRTHDAY - timedelta(seconds=2))
    assert (await browser.ask("GET", f"/v1/passports/{passport_id}"))[0] == 200
    world.clock.set(BIRTHDAY)
    before = await everything(world)
    assert (await browser.ask("GET", "/v1/passports"))[1]["passports"] == []
    for method, path, words in (
        ("GET", "", {}),
        ("POST", "/report", {"json": {"report": "lost"}}),
        ("POST", "/replacement", {"json": {}}),
    ):
        status, problem = await browser.ask(method, f"/v1/passports/{passport_id}{path}", **words)
        assert (status, problem["code"]) == (403, "passport_of_grown_child"), method
        assert problem["next_call"] == {"method": "POST", "href": "/v1/registrations"}
    assert await everything(world) == before


async def test_the_holder_sees_it_from_that_day_in_an_account_of_their_own(browser: Browser, world: World) -> None:
    passport_id = await childs_book(world)
    await world.meet("self", TEENAGER, account_id="own", person_id="person-teen")
    assert (await browser.ask("GET", f"/v1/passports/{passport_id}", account="own"))[0] == 404
    assert (await browser.ask("GET", "/v1/passports", account="own"))[1]["passports"] == []
    world.clock.set(BIRTHDAY)
    status, shown = await browser.ask("GET", f"/v1/passports/{passport_id}", account="own")
    assert (status, shown["applicant_id"]) == (200, "self")
    (listed,) = (await browser.ask("GET", "/v1/passports", account="own"))[1]["passports"]
    assert listed == shown
    status, shown = await browser.ask(
        "POST", f"/v1/passports/{passport_id}/report", account="own", json={"report": "lost"}
    )
    assert (status, shown["state"]) == (200, "lost")
    assert [event.account_id for event in world.events(PassportReported)] == ["own"]
    assert (await browser.ask("GET", f"/v1/passports/{passport_id}"))[0] == 404  # the guardian's account has it no more


async def test_both_are_told_once_that_it_is_passed_on(world: World) -> None:
    passport_id = await childs_book(world)
    world.clock.set(BIRTHDAY + timedelta(days=3))
    for version in (7, 7):
        await world.tell(ChildCameOfAge(account_id="acc", applicant_id="teen"), version)
    assert [event.account_id for event in world.events(ChildPassportPassedOn)] == ["acc"]
    assert world.events(PassportPassedToHolder) == []
    for _ in range(2):
        await world.meet("self", TEENAGER, account_id="own", person_id="person-teen")
    assert [event.account_id for event in world.events(PassportPassedToHolder)] == ["own"]
    assert len(world.events(ChildPassportPassedOn)) == 1
    state = await passport(world, passport_id)
    assert (state.account_id, state.applicant_id, state.of_child) == ("own", "self", False)


async def test_an_account_from_before_the_birthday_gets_it_with_the_news(world: World) -> None:
    passport_id = await childs_book(world)
    await world.meet("self", TEENAGER, account_id="own", person_id="person-teen")
    assert (await passport(world, passport_id)).account_id == "acc"
    world.clock.set(BIRTHDAY + timedelta(days=3))
    await world.tell(ChildCameOfAge(account_id="acc", applicant_id="teen"), 7)
    assert (await passport(world, passport_id)).account_id == "own"


async def test_where_two_accounts_say_that_they_are_the_holder_neither_gets_it(browser: Browser, world: World) -> None:
    passport_id = await childs_book(world)
    world.clock.set(BIRTHDAY + timedelta(days=3))
    await world.tell(ChildCameOfAge(account_id="acc", applicant_id="teen"), 7)
    await world.meet("self-one", TEENAGER, account_id="one", person_id="person-teen")
    assert (await passport(world, passport_id)).account_id == "one"
    other = await keep(world, "B7654321", person_id="person-teen", applicant_id="teen", of_child=True)
    await world.meet("self-two", TEENAGER, account_id="two", person_id="person-teen")
    for account in ("one", "two"):
        assert (await browser.ask("GET", f"/v1/passports/{other}", account=account))[0] == 404
    assert (await passport(world, other)).account_id == "acc"


async def test_a_book_that_is_printed_for_a_grown_child_is_passed_on_at_once(world: World) -> None:
    await world.printed()
    (record,) = await everything(world)
    await world.store.remove(PASSPORT, record)
    applicant = await world.service.applications.repository.applicant("appl")
    assert applicant is not None
    grown = replace(applicant.state, came_of_age=True, guardian_applicant_id="mother")
    await world.service.applications.repository.keep_applicant("appl", applicant, grown, world.clock.now(), "m")
    await world.hear_own()
    assert [event.account_id for event in world.events(ChildPassportPassedOn)] == ["acc"]


# reports


@pytest.mark.parametrize(("report", "repeat_of"), [("lost", "lost"), ("damaged", "damaged")])
async def test_a_report_blocks_the_book_once(browser: Browser, world: World, report: str, repeat_of: str) -> None:
    await world.meet()
    passport_id = await keep(world)
    for _ in range(2):
        status, shown = await browser.ask("POST", f"/v1/passports/{passport_id}/report", json={"report": report})
        assert (status, shown["state"]) == (200, report)
    assert shown["reported_at"] is not None
    assert shown["next_call"]["href"] == f"/v1/passports/{passport_id}/replacement"
    assert [event.report for event in world.events(PassportReported)] == [repeat_of]
    assert (await passport(world, passport_id)).reported_by == "acc"


async def test_an_officer_reports_for_a_person_who_consented(browser: Browser, world: World) -> None:
    await world.meet()
    await world.consent()
    passport_id = await keep(world)
    path = f"/v1/passports/{passport_id}/report{ASSISTED}"
    assert (await browser.ask("POST", path, Role.FRONT_OFFICER, json={"report": "lost"}))[0] == 200
    assert (await passport(world, passport_id)).reported_by == "staff-front_officer"
    assert [read.kind for read in world.events(ApplicationDataRead)] == ["passport"]


@pytest.mark.parametrize("state", [PassportState.PRINTED, PassportState.REPLACED, PassportState.CANCELLED])
async def test_a_book_that_nobody_has_in_hand_is_not_reported_and_not_replaced(
    browser: Browser, world: World, state: PassportState
) -> None:
    await world.meet()
    passport_id = await keep(world, state=state)
    before = await everything(world)
    for path, body in (("report", {"report": "lost"}), ("replacement", {"reason": "pages_full"})):
        status, problem = await browser.ask("POST", f"/v1/passports/{passport_id}/{path}", json=body)
        assert (status, problem["code"], problem["state"]) == (409, "passport_not_in_hand", state.value)
        assert problem["next_call"] == {"method": "GET", "href": "/v1/passports"}
    undo = {"number": NUMBER}
    status, problem = await browser.ask("POST", f"/v1/passports/{passport_id}/recovery", Role.FRONT_OFFICER, json=undo)
    assert (status, problem["code"]) == (409, "passport_not_in_hand")
    assert await everything(world) == before


async def test_only_an_officer_with_the_book_in_hand_undoes_a_report(browser: Browser, world: World) -> None:
    await world.meet()
    passport_id = await keep(world)
    await browser.ask("POST", f"/v1/passports/{passport_id}/report", json={"report": "lost"})
    path = f"/v1/passports/{passport_id}/recovery"
    assert (await browser.ask("POST", path, json={"number": NUMBER}))[0] == 403
    status, problem = await browser.ask("POST", path, Role.FRONT_OFFICER, json={"number": "X1234568"})
    assert (status, problem["code"]) == (409, "passport_number_differs")
    assert "X1234568" not in str(problem)
    assert (await passport(world, passport_id)).state is PassportState.LOST
    for _ in range(2):
        status, shown = await browser.ask("POST", path, Role.FRONT_OFFICER, json={"number": " x1234567"})
        assert (status, shown["state"]) == (200, "collected")
    assert len(world.events(PassportReportUndone)) == 1
    missing = f"/v1/passports/{'0' * 8}/recovery"
    assert (await browser.ask("POST", missing, Role.FRONT_OFFICER, json={"number": NUMBER}))[0] == 404


@pytest.mark.parametrize("report", ["lost", "damaged"])
async def test_a_report_stands_while_its_replacement_goes_on(browser: Browser, world: World, report: str) -> None:
    await world.meet()
    passport_id = await keep(world)
    path, undo = f"/v1/passports/{passport_id}", {"number": NUMBER}
    await browser.ask("POST", f"{path}/report", json={"report": report})
    _, begun = await browser.ask("POST", f"{path}/replacement", json={})
    status, problem = await browser.ask("POST", f"{path}/recovery", Role.FRONT_OFFICER, json=undo)
    assert (status, problem["code"]) == (409, "replacement_under_way")
    assert problem["application_id"] == begun["application_id"]
    assert (await passport(world, passport_id)).state.value == report
    await browser.ask("POST", f"/v1/applications/{begun['application_id']}/withdrawal")
    status, shown = await browser.ask("POST", f"{path}/recovery", Role.FRONT_OFFICER, json=undo)
    assert (status, shown["state"]) == (200, "collected")


async def test_a_draft_that_asks_for_no_penalty_keeps_no_report(browser: Browser, world: World) -> None:
    await world.meet()
    passport_id = await keep(world, book=ALMOST_OVER)
    await browser.ask("POST", f"/v1/passports/{passport_id}/replacement", json={})
    path, undo = f"/v1/passports/{passport_id}", {"number": NUMBER}
    await browser.ask("POST", f"{path}/report", json={"report": "lost"})
    assert (await browser.ask("POST", f"{path}/recovery", Role.FRONT_OFFICER, json=undo))[0] == 200


# replacements


@pytest.mark.acceptance("F51.prefilled_replacement")
@pytest.mark.parametrize(
    ("changes", "body", "reason"),
    [
        ({"state": PassportState.LOST}, {}, "lost"),
        ({"state": PassportState.DAMAGED}, {"reason": "pages_full"}, "damaged"),
        ({"book": ALMOST_OVER}, {}, "expired"),
        ({}, {"reason": "pages_full"}, "pages_full"),
        ({}, {"reason": "data_change"}, "data_change"),
    ],
)
async def test_one_call_begins_a_replacement_with_everything_filled_in(
    browser: Browser, world: World, changes: dict[str, Any], body: dict[str, str], reason: str
) -> None:
    await world.meet()
    passport_id = await keep(world, **changes)
    status, view = await browser.ask("POST", f"/v1/passports/{passport_id}/replacement", json=body)
    assert status == 201, view
    assert (view["state"], view["current_step"]) == ("draft", "documents")
    answers = view["answers"]
    assert (answers["has_held_passport"], answers["reason"]) == (True, reason)
    is_old = "book" in changes
    assert answers["passport_kind"] == ("ordinary" if is_old else "electronic")
    assert answers["validity_years"] == (5 if is_old else 10)
    assert answers["old_passport_since_2009"] is True


@pytest.mark.acceptance("F51.prefilled_replacement")
async def test_the_answers_of_the_earlier_application_are_taken_over(browser: Browser, world: World) -> None:
    await world.collected()
    (record,) = await everything(world)
    await browser.ask("POST", f"/v1/passports/{record.id}/report", json={"report": "lost"})
    status, view = await browser.ask("POST", f"/v1/passports/{record.id}/replacement", json={})
    assert status == 201
    assert view["answers"]["purpose"] == "tourism"
    assert (view["answers"]["reason"], view["answers"]["validity_years"]) == ("lost", 10)


async def test_a_childs_replacement_is_for_five_years(browser: Browser, world: World) -> None:
    passport_id = await childs_book(world)
    body = {"reason": "pages_full"}
    status, view = await browser.ask("POST", f"/v1/passports/{passport_id}/replacement", json=body)
    assert (status, view["answers"]["validity_years"]) == (201, 5)


async def test_a_book_that_is_valid_for_long_needs_a_reason(browser: Browser, world: World) -> None:
    await world.meet()
    passport_id = await keep(world)
    status, problem = await browser.ask("POST", f"/v1/passports/{passport_id}/replacement", json={})
    assert (status, problem["code"], problem["expires_on"]) == (409, "replacement_not_due", "2036-11-01")
    assert (await browser.ask("GET", "/v1/applications"))[1]["applications"] == []


async def test_a_second_replacement_waits_for_the_first(browser: Browser, world: World) -> None:
    await world.meet()
    passport_id = await keep(world, state=PassportState.LOST)
    path, key = f"/v1/passports/{passport_id}/replacement", {"Idempotency-Key": "one-replacement-1"}
    _, first = await browser.ask("POST", path, json={}, headers=key)
    _, again = await browser.ask("POST", path, json={}, headers=key)
    assert again["application_id"] == first["application_id"]
    status, problem = await browser.ask("POST", path, json={})
    assert (status, problem["code"]) == (409, "replacement_under_way")
    assert problem["application_id"] == first["application_id"]
    assert problem["next_call"]["href"] == f"/v1/applications/{first['application_id']}"
    assert len((await browser.ask("GET", "/v1/applications"))[1]["applications"]) == 1


async def test_a_crash_before_the_answers_is_made_good_by_the_same_call(world: World) -> None:
    await world.meet()
    passport_id = await keep(world, state=PassportState.LOST)
    begun = await world.service.drafting.begin("appl", OWNER, "command-x")
    assert begun.application.answers is None
    done = await world.service.replacements.begin(passport_id, None, OWNER, "command-x")
    assert done.application_id == begun.application_id
    assert done.application.answers is not None
    again = await world.service.replacements.begin(passport_id, None, OWNER, "command-x")
    assert again.application == done.application


# an earlier book at the counter


def zone_of(number: str = "A7654321", born: str = "900205", expires: str = "250304", state: str = "IDN") -> str:
    first = f"P<{state}LATIHAN<<SARI<CONTOH".ljust(44, "<")
    padded = number.ljust(9, "<")
    second = f"{padded}{check_digit(padded)}IDN{born}{check_digit(born)}F{expires}{check_digit(expires)}"
    second += "<" * 14 + "<"
    return f"{first}\n{second}{check_digit(second[0:10] + second[13:20] + second[21:43])}"


BOOK = {"kind": "ordinary", "issued_on": "2020-03-04"}


async def test_an_earlier_book_is_taken_by_its_zone(browser: Browser, world: World) -> None:
    application_id = await world.at_the_counter()
    path = f"/v1/applications/{application_id}/old-passport"
    for _ in range(2):
        status, shown = await browser.ask("POST", path, Role.FRONT_OFFICER, json={**BOOK, "zone": zone_of()})
        assert status == 201, shown
    assert (shown["passport_number_masked"], shown["source"], shown["state"]) == (
        "*****321",
        "read_by_officer",
        "collected",
    )
    assert (shown["issued_on"], shown["expires_on"], shown["is_expired"]) == ("2020-03-04", "2025-03-04", True)
    (record,) = await everything(world)
    assert record.state.recorded_by == "staff-front_officer"
    assert await world.service.passport_records.vault.number(record.id, record.state) == "A7654321"
    assert {read.kind for read in world.events(ApplicationDataRead)} == {"passport"}
    own = (await browser.ask("GET", "/v1/passports"))[1]["passports"]
    assert [known["passport_id"] for known in own] == [record.id]


async def test_an_earlier_book_is_taken_by_number_and_check_digit(browser: Browser, world: World) -> None:
    application_id = await world.at_the_counter()
    path = f"/v1/applications/{application_id}/old-passport"
    body = {**BOOK, "number": "A7654321", "check_digit": check_digit("A7654321<"), "expires_on": "2025-03-04"}
    status, shown = await browser.ask("POST", path, Role.INTERVIEWER, json={**body, "office_id": "medan"})
    assert (status, shown["office_id"]) == (201, "medan")


async def test_a_book_is_valid_for_ten_years_at_most(browser: Browser, world: World) -> None:
    path = f"/v1/applications/{await world.at_the_counter()}/old-passport"
    body = {**BOOK, "zone": zone_of(expires="300304")}
    assert (await browser.ask("POST", path, Role.FRONT_OFFICER, json=body))[0] == 201


def with_sign(zone: str, place: int, sign: str) -> str:
    first, second = zone.split("\n")
    return f"{first}\n{second[:place]}{sign}{second[place + 1 :]}"


def one_more(digit: str) -> str:
    return str((int(digit) + 1) % 10)


ZONE = zone_of()
SECOND = ZONE.split("\n")[1]


@pytest.mark.parametrize(
    ("changes", "status", "code", "facts"),
    [
        ({"zone": with_sign(ZONE, 9, one_more(SECOND[9]))}, 422, "check_digit_wrong", ["number", "whole_line"]),
        ({"zone": with_sign(ZONE, 19, one_more(SECOND[19]))}, 422, "check_digit_wrong", ["birth_date", "whole_line"]),
        ({"zone": with_sign(ZONE, 27, one_more(SECOND[27]))}, 422, "check_digit_wrong", ["expires_on", "whole_line"]),
        ({"zone": with_sign(ZONE, 42, "7")}, 422, "check_digit_wrong", ["personal_number", "whole_line"]),
        ({"zone": with_sign(ZONE, 43, one_more(SECOND[43]))}, 422, "check_digit_wrong", ["whole_line"]),
        ({"zone": zone_of(expires="251304")}, 422, "check_digit_wrong", ["expires_on"]),
        ({"zone": zone_of("A7654")}, 422, "check_digit_wrong", ["number"]),
        ({"zone": zone_of("17654321")}, 422, "check_digit_wrong", ["number"]),
        ({"zone": zone_of("A76<4321")}, 422, "check_digit_wrong", ["number"]),
        ({"zone": zone_of(state="MYS")}, 422, "zone_unreadable", None),
        ({"zone": zone_of(expires="300305")}, 422, "validity_too_long", None),
        ({"zone": ZONE.replace("P<", "I<", 1)}, 422, "zone_unreadable", None),
        ({"zone": SECOND}, 422, "zone_unreadable", None),
        ({"zone": ZONE[:-1]}, 422, "zone_unreadable", None),
        ({"zone": with_sign(ZONE, 43, "?")}, 422, "zone_unreadable", None),
        ({"zone": zone_of(born="900206")}, 409, "passport_holder_differs", None),
        ({"zone": ZONE, "issued_on": "2025-03-04"}, 422, "expiry_before_issue", None),
        ({"zone": zone_of(expires="360304"), "issued_on": "2026-12-01"}, 422, "expiry_before_issue", None),
        ({}, 422, "book_facts_missing", None),
        ({"number": "A7654321", "check_digit": "1"}, 422, "book_facts_missing", None),
        (
            {"number": "A7654321", "check_digit": one_more(check_digit("A7654321<")), "expires_on": "2025-03-04"},
            422,
            "check_digit_wrong",
            ["number"],
        ),
    ],
)
async def test_a_book_that_was_typed_wrongly_is_refused_and_nothing_is_recorded(
    browser: Browser, world: World, changes: dict[str, Any], status: int, code: str, facts: list[str] | None
) -> None:
    application_id = await world.at_the_counter()
    path = f"/v1/applications/{application_id}/old-passport"
    got, problem = await browser.ask("POST", path, Role.FRONT_OFFICER, json={**BOOK, **changes})
    assert (got, problem["code"]) == (status, code), problem
    assert problem.get("fields") == facts
    assert "A7654321" not in str(problem)
    assert await everything(world) == []


@pytest.mark.parametrize(
    "changes",
    [{"kind": "electronic"}, {"issued_on": "2020-03-05"}, {"zone": zone_of(expires="250305")}, {"office_id": "medan"}],
)
async def test_a_book_that_is_recorded_with_other_facts_stays_as_it_is(
    browser: Browser, world: World, changes: dict[str, str]
) -> None:
    path = f"/v1/applications/{await world.at_the_counter()}/old-passport"
    first = {**BOOK, "zone": ZONE, "office_id": "bandung"}
    assert (await browser.ask("POST", path, Role.FRONT_OFFICER, json=first))[0] == 201
    before = await everything(world)
    status, problem = await browser.ask("POST", path, Role.FRONT_OFFICER, json={**first, **changes})
    assert (status, problem["code"]) == (409, "passport_recorded_otherwise")
    assert "bandung" not in str(problem) and "2025" not in str(problem)
    assert await everything(world) == before
    del first["office_id"]
    status, shown = await browser.ask("POST", path, Role.FRONT_OFFICER, json=first)
    assert (status, shown["office_id"]) == (201, "bandung")


async def test_one_number_is_not_recorded_for_two_persons(browser: Browser, world: World) -> None:
    application_id = await world.at_the_counter()
    await keep(world, "A7654321", person_id="somebody", account_id="other")
    before = await everything(world)
    path = f"/v1/applications/{application_id}/old-passport"
    status, problem = await browser.ask("POST", path, Role.FRONT_OFFICER, json={**BOOK, "zone": ZONE})
    assert (status, problem["code"]) == (409, "passport_number_of_another")
    assert await everything(world) == before


async def test_a_book_is_taken_at_the_counter_of_the_office_alone(browser: Browser, world: World) -> None:
    application_id = await world.booked()
    path, body = f"/v1/applications/{application_id}/old-passport", {**BOOK, "zone": ZONE}
    status, problem = await browser.ask("POST", path, Role.FRONT_OFFICER, json=body)
    assert (status, problem["code"]) == (409, "step_comes_first")
    status, problem = await browser.ask("POST", path, Role.FRONT_OFFICER, json=body, office="medan")
    assert (status, problem["code"]) == (403, "not_your_office")
    assert (await browser.ask("POST", path, json=body))[0] == 403
    assert await everything(world) == []


async def test_an_erased_number_cannot_be_recorded_again(browser: Browser, world: World) -> None:
    application_id = await world.at_the_counter()
    passport_id = await keep(world, "A7654321")
    assert await world.service.passport_records.erase(passport_id)
    assert not await world.service.passport_records.erase(passport_id)
    path = f"/v1/applications/{application_id}/old-passport"
    assert (await browser.ask("POST", path, Role.FRONT_OFFICER, json={**BOOK, "zone": ZONE}))[0] == 404


async def test_a_recorded_book_contradicts_an_application_for_a_first_one(browser: Browser, world: World) -> None:
    await world.meet()
    await keep(world, "A7654321", source=PassportSource.IMPORTED)
    _, draft = await browser.ask("POST", "/v1/applications", json={"applicant_id": "appl"})
    path = f"/v1/applications/{draft['application_id']}/questionnaire"
    status, problem = await browser.ask("PUT", path, json=ANSWERS)
    assert (status, problem["code"]) == (422, "answers_contradict")
    await browser.ask("POST", f"/v1/applications/{draft['application_id']}/withdrawal")


async def test_an_older_book_that_comes_later_is_replaced_by_the_newer_one(browser: Browser, world: World) -> None:
    application_id = await world.at_the_counter()
    newer = await keep(world)
    path = f"/v1/applications/{application_id}/old-passport"
    status, shown = await browser.ask("POST", path, Role.FRONT_OFFICER, json={**BOOK, "zone": ZONE})
    assert (status, shown["state"], shown["replaced_by"]) == (201, "replaced", newer)
    assert shown["next_call"] == {"method": "GET", "href": "/v1/passports"}
