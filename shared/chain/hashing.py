"""Hashes of links. Standard library only: checking an export needs nothing else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

FORMAT: Final = 1
"""Of exports and hashes; a change of either is a new number."""

HASHED: Final = ("chain", "seq", "source", "at", "fact", "commitment", "previous")
"""The members of a link that its hash covers: all but the hash itself."""


def canonical(value: object) -> bytes:
    """JSON with sorted keys, no spaces, UTF-8: the same bytes for the same value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest(value: object) -> str:
    """SHA-256 of the canonical form, in hex."""
    return hashlib.sha256(canonical(value)).hexdigest()


def genesis(chain: str) -> str:
    """Return the hash that the first link of a chain follows."""
    return digest(["paspor chain", FORMAT, chain])


def link_hash(link: Mapping[str, Any]) -> str:
    """The hash of a link, from its members as they stand in an export."""
    return digest([link[name] for name in HASHED])


def commitment_of(salt: str, subject: str) -> str:
    """Return the commitment to a subject, which cannot be guessed without the salt."""
    return digest(["paspor commitment", salt, subject])
