"""Chains as an export: JSON lines that begin with what they are, and end with how many they were."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from shared.chain.chainer import Chains
from shared.chain.hashing import FORMAT, roots_hash
from shared.chain.kinds import Head, Link, Root

MEDIA_TYPE: Final = "application/x-ndjson"
LINES_AT_ONCE: Final = 200

Extras = Callable[[Sequence[Link]], Awaitable[Sequence[Mapping[str, Any]]]]
"""Facts shown to a reader beside each link, under names that no hash covers."""


def _line(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


async def export_lines(
    kind: str, chains: Chains, heads: Sequence[Head], now: datetime, *, extras: Extras | None = None
) -> AsyncIterator[bytes]:
    """The export of these chains as they end now: a header, every link, an end.

    The header promises where each chain ends, so a cut export is seen; the last line counts the lines before it.
    """
    ends = {head.name.text: {"seq": head.seq, "hash": head.hash} for head in heads}
    yield _line({"kind": kind, "format": FORMAT, "made_at": now.isoformat(timespec="milliseconds"), "chains": ends})
    lines = 1
    waiting: list[Link] = []
    for head in heads:
        async for link in chains.links(head.name.text, last=head.seq):
            waiting.append(link)
            if len(waiting) == LINES_AT_ONCE:
                yield await _lines(waiting, extras)
                lines += len(waiting)
                waiting = []
    if waiting:
        yield await _lines(waiting, extras)
        lines += len(waiting)
    yield _line({"kind": "end", "lines": lines})


async def _lines(links: Sequence[Link], extras: Extras | None) -> bytes:
    beside: Sequence[Mapping[str, Any]] = await extras(links) if extras is not None else [{} for _ in links]
    return b"".join(_line({**link.members(), **more}) for link, more in zip(links, beside, strict=True))


async def roots_lines(day: date, roots: Sequence[Root]) -> AsyncIterator[bytes]:
    """The roots that were published on a day: a line per chain, and one root over all of them in the last line."""
    yield _line({"kind": "roots", "format": FORMAT, "published_on": day.isoformat()})
    for root in roots:
        yield _line({"chain": root.chain, "seq": root.seq, "hash": root.hash})
    over_all = roots_hash([(root.chain, root.seq, root.hash) for root in roots])
    yield _line({"kind": "end", "lines": len(roots) + 1, "root": over_all})
