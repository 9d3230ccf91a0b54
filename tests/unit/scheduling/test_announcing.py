"""Openings: announced by staff or by rule, called off, listed."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from services.scheduling.context import Actor
from services.scheduling.errors import NotYourOffice, OfficeNotFound
from services.scheduling.offices.errors import SessionNotFound
from services.scheduling.offices.release_rule import OpeningRule, RuleKind
from services.scheduling.openings import draw
from services.scheduling.openings.announcing import RULE_AHEAD_SECONDS
from services.scheduling.openings.errors import (
    OpeningHasBegun,
    OpeningIsOver,
    OpeningNotFound,
    OpeningPlanWrong,
    SessionHasOpening,
)
from services.scheduling.openings.handlers import opening_chores
from services.scheduling.openings.opening import (
    OpeningStatus,
)
from services.scheduling.openings.repository import OPENING
from services.scheduling.store_part import replacing
from shared.store.decision import Decision
from tests.unit.scheduling.opening_world import DOORS, OPENS, Hall, make_hall, replica, wish
from tests.unit.scheduling.world import BOSS, EAST, NORTH, SOUTH, START


class TestAnnouncing:
    async def test_the_seed_is_committed_to_and_not_shown(self) -> None:
        hall = await make_hall()
        state = await hall.opening()
        assert (state.status, state.seed, state.root) == (OpeningStatus.ANNOUNCED, None, None)
        stored = json.dumps(hall.world.base._documents[OPENING.name][hall.opening_id], default=str)
        await hall.until(OPENS)
        seed = (await hall.opening()).seed
        assert seed is not None
        assert draw.hash_of(seed) == state.seed_commitment
        assert seed not in stored, "the seed lies sealed in the store until it is shown"

    async def test_a_repeat_meets_the_first(self) -> None:
        hall = await make_hall()
        again = await hall.world.service.openings.announce(wish(hall.world))
        assert (again.id, again.state) == (hall.opening_id, await hall.opening())

    @pytest.mark.parametrize(
        ("changes", "refusal"),
        [
            ({"office_id": NORTH.office_id}, NotYourOffice),
            ({"session_ids": ("unknown",)}, SessionNotFound),
            ({"doors_at": START}, OpeningPlanWrong),
            ({"opens_at": START + timedelta(days=2)}, OpeningPlanWrong),
        ],
    )
    async def test_what_it_refuses(self, changes: dict[str, Any], refusal: type[Exception]) -> None:
        hall = await make_hall()
        with pytest.raises(refusal):
            await hall.world.service.openings.announce(wish(hall.world, "other", **changes))

    async def test_a_session_of_another_office_or_of_another_opening(self) -> None:
        hall = await make_hall()
        foreign = (hall.world.session_id(NORTH),)
        with pytest.raises(NotYourOffice):
            await hall.world.service.openings.announce(wish(hall.world, "other", session_ids=foreign))
        with pytest.raises(SessionHasOpening):
            await hall.world.service.openings.announce(wish(hall.world, "other"))

    async def test_calling_off(self) -> None:
        hall = await make_hall()
        openings = hall.world.service.openings
        with pytest.raises(OpeningNotFound):
            await openings.call_off("unknown", BOSS)
        with pytest.raises(NotYourOffice):
            await openings.call_off(hall.opening_id, Actor("other", NORTH.office_id, is_staff=True))
        ended = await openings.call_off(hall.opening_id, BOSS)
        assert ended == await openings.call_off(hall.opening_id, BOSS)
        assert ended.state.status is OpeningStatus.CALLED_OFF
        with pytest.raises(OpeningIsOver):
            await hall.ticket("ani")
        assert (await openings.announce(wish(hall.world, "again"))).state.live, "its sessions are free for another"
        await hall.world.service.openings.get(hall.opening_id)
        with pytest.raises(OpeningNotFound):
            await openings.get("unknown")

    async def test_not_after_the_doors_opened(self) -> None:
        hall = await make_hall()
        await hall.until(DOORS)
        with pytest.raises(OpeningHasBegun):
            await hall.world.service.openings.call_off(hall.opening_id, BOSS)

    async def test_openings_are_listed_by_office(self) -> None:
        hall = await make_hall()
        listed = await hall.world.service.openings.find_by_office(SOUTH.office_id)
        assert [each.id for each in listed] == [hall.opening_id]
        assert await hall.world.service.openings.find_by_office(NORTH.office_id) == []
        with pytest.raises(OfficeNotFound):
            await hall.world.service.openings.find_by_office("nowhere")


class TestByRule:
    async def book(self, hall: Hall, at: datetime | None, kind: RuleKind = RuleKind.MONTHLY) -> Any:
        """Offices that open then; the sessions of the office in the north wait for it."""
        repository = hall.world.service.repositories
        for office in (SOUTH, NORTH):
            session = await repository.sessions.session(hall.world.session_id(office))
            assert session is not None
            later = Decision(replace(session.state, opens_at=at))
            await repository.sessions.change_session(session, replacing(session.state, later), hall.world.clock)
        coming = None if at is None else SimpleNamespace(at=at)
        return SimpleNamespace(
            rule=lambda office_id: OpeningRule(kind) if office_id != EAST.office_id else OpeningRule(),
            next_opening=lambda _office, _now: coming,
        )

    async def test_an_opening_by_rule_is_announced_once_and_in_time(self) -> None:
        hall = await make_hall()
        openings = hall.world.service.openings
        book = await self.book(hall, START + timedelta(hours=21))
        assert await openings.announce_by_rule(book) == 1, "the south has announced its own opening for that session"
        assert await openings.announce_by_rule(book) == 0
        assert await replica(hall.world).openings.announce_by_rule(book) == 0
        (made,) = await openings.find_by_office(NORTH.office_id)
        assert (made.state.announced_by, made.state.session_ids) == ("rule", (hall.world.session_id(NORTH),))
        assert made.state.opens_at - made.state.doors_at == timedelta(minutes=30)
        assert timedelta() < made.state.opens_at - made.state.tickets_close_at < timedelta(minutes=1)

    async def test_not_for_those_who_open_every_day_nor_too_early_nor_too_late(self) -> None:
        hall = await make_hall()
        openings = hall.world.service.openings
        for at, kind in (
            (START + timedelta(hours=20), RuleKind.ROLLING),
            (START + timedelta(hours=24, seconds=1), RuleKind.MONTHLY),
            (START + timedelta(minutes=5), RuleKind.MONTHLY),
            (None, RuleKind.MONTHLY),
        ):
            assert await openings.announce_by_rule(await self.book(hall, at, kind)) == 0

    async def test_every_replica_does_so_again_and_again(self) -> None:
        hall = await make_hall()
        book, other = await self.book(hall, START + timedelta(hours=21)), replica(hall.world)
        assert [each.name for each in hall.world.parts.chores].count("announce_openings") == 1
        own, others = opening_chores(hall.world.service.openings, book), opening_chores(other.openings, book)
        for each in (*own, *others, *own):
            assert each.every_seconds < RULE_AHEAD_SECONDS
            await each.run()
            (made,) = await hall.world.service.openings.find_by_office(NORTH.office_id)
            assert (made.version, made.state.announced_by) == (1, "rule")
