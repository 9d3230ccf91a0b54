"""Stored kinds of chains: links and heads, salts apart from them, daily roots, and the progress of feeds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, NamedTuple

from shared.chain.hashing import link_hash
from shared.store.kinds import Index, Kind


class ChainName(NamedTuple):
    """Which chain: what it tells, of what part of the world, of which day."""

    stream: str
    scope: str
    day: date

    @property
    def text(self) -> str:
        """The name as it stands in links: ``seats:jakarta-selatan:2026-11-23``."""
        return f"{self.stream}:{self.scope}:{self.day.isoformat()}"


@dataclass(frozen=True)
class Fact:
    """One committed fact that belongs on a chain."""

    chain: ChainName
    source: str
    """The id of what it comes from: on one chain each source is told once."""
    at: datetime
    public: Mapping[str, Any]
    """The public fact: ids of sessions, states, amounts; JSON's own types, no personal data."""
    subject: str | None = None
    """Whom or what it concerns; only a salted commitment to it is written."""


@dataclass(frozen=True)
class Link:
    """One link, never changed. Its id is chain and number, so that no number can be given twice."""

    chain: str
    seq: int
    source: str
    at: str
    fact: Mapping[str, Any]
    commitment: str | None
    previous: str
    hash: str

    def members(self) -> dict[str, Any]:
        """As it stands in an export."""
        return {
            "chain": self.chain,
            "seq": self.seq,
            "source": self.source,
            "at": self.at,
            "fact": dict(self.fact),
            "commitment": self.commitment,
            "previous": self.previous,
            "hash": self.hash,
        }

    @property
    def holds(self) -> bool:
        """Whether its hash is that of its content."""
        return self.hash == link_hash(self.members())


@dataclass(frozen=True)
class Head:
    """Where a chain ends, and what its links add up to. A projection: the links are the truth."""

    stream: str
    scope: str
    day: date
    seq: int
    hash: str
    grown_at: datetime
    totals: Mapping[str, int] = field(default_factory=dict)

    @property
    def name(self) -> ChainName:
        """The chain."""
        return ChainName(self.stream, self.scope, self.day)


@dataclass(frozen=True)
class Salt:
    """The secret half of a commitment. Removing it makes the commitment meaningless for ever."""

    chain: str
    subject: str
    salt: str
    commitment: str


@dataclass(frozen=True)
class Root:
    """Where a chain ended on a day on which it grew, as it was published."""

    stream: str
    chain: str
    published_on: date
    seq: int
    hash: str


@dataclass(frozen=True)
class Progress:
    """How far a feed has read its source, and who reads until when."""

    since: datetime
    """Everything before this was read."""
    before: datetime | None = None
    """The end of the stretch that is being read."""
    after: str | None = None
    """Where in that stretch the source goes on."""
    owner: str = ""
    leased_until: datetime | None = None
    rooted_on: date | None = None
    """The last day whose roots were published."""


LINK: Final[Kind[Link]] = Kind(
    "chain_link",
    Link,
    indexes=(
        Index("seq", ("state.chain", "state.seq"), unique=True),
        Index("source", ("state.source", "state.chain"), unique=True),
    ),
    bare=True,
)
HEAD: Final[Kind[Head]] = Kind(
    "chain_head",
    Head,
    indexes=(
        Index("stream", ("state.stream", "state.day", "state.scope")),
        Index("grown", ("state.stream", "state.grown_at")),
    ),
    bare=True,
)
SALT: Final[Kind[Salt]] = Kind(
    "chain_salt",
    Salt,
    indexes=(Index("subject", ("state.subject",)), Index("commitment", ("state.commitment",))),
    bare=True,
)
ROOT: Final[Kind[Root]] = Kind(
    "chain_root",
    Root,
    indexes=(Index("day", ("state.stream", "state.published_on", "state.chain")), Index("chain", ("state.chain",))),
    bare=True,
)
FEED: Final[Kind[Progress]] = Kind("chain_feed", Progress, bare=True)

CHAIN_KINDS: Final[tuple[Kind[Any], ...]] = (LINK, HEAD, SALT, ROOT, FEED)
"""Kinds that a service with chains adds to its own."""


def link_id(chain: str, seq: int) -> str:
    """The one id of that number of that chain."""
    return f"{chain}#{seq}"
