"""A whole office is hired from a file: checked in a dry run, then run as it was checked, once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any

import pytest

from services.identity.staff.admin_schemas import Hire
from services.identity.staff.administration import StaffAdmin
from services.identity.staff.errors import StaffNotInService
from services.identity.staff.powers import Post
from services.identity.staff.repository import STAFF
from services.identity.staff_imports import service as service_file
from services.identity.staff_imports.repository import STAFF_IMPORT
from services.identity.staff_imports.routes import LARGEST_FILE_BYTES
from services.identity.staff_imports.staff_import import CHECKED_FOR
from services.identity.staff_imports.table import COLUMNS, MOST_ROWS, read_table
from shared.audit import AUDIT
from tests.unit.identity.served import Client, served
from tests.unit.identity.test_http import get
from tests.unit.identity.test_http import post as post_json
from tests.unit.identity.test_staff_admin import OWN, SOUTH, Desk
from tests.unit.identity.world import STAFF_PASSWORD, World

HEADER = "username,full_name,role,office_id"
DEWI = f"dewi.contoh,DEWI CONTOH LESTARI,front_officer,{SOUTH}"
TONO = f"tono.contoh,TONO CONTOH,interviewer,{SOUTH}"
FILE = "\n".join((HEADER, DEWI, TONO))


@pytest.fixture
async def desk(world: World) -> Desk:
    desk = Desk(world)
    await desk.seed()
    return desk


@pytest.fixture
async def client(desk: Desk, socket_enabled: None) -> AsyncIterator[Client]:
    async with served(desk.world) as client:
        yield client


async def token(client: Client, username: str, password: str = STAFF_PASSWORD) -> str:
    status, tokens = await post_json(client, "/v1/staff/logins", {"username": username, "password": password})
    assert status == 200, tokens
    return str(tokens["access_token"])


async def send(
    client: Client, access: str, data: str | bytes, import_id: str | None = None, **query: str
) -> tuple[int, Any]:
    if import_id is not None:
        query = {"dry_run": "false", "import_id": import_id, **query}
    headers = {"Authorization": f"Bearer {access}", "Content-Type": "text/csv", "Accept-Language": "en"}
    body = data if isinstance(data, bytes) else data.encode()
    async with client.post("/v1/staff/imports", data=body, headers=headers, params=query) as answer:
        return answer.status, await answer.json()


async def names(world: World) -> set[str]:
    return {record.state.username async for record in world.store.scan(STAFF)}


def shown(rows: list[Mapping[str, Any]]) -> list[tuple[int, str, str]]:
    return [(row["row"], row["username"], row["outcome"]) for row in rows]


# The way through


async def test_a_file_is_checked_then_run_and_everybody_gets_in_by_their_first_password(
    client: Client, world: World
) -> None:
    head = await token(client, "office_admin")
    before = await names(world)
    status, dry = await send(client, head, FILE)
    assert (status, dry["state"], dry["errors"]) == (200, "checked", [])
    assert shown(dry["rows"]) == [(2, "dewi.contoh", "would_be_hired"), (3, "tono.contoh", "would_be_hired")]
    assert {row["one_time_password"] for row in dry["rows"]} == {None}
    assert await names(world) == before, "a dry run hires nobody"
    status, done = await send(client, head, FILE, dry["import_id"])
    assert (status, done["state"], done["errors"]) == (200, "done", [])
    assert shown(done["rows"]) == [(2, "dewi.contoh", "hired"), (3, "tono.contoh", "hired")]
    assert await names(world) == before | {"dewi.contoh", "tono.contoh"}
    for row in done["rows"]:
        change = {"username": row["username"], "password": row["one_time_password"], "new_password": OWN}
        async with client.put("/v1/staff/password", json=change) as answer:
            assert answer.status == 204
        await token(client, row["username"], OWN)
    status, member = await get(client, f"/v1/staff/members/{done['rows'][0]['staff_id']}", head)
    assert (status, member["full_name"], member["office_id"]) == (200, "DEWI CONTOH LESTARI", SOUTH)


async def test_a_repeat_of_a_run_hires_nobody_again_and_shows_no_password_again(client: Client, world: World) -> None:
    head = await token(client, "office_admin")
    _, dry = await send(client, head, FILE)
    _, done = await send(client, head, FILE, dry["import_id"])
    after = await names(world)
    status, again = await send(client, head, FILE, dry["import_id"])
    assert (status, again["state"], shown(again["rows"])) == (200, "done", shown(done["rows"]))
    assert [row["staff_id"] for row in again["rows"]] == [row["staff_id"] for row in done["rows"]]
    assert {row["one_time_password"] for row in again["rows"]} == {None}
    assert await names(world) == after


async def test_each_row_is_audited_as_a_hire_of_its_own(client: Client, world: World) -> None:
    head = await token(client, "office_admin")
    _, dry = await send(client, head, FILE)
    _, done = await send(client, head, FILE, dry["import_id"])
    lines = [record.state async for record in world.store.scan(AUDIT)]
    for row in done["rows"]:
        acts = [(line.act, line.outcome, line.office_id) for line in lines if line.subject == row["staff_id"]]
        assert sorted(acts) == [("hire_staff", "begun", SOUTH), ("hire_staff", "done", SOUTH)]
    assert sum(line.act == "import_staff" for line in lines) == 4, "the dry run and the run, each begun and done"
    assert "CONTOH" not in repr([line for line in lines])


async def test_what_is_kept_of_a_file_names_nobody(client: Client, world: World) -> None:
    head = await token(client, "office_admin")
    _, dry = await send(client, head, FILE)
    record = await world.store.get(STAFF_IMPORT, dry["import_id"])
    assert record is not None and record.state.rows == 2
    assert not any(part in repr(record) for part in ("dewi", "DEWI", "tono"))


async def test_powerful_roles_of_a_file_wait_for_a_second_operator_as_single_hires_do(
    client: Client, world: World
) -> None:
    operator, second = await token(client, "operator"), await token(client, "operator2")
    file = (
        "username;full_name;role;office_id;offices;region_id;reason\n"
        f"rina.contoh;RINA CONTOH;treasurer;;{SOUTH} jakarta-utara;;replacement\n"
        "sari.contoh;SARI CONTOH;regional_officer;;;jawa-barat;\n"
        f"budi.contoh;BUDI CONTOH;office_admin;{SOUTH};;;\n"
    )
    _, dry = await send(client, operator, file)
    assert [row["outcome"] for row in dry["rows"]] == ["would_be_proposed", "would_be_hired", "would_be_hired"]
    _, done = await send(client, operator, file, dry["import_id"])
    assert [row["outcome"] for row in done["rows"]] == ["proposed", "hired", "hired"]
    assert [bool(row["one_time_password"]) for row in done["rows"]] == [False, True, True]
    place = f"/v1/staff/members/{done['rows'][0]['staff_id']}"
    status, problem = await post_json(client, f"{place}/approval", {"reason": "replacement"}, operator)
    assert (status, problem["code"]) == (403, "second_operator_needed")
    status, approved = await post_json(client, f"{place}/approval", {"reason": "replacement"}, second)
    assert (status, approved["offices"]) == (200, [SOUTH, "jakarta-utara"])
    status, regional = await get(client, f"/v1/staff/members/{done['rows'][1]['staff_id']}", operator)
    assert regional["region_id"] == "jawa-barat"


# What a run refuses


async def test_a_run_names_the_dry_run_of_the_same_file_and_the_same_person(client: Client, world: World) -> None:
    head, operator = await token(client, "office_admin"), await token(client, "operator")
    _, dry = await send(client, head, FILE)
    before = await names(world)
    for access, data, query, status, code in (
        (head, FILE, {"dry_run": "false"}, 422, "import_not_checked"),
        (head, FILE, {"dry_run": "false", "import_id": "never-checked"}, 404, "import_unknown"),
        (operator, FILE, {"dry_run": "false", "import_id": dry["import_id"]}, 404, "import_unknown"),
        (head, FILE + " ", {"dry_run": "false", "import_id": dry["import_id"]}, 409, "import_file_changed"),
    ):
        answered, problem = await send(client, access, data, **query)
        assert (answered, problem["code"]) == (status, code)
        assert problem["next_action"]
    assert await names(world) == before


@pytest.mark.parametrize(("early", "status"), [(1, 200), (0, 404)])
async def test_a_checked_file_is_run_within_a_day(client: Client, world: World, early: int, status: int) -> None:
    _, dry = await send(client, await token(client, "office_admin"), FILE)
    world.clock.advance((CHECKED_FOR - timedelta(seconds=early)).total_seconds())
    answered, problem = await send(client, await token(client, "office_admin"), FILE, dry["import_id"])
    assert answered == status, problem


async def test_what_changed_since_the_check_stops_the_run_before_its_first_row(client: Client, world: World) -> None:
    head = await token(client, "office_admin")
    _, dry = await send(client, head, FILE)
    hire = {"username": "tono.contoh", "full_name": "TONO LAIN", "role": "interviewer", "reason": "new_post"}
    assert (await post_json(client, "/v1/staff/members", {**hire, "office_id": SOUTH}, head))[0] == 201
    status, problem = await send(client, head, FILE, dry["import_id"])
    assert (status, problem["code"], problem["rows"]) == (409, "import_not_as_checked", [3])
    assert "dewi.contoh" not in await names(world)
    status, again = await send(client, head, FILE)
    assert (again["import_id"], [(error["row"], error["rule"]) for error in again["errors"]]) == (
        None,
        [(3, "user_name_taken")],
    )


async def test_officers_of_the_counter_bring_no_files(client: Client) -> None:
    front = await token(client, "front_officer")
    status, problem = await send(client, front, FILE)
    assert (status, problem["code"]) == (403, "not_allowed")


async def test_the_head_of_an_office_imports_for_the_own_office_and_own_roles_only(client: Client) -> None:
    rows = (
        "ani.contoh,ANI CONTOH,front_officer,jakarta-utara",
        f"budi.contoh,BUDI CONTOH,office_admin,{SOUTH}",
        "cici.contoh,CICI CONTOH,printer,atlantis",
        f"didi.contoh,DIDI CONTOH,printer,{SOUTH}",
    )
    _, dry = await send(client, await token(client, "office_admin"), "\n".join((HEADER, *rows)))
    assert [(error["row"], error["rule"]) for error in dry["errors"]] == [
        (2, "not_your_office"),
        (3, "role_not_yours"),
        (4, "not_your_office"),
    ]
    _, dry = await send(
        client, await token(client, "operator"), f"{HEADER}\nbudi.contoh,BUDI CONTOH,office_admin,atlantis"
    )
    assert [(error["row"], error["column"], error["rule"]) for error in dry["errors"]] == [
        (2, "office_id", "office_unknown")
    ]
    assert all(error["detail"] and error["detail_id"] for error in dry["errors"])


async def test_somebody_who_left_meanwhile_imports_nothing(client: Client, desk: Desk) -> None:
    head = await token(client, "office_admin")
    _, dry = await send(client, head, FILE)
    await desk.admin.reassign(desk.act(desk.operator, desk.head.account_id), Post.OFFICE_ADMIN, "jakarta-utara")
    for import_id in (None, dry["import_id"]):
        with pytest.raises(StaffNotInService):
            imports = desk.world.identity.staff_imports
            await (imports.run(desk.head, import_id, FILE.encode()) if import_id else imports.check(desk.head, b""))


# A crash in the middle, and two at once


async def test_a_run_that_was_cut_off_goes_on_and_tells_every_password(
    client: Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = await token(client, "office_admin")
    rows = [f"orang{number:02d},ORANG CONTOH,front_officer,{SOUTH}" for number in range(20)]
    file = "\n".join((HEADER, *rows))
    _, dry = await send(client, head, file)
    before, hire, calls = await names(world), StaffAdmin.hire, [0]

    async def dies(admin: StaffAdmin, *arguments: Any) -> Any:
        calls[0] += 1
        if calls[0] > 11:
            raise RuntimeError("killed")
        return await hire(admin, *arguments)

    with monkeypatch.context() as crash:
        crash.setattr(StaffAdmin, "hire", dies)
        status, _ = await send(client, head, file, dry["import_id"])
        assert status == 500
    cut_off = await names(world) - before
    assert 0 < len(cut_off) < 20
    status, done = await send(client, head, file, dry["import_id"])
    assert (status, len(done["rows"]), done["errors"]) == (200, 20, [])
    assert all(row["one_time_password"] for row in done["rows"]), "nobody was told of those before the crash"
    assert await names(world) == before | {f"orang{number:02d}" for number in range(20)}
    lines = [record.state async for record in world.store.scan(AUDIT) if record.state.act == "hire_staff"]
    assert len({line.subject for line in lines}) == 20


async def test_two_runs_at_once_hire_each_once_and_one_of_them_tells_the_passwords(desk: Desk) -> None:
    imports = desk.world.identity.staff_imports
    dry = await imports.check(desk.head, FILE.encode())
    runs = await asyncio.gather(*(imports.run(desk.head, dry.import_id, FILE.encode()) for _ in range(2)))
    told = [[bool(row.one_time_password) for row in run.rows] for run in runs]
    assert sorted(told) == [[False, False], [True, True]]
    assert {tuple(row.staff_id for row in run.rows) for run in runs} == {tuple(row.staff_id for row in runs[0].rows)}


async def test_twin_without_the_end_of_a_run_both_tell_the_passwords(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def always(_imports: Any, _import_id: str) -> bool:
        return True

    monkeypatch.setattr(service_file.StaffImports, "_finish", always)
    imports = desk.world.identity.staff_imports
    dry = await imports.check(desk.head, FILE.encode())
    runs = [await imports.run(desk.head, dry.import_id, FILE.encode()) for _ in range(2)]
    assert [[bool(row.one_time_password) for row in run.rows] for run in runs] == [[True, True], [True, True]]


async def test_a_name_that_is_taken_while_the_run_is_under_way_is_told_and_the_rest_is_hired(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    imports, hire = desk.world.identity.staff_imports, StaffAdmin.hire
    dry = await imports.check(desk.head, FILE.encode())

    async def after_a_rival(admin: StaffAdmin, caller: Any, hiring: Any, command_id: str) -> Any:
        if hiring.username == "tono.contoh":
            await hire(admin, caller, hiring, "rival")
        return await hire(admin, caller, hiring, command_id)

    monkeypatch.setattr(StaffAdmin, "hire", after_a_rival)
    done = await imports.run(desk.head, dry.import_id, FILE.encode())
    assert [(row.row, row.outcome.value) for row in done.rows] == [(2, "hired"), (3, "not_hired")]
    assert [(fault.row, fault.column, fault.rule) for fault in done.faults] == [(3, "username", "user_name_taken")]


async def test_somebody_who_is_moved_while_their_run_is_under_way_hires_no_more(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    imports = desk.world.identity.staff_imports
    dry = await imports.check(desk.head, FILE.encode())

    async def refused(*_: Any) -> Any:
        raise StaffNotInService

    monkeypatch.setattr(StaffAdmin, "hire", refused)
    with pytest.raises(StaffNotInService):
        await imports.run(desk.head, dry.import_id, FILE.encode())


# The table


def people(data: str | bytes) -> list[tuple[int, str, str]]:
    table = read_table(data if isinstance(data, bytes) else data.encode())
    assert table.faults == ()
    return [(row.row, row.hiring.username, row.hiring.full_name) for row in table.rows]


def faults(data: str | bytes) -> list[tuple[int, str, str]]:
    table = read_table(data if isinstance(data, bytes) else data.encode())
    assert all(fault.detail and fault.detail_id for fault in table.faults)
    return [(fault.row, fault.column, fault.rule) for fault in table.faults]


EXPECTED = [(2, "dewi.contoh", "DEWI CONTOH LESTARI"), (3, "tono.contoh", "TONO CONTOH")]


@pytest.mark.parametrize(
    "data",
    [
        FILE,
        FILE + "\n\n",
        b"\xef\xbb\xbf" + FILE.encode(),
        FILE.replace("\n", "\r\n"),
        FILE.replace("\n", "\r\n").replace(",", ";"),
        FILE.replace("DEWI CONTOH LESTARI", '"DEWI CONTOH LESTARI"'),
        FILE.replace("dewi.contoh", " Dewi.CONTOH "),
        FILE.replace(HEADER, HEADER.upper()),
        FILE.replace("DEWI CONTOH", "DEWI   CONTOH"),
        FILE.replace("front_officer", "FRONT_OFFICER"),
        FILE.replace(",", ";").replace(f";{SOUTH}", f";{SOUTH};;;"),
    ],
    ids=["plain", "blank-end", "bom", "crlf", "semicolons", "quotes", "spaces-case", "header", "name", "role", "tail"],
)
def test_files_as_spreadsheets_write_them_are_read_alike(data: str | bytes) -> None:
    assert people(data) == EXPECTED


def test_blank_lines_count_as_rows_of_the_sheet_and_are_passed_over() -> None:
    data = f"\n{HEADER}\n\n,,,\n{DEWI}\n\n{TONO}\n"
    assert [row for row, _username, _name in people(data)] == [5, 7]


def test_a_quote_in_a_name_is_read_as_spreadsheets_write_it_and_refused_as_a_sign() -> None:
    data = f'{HEADER}\ndewi.contoh,"DEWI ""CONTOH"" LESTARI",front_officer,{SOUTH}'
    assert faults(data) == [(2, "full_name", "person_name_sign")]


def test_a_comma_in_quotes_belongs_to_the_name() -> None:
    assert people(f'{HEADER}\ndewi.contoh,"DEWI CONTOH, S.H.",front_officer,{SOUTH}')[0][2] == "DEWI CONTOH, S.H."


@pytest.mark.parametrize("sign", "=+-@")
def test_a_name_that_a_spreadsheet_would_take_for_a_formula_is_refused(sign: str) -> None:
    for cell in (f"{sign}DEWI CONTOH", f' "{sign}DEWI"'.strip()):
        assert faults(f"{HEADER}\ndewi.contoh,{cell},front_officer,{SOUTH}") == [(2, "full_name", "formula")]


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"", [(1, column, "header") for column in ("username", "full_name", "role")]),
        (b"\xff\xfe" + FILE.encode("utf-16-le"), [(1, "", "utf8")]),
        (FILE.replace("DEWI", '"DEWI'), [(1, "", "csv")]),
        (HEADER, [(1, "", "rows")]),
        (FILE.replace(HEADER, "username,full_name,office_id,nik"), [(1, "role", "header"), (1, "", "header")]),
        (FILE.replace(HEADER, f"{HEADER},role"), [(1, "role", "header")]),
        (FILE.replace(HEADER, f"{HEADER}{',role' * 40_000}"), [(1, "role", "header")]),
        (FILE.replace("DEWI", "DE\x00WI"), [(2, "full_name", "person_name_sign")]),
        (FILE.replace("DEWI", "\uff1dDEWI"), [(2, "full_name", "person_name_sign")]),
        (f"{FILE}\n{DEWI.replace('dewi', 'DEWI')}", [(4, "username", "repeated")]),
        (f"{FILE}\n{DEWI}", [(4, "username", "repeated")]),
        (f"{HEADER}\n{DEWI},more", [(2, "", "cells")]),
        (f"{HEADER}\nDewi Contoh,DEWI,front_officer,{SOUTH}", [(2, "username", "string_pattern_mismatch")]),
        (f"{HEADER}\ndewi,DEWI 7,front_officer,{SOUTH}", [(2, "full_name", "person_name_sign")]),
        (f"{HEADER}\ndewi,,front_officer,{SOUTH}", [(2, "full_name", "missing")]),
        (f"{HEADER}\ndewi,DEWI,chief,{SOUTH}", [(2, "role", "enum")]),
        (f"{HEADER},reason\ndewi,DEWI,printer,{SOUTH},because", [(2, "reason", "enum")]),
        (f"{HEADER},offices\ndewi,DEWI,treasurer,,Jakarta_Selatan", [(2, "offices", "string_pattern_mismatch")]),
    ],
)
def test_every_fault_has_its_row_its_column_and_a_sentence(
    data: str | bytes, found: list[tuple[int, str, str]]
) -> None:
    assert faults(data) == found


def test_several_faults_of_several_rows_are_told_at_once() -> None:
    data = f"{HEADER}\nD,DEWI 7,front_officer,{SOUTH}\n{TONO}\nani,ANI,chief,{SOUTH}"
    assert faults(data) == [
        (2, "username", "string_too_short"),
        (2, "full_name", "person_name_sign"),
        (4, "role", "enum"),
    ]


@pytest.mark.parametrize(("count", "found"), [(MOST_ROWS, []), (MOST_ROWS + 1, [(1, "", "rows")])])
def test_a_file_has_at_most_five_hundred_rows(count: int, found: list[tuple[int, str, str]]) -> None:
    rows = [f"orang{number},ORANG CONTOH,printer,{SOUTH}" for number in range(count)]
    assert faults("\n".join((HEADER, *rows))) == found


async def test_a_file_has_at_most_256_kib(client: Client) -> None:
    head = await token(client, "office_admin")
    blank = "\n" * (LARGEST_FILE_BYTES - len(FILE))
    assert (await send(client, head, FILE + blank))[0] == 200
    status, problem = await send(client, head, FILE + blank + "\n")
    assert (status, problem["code"]) == (413, "too_large")


def test_every_documented_column_is_one_that_a_hire_has() -> None:
    assert set(COLUMNS) == set(Hire.model_fields)
