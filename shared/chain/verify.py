"""Re-computing an export with nothing but the export: hashes, numbers, order, ends, and what its facts add up to."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeGuard

from shared.chain.canonical_json import canonical
from shared.chain.export_checks import AuditTotals, LedgerTotals, SeatTotals, Totals, TotalsWrong
from shared.chain.hashing import FORMAT, genesis, link_hash, roots_hash

LONGEST_LINE_BYTES: Final = 64 * 1024
"""A link is under a kilobyte; a line beyond this is no export of ours."""

LINK_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "chain": (str,),
    "seq": (int,),
    "source": (str,),
    "at": (str,),
    "fact": (dict,),
    "commitment": (str, type(None)),
    "previous": (str,),
    "hash": (str,),
}
"""The members of a link; a reader may see others beside them, which no hash covers."""

TOTALS: Final[Mapping[str, Callable[[], Totals]]] = {
    "seats": SeatTotals,
    "ledger": LedgerTotals,
    "audit": AuditTotals,
}


class ExportWrong(Exception):
    """The export does not verify; the message is a sentence that names the first wrong line."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(f"Line {line} is wrong: {what}")
        self.line = line


@dataclass(frozen=True)
class Verified:
    """Summary of a sound export."""

    kind: str
    chains: Mapping[str, tuple[int, str]]
    """Name to number and hash of the last link."""
    links: int
    remarks: tuple[str, ...] = ()


@dataclass
class _Chain:
    seq: int
    hash: str
    hashes: dict[int, str] = field(default_factory=dict)


class _Walk:
    """One pass over the lines."""

    def __init__(self, roots: Mapping[str, Mapping[int, str]]) -> None:
        self._roots = roots
        self._chains: dict[str, _Chain] = {}
        self._sources: set[tuple[str, str]] = set()
        self.promised: dict[str, tuple[int, str]] = {}
        self.kind = ""
        self.totals: Totals = AuditTotals()
        self.ended = False
        self.lines = 0

    def take(self, number: int, line: Mapping[str, Any]) -> None:
        """One line, after those before it."""
        if self.ended:
            raise ExportWrong(number, "the export has ended before it; lines were added.")
        if number == 1:
            self._begin(line)
        elif line.get("kind") == "end":
            self._end(number, line)
        else:
            self._link(number, line)
        self.lines = number

    def _begin(self, line: Mapping[str, Any]) -> None:
        kind = line.get("kind")
        if not isinstance(kind, str) or kind not in TOTALS:
            raise ExportWrong(1, f"it must say which kind of export this is, one of {', '.join(TOTALS)}.")
        if not _is_number(line.get("format"), FORMAT):
            raise ExportWrong(1, f"the format is {line.get('format')!r}, and this program knows {FORMAT}.")
        ends = line.get("chains")
        if not isinstance(ends, dict):
            raise ExportWrong(1, "it must say where each chain ends.")
        for name, end in ends.items():
            if not isinstance(end, dict) or not _whole(end.get("seq")) or not isinstance(end.get("hash"), str):
                raise ExportWrong(1, f"it does not say where {name} ends.")
            self.promised[name] = (end["seq"], end["hash"])
        self.kind = kind
        self.totals = TOTALS[kind]()

    def _link(self, number: int, line: Mapping[str, Any]) -> None:
        missing = [name for name, kinds in LINK_TYPES.items() if name not in line or type(line[name]) not in kinds]
        if missing:
            raise ExportWrong(number, f"a link has no {missing[0]}, or one of another type.")
        name, seq = line["chain"], line["seq"]
        if name not in self.promised:
            raise ExportWrong(number, f"the first line does not name the chain {name}.")
        chain = self._chains.setdefault(name, _Chain(0, genesis(name)))
        if seq != chain.seq + 1:
            what = f"link {seq} of {name} follows link {chain.seq}; lines are missing, doubled or in another order."
            raise ExportWrong(number, what)
        if line["previous"] != chain.hash:
            raise ExportWrong(number, f"link {seq} of {name} does not follow from the link before it.")
        if link_hash(line) != line["hash"]:
            raise ExportWrong(number, f"link {seq} of {name} was changed: its content does not give its hash.")
        if (name, line["source"]) in self._sources:
            raise ExportWrong(number, f"link {seq} of {name} tells a fact that was told before.")
        published = self._roots.get(name, {}).get(seq)
        if published is not None and published != line["hash"]:
            raise ExportWrong(number, f"link {seq} of {name} is not the one whose root was published.")
        self._sources.add((name, line["source"]))
        self._chains[name] = _Chain(seq, line["hash"])
        try:
            self.totals.take(number, line)
        except TotalsWrong as wrong:
            raise ExportWrong(wrong.line, wrong.what) from None

    def _end(self, number: int, line: Mapping[str, Any]) -> None:
        for name, (seq, digest) in self.promised.items():
            chain = self._chains.get(name, _Chain(0, genesis(name)))
            if (chain.seq, chain.hash) != (seq, digest):
                what = f"{name} ends at link {chain.seq}, and the first line promises link {seq}; lines are missing."
                raise ExportWrong(number, what if chain.seq != seq else f"{name} does not end as the first line says.")
            later = [rooted for rooted in self._roots.get(name, {}) if rooted > seq]
            if later:
                raise ExportWrong(number, f"{name} ends at link {seq}, and a root of link {max(later)} was published.")
        if not _is_number(line.get("lines"), number - 1):
            raise ExportWrong(number, f"it counts {line.get('lines')} lines before it, and there are {number - 1}.")
        try:
            self.totals.finish()
        except TotalsWrong as wrong:
            raise ExportWrong(wrong.line, wrong.what) from None
        self.ended = True


def verify(lines: Iterable[bytes], *, roots: Mapping[str, Mapping[int, str]] | None = None) -> Verified:
    """Walk an export once. ``roots`` are published ones: chain to number to hash.

    Without roots a change is found unless the whole export was rewritten with all its hashes; with them that too.

    Raises:
        ExportWrong: the first line that is wrong.
    """
    walk = _Walk(roots or {})
    number = 0
    for number, raw in enumerate(lines, start=1):
        walk.take(number, read_line(number, raw))
    if not walk.ended:
        raise ExportWrong(number + 1, "the export ends without its last line; it was cut.")
    return Verified(walk.kind, walk.promised, walk.lines - 2, walk.totals.remarks())


def read_roots(lines: Iterable[bytes]) -> dict[str, dict[int, str]]:
    """Published roots, as the roots' address gives them: chain to number to hash.

    Raises:
        ExportWrong: a line is not one of published roots, or the list was cut.
    """
    listed: list[tuple[str, int, str]] = []
    number, ended = 0, False
    for number, raw in enumerate(lines, start=1):
        line = read_line(number, raw)
        if number == 1 and not (line.get("kind") == "roots" and _is_number(line.get("format"), FORMAT)):
            raise ExportWrong(1, f"it must say that these are roots of format {FORMAT}.")
        if ended:
            raise ExportWrong(number, "the roots have ended before it; lines were added.")
        if line.get("kind") == "end":
            if not _is_number(line.get("lines"), number - 1) or line.get("root") != roots_hash(listed):
                raise ExportWrong(number, "the roots before it are not those that it counts and sums up.")
            ended = True
        elif number > 1:
            chain, seq, digest = line.get("chain"), line.get("seq"), line.get("hash")
            if not isinstance(chain, str) or not _whole(seq) or not isinstance(digest, str):
                raise ExportWrong(number, "it is no root of a chain.")
            listed.append((chain, seq, digest))
    if not ended:
        raise ExportWrong(number + 1, "the roots end without their last line; they were cut.")
    roots: dict[str, dict[int, str]] = {}
    for chain, seq, digest in listed:
        roots.setdefault(chain, {})[seq] = digest
    return roots


def read_line(number: int, raw: bytes) -> dict[str, Any]:
    """Return one line as an object that has a canonical form: each number in it is whole, each text is sound.

    Raises:
        ExportWrong: it is no such object.
    """
    if len(raw) > LONGEST_LINE_BYTES:
        raise ExportWrong(number, f"it is longer than {LONGEST_LINE_BYTES} bytes.")
    try:
        line = json.loads(raw.decode())
        canonical(line)
    except (ValueError, RecursionError):
        raise ExportWrong(number, "it is not JSON that has a canonical form.") from None
    if not isinstance(line, dict):
        raise ExportWrong(number, "it is not a JSON object.")
    return line


def _is_number(value: object, number: int) -> bool:
    """Return whether the value is that number: True is none, though Python takes it for 1."""
    return _whole(value) and value == number


def _whole(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
