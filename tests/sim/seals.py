"""What was sealed in a run, with what it says: the search for an erased person finds it wherever it lies.

Somebody with all keys could open it, so a sealed value that is left is a value that is left.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from shared.crypto.fields import FieldCipher
from shared.crypto.fingerprints import Fingerprints
from shared.crypto.sealed import SealedBox
from shared.person_keys.cipher import PersonCipher


@dataclass(frozen=True, slots=True)
class Seal:
    """A sealed value: the service and the subject whose key sealed it (none: a master key or a box), and its text."""

    service: str
    subject_id: str
    field: str
    text: str


@dataclass
class Seals:
    """All sealed values and all fingerprints of a run."""

    by_value: dict[str, Seal] = field(default_factory=dict)
    fingerprints: dict[str, str] = field(default_factory=dict)
    """Fingerprint to the value that it stands for."""


@contextmanager
def remembered() -> Iterator[Seals]:
    """Remember what is sealed and what is fingerprinted."""
    seals = Seals()
    instead: Mapping[tuple[type, str], Callable[..., Any]] = {
        (FieldCipher, "seal"): _seal_field(seals, FieldCipher.seal),
        (PersonCipher, "seal"): _seal_for_person(seals, PersonCipher.seal),
        (PersonCipher, "wrap"): _wrap_file_key(seals, PersonCipher.wrap),
        (SealedBox, "seal"): _seal_box(seals, SealedBox.seal),
        (Fingerprints, "all"): _fingerprint(seals, Fingerprints.all),
    }
    before = {place: getattr(*place) for place in instead}
    try:
        for (owner, name), method in instead.items():
            setattr(owner, name, method)
        yield seals
    finally:
        for (owner, name), method in before.items():
            setattr(owner, name, method)


def _seal_field(seals: Seals, original: Callable[..., str]) -> Callable[..., str]:
    def seal(self: FieldCipher, text: str, *, owner_id: str, field: str) -> str:
        sealed = original(self, text, owner_id=owner_id, field=field)
        seals.by_value[sealed] = Seal("", "", field, text)
        return sealed

    return seal


def _seal_for_person(seals: Seals, original: Callable[..., str]) -> Callable[..., str]:
    def seal(self: PersonCipher, text: str, *, owner_id: str, field: str) -> str:
        sealed = original(self, text, owner_id=owner_id, field=field)
        seals.by_value[sealed] = Seal(*self._bound_to, field, text)
        return sealed

    return seal


def _wrap_file_key(seals: Seals, original: Callable[..., str]) -> Callable[..., str]:
    def wrap(self: PersonCipher, data_key: bytes, file_id: str) -> str:
        sealed = original(self, data_key, file_id)
        seals.by_value[sealed] = Seal(*self._bound_to, "file", "")
        return sealed

    return wrap


def _seal_box(seals: Seals, original: Callable[..., str]) -> Callable[..., str]:
    def seal(self: SealedBox, content: Any, bound_to: str) -> str:
        sealed = original(self, content, bound_to)
        text = content.decode(errors="replace") if isinstance(content, bytes) else json.dumps(content, default=str)
        seals.by_value[sealed] = Seal("", "", "box", text)
        return sealed

    return seal


def _fingerprint(seals: Seals, original: Callable[..., tuple[str, ...]]) -> Callable[..., tuple[str, ...]]:
    def fingerprint(self: Fingerprints, value: str, field: str) -> tuple[str, ...]:
        prints = original(self, value, field)
        seals.fingerprints |= dict.fromkeys(prints, value)
        return prints

    return fingerprint
