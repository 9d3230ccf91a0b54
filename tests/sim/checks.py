"""What must be true of every run, whatever the services are: nothing lost, doubled or stuck, and no poison."""

from __future__ import annotations

from collections import Counter

from shared.service import InvariantReport, Parts
from shared.store.port import StoreUnavailable
from tests.sim.broker import recipients
from tests.sim.process import ConnectionLost, Process
from tests.sim.world import World


async def own_rules(world: World) -> None:
    """Each service's own running checks, as production asks them."""
    for name, process in world.processes.items():
        try:
            reports = await process.work(_reports)
        except (ConnectionLost, StoreUnavailable):
            continue
        for rule, report in reports.items():
            world.counts[f"checked {rule}"] += report.checked
            if not report.holds:
                world.violated(rule, f"{name} says it is broken by {', '.join(report.broken[:5])}")


async def _reports(parts: Parts) -> dict[str, InvariantReport]:
    return {rule: await check() for rule, check in parts.invariants.items()}


def nothing_lost_or_doubled(world: World) -> None:
    """I7, once all is quiet: every committed message reached each consumer; no aggregate took one twice."""
    broker = world.broker
    for poison in broker.poison:
        world.violated("poison", poison)
    for waiting in broker.waiting():
        world.violated("stuck message", waiting)
    for envelope in broker.sent.values():
        for service in recipients(envelope):
            if not broker.books[service, envelope.id].handled:
                world.violated("I7", f"{envelope.type} {envelope.id} never took effect at {service}")
    for process in world.processes.values():
        if process.unpublished:
            world.violated("I7", f"{process.name} has {process.unpublished} messages that were never published")
        _nothing_taken_twice(world, process)


def _nothing_taken_twice(world: World, process: Process) -> None:
    for kind in process.parts.kinds:
        for document in process.kept.documents(kind.name).values():
            twice = [message for message, count in Counter(_inbox(document)).items() if count > 1]
            if twice:
                world.violated("I7", f"{process.name} {kind.name} {document['_id']} took {twice[0]} twice")


def no_deadline_forgotten(world: World) -> None:
    """Once all is quiet no deadline of the past is left: each was handled and moved or removed."""
    for name, process in world.processes.items():
        handled = {kind for kind, _ in process.parts.deadlines}
        for kind in process.parts.kinds:
            for document in process.kept.documents(kind.name).values():
                due = document.get("next_due_at")
                if due is None or due >= world.clock.now():
                    continue
                if kind.name in handled:
                    lease = document["lease"].get("until")
                    if lease is None or lease < world.clock.now():
                        world.violated("deadline", f"{name} {kind.name} {document['_id']} {document['due']} is over")
                else:
                    world.violated("deadline", f"{name} {kind.name} has deadlines but no handler")


def nobody_changed_what_was_read(world: World) -> None:
    """A state that was read is a value: who changes one in place has changed it for every other reader."""
    for process in world.processes.values():
        for changed in process.kept.changed_by_readers():
            world.violated("changed in place", f"{process.name} {changed}")


def _inbox(document: dict[str, object]) -> list[str]:
    return [entry["id"] for entry in document.get("inbox", ())]  # type: ignore[attr-defined]
