"""Another writer is faster between reading and writing: it is decided again on the newest state, or not at all."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.scheduling.booking.appointments.appointment import Status
from services.scheduling.booking.appointments.errors import QueueCodeReplaced
from services.scheduling.booking.appointments.special_reschedule_causes import SpecialRefusal
from services.scheduling.context import Actor
from services.scheduling.errors import NotYourOffice
from services.scheduling.offices.repository import OFFICE_FACTS
from services.scheduling.quota.change import ChangeState
from services.scheduling.quota.errors import ChangeDecided, EditedMeanwhile
from services.scheduling.quota.repository import QUOTA_CHANGE
from services.scheduling.terms import Pool
from services.scheduling.visit.bulk_jobs.job import BulkState, Outcome
from services.scheduling.visit.bulk_jobs.repository import BULK_JOB
from services.scheduling.visit.bulk_jobs.service import DayInterruption
from services.scheduling.visit.counter import check_in
from services.scheduling.visit.counter.check_in import VisitorLookup
from services.scheduling.visit.offline.import_service import OfflineFile
from services.scheduling.visit.offline.offline_day import LineKind, LineOutcome, OfflineLine
from services.scheduling.visit.special_reschedule.errors import NoSpecialAsked
from services.scheduling.visit.special_reschedule.service import SpecialDecision, SpecialWish
from shared.audit.entries import AUDIT
from shared.errors import SomeoneElseChangedIt
from shared.events.codes import SpecialCause
from shared.store.decision import Decision
from shared.store.kinds import Record
from tests.unit.scheduling.faulty_stores import Overtaken
from tests.unit.scheduling.quota_edits import SECOND, edit
from tests.unit.scheduling.world import BOSS, FRONT, NORTH, SOUTH, TUESDAY, World, make_world, plan, weekly

THIRD = Actor("third-admin", SOUTH.office_id, is_staff=True)


async def started(**changes: Any) -> tuple[World, Overtaken]:
    stores: list[Overtaken] = []

    kind = changes.pop("kind", "appointment")
    world = make_world(wrap=lambda base: stores.append(Overtaken(base, kind)) or stores[0], **changes)
    assert world.parts.start is not None
    await world.parts.start()
    return world, stores[0]


def changing(world: World, record: Record[Any], **changes: Any) -> Callable[[], Awaitable[Any]]:
    """Another writer, who changes these fields of an appointment."""

    async def change() -> None:
        appointments = world.service.repositories.appointments
        await appointments.change(record.id, lambda state: Decision(replace(state, **changes)), world.clock)

    return change


async def arrived(world: World, **changes: Any) -> Record[Any]:
    """A paid visit whose session begins."""
    paid = await world.paid(**changes)
    world.clock.set(paid.state.seat.starts_at)
    return paid


class TestCheckIn:
    async def test_a_code_that_is_replaced_at_that_moment_lets_nobody_in(self) -> None:
        world, store = await started()
        paid = await arrived(world)
        store.other = changing(world, paid, code_version=paid.state.code_version + 1)
        with pytest.raises(QueueCodeReplaced):
            await world.service.visits.check_in(VisitorLookup(queue_code=paid.state.queue_code), FRONT, "in")
        assert (await world.appointment(paid.id)).state.status is Status.CONFIRMED

    async def test_twin_decided_on_what_was_found_the_old_code_lets_somebody_in(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        world, store = await started()
        paid = await arrived(world)
        monkeypatch.setattr(check_in, "_refuse_changed", lambda *_: None)
        store.other = changing(world, paid, code_version=paid.state.code_version + 1)
        await world.service.visits.check_in(VisitorLookup(queue_code=paid.state.queue_code), FRONT, "in")
        assert (await world.appointment(paid.id)).state.status is Status.CHECKED_IN

    async def test_a_visitor_found_by_number_is_checked_in_on_the_newest_state(self) -> None:
        world, store = await started()
        paid = await arrived(world)
        store.other = changing(world, paid, code_version=paid.state.code_version + 1)
        record = await world.service.visits.check_in(VisitorLookup(number=paid.state.seat.queue_number), FRONT, "in")
        assert (record.state.status, record.state.code_version) == (Status.CHECKED_IN, paid.state.code_version + 1)

    async def test_a_visit_that_went_to_another_office_is_not_checked_in_here(self) -> None:
        world, store = await started()
        paid = await arrived(world)
        store.other = changing(world, paid, slot=replace(paid.state.seat, office_id=NORTH.office_id))
        with pytest.raises(NotYourOffice):
            await world.service.visits.check_in(VisitorLookup(appointment_id=paid.id), FRONT, "in")

    async def test_a_payment_that_shows_at_that_moment_makes_the_proof_needless(self) -> None:
        world, store = await started()
        held = await arrived_unpaid(world)
        store.other = changing(world, held, status=Status.CONFIRMED, hold_until=None)
        record = await world.service.visits.arrive_on_proof(
            VisitorLookup(appointment_id=held.id), "0123456789ABCDEF", FRONT, "proof"
        )
        assert (record.state.status, record.state.proof) == (Status.CHECKED_IN, None)

    async def test_a_visit_that_is_queued_again_meanwhile_stays_to_be_queued(self) -> None:
        world, store = await started()
        paid = await arrived(world)
        later = world.clock.now() + timedelta(minutes=1)
        checked_in = await world.service.visits.check_in(VisitorLookup(appointment_id=paid.id), FRONT, "in")
        waiting = replace(checked_in.state, enqueue_at=world.clock.now())
        appointments = world.service.repositories.appointments
        record = await appointments.change(paid.id, lambda _: Decision(waiting), world.clock)
        store.other = changing(world, record, enqueue_at=later)
        assert (await world.service.counter.enqueue(record)).state.enqueue_at == later


async def arrived_unpaid(world: World) -> Record[Any]:
    held = await world.hold()
    await world.hear(world.requested(held))
    world.clock.set(held.state.seat.starts_at)
    return await world.appointment(held.id)


class TestMissed:
    async def test_a_visit_that_moves_at_that_moment_is_not_missed(self) -> None:
        world, store = await started()
        paid = await world.paid()
        world.clock.set(paid.state.seat.ends_at + timedelta(hours=1))
        store.other = changing(world, paid, miss_at=world.clock.now() + timedelta(days=1))
        with pytest.raises(SomeoneElseChangedIt):
            await world.service.visits.miss(paid)
        assert (await world.appointment(paid.id)).state.status is Status.CONFIRMED

    async def test_twin_decided_again_the_moved_visit_counts_as_missed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        world, store = await started()
        paid = await world.paid()
        world.clock.set(paid.state.seat.ends_at + timedelta(hours=1))
        monkeypatch.setattr(check_in, "replacing", lambda _read, decision: lambda _state: decision)
        store.other = changing(world, paid, miss_at=world.clock.now() + timedelta(days=1))
        await world.service.visits.miss(paid)
        assert (await world.appointment(paid.id)).state.status is Status.NO_SHOW


class TestSpecialReschedule:
    async def test_of_two_officers_one_decides(self) -> None:
        world, store = await started()
        paid = await world.paid()
        wish = SpecialWish(paid.id, SpecialCause.ILLNESS, "Surat dokter 12", Actor("account-ani"), "ask")
        await world.service.specials.ask(wish)

        async def refuse() -> None:
            no = SpecialDecision(paid.id, SpecialRefusal.EVIDENCE_MISSING, FRONT, "no")
            await world.service.specials.decide(no)

        store.other = refuse
        with pytest.raises(NoSpecialAsked):
            await world.service.specials.decide(SpecialDecision(paid.id, None, BOSS, "yes"))
        assert (await world.appointment(paid.id)).state.status is Status.CONFIRMED

    async def test_what_is_refused_is_not_on_the_audit(self) -> None:
        world, _store = await started()
        paid = await world.paid()
        with pytest.raises(NoSpecialAsked):
            await world.service.specials.decide(SpecialDecision(paid.id, None, BOSS, "yes"))
        assert [record async for record in world.base.scan(AUDIT)] == []

    async def test_a_visit_that_changes_at_that_moment_is_looked_at_again_by_the_job(self) -> None:
        world, store = await started()
        paid = await world.paid()
        day = DayInterruption(SOUTH.office_id, TUESDAY, "system_fault", BOSS, "day")
        job = await world.service.bulk_moves.interrupt_day(day)
        store.other = changing(world, paid, code_version=7)
        job = await world.service.bulk_moves.run(job)
        assert dict(job.state.outcomes) == {} and (await world.appointment(paid.id)).state.status is Status.CONFIRMED
        job = await world.service.bulk_moves.run(job)
        assert dict(job.state.outcomes) == {paid.id: Outcome.SPECIAL_OPENED}

    async def test_two_processes_that_do_one_job_count_each_visit_once(self) -> None:
        world, store = await started(kind=BULK_JOB.name)
        paid = await world.paid()
        day = DayInterruption(SOUTH.office_id, TUESDAY, "system_fault", BOSS, "day")
        job = await world.service.bulk_moves.interrupt_day(day)

        async def go_on() -> None:
            record = job
            while record.state.state is not BulkState.DONE:
                world.clock.advance(3600)
                record = await world.service.bulk_moves.run(record)

        store.other = go_on
        with pytest.raises(SomeoneElseChangedIt):
            await world.service.bulk_moves.run(job)
        done = await world.service.bulk_moves.find_job(SOUTH.office_id, job.id, BOSS)
        assert (done.state.state, done.state.run_at) == (BulkState.DONE, None)
        assert dict(done.state.outcomes) == {paid.id: Outcome.SPECIAL_OPENED}


async def test_an_arrival_of_a_visit_that_is_given_up_at_that_moment_is_not_recorded() -> None:
    world, store = await started()
    paid = await arrived(world)
    store.other = changing(world, paid, status=Status.RELEASED, live=False)
    line = OfflineLine("b", LineKind.BOOKED, world.clock.now(), appointment_id=paid.id)
    done = await world.service.offline_visits.import_file(OfflineFile(SOUTH.office_id, TUESDAY, [line], FRONT, "file"))
    assert done.outcomes == (("b", LineOutcome.NOT_POSSIBLE),)


class TestQuota:
    async def test_of_two_second_administrators_one_decides(self) -> None:
        world, store = await started(kind=QUOTA_CHANGE.name, templates=weekly(plan(10)))
        before, _version = await world.service.office_edits.template(SOUTH.office_id, BOSS)
        wanted = (replace(before.sessions[0], pools={Pool.REGULAR: 20}, booths=20, staff=20),)
        change = await world.service.office_edits.put_template(edit(), wanted)
        assert change.state.state is ChangeState.PROPOSED

        async def reject() -> None:
            await world.service.changes.reject(change.id, THIRD, "not needed")

        store.other = reject
        with pytest.raises(ChangeDecided):
            await world.service.changes.approve(change.id, SECOND, None)
        assert (await world.service.changes.read(change.id, BOSS)).state.state is ChangeState.REJECTED

    async def test_a_change_that_a_deadline_finished_meanwhile_is_applied_once(self) -> None:
        world, store = await started(kind=QUOTA_CHANGE.name)
        wanted = replace(world.service.facts_cache.facts(SOUTH.office_id).state, booths=7)

        async def finish() -> None:
            (record,) = await world.service.repositories.quota_changes.changes_of_office(
                SOUTH.office_id, proposed=False
            )
            await world.service.changes.run(record)

        store.other = finish
        change = await world.service.office_edits.put_facts(edit(expected_version=1), wanted)
        assert (change.state.state, change.version) == (ChangeState.APPLIED, 2)

    async def test_an_edit_of_facts_that_comes_second_is_told_the_present_version(self) -> None:
        world, store = await started(kind=OFFICE_FACTS.name)
        wanted = replace(world.service.facts_cache.facts(SOUTH.office_id).state, booths=7)

        async def edit_first() -> None:
            await world.service.office_edits.put_facts(edit("first", expected_version=1), replace(wanted, booths=8))

        store.other = edit_first
        with pytest.raises(EditedMeanwhile) as refused:
            await world.service.office_edits.put_facts(edit("second", expected_version=1), wanted)
        assert refused.value.facts == {"version": 2}
        assert world.service.facts_cache.facts(SOUTH.office_id).state.booths == 8
