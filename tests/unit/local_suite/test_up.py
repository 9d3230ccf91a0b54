"""What `./paspor up` shows."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from local_suite.parts import SERVICES, Ports
from local_suite.suite import Health, PartStatus, Suite
from local_suite.up import STAFF, lines_of, next_step, picture_of, trial_settings, with_papers
from services.identity.staff.sign_in import DEMO_STAFF


class Shown:
    """A suite of which only the state is asked."""

    def __init__(self, folder: Path, **states: Health) -> None:
        self.data_dir, self.ports = folder, Ports()
        self.url = self.ports.url
        self._states = states

    def status(self) -> list[PartStatus]:
        log = self.data_dir / "logs"
        return [
            PartStatus(name, {"http": self.ports[name]}, state, 1, 61.2, 0, log / f"{name}.log")
            for name, state in self._states.items()
        ]


def drawn(suite: Any, said: str = "", width: int = 100) -> str:
    written = io.StringIO()
    Console(file=written, width=width, color_system=None).print(picture_of(suite, said, 7.4))
    return written.getvalue()


@pytest.mark.parametrize("width", [80, 100, 160])
def test_a_ready_suite_shows_its_parts_and_the_next_step_in_any_width(tmp_path: Path, width: int) -> None:
    picture = drawn(Shown(tmp_path, **dict.fromkeys(SERVICES, Health.READY)), width=width)
    assert all(len(line) <= width for line in picture.splitlines())
    assert all(f"logs/{name}.log" in picture and str(Ports()[name]) in picture for name in SERVICES)
    assert "./paspor demo" in picture
    assert "restarts" not in picture


def test_while_it_starts_it_says_what_is_waited_for(tmp_path: Path) -> None:
    suite = Shown(tmp_path, identity=Health.READY, billing=Health.STARTING, scheduling=Health.STARTING)
    assert "starting billing, scheduling (7 s)" in drawn(suite, "starting scheduling")
    assert "fetching mongod (7 s)" in drawn(suite, "fetching mongod")
    assert "Next" not in drawn(suite)


def test_its_end_is_told(tmp_path: Path) -> None:
    assert "Stopping;" in drawn(Shown(tmp_path, identity=Health.READY, billing=Health.STOPPED))
    assert "Stopped;" in drawn(Shown(tmp_path, billing=Health.STOPPED))


def test_a_part_that_ended_says_why_and_how_often_it_was_started(tmp_path: Path) -> None:
    class Broken(Shown):
        def status(self) -> list[PartStatus]:
            (status,) = super().status()
            status.reason, status.restarts = "it ended with status 2\nmore", 3
            return [status]

    picture = drawn(Broken(tmp_path, billing=Health.ENDED))
    assert "billing: it ended with status 2\n" in picture
    assert "restarts" in picture


def test_the_plain_lines_name_state_port_and_log(tmp_path: Path) -> None:
    (line,) = lines_of(Shown(tmp_path, billing=Health.READY).status())
    assert line.split() == ["billing", "ready", "8104", str(tmp_path / "logs" / "billing.log")]


def test_it_ends_with_lines_to_copy_that_fit_any_terminal(tmp_path: Path) -> None:
    said = next_step(Suite(tmp_path, Ports(8400)))
    assert "\n  ./paspor demo --on 8400\n" in said
    assert "\n  IDENTITY=http://127.0.0.1:8401 APPLICATION=http://127.0.0.1:8402\n" in said
    assert "BANK=http://127.0.0.1:8502" in said
    assert "Open http://127.0.0.1:8400 in a browser" in said.splitlines()[-2], (
        "one address to open, where one looks last"
    )
    copied = [line for line in said.splitlines() if line.startswith("  ")]
    assert len(copied) > 3 and max(map(len, copied)) < 80


def test_a_trial_can_be_finished_today_and_keeps_its_simulators_unless_told_otherwise() -> None:
    settings = trial_settings({})
    assert settings["scheduling"] == {"PASPOR_CHECK_IN_ANY_DAY": "true"}
    assert settings["simulators"]["PASPOR_SIM_STATE_FOLDER"].endswith("/data/simulators")
    assert trial_settings({"PASPOR_CHECK_IN_ANY_DAY": "false"})["scheduling"] == {}


def test_the_next_step_names_the_demo_staff_and_where_their_password_is(tmp_path: Path) -> None:
    suite = Suite(tmp_path, Ports())
    said = next_step(suite)
    assert f"demo_staff_password in {tmp_path / 'secrets.json'}" in said
    assert suite.secrets["demo_staff_password"] not in said
    assert [username for username, _, _ in DEMO_STAFF] == list(STAFF)


def test_with_papers_application_alone_is_told_that_they_are_read() -> None:
    settings = trial_settings({})
    told = with_papers(settings)
    assert told["application"] == {**settings["application"], "PASPOR_PAPERS_READING": "wanted"}
    assert {**told, "application": settings["application"]} == settings
    assert with_papers({})["application"] == {"PASPOR_PAPERS_READING": "wanted"}
