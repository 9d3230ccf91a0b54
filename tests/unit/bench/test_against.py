"""What is asked for, who runs when, what a failure is told as, and what is written."""

from __future__ import annotations

import json
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bench import against, report
from bench.against import NameUnknown, Order, Result, SettingUnknown, Wish, measure_in_turn, read_wishes
from bench.checkout import Checkout
from bench.figures import Figure, Table
from bench.target import FigureMissing, Measured, RunBroken

THIS = Checkout("this build", "abc1234", Path("here"), Path("home"), Path("python"))
OTHER = Checkout("eff84d8", "eff84d8", Path("there"), Path("home"), Path("python"))


def silent(line: str) -> None:
    del line


def measured(value: float = 1.0, name: str = "seats.hot") -> Measured:
    return Measured(({"name": name, "value": value, "unit": "1/s"},), "as always")


def answers(*said: Measured | Exception) -> tuple[list[str], Callable[[Checkout, Wish], Awaitable[Measured]]]:
    """A measuring function that gives these answers one after the other and notes which build was run."""
    order: list[str] = []
    waiting = iter(said)

    async def measure(checkout: Checkout, wish: Wish) -> Measured:
        del wish
        order.append(checkout.name)
        answer = next(waiting)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return order, measure


def hot() -> Wish:
    return read_wishes(["seats.hot"], [])[0]


# -- what is asked for


def test_a_figure_chooses_its_bench_and_only_itself() -> None:
    (wish,) = read_wishes(["journey.rate"], [])
    assert (wish.recipe.name, wish.figures) == ("journeys", ("journey.rate",))


def test_figures_of_one_bench_are_measured_once() -> None:
    wishes = read_wishes(["seats.hot", "money.confirm_p99", "seats.oversold"], [])
    assert [wish.recipe.name for wish in wishes] == ["seats", "money"]
    assert wishes[0].figures == ("seats.hot", "seats.oversold")


def test_attacks_is_all_of_them() -> None:
    names = [wish.recipe.name for wish in read_wishes(["attacks"], [])]
    assert {"attacks.half_sent", "attacks.pieces", "attacks.picture", "attacks.streams"} < set(names)


def test_without_a_name_it_is_every_bench_but_the_attacks() -> None:
    names = {wish.recipe.name for wish in read_wishes([], [])}
    assert "seats" in names
    assert not any(name.startswith("attacks.") for name in names)


def test_an_unknown_name_is_told_with_the_known_ones() -> None:
    with pytest.raises(NameUnknown, match=r"There is no figure seats\.cold to compare\. There are: .*seats\.hot"):
        read_wishes(["seats.cold"], [])


def test_a_setting_makes_a_run_shorter() -> None:
    (wish,) = read_wishes(["journeys"], ["journeys=60", "users=25"])
    assert wish.values == {"users": 25.0, "journeys": 60.0}


@pytest.mark.parametrize("change", ["journeys", "journeys=many", "journeys=0", "journeys=-1", "races=5", "=5"])
def test_an_unusable_setting_is_told_with_the_known_ones(change: str) -> None:
    with pytest.raises(SettingUnknown, match="journeys, users"):
        read_wishes(["journeys"], [change])


# -- in turn


async def test_the_builds_run_in_turn_and_the_first_is_this_one() -> None:
    order, measure = answers(*(measured(value) for value in (9.0, 10.0, 8.0, 10.0, 10.0, 10.0)))
    result = await measure_in_turn(hot(), (THIS, OTHER), 3, silent, measure)
    assert order == ["this build", "eff84d8"] * 3
    (compared,) = result.compared
    assert (compared.this, compared.other) == ((9.0, 8.0, 10.0), (10.0, 10.0, 10.0))
    assert compared.ratio == 0.9
    assert not result.trouble


async def test_twin_one_build_after_the_other_mixes_the_pairs() -> None:
    """Why they run in turn: on a machine that slows down, A A B B says that B is worse where it is the same."""
    speed = iter((1.0, 0.9, 0.8, 0.7))
    slowing = [10.0 * next(speed) for _ in range(4)]
    in_turn = [slowing[0] / slowing[1], slowing[2] / slowing[3]]
    after_each_other = [slowing[0] / slowing[2], slowing[1] / slowing[3]]
    assert max(in_turn) < min(after_each_other) - 0.05


async def test_what_the_other_build_lacks_is_told_and_this_one_is_measured_alone() -> None:
    missing = FigureMissing("eff84d8", "bench.seats")
    order, measure = answers(measured(1.0), missing, measured(3.0), missing)
    result = await measure_in_turn(hot(), (THIS, OTHER), 2, silent, measure)
    assert result.note == "eff84d8 cannot measure this: it has no bench.seats."
    assert not result.trouble
    assert len(order) == 4
    (compared,) = result.compared
    assert (compared.this, compared.other, compared.ratio) == ((1.0, 3.0), (), None)
    section = "\n".join(against.side_by_side(Order("eff84d8", ["seats.hot"]), THIS, OTHER, [result]))
    assert "| `seats.hot` | 2 1/s | - | none (only this build has it) |" in section
    assert "- eff84d8 cannot measure this" in section


async def test_what_this_build_lacks_ends_the_bench() -> None:
    order, measure = answers(FigureMissing("this build", "bench.seats"))
    result = await measure_in_turn(hot(), (THIS, OTHER), 3, silent, measure)
    assert result.trouble == "this build cannot measure this: it has no bench.seats."
    assert len(order) == 1


async def test_a_broken_run_is_told_with_its_pair_and_build() -> None:
    _, measure = answers(measured(), measured(), RunBroken("this build", "no answer within 5 s"))
    result = await measure_in_turn(hot(), (THIS, OTHER), 3, silent, measure)
    assert result.trouble.startswith("Run 2 of this build failed: The run of this build broke off: no answer")
    assert result.compared[0].ratio == 1.0


async def test_what_is_no_figure_is_told() -> None:
    _, measure = answers(Measured(({"name": "seats.hot"},), ""))
    result = await measure_in_turn(hot(), (THIS, OTHER), 1, silent, measure)
    assert "this is no figure" in result.trouble


async def test_figures_of_one_build_only_are_told() -> None:
    _, measure = answers(measured(), measured(name="seats.other"))
    result = await measure_in_turn(hot(), (THIS, OTHER), 1, silent, measure)
    assert result.trouble == "Only one of the builds has seats.hot, seats.other."


# -- the command


@pytest.fixture
def clone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    @contextmanager
    def cloned(rev: str, say: Any, *, keep: bool = False) -> Iterator[Checkout]:
        del rev, say, keep
        yield OTHER

    monkeypatch.setenv("PASPOR_HOME", str(tmp_path))
    monkeypatch.setattr(against, "other_build", cloned)
    monkeypatch.setattr(against, "this_build", lambda: THIS)


@pytest.mark.usefixtures("clone")
async def test_everything_is_printed_kept_and_put_on_the_page(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    page = tmp_path / "measured.md"
    _, measure = answers(*(measured(value) for value in (9.0, 10.0, 10.0, 10.0)))
    assert await against.run(Order("eff84d8", ["seats.hot"], pairs=2, page=page), measure) == 0
    printed = capsys.readouterr().out
    assert "seats.hot (1/s; more is better)" in printed
    assert "median ratio, this by eff84d8: 0.950; target ratio at least 0.95: met" in printed
    written = json.loads((tmp_path / "bench" / "against-eff84d8.json").read_text())
    assert [run["build"] for run in written["benches"][0]["runs"]] == ["this build", "eff84d8"] * 2
    assert written["benches"][0]["figures"][0]["ratio"] == 0.95
    section = page.read_text()
    assert "## Side by side with eff84d8" in section
    assert "| `seats.hot` | 9.5 1/s | 10 1/s | 0.950 | 11%, 0% | ratio at least 0.95 | yes |" in section
    assert "seats callers 32, seats 960" in section


@pytest.mark.usefixtures("clone")
async def test_a_line_of_json_for_each_figure(capsys: pytest.CaptureFixture[str]) -> None:
    _, measure = answers(measured(), measured())
    await against.run(Order("eff84d8", ["seats.hot"], pairs=1, as_json=True, page=None), measure)
    assert json.loads(capsys.readouterr().out)["name"] == "seats.hot"


@pytest.mark.usefixtures("clone")
async def test_a_run_that_failed_leaves_the_page_and_ends_with_1(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    _, measure = answers(measured(), RunBroken("eff84d8", "it ended"))
    order = Order("eff84d8", ["seats.hot"], page=tmp_path / "measured.md")
    assert await against.run(order, measure) == 1
    assert not (tmp_path / "measured.md").exists()
    assert "seats: Run 1 of eff84d8 failed" in capsys.readouterr().err


@pytest.mark.usefixtures("clone")
async def test_an_aborted_run_keeps_what_was_measured_and_says_so(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    _, measure = answers(measured(), measured(), KeyboardInterrupt())  # type: ignore[arg-type]

    async def aborted(checkout: Checkout, wish: Wish) -> Measured:
        if wish.recipe.name == "money":
            raise KeyboardInterrupt
        return await measure(checkout, wish)

    with pytest.raises(KeyboardInterrupt):
        await against.run(Order("eff84d8", ["seats.hot", "money"], pairs=1, page=tmp_path / "m.md"), aborted)
    written = json.loads((tmp_path / "bench" / "against-eff84d8.json").read_text())
    assert written["broken_off"] is True
    assert [each["name"] for each in written["benches"]] == ["seats"]
    assert "What was measured so far is in" in capsys.readouterr().err


# -- the page


def table() -> Table:
    return Table("Something", "measured", (Figure("a", 0.0, "answers", target=0.0, less_is_better=True),))


def test_a_section_is_replaced_by_the_next_run_of_the_same_commit(tmp_path: Path) -> None:
    page = tmp_path / "measured.md"
    report.write([table()], page)
    report.write_side_by_side(["first"], "aaa", page=page)
    report.write_side_by_side(["second"], "bbb", page=page)
    report.write_side_by_side(["third"], "aaa", page=page)
    text = page.read_text()
    assert text.count("## Side by side with aaa: everything") == 1
    assert "first" not in text
    assert text.index("third") < text.index("second")
    assert "## Something" in text


def test_what_else_was_held_against_the_same_commit_stays(tmp_path: Path) -> None:
    page = tmp_path / "measured.md"
    report.write_side_by_side(["rates"], "aaa", ["seats.hot", "journeys"], page)
    report.write_side_by_side(["attacks"], "aaa", ["attacks"], page)
    text = page.read_text()
    assert "\n\n## Side by side with aaa: seats.hot journeys\n\nrates\n" in text
    assert text.endswith("\n\n## Side by side with aaa: attacks\n\nattacks\n")


def test_a_run_of_everything_keeps_the_sections(tmp_path: Path) -> None:
    page = tmp_path / "measured.md"
    report.write_side_by_side(["first"], "aaa", page=page)
    report.write([table()], page)
    report.write([table()], page)
    text = page.read_text()
    assert text.count("## Side by side with aaa") == 1
    assert text.count("## Something") == 1
    assert text.endswith("first\n")


def test_the_page_is_one_that_is_kept_when_written_again(tmp_path: Path) -> None:
    """Each section of docs/measured.md that comes from a comparison begins as these do."""
    page = tmp_path / "measured.md"
    page.write_text(report.PAGE.read_text())
    before = page.read_text().partition(report.SIDE_BY_SIDE)[2]
    report.write([table()], page)
    assert page.read_text().partition(report.SIDE_BY_SIDE)[2] == before
    assert page.read_text().count("by side with") == report.PAGE.read_text().count("by side with")


def test_a_target_of_zero_stands_on_the_page(tmp_path: Path) -> None:
    report.write([table()], tmp_path / "measured.md")
    assert "| `a` | 0 answers |  |  | 0 answers | yes |" in (tmp_path / "measured.md").read_text()


def test_the_machine_is_described_as_in_the_report_of_everything(tmp_path: Path) -> None:
    wish = hot()
    result = Result(wish)
    figures = against.read_figures(measured().figures)
    result.this.append(against.Run("this build", figures, 1.0, 0.1, 20.0, "now"))
    result.other.append(against.Run("eff84d8", figures, 1.0, 9.0, 25.0, "now"))
    lines = against.side_by_side(Order("eff84d8", ["seats.hot"]), THIS, OTHER, [result])
    assert f"- Machine: {against.machine()}" in lines
    assert any("took 20 to 25 ms; runs begun on a busy machine: 1 of 2" in line for line in lines)
    del tmp_path


def test_a_shortened_run_is_not_put_on_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    from bench import __main__ as command

    given: list[Order] = []

    def note(order: Order) -> int:
        given.append(order)
        return 0

    monkeypatch.setattr(against, "execute", note)
    for words in (["--with", "seats=60"], ["--no-page"], []):
        monkeypatch.setattr(sys, "argv", ["bench", "--against", "HEAD", "seats.hot", *words])
        assert command.main() == 0
    assert [order.page for order in given] == [None, None, report.PAGE]
