"""Lists and sheets for offices, void codes, and the offline verifier, which asks nobody."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from services.scheduling.booking.appointments.appointment import Status
from services.scheduling.context import Actor
from services.scheduling.errors import NotYourOffice, OfficeNotFound
from services.scheduling.office import Office
from services.scheduling.terms import Pool
from services.scheduling.visit.day_sheets.errors import SameDayListNotReady
from services.scheduling.visit.day_sheets.pdf import sheet_data, write_sheet
from services.scheduling.visit.offline.verifier import (
    REVOCATIONS_MARK,
    SHEET_MARK,
    Revocations,
    SignedTextInvalid,
    Verdict,
    judge,
    newer,
    read_revocations,
    read_signed,
)
from services.scheduling.visit.special_reschedule.service import SpecialDecision, SpecialWish
from shared.events.codes import SpecialCause
from shared.store.decision import Decision
from tests.unit.scheduling.world import BOSS, FRONT, NORTH, SOUTH, START, TUESDAY, World, make_world, plan, weekly

MIDDLE = Office("denpasar", "Denpasar", "I", True, "Kota", "5171", "Bali", "WITA", "Asia/Makassar")
EAST = Office("merauke", "Merauke", "II", True, "Merauke", "9301", "Papua Selatan", "WIT", "Asia/Jayapura")
WEDNESDAY = TUESDAY + timedelta(days=1)


def keys_of(world: World) -> dict[str, Ed25519PublicKey]:
    """As an office reads them from what is published."""
    return {
        key_id: Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(key + "="))
        for key_id, key in world.service.codes.published()
    }


class TestSameDayList:
    @pytest.mark.acceptance("F74.list_at_noon", "X8.both_sides_of_noon")
    @pytest.mark.parametrize("office", [SOUTH, MIDDLE, EAST], ids=["WIB", "WITA", "WIT"])
    async def test_the_list_is_ready_at_noon_in_jakarta_in_every_zone(self, office: Office) -> None:
        world = make_world(offices=[office], templates=weekly(plan(4, time(15))))
        await world.parts.start()  # type: ignore[misc]
        start = "15:00"
        paid = await world.paid("same", session_id=world.session_id(office, TUESDAY, start))
        slot = replace(paid.state.seat, pool=Pool.SAME_DAY.value)
        await world.service.repositories.appointments.save(
            paid, Decision(replace(paid.state, slot=slot)), world.clock.now()
        )
        await world.paid("regular", session_id=world.session_id(office, TUESDAY, start))
        actor = Actor("front", office.office_id, is_staff=True)
        noon = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)
        world.clock.set(noon - timedelta(minutes=1))
        with pytest.raises(SameDayListNotReady) as refusal:
            await world.service.same_day_lists.make(office.office_id, TUESDAY, actor)
        assert refusal.value.facts["ready_at"] == noon.isoformat()
        world.clock.set(noon)
        day, visits = await world.service.same_day_lists.make(office.office_id, None, actor)
        assert day == TUESDAY
        assert [each.id for each in visits] == [paid.id]

    async def test_only_the_own_office(self, world: World) -> None:
        with pytest.raises(NotYourOffice):
            await world.service.same_day_lists.make(NORTH.office_id, TUESDAY, FRONT)
        with pytest.raises(OfficeNotFound):
            await world.service.same_day_lists.make("unknown", TUESDAY, FRONT)


class TestDaySheet:
    async def test_the_sheet_is_signed_and_holds_no_name(self, world: World) -> None:
        paid = await world.paid("ani")
        await world.hold("budi")
        await world.paid("citra", session_id=world.session_id(NORTH, TUESDAY))
        sheet = await world.service.day_sheets.make(SOUTH.office_id, TUESDAY, FRONT)
        assert sorted(each.state.status for each in sheet.visits) == [Status.CONFIRMED, Status.HELD]
        said = read_signed(sheet.signed, SHEET_MARK, keys_of(world))
        assert (said["office_id"], said["date"], said["offline_seats"]) == (SOUTH.office_id, "2026-11-24", 0)
        (line,) = [each for each in said["visits"] if each["paid"]]
        assert line["appointment_id"] == paid.id
        assert "account" not in json.dumps(said) and "person" not in json.dumps(said)
        data = sheet_data(sheet)
        assert data["made_at"] == "23-11-2026 09.00 WIB"
        assert {row[1] for row in data["visits"]} == {"08.00"}

    async def test_it_can_be_printed(self, world: World) -> None:
        await world.paid("ani")
        sheet = await world.service.day_sheets.make(SOUTH.office_id, TUESDAY, FRONT)
        assert (await write_sheet(sheet)).startswith(b"%PDF-")

    async def test_a_changed_sheet_is_not_believed(self, world: World) -> None:
        sheet = await world.service.day_sheets.make(SOUTH.office_id, TUESDAY, FRONT)
        mark, key_id, content, signature = sheet.signed.split(".")
        changed = base64.urlsafe_b64encode(b'{"visits": []}').rstrip(b"=").decode()
        for text in (
            f"{mark}.{key_id}.{changed}.{signature}",
            f"PSD0.{key_id}.{content}.{signature}",
            f"{mark}.k9.{content}.{signature}",
            f"{mark}.{content}.{signature}",
            f"{mark}.{key_id}.{content}.!",
            "",
        ):
            with pytest.raises(SignedTextInvalid):
                read_signed(text, SHEET_MARK, keys_of(world))

    async def test_only_the_own_office(self, world: World) -> None:
        with pytest.raises(NotYourOffice):
            await world.service.day_sheets.make(NORTH.office_id, TUESDAY, FRONT)


class TestOfflineVerifier:
    """With keys, day and list at hand; these tests block the network as all unit tests do."""

    def ask(self, world: World, code: str | None, revocations: Revocations | None = None, **changes: Any) -> Any:
        given: dict[str, Any] = {
            "public_keys": keys_of(world),
            "office_id": SOUTH.office_id,
            "today": TUESDAY,
            "now": START,
            "revocations": revocations,
        }
        return judge(code or "", **(given | changes))

    async def listed(self, world: World) -> Revocations:
        world.clock.advance(61)
        found = await world.service.revocation_lists.current()
        return read_revocations(found.signed, keys_of(world))

    async def test_a_good_code_on_its_day_at_its_office(self, world: World) -> None:
        paid = await world.paid()
        listed = await self.listed(world)
        judgement = self.ask(world, paid.state.queue_code, listed)
        assert (judgement.verdict, judgement.list_is_current) == (Verdict.VALID, True)
        assert judgement.ticket.appointment_id == paid.id
        assert self.ask(world, paid.state.queue_code).list_is_current is False
        late = listed.valid_until + timedelta(seconds=1)
        assert self.ask(world, paid.state.queue_code, listed, now=late).list_is_current is False
        assert self.ask(world, paid.state.queue_code, listed, now=listed.valid_until).list_is_current is True

    async def test_what_is_not_let_in(self, world: World) -> None:
        paid = await world.paid()
        code = paid.state.queue_code
        assert self.ask(world, "PSP1.made.up.code").verdict is Verdict.NOT_OURS
        assert self.ask(world, code, office_id=NORTH.office_id).verdict is Verdict.OTHER_OFFICE
        assert self.ask(world, code, today=WEDNESDAY).verdict is Verdict.OTHER_DAY

    async def test_a_moved_visit_voids_its_old_code_and_keeps_its_new_one(self, world: World) -> None:
        paid = await world.paid()
        moved = await world.service.moves.reschedule(world.move(paid, world.session_id(NORTH, TUESDAY)))
        listed = await self.listed(world)
        assert listed.below == {paid.id: 2}
        assert self.ask(world, paid.state.queue_code, listed).verdict is Verdict.VOID
        kept = self.ask(world, moved.state.queue_code, listed, office_id=NORTH.office_id)
        assert kept.verdict is Verdict.VALID

    async def test_a_released_visit_voids_its_code_until_its_day_is_over(self, world: World) -> None:
        paid = await world.paid()
        await world.service.holds.cancel(paid.id, Actor("account-ani"), "cancel", fee_is_lost=True)
        listed = await self.listed(world)
        assert self.ask(world, paid.state.queue_code, listed).verdict is Verdict.VOID
        world.clock.set(datetime(2026, 11, 24, 23, 58, 58, tzinfo=UTC))
        assert (await self.listed(world)).below == {paid.id: 2}
        world.clock.set(datetime(2026, 11, 25, 0, 0, 1, tzinfo=UTC))
        assert (await self.listed(world)).below == {}

    async def test_a_right_to_a_new_date_voids_the_code_of_the_old_one(self, world: World) -> None:
        paid = await world.paid()
        await world.service.specials.ask(
            SpecialWish(paid.id, SpecialCause.ILLNESS, "paper 7", Actor("account-ani"), "ask")
        )
        await world.service.specials.decide(SpecialDecision(paid.id, None, BOSS, "yes"))
        assert self.ask(world, paid.state.queue_code, await self.listed(world)).verdict is Verdict.VOID

    async def test_the_list_is_made_once_a_minute_and_its_version_grows(self, world: World) -> None:
        first = await world.service.revocation_lists.current()
        world.clock.advance(59)
        assert (await world.service.revocation_lists.current()).version == first.version
        world.clock.advance(1)
        second = await world.service.revocation_lists.current()
        assert second.version > first.version
        old, new = (read_revocations(each.signed, keys_of(world)) for each in (first, second))
        assert newer(None, old) is old
        assert newer(old, new) is new
        assert newer(new, old) is new

    async def test_a_changed_list_is_not_believed(self, world: World) -> None:
        found = await world.service.revocation_lists.current()
        with pytest.raises(SignedTextInvalid):
            read_revocations(found.signed.replace(REVOCATIONS_MARK, SHEET_MARK), keys_of(world))

    async def test_a_code_of_the_key_before_stays_valid_and_is_checked_by_its_key_id(self) -> None:
        second = "k2:" + base64.b64encode(b"2" * 32).decode() + ",k1:" + base64.b64encode(b"1" * 32).decode()
        old = make_world()
        await old.parts.start()  # type: ignore[misc]
        code = (await old.paid()).state.queue_code
        turned = make_world(queue_code_signing_keys=second)
        await turned.parts.start()  # type: ignore[misc]
        assert [key_id for key_id, _ in turned.service.codes.published()] == ["k2", "k1"]
        assert self.ask(turned, code).verdict is Verdict.VALID
        listed = read_revocations((await turned.service.revocation_lists.current()).signed, keys_of(turned))
        assert listed.below == {}
