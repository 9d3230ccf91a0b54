"""Reasons that stop a command: one class for each, its text a sentence that says what to do."""

from __future__ import annotations

from pathlib import Path


class CommandError(Exception):
    """Base of all. `str()` is the sentence shown to the user; the command then exits with 1."""


class PortInUse(CommandError):
    """Somebody else listens where a part wants to."""

    def __init__(self, part: str, port: int) -> None:
        super().__init__(
            f"Port {port} for {part} is in use: stop what listens there (`ss -ltnp 'sport = :{port}'` names it), "
            "or choose other ports with --port-base."
        )


class PackageUnavailable(CommandError):
    """A server could not be fetched or unpacked."""


class PartDidNotStart(CommandError):
    """A part ended, or was not ready in time."""

    def __init__(self, part: str, reason: str, log: Path) -> None:
        super().__init__(f"{part} did not start: {reason}. Its log is {log}.{_last_lines(log)}")


class AlreadyRunning(CommandError):
    """Another suite uses this data folder."""


def _last_lines(log: Path, count: int = 5) -> str:
    try:
        lines = log.read_text(errors="replace").splitlines()[-count:]
    except OSError:
        return ""
    return "".join(f"\n    {line[:300]}" for line in lines)
