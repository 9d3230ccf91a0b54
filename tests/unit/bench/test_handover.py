"""Hand-over after the issuance system was away: files that wait are as application writes them, figures add up."""

from __future__ import annotations

import pytest

from bench.handover import PAPERS, HandOverRun, WaitingFiles, make_table
from bench.process_memory import Watched
from tests.unit.application.world import World


async def test_waiting_files_are_handed_over_with_their_pictures() -> None:
    world = World()
    platform = world.platform
    await WaitingFiles(world.clock, world.store, platform.person_keys, platform.files).write(2, picture_bytes=1000)
    while await world.run_due():
        pass
    assert len(world.dpri.files) == 2
    assert len(world.dpri.pictures) == 2 * len(PAPERS)
    named = {
        (number, document["document_id"]): document["sha256"]
        for number, file in world.dpri.files.items()
        for document in file.content["documents"]
    }
    assert world.dpri.pictures == named


@pytest.mark.parametrize(
    ("seconds", "peak", "acknowledged", "met"),
    [(600.0, 110.0, 10, (True, True, True)), (600.1, 110.2, 9, (False, False, False))],
)
def test_figures_of_a_run(seconds: float, peak: float, acknowledged: int, met: tuple[bool, ...]) -> None:
    table = make_table(HandOverRun(10, acknowledged, seconds, Watched(before=100.0, peak=peak)), 600.0)
    assert [figure.name for figure in table.figures] == ["handover.seconds", "handover.memory", "handover.left"]
    assert tuple(figure.met for figure in table.figures) == met
