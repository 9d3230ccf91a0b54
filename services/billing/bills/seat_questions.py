"""For what scheduling was asked for a seat, as its answers name it; any other answer is about late money."""

from __future__ import annotations

from typing import Final

RENEWAL: Final = "renewal"
"""For a new code of a bill whose code has ended."""

SAME_DAY: Final = "same_day"
"""For a place in the same-day quota."""
