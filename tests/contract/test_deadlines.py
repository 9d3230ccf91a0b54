"""Every deadline that a kind can have is kept by a handler, and every handler keeps a deadline that exists."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from shared.events.subscriptions import SERVICES
from shared.service import Parts
from tests.contract.pure_modules import pure_modules

PROJECT = Path(__file__).parents[2]

DEADLINES: dict[str, dict[str, set[str]]] = {
    "identity": {
        "key_turn": {"batch"},
        "account": {"undo_over", "join", "silence"},
        "leaving": {"grace", "work"},
        "applicant": {"check", "correction", "age"},
        "challenge": {"second_channel", "forget"},
        "assistance": {"expire"},
        "breach": {"search", "tell", "alert"},
        "legal_hold": {"end"},
        "data_export": {"partial", "end"},
    },
    "application": {
        "key_turn": {"batch"},
        "application": {
            "identity",
            "draft_warning",
            "draft_end",
            "letter",
            "hand_over",
            "hand_over_alert",
            "approval",
            "printing",
            "print_alert",
            "refusal_letter",
            "uploads",
            "checks",
            "papers",
            "recall",
            "collection",
            "collection_reminder",
            "earlier_books",
        },
        "evidence": {"upload", "naming"},
        "crossing_copy": {"forget"},
        "passport": {"expiry_reminder"},
        "end_times": {"run"},
        "assistance_copy": {"forget"},
    },
    "scheduling": {
        "key_turn": {"batch"},
        "quota_change": {"apply"},
        "opening_announcement": {"tell"},
        "opening": {"doors", "close", "draw", "begin", "admit", "forget"},
        "appointment": {
            "lapse",
            "long_stop",
            "offer",
            "move",
            "leave",
            "gather",
            "miss",
            "special",
            "special_move",
            "enqueue",
            "hurry",
        },
        "bulk_job": {"run"},
        "evening_sheets": {"make"},
        "seat": {"claim", "cool"},
        "waiting": {"end", "offer", "take", "leave"},
        "party": {"gather"},
        "conduct": {"forget"},
        "session": {"open"},
        "assistance_copy": {"forget"},
    },
    "billing": {
        "key_turn": {"batch"},
        "bill": {"ask", "delay", "alert", "remind", "poll", "expire", "claim", "case"},
        "joint_bill": {"ask", "poll", "expire", "end"},
        "credit": {"book"},
        "receipt": {"drive", "outcome"},
        "refund": {"step", "confirm", "book", "seat", "verify", "order", "track"},
        "case": {"look", "escalate"},
        "settlement": {"compare"},
        "settlement_day": {"fetch", "missing"},
        "saga_override": {"apply"},
    },
    "notification": {"delivery": {"send"}, "key_turn": {"batch"}, "webhook": {"send"}},
}
for kept in DEADLINES.values():
    kept |= {"erasure": {"erase"}, "legal_hold_copy": {"end"}, "retention_sweep": {"run"}}
"""Service, kind, names. The simulation sees every name that falls due and fails on one without a handler."""


@pytest.mark.parametrize("service", SERVICES)
def test_every_deadline_has_its_handler(service: str, parts: Mapping[str, Parts]) -> None:
    declared = {(kind, name) for kind, names in DEADLINES[service].items() for name in names}
    assert set(parts[service].deadlines) == declared


@pytest.mark.parametrize("service", SERVICES)
def test_kinds_with_deadlines_are_the_ones_that_say_so(service: str, parts: Mapping[str, Parts]) -> None:
    saying = {kind.name for kind in parts[service].kinds if "_no_deadlines" not in kind.deadlines.__name__}
    assert saying == set(DEADLINES[service])


@pytest.mark.parametrize("service", SERVICES)
def test_every_name_is_one_that_the_domain_sets(service: str) -> None:
    domain = [PROJECT / path for path in pure_modules(service)]
    kept_by_several = (
        "assistance.py",
        "key_turn/turn.py",
        "retention/erasure.py",
        "retention/holds.py",
        "retention/sweep.py",
    )
    shared = [PROJECT / "shared" / name for name in kept_by_several]
    text = "\n".join(path.read_text(encoding="utf-8") for path in [*domain, *shared])
    names = {name for names in DEADLINES[service].values() for name in names}
    assert {name for name in names if f'"{name}"' not in text and f"{name}=" not in text} == set()


@pytest.mark.parametrize("service", SERVICES)
def test_names_of_kinds_are_unique(service: str, parts: Mapping[str, Parts]) -> None:
    names = [kind.name for kind in parts[service].kinds]
    assert len(names) == len(set(names))


def test_invariants_have_one_owner_each(parts: Mapping[str, Parts]) -> None:
    owners: dict[str, list[str]] = {}
    for service, each in parts.items():
        for rule in each.invariants:
            owners.setdefault(rule, []).append(service)
    assert all(len(services) == 1 for services in owners.values()), owners
    assert {"I1", "I2", "I3", "I4", "I5", "I9"} <= set(owners)
