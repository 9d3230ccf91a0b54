"""Starting, watching and stopping parts, with real processes."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from local_suite import restart_pauses, service_process
from local_suite import suite as suite_module
from local_suite.errors import AlreadyRunning, PartDidNotStart, PortInUse
from local_suite.forked_process import COVERAGE_VARIABLES, Preloader
from local_suite.home import PROJECT
from local_suite.parts import Part, Ports
from local_suite.service_process import PartMissing
from local_suite.suite import Health, PartStatus, Suite
from tests.integration.local_suite.conftest import Stubs, is_running, until


def pid_of(status: PartStatus | Preloader | None) -> int:
    """The process id of what must be running: 0 or None in `os.kill` would be this very process group."""
    assert status is not None
    assert status.pid, status
    return status.pid


@pytest.fixture(autouse=True)
def uncounted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts are forked here also while coverage is measured, which otherwise has them started the ordinary way."""
    for name in COVERAGE_VARIABLES:
        monkeypatch.delenv(name, raising=False)


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
        os.kill(pid_of(suite.status()[0]), signal.SIGKILL)
        await until(lambda: suite.status()[0].restarts == 1 and suite.status()[0].health is Health.READY)
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching


@contextlib.asynccontextmanager
async def watched(suite: Suite) -> AsyncIterator[Suite]:
    async with suite:
        watching = asyncio.create_task(suite.watch())
        try:
            yield suite
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)


async def test_the_fifth_kill_of_a_part_that_lived_is_answered_like_the_first(
    stubs: Stubs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restart_pauses, "QUICK_DEATH_SECONDS", 0.001)  # any life counts as one
    pauses: list[float] = []
    after = restart_pauses.RestartPauses.after
    monkeypatch.setattr(
        restart_pauses.RestartPauses, "after", lambda self, lived: pauses.append(after(self, lived)) or pauses[-1]
    )
    async with watched(stubs.suite(stubs.part("service", 2))) as suite:
        for number in range(1, 6):
            os.kill(pid_of(suite.status()[0]), signal.SIGKILL)
            await until(lambda n=number: suite.status()[0].restarts == n and suite.status()[0].health is Health.READY)  # type: ignore[misc]
    assert pauses == [0.0] * 5


async def test_a_frozen_part_is_ended_and_started_again(stubs: Stubs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suite_module, "FROZEN_SECONDS", 1.0)
    monkeypatch.setattr(service_process, "HEALTH_SECONDS", 0.3)
    async with watched(stubs.suite(stubs.part("service", 2), stubs.part("other", 2))) as suite:
        frozen, other = (pid_of(status) for status in suite.status())
        os.kill(frozen, signal.SIGSTOP)
        await until(lambda: suite.status()[0].restarts == 1 and suite.status()[0].health is Health.READY)
        assert not is_running(frozen)
        assert suite.status()[1].pid == other


async def test_without_that_limit_a_frozen_part_stays_frozen(stubs: Stubs, monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin: its process runs, so nothing else would start it again."""
    monkeypatch.setattr(suite_module, "FROZEN_SECONDS", 1e9)
    monkeypatch.setattr(service_process, "HEALTH_SECONDS", 0.3)
    async with watched(stubs.suite(stubs.part("service", 2))) as suite:
        pid = pid_of(suite.status()[0])
        os.kill(pid, signal.SIGSTOP)
        await until(lambda: suite.status()[0].health is Health.NOT_READY)
        for _ in range(30):
            await asyncio.sleep(0.05)
        assert (suite.status()[0].pid, suite.status()[0].restarts) == (pid, 0)


async def test_a_part_that_says_no_is_not_frozen(stubs: Stubs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not ready, as while MongoDB is away: starting it again would mend nothing."""
    monkeypatch.setattr(suite_module, "FROZEN_SECONDS", 0.2)
    async with watched(stubs.suite(stubs.part("service", 2))) as suite:
        pid = suite.status()[0].pid
        (stubs.folder / "unwell").touch()
        await until(lambda: suite.status()[0].health is Health.NOT_READY)
        for _ in range(30):
            await asyncio.sleep(0.05)
        assert (suite.status()[0].pid, suite.status()[0].restarts) == (pid, 0)


# ---- forked parts ----------------------------------------------------------


def preloading(stubs: Stubs, *parts: Part) -> Suite:
    return Suite(stubs.folder / "data", Ports(), parts=parts, preload=True)


def command_and_parent(pid: int | None) -> tuple[list[str], int]:
    """What `ps` shows of a process."""
    command = Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0").decode().split("\0")
    return command, int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


async def test_forked_parts_are_like_started_ones(stubs: Stubs) -> None:
    async with preloading(stubs, stubs.part("one", 1), stubs.part("two", 2)) as suite:
        for status in suite.status():
            assert command_and_parent(status.pid) == (
                [sys.executable, "-m", "tests.integration.local_suite.stub"],
                os.getpid(),
            )
            assert os.getsid(pid_of(status)) == status.pid
        await suite.kill("one")
        assert suite.status()[0].health is Health.ENDED
        await suite.restart("one")
    assert stubs.journal() == ["started one", "started two", "started one", "stopped two", "stopped one"]


async def test_a_forked_part_that_refuses_is_reported_with_its_words_and_status(stubs: Stubs) -> None:
    with pytest.raises(PartDidNotStart, match=r"it ended with status 1(.|\n)*PASPOR_X is missing"):
        await preloading(stubs, stubs.part("service", 2, STUB_REFUSES="1")).start()


async def test_forked_parts_share_no_randomness(stubs: Stubs) -> None:
    names = ("one", "two")
    async with preloading(stubs, *(stubs.part(name, 1, STUB_RANDOM="1") for name in names)):
        pass
    drawn = [line.split()[1:-1] for line in stubs.journal() if line.startswith("drew")]
    assert len(drawn) == 2
    assert all(one != other for one, other in zip(*drawn, strict=True)), drawn


async def test_when_the_preloader_dies_its_parts_live_and_the_next_start_is_an_ordinary_one(stubs: Stubs) -> None:
    async with watched(preloading(stubs, stubs.part("service", 2))) as suite:
        pid, preloader = pid_of(suite.status()[0]), suite._preloader
        assert preloader is not None
        os.kill(pid_of(preloader), signal.SIGKILL)
        await until(lambda: preloader.pid is None)
        assert is_running(pid)
        os.kill(pid, signal.SIGKILL)
        await until(lambda: suite.status()[0].restarts == 1 and suite.status()[0].health is Health.READY)
        assert preloader.pid is not None  # it imports again, for the next time
        last = pid_of(suite.status()[0])
    assert not is_running(last)


async def test_a_changed_source_is_not_run_from_memory(stubs: Stubs) -> None:
    async with preloading(stubs, stubs.part("service", 2)) as suite:
        preloader = suite._preloader
        assert preloader is not None
        assert preloader.fork("tests.integration.local_suite.stub", {}, stubs.folder / "log", PROJECT) is not None
        preloader._began_at = 0.0  # older than every source
        assert preloader.fork("tests.integration.local_suite.stub", {}, stubs.folder / "log", PROJECT) is None


async def test_what_the_launcher_writes_is_this_users_alone(stubs: Stubs) -> None:
    (stubs.folder / "data" / "logs").mkdir(parents=True, mode=0o755)
    old = stubs.folder / "data" / "logs" / "service.log"
    old.write_text("of an older version")
    old.chmod(0o644)
    async with preloading(stubs, stubs.part("service", 2)):
        for path in (stubs.folder / "data", *(stubs.folder / "data").rglob("*")):
            assert not path.stat().st_mode & 0o077, path


async def test_a_part_that_does_not_stop_is_killed(stubs: Stubs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_process, "STOP_SECONDS", 0.2)
    async with stubs.suite(stubs.part("service", 2, STUB_DEAF="1")) as suite:
        pid = pid_of(suite.status()[0])
    assert not is_running(pid)
    assert stubs.journal() == ["started service"]


LAUNCHER = """
import asyncio, sys
from pathlib import Path
from local_suite import signals
from local_suite.suite import Suite
from local_suite.parts import Ports
from tests.integration.local_suite.conftest import Stubs

async def main():
    stubs = Stubs(Path(sys.argv[1]))
    parts = stubs.part("outside", 1), stubs.part("service", 2)
    async with Suite(stubs.folder / "data", Ports(), parts=parts, preload=sys.argv[2] == "forked") as suite:
        (stubs.folder / "pids.new").write_text(" ".join(str(status.pid) for status in suite.status()))
        (stubs.folder / "pids.new").rename(stubs.folder / "pids")
        await asyncio.Event().wait()

sys.exit(signals.run(main()))
"""


def start_launcher(folder: Path, how: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", LAUNCHER, str(folder), how], cwd=PROJECT)  # noqa: S603


@pytest.mark.parametrize("how", ["started", "forked"])
@pytest.mark.parametrize(
    ("number", "status", "clean"),
    [(signal.SIGKILL, -9, False), (signal.SIGTERM, 143, True), (signal.SIGINT, 130, True), (signal.SIGHUP, 129, True)],
)
async def test_no_process_is_left_behind_however_the_launcher_ends(
    tmp_path: Path, number: signal.Signals, status: int, clean: bool, how: str
) -> None:
    launcher = start_launcher(tmp_path, how)
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
