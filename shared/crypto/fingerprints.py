"""Equality without the value: keyed fingerprints of NIK, phone and email, for unique indexes and look-ups."""

from __future__ import annotations

import hashlib
import hmac

from shared.crypto.keyring import Keyring

_PURPOSE = "paspor fingerprint 1: "


class Fingerprints:
    """HMAC-SHA256 under every key of the ring, one key per field.

    A NIK has little entropy, so a plain hash protects nothing: the keys are what protects it. Writers store the whole
    array under a unique index; look-ups match any entry; so keys rotate and an equal value is never missed.
    Give the value in its one normal form: "a@x" and "A@x" differ here.
    """

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring
        self._derived: dict[str, tuple[tuple[str, bytes], ...]] = {}

    def all(self, value: str, field: str) -> tuple[str, ...]:
        """`("k1:<hex>", "k0:<hex>")`, the current key's first."""
        return tuple(f"{key_id}:{_digest(key, value)}" for key_id, key in self._keys(field))

    def current(self, value: str, field: str) -> str:
        """The fingerprint under the current key alone."""
        key_id, key = self._keys(field)[0]
        return f"{key_id}:{_digest(key, value)}"

    @property
    def current_id(self) -> str:
        """The id of the key that the first fingerprint is made with."""
        return self._keyring.current.key_id

    @property
    def key_ids(self) -> frozenset[str]:
        """The ids of all keys of the ring."""
        return frozenset(key.key_id for key in self._keyring)

    def need_rotation(self, stored: list[str] | tuple[str, ...]) -> bool:
        """Whether stored fingerprints lack one key of the ring or carry one that is gone."""
        return {key_id_of(item) for item in stored} != self.key_ids

    def _keys(self, field: str) -> tuple[tuple[str, bytes], ...]:
        known = self._derived.get(field)
        if known is None:
            known = tuple((key.key_id, key.derived(_PURPOSE + field)) for key in self._keyring)
            self._derived[field] = known
        return known


def key_id_of(fingerprint: str) -> str:
    """The id of the key that a fingerprint was made with."""
    return fingerprint.partition(":")[0]


def _digest(key: bytes, value: str) -> str:
    return hmac.new(key, value.encode(), hashlib.sha256).hexdigest()
