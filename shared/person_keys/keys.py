"""The keys of persons: made at the first use, kept for a minute in the process, destroyed for good."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.clock import Clock
from shared.crypto.errors import CannotDecrypt
from shared.crypto.fields import FieldCipher
from shared.crypto.keyring import Keyring
from shared.crypto.wrapping import KeyWrapper
from shared.key_turn.turn import Batch
from shared.person_keys.cipher import PersonCipher
from shared.person_keys.errors import PersonErased
from shared.person_keys.port import KeyRecord, KeyTable

CACHE_SECONDS: Final = 60
"""How old a key in the memory of a process may be: a destroyed one opens nothing in any replica after a minute."""

MOST_CACHED: Final = 5_000
"""Keys in the memory of one process, some 3 MB; the one that was not asked for the longest goes first."""

_KEY_BITS: Final = 256
_PURPOSE: Final = "paspor person key wrapping 1"


class PersonKeys:
    """One random key per subject: an account or an applicant. Its values cannot be read once it is destroyed.

    A subject's first `cipher` makes its key, wrapped by the current master key. `destroy` leaves a tombstone, so that a
    late message makes no new one.
    """

    def __init__(
        self, table: KeyTable, keyring: Keyring, clock: Clock, service: str, *, most_cached: int = MOST_CACHED
    ) -> None:
        self._table = table
        self._wrapper = KeyWrapper(keyring, _PURPOSE)
        self._master = FieldCipher(keyring)
        self._clock = clock
        self._service = service
        self._most_cached = most_cached
        self._cached: OrderedDict[str, tuple[datetime, PersonCipher]] = OrderedDict()

    async def cipher(self, subject_id: str) -> PersonCipher:
        """Return the subject's cipher, its key made if there is none.

        Raises:
            PersonErased: the key was destroyed.
            CannotDecrypt: the key was changed, or its master key is not here.
            StoreUnavailable: the keys cannot be reached.
        """
        found = await self.ciphers((subject_id,))
        if subject_id not in found:
            raise PersonErased("the person's key was destroyed")
        return found[subject_id]

    async def new_cipher(self, subject_id: str) -> PersonCipher:
        """Return the cipher of a subject that most likely has no key yet: in one round trip instead of two.

        Raises:
            PersonErased, CannotDecrypt, StoreUnavailable: as `cipher`.
        """
        now = self._clock.now()
        record = await self._make(subject_id, now)
        if record.wrapped is None:
            raise PersonErased("the person's key was destroyed")
        cipher = self._unwrapped(record, record.wrapped)
        self._remember(subject_id, now, cipher)
        return cipher

    async def ciphers(self, subject_ids: Iterable[str]) -> Mapping[str, PersonCipher]:
        """Return the ciphers of these subjects, read together; those of erased persons are missing.

        Raises:
            CannotDecrypt, StoreUnavailable: as `cipher`.
        """
        now = self._clock.now()
        wanted = dict.fromkeys(subject_ids)
        ciphers = {subject_id: cipher for subject_id in wanted if (cipher := self._recent(subject_id, now))}
        missing = [subject_id for subject_id in wanted if subject_id not in ciphers]
        known = await self._table.find(missing) if missing else {}
        for subject_id in missing:
            record = known.get(subject_id) or await self._make(subject_id, now)
            if record.wrapped is not None:
                ciphers[subject_id] = self._unwrapped(record, record.wrapped)
                self._remember(subject_id, now, ciphers[subject_id])
        return ciphers

    async def destroy(self, subject_id: str) -> None:
        """Destroy the subject's key for good; again is no error.

        Other replicas open with it for `CACHE_SECONDS` at most.

        Raises:
            StoreUnavailable: whether it was destroyed is not known; destroy it again.
        """
        try:
            await self._table.destroy(subject_id, self._clock.now())
        finally:
            self._cached.pop(subject_id, None)

    @property
    def master_key_id(self) -> str:
        """The id of the current master key, which wraps new keys."""
        return self._wrapper.current_id

    # The step of a key turn: key records are wrapped again, what they seal stays as it is.

    async def batch(self, after: str, most: int, *, turn: bool) -> Batch:
        """Wrap the next keys with the current master key, or count those that another one wraps."""
        records = await self._table.wrapped_otherwise(self._wrapper.current_id, after, most)
        turned = failed = 0
        for record in records if turn else ():
            try:
                turned += await self._wrap_again(record.subject_id, record.wrapped or "")
            except CannotDecrypt:
                failed += 1
        last = records[-1].subject_id if len(records) == most else None
        return Batch(len(records), turned, failed, last)

    async def _wrap_again(self, subject_id: str, wrapped: str) -> bool:
        """Return whether it was wrapped again; a key that was destroyed meanwhile stays destroyed."""
        renewed = self._wrapper.wrap(
            self._wrapper.unwrap(wrapped, self._service, subject_id), self._service, subject_id
        )
        return await self._table.replace(subject_id, wrapped, renewed)

    async def _make(self, subject_id: str, now: datetime) -> KeyRecord:
        wrapped = self._wrapper.wrap(AESGCM.generate_key(_KEY_BITS), self._service, subject_id)
        return await self._table.add(KeyRecord(subject_id, wrapped, now))

    def _unwrapped(self, record: KeyRecord, wrapped: str) -> PersonCipher:
        key = self._wrapper.unwrap(wrapped, self._service, record.subject_id)
        return PersonCipher(key, self._service, record.subject_id, self._master)

    def _recent(self, subject_id: str, now: datetime) -> PersonCipher | None:
        read_at, cipher = self._cached.get(subject_id, (None, None))
        if read_at is None or now - read_at >= timedelta(seconds=CACHE_SECONDS):
            return None
        self._cached.move_to_end(subject_id)
        return cipher

    def _remember(self, subject_id: str, read_at: datetime, cipher: PersonCipher) -> None:
        self._cached[subject_id] = read_at, cipher
        self._cached.move_to_end(subject_id)
        while len(self._cached) > self._most_cached:
            self._cached.popitem(last=False)
