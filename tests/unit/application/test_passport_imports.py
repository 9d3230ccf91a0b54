"""Older passports out of a file: checked by one operator, run by another, all of its rows or none."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.application.passport_imports.errors import PassportFileNotAsChecked
from services.application.passport_imports.repository import PASSPORT_IMPORT
from services.application.passport_imports.table import MOST_ROWS, read_table
from services.application.passports.passport import PassportState
from services.application.passports.repository import PASSPORT
from shared.store.codec import encode
from shared.store.kinds import Record
from shared.tokens import Role
from tests.conftest import START
from tests.unit.application.browser import Browser
from tests.unit.application.browser import browser as browser
from tests.unit.application.test_passports_http import keep
from tests.unit.application.world import CHILD, World

HEADER = "applicant_id,number,kind,issued_on,expires_on,office_id"
ROWS = ("appl,A7654321,ordinary,2020-03-04,2025-03-04,medan", "child,B 7654321,Electronic,2024-05-06,2029-05-06,")
CSV = {"Content-Type": "text/csv"}


@pytest.fixture(autouse=True)
def _loopback_allowed(socket_enabled: None) -> None:
    """Let these tests open sockets where the unit room blocks them."""


@pytest.fixture
async def met(world: World) -> AsyncIterator[World]:
    await world.meet()
    await world.meet("child", CHILD, guardian_applicant_id="appl")
    yield world


def file_of(*rows: str, header: str = HEADER) -> str:
    return "\n".join((header, *rows)) + "\n"


async def send(browser: Browser, data: str, query: str = "", by: str = "operator-1") -> tuple[int, Any]:
    path = f"/v1/passport-imports{query}"
    return await browser.ask("POST", path, Role.OPERATOR, account=by, data=data.encode(), headers=CSV)


async def checked(browser: Browser, data: str) -> str:
    status, view = await send(browser, data)
    assert (status, view["errors"]) == (200, []), view
    return str(view["import_id"])


async def passports(world: World) -> list[Record[Any]]:
    return [record async for record in world.store.scan(PASSPORT)]


async def test_two_operators_take_older_books_over(browser: Browser, met: World) -> None:
    data = file_of(*ROWS)
    status, view = await send(browser, data)
    assert status == 200
    assert [row["outcome"] for row in view["rows"]] == ["would_be_recorded"] * 2
    assert await passports(met) == []
    assert "7654321" not in str(view)
    run = f"?dry_run=false&import_id={view['import_id']}"
    for _ in range(2):
        status, done = await send(browser, data, run, by="operator-2")
        assert (status, done["state"]) == (200, "done"), done
    assert [row["outcome"] for row in done["rows"]] == ["recorded"] * 2
    states = {record.state.applicant_id: record.state for record in await passports(met)}
    own, childs = states["appl"], states["child"]
    assert (own.recorded_by, own.agreed_by, own.source) == ("operator-1", "operator-2", "imported")
    assert (own.office_id, own.of_child, childs.of_child, childs.office_id) == ("medan", False, True, None)
    assert own.state is PassportState.COLLECTED
    listed = (await browser.ask("GET", "/v1/passports"))[1]["passports"]
    assert [shown["passport_number_masked"] for shown in listed] == ["*****321"] * 2


@pytest.mark.parametrize(
    ("query", "by", "data", "status", "code"),
    [
        ("?dry_run=false", "operator-2", file_of(*ROWS), 422, "passport_file_not_checked"),
        ("?dry_run=false&import_id=nothing", "operator-2", file_of(*ROWS), 404, "passport_file_unknown"),
        ("?dry_run=false&import_id={id}", "operator-1", file_of(*ROWS), 403, "second_officer_needed"),
        ("?dry_run=false&import_id={id}", "operator-2", file_of(ROWS[0]), 409, "passport_file_changed"),
    ],
)
async def test_a_file_is_run_by_another_operator_as_it_was_checked(
    browser: Browser, met: World, query: str, by: str, data: str, status: int, code: str
) -> None:
    import_id = await checked(browser, file_of(*ROWS))
    got, problem = await send(browser, data, query.format(id=import_id), by=by)
    assert (got, problem["code"]) == (status, code)
    assert await passports(met) == []


async def test_a_check_is_good_for_seven_days(browser: Browser, met: World) -> None:
    data = file_of(*ROWS)
    import_id = await checked(browser, data)
    met.clock.advance(timedelta(days=7).total_seconds())
    status, problem = await send(browser, data, f"?dry_run=false&import_id={import_id}", by="operator-2")
    assert (status, problem["code"]) == (404, "passport_file_unknown")


async def test_conflicts_are_named_with_their_rows_and_the_file_gets_no_id(browser: Browser, met: World) -> None:
    await keep(met, "C7654321", person_id="somebody", account_id="other")
    await keep(met, "D7654321")
    rows = (
        "appl,C7654321,ordinary,2020-03-04,2025-03-04,",
        "nobody,E7654321,ordinary,2020-03-04,2025-03-04,",
        "appl,D7654321,ordinary,2020-03-04,2025-03-04,",
        "appl,F7654321,ordinary,2020-03-04,2025-03-04,",
        "child,F7654321,ordinary,2020-03-04,2025-03-04,",
        "appl,G7654321,ordinary,2025-03-04,2025-03-04,",
        "appl,H7654321,ordinary,2020-03-04,2030-03-05,",
        "appl,J7654321,ordinary,2020-03-04,2030-03-04,",
    )
    before = await passports(met)
    status, view = await send(browser, file_of(*rows))
    assert (status, view["import_id"], view["state"]) == (200, None, None)
    assert [(fault["row"], fault["column"], fault["rule"]) for fault in view["errors"]] == [
        (2, "number", "number_of_another"),
        (3, "applicant_id", "applicant_unknown"),
        (6, "number", "repeated"),
        (7, "expires_on", "expiry_before_issue"),
        (8, "expires_on", "validity_too_long"),
    ]
    assert (view["rows"][0]["row"], view["rows"][0]["outcome"]) == (4, "known")
    assert "7654321" not in str(view)
    assert await passports(met) == before


async def test_what_changed_since_the_check_stops_the_whole_file(browser: Browser, met: World) -> None:
    data = file_of(*ROWS)
    import_id = await checked(browser, data)
    await keep(met, "B7654321", person_id="somebody", account_id="other")
    before = await passports(met)
    status, problem = await send(browser, data, f"?dry_run=false&import_id={import_id}", by="operator-2")
    assert (status, problem["code"], problem["rows"]) == (409, "passport_file_not_as_checked", [3])
    assert await passports(met) == before


async def test_a_run_that_was_cut_off_goes_on_with_the_same_call(browser: Browser, met: World) -> None:
    data = file_of(*ROWS)
    import_id = await checked(browser, data)
    imports = met.service.passport_imports
    record, seen = imports._record, []

    async def record_one(*words: Any) -> Any:
        if seen:
            raise KeyboardInterrupt
        seen.append(await record(*words))
        return seen[0]

    imports._record = record_one  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        await imports.run("operator-2", import_id, data.encode())
    imports._record = record  # type: ignore[method-assign]
    assert len(await passports(met)) == 1
    status, done = await send(browser, data, f"?dry_run=false&import_id={import_id}", by="operator-2")
    assert (status, done["state"], len(await passports(met))) == (200, "done", 2)
    kept = await met.store.get(PASSPORT_IMPORT, import_id)
    assert kept is not None and kept.state.agreed_by == "operator-2"


@pytest.mark.parametrize("loss", ["applicant", "number"])
async def test_what_changes_during_the_run_is_named(met: World, loss: str) -> None:
    imports = met.service.passport_imports
    seen = await imports.check("operator-1", file_of(*ROWS).encode())
    assert seen.import_id is not None
    begun = imports._begun

    def begin_and_lose(*words: Any) -> Any:
        if loss == "number":
            other = replace(record.state, person_id="somebody", fingerprints=prints)
            met.store._documents[PASSPORT.name]["other"] = taken | {"state": encode(PASSPORT, other), "_id": "other"}
        else:
            met.store._documents["applicant"].pop("child")
        return begun(*words)

    await keep(met, "Z7654321")
    (record,) = await passports(met)
    taken = met.store._documents[PASSPORT.name][record.id]
    prints = met.service.passport_records.vault.prints_of("B7654321")
    imports._begun = begin_and_lose  # type: ignore[method-assign]
    with pytest.raises(PassportFileNotAsChecked) as refused:
        await imports.run("operator-2", seen.import_id, file_of(*ROWS).encode())
    assert refused.value.facts["rows"] == [3]


async def test_operators_alone_take_books_over(browser: Browser, met: World) -> None:
    words: dict[str, Any] = {"data": file_of(*ROWS).encode(), "headers": CSV}
    for role in (Role.APPLICANT, Role.FRONT_OFFICER, Role.OFFICE_ADMIN):
        assert (await browser.ask("POST", "/v1/passport-imports", role, **words))[0] == 403


# the table

TODAY = START.date()


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"\xff\xfe", "csv"),
        (b'applicant_id,"number\n', "csv"),
        (b"", "header"),
        (b"applicant_id,number\n", "header"),
        ((HEADER + ",nik\n").encode(), "header"),
        ((HEADER + ",number\n").encode(), "header"),
        ((HEADER + "\n\n").encode(), "rows"),
        (file_of(*(ROWS[0] for _ in range(MOST_ROWS + 1))).encode(), "rows"),
    ],
)
def test_a_file_that_is_no_table_has_one_fault(data: bytes, rule: str) -> None:
    table = read_table(data, TODAY)
    assert ([fault.rule for fault in table.faults], table.rows) == ([rule], ())


@pytest.mark.parametrize(
    ("row", "column", "rule"),
    [
        ("a b,A7654321,ordinary,2020-03-04,2025-03-04,", "applicant_id", "id"),
        ("appl,7654321,ordinary,2020-03-04,2025-03-04,", "number", "passport_number"),
        ("appl,A7654321,golden,2020-03-04,2025-03-04,", "kind", "kind"),
        ("appl,A7654321,ordinary,04-03-2020,2025-03-04,", "issued_on", "date"),
        ("appl,A7654321,ordinary,2020-03-04,,", "expires_on", "date"),
        ("appl,A7654321,ordinary,2026-12-01,2031-12-01,", "issued_on", "issued_later"),
        ("appl,A7654321,ordinary,2020-03-04,2025-03-04,=1+1", "office_id", "id"),
        ("appl", "number", "passport_number"),
    ],
)
def test_each_fault_of_a_row_has_its_column_and_no_value(row: str, column: str, rule: str) -> None:
    table = read_table(file_of(row).encode(), TODAY)
    assert table.rows == ()
    assert (column, rule) in [(fault.column, fault.rule) for fault in table.faults]
    assert "7654321" not in "".join(fault.detail for fault in table.faults if fault.rule != "passport_number")


def test_spreadsheets_write_marks_semicolons_and_other_line_ends() -> None:
    data = "\ufeff" + file_of(*ROWS).replace(",", ";").replace("\n", "\r\n")
    table = read_table(data.encode(), TODAY)
    assert [(row.row, row.number) for row in table.rows] == [(2, "A7654321"), (3, "B7654321")]
    without_office = read_table(file_of(ROWS[0].rsplit(",", 1)[0], header=HEADER.rsplit(",", 1)[0]).encode(), TODAY)
    assert [row.office_id for row in without_office.rows] == [None]
    assert str(table.rows[0]).count("7654321") == 0
