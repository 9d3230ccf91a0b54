"""Processes that a run has left behind."""

from __future__ import annotations

import os

from bench.process_memory import process_tree


def begun_since(before: set[int]) -> list[int]:
    """Our processes that were not there before; not what servers of other tests have begun meanwhile."""
    own = set(process_tree(os.getpid()))
    others = {child for pid in before - {os.getpid()} for child in process_tree(pid)}
    return sorted(own - before - others)
