"""``./paspor bench --against REV NAME...``: this build and another commit's, measured in turn, and the median ratio.

Each build runs in a process of its own from its own source. Figures that every build has are measured by its own
bench; attacks and counts of work are driven by this build's code against either.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import zip_longest
from pathlib import Path
from typing import Any, Final

from bench import erasure_load, journeys, papers_hits, report, seats, waiting_told
from bench.arguments import PAIRS
from bench.checkout import Checkout, other_build, this_build
from bench.checkout_benches import CHECKOUT_BENCHES
from bench.comparison import Compared, FigureRun, compare, missing_figures, read_figures
from bench.figures import format_value
from bench.machine import machine
from bench.target import FigureMissing, Measured, measure_in
from local_suite import signals
from local_suite.errors import CommandError
from local_suite.home import home

BUSY_SHARE: Final = 0.5
"""Of the cores: a machine that is busier than this before a run gives figures that are worth nothing."""

PROBE_ROUNDS: Final = 400_000


class NameUnknown(CommandError):
    """No bench or figure has this name."""

    def __init__(self, name: str) -> None:
        known = ", ".join(sorted({*RECIPES, *(figure for recipe in RECIPES.values() for figure in recipe.figures)}))
        super().__init__(f"There is no figure {name} to compare. There are: {known}.")


class SettingUnknown(CommandError):
    """``--with`` names a setting that no chosen bench has, or gives it no number."""

    def __init__(self, setting: str, known: Sequence[str]) -> None:
        super().__init__(
            f"--with {setting} cannot be used: write NAME=NUMBER, with a NAME that the chosen benches know "
            f"({', '.join(known) or 'none of them has any'})."
        )


@dataclass(frozen=True)
class Setting:
    """A number that ``--with`` may change: an argument of the measuring function, or a constant of its module."""

    default: float
    argument: str = ""
    constant: str = ""


@dataclass(frozen=True)
class Recipe:
    """How a bench is run in either build, and which figures it yields."""

    name: str
    figures: tuple[str, ...]
    module: str = ""
    """Of the build's own bench; empty where this build's code drives it."""

    settings: Mapping[str, Setting] = field(default_factory=dict)
    fixed: Mapping[str, float] = field(default_factory=dict)
    """Constants of the module that are set in both builds, so that nothing is measured that was not asked for."""


def _own(name: str, module: str, figures: Sequence[str], **more: Any) -> Recipe:
    return Recipe(name, tuple(figures), f"bench.{module}", **more)


_SCALE: Final = {"scale": Setting(1, argument="scale")}
_OVER_OWN: Final = ("mongodb_over_own", "rabbitmq_over_own")

RECIPES: Final[dict[str, Recipe]] = {
    recipe.name: recipe
    for recipe in (
        _own(
            "memory",
            "memory",
            ["memory.services", "memory.suite"],
            settings={"settle": Setting(10, constant="SETTLE_SECONDS")},
        ),
        _own("otp", "otp", ["otp.create", "otp.verify", "otp.create_p99", "otp.verify_p99"]),
        _own("events", "events", ["event.effect_p99", "event.effect_p50", "event.effects"]),
        _own(
            "seats",
            "seats",
            ["seats.hot", "seats.oversold"],
            settings={
                "callers": Setting(seats.CALLERS, argument="callers"),
                "seats": Setting(seats.SEATS, argument="seats"),
            },
        ),
        _own("spread", "spread", ["seats.spread", "seats.refused_while_free"]),
        _own(
            "money",
            "money",
            ["money.confirm_p99", "money.confirm_p50", "money.issued"],
            settings={"notices": Setting(900, constant="NOTICES")},
            fixed={"DUE_AT_ONCE": 1_000, "LINES": 1_000},
        ),
        _own(
            "journeys",
            "journeys",
            ["journey.rate", "journey.step_p50", "journey.step_p90", "journey.step_p99"],
            settings={
                "users": Setting(journeys.USERS, argument="users"),
                "journeys": Setting(journeys.JOURNEYS, argument="journeys"),
            },
        ),
        _own("calls", "calls", ["calls.p95", "calls.longest", "calls.p50"], settings=_SCALE),
        _own(
            "submit",
            "submit",
            [f"submit.{name}" for name in ("p95", "p50", "longest", "rate")],
            settings=_SCALE,
        ),
        _own(
            "opening_load",
            "opening_load",
            [f"opening_load.{name}" for name in ("minutes", "oversold", "share_of_5xx", "p95", "calls")],
            settings=_SCALE,
        ),
        _own(
            "recovery",
            "recovery",
            [f"recovery.{name}" for name in ("services_median", "services_longest", *_OVER_OWN)],
            settings={"rounds": Setting(3, argument="rounds")},
        ),
        _own("papers.hits", "papers_hits", papers_hits.FIGURES, settings=_SCALE),
        _own("waiting.memory", "waiting_memory", ["waiting.memory", "waiting.stream_memory"], settings=_SCALE),
        _own(
            "waiting.told",
            "waiting_told",
            ["waiting.told_p99", "waiting.stream_told_p99", "waiting.effect_p99"],
            settings={"seconds": Setting(waiting_told.SECONDS, argument="seconds")},
        ),
        _own(
            "erasure.load",
            "erasure_load",
            [f"erasure.{name}" for name in ("journeys_kept", "people_per_second", "left")],
            settings={
                "people": Setting(erasure_load.PEOPLE, argument="people"),
                "window": Setting(erasure_load.WINDOW_SECONDS, argument="window"),
            },
        ),
        *(
            Recipe(name, (), settings={key: Setting(value, argument=key) for key, value in bench.settings.items()})
            for name, bench in CHECKOUT_BENCHES.items()
        ),
    )
}


@dataclass(frozen=True)
class Wish:
    """The request: the benches, and of each the figures to show (none: all)."""

    recipe: Recipe
    figures: tuple[str, ...]
    values: Mapping[str, float]
    """Of the recipe's settings."""


@dataclass(frozen=True)
class Run:
    """One run of one bench by one build."""

    build: str
    figures: tuple[FigureRun, ...]
    seconds: float
    load_before: float
    probe_ms: float
    """How long a fixed piece of arithmetic took just before: it differs as the machine's speed does."""

    started_at: str
    ignored: tuple[str, ...] = ()


@dataclass
class Result:
    """All pairs of one bench."""

    wish: Wish
    this: list[Run] = field(default_factory=list)
    other: list[Run] = field(default_factory=list)
    method: str = ""
    trouble: str = ""
    """Why it could not be measured in full; empty if it was."""

    note: str = ""
    """That the other build has no such bench: then this build is measured alone."""

    @property
    def compared(self) -> tuple[Compared, ...]:
        """Every wanted figure of both builds."""
        every = compare([run.figures for run in self.this], [run.figures for run in self.other])
        return tuple(item for item in every if not self.wish.figures or item.name in self.wish.figures)


Measure = Callable[[Checkout, Wish], Awaitable[Measured]]


def read_wishes(names: Sequence[str], changes: Sequence[str]) -> list[Wish]:
    """Return the requests of the command line, in its order; each bench once.

    Raises:
        NameUnknown: a name is neither a bench nor a figure.
        SettingUnknown: ``--with`` names no setting of a chosen bench, or no number.
    """
    chosen: dict[str, list[str]] = {}
    for name in names or [item for item in RECIPES if not item.startswith("attacks.")]:
        recipes = _recipes_of(name)
        for recipe in recipes:
            figures = chosen.setdefault(recipe.name, [])
            if name in recipe.figures and name != recipe.name:
                figures.append(name)
            else:
                figures += [figure for figure in recipe.figures if figure not in figures]
    known = sorted({setting for name in chosen for setting in RECIPES[name].settings})
    values = _read_changes(changes, known)
    return [
        Wish(
            RECIPES[name],
            tuple(figures),
            {key: values.get(key, setting.default) for key, setting in RECIPES[name].settings.items()},
        )
        for name, figures in chosen.items()
    ]


def _recipes_of(name: str) -> list[Recipe]:
    if name in RECIPES:
        return [RECIPES[name]]
    found = [recipe for recipe in RECIPES.values() if recipe.name.startswith(f"{name}.") or name in recipe.figures]
    if not found:
        raise NameUnknown(name)
    return found


def _read_changes(changes: Sequence[str], known: Sequence[str]) -> dict[str, float]:
    values = {}
    for change in changes:
        name, _, text = change.partition("=")
        try:
            value = float(text)
        except ValueError:
            raise SettingUnknown(change, known) from None
        if name not in known or not 0 < value < 1e9:
            raise SettingUnknown(change, known)
        values[name] = value
    return values


async def measure_build(checkout: Checkout, wish: Wish) -> Measured:
    """One run of one bench: ours driven against the checkout, or the checkout's own.

    Raises:
        FigureMissing: the checkout has no such bench.
        RunBroken: the run failed.
    """
    recipe = wish.recipe
    arguments = {s.argument: _number(wish.values[key]) for key, s in recipe.settings.items() if s.argument}
    if recipe.name in CHECKOUT_BENCHES:
        table = await CHECKOUT_BENCHES[recipe.name].drive(checkout, **arguments)
        names = ("name", "value", "unit", "floor", "target", "less_is_better")
        return Measured(tuple({n: getattr(figure, n) for n in names} for figure in table.figures), table.method)
    constants = {s.constant: _number(wish.values[key]) for key, s in recipe.settings.items() if s.constant}
    return await measure_in(checkout, recipe.module, "measure", arguments, {**recipe.fixed, **constants})


def _number(value: float) -> float | int:
    return int(value) if value == int(value) else value


async def measure_in_turn(
    wish: Wish, builds: tuple[Checkout, Checkout], pairs: int, say: Callable[[str], None], measure: Measure
) -> Result:
    """Run this build and the other one in turn, so many pairs; a run that fails ends it, and its reason is kept.

    Where only the other build lacks the bench, this one is measured alone and the note says so.
    """
    result = Result(wish)
    for pair in range(1, pairs + 1):
        for build, runs in zip(builds, (result.this, result.other), strict=True):
            load, probe, begun = os.getloadavg()[0], probe_speed(), time.monotonic()
            started_at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            try:
                measured = await measure(build, wish)
                figures = read_figures(measured.figures)
            except FigureMissing as missing:
                if build is builds[0]:
                    result.trouble = str(missing)
                    return result
                result.note = str(missing)
                say(f"{wish.recipe.name}, pair {pair} of {pairs}: {missing}")
                continue
            except (CommandError, RuntimeError, ValueError, OSError, ExceptionGroup) as trouble:
                result.trouble = f"Run {pair} of {build.name} failed: {trouble}"
                return result
            seconds = time.monotonic() - begun
            runs.append(Run(build.name, figures, seconds, load, probe, started_at, measured.ignored))
            result.method = measured.method
            say(_told(wish, pair, pairs, runs[-1]))
    if result.note:
        return result
    lacking = missing_figures([run.figures for run in result.this], [run.figures for run in result.other])
    if lacking:
        result.trouble = f"Only one of the builds has {', '.join(lacking)}."
    return result


def _told(wish: Wish, pair: int, pairs: int, run: Run) -> str:
    figures = [figure for figure in run.figures if not wish.figures or figure.name in wish.figures]
    values = ", ".join(f"{figure.name} {format_value(figure.value)} {figure.unit}" for figure in figures)
    busy = f"; load {run.load_before:.1f} before" if is_busy(run.load_before) else ""
    unknown = f"; it does not know {', '.join(run.ignored)}" if run.ignored else ""
    return f"{wish.recipe.name}, pair {pair} of {pairs}, {run.build}: {values} ({run.seconds:.0f} s{busy}{unknown})"


def is_busy(load: float) -> bool:
    """Whether other work on the machine makes a run worthless."""
    return load > BUSY_SHARE * (os.cpu_count() or 1)


def probe_speed(rounds: int = PROBE_ROUNDS) -> float:
    """Milliseconds that a fixed piece of arithmetic takes now; no figure, only a hint on the machine's speed."""
    begun, total = time.perf_counter(), 0
    for number in range(rounds):
        total += number * number % 7
    return (time.perf_counter() - begun) * 1000


# -- the command -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Order:
    """The command line of ``--against``."""

    rev: str
    names: Sequence[str]
    pairs: int = PAIRS
    changes: Sequence[str] = ()
    as_json: bool = False
    keep: bool = False
    page: Path | None = report.PAGE
    """None: the page is not written."""


async def run(order: Order, measure: Measure = measure_build) -> int:
    """Measure, print, and write what was found; 0 if every run went well, whether or not targets are met.

    Raises:
        CommandError: a name, a setting or the revision is unknown, or the clone cannot be made.
    """

    def say(line: str) -> None:
        sys.stderr.write(f"{line}\n")

    wishes = read_wishes(order.names, order.changes)
    results: list[Result] = []
    with other_build(order.rev, say, keep=order.keep) as other:
        this = this_build()
        try:
            for wish in wishes:
                result = await measure_in_turn(wish, (this, other), order.pairs, say, measure)
                results.append(result)  # kept when a later one is broken off
        finally:
            broken_off = len(results) < len(wishes)
            written = write_results(order, this, other, results, broken_off=broken_off)
            say(f"{'What was measured so far' if broken_off else 'Everything measured'} is in {written}.")
    show(order, other, results)
    whole = all(not result.trouble for result in results)
    if order.page is not None:
        if whole:
            report.write_side_by_side(side_by_side(order, this, other, results), other.commit, order.names, order.page)
        else:
            say(f"{order.page.name} is left as it was, because not every figure was measured in full.")
    return 0 if whole else 1


def show(order: Order, other: Checkout, results: Sequence[Result]) -> None:
    """Print each figure's values per run and its median ratio; with ``--json`` a line per figure."""
    for result in results:
        if result.trouble or result.note:
            sys.stderr.write(f"{result.wish.recipe.name}: {result.trouble or result.note}\n")
        for item in result.compared:
            print(item.as_json() if order.as_json else "\n".join(_lines_of(item, other.name)), flush=True)


def _lines_of(figure: Compared, other: str) -> list[str]:
    lines = [f"{figure.name} ({figure.unit}; {'less' if figure.less_is_better else 'more'} is better)"]
    for name, values in (("this build", figure.this), (other, figure.other)):
        if values:
            lines.append(f"  {name:<12} {report.values_of(values)}")
    lines.append(f"  median ratio, this by {other}: {report.ratio_of(figure)}{report.targets_of(figure)}")
    return lines


def write_results(
    order: Order, this: Checkout, other: Checkout, results: Sequence[Result], *, broken_off: bool = False
) -> Path:
    """Write everything that was measured as JSON to PASPOR_HOME/bench/against-COMMIT.json; returns the file."""
    place = home() / "bench" / f"against-{other.commit}.json"
    place.parent.mkdir(parents=True, exist_ok=True)
    written = {
        "this": this.commit,
        "other": other.commit,
        "asked": order.rev,
        "machine": machine(),
        "written_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "pairs": order.pairs,
        "broken_off": broken_off,
        "benches": [_as_fields(result) for result in results],
    }
    place.write_text(json.dumps(written, indent=1) + "\n")
    return place


def _as_fields(result: Result) -> dict[str, Any]:
    return {
        "name": result.wish.recipe.name,
        "settings": dict(result.wish.values),
        "fixed": dict(result.wish.recipe.fixed),
        "trouble": result.trouble,
        "note": result.note,
        "method": result.method,
        "figures": [json.loads(item.as_json()) for item in result.compared],
        "runs": [
            {
                "build": run.build,
                "started_at": run.started_at,
                "seconds": round(run.seconds, 1),
                "load_before": round(run.load_before, 2),
                "probe_ms": round(run.probe_ms, 2),
                "ignored": list(run.ignored),
                "figures": {figure.name: figure.value for figure in run.figures},
            }
            for pair in zip_longest(result.this, result.other)
            for run in pair
            if run is not None
        ],
    }


def side_by_side(order: Order, this: Checkout, other: Checkout, results: Sequence[Result]) -> list[str]:
    """The lines of the page's section: what was run, and a row per figure."""
    runs = [run for result in results for run in (*result.this, *result.other)]
    probes = [run.probe_ms for run in runs]
    pairs = "pair" if order.pairs == 1 else "pairs"
    lines = [
        f"`./paspor bench --against {other.commit} {' '.join(order.names)}`, {order.pairs} {pairs} of runs in turn "
        f"(this, {other.commit}, this, ...), each build's suite in processes of its own on new data.",
        "",
        f"- Machine: {machine()}",
        f"- Date: {datetime.now(UTC):%Y-%m-%d}; commit: {this.commit}, held against {other.commit}",
        f"- Noise: a fixed piece of arithmetic before each run took {min(probes):.0f} to {max(probes):.0f} ms; "
        f"runs begun on a busy machine: {sum(is_busy(run.load_before) for run in runs)} of {len(runs)}",
        "- Run with: " + "; ".join(_settings_of(result.wish) for result in results),
        "",
        f"| figure | this build | {other.commit} | median ratio | spread this, {other.commit} | target | met |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [report.compared_row(item) for result in results for item in result.compared]
    lines += ["", *(f"- {result.note}" for result in results if result.note)]
    lines += ["", "The ratio is this build's value by the other's, of each pair; where less is better, less than 1 is."]
    return lines


def _settings_of(wish: Wish) -> str:
    known = {**{key: _number(value) for key, value in wish.values.items()}, **wish.recipe.fixed}
    return f"{wish.recipe.name} " + (", ".join(f"{key} {value:g}" for key, value in known.items()) or "as always")


def execute(order: Order) -> int:
    """Run the command until its end or a signal; what it started is ended either way. Returns the exit status."""
    try:
        return signals.run(run(order))
    except CommandError as refusal:
        sys.stderr.write(f"paspor: {refusal}\n")
        return 1
