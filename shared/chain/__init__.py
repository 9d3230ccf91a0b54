"""Chains: committed facts, appended off the hot path to lists that only grow and that anybody can re-compute.

A *source* tells facts that are committed elsewhere (published events, postings, audit lines). A *feed* reads them under
a lease and has the *chainer* append each exactly once to the chain that it belongs to. A chain is named by stream,
scope and day (``seats:jakarta-selatan:2026-11-23``). Its links hold what may be public and a salted commitment to whom
it concerns; the salts lie apart and can be erased. Each day the head of every chain that grew is published as its root.
"""

from __future__ import annotations

from shared.chain.chainer import Chains
from shared.chain.checks import ChainChecks
from shared.chain.daily_roots import CAPITAL, ChainStream
from shared.chain.feed import FIRST_LOOK_SECONDS, SECOND_LOOK_SECONDS, Feed, Page, Source
from shared.chain.kinds import CHAIN_KINDS, ChainName, Fact, Head, Link, Root, Salt
from shared.chain.sources import ArchiveSource, TimedSource
from shared.chain.streaming import MEDIA_TYPE, export_lines, roots_lines

__all__ = [
    "CAPITAL",
    "CHAIN_KINDS",
    "FIRST_LOOK_SECONDS",
    "MEDIA_TYPE",
    "SECOND_LOOK_SECONDS",
    "ArchiveSource",
    "ChainChecks",
    "ChainName",
    "ChainStream",
    "Chains",
    "Fact",
    "Feed",
    "Head",
    "Link",
    "Page",
    "Root",
    "Salt",
    "Source",
    "TimedSource",
    "export_lines",
    "roots_lines",
]
