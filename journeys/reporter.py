"""Runs the steps of a way one after the other and tells of each: live lines for people, JSON lines for machines."""

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
class Told:
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
class Teller:
    """Tells of steps as they happen."""

    as_json: bool = False
    quiet: bool = False
    console: Console = field(default_factory=Console)
    told: list[Told] = field(default_factory=list)
    before: Callable[[str, str], Awaitable[None]] | None = None
    """Called with the way's and the step's name before each step: where tests break things."""

    @property
    def all_ok(self) -> bool:
        """Whether something was walked and nothing failed."""
        return bool(self.told) and all(step.ok for step in self.told)

    def way(self, name: str, sentence: str) -> Way:
        """Begin a way."""
        if not self.as_json and not self.quiet:
            self.console.print(f"\n[bold]{name}[/bold]  {sentence}")
        return Way(self, name)

    def tell(self, told: Told) -> None:
        """Tell of one step."""
        self.told.append(told)
        if self.quiet:
            return
        if self.as_json:
            print(told.as_json(), flush=True)
            return
        mark = ("✓", "green") if told.ok else ("✗", "red")
        line = Text.assemble("  ", mark, f" {told.step:<30} ", (f"{told.service:<13}", "cyan"), f"{told.ms:>6} ms  ")
        if told.ok:
            self._print_short(line.append(told.note, "dim"))
        else:
            self._print_short(line)
            self.console.print(Text(f"    {told.note}", "red"), soft_wrap=True)

    def _print_short(self, line: Text) -> None:
        """One line on a terminal, whatever its width; whole where nobody sees a width."""
        if self.console.is_terminal:
            self.console.print(line, no_wrap=True, overflow="ellipsis")
        else:
            self.console.print(line, soft_wrap=True)

    def summary(self) -> None:
        """Say how it went, for people."""
        if self.as_json or self.quiet:
            return
        failed = [step for step in self.told if not step.ok]
        if failed:
            self.console.print(f"\n[red]{len(failed)} of {len(self.told)} steps failed.[/red]")
        else:
            self.console.print(
                f"\n[green]All {len(self.told)} steps went well.[/green]  Next: ./paspor up keeps all running."
            )


@dataclass
class Way:
    """One way through the suite; a step that fails ends it."""

    teller: Teller
    name: str

    async def step(self, name: str, service: str, work: Callable[[], Awaitable[Any]]) -> Any:
        """Walk one step and tell of it.

        Raises:
            WayBroken: the step failed; it was told why.
        """
        if self.teller.before is not None:
            await self.teller.before(self.name, name)
        begun = time.perf_counter()
        try:
            result = await work()
        except Exception as trouble:
            self.teller.tell(
                Told(self.name, name, service, False, _ms_since(begun), f"{type(trouble).__name__}: {trouble}")
            )
            raise WayBroken(f"{self.name}: {name}: {trouble}") from trouble
        note = result if isinstance(result, str) else ""
        self.teller.tell(Told(self.name, name, service, True, _ms_since(begun), note))
        return result


def _ms_since(begun: float) -> int:
    return round((time.perf_counter() - begun) * 1000)
