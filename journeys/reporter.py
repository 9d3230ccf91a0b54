"""Runs the steps of a way one after the other and reports each: live lines for people, JSON lines for machines."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.text import Text

Step = Callable[[], Awaitable[Any]]


class WayBroken(Exception):
    """A step failed; the rest of its way was not walked."""


@dataclass(frozen=True)
class StepResult:
    """One step as it went."""

    way: str
    step: str
    service: str
    ok: bool
    ms: int
    note: str = ""

    def as_json(self) -> str:
        """The line that ``--json`` prints."""
        line = {"way": self.way, "step": self.step, "service": self.service, "ok": self.ok, "ms": self.ms}
        return json.dumps(line if self.ok else line | {"why": self.note})


@dataclass
class Reporter:
    """Reports steps as they happen."""

    as_json: bool = False
    quiet: bool = False
    console: Console = field(default_factory=Console)
    results: list[StepResult] = field(default_factory=list)
    before: Callable[[str, str], Awaitable[None]] | None = None
    """Called with the way's and the step's name before each step: where tests break things."""

    @property
    def all_ok(self) -> bool:
        """Whether something was walked and nothing failed."""
        return bool(self.results) and all(result.ok for result in self.results)

    def way(self, name: str, sentence: str) -> Way:
        """Begin a way."""
        if not self.as_json and not self.quiet:
            self.console.print(f"\n[bold]{name}[/bold]  {sentence}")
        return Way(self, name)

    def report(self, result: StepResult) -> None:
        """Report one step."""
        self.results.append(result)
        if self.quiet:
            return
        if self.as_json:
            print(result.as_json(), flush=True)
            return
        mark = ("✓", "green") if result.ok else ("✗", "red")
        line = Text.assemble(
            "  ", mark, f" {result.step:<30} ", (f"{result.service:<13}", "cyan"), f"{result.ms:>6} ms  "
        )
        if result.ok:
            self._print_short(line.append(result.note, "dim"))
        else:
            self._print_short(line)
            self.console.print(Text(f"    {result.note}", "red"), soft_wrap=True)

    def _print_short(self, line: Text) -> None:
        """Print one line on a terminal, cut to its width; the whole line into a file or pipe."""
        if self.console.is_terminal:
            self.console.print(line, no_wrap=True, overflow="ellipsis")
        else:
            self.console.print(line, soft_wrap=True)

    def summary(self) -> None:
        """Print how many steps went well, for people."""
        if self.as_json or self.quiet:
            return
        failed = [result for result in self.results if not result.ok]
        if failed:
            self.console.print(f"\n[red]{len(failed)} of {len(self.results)} steps failed.[/red]")
        else:
            self.console.print(
                f"\n[green]All {len(self.results)} steps went well.[/green]  Next: ./paspor up keeps all running."
            )


@dataclass
class Way:
    """One way through the suite; a step that fails ends it."""

    reporter: Reporter
    name: str

    async def step(self, name: str, service: str, work: Callable[[], Awaitable[Any]]) -> Any:
        """Walk one step and report it.

        Raises:
            WayBroken: the step failed; the reason was reported.
        """
        if self.reporter.before is not None:
            await self.reporter.before(self.name, name)
        begun = time.perf_counter()
        try:
            result = await work()
        except Exception as trouble:
            self.reporter.report(
                StepResult(self.name, name, service, False, _ms_since(begun), f"{type(trouble).__name__}: {trouble}")
            )
            raise WayBroken(f"{self.name}: {name}: {trouble}") from trouble
        note = result if isinstance(result, str) else ""
        self.reporter.report(StepResult(self.name, name, service, True, _ms_since(begun), note))
        return result


def _ms_since(begun: float) -> int:
    return round((time.perf_counter() - begun) * 1000)
