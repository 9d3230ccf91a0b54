"""Scheduling's part of an export: visits, waits, and what was named for a special reschedule; of others nothing."""

from __future__ import annotations

from shared.events.identity import DataExportAsked
from tests.unit.scheduling.test_special_reschedule import asking, missed
from tests.unit.scheduling.test_waiting_list import waits
from tests.unit.scheduling.world import START, World


def asked(person: str) -> DataExportAsked:
    return DataExportAsked(
        export_id="export",
        account_id=f"account-{person}",
        account_ids=(f"account-{person}",),
        applicant_ids=(),
        application_ids=("application-ani",),
        session_id="session",
        public_key="",
        ends_at=START,
    )


async def test_the_evidence_of_a_special_reschedule_is_in_the_open_for_its_writer(world: World) -> None:
    record = await missed(world)
    await world.service.specials.ask(asking(record))
    [visit] = (await world.service.own_parts.collect(asked("ani"))).visits
    assert visit.special is not None
    assert (visit.appointment_id, visit.state) == (record.id, "no_show")
    assert (visit.special.cause, visit.special.evidence) == ("illness", "letter of Dr Contoh, no. 12")


async def test_a_wait_is_in_it_and_what_is_of_another_account_is_not(world: World) -> None:
    entry = await waits(world, "budi")
    await missed(world)
    part = await world.service.own_parts.collect(asked("budi"))
    assert [wait.waiting_id for wait in part.waiting] == [entry.id]
    assert part.visits == [], "the application is named, and its visits are of another account"
