"""Base of all repositories."""

from __future__ import annotations

from shared.store.port import Store


class OnStore:
    """A part of the repository; all parts stand on one store."""

    def __init__(self, store: Store) -> None:
        self._store = store
