"""Answers to leavings in the store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from shared.store.kinds import Kind


@dataclass(frozen=True)
class AnsweredLeaving:
    """An answer that was given; each asking of a leaving has one."""

    leaving_id: str
    asking: int
    objections: tuple[str, ...]


ANSWERED_LEAVINGS: Final[Kind[AnsweredLeaving]] = Kind("answered_leaving", AnsweredLeaving)
KINDS: Final[tuple[Kind[Any], ...]] = (ANSWERED_LEAVINGS,)
