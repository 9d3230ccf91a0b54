"""The facts of all stores at one moment, and the rules across services (I11 to I14) looked at all along a run."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any, Final

from shared.store.kinds import Kind
from tests.sim import across
from tests.sim.suite import Agencies
from tests.sim.world import World

PAID_OUT: Final = frozenset({"ordered", "paid", "credited"})
"""Refund cases whose money is gone, or on its way where nobody can stop it."""

GONE: Final = frozenset({"refunded", "credited"})
"""Receipts all of whose rest is gone."""

TOMBSTONE: Final = "abandoned"
"""An appointment that was never written and is nobody's."""

LASTS: Final = timedelta(hours=6)
"""News between services take no longer, whoever is away: what is wrong for so long is wrong."""

State = dict[str, Any]


class Joined:
    """Looks at the stores of all services at once: at each write that could break a rule, and now and then."""

    def __init__(self, world: World, agencies: Agencies) -> None:
        self._world = world
        self._agencies = agencies
        self._first_seen: dict[across.Breach, datetime] = {}

    def watch(self) -> None:
        """Look at every write of a receipt, of a refund that is paid out, of a certain visit, of a printed book."""
        for process in self._world.processes.values():
            process.kept.on_kept = self._on_kept

    def _on_kept(self, kind: Kind[Any], state: State) -> None:
        if _can_break(kind.name, state):
            self._world.counts["looked across"] += 1
            for breach in across.breaches(self.facts(), at_rest=False):
                self._world.violated(breach.rule, breach.what)

    def look(self) -> None:
        """What is not as it must be at rest may last for a while, not for long."""
        now = self._world.clock.now()
        found = dict.fromkeys(across.breaches(self.facts(), at_rest=True))
        self._first_seen = {breach: self._first_seen.get(breach, now) for breach in found}
        for breach, since in self._first_seen.items():
            if now - since > LASTS:
                self._world.violated(breach.rule, breach.what)

    def reckon(self) -> None:
        """Once all is quiet everything must agree."""
        facts = self.facts()
        self._world.counts["certain visits"] += sum(each.status in across.CERTAIN for each in facts.visits.values())
        self._world.counts["refunded receipts"] += sum(each.is_refunded for each in facts.receipts.values())
        for breach in across.breaches(facts, at_rest=True):
            self._world.violated(breach.rule, breach.what)

    def facts(self) -> across.Facts:
        """What all stores and SIMPONI say at this moment."""
        scheduling, billing = self._stored("scheduling"), self._stored("billing")
        application = self._stored("application")
        refunded = _refunded(billing("refund"))
        return across.Facts(
            visits={
                name: _visit(name, each)
                for name, each in scheduling("appointment").items()
                if each["status"] != TOMBSTONE
            },
            seats={name: _seat(name, each) for name, each in scheduling("seat").items()},
            bills={name: _bill(name, each) for name, each in billing("bill").items()},
            receipts={name: _receipt(each, refunded[name]) for name, each in billing("receipt").items()},
            deposits=self._deposits(),
            applications={name: _application(name, each) for name, each in application("application").items()},
        )

    def _stored(self, service: str) -> Any:
        kept = self._world.processes[service].kept
        return lambda kind: {name: document["state"] for name, document in kept.documents(kind).items()}

    def _deposits(self) -> dict[str, across.Deposit]:
        said = self._agencies.treasury.paid
        return {
            each.ntpn: across.Deposit(each.ntpn, each.billing_code, each.amount)
            for each in said
            if each.ntpn is not None
        }


def _can_break(kind: str, state: State) -> bool:
    """Whether a write of this state could break a rule that holds at every moment."""
    if kind == "appointment":
        return state["status"] in across.EXPECTED
    if kind == "refund":
        return state["state"] in PAID_OUT
    return kind == "receipt" or (kind == "application" and state.get("passport_number_sealed") is not None)


def _refunded(refunds: dict[str, State]) -> defaultdict[str, int]:
    """By receipt, what cases have paid out of it, in rupiah."""
    rupiah: defaultdict[str, int] = defaultdict(int)
    for refund in refunds.values():
        if refund["state"] in PAID_OUT:
            rupiah[refund["receipt_id"]] += refund["amount"]
    return rupiah


def _owner(state: State, application_id: str | None = None) -> across.Owner:
    return across.Owner(application_id or state["application_id"], state["account_id"], state["person_id"])


def _visit(name: str, state: State) -> across.Visit:
    slot = state["slot"]
    return across.Visit(name, state["status"], _owner(state), state["bill_id"], slot["seat_id"] if slot else None)


def _seat(name: str, state: State) -> across.Seat:
    return across.Seat(name, state["claimed_by"] if state["status"] == "taken" else None)


def _bill(name: str, state: State) -> across.Bill:
    visit_id = state["seat"]["appointment_id"] if state["seat"] else None
    owner = _owner(state["payer"])
    return across.Bill(name, state["state"], owner, visit_id, state["settled_by"], state["late_receipt_id"])


def _receipt(state: State, refunded: int) -> across.Receipt:
    gone = state["amount"] if state["state"] in GONE else refunded
    return across.Receipt(state["ntpn"], state["billing_code"], state["amount"], gone)


def _application(name: str, state: State) -> across.Application:
    return across.Application(_owner(state, name), state.get("passport_number_sealed") is not None)
