"""The document store: its port, its two adapters and the declarations of aggregates."""

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
