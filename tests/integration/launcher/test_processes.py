"""Starting, watching and stopping parts, with real processes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from launcher import process
from launcher.errors import AlreadyRunning, PartDidNotStart, PortInUse
from launcher.home import PROJECT
from launcher.process import PartMissing
from launcher.processes import Health
from tests.integration.launcher.conftest import Stubs, is_running, until


async def test_parts_start_by_rank_and_stop_in_reverse(stubs: Stubs) -> None:
    async with stubs.suite(stubs.part("service", 2), stubs.part("outside", 1)) as suite:
        assert [status.health for status in suite.status()] == [Health.READY, Health.READY]
        assert all(status.pid and status.memory_mb for status in suite.status())
    assert stubs.journal() == ["started outside", "started service", "stopped service", "stopped outside"]
    assert [status.health for status in suite.status()] == [Health.STOPPED, Health.STOPPED]


async def test_a_part_that_ends_at_its_start_is_reported_with_its_words_and_the_others_are_stopped(
    stubs: Stubs,
) -> None:
    suite = stubs.suite(stubs.part("outside", 1), stubs.part("service", 2, STUB_REFUSES="1"))
    with pytest.raises(
        PartDidNotStart, match=r"service did not start: it ended with status 1(.|\n)*PASPOR_X is missing"
    ):
        await suite.start()
    assert stubs.journal() == ["started outside", "stopped outside"]


async def test_a_port_in_use_is_named_with_what_to_do(stubs: Stubs) -> None:
    part = stubs.part("service", 2)
    refusal = rf"Port {part.ports['http']} for service is in use: .*--port-base"
    with socket.create_server(("127.0.0.1", part.ports["http"])), pytest.raises(PortInUse, match=refusal):
        await stubs.suite(part).start()
    assert stubs.journal() == []


async def test_a_program_that_is_missing_is_named(stubs: Stubs) -> None:
    with pytest.raises(PartMissing, match=r"nothing\.here"):
        await stubs.suite(replace(stubs.part("service", 2), module="nothing.here")).start()


async def test_two_suites_cannot_share_a_data_folder(stubs: Stubs) -> None:
    async with stubs.suite(stubs.part("one", 1)):
        with pytest.raises(AlreadyRunning, match="runs already"):
            await stubs.suite(stubs.part("other", 1)).start()
    async with stubs.suite(stubs.part("other", 1)):
        assert stubs.journal()[-1] == "started other"


async def test_a_killed_part_stays_down_until_it_is_restarted(stubs: Stubs) -> None:
    async with stubs.suite(stubs.part("service", 2)) as suite:
        before = suite.status()[0].pid
        await suite.kill("service")
        assert suite.status()[0].health is Health.ENDED
        assert suite.status()[0].pid is None
        await suite.restart("service")
        assert suite.status()[0].health is Health.READY
        assert suite.status()[0].pid not in (None, before)
    assert stubs.journal() == ["started service", "started service", "stopped service"]


async def test_a_part_that_ends_by_itself_is_started_again_while_watched(stubs: Stubs) -> None:
    async with stubs.suite(stubs.part("service", 2)) as suite:
        watching = asyncio.create_task(suite.watch())
        os.kill(suite.status()[0].pid or 0, signal.SIGKILL)
        await until(lambda: suite.status()[0].restarts == 1 and suite.status()[0].health is Health.READY)
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching


async def test_a_part_that_does_not_stop_is_killed(stubs: Stubs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "STOP_SECONDS", 0.2)
    async with stubs.suite(stubs.part("service", 2, STUB_DEAF="1")) as suite:
        pid = suite.status()[0].pid or 0
    assert not is_running(pid)
    assert stubs.journal() == ["started service"]


LAUNCHER = """
import asyncio, sys
from pathlib import Path
from launcher import signals
from tests.integration.launcher.conftest import Stubs

async def main():
    stubs = Stubs(Path(sys.argv[1]))
    async with stubs.suite(stubs.part("outside", 1), stubs.part("service", 2)) as suite:
        (stubs.folder / "pids.new").write_text(" ".join(str(status.pid) for status in suite.status()))
        (stubs.folder / "pids.new").rename(stubs.folder / "pids")
        await asyncio.Event().wait()

sys.exit(signals.run(main()))
"""


def start_launcher(folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", LAUNCHER, str(folder)], cwd=PROJECT)  # noqa: S603


@pytest.mark.parametrize(
    ("number", "status", "clean"),
    [(signal.SIGKILL, -9, False), (signal.SIGTERM, 143, True), (signal.SIGINT, 130, True), (signal.SIGHUP, 129, True)],
)
async def test_no_process_is_left_behind_however_the_launcher_ends(
    tmp_path: Path, number: signal.Signals, status: int, clean: bool
) -> None:
    launcher = start_launcher(tmp_path)
    try:
        await until((tmp_path / "pids").exists)
        launcher.send_signal(number)
        await until(lambda: launcher.poll() is not None)
    finally:
        launcher.kill()
    pids = [int(pid) for pid in (tmp_path / "pids").read_text().split()]
    await until(lambda: not any(is_running(pid) for pid in pids))
    assert launcher.returncode == status
    stopped = ["stopped service", "stopped outside"] if clean else []
    assert Stubs(tmp_path).journal() == ["started outside", "started service", *stopped]
