"""Totals of an export: no more seats held than there are, postings balanced, no override without a reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol, TypeVar

from shared.chain.hashing import posting_hash

V = TypeVar("V")


class TotalsWrong(Exception):
    """The facts contradict each other; ``line`` is the first that does."""

    def __init__(self, line: int, what: str) -> None:
        super().__init__(what)
        self.line = line
        self.what = what


class Totals(Protocol):
    """Checks the totals of one kind of export."""

    def take(self, number: int, link: Mapping[str, Any]) -> None:
        """Take the next link, whose hash was checked."""
        ...

    def finish(self) -> None:
        """Finish after the last link."""
        ...

    def remarks(self) -> tuple[str, ...]:
        """Return the findings, a sentence each."""
        ...


SESSION: Final = "session"
"""The act that tells how many seats each pool of a session has."""

ENTERS: Final = frozenset({"held", "offered", "confirmed", "moved_in"})
"""Acts after which a holder has a seat of the fact's session and pool."""

LEAVES: Final = frozenset({"released", "offer_ended", "moved_out", "interrupted", "special_opened"})
"""Acts after which they have it no longer."""

STAYS: Final = frozenset({"checked_in", "missed", "waiting_offered"})
"""Acts that change no count: a visit, a missed one, and a seat offered to a place on the waiting list."""


@dataclass(frozen=True)
class _Sitting:
    line: int
    at: str
    version: int
    holder: str
    place: tuple[str, str] | None
    """Session and pool, or none for a leaving."""
    left: tuple[str, str] | None = None


@dataclass
class SeatTotals:
    """Checks that live holders of a session's pool never exceed its seats.

    Facts may be linked in any order, so they are sorted by time first; for one holder the version of the appointment
    decides. Between two links with a session's capacity it changed at an unknown moment: there the larger one counts.
    """

    _facts: list[_Sitting] = field(default_factory=list)
    _capacity: dict[tuple[str, str], list[tuple[str, int]]] = field(default_factory=dict)
    _most: int = 0

    def take(self, number: int, link: Mapping[str, Any]) -> None:
        """Take one fact of a seat or of a session's capacity."""
        fact = link["fact"]
        try:
            act = _exactly(str, fact["act"])
            if act == SESSION:
                for pool, seats in fact["pools"].items():
                    place = (_exactly(str, fact["session"]), pool)
                    self._capacity.setdefault(place, []).append((link["at"], _exactly(int, seats)))
            elif act in ENTERS | LEAVES:
                place = (_exactly(str, fact["session"]), _exactly(str, fact.get("pool", "")))
                enters, version = act in ENTERS, _exactly(int, fact["version"])
                holder = _exactly(str, link["commitment"])
                self._facts.append(_Sitting(number, link["at"], version, holder, place if enters else None, place))
        except (KeyError, TypeError, AttributeError):
            raise TotalsWrong(number, "it is no fact of a seat.") from None

    def finish(self) -> None:
        """Replay all facts in the order of time."""
        sitting: dict[str, tuple[str, str]] = {}
        counts: dict[tuple[str, str], int] = {}
        for fact in self._in_order():
            before = sitting.get(fact.holder)
            if fact.place is None and before is not None and fact.left is not None and before[0] != fact.left[0]:
                continue  # they left another session of this day than the one they sit in now
            if before is not None:
                counts[before] -= 1
                del sitting[fact.holder]
            if fact.place is not None:
                sitting[fact.holder] = fact.place
                counts[fact.place] = counts.get(fact.place, 0) + 1
                self._refuse_more_than_fit(fact, fact.place, counts[fact.place])

    def remarks(self) -> tuple[str, ...]:
        """Return the number of pools and the most holders of one."""
        return (f"{len(self._capacity)} pools of sessions, never more holders than seats; {self._most} at most.",)

    def _refuse_more_than_fit(self, fact: _Sitting, place: tuple[str, str], count: int) -> None:
        self._most = max(self._most, count)
        known = self._capacity.get(place)
        if known is None:
            raise TotalsWrong(fact.line, f"session {place[0]} has no seats in the pool {place[1]}.")
        told = sorted(known, key=lambda each: each[0])
        later = [seats for at, seats in told if at > fact.at]
        earlier = [seats for at, seats in told if at <= fact.at]
        allowed = max([*earlier[-1:], *later[:1]])
        if count > allowed:
            what = f"with it {count} hold a seat of session {place[0]}, pool {place[1]}, which has {allowed}."
            raise TotalsWrong(fact.line, what)

    def _in_order(self) -> Sequence[_Sitting]:
        """Return the facts by time, leavings first; facts of one holder by version."""
        latest: dict[str, str] = {}
        timed: list[tuple[str, bool, int, _Sitting]] = []
        for fact in sorted(self._facts, key=lambda each: (each.version, each.at, each.place is not None)):
            at = latest[fact.holder] = max(fact.at, latest.get(fact.holder, ""))
            timed.append((at, fact.place is not None, fact.version, fact))
        return [fact for _, _, _, fact in sorted(timed, key=lambda each: each[:3])]


def _exactly(kind: type[V], value: object) -> V:
    """Return the value. Raises TypeError if it is of another type, be it a subclass, as a bool is of int."""
    if type(value) is not kind:
        raise TypeError(f"{value!r:.40} is no {kind.__name__}")
    return value


@dataclass
class LedgerTotals:
    """Checks that every posting is in whole rupiah, balances to zero and has the hash of its content."""

    _postings: int = 0
    _sums: dict[str, int] = field(default_factory=dict)

    def take(self, number: int, link: Mapping[str, Any]) -> None:
        """Take one posting."""
        fact = link["fact"]
        try:
            entries = [(str(account), amount) for account, amount in fact["entries"]]
            computed = posting_hash(fact)
        except (KeyError, TypeError, ValueError):
            raise TotalsWrong(number, "it is no posting.") from None
        if any(type(amount) is not int for _, amount in entries):
            raise TotalsWrong(number, "an amount is not in whole rupiah.")
        if sum(amount for _, amount in entries) != 0:
            raise TotalsWrong(number, "its sides do not balance.")
        if computed != fact.get("posting"):
            raise TotalsWrong(number, "the posting was changed: its content does not give its hash.")
        self._postings += 1
        for account, amount in entries:
            self._sums[account] = self._sums.get(account, 0) + amount

    def finish(self) -> None:
        """Do nothing: each posting was balanced by itself."""

    def remarks(self) -> tuple[str, ...]:
        """Return the sums by account."""
        sums = ", ".join(f"{account} {amount}" for account, amount in sorted(self._sums.items()) if amount)
        return (f"{self._postings} postings, each balanced; {sums or 'nothing is left on any account'}.",)


@dataclass
class AuditTotals:
    """Checks that every override has a reason."""

    _overrides: int = 0

    def take(self, number: int, link: Mapping[str, Any]) -> None:
        """Take one line of an audit."""
        fact = link["fact"]
        if "act" not in fact or type(fact.get("override", False)) is not bool:
            raise TotalsWrong(number, "it is no line of an audit.")
        if fact.get("override"):
            self._overrides += 1
            if not isinstance(fact.get("reason"), str) or not fact["reason"]:
                raise TotalsWrong(number, "an override stands there without a reason.")

    def finish(self) -> None:
        """Do nothing: each line was checked by itself."""

    def remarks(self) -> tuple[str, ...]:
        """Return the number of overrides."""
        return (f"{self._overrides} lines tell of overrides, each with its reason.",)
