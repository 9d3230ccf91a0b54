"""Exports in identity: proven, collected, downloaded by one session, and what a thief, a repeat and a crash find."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from dataclasses import replace
from typing import Any

import jsonschema
import pytest

from services.identity.accounts.repository import ACCOUNT
from services.identity.exports import export as rules
from services.identity.exports import repository
from services.identity.exports.errors import ExportNotReady, TooManyExports
from services.identity.exports.export import Export, ExportState
from services.identity.exports.page import own_data_page
from services.identity.exports.repository import EXPORT
from services.identity.exports.service import Exports
from services.identity.sessions.credentials import Credentials
from services.identity.sign_in.errors import ChallengeNotFound, CodeSentJustNow, CodeWrong, OldCodeNeeded
from services.identity.sign_in.service import ChallengeSeen
from shared.audit import AUDIT
from shared.crypto.errors import CannotDecrypt
from shared.crypto.sealed import Unsealer, new_keypair
from shared.errors import NotFound
from shared.events.envelope import LARGEST_MESSAGE_BYTES
from shared.events.identity import DataExportAsked, DataExportReady, KeepExportPart
from shared.events.notification import SendOtp
from shared.ids import derived_id
from shared.own_data import pieces
from shared.own_data.answers import EXPORT_ANSWER, ExportAnswers
from shared.own_data.errors import ExportOfAnotherSession, ExportOver
from shared.own_data.part import OwnData, own
from shared.own_data.pieces import MOST_PIECES, open_part, seal_part
from shared.sessions import SessionOver
from shared.store.memory import MemoryStore
from shared.tokens import Caller, Role
from tests.unit.identity.served import served
from tests.unit.identity.world import BUDI, World
from tests.unit.world import envelope_of

EMAIL, PHONE = "budi@example.org", "+6281234567890"
ALL = rules.SERVICES


class Note(OwnData):
    """One line."""

    text: str = own("Isi", "Text")


class Part(OwnData):
    """An invented part."""

    notes: list[Note] = own("Catatan", "Notes")


def part(text: str = "halo") -> Part:
    return Part(notes=[Note(text=text)])


async def two_addresses(world: World) -> str:
    account_id = await world.sign_up(EMAIL)
    await world.change_address(account_id, phone=PHONE)
    world.clock.advance(3601)
    return account_id


async def ask(world: World, account_id: str, caller: Caller | None = None) -> ChallengeSeen:
    asked = await world.identity.exports.ask(caller or await world.caller(account_id), "id", world.command())
    assert isinstance(asked, ChallengeSeen)
    return asked


async def prove(world: World, seen: ChallengeSeen, command: str = "") -> Credentials:
    code, old_code = await world.codes_of(seen.challenge_id)
    verify = world.identity.signing_in.verify
    return await verify(seen.challenge_id, code, command or world.command(), old_code=old_code)


async def begin(world: World, account_id: str) -> str:
    """Begin an export; its id."""
    await prove(world, await ask(world, account_id))
    return str((await world.said(DataExportAsked))[-1].export_id)


async def hear(world: World, command: KeepExportPart) -> None:
    handle = world.parts.commands[KeepExportPart]
    await handle(command, envelope_of(command, world.now()))


async def answer(world: World, *services: str, text: str = "halo", asked: DataExportAsked | None = None) -> None:
    """Let services answer this export, or the newest one."""
    asked = asked or (await world.said(DataExportAsked))[-1]
    for service in services:
        for command in seal_part(asked.export_id, service, asked.public_key, part(text)):
            await hear(world, command)


async def publish(world: World) -> None:
    """Send everything that waits, as the relay does."""
    waiting = await world.store.outbox_waiting(EXPORT, before=world.now().replace(year=2100), limit=100)
    await world.store.mark_published(EXPORT, waiting, now=world.now())


async def state_of(world: World, export_id: str) -> Export:
    record = await world.store.get(EXPORT, export_id)
    assert record is not None
    return record.state


async def download(world: World, account_id: str, export_id: str) -> dict[str, bytes]:
    pieces = await world.identity.exports.download(await world.caller(account_id), export_id)
    with zipfile.ZipFile(io.BytesIO(b"".join([piece async for piece in pieces]))) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


# ---- asked for ----


@pytest.mark.acceptance("Y24.export")
async def test_both_addresses_agree_and_every_service_is_asked_with_a_key_of_this_export(world: World) -> None:
    account_id = await two_addresses(world)
    applicant_id = await world.confirmed(account_id)
    export_id = await begin(world, account_id)
    [asked] = await world.said(DataExportAsked)
    assert (asked.account_ids, asked.applicant_ids) == ((account_id,), (applicant_id,))
    assert asked.session_id == (await world.caller(account_id)).session_id
    export = await state_of(world, export_id)
    assert (export.state, rules.missing(export)) == (ExportState.COLLECTING, ALL)
    assert BUDI.full_name not in asked.model_dump_json()


async def test_one_code_alone_is_not_enough_where_there_are_two_addresses(world: World) -> None:
    account_id = await two_addresses(world)
    seen = await ask(world, account_id)
    code, _ = await world.codes_of(seen.challenge_id)
    with pytest.raises(OldCodeNeeded):
        await world.identity.signing_in.verify(seen.challenge_id, code, world.command())
    with pytest.raises(CodeWrong):
        await world.identity.signing_in.verify(seen.challenge_id, code, world.command(), old_code="000000")
    assert await world.said(DataExportAsked) == []


async def test_an_account_with_one_address_proves_that_one(world: World) -> None:
    account_id = await world.sign_up(EMAIL)
    world.clock.advance(3601)
    sent = len(await world.said(SendOtp))
    seen = await ask(world, account_id)
    assert len(await world.said(SendOtp)) == sent + 1
    assert seen.challenge.code.old_hashed is None
    await world.identity.signing_in.verify(seen.challenge_id, await world.code(seen.challenge_id), world.command())
    assert len(await world.said(DataExportAsked)) == 1


async def test_a_resent_pair_of_codes_begins_it_as_well(world: World) -> None:
    for addresses in (1, 2):
        fresh = World(seed=addresses)
        account_id = await (two_addresses(fresh) if addresses == 2 else fresh.sign_up(EMAIL))
        fresh.clock.advance(3601)
        seen = await ask(fresh, account_id)
        fresh.clock.advance(61)
        await fresh.identity.signing_in.resend(seen.challenge_id, None, fresh.command())
        code = await fresh.code(seen.challenge_id)
        old_code = (await fresh.codes_of(seen.challenge_id))[1] if addresses == 2 else None
        await fresh.identity.signing_in.verify(seen.challenge_id, code, fresh.command(), old_code=old_code)
        assert len(await fresh.said(DataExportAsked)) == 1


async def test_the_code_of_an_export_signs_nobody_in(world: World) -> None:
    account_id = await two_addresses(world)
    before = len((await world.store.get(ACCOUNT, account_id)).state.sessions)  # type: ignore[union-attr]
    await begin(world, account_id)
    assert len((await world.store.get(ACCOUNT, account_id)).state.sessions) == before  # type: ignore[union-attr]


async def test_a_thief_with_a_token_gets_codes_sent_to_the_owner_and_nothing_else(world: World) -> None:
    account_id = await two_addresses(world)
    thief = await world.caller(account_id)
    await ask(world, account_id, thief)
    with pytest.raises(CodeSentJustNow):
        await ask(world, account_id, thief)
    assert await world.identity.exports.list_exports(thief) == []
    assert {otp.purpose for otp in (await world.said(SendOtp))[-2:]} == {"data_export", "data_export_old"}


async def test_a_session_that_has_ended_neither_asks_nor_proves(world: World) -> None:
    account_id = await two_addresses(world)
    with pytest.raises(SessionOver):
        await ask(world, account_id, Caller(account_id, Role.APPLICANT, "ended"))
    with pytest.raises(NotFound):
        await ask(world, account_id, Caller("gone", Role.APPLICANT, "ended"))
    tokens = await world.change_address(account_id, email="lain@example.org")
    world.clock.advance(3601)
    seen = await ask(world, account_id)
    await world.identity.sessions.revoke(tokens.refresh_token)
    with pytest.raises(SessionOver):
        await prove(world, seen)


async def test_codes_of_an_address_that_was_given_up_since_begin_nothing(world: World) -> None:
    account_id = await two_addresses(world)
    seen = await ask(world, account_id)
    codes = await world.codes_of(seen.challenge_id)
    world.clock.advance(90)
    await world.change_address(account_id, email="lain@example.org")
    with pytest.raises(ChallengeNotFound):
        await world.identity.signing_in.verify(seen.challenge_id, codes[0], world.command(), old_code=codes[1])
    assert await world.said(DataExportAsked) == []


# ---- limits ----


async def test_while_one_is_running_that_one_is_met_and_no_code_is_sent(world: World) -> None:
    account_id = await two_addresses(world)
    export_id = await begin(world, account_id)
    sent = len(await world.said(SendOtp))
    running = await world.identity.exports.ask(await world.caller(account_id), "id", world.command())
    assert not isinstance(running, ChallengeSeen)
    assert running.id == export_id
    assert len(await world.said(SendOtp)) == sent


async def test_the_same_verification_again_and_two_at_once_begin_one(world: World) -> None:
    account_id = await two_addresses(world)
    seen = await ask(world, account_id)
    await asyncio.gather(prove(world, seen, "same"), prove(world, seen, "same"))
    await prove(world, seen, "same")
    assert len(await world.said(DataExportAsked)) == 1


async def test_three_a_day_and_the_fourth_after_the_day(world: World) -> None:
    account_id = await two_addresses(world)
    for _ in range(world.settings.exports_per_day):
        await begin(world, account_id)
        await answer(world, *ALL)
        world.clock.advance(3601)
    with pytest.raises(TooManyExports) as refused:
        await ask(world, account_id)
    assert refused.value.facts == {"limit": 3}
    world.clock.advance(refused.value.retry_after_seconds or 0)
    await ask(world, account_id)


async def test_codes_that_were_sent_before_the_limit_was_met_begin_no_fourth(world: World) -> None:
    account_id = await two_addresses(world)
    early = await ask(world, account_id)
    for day in range(world.settings.exports_per_day):
        export = rules.begin(account_id, "s", "k", world.settings.export_rules, world.now())
        await world.store.insert(EXPORT, f"e{day}", rules.stop_waiting(export), now=world.now())
    with pytest.raises(TooManyExports):
        await prove(world, early)


async def begin_twice_unseen(world: World, monkeypatch: pytest.MonkeyPatch) -> int:
    """Two exports begin at the same moment: neither has seen the other; how many services are asked for."""

    async def nothing_is_running(_exports: Exports, _account_id: str) -> None:
        return None

    monkeypatch.setattr(Exports, "_running", nothing_is_running)
    account_id = await two_addresses(world)
    for _ in range(2):
        await prove(world, await ask(world, account_id))
        world.clock.advance(61)
    return len(await world.said(DataExportAsked))


async def test_of_two_that_begin_at_the_same_moment_one_goes_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    assert await begin_twice_unseen(world, monkeypatch) == 1


async def test_twin_without_the_index_both_go_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    unguarded = replace(EXPORT, indexes=tuple(index for index in EXPORT.indexes if index.name != "running"))
    monkeypatch.setattr(repository, "EXPORT", unguarded)
    with pytest.raises(AssertionError, match="2 == 1"):
        assert await begin_twice_unseen(world, monkeypatch) == 1


# ---- collected ----


async def test_it_is_ready_when_the_last_part_has_come_and_its_holder_is_told(world: World) -> None:
    account_id = await two_addresses(world)
    export_id = await begin(world, account_id)
    await answer(world, *ALL[:-1])
    assert await world.said(DataExportReady) == []
    await answer(world, ALL[-1])
    [told] = await world.said(DataExportReady)
    assert (told.export_id, told.account_id, told.missing) == (export_id, account_id, ())
    await answer(world, *ALL)
    assert len(await world.said(DataExportReady)) == 1, "repeats change nothing"


async def test_a_silent_service_holds_nothing_back_and_comes_later(world: World) -> None:
    account_id = await two_addresses(world)
    export_id = await begin(world, account_id)
    await answer(world, *ALL[:-1])
    with pytest.raises(ExportNotReady):
        await world.identity.exports.download(await world.caller(account_id), export_id)
    world.clock.advance(world.settings.export_partial_seconds)
    await world.worker.run_due()
    [told] = await world.said(DataExportReady)
    assert told.missing == ("notification",)
    files = await download(world, account_id, export_id)
    assert json.loads(files["data.json"])["missing"] == ["notification"]
    assert "Bagian ini belum terkumpul dan menyusul: Pesan." in files["index.html"].decode()
    await answer(world, "notification")
    assert [event.missing for event in await world.said(DataExportReady)] == [("notification",), ()]
    assert json.loads((await download(world, account_id, export_id))["data.json"])["missing"] == []


async def test_a_part_of_several_pieces_is_whole_only_with_all_of_them(world: World) -> None:
    account_id = await two_addresses(world)
    export_id = await begin(world, account_id)
    await answer(world, *ALL[:-1])
    asked = (await world.said(DataExportAsked))[-1]
    noise = "".join(derived_id("noise", str(number)) for number in range(40_000))
    commands = seal_part(export_id, "notification", asked.public_key, part(noise))
    assert len(commands) > 1
    for command in reversed(commands):
        assert (await state_of(world, export_id)).state is ExportState.COLLECTING
        await hear(world, command)
    assert (await state_of(world, export_id)).state is ExportState.READY
    parts = json.loads((await download(world, account_id, export_id))["data.json"])["parts"]
    assert parts["notification"]["notes"][0]["text"] == noise


@pytest.mark.parametrize(
    "wrong",
    [
        {"service": "stranger"},
        {"piece": 1},
        {"piece": -1},
        {"pieces": 0},
        {"pieces": MOST_PIECES + 1},
        {"export_id": "unknown"},
    ],
)
async def test_what_is_no_piece_of_an_export_is_thrown_away(world: World, wrong: dict[str, Any]) -> None:
    account_id = await two_addresses(world)
    export_id = await begin(world, account_id)
    asked = (await world.said(DataExportAsked))[-1]
    [right] = seal_part(export_id, "billing", asked.public_key, part())
    await hear(world, right.model_copy(update=wrong))
    assert (await state_of(world, export_id)).parts == ()
    assert [file async for file in world.platform.files.older_than(world.now().replace(year=2100))] == []


async def test_a_piece_that_says_another_number_of_pieces_changes_nothing(world: World) -> None:
    account_id = await two_addresses(world)
    export_id = await begin(world, account_id)
    await answer(world, "billing")
    asked = (await world.said(DataExportAsked))[-1]
    [right] = seal_part(export_id, "billing", asked.public_key, part())
    await hear(world, right.model_copy(update={"piece": 1, "pieces": 2}))
    assert (await state_of(world, export_id)).part("billing") == rules.Arrived("billing", 1, (0,))


async def test_a_part_in_the_name_of_another_service_does_not_open(world: World) -> None:
    account_id = await two_addresses(world)
    export_id = await begin(world, account_id)
    asked = (await world.said(DataExportAsked))[-1]
    [of_billing] = seal_part(export_id, "billing", asked.public_key, part())
    await hear(world, of_billing.model_copy(update={"service": "scheduling"}))
    await answer(world, "application", "billing", "notification")
    with pytest.raises(CannotDecrypt):
        await download(world, account_id, export_id)


# ---- downloaded ----


@pytest.mark.acceptance("Y24.export")
async def test_the_archive_has_all_data_their_schema_and_a_page(world: World) -> None:
    account_id = await two_addresses(world)
    await world.confirmed(account_id)
    export_id = await begin(world, account_id)
    await answer(world, *ALL, text="<script>alert(1)</script> & lain")
    files = await download(world, account_id, export_id)
    assert list(files) == ["index.html", "data.json", "data.schema.json"]
    data, schema = json.loads(files["data.json"]), json.loads(files["data.schema.json"])
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(data)
    broken = json.loads(files["data.json"])
    broken["parts"]["billing"]["notes"][0]["text"] = 1
    assert not jsonschema.Draft202012Validator(schema).is_valid(broken), "a schema that allows all says nothing"
    own_part = data["parts"]["identity"]
    assert (own_part["account"]["email"], own_part["account"]["phone"]) == (EMAIL, PHONE)
    assert own_part["applicants"][0]["nik"] == BUDI.nik
    assert {consent["purpose"] for consent in own_part["consents"]} >= {"account", "passport_application"}
    page = files["index.html"].decode()
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; lain" in page
    assert BUDI.full_name in page and "Nama lengkap" in page and "Full name" in page
    assert "PUT /v1/applicants/{applicant_id}" in page, "the page says how a field is corrected"


async def test_only_the_session_that_proved_the_addresses_downloads(world: World) -> None:
    account_id = await two_addresses(world)
    export_id = await begin(world, account_id)
    await answer(world, *ALL)
    other = Caller(account_id, Role.APPLICANT, "another-device")
    with pytest.raises(ExportOfAnotherSession):
        await world.identity.exports.download(other, export_id)
    stranger = await world.caller(await world.sign_up("lain@example.org"))
    for use in (world.identity.exports.download, world.identity.exports.get_export):
        with pytest.raises(ExportOver):
            await use(stranger, export_id)


async def test_asking_and_downloading_are_in_the_audit(world: World) -> None:
    account_id = await two_addresses(world)
    export_id = await begin(world, account_id)
    await answer(world, *ALL)
    await download(world, account_id, export_id)
    lines = [record.state async for record in world.store.scan(AUDIT)]
    found = [(line.act, line.outcome, line.actor_id, line.subject) for line in lines if line.subject == export_id]
    assert sorted(found) == [
        ("data_export_downloaded", "done", account_id, export_id),
        ("data_exported", "begun", account_id, export_id),
        ("data_exported", "done", account_id, export_id),
    ]


# ---- its end ----


async def test_after_its_days_nothing_of_it_is_left_and_a_late_part_makes_nothing(world: World) -> None:
    account_id = await two_addresses(world)
    export_id = await begin(world, account_id)
    await answer(world, *ALL[:-1])
    asked = (await world.said(DataExportAsked))[-1]
    world.clock.advance(world.settings.export_kept_seconds)
    await world.worker.run_due()
    await publish(world)
    world.clock.advance(61)
    await world.worker.run_due()
    assert await world.store.get(EXPORT, export_id) is None
    for command in seal_part(export_id, "notification", asked.public_key, part()):
        await hear(world, command)
    assert [file async for file in world.platform.files.older_than(world.now().replace(year=2100))] == []
    with pytest.raises(ExportOver):
        await world.identity.exports.get_export(await world.caller(account_id), export_id)


async def test_an_export_that_ends_while_a_piece_arrives_keeps_no_file(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    account_id = await two_addresses(world)
    export_id = await begin(world, account_id)
    [asked] = await world.said(DataExportAsked)
    put = world.platform.files.put
    assert not await world.identity.exports.erase(account_id), "its question has not been sent"
    await publish(world)

    async def put_at_the_end(*given: Any) -> None:
        await put(*given)
        assert await world.identity.exports.erase(account_id)

    monkeypatch.setattr(world.platform.files, "put", put_at_the_end)
    await answer(world, "billing", asked=asked)
    assert await world.store.get(EXPORT, export_id) is None
    assert [file async for file in world.platform.files.older_than(world.now().replace(year=2100))] == []


async def test_a_piece_whose_note_a_crash_lost_is_noted_at_the_repeat(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    account_id = await two_addresses(world)
    export_id = await begin(world, account_id)

    async def die(*_: Any, **__: Any) -> None:
        raise ConnectionError("the process died")

    with monkeypatch.context() as patched:
        patched.setattr(world.store, "save", die)
        with pytest.raises(ConnectionError):
            await answer(world, "billing")
    await answer(world, "billing")
    assert rules.missing(await state_of(world, export_id)) == ("application", "scheduling", "notification")


async def test_a_piece_whose_note_a_crash_lost_leaves_no_file_once_the_export_is_over(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    account_id = await two_addresses(world)
    await begin(world, account_id)
    [asked] = await world.said(DataExportAsked)
    await publish(world)

    async def die(*_: Any, **__: Any) -> None:
        raise ConnectionError("the process died")

    with monkeypatch.context() as patched:
        patched.setattr(world.store, "save", die)
        with pytest.raises(ConnectionError):
            await answer(world, "billing", asked=asked)
    assert await world.identity.exports.erase(account_id)
    await answer(world, "billing", asked=asked)
    assert [file async for file in world.platform.files.older_than(world.now().replace(year=2100))] == []


async def test_a_late_deadline_of_waiting_changes_nothing_that_is_ready(world: World) -> None:
    account_id = await two_addresses(world)
    export_id = await begin(world, account_id)
    before = await world.store.get(EXPORT, export_id)
    assert before is not None
    await answer(world, *ALL)
    await world.identity.exports.stop_waiting(before)
    assert (await state_of(world, export_id)).state is ExportState.READY
    assert len(await world.said(DataExportReady)) == 1


# ---- over HTTP ----


@pytest.fixture
def _loopback_allowed(socket_enabled: None) -> None:
    """Let a test open sockets where the unit room blocks them."""


@pytest.mark.usefixtures("_loopback_allowed")
async def test_it_is_asked_for_watched_and_downloaded_over_http(world: World) -> None:
    account_id = await two_addresses(world)
    caller = await world.caller(account_id)
    headers = {"Authorization": f"Bearer {world.identity.issuer.issue(caller, 3600)}", "Accept-Language": "en"}
    async with served(world) as client:
        keyed = {**headers, "Idempotency-Key": "9c9b2f2e-0000-4000-8000-000000000001"}
        async with client.post("/v1/account/exports", headers=keyed) as reply:
            asked = await reply.json()
        assert (reply.status, asked["export"], asked["challenge"]["old_code_channel"]) == (202, None, "sms")
        code, old_code = await world.codes_of(asked["challenge"]["challenge_id"])
        path = f"/v1/challenges/{asked['challenge']['challenge_id']}/verification"
        keyed["Idempotency-Key"] = "9c9b2f2e-0000-4000-8000-000000000002"
        async with client.post(path, json={"code": code, "old_code": old_code}, headers=keyed) as reply:
            assert reply.status == 200
            tokens = await reply.json()
        async with client.get("/v1/account/exports", headers=headers) as reply:
            [listed] = (await reply.json())["exports"]
        assert (listed["state"], listed["downloads"], listed["downloadable_here"]) == ("collecting", [], True)
        keyed["Idempotency-Key"] = "9c9b2f2e-0000-4000-8000-000000000003"
        async with client.post("/v1/account/exports", headers=keyed) as reply:
            assert (await reply.json())["export"]["export_id"] == listed["export_id"]
        own_path = f"/v1/account/exports/{listed['export_id']}"
        async with client.get(f"{own_path}/archive", headers=headers) as reply:
            assert (reply.status, (await reply.json())["code"]) == (409, "export_not_ready")
        async with client.get(own_path, headers=headers) as reply:
            etag = reply.headers["ETag"]
        async with client.get(own_path, headers={**headers, "If-None-Match": etag}) as reply:
            assert reply.status == 304
        await answer(world, *ALL)
        async with client.get(own_path, headers={**headers, "If-None-Match": etag}) as reply:
            seen = await reply.json()
        assert (seen["state"], [file["what"] for file in seen["downloads"]]) == ("ready", ["data", "files"])
        assert seen["next_call"] == {"method": "GET", "href": f"{own_path}/archive"}
        async with client.get(seen["downloads"][0]["href"], headers=headers) as reply:
            assert (reply.status, reply.headers["Content-Type"]) == (200, "application/zip")
            assert zipfile.ZipFile(io.BytesIO(await reply.read())).testzip() is None
        async with client.post("/v1/tokens/revoke", json={"refresh_token": tokens["refresh_token"]}) as reply:
            assert reply.status == 204
        async with client.get(seen["downloads"][0]["href"], headers=headers) as reply:
            assert (reply.status, (await reply.json())["code"]) == (401, "session_over")


# ---- rules ----


def test_a_page_shows_objects_lists_and_what_is_absent() -> None:
    schema = {
        "properties": {
            "known": {"type": "boolean", "label": {"id": "Tahu", "en": "Known"}},
            "plain": {"type": "string"},
            "lines": {"type": "array", "items": {"type": "string"}},
            "inner": {"anyOf": [{"$ref": "#/$defs/Inner"}, {"type": "null"}], "label": {"id": "Dalam", "en": "Inside"}},
        },
        "$defs": {"Inner": {"properties": {"deep": {"type": "integer"}}}},
    }
    data = {"known": True, "plain": None, "lines": ["a", "b"], "inner": {"deep": 7}}
    document = {"made_at": "now", "missing": ["elsewhere"], "parts": {"other": data}}
    page = own_data_page(document, {"other": schema}).decode()
    assert "<td>ya / yes</td>" in page
    assert "<td>a, b</td>" in page
    assert "<td>–</td>" in page
    assert "Dalam" in page and "<td>7</td>" in page
    assert (
        "<td>tidak / no</td>"
        in own_data_page({**document, "parts": {"other": {"known": False}}}, {"other": schema}).decode()
    )


def test_an_envelope_of_the_largest_piece_stays_below_the_largest_message(world: World) -> None:
    noise = "".join(derived_id("noise", str(number)) for number in range(40_000))
    commands = seal_part("export", "billing", new_keypair().public_key_b64, part(noise))
    sizes = [len(envelope_of(command, world.now()).to_bytes()) for command in commands]
    assert max(sizes) < LARGEST_MESSAGE_BYTES


def test_a_part_that_is_too_large_is_neither_sent_nor_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    pair = new_keypair()
    [command] = seal_part("export", "billing", pair.public_key_b64, part("x" * 100_000))
    unsealer = Unsealer([pair.private_key_b64])
    assert open_part("export", "billing", unsealer, [command.sealed])["data"]["notes"][0]["text"] == "x" * 100_000
    monkeypatch.setattr(pieces, "LARGEST_PART_BYTES", 50_000)
    with pytest.raises(pieces.PartTooLarge, match="unpacks to more than 50000 bytes"):
        open_part("export", "billing", unsealer, [command.sealed])
    monkeypatch.setattr(pieces, "PIECE_BYTES", 4)
    with pytest.raises(pieces.PartTooLarge, match="16 are taken"):
        seal_part("export", "billing", pair.public_key_b64, part())


async def test_two_copies_of_a_question_at_once_are_answered_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def collect(_asked: DataExportAsked) -> Part:
        return part()

    async def not_answered(_answers: ExportAnswers, _export_id: str) -> None:
        return None

    await begin(world, await two_addresses(world))
    [asked] = await world.said(DataExportAsked)
    store = MemoryStore("billing")
    answers = ExportAnswers(store, world.clock, "billing", collect)
    monkeypatch.setattr(ExportAnswers, "answered", not_answered)
    for _ in range(2):
        await answers.answer(asked, envelope_of(asked, world.now()))
    waiting = await store.outbox_waiting(EXPORT_ANSWER, before=world.now().replace(year=2100), limit=10)
    assert [envelope.data.service for envelope in waiting if isinstance(envelope.data, KeepExportPart)] == ["billing"]
