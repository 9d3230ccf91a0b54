"""Where aggregates live: the store port, its two adapters and the data that services declare about their aggregates."""

from shared.store.kinds import Due, Index, Kind, Range, Record
from shared.store.port import AlreadyExists, InboxFull, Store, StoreError, StoreUnavailable, VersionConflict

__all__ = [
    "AlreadyExists",
    "Due",
    "InboxFull",
    "Index",
    "Kind",
    "Range",
    "Record",
    "Store",
    "StoreError",
    "StoreUnavailable",
    "VersionConflict",
]
