"""The facts of all erasures of a run, read from all stores once all is quiet, and a search for whoever is gone."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from journeys.people import Person as Particulars
from services.application.applications.application import LIVE
from services.billing.refunds.states import OPEN_REFUNDS
from services.identity.handlers import ERASURES
from services.identity.leaving.leaving import ERASING
from shared.events.identity import ErasureOrdered
from tests.sim import erased
from tests.sim.erased import Expected, Facts, Key, LeavingEnd, Order, Told
from tests.sim.seals import Seals
from tests.sim.world import World

KEPT_FIELDS: Final = {"application": {"passport_number"}, "billing": {"account_number", "holder_name"}}
"""What a rule that binds keeps, by the fields that were sealed."""

ON_ITS_WAY: Final = timedelta(hours=1)
"""Money that came so shortly before an order, or later, is money that came too late to stand against it."""

_TEXTS: Final = re.compile(r'"((?:[^"\\]|\\.)*)"')

State = dict[str, Any]


@dataclass
class Known:
    """Somebody's account as they know it: its address, and the people in it, by applicant."""

    account_id: str
    email: str
    people: dict[str, Particulars] = field(default_factory=dict)


class Erasures:
    """Reads where everybody's data are. ``known`` are all accounts of a run, ``expected`` what owners were told."""

    def __init__(self, world: World, seals: Seals, known: Collection[Known], expected: Collection[Expected]) -> None:
        self._world = world
        self._seals = seals
        self._known = known
        self._expected = expected
        self._orders = {
            event.erasure_id: (event, envelope.time)
            for envelope in world.broker.sent.values()
            if isinstance(event := envelope.data, ErasureOrdered)
        }
        self._gone = {
            subject for event, _ in self._orders.values() for subject in (*event.applicant_ids, *_account_of(event))
        }

    def reckon(self) -> None:
        """Once all is quiet every rule must hold."""
        facts = self.facts()
        self._world.counts["erasures"] += len(facts.orders)
        self._world.counts["keys that a rule keeps"] += len(facts.kept_keys)
        for breach in erased.breaches(facts):
            self._world.violated(breach.rule, breach.what)

    def facts(self) -> Facts:
        """What all stores say."""
        kept = set(self._kept_keys())
        return Facts(
            orders=[
                Order(name, event.account_id, (*event.applicant_ids, *_account_of(event)))
                for name, (event, _) in self._orders.items()
            ],
            keys={
                (service, subject): self._key(service, subject)
                for service in ERASING
                for subject in self._world.processes[service].key_table.records
            },
            kept_keys=kept,
            told=[
                Told(event.erasure_id, event.service, event.kept)
                for envelope in self._world.broker.sent.values()
                if isinstance(event := envelope.data, ERASURES)
            ],
            leavings={
                name: LeavingEnd(state["state"], tuple(state["done"]))
                for name, state in self._states("identity", "leaving").items()
            },
            remains=tuple(self._remains(kept)),
            losses=tuple(self._losses()),
            cut_off=tuple(self._cut_off()),
            expected=self._expected,
        )

    def _states(self, service: str, kind: str) -> dict[str, State]:
        documents = self._world.processes[service].kept.documents(kind)
        return {name: document["state"] for name, document in documents.items()}

    def _key(self, service: str, subject: str) -> Key:
        table = self._world.processes[service].key_table
        record = table.records.get(subject)
        opens = record is not None and record.wrapped is not None
        return Key(table.made[subject], table.destroyed[subject], record is not None and not opens, opens)

    def _kept_keys(self) -> Iterator[tuple[str, str]]:
        """A passport that was handed out and an account that money went to are kept for their time."""
        for state in self._states("application", "application").values():
            if state["passport_number_sealed"] is not None and state["applicant_id"] in self._gone:
                yield "application", state["passport_number_subject"] or state["applicant_id"]
        for state in self._states("billing", "refund").values():
            if state["account"] is not None and state["account_id"] in self._gone:
                yield "billing", state["account_id"]

    # I16

    def _remains(self, kept: Collection[tuple[str, str]]) -> Iterator[str]:
        words = self._words_of_the_gone()
        for service in ERASING:
            text = self._everything_in(service)
            texts = set(_TEXTS.findall(text))
            for value in texts & self._seals.by_value.keys():
                seal = self._seals.by_value[value]
                by_rule = (service, seal.subject_id) in kept and seal.field in KEPT_FIELDS.get(service, ())
                is_gone = seal.subject_id in self._gone and not by_rule
                if is_gone or any(word in seal.text for word in words):
                    yield f"{service} has sealed {seal.field} of {seal.subject_id}, which is of somebody erased"
            found = texts & self._seals.fingerprints.keys()
            yield from (
                f"{service} has the fingerprint {print_} of somebody erased"
                for print_ in found
                if self._seals.fingerprints[print_] in words
            )
            yield from (f"{service} has {word} in the open" for word in words if word in text)
            yield from self._files_of_the_gone(service)

    def _files_of_the_gone(self, service: str) -> Iterator[str]:
        for file_id, record in self._world.processes[service].files._table.files.items():  # type: ignore[attr-defined]
            if record.meta.subject_id in self._gone:
                yield f"{service} has the file {file_id} of {record.meta.subject_id}, who was erased"

    def _everything_in(self, service: str) -> str:
        kept = self._world.processes[service].kept
        archive = [envelope.to_fields() for _, envelope in kept._archive]
        return json.dumps([kept._documents, archive], default=str, ensure_ascii=False)

    def _words_of_the_gone(self) -> set[str]:
        """What somebody erased is known by, and nobody who is still there: a person may be in two accounts."""
        gone: set[str] = set()
        still: set[str] = set()
        for known in self._known:
            (gone if known.account_id in self._gone else still).add(known.email)
            for applicant_id, who in known.people.items():
                left = {applicant_id, known.account_id} & self._gone
                (gone if left else still).update((who.nik, who.full_name, who.family_card_number))
        return gone - still

    # I19

    def _losses(self) -> Iterator[str]:
        accounts, applicants = self._states("identity", "account"), self._states("identity", "applicant")
        cards = self._states("application", "applicant")
        for known in self._known:
            if known.account_id in self._gone:
                continue
            account = accounts.get(known.account_id)
            address = self._seals.by_value.get(((account or {}).get("email") or {}).get("sealed", ""))
            if account is None or address is None or address.text != known.email:
                yield f"account {known.account_id} has lost its address"
            elif account["leaving"] is not None:
                yield f"account {known.account_id} is still leaving: {account['leaving']}"
            if known.account_id not in self._states("notification", "contact_card"):
                yield f"account {known.account_id} has lost its contact card"
            yield from self._lost_keys(known.account_id)
            for applicant_id in known.people.keys() - self._gone:
                if applicant_id not in applicants or applicant_id not in cards:
                    yield f"applicant {applicant_id} is gone"
                yield from self._lost_keys(applicant_id)

    def _lost_keys(self, subject: str) -> Iterator[str]:
        for service in ERASING:
            if self._key(service, subject).has_tombstone:
                yield f"{service} has destroyed the key of {subject}, who was not erased"

    # I20

    def _cut_off(self) -> Iterator[str]:
        for name, state in self._states("application", "application").items():
            if {state["applicant_id"], state["account_id"]} & self._gone and state["status"] in LIVE:
                yield f"application {name} is {state['status']}, and its applicant is erased"
        ordered_at = {event.account_id: at for event, at in self._orders.values() if event.whole_account}
        for name, state in self._states("billing", "refund").items():
            at = ordered_at.get(state["account_id"])
            if at is not None and state["state"] in OPEN_REFUNDS and _time(state["opened_at"]) < at - ON_ITS_WAY:
                yield f"refund {name} is {state['state']}, and its payer was erased at {at}"


def sealed_of(world: World, seals: Seals, service: str, subjects: Collection[str]) -> set[str]:
    """Everything that a service's documents hold of these subjects under their keys, and the keys that open it.

    Things are named by what they say: a turn of keys may seal the same once more.
    """
    process = world.processes[service]
    text = json.dumps({kind: process.kept.documents(kind) for kind in _HELD_KINDS[service]}, default=str)
    seen = (seals.by_value[value] for value in set(_TEXTS.findall(text)) & seals.by_value.keys())
    found = {f"{seal.field} of {seal.subject_id}: {seal.text}" for seal in seen if seal.subject_id in subjects}
    opens = {subject for subject, record in process.key_table.records.items() if record.wrapped is not None}
    return found | (opens & set(subjects))


_HELD_KINDS: Final = {
    "identity": ("account", "applicant"),
    "application": ("applicant", "application"),
    "scheduling": ("appointment",),
    "billing": ("refund",),
    "notification": ("contact_card",),
}
"""Where something of a person lies that does not end by itself within days."""


def _account_of(event: ErasureOrdered) -> tuple[str, ...]:
    return (event.account_id,) if event.whole_account else ()


def _time(stored: Any) -> datetime:
    return stored if isinstance(stored, datetime) else datetime.fromisoformat(stored)
